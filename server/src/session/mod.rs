//! Sessions: one connection's life, login and resume, and how sessions end.

mod connection;
mod end;
mod identity;
mod log;
mod login;
mod registry;
mod upload;

pub use connection::Connection;
pub(crate) use end::{expire, wait_for_all};
pub use registry::Registry;
