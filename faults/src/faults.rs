//! What goes wrong, drawn from the seed: one plan for each user's line, one for the server, one for the workers.
//!
//! The waits of these plans are the faults themselves, so this is where the bench sleeps.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::history::now;
use crate::options::Options;
use crate::processes::{Server, WallClock, Worker};
use crate::proxy::{DOWN, Proxy, Route, UP, Weather};
use crate::random::Random;
use crate::timeline::Timeline;
use crate::worker::Settings;

/// Mean time between two faults of one line.
const LINE_EVERY_MS: u64 = 10_000;
/// Between two of the server: at least, less than.
const SERVER_EVERY_MS: (u64, u64) = (3_000, 7_000);
/// The same of the wall clock.
const CLOCK_EVERY_MS: (u64, u64) = (5_000, 15_000);
/// And of the workers, all together.
const WORKER_EVERY_MS: (u64, u64) = (4_000, 9_000);
/// No file of the server may be longer while its disk is full.
const FULL_DISK_BYTES: u64 = 4_096;
/// A round of the meter that is so late means a starved machine.
const LATE: Duration = Duration::from_millis(100);

/// How often each thing was done.
#[derive(Clone, Debug, Default)]
pub struct Done {
    pub kills: u64,
    pub terminations: u64,
    pub stops: u64,
    pub full_disks: u64,
    pub clock_jumps: u64,
    pub worker_stops: u64,
    pub worker_kills: u64,
    pub half_opens: u64,
    pub stalls: u64,
    pub delays: u64,
    pub throttles: u64,
    pub splits: u64,
    pub refusals: u64,
    pub worst_lag_ms: u64,
}

/// What the plans share.
pub struct Scene {
    pub options: Options,
    pub folder: PathBuf,
    pub clock: WallClock,
    pub proxy: Proxy,
    pub timeline: RefCell<Timeline>,
    pub done: RefCell<Done>,
    /// When faults end.
    pub until: Instant,
}

impl Scene {
    async fn pause(&self, ms: u64) -> bool {
        let wait = Duration::from_millis(ms).min(self.until.saturating_duration_since(Instant::now()));
        sleep(wait).await;
        Instant::now() < self.until
    }

    /// Users of each worker.
    pub fn share(&self) -> u32 {
        self.options.users.div_ceil(self.options.workers)
    }

    pub fn settings(&self, worker: usize, generation: u32, manner: crate::worker::Manner) -> Settings {
        let first = worker as u32 * self.share();
        let last = (first + self.share()).min(self.options.users);
        Settings {
            library: self.options.library.clone(),
            history: self.folder.join(format!("worker{worker}-{generation}.history")),
            logs: self.folder.join(format!("worker{worker}-{generation}.log")),
            seed: self.options.seed,
            generation,
            manner,
            invite_every_ms: self.options.invite_every_ms,
            users: self.options.users,
            first,
            ports: self.proxy.routes[first as usize..last as usize].iter().map(|route| route.port).collect(),
        }
    }

    /// Starts the server over the data that is there.
    pub async fn start_server(&self) -> Result<Server, String> {
        let server = Server::start(&self.options, &self.folder, &self.clock).await?;
        self.proxy.target.set(server.port);
        self.timeline.borrow_mut().server_down.end(now());
        Ok(server)
    }

    pub async fn kill_server(&self, mut server: Server) -> Result<(), String> {
        self.timeline.borrow_mut().server_down.begin(now());
        self.done.borrow_mut().kills += 1;
        server.process.kill().await
    }
}

/// One user's line. Heals it at the end.
pub async fn line(scene: Rc<Scene>, user: usize) {
    let mut random = Random::new(scene.options.seed, "line", user as u64);
    let route: &Route = &scene.proxy.routes[user];
    while scene.pause(random.wait(LINE_EVERY_MS)).await {
        let (kind, ms) = (random.range(0, 100), random.range(300, 4_000));
        let done = || scene.done.borrow_mut();
        match kind {
            0..35 => {
                route.cut();
                continue;
            }
            35..50 => {
                done().half_opens += 1;
                let swallow = *random.pick(&[[true, false], [false, true], [true, true]]);
                route.set(|weather| (weather.swallow[UP], weather.swallow[DOWN]) = (swallow[0], swallow[1]));
            }
            50..62 => {
                done().stalls += 1;
                route.set(|weather| weather.stall = true);
            }
            62..74 => {
                done().delays += 1;
                let delay_ms = random.range(5, 100);
                route.set(|weather| weather.delay_ms = delay_ms);
            }
            74..84 => {
                done().throttles += 1;
                let rate = random.range(16_000, 64_000);
                route.set(|weather| (weather.rate, weather.piece) = (rate, 512));
            }
            84..94 => {
                done().splits += 1;
                let piece = random.range(1, 8) as usize;
                route.set(|weather| weather.piece = piece);
            }
            _ => {
                done().refusals += 1;
                route.set(|weather| weather.refuse = true);
                route.cut();
            }
        }
        scene.pause(ms).await;
        route.set(|weather| *weather = Weather::default());
    }
}

