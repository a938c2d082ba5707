//! One call: the record that a server stores, the authority that changes it, the view that a device has of it.

mod authority;
mod invitation;
mod record;
mod view;

pub use authority::{Audience, CallAuthority, Input, Notice, Output};
pub use record::{Call, Row};
pub use view::{CallView, FirstWord, HostEvent, ViewInput};
