//! While logged in: lines become commands, and the slow work of this client is done here, not in the broker.

use super::prompt::{self, Answer};
use crate::broker::wall_clock;
use crate::chat::{
    Code, Command, Grant, HistoryRange, INVITATION_BYTES, MessageKind, Name, Purpose, Refusal, RoomLabel, Text,
};
use crate::connection::Connection;
use crate::connection::incoming::Arrival;
use crate::connection::outlet::{Outlet, Unreachable};
use crate::connection::page::{Loses, Page};
use crate::connection::session::{Asked, Session, SessionEnd, Tempo};
use crate::password;
use crate::protocol::text::{self, HelpTopic, Typed};
use crate::token;

/// What a session remembers between lines.
struct Memory {
    outlet: Outlet,
    tempo: Tempo,
    /// A bare word that was answered by a hint: typed again it is said.
    bare: Option<Text>,
    /// What `/more` asks for.
    more: Option<Command>,
}

impl Connection<'_> {
    /// Serves a session until it ends.
    pub(in crate::connection) fn talk(&mut self, session: &mut Session) -> SessionEnd {
        let outlet = Outlet::Broker(self.client(), self.services.inbox.clone());
        let mut memory = Memory { outlet, tempo: Tempo::new(self), bare: None, more: None };
        if let Some(grant) = session.welcome.take()
            && self.show_page(grant, &mut memory).is_err()
        {
            return SessionEnd::Over;
        }
        loop {
            let Memory { outlet, tempo, .. } = &mut memory;
            let rate = self.services.rate.lines_per_s;
            let line = || format!("Many lines at once: they are taken in order, {rate} a second.");
            let outcome = match self.next_in_turn(tempo, || outlet.notice(&line())) {
                Ok(Arrival::Line(line)) => self.obey(text::parse(&line), session, &mut memory),
                Ok(Arrival::TooLong) => self.refuse_long_line(&memory),
                Ok(Arrival::Answer(bytes)) => memory.outlet.write(bytes).map(|()| None),
                Ok(_) => Ok(None),
                Err(end) => return end,
            };
            match outcome {
                Ok(None) => {}
                Ok(Some(end)) => return end,
                Err(Unreachable) => return SessionEnd::Over,
            }
        }
    }

    fn refuse_long_line(&self, memory: &Memory) -> Result<Option<SessionEnd>, Unreachable> {
        let max = self.services.line_max_bytes;
        memory.outlet.refused(&format!("That line was longer than {max} bytes. Nothing of it was sent or done."))?;
        Ok(None)
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
                let kind = MessageKind::Speech;
                return self.ask(Command::Say { room: None, kind, text, keyed: None }, session, memory);
            }
            Typed::Bare(word, text) => {
                memory.bare = Some(text);
                memory.outlet.refused(word.hint())
            }
            Typed::Help(topic) => self.help(topic, memory),
            Typed::Password => return self.change_password(session, memory),
            Typed::DeleteAccount => return self.delete_account(session, memory),
            Typed::InviteCode { room } => return self.invite_by_code(room, session, memory),
            Typed::NewToken { name, seconds } => return self.new_token(name, seconds, session, memory),
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
        match self.ask_broker(command, None, session)? {
            Asked::Done => Ok(None),
            Asked::Granted(grant) => self.show_page(grant, memory).map(|()| None),
            Asked::Ended(end) => Ok(Some(end)),
        }
    }

    /// Reads what was granted and has it sent. The client's outbox is held meanwhile, so the page comes before whatever
    /// is said after the grant.
    fn show_page(&self, grant: Grant, memory: &mut Memory) -> Result<(), Unreachable> {
        let (now, clock, mut bytes) = (wall_clock(), &self.services.clock, Vec::new());
        let read = match Page::read(&self.services.reader, grant, Loses::Oldest, text::message_bytes) {
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
        self.send_page(bytes, read, false)
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

    fn new_token(
        &mut self,
        name: Name,
        seconds: Option<u64>,
        session: &Session,
        memory: &mut Memory,
    ) -> Result<Option<SessionEnd>, Unreachable> {
        match token::draw() {
            Ok((secret, digest)) => self.ask(Command::NewToken { name, secret, digest, seconds }, session, memory),
            Err(error) => {
                log::error!("no token was made error={error}");
                memory.outlet.refused("No token could be made. Nothing was done. Try again later.").map(|()| None)
            }
        }
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
        match self.new_password(new.as_bytes(), || Ok(())) {
            Ok(hash) => self.ask(Command::ChangePassword { hash }, session, memory),
            Err(Refusal::PasswordLength { .. }) => {
                let line = format!("{} Your password was not changed.", password::LENGTH_RULE);
                memory.outlet.refused(&line).map(|()| None)
            }
            Err(_) => {
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
        let refused = match self.check_own_password(session, password) {
            Ok(()) => return Ok(true),
            Err(Refusal::WrongPassword) => "That is not your password. Nothing was changed.".to_owned(),
            Err(Refusal::HistoryBusy) => {
                "Your password could not be checked just now. Nothing was changed. Try again in a moment.".to_owned()
            }
            Err(refusal) => text::refusal_text(&refusal, wall_clock(), &self.services.clock),
        };
        memory.outlet.refused(&refused).map(|()| false)
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
        Purpose::Recent | Purpose::FirstSight | Purpose::Resume => None,
    }
}