/// The server. It runs again at the end, with room on its disk.
pub async fn server(scene: Rc<Scene>, mut server: Server) -> Result<Server, String> {
    let mut random = Random::new(scene.options.seed, "server", 0);
    while scene.pause(random.range(SERVER_EVERY_MS.0, SERVER_EVERY_MS.1)).await {
        if let Some(how) = server.process.has_ended() {
            return Err(format!("the server has ended by itself: {how}"));
        }
        let (kind, ms) = (random.range(0, 100), random.range(200, 3_000));
        let at_once = random.chance(50);
        match kind {
            0..60 => {
                scene.kill_server(server).await?;
                if !at_once {
                    scene.pause(ms).await;
                }
                server = scene.start_server().await?;
            }
            60..68 => {
                scene.timeline.borrow_mut().server_down.begin(now());
                scene.done.borrow_mut().terminations += 1;
                server.process.signal(libc::SIGTERM);
                let status = server.process.ended().await?;
                if !status.success() {
                    return Err(format!("the server did not stop in order: {status}"));
                }
                server = scene.start_server().await?;
            }
            68..80 => {
                scene.timeline.borrow_mut().server_stuck.begin(now());
                scene.done.borrow_mut().stops += 1;
                server.process.signal(libc::SIGSTOP);
                scene.pause(ms).await;
                server.process.signal(libc::SIGCONT);
                scene.timeline.borrow_mut().server_stuck.end(now());
            }
            _ => {
                scene.timeline.borrow_mut().server_stuck.begin(now());
                scene.done.borrow_mut().full_disks += 1;
                server.process.limit_files(Some(FULL_DISK_BYTES));
                scene.pause(ms).await;
                // With a full disk it may be killed, too.
                if random.chance(30) {
                    scene.kill_server(server).await?;
                    server = scene.start_server().await?;
                } else {
                    server.process.limit_files(None);
                }
                // It tries again every 250 ms.
                scene.timeline.borrow_mut().server_stuck.end(now() + 300_000);
            }
        }
    }
    Ok(server)
}

/// The wall clock of the server and of the workers: seconds, minutes, an hour, a day off, before or behind.
pub async fn clock(scene: Rc<Scene>) -> Result<(), String> {
    let mut random = Random::new(scene.options.seed, "clock", 0);
    while scene.clock.jumps() && scene.pause(random.range(CLOCK_EVERY_MS.0, CLOCK_EVERY_MS.1)).await {
        let far = *random.pick(&[2_000, 60_000, 3_600_000, 90_000_000]);
        scene.done.borrow_mut().clock_jumps += 1;
        scene.clock.shift(random.range(0, far * 2) as i64 - far as i64)?;
    }
    Ok(())
}

/// The workers. All of them run at the end.
pub async fn workers(scene: Rc<Scene>, mut workers: Vec<Worker>) -> Result<Vec<Worker>, String> {
    let mut random = Random::new(scene.options.seed, "workers", 0);
    let mut generations = vec![0; workers.len()];
    while scene.pause(random.range(WORKER_EVERY_MS.0, WORKER_EVERY_MS.1)).await {
        let at = random.range(0, workers.len() as u64) as usize;
        let (kind, ms) = (random.range(0, 100), random.range(100, 4_000));
        if let Some(how) = workers[at].process.has_ended() {
            return Err(format!("worker {at} has ended by itself: {how}"));
        }
        if kind < 65 {
            scene.done.borrow_mut().worker_stops += 1;
            scene.timeline.borrow_mut().worker_stopped[at].begin(now());
            workers[at].process.signal(libc::SIGSTOP);
            scene.pause(ms).await;
            workers[at].process.signal(libc::SIGCONT);
            scene.timeline.borrow_mut().worker_stopped[at].end(now());
        } else {
            scene.done.borrow_mut().worker_kills += 1;
            workers[at].process.kill().await?;
            scene.timeline.borrow_mut().worker_killed[at].push(now());
            scene.pause(ms / 2).await;
            generations[at] += 1;
            let settings = scene.settings(at, generations[at], crate::worker::Manner::Random);
            workers[at] = Worker::start(&settings, &scene.folder.join("workers.log"), &scene.clock)?;
        }
    }
    Ok(workers)
}

/// Measures how late this process itself is, until it is dropped.
pub async fn meter(scene: Rc<Scene>) {
    const STEP: Duration = Duration::from_millis(20);
    loop {
        let before = Instant::now();
        sleep(STEP).await;
        let late = before.elapsed().saturating_sub(STEP);
        let mut done = scene.done.borrow_mut();
        done.worst_lag_ms = done.worst_lag_ms.max(late.as_millis() as u64);
        if late > LATE {
            let (end, span) = (now(), late.as_micros() as u64);
            scene.timeline.borrow_mut().starved.add(end - span, end);
        }
    }
}
