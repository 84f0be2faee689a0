//! The JSON protocol: what programs send and get, one object a line.
//!
//! Owns the names of all objects and fields; `docs/protocol.md` specifies them. Each object is one row of a table, in
//! `request.rs` (to the server), `object.rs` and `refusal.rs` (from the server), which is read and written alike. What
//! comes in is bounded in size and depth before it is parsed; unknown fields are ignored. What goes out is UTF-8 without
//! any control character.

mod codec;
mod value;
mod group;
mod line;
mod request;
mod object;
mod refusal;
#[cfg(test)]
mod sample;

use codec::Table;

use super::{Context, Notice, Protocol, REFERENCE_MAX_BYTES, Reference, connection_ended};
use crate::chat::{
    Command, Event, GrantedRange, Message, Query, Refusal, Registration, RoomLabel, SEND_KEY_MAX_BYTES, Seq, ShownRoom,
    Text, Timestamp, Traits,
};
use crate::reason::{ClosingLine, Reason};

pub use codec::Wrong;
pub use line::is_blank;
pub use object::{Bye, Limits, Object};
pub use request::{Line, LoginOptions, Request, encode, parse};

/// The word for this protocol.
const WORD: &str = "json";
/// The traits of programs, unless their login chooses others.
const TRAITS: Traits = Traits {
    cursor: false,
    acknowledges: true,
    echoes: false,
    member_lists: false,
    presence: false,
    read_positions: false,
};
/// The version of this protocol: counted up when something that was promised changes.
pub const VERSION: u32 = 1;
/// The types of all requests.
pub const REQUESTS: [&[&str]; 3] = [<Request as Table>::WORDS, <Command as Table>::WORDS, <Query as Table>::WORDS];
/// The types of all objects that the server sends: events, and what surrounds them.
pub const OBJECTS: [&[&str]; 2] = [<Event as Table>::WORDS, <Object as Table>::WORDS];
/// The codes of all refusals by the chat.
pub const REFUSALS: &[&str] = <Refusal as Table>::WORDS;
/// How deeply objects and lists may be nested.
pub const DEPTH_MAX: usize = 8;

/// The content of the first object of a connection.
#[derive(Clone, Debug)]
pub struct Hello<'a> {
    /// The server's name.
    pub server: &'a str,
    /// Longest line that may come.
    pub line_max_bytes: usize,
    /// Longest message.
    pub message_max_bytes: u64,
    /// Most messages of one page of history.
    pub history_page_max: u64,
    /// How many lines may come at once.
    pub rate_burst_lines: u64,
    /// How many lines a second may come in the long run.
    pub rate_lines_per_s: u64,
    /// Time for logging in.
    pub login_timeout_s: u64,
    /// Who can create an account.
    pub registration: Registration,
}

/// The JSON protocol.
#[derive(Clone, Copy, Debug)]
pub struct Json;

impl Protocol for Json {
    fn word(&self) -> &'static str {
        WORD
    }

    fn traits(&self) -> Traits {
        TRAITS
    }

    fn strict_order(&self) -> bool {
        true
    }

    fn event(&self, event: &Event, context: Context, out: &mut Vec<u8>) {
        self.answer(event, None, context, out);
    }

    fn answer(&self, event: &Event, reference: Option<&Reference>, context: Context, out: &mut Vec<u8>) {
        line::write(event, reference, Some(context), out);
    }

    fn notice(&self, notice: Notice, _: Context, out: &mut Vec<u8>) {
        match notice {
            // Programs look at the clock themselves.
            Notice::NewDay => {}
            Notice::StoreFailed => {
                let text = "The server cannot write to its disk any more, so it stops. What was not answered by \
                            \"stored\" may not be saved.";
                bye(Reason::Stopping, Some(text), None, out);
            }
        }
    }
}

impl ClosingLine for Json {
    fn closing_line(&self, reason: Reason, out: &mut Vec<u8>) {
        // The client has already been sent the reason, or is gone.
        if !matches!(reason, Reason::Quit | Reason::SignedOut | Reason::Kicked | Reason::Lost) {
            bye(reason, connection_ended(reason).as_deref(), None, out);
        }
    }

    fn line_end(&self) -> &'static [u8] {
        b"\n"
    }
}

