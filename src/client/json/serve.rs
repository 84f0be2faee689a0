//! While logged in: objects become commands, and the slow work of this client is done here, not in the broker.

use zeroize::Zeroize;

use super::Program;
use crate::broker::{Waits, wall_clock};
use crate::chat::{Ask, Code, Command, Event, Grant, HistoryRange, INVITATION_BYTES, Query, Refusal};
use crate::client::input::InputEvent;
use crate::client::output::Unreachable;
use crate::client::page::{Loses, Page, unread};
use crate::client::session::{Asked, Session, SessionEnd};
use crate::protocol::json::{self, Json, Request};
use crate::protocol::{Context, Protocol, Reference, Secret};
use crate::token;

impl Program<'_, '_> {
    pub(super) fn serve(&mut self, session: &mut Session) -> SessionEnd {
        loop {
            let outcome = match self.client.next_in_turn() {
                Ok(InputEvent::Line(line)) => self.answer(line, session),
                Ok(InputEvent::TooLong) => self.refuse_long_line().map(|()| None),
                Ok(InputEvent::Slowed(rate)) => self.slow_down(rate).map(|()| None),
                // Programs send lines only.
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

    fn answer(&self, mut line: Vec<u8>, session: &Session) -> Result<Option<SessionEnd>, Unreachable> {
        if json::is_blank(&line) {
            return Ok(None);
        }
        let json::Line { reference, request } = json::parse(&line);
        // It may have a password in it.
        line.zeroize();
        let request = match request {
            Ok(request) => request,
            Err(wrong) => return self.send(|out| json::wrong(&wrong, reference.as_ref(), out)).map(|()| None),
        };
        let ask: Result<Ask, Refusal> = match request {
            Request::Ping => return self.pong(reference.as_ref()).map(|()| None),
            Request::Chat(Ask::Command(Command::Resume { after })) => return self.resume(after, reference, session),
            Request::Chat(ask) => Ok(ask),
            Request::LogIn { .. } | Request::Register { .. } | Request::ResetPassword { .. } => {
                Err(Refusal::AlreadyLoggedIn)
            }
            Request::SetPassword { old, new } => {
                self.set_password(session, old.as_bytes(), new.as_bytes()).map(Ask::Command)
            }
            Request::DeleteAccount { password } => {
                self.prove(session, &password).map(|()| Command::DeleteAccount.into())
            }
            Request::NewToken { name, scope, seconds, password } => {
                let proved = password.map(|password| self.prove(session, &password)).transpose();
                proved.and_then(|proved| {
                    let (proved, (secret, digest)) = (proved.is_some(), token::draw().map_err(no_randomness)?);
                    Ok(Command::NewToken { name, secret, digest, scope, seconds, proved }.into())
                })
            }
            Request::RevokeToken { name, password } => {
                self.prove(session, &password).map(|()| Command::RevokeToken { name, proved: true }.into())
            }
            Request::CloseSession { session: closed, password } => {
                let proved = self.prove(session, &password);
                proved.map(|()| Command::CloseSession { session: closed, proved: true }.into())
            }
            Request::PasswordCode { name: who } => {
                let drawn = token::draw_code().map_err(no_randomness);
                drawn.map(|(code, digest)| Command::MakePasswordCode { who, code, digest }.into())
            }
            Request::RegistrationCode => {
                let drawn = token::draw_code().map_err(no_randomness);
                drawn.map(|(code, digest)| Command::MakeRegistrationCode { code, digest }.into())
            }
            Request::InviteByCode { room } => {
                let mut random = [0; INVITATION_BYTES];
                let drawn = getrandom::fill(&mut random).map_err(no_randomness);
                drawn.map(|()| Command::InviteByCode { room: Some(room), code: Code::invitation(random) }.into())
            }
        };
        match ask {
            Ok(ask) => self.ask(ask, reference, session),
            // A client that is logged in can only have given its own password.
            Err(Refusal::WrongPassword) => {
                let text = "That is not your password. Nothing was changed.".to_owned();
                let wrong = json::Wrong { code: Refusal::WrongPassword.code(), text };
                self.send(|out| json::wrong(&wrong, reference.as_ref(), out)).map(|()| None)
            }
            Err(refusal) => self.refuse(refusal, reference.as_ref()).map(|()| None),
        }
    }

    /// Whether a program has given the password of its account.
    fn prove(&self, session: &Session, password: &Secret) -> Result<(), Refusal> {
        self.client.check_own_password(session, password.as_bytes())
    }

    fn set_password(&self, session: &Session, old: &[u8], new: &[u8]) -> Result<Command, Refusal> {
        self.client.check_own_password(session, old)?;
        let hash = self.client.new_password(new, || Ok(()))?;
        Ok(Command::ChangePassword { hash })
    }

    /// Asks the broker, and reads what it grants.
    fn ask(
        &self,
        ask: Ask,
        reference: Option<Reference>,
        session: &Session,
    ) -> Result<Option<SessionEnd>, Unreachable> {
        let kind = match &ask {
            // A program that names a first message goes on from the last one on the page.
            Ask::Query(Query::History { range: HistoryRange::Between(..), .. }) => Some(Kind::History(Loses::Newest)),
            Ask::Query(Query::History { .. }) => Some(Kind::History(Loses::Oldest)),
            Ask::Query(Query::Unread) => Some(Kind::Unread),
            _ => None,
        };
        let waits = if kind.is_some() { Waits::Page } else { Waits::Answer };
        match (self.client.ask(ask, reference.clone(), waits, session)?, kind) {
            (Asked::Page(grant), Some(kind)) => {
                self.send_granted(grant, kind, reference.as_ref(), session).map(|()| None)
            }
            (Asked::Page(_) | Asked::Done, _) => Ok(None),
            (Asked::Ended(end), _) => Ok(Some(end)),
        }
    }

    /// Reads what was granted and has it sent. The client's outbox is held meanwhile, so the page comes before everything
    /// that is said after the grant.
    fn send_granted(
        &self,
        grant: Grant,
        kind: Kind,
        reference: Option<&Reference>,
        session: &Session,
    ) -> Result<(), Unreachable> {
        let (services, mut bytes) = (self.client.services, Vec::new());
        let loses = if let Kind::History(loses) = kind { loses } else { Loses::Newest };
        let shown = match Page::read(&services.reader, grant, loses, json::message_bytes) {
            Ok(page) => {
                let shown = if kind == Kind::Unread { page.shown() } else { Vec::new() };
                match (kind, page.grant.ranges.first()) {
                    (Kind::History(_), Some(range)) => json::history(range, page.messages, reference, &mut bytes),
                    _ => json::unread(page.messages, page.grant.remaining, reference, &mut bytes),
                }
                shown
            }
            Err(error) => {
                log::warn!("cannot read history client={} error={error}", self.client.connection.number());
                let context = Context { now: wall_clock(), clock: &services.clock };
                Json.answer(&Event::Refused(unread(&error)), reference, context, &mut bytes);
                Vec::new()
            }
        };
        self.client.send_page(bytes, shown, false, session)
    }
}

/// The kind of a page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    History(Loses),
    Unread,
}

fn no_randomness(error: impl std::fmt::Display) -> Refusal {
    log::error!("the system gives no random numbers error={error}");
    Refusal::Fault
}
