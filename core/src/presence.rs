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
    /// The last few sessions that had to give way, oldest first: with several devices the login epoch alone does
    /// not tell a displaced session from one that has expired.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub displaced: Vec<SessionId>,
}

/// Displaced sessions remembered for a user.
const DISPLACED: usize = 16;

/// A login epoch in a resume is believed up to this far ahead of the clock: it is the time of a login, or one more
/// than that.
const EPOCH_AHEAD: Millis = 24 * 60 * 60 * 1_000;

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
        let login_epoch = now.max(self.login_epoch.saturating_add(1));
        self.admit(policy, Session { id, device, login_epoch })
    }

    /// `resume`: goes on with the session, or replaces it when it is gone and nobody has logged in since.
    pub fn resume(&mut self, now: Millis, policy: DevicePolicy, old: &Session, fresh: SessionId) -> Admission {
        if let Some(session) = self.session(&old.id).filter(|session| session.device == old.device) {
            return Admission::Resumed { session: session.clone() };
        }
        if self.displaced.contains(&old.id) {
            return Admission::KickedOut;
        }
        let login_epoch = old.login_epoch.min(now.saturating_add(EPOCH_AHEAD));
        let gives_way = match policy {
            // Equal epochs are one login, unless another device has it.
            DevicePolicy::Single => {
                self.login_epoch > login_epoch
                    || self.sessions.iter().any(|other| other.login_epoch == login_epoch && other.device != old.device)
            }
            DevicePolicy::Multi { most } => {
                let later = |other: &&Session| other.login_epoch > login_epoch;
                self.sessions.iter().filter(later).any(|other| other.device == old.device)
                    || self.sessions.iter().filter(later).count() >= room(most)
            }
        };
        if gives_way {
            return Admission::KickedOut;
        }
        self.admit(policy, Session { id: fresh, device: old.device.clone(), login_epoch })
    }

    /// Adds a session for which others give way: all of them, or the device's own and the oldest.
    fn admit(&mut self, policy: DevicePolicy, session: Session) -> Admission {
        self.known = true;
        self.login_epoch = self.login_epoch.max(session.login_epoch);
        self.sessions.sort_by_key(|other| other.login_epoch);
        let (mut stay, mut displaced) = (Vec::new(), Vec::new());
        for other in self.sessions.drain(..) {
            match policy {
                DevicePolicy::Multi { .. } if other.device != session.device => stay.push(other),
                DevicePolicy::Multi { .. } | DevicePolicy::Single => displaced.push(other),
            }
        }
        if let DevicePolicy::Multi { most } = policy {
            let surplus = (stay.len() + 1).saturating_sub(room(most));
            displaced.extend(stay.drain(..surplus.min(stay.len())));
        }
        stay.push(session.clone());
        self.sessions = stay;
        self.displaced.extend(displaced.iter().map(|other| other.id.clone()));
        let forgotten = self.displaced.len().saturating_sub(DISPLACED);
        self.displaced.drain(..forgotten);
        Admission::New { session, displaced }
    }

    /// Logout, or the end of the wait for a lost link. True when the session was there.
    pub fn leave(&mut self, id: &SessionId) -> bool {
        let before = self.sessions.len();
        self.sessions.retain(|session| session.id != *id);
        before != self.sessions.len()
    }
}

