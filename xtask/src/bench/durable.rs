//! Invite → received when nobody hears of an invitation that is not kept, beside a bare relay and one sync of the disk.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::latency::{BYTES, PER_SECOND, run};
use super::{Bench, Report, pinned, stats};
use crate::server::Server;
use crate::{Failure, Outcome};

/// What one transaction appends to the write-ahead log, at least.
const SYNCED_BYTES: usize = 8 * 1024;
/// Invitations of the load that shows how much is written together.
const LOAD: &str = "10000";

/// The servers that are compared.
const STORES: &[&str] = &["memory", "normal", "full"];

pub fn measure(bench: &Bench, report: &mut Report) -> Outcome {
    let folder = bench.workspace.own_empty("bench-data")?;
    let servers: Vec<Server> =
        STORES.iter().map(|store| start(bench, &folder, store, "latency")).collect::<Outcome<_>>()?;
    let relay_program = bench.workspace.release().join("bench-relay");
    let relay = Server::start_program(bench.workspace, "bench-relay", pinned(0, relay_program.clone()).arg("serve"))?;
    let (count, rate) = (bench.effort.count.to_string(), PER_SECOND.to_string());
    let mut columns = vec![Vec::new(); STORES.len() + 2];
    for round in 1..=bench.effort.pairs {
        let mut figures = Vec::new();
        for server in &servers {
            let ours = bench.client(bench.program("latency")).args([&server.url, &count, &rate]);
            figures.push(run(ours, bench.effort.count)?);
        }
        let args = ["client", &relay.url, &count, &rate, &BYTES.to_string(), "threads"].map(str::to_string);
        figures.push(run(bench.client(relay_program.clone()).args(args), bench.effort.count)?);
        figures.push(syncs(&folder.join("floor"), bench.effort.count)?);
        for (column, figures) in columns.iter_mut().zip(&figures) {
            column.push(stats::percentile(figures, 50.0) / 1e3);
        }
        println!("invitations kept on disk: round {round} of {}", bench.effort.pairs);
    }
    let [memory, normal, full, relay_p50, sync] = columns.as_slice() else {
        return Err(Failure::new("a column is missing".to_string()));
    };
    let both: Vec<f64> = relay_p50.iter().zip(sync).map(|(relay, sync)| relay + sync).collect();
    let beside = "relay, same threads, + one fdatasync";
    report.add("invite → received, p50, disk, full", beside, "µs", full.clone(), both, None);
    let beside = "relay, same threads";
    report.add("invite → received, p50, disk, normal", beside, "µs", normal.clone(), relay_p50.clone(), None);
    let dearer: Vec<f64> = full.iter().zip(memory).map(|(full, memory)| full - memory).collect();
    report.add("what keeping adds to it, full", "one fdatasync", "µs", dearer, sync.clone(), None);
    drop(relay);
    for server in servers {
        server.stop()?;
    }
    load(bench, report, &folder)
}

fn start(bench: &Bench, folder: &Path, store: &str, what: &str) -> Outcome<Server> {
    let mut program = pinned(0, bench.workspace.server()).args(["--dev", "--listen", "127.0.0.1:0"]);
    if store != "memory" {
        program =
            program.arg("--data-dir").arg(folder.join(format!("{what}-{store}"))).env("ZIM_SERVER_DURABILITY", store);
    }
    Server::start_program(bench.workspace, &format!("bench-{what}-{store}"), program)
}

/// How long it takes to append to a file and to sync it, in ns, at the rate at which invitations are sent.
fn syncs(path: &Path, count: u32) -> Outcome<Vec<f64>> {
    let mut file = File::create(path)?;
    let (start, bytes) = (Instant::now(), vec![0x5a; SYNCED_BYTES]);
    let mut taken = Vec::new();
    for number in 0..count {
        let due = Duration::from_secs(1) * number / PER_SECOND;
        std::thread::sleep(due.saturating_sub(start.elapsed()));
        let begun = Instant::now();
        file.write_all(&bytes)?;
        file.sync_data()?;
        taken.push(begun.elapsed().as_nanos() as f64);
    }
    Ok(taken)
}

/// Many users at once: how many commits share a transaction.
fn load(bench: &Bench, report: &mut Report, folder: &Path) -> Outcome {
    for (store, name) in [("full", "commits a transaction under load, full"), ("normal", "the same, normal")] {
        let server = start(bench, folder, store, "load")?;
        let program = bench.client(bench.program("test_random")).env("ZIM_SERVER_URL", &server.url);
        program.args([LOAD, "1"]).run()?;
        let log = server.log.clone();
        server.stop()?;
        let text = std::fs::read_to_string(log)?;
        let line = text.lines().find(|line| line.contains("closing the store")).unwrap_or_default();
        let number = |key: &str| -> Outcome<f64> {
            let value = line.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
            let value = value.and_then(|value| value.parse().ok());
            value.ok_or_else(|| Failure::with_text(format!("the server's log has no {key}"), text.clone()))
        };
        let (commits, transactions) = (number("commits")?, number("transactions")?);
        let mean = commits / transactions.max(1.0);
        report.note(name, format!("{mean:.1} on average, {} at most; {commits} commits", number("largest")?));
    }
    Ok(())
}
