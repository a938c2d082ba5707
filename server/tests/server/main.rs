//! The server as its clients see it: real sockets, the server in the same process on a port of its own.

mod client;
mod flows;
mod sessions;
