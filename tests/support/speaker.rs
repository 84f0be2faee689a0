//! A client that talks and listens until its connection ends, whatever ends it, and then testifies.
//!
//! For servers that are killed, cut off from power, or denied their disk: where [`Client`](super::Client) fails a test
//! when something does not come, a speaker only writes down what came. Its account has acknowledgements.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use super::history::{Stored, Testimony};
use super::oracle::Oracle;
use super::server::PATIENCE;

/// A logged-in connection that talks in `#general`.
pub struct Speaker {
    socket: TcpStream,
    lines: BufReader<TcpStream>,
    oracle: Oracle,
    /// Said, and not answered yet.
    waiting: VecDeque<String>,
    testimony: Testimony,
}

/// What one line tells.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// A message of its own is stored, under this number.
    Saved(u64),
    /// A message of its own is not stored.
    Refused,
    /// A message of somebody else.
    Message,
    /// Anything else, as it is.
    Other(String),
    /// The connection is over.
    End,
}

impl Speaker {
    /// A new account, with acknowledgements.
    pub fn register(address: SocketAddr, name: &str) -> io::Result<Speaker> {
        let mut speaker = Speaker::enter(address, "register", name)?;
        speaker.command("/set acks on")?;
        speaker.wait_for("-- Each message you send is now answered")?;
        Ok(speaker)
    }

    /// An account that [`Speaker::register`] made.
    pub fn log_in(address: SocketAddr, name: &str) -> io::Result<Speaker> {
        Speaker::enter(address, "login", name)
    }

    fn enter(address: SocketAddr, how: &str, name: &str) -> io::Result<Speaker> {
        let socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_nodelay(true)?;
        let lines = BufReader::new(socket.try_clone()?);
        let testimony = Testimony { who: name.to_owned(), ..Testimony::default() };
        let mut speaker = Speaker { socket, lines, oracle: Oracle::default(), waiting: VecDeque::new(), testimony };
        speaker.command(&format!("{how} {name} password-of-{name}"))?;
        speaker.wait_for(if how == "login" { "-- You talk in #general." } else { "-- Just type to talk." })?;
        // What the welcome shows was said before.
        speaker.testimony.seen.clear();
        Ok(speaker)
    }

    /// Sends a line that is no message.
    pub fn command(&mut self, line: &str) -> io::Result<()> {
        self.socket.write_all(format!("{line}\r\n").as_bytes())
    }

    /// Says something. Whether it could be sent; if not it may have been, in part or even whole.
    pub fn say(&mut self, text: &str) -> bool {
        self.testimony.said.push(text.to_owned());
        self.waiting.push_back(text.to_owned());
        self.command(text).is_ok()
    }

    /// How much it has said that is not answered.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Waits for a line and writes down what it tells.
    pub fn hear(&mut self) -> Heard {
        let mut line = Vec::new();
        // A line that was torn apart has told nobody anything.
        match self.lines.read_until(b'\n', &mut line) {
            Ok(read) if read > 0 && line.ends_with(b"\r\n") => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                panic!("{}: nothing came in time", self.testimony.who)
            }
            _ => return Heard::End,
        }
        let line = self.oracle.received(&line).pop().expect("it is a whole line").text;
        if let Some(seq) = line.strip_prefix("-- saved #general ") {
            let seq = seq.parse().expect("a number");
            self.testimony.saved.push((self.waiting.pop_front().expect("something was said"), seq));
            return Heard::Saved(seq);
        }
        if line.starts_with("-! Not saved") && !self.waiting.is_empty() {
            self.testimony.refused.extend(self.waiting.pop_front());
            return Heard::Refused;
        }
        if let Some((author, text)) = line.split_once("] #general ").and_then(|(_, said)| said.split_once(": ")) {
            self.testimony.seen.push((author.to_owned(), text.to_owned()));
            return Heard::Message;
        }
        Heard::Other(line)
    }

    /// Listens until this line comes.
    pub fn wait_for(&mut self, start: &str) -> io::Result<String> {
        loop {
            match self.hear() {
                Heard::Other(line) if line.starts_with(start) => return Ok(line),
                Heard::End => return Err(io::Error::other(format!("the connection ended before {start:?}"))),
                _ => {}
            }
        }
    }

    /// Says one text after the other, `window` of them ahead of the answers, as long as `goes_on` says so and the
    /// connection holds; then listens until all is answered. Whether it all was.
    pub fn talk(&mut self, prefix: &str, window: usize, mut goes_on: impl FnMut(u64) -> bool) -> bool {
        let mut number = 0;
        loop {
            while self.waiting() < window && goes_on(number) {
                self.say(&format!("{prefix}-{number}"));
                number += 1;
            }
            if self.waiting.is_empty() {
                return true;
            }
            if self.hear() == Heard::End {
                return false;
            }
        }
    }

    /// Listens to the end of the connection.
    pub fn listen(&mut self) {
        while self.hear() != Heard::End {}
    }

    /// Listens to everything that was said before now.
    pub fn sync(&mut self) -> io::Result<()> {
        self.command("/whois sync")?;
        self.wait_for("-! Nobody is called sync").map(drop)
    }

    /// How many messages of others it has seen.
    pub fn heard(&self) -> usize {
        self.testimony.seen.len()
    }

    /// The last message of somebody else.
    pub fn last_seen(&self) -> Option<&(String, String)> {
        self.testimony.seen.last()
    }

    /// What it knows.
    pub fn testify(self) -> Testimony {
        self.testimony
    }

    /// The history of `#general` from number `from` on, as the server gives it.
    pub fn history(&mut self, from: u64) -> io::Result<Vec<Stored>> {
        let mut found: Vec<Stored> = Vec::new();
        loop {
            let next = found.last().map_or(from, |last| last.seq + 1);
            self.command(&format!("/history #general {next}-{}", next + 99))?;
            self.command("/whois sync")?;
            let before = found.len();
            loop {
                let mut line = Vec::new();
                if self.lines.read_until(b'\n', &mut line)? == 0 {
                    return Err(io::Error::other("the connection ended within the history"));
                }
                let line = self.oracle.received(&line).pop().expect("it is a whole line").text;
                if line.starts_with("-! Nobody is called sync") {
                    break;
                }
                // What is live has no number.
                let numbered = line.split_once("] #general ").and_then(|(_, rest)| rest.split_once(' '));
                let Some((seq, said)) = numbered.and_then(|(seq, said)| Some((seq.parse().ok()?, said))) else {
                    continue;
                };
                let (author, text) = said.split_once(": ").expect("somebody said it");
                found.push(Stored { seq, author: author.to_owned(), text: text.to_owned() });
            }
            if found.len() == before {
                return Ok(found);
            }
        }
    }
}
