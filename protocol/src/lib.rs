//! `zim.v1`: what libzim and zim-server say to each other.
//!
//! Plain data only: wire types, limits and error codes, one definition for both sides.
//! `docs/protocol.md` describes the same messages for people who write their own client.

pub mod call;
pub mod code;
pub mod frame;
pub mod id;
pub mod json;
pub mod limits;
pub mod session;

mod read;
mod write;

/// The WebSocket subprotocol that both sides name in the handshake.
pub const SUBPROTOCOL: &str = "zim.v1";

/// The path of the signalling endpoint.
pub const PATH: &str = "/zim";

/// The port that a server listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 8790;
