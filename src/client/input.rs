//! The input of a client: bytes, telnet commands, lines, and the end.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::net::Connection;
use crate::net::framing::{Decoded, LineDecoder};
use crate::protocol::foreign::{self, ForeignProtocol};
use crate::protocol::telnet::Telnet;

/// Bytes read at a time. Also the most that is kept for a client that has to wait.
const READ_BYTES: usize = 4096;

/// One thing that came from a client.
#[derive(Debug)]
pub enum InputEvent {
    /// A line, without its end.
    Line(Vec<u8>),
    /// A line that was too long; nothing of it is kept.
    TooLong,
    /// A line that went on far beyond the limit.
    Overlong,
    /// These bytes must be sent to the client: answers to its telnet commands.
    Answer(Vec<u8>),
    /// Ctrl-C and the like: what was typed of a line is dropped.
    Interrupted,
    /// The first bytes were those of another protocol.
    Foreign(ForeignProtocol),
    /// End of input, or a lone Ctrl-D.
    End,
    /// The deadline has passed.
    TimedOut,
    /// The connection broke.
    Lost,
}

/// The reading side of a connection.
pub struct Input {
    connection: Arc<Connection>,
    /// The telnet commands in what a person's client sends. `None` for programs, where every byte is data.
    pub(super) telnet: Option<Telnet>,
    decoder: LineDecoder,
    /// An answer that comes before the next line.
    answer: Vec<u8>,
    interrupted: bool,
    /// Nothing has been read yet.
    is_fresh: bool,
    at_end: bool,
    has_timeout: bool,
}

impl Input {
    /// A person's: there may be telnet commands in it, and lines are edited.
    pub fn from_person(connection: Arc<Connection>, line_max_bytes: usize, line_cut_bytes: usize) -> Input {
        Input::new(connection, Some(Telnet::new()), LineDecoder::new(line_max_bytes, line_cut_bytes))
    }

    /// A program's: every byte counts as it is.
    pub fn from_program(connection: Arc<Connection>, line_max_bytes: usize, line_cut_bytes: usize) -> Input {
        Input::new(connection, None, LineDecoder::unedited(line_max_bytes, line_cut_bytes))
    }

    fn new(connection: Arc<Connection>, telnet: Option<Telnet>, decoder: LineDecoder) -> Input {
        Input {
            connection,
            telnet,
            decoder,
            answer: Vec::new(),
            interrupted: false,
            is_fresh: true,
            at_end: false,
            has_timeout: false,
        }
    }

    /// Waits for what comes next, until `deadline` if there is one.
    pub fn next(&mut self, deadline: Option<Instant>) -> InputEvent {
        loop {
            if !self.answer.is_empty() {
                return InputEvent::Answer(std::mem::take(&mut self.answer));
            }
            if std::mem::take(&mut self.interrupted) {
                return InputEvent::Interrupted;
            }
            match self.decoder.next() {
                Some(decoded) => return decoded.into(),
                None if self.at_end => return self.decoder.finish().map_or(InputEvent::End, InputEvent::from),
                None => {}
            }
            if let Some(event) = self.read(deadline) {
                return event;
            }
        }
    }

    /// Reads once.
    fn read(&mut self, deadline: Option<Instant>) -> Option<InputEvent> {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Some(InputEvent::TimedOut);
        }
        if left.is_some() || self.has_timeout {
            if self.connection.set_read_timeout(left).is_err() {
                return Some(InputEvent::Lost);
            }
            self.has_timeout = left.is_some();
        }
        let mut buffer = [0; READ_BYTES];
        let read = match self.connection.read(&mut buffer) {
            Ok(0) => {
                self.at_end = true;
                return None;
            }
            Ok(read) => read,
            Err(error) => {
                return match error.kind() {
                    io::ErrorKind::Interrupted => None,
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut if self.has_timeout => {
                        Some(InputEvent::TimedOut)
                    }
                    _ => Some(InputEvent::Lost),
                };
            }
        };
        if std::mem::take(&mut self.is_fresh)
            && let Some(protocol) = foreign::recognise(&buffer[..read])
        {
            return Some(InputEvent::Foreign(protocol));
        }
        match &mut self.telnet {
            Some(telnet) => {
                let mut data = Vec::with_capacity(read);
                let signals = telnet.receive(&buffer[..read], &mut data, &mut self.answer);
                self.interrupted |= signals.interrupted;
                self.decoder.push(&data);
            }
            None => self.decoder.push(&buffer[..read]),
        }
        None
    }
}

impl From<Decoded> for InputEvent {
    fn from(decoded: Decoded) -> InputEvent {
        match decoded {
            Decoded::Line(line) => InputEvent::Line(line),
            Decoded::TooLong => InputEvent::TooLong,
            Decoded::EndOfTransmission => InputEvent::End,
            Decoded::Overlong => InputEvent::Overlong,
        }
    }
}
