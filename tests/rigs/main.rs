//! Rigs: the real, optimised server under real faults, for longer than a test may take.
//!
//! `make rigs` runs all of them, `make rig-kill` one; `--rounds 1000 --seed 7` behind the name of one lengthens and
//! replays. What can only be done by root, or with a tool that is missing, is skipped aloud. A rig fails by a panic; what
//! it measured stands in its last line. docs/reliability.md tells which promise each of them holds the server to.

#[allow(dead_code, unused_imports, reason = "shared with the tests, of which each uses a part")]
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
mod strangers;
mod limits;
mod crowds;
mod peers;
mod clock;
mod outputs;
mod damage;
mod order;
mod sweep;
mod timing;

use std::time::Instant;

use support::Random;

/// What a rig is given.
pub struct Plan {
    /// How often it does what it does.
    pub rounds: u64,
    /// Where its choices come from.
    pub random: Random,
}

/// How a rig ended that did not panic.
pub enum Outcome {
    /// What was promised held; these are the figures.
    Held(String),
    /// It could not be run here, because of this.
    Skipped(String),
}

struct Rig {
    name: &'static str,
    rounds: u64,
    run: fn(&mut Plan) -> Outcome,
}

const fn rig(name: &'static str, rounds: u64, run: fn(&mut Plan) -> Outcome) -> Rig {
    Rig { name, rounds, run }
}

const RIGS: &[Rig] = &[
    rig("kill", 200, kill::kill),
    rig("sigterm", 100, kill::sigterm),
    rig("power", 60, power::power),
    rig("sync", 50, shim::failing_sync),
    rig("write", 50, shim::failing_write),
    rig("disk-full", 6, disk::full),
    rig("locked", 6, disk::locked),
    rig("names", 20, races::names),
    rig("removal", 300, races::removal),
    rig("ghosts", 500, races::ghosts),
    rig("stalled", 1, readers::stalled),
    rig("flooder", 1, readers::flooder),
    rig("mute", 8, strangers::mute),
    rig("trickle", 1, strangers::trickle),
    rig("endless", 1, strangers::endless),
    rig("descriptors", 1, limits::descriptors),
    rig("threads", 1, limits::thread_count),
    rig("memory", 1, limits::memory),
    rig("mass", 1, crowds::mass),
    rig("half-open", 2, peers::half_open),
    rig("clock", 5, clock::jumps),
    rig("outputs", 8, outputs::broken),
    rig("damage", 1, damage::damage),
    rig("order", 10_000, order::order),
    rig("sweep", 1, sweep::growth),
    rig("timing", 150, timing::timing),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut names, mut rounds, mut seed) = (Vec::new(), None, None);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut number = || rest.next().and_then(|value| value.parse().ok()).expect("a number follows");
        match argument.as_str() {
            "--rounds" => rounds = Some(number()),
            "--seed" => seed = Some(number()),
            name => names.push(RIGS.iter().find(|rig| rig.name == name).unwrap_or_else(|| panic!("no rig {name}"))),
        }
    }
    if names.is_empty() {
        names.extend(RIGS);
    }
    let seed: u64 = seed.unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs()));
    for rig in names {
        let start = Instant::now();
        let rounds = rounds.unwrap_or(rig.rounds);
        println!("rig {} rounds={rounds} seed={seed}", rig.name);
        match (rig.run)(&mut Plan { rounds, random: Random::new(seed) }) {
            Outcome::Held(figures) => {
                println!("held: {} in {:.0} s: {figures}", rig.name, start.elapsed().as_secs_f64())
            }
            Outcome::Skipped(why) => println!("skipped: rig {}: {why}", rig.name),
        }
    }
}
