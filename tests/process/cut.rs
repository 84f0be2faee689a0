//! A client that is cut gets to read why, also if it goes on sending: its bytes are answered by a reset only when it has
//! had time to read. A reset makes systems throw away what was received and not read.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use crate::support::{Client, PATIENCE, Running, Server, connect_from};

/// Half of the time for which the server lets a connection linger.
const SOON: Duration = Duration::from_millis(500);

/// Reads to the end, goes on sending, and expects to find no reset: `None` if the machine was too busy to tell.
fn goes_on_sending(mut socket: TcpStream) -> Option<String> {
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    let mut received = Vec::new();
    let read = socket.read_to_end(&mut received);
    let start = Instant::now();
    let received = String::from_utf8(received).expect("it is UTF-8");
    assert!(read.is_ok(), "{read:?} behind {received}");
    let mut broken = None;
    for _ in 0..20 {
        broken = broken.or(socket.write_all(b"and another thing\r\n").err());
    }
    broken = broken.or(sockopt::socket_error(&socket).expect("it can be asked").err().map(Into::into));
    if start.elapsed() > SOON {
        return None;
    }
    assert!(broken.is_none(), "{broken:?} behind {received}");
    Some(received)
}

/// What a client reads that is cut after `talk` and goes on sending.
#[track_caller]
fn check(what: &str, expected: &str, connect: impl Fn() -> TcpStream, talk: &[u8]) {
    for _ in 0..10 {
        let mut socket = connect();
        match socket.write_all(talk) {
            Ok(()) => {}
            // A refused client may be told before it has said a word.
            Err(error) => assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)),
        }
        if let Some(received) = goes_on_sending(socket) {
            assert!(received.trim_end().ends_with(expected), "{what}: {received}");
            return;
        }
    }
    panic!("{what}: the machine is too busy");
}

#[test]
fn a_client_that_is_cut_before_the_login_can_read_why() {
    let server = Server::with("login_timeout_s = 5\nlogin_bad_lines_max = 3").into_running();
    let connect = || TcpStream::connect(server.address).expect("the server accepts");
    let check = |what, expected, talk: &[u8]| check(what, expected, connect, talk);
    check(
        "garbage",
        "-! Too many lines before the login that were not understood. Connect again to try once more.",
        &b"nonsense\r\n".repeat(9),
    );
    check("wrong protocol", "Type: telnet HOST PORT", b"GET / HTTP/1.1\r\nHost: chat\r\n\r\nmore of it\r\n");
    check("line too long", "-! That line is too long (more than 65,536 bytes). Goodbye.", &b"x".repeat(70_000));
    check("quit", "-- Bye.", b"quit\r\nand more\r\n");
    check("login timeout", "-! You did not log in within 5 seconds. Connect again to try once more.", b"");
}

#[test]
fn a_program_that_is_cut_before_the_login_can_read_why() {
    let server = Server::with("login_bad_lines_max = 3").into_running();
    let connect = || TcpStream::connect(server.json).expect("the server accepts");
    check(
        "garbage",
        "were not understood.\",\"sent\":null,\"by\":null,\"until\":null,\"why\":null}",
        connect,
        &b"nonsense\n".repeat(9),
    );
    check(
        "line too long",
        "That line is too long (more than 65,536 bytes).\",\"sent\":null,\"by\":null,\"until\":null,\"why\":null}",
        connect,
        &b"x".repeat(70_000),
    );
}

/// Registers ana, who becomes the operator.
fn with_operator(server: &Running) -> Client {
    let code = server.operator_code.clone().expect("a code for the first operator");
    let mut ana = server.register("ana");
    assert!(ana.ask(&format!("/operator {code}"))[0].contains("an operator of the server"));
    ana
}

#[test]
fn a_refused_client_can_read_why() {
    let server = Server::with("connections_max = 3\nconnections_per_address_max = 2").into_running();
    let mut ana = with_operator(&server);
    let mut second = server.connect();
    second.expect("quit");
    let from = |source: &'static str| move || connect_from(server.address, source);
    let too_many = "-! Too many connections from your address. Close one, or wait ten minutes.";
    check("address full", too_many, from("127.0.0.1"), b"login ana password-of-ana\r\n");
    ana.send("/server ban 127.0.0.2 2d flooding");
    ana.expect("-- 127.0.0.2 is banned");
    check("banned", "-! This address is banned from this server.", from("127.0.0.2"), b"login ana password-of-ana\r\n");
    let mut third = Client::over(connect_from(server.address, "127.0.0.3"));
    third.expect("quit");
    check("full", "-! The server is full. Try again in a while.", from("127.0.0.4"), b"login ana password-of-ana\r\n");
}

#[test]
fn many_refused_clients_cost_a_bounded_number_of_descriptors() {
    let server = Server::with("connections_per_address_max = 1").into_running();
    let mut ana = server.register("ana");
    let descriptors = || std::fs::read_dir(format!("/proc/{}/fd", server.pid())).expect("it runs").count();
    let before = descriptors();
    let refused: Vec<TcpStream> =
        (0..200).map(|_| TcpStream::connect(server.address).expect("the server accepts")).collect();
    for mut socket in &refused {
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let mut line = String::new();
        socket.read_to_string(&mut line).expect("it is a line");
        assert!(line.starts_with("-! Too many connections from your address."), "{line}");
    }
    // The last one may still be on its way into the list, from which it displaces the first.
    let kept = descriptors();
    assert!(kept <= before + 17, "{kept} of {before}");
    // None of them for long.
    let start = Instant::now();
    while descriptors() > before {
        assert!(start.elapsed() < PATIENCE);
    }
    assert_eq!(ana.ask("/who"), ["-- 1 online: ana."]);
}

#[test]
fn a_client_that_is_cut_while_logged_in_can_read_why() {
    let server = Server::with("rate_burst_lines = 100\nrate_lines_per_s = 1000\nflood_max_lines = 5").into_running();
    let mut ana = with_operator(&server);
    let mut number = 0;
    let mut check = |what: &str, expected: &str, cut: &mut dyn FnMut(&str, &mut TcpStream)| {
        for _ in 0..10 {
            number += 1;
            let name = format!("bob{number}");
            let mut socket = TcpStream::connect(server.address).expect("the server accepts");
            socket.write_all(format!("register {name} password-of-{name}\r\n").as_bytes()).expect("the server reads");
            let (mut received, mut buffer) = (Vec::new(), [0; 4096]);
            while !received.ends_with(b"commands you need.\r\n") {
                let read = socket.read(&mut buffer).expect("it is welcomed");
                received.extend_from_slice(&buffer[..read]);
            }
            cut(&name, &mut socket);
            if let Some(received) = goes_on_sending(socket) {
                assert!(received.trim_end().ends_with(expected), "{what}: {received}");
                return;
            }
        }
        panic!("{what}: the machine is too busy");
    };
    let flood = "hello\r\n".repeat(1000);
    check("flooding", "-! Too many lines, too fast, for too long. Goodbye.", &mut |_, socket| {
        socket.write_all(flood.as_bytes()).expect("the server reads")
    });
    check("quit", "You stay in #general.", &mut |_, socket| socket.write_all(b"/quit\r\n").expect("it reads"));
    check("kicked", "You may connect again.", &mut |name, _| {
        ana.send(&format!("/server kick {name} spam"));
        ana.sync();
    });
}
