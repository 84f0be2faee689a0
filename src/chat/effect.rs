//! Effects of a decision: records to store, events to deliver, sessions to end.

use std::sync::Arc;

use super::{Answer, ClientId, Event, Farewell, Record};

/// The recipients of an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Audience {
    /// One client.
    One(ClientId),
    /// All of these except one client. The messages of a room share the list.
    Many(Arc<[ClientId]>, Option<ClientId>),
}

/// An effect on clients, carried out once the records of its turn are stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// The answer to the client's request: exactly one for each request, ahead of its other deliveries.
    Answer(ClientId, Answer),
    /// Clients are shown an event.
    Event(Audience, Event),
    /// The chat has ended the client's session.
    End(ClientId, Farewell),
}

/// The effects of one or more inputs. The core fills it and the caller carries it out: it commits the records, then, if
/// that succeeded, carries out the deliveries.
#[derive(Default, Debug, PartialEq, Eq)]
pub struct Effects {
    /// Committed in one transaction, before any delivery.
    pub records: Vec<Record>,
    /// Carried out in this order.
    pub deliveries: Vec<Delivery>,
    /// The address bans have changed, so the acceptor needs the new list.
    pub address_bans_changed: bool,
}

impl Effects {
    /// Empties it, and keeps its memory.
    pub fn clear(&mut self) {
        self.records.clear();
        self.deliveries.clear();
        self.address_bans_changed = false;
    }

    pub(super) fn notify(&mut self, client: ClientId, event: Event) {
        self.deliveries.push(Delivery::Event(Audience::One(client), event));
    }

    pub(super) fn notify_all(&mut self, clients: Arc<[ClientId]>, except: Option<ClientId>, event: Event) {
        if !clients.is_empty() {
            self.deliveries.push(Delivery::Event(Audience::Many(clients, except), event));
        }
    }

    /// Delivers an event ahead of the deliveries from `place` on.
    pub(super) fn insert(&mut self, place: usize, client: ClientId, event: Event) {
        self.deliveries.insert(place, Delivery::Event(Audience::One(client), event));
    }

    pub(super) fn end(&mut self, client: ClientId, farewell: Farewell) {
        self.deliveries.push(Delivery::End(client, farewell));
    }
}
