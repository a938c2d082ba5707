use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;
use zim_core::call::Audience;
use zim_core::presence::{Session, User};
use zim_protocol::call::{CallChange, CallEvent, Trigger};
use zim_protocol::id::DeviceId;

use super::file::FILE;
use super::*;
use crate::store::conformance::{self, accepted, call_key, call_record, request};
use crate::store::{Append, CursorChange, ENDED_CALL_MS, IndexChange, MemoryStore, Put, Record, TimerId};

conformance::suite!(new_store);

/// Its files have no name any more, so nothing is left of them afterwards.
fn new_store() -> SqliteStore {
    let directory = TempDir::new().unwrap();
    SqliteStore::open(directory.path(), Durability::Normal).unwrap()
}

fn open(directory: &TempDir) -> SqliteStore {
    SqliteStore::open(directory.path(), Durability::Full).unwrap()
}

fn user(name: &str) -> UserKey {
    UserKey { app: 1, user: zim_protocol::id::UserId::parse(name).unwrap() }
}

fn session(name: &str) -> SessionId {
    SessionId::parse(name).unwrap()
}

fn event(number: u64) -> CallEvent {
    CallEvent::CallChanged(CallChange {
        call_id: CallId::parse("c").unwrap(),
        rev: number,
        trigger: Trigger::Timeout,
        by: None,
        extended_data: "ünïcode \" \\ \n".to_owned(),
        users: Vec::new(),
        ended: false,
    })
}

const USERS: [&str; 3] = ["alice", "bob", "carol"];
const CALLS: [&str; 3] = ["c1", "c2", "c3"];
const SESSIONS: [&str; 3] = ["s1", "s2", "s3"];

/// One step of a random history.
#[derive(Clone, Debug)]
enum Step {
    Commit(Box<Commit>),
    /// The process ends and another one begins.
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![9 => commits().prop_map(|commit| Step::Commit(Box::new(commit))), 1 => Just(Step::Reopen)];
    prop::collection::vec(step, 1..40)
}

fn commits() -> impl Strategy<Value = Commit> {
    let user = || prop::sample::select(&USERS[..]).prop_map(user);
    let call = || prop::sample::select(&CALLS[..]).prop_map(call_key);
    let session_id = || prop::sample::select(&SESSIONS[..]).prop_map(session);
    let key = prop_oneof![call().prop_map(Key::Call), user().prop_map(Key::User)];
    let put = (key.clone(), 1..100_u64, any::<bool>()).prop_map(|(key, number, ended)| {
        let record = match &key {
            Key::Call(key) => call_record(key.call.as_str(), number),
            Key::User(_) => Record::User(Arc::new(User {
                known: true,
                login_epoch: number,
                sessions: vec![Session {
                    id: session("s1"),
                    device: DeviceId::parse("phone").unwrap(),
                    login_epoch: number,
                }],
                ..User::default()
            })),
        };
        // Far enough ahead that nothing is forgotten within the test.
        let keep_until = ended.then_some(u64::from(u32::MAX) * 1_000 + number);
        Put { key, record, keep_until }
    });
    let index = (user(), call(), any::<bool>()).prop_map(|(user, call, add)| match add {
        true => IndexChange::Add(user, call.call),
        false => IndexChange::Remove(user, call.call),
    });
    let timer = prop_oneof![
        call().prop_map(TimerId::Call),
        (user(), session_id()).prop_map(|(user, session)| TimerId::Session(user, session)),
        user().prop_map(TimerId::Absent),
    ];
    let append = (user(), 1..100_u64, prop::option::of(1..100_u64)).prop_map(|(user, number, deadline)| Append {
        user,
        audience: Audience::All,
        deadline,
        event: event(number),
    });
    let cursor = (user(), session_id(), 0..4_u8, 0..12_u64).prop_map(|(user, session, kind, n)| match kind {
        0 => CursorChange::Close(user, session),
        1 => CursorChange::Open(user, session),
        _ => CursorChange::Acknowledge(user, session, n),
    });
    let remember = prop::option::of((0..5_u8).prop_map(|number| (request(&format!("r{number}")), accepted())));
    (
        prop::option::weighted(0.2, (key, 0..3_u64)),
        prop::option::weighted(0.2, 0..5_u8),
        prop::collection::vec(put, 0..3),
        prop::collection::vec(index, 0..3),
        prop::collection::vec((timer, prop::option::of(1..50_u64)), 0..3),
        prop::collection::vec(append, 0..4),
        prop::collection::vec(cursor, 0..3),
        remember,
    )
        .prop_map(|(expect, unanswered, put, index, timers, append, cursors, remember)| Commit {
            expect: expect.into_iter().collect(),
            claim: None,
            unanswered: unanswered.map(|number| request(&format!("r{number}"))),
            put,
            index,
            timers,
            append,
            cursors,
            remember,
        })
}