/// Appends the first object of a connection.
pub fn hello(hello: &Hello, now: Timestamp, out: &mut Vec<u8>) {
    let limits = Limits {
        line_max_bytes: hello.line_max_bytes,
        depth_max: DEPTH_MAX,
        ref_max_bytes: REFERENCE_MAX_BYTES,
        key_max_bytes: SEND_KEY_MAX_BYTES,
        message_max_bytes: hello.message_max_bytes,
        history_page_max: hello.history_page_max,
        rate_burst_lines: hello.rate_burst_lines,
        rate_lines_per_s: hello.rate_lines_per_s,
        login_timeout_s: hello.login_timeout_s,
    };
    let (server, version) = (hello.server.to_owned(), crate::VERSION.to_owned());
    let registration = hello.registration;
    Object::Hello { server, version, protocol: VERSION.into(), time: now, registration, limits }.encode(None, out);
}

/// Appends the answer to a ping.
pub fn pong(now: Timestamp, reference: Option<&Reference>, out: &mut Vec<u8>) {
    Object::Pong { time: now }.encode(reference, out);
}

/// Appends that lines are delayed from now on: `lines_per_s` after a burst of `burst_lines`. The connection is closed
/// when more than `delayed_lines_max` of them are pending.
pub fn slow_down(lines_per_s: u64, burst_lines: u64, delayed_lines_max: u64, out: &mut Vec<u8>) {
    Object::SlowDown { lines_per_s, burst_lines, delayed_lines_max }.encode(None, out);
}

/// Appends the last object of a connection that has no session; `text` says the reason to people.
pub fn bye(reason: Reason, text: Option<&str>, reference: Option<&Reference>, out: &mut Vec<u8>) {
    let (reason, text) = (reason.word().to_owned(), text.map(str::to_owned));
    let bye = Bye { reason, cause: None, text, sent: None, by: None, until: None, why: Text::from("") };
    Object::Bye(bye).encode(reference, out);
}

/// Appends what is wrong with a line.
pub fn wrong(wrong: &Wrong, reference: Option<&Reference>, out: &mut Vec<u8>) {
    Object::Wrong(wrong.clone()).encode(reference, out);
}

/// Appends a message of a backlog, as if it was delivered now.
pub fn message(message: Message, out: &mut Vec<u8>) {
    line::write(&Event::Message(message), None, None, out);
}

/// How many bytes a message takes on a page, at most.
pub fn message_bytes(message: &Message) -> usize {
    // What is around the text: names of fields, two names of people or rooms, a moment, two numbers.
    const AROUND: usize = 240;
    let escaped = message.text.as_str().bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    AROUND + message.text.len() + escaped
}

/// Appends a page of a room's history: what `range` has.
pub fn history(range: &GrantedRange, messages: Vec<Message>, reference: Option<&Reference>, out: &mut Vec<u8>) {
    let room = range.room.clone();
    Object::History { room, from: range.from, to: range.to, last: range.last, messages }.encode(reference, out);
}

/// Appends a page of unread messages; `remaining` are unread beyond it.
pub fn unread(messages: Vec<Message>, remaining: u64, reference: Option<&Reference>, out: &mut Vec<u8>) {
    Object::Unread { messages, remaining }.encode(reference, out);
}

/// Appends that everything missed was given: by room up to which number; and what the request named of which the account is
/// no member.
pub fn resumed(given: &[(ShownRoom, Seq)], gone: &[RoomLabel], reference: Option<&Reference>, out: &mut Vec<u8>) {
    let rooms = given.iter().map(|(room, seq)| (room.label.clone(), *seq)).collect();
    let room_ids = given.iter().map(|(room, seq)| (room.id, *seq)).collect();
    let (mut gone_ids, mut names) = (Vec::new(), Vec::new());
    for room in gone {
        if let RoomLabel::Number(id) = room { gone_ids.push(*id) } else { names.push(room.clone()) }
    }
    Object::Resumed { rooms, room_ids, gone: names, gone_ids }.encode(reference, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_closing_line_unless_the_client_knows_it() {
        for reason in Reason::ALL.iter().copied() {
            let mut line = Vec::new();
            Json.closing_line(reason, &mut line);
            let told = matches!(reason, Reason::Quit | Reason::SignedOut | Reason::Kicked | Reason::Lost);
            assert_eq!(line.is_empty(), told, "{reason}");
            if !told {
                let Ok((None, Object::Bye(bye))) = Object::decode(line.trim_ascii_end()) else { panic!("{reason}") };
                assert_eq!((bye.reason.as_str(), bye.sent), (reason.word(), None));
            }
        }
    }
}
