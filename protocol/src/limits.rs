//! Sizes and times that both sides keep to. Bytes are bytes of UTF-8.

/// A user ID: 1 to 32 bytes of the characters in [`crate::id::USER_ID_CHARACTERS`].
pub const USER_ID_BYTES: usize = 32;
/// A call ID: 1 to 32 visible ASCII characters.
pub const CALL_ID_BYTES: usize = 32;
/// A device ID: 1 to 64 visible ASCII characters.
pub const DEVICE_ID_BYTES: usize = 64;
/// A request ID or a session ID: 1 to 64 visible ASCII characters.
pub const OPAQUE_ID_BYTES: usize = 64;
/// A user's display name.
pub const USER_NAME_BYTES: usize = 256;
/// A user's avatar address and a user's own extended data.
pub const USER_PROFILE_BYTES: usize = 2_048;
/// `extended_data` of an invitation, an answer or a cancellation.
pub const EXTENDED_DATA_BYTES: usize = 2_048;
/// A token.
pub const TOKEN_BYTES: usize = 8_192;
/// Title of a push.
pub const PUSH_TITLE_BYTES: usize = 256;
/// Content of a push.
pub const PUSH_CONTENT_BYTES: usize = 1_024;
/// Payload of a push.
pub const PUSH_PAYLOAD_BYTES: usize = 2_048;
/// Each of the other texts of a push: resources ID, thread ID, VoIP handle.
pub const PUSH_TEXT_BYTES: usize = 256;

/// Users invited at once.
pub const INVITEES: usize = 9;
/// Users named in one request before duplicates and the caller are taken out.
pub const INVITEES_NAMED: usize = 100;
/// An invitation rings for 1 to 600 s.
pub const TIMEOUT_S: core::ops::RangeInclusive<u32> = 1..=600;
/// What a missing or zero timeout means.
pub const TIMEOUT_DEFAULT_S: u32 = 90;

/// A request is waited for at most this long.
pub const REQUEST_TTL_MS: core::ops::RangeInclusive<u32> = 1..=60_000;
/// What a missing time to live means.
pub const REQUEST_TTL_DEFAULT_MS: u32 = 10_000;

/// Calls named in a resume.
pub const RESUME_CALLS: usize = 100;

/// Largest frame that a client may send.
pub const CLIENT_FRAME_BYTES: usize = 64 * 1024;
/// Largest frame that a server may send.
pub const SERVER_FRAME_BYTES: usize = 1024 * 1024;
/// Events a server sends beyond the last acknowledged one before it waits for the acknowledgement.
pub const EVENT_WINDOW: u64 = 512;

/// A client pings this often unless the server announces another interval.
pub const HEARTBEAT_INTERVAL_MS: u32 = 10_000;
/// After this long without a sign the other side counts as gone, unless announced otherwise.
pub const HEARTBEAT_TIMEOUT_MS: u32 = 35_000;

/// An invitation that no device has received after this long is NotYetReceived, where asked for.
pub const NOT_RECEIVED_AFTER_MS: u64 = 5_000;
/// A ring ends by itself this long after its time has run out, if nothing was heard.
pub const RING_GRACE_MS: u64 = 1_000;

/// One part of an uploaded log.
pub const LOG_PART_BYTES: usize = 24 * 1024;
/// Parts of an uploaded log.
pub const LOG_PARTS: u32 = 16;
