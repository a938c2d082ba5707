//! How long to wait before the next attempt to connect.

use crate::Millis;

/// The span of the first wait.
const FIRST_MS: Millis = 200;
/// The span of the longest waits.
const LONGEST_MS: Millis = 10_000;
/// No wait is shorter: a server that refuses at once is not asked in a tight loop.
const SHORTEST_MS: Millis = 50;

/// Exponential, with full jitter: each wait is drawn from the whole span, which doubles with every failure, so that
/// clients that lost the same server do not return together. The same seed gives the same waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Backoff {
    seed: u64,
    drawn: u64,
    failures: u32,
}

impl Backoff {
    pub fn new(seed: u64) -> Backoff {
        Backoff { seed, drawn: 0, failures: 0 }
    }

    /// The next wait: at least 50 ms, at most 200 ms after the first failure and 10 s after many.
    pub fn next_wait(&mut self) -> Millis {
        let span = FIRST_MS.saturating_mul(1 << self.failures.min(16)).min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        self.drawn = self.drawn.wrapping_add(1);
        SHORTEST_MS + mixed(self.seed, self.drawn) % (span - SHORTEST_MS + 1)
    }

    /// The link has held: the next failure is a first one again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// SplitMix64: the `drawn`-th number of the seed's sequence.
fn mixed(seed: u64, drawn: u64) -> u64 {
    let mut z = seed.wrapping_add(drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_within_a_span_that_doubles_up_to_the_longest() {
        for seed in 0..200 {
            let mut backoff = Backoff::new(seed);
            for failures in 0..12 {
                let wait = backoff.next_wait();
                let span = (200 << failures).min(10_000);
                assert!((50..=span).contains(&wait), "seed {seed}, failure {failures}: {wait}");
            }
            backoff.reset();
            assert!(backoff.next_wait() <= 200);
        }
    }

    #[test]
    fn waits_spread_over_the_whole_span_and_repeat_with_the_seed() {
        let longest = |seed| {
            let mut backoff = Backoff::new(seed);
            (0..8).map(|_| backoff.next_wait()).last().unwrap()
        };
        let waits: Vec<_> = (0..400).map(longest).collect();
        assert_eq!(waits, (0..400).map(longest).collect::<Vec<_>>());
        assert!(waits.iter().any(|wait| *wait < 1_000) && waits.iter().any(|wait| *wait > 9_000));
        let mean = waits.iter().sum::<u64>() / 400;
        assert!((4_000..6_000).contains(&mean), "{mean}");
    }
}
