//! One run: a server, devices, and what happens to them, all from a seed.

use std::fmt;
use std::future::pending;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, sleep_until};
use zim_core::Millis;
use zim_protocol::id::UserId;
use zim_server::config::Config;
use zim_server::run_with_store;
use zim_server::store::{Commit, MemoryStore, Store, UserKey};

use crate::device::{APP, Device};
use crate::mutation::Mutation;
use crate::network::{Network, Trouble};
use crate::rng::Rng;
use crate::store::SimulatedStore;
use crate::world::{Stats, Violation, World};

/// Longer than everything that is waited for: calls, sessions without a sign, reconnects.
const HEALING_MS: Millis = 100_000;
/// Nothing remains of an ended call after this.
const FORGOTTEN_MS: Millis = 25 * 60 * 60 * 1_000;
/// What a session remembers when nothing is going on, as text; with room for what it withdrew.
const SESSION_TEXT: usize = 20_000;
/// What the store remembers of a user without calls, as text.
const USER_TEXT: usize = 4_000;

/// What a run has shown.
#[derive(Clone, Debug)]
pub struct Report {
    pub seed: u64,
    pub violation: Option<Violation>,
    pub stats: Stats,
    pub trace: Vec<String>,
}

impl Report {
    /// Equal for equal runs.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.trace.hash(&mut hasher);
        hasher.finish()
    }
}

/// The violation, what matters of the trace, and how to see the rest.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { seed, violation, stats, trace } = self;
        let Some(violation) = violation else { return write!(f, "seed {seed}: no violation; {stats:?}") };
        writeln!(f, "seed {seed}: {}", violation.what)?;
        let who = violation.what.split(':').next().unwrap_or_default();
        let call = violation.call.as_ref().map(|call| format!(" {call} "));
        let matters = |line: &&String| {
            let line = format!("{line} ");
            let of_call = call.as_ref().is_some_and(|call| line.contains(call.as_str()));
            let of_device = line.contains(who) && (line.contains(" (") || line.contains("lost:"));
            of_call
                || of_device
                || line.contains("network ")
                || line.contains("server    s")
                || line.contains("is killed")
        };
        let lines: Vec<&String> = trace.iter().filter(matters).collect();
        for line in lines.iter().skip(lines.len().saturating_sub(60)) {
            writeln!(f, "  {line}")?;
        }
        write!(f, "replay: cargo run -p zim-simulation -- --seed {seed} --trace")
    }
}

/// Runs a seed from beginning to end, in as little time as it takes to compute.
pub fn run(seed: u64, mutation: Option<Mutation>) -> Report {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(play(seed, mutation))
}

async fn play(seed: u64, mutation: Option<Mutation>) -> Report {
    let mut rng = Rng::new(seed, 0);
    let names = ["alice", "bob", "carl", "dora"];
    let users: Vec<UserId> =
        names.iter().take(rng.within(2..=4) as usize).map(|name| UserId::parse(name).unwrap()).collect();
    let mut places = Vec::new();
    for user in &users {
        places.push((user.clone(), 1));
        if rng.percent(30) {
            places.push((user.clone(), 2));
        }
    }
    let quiet_at = rng.within(20_000..=90_000);
    let store = MemoryStore::new();
    let network = Network::new(seed, places.len());
    let times = (quiet_at, quiet_at + HEALING_MS);
    let world = Arc::new(World::new(store.now(), times, users, mutation, network));
    let store = Arc::new(SimulatedStore::new(world.clone(), store, seed));
    let idle_tasks = Handle::current().metrics().num_alive_tasks();

    let devices: Vec<JoinHandle<Device>> = places
        .into_iter()
        .enumerate()
        .map(|(index, (user, number))| tokio::spawn(Device::new(world.clone(), index, user, number, seed).run()))
        .collect();
    let troubles = tokio::spawn(troubles(world.clone(), devices.len(), Rng::new(seed, 3)));
    let mut server = Server::start(&world, &store);
    restarts(&world, &store, &mut server, &mut rng).await;

    let mut settled = Vec::new();
    for device in devices {
        settled.push(device.await.unwrap());
    }
    troubles.abort();
    if world.violation().is_none() {
        look_back(&world, &store, &mut settled).await;
    }
    if world.violation().is_none() {
        settled.iter_mut().for_each(Device::destroy);
    }
    if world.violation().is_none() {
        clean_up(&world, &store, server, idle_tasks).await;
    }
    Report { seed, violation: world.violation(), stats: world.stats(), trace: world.trace() }
}

/// A server that runs.
struct Server {
    task: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

impl Server {
    fn start(world: &Arc<World>, store: &Arc<SimulatedStore>) -> Server {
        let door = world.network.listen();
        world.server_is(true);
        world.log("server", "starts");
        let (stop, stopped) = oneshot::channel::<()>();
        let (world, store) = (world.clone(), store.clone());
        let task = tokio::spawn(async move {
            let shutdown = async {
                if stopped.await.is_err() {
                    pending::<()>().await;
                }
            };
            let mut shutdown = pin!(shutdown);
            let mut door = door;
            // Whoever keeps it running starts it again when its store lets it down.
            while let Err(error) = run_with_store(door, Config::dev(), store.clone(), shutdown.as_mut()).await {
                world.log("server", &error.to_string());
                door = world.network.listen();
                sleep(Duration::from_millis(10)).await;
                world.server_is(true);
            }
        });
        Server { task, stop }
    }

    /// At once, like a machine that loses its power.
    async fn kill(self, world: &World, store: &SimulatedStore) {
        world.network.close_door();
        self.task.abort();
        let _ = self.task.await;
        world.server_is(false);
        // Its connections end with it.
        sleep(Duration::from_millis(1)).await;
        store.crashed();
    }

