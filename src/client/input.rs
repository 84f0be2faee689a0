//! The input of a client: bytes, telnet commands, lines at their pace, and the end.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Services;
use super::pace::{Pace, Turn};
use crate::net::framing::{Decoded, LineDecoder};
use crate::net::{Connection, Rate};
use crate::protocol::foreign::{self, ForeignProtocol};
use crate::protocol::telnet::Telnet;
use crate::shutdown::Quit;

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
    /// Lines come faster than this: from now on they wait for their turns. Comes once until the client has rested.
    Slowed(Rate),
    /// Lines came too fast for too long. Nothing comes after it.
    Flooding,
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
    /// Every line is taken from here, whoever waits for it.
    pub(super) pace: Pace,
    /// A line that waits for its turn, which comes then.
    delayed: Option<(InputEvent, Instant)>,
    /// The last line that was given had to wait.
    was_delayed: bool,
    quit: Quit,
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
    pub fn from_person(connection: Arc<Connection>, services: &Services) -> Input {
        let decoder = LineDecoder::new(services.line_max_bytes, services.line_cut_bytes);
        Input::new(connection, services, Some(Telnet::new()), decoder)
    }

    /// A program's: every byte counts as it is.
    pub fn from_program(connection: Arc<Connection>, services: &Services) -> Input {
        let decoder = LineDecoder::unedited(services.json_line_max_bytes, services.line_cut_bytes);
        Input::new(connection, services, None, decoder)
    }

    fn new(connection: Arc<Connection>, services: &Services, telnet: Option<Telnet>, decoder: LineDecoder) -> Input {
        let pace = Pace::new(services.pace, connection.since());
        Input {
            connection,
            telnet,
            decoder,
            pace,
            delayed: None,
            was_delayed: false,
            quit: services.quit.clone(),
            answer: Vec::new(),
            interrupted: false,
            is_fresh: true,
            at_end: false,
            has_timeout: false,
        }
    }

    /// Whether the last line had to wait for its turn: what its client has read since is not known.
    pub(super) fn was_delayed(&self) -> bool {
        self.was_delayed
    }

    /// Waits for what comes next, until `deadline` if there is one. A line comes when it is its turn.
    pub fn next(&mut self, deadline: Option<Instant>) -> InputEvent {
        loop {
            if !self.answer.is_empty() {
                return InputEvent::Answer(std::mem::take(&mut self.answer));
            }
            if std::mem::take(&mut self.interrupted) {
                return InputEvent::Interrupted;
            }
            if let Some((line, turn)) = self.delayed.take() {
                return self.wait_for(line, turn, deadline);
            }
            let event = match self.decoder.next() {
                Some(decoded) => Some(decoded.into()),
                None if self.at_end => Some(self.decoder.finish().map_or(InputEvent::End, InputEvent::from)),
                None => self.read(deadline),
            };
            match event {
                Some(line @ (InputEvent::Line(_) | InputEvent::TooLong)) => {
                    if let Some(event) = self.take_turn(line) {
                        return event;
                    }
                }
                Some(event) => return event,
                None => {}
            }
        }
    }

    /// Takes a line; what comes of it at once, if it need not wait.
    fn take_turn(&mut self, line: InputEvent) -> Option<InputEvent> {
        let now = Instant::now();
        let turn = self.pace.take(now);
        self.was_delayed = turn != Turn::Now;
        match turn {
            Turn::Now => Some(line),
            Turn::Later { wait, is_news } => {
                self.delayed = Some((line, now + wait));
                is_news.then(|| InputEvent::Slowed(self.pace.rate()))
            }
            Turn::Flooding => Some(InputEvent::Flooding),
        }
    }

    /// Waits for the turn of a line, until `deadline` if there is one. When the server stops, what has arrived is done
    /// without waiting.
    fn wait_for(&mut self, line: InputEvent, turn: Instant, deadline: Option<Instant>) -> InputEvent {
        let until = deadline.map_or(turn, |deadline| deadline.min(turn));
        let stops = self.quit.wait_timeout(until.saturating_duration_since(Instant::now()));
        if until < turn && !stops {
            self.delayed = Some((line, turn));
            return InputEvent::TimedOut;
        }
        line
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
