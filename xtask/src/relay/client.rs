//! Two connections in one process, like the two clients of `xtask/bench/latency.c`: a ring goes one way and is
//! timed, an answer goes back and is not.

use std::io::Write;
use std::sync::mpsc as std_mpsc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::{Outcome, config, runtime};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const WARM_UP: u32 = 50;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As in libzim: the host's thread hands over to a socket thread, which hands over to a callback thread.
    Threads,
    /// One thread does everything.
    Bare,
}

#[derive(Clone, Debug)]
pub struct Plan {
    url: String,
    count: u32,
    interval: Duration,
    bytes: usize,
    form: Form,
}

impl Plan {
    pub fn read(url: &str, count: &str, rate: &str, bytes: &str, form: &str) -> Outcome<Plan> {
        let form = match form {
            "threads" => Form::Threads,
            "bare" => Form::Bare,
            other => return Err(format!("`{other}` is no form: threads or bare").into()),
        };
        let interval = Duration::from_secs(1) / rate.parse::<u32>()?.max(1);
        Ok(Plan { url: url.to_string(), count: count.parse()?, interval, bytes: bytes.parse()?, form })
    }

    fn rounds(&self) -> u32 {
        self.count + WARM_UP
    }

    /// The message of a round: its number, filled up to the size of an invitation.
    fn ring(&self, round: u32) -> Message {
        Message::text(format!("{round:0width$}", width = self.bytes))
    }
}

pub fn run(plan: &Plan) -> Outcome {
    let latencies = match plan.form {
        Form::Threads => threads(plan)?,
        Form::Bare => bare(plan)?,
    };
    let mut out = std::io::stdout().lock();
    for latency in latencies.iter().skip(WARM_UP as usize) {
        writeln!(out, "{}", latency.as_nanos())?;
    }
    Ok(())
}

async fn connect(url: &str) -> Outcome<Socket> {
    let (socket, _) = tokio_tungstenite::connect_async_with_config(url, Some(config()), true).await?;
    Ok(socket)
}

fn number_of(message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>) -> Outcome<u32> {
    let message = message.ok_or("the relay closed the connection")??;
    Ok(message.to_text()?.trim_start_matches('0').parse().unwrap_or(0))
}

fn check(expected: u32, found: u32) -> Outcome {
    if expected == found { Ok(()) } else { Err(format!("round {expected} brought message {found}").into()) }
}

fn bare(plan: &Plan) -> Outcome<Vec<Duration>> {
    runtime()?.block_on(async {
        let (mut caller, mut callee) = (connect(&plan.url).await?, connect(&plan.url).await?);
        let mut latencies = Vec::with_capacity(plan.rounds() as usize);
        let began = Instant::now();
        for round in 0..plan.rounds() {
            // The same way of waiting as the other form, so that only the hand-overs differ.
            sleep_until(began + plan.interval * round);
            let sent = Instant::now();
            caller.send(plan.ring(round)).await?;
            check(round, number_of(callee.next().await)?)?;
            latencies.push(sent.elapsed());
            callee.send(Message::text(round.to_string())).await?;
            check(round, number_of(caller.next().await)?)?;
        }
        Ok(latencies)
    })
}

/// What the callback thread learns.
enum Arrived {
    Ring(u32),
    Answer(u32),
}

fn threads(plan: &Plan) -> Outcome<Vec<Duration>> {
    let (to_caller, from_host) = mpsc::unbounded_channel::<Message>();
    let (to_callee, from_callee_host) = mpsc::unbounded_channel::<Message>();
    let (to_callbacks, arrived) = std_mpsc::channel();
    let (ready, wait_ready) = std_mpsc::channel();
    let url = plan.url.clone();
    let sockets = std::thread::spawn(move || -> Outcome {
        runtime()?.block_on(async move {
            let (caller, callee) = (connect(&url).await?, connect(&url).await?);
            ready.send(())?;
            let ring = to_callbacks.clone();
            tokio::try_join!(
                pump(caller, from_host, move |n| to_callbacks.send(Arrived::Answer(n)).is_ok()),
                pump(callee, from_callee_host, move |n| ring.send(Arrived::Ring(n)).is_ok()),
            )?;
            Ok(())
        })
    });
    // The callback thread only stamps, as a host's callback would, and wakes the host.
    let (to_host, host_inbox) = std_mpsc::channel();
    std::thread::spawn(move || {
        for event in arrived {
            if to_host.send((event, Instant::now())).is_err() {
                break;
            }
        }
    });
    if wait_ready.recv_timeout(PATIENCE).is_err() {
        return sockets.join().map_err(|_| "the socket thread failed")?.map(|()| Vec::new());
    }
    let mut latencies = Vec::with_capacity(plan.rounds() as usize);
    let began = Instant::now();
    for round in 0..plan.rounds() {
        sleep_until(began + plan.interval * round);
        let sent = Instant::now();
        to_caller.send(plan.ring(round))?;
        match host_inbox.recv_timeout(PATIENCE)? {
            (Arrived::Ring(number), at) => {
                check(round, number)?;
                latencies.push(at.duration_since(sent));
            }
            (Arrived::Answer(number), _) => return Err(format!("answer {number} came before its ring").into()),
        }
        to_callee.send(Message::text(round.to_string()))?;
        match host_inbox.recv_timeout(PATIENCE)? {
            (Arrived::Answer(number), _) => check(round, number)?,
            (Arrived::Ring(number), _) => return Err(format!("ring {number} came twice").into()),
        }
    }
    drop((to_caller, to_callee));
    sockets.join().map_err(|_| "the socket thread failed")??;
    Ok(latencies)
}

/// Sends what the host hands over, hands over what arrives.
async fn pump(
    mut socket: Socket,
    mut outgoing: mpsc::UnboundedReceiver<Message>,
    arrived: impl Fn(u32) -> bool,
) -> Outcome {
    loop {
        tokio::select! {
            message = outgoing.recv() => match message {
                Some(message) => socket.send(message).await?,
                None => return Ok(()),
            },
            frame = socket.next() => {
                if !arrived(number_of(frame)?) {
                    return Ok(());
                }
            }
        }
    }
}

fn sleep_until(at: Instant) {
    std::thread::sleep(at.saturating_duration_since(Instant::now()));
}
