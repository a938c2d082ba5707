//! `ClientSession`: everything a client does between the host's call and the socket, as a pure machine.
//!
//! The driver (the SDK's engine, or a model checker) opens and closes connections, carries frames, tells the time,
//! makes the host's callbacks in the order of the outputs, and says when each has returned.

mod client;

pub use client::{ClientConfig, ClientSession, ConnectionEvent, ConnectionId, ConnectionState, Input, Output, SessionEvent, Ticket};
