use zim_protocol::id::CallId;

use crate::Millis;

/// Acknowledgements wait this long for company.
const ACK_AFTER_MS: Millis = 50;
/// So many events are acknowledged at once: the server's window never gets near its end with a host that keeps up.
const ACK_AT_EVENTS: u32 = 64;

/// What has been handed to the host and has not returned, and which entries of the log the server may forget.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Deliveries {
    last: u64,
    /// Handed out and not returned, in order; with the call whose invitation it shows, if it does.
    out: Vec<(u64, Option<CallId>)>,
    /// Entries of the log that were taken, in order, each with the last delivery there was by then. Once that and
    /// all before have returned, the host has seen all of the entry.
    taken: Vec<(u64, u64)>,
    /// Up to here the host has seen everything.
    seen: u64,
    /// Up to here the server has been told so on this connection.
    acknowledged: u64,
    unacknowledged: u32,
    ack_at: Option<Millis>,
}

impl Deliveries {
    /// The number of the next delivery, which is on its way now, and perhaps shows the invitation to a call.
    pub fn emitted(&mut self, shows: Option<CallId>) -> u64 {
        self.last += 1;
        self.out.push((self.last, shows));
        self.last
    }

    /// The host's callbacks for a delivery have returned: the call whose invitation has been shown by that.
    pub fn returned(&mut self, delivery: u64) -> Option<CallId> {
        let at = self.out.binary_search_by_key(&delivery, |(number, _)| *number).ok()?;
        self.out.remove(at).1
    }

    /// Entry `n` of the log has been taken; what it tells the host has been emitted.
    pub fn took(&mut self, n: u64) {
        self.taken.push((n, self.last));
    }

    /// What is to be acknowledged now, if anything.
    pub fn ack(&mut self, now: Millis) -> Option<u64> {
        let oldest_out = self.out.first().map_or(u64::MAX, |(number, _)| *number);
        let done = self.taken.partition_point(|(_, last)| *last < oldest_out);
        for (n, _) in self.taken.drain(..done) {
            self.seen = self.seen.max(n);
            self.unacknowledged = self.unacknowledged.saturating_add(1);
        }
        if self.seen <= self.acknowledged {
            return None;
        }
        let at = *self.ack_at.get_or_insert(now.saturating_add(ACK_AFTER_MS));
        if now < at && self.unacknowledged < ACK_AT_EVENTS {
            return None;
        }
        self.acknowledged = self.seen;
        self.unacknowledged = 0;
        self.ack_at = None;
        Some(self.seen)
    }

    pub fn next_ack(&self) -> Option<Millis> {
        self.ack_at
    }

    /// An acknowledgement may have been lost with its connection: the next one gets it again.
    pub fn reconnected(&mut self) {
        self.acknowledged = 0;
        self.unacknowledged = 0;
        self.ack_at = None;
    }

    /// A session begins: what is still on its way to the host of an earlier one holds nothing back in this.
    pub fn forget_session(&mut self) {
        self.out.clear();
        self.forget_log();
    }

    /// The numbers of the log mean nothing any more. Callbacks may still be on their way.
    pub fn forget_log(&mut self) {
        self.taken.clear();
        self.seen = 0;
        self.reconnected();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_acknowledged_after_its_last_delivery_has_returned() {
        let mut deliveries = Deliveries::default();
        let (first, second) = (deliveries.emitted(None), deliveries.emitted(None));
        deliveries.took(7);
        deliveries.took(9);
        let third = deliveries.emitted(None);
        deliveries.took(10);
        deliveries.returned(first);
        assert_eq!(deliveries.ack(1_000), None);
        assert_eq!(deliveries.next_ack(), None);
        deliveries.returned(second);
        assert_eq!(deliveries.ack(1_000), None);
        assert_eq!(deliveries.next_ack(), Some(1_050));
        assert_eq!(deliveries.ack(1_050), Some(9));
        assert_eq!(deliveries.ack(2_000), None);
        deliveries.returned(third);
        assert_eq!(deliveries.ack(2_000), None);
        assert_eq!(deliveries.ack(2_050), Some(10));
    }

    #[test]
    fn many_entries_do_not_wait() {
        let mut deliveries = Deliveries::default();
        for n in 1..64 {
            deliveries.took(n);
        }
        assert_eq!(deliveries.ack(0), None);
        deliveries.took(64);
        assert_eq!(deliveries.ack(0), Some(64));
    }

    #[test]
    fn a_new_connection_hears_what_the_last_one_may_have_lost() {
        let mut deliveries = Deliveries::default();
        deliveries.took(3);
        deliveries.ack(0);
        assert_eq!(deliveries.ack(50), Some(3));
        deliveries.reconnected();
        assert_eq!(deliveries.ack(60), None);
        assert_eq!(deliveries.ack(110), Some(3));
        deliveries.forget_log();
        assert_eq!(deliveries.ack(1_000), None);
    }
}
