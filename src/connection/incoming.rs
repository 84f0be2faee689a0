//! What comes from a client: bytes, telnet commands, lines, and the end.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use zeroize::{Zeroize, Zeroizing};

use crate::net::{Cut, LineCutter, Link};
use crate::protocol::sniff::{self, Stranger};
use crate::protocol::telnet::Telnet;

/// Bytes read at a time. Also the most that is kept unread for a client that has to wait.
const READ_BYTES: usize = 4096;

/// One thing that came from a client.
#[derive(Debug)]
pub enum Arrival {
    /// A line, without its end. May be a password, so it is wiped when it is dropped.
    Line(Zeroizing<Vec<u8>>),
    /// A line that was too long; nothing of it is kept.
    TooLong,
    /// A line that went on far beyond the limit.
    Hopeless,
    /// These bytes must be sent to the client: answers to its telnet commands.
    Answer(Vec<u8>),
    /// Ctrl-C and the like: what was typed of a line is gone.
    Interrupted,
    /// What came first is no telnet client.
    Stranger(Stranger),
    /// End of input, or a lone Ctrl-D.
    End,
    /// The deadline has passed.
    TimedOut,
    /// The connection broke.
    Lost,
}

/// The reading side of a connection.
pub struct Incoming {
    link: Arc<Link>,
    /// The telnet commands in what a person's client sends. `None` for programs, which are taken at their word.
    pub(super) telnet: Option<Telnet>,
    cutter: LineCutter,
    /// What came with an arrival that was given out first.
    answer: Vec<u8>,
    interrupted: bool,
    /// Nothing has been read yet.
    is_fresh: bool,
    at_end: bool,
    has_timeout: bool,
}

impl Incoming {
    /// From a person: there may be telnet commands in it, and lines are edited. Nothing has been read yet.
    pub fn from_person(link: Arc<Link>, line_max_bytes: usize, line_cut_bytes: usize) -> Incoming {
        Incoming::new(link, Some(Telnet::new()), LineCutter::new(line_max_bytes, line_cut_bytes))
    }

    /// From a program: every byte counts as it is. Nothing has been read yet.
    pub fn from_program(link: Arc<Link>, line_max_bytes: usize, line_cut_bytes: usize) -> Incoming {
        Incoming::new(link, None, LineCutter::unedited(line_max_bytes, line_cut_bytes))
    }

    fn new(link: Arc<Link>, telnet: Option<Telnet>, cutter: LineCutter) -> Incoming {
        Incoming {
            link,
            telnet,
            cutter,
            answer: Vec::new(),
            interrupted: false,
            is_fresh: true,
            at_end: false,
            has_timeout: false,
        }
    }

    /// Waits for what comes next, until `deadline` if there is one.
    pub fn next(&mut self, deadline: Option<Instant>) -> Arrival {
        loop {
            if !self.answer.is_empty() {
                return Arrival::Answer(std::mem::take(&mut self.answer));
            }
            if std::mem::take(&mut self.interrupted) {
                return Arrival::Interrupted;
            }
            match self.cutter.next() {
                Some(cut) => return arrival(cut),
                None if self.at_end => return self.cutter.finish().map_or(Arrival::End, arrival),
                None => {}
            }
            if let Some(arrival) = self.read(deadline) {
                return arrival;
            }
        }
    }

    /// Reads once.
    fn read(&mut self, deadline: Option<Instant>) -> Option<Arrival> {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Some(Arrival::TimedOut);
        }
        if left.is_some() || self.has_timeout {
            if self.link.set_read_timeout(left).is_err() {
                return Some(Arrival::Lost);
            }
            self.has_timeout = left.is_some();
        }
        let mut buffer = [0; READ_BYTES];
        let read = match self.link.read(&mut buffer) {
            Ok(0) => {
                self.at_end = true;
                return None;
            }
            Ok(read) => read,
            Err(error) => {
                return match error.kind() {
                    io::ErrorKind::Interrupted => None,
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut if self.has_timeout => Some(Arrival::TimedOut),
                    _ => Some(Arrival::Lost),
                };
            }
        };
        if std::mem::take(&mut self.is_fresh)
            && let Some(stranger) = sniff::recognise(&buffer[..read])
        {
            return Some(Arrival::Stranger(stranger));
        }
        match &mut self.telnet {
            Some(telnet) => {
                let mut data = Zeroizing::new(Vec::with_capacity(read));
                let signals = telnet.receive(&buffer[..read], &mut data, &mut self.answer);
                self.interrupted |= signals.interrupted;
                self.cutter.push(&data);
            }
            None => self.cutter.push(&buffer[..read]),
        }
        buffer[..read].zeroize();
        None
    }

    /// Reads and forgets until the end of input, at most until `deadline`: what the client still sends must not make the
    /// system throw away what was sent to it (a socket closed with unread input is reset).
    pub fn drain(&mut self, deadline: Instant) {
        let mut buffer = [0; READ_BYTES];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.link.set_read_timeout(Some(left)).is_err() {
                return;
            }
            match self.link.read(&mut buffer) {
                Ok(read) if read > 0 => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => return,
            }
        }
    }
}

fn arrival(cut: Cut) -> Arrival {
    match cut {
        Cut::Line(line) => Arrival::Line(Zeroizing::new(line)),
        Cut::TooLong => Arrival::TooLong,
        Cut::EndOfTransmission => Arrival::End,
        Cut::Hopeless => Arrival::Hopeless,
    }
}
