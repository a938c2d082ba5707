//! Requests that wait for their answer.
//!
//! A request is entered before it is sent and leaves exactly once: with its answer, or when its time is up, or when
//! the session ends. On a new connection everything that is still here is sent again under the same ID; the server
//! answers what it has already done instead of doing it twice.

use zim_protocol::frame::{Request, RequestBody};
use zim_protocol::id::RequestId;
use zim_protocol::limits;

use crate::Millis;
use crate::session::{ConnectionId, Ticket};

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
    /// The last connection that it went out on.
    sent_on: Option<ConnectionId>,
    /// Sent before on an earlier connection: its answer must reach the host before what that connection missed.
    holds_events: bool,
    /// Not to be sent earlier.
    not_before: Option<Millis>,
}

impl Pending {
    pub fn new(id: RequestId, owner: Owner, body: RequestBody) -> Pending {
        Pending { id, owner, body, sent_on: None, holds_events: false, not_before: None }
    }

    /// Sent from `at` on.
    pub fn not_before(mut self, at: Millis) -> Pending {
        self.not_before = Some(at);
        self
    }

    /// Whether the server may have seen it.
    pub fn was_sent(&self) -> bool {
        self.sent_on.is_some()
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

/// In the order in which the requests were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PendingRequests {
    entries: Vec<Pending>,
}

impl PendingRequests {
    pub fn enter(&mut self, pending: Pending) {
        self.entries.push(pending);
    }

    /// The request that an answer names leaves the table.
    pub fn take(&mut self, id: &RequestId) -> Option<Pending> {
        let at = self.entries.iter().position(|entry| entry.id == *id)?;
        Some(self.entries.remove(at))
    }

    /// The requests whose time is up leave the table.
    pub fn take_expired(&mut self, now: Millis) -> Vec<Pending> {
        self.entries.extract_if(.., |entry| entry.expires().is_some_and(|at| at <= now)).collect()
    }

    /// Every request leaves the table.
    pub fn take_all(&mut self) -> Vec<Pending> {
        std::mem::take(&mut self.entries)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Pending> {
        self.entries.iter()
    }

    /// A connection stands on which nothing has been sent yet. Requests of the host that went out on an earlier one
    /// hold back the events that were missed.
    pub fn reconnected(&mut self) {
        for entry in &mut self.entries {
            entry.holds_events = match entry.owner {
                Owner::Host { .. } => entry.was_sent(),
                Owner::Internal => false,
            };
        }
    }

    /// Whether some request that was sent again is still unanswered.
    pub fn hold_events(&self) -> bool {
        self.entries.iter().any(|entry| entry.holds_events)
    }

    /// What has not gone out on this connection yet and may now, in order. Counts as sent.
    pub fn to_send(&mut self, now: Millis, connection: ConnectionId) -> Vec<Request> {
        let unsent = self
            .entries
            .iter_mut()
            .filter(|entry| entry.sent_on != Some(connection) && entry.not_before.is_none_or(|at| at <= now));
        unsent
            .map(|entry| {
                entry.sent_on = Some(connection);
                entry.not_before = None;
                entry.request(now)
            })
            .collect()
    }

    /// When the next request expires.
    pub fn next_expiry(&self) -> Option<Millis> {
        self.entries.iter().filter_map(Pending::expires).min()
    }

    /// When the next request that was put off may be sent.
    pub fn next_send(&self) -> Option<Millis> {
        self.entries.iter().filter_map(|entry| entry.not_before).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(number: u64, expires: Millis) -> Pending {
        let id = RequestId::parse(&format!("p.{number}")).unwrap();
        Pending::new(id, Owner::Host { ticket: number, expires }, RequestBody::Logout)
    }

    fn internal(number: u64) -> Pending {
        Pending::new(RequestId::parse(&format!("p.i{number}")).unwrap(), Owner::Internal, RequestBody::Logout)
    }

    fn ids(requests: &[Request]) -> Vec<(&str, u32)> {
        requests.iter().map(|request| (request.id.as_str(), request.ttl_ms)).collect()
    }

    #[test]
    fn each_request_goes_out_once_a_connection_in_order_with_the_time_left() {
        let mut table = PendingRequests::default();
        table.enter(host(1, 1_000));
        table.enter(internal(1));
        table.enter(host(2, 100_000));
        assert_eq!(ids(&table.to_send(100, 1)), [("p.1", 900), ("p.i1", 10_000), ("p.2", 60_000)]);
        assert_eq!(table.to_send(200, 1), []);
        table.enter(host(3, 500));
        assert_eq!(ids(&table.to_send(200, 1)), [("p.3", 300)]);
        assert_eq!(ids(&table.to_send(499, 2)), [("p.1", 501), ("p.i1", 10_000), ("p.2", 60_000), ("p.3", 1)]);
    }

    #[test]
    fn a_request_leaves_once() {
        let mut table = PendingRequests::default();
        table.enter(host(1, 1_000));
        table.enter(host(2, 2_000));
        table.enter(internal(1));
        assert_eq!(table.next_expiry(), Some(1_000));
        assert_eq!(table.take_expired(999), []);
        assert_eq!(table.take_expired(1_000).len(), 1);
        assert_eq!(table.take_expired(1_000), []);
        let id = RequestId::parse("p.2").unwrap();
        assert!(table.take(&id).is_some());
        assert!(table.take(&id).is_none());
        assert_eq!(table.next_expiry(), None);
        assert_eq!(table.take_all(), [internal(1)]);
    }

    #[test]
    fn only_what_the_host_had_sent_before_holds_events_back() {
        let mut table = PendingRequests::default();
        table.enter(host(1, 1_000));
        table.enter(internal(1));
        table.to_send(0, 1);
        assert!(!table.hold_events());
        table.enter(host(2, 1_000));
        table.reconnected();
        table.to_send(0, 2);
        assert!(table.hold_events());
        table.take(&RequestId::parse("p.1").unwrap());
        assert!(!table.hold_events());
    }

    #[test]
    fn what_was_put_off_waits() {
        let mut table = PendingRequests::default();
        table.enter(internal(1).not_before(500));
        assert_eq!(table.next_send(), Some(500));
        assert_eq!(table.to_send(499, 1), []);
        assert_eq!(table.to_send(500, 1).len(), 1);
        assert_eq!(table.next_send(), None);
    }
}