/// Everything that can be read.
async fn contents(store: &dyn Store) -> String {
    let keys: Vec<Key> = CALLS
        .iter()
        .map(|call| Key::Call(call_key(call)))
        .chain(USERS.iter().map(|name| Key::User(user(name))))
        .collect();
    let mut text = format!("{:#?}\n", store.load(&keys, None).await.unwrap().records);
    for number in 0..5 {
        let answered = store.load(&[], Some(&request(&format!("r{number}")))).await.unwrap().answered;
        text += &format!("{answered:?}\n");
    }
    for name in USERS {
        text += &format!("{name}: {:?}\n", store.calls_of(&user(name)).await.unwrap());
        for cursor in 0..30 {
            let page = store.log_after(&user(name), cursor, 100).await.unwrap();
            text += &format!("{cursor}: {:?}\n", page.map(|page| page.entries));
        }
    }
    let mut sessions = store.sessions().await.unwrap();
    sessions.sort();
    text + &format!("{:?}\n{sessions:?}\n", store.due(Millis::MAX, 1_000).await.unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever happens, the store on disk knows what the one in memory knows, however often it is opened again.
    #[test]
    fn it_is_the_store_in_memory_that_outlives_its_process(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let directory = TempDir::new().unwrap();
            let memory = MemoryStore::new();
            let mut disk = SqliteStore::open(directory.path(), Durability::Normal).unwrap();
            let epoch = disk.epoch();
            for step in steps {
                match step {
                    Step::Commit(commit) => {
                        let expected = memory.commit((*commit).clone()).await;
                        assert_eq!(disk.commit(*commit).await, expected);
                    }
                    Step::Reopen => {
                        drop(disk);
                        disk = SqliteStore::open(directory.path(), Durability::Normal).unwrap();
                        assert_eq!(disk.epoch(), epoch);
                    }
                }
            }
            drop(disk);
            let disk = SqliteStore::open(directory.path(), Durability::Normal).unwrap();
            assert_eq!(contents(&disk).await, contents(&memory).await);
        });
    }
}

fn put_call(id: &str) -> Commit {
    let put = Put { key: Key::Call(call_key(id)), record: call_record(id, 1), keep_until: None };
    Commit { put: vec![put], ..Commit::default() }
}

async fn version(store: &SqliteStore, id: &str) -> u64 {
    store.load(&[Key::Call(call_key(id))], None).await.unwrap().records.first().unwrap().version
}

#[tokio::test]
async fn what_waits_together_is_written_together() {
    let directory = TempDir::new().unwrap();
    let store = Arc::new(open(&directory));
    let commits: Vec<_> = (0..500)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.commit(put_call(&format!("c{number}"))).await })
        })
        .collect();
    for commit in commits {
        assert!(matches!(commit.await.unwrap(), Ok(CommitResult::Done(_))));
    }
    let (batches, commits) = store.written();
    assert_eq!(commits, 500);
    assert!(batches < 500, "{batches} batches");
}

#[tokio::test]
async fn answers_and_ended_calls_are_forgotten_in_the_file_too() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory);
    let remember = Some((request("r"), accepted()));
    let ended =
        Put { key: Key::Call(call_key("ended")), record: call_record("ended", 1), keep_until: Some(store.now() - 1) };
    let live = put_call("live").put;
    let put = live.into_iter().chain([ended]).collect();
    store.commit(Commit { remember, put, ..Commit::default() }).await.unwrap();
    store.commit(put_call("other")).await.unwrap();
    drop(store);
    let file = File::look(directory.path().join(FILE)).unwrap();
    let rows = file.read().unwrap();
    assert_eq!(rows.records.len(), 2);
    assert_eq!(rows.answers.len(), 1);
    // As if it had been written long ago.
    file.connection.execute("UPDATE answer SET until = 1", []).unwrap();
    drop(file);
    let store = open(&directory);
    assert!(store.load(&[], Some(&request("r"))).await.unwrap().answered.is_some());
    store.commit(put_call("last")).await.unwrap();
    assert!(store.load(&[], Some(&request("r"))).await.unwrap().answered.is_none());
    drop(store);
    assert_eq!(File::look(directory.path().join(FILE)).unwrap().read().unwrap().answers.len(), 0);
}

