//! Who is there: a user's sessions on the server, and who displaces whom.
//!
//! Logging in takes the user over; resuming never does. `login_epoch` grows with every login, is known to the
//! client, and decides between two devices also when the server has forgotten both.

use serde::{Deserialize, Serialize};
use zim_protocol::id::{DeviceId, SessionId};

use crate::Millis;

/// What the server keeps of one user beside calls and log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct User {
    /// Has logged in once, or was registered.
    pub known: bool,
    pub name: String,
    pub avatar_url: String,
    pub extended_data: String,
    pub login_epoch: u64,
    /// Resumable sessions: one in single-device mode.
    pub sessions: Vec<Session>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub device: DeviceId,
    pub login_epoch: u64,
}

impl User {
    /// No session is resumable: the user is absent.
    pub fn is_absent(&self) -> bool {
        self.sessions.is_empty()
    }

    pub fn session(&self, id: &SessionId) -> Option<&Session> {
        self.sessions.iter().find(|session| session.id == *id)
    }
}

/// How many devices of a user may be logged in at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DevicePolicy {
    /// A login displaces every earlier session.
    Single,
    /// Up to `most` devices; the oldest login gives way.
    Multi { most: u32 },
}

/// What became of a login or a resume. The displaced sessions have been taken out of the user's record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Admission {
    /// A new session exists; a snapshot is due.
    New { session: Session, displaced: Vec<Session> },
    /// The session goes on.
    Resumed { session: Session },
    /// A later login has displaced this one.
    KickedOut,
}

impl User {
    /// `login`: always a new session. `id` is a fresh, unguessable session ID; `now` keeps login epochs growing
    /// across servers that have forgotten everything.
    pub fn login(&mut self, now: Millis, policy: DevicePolicy, id: SessionId, device: DeviceId) -> Admission {
        let _ = (now, policy, id, device);
        unimplemented!()
    }

    /// `resume`: goes on with the session, or replaces it when it is gone and nobody has logged in since.
    pub fn resume(&mut self, now: Millis, policy: DevicePolicy, old: &Session, fresh: SessionId) -> Admission {
        let _ = (now, policy, old, fresh);
        unimplemented!()
    }

    /// Logout, or the end of the wait for a lost link. True when the session was there.
    pub fn leave(&mut self, id: &SessionId) -> bool {
        let before = self.sessions.len();
        self.sessions.retain(|session| session.id != *id);
        before != self.sessions.len()
    }
}
