//! Sixteen threads work through a network that breaks something every second, half of them with each
//! of the two APIs. In the end every object on the server is what a call has acknowledged, or the
//! program says what is not and fails.
//!
//! `cargo run --example soak -- MINUTES [SEED]`

mod relay;
mod worker;

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use relay::Relay;
use support::{Api, Bed};
use worker::{Tally, Worker};

const WORKERS: u64 = 16;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let minutes: f64 = arguments.next().map_or(1.0, |text| text.parse().expect("minutes"));
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let seed: u64 = arguments.next().map_or(now, |text| text.parse().expect("a seed"));
    println!("{minutes} minutes, seed {seed}");

    let bed = Bed::new(Api::V4);
    let relay = Relay::start(bed.emulator.port(), seed);
    let hasty = json!({"timeout_ms": 2500, "connect_timeout_ms": 2500});
    let clients = [Api::V4, Api::V5].map(|api| (api, api.client(relay.port, hasty.clone())));
    let end = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let threads_before = count("/proc/self/task");
    let mut workers: Vec<_> =
        (0..WORKERS).map(|n| Worker::new(n, seed, &clients[n as usize % 2], &bed)).collect();
    thread::scope(|scope| {
        for worker in &mut workers {
            scope.spawn(move || {
                while Instant::now() < end {
                    worker.step();
                }
            });
        }
        while Instant::now() < end {
            relay.next_trouble();
            // What the emulator remembers of requests would fill the memory.
            bed.emulator.clear_requests();
            thread::sleep(Duration::from_secs(1));
        }
    });
    relay.calm_down();

    let mut total = Tally::default();
    for worker in &mut workers {
        worker.compare(&bed.emulator);
        total.add(&worker.tally);
    }
    drop(clients);
    // Connections that the relay still holds open have threads until it hears of their end.
    let since = Instant::now();
    while count("/proc/self/task") > threads_before && since.elapsed() < Duration::from_secs(10) {
        thread::sleep(Duration::from_millis(50));
    }
    let left = count("/proc/self/task").saturating_sub(threads_before);
    report(&total, &relay, left)
}

fn report(total: &Tally, relay: &Relay, threads_left: usize) -> ExitCode {
    println!("calls");
    for ((call, code, api), n) in &total.calls {
        println!("  {call:20}{code:>8}  {api:?}{n:>10}");
    }
    println!("the network");
    for (harm, n) in relay.harm() {
        println!("  {harm:28}{n:>10}");
    }
    println!("objects compared: {}", total.compared);
    println!("  of them with a last call whose fate was unknown: {}", total.uncertain);
    println!("threads left behind: {threads_left}");
    for violation in &total.violations {
        println!("VIOLATION {violation}");
    }
    let worked = |api| total.calls.keys().any(|(_, code, by)| *code == 0 && *by == api);
    let worked = total.compared > 0 && worked(Api::V4) && worked(Api::V5);
    if total.violations.is_empty() && worked && threads_left == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn count(directory: &str) -> usize {
    std::fs::read_dir(directory).map_or(0, Iterator::count)
}

/// Numbers that only have to differ, and to be the same for the same seed.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % bound
    }
}
