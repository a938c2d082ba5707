//! The server's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;
use zim_core::Millis;

/// Unix milliseconds that only ever go forward: the wall clock is read once, when the clock is made, and time
/// passes with tokio's monotonic clock from there. It stands still with tokio's time in tests.
///
/// A store that outlives its process goes on with [`Clock::at`]: deadlines that it has kept must not move when somebody
/// has set the wall clock meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    unix_at_start: Millis,
    start: Instant,
}

impl Clock {
    pub fn new() -> Clock {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock { unix_at_start: whole_millis(unix), start: Instant::now() }
    }

    /// A clock that shows this time now.
    pub fn at(unix: Millis) -> Clock {
        Clock { unix_at_start: unix, start: Instant::now() }
    }

    pub fn now(&self) -> Millis {
        self.unix_at_start + whole_millis(self.start.elapsed())
    }
}

/// How long the machine has been running; `None` where it does not say. No clock that can be set.
pub fn uptime() -> Option<Millis> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().map(whole_millis)
}

impl Default for Clock {
    fn default() -> Self {
        Clock::new()
    }
}

fn whole_millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
