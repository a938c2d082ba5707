//! The authority over a call, from outside: what it refuses, what it does in every state, what always holds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod create;
mod properties;
mod support;
mod transitions;
