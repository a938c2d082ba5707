//! The log on its way to the server, part by part.

use std::collections::VecDeque;

use zim_core::session::Ticket;
use zim_protocol::frame::RequestBody;
use zim_protocol::limits;
use zim_protocol::session::UploadLog;

/// One upload: the host's ticket, and the parts that have not been sent.
pub struct Upload {
    pub ticket: Ticket,
    pub timeout_ms: u32,
    parts: u32,
    left: VecDeque<String>,
}

impl Upload {
    pub fn new(ticket: Ticket, timeout_ms: u32, text: &str) -> Upload {
        let left = parts(text);
        Upload { ticket, timeout_ms, parts: u32::try_from(left.len()).unwrap_or(u32::MAX), left }
    }

    /// The next part; `None` when all have been sent.
    pub fn next(&mut self) -> Option<RequestBody> {
        let text = self.left.pop_front()?;
        let left = u32::try_from(self.left.len()).unwrap_or(u32::MAX);
        Some(RequestBody::UploadLog(UploadLog { part: self.parts - 1 - left, parts: self.parts, text }))
    }
}

/// Cut at characters, never empty.
fn parts(mut text: &str) -> VecDeque<String> {
    let mut parts = VecDeque::new();
    loop {
        let most = text.len().min(limits::LOG_PART_BYTES);
        let at = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let (part, rest) = text.split_at(at);
        parts.push_back(part.to_owned());
        if rest.is_empty() || parts.len() as u32 == limits::LOG_PARTS {
            return parts;
        }
        text = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str) -> Vec<UploadLog> {
        let mut upload = Upload::new(1, 1_000, text);
        let mut sent = Vec::new();
        while let Some(RequestBody::UploadLog(part)) = upload.next() {
            sent.push(part);
        }
        sent
    }

    #[test]
    fn a_log_is_sent_in_parts_that_fit() {
        let text = "ü".repeat(limits::LOG_PART_BYTES / 2 + 1) + "x";
        let parts = sent(&text);
        assert_eq!(parts.iter().map(|part| (part.part, part.parts)).collect::<Vec<_>>(), [(0, 2), (1, 2)]);
        assert!(parts.iter().all(|part| part.text.len() <= limits::LOG_PART_BYTES));
        assert_eq!(parts.into_iter().map(|part| part.text).collect::<String>(), text);
        assert_eq!(sent("").len(), 1);
    }

    #[test]
    fn an_endless_log_ends() {
        let parts = sent(&"x".repeat(limits::LOG_PART_BYTES * 20));
        assert_eq!(parts.len() as u32, limits::LOG_PARTS);
    }
}
