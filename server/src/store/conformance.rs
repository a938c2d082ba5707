//! What every store must do, as tests over a function that makes an empty one. `suite!(make)` in the tests of an
//! implementation runs them all.

use std::collections::BTreeSet;
use std::sync::Arc;

use zim_core::Millis;
use zim_core::call::{Audience, Call, Row};
use zim_core::inbox::INBOX_ENTRIES;
use zim_core::presence::User;
use zim_protocol::call::{CallAnswered, CallChange, CallEvent, CallMode, CallState, CallUserState, Trigger};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::ReplyBody;
use zim_protocol::id::{CallId, DeviceId, RequestId, SessionId, UserId};

use super::{
    Answer, Append, CallKey, Commit, CommitResult, Committed, CursorChange, IndexChange, Key, Put, Record, RequestKey,
    Store, TimerId, UserKey,
};

macro_rules! suite {
    ($make:ident) => {
        $crate::store::conformance::suite!($make:
            versions_count_puts,
            a_conflict_writes_nothing,
            answers_are_remembered_by_user_device_and_request,
            an_answered_request_writes_nothing,
            the_index_is_ordered_and_forgiving,
            timers_are_due_in_order_and_stay_set,
            a_claim_holds_only_for_the_time_that_was_set,
            the_log_is_numbered_for_every_user_alone,
            the_log_is_kept_for_the_slowest_session,
            the_log_forgets_beyond_its_cap,
            nothing_is_logged_for_users_without_sessions,
            a_cursor_opens_behind_what_its_commit_appends,
            apps_do_not_meet,
            every_store_has_its_own_epoch,
        );

        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn commits_from_many_tasks_are_one_after_the_other() {
            $crate::store::conformance::commits_from_many_tasks_are_one_after_the_other(std::sync::Arc::new($make())).await;
        }
    };
    ($make:ident: $($test:ident,)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                $crate::store::conformance::$test(&$make()).await;
            }
        )*
    };
}
pub(crate) use suite;

const APP: u32 = 7;

fn user(name: &str) -> UserKey {
    UserKey { app: APP, user: UserId::parse(name).unwrap() }
}

fn user_record(name: &str) -> Record {
    Record::User(Arc::new(User { known: true, name: name.to_owned(), ..User::default() }))
}

pub(crate) fn call_key(id: &str) -> CallKey {
    CallKey { app: APP, call: CallId::parse(id).unwrap() }
}

pub(crate) fn call_record(id: &str, rev: u64) -> Record {
    let caller = UserId::parse("alice").unwrap();
    let row = Row {
        user: caller.clone(),
        state: CallUserState::Accepted,
        extended_data: String::new(),
        reason: Code::SUCCESS,
        inviter: caller.clone(),
        deadline: 0,
        device: None,
        received: false,
    };
    Record::Call(Arc::new(Call {
        id: CallId::parse(id).unwrap(),
        rev,
        mode: CallMode::General,
        state: CallState::Started,
        caller,
        extended_data: "data".to_owned(),
        timeout_s: 90,
        created_at: 1,
        ended_at: None,
        not_received_at: None,
        push: None,
        invitees: Vec::new(),
        rows: vec![row],
    }))
}

fn put(key: Key, record: Record) -> Put {
    Put { key, record, keep_until: None }
}

fn session(id: &str) -> SessionId {
    SessionId::parse(id).unwrap()
}

fn open(who: &UserKey, id: &str) -> CursorChange {
    CursorChange::Open(who.clone(), session(id))
}

fn acknowledge(who: &UserKey, id: &str, n: u64) -> CursorChange {
    CursorChange::Acknowledge(who.clone(), session(id), n)
}

fn event(rev: u64) -> CallEvent {
    CallEvent::CallChanged(CallChange {
        call_id: CallId::parse("c").unwrap(),
        rev,
        trigger: Trigger::Received,
        by: None,
        extended_data: String::new(),
        users: Vec::new(),
        ended: false,
    })
}

fn append(who: &UserKey, rev: u64) -> Append {
    Append { user: who.clone(), audience: Audience::All, deadline: None, event: event(rev) }
}

pub(crate) fn request(id: &str) -> RequestKey {
    RequestKey {
        user: user("alice"),
        device: DeviceId::parse("phone").unwrap(),
        request: RequestId::parse(id).unwrap(),
        login_epoch: 1,
    }
}

