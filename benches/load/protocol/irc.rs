//! The subset of IRC that drives a peer: registration, JOIN, PRIVMSG, PING.

use super::{Exchange, Place, Protocol, Received};
use crate::words::{self, MESSAGE_BYTES, NAME_BYTES};

pub struct Irc {
    /// The most concurrent logins.
    pub entering_max: usize,
}

const END: &[u8] = b"\r\n";

impl Irc {
    /// `:u00007!ident@host PRIVMSG #r00001 :00000042 ...`
    fn message(line: &[u8]) -> Option<Received<'_>> {
        let (head, message) = line.strip_suffix(END)?.split_last_chunk::<MESSAGE_BYTES>()?;
        let head = head.strip_prefix(b":")?.strip_suffix(b" :")?;
        let author = words::number_of(head.get(..NAME_BYTES)?, b'u')?;
        let place_at = memchr::memrchr(b' ', head)?;
        let (head, place) = (&head[..place_at], &head[place_at + 1..]);
        if head[NAME_BYTES] != b'!' || !head.ends_with(b" PRIVMSG") {
            return None;
        }
        Some(Received::Message { place, author, number: words::read(message)? })
    }
}

impl Protocol for Irc {
    fn enter(&self, member: usize) -> Exchange {
        let name = words::member_name(member);
        Exchange { question: format!("NICK {name}\r\nUSER load 0 * :load\r\n"), answer: format!(" 001 {name} :") }
    }

    fn entering_max(&self) -> usize {
        self.entering_max
    }

    fn join(&self, room: usize) -> Option<Exchange> {
        let room = words::room_name(room);
        // 366 ends the list of names.
        Some(Exchange { question: format!("JOIN #{room}\r\n"), answer: format!("#{room} :End of ") })
    }

    fn barrier(&self) -> Exchange {
        Exchange { question: "PING :barrier\r\n".to_owned(), answer: "barrier\r\n".to_owned() }
    }

    fn say(&self, place: Place, number: u32, out: &mut Vec<u8>) {
        match place {
            Place::Room(room) => out.extend_from_slice(format!("PRIVMSG #{} :", words::room_name(room)).as_bytes()),
            Place::Direct(to) => out.extend_from_slice(format!("PRIVMSG {} :", words::member_name(to)).as_bytes()),
        }
        words::write(number, out);
        out.extend_from_slice(END);
    }

    fn label(&self, place: Place, _: usize, reader: usize) -> Vec<u8> {
        match place {
            Place::Room(room) => format!("#{}", words::room_name(room)).into_bytes(),
            Place::Direct(_) => words::member_name(reader).into_bytes(),
        }
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Received<'a> {
        if let Some(token) = line.strip_prefix(b"PING ") {
            return Received::Ping([b"PONG ", token].concat());
        }
        Irc::message(line).unwrap_or(Received::Other)
    }

    fn is_refusal(&self, line: &[u8]) -> bool {
        line.starts_with(b"ERROR ")
    }
}
