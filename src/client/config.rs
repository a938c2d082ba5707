//! What a client is made of, and what is allowed in it.

use std::path::PathBuf;

use zim_protocol::call::{CallMode, PushConfig};
use zim_protocol::code::Fault;
use zim_protocol::id::{DeviceId, UserId};
use zim_protocol::limits;

use crate::dispatch::CallbackMode;
use crate::engine::{Target, Trust};

#[derive(Clone, Debug)]
pub struct AppConfig {
    pub app_id: u32,
    /// 64 hexadecimal characters.
    pub app_sign: Option<String>,
    /// `ws://` or `wss://`; already resolved from the environment or the default by the caller.
    pub server_url: String,
    /// `None`: kept in the cache folder, else random.
    pub device_id: Option<DeviceId>,
    pub callback_mode: CallbackMode,
    /// 1 to 60,000; 0 means the default.
    pub request_timeout_ms: u32,
    /// PEM file of the certificate authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
}

#[derive(Clone, Debug)]
pub struct User {
    pub user_id: UserId,
    pub user_name: String,
    pub user_avatar_url: String,
    pub user_extended_data: String,
}

#[derive(Clone, Debug)]
pub struct InviteOptions {
    /// 0 means the default.
    pub timeout_s: u32,
    pub mode: CallMode,
    pub extended_data: String,
    pub not_received_check: bool,
    pub push: Option<PushConfig>,
}

/// An `AppConfig` whose parts have been looked at.
pub struct Checked {
    pub target: Target,
    pub trust: Trust,
    pub request_timeout_ms: u32,
}

impl AppConfig {
    pub fn check(&self) -> Result<Checked, Fault> {
        let target = Target::parse(&self.server_url)?;
        let trust = self.ca_file.as_deref().map_or(Ok(Trust::System), Trust::file)?;
        if let Some(sign) = &self.app_sign
            && (sign.len() != 64 || !sign.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            // Not shown: it is a secret.
            return Err(Fault::params("app sign must be 64 hexadecimal characters, or none"));
        }
        let request_timeout_ms = match self.request_timeout_ms {
            0 => limits::REQUEST_TTL_DEFAULT_MS,
            given if limits::REQUEST_TTL_MS.contains(&given) => given,
            given => {
                let (least, most) = (limits::REQUEST_TTL_MS.start(), limits::REQUEST_TTL_MS.end());
                let message =
                    format!("request timeout must be {least} to {most} ms, or 0 for the default; got {given}");
                return Err(Fault::params(message));
            }
        };
        Ok(Checked { target, trust, request_timeout_ms })
    }
}
