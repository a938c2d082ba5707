//! Sessions: one connection's life, login and resume, and how sessions end.

mod connection;
mod end;
mod identity;
mod log;
mod login;
mod registry;
mod upload;

pub use connection::Connection;
pub(crate) use end::expire;
pub use registry::Registry;
