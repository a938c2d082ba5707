//! One user: a client of the library, and a host that does random things with it.

use std::ffi::CString;
use std::ptr::{null, null_mut};

use super::desk::{Desk, on_answered, on_cancel_sent, on_done, on_sent, register};
use super::{Manner, Settings};
use crate::abi::{Client, Library, Text, ZIMAppConfig, ZIMCallInviteConfig, ZIMUserInfo};
use crate::history::{Micros, NO_CALL, Record, Verb, What, now};
use crate::random::Random;

/// Short, so that what is lost shows within a run.
pub const REQUEST_TIMEOUT_MS: u32 = 4_000;
/// Of an invitation, in seconds: at least, less than.
pub const TIMEOUTS_S: (u64, u64) = (1, 6);
/// Of those who are invited all at once: long enough to be answered late.
const PENDING_TIMEOUT_S: u64 = 8;
/// Mean time until a user logs out, or begins anew with another client.
const LEAVE_EVERY_MS: u64 = 60_000;
const POLL: i32 = 1;
const DISCONNECTED: i32 = 0;
const CONNECTED: i32 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Out,
    GoingIn,
    In,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    LogIn,
    Invite,
    Cancel(String),
    Answer(String, Verb),
    LogOut,
    /// Another client in the place of this one.
    BeginAnew,
}

#[derive(Debug)]
pub struct User {
    library: Library,
    number: u32,
    users: u32,
    manner: Manner,
    invite_every_ms: u64,
    url: CString,
    name: CString,
    device: CString,
    client: Client,
    desk: &'static Desk,
    random: Random,
    life: u32,
    tags: u64,
    phase: Phase,
    connection: i32,
    been_in: bool,
    todo: Vec<(Micros, Action)>,
}

impl User {
    pub fn new(library: Library, settings: &Settings, at: usize) -> User {
        let number = settings.first + at as u32;
        let mut random = Random::new(settings.seed, "user", u64::from(number) << 32 | u64::from(settings.generation));
        let text = |text: String| CString::new(text).unwrap();
        let mut todo = vec![(now() + random.range(0, 500) * 1_000, Action::LogIn)];
        if settings.manner == Manner::Random {
            for (action, mean) in [
                (Action::Invite, settings.invite_every_ms),
                (Action::LogOut, LEAVE_EVERY_MS),
                (Action::BeginAnew, LEAVE_EVERY_MS * 2),
            ] {
                todo.push((now() + random.wait(mean) * 1_000, action));
            }
        }
        let mut user = User {
            library,
            number,
            users: settings.users,
            manner: settings.manner,
            invite_every_ms: settings.invite_every_ms,
            url: text(format!("ws://127.0.0.1:{}/zim", settings.ports[at])),
            name: text(format!("u{number}")),
            device: text(format!("device-{number}")),
            client: null_mut(),
            // As long as the process lives, a callback could come.
            desk: Box::leak(Box::default()),
            random,
            life: 0,
            tags: 0,
            phase: Phase::Out,
            connection: DISCONNECTED,
            been_in: false,
            todo,
        };
        user.create();
        user
    }

    pub fn has_been_in(&self) -> bool {
        self.been_in
    }

    /// Logged in and connected, nothing under way, nothing planned.
    pub fn is_quiet(&self) -> bool {
        self.phase == Phase::In
            && self.connection == CONNECTED
            && self.desk.open.get() == 0
            && self.desk.seen.borrow().is_empty()
            && self.todo.is_empty()
    }

