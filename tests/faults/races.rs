//! Races: one name that many want, removals against a stream of messages, and joins that are cut off in the middle.

use std::net::TcpStream;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{threads, wait_until};
use crate::support::Random;
use crate::support::{Client, Running, Server, Wire};
use crate::{Outcome, Plan};

/// Registrations of each name.
const RACERS: usize = 64;
/// Lines a second while somebody is removed.
const PUMP_PER_S: u64 = 500;
/// Lines after a removal that must not arrive.
const LINES_AFTER: u64 = 20;

/// 64 registrations of a name at the same moment: one wins, and its password is the right one.
pub fn names(plan: &mut Plan) -> Outcome {
    let server = Server::start_new();
    for round in 0..plan.rounds {
        let barrier = Barrier::new(RACERS);
        let won: Vec<bool> = thread::scope(|scope| {
            let race = |number: usize| {
                let (server, barrier) = (&server, &barrier);
                scope.spawn(move || {
                    let mut client = server.connect();
                    client.expect("quit");
                    barrier.wait();
                    client.send(&format!("register racer{round} password-of-racer-{number}"));
                    let answer = loop {
                        let line = client.line().expect("an answer");
                        if line.contains("-- Welcome, ") || line.contains(" is taken, or looks like") {
                            break line;
                        }
                    };
                    answer.contains("-- Welcome, ")
                })
            };
            let racers: Vec<_> = (0..RACERS).map(race).collect();
            racers.into_iter().map(|racer| racer.join().expect("no racer fails")).collect()
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "round {round}: {won:?}");
        let winner = won.iter().position(|won| *won).expect("one has won");
        let mut client = server.connect();
        client.send(&format!("login racer{round} password-of-racer-{winner}"));
        client.expect("-- Welcome back, ");
        let mut client = server.connect();
        client.send(&format!("login racer{round} password-of-racer-{}", (winner + 1) % RACERS));
        client.expect("-! Wrong name or password");
    }
    server.stop();
    Outcome::Held(format!("{} names, {RACERS} racers each, one winner each", plan.rounds))
}

/// The ways to be removed.
const WAYS: [&str; 4] = ["kick", "ban", "logout", "password"];

/// Kick, ban, logout and password change while 500 lines a second are said: no later line reaches the connection.
pub fn removal(plan: &mut Plan) -> Outcome {
    let server = Server::start_new();
    let (mut owner, mut observer) = (server.register("owner-1"), server.register("observer"));
    owner.ask("/create tea");
    observer.ask("/join tea");
    server.register("bob").ask("/join tea");
    let (is_over, said) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut seen = 0;
    thread::scope(|scope| {
        let (is_over, said, server) = (&is_over, &said, &server);
        scope.spawn(move || {
            let mut pump = server.register("pump");
            pump.ask("/join tea");
            let start = Instant::now();
            while !is_over.load(Ordering::Relaxed) {
                let number = said.fetch_add(1, Ordering::Relaxed);
                pump.send(&format!("number {number}"));
                let due = Duration::from_micros(number * 1_000_000 / PUMP_PER_S);
                thread::sleep(due.saturating_sub(start.elapsed()));
            }
        });
        // In a thread of its own, so that it never leaves too much unread.
        scope.spawn(|| while !is_over.load(Ordering::Relaxed) && observer.line().is_some() {});
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for round in 0..plan.rounds {
                let way = WAYS[usize::try_from(round).expect("it is small") % WAYS.len()];
                seen += remove(server, &mut owner, way, said, &mut plan.random);
            }
        }));
        is_over.store(true, Ordering::Relaxed);
        // Wakes the observer.
        owner.ask("/say #tea over");
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    let said = said.load(Ordering::Relaxed);
    Outcome::Held(format!("{said} lines said, {seen} of them seen by those who were then removed, none after it"))
}

/// The numbers of lines.
fn numbers(lines: &[String]) -> Vec<u64> {
    let texts = lines.iter().filter_map(|line| line.split_once("#tea pump: number "));
    texts.map(|(_, number)| number.parse().expect("a number")).collect()
}

