//! Our JSON protocol. Accounts and memberships are already in the store.

use std::cell::RefCell;
use std::collections::BTreeMap;

use memchr::memmem::Finder;

use super::{Exchange, Place, Protocol, Received};
use crate::seed;
use crate::words;

/// The client, with finders for the keys of a message.
pub struct Json {
    /// By member: the token to log in with, if it has one.
    tokens: RefCell<BTreeMap<usize, String>>,
    message: Finder<'static>,
    room: Finder<'static>,
    from: Finder<'static>,
    text: Finder<'static>,
}

impl Json {
    pub fn new() -> Json {
        Json {
            tokens: RefCell::default(),
            message: Finder::new(r#""type":"message""#),
            room: Finder::new(r#""room":""#),
            from: Finder::new(r#""from":""#),
            text: Finder::new(r#""text":""#),
        }
    }

    /// The string behind a key. The load's strings have no JSON escapes.
    fn value<'a>(line: &'a [u8], key: &Finder) -> Option<&'a [u8]> {
        let value = &line[key.find(line)? + key.needle().len()..];
        Some(&value[..memchr::memchr(b'"', value)?])
    }

    fn message<'a>(&self, line: &'a [u8]) -> Option<Received<'a>> {
        let place = Json::value(line, &self.room)?;
        let author = words::number_of(Json::value(line, &self.from)?, b'u')?;
        let number = words::read(Json::value(line, &self.text)?)?;
        Some(Received::Message { place, author, number })
    }
}

impl Protocol for Json {
    fn enter(&self, member: usize) -> Exchange {
        let name = words::member_name(member);
        let proof = match self.tokens.borrow().get(&member) {
            Some(token) => format!("\"token\":\"{token}\""),
            None => format!("\"password\":\"{}\"", seed::PASSWORD),
        };
        let question = format!("{{\"type\":\"login\",\"name\":\"{name}\",{proof}}}\n");
        Exchange { question, answer: r#""type":"logged_in""#.to_owned() }
    }

    fn join(&self, _: usize) -> Option<Exchange> {
        None
    }

    fn barrier(&self) -> Exchange {
        let question = "{\"type\":\"ping\",\"ref\":\"barrier\"}\n".to_owned();
        Exchange { question, answer: r#""type":"pong""#.to_owned() }
    }

    fn say(&self, place: Place, number: u32, out: &mut Vec<u8>) {
        let room = match place {
            Place::Room(room) => words::room_name(room),
            Place::Direct(to) => format!("@{}", words::member_name(to)),
        };
        out.extend_from_slice(format!("{{\"type\":\"send\",\"room\":\"{room}\",\"text\":\"").as_bytes());
        words::write(number, out);
        out.extend_from_slice(b"\"}\n");
    }

    fn label(&self, place: Place, author: usize, _: usize) -> Vec<u8> {
        match place {
            Place::Room(room) => words::room_name(room).into_bytes(),
            Place::Direct(_) => format!("@{}", words::member_name(author)).into_bytes(),
        }
    }

    fn decode<'a>(&self, line: &'a [u8]) -> Received<'a> {
        if self.message.find(line).is_some() {
            self.message(line).unwrap_or(Received::Other)
        } else if memchr::memmem::find(line, br#""type":"stored""#).is_some() {
            Received::Stored
        } else {
            Received::Other
        }
    }

    fn is_refusal(&self, line: &[u8]) -> bool {
        [&br#""type":"refused""#[..], br#""type":"bye""#].iter().any(|it| memchr::memmem::find(line, it).is_some())
    }

    fn acknowledges(&self) -> bool {
        true
    }

    fn token(&self) -> Option<Exchange> {
        let question = "{\"type\":\"new_token\",\"name\":\"load\"}\n".to_owned();
        Some(Exchange { question, answer: r#""type":"token_made""#.to_owned() })
    }

    fn keep_token(&self, member: usize, line: &[u8]) {
        let answer: serde_json::Value = serde_json::from_slice(line).expect("a line of JSON");
        let token = answer["token"].as_str().expect("a token").to_owned();
        self.tokens.borrow_mut().insert(member, token);
    }
}
