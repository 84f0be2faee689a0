//! The server without sockets, threads and clocks, simulated from seeds: random clients against a plain model of the chat
//! (here), and the whole path above the sockets against what was stored (in `path`).
//!
//! A run is one seed; everything that happens follows from it, so a failure is replayed by its number:
//! `SEED=7 make sim`, or `SEED=7 STEPS=1000000 make sim` for more of the same against the model. A failure tells the seed
//! and the last inputs. What is checked after each input, each turn and now and then is listed in `world.rs`.

mod alike;
mod crowd;
mod diary;
mod hearing;
mod model;
mod path;
mod privacy;
mod store;
mod tally;
mod world;

use std::time::Instant;

use tally::Tally;
use world::World;

/// What only happens to programs, and must happen somewhere, or nothing is known of it.
const OF_PROGRAMS: [&str; 14] = [
    "Stored",
    "Resume",
    "no_such_messages",
    "TokenMade",
    "Tokens",
    "TokenRevoked",
    "token_exists",
    "no_such_token",
    "too_many_tokens",
    "wrong_password",
    "Sessions",
    "SessionClosed",
    "ClosedElsewhere",
    "no_such_session",
];

fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")))
}

#[test]
fn random_clients_meet_what_the_model_says() {
    let (seeds, steps) = if cfg!(debug_assertions) { (12, 1000) } else { (250, 2000) };
    let seeds = setting("SEED").map_or(0..seeds, |seed| seed..seed + 1);
    let steps = setting("STEPS").unwrap_or(steps);
    let (start, count) = (Instant::now(), seeds.end - seeds.start);
    let mut tally = Tally::default();
    for seed in seeds.clone() {
        let mut world = World::new(seed);
        world.live(steps);
        tally.add(&world.tally);
    }
    if setting("SEED").is_none() {
        let missing: Vec<&str> = OF_PROGRAMS.into_iter().filter(|kind| !tally.kinds.contains(*kind)).collect();
        assert!(missing.is_empty(), "no program was told {missing:?}");
    }
    let seconds = start.elapsed().as_secs_f64();
    let speed = (count * steps) as f64 / seconds;
    println!("seeds {seeds:?}, {steps} steps each, {speed:.0} steps a second: {tally}");
}

#[test]
fn the_same_seed_leads_to_the_same_effects() {
    for seed in 1000..1004 {
        let trace = || {
            let mut world = World::new(seed);
            world.live(1000);
            world.trace
        };
        assert_eq!(trace(), trace(), "seed {seed}");
    }
}

#[test]
fn the_store_in_memory_does_what_the_real_one_does() {
    for seed in 2000..if cfg!(debug_assertions) { 2001 } else { 2005 } {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::new(seed);
        world.store_in(folder.path());
        // No longer than one life: the next chat would need another folder.
        world.live(world::LIFE_STEPS / 2);
    }
}
