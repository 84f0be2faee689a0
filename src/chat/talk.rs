//! Messages: sending one to a room, and the members that it mentions.

use std::collections::BTreeSet;

use super::room::RoomKind;
use super::{
    AccountId, Actor, Chat, Effects, Event, Facts, Message, MessageKind, NAME_MAX_CHARS, NAME_MIN_CHARS, Record,
    Refusal, RoomId, RoomLabel, SendKey, Seq, Text, Timestamp,
};

/// A message to be sent.
#[derive(Clone, Copy)]
pub(super) struct Saying<'a> {
    pub kind: MessageKind,
    pub text: &'a Text,
    /// Its idempotency key, with the messages that are stored under it.
    pub keyed: Option<(&'a SendKey, &'a Facts)>,
}

impl Saying<'_> {
    /// Plain speech without a key.
    pub fn plain(text: &Text) -> Saying<'_> {
        Saying { kind: MessageKind::Speech, text, keyed: None }
    }
}

impl Chat {
    pub(super) fn say(
        &mut self,
        actor: Actor,
        label: Option<&RoomLabel>,
        saying: Saying,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        if let Some(RoomLabel::Direct(to)) = label {
            return self.say_directly(actor, to, saying, effects);
        }
        self.check_message(saying.text)?;
        let id = self.find_own_room(actor, label)?;
        if let RoomKind::Direct(one, other) = self.rooms.get(id).kind {
            let partner = if one == actor.account { other } else { one };
            return self.say_in_direct_room(actor, id, partner, saying, effects);
        }
        if let Some(stored) = self.said_before(actor, id, saying) {
            return Ok(stored);
        }
        let seq = self.append(actor.now, id, actor.account, saying, effects);
        let room = self.label(id, actor.account);
        let (kind, text, author) = (saying.kind, saying.text.clone(), self.name(actor.account));
        let message = Message { room: room.clone(), seq, at: actor.now, author, kind, text };
        let except = (!self.session(actor.client).origin.traits.echoes).then_some(actor.client);
        effects.notify_all(self.rooms.get_mut(id).audience(), except, Event::Message(message));
        Ok(self.confirm(actor, room, seq))
    }

    pub(super) fn check_message(&self, text: &Text) -> Result<(), Refusal> {
        if text.is_empty() {
            return Err(Refusal::EmptyText);
        }
        if text.len() as u64 > self.limits.message_max_bytes {
            return Err(Refusal::TextTooLong { bytes: text.len(), max: self.limits.message_max_bytes });
        }
        Ok(())
    }

    /// Gives a message its number, and records it with the members that it mentions.
    pub(super) fn append(
        &mut self,
        now: Timestamp,
        id: RoomId,
        author: AccountId,
        saying: Saying,
        effects: &mut Effects,
    ) -> Seq {
        let Saying { kind, text, keyed } = saying;
        let key = keyed.map(|(key, _)| key.clone());
        let seq = self.rooms.get(id).last_seq + 1;
        if let Some(key) = &key {
            self.keyed.insert((author, id, key.clone()), (seq, now));
        }
        let mut named = BTreeSet::new();
        for word in words(text.as_str()) {
            let Some(account) = self.accounts.named_by(word.folded()) else { continue };
            if account != author && self.rooms.get(id).members.contains_key(&account) {
                named.insert(account);
            }
        }
        self.record(Record::MessageSaid { room: id, seq, at: now, author, kind, text: text.clone(), key }, effects);
        for account in named {
            self.record(Record::Mentioned { room: id, seq, account }, effects);
        }
        seq
    }

    /// The acknowledgement of the message that the requester has already sent under the same key, if any.
    pub(super) fn said_before(&self, actor: Actor, room: RoomId, saying: Saying) -> Option<Event> {
        let (key, facts) = saying.keyed?;
        let stored = facts.keyed.iter().find(|message| message.room == room).map(|message| (message.seq, message.at));
        let decided = || self.keyed.get(&(actor.account, room, key.clone())).copied();
        let (seq, at) = stored.or_else(decided)?;
        Some(self.stored(actor, self.label(room, actor.account), seq, at))
    }

    /// Counts a message for its sender, and returns the acknowledgement.
    pub(super) fn confirm(&mut self, actor: Actor, room: RoomLabel, seq: Seq) -> Event {
        self.session_mut(actor.client).sent += 1;
        self.stored(actor, room, seq, actor.now)
    }

    fn stored(&self, actor: Actor, room: RoomLabel, seq: Seq, at: Timestamp) -> Event {
        let acknowledges = self.session(actor.client).origin.traits.acknowledges;
        Event::Stored { room, seq, at, requested: acknowledges || self.accounts.get(actor.account).acks }
    }
}

/// A word in lower case, as names compare. It is on the stack, since every word of every message is looked up.
struct Word {
    bytes: [u8; NAME_MAX_CHARS],
    len: usize,
}

impl Word {
    fn folded(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The words of a text that could be names.
fn words(text: &str) -> impl Iterator<Item = Word> {
    // Names are ASCII, and every byte of another character is outside ASCII.
    let is_outside = |byte: &u8| !(byte.is_ascii_alphanumeric() || is_sign(byte));
    let possible = |word: &&[u8]| (NAME_MIN_CHARS..=NAME_MAX_CHARS).contains(&word.len());
    // A name may begin and end with these signs, but they may also be punctuation.
    let readings = |word| [Some(word), Some(trimmed(word)).filter(|trimmed: &&[u8]| trimmed.len() != word.len())];
    text.as_bytes().split(is_outside).flat_map(readings).flatten().filter(possible).map(|word| {
        let mut bytes = [0; NAME_MAX_CHARS];
        bytes[..word.len()].copy_from_slice(word);
        bytes.make_ascii_lowercase();
        Word { bytes, len: word.len() }
    })
}

fn trimmed(word: &[u8]) -> &[u8] {
    let Some(first) = word.iter().position(|byte| !is_sign(byte)) else { return &[] };
    let last = word.iter().rposition(|byte| !is_sign(byte)).unwrap_or(first);
    &word[first..=last]
}

fn is_sign(byte: &u8) -> bool {
    matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_among_other_signs() {
        let found: Vec<String> = words("Ana: hi, @Bob_2! (cho-) x née 123456789012345678901")
            .map(|word| String::from_utf8_lossy(word.folded()).into_owned())
            .collect();
        assert_eq!(found, ["ana", "hi", "bob_2", "cho-", "cho"]);
    }
}
