//! libzim: call invitations for apps and games.
//!
//! Layers, each importing only downwards: `ffi` (the C ABI) → `client` (the same verbs, safe) → `engine` (socket,
//! timers, reconnect) and `dispatch` (the host's callbacks, in order) → `zim_core` → `zim_protocol`.

mod client;
mod dispatch;
mod engine;
mod ffi;
mod log;
