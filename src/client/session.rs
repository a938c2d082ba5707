//! Logging in and out.

use zim_core::session::ConnectionState;
use zim_protocol::call::check_text;
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::RequestBody;
use zim_protocol::limits;
use zim_protocol::session::{Credentials, RenewToken};

use super::config::User;
use super::{Client, Completion};
use crate::engine::Command;

/// What the server's log calls this library.
const CLIENT: &str = concat!("libzim/", env!("CARGO_PKG_VERSION"));

impl Client {
    /// 6000111 while logged in or logging in. Goes on trying until the request's time is up.
    pub fn login(&self, user: User, token: String, done: Completion<()>) -> Result<(), Fault> {
        let shared = &self.shared;
        shared.check()?;
        let credentials = Credentials {
            app_id: shared.app_id,
            user_id: user.user_id.clone(),
            device_id: shared.device_id.clone(),
            user_name: user.user_name,
            user_avatar_url: user.user_avatar_url,
            user_extended_data: user.user_extended_data,
            token,
            app_sign: shared.app_sign.clone(),
            client: CLIENT.to_owned(),
        };
        credentials.check()?;
        let ticket = shared.completions.ticket();
        if !shared.status.begin(ticket) {
            let message = "this client is logged in, or logging in, already: log out first";
            return Err(Fault::new(Code::USER_HAS_ALREADY_LOGGED, message));
        }
        let registered = shared.completions.register(ticket, Box::new(move |outcome| done(outcome.map(|_| ()))));
        if let Err(fault) = registered {
            shared.status.end();
            return Err(fault);
        }
        *shared.user() = Some(user.user_id);
        let timeout_ms = shared.request_timeout_ms;
        shared.command(Command::Login { ticket, timeout_ms, credentials: Box::new(credentials) });
        Ok(())
    }

    /// At once towards the host, best effort towards the server. Also ends an attempt to log in.
    pub fn logout(&self) -> Result<(), Fault> {
        self.shared.check()?;
        if !self.shared.status.end() {
            return Err(Fault::new(Code::USER_IS_NOT_LOGGED, "this client is not logged in"));
        }
        self.shared.command(Command::Logout);
        Ok(())
    }

    pub fn renew_token(&self, token: String, done: Completion<()>) -> Result<(), Fault> {
        self.shared.check()?;
        check_text("token", &token, limits::TOKEN_BYTES)?;
        self.shared.check_logged_in()?;
        let body = RequestBody::RenewToken(RenewToken { token });
        self.shared.request(body, move |outcome| done(outcome.map(|_| ())))
    }

    /// Sends the newest part of the log to the server.
    pub fn upload_log(&self, done: Completion<()>) -> Result<(), Fault> {
        let shared = &self.shared;
        shared.check()?;
        shared.check_logged_in()?;
        let ticket = shared.completions.ticket();
        shared.completions.register(ticket, Box::new(move |outcome| done(outcome.map(|_| ()))))?;
        shared.command(Command::UploadLog { ticket, timeout_ms: shared.request_timeout_ms });
        Ok(())
    }

    /// Follows the host's own calls at once.
    pub fn connection_state(&self) -> ConnectionState {
        self.shared.status.state()
    }
}
