//! The bytes of a turn, encoded once per dialect that has a reader.
//!
//! A dialect is a protocol with the capabilities that change how it encodes; each is one [`Protocol`] object. Clients of one
//! dialect share the bytes of what they all get.

use crate::chat::Event;
use crate::protocol::{Context, Protocol};

/// Most dialects of one server.
const DIALECTS_MAX: usize = 8;

/// A dialect, by its number in the batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Dialect(usize);

impl Dialect {
    /// Its place in the order of [`Batch::dialects`].
    pub fn number(self) -> usize {
        self.0
    }
}

/// A part of the turn's bytes of one dialect: from, to.
pub(super) type Place = (usize, usize);

/// The bytes of a turn, of which clients get parts: apart for each dialect, so that what follows each other for a client
/// also does so here.
#[derive(Debug, Default)]
pub(super) struct Batch {
    dialects: Vec<(&'static dyn Protocol, Vec<u8>)>,
}

impl Batch {
    /// The dialect of a protocol object.
    pub fn dialect(&mut self, protocol: &'static dyn Protocol) -> Dialect {
        // By both: objects without a size may share an address, and dialects of one protocol share its word.
        let is_same = |other: &dyn Protocol| std::ptr::addr_eq(other, protocol) && other.word() == protocol.word();
        let known = self.dialects.iter().position(|(other, _)| is_same(*other));
        Dialect(known.unwrap_or_else(|| {
            assert!(self.dialects.len() < DIALECTS_MAX, "a server has few dialects");
            self.dialects.push((protocol, Vec::new()));
            self.dialects.len() - 1
        }))
    }

    /// How many dialects there are.
    pub fn dialects(&self) -> impl Iterator<Item = Dialect> + use<> {
        (0..self.dialects.len()).map(Dialect)
    }

    /// How a dialect encodes.
    pub fn protocol(&self, dialect: Dialect) -> &'static dyn Protocol {
        self.dialects[dialect.0].0
    }

    /// All bytes of a dialect.
    pub fn of(&self, dialect: Dialect) -> &[u8] {
        &self.dialects[dialect.0].1
    }

    /// Appends what `write` writes; where it is.
    pub fn write(&mut self, dialect: Dialect, write: impl FnOnce(&'static dyn Protocol, &mut Vec<u8>)) -> Place {
        let (protocol, bytes) = &mut self.dialects[dialect.0];
        let from = bytes.len();
        write(*protocol, bytes);
        (from, bytes.len())
    }

    /// Empties it, keeping a bounded part of its memory: a turn with a page of history or many recipients may have needed
    /// much; the next ones will not.
    pub fn clear(&mut self) {
        for (_, bytes) in &mut self.dialects {
            bytes.clear();
            bytes.shrink_to(1 << 20);
        }
    }
}

/// The state of each dialect.
#[derive(Debug, Default)]
pub(super) struct ByDialect<T>([T; DIALECTS_MAX]);

impl<T> ByDialect<T> {
    pub fn of(&self, dialect: Dialect) -> &T {
        &self.0[dialect.0]
    }

    pub fn of_mut(&mut self, dialect: Dialect) -> &mut T {
        &mut self.0[dialect.0]
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut()
    }
}

/// An event, encoded for a dialect when its first reader needs it.
pub(super) struct Encoded<'a> {
    event: &'a Event,
    places: ByDialect<Option<Place>>,
}

impl<'a> Encoded<'a> {
    pub fn new(event: &'a Event) -> Encoded<'a> {
        Encoded { event, places: ByDialect::default() }
    }

    /// The event.
    pub fn event(&self) -> &'a Event {
        self.event
    }

    /// Where its bytes are.
    pub fn place(&mut self, dialect: Dialect, context: Context, batch: &mut Batch) -> Place {
        let event = self.event;
        *self
            .places
            .of_mut(dialect)
            .get_or_insert_with(|| batch.write(dialect, |protocol, out| protocol.event(event, context, out)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::PROTOCOLS;

    #[test]
    fn each_protocol_has_a_dialect_of_its_own() {
        let mut batch = Batch::default();
        let numbers = [0, 1, 0].map(|index| batch.dialect(PROTOCOLS[index]).number());
        assert_eq!(numbers, [0, 1, 0]);
    }
}
