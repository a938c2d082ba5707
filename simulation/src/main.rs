//! `zim-simulation`: runs seeds on every core, or shows one.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use zim_simulation::{Mutation, Report, run};

const USAGE: &str = "\
zim-simulation [--seeds N] [--first N]   runs N seeds (1,000), from --first (1) on
zim-simulation --seed N [--trace]        runs one seed; --trace shows all that happened in it
               [--mutation NAME]         with something wrong on purpose";

#[derive(Debug, Default)]
struct Arguments {
    seeds: Option<u64>,
    first: Option<u64>,
    seed: Option<u64>,
    trace: bool,
    mutation: Option<Mutation>,
}

fn main() -> ExitCode {
    match parse() {
        Ok(arguments) => match arguments.seed {
            Some(seed) => one(seed, &arguments),
            None => many(&arguments),
        },
        Err(message) => {
            eprintln!("{message}\n\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn parse() -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--trace" {
            arguments.trace = true;
            continue;
        }
        let value = words.next().ok_or_else(|| format!("{word} needs a value, or is unknown"))?;
        let number = || value.parse().map(Some).map_err(|_| format!("{word} takes a number; got {value:?}"));
        match word.as_str() {
            "--seeds" => arguments.seeds = number()?,
            "--first" => arguments.first = number()?,
            "--seed" => arguments.seed = number()?,
            "--mutation" => {
                let known = Mutation::ALL.iter().find(|mutation| format!("{mutation:?}") == value);
                arguments.mutation = Some(*known.ok_or_else(|| format!("known mutations: {:?}", Mutation::ALL))?);
            }
            _ => return Err(format!("{word} is unknown")),
        }
    }
    Ok(arguments)
}

fn one(seed: u64, arguments: &Arguments) -> ExitCode {
    let report = run(seed, arguments.mutation);
    if arguments.trace {
        report.trace.iter().for_each(|line| println!("{line}"));
    }
    println!("{report}");
    if report.violation.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn many(arguments: &Arguments) -> ExitCode {
    let (first, count) = (arguments.first.unwrap_or(1), arguments.seeds.unwrap_or(1_000));
    let start = Instant::now();
    let next = AtomicU64::new(first);
    let failed: Mutex<Vec<Report>> = Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let report = run(seed, arguments.mutation);
                    if report.violation.is_some()
                        && let Ok(mut failed) = failed.lock()
                    {
                        failed.push(report);
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap_or_default();
    failed.sort_by_key(|report| report.seed);
    // The first ones say enough.
    failed.iter().take(3).for_each(|report| println!("{report}\n"));
    let seeds: Vec<u64> = failed.iter().map(|report| report.seed).take(50).collect();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{count} seeds in {seconds:.1} s ({:.0} a second), {} with a violation {:?}",
        count as f64 / seconds,
        failed.len(),
        seeds
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