pub(crate) fn accepted() -> Answer {
    Ok(ReplyBody::CallAccept(CallAnswered { call_id: CallId::parse("c").unwrap() }))
}

async fn done(store: &impl Store, commit: Commit) -> Committed {
    match store.commit(commit).await.unwrap() {
        CommitResult::Done(committed) => committed,
        other @ (CommitResult::Conflict | CommitResult::AlreadyAnswered(_)) => panic!("not written: {other:?}"),
    }
}

/// The numbers and revs behind a cursor; `None` where the log does not reach back.
async fn log(store: &impl Store, who: &UserKey, cursor: u64) -> Option<Vec<(u64, u64)>> {
    let page = store.log_after(who, cursor, usize::MAX).await.unwrap()?;
    Some(page.entries.iter().map(|entry| (entry.n, entry.event.rev())).collect())
}

async fn due(store: &impl Store, now: Millis, max: usize) -> Vec<(TimerId, Millis)> {
    store.due(now, max).await.unwrap()
}

pub(crate) async fn versions_count_puts(store: &impl Store) {
    let (call, alice) = (Key::Call(call_key("c")), Key::User(user("alice")));
    let before = store.now();
    let loaded = store.load(&[call.clone(), alice.clone()], None).await.unwrap();
    assert!(loaded.now >= before && store.now() >= loaded.now);
    assert_eq!(loaded.records.iter().map(|record| record.version).collect::<Vec<_>>(), [0, 0]);
    assert_eq!((loaded.records[0].call(), loaded.records[1].user()), (None, None));

    for rev in 1..=3 {
        let expect = vec![(call.clone(), rev - 1), (alice.clone(), 0)];
        done(store, Commit { expect, put: vec![put(call.clone(), call_record("c", rev))], ..Commit::default() }).await;
        let loaded = store.load(&[alice.clone(), call.clone()], None).await.unwrap();
        assert_eq!(loaded.records[0].version, 0);
        assert_eq!(loaded.records[1].version, rev);
        assert_eq!(loaded.records[1].record, Some(call_record("c", rev)));
    }
}

pub(crate) async fn a_conflict_writes_nothing(store: &impl Store) {
    let alice = user("alice");
    let (call, record) = (Key::Call(call_key("c")), Key::User(alice.clone()));
    done(store, Commit { put: vec![put(record.clone(), user_record("one"))], ..Commit::default() }).await;
    done(store, Commit { cursors: vec![open(&alice, "s1")], ..Commit::default() }).await;
    // One precondition holds, the other does not; and everything that can be written is.
    for (expect, claim) in [
        (vec![(call.clone(), 0), (record.clone(), 0)], None),
        (vec![(call.clone(), 0), (record.clone(), 2)], None),
        (vec![(call.clone(), 1), (record.clone(), 1)], None),
        (vec![(call.clone(), 0)], Some((TimerId::Absent(alice.clone()), 5))),
    ] {
        let commit = Commit {
            expect,
            claim,
            unanswered: Some(request("r1")),
            put: vec![put(call.clone(), call_record("c", 1)), put(record.clone(), user_record("two"))],
            index: vec![IndexChange::Add(alice.clone(), call_key("c").call)],
            timers: vec![(TimerId::Call(call_key("c")), Some(1))],
            append: vec![append(&alice, 1)],
            cursors: vec![open(&alice, "s2"), CursorChange::Close(alice.clone(), session("s1"))],
            remember: Some((request("r1"), accepted())),
        };
        assert_eq!(store.commit(commit).await.unwrap(), CommitResult::Conflict);
        let loaded = store.load(&[call.clone(), record.clone()], Some(&request("r1"))).await.unwrap();
        assert_eq!((loaded.records[0].version, &loaded.records[0].record), (0, &None));
        assert_eq!((loaded.records[1].version, &loaded.records[1].record), (1, &Some(user_record("one"))));
        assert_eq!(loaded.answered, None);
        assert_eq!(store.calls_of(&alice).await.unwrap(), []);
        assert_eq!(store.next_due().await.unwrap(), None);
        assert_eq!(log(store, &alice, 0).await, Some(vec![]));
    }
    // The first session's cursor is there still: what comes is kept for it.
    done(store, Commit { append: vec![append(&alice, 1)], ..Commit::default() }).await;
    assert_eq!(log(store, &alice, 0).await, Some(vec![(1, 1)]));
}

