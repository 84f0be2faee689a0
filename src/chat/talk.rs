//! Saying something in a room.

use std::collections::BTreeSet;

use super::room::RoomKind;
use super::{
    AccountId, Ask, Chat, Effects, Event, Keyed, Message, MessageKind, NAME_MAX_CHARS, NAME_MIN_CHARS, Record, Refusal,
    RoomId, RoomLabel, Seq, Text, Timestamp,
};

/// What somebody says.
pub(super) struct Saying<'a> {
    pub kind: MessageKind,
    pub text: &'a Text,
    pub keyed: Option<Keyed>,
}

impl Saying<'_> {
    /// Plain speech that is not known by a key.
    pub fn plain(text: &Text) -> Saying<'_> {
        Saying { kind: MessageKind::Speech, text, keyed: None }
    }
}

impl Chat {
    pub(super) fn say(&mut self, ask: &mut Ask, label: Option<&RoomLabel>, saying: Saying) -> Result<(), Refusal> {
        if let Some(RoomLabel::Direct(to)) = label {
            return self.say_directly(ask, to, saying);
        }
        self.check_message(saying.text)?;
        let id = self.find_own_room(ask, label)?;
        if let RoomKind::Direct(one, other) = self.rooms.get(id).kind {
            let partner = if one == ask.account { other } else { one };
            return self.say_in_direct_room(ask, id, partner, saying);
        }
        if self.was_said(ask, id, saying.keyed.as_ref()) {
            return Ok(());
        }
        let (kind, text) = (saying.kind, saying.text.clone());
        let seq = self.append(ask.now, id, ask.account, saying, ask.effects);
        let room = self.label(id, ask.account);
        let author = self.name(ask.account);
        let message = Message { room: room.clone(), seq, at: ask.now, author, kind, text };
        let audience = self.rooms.get_mut(id).audience();
        ask.effects.tell_all(audience, Some(ask.client), Event::Message(message));
        self.confirm(ask, room, seq);
        Ok(())
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

    /// Gives a message its number and has it stored, with whom it names.
    pub(super) fn append(
        &mut self,
        now: Timestamp,
        id: RoomId,
        author: AccountId,
        saying: Saying,
        effects: &mut Effects,
    ) -> Seq {
        let room = self.rooms.get_mut(id);
        let seq = room.next_seq(now, self.limits.dead_peer_s);
        let arrived = room.last_before(now.minus_seconds(self.limits.dead_peer_s));
        let Saying { kind, text, keyed } = saying;
        let key = keyed.map(|keyed| keyed.key);
        if let Some(key) = &key {
            self.keyed.insert((author, id, key.clone()), (seq, now));
        }
        effects.store(Record::MessageSaid { room: id, seq, at: now, author, kind, text: text.clone(), key });
        let mut named = BTreeSet::new();
        for word in words(text.as_str()) {
            let Some(account) = self.accounts.named_by(word.folded()) else { continue };
            let Some(member) = room.members.get_mut(&account).filter(|_| account != author) else { continue };
            if !named.insert(account) {
                continue;
            }
            // One who follows has it on the screen, unless its connection is dead; and the record is for the case that the
            // server dies before the read position is stored.
            if member.follows {
                member.mentions.retain(|mention| *mention > arrived);
            }
            member.mentions.push(seq);
            effects.store(Record::Mentioned { room: id, seq, account });
        }
        seq
    }

    /// Whether the asker has said this before, under the same key: it is then acknowledged again, and that is all.
    pub(super) fn was_said(&mut self, ask: &mut Ask, room: RoomId, keyed: Option<&Keyed>) -> bool {
        let Some(Keyed { key, stored }) = keyed else { return false };
        let stored = stored.iter().find(|message| message.room == room).map(|message| (message.seq, message.at));
        let decided = || self.keyed.get(&(ask.account, room, key.clone())).copied();
        let Some((seq, at)) = stored.or_else(decided) else { return false };
        ask.answer(Event::Stored { room: self.label(room, ask.account), seq, at });
        true
    }

    /// Counts a stored message for its sender, and acknowledges it if the sender wants that.
    pub(super) fn confirm(&mut self, ask: &mut Ask, room: RoomLabel, seq: Seq) {
        let session = self.session_mut(ask.client);
        session.sent += 1;
        if session.origin.front.is_for_programs() || self.accounts.get(ask.account).acks {
            ask.answer(Event::Stored { room, seq, at: ask.now });
        }
    }
}

/// A word as names compare: in lower case, on the stack, since every word of every message is looked up.
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
    // Names are ASCII, and no byte of another character is.
    let is_outside = |byte: &u8| !(byte.is_ascii_alphanumeric() || is_sign(byte));
    let possible = |word: &&[u8]| (NAME_MIN_CHARS..=NAME_MAX_CHARS).contains(&word.len());
    // A name may end in these signs, but they may also stand there for themselves.
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
