//! Invite → received through server and library, beside a bare relay of the same number of hops.

use std::time::Duration;

use super::{Bench, Report, pinned, stats};
use crate::process::Program;
use crate::server::Server;
use crate::{Failure, Outcome};

/// Invitations a second: far below what either can do, so that nothing waits in a queue.
pub const PER_SECOND: u32 = 250;
/// About what an invitation's event has on the wire.
pub const BYTES: usize = 340;
/// A round in which the machine was lent to others for more than this part of the time does not count.
const STEAL: f64 = 0.02;
/// Rounds that may be thrown away for it.
const SPARE: usize = 4;
/// What the product promises of the median.
const P50_LIMIT: f64 = 2.0;

pub fn measure(bench: &Bench, report: &mut Report) -> Outcome {
    let server = Server::start_program(
        bench.workspace,
        "bench",
        pinned(0, bench.workspace.server()).args(["--dev", "--listen", "127.0.0.1:0"]),
    )?;
    let relay_program = bench.workspace.release().join("bench-relay");
    let relay = Server::start_program(bench.workspace, "bench-relay", pinned(0, relay_program.clone()).arg("serve"))?;
    let count = bench.effort.count.to_string();
    let rate = PER_SECOND.to_string();
    let ours = || bench.client(bench.program("latency")).args([&server.url, &count, &rate]);
    let floor = |form: &str| {
        let args = ["client", &relay.url, &count, &rate, &BYTES.to_string(), form].map(str::to_string);
        bench.client(relay_program.clone()).args(args)
    };

    let mut rounds: Vec<[Vec<f64>; 3]> = Vec::new();
    let mut dropped = 0_usize;
    while rounds.len() < bench.effort.pairs {
        let before = Ticks::read();
        let round = [
            run(ours(), bench.effort.count)?,
            run(floor("threads"), bench.effort.count)?,
            run(floor("bare"), bench.effort.count)?,
        ];
        if Ticks::read().stolen_since(before) > STEAL && dropped < SPARE {
            dropped += 1;
            continue;
        }
        rounds.push(round);
        println!("invitation latency: round {} of {}", rounds.len(), bench.effort.pairs);
    }
    for (name, per_cent, limit) in
        [("invite → received, p50", 50.0, Some(P50_LIMIT)), ("invite → received, p99", 99.0, None)]
    {
        let column = |form: usize| -> Vec<f64> {
            rounds
                .iter()
                .filter_map(|round| round.get(form))
                .map(|values| stats::percentile(values, per_cent) / 1e3)
                .collect()
        };
        report.add(name, "bare two-hop relay, same threads", "µs", column(0), column(1), limit);
        report.add(name, "bare two-hop relay, one thread", "µs", column(0), column(2), None);
    }
    report.note("invitations a round", bench.effort.count);
    report.note("rounds dropped for stolen time", dropped);
    drop(relay);
    server.stop()
}

/// The latencies that a client printed, in ns: exactly as many as it was asked for.
pub fn run(program: Program, count: u32) -> Outcome<Vec<f64>> {
    let ended = program.limit(Duration::from_secs(120)).run()?;
    let values: Vec<f64> = ended.text.lines().filter_map(|line| line.parse().ok()).collect();
    if values.len() != count as usize {
        return Err(Failure::with_text(format!("{} latencies instead of {count}", values.len()), ended.text));
    }
    Ok(values)
}

/// The machine's processor time so far.
#[derive(Clone, Copy, Debug, Default)]
struct Ticks {
    all: f64,
    stolen: f64,
}

impl Ticks {
    fn read() -> Ticks {
        let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        let numbers: Vec<f64> =
            text.lines().next().unwrap_or_default().split_whitespace().skip(1).filter_map(|n| n.parse().ok()).collect();
        Ticks { all: numbers.iter().take(8).sum(), stolen: numbers.get(7).copied().unwrap_or(0.0) }
    }

    fn stolen_since(self, before: Ticks) -> f64 {
        (self.stolen - before.stolen) / (self.all - before.all).max(1.0)
    }
}
