//! While logged in: lines become commands, and the slow work of this client is done here, not in the broker.

use std::time::{Duration, Instant};

use super::incoming::Arrival;
use super::login::too_many;
use super::outlet::{Outlet, Unreachable};
use super::page::Page;
use super::prompt::{self, Answer};
use super::{Connection, Session};
use crate::broker::{Gone, Reply, Request, wall_clock};
use crate::chat::{ClientId, Code, Command, Grant, HistoryRange, INVITATION_BYTES, Purpose, Refusal, RoomLabel, Text};
use crate::net::{Pace, Reason};
use crate::password;
use crate::protocol::text::{self, HelpTopic, Typed};

/// How often it is looked whether a slow client has taken more.
const READER_POLL: Duration = Duration::from_millis(20);

/// How a session ends, as the client's own thread sees it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SessionEnd {
    /// Logged out: the thread owns the writing side again.
    LoggedOut,
    /// The connection is over; the broker sends what is left and closes it.
    Over,
}

/// What a session remembers between lines.
struct Memory {
    outlet: Outlet,
    pace: Pace,
    /// It has been told that its lines are taken slowly.
    is_told_slow: bool,
    /// A bare word that was answered by a hint: typed again it is said.
    bare: Option<Text>,
    /// What `/more` asks for.
    more: Option<Command>,
}

