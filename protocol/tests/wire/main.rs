//! `zim.v1` as it goes over the wire: golden files, the page that embeds them, garbage, and round trips.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod golden;
mod malformed;
mod page;
mod round_trip;
