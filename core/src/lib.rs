//! The pure logic of call invitations.
//!
//! State machines in the form `handle(now, input, &mut outputs)` with `next_deadline()`: no clock, no IO, no
//! randomness, no hash iteration order. `now` and deadlines are milliseconds ([`Millis`]) of whatever clock the
//! driver uses: the store's on the server, a monotonic one in a client.
//!
//! * [`call`]: `CallAuthority`, the truth about one call (server), and `CallView`, what one device may know of it (client).
//! * [`session`]: `ClientSession`, everything a client does between the host's call and the socket.
//! * [`inbox`]: the bounded, ordered log of a user's events (server).
//! * [`presence`]: who displaces whom at login and resume (server).

pub mod backoff;
pub mod call;
pub mod inbox;
mod index;
pub mod pending;
pub mod presence;
pub mod session;
mod table;

/// Milliseconds of the driver's clock.
pub type Millis = u64;
