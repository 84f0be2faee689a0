//! A client that talks and listens until its connection ends, for any reason, and then testifies.
//!
//! For servers that are killed or lose their power or disk: [`Client`](super::Client) fails a test when a line is missing,
//! but a speaker only records the lines that it receives. Its account has acknowledgements on.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use super::history::{Stored, Testimony};
use super::output_checker::OutputChecker;
use super::server::PATIENCE;

/// A logged-in connection that talks in `#general`.
pub struct Speaker {
    socket: TcpStream,
    lines: BufReader<TcpStream>,
    checker: OutputChecker,
    /// Messages that are sent and not answered yet.
    pending: VecDeque<String>,
    testimony: Testimony,
}

/// The meaning of one received line.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// A message of its own is stored, under this number.
    Saved(u64),
    /// A message of its own is not stored.
    Refused,
    /// A message of somebody else.
    Message,
    /// Any other line.
    Other(String),
    /// The connection has ended.
    End,
}

impl Speaker {
    /// A new account, with acknowledgements.
    pub fn register(address: SocketAddr, name: &str) -> io::Result<Speaker> {
        let mut speaker = Speaker::enter(address, "register", name)?;
        speaker.command("/set acks on")?;
        speaker.wait_for("-- Each message you send is now acknowledged")?;
        Ok(speaker)
    }

    /// Logs in to an account that [`Speaker::register`] created.
    pub fn log_in(address: SocketAddr, name: &str) -> io::Result<Speaker> {
        Speaker::enter(address, "login", name)
    }

    fn enter(address: SocketAddr, how: &str, name: &str) -> io::Result<Speaker> {
        let socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_nodelay(true)?;
        let lines = BufReader::new(socket.try_clone()?);
        let testimony = Testimony { who: name.to_owned(), ..Testimony::default() };
        let mut speaker =
            Speaker { socket, lines, checker: OutputChecker::default(), pending: VecDeque::new(), testimony };
        speaker.command(&format!("{how} {name} password-of-{name}"))?;
        speaker.wait_for(if how == "login" { "-- Now in #general." } else { "-- Just type to talk." })?;
        // The messages of the welcome are from before the login.
        speaker.testimony.seen.clear();
        Ok(speaker)
    }

    /// Sends a command.
    pub fn command(&mut self, line: &str) -> io::Result<()> {
        self.socket.write_all(format!("{line}\r\n").as_bytes())
    }

    /// Sends a message, and returns whether that succeeded. After a failure the server may have received all of it, or a part.
    pub fn say(&mut self, text: &str) -> bool {
        self.testimony.said.push(text.to_owned());
        self.pending.push_back(text.to_owned());
        self.command(text).is_ok()
    }

    /// The number of its pending messages.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Waits for a line and records it.
    pub fn receive(&mut self) -> Received {
        let mut line = Vec::new();
        // A truncated line counts as not received.
        match self.lines.read_until(b'\n', &mut line) {
            Ok(read) if read > 0 && line.ends_with(b"\r\n") => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                panic!("{}: nothing came in time", self.testimony.who)
            }
            _ => return Received::End,
        }
        let line = self.checker.received(&line).pop().expect("it is a whole line").text;
        if let Some(seq) = line.strip_prefix("-- saved #general ") {
            let seq = seq.parse().expect("a number");
            self.testimony.saved.push((self.pending.pop_front().expect("something was said"), seq));
            return Received::Saved(seq);
        }
        if line.starts_with("-! Not saved") && !self.pending.is_empty() {
            self.testimony.refused.extend(self.pending.pop_front());
            return Received::Refused;
        }
        if let Some((author, text)) = line.split_once("] #general ").and_then(|(_, said)| said.split_once(": ")) {
            self.testimony.seen.push((author.to_owned(), text.to_owned()));
            return Received::Message;
        }
        Received::Other(line)
    }

    /// Reads until a line starts like this.
    pub fn wait_for(&mut self, start: &str) -> io::Result<String> {
        loop {
            match self.receive() {
                Received::Other(line) if line.starts_with(start) => return Ok(line),
                Received::End => return Err(io::Error::other(format!("the connection ended before {start:?}"))),
                _ => {}
            }
        }
    }

    /// Sends one text after the other, with up to `window` of them pending, while `goes_on` returns true and the connection
    /// lasts; then reads until all are answered. Returns whether all were.
    pub fn talk(&mut self, prefix: &str, window: usize, mut goes_on: impl FnMut(u64) -> bool) -> bool {
        let mut number = 0;
        loop {
            while self.pending() < window && goes_on(number) {
                self.say(&format!("{prefix}-{number}"));
                number += 1;
            }
            if self.pending.is_empty() {
                return true;
            }
            if self.receive() == Received::End {
                return false;
            }
        }
    }

    /// Reads to the end of the connection.
    pub fn listen(&mut self) {
        while self.receive() != Received::End {}
    }

    /// A barrier: reads everything that was sent before now.
    pub fn sync(&mut self) -> io::Result<()> {
        self.command("/whois sync")?;
        self.wait_for("-! Nobody is called sync").map(drop)
    }

    /// The number of messages of others that it has seen.
    pub fn seen_count(&self) -> usize {
        self.testimony.seen.len()
    }

    /// The last message of somebody else.
    pub fn last_seen(&self) -> Option<&(String, String)> {
        self.testimony.seen.last()
    }

    /// Its testimony.
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
                let line = self.checker.received(&line).pop().expect("it is a whole line").text;
                if line.starts_with("-! Nobody is called sync") {
                    break;
                }
                // A live message has no number.
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
