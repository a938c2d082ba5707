//! The live connections of this process, and how they are reached from outside their own task.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;
use zim_protocol::id::SessionId;

use crate::calls::Actor;
use crate::store::UserKey;

/// What a connection is told to do by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// A later login has displaced the session: say so and close.
    KickOut,
    /// The session goes on over another connection: close.
    MakeWay,
    /// The server stops: say so and close.
    Stop,
}

/// The outside of one connection.
#[derive(Debug)]
pub struct Live {
    id: u64,
    wake: Notify,
    order: OnceLock<Order>,
    /// Held by the connection while it executes a request; whoever takes the session over closes it for good.
    pub(super) gate: tokio::sync::Mutex<Gate>,
    /// Sessions that may be there, and that nobody was let into.
    left_behind: Mutex<Vec<Actor>>,
}

/// Whether a connection may still act for its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Gate {
    #[default]
    Open,
    Closed,
}

impl Live {
    /// Waits until there may be something new in the log, or an order.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    pub fn order(&self) -> Option<Order> {
        self.order.get().copied()
    }

    /// The first order stands.
    pub fn give(&self, order: Order) {
        let _ = self.order.set(order);
        self.wake.notify_one();
    }

    /// A session that may be there without a client: the connection sees to it when it ends.
    pub fn leave_behind(&self, actor: Actor) {
        lock(&self.left_behind).push(actor);
    }

    pub fn take_left_behind(&self) -> Vec<Actor> {
        std::mem::take(&mut *lock(&self.left_behind))
    }

    /// From here on the connection executes nothing more, and what it was executing has ended.
    pub async fn fence(&self) {
        *self.gate.lock().await = Gate::Closed;
        self.give(Order::MakeWay);
    }
}

/// The sessions of one user that live on connections of this process.
type Sessions = Vec<(SessionId, Arc<Live>)>;

/// Every connection of this process, and who is logged in on which.
#[derive(Debug, Default)]
pub struct Registry {
    next_id: AtomicU64,
    all: Mutex<BTreeMap<u64, Arc<Live>>>,
    users: Mutex<HashMap<UserKey, Sessions>>,
    stopping: OnceLock<()>,
}

impl Registry {
    /// A new connection.
    pub fn enter(&self) -> Arc<Live> {
        let live = Arc::new(Live {
            id: self.next_id.fetch_add(1, Ordering::Relaxed),
            wake: Notify::new(),
            order: OnceLock::new(),
            gate: tokio::sync::Mutex::default(),
            left_behind: Mutex::default(),
        });
        lock(&self.all).insert(live.id, live.clone());
        if self.stopping.get().is_some() {
            live.give(Order::Stop);
        }
        live
    }

    /// The connection is gone.
    pub fn leave(&self, live: &Live) {
        lock(&self.all).remove(&live.id);
    }

    /// The session lives on this connection from now on. Returns the one that it lived on before.
    pub fn take_over(&self, user: &UserKey, session: &SessionId, live: &Arc<Live>) -> Option<Arc<Live>> {
        let mut users = lock(&self.users);
        let sessions = users.entry(user.clone()).or_default();
        match sessions.iter_mut().find(|(id, _)| id == session) {
            Some((_, holder)) if holder.id == live.id => None,
            Some((_, holder)) => Some(std::mem::replace(holder, live.clone())),
            None => {
                sessions.push((session.clone(), live.clone()));
                None
            }
        }
    }

    /// The session no longer lives on this connection.
    pub fn release(&self, user: &UserKey, session: &SessionId, live: &Live) {
        let mut users = lock(&self.users);
        if let Some(sessions) = users.get_mut(user) {
            sessions.retain(|(id, holder)| id != session || holder.id != live.id);
            if sessions.is_empty() {
                users.remove(user);
            }
        }
    }

    /// Whether the session lives on this connection.
    pub fn holds(&self, user: &UserKey, session: &SessionId, live: &Live) -> bool {
        let users = lock(&self.users);
        users.get(user).into_iter().flatten().any(|(id, holder)| id == session && holder.id == live.id)
    }

    /// There may be something new in the user's log. The connection that says so has looked itself.
    pub fn wake(&self, user: &UserKey, except: Option<&Live>) {
        for (_, live) in lock(&self.users).get(user).into_iter().flatten() {
            if except.is_none_or(|except| except.id != live.id) {
                live.wake.notify_one();
            }
        }
    }

    /// The session was displaced by a later login.
    pub fn kick_out(&self, user: &UserKey, session: &SessionId) {
        self.order(user, session, Order::KickOut);
    }

    /// Nobody knows whether the session was displaced: its client is to connect again, and is told then.
    pub fn send_back(&self, user: &UserKey, session: &SessionId) {
        self.order(user, session, Order::MakeWay);
    }

    fn order(&self, user: &UserKey, session: &SessionId, order: Order) {
        for (id, live) in lock(&self.users).get(user).into_iter().flatten() {
            if id == session {
                live.give(order);
            }
        }
    }

    /// Tells every connection, also those still to come, that the server stops.
    pub fn stop(&self) {
        let _ = self.stopping.set(());
        for live in lock(&self.all).values() {
            live.give(Order::Stop);
        }
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        lock(&self.all).len()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of these locks, so a poisoned one still guards a whole map.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
