//! Fault tests: the real, optimised server under real faults, for longer than `make test` may take.
//!
//! `make faults` runs all of them, `make fault F="kill sync"` those two; `ARGS="--rounds 1000 --seed 7"` lengthens and
//! replays. One that needs root, or a tool that is missing, is reported as skipped. A fault test fails by a panic; its
//! last line has the figures. docs/reliability.md tells which promise each of them checks.

#[allow(dead_code, unused_imports, reason = "shared with the other tests, which use another part")]
#[path = "../support/mod.rs"]
mod support;

mod process;
mod probe;
mod audience;
mod kill;
mod power;
mod shim;
mod disk;
mod races;
mod readers;
mod attacker;
mod strangers;
mod limits;
mod crowds;
mod peers;
mod clock;
mod outputs;
mod damage;
mod moved;
mod backup;
mod order;
mod sweep;
mod timing;

use std::time::Instant;

use support::Random;

/// The parameters of a fault test.
pub struct Plan {
    /// How often the fault is injected.
    pub rounds: u64,
    /// The source of its choices.
    pub random: Random,
}

/// How a fault test ended that did not panic.
pub enum Outcome {
    /// The promise held; these are the figures.
    Held(String),
    /// It could not run here, for this reason.
    Skipped(String),
}

struct FaultTest {
    name: &'static str,
    rounds: u64,
    run: fn(&mut Plan) -> Outcome,
}

const fn test(name: &'static str, rounds: u64, run: fn(&mut Plan) -> Outcome) -> FaultTest {
    FaultTest { name, rounds, run }
}

const TESTS: &[FaultTest] = &[
    test("kill", 200, kill::kill),
    test("sigterm", 100, kill::sigterm),
    test("power", 60, power::power),
    test("sync", 50, shim::failing_sync),
    test("write", 50, shim::failing_write),
    test("disk-full", 6, disk::full),
    test("locked", 6, disk::locked),
    test("file-size", 4, disk::file_size),
    test("names", 20, races::names),
    test("removal", 300, races::removal),
    test("ghosts", 500, races::ghosts),
    test("stalled", 1, readers::stalled),
    test("flooder", 1, readers::flooder),
    test("attacker", 5, attacker::attacker),
    test("mute", 8, strangers::mute),
    test("trickle", 1, strangers::trickle),
    test("endless", 1, strangers::endless),
    test("descriptors", 1, limits::descriptors),
    test("threads", 1, limits::thread_count),
    test("memory", 1, limits::memory),
    test("mass", 1, crowds::mass),
    test("half-open", 2, peers::half_open),
    test("clock", 5, clock::jumps),
    test("outputs", 8, outputs::broken),
    test("damage", 1, damage::damage),
    test("moved", 24, moved::moved),
    test("second-name", 10, moved::second_name),
    test("backup", 5, backup::backup),
    test("order", 10_000, order::order),
    test("sweep", 1, sweep::growth),
    test("timing", 150, timing::timing),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut chosen, mut rounds, mut seed) = (Vec::new(), None, None);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut number = || rest.next().and_then(|value| value.parse().ok()).expect("a number follows");
        match argument.as_str() {
            "--rounds" => rounds = Some(number()),
            "--seed" => seed = Some(number()),
            name => {
                chosen.push(TESTS.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("no fault test {name}")))
            }
        }
    }
    if chosen.is_empty() {
        chosen.extend(TESTS);
    }
    let seed: u64 = seed.unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs()));
    for test in chosen {
        let start = Instant::now();
        let rounds = rounds.unwrap_or(test.rounds);
        println!("fault {} rounds={rounds} seed={seed}", test.name);
        match (test.run)(&mut Plan { rounds, random: Random::new(seed) }) {
            Outcome::Held(figures) => {
                println!("held: {} in {:.0} s: {figures}", test.name, start.elapsed().as_secs_f64())
            }
            Outcome::Skipped(why) => println!("skipped: fault test {}: {why}", test.name),
        }
    }
}
