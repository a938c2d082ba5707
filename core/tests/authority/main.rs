//! The authority over a call, from outside: what it refuses, what it does in every state, what always holds.

mod create;
mod properties;

mod support;
mod transitions;