    async fn stop(self, world: &World) {
        world.network.close_door();
        let _ = self.stop.send(());
        let _ = self.task.await;
        world.server_is(false);
    }
}

async fn restarts(world: &Arc<World>, store: &Arc<SimulatedStore>, server: &mut Server, rng: &mut Rng) {
    let count = rng.within(0..=6).saturating_sub(2);
    let mut times: Vec<Millis> = (0..count).map(|_| rng.within(1_000..=world.quiet_at)).collect();
    times.sort_unstable();
    for at in times {
        sleep_until(world.instant(at)).await;
        let kill = rng.percent(70);
        world.log("server", if kill { "is killed" } else { "stops" });
        world.count(|stats| stats.restarts += 1);
        let placeholder = Server { task: tokio::spawn(async {}), stop: oneshot::channel().0 };
        let from = world.now();
        let running = std::mem::replace(server, placeholder);
        match kill {
            true => running.kill(world, store).await,
            false => running.stop(world).await,
        }
        sleep(Duration::from_millis(rng.mostly_short(20_000))).await;
        world.out(None, from, world.now());
        *server = Server::start(world, store);
    }
}

async fn troubles(world: Arc<World>, devices: usize, mut rng: Rng) {
    // Some seeds have good weather.
    let Some(pace) = [None, Some(30_000), Some(10_000), Some(3_000)][rng.below(4)] else { return };
    loop {
        sleep(Duration::from_millis(rng.within(0..=2 * pace / devices as u64))).await;
        if world.now() >= world.quiet_at {
            return;
        }
        let device = rng.below(devices);
        let trouble = match rng.within(0..=9) {
            0..4 => Trouble::Cut,
            4 => Trouble::CutUnnoticed,
            5 => Trouble::DeafServer,
            6 => Trouble::DeafClient,
            7 => Trouble::Silent,
            _ => Trouble::Stall { ms: rng.mostly_short(40_000) },
        };
        let blocked = if rng.percent(30) { rng.mostly_short(60_000) } else { 0 };
        world.count(|stats| stats.troubles += 1);
        world.log("network", &format!("{trouble:?} for device {device}, no connection for {blocked} ms"));
        world.network.trouble(device, trouble);
        let until = match trouble {
            Trouble::Stall { ms } => world.now() + ms,
            Trouble::Cut | Trouble::CutUnnoticed | Trouble::DeafServer | Trouble::DeafClient | Trouble::Silent => {
                world.now()
            }
        };
        world.out(Some(device), world.now(), until);
        // Everything is well again when it is quiet.
        let left = world.quiet_at.saturating_sub(world.now());
        world.network.block(device, blocked.min(left));
    }
}

/// Everything has had its time: what is left?
async fn look_back(world: &World, store: &SimulatedStore, devices: &mut [Device]) {
    let inner = store.inner();
    for truth in world.calls() {
        let id = &truth.call.id;
        let key = zim_server::store::Key::Call(zim_server::store::CallKey { app: APP, call: id.clone() });
        let kept = inner
            .load(std::slice::from_ref(&key), None)
            .await
            .ok()
            .and_then(|loaded| loaded.records.first().and_then(|record| record.call().cloned()));
        match kept {
            None => world.violated("server", "a call is forgotten", Some(id)),
            Some(kept) if kept.rev != truth.call.rev => world.violated("server", "a change is forgotten", Some(id)),
            Some(kept) if !kept.is_ended() => world.violated("server", "a call never ends", Some(id)),
            Some(_) => {}
        }
    }
    for device in devices.iter_mut() {
        device.settled();
        if device.is_logged_in() && !device.is_connected() {
            world.violated(device.name(), "does not find back", None);
        }
        if device.size() > SESSION_TEXT {
            world.violated(device.name(), format!("remembers {} bytes of text", device.size()), None);
        }
        if device.is_connected() {
            let user = UserKey { app: APP, user: device.user().clone() };
            let kept = inner.log_after(&user, 0, usize::MAX).await.ok().flatten();
            if kept.is_some_and(|page| !page.entries.is_empty()) {
                world.violated("server", format!("keeps what {} has seen and acknowledged", device.name()), None);
            }
        }
    }
    for (user, _) in inner.sessions().await.unwrap_or_default() {
        if !devices.iter().any(|device| device.is_connected() && *device.user() == user.user) {
            world.violated("server", format!("keeps a session of {}, who is gone", user.user), None);
        }
    }
}

/// Everybody leaves, and a day passes.
async fn clean_up(world: &World, store: &SimulatedStore, server: Server, idle_tasks: usize) {
    sleep(Duration::from_secs(60)).await;
    // The server and its timers.
    let tasks = Handle::current().metrics().num_alive_tasks();
    if tasks > idle_tasks + 2 {
        world.violated("server", format!("{} connections are left of nobody", tasks - idle_tasks - 2), None);
    }
    let inner = store.inner();
    let sessions = inner.sessions().await.map_or(0, |sessions| sessions.len());
    if sessions > 0 {
        world.violated("server", format!("keeps {sessions} sessions of nobody"), None);
    }
    sleep(Duration::from_millis(FORGOTTEN_MS)).await;
    for _ in 0..100 {
        let _ = inner.commit(Commit::default()).await;
    }
    let size = format!("{inner:?}").len();
    if size > USER_TEXT * world.users.len() {
        world.violated("server", format!("remembers {size} bytes of text a day later"), None);
    }
    server.stop(world).await;
}