#[tokio::test]
async fn the_file_gets_smaller_when_much_is_forgotten() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory);
    let far = store.now() + ENDED_CALL_MS;
    for number in 0..3_000 {
        let mut commit = put_call(&format!("c{number}"));
        commit.put[0].keep_until = Some(far);
        // Nobody waits: the last one says when all are there.
        drop(store.commit(commit));
    }
    store.commit(put_call("last")).await.unwrap();
    drop(store);
    let file = File::look(directory.path().join(FILE)).unwrap();
    // As if they had ended long ago.
    file.connection.execute("UPDATE call SET keep_until = 1 WHERE keep_until > 0", []).unwrap();
    let before = fs::metadata(&file.path).unwrap().len();
    drop(file);
    let store = open(&directory);
    // Each commit forgets a few.
    for _ in 0..200 {
        store.commit(put_call("last")).await.unwrap();
    }
    drop(store);
    let file = File::look(directory.path().join(FILE)).unwrap();
    // Into the file, so that its size shows what is in it.
    let bytes = || {
        file.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        fs::metadata(&file.path).unwrap().len()
    };
    let mut rounds = 0;
    while !writer::tidied(&file.connection) {
        rounds += 1;
        assert!(rounds < 100, "{rounds} rounds");
    }
    let after = bytes();
    assert!(after < before / 2, "{before} bytes before, {after} after {rounds} rounds");
    drop(file);
    assert_eq!(version(&open(&directory), "last").await, 201);
}

#[test]
fn two_servers_cannot_share_a_directory() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory);
    let error = SqliteStore::open(directory.path(), Durability::Full).unwrap_err();
    assert!(matches!(&error, StoreError::Busy { .. }), "{error}");
    assert!(error.to_string().contains("in use by another process"), "{error}");
    drop(store);
    open(&directory);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "no directory").unwrap();
    let error = SqliteStore::open(&file.join("data"), Durability::Full).unwrap_err();
    assert!(matches!(&error, StoreError::Directory { .. }), "{error}");
    assert!(error.to_string().contains("data_dir"), "{error}");
}

#[test]
fn other_files_and_newer_formats_are_refused_and_left_alone() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join(FILE);
    let prepare: [(&str, &str); 2] = [
        ("CREATE TABLE t (x); INSERT INTO t VALUES (1);", "not the store of a zim-server"),
        ("CREATE TABLE t (x); PRAGMA application_id = 2053729651; PRAGMA user_version = 2;", "format 2"),
    ];
    for (sql, words) in prepare {
        let _ = fs::remove_file(&path);
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let before = fs::read(&path).unwrap();
        let error = SqliteStore::open(directory.path(), Durability::Full).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(differences(&fs::read(&path).unwrap(), &before), Vec::<usize>::new(), "{words}");
    }
    fs::write(
        &path,
        "not an SQLite file at all, and longer than its header of a hundred bytes, so that it is looked at",
    )
    .unwrap();
    let error = SqliteStore::open(directory.path(), Durability::Full).unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("store repair"), "{error}");
}

/// Overwrites a stretch of the file.
fn damage(path: &Path, at: u64, bytes: usize) {
    let mut file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&vec![0x5a; bytes]).unwrap();
    let mut all = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut all).unwrap();
}

/// Where two files differ, as far as one wants to read it.
fn differences(one: &[u8], other: &[u8]) -> Vec<usize> {
    assert_eq!(one.len(), other.len());
    (0..one.len()).filter(|at| one[*at] != other[*at]).take(20).collect()
}

#[tokio::test]
async fn a_damaged_file_is_said_to_be_and_left_alone() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join(FILE);
    let store = open(&directory);
    for number in 0..500 {
        store.commit(put_call(&format!("c{number}"))).await.unwrap();
    }
    drop(store);
    let whole = fs::read(&path).unwrap();
    let pages = whole.len() / 4_096;
    assert!(pages > 20);
    let mut found = 0;
    for page in 0..pages {
        fs::write(&path, &whole).unwrap();
        damage(&path, page as u64 * 4_096, 4_096);
        let before = fs::read(&path).unwrap();
        match SqliteStore::open(directory.path(), Durability::Full) {
            // A page that was empty.
            Ok(_) => {}
            Err(StoreError::Damaged { reason, .. }) => {
                found += 1;
                assert!(!reason.is_empty());
                assert_eq!(differences(&fs::read(&path).unwrap(), &before), Vec::<usize>::new(), "page {page}");
            }
            Err(other) => panic!("page {page}: {other}"),
        }
    }
    assert!(found > 15, "{found} of {pages}");
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(SqliteStore::open(directory.path(), Durability::Full), Err(StoreError::Damaged { .. })));
    fs::write(&path, &whole).unwrap();
    assert_eq!(version(&open(&directory), "c499").await, 1);
}

#[test]
fn a_machine_that_went_down_gives_the_faster_store_another_past() {
    let directory = TempDir::new().unwrap();
    let epoch_of = |durability| SqliteStore::open(directory.path(), durability).unwrap().epoch();
    let restart_machine = || File::look(directory.path().join(FILE)).unwrap().set_meta("boot", "another").unwrap();
    let first = epoch_of(Durability::Full);
    restart_machine();
    assert_eq!(epoch_of(Durability::Normal), first, "every commit had been kept");
    assert_eq!(epoch_of(Durability::Normal), first, "the machine went on");
    restart_machine();
    let second = epoch_of(Durability::Normal);
    assert_ne!(second, first, "the last moments may be gone");
    restart_machine();
    let third = epoch_of(Durability::Full);
    assert_ne!(third, second);
    restart_machine();
    assert_eq!(epoch_of(Durability::Full), third);
}

