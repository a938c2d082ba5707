//! `ClientSession`: everything a client does between the host's call and the socket, as a pure machine.
//!
//! The driver (the SDK's engine, or a model checker) opens and closes connections, carries frames, tells the time,
//! makes the host's callbacks in the order of the outputs, and says when each has returned.
//!
//! * `client`: the surface, and login and logout as the host sees them.
//! * `link`: the connection: opening, greeting, heartbeats, loss and return.
//! * `inbound`: what the server sends, and catching up before anything is told to the host.
//! * `outbound`: requests, from the host's call to the answer.
//! * `rings`: the views of calls, and what their changes tell the host.
//! * `deliveries`: what the host has been told, and what the server may forget therefore.
//! * `withdrawn`: invites that nobody waits for any more.

mod client;
mod deliveries;
mod inbound;
mod link;
mod outbound;
mod rings;
mod withdrawn;

pub use client::{
    ClientConfig, ClientSession, ConnectionEvent, ConnectionId, ConnectionState, Input, Output, SessionEvent, Ticket,
};
