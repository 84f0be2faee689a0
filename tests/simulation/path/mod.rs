//! The whole path above the sockets, simulated: clients that stall, vanish and come back, connections that break with what
//! is on them, turns that are decided, stored and delivered, and a server that can die at every point between. No
//! socket, no thread, no clock; a run is one seed, and a failure is replayed by its number: `SEED=7 make sim`.
//!
//! First anything may fail, and whatever was acknowledged or seen must be stored, once, in one order, and be seen by
//! nobody outside. Then nothing fails any more, and everything must come to its end: all clients are there, what they
//! sent is acknowledged, and everybody has every message of its rooms.

mod client;
mod disk;
mod history;
mod run;
mod server;
mod turn;
mod wire;

use std::time::Instant;

use history::{Fault, Kind, Outcome};
use run::Run;
use server::Sabotage;
use wire::Happened;

use super::setting;

/// What must happen somewhere, or nothing is known of it.
const HAPPENS: [&str; 16] = [
    "a commit refused",
    "a page could not be read",
    "cut as a slow reader",
    "died before writing",
    "died between writing and syncing",
    "died while sending",
    "given on a page",
    "put out of a room",
    "reset",
    "resumed again after a refusal",
    "sent again and acknowledged",
    "stalled",
    "stopped after a failed sync",
    "the clock set",
    "told at once",
    "vanished",
];

fn run(seed: u64, sabotage: Sabotage) -> (Outcome, Happened, Vec<Fault>) {
    let mut run = Run::new(seed, sabotage);
    run.live_through_faults();
    run.come_to_rest();
    run.outcome()
}

#[test]
fn nothing_is_lost_doubled_unseen_reordered_or_leaked() {
    let seeds = if cfg!(debug_assertions) { 500 } else { 10_000 };
    let seeds = setting("SEED").map_or(0..seeds, |seed| seed..seed + 1);
    let (start, mut outcome, mut happened) = (Instant::now(), Outcome::default(), Happened::new());
    for seed in seeds.clone() {
        let (found, events, faults) = run(seed, Sabotage::None);
        let shown: Vec<String> = faults.iter().map(|fault| format!("{:?}: {}", fault.kind, fault.what)).collect();
        assert!(faults.is_empty(), "the simulation failed: SEED={seed} make sim\n{}", shown.join("\n"));
        outcome.add(&found);
        events.into_iter().for_each(|(what, count)| *happened.entry(what).or_default() += count);
    }
    println!("seeds {seeds:?} in {:.0} s, {outcome}\n{happened:?}", start.elapsed().as_secs_f64());
    if setting("SEED").is_none() {
        let missing: Vec<&str> = HAPPENS.into_iter().filter(|what| !happened.contains_key(what)).collect();
        assert!(missing.is_empty(), "it never happened: {missing:?}");
    }
}

#[test]
fn the_same_seed_leads_to_the_same_history() {
    for seed in 0..5 {
        let trace = || {
            let (outcome, happened, faults) = run(seed, Sabotage::ReleaseTwice);
            format!("{outcome} {happened:?} {faults:?}")
        };
        assert_eq!(trace(), trace(), "seed {seed}");
    }
}

/// A checker that finds nothing would also be content.
#[test]
fn a_server_that_breaks_its_word_is_found_out() {
    for (sabotage, kind) in [
        (Sabotage::DeliverFirst, Kind::Lost),
        (Sabotage::KeepUnstored, Kind::Lost),
        (Sabotage::ForgetKeys, Kind::Doubled),
        (Sabotage::ReleaseTwice, Kind::Doubled),
        (Sabotage::ReleaseUnread, Kind::Unseen),
        (Sabotage::NeverHold, Kind::Reordered),
        (Sabotage::KeepListening, Kind::Leaked),
    ] {
        let finds_it = |seed: &u64| run(*seed, sabotage).2.iter().any(|fault| fault.kind == kind);
        let seed = (0..500).find(finds_it);
        println!("{sabotage:?} leads to {kind:?} by seed {seed:?}");
        assert!(seed.is_some(), "{sabotage:?} is not noticed");
    }
}
