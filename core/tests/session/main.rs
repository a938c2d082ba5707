//! `ClientSession`: scripts of inputs, and the outputs that must follow, word for word.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::wildcard_enum_match_arm)]

mod acks;
mod catching_up;
mod link;
mod login;
mod properties;
mod requests;
mod rings;
mod support;
mod withdrawal;
