//! How soon are a thousand programs back after all of them lost their connections, and does that delay others?
//!
//! The real server with a thousand accounts, each with a token. They connect over one second, one a millisecond, and log in
//! at once, while another program pings every five milliseconds. A ping counts from the moment at which it was due, so a
//! server that delays it cannot hide that. `cargo bench --bench storm`.

#[allow(dead_code, unused_imports, reason = "tests need more of it")]
#[path = "../tests/support/mod.rs"]
mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use chat_server::chat::{
    AccountId, Chat, ChatLimits, Effects, GENERAL, Name, PasswordHash, ReadMark, Record, Role, Timestamp, TokenScope,
    TokenSecret,
};
use chat_server::store::{self, Folder, Store as _};
use chat_server::token;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use serde_json::json;
use support::{Program, Server};

const PROGRAMS: usize = 1000;
const OVER: Duration = Duration::from_secs(1);
const PING_EVERY: Duration = Duration::from_millis(5);
const QUIET: Duration = Duration::from_secs(3);

fn main() {
    let server = Server::new();
    let tokens = accounts(&server);
    println!("{PROGRAMS} programs log in by token over {OVER:?}; a ping every {PING_EVERY:?}; times in ms");
    println!("| round | all back after | ping p50 / p99 / max, quiet | ping p50 / p99 / max, beside the storm |");
    println!("| --- | --- | --- | --- |");
    let mut lines = Vec::new();
    for round in 1..=5 {
        let running = server.start();
        let mut pinger = login(running.json, &tokens[0]);
        let quiet = ping_for(&mut pinger, QUIET);
        let storm = {
            let (address, tokens) = (running.json, tokens[1..].to_vec());
            thread::spawn(move || storm(address, &tokens))
        };
        let beside = ping_while(&mut pinger, || !storm.is_finished());
        let back = storm.join().expect("all are back");
        println!("| {round} | {:.0} | {} | {} |", ms(back), row(&quiet), row(&beside));
        lines.push(json!({
            "programs": PROGRAMS, "all_back_ms": ms(back),
            "quiet_p99_ms": ms(at(&quiet, 99.0)), "storm_p99_ms": ms(at(&beside, 99.0)), "storm_max_ms": ms(at(&beside, 100.0)),
        }));
        drop(pinger);
        running.stop();
    }
    println!();
    lines.iter().for_each(|line| println!("{line}"));
}

/// Creates the accounts in a store; returns the name and the token of each.
fn accounts(server: &Server) -> Vec<(String, String)> {
    let (mut writer, _reader) = store::open(&Folder::open(&server.data()).expect("a folder"), 1).expect("a store");
    let mut effects = Effects::default();
    let now = Timestamp(1_700_000_000_000);
    Chat::load(ChatLimits::default(), writer.load().expect("a store")).found(now, &mut effects);
    let mut tokens = Vec::new();
    for number in 0..=PROGRAMS {
        let (id, name) = (AccountId(2 + number as i64), format!("bot-{number}"));
        let (TokenSecret(secret), digest) = token::draw().expect("random numbers");
        let parsed = Name::parse(&name).expect("a name");
        let token = Name::parse("link").expect("a name");
        effects.records.extend([
            Record::AccountCreated { id, name: parsed, hash: PasswordHash("!".into()), at: now },
            Record::MemberAdded {
                room: GENERAL,
                account: id,
                role: Role::Member,
                since: now,
                read: ReadMark::up_to(1),
            },
            Record::TokenCreated { account: id, name: token, digest, scope: TokenScope::All, at: now, until: None },
        ]);
        tokens.push((name, secret.to_string()));
    }
    writer.commit(&effects.records).expect("they are stored");
    writer.close().expect("it closes");
    tokens
}

fn login(address: SocketAddr, (name, token): &(String, String)) -> Program {
    let mut program = Program::connect(address);
    let answer = program.ask(json!({"type": "login", "name": name, "token": token}));
    assert_eq!(answer["type"], "logged_in", "{answer}");
    program
}

/// Connects all programs and logs them in. Returns the time until the last one was logged in.
fn storm(address: SocketAddr, tokens: &[(String, String)]) -> Duration {
    let mut poll = Poll::new().expect("readiness");
    let mut events = Events::with_capacity(1024);
    let mut sockets: Vec<(TcpStream, Vec<u8>)> = Vec::new();
    let (start, mut back) = (Instant::now(), 0);
    while back < tokens.len() {
        let due = start + OVER * u32::try_from(sockets.len()).expect("few") / u32::try_from(tokens.len()).expect("few");
        if sockets.len() < tokens.len() && Instant::now() >= due {
            let (name, token) = &tokens[sockets.len()];
            let mut socket = std::net::TcpStream::connect(address).expect("the server accepts");
            socket
                .write_all(format!("{}\n", json!({"type": "login", "name": name, "token": token})).as_bytes())
                .unwrap();
            socket.set_nonblocking(true).expect("it can be set");
            let mut socket = TcpStream::from_std(socket);
            poll.registry().register(&mut socket, Token(sockets.len()), Interest::READABLE).expect("a connection");
            sockets.push((socket, Vec::new()));
            continue;
        }
        let wait = if sockets.len() < tokens.len() { due - Instant::now() } else { Duration::from_millis(50) };
        poll.poll(&mut events, Some(wait)).expect("readiness");
        for event in &events {
            let (socket, received) = &mut sockets[event.token().0];
            let mut buffer = [0; 4096];
            loop {
                match socket.read(&mut buffer) {
                    Ok(0) => panic!("a program was cut: {}", String::from_utf8_lossy(received)),
                    Ok(read) => received.extend_from_slice(&buffer[..read]),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("cannot read: {error}"),
                }
            }
            let text = String::from_utf8_lossy(received);
            assert!(!text.contains("refused"), "{text}");
            if text.contains("\"logged_in\"") {
                received.clear();
                back += 1;
            }
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{back} are back");
    }
    start.elapsed()
}

fn ping_for(pinger: &mut Program, time: Duration) -> Vec<Duration> {
    let end = Instant::now() + time;
    ping_while(pinger, || Instant::now() < end)
}

/// Pings at the due times. Returns the sorted latencies.
fn ping_while(pinger: &mut Program, goes_on: impl Fn() -> bool) -> Vec<Duration> {
    let (mut due, mut times) = (Instant::now(), Vec::new());
    while goes_on() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        pinger.ask(json!({"type": "ping"}));
        times.push(due.elapsed());
        due += PING_EVERY;
    }
    times.sort();
    times
}

/// A percentile of sorted times.
fn at(times: &[Duration], percent: f64) -> Duration {
    let index = (times.len() as f64 * percent / 100.0).ceil() as usize;
    times[index.clamp(1, times.len()) - 1]
}

fn row(times: &[Duration]) -> String {
    let [p50, p99, max] = [50.0, 99.0, 100.0].map(|percent| ms(at(times, percent)));
    format!("{p50:.2} / {p99:.2} / {max:.2}")
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
