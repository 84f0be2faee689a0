//! The text protocol: what people with `telnet` or `nc` type and read.
//!
//! Every line says where it belongs: `[09:30] #tea bob: text` is a message, `-- ` the server, `-! ` a refusal. Lines are
//! whole, of UTF-8 without control characters, each ended by CR LF, and a message is never cut.
//!
//! A noun's file has the rows of its commands, the sentences of its events and refusals, and their tests. `line.rs` is the
//! grammar of what is typed, `entry.rs` of what is typed before the login.

pub mod account;
pub mod line;
pub mod reading;
pub mod server;
pub mod session;

mod arguments;
mod bare;
mod entry;
mod help;
mod mistake;
mod pen;
mod refusal;
mod row;
mod unseen;

mod invitation;
mod member;
mod moderation;
mod notice;
mod people;
mod registration;
mod room;
mod talk;
mod token;

#[cfg(test)]
mod tests;

use crate::chat::{Event, Traits};
use crate::protocol::{Context, Notice, Protocol, Reference};
use crate::reason::{ClosingLine, Reason};
use pen::Pen;

pub use bare::BareWord;
pub use entry::{Entry, parse as parse_entry};
pub use help::{HELP_MAX_COLUMNS, HelpTopic, before_login as help_before_login};
pub use line::{Typed, parse};
pub use mistake::Mistake;
pub use pen::{notice, refused};
pub use reading::{history_page, message_bytes, recent_page, unread_page, welcome_page};
pub use refusal::refusal_text;
pub use row::{Row, examples};
pub use talk::message;

/// The text protocol, as the rest of the server knows it.
#[derive(Clone, Copy, Debug)]
pub struct Text;

impl ClosingLine for Text {
    fn closing_line(&self, reason: Reason, out: &mut Vec<u8>) {
        let Some(line) = session::closing_line(reason) else { return };
        // A stop is news; every other reason is a refusal.
        let write = if reason == Reason::Stopping { notice } else { refused };
        write(&line, out);
    }

    fn line_end(&self) -> &'static [u8] {
        b"\r\n"
    }
}

impl Protocol for Text {
    fn word(&self) -> &'static str {
        "text"
    }

    fn traits(&self) -> Traits {
        Traits { cursor: true, ..Traits::default() }
    }

    fn strict_order(&self) -> bool {
        false
    }

    fn event(&self, event: &Event, context: Context, out: &mut Vec<u8>) {
        let pen = &mut Pen { context, out };
        match event {
            Event::Message(said) => message(said, context, pen.out),
            Event::Stored { room, seq, requested: true, .. } => talk::stored(room, *seq, pen),
            // Silence means that a message is stored.
            Event::Stored { .. } => {}
            Event::Refused(refusal) => refused(&refusal_text(refusal, context), pen.out),

            Event::Registered { name, room } => account::registered(name, room, pen),
            Event::LoggedIn(welcome) => session::welcome(welcome, pen),
            Event::Ended { name, farewell, sent, rooms } => session::ended(name, farewell, *sent, rooms, pen),
            Event::AcksSet { on } => account::acks_set(*on, pen),
            Event::PasswordChanged { closed, tokens } => account::password_changed(*closed, *tokens, pen),
            Event::TokenCreated { name, secret, scope, until } => token::created(name, secret, *scope, *until, pen),
            Event::Tokens { rows } => token::list(rows, pen),
            Event::TokenRevoked { name, closed } => token::revoked(name, *closed, pen),
            Event::Sessions { rows, total, page, pages } => token::sessions(rows, *total, (*page, *pages), pen),
            Event::SessionClosed { session } => token::session_closed(*session, pen),

            Event::Created { room, visibility } => room::created(room, *visibility, pen),
            Event::Entered(room) => member::entered(room, pen),
            Event::DirectOpened { room: _, with, messages, back } => {
                talk::direct_opened(with, *messages, back.as_deref(), pen)
            }
            Event::MemberJoined { room, who } => member::joined(room, who, pen),
            Event::MemberLeft { room, who, departure } => member::other_left(room, who, departure, pen),
            Event::YouLeft { room, departure, now } => member::you_left(room, departure, now.as_deref(), pen),
            Event::RoomList { rows, page, pages } => room::list(rows, *page, *pages, pen),
            Event::OwnRooms { rows, total, page, pages } => room::own_list(rows, *total, (*page, *pages), pen),
            Event::Topic { room, topic } => room::topic(room, topic.as_ref(), pen),
            Event::RoomShown(room) => room::shown(room, pen),
            Event::RoomChanged { room, by, change } => room::changed(room, by.as_ref(), change, pen),

            Event::Invited { who, room, until, notified } => invitation::invited(who, room, *until, *notified, pen),
            Event::InvitationReceived(invitation) => invitation::received(invitation, pen),
            Event::CodeCreated { room, code, until } => invitation::code_created(room, code, *until, pen),
            Event::Uninvited { what, room } => invitation::revoked(what, room, pen),

            Event::People { room, rows, total, page, pages } => {
                people::list(room.as_deref(), rows, *total, (*page, *pages), pen);
            }
            Event::Account(account) => people::shown(account, pen),
            Event::AwaySet { text } => people::away_set(text.as_ref(), pen),
            Event::NotHere { who } => talk::not_here(who, pen),

            Event::NothingUnread => reading::nothing_unread(pen),
            Event::CaughtUp { messages, rooms } => reading::caught_up(*messages, *rooms, pen),
            Event::NoMessages { room } => reading::no_messages(room, pen),
            // For protocols that ask for them.
            Event::Presence { .. } | Event::ReadSet { .. } => {}

            Event::Removed { room, who, departure } => moderation::removed(room, who, departure, pen),
            Event::Unbanned { room, target } => moderation::unbanned(room.as_deref(), target, pen),
            Event::Bans { room, rows, total, page, pages } => {
                moderation::bans(room.as_deref(), rows, *total, (*page, *pages), pen);
            }
            Event::ServerBanned { ban, closed } => server::server_banned(ban, *closed, pen),
            Event::ServerKicked { who, closed } => server::server_kicked(who, *closed, pen),
            Event::RegistrationShown { registration } => registration::shown(*registration, pen),
            Event::RegistrationCodeCreated { code, until } => registration::code_created(code, *until, pen),
            Event::PasswordCodeCreated { who, code, until } => account::code_created(who, code, *until, pen),
            Event::NameFreed { name } => registration::freed(name, pen),
            Event::Notice { at, notice } => notice::shown(*at, notice, pen),
            Event::OperatorSet { who, operator, you, by } => {
                server::operator_set(who, *operator, *you, by.as_ref(), pen)
            }
        }
    }

    fn answer(&self, event: &Event, _: Option<&Reference>, context: Context, out: &mut Vec<u8>) {
        match event {
            Event::ReadSet { room, up_to, .. } => reading::read_set(room, *up_to, &mut Pen { context, out }),
            event => self.event(event, context, out),
        }
    }

    fn notice(&self, notice: Notice, context: Context, out: &mut Vec<u8>) {
        match notice {
            Notice::NewDay => server::new_day(context, out),
            Notice::StoreFailed => refused(server::STORE_FAILED, out),
        }
    }
}
