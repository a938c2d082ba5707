//! The newest lines, in memory, for uploads of hosts that write no file.

use std::collections::VecDeque;

/// Taken once, with the first line: the log of a long run costs no more than that of a short one.
const RING_BYTES: usize = 64 * 1024;

pub struct Ring {
    bytes: VecDeque<u8>,
}

impl Ring {
    pub const fn new() -> Ring {
        Ring { bytes: VecDeque::new() }
    }

    /// Adds a line, which is shorter than the ring; the oldest lines make room.
    pub fn push(&mut self, line: &str) {
        if self.bytes.capacity() == 0 {
            self.bytes.reserve_exact(RING_BYTES);
        }
        let needed = line.len() + 1;
        while self.bytes.len() + needed > RING_BYTES {
            let oldest = self.bytes.iter().position(|byte| *byte == b'\n').unwrap_or(self.bytes.len());
            self.bytes.drain(..(oldest + 1).min(self.bytes.len()));
            if self.bytes.is_empty() {
                break;
            }
        }
        self.bytes.extend(line.as_bytes());
        self.bytes.push_back(b'\n');
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_lines_make_room_line_by_line() {
        let mut ring = Ring::new();
        for number in 0..10_000 {
            ring.push(&format!("line {number}"));
        }
        let text = String::from_utf8(ring.bytes()).unwrap();
        assert!(text.len() <= RING_BYTES && text.len() > RING_BYTES - 100);
        assert!(text.ends_with("line 9998\nline 9999\n"));
        assert!(text.starts_with("line "));
        assert_eq!(ring.bytes.capacity(), RING_BYTES);
    }
}