    /// Makes the callbacks that are due and does what is to be done. What happened goes into the history.
    pub fn round(&mut self, settling: bool) -> Vec<Record> {
        // SAFETY: as the header wants it.
        unsafe { (self.library.poll_callbacks)(self.client, 0, null_mut()) };
        if settling {
            self.todo.retain(|(_, action)| !matches!(action, Action::Invite | Action::LogOut | Action::BeginAnew));
        }
        let mut records = self.look();
        let time = now();
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.todo).into_iter().partition(|(at, _)| *at <= time);
        self.todo = later;
        for (_, action) in due {
            self.act(action);
            records.extend(self.look());
        }
        records
    }

    pub fn leave(&mut self) -> Vec<Record> {
        self.destroy();
        self.look()
    }

    /// Takes what lies on the desk, and thinks of what to do about it.
    fn look(&mut self) -> Vec<Record> {
        let seen = std::mem::take(&mut *self.desk.seen.borrow_mut());
        for (_, what) in &seen {
            self.react(what);
        }
        seen.into_iter().map(|(at, what)| Record { at, user: self.number, life: self.life, what }).collect()
    }

    fn later(&mut self, from_ms: u64, to_ms: u64, action: Action) {
        let at = now() + self.random.range(from_ms, to_ms) * 1_000;
        self.todo.push((at, action));
    }

    fn react(&mut self, what: &What) {
        match what {
            What::Completed { verb: Verb::Login, code: 0, .. } => {
                if let (Manner::Pending(count), false, true) = (self.manner, self.been_in, self.number < self.users / 2)
                {
                    (0..count).for_each(|_| self.later(3_000, 3_500, Action::Invite));
                }
                self.phase = Phase::In;
                self.been_in = true;
            }
            What::Completed { verb: Verb::Login, .. } | What::Refused { verb: Verb::Login, .. } => {
                self.phase = Phase::Out;
                self.later(200, 600, Action::LogIn);
            }
            What::Connection { state, .. } => {
                self.connection = *state;
                // The session has ended by itself.
                if *state == DISCONNECTED && self.phase == Phase::In {
                    self.phase = Phase::Out;
                    self.later(50, 500, Action::LogIn);
                }
            }
            What::Received { call, timeout, .. } => {
                let ring_ms = u64::try_from(*timeout).unwrap_or(0) * 1_000;
                let (from, to) = match self.manner {
                    Manner::Random => (0, ring_ms * 12 / 10),
                    Manner::Pending(_) => (3_000, 4_500),
                };
                match self.random.range(0, 100) {
                    0..35 => self.later(from, to, Action::Answer(call.clone(), Verb::Accept)),
                    35..60 => self.later(from, to, Action::Answer(call.clone(), Verb::Reject)),
                    _ => {}
                }
            }
            What::Completed { verb: Verb::Invite, code: 0, call, .. }
                if self.manner == Manner::Random && self.random.chance(25) =>
            {
                self.later(0, TIMEOUTS_S.1 * 1_000, Action::Cancel(call.clone()));
            }
            _ => {}
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::LogIn => self.log_in(),
            Action::Invite => {
                if self.phase == Phase::In {
                    self.invite();
                }
                if self.manner == Manner::Random {
                    let wait = self.random.wait(self.invite_every_ms);
                    self.later(wait, wait + 1, Action::Invite);
                }
            }
            Action::Cancel(call) => self.ask(Verb::Cancel, &call),
            Action::Answer(call, verb) => self.ask(verb, &call),
            Action::LogOut => {
                if self.phase == Phase::In {
                    // SAFETY: as the header wants it.
                    let code = unsafe { (self.library.logout)(self.client) };
                    if code == 0 {
                        self.phase = Phase::Out;
                        self.desk.seen.borrow_mut().push((now(), What::LoggedOut));
                        self.later(0, 2_000, Action::LogIn);
                    }
                }
                self.again(LEAVE_EVERY_MS, Action::LogOut);
            }
            Action::BeginAnew => {
                // Not before a login that is planned.
                if self.phase == Phase::In {
                    self.destroy();
                    self.create();
                    self.later(0, 1_000, Action::LogIn);
                }
                self.again(LEAVE_EVERY_MS * 2, Action::BeginAnew);
            }
        }
    }

    fn again(&mut self, mean_ms: u64, action: Action) {
        let wait = self.random.wait(mean_ms);
        self.later(wait, wait + 1, action);
    }

    fn create(&mut self) {
        let config = ZIMAppConfig {
            struct_size: size_of::<ZIMAppConfig>() as u32,
            app_id: 1,
            app_sign: null(),
            server_url: self.url.as_ptr(),
            device_id: self.device.as_ptr(),
            callback_mode: POLL,
            request_timeout_ms: REQUEST_TIMEOUT_MS,
            ca_file: null(),
        };
        // SAFETY: as the header wants it.
        let code = unsafe { (self.library.create)(&config, &mut self.client) };
        assert_eq!((code, register(self.library, self.client, self.desk)), (0, 0), "ZIM_Create, ZIM_SetEventHandler");
    }

    fn destroy(&mut self) {
        // SAFETY: as the header wants it.
        unsafe { (self.library.destroy)(self.client) };
        self.client = null_mut();
        self.phase = Phase::Out;
        self.connection = DISCONNECTED;
        self.desk.seen.borrow_mut().push((now(), What::Destroyed));
    }

    fn log_in(&mut self) {
        if self.phase != Phase::Out {
            return;
        }
        self.phase = Phase::GoingIn;
        self.life += 1;
        let user = ZIMUserInfo {
            struct_size: size_of::<ZIMUserInfo>() as u32,
            user_id: self.name.as_ptr(),
            user_name: null(),
            user_avatar_url: null(),
            user_extended_data: null(),
        };
        let (tag, desk) = (self.tag(), self.desk);
        let request = desk.request(Verb::Login, tag);
        // SAFETY: as the header wants it.
        let code = unsafe { (self.library.login)(self.client, &user, null(), on_done, request.cast()) };
        desk.handed(request, Verb::Login, tag, NO_CALL, code);
    }

    fn tag(&mut self) -> u64 {
        self.tags += 1;
        self.tags
    }

    fn invite(&mut self) {
        let mut invitees: Vec<u32> = Vec::new();
        let mut timeout = self.random.range(TIMEOUTS_S.0, TIMEOUTS_S.1);
        match self.manner {
            Manner::Random => {
                for _ in 0..self.random.range(1, 4) {
                    let user = self.random.range(0, u64::from(self.users)) as u32;
                    if user != self.number && !invitees.contains(&user) {
                        invitees.push(user);
                    }
                }
                // Nobody but the caller was drawn.
                if invitees.is_empty() {
                    invitees.push((self.number + 1) % self.users);
                }
            }
            Manner::Pending(_) => {
                timeout = PENDING_TIMEOUT_S;
                let half = self.users / 2;
                invitees.push(half + self.random.range(0, u64::from(half)) as u32);
            }
        }
        let names: Vec<CString> = invitees.iter().map(|user| CString::new(format!("u{user}")).unwrap()).collect();
        let pointers: Vec<Text> = names.iter().map(|name| name.as_ptr()).collect();
        let config = ZIMCallInviteConfig {
            struct_size: size_of::<ZIMCallInviteConfig>() as u32,
            timeout: timeout as u32,
            extended_data: null(),
            push_config: null(),
            mode: 0,
            enable_not_received_check: i32::from(self.random.chance(20)),
        };
        let (tag, desk) = (self.tag(), self.desk);
        let request = desk.request(Verb::Invite, tag);
        // SAFETY: as the header wants it.
        let code = unsafe {
            let count = pointers.len() as u32;
            (self.library.invite)(self.client, pointers.as_ptr(), count, &config, on_sent, request.cast())
        };
        desk.handed(request, Verb::Invite, tag, NO_CALL, code);
    }

    fn ask(&mut self, verb: Verb, call: &str) {
        if self.phase != Phase::In {
            return;
        }
        let name = CString::new(call).unwrap();
        let (tag, desk) = (self.tag(), self.desk);
        let request = desk.request(verb, tag);
        let (id, data) = (name.as_ptr(), request.cast());
        // SAFETY: as the header wants it.
        let code = unsafe {
            match verb {
                Verb::Accept => (self.library.accept)(self.client, id, null(), on_answered, data),
                Verb::Reject => (self.library.reject)(self.client, id, null(), on_answered, data),
                Verb::Cancel | Verb::Invite | Verb::Login => {
                    (self.library.cancel)(self.client, null(), 0, id, null(), on_cancel_sent, data)
                }
            }
        };
        desk.handed(request, verb, tag, call, code);
    }
}
