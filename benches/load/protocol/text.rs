//! Our text protocol. Accounts and memberships are already in the store.

use super::{Exchange, Place, Protocol, Received};
use crate::seed;
use crate::words::{self, LINE_BYTES, MESSAGE_BYTES, NAME_BYTES};

pub struct Text;

/// `[09:30] `: nothing but a message starts with a bracket.
const PLACE_AT: usize = "[09:30] ".len();
/// `#r00001` or `@u00007`.
const PLACE_BYTES: usize = 1 + NAME_BYTES;
const AUTHOR_AT: usize = PLACE_AT + PLACE_BYTES + 1;
const MESSAGE_AT: usize = AUTHOR_AT + NAME_BYTES + 2;

impl Protocol for Text {
    fn enter(&self, member: usize) -> Exchange {
        let name = words::member_name(member);
        let answer = format!("-- Welcome back, {name}.");
        Exchange { question: format!("login {name} {}\r\n", seed::PASSWORD), answer }
    }

    fn join(&self, _: usize) -> Option<Exchange> {
        None
    }

    fn barrier(&self) -> Exchange {
        Exchange { question: "/whois nobody-else\r\n".to_owned(), answer: "nobody-else".to_owned() }
    }

    fn say(&self, place: Place, number: u32, out: &mut Vec<u8>) {
        match place {
            Place::Room(room) => out.extend_from_slice(format!("/say #{} ", words::room_name(room)).as_bytes()),
            Place::Direct(to) => out.extend_from_slice(format!("/msg {} ", words::member_name(to)).as_bytes()),
        }
        words::write(number, out);
        out.extend_from_slice(b"\r\n");
    }

    fn label(&self, place: Place, author: usize, _: usize) -> Vec<u8> {
        match place {
            Place::Room(room) => format!("#{}", words::room_name(room)).into_bytes(),
            Place::Direct(_) => format!("@{}", words::member_name(author)).into_bytes(),
        }
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Received<'a> {
        let is_message = line.len() == LINE_BYTES
            && line[0] == b'['
            && &line[PLACE_AT - 2..PLACE_AT] == b"] "
            && line[AUTHOR_AT - 1] == b' '
            && &line[MESSAGE_AT - 2..MESSAGE_AT] == b": "
            && line.ends_with(b"\r\n");
        if !is_message {
            return Received::Other;
        }
        let author = words::number_of(&line[AUTHOR_AT..AUTHOR_AT + NAME_BYTES], b'u');
        let number = words::read(&line[MESSAGE_AT..MESSAGE_AT + MESSAGE_BYTES]);
        match (author, number) {
            (Some(author), Some(number)) => {
                Received::Message { place: &line[PLACE_AT..PLACE_AT + PLACE_BYTES], author, number }
            }
            _ => Received::Other,
        }
    }

    fn is_refusal(&self, line: &[u8]) -> bool {
        line.starts_with(b"-! ") && memchr::memmem::find(line, b"nobody-else").is_none()
    }
}
