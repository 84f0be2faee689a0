//! Connections that never log in: mute ones, trickling ones, and lines without an end: their cost and their end.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::probe::Probe;
use crate::process::{resident_kib, threads, wait_until};
use crate::support::{Running, Server};
use crate::{Outcome, Plan};

/// The time for logging in, short for a test.
const SETTINGS: &str = "login_timeout_s = 20";
const TIMEOUT: Duration = Duration::from_secs(20);
/// How much later than that a connection may end, on a busy machine. The figure is reported.
const SLACK: Duration = Duration::from_secs(10);
const MUTE: usize = 2000;
const TRICKLING: usize = 1000;
const ENDLESS: usize = 500;
/// The promise for one connection that is not logged in.
const EACH_MAX_KIB: u64 = 32;
/// The promise for its buffered input.
const INPUT_MAX_KIB: u64 = 4;

/// A connection, and since when.
type Stranger = (TcpStream, Instant);

fn connect(server: &Running, count: usize) -> Vec<Stranger> {
    let connect = |_| {
        let socket = TcpStream::connect(server.address).expect("the server accepts");
        socket.set_nonblocking(true).expect("it can be set");
        (socket, Instant::now())
    };
    (0..count).map(connect).collect()
}

/// Whether the server has ended it; what it says before is read.
fn is_ended(socket: &mut TcpStream) -> bool {
    let mut buffer = [0; 4096];
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(_) => return true,
        }
    }
}

/// Waits until the server has ended all of them, doing something with each that is left now and then; how long the
/// shortest and the longest lived.
fn wait_for_end(sockets: &mut Vec<Stranger>, mut each: impl FnMut(&mut TcpStream)) -> (Duration, Duration) {
    let (mut first, mut last) = (Duration::MAX, Duration::ZERO);
    while !sockets.is_empty() {
        sockets.retain_mut(|(socket, since)| {
            let (is_ended, lived) = (is_ended(socket), since.elapsed());
            if is_ended {
                (first, last) = (first.min(lived), last.max(lived));
            } else {
                assert!(lived < TIMEOUT + SLACK, "one is still there after {lived:?}");
                each(socket);
            }
            !is_ended
        });
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(first + Duration::from_millis(200) > TIMEOUT, "the first ended after {first:?}");
    (first, last)
}

/// 2,000 connections that say nothing: small, ended in time, and nobody feels them. Then 2,000 again and again, which
/// leave nothing behind.
pub fn mute(plan: &mut Plan) -> Outcome {
    let server = Server::with(SETTINGS).into_running();
    let pid = server.pid();
    let (probe, quiet) = Probe::new(&server).talk_for(Duration::from_secs(2));
    let (before, threads_before) = (resident_kib(pid), threads(pid));
    let probe = probe.start();
    let start = Instant::now();
    let mut sockets = connect(&server, MUTE);
    let connected = start.elapsed();
    wait_until("all are served", TIMEOUT, || threads(pid) >= threads_before + MUTE as u64);
    let each = (resident_kib(pid) - before) / MUTE as u64;
    assert!(each <= EACH_MAX_KIB, "{each} KiB for each");
    let (first, last) = wait_for_end(&mut sockets, |_| {});
    let (_probe, crowded) = probe.stop();
    crowded.check("beside 2,000 mute connections");
    // Rounds of connections that come and go.
    let mut resident = Vec::new();
    for _ in 0..plan.rounds {
        drop(connect(&server, MUTE));
        wait_until("all are gone", Duration::from_secs(20), || threads(pid) <= threads_before);
        resident.push(resident_kib(pid));
    }
    if let [_, _, third, .., last] = resident[..] {
        assert!(last * 10 <= third * 11, "memory grows: {resident:?} KiB");
    }
    server.stop();
    let ratio = crowded.ratio(&quiet);
    Outcome::Held(format!(
        "{each} KiB each; connected in {} ms, ended after {:.1} to {:.1} s; quiet {quiet}; crowded {crowded}, ratio of p99 {ratio:.2}; resident after rounds {resident:?} KiB",
        connected.as_millis(),
        first.as_secs_f64(),
        last.as_secs_f64()
    ))
}

/// A byte now and then does not move the deadline.
pub fn trickle(_: &mut Plan) -> Outcome {
    let server = Server::with(SETTINGS).into_running();
    let (probe, quiet) = Probe::new(&server).talk_for(Duration::from_secs(1));
    let probe = probe.start();
    let mut sockets = connect(&server, TRICKLING);
    let mut bytes = "login somebody with a very long password".bytes().cycle();
    let (first, last) = wait_for_end(&mut sockets, |socket| {
        let _ = socket.write(&[bytes.next().expect("it has no end")]);
    });
    let (_probe, crowded) = probe.stop();
    crowded.check("beside 1,000 trickling connections");
    server.stop();
    let (first, last, ratio) = (first.as_secs_f64(), last.as_secs_f64(), crowded.ratio(&quiet));
    Outcome::Held(format!("{TRICKLING} ended after {first:.1} to {last:.1} s; {crowded}, ratio of p99 {ratio:.2}"))
}

/// Lines without an end: little of them is buffered, and the connection is closed at the limit.
pub fn endless(_: &mut Plan) -> Outcome {
    let server = Server::with(SETTINGS).into_running();
    let pid = server.pid();
    let threads_before = threads(pid);
    let mut sockets = connect(&server, ENDLESS);
    wait_until("all are served", TIMEOUT, || threads(pid) >= threads_before + ENDLESS as u64);
    let before = resident_kib(pid);
    // The limit of a line; one more byte closes the connection.
    let part = "x".repeat(65_536);
    for (socket, _) in &mut sockets {
        socket.set_nonblocking(false).expect("it can be set");
        socket.write_all(part.as_bytes()).expect("the server reads");
        socket.set_nonblocking(true).expect("it can be set");
    }
    // The server has read everything when the kernel's buffers are empty.
    wait_until("all is read", Duration::from_secs(10), || unread(&server) == 0);
    let each = resident_kib(pid).saturating_sub(before) / ENDLESS as u64;
    assert!(each <= INPUT_MAX_KIB, "{each} KiB for each");
    for (socket, _) in &mut sockets {
        let _ = socket.write(b"x");
    }
    let cut = wait_until("all are cut", TIMEOUT, || {
        sockets.retain_mut(|(socket, _)| !is_ended(socket));
        sockets.is_empty()
    });
    assert!(cut < TIMEOUT / 2, "the deadline ended them");
    server.stop();
    Outcome::Held(format!("{ENDLESS} lines of 65,536 bytes without an end cost {each} KiB each; the next byte cuts"))
}

/// Bytes that the system holds for the server's connections, as `/proc/net/tcp` tells.
fn unread(server: &Running) -> u64 {
    let port = format!(":{:04X}", server.address.port());
    let table = std::fs::read_to_string("/proc/net/tcp").expect("the system tells");
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let own = rows.filter(|row| row.len() > 4 && row[1].ends_with(&port) && row[3] == "01");
    own.map(|row| u64::from_str_radix(&row[4][9..], 16).expect("a number")).sum()
}
