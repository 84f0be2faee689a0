//! While logged in: objects become commands, and the slow work of this client is done here, not in the broker.

use super::Program;
use crate::broker::wall_clock;
use crate::chat::{Code, Command, Grant, HistoryRange, INVITATION_BYTES, Purpose, Refusal};
use crate::connection::Services;
use crate::connection::incoming::Arrival;
use crate::connection::outlet::Unreachable;
use crate::connection::page::{Loses, Page};
use crate::connection::session::{Asked as Answered, Session, SessionEnd, Tempo};
use crate::protocol::json::{self, Asked, Reference};
use crate::token;

impl Program<'_, '_> {
    pub(super) fn serve(&mut self, session: &mut Session) -> SessionEnd {
        // The last few messages are for people. Programs ask for what they want.
        if session.welcome.take().is_some() && self.connection.send_page(Vec::new(), Vec::new(), false).is_err() {
            return SessionEnd::Over;
        }
        let mut tempo = Tempo::new(self.connection);
        loop {
            let Program { connection, outlet } = &mut *self;
            let services = connection.services;
            let tell_slow = || outlet.write(slow_down(services));
            let outcome = match connection.next_in_turn(&mut tempo, tell_slow) {
                Ok(Arrival::Line(line)) => self.answer(&line, session),
                Ok(Arrival::TooLong) => self.refuse_long_line().map(|()| None),
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

    fn answer(&self, line: &[u8], session: &Session) -> Result<Option<SessionEnd>, Unreachable> {
        if line.is_empty() {
            return Ok(None);
        }
        let json::Line { reference, asked } = json::parse(line);
        let asked = match asked {
            Ok(asked) => asked,
            Err(wrong) => return self.send(|out| json::wrong(&wrong, reference.as_ref(), out)).map(|()| None),
        };
        let command = match asked {
            Asked::Ping => return self.pong(reference.as_ref()).map(|()| None),
            Asked::Resume { after } => return self.resume(after, reference, session),
            Asked::Chat(command) => Ok(command),
            Asked::LogIn { .. } | Asked::Register { .. } => Err(Refusal::AlreadyLoggedIn),
            Asked::SetPassword { old, new } => self.set_password(session, old.as_bytes(), new.as_bytes()),
            Asked::DeleteAccount { password } => {
                let checked = self.connection.check_own_password(session, password.as_bytes());
                checked.map(|()| Command::DeleteAccount)
            }
            Asked::NewToken { name, seconds } => {
                let drawn = token::draw().map_err(no_randomness);
                drawn.map(|(secret, digest)| Command::NewToken { name, secret, digest, seconds })
            }
            Asked::InviteByCode { room } => {
                let mut random = [0; INVITATION_BYTES];
                let drawn = getrandom::fill(&mut random).map_err(no_randomness);
                drawn.map(|()| Command::InviteByCode { room: Some(room), code: Code::invitation(random) })
            }
        };
        match command {
            Ok(command) => self.ask(command, reference, session),
            // Of whoever is logged in it is the own one that was wrong.
            Err(Refusal::WrongPassword) => {
                let text = "That is not your password. Nothing was changed.".to_owned();
                let wrong = json::Wrong { code: Refusal::WrongPassword.code(), text };
                self.send(|out| json::wrong(&wrong, reference.as_ref(), out)).map(|()| None)
            }
            Err(refusal) => self.refuse(&refusal, reference.as_ref()).map(|()| None),
        }
    }

    fn set_password(&self, session: &Session, old: &[u8], new: &[u8]) -> Result<Command, Refusal> {
        self.connection.check_own_password(session, old)?;
        let hash = self.connection.new_password(new, || Ok(()))?;
        Ok(Command::ChangePassword { hash })
    }

    /// Asks the broker, and reads what it lets the client read.
    fn ask(
        &self,
        command: Command,
        reference: Option<Reference>,
        session: &Session,
    ) -> Result<Option<SessionEnd>, Unreachable> {
        // Whoever names a first message goes on from the last one that the page has.
        let loses = match command {
            Command::History { range: HistoryRange::Between(..), .. } => Loses::Newest,
            _ => Loses::Oldest,
        };
        match self.connection.ask_broker(command, reference.clone(), session)? {
            Answered::Done => Ok(None),
            Answered::Granted(grant) => self.send_granted(grant, loses, reference.as_ref()).map(|()| None),
            Answered::Ended(end) => Ok(Some(end)),
        }
    }

    /// Reads what was granted and has it sent. The client's outbox is held meanwhile, so the page comes before whatever
    /// is said after the grant.
    fn send_granted(&self, grant: Grant, loses: Loses, reference: Option<&Reference>) -> Result<(), Unreachable> {
        let (services, mut bytes, mut read) = (self.connection.services, Vec::new(), Vec::new());
        if !matches!(grant.purpose, Purpose::Recent | Purpose::FirstSight) {
            match Page::read(&services.reader, grant, loses, json::message_bytes) {
                Ok(page) => {
                    read = page.read_positions();
                    json::page(&page.messages, &page.grant, reference, &mut bytes);
                }
                Err(error) => {
                    log::warn!("cannot read history client={} error={error}", self.connection.link.number());
                    json::refused(&Refusal::HistoryBusy, reference, wall_clock(), &services.clock, &mut bytes);
                }
            }
        }
        self.connection.send_page(bytes, read, false)
    }
}

fn slow_down(services: &Services) -> Vec<u8> {
    let (rate, mut bytes) = (services.rate, Vec::new());
    json::slow_down(rate.lines_per_s, rate.burst_lines, services.flood_max_lines, &mut bytes);
    bytes
}

fn no_randomness(error: impl std::fmt::Display) -> Refusal {
    log::error!("the system gives no random numbers error={error}");
    Refusal::Fault
}
