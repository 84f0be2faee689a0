//! Presence: who is shown that somebody came online, went offline, is away or is back.

use super::room::in_both;
use super::{AccountId, Actor, Chat, ClientId, Effects, Event, PresenceChange, Record, Refusal, Text};

impl Chat {
    pub(super) fn set_away(
        &mut self,
        actor: Actor,
        text: Option<Text>,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        if let Some(text) = &text {
            self.check_note(text)?;
        }
        let change = if text.is_some() { PresenceChange::Away } else { PresenceChange::Back };
        self.record(Record::AwaySet { id: actor.account, text: text.clone() }, effects);
        self.notify_presence(actor.account, change, effects);
        Ok(Event::AwaySet { text })
    }

    /// Notifies the sessions that requested presence and whose accounts share a room with this one. Each session that requested
    /// it is visited, as by a message to a room in which they all are; and as often, since each change costs a line or more.
    pub(super) fn notify_presence(&self, id: AccountId, change: PresenceChange, effects: &mut Effects) {
        let watchers =
            self.sessions.watchers().filter(|(_, watcher)| *watcher != id && self.share_a_room(*watcher, id));
        let clients: Vec<ClientId> = watchers.map(|(client, _)| client).collect();
        if !clients.is_empty() {
            let who = self.accounts.get(id).person(None);
            effects.notify_all(clients.into(), None, Event::Presence { who, change });
        }
    }

    fn share_a_room(&self, one: AccountId, other: AccountId) -> bool {
        let mut shared = in_both(&self.accounts.get(one).rooms, &self.accounts.get(other).rooms);
        shared.any(|room| self.rooms.try_get(*room).is_some())
    }
}
