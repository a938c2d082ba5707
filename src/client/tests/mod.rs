//! The whole client, engine and dispatcher included, against a server that does what the test says.

#![expect(clippy::wildcard_enum_match_arm, reason = "what a test does not expect, it fails on")]

mod calls;
mod delivery;
mod destroy;
mod link;
mod server;
mod tls;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use zim_core::session::{ConnectionState, SessionEvent};
use zim_protocol::call::CallMode;
use zim_protocol::code::{Code, Fault};
use zim_protocol::id::UserId;

use super::*;
use server::Server;
use zim_protocol::frame::ReplyBody;

/// Longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

fn config(url: &str) -> AppConfig {
    AppConfig {
        app_id: 1,
        app_sign: None,
        server_url: url.to_owned(),
        device_id: None,
        callback_mode: CallbackMode::Thread,
        request_timeout_ms: 0,
        ca_file: None,
    }
}

fn user(name: &str) -> User {
    User {
        user_id: UserId::parse(name).unwrap(),
        user_name: String::new(),
        user_avatar_url: String::new(),
        user_extended_data: String::new(),
    }
}

fn users(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| UserId::parse(name).unwrap()).collect()
}

fn options() -> InviteOptions {
    InviteOptions {
        timeout_s: 0,
        mode: CallMode::General,
        extended_data: String::new(),
        not_received_check: false,
        push: None,
    }
}

/// A client in thread mode and what its host hears.
struct Host {
    client: Arc<Client>,
    events: Receiver<SessionEvent>,
}

struct ToChannel(Sender<SessionEvent>);

impl Handler for ToChannel {
    fn on_event(&self, event: &SessionEvent) {
        let _ = self.0.send(event.clone());
    }
}

impl Host {
    fn new(url: &str) -> Host {
        Host::with(config(url))
    }

    fn with(config: AppConfig) -> Host {
        let client = Arc::new(Client::create(config).unwrap());
        let (to, events) = channel();
        client.set_handler(Some(Arc::new(ToChannel(to)))).unwrap();
        Host { client, events }
    }

    /// A host that is logged in, and its connection.
    fn logged_in(server: &Server) -> (Host, server::Connection) {
        let host = Host::new(&server.url());
        let done = host.login();
        let connection = server.accept_login();
        done.recv_timeout(PATIENCE).unwrap().unwrap();
        host.expect_state(ConnectionState::Connecting);
        host.expect_state(ConnectionState::Connected);
        (host, connection)
    }

    fn login(&self) -> Receiver<Result<(), Fault>> {
        let (to, done) = channel();
        self.client.login(user("alice"), "token".to_owned(), Box::new(move |result| to.send(result).unwrap())).unwrap();
        done
    }

    fn invite(&self, invitees: &[&str]) -> Receiver<(CallId, Result<(), Fault>)> {
        let (to, done) = channel();
        let completion: CallCompletion<_> =
            Box::new(move |call, result| to.send((call.clone(), result.map(|_| ()))).unwrap());
        self.client.call_invite(users(invitees), options(), completion).unwrap();
        done
    }

    fn event(&self) -> SessionEvent {
        self.events.recv_timeout(PATIENCE).unwrap()
    }

    /// The next event is this change of state; returns what it says about the cause.
    fn expect_state(&self, expected: ConnectionState) -> String {
        match self.event() {
            SessionEvent::ConnectionStateChanged { state, extended_data, .. } => {
                assert_eq!(state, expected);
                extended_data.into_iter().map(|(_, value)| value).collect::<Vec<_>>().join(" ")
            }
            other => panic!("a change of state was expected; got {other:?}"),
        }
    }
}

fn code<T>(result: Result<T, Fault>) -> Code {
    result.map_or_else(|fault| fault.code, |_| Code::SUCCESS)
}
