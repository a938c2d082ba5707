//! `ClientSession`: scripts of inputs, and the outputs that must follow, word for word.

mod acks;
mod catching_up;
mod link;
mod login;
mod properties;
mod requests;
mod rings;
mod support;
mod withdrawal;
