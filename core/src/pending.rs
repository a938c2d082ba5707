//! Requests that wait for their answer.
//!
//! A request is entered before it is sent and leaves exactly once: with its answer, or when its time is up, or when
//! the session ends. On a new connection everything that is still here is sent again under the same ID; the server
//! answers what it has already done instead of doing it twice.
//!
//! Everything is asked after every input, and thousands of requests may be under way: nothing looks at all of them but
//! a new connection.

use zim_protocol::frame::{Request, RequestBody};
use zim_protocol::id::RequestId;
use zim_protocol::limits;

use crate::Millis;
use crate::index::Index;
use crate::session::Ticket;

/// Who waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The host: completes with the answer, or when the time is up.
    Host { ticket: Ticket, expires: Millis },
    /// Nobody: the client tells the server something and repeats it until it is heard.
    Internal,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pending {
    pub id: RequestId,
    pub owner: Owner,
    pub body: RequestBody,
    /// Whether the server may have seen it.
    pub was_sent: bool,
    /// Sent before on an earlier connection: its answer must reach the host before what that connection missed.
    holds_events: bool,
    /// Not to be sent earlier.
    not_before: Millis,
}

impl Pending {
    pub fn new(id: RequestId, owner: Owner, body: RequestBody) -> Pending {
        Pending { id, owner, body, was_sent: false, holds_events: false, not_before: 0 }
    }

    /// Sent from `at` on.
    pub fn not_before(mut self, at: Millis) -> Pending {
        self.not_before = at;
        self
    }

    fn expires(&self) -> Option<Millis> {
        match self.owner {
            Owner::Host { expires, .. } => Some(expires),
            Owner::Internal => None,
        }
    }

    fn request(&self, now: Millis) -> Request {
        let left = match self.owner {
            Owner::Host { expires, .. } => expires.saturating_sub(now),
            Owner::Internal => Millis::from(limits::REQUEST_TTL_DEFAULT_MS),
        };
        let most = *limits::REQUEST_TTL_MS.end();
        let ttl_ms = u32::try_from(left).unwrap_or(most).clamp(*limits::REQUEST_TTL_MS.start(), most);
        Request { id: self.id.clone(), ttl_ms, body: self.body.clone() }
    }
}

/// Each request has a number while it is here, larger than those of the requests made before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PendingRequests {
    /// By number.
    entries: Vec<(u64, Box<Pending>)>,
    /// By `id_key`.
    by_id: Index,
    /// Those of the host, by the time when they expire.
    by_expiry: Index,
    /// What has not gone out on this connection, by the time from which on it may.
    unsent: Index,
    /// How many hold events back.
    holding: usize,
}

impl PendingRequests {
    pub fn enter(&mut self, pending: Pending) {
        let number = self.entries.last().map_or(0, |(last, _)| last + 1);
        self.by_id.insert(id_key(&pending.id), number);
        if let Some(at) = pending.expires() {
            self.by_expiry.insert(at, number);
        }
        self.unsent.insert(pending.not_before, number);
        self.entries.push((number, Box::new(pending)));
    }

    /// The request that an answer names leaves the table.
    pub fn take(&mut self, id: &RequestId) -> Option<Box<Pending>> {
        let same = self.by_id.at(id_key(id)).find(|number| self.get(*number).is_some_and(|entry| entry.id == *id))?;
        self.remove(same)
    }

    /// A request whose time is up leaves the table; the one that expired first.
    pub fn take_expired(&mut self, now: Millis) -> Option<Box<Pending>> {
        let (_, number) = self.by_expiry.first().filter(|(at, _)| *at <= now)?;
        self.remove(number)
    }

    /// Every request leaves the table.
    pub fn take_all(&mut self) -> impl Iterator<Item = Box<Pending>> + use<> {
        std::mem::take(self).entries.into_iter().map(|(_, entry)| entry)
    }

    /// In the order in which the requests were made.
    pub fn iter(&self) -> impl Iterator<Item = &Pending> {
        self.entries.iter().map(|(_, entry)| &**entry)
    }

    /// A connection stands on which nothing has been sent yet. Requests of the host that went out on an earlier one
    /// hold back the events that were missed.
    pub fn reconnected(&mut self) {
        (self.unsent, self.holding) = (Index::default(), 0);
        for (number, entry) in &mut self.entries {
            entry.holds_events = match entry.owner {
                Owner::Host { .. } => entry.was_sent,
                Owner::Internal => false,
            };
            self.holding += usize::from(entry.holds_events);
            self.unsent.insert(entry.not_before, *number);
        }
    }

    /// Whether some request that was sent again is still unanswered.
    pub fn hold_events(&self) -> bool {
        self.holding > 0
    }