impl Connection<'_> {
    /// Serves a session until it ends.
    pub(super) fn talk(&mut self, session: &mut Session) -> SessionEnd {
        let outlet = Outlet::Broker(self.client(), self.services.inbox.clone());
        let pace = Pace::new(self.services.rate, Instant::now());
        let mut memory = Memory { outlet, pace, is_told_slow: false, bare: None, more: None };
        if let Some(grant) = session.welcome.take()
            && self.show_page(grant, &mut memory).is_err()
        {
            return SessionEnd::Over;
        }
        loop {
            let outcome = match self.incoming.next(self.stop_deadline()) {
                // What a client that was cut had still to say is nobody's business any more.
                _ if self.is_cut() => Ok(Some(self.over(Arrival::Lost))),
                arrival @ (Arrival::Line(_) | Arrival::TooLong) => match self.wait_in_turn(&mut memory) {
                    Ok(true) if self.is_cut() => Ok(Some(self.over(Arrival::Lost))),
                    Ok(true) => match arrival {
                        Arrival::Line(line) => self.obey(text::parse(&line), session, &mut memory),
                        _ => self.refuse_long_line(&memory),
                    },
                    Ok(false) => Ok(Some(self.close(Reason::Flooding))),
                    Err(unreachable) => Err(unreachable),
                },
                Arrival::Answer(bytes) => memory.outlet.write(bytes).map(|()| None),
                Arrival::Interrupted => Ok(None),
                over => Ok(Some(self.over(over))),
            };
            match outcome {
                Ok(None) => {}
                Ok(Some(end)) => return end,
                Err(Unreachable) => return SessionEnd::Over,
            }
        }
    }

    fn client(&self) -> ClientId {
        ClientId(self.link.number())
    }

    /// Whether the connection was ended by the server's side, other than by stopping.
    fn is_cut(&self) -> bool {
        self.link.ending().is_some_and(|reason| reason != Reason::Stopping)
    }

    /// When the server stops, what has arrived is still done, but not for long.
    fn stop_deadline(&self) -> Option<Instant> {
        let stopping = self.link.ending() == Some(Reason::Stopping);
        stopping.then(|| Instant::now() + Duration::from_millis(100))
    }

    /// Waits while much of what the client asked for is still unsent: whoever reads slowly is answered slowly, and not cut
    /// for having asked. The flusher ends whoever does not read at all.
    fn wait_for_reader(&self) {
        let much = self.services.outbox_max_bytes / 4;
        while self.link.unsent() > much && !self.is_cut() && !self.services.quit.wait_timeout(READER_POLL) {}
    }

    /// Waits until the client may send another line. Whether it may at all: whoever goes on too fast for too long may not.
    fn wait_in_turn(&self, memory: &mut Memory) -> Result<bool, Unreachable> {
        self.wait_for_reader();
        let wait = memory.pace.take(Instant::now());
        if wait.is_zero() {
            memory.is_told_slow &= memory.pace.delayed() > 0;
            return Ok(true);
        }
        if memory.pace.delayed() > self.services.flood_max_lines {
            return Ok(false);
        }
        if !std::mem::replace(&mut memory.is_told_slow, true) {
            let rate = self.services.rate.lines_per_s;
            memory.outlet.notice(&format!("Many lines at once: they are taken in order, {rate} a second."))?;
        }
        // When the server stops, what has arrived is done without waiting.
        self.services.quit.wait_timeout(wait);
        Ok(true)
    }

    fn refuse_long_line(&self, memory: &Memory) -> Result<Option<SessionEnd>, Unreachable> {
        let max = self.services.line_max_bytes;
        memory.outlet.refused(&format!("That line was longer than {max} bytes. Nothing of it was sent or done."))?;
        Ok(None)
    }

    /// No more lines come. All that came before has been asked of the broker, in order.
    fn over(&self, over: Arrival) -> SessionEnd {
        match over {
            _ if self.link.ending() == Some(Reason::Stopping) => self.close(Reason::Stopping),
            // Ended by the server's side, which found that the client does not read.
            _ if matches!(self.link.ending(), Some(Reason::SlowReader | Reason::Lost)) => {
                self.send(Request::Gone(self.client(), Gone::Lost))
            }
            Arrival::End => {
                self.link.end(Reason::EndOfInput);
                self.send(Request::Command(self.client(), Command::Quit))
            }
            Arrival::Hopeless => self.close(Reason::LineTooLong),
            _ => {
                self.link.end(Reason::Lost);
                self.send(Request::Gone(self.client(), Gone::Lost))
            }
        }
    }

    fn close(&self, reason: Reason) -> SessionEnd {
        self.send(Request::Close(self.client(), reason))
    }

    fn send(&self, request: Request) -> SessionEnd {
        let _ = self.services.inbox.send(request);
        SessionEnd::Over
    }

    fn obey(
        &mut self,
        typed: Typed,
        session: &Session,
        memory: &mut Memory,
    ) -> Result<Option<SessionEnd>, Unreachable> {
        let bare = memory.bare.take();
        match typed {
            Typed::Nothing => Ok(()),
            Typed::Ask(command) => return self.ask(command, session, memory),
            Typed::Bare(_, text) if bare.as_ref() == Some(&text) => {
                let kind = crate::chat::MessageKind::Speech;
                return self.ask(Command::Say { room: None, kind, text }, session, memory);
            }
            Typed::Bare(word, text) => {
                memory.bare = Some(text);
                memory.outlet.refused(word.hint())
            }
            Typed::Help(topic) => self.help(topic, memory),
            Typed::Password => return self.change_password(session, memory),
            Typed::DeleteAccount => return self.delete_account(session, memory),
            Typed::InviteCode { room } => return self.invite_by_code(room, session, memory),
            Typed::More => match memory.more.take() {
                Some(command) => return self.ask(command, session, memory),
                None => memory.outlet.refused("There is nothing more to show."),
            },
            Typed::Version => {
                memory.outlet.notice(&format!("{} is chat-server {}.", self.services.server_name, crate::VERSION))
            }
            Typed::Wrong(mistake) => memory.outlet.refused(&mistake.text()),
        }
        .map(|()| None)
    }

    fn help(&self, topic: HelpTopic, memory: &Memory) -> Result<(), Unreachable> {
        memory.outlet.notices(topic.lines().iter().map(String::as_str))
    }

    /// Asks the broker, and reads what it lets the client read.
    fn ask(
        &mut self,
        command: Command,
        session: &Session,
        memory: &mut Memory,
    ) -> Result<Option<SessionEnd>, Unreachable> {
        if let Some(next) = next_page(&command) {
            memory.more = Some(next);
        }
        let (waits, is_logout) = (command.needs_reply(), command == Command::LogOut);
        if command == Command::Quit {
            return Ok(Some(self.send(Request::Command(self.client(), command))));
        }
        self.services.inbox.send(Request::Command(self.client(), command)).map_err(|_| Unreachable)?;
        if is_logout {
            return match session.replies.recv().map_err(|_| Unreachable)? {
                Reply::Released => Ok(Some(SessionEnd::LoggedOut)),
                _ => Ok(None),
            };
        }
        if waits && let Reply::Granted(grant) = session.replies.recv().map_err(|_| Unreachable)? {
            self.show_page(grant, memory)?;
        }
        Ok(None)
    }

    /// Reads what was granted and has it sent. The client's outbox is held meanwhile, so the page comes before whatever
    /// is said after the grant.
    fn show_page(&self, grant: Grant, memory: &mut Memory) -> Result<(), Unreachable> {
        let (now, clock, mut bytes) = (wall_clock(), &self.services.clock, Vec::new());
        let read = match Page::read(&self.services.reader, grant) {
            Ok(page) => {
                text::page(&page.messages, &page.grant, now, clock, &mut bytes);
                if let Purpose::Unread { .. } | Purpose::History = page.grant.purpose {
                    memory.more = following_page(&page.grant);
                }
                page.read_positions()
            }
            Err(error) => {
                log::warn!("cannot read history client={} error={error}", self.link.number());
                text::refused(&text::refusal_text(&Refusal::HistoryBusy, now, clock), &mut bytes);
                Vec::new()
            }
        };
        self.services.inbox.send(Request::Page(self.client(), bytes, read)).map_err(|_| Unreachable)
    }

    fn invite_by_code(
        &mut self,
        room: Option<RoomLabel>,
        session: &Session,
        memory: &mut Memory,
    ) -> Result<Option<SessionEnd>, Unreachable> {
        let mut random = [0; INVITATION_BYTES];
        if let Err(error) = getrandom::fill(&mut random) {
            log::error!("the system gives no random numbers error={error}");
            return memory.outlet.refused("No code could be made. Nothing was done. Try again later.").map(|()| None);
        }
        self.ask(Command::InviteByCode { room, code: Code::invitation(random) }, session, memory)
    }

    fn change_password(&mut self, session: &Session, memory: &mut Memory) -> Result<Option<SessionEnd>, Unreachable> {
        let mut secrets = Vec::new();
        let min = password::PASSWORD_MIN_CHARS;
        let new = format!("New password, {min} characters or more:");
        let deadline = self.stop_deadline();
        for question in ["Your password as it is now:", new.as_str(), "The new one once more:"] {
            match prompt::ask(&mut self.incoming, &memory.outlet, question, deadline)? {
                Answer::Secret(secret) => secrets.push(secret),
                Answer::GivenUp => return memory.outlet.refused("Your password was not changed.").map(|()| None),
                Answer::Over(over) => return Ok(Some(self.over(over))),
            }
        }
        // Only now that all three lines are read is the first one checked: those typed ahead must not be said in a room.
        let [old, new, again] = secrets.as_slice() else { return Ok(None) };
        if !self.is_own_password(old.as_bytes(), session, memory)? {
            return Ok(None);
        }
        if new.as_bytes() != again.as_bytes() {
            return memory.outlet.refused("The two were not the same. Your password was not changed.").map(|()| None);
        }
        if !password::is_length_allowed(new.as_bytes()) {
            let line = format!("{} Your password was not changed.", password::LENGTH_RULE);
            return memory.outlet.refused(&line).map(|()| None);
        }
        match self.services.hasher.hash(new.as_bytes()) {
            Ok(hash) => self.ask(Command::ChangePassword { hash }, session, memory),
            Err(error) => {
                log::error!("cannot make a password hash error={error}");
                memory.outlet.refused("Your password was not changed: the server could not. Try again.").map(|()| None)
            }
        }
    }

    fn delete_account(&mut self, session: &Session, memory: &mut Memory) -> Result<Option<SessionEnd>, Unreachable> {
        memory.outlet.notices([
            "This deletes your account for good. Your messages stay, under the name ghost.",
            "To do it, give your password. An empty line keeps your account.",
        ])?;
        let deadline = self.stop_deadline();
        match prompt::ask(&mut self.incoming, &memory.outlet, "Password:", deadline)? {
            Answer::Secret(secret) => match self.is_own_password(secret.as_bytes(), session, memory)? {
                true => self.ask(Command::DeleteAccount, session, memory),
                false => Ok(None),
            },
            Answer::GivenUp => memory.outlet.notice("Nothing was deleted. You are still here.").map(|()| None),
            Answer::Over(over) => Ok(Some(self.over(over))),
        }
    }

    /// Whether this is the password of the account; if not, that is said. Counted like a try to log in.
    fn is_own_password(&self, password: &[u8], session: &Session, memory: &Memory) -> Result<bool, Unreachable> {
        let (services, address) = (self.services, self.link.address());
        if let Err(wait) = services.guard.try_login(address, &session.name) {
            return memory.outlet.refused(&too_many("wrong passwords", wait)).map(|()| false);
        }
        let refused = match services.reader.credential(&session.name) {
            Ok(Some(credential)) if services.hasher.verify(password, Some(&credential.hash)) => {
                services.guard.forgive_login(address, &session.name);
                return Ok(true);
            }
            Ok(_) => "That is not your password. Nothing was changed.",
            Err(error) => {
                log::warn!("cannot read an account client={} error={error}", self.link.number());
                "Your password could not be checked just now. Nothing was changed. Try again in a moment."
            }
        };
        memory.outlet.refused(refused).map(|()| false)
    }
}

/// What `/more` asks for after a list.
fn next_page(command: &Command) -> Option<Command> {
    match command {
        Command::ListRooms { page } => Some(Command::ListRooms { page: page + 1 }),
        Command::Who { room, page } => Some(Command::Who { room: room.clone(), page: page + 1 }),
        _ => None,
    }
}

/// What `/more` asks for after a page: of history the page before it, of what is unread the next one.
fn following_page(grant: &Grant) -> Option<Command> {
    match grant.purpose {
        Purpose::Unread { remaining } => (remaining > 0).then_some(Command::Unread),
        Purpose::History => {
            let range = grant.ranges.first().filter(|range| range.from > 1)?;
            let lines = range.to - range.from + 1;
            let range_before = HistoryRange::Between(range.from.saturating_sub(lines).max(1), range.from - 1);
            Some(Command::History { room: Some(range.label.clone()), range: range_before })
        }
        Purpose::Recent | Purpose::FirstSight => None,
    }
}
