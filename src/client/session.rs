//! A logged-in connection, whatever its protocol: the rate of its lines, asking the broker, and how it ends.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::Client;
use super::input::InputEvent;
use super::output::Unreachable;
use crate::broker::{Reply, Request, Waits};
use crate::chat::{Ask, ClientId, Command, Grant, Name, RoomId, Seq};
use crate::protocol::Reference;
use crate::reason::Reason;

/// How often it is checked whether a slow client has taken more.
const READER_POLL: Duration = Duration::from_millis(20);
/// How many messages of one client may wait in the broker's inbox. One client cannot fill it then, where the rate limiter
/// allows that, and four make a full turn.
const PIPELINED_MAX: u32 = 64;

/// A logged-in connection, as its own thread knows it.
pub struct Session {
    /// The account's name.
    pub name: Name,
    /// The broker's replies.
    pub(super) replies: Receiver<Reply>,
    /// The messages that are shown to somebody who has just registered.
    pub(super) recent: Option<Grant>,
    /// Requests since the thread last waited for a reply.
    pub(super) pipelined: Cell<u32>,
}

/// How a session ends, as the client's own thread sees it.
#[derive(Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// Logged out: the thread owns the writing side again.
    LoggedOut,
    /// The connection is over; the broker sends what is left and closes it.
    Over,
}

/// The result of a request to the broker.
pub enum Asked {
    /// The answer is in the outbox.
    Done,
    /// This may be read; the outbox is held until the page comes.
    Page(Grant),
    /// The session is over.
    Ended(SessionEnd),
}

impl Client<'_> {
    pub(super) fn id(&self) -> ClientId {
        ClientId(self.connection.number())
    }

    /// Whether the connection was ended by the server, other than by stopping.
    pub(super) fn is_cut(&self) -> bool {
        self.connection.ending().is_some_and(|reason| reason != Reason::Stopping)
    }

    /// When the server stops, what has arrived is still done, but only for a short while.
    pub(super) fn stop_deadline(&self) -> Option<Instant> {
        let stopping = self.connection.ending() == Some(Reason::Stopping);
        stopping.then(|| Instant::now() + Duration::from_millis(100))
    }

    /// Waits while much of what the client asked for is still unsent: a client that reads slowly is answered slowly, and
    /// not cut for having asked. The flusher cuts one that does not read at all.
    pub(super) fn wait_for_reader(&self) {
        let much = self.services.outbox_max_bytes / 4;
        while self.connection.unsent() > much && !self.is_cut() && !self.services.quit.wait_timeout(READER_POLL) {}
    }

    /// What comes next from the client: a line, or one that cannot be taken; [`InputEvent::Slowed`]; or what telnet has
    /// besides lines. `Err`: the session is over.
    pub fn next_in_turn(&mut self) -> Result<InputEvent, SessionEnd> {
        let event = self.input.next(self.stop_deadline());
        // What a client that was cut had still to say is dropped.
        if self.is_cut() {
            return Err(self.over(InputEvent::Lost));
        }
        match event {
            InputEvent::Line(_) | InputEvent::TooLong | InputEvent::Garbled => {
                self.wait_for_reader();
                self.is_act.set(self.input.is_act());
                if self.is_cut() { Err(self.over(InputEvent::Lost)) } else { Ok(event) }
            }
            InputEvent::Answer(_)
            | InputEvent::Interrupted
            | InputEvent::Dropped(_)
            | InputEvent::Ending
            | InputEvent::Slowed(_) => Ok(event),
            over => Err(self.over(over)),
        }
    }

    /// Asks the broker what the client has just asked, and waits as `waits` says; not for talk, of which
    /// `PIPELINED_MAX` requests are pipelined.
    pub fn ask(
        &self,
        ask: Ask,
        reference: Option<Reference>,
        waits: Waits,
        session: &Session,
    ) -> Result<Asked, Unreachable> {
        let is_quit = ask == Ask::Command(Command::Quit);
        let is_logout = ask == Ask::Command(Command::LogOut);
        let is_pipelined = ask.is_talk() && session.pipelined.get() < PIPELINED_MAX;
        let waits = if is_pipelined || is_quit || is_logout { Waits::No } else { waits };
        session.pipelined.set(if waits == Waits::No { session.pipelined.get() + 1 } else { 0 });
        let is_act = self.is_act.take();
        let request = Request::Ask { client: self.id(), ask, reference, waits, is_act };
        self.services.inbox.send(request).map_err(|_| Unreachable)?;
        if is_quit {
            return Ok(Asked::Ended(SessionEnd::Over));
        }
        if waits == Waits::No && !is_logout {
            return Ok(Asked::Done);
        }
        match session.replies.recv().map_err(|_| Unreachable)? {
            Reply::Released => {
                self.is_writer.set(true);
                Ok(Asked::Ended(SessionEnd::LoggedOut))
            }
            Reply::Page(grant) => Ok(Asked::Page(grant)),
            Reply::Done | Reply::Refused(_) => Ok(Asked::Done),
        }
    }

    /// Hands over the page for which the outbox is held, or a part of it, and waits until it is counted.
    pub(super) fn send_page(
        &self,
        bytes: Vec<u8>,
        shown: Vec<(RoomId, Seq, Seq)>,
        more: bool,
        session: &Session,
    ) -> Result<(), Unreachable> {
        let page = Request::Page { client: self.id(), bytes, shown, more, waits: Waits::Answer };
        self.services.inbox.send(page).map_err(|_| Unreachable)?;
        session.replies.recv().map(drop).map_err(|_| Unreachable)
    }

    /// No more lines come. Everything that came before has been asked of the broker.
    pub(super) fn over(&self, over: InputEvent) -> SessionEnd {
        match over {
            _ if self.connection.ending() == Some(Reason::Stopping) => self.close(Reason::Stopping),
            // Cut by the broker or the flusher, because the client does not read.
            _ if self.is_lost() => self.send(Request::Gone(self.id())),
            InputEvent::End => {
                self.connection.end(Reason::EndOfInput);
                let (ask, waits) = (Ask::Command(Command::Quit), Waits::No);
                self.send(Request::Ask { client: self.id(), ask, reference: None, waits, is_act: true })
            }
            InputEvent::Overlong => self.close(Reason::LineTooLong),
            InputEvent::Flooding => self.close(Reason::Flooding),
            _ => {
                self.connection.end(Reason::Lost);
                self.send(Request::Gone(self.id()))
            }
        }
    }

    /// Whether the connection broke, or was cut because its client does not read.
    fn is_lost(&self) -> bool {
        matches!(self.connection.ending(), Some(Reason::SlowReader | Reason::Lost))
    }

    /// Has the broker say the closing line and close the connection.
    pub fn close(&self, reason: Reason) -> SessionEnd {
        self.send(Request::Close(self.id(), reason))
    }

    fn send(&self, request: Request) -> SessionEnd {
        let _ = self.services.inbox.send(request);
        SessionEnd::Over
    }
}
