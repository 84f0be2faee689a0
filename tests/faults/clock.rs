//! A wall clock that jumps by ten years, back and forth, while people talk.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::probe::Probe;
use crate::support::{Client, Ledger, Server, crowd};
use crate::{Outcome, Plan};

/// Where Debian installs the library that fakes the time.
const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
/// The settings of the clock, in order.
const JUMPS: [&str; 6] = ["+10y", "+0", "-10y", "-1h", "+40d", "+0"];

/// The order, the numbers, the limits and the connections do not depend on the wall clock.
pub fn jumps(plan: &mut Plan) -> Outcome {
    if !Path::new(LIBRARY).exists() {
        return Outcome::Skipped("libfaketime is missing".to_owned());
    }
    let setup = Server::with("login_timeout_s = 3600\nrate_burst_lines = 1000000");
    let control = setup.path().join("clock");
    let set = |jump: &str| fs::write(&control, jump).expect("it can be written");
    set("+0");
    let lying = |mut command: Command| {
        command.env("LD_PRELOAD", LIBRARY).env("FAKETIME_TIMESTAMP_FILE", &control).env("FAKETIME_NO_CACHE", "1");
        command.env("DONT_FAKE_MONOTONIC", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command
    };
    let server = setup.start_by(lying);
    crowd::register(&server);
    let mut ledger = Ledger::open(&server);
    // They are there from the first to the last jump: one logged in and silent, one not logged in.
    let mut silent = server.register("silent");
    let mut stranger = Client::connect(server.address);
    stranger.expect("quit");
    let (probe, _) = Probe::new(&server).talk_for(Duration::from_millis(500));
    let probe = probe.start();
    let mut server = server;
    for round in 0..plan.rounds {
        let testimonies = crowd::talk(server.address, &round.to_string(), || {
            for jump in JUMPS {
                set(jump);
                thread::sleep(Duration::from_millis(60));
            }
        });
        ledger.settle(&server, &testimonies, &format!("round {round}"));
        drop(silent.sync());
    }
    // Days passed by jumps, so everybody was sent lines with dates.
    let (_, latencies) = probe.stop();
    latencies.check("with a clock that jumps");
    stranger.send("help");
    stranger.expect("register");
    let version = silent.ask("/whois probe-one");
    assert!(version.iter().any(|line| line.contains("probe-one")), "{version:#?}");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    // Also over a restart in the past.
    set("-10y");
    let server = setup.start_by(lying);
    ledger.close(&server);
    let testimonies = crowd::talk(server.address, "past", || thread::sleep(Duration::from_millis(100)));
    ledger.settle(&server, &testimonies, "in the past");
    server.stop();
    Outcome::Held(format!("{} jumps; {latencies}; {}", plan.rounds * JUMPS.len() as u64, ledger.tally))
}