pub(crate) async fn answers_are_remembered_by_user_device_and_request(store: &impl Store) {
    let refused: Answer = Err(Fault::new(Code::CALL_DOES_NOT_EXIST, "over"));
    done(store, Commit { remember: Some((request("r1"), accepted())), ..Commit::default() }).await;
    done(store, Commit { remember: Some((request("r2"), refused.clone())), ..Commit::default() }).await;
    let other_device = RequestKey { device: DeviceId::parse("tablet").unwrap(), ..request("r1") };
    let other_login = RequestKey { login_epoch: 2, ..request("r1") };
    let other_user = RequestKey { user: user("bob"), ..request("r1") };
    for (key, answer) in [
        (request("r1"), Some(accepted())),
        (request("r2"), Some(refused)),
        (request("r3"), None),
        (other_device, None),
        (other_login, None),
        (other_user, None),
    ] {
        assert_eq!(store.load(&[], Some(&key)).await.unwrap().answered, answer, "{key:?}");
    }
}

pub(crate) async fn an_answered_request_writes_nothing(store: &impl Store) {
    let call = Key::Call(call_key("c"));
    let commit = Commit {
        expect: vec![(call.clone(), 0)],
        unanswered: Some(request("r1")),
        put: vec![put(call.clone(), call_record("c", 1))],
        remember: Some((request("r1"), accepted())),
        ..Commit::default()
    };
    done(store, commit.clone()).await;
    // The version has moved on, too; but that the request was answered is the better thing to know.
    assert_eq!(store.commit(commit).await.unwrap(), CommitResult::AlreadyAnswered(accepted()));
    assert_eq!(store.load(&[call], None).await.unwrap().records[0].version, 1);
}

pub(crate) async fn the_index_is_ordered_and_forgiving(store: &impl Store) {
    let (alice, bob) = (user("alice"), user("bob"));
    let add = |who: &UserKey, id: &str| IndexChange::Add(who.clone(), call_key(id).call);
    let remove = |who: &UserKey, id: &str| IndexChange::Remove(who.clone(), call_key(id).call);
    let index = vec![add(&alice, "c2"), add(&alice, "c1"), add(&alice, "c2"), add(&bob, "c3"), remove(&bob, "c9")];
    done(store, Commit { index, ..Commit::default() }).await;
    assert_eq!(store.calls_of(&alice).await.unwrap(), [call_key("c1").call, call_key("c2").call]);
    assert_eq!(store.calls_of(&bob).await.unwrap(), [call_key("c3").call]);
    done(store, Commit { index: vec![remove(&alice, "c1"), remove(&bob, "c3")], ..Commit::default() }).await;
    assert_eq!(store.calls_of(&alice).await.unwrap(), [call_key("c2").call]);
    assert_eq!(store.calls_of(&bob).await.unwrap(), []);
}

pub(crate) async fn timers_are_due_in_order_and_stay_set(store: &impl Store) {
    let alice = user("alice");
    let call = TimerId::Call(call_key("c"));
    let expiry = TimerId::Session(alice.clone(), session("s"));
    let absent = TimerId::Absent(alice);
    assert_eq!(store.next_due().await.unwrap(), None);
    let timers = vec![(absent.clone(), Some(30)), (call.clone(), Some(10)), (expiry.clone(), Some(20))];
    done(store, Commit { timers, ..Commit::default() }).await;
    assert_eq!(store.next_due().await.unwrap(), Some(10));
    assert_eq!(due(store, 9, 16).await, []);
    assert_eq!(due(store, 20, 16).await, [(call.clone(), 10), (expiry.clone(), 20)]);
    assert_eq!(due(store, 99, 2).await, [(call.clone(), 10), (expiry.clone(), 20)]);
    // Setting one again moves it, clearing one that is not set does nothing.
    let timers = vec![(call.clone(), Some(40)), (expiry, None), (TimerId::Call(call_key("other")), None)];
    done(store, Commit { timers, ..Commit::default() }).await;
    assert_eq!(due(store, 99, 16).await, [(absent.clone(), 30), (call.clone(), 40)]);
    done(store, Commit { timers: vec![(absent, None), (call, None)], ..Commit::default() }).await;
    assert_eq!(due(store, 99, 16).await, []);
    assert_eq!(store.next_due().await.unwrap(), None);
}