/// Lets bob be in the room for a moment and removes him; how many lines he saw.
fn remove(server: &Running, owner: &mut Client, way: &str, said: &AtomicU64, random: &mut Random) -> u64 {
    let mut bob = server.login("bob");
    bob.ask("/join tea");
    let now = said.load(Ordering::Relaxed);
    while said.load(Ordering::Relaxed) < now + 5 + random.below(20) {
        thread::yield_now();
    }
    let farewell = match way {
        "kick" => {
            owner.send("/kick #tea bob");
            "-- You were kicked from #tea"
        }
        "ban" => {
            owner.send("/ban #tea bob");
            "-- You were banned from #tea"
        }
        "logout" => {
            bob.send("/logout");
            "-- You are logged out, bob."
        }
        _ => {
            let mut other = server.login("bob");
            other.send("/password");
            for question in ["-- Current password:", "-- New password", "-- New password again:"] {
                other.expect(question);
                other.send("password-of-bob");
            }
            other.expect("-- Your password is changed");
            "-- Your password was changed on another connection"
        }
    };
    let mut before = Vec::new();
    loop {
        let line = bob.line().unwrap_or_else(|| panic!("{way}: the connection ended before {farewell:?}: {before:#?}"));
        if line.contains(farewell) && !line.starts_with('[') {
            break;
        }
        before.push(line);
    }
    let now = said.load(Ordering::Relaxed);
    while said.load(Ordering::Relaxed) < now + LINES_AFTER {
        thread::yield_now();
    }
    let after = match way {
        "kick" | "ban" => bob.sync(),
        "logout" => {
            bob.send("quit");
            bob.rest()
        }
        _ => bob.rest(),
    };
    let late = numbers(&after);
    assert!(late.is_empty(), "{way}: these came after {farewell:?}: {late:?}");
    let before = numbers(&before);
    let is_gapless = before.windows(2).all(|pair| pair[1] == pair[0] + 1);
    assert!(is_gapless && !before.is_empty(), "{way}: seen before: {before:?}");
    if way == "ban" {
        owner.ask("/unban #tea bob");
    }
    owner.sync();
    before.len() as u64
}

/// Logins and joins that are cut off at a random byte: nobody stays behind who is not there.
pub fn ghosts(plan: &mut Plan) -> Outcome {
    let server = Server::start_new();
    let mut ana = server.register("ana");
    for number in 0..8 {
        server.register(&format!("guest{number}"));
    }
    ana.ask("/create tea");
    let pid = server.pid();
    let threads_before = threads(pid);
    let script = |number: u64| {
        format!("login guest{0} password-of-guest{0}\r\n/join tea\r\nhello\r\n/leave tea\r\n/join tea\r\n", number % 8)
    };
    let mut deep = 0;
    let cut = |number: u64, seed: u64| {
        let mut random = Random::new(seed);
        let script = script(number);
        let bytes = usize::try_from(random.below(script.len() as u64 + 1)).expect("it is small");
        let mut wire = Wire::over(TcpStream::connect(server.address).expect("the server accepts"));
        wire.try_send(&script[..bytes]);
        // Some are given time to get in, some are gone before the server has read a byte.
        if random.percent(50) {
            thread::sleep(Duration::from_millis(random.below(400)));
        }
        if random.percent(50) {
            wire.reset()
        } else {
            drop(wire)
        }
        bytes > 40
    };
    let mut number = 0;
    while number < plan.rounds {
        let batch = 10.min(plan.rounds - number);
        let seeds: Vec<u64> = (0..batch).map(|_| plan.random.next()).collect();
        deep += thread::scope(|scope| {
            let cut = &cut;
            let spawn = |(index, seed)| scope.spawn(move || cut(number + index, seed));
            let cuts: Vec<_> = (0..).zip(seeds).map(spawn).collect();
            cuts.into_iter().map(|it| u64::from(it.join().expect("it is cut"))).sum::<u64>()
        });
        number += batch;
        ana.sync();
    }
    let gone = wait_until("all ghosts are gone", Duration::from_secs(20), || {
        ana.ask("/who").last().map(String::as_str) == Some("-- 1 online: ana.") && threads(pid) == threads_before
    });
    // Whoever is a member can still be put out, once, and a room of whom nobody is left is empty.
    let rows = ana.ask("/who #tea");
    let members = (0..8).filter(|number| rows.iter().any(|row| row.contains(&format!("guest{number}")))).count();
    for number in 0..8 {
        ana.ask(&format!("/kick #tea guest{number}"));
    }
    let rows = ana.ask("/who #tea");
    assert!(!rows.iter().any(|row| row.contains("guest")), "{rows:#?}");
    server.stop();
    let ms = gone.as_millis();
    Outcome::Held(format!(
        "{number} cut, {deep} of them behind the login, {members} became members; all gone in {ms} ms"
    ))
}
