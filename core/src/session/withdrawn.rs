use zim_protocol::id::{CallId, UserId};

use crate::table::Table;

/// Withdrawn calls remembered at most. Those that the server has heard of give way first, oldest first.
const REMEMBERED: usize = 1_024;

/// Calls whose invite failed without anybody knowing whether the server had taken it. The host was told that it
/// failed, so nothing of such a call reaches the host any more, and the server is told to cancel it. Outlives
/// sessions: the user may be logged out, or gone, before the server can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Withdrawn {
    calls: Table<Withdrawal>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Withdrawal {
    user: UserId,
    heard: bool,
}

impl Withdrawn {
    pub fn add(&mut self, call: CallId, user: UserId) {
        self.calls.insert(call, Withdrawal { user, heard: false });
        if self.calls.values().len() > REMEMBERED {
            let heard = self.calls.values().iter().position(|withdrawal| withdrawal.heard);
            self.calls.remove_at(heard.unwrap_or(0));
        }
    }

    pub fn contains(&self, call: &CallId) -> bool {
        self.calls.get(call).is_some()
    }

    /// The server has answered the withdrawal.
    pub fn heard(&mut self, call: &CallId) {
        if let Some(withdrawal) = self.calls.get_mut(call) {
            withdrawal.heard = true;
        }
    }

    /// What the server has not heard of yet, of this user's calls.
    pub fn unheard(&self, user: &UserId) -> Vec<CallId> {
        let mut unheard = Vec::new();
        for (call, withdrawal) in self.calls.iter() {
            if !withdrawal.heard && withdrawal.user == *user {
                unheard.push(call.clone());
            }
        }
        unheard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_has_heard_gives_way_first() {
        let (alice, bob) = (UserId::parse("alice").unwrap(), UserId::parse("bob").unwrap());
        let call = |number: usize| CallId::parse(&format!("{number:05}")).unwrap();
        let mut withdrawn = Withdrawn::default();
        for number in 0..REMEMBERED {
            withdrawn.add(call(number), alice.clone());
        }
        withdrawn.heard(&call(5));
        withdrawn.add(call(9_999), bob.clone());
        assert!(!withdrawn.contains(&call(5)) && withdrawn.contains(&call(0)));
        withdrawn.add(call(10_000), bob.clone());
        assert!(!withdrawn.contains(&call(0)) && withdrawn.contains(&call(10_000)));
        assert_eq!(withdrawn.unheard(&bob), [call(9_999), call(10_000)]);
        withdrawn.heard(&call(9_999));
        assert_eq!(withdrawn.unheard(&bob), [call(10_000)]);
        assert!(withdrawn.contains(&call(9_999)));
    }
}
