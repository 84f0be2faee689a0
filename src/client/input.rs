//! The input of a client: bytes, telnet commands, lines at their pace, and the end.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::Services;
use super::pace::{Pace, Turn};
use crate::net::framing::{Decoded, LineDecoder};
use crate::net::{Connection, Rate};
use crate::protocol::foreign::{self, Beginning, ForeignProtocol};
use crate::protocol::telnet::Telnet;
use crate::shutdown::Quit;

/// Bytes read at a time.
const READ_BYTES: usize = 4096;

/// How much may be kept of what is sent behind a line that waits for its turn, in which Ctrl-C is looked for: more than three
/// hundred lines of two hundred bytes, as many as may wait before a client is cut. What comes beyond it waits in the socket.
const AHEAD_MAX_BYTES: usize = 64 * 1024;

/// The most that is discarded at once; nobody types as much ahead.
const DISCARD_MAX_BYTES: usize = 1024 * 1024;

/// The most lines that are kept of those that are discarded.
const KEPT_MAX: usize = 16;

/// One thing that came from a client.
#[derive(Debug)]
pub enum InputEvent {
    /// A line, without its end.
    Line(Vec<u8>),
    /// A line that was too long; nothing of it is kept.
    TooLong,
    /// A line with an escape character that is not part of a key; nothing of it is kept.
    Garbled,
    /// A line that went on far beyond the limit.
    Overlong,
    /// Lines come faster than this: from now on they wait for their turns. Comes once until the client has rested.
    Slowed(Rate),
    /// Lines came too fast for too long. Nothing comes after it.
    Flooding,
    /// These bytes must be sent to the client: answers to its telnet commands.
    Answer(Vec<u8>),
    /// Ctrl-C and the like, at its place between the lines: what was typed of a line is dropped.
    Interrupted,
    /// Ctrl-C and the like, behind lines that were still waiting for their turns: so many, which are dropped.
    Dropped(usize),
    /// A person's input has ended while lines of it wait for their turns. They still come.
    Ending,
    /// The first bytes, or a line before the login, were those of another protocol.
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
    /// Bytes were received since the last line was given.
    has_received: bool,
    /// See [`Input::is_act`].
    is_act: bool,
    quit: Quit,
    /// Lines that were taken and not discarded with those around them.
    kept: VecDeque<Vec<u8>>,
    /// An answer that comes before the next line.
    answer: Vec<u8>,
    /// When more may be read, after bytes that came too fast.
    read_after: Option<Instant>,
    /// Found behind the lines that are not taken yet.
    end: Option<InputEvent>,
    /// The first bytes of the connection, while they may be those of another protocol.
    beginning: Beginning,
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
            has_received: false,
            is_act: false,
            quit: services.quit.clone(),
            answer: Vec::new(),
            kept: VecDeque::new(),
            read_after: None,
            end: None,
            beginning: Beginning::default(),
            at_end: false,
            has_timeout: false,
        }
    }

    /// Whether the last line shows that its client has what was sent to it before: it did not wait for its turn, and did not
    /// come together with the line before it, of whose answer its client could not know.
    pub(super) fn is_act(&self) -> bool {
        self.is_act
    }

    /// Waits for what comes next, until `deadline` if there is one. A line comes when it is its turn.
    pub fn next(&mut self, deadline: Option<Instant>) -> InputEvent {
        loop {
            if !self.answer.is_empty() {
                return InputEvent::Answer(std::mem::take(&mut self.answer));
            }
            if let Some((line, turn)) = self.delayed.take() {
                return self.wait_for(line, turn, deadline);
            }
            let decoded = self.kept.pop_front().map(Decoded::Line).or_else(|| self.decoder.next());
            let event = match decoded {
                Some(decoded) => Some(decoded.into()),
                None if self.end.is_some() => self.end.take(),
                None if self.at_end => Some(self.decoder.finish().map_or(InputEvent::End, InputEvent::from)),
                None => self.read_in_turn(deadline),
            };
            match event {
                Some(line @ (InputEvent::Line(_) | InputEvent::TooLong | InputEvent::Garbled)) => {
                    if let Some(event) = self.take_turn(line) {
                        return event;
                    }
                }
                Some(event) => return event,
                None => {}
            }
        }
    }

    /// The same before the login, where a line that is the first of an HTTP request ends the conversation.
    pub fn next_before_login(&mut self, deadline: Instant) -> InputEvent {
        match self.next(Some(deadline)) {
            InputEvent::Line(line) if foreign::is_request_line(&line) => InputEvent::Foreign(ForeignProtocol::Http),
            event => event,
        }
    }

    /// Discards what has arrived and was not taken: interruptions, a line that is not finished, to its end, and all lines
    /// except those that `keeps` wants. Returns how many lines were discarded.
    pub(super) fn discard(&mut self, keeps: impl Fn(&[u8]) -> bool) -> usize {
        let (mut lines, mut bytes) = (0, 0);
        let mut take = |input: &mut Input, event| match event {
            InputEvent::Line(line) if keeps(&line) && input.kept.len() < KEPT_MAX => input.kept.push_back(line),
            event => lines += input.discarded(event),
        };
        if let Some((line, _)) = self.delayed.take() {
            take(self, line);
        }
        loop {
            while let Some(decoded) = self.decoder.next() {
                take(self, decoded.into());
            }
            let is_over = self.at_end || self.end.is_some() || bytes >= DISCARD_MAX_BYTES;
            if is_over || !self.connection.has_input() {
                break;
            }
            bytes += READ_BYTES;
            self.end = self.read(None);
        }
        self.decoder.discard_line();
        lines
    }

    /// Discards the lines before the last interruption that was found ahead. Returns how many there were.
    fn discard_interrupted(&mut self) -> usize {
        let mut lines = 0;
        while self.decoder.is_interruption_ahead()
            && let Some(decoded) = self.decoder.next()
        {
            lines += self.discarded(decoded.into());
        }
        lines
    }

    /// How many lines an event was; one without text is none. An end is kept.
    fn discarded(&mut self, event: InputEvent) -> usize {
        match event {
            // It may be a password.
            InputEvent::Line(line) => usize::from(!Zeroizing::new(line).is_empty()),
            InputEvent::TooLong | InputEvent::Garbled => 1,
            InputEvent::Overlong => {
                self.end = Some(event);
                0
            }
            _ => 0,
        }
    }

    /// Takes a line; what comes of it at once, if it need not wait.
    fn take_turn(&mut self, line: InputEvent) -> Option<InputEvent> {
        let now = Instant::now();
        let turn = self.pace.take(now);
        self.is_act = std::mem::take(&mut self.has_received) && turn == Turn::Now;
        match turn {
            Turn::Now => Some(line),
            Turn::Later { wait, is_news } => {
                self.delayed = Some((line, now + wait));
                is_news.then(|| InputEvent::Slowed(self.pace.rate()))
            }
            Turn::Flooding => Some(InputEvent::Flooding),
        }
    }

    /// Waits for the turn of a line, until `deadline` if there is one. What a person who is logged in sends behind it is read
    /// meanwhile, up to a bound: an interruption there drops the line and all others before it, and so does the loss of the
    /// connection. When the server stops, what has arrived is done without waiting.
    fn wait_for(&mut self, line: InputEvent, turn: Instant, deadline: Option<Instant>) -> InputEvent {
        let until = deadline.map_or(turn, |deadline| deadline.min(turn));
        loop {
            if self.decoder.is_interruption_ahead() {
                return InputEvent::Dropped(self.discarded(line) + self.discard_interrupted());
            }
            if self.connection.is_broken() && !self.quit.is_set() {
                return InputEvent::Lost;
            }
            if self.quit.is_set() || turn <= Instant::now() {
                self.has_received = false;
                return line;
            }
            if until <= Instant::now() {
                self.delayed = Some((line, turn));
                return InputEvent::TimedOut;
            }
            let looks_ahead = self.telnet.is_some() && self.pace.is_of_account();
            let is_full = self.decoder.unread_bytes() >= AHEAD_MAX_BYTES;
            if !looks_ahead || self.at_end || self.end.is_some() || is_full {
                self.quit.wait_timeout(until.saturating_duration_since(Instant::now()));
                continue;
            }
            match self.read_in_turn(Some(until)) {
                None | Some(InputEvent::TimedOut) => {}
                end => self.end = end,
            }
            let ends = self.at_end && !self.quit.is_set();
            if ends || !self.answer.is_empty() {
                self.delayed = Some((line, turn));
                return if ends { InputEvent::Ending } else { InputEvent::Answer(std::mem::take(&mut self.answer)) };
            }
        }
    }

    /// Reads once, no sooner than the pace of bytes allows.
    fn read_in_turn(&mut self, deadline: Option<Instant>) -> Option<InputEvent> {
        if let Some(turn) = self.read_after.take() {
            let until = deadline.map_or(turn, |deadline| deadline.min(turn));
            let wait = until.saturating_duration_since(Instant::now());
            if !wait.is_zero() && !self.quit.wait_timeout(wait) && until < turn {
                self.read_after = Some(turn);
                return Some(InputEvent::TimedOut);
            }
        }
        self.read(deadline)
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
            Ok(read) => {
                self.has_received = true;
                let now = Instant::now();
                let wait = self.pace.take_read(read, now);
                self.read_after = (!wait.is_zero()).then(|| now + wait);
                read
            }
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
        if let Some(protocol) = self.beginning.receive(&buffer[..read]) {
            return Some(InputEvent::Foreign(protocol));
        }
        match &mut self.telnet {
            Some(telnet) => {
                let mut data = Vec::with_capacity(read);
                let signals = telnet.receive(&buffer[..read], &mut data, &mut self.answer);
                let mut start = 0;
                for place in signals.interruptions {
                    self.decoder.push(&data[start..place]);
                    self.decoder.interrupt();
                    start = place;
                }
                self.decoder.push(&data[start..]);
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
            Decoded::Garbled => InputEvent::Garbled,
            Decoded::Interrupted => InputEvent::Interrupted,
            Decoded::EndOfTransmission => InputEvent::End,
            Decoded::Overlong => InputEvent::Overlong,
        }
    }
}
