//! What the simulation has to show: the promises hold, and it would notice if they did not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::atomic::{AtomicU64, Ordering};

use zim_simulation::{Mutation, Report, run};

/// Enough to meet everything that can happen, and little enough for every run of the tests.
const SEEDS: u64 = 2_000;
/// A wrong must show within so many seeds.
const PATIENCE: u64 = 200;

/// Runs seeds on every core until one is found that does not keep a promise.
fn search(seeds: u64, mutation: Option<Mutation>) -> Option<Report> {
    let (next, found) = (AtomicU64::new(1), std::sync::Mutex::new(None::<Report>));
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > seeds {
                        return;
                    }
                    let report = run(seed, mutation);
                    if report.violation.is_some() {
                        next.store(seeds, Ordering::Relaxed);
                        let mut found = found.lock().unwrap();
                        if found.as_ref().is_none_or(|other| report.seed < other.seed) {
                            *found = Some(report);
                        }
                    }
                }
            });
        }
    });
    found.into_inner().unwrap()
}

#[test]
fn every_promise_is_kept() {
    if let Some(report) = search(SEEDS, None) {
        panic!("{report}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 1..=50 {
        let (first, second) = (run(seed, None), run(seed, None));
        let differs = first.trace.iter().zip(&second.trace).position(|(first, second)| first != second);
        assert_eq!(first.fingerprint(), second.fingerprint(), "seed {seed} differs from line {differs:?} on");
    }
}

/// The runs are worth something: much happens in them.
#[test]
fn much_happens() {
    let (mut calls, mut rings, mut restarts, mut troubles) = (0, 0, 0, 0);
    for seed in 1..=100 {
        let stats = run(seed, None).stats;
        calls += stats.calls;
        rings += stats.rings;
        restarts += stats.restarts;
        troubles += stats.troubles;
    }
    assert!(
        calls > 1_000 && rings > 1_000 && restarts > 100 && troubles > 1_000,
        "{calls} {rings} {restarts} {troubles}"
    );
}

#[test]
fn every_wrong_is_noticed() {
    for mutation in Mutation::ALL {
        let report = search(PATIENCE, Some(*mutation));
        let report = report.unwrap_or_else(|| panic!("{mutation:?} was not noticed in {PATIENCE} seeds"));
        println!("{mutation:?}, seed {}: {}", report.seed, report.violation.unwrap().what);
    }
}
