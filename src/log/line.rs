//! What a line looks like: `2026-11-23T20:12:05.123Z INFO  client 3: connected to ws://127.0.0.1:8790/zim`.

use std::fmt::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Level;

/// Longer lines are cut.
const LINE_BYTES: usize = 2_000;

pub fn compose(level: Level, text: fmt::Arguments<'_>) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut line = String::with_capacity(128);
    stamp(&mut line, since.as_secs(), since.subsec_millis());
    line.push_str(match level {
        Level::Debug => " DEBUG ",
        Level::Info => " INFO  ",
        Level::Warning => " WARN  ",
        Level::Error => " ERROR ",
    });
    // Writing to a String cannot fail; a Display that does leaves a shorter line.
    let _ = line.write_fmt(text);
    if line.len() > LINE_BYTES {
        let at = (0..=LINE_BYTES).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        line.truncate(at);
        line.push('…');
    }
    if line.contains(char::is_control) {
        line = line.replace(char::is_control, " ");
    }
    line
}

/// The end of a log, at most `most` bytes of it, beginning with a whole line. A file may hold anything by now: what
/// would grow when it is sent becomes a blank.
pub fn clean(text: &str, most: usize) -> String {
    let from = text.len().saturating_sub(most);
    let text = (from..=text.len()).find_map(|from| text.get(from..)).unwrap_or_default();
    text.replace(|c: char| c.is_control() && c != '\n', " ")
}

fn stamp(line: &mut String, unix_s: u64, ms: u32) {
    let (days, second) = (unix_s / 86_400, unix_s % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let _ = write!(line, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z");
}

/// Year, month and day in the Gregorian calendar of a day counted from 1970-01-01. Counts in years that begin in
/// March, so that the leap day comes last, and in eras of 400 years, which are all alike.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_around_leap_days() {
        for (unix_s, expected) in [
            (0, "1970-01-01T00:00:00.007Z"),
            (951_782_399, "2000-02-28T23:59:59.007Z"),
            (951_782_400, "2000-02-29T00:00:00.007Z"),
            (1_700_000_000, "2023-11-14T22:13:20.007Z"),
            (4_107_542_400, "2100-03-01T00:00:00.007Z"),
        ] {
            let mut line = String::new();
            stamp(&mut line, unix_s, 7);
            assert_eq!(line, expected);
        }
    }

    #[test]
    fn a_line_is_one_line_and_not_endless() {
        let line = compose(Level::Warning, format_args!("a\nb\u{7}c{}", "ü".repeat(2_000)));
        assert!(line.contains(" WARN  a b c"), "{line}");
        assert!(line.len() < LINE_BYTES + 8);
    }

    #[test]
    fn a_tail_is_cut_at_a_character() {
        assert_eq!(clean("üü", 3), "ü");
        assert_eq!(clean("a\nb\u{1}", 10), "a\nb ");
    }
}
