//! Whether the time of an answer reveals what its words hide: that a name or a private room exists.

use std::time::{Duration, Instant};

use crate::probe::Latencies;
use crate::support::{Client, Server};
use crate::{Outcome, Plan};

/// How far from half the share of slower answers may lie. With fifty of each kind, chance
/// alone goes that far once in some hundred thousand runs; a password that is hashed for one kind only, or a page that is
/// read, gives nearly 0 or 1.
const HALF_MAX: f64 = 0.25;
/// Fewer would fail by chance.
const ROUNDS_MIN: u64 = 50;
/// Questions are quicker than logins, so there are more.
const QUESTIONS_A_LOGIN: u64 = 10;

/// What somebody outside asks of a room.
const QUESTIONS: [&str; 4] = ["/join #{}", "/history #{} 100", "/who #{}", "/topic #{}"];

/// Logins with a wrong password, and questions of an outsider, each about something that exists and something that does
/// not, in turns.
pub fn timing(plan: &mut Plan) -> Outcome {
    let server = Server::with("login_bad_lines_max = 1000000\nlogin_timeout_s = 3600").into_running();
    let mut ana = server.register("ana");
    let mut eve = server.register("eve");
    ana.ask("/create hideout private");
    (0..500).for_each(|number| ana.send(&format!("a secret of an ordinary length, number {number}")));
    ana.sync();
    let (rounds, mut told) = (plan.rounds.max(ROUNDS_MIN), Vec::new());

    let mut stranger = server.connect();
    stranger.expect("quit");
    let login = |name: &str| asked(format!("login {name} a-wrong-password"), "-! Wrong name or password");
    told.push(compare(rounds, "login", &mut stranger, login("ana"), login("amy")));

    for question in QUESTIONS {
        let ask = |room: &str| asked(question.replace("{}", room), "-! ");
        told.push(compare(rounds * QUESTIONS_A_LOGIN, question, &mut eve, ask("hideout"), ask("missing")));
    }
    Outcome::Held(told.join("; "))
}

/// Sends a line and waits for a part of its answer; how long that took.
fn asked(line: String, answer: &'static str) -> impl FnMut(&mut Client) -> Duration {
    move |client| {
        let start = Instant::now();
        client.send(&line);
        client.expect(answer);
        start.elapsed()
    }
}

/// Does both in turns, each first in half of the rounds.
fn compare(
    rounds: u64,
    what: &str,
    client: &mut Client,
    mut there: impl FnMut(&mut Client) -> Duration,
    mut missing: impl FnMut(&mut Client) -> Duration,
) -> String {
    let (mut of_there, mut of_missing) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % 2 == 0 {
            of_there.push(there(client));
            of_missing.push(missing(client));
        } else {
            of_missing.push(missing(client));
            of_there.push(there(client));
        }
    }
    // The chance that one of the first kind took longer than one of the second: half, if nothing can be told from it.
    let slower: f64 = of_there.iter().map(|a| of_missing.iter().map(|b| rank(*a, *b)).sum::<f64>()).sum();
    let share = slower / (of_there.len() * of_missing.len()) as f64;
    let [there, missing] = [of_there, of_missing].map(|taken| Latencies::of(taken).permille(500));
    let text = format!("{what}: {there:?} and {missing:?}, slower where there is something in {:.1} %", 100.0 * share);
    assert!((share - 0.5).abs() < HALF_MAX, "{text}");
    text
}

fn rank(a: Duration, b: Duration) -> f64 {
    match a.cmp(&b) {
        std::cmp::Ordering::Less => 0.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Greater => 1.0,
    }
}
