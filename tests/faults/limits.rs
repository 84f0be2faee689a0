//! A system that gives no more descriptors, threads or memory: newcomers are refused, members are served, and when there
//! is room again everything is as before.

use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use crate::probe::Probe;
use crate::process::{has, is_root, processor_time, under_shell, wait_until};
use crate::support::{Ledger, Server, Wire, crowd};
use crate::{Outcome, Plan};

/// How long the server is watched while it refuses.
const WHILE_REFUSING: Duration = Duration::from_secs(2);
/// In percent of one processor, including the probe's talk.
const PROCESSOR_MAX: u32 = 60;

/// At most 128 descriptors, of which the server keeps 64 for its store and itself.
pub fn descriptors(_: &mut Plan) -> Outcome {
    exhaust("128 descriptors", 120, |command| under_shell("ulimit -n 128", &command))
}

/// An address space of 300 MiB to 1 GiB: the server limits its connections, goes on at that limit, and stops cleanly.
pub fn memory(_: &mut Plan) -> Outcome {
    let setup = Server::with("login_timeout_s = 120");
    let server = setup.start();
    crowd::register(&server);
    let mut ledger = Ledger::open(&server);
    server.stop();
    let mut figures = Vec::new();
    for megabytes in [300, 400, 500, 600, 800, 1024] {
        let limit = format!("ulimit -v {}", megabytes * 1024);
        let mut server = setup.start_by(|command| under_shell(&limit, &command));
        let mut held = 0;
        let testimonies = crowd::talk(server.address, &format!("memory {megabytes}"), || {
            let mut wires = Vec::new();
            while wires.len() < 2000 {
                let Ok(socket) = TcpStream::connect(server.address) else { break };
                wires.push(Wire::over(socket));
                std::thread::sleep(Duration::from_millis(1));
            }
            held = wires.iter_mut().filter_map(|wire| wire.listen(Duration::from_millis(1)).then_some(wire)).count();
        });
        assert_eq!(server.ended(), None, "{megabytes} MiB: {}", server.log());
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(0), "{megabytes} MiB: {}", server.log());
        let maximum =
            server.log().lines().rev().find_map(|line| Some(line.split_once("connections_max=")?.1.to_owned()));
        let maximum = maximum.expect("it is logged").split(' ').next().unwrap_or_default().to_owned();
        figures.push(format!("{megabytes} MiB: {maximum} connections, {held} heard of it"));
        let server = setup.start();
        ledger.settle(&server, &testimonies, &limit);
        ledger.close(&server);
        server.stop();
    }
    Outcome::Held(format!("{}; nothing was lost: {}", figures.join(", "), ledger.tally))
}

/// At most 40 threads, for a user who is not root, to whom no such limit applies.
pub fn thread_count(_: &mut Plan) -> Outcome {
    if !is_root() || !has("setpriv") {
        return Outcome::Skipped("only root, with setpriv, may become a user to whom a limit applies".to_owned());
    }
    exhaust("40 threads", 100, |command| {
        let folder = command.get_args().nth(3).expect("the data folder").to_owned();
        let mut changed = Command::new("sh");
        changed.arg("-c").arg(
            "mkdir -p \"$0\" && chown 64999 \"$0\" && chmod 700 \"$0\" && chmod 755 \"$0/..\" \
             && exec setpriv --reuid 64999 --clear-groups prlimit --nproc=40 \"$@\"",
        );
        changed.arg(&folder).arg(command.get_program()).args(command.get_args());
        changed
    })
}

/// Connects until the server refuses, watches it, disconnects, and watches it again.
fn exhaust(what: &str, tries: usize, change: impl Fn(Command) -> Command) -> Outcome {
    let setup = Server::with("login_timeout_s = 120");
    let mut server = setup.start_by(change);
    let (probe, quiet) = Probe::new(&server).talk_for(Duration::from_secs(1));
    let probe = probe.start();
    let (mut let_in, mut refused, mut silent) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..tries {
        let Ok(socket) = TcpStream::connect(server.address) else { break };
        let mut wire = Wire::over(socket);
        while wire.received().len() < 20 && wire.listen(Duration::from_millis(200)) {
            if wire.received().is_empty() {
                break;
            }
        }
        match wire.received() {
            greeting if greeting.starts_with(b"-- Chat: ") => let_in.push(wire),
            [] => silent.push(wire),
            refusal => {
                let refusal = String::from_utf8_lossy(refusal).into_owned();
                let is_known = ["The server is full", "The server cannot take another connection"]
                    .iter()
                    .any(|known| refusal.contains(known));
                assert!(is_known, "{what}: {refusal}");
                refused.push(refusal);
            }
        }
        if refused.len() + silent.len() >= 20 {
            break;
        }
    }
    assert_eq!(server.ended(), None, "{what}: the server ended: {}", server.log());
    assert!(refused.len() + silent.len() >= 20, "{what}: everybody was let in: {}", let_in.len());
    let before = processor_time(server.pid());
    std::thread::sleep(WHILE_REFUSING);
    let used = processor_time(server.pid()) - before;
    let share = used.as_secs_f64() / WHILE_REFUSING.as_secs_f64() * 100.0;
    let (probe, at_the_limit) = probe.stop();
    at_the_limit.check(what);
    assert!(share < f64::from(PROCESSOR_MAX), "{what}: {share:.0} % of a processor");
    let (let_in_count, refused_count, silent_count) = (let_in.len(), refused.len(), silent.len());
    drop((let_in, silent));
    // The server notices that there is room again.
    let took = wait_until("somebody is let in again", Duration::from_secs(10), || {
        let mut wire = Wire::over(TcpStream::connect(server.address).expect("the server accepts"));
        wire.listen(Duration::from_millis(200));
        wire.received().starts_with(b"-- Chat: ")
    });
    let (_, afterwards) = probe.talk_for(Duration::from_secs(1));
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0), "{what}: {}", server.log());
    Outcome::Held(format!(
        "{let_in_count} let in, {refused_count} refused in words, {silent_count} left waiting; {share:.0} % of a processor \
         with the probe; quiet {quiet}; at the limit {at_the_limit}; let in again after {} ms; afterwards {afterwards}",
        took.as_millis()
    ))
}
