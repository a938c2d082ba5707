//! What host threads may see of the session without asking the engine.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use zim_core::session::{ConnectionState, Ticket};

/// The state of the connection and the login it belongs to, in one word: a host that has just logged out sees that
/// at once, whatever the engine has yet to hear of.
#[derive(Default)]
pub struct Status {
    /// The login's ticket, above two bits of [`ConnectionState`]. 0: logged out.
    word: AtomicU64,
    poisoned: AtomicBool,
}

impl Status {
    pub fn state(&self) -> ConnectionState {
        match self.word.load(Ordering::Acquire) & 3 {
            1 => ConnectionState::Connecting,
            2 => ConnectionState::Connected,
            3 => ConnectionState::Reconnecting,
            0 | 4.. => ConnectionState::Disconnected,
        }
    }

    /// Whether requests are taken.
    pub fn is_logged_in(&self) -> bool {
        match self.state() {
            ConnectionState::Connected | ConnectionState::Reconnecting => true,
            ConnectionState::Disconnected | ConnectionState::Connecting => false,
        }
    }

    /// The host logs in. False when it already has.
    pub fn begin(&self, login: Ticket) -> bool {
        let word = packed(login, ConnectionState::Connecting);
        self.word.compare_exchange(0, word, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The host logs out. False when it was not logged in, nor logging in.
    pub fn end(&self) -> bool {
        self.word.swap(0, Ordering::AcqRel) != 0
    }

    /// What the engine sees of this login, unless the host has ended it meanwhile.
    pub fn update(&self, login: Ticket, state: ConnectionState) {
        let word = match state {
            ConnectionState::Disconnected => 0,
            ConnectionState::Connecting | ConnectionState::Connected | ConnectionState::Reconnecting => {
                packed(login, state)
            }
        };
        let mut before = self.word.load(Ordering::Acquire);
        while before >> 2 == login && before != 0 && before != word {
            match self.word.compare_exchange_weak(before, word, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return,
                Err(now) => before = now,
            }
        }
    }

    pub fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    /// True for the first who says so.
    pub fn poison(&self) -> bool {
        !self.poisoned.swap(true, Ordering::AcqRel)
    }
}

fn packed(login: Ticket, state: ConnectionState) -> u64 {
    (login << 2) | state as u64
}

/// Set once, waited for by whoever wants to.
#[derive(Default)]
pub struct Latch {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Latch {
    pub fn set(&self) {
        *self.is_set.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// False when it was not set by `deadline`.
    pub fn wait_until(&self, deadline: Instant) -> bool {
        let mut is_set = self.is_set.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_set {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            is_set = self.changed.wait_timeout(is_set, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_seen_until_the_host_ends_it() {
        let status = Status::default();
        assert_eq!(status.state(), ConnectionState::Disconnected);
        assert!(!status.end());
        assert!(status.begin(7));
        assert!(!status.begin(8));
        assert_eq!(status.state(), ConnectionState::Connecting);
        assert!(!status.is_logged_in());
        status.update(7, ConnectionState::Connected);
        assert!(status.is_logged_in());
        status.update(7, ConnectionState::Reconnecting);
        assert!(status.is_logged_in());
        assert!(status.end());
        assert!(!status.is_logged_in());
    }

    #[test]
    fn what_the_engine_says_of_a_former_login_changes_nothing() {
        let status = Status::default();
        status.begin(7);
        status.end();
        status.update(7, ConnectionState::Connected);
        assert_eq!(status.state(), ConnectionState::Disconnected);
        status.begin(8);
        status.update(7, ConnectionState::Disconnected);
        assert_eq!(status.state(), ConnectionState::Connecting);
        status.update(8, ConnectionState::Disconnected);
        assert!(status.begin(9));
    }
}
