//! A logged-in connection, whatever the front: the pace of its lines, asking the broker, and how it ends.

use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::Connection;
use super::incoming::Arrival;
use super::outlet::Unreachable;
use crate::broker::{Gone, Reply, Request};
use crate::chat::{ClientId, Command, Grant, Name, RoomId, Seq};
use crate::net::{Pace, Reason};
use crate::protocol::json::Reference;

/// How often it is looked whether a slow client has taken more.
const READER_POLL: Duration = Duration::from_millis(20);

/// A logged-in connection, as its own thread knows it.
pub(super) struct Session {
    /// The account's name.
    pub name: Name,
    /// The broker's answers.
    pub replies: Receiver<Reply>,
    /// What may be read at the login.
    pub welcome: Option<Grant>,
}

/// How a session ends, as the client's own thread sees it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SessionEnd {
    /// Logged out: the thread owns the writing side again.
    LoggedOut,
    /// The connection is over; the broker sends what is left and closes it.
    Over,
}

/// The pace of a session, and what the client has been told of it.
pub(super) struct Tempo {
    pace: Pace,
    /// It has been told that its lines are taken slowly.
    is_told_slow: bool,
}

/// What came of asking the broker.
pub(super) enum Asked {
    /// Done, or refused; what there is to say is on its way.
    Done,
    /// This may be read; the outbox is held until the page comes.
    Granted(Grant),
    /// The session is over.
    Ended(SessionEnd),
}

impl Tempo {
    /// A client that has sent nothing yet.
    pub fn new(connection: &Connection) -> Tempo {
        Tempo { pace: Pace::new(connection.services.rate, Instant::now()), is_told_slow: false }
    }
}

impl Connection<'_> {
    pub(super) fn client(&self) -> ClientId {
        ClientId(self.link.number())
    }

    /// Whether the connection was ended by the server's side, other than by stopping.
    pub(super) fn is_cut(&self) -> bool {
        self.link.ending().is_some_and(|reason| reason != Reason::Stopping)
    }

    /// When the server stops, what has arrived is still done, but not for long.
    pub(super) fn stop_deadline(&self) -> Option<Instant> {
        let stopping = self.link.ending() == Some(Reason::Stopping);
        stopping.then(|| Instant::now() + Duration::from_millis(100))
    }

    /// Waits while much of what the client asked for is still unsent: whoever reads slowly is answered slowly, and not cut
    /// for having asked. The flusher ends whoever does not read at all.
    pub(super) fn wait_for_reader(&self) {
        let much = self.services.outbox_max_bytes / 4;
        while self.link.unsent() > much && !self.is_cut() && !self.services.quit.wait_timeout(READER_POLL) {}
    }

    /// What comes next from the client, when its turn has come: a line, [`Arrival::TooLong`], or what telnet has beside lines.
    /// `Err`: the session is over. `tell_slow` tells the client, once, that its lines are taken slowly.
    pub(super) fn next_in_turn(
        &mut self,
        tempo: &mut Tempo,
        tell_slow: impl FnOnce() -> Result<(), Unreachable>,
    ) -> Result<Arrival, SessionEnd> {
        let arrival = self.incoming.next(self.stop_deadline());
        // What a client that was cut had still to say is nobody's business any more.
        if self.is_cut() {
            return Err(self.over(Arrival::Lost));
        }
        match arrival {
            Arrival::Line(_) | Arrival::TooLong => match self.wait_in_turn(tempo, tell_slow) {
                Ok(true) if self.is_cut() => Err(self.over(Arrival::Lost)),
                Ok(true) => Ok(arrival),
                Ok(false) => Err(self.close(Reason::Flooding)),
                Err(Unreachable) => Err(SessionEnd::Over),
            },
            Arrival::Answer(_) | Arrival::Interrupted => Ok(arrival),
            over => Err(self.over(over)),
        }
    }

    /// Waits until the client may send another line. Whether it may at all: whoever goes on too fast for too long may not.
    fn wait_in_turn(
        &self,
        tempo: &mut Tempo,
        tell_slow: impl FnOnce() -> Result<(), Unreachable>,
    ) -> Result<bool, Unreachable> {
        self.wait_for_reader();
        let wait = tempo.pace.take(Instant::now());
        if wait.is_zero() {
            tempo.is_told_slow &= tempo.pace.delayed() > 0;
            return Ok(true);
        }
        if tempo.pace.delayed() > self.services.flood_max_lines {
            return Ok(false);
        }
        if !std::mem::replace(&mut tempo.is_told_slow, true) {
            tell_slow()?;
        }
        // When the server stops, what has arrived is done without waiting.
        self.services.quit.wait_timeout(wait);
        Ok(true)
    }

    /// Asks the broker for something, and waits for what it lets the client read.
    pub(super) fn ask_broker(
        &self,
        command: Command,
        reference: Option<Reference>,
        session: &Session,
    ) -> Result<Asked, Unreachable> {
        let (waits, is_logout, is_quit) = (command.needs_reply(), command == Command::LogOut, command == Command::Quit);
        let request = Request::Command(self.client(), command, reference);
        self.services.inbox.send(request).map_err(|_| Unreachable)?;
        if is_quit {
            return Ok(Asked::Ended(SessionEnd::Over));
        }
        if !waits && !is_logout {
            return Ok(Asked::Done);
        }
        match session.replies.recv().map_err(|_| Unreachable)? {
            Reply::Released => Ok(Asked::Ended(SessionEnd::LoggedOut)),
            Reply::Granted(grant) => Ok(Asked::Granted(grant)),
            Reply::Done | Reply::Refused(_) => Ok(Asked::Done),
        }
    }

    /// Hands over the page for which the outbox is held, or a part of it.
    pub(super) fn send_page(&self, bytes: Vec<u8>, read: Vec<(RoomId, Seq)>, more: bool) -> Result<(), Unreachable> {
        let page = Request::Page { client: self.client(), bytes, read, more };
        self.services.inbox.send(page).map_err(|_| Unreachable)
    }

    /// No more lines come. All that came before has been asked of the broker, in order.
    pub(super) fn over(&self, over: Arrival) -> SessionEnd {
        match over {
            _ if self.link.ending() == Some(Reason::Stopping) => self.close(Reason::Stopping),
            // Ended by the server's side, which found that the client does not read.
            _ if self.how_it_went() == Gone::Lost => self.send(Request::Gone(self.client(), Gone::Lost)),
            Arrival::End => {
                self.link.end(Reason::EndOfInput);
                self.send(Request::Command(self.client(), Command::Quit, None))
            }
            Arrival::Hopeless => self.close(Reason::LineTooLong),
            _ => {
                self.link.end(Reason::Lost);
                self.send(Request::Gone(self.client(), Gone::Lost))
            }
        }
    }

    /// Has the broker say the last line and close the connection.
    pub(super) fn close(&self, reason: Reason) -> SessionEnd {
        self.send(Request::Close(self.client(), reason))
    }

    fn send(&self, request: Request) -> SessionEnd {
        let _ = self.services.inbox.send(request);
        SessionEnd::Over
    }
}