    /// The first that has not gone out on this connection yet and may now, in the order in which they were made.
    /// Counts as sent.
    pub fn next_to_send(&mut self, now: Millis) -> Option<Request> {
        // What has waited for its time is in no order of making until it stands with those that did not have to.
        while let Some((at, number)) = self.unsent.first_from(1).filter(|(at, _)| *at <= now) {
            self.unsent.remove(at, number);
            self.unsent.insert(0, number);
            self.get_mut(number)?.not_before = 0;
        }
        let (at, number) = self.unsent.first().filter(|(at, _)| *at == 0)?;
        self.unsent.remove(at, number);
        let entry = self.get_mut(number)?;
        entry.was_sent = true;
        Some(entry.request(now))
    }

    /// When the next request expires.
    pub fn next_expiry(&self) -> Option<Millis> {
        self.by_expiry.first().map(|(at, _)| at)
    }

    /// When the next request that was put off may be sent.
    pub fn next_send(&self) -> Option<Millis> {
        self.unsent.first_from(1).map(|(at, _)| at)
    }

    fn position(&self, number: u64) -> Option<usize> {
        self.entries.binary_search_by_key(&number, |(known, _)| *known).ok()
    }

    fn get(&self, number: u64) -> Option<&Pending> {
        self.entries.get(self.position(number)?).map(|(_, entry)| &**entry)
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut Pending> {
        let at = self.position(number)?;
        self.entries.get_mut(at).map(|(_, entry)| &mut **entry)
    }

    fn remove(&mut self, number: u64) -> Option<Box<Pending>> {
        let at = self.position(number)?;
        let (_, entry) = self.entries.remove(at);
        self.by_id.remove(id_key(&entry.id), number);
        if let Some(at) = entry.expires() {
            self.by_expiry.remove(at, number);
        }
        self.unsent.remove(entry.not_before, number);
        self.holding -= usize::from(entry.holds_events);
        Some(entry)
    }
}

/// The last eight characters of an ID. IDs of growing numbers mostly grow in this as well; few others agree in it.
fn id_key(id: &RequestId) -> u64 {
    id.as_str().bytes().fold(0, |key, byte| key << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(number: u64, expires: Millis) -> Pending {
        let id = RequestId::parse(&format!("p.{number}")).unwrap();
        Pending::new(id, Owner::Host { ticket: number, expires }, RequestBody::Logout)
    }

    fn internal(number: u64) -> Pending {
        Pending::new(RequestId::parse(&format!("p.i{number}")).unwrap(), Owner::Internal, RequestBody::Logout)
    }

    /// What is sent at `now`, and the time left to it.
    fn sent(table: &mut PendingRequests, now: Millis) -> Vec<String> {
        let requests = std::iter::from_fn(|| table.next_to_send(now));
        requests.map(|request| format!("{} {}", request.id, request.ttl_ms)).collect()
    }

    #[test]
    fn each_request_goes_out_once_a_connection_in_order_with_the_time_left() {
        let mut table = PendingRequests::default();
        table.enter(host(1, 1_000));
        table.enter(internal(1));
        table.enter(host(2, 100_000));
        assert_eq!(sent(&mut table, 100), ["p.1 900", "p.i1 10000", "p.2 60000"]);
        assert!(sent(&mut table, 200).is_empty());
        table.enter(host(3, 500));
        assert_eq!(sent(&mut table, 200), ["p.3 300"]);
        table.reconnected();
        assert_eq!(sent(&mut table, 499), ["p.1 501", "p.i1 10000", "p.2 60000", "p.3 1"]);
    }

    #[test]
    fn a_request_leaves_once() {
        let mut table = PendingRequests::default();
        table.enter(host(1, 1_000));
        table.enter(host(2, 2_000));
        table.enter(internal(1));
        assert_eq!(table.next_expiry(), Some(1_000));
        assert_eq!(table.take_expired(999), None);
        assert_eq!(table.take_expired(1_000), Some(Box::new(host(1, 1_000))));
        assert_eq!(table.take_expired(1_000), None);
        let id = RequestId::parse("p.2").unwrap();
        assert!(table.take(&id).is_some());
        assert!(table.take(&id).is_none());
        assert_eq!(table.next_expiry(), None);
        assert!(table.take_all().eq([Box::new(internal(1))]));
        assert_eq!(table, PendingRequests::default());
    }

    #[test]
    fn only_what_the_host_had_sent_before_holds_events_back() {
        let mut table = PendingRequests::default();
        table.enter(host(1, 1_000));
        table.enter(internal(1));
        sent(&mut table, 0);
        assert!(!table.hold_events());
        table.enter(host(2, 1_000));
        table.reconnected();
        sent(&mut table, 0);
        assert!(table.hold_events());
        table.take(&RequestId::parse("p.1").unwrap());
        assert!(!table.hold_events());
    }

    #[test]
    fn what_was_put_off_waits_and_then_takes_its_place() {
        let mut table = PendingRequests::default();
        table.enter(internal(1).not_before(500));
        assert_eq!(table.next_send(), Some(500));
        assert!(sent(&mut table, 499).is_empty());
        assert_eq!(sent(&mut table, 500), ["p.i1 10000"]);
        assert_eq!(table.next_send(), None);
        table.enter(internal(2).not_before(900));
        table.enter(host(1, 1_500));
        table.reconnected();
        assert_eq!(sent(&mut table, 900), ["p.i1 10000", "p.i2 10000", "p.1 600"]);
    }

    #[test]
    fn ids_that_end_alike_are_told_apart() {
        let mut table = PendingRequests::default();
        for number in [212_345_678, 12_345_678, 112_345_678] {
            table.enter(host(number, number));
        }
        for number in [112_345_678, 12_345_678, 212_345_678] {
            let id = RequestId::parse(&format!("p.{number}")).unwrap();
            assert_eq!(table.take(&id), Some(Box::new(host(number, number))));
        }
        assert_eq!(table, PendingRequests::default());
    }

    /// What comes of each step: the requests that are sent or leave.
    #[derive(Clone, Debug)]
    enum Step {
        Enter { host: bool, time: Millis },
        Answer { number: u64 },
        Pass { time: Millis },
        Reconnect,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (any::<bool>(), 0..50u64).prop_map(|(host, time)| Step::Enter { host, time }),
            3 => (0..30u64).prop_map(|number| Step::Answer { number }),
            2 => (0..20u64).prop_map(|time| Step::Pass { time }),
            1 => Just(Step::Reconnect),
        ];
        proptest::collection::vec(step, 0..60)
    }

    proptest! {
        /// The same as a list that is looked through from end to end each time.
        #[test]
        fn nothing_is_found_otherwise_than_by_looking_at_all(steps in steps()) {
            let (mut table, mut now, mut made) = (PendingRequests::default(), 0, 0);
            // With whether each waits to be sent.
            let mut list: Vec<(Pending, bool)> = Vec::new();
            for step in steps {
                match step {
                    Step::Enter { host: is_hosts, time } => {
                        made += 1;
                        let pending = match is_hosts {
                            true => host(made, now + time),
                            false => internal(made).not_before(if time < 25 { 0 } else { now + time - 25 }),
                        };
                        table.enter(pending.clone());
                        list.push((pending, true));
                    }
                    Step::Answer { number } => {
                        for id in [format!("p.{number}"), format!("p.i{number}")] {
                            let at = list.iter().position(|(pending, _)| pending.id.as_str() == id);
                            let expected = at.map(|at| Box::new(list.remove(at).0));
                            prop_assert_eq!(table.take(&RequestId::parse(&id).unwrap()), expected);
                        }
                    }
                    Step::Pass { time } => {
                        now += time;
                        let is_over = |pending: &Pending| pending.expires().is_some_and(|at| at <= now);
                        let mut expired = list.extract_if(.., |(pending, _)| is_over(pending)).collect::<Vec<_>>();
                        expired.sort_by_key(|(pending, _)| pending.expires());
                        for (pending, _) in expired {
                            prop_assert_eq!(table.take_expired(now), Some(Box::new(pending)));
                        }
                        prop_assert_eq!(table.take_expired(now), None);
                        for (pending, waits) in &mut list {
                            if *waits && pending.not_before <= now {
                                (pending.was_sent, pending.not_before, *waits) = (true, 0, false);
                                prop_assert_eq!(table.next_to_send(now), Some(pending.request(now)));
                            }
                        }
                        prop_assert_eq!(table.next_to_send(now), None);
                    }
                    Step::Reconnect => {
                        for (pending, waits) in &mut list {
                            pending.holds_events = pending.was_sent && pending.expires().is_some();
                            *waits = true;
                        }
                        table.reconnected();
                    }
                }
                prop_assert!(table.iter().eq(list.iter().map(|(pending, _)| pending)));
                prop_assert_eq!(table.hold_events(), list.iter().any(|(pending, _)| pending.holds_events));
                prop_assert_eq!(table.next_expiry(), list.iter().filter_map(|(pending, _)| pending.expires()).min());
                let put_off = list.iter().map(|(pending, _)| pending.not_before).filter(|at| *at > 0);
                prop_assert_eq!(table.next_send(), put_off.min());
            }
        }
    }
}
