//! While logged in: lines become commands, and the slow work of this client is done here, not in the broker.

use super::prompt::Answer;
use crate::broker::{Waits, wall_clock};
use crate::chat::{
    Ask, Code, Command, Grant, HistoryRange, INVITATION_BYTES, MessageKind, Name, Query, Refusal, RoomLabel, Text,
    TokenDigest, TokenScope,
};
use crate::client::Client;
use crate::client::input::InputEvent;
use crate::client::output::{Output, Unreachable};
use crate::client::page::{Loses, Page, unread};
use crate::client::session::{Asked, Session, SessionEnd};
use crate::password::PASSWORD_MIN_CHARS;
use crate::protocol::text::{self, HelpTopic, Typed, account, line, reading, server};
use crate::protocol::{Context, Secret};
use crate::token;

/// The state of a session between lines.
struct Memory {
    output: Output,
    /// A bare word that was answered by a hint: typed again it is said.
    bare: Option<Text>,
    /// The query of `/more`.
    more: Option<Query>,
    /// The sender was shown that others do not read what was typed.
    knows_replaced: bool,
    /// It was said how a line that begins with `@NAME` is understood.
    knows_direct: bool,
}

/// The kind of a page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    History,
    Unread,
    /// The newest messages of a room that is entered.
    Recent,
    /// The same for somebody who has just registered.
    Welcome,
}

