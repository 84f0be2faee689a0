//! How the work and the output of each command grow with what there is: not faster than it, and never beyond a page.

use std::time::{Duration, Instant};

use crate::support::{Client, Running, Server};
use crate::{Outcome, Plan};

/// The promise for the answer to one command.
const OUTPUT_MAX_BYTES: usize = 64 << 10;
/// How many times as long an answer may take at four times the size: linear growth, doubled for a busy machine.
const GROWTH_MAX: f64 = 8.0;
/// Times below this are noise.
const FLOOR: Duration = Duration::from_micros(500);
const SIZES: [u64; 3] = [150, 300, 600];
const REPEATS: usize = 15;

const COMMANDS: &[&str] = &[
    "/rooms",
    "/rooms 2",
    "/who",
    "/who #big",
    "/who #big 2",
    "/room #big show",
    "/bans #big",
    "/history #big",
    "/history #big 100",
    "/history #big 1-100",
    "/whois ana",
    "/whois busy",
    "/join big",
    "/join bigg",
    "/say #bigg hello",
    "/whois nobody-like-this",
    "/unread",
    "/catchup",
    "/help all",
    "/topic #big tea",
    "/server bans",
];

/// A server with `size` accounts, rooms, members, bans and messages.
fn filled(size: u64) -> (Running, Client) {
    let server = Server::with("rooms_per_account_max = 100000").into_running();
    let mut ana = server.register_operator("ana");
    ana.ask("/create big");
    let mut busy = server.register("busy");
    for number in 0..size {
        busy.send(&format!("/create room{number}"));
        busy.send("/join general");
        if number % 50 == 49 {
            busy.sync();
        }
    }
    std::thread::scope(|scope| {
        for worker in 0..6 {
            let server = &server;
            scope.spawn(move || {
                for number in (worker..size).step_by(6) {
                    let mut guest = server.register(&format!("guest{number}"));
                    guest.ask("/join big");
                    drop(guest);
                }
            });
        }
    });
    for number in 0..size {
        ana.send(&format!("/say #big {number} {}", "x".repeat(1900)));
        if number % 3 == 0 {
            ana.send(&format!("/ban #big guest{number}"));
            ana.send(&format!("/server ban guest{number}"));
        }
        if number % 20 == 19 {
            ana.sync();
        }
    }
    ana.sync();
    (server, ana)
}

/// Every command at 1, 2 and 4 times the size.
pub fn growth(_: &mut Plan) -> Outcome {
    let mut taken: Vec<Vec<Duration>> = vec![Vec::new(); COMMANDS.len()];
    let mut most = (0, "");
    for size in SIZES {
        let (server, mut ana) = filled(size);
        for (index, command) in COMMANDS.iter().enumerate() {
            let mut times = Vec::new();
            for _ in 0..REPEATS {
                let start = Instant::now();
                let lines = ana.ask(command);
                times.push(start.elapsed());
                let bytes: usize = lines.iter().map(|line| line.len() + 2).sum();
                assert!(bytes <= OUTPUT_MAX_BYTES, "{command}: {bytes} bytes");
                most = most.max((bytes, command));
            }
            // The quickest, since the rest is noise.
            taken[index].push(times.into_iter().min().expect("there are some"));
        }
        server.stop();
    }
    let mut steepest = (0.0, "");
    for (command, times) in COMMANDS.iter().zip(&taken) {
        let growth = times[2].max(FLOOR).as_secs_f64() / times[0].max(FLOOR).as_secs_f64();
        println!("  {command:<28} {times:?}");
        assert!(growth <= GROWTH_MAX, "{command}: {times:?} at {SIZES:?}");
        if growth > steepest.0 {
            steepest = (growth, *command);
        }
    }
    let (bytes, command) = most;
    Outcome::Held(format!(
        "most output {bytes} bytes ({command}); at 4 times the size at most {:.1} times as long ({})",
        steepest.0, steepest.1
    ))
}