pub(crate) async fn a_claim_holds_only_for_the_time_that_was_set(store: &impl Store) {
    let timer = TimerId::Call(call_key("c"));
    let claim =
        |at| Commit { claim: Some((timer.clone(), at)), timers: vec![(timer.clone(), None)], ..Commit::default() };
    assert_eq!(store.commit(claim(10)).await.unwrap(), CommitResult::Conflict);
    done(store, Commit { timers: vec![(timer.clone(), Some(10))], ..Commit::default() }).await;
    assert_eq!(store.commit(claim(11)).await.unwrap(), CommitResult::Conflict);
    done(store, claim(10)).await;
    assert_eq!(store.commit(claim(10)).await.unwrap(), CommitResult::Conflict);
}

pub(crate) async fn the_log_is_numbered_for_every_user_alone(store: &impl Store) {
    let (alice, bob) = (user("alice"), user("bob"));
    let opened = done(store, Commit { cursors: vec![open(&alice, "a"), open(&bob, "b")], ..Commit::default() }).await;
    assert_eq!(opened.opened_at, [0, 0]);
    let only = Audience::Only(DeviceId::parse("phone").unwrap());
    let first = Append { audience: only.clone(), deadline: Some(1_234), ..append(&alice, 11) };
    let appended = vec![first, append(&bob, 21), append(&alice, 12), append(&alice, 13)];
    done(store, Commit { append: appended, ..Commit::default() }).await;
    assert_eq!(log(store, &alice, 0).await, Some(vec![(1, 11), (2, 12), (3, 13)]));
    assert_eq!(log(store, &alice, 2).await, Some(vec![(3, 13)]));
    assert_eq!(log(store, &alice, 3).await, Some(vec![]));
    assert_eq!(log(store, &alice, 4).await, None);
    assert_eq!(log(store, &bob, 0).await, Some(vec![(1, 21)]));
    let page = store.log_after(&alice, 0, 1).await.unwrap().unwrap();
    assert_eq!(page.entries.len(), 1);
    assert_eq!((&page.entries[0].audience, page.entries[0].deadline), (&only, Some(1_234)));
    assert!(store.now() >= page.now);
}

pub(crate) async fn the_log_is_kept_for_the_slowest_session(store: &impl Store) {
    let alice = user("alice");
    done(store, Commit { cursors: vec![open(&alice, "fast"), open(&alice, "slow")], ..Commit::default() }).await;
    done(store, Commit { append: (1..=5).map(|rev| append(&alice, rev)).collect(), ..Commit::default() }).await;
    let cursors = vec![acknowledge(&alice, "fast", 5), acknowledge(&alice, "slow", 2)];
    done(store, Commit { cursors, ..Commit::default() }).await;
    assert_eq!(log(store, &alice, 2).await, Some(vec![(3, 3), (4, 4), (5, 5)]));
    assert_eq!(log(store, &alice, 1).await, None);
    // Going back, beyond the head, or for a session that is not there: nothing.
    let cursors = vec![acknowledge(&alice, "slow", 1), acknowledge(&alice, "slow", 6), acknowledge(&alice, "none", 5)];
    done(store, Commit { cursors, ..Commit::default() }).await;
    assert_eq!(log(store, &alice, 2).await.map(|log| log.len()), Some(3));
    done(store, Commit { cursors: vec![CursorChange::Close(alice.clone(), session("slow"))], ..Commit::default() })
        .await;
    assert_eq!(log(store, &alice, 4).await, None);
    assert_eq!(log(store, &alice, 5).await, Some(vec![]));
}

pub(crate) async fn the_log_forgets_beyond_its_cap(store: &impl Store) {
    let alice = user("alice");
    done(store, Commit { cursors: vec![open(&alice, "s")], ..Commit::default() }).await;
    let entries = INBOX_ENTRIES as u64 + 3;
    for rev in 1..=entries {
        done(store, Commit { append: vec![append(&alice, rev)], ..Commit::default() }).await;
    }
    assert_eq!(log(store, &alice, 2).await, None);
    let kept = log(store, &alice, 3).await.unwrap();
    assert_eq!((kept.len(), kept[0], kept[kept.len() - 1]), (INBOX_ENTRIES, (4, 4), (entries, entries)));
}