impl Client<'_> {
    /// Serves a session until it ends.
    pub(in crate::client) fn talk(&mut self, session: &mut Session) -> SessionEnd {
        let mut memory = Memory {
            output: self.session_output(),
            bare: None,
            more: None,
            knows_replaced: false,
            knows_direct: false,
        };
        if let Some(grant) = session.recent.take()
            && self.show_page(grant, Kind::Welcome, session, &mut memory).is_err()
        {
            return SessionEnd::Over;
        }
        loop {
            let outcome = match self.next_in_turn() {
                Ok(InputEvent::Line(line)) => self.obey_line(&line, session, &mut memory),
                Ok(InputEvent::TooLong) => {
                    memory.output.refused(&line::too_long(self.services.line_max_bytes)).map(|()| None)
                }
                Ok(InputEvent::Garbled) => self.refuse_unprompted(line::GARBLED, &memory.output).map(|()| None),
                Ok(InputEvent::Dropped(lines)) => memory.output.refused(&line::interrupted(lines)).map(|()| None),
                Ok(InputEvent::Ending) => memory.output.tell(line::ENDING).map(|()| None),
                Ok(InputEvent::Slowed(rate)) => memory.output.slowed(rate).map(|()| None),
                Ok(InputEvent::Answer(bytes)) => memory.output.write(bytes).map(|()| None),
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

    fn obey_line(
        &mut self,
        line: &[u8],
        session: &Session,
        memory: &mut Memory,
    ) -> Result<Option<SessionEnd>, Unreachable> {
        let typed = text::parse(line);
        let is_refused = matches!(typed, Typed::Wrong(_) | Typed::NoPrompt(_) | Typed::Hidden(_));
        if self.recent.is_awaited(line) && !is_refused {
            return memory.output.refused(account::LATE_SECRET).map(|()| None);
        }
        if self.recent.is_like(line) && !is_refused {
            return self.refuse_unprompted(account::LIKE_SECRET, &memory.output).map(|()| None);
        }
        if matches!(typed, Typed::Ask(Ask::Command(_)) | Typed::Direct(_))
            && !memory.knows_replaced
            && let Some(replaced) = line::replaced(line)
        {
            memory.knows_replaced = true;
            memory.output.tell(&replaced)?;
        }
        self.obey(typed, session, memory)
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
            Typed::Ask(ask) => return self.request(ask, session, memory),
            Typed::Bare(_, text) if bare.as_ref() == Some(&text) => {
                let kind = MessageKind::Speech;
                return self.request(Command::Say { room: None, kind, text, key: None }, session, memory);
            }
            Typed::Bare(word, text) => {
                memory.bare = Some(text);
                match word.is_secret() {
                    true => self.refuse_unprompted(word.hint(), &memory.output),
                    false => memory.output.refused(word.hint()),
                }
            }
            Typed::Direct(command) => {
                if !std::mem::replace(&mut memory.knows_direct, true) {
                    memory.output.tell(line::DIRECT)?;
                }
                return self.request(command, session, memory);
            }
            Typed::Help(topic) => self.help(topic, memory),
            Typed::Password => return self.change_password(session, memory),
            Typed::DeleteAccount => return self.delete_account(session, memory),
            Typed::InviteCode { room } => return self.invite_by_code(room, session, memory),
            Typed::NewToken { name, scope, seconds } => {
                return self.new_token(name, scope, seconds, session, memory);
            }
            Typed::PasswordCode { who } => {
                return self.make_code(|code, digest| Command::MakePasswordCode { who, code, digest }, session, memory);
            }
            Typed::RegistrationCode => {
                return self.make_code(|code, digest| Command::MakeRegistrationCode { code, digest }, session, memory);
            }
            Typed::More => match memory.more.take() {
                Some(query) => return self.request(query, session, memory),
                None => memory.output.refused(reading::NOTHING_MORE),
            },
            Typed::Version => memory.output.notice(&server::version(&self.services.server_name, crate::VERSION)),
            Typed::Wrong(mistake) => memory.output.refused(mistake.text()),
            Typed::NoPrompt(mistake) | Typed::Hidden(mistake) => self.refuse_unprompted(mistake.text(), &memory.output),
        }
        .map(|()| None)
    }

    fn help(&self, topic: HelpTopic, memory: &Memory) -> Result<(), Unreachable> {
        memory.output.notices(topic.lines().iter().map(String::as_str))
    }

    /// Asks the broker, and shows the page that it grants.
    fn request(
        &mut self,
        ask: impl Into<Ask>,
        session: &Session,
        memory: &mut Memory,
    ) -> Result<Option<SessionEnd>, Unreachable> {
        let ask = ask.into();
        if let Some(next) = next_page(&ask) {
            memory.more = Some(next);
        }
        let kind = match &ask {
            Ask::Query(Query::History { .. }) => Kind::History,
            Ask::Query(Query::Unread) => Kind::Unread,
            _ => Kind::Recent,
        };
        match self.ask(ask, None, Waits::Page, session)? {
            Asked::Done => Ok(None),
            Asked::Page(grant) => self.show_page(grant, kind, session, memory).map(|()| None),
            Asked::Ended(end) => Ok(Some(end)),
        }
    }

    /// Reads what was granted and has it sent. The client's outbox is held meanwhile, so the page comes before everything
    /// that is said after the grant.
    fn show_page(&self, grant: Grant, kind: Kind, session: &Session, memory: &mut Memory) -> Result<(), Unreachable> {
        let (context, mut bytes) = (self.context(), Vec::new());
        let loses = if kind == Kind::History { Loses::Oldest } else { Loses::Newest };
        let shown = match Page::read(&self.services.reader, grant, loses, text::message_bytes) {
            Ok(Page { grant, messages }) => match kind {
                Kind::History => {
                    memory.more = page_before(&grant);
                    text::history_page(&messages, &grant, context, &mut bytes);
                    Vec::new()
                }
                Kind::Unread => {
                    memory.more = (grant.remaining > 0).then_some(Query::Unread);
                    text::unread_page(&messages, &grant, context, &mut bytes);
                    grant.ranges.iter().map(|range| (range.room.id, range.from, range.to)).collect()
                }
                Kind::Recent => {
                    text::recent_page(&messages, context, &mut bytes);
                    Vec::new()
                }
                Kind::Welcome => {
                    text::welcome_page(&messages, context, &mut bytes);
                    Vec::new()
                }
            },
            Err(error) => {
                log::warn!("cannot read history client={} error={error}", self.connection.number());
                text::refused(&text::refusal_text(&unread(&error), context), &mut bytes);
                Vec::new()
            }
        };
        self.send_page(bytes, shown, false, session)
    }

    fn context(&self) -> Context<'_> {
        Context { now: wall_clock(), clock: &self.services.clock }
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
            return self.refuse_fault(memory);
        }
        self.request(Command::InviteByCode { room, code: Code::invitation(random) }, session, memory)
    }

    fn new_token(
        &mut self,
        name: Name,
        scope: TokenScope,
        seconds: Option<u64>,
        session: &Session,
        memory: &mut Memory,
    ) -> Result<Option<SessionEnd>, Unreachable> {
        match token::draw() {
            Ok((secret, digest)) => {
                let proved = false;
                self.request(Command::NewToken { name, secret, digest, scope, seconds, proved }, session, memory)
            }
            Err(error) => {
                log::error!("cannot create a token error={error}");
                self.refuse_fault(memory)
            }
        }
    }

    /// Draws a code of which only the digest is kept.
    fn make_code(
        &mut self,
        command: impl FnOnce(Code, TokenDigest) -> Command,
        session: &Session,
        memory: &mut Memory,
    ) -> Result<Option<SessionEnd>, Unreachable> {
        match token::draw_code() {
            Ok((code, digest)) => self.request(command(code, digest), session, memory),
            Err(error) => {
                log::error!("cannot draw a code error={error}");
                self.refuse_fault(memory)
            }
        }
    }

    fn refuse_fault(&self, memory: &Memory) -> Result<Option<SessionEnd>, Unreachable> {
        memory.output.refused(&text::refusal_text(&Refusal::Fault, self.context())).map(|()| None)
    }

    fn change_password(&mut self, session: &Session, memory: &mut Memory) -> Result<Option<SessionEnd>, Unreachable> {
        let new = account::new_password(PASSWORD_MIN_CHARS);
        let questions = [account::CURRENT_PASSWORD, new.as_str(), account::NEW_PASSWORD_AGAIN];
        let deadline = self.stop_deadline();
        // The first one is checked only when all three lines are read: those typed ahead are for the prompts.
        let secrets = match self.ask_secrets(&memory.output, &questions, || deadline, |_| true)? {
            Answer::Secrets(secrets) => secrets,
            Answer::GivenUp => return self.refuse_prompted(account::PASSWORD_KEPT, &memory.output).map(|()| None),
            Answer::Over(over) => return Ok(Some(self.over(over))),
        };
        let [old, new, again] = secrets.as_slice() else { return Ok(None) };
        if let Err(refusal) = self.check_is_own(old, session) {
            return self.refuse_prompted(&refusal, &memory.output).map(|()| None);
        }
        if new.as_bytes() != again.as_bytes() {
            return self.refuse_prompted(account::NEW_PASSWORDS_DIFFER, &memory.output).map(|()| None);
        }
        match self.new_password(new.as_bytes(), || Ok(())) {
            Ok(hash) => self.request(Command::ChangePassword { hash }, session, memory),
            Err(refusal @ (Refusal::PasswordLength { .. } | Refusal::PasswordEncoding)) => {
                let line = account::unusable_new_password(&refusal, self.context());
                self.refuse_prompted(&line, &memory.output).map(|()| None)
            }
            Err(_) => self.refuse_prompted(account::PASSWORD_FAULT, &memory.output).map(|()| None),
        }
    }

    fn delete_account(&mut self, session: &Session, memory: &mut Memory) -> Result<Option<SessionEnd>, Unreachable> {
        memory.output.notices(account::DELETION)?;
        let deadline = self.stop_deadline();
        let secrets = match self.ask_secrets(&memory.output, &[account::PASSWORD], || deadline, |_| true)? {
            Answer::Secrets(secrets) => secrets,
            Answer::GivenUp => {
                let output = &memory.output;
                return self.after_prompts(|| output.notice(account::ACCOUNT_KEPT), output).map(|()| None);
            }
            Answer::Over(over) => return Ok(Some(self.over(over))),
        };
        match secrets.iter().try_for_each(|secret| self.check_is_own(secret, session)) {
            Ok(()) => self.request(Command::DeleteAccount, session, memory),
            Err(refusal) => self.refuse_prompted(&refusal, &memory.output).map(|()| None),
        }
    }

    /// Whether this is the password of the account; if not, the refusal. Counted like a try to log in.
    fn check_is_own(&self, secret: &Secret, session: &Session) -> Result<(), String> {
        self.check_own_password(session, secret.as_bytes()).map_err(|refusal| match refusal {
            Refusal::WrongPassword => account::NOT_YOUR_PASSWORD.to_owned(),
            Refusal::HistoryBusy => account::PASSWORD_UNCHECKED.to_owned(),
            refusal => text::refusal_text(&refusal, self.context()),
        })
    }
}

