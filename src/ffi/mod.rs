//! The C ABI: pointers, strings, guards, handles. `include/zim.h` is made from the files of this folder.
//!
//! An exported function is guard → pointers → convert in → one call into `client` → convert out → code. What it
//! means is said in its documentation, which the header carries.

// The documentation is the header's: it tells a C reader what each pointer must be.
#![allow(clippy::missing_safety_doc)]

mod arena;
mod call;
mod code;
mod delivery;
mod error;
mod event;
mod guard;
mod handle;
mod handler;
mod info;
mod library;
mod life;
mod log;
mod push;
mod session;
mod sized;
#[cfg(feature = "test-hooks")]
mod test_hooks;
mod text;

#[cfg(test)]
mod tests;
