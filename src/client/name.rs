//! Names that the client makes up: call IDs, device IDs, the beginning of its request IDs.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use zim_protocol::code::{Code, Fault};
use zim_protocol::id::CallId;

/// Crockford's base32: sorts as the numbers do, and has no letters that look like digits.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RANDOM_BITS: u32 = 80;

/// Makes call IDs: 48 bits of Unix milliseconds and 80 random ones, 26 characters. Sortable by time, and within one
/// client strictly ascending; nobody can guess one, nor the next from the last.
#[derive(Default)]
pub struct CallIds {
    last: Mutex<u128>,
}

impl CallIds {
    pub fn next(&self) -> Result<CallId, Fault> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let random = random()?;
        CallId::parse(&base32(self.after_last(since.as_millis(), random), 26))
    }

    fn after_last(&self, unix_ms: u128, random: u128) -> u128 {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = ((unix_ms & ((1 << 48) - 1)) << RANDOM_BITS) | (random & ((1 << RANDOM_BITS) - 1));
        // A second one in the same millisecond, or after the clock was set back: a random step further.
        *last = if fresh > *last { fresh } else { last.saturating_add(1 + (random & u128::from(u64::MAX))) };
        *last
    }
}

/// 16 characters that nobody can guess.
pub fn unguessable() -> Result<String, Fault> {
    Ok(base32(random()? & ((1 << RANDOM_BITS) - 1), 16))
}

pub fn random_number() -> Result<u64, Fault> {
    getrandom::u64().map_err(no_randomness)
}

fn random() -> Result<u128, Fault> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(no_randomness)?;
    Ok(u128::from_le_bytes(bytes))
}

fn no_randomness(error: getrandom::Error) -> Fault {
    Fault::new(Code::INTERNAL_ERROR, format!("this system gives no random numbers: {error}"))
}

fn base32(number: u128, digits: u32) -> String {
    let digit = |at: u32| {
        let value = (number >> (5 * at)) & 31;
        DIGITS.get(value as usize).copied().map_or('0', char::from)
    };
    (0..digits).rev().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_ids_are_sortable_by_time_and_differ() {
        let ids = CallIds::default();
        let made: Vec<CallId> = (0..10_000).map(|_| ids.next().unwrap()).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(made.iter().all(|id| id.as_str().len() == 26));
    }

    #[test]
    fn a_clock_that_goes_back_makes_no_earlier_id() {
        let ids = CallIds::default();
        let first = ids.after_last(1_000, 7);
        assert_eq!(first >> 80, 1_000);
        let second = ids.after_last(999, 5);
        assert_eq!(second, first + 6);
        assert_eq!(ids.after_last(1_001, 0), 1_001 << 80);
    }

    #[test]
    fn numbers_are_written_in_base32() {
        assert_eq!(base32(0, 3), "000");
        assert_eq!(base32(31 * 32 + 10, 2), "ZA");
        assert_eq!(base32(u128::MAX, 26), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
        assert_eq!(unguessable().unwrap().len(), 16);
    }
}
