//! Whether somebody is who they say they are.

use zim_protocol::code::{Code, Fault};

use crate::config::Config;

/// Returns for how many seconds the proof holds, or `None` for one without an end.
pub(super) fn verify(config: &Config) -> Result<Option<u32>, Fault> {
    match config.dev {
        // Any user and any token: the address was checked to be a loopback one.
        true => Ok(None),
        false => Err(Fault::new(Code::TOKEN_INVALID, "this server cannot check tokens yet")),
    }
}