pub(crate) async fn nothing_is_logged_for_users_without_sessions(store: &impl Store) {
    let alice = user("alice");
    done(store, Commit { append: vec![append(&alice, 1)], ..Commit::default() }).await;
    assert_eq!(log(store, &alice, 0).await, None);
    done(store, Commit { cursors: vec![open(&alice, "s")], ..Commit::default() }).await;
    done(store, Commit { append: vec![append(&alice, 2)], ..Commit::default() }).await;
    done(store, Commit { cursors: vec![CursorChange::Close(alice.clone(), session("s"))], ..Commit::default() }).await;
    done(store, Commit { append: vec![append(&alice, 3)], ..Commit::default() }).await;
    let opened = done(store, Commit { cursors: vec![open(&alice, "t")], ..Commit::default() }).await;
    // The numbers of before are not used again.
    assert!(opened.opened_at[0] >= 1, "{opened:?}");
    assert_eq!(log(store, &alice, opened.opened_at[0]).await, Some(vec![]));
}

pub(crate) async fn a_cursor_opens_behind_what_its_commit_appends(store: &impl Store) {
    let alice = user("alice");
    done(store, Commit { cursors: vec![open(&alice, "s")], ..Commit::default() }).await;
    let commit = Commit { append: vec![append(&alice, 1)], cursors: vec![open(&alice, "t")], ..Commit::default() };
    assert_eq!(done(store, commit).await.opened_at, [1]);
    // Opening again begins anew at the head.
    done(store, Commit { append: vec![append(&alice, 2)], ..Commit::default() }).await;
    assert_eq!(done(store, Commit { cursors: vec![open(&alice, "s")], ..Commit::default() }).await.opened_at, [2]);
    assert_eq!(log(store, &alice, 1).await, Some(vec![(2, 2)]));
}

pub(crate) async fn apps_do_not_meet(store: &impl Store) {
    let (here, there) = (user("alice"), UserKey { app: APP + 1, ..user("alice") });
    let record = |who: &UserKey| Key::User(who.clone());
    let commit = Commit {
        put: vec![put(record(&here), user_record("here"))],
        index: vec![IndexChange::Add(here.clone(), call_key("c").call)],
        cursors: vec![open(&here, "s"), open(&there, "s")],
        ..Commit::default()
    };
    done(store, commit).await;
    done(store, Commit { append: vec![append(&here, 1)], ..Commit::default() }).await;
    assert_eq!(store.load(&[record(&there)], None).await.unwrap().records[0].version, 0);
    assert_eq!(store.calls_of(&there).await.unwrap(), []);
    assert_eq!(log(store, &here, 0).await, Some(vec![(1, 1)]));
    assert_eq!(log(store, &there, 0).await, Some(vec![]));
}

pub(crate) async fn every_store_has_its_own_epoch(store: &impl Store) {
    // Clients in every language can hold it.
    assert!(store.epoch() > 0 && store.epoch() < 1 << 53);
}

pub(crate) async fn commits_from_many_tasks_are_one_after_the_other(store: Arc<impl Store + 'static>) {
    const TASKS: u64 = 8;
    const EACH: u64 = 250;
    let alice = user("alice");
    done(&*store, Commit { cursors: vec![open(&alice, "s")], ..Commit::default() }).await;
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (store, alice) = (store.clone(), alice.clone());
            tokio::spawn(async move {
                let key = Key::Call(call_key("c"));
                let mut written = Vec::new();
                while (written.len() as u64) < EACH {
                    let version = store.load(std::slice::from_ref(&key), None).await.unwrap().records[0].version;
                    let commit = Commit {
                        expect: vec![(key.clone(), version)],
                        put: vec![put(key.clone(), call_record("c", version + 1))],
                        append: vec![append(&alice, version + 1)],
                        cursors: vec![acknowledge(&alice, "s", version.saturating_sub(100))],
                        ..Commit::default()
                    };
                    match store.commit(commit).await.unwrap() {
                        CommitResult::Done(_) => written.push(version + 1),
                        CommitResult::Conflict => tokio::task::yield_now().await,
                        CommitResult::AlreadyAnswered(answer) => panic!("{answer:?}"),
                    }
                }
                written
            })
        })
        .collect();
    let mut written = BTreeSet::new();
    for task in tasks {
        written.extend(task.await.unwrap());
    }
    // Every commit has won exactly one version, and the log has them in that order.
    assert_eq!(written, (1..=TASKS * EACH).collect());
    let kept = log(&*store, &alice, TASKS * EACH - 50).await.unwrap();
    assert_eq!(kept, (TASKS * EACH - 49..=TASKS * EACH).map(|n| (n, n)).collect::<Vec<_>>());
}
