//! What programs got, told apart from the model's rules: from the moment at which a room is live every number reaches the
//! connection exactly once and in order, be it live, as an acknowledgement, or by a page before that.

use std::collections::{BTreeMap, BTreeSet};

use chat_server::chat::{ClientId, Event, Front, Purpose, RoomId, RoomLabel, Seq};

use super::model::{Asker, Model, Told};

/// What a connection learns about the numbers of a room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// From this number on it is told everything.
    LiveAfter(RoomId, Seq),
    /// A message as it was said.
    Message(RoomId, Seq),
    /// Its own message is stored; perhaps it was long ago, when it sent it under the same key for the first time.
    Stored(RoomId, Seq),
    /// The last page, up to this number.
    LastPage(RoomId, Seq),
    /// It hears these rooms and no others.
    Rooms(BTreeSet<RoomId>),
}

/// The newest number that each connection has of each room in which it has begun to hear something.
#[derive(Debug, Default)]
pub struct Hearing(BTreeMap<(ClientId, RoomId), Seq>);

impl Hearing {
    pub fn note(&mut self, client: ClientId, heard: &Heard) {
        let (room, seq) = match heard {
            Heard::Rooms(rooms) => {
                self.0.retain(|(of, room), _| *of != client || rooms.contains(room));
                return;
            }
            Heard::LiveAfter(room, seq)
            | Heard::Message(room, seq)
            | Heard::Stored(room, seq)
            | Heard::LastPage(room, seq) => (*room, *seq),
        };
        let Some(newest) = self.0.get_mut(&(client, room)) else {
            // A message of one's own tells nothing of a room that may be silent.
            if !matches!(heard, Heard::Stored(..)) {
                self.0.insert((client, room), seq);
            }
            return;
        };
        let is_repeated = matches!(heard, Heard::Stored(..) | Heard::LastPage(..)) && seq <= *newest;
        assert!(is_repeated || seq == *newest + 1, "{client} had {newest} of room {room} and is told {heard:?}");
        *newest = seq.max(*newest);
    }

    /// Only these have a session.
    pub fn retain(&mut self, is_in: impl Fn(ClientId) -> bool) {
        self.0.retain(|(client, _), _| is_in(*client));
    }
}

/// What programs learn about the numbers of their rooms.
pub fn heard(model: &Model, told: &[(ClientId, Told)]) -> Vec<(ClientId, Heard)> {
    let mut all = Vec::new();
    for (client, what) in told {
        if let Told::End(_) = what {
            all.push((*client, Heard::Rooms(BTreeSet::new())));
        }
        let Some(session) = model.sessions.get(client).filter(|it| it.origin.front == Front::Json) else {
            continue;
        };
        let asker = Asker { client: *client, account: session.account };
        let id = |label: &RoomLabel| model.find(asker, Some(label)).expect("it is called so");
        match what {
            Told::Event(Event::LoggedIn { missed, .. }) if session.origin.live => {
                let rooms = missed.iter().map(|missed| Heard::LiveAfter(id(&missed.room), missed.last));
                all.extend(rooms.map(|heard| (*client, heard)));
            }
            Told::Event(Event::Message(message)) => {
                all.push((*client, Heard::Message(id(&message.room), message.seq)));
            }
            Told::Event(Event::Stored { room, seq, .. }) => {
                all.push((*client, Heard::Stored(id(room), *seq)));
            }
            Told::Event(Event::YouLeft { .. }) => {
                all.push((*client, Heard::Rooms(session.hears.keys().copied().collect())));
            }
            Told::Grant(grant) if grant.purpose == Purpose::Resume => {
                // In a room that it heard before it may ask for old messages again.
                let newest = |room: RoomId| model.rooms[&room].last;
                let last = grant.ranges.iter().filter(|range| range.to == newest(range.room));
                all.extend(last.map(|range| (*client, Heard::LastPage(range.room, range.to))));
            }
            _ => {}
        }
    }
    all
}
