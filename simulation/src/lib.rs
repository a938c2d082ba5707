//! Server and clients in virtual time, from a seed. `README.md` says what is checked.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test from end to end: what cannot be is to fail loudly"
)]

mod device;
mod host;
mod link;
mod mutation;
mod network;
mod rng;
mod run;
mod store;
mod told;
mod user;
mod words;
mod world;

pub use mutation::Mutation;
pub use run::{Report, run};
pub use world::{Stats, Violation};
