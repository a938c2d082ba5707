//! The rules of a call, explored to the end: the real `CallAuthority`, `Inbox`, presence and `ClientSession`s, a
//! network that keeps order on a connection and loses what is under way at a cut, and every order of events.

mod host;
mod server;
mod shared;
mod world;

use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};

use host::Asked::{Accept, Reject};
use server::Faults;
use world::Scope;

fn explore(name: &str, scope: Scope) {
    let start = Instant::now();
    let checker = scope.checker().threads(2).spawn_bfs().join();
    println!(
        "{name}: {} states, {} transitions, {} steps deep, {:.1} s",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        start.elapsed().as_secs_f32()
    );
    if let Some(path) = checker.discovery("all is well") {
        let problem = path.last_state().problem;
        panic!("{name}: {problem:?} after {:#?}", path.into_actions());
    }
    checker.assert_properties();
}

#[test]
fn small() {
    explore(
        "small",
        Scope {
            callees: vec![("bob", "b", &[Accept, Reject])],
            cancels: true,
            cuts: 1,
            expiries: 1,
            receipts: true,
            by_frame: true,
            faults: Faults::default(),
        },
    );
}
