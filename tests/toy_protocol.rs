//! A third protocol, one page long, shows what a new one takes: an implementation of `Protocol` for what goes out, one of
//! `Conversation` for what comes in, and nothing in the rest of the server. It answers `PING`; every other line is said in
//! the first room.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use chat_server::broker::Waits;
use chat_server::chat::{Command, Event, MessageKind, Name, RoomLabel, Text, Traits};
use chat_server::client::{CONVERSATIONS, Client, Conversation, Input, InputEvent, Services, Session, SessionEnd};
use chat_server::config::{Config, Invocation, Listen};
use chat_server::net::Connection;
use chat_server::protocol::{Context, Notice, Protocol, Reference, Secret};
use chat_server::reason::{ClosingLine, Reason};
use chat_server::server::{Server, Stopping};

#[derive(Debug)]
struct Toy;

impl Protocol for Toy {
    fn word(&self) -> &'static str {
        "toy"
    }

    fn traits(&self) -> Traits {
        Traits { echoes: true, ..Traits::default() }
    }

    fn strict_order(&self) -> bool {
        false
    }

    fn event(&self, event: &Event, _: Context, out: &mut Vec<u8>) {
        if let Event::Message(message) = event {
            out.extend_from_slice(format!("{} {}\n", message.author, message.text).as_bytes());
        }
    }

    fn answer(&self, event: &Event, _: Option<&Reference>, _: Context, out: &mut Vec<u8>) {
        let word = if matches!(event, Event::Refused(_)) { "NO" } else { "OK" };
        out.extend_from_slice(format!("{word}\n").as_bytes());
    }

    fn notice(&self, _: Notice, _: Context, _: &mut Vec<u8>) {}
}

impl ClosingLine for Toy {
    fn closing_line(&self, reason: Reason, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("BYE {reason}\n").as_bytes());
    }

    fn line_end(&self) -> &'static [u8] {
        b"\n"
    }
}

impl Conversation for Toy {
    fn protocol(&self) -> &'static dyn Protocol {
        &Toy
    }

    fn input(&self, connection: Arc<Connection>, services: &Services) -> Input {
        Input::from_program(connection, services)
    }

    fn log_in(&self, client: &mut Client, _: Instant) -> Result<Session, Reason> {
        loop {
            let line = match client.input().next(None) {
                InputEvent::Line(line) => String::from_utf8_lossy(&line).into_owned(),
                over => return Err(client.reason_of(&over)),
            };
            let (name, password) = line.split_once(' ').ok_or(Reason::Garbage)?;
            let name = Name::parse(name).map_err(|_| Reason::Garbage)?;
            let secret = Secret::new(password.as_bytes().to_vec());
            match client.register_as(&name, &secret, None, client.origin(), None).map_err(|_| Reason::Lost)? {
                Ok(session) => return Ok(session),
                Err(_) => client.output().write(b"NO\n".to_vec()).map_err(|_| Reason::Lost)?,
            }
        }
    }

    fn serve(&self, client: &mut Client, session: &mut Session) -> SessionEnd {
        loop {
            let line = match client.next_in_turn() {
                Ok(InputEvent::Line(line)) => line,
                Ok(_) => continue,
                Err(end) => return end,
            };
            let room = Some(RoomLabel::Room(Name::parse("general").expect("a name")));
            let say = Command::Say { room, kind: MessageKind::Speech, text: Text::clean(&line), key: None };
            let done = match &line[..] {
                b"PING" => client.session_output().write(b"PONG\n".to_vec()),
                _ => client.ask(say.into(), None, Waits::No, session).map(drop),
            };
            if done.is_err() {
                return SessionEnd::Over;
            }
        }
    }
}

fn say(mut socket: &TcpStream, line: &str) {
    socket.write_all(format!("{line}\n").as_bytes()).expect("the server reads");
}

/// Reads these lines; notices and times of the text protocol are left out.
fn expect(socket: &TcpStream, expected: &[&str]) {
    let lines = BufReader::with_capacity(1, socket).lines().map_while(Result::ok);
    let lines = lines.filter(|line| !line.starts_with("-- "));
    let plain = lines.map(|line| line.split_once("] ").map_or(&line[..], |it| it.1).trim_end().to_owned());
    assert_eq!(plain.take(expected.len()).collect::<Vec<_>>(), expected);
}

#[test]
fn a_third_protocol_is_one_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let arguments = ["chat-server", "--data", data.to_str().expect("UTF-8")].map(Into::into);
    let Ok(Invocation::Run(mut config)) = Config::from_args(arguments) else { panic!("the arguments are right") };
    config.listen = ["text", "toy"].map(|protocol| Listen { protocol, address: "127.0.0.1:0".into() }).into();
    let mut conversations = CONVERSATIONS.to_vec();
    conversations.push(&Toy);
    let server = Server::start(&config, &conversations, Stopping::new()).expect("it starts");
    let connect = |index: usize| TcpStream::connect(server.addresses()[index].1).expect("it listens");

    let (toy, telnet) = (connect(1), connect(0));
    say(&toy, "ana a password of ana");
    expect(&toy, &["OK"]);
    say(&toy, "PING");
    expect(&toy, &["PONG"]);
    say(&toy, "hello");
    expect(&toy, &["OK", "ana hello"]);
    say(&telnet, "register bob password-of-bob\nhi ana");
    expect(&toy, &["bob hi ana"]);
    say(&toy, "hi bob");
    expect(
        &telnet,
        &[
            "#general system: Welcome! This is #general: everybody is in it, and everything said here is kept. /help shows what you can do.",
            "#general ana: hello",
            "#general ana: hi bob",
        ],
    );
    drop((toy, telnet));
    server.stop().expect("it stops");
}
