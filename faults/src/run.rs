//! A run: start everything, let faults happen, heal everything, wait until all is quiet, check.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep};

use crate::check::{self, Findings, Peaks};
use crate::faults::{self, Done, Scene};
use crate::history::now;
use crate::options::{Options, Scenario};
use crate::processes::{Server, WallClock, Worker};
use crate::proxy::{Proxy, Weather};
use crate::timeline::{Spans, Timeline};
use crate::worker::Manner;

/// For everything to start, and for everything to become quiet.
const PATIENCE: Duration = Duration::from_secs(60);
/// After this long every deadline has passed, and every ring has ended: the longest time-out, and what is granted.
const LAST_DEADLINE: Duration = Duration::from_secs(8);
/// After this long without a sign every session has ended: the heartbeat's time-out, and a second.
const LAST_SESSION: Duration = Duration::from_millis(2_750);
/// Of the scenario with the kill: for each caller. Half of the users are callers.
const PENDING: u32 = 1_000;

/// Runs it; false when something was violated.
pub fn run(options: &Options) -> Result<bool, String> {
    let folder = options
        .folder
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("zim-faults-{}-{}", options.seed, std::process::id())));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    println!("seed {}, data and histories in {}", options.seed, folder.display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let good = LocalSet::new().block_on(&runtime, whole(options, &folder))?;
    if good && !options.keep && options.folder.is_none() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    Ok(good)
}

async fn whole(options: &Options, folder: &Path) -> Result<bool, String> {
    let clock = WallClock::new(options, folder).await?;
    let proxy = Proxy::start(options.users).await.map_err(|error| error.to_string())?;
    let workers = options.workers as usize;
    let timeline = Timeline {
        worker_stopped: vec![Spans::default(); workers],
        worker_killed: vec![Vec::new(); workers],
        ..Timeline::default()
    };
    let scene = Rc::new(Scene {
        options: options.clone(),
        folder: folder.to_path_buf(),
        clock,
        proxy,
        timeline: RefCell::new(timeline),
        done: RefCell::new(Done::default()),
        until: Instant::now() + Duration::from_secs(options.seconds),
    });
    let meter = spawn_local(faults::meter(scene.clone()));
    // The server's clock starts with the wall's, which has not jumped yet.
    let offset_ms = unix_ms() as i64 - (now() / 1_000) as i64;
    let server = scene.start_server().await?;
    let manner = match options.scenario {
        Scenario::Run => Manner::Random,
        Scenario::KillPending => Manner::Pending(PENDING / (options.users / 2)),
    };
    let mut started = Vec::new();
    for at in 0..workers {
        let settings = scene.settings(at, 0, manner);
        started.push(Worker::start(&settings, &folder.join("workers.log"), &scene.clock)?);
    }
    for worker in &mut started {
        worker.says("ready", PATIENCE).await?;
    }
    let (server, started) = match options.scenario {
        Scenario::Run => at_random(&scene, server, started).await?,
        Scenario::KillPending => kill_pending(&scene, server, started).await?,
    };
    let (peaks, quiet) = settle(&scene, server, started).await?;
    meter.abort();
    scene.timeline.borrow_mut().passed = scene.proxy.routes.iter().map(|route| route.passed()).collect();
    let timeline = scene.timeline.borrow();
    let mut inputs = check::Inputs {
        folder,
        users: options.users,
        share: scene.share(),
        timeline: timeline.clone(),
        offset_ms,
        peaks,
        pending: (options.scenario == Scenario::KillPending).then_some(PENDING),
    };
    let mut findings = check::check(&mut inputs)?;
    findings.violations.extend(quiet.err().map(check::Violation::plain));
    report(&scene, &timeline, &findings);
    Ok(findings.violations.is_empty())
}

fn unix_ms() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

async fn at_random(scene: &Rc<Scene>, server: Server, workers: Vec<Worker>) -> Result<(Server, Vec<Worker>), String> {
    let lines: Vec<_> =
        (0..scene.options.users as usize).map(|user| spawn_local(faults::line(scene.clone(), user))).collect();
    let clock = spawn_local(faults::clock(scene.clone()));
    let both = tokio::join!(faults::server(scene.clone(), server), faults::workers(scene.clone(), workers));
    clock.await.map_err(|error| error.to_string())??;
    for line in lines {
        line.await.map_err(|error| error.to_string())?;
    }
    Ok((both.0?, both.1?))
}