/// Devices that may be logged in under [`DevicePolicy::Multi`]: one at least.
fn room(most: u32) -> usize {
    usize::try_from(most).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MULTI: DevicePolicy = DevicePolicy::Multi { most: 2 };

    fn sid(text: &str) -> SessionId {
        SessionId::parse(text).unwrap()
    }

    fn dev(text: &str) -> DeviceId {
        DeviceId::parse(text).unwrap()
    }

    fn login(user: &mut User, now: Millis, policy: DevicePolicy, id: &str, device: &str) -> (Session, Vec<String>) {
        new(user.login(now, policy, sid(id), dev(device)))
    }

    fn new(admission: Admission) -> (Session, Vec<String>) {
        match admission {
            Admission::New { session, displaced } => {
                (session, displaced.iter().map(|other| other.id.to_string()).collect())
            }
            Admission::Resumed { .. } | Admission::KickedOut => panic!("not a new session"),
        }
    }

    fn ids(user: &User) -> Vec<&str> {
        user.sessions.iter().map(|session| session.id.as_str()).collect()
    }

    #[test]
    fn a_login_on_a_single_device_displaces_every_session() {
        let mut user = User::default();
        let (first, displaced) = login(&mut user, 1_000, DevicePolicy::Single, "s1", "phone");
        assert_eq!((first.login_epoch, displaced), (1_000, vec![]));
        let (second, displaced) = login(&mut user, 1_000, DevicePolicy::Single, "s2", "tablet");
        assert_eq!((second.login_epoch, displaced), (1_001, vec!["s1".to_owned()]));
        assert_eq!(ids(&user), ["s2"]);
        assert!(user.known);
        // The same device again: still a new session.
        let (third, displaced) = login(&mut user, 900, DevicePolicy::Single, "s3", "tablet");
        assert_eq!((third.login_epoch, displaced), (1_002, vec!["s2".to_owned()]));
        assert_eq!(user.login_epoch, 1_002);
    }

    #[test]
    fn a_session_that_is_there_goes_on() {
        for policy in [DevicePolicy::Single, MULTI] {
            let mut user = User::default();
            let (session, _) = login(&mut user, 1_000, policy, "s1", "phone");
            let before = user.clone();
            assert_eq!(user.resume(5_000, policy, &session, sid("s2")), Admission::Resumed { session });
            assert_eq!(user, before);
        }
    }

    #[test]
    fn a_displaced_session_is_refused_whether_or_not_the_later_login_is_still_there() {
        for policy in [DevicePolicy::Single, MULTI] {
            let mut user = User::default();
            let (first, _) = login(&mut user, 1_000, policy, "s1", "phone");
            login(&mut user, 2_000, policy, "s2", "phone");
            let before = user.clone();
            assert_eq!(user.resume(3_000, policy, &first, sid("s3")), Admission::KickedOut);
            assert_eq!(user, before);
            assert!(user.leave(&sid("s2")));
            assert!(user.is_absent());
            assert_eq!(user.resume(4_000, policy, &first, sid("s4")), Admission::KickedOut);
            assert!(user.is_absent());
        }
    }

    #[test]
    fn an_expired_session_comes_back_as_a_new_one_of_the_same_login() {
        for policy in [DevicePolicy::Single, MULTI] {
            let mut user = User::default();
            let (first, _) = login(&mut user, 1_000, policy, "s1", "phone");
            assert!(user.leave(&sid("s1")));
            assert!(!user.leave(&sid("s1")));
            let (again, displaced) = new(user.resume(90_000, policy, &first, sid("s2")));
            assert_eq!((again.login_epoch, displaced), (1_000, vec![]));
            assert_eq!(user.login_epoch, 1_000);
            // The answer was lost, and the client asks with the old name again: no second session remains.
            let (again, displaced) = new(user.resume(91_000, policy, &first, sid("s3")));
            assert_eq!((again.login_epoch, displaced), (1_000, vec!["s2".to_owned()]));
            assert_eq!(ids(&user), ["s3"]);
        }
    }

    #[test]
    fn after_the_server_forgot_everything_the_later_login_wins_in_any_order() {
        let old = Session { id: sid("s1"), device: dev("phone"), login_epoch: 1_000 };
        let late = Session { id: sid("s2"), device: dev("tablet"), login_epoch: 2_000 };
        let mut user = User::default();
        assert!(new(user.resume(3_000, DevicePolicy::Single, &old, sid("r1"))).1.is_empty());
        assert_eq!(new(user.resume(3_001, DevicePolicy::Single, &late, sid("r2"))).1, ["r1"]);
        assert_eq!(user.resume(3_002, DevicePolicy::Single, &old, sid("r3")), Admission::KickedOut);

        let mut user = User::default();
        assert!(new(user.resume(3_000, DevicePolicy::Single, &late, sid("r2"))).1.is_empty());
        assert_eq!(user.resume(3_001, DevicePolicy::Single, &old, sid("r1")), Admission::KickedOut);
        assert_eq!(ids(&user), ["r2"]);
        assert_eq!(login(&mut user, 1_500, DevicePolicy::Single, "r3", "phone").0.login_epoch, 2_001);
    }

    #[test]
    fn one_login_epoch_on_two_devices_goes_to_who_is_there() {
        let mut user = User::default();
        login(&mut user, 1_000, DevicePolicy::Single, "s1", "phone");
        let twin = Session { id: sid("s9"), device: dev("tablet"), login_epoch: 1_000 };
        assert_eq!(user.resume(2_000, DevicePolicy::Single, &twin, sid("s2")), Admission::KickedOut);
    }

    #[test]
    fn several_devices_stay_until_there_are_too_many() {
        let mut user = User::default();
        let (first, _) = login(&mut user, 1_000, MULTI, "s1", "phone");
        assert!(login(&mut user, 2_000, MULTI, "s2", "tablet").1.is_empty());
        assert_eq!(ids(&user), ["s1", "s2"]);
        assert_eq!(login(&mut user, 3_000, MULTI, "s3", "desk").1, ["s1"]);
        assert_eq!(ids(&user), ["s2", "s3"]);
        assert!(user.leave(&sid("s3")));
        assert_eq!(
            user.resume(4_000, MULTI, &first, sid("s4")),
            Admission::KickedOut,
            "there is room, but it gave way"
        );
    }

    #[test]
    fn with_several_devices_a_resume_never_displaces_a_later_login() {
        let old = Session { id: sid("s1"), device: dev("phone"), login_epoch: 1_000 };
        let mut user = User::default();
        login(&mut user, 2_000, MULTI, "s2", "tablet");
        login(&mut user, 3_000, MULTI, "s3", "desk");
        assert_eq!(user.resume(4_000, MULTI, &old, sid("s4")), Admission::KickedOut);

        let mut user = User::default();
        login(&mut user, 2_000, MULTI, "s2", "phone");
        assert_eq!(user.resume(4_000, MULTI, &old, sid("s4")), Admission::KickedOut);

        let mut user = User::default();
        login(&mut user, 500, MULTI, "s2", "tablet");
        login(&mut user, 3_000, MULTI, "s3", "desk");
        assert_eq!(new(user.resume(4_000, MULTI, &old, sid("s4"))).1, ["s2"]);
        assert_eq!(user.login_epoch, 3_000);
    }

    #[test]
    fn a_forged_login_epoch_does_not_stop_the_clock_of_logins() {
        let forged = Session { id: sid("s1"), device: dev("phone"), login_epoch: u64::MAX };
        let mut user = User::default();
        let (session, _) = new(user.resume(1_000, DevicePolicy::Single, &forged, sid("s2")));
        assert_eq!(session.login_epoch, 1_000 + EPOCH_AHEAD);
        assert_eq!(login(&mut user, 2_000, DevicePolicy::Single, "s3", "tablet").1, ["s2"]);
    }

    #[test]
    fn only_the_last_displaced_sessions_are_remembered() {
        let mut user = User::default();
        for i in 0..40 {
            login(&mut user, 1_000, DevicePolicy::Single, &format!("s{i}"), "phone");
        }
        assert_eq!(user.displaced.len(), DISPLACED);
        assert_eq!(user.displaced.last(), Some(&sid("s38")));
    }
}
