//! What is said, in the words of each front.

use crate::chat::{ClientId, Event, Front, Timestamp};
use crate::net::Reason;
use crate::protocol::json::{self, Reference};
use crate::protocol::text::{self, Clock};

/// A part of the turn's bytes: from, to.
pub(super) type Place = (usize, usize);

/// The bytes of a turn, of which clients get parts: apart for each front, so that what follows each other for a client
/// also does so here.
#[derive(Debug, Default)]
pub(super) struct Batch {
    by_front: [Vec<u8>; Front::ALL.len()],
}

impl Batch {
    /// All bytes of a front.
    pub fn of(&self, front: Front) -> &[u8] {
        &self.by_front[front as usize]
    }

    /// Writes something; where it is.
    pub fn write(&mut self, front: Front, write: impl FnOnce(&mut Vec<u8>)) -> Place {
        let bytes = &mut self.by_front[front as usize];
        let from = bytes.len();
        write(bytes);
        (from, bytes.len())
    }

    /// Empty again, keeping a bounded part of its memory: a turn with a page of history or many recipients may have needed
    /// much; the next ones will not.
    pub fn clear(&mut self) {
        for bytes in &mut self.by_front {
            bytes.clear();
            bytes.shrink_to(1 << 20);
        }
    }
}

/// An event, put into the words of a front once, when the first recipient needs them.
pub(super) struct Worded<'a> {
    event: &'a Event,
    places: [Option<Place>; Front::ALL.len()],
}

impl<'a> Worded<'a> {
    pub fn new(event: &'a Event) -> Worded<'a> {
        Worded { event, places: Default::default() }
    }

    /// Where its words are.
    pub fn place(&mut self, front: Front, now: Timestamp, clock: &Clock, batch: &mut Batch) -> Place {
        let event = self.event;
        *self.places[front as usize]
            .get_or_insert_with(|| batch.write(front, |out| word(event, front, None, now, clock, out)))
    }

    /// The same as the answer to a request, which carries its reference.
    pub fn place_for(&self, answer: &Answer, front: Front, now: Timestamp, clock: &Clock, batch: &mut Batch) -> Place {
        batch.write(front, |out| word(self.event, front, answer.reference.as_ref(), now, clock, out))
    }
}

/// Appends an event in the words of a front.
pub(super) fn word(
    event: &Event,
    front: Front,
    reference: Option<&Reference>,
    now: Timestamp,
    clock: &Clock,
    out: &mut Vec<u8>,
) {
    match front {
        Front::Text => text::event(event, now, clock, out),
        Front::Json => json::event(event, reference, now, clock, out),
    }
}

/// What a client that asked has not been answered yet. The first event that reaches it is the answer.
pub(super) struct Answer {
    pub client: ClientId,
    pub reference: Option<Reference>,
    pub is_given: bool,
}

/// Everybody is told that the store cannot be trusted any more.
pub(super) fn store_failed(front: Front, out: &mut Vec<u8>) {
    match front {
        Front::Text => text::refused(text::STORE_FAILED, out),
        Front::Json => json::bye(Reason::Stopping.word(), Some(text::STORE_FAILED), None, out),
    }
}

/// A day has begun. Programs look at the clock themselves.
pub(super) fn new_day(front: Front, now: Timestamp, clock: &Clock, out: &mut Vec<u8>) {
    match front {
        Front::Text => text::new_day(now, clock, out),
        Front::Json => {}
    }
}

/// Whether each request is answered, also one of which there is nothing to tell. People are answered by silence.
pub(super) fn answers_always(front: Front) -> bool {
    match front {
        Front::Text => false,
        Front::Json => true,
    }
}