/// The query of `/more` after a list.
fn next_page(ask: &Ask) -> Option<Query> {
    match ask {
        Ask::Query(Query::Rooms { page }) => Some(Query::Rooms { page: page.saturating_add(1) }),
        Ask::Query(Query::OwnRooms { page }) => Some(Query::OwnRooms { page: page.saturating_add(1) }),
        Ask::Query(Query::Who { room, page }) => Some(Query::Who { room: room.clone(), page: page.saturating_add(1) }),
        Ask::Query(Query::Bans { room, page }) => {
            Some(Query::Bans { room: room.clone(), page: page.saturating_add(1) })
        }
        Ask::Query(Query::ServerBans { page }) => Some(Query::ServerBans { page: page.saturating_add(1) }),
        Ask::Query(Query::Sessions { page }) => Some(Query::Sessions { page: page.saturating_add(1) }),
        _ => None,
    }
}

/// The query of `/more` after a page of history: the page before it.
fn page_before(grant: &Grant) -> Option<Query> {
    let range = grant.ranges.first().filter(|range| range.from > 1)?;
    let lines = range.to - range.from + 1;
    let before = HistoryRange::Between(range.from.saturating_sub(lines).max(1), range.from - 1);
    Some(Query::History { room: Some(range.room.label.clone()), range: before })
}