#[tokio::test]
async fn a_repair_saves_what_can_be_read_and_keeps_the_damaged_file() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join(FILE);
    let store = open(&directory);
    let alice = UserKey { app: call_key("c").app, user: user("alice").user };
    for number in 0..500 {
        let mut commit = put_call(&format!("c{number}"));
        commit.cursors = vec![CursorChange::Open(alice.clone(), session("s1"))];
        commit.append =
            vec![Append { user: alice.clone(), audience: Audience::All, deadline: None, event: event(number) }];
        store.commit(commit).await.unwrap();
    }
    let epoch = store.epoch();
    drop(store);
    assert_eq!(tools::check(directory.path()).unwrap().calls, 500);
    assert!(tools::repair(directory.path()).unwrap().is_none(), "a store that is whole is left alone");
    let whole = fs::read(&path).unwrap();
    let pages = whole.len() / 4_096;
    let mut repairs = 0;
    for page in (1..pages).step_by(7) {
        fs::write(&path, &whole).unwrap();
        damage(&path, page as u64 * 4_096, 4_096);
        let damaged = fs::read(&path).unwrap();
        let Err(StoreError::Damaged { .. }) = tools::check(directory.path()) else { continue };
        let mut printed = Vec::new();
        let unread = tools::export(directory.path(), &mut printed).unwrap();
        assert_eq!(differences(&fs::read(&path).unwrap(), &damaged), Vec::<usize>::new(), "page {page}");
        let repaired = tools::repair(directory.path()).unwrap().unwrap();
        assert_eq!(differences(&fs::read(&repaired.former).unwrap(), &damaged), Vec::<usize>::new(), "page {page}");
        let calls =
            String::from_utf8(printed).unwrap().lines().filter(|line| line.contains("\"kind\":\"call\"")).count();
        assert_eq!(repaired.contents.calls, calls, "page {page}");
        assert_eq!(repaired.problems.is_empty(), unread.is_empty(), "page {page}");
        let store = open(&directory);
        assert_ne!(store.epoch(), epoch, "page {page}");
        let alive = store.calls_of(&alice).await.unwrap().len();
        assert!(alive <= calls, "page {page}");
        drop(store);
        assert_eq!(tools::check(directory.path()).unwrap().calls, calls, "page {page}");
        fs::remove_file(repaired.former).unwrap();
        repairs += 1;
        // A leaf holds a dozen calls; what lies above leaves is worth more.
        if calls > 450 {
            continue;
        }
        assert!(!unread.is_empty(), "page {page}: {calls} calls");
    }
    assert!(repairs > 5, "{repairs} of {pages} pages");
}

#[tokio::test]
async fn a_wall_clock_that_was_set_moves_no_deadline() {
    let directory = TempDir::new().unwrap();
    const DAY: Millis = 24 * 3_600_000;
    let wall = || Clock::new().now();
    let store = open(&directory);
    assert!(store.now().abs_diff(wall()) < 10_000);
    let timer = TimerId::Call(call_key("c"));
    store.commit(Commit { timers: vec![(timer.clone(), Some(1))], ..Commit::default() }).await.unwrap();
    drop(store);
    // As if the wall clock had been a day ahead then, and was set right since.
    let file = File::look(directory.path().join(FILE)).unwrap();
    let kept = file.meta("clock").unwrap().unwrap();
    let (boot, zero) = kept.split_once(' ').unwrap();
    file.set_meta("clock", &format!("{boot} {}", zero.parse::<Millis>().unwrap() + DAY)).unwrap();
    drop(file);
    assert!(open(&directory).now().abs_diff(wall() + DAY) < 10_000);
    let store = open(&directory);
    assert!(store.now().abs_diff(wall() + DAY) < 10_000);
    // Without a deadline it may be set right.
    store.commit(Commit { timers: vec![(timer.clone(), None)], ..Commit::default() }).await.unwrap();
    drop(store);
    let store = open(&directory);
    assert!(store.now().abs_diff(wall()) < 10_000);
    store.commit(Commit { timers: vec![(timer, Some(1))], ..Commit::default() }).await.unwrap();
    drop(store);
    // Nobody knows how long the machine was down: only the wall clock does.
    File::look(directory.path().join(FILE)).unwrap().set_meta("clock", "another 12345").unwrap();
    assert!(open(&directory).now().abs_diff(wall()) < 10_000);
}
