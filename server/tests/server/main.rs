//! The server as its clients see it: real sockets, the server in the same process on a port of its own.

// A test fails by panicking, and on every frame that it does not expect.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::wildcard_enum_match_arm)]

mod client;
mod failing;
mod flows;
mod hostile;
mod process;
mod races;
mod restart;
mod sessions;
mod uploads;
