//! What the bench compares with: the least program that takes a text message from one WebSocket client to another,
//! and a client that measures it the way `xtask/bench/latency.c` measures libzim.

mod client;
mod serve;

use std::process::ExitCode;

const HELP: &str = "\
bench-relay serve                                    listens on a free port of the loopback address and says where
bench-relay client URL COUNT PER_SECOND BYTES FORM   prints one latency in ns a line; FORM is `threads` or `bare`
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        ["serve"] => serve::run(),
        ["client", url, count, rate, bytes, form] => {
            client::Plan::read(url, count, rate, bytes, form).and_then(|plan| client::run(&plan))
        }
        _ => Err(HELP.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-relay: {error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// One thread, as little as can be: both programs run on it.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// The small buffers that server and library use.
fn config() -> tokio_tungstenite::tungstenite::protocol::WebSocketConfig {
    tokio_tungstenite::tungstenite::protocol::WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0)
}