/// Kills the server when one half of the invitations is made, and again when all are pending.
async fn kill_pending(
    scene: &Rc<Scene>,
    mut server: Server,
    mut workers: Vec<Worker>,
) -> Result<(Server, Vec<Worker>), String> {
    let mut sent = 0;
    for goal in [PENDING / 2, PENDING] {
        let limit = Instant::now() + PATIENCE;
        while sent < goal {
            for worker in &mut workers {
                while worker.said.try_recv().is_ok() {
                    sent += 1;
                }
            }
            if Instant::now() > limit {
                return Err(format!("only {sent} of {goal} invitations were made"));
            }
            sleep(Duration::from_millis(1)).await;
        }
        scene.kill_server(server).await?;
        server = scene.start_server().await?;
    }
    Ok((server, workers))
}

/// Heals everything and waits until it is quiet; then ends it all, in order.
async fn settle(
    scene: &Rc<Scene>,
    mut server: Server,
    mut workers: Vec<Worker>,
) -> Result<(Peaks, Result<(), String>), String> {
    for route in &scene.proxy.routes {
        route.set(|weather| *weather = Weather::default());
        if scene.options.scenario == Scenario::Run {
            // What was swallowed stays so for a connection.
            route.cut();
        }
    }
    for worker in &mut workers {
        worker.tell("settle").await?;
    }
    // Real deadlines have to pass: no event tells that none will follow.
    sleep(LAST_DEADLINE).await;
    let mut quiet = Ok(());
    for (at, worker) in workers.iter_mut().enumerate() {
        while worker.said.try_recv().is_ok() {}
        quiet = quiet.and(worker.says("quiet", PATIENCE).await.map_err(|error| format!("worker {at}: {error}")));
    }
    let peaks = Peaks {
        server_kib: server.process.memory_kib("VmHWM:"),
        worker_kib: workers.iter().map(|worker| worker.process.memory_kib("VmHWM:")).max().unwrap_or(0),
    };
    for worker in &mut workers {
        worker.tell("end").await?;
    }
    for worker in &mut workers {
        let status = worker.process.ended().await?;
        if !status.success() {
            return Err(format!("a worker did not end in order: {status}"));
        }
    }
    // Goodbyes may be lost; those sessions end by their time-out.
    sleep(LAST_SESSION).await;
    server.process.signal(libc::SIGTERM);
    let status = server.process.ended().await?;
    if !status.success() {
        return Err(format!("the server did not stop in order: {status}"));
    }
    Ok((peaks, quiet))
}

fn report(scene: &Scene, timeline: &Timeline, findings: &Findings) {
    let (options, done, counts) = (&scene.options, scene.done.borrow(), &scene.proxy.counts);
    println!("{findings}");
    println!(
        "server: {} kills, {} terminations, {} stops, {} full disks, {} clock jumps; down {:.1} s, stuck {:.1} s",
        done.kills,
        done.terminations,
        done.stops,
        done.full_disks,
        done.clock_jumps,
        timeline.server_down.total_ms() as f64 / 1_000.0,
        timeline.server_stuck.total_ms() as f64 / 1_000.0,
    );
    println!("workers: {} processes, {} kills, {} stops", options.workers, done.worker_kills, done.worker_stops);
    println!(
        "links: {} connections, {} cut, {} half-opened, {} stalled, {} delayed, {} throttled, {} split, {} refusing \
         ({} refused)",
        counts.connections.get(),
        counts.cut.get(),
        done.half_opens,
        done.stalls,
        done.delays,
        done.throttles,
        done.splits,
        done.refusals,
        counts.refused.get(),
    );
    println!(
        "the bench itself: at most {} ms late, {:.1} s not judged for that",
        done.worst_lag_ms,
        timeline.starved.total_ms() as f64 / 1_000.0
    );
    println!(
        "seed {}: {} users, {} calls, {} server kills, {} cut links, {} violations",
        options.seed,
        options.users,
        findings.calls,
        done.kills,
        counts.cut.get(),
        findings.violations.len()
    );
}

/// Where a run's things lie.
pub fn database(folder: &Path) -> PathBuf {
    folder.join("data").join("zim.db")
}
