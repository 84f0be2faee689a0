//! Messages: sending one to a room, and the members that it mentions.

use std::collections::BTreeSet;

use unicode_normalization::char::is_combining_mark;

use super::room::RoomKind;
use super::text::is_ignorable;
use super::{
    AccountId, Actor, Chat, Effects, Event, Facts, MENTIONS_MAX, MENTIONS_PER_MESSAGE_MAX, Message, MessageKind,
    NAME_MAX_CHARS, NAME_MIN_CHARS, Record, Refusal, RoomId, RoomLabel, SendKey, Seq, ShownRoom, Text, Timestamp,
};

/// A message to be sent.
#[derive(Clone, Copy)]
pub(super) struct Saying<'a> {
    pub kind: MessageKind,
    /// Whether a program says it.
    pub program: bool,
    pub text: &'a Text,
    /// Its idempotency key, with the messages that are stored under it.
    pub keyed: Option<(&'a SendKey, &'a Facts)>,
}

impl Saying<'_> {
    /// Plain speech without a key.
    pub fn plain(text: &Text, program: bool) -> Saying<'_> {
        Saying { kind: MessageKind::Speech, program, text, keyed: None }
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
        let Saying { kind, program, text, .. } = saying;
        let (author, text) = (self.name(actor.account), text.clone());
        let message = Message { room: room.clone(), seq, at: actor.now, author, kind, program, text };
        let except = (!self.session(actor.client).origin.traits.echoes).then_some(actor.client);
        effects.notify_all(self.rooms.get_mut(id).audience(), except, Event::Message(message));
        Ok(self.confirm(actor, room, seq))
    }

    pub(super) fn check_message(&self, text: &Text) -> Result<(), Refusal> {
        if text.is_blank() {
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
        let Saying { kind, program, text, keyed } = saying;
        let key = keyed.map(|(key, _)| key.clone());
        let seq = self.rooms.get(id).last_seq + 1;
        if let Some(key) = &key {
            self.keyed.insert((author, id, key.clone()), (seq, now));
        }
        let named = self.members_named(id, author, text);
        let text = text.clone();
        self.record(Record::MessageSaid { room: id, seq, at: now, author, kind, program, text, key }, effects);
        for account in named {
            self.mention(id, seq, account, effects);
        }
        seq
    }

    /// The other members that a text names: the first [`MENTIONS_PER_MESSAGE_MAX`] of them.
    fn members_named(&self, id: RoomId, author: AccountId, text: &Text) -> BTreeSet<AccountId> {
        let members = &self.rooms.get(id).members;
        let member = |name: &[u8]| self.accounts.named_by(name).filter(|account| members.contains_key(account));
        let mut named = BTreeSet::new();
        for account in names(text.as_str(), member).filter(|account| *account != author) {
            named.insert(account);
            if named.len() == MENTIONS_PER_MESSAGE_MAX {
                break;
            }
        }
        named
    }

    /// Records that a message names a member, unless as many unread ones do already as are kept.
    fn mention(&mut self, id: RoomId, seq: Seq, account: AccountId, effects: &mut Effects) {
        let member = &self.rooms.get(id).members[&account];
        if member.mentions.len() >= MENTIONS_MAX {
            if member.unread_mentions() >= MENTIONS_MAX as u64 {
                return;
            }
            // Some are read, but that is not stored yet. Storing it removes them.
            let read = member.read.clone();
            self.record(Record::ReadSet { room: id, account, read }, effects);
        }
        self.record(Record::Mentioned { room: id, seq, account }, effects);
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
    pub(super) fn confirm(&mut self, actor: Actor, room: ShownRoom, seq: Seq) -> Event {
        self.session_mut(actor.client).sent += 1;
        self.stored(actor, room, seq, actor.now)
    }

    fn stored(&self, actor: Actor, room: ShownRoom, seq: Seq, at: Timestamp) -> Event {
        let acknowledges = self.session(actor.client).origin.traits.acknowledges;
        Event::Stored { room, seq, at, requested: acknowledges || self.accounts.get(actor.account).acks }
    }
}

/// The members that a text names, each as often as it does, where `find` knows the member of a name in lower case.
///
/// A name counts if no letter or digit of any script touches it: `ana` is named by `(ana)`, `ana's` and `ana--are you
/// there`, and not by `banana` or `Anaïs`. Names may contain signs: where two could begin at one place, the longer counts.
fn names<T>(text: &str, find: impl Fn(&[u8]) -> Option<T>) -> impl Iterator<Item = T> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at;
            // To the end of this run of letters and digits, or over a byte that belongs to none.
            at = run_end(bytes, start).max(start + 1);
            if !bytes[start].is_ascii_alphanumeric() || is_touched_before(text, start) {
                continue;
            }
            if let Some((member, end)) = longest_name(text, start, &find) {
                at = end;
                return Some(member);
            }
        }
        None
    })
}

/// The longest name that begins at `start`, and where it ends.
fn longest_name<T>(text: &str, start: usize, find: &impl Fn(&[u8]) -> Option<T>) -> Option<(T, usize)> {
    let bytes = text.as_bytes();
    // On the stack, since every word of every message is looked up.
    let mut folded = [0; NAME_MAX_CHARS];
    let len = bytes[start..].iter().take(NAME_MAX_CHARS).take_while(|byte| is_of_name(byte)).count();
    folded[..len].copy_from_slice(&bytes[start..start + len]);
    folded.make_ascii_lowercase();
    let is_end = |len: &usize| !is_touched_after(text, start + len);
    (NAME_MIN_CHARS..=len).rev().filter(is_end).find_map(|len| Some((find(&folded[..len])?, start + len)))
}

/// Where the letters and digits that begin at `start` end.
fn run_end(bytes: &[u8], start: usize) -> usize {
    start + bytes[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count()
}

/// Whether a letter or digit stands before `at`, with or without marks on it.
fn is_touched_before(text: &str, at: usize) -> bool {
    if let Some(byte) = text.as_bytes()[..at].last().filter(|byte| byte.is_ascii()) {
        return byte.is_ascii_alphanumeric();
    }
    let before = text[..at].chars().rev().find(|c| !is_ignorable(*c) && !is_combining_mark(*c));
    before.is_some_and(char::is_alphanumeric)
}

/// Whether a letter, a digit, or a mark on the character before it stands at `at`.
fn is_touched_after(text: &str, at: usize) -> bool {
    if let Some(byte) = text.as_bytes().get(at).filter(|byte| byte.is_ascii()) {
        return byte.is_ascii_alphanumeric();
    }
    let after = text[at..].chars().find(|c| !is_ignorable(*c));
    after.is_some_and(|c| c.is_alphanumeric() || is_combining_mark(c))
}

fn is_of_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || is_sign(byte)
}

fn is_sign(byte: &u8) -> bool {
    matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::super::test_chat::{ANA, BOB, TestChat, name, origin};
    use super::super::{ClientId, GENERAL, Input, PasswordHash};
    use super::*;

    fn bob(chat: &TestChat) -> &crate::chat::room::Member {
        &chat.chat.rooms.get(GENERAL).members[&AccountId(3)]
    }

    #[test]
    fn a_message_mentions_the_first_twenty_that_it_names() {
        let mut chat = TestChat::new();
        let people: Vec<String> = (0..30).map(|number| format!("guest{}", 10 + number)).collect();
        for (client, who) in (100..).zip(&people) {
            let (name, hash) = (name(who), PasswordHash("!".into()));
            chat.input(client, Input::Register { name, hash, code: None, origin: origin() });
        }
        chat.chat.settle();
        chat.say(ANA, &people.iter().rev().map(|who| format!("{who} {who}")).collect::<Vec<_>>().join(", "));
        let mentioned = |record: &Record| match record {
            Record::Mentioned { account, .. } => Some(chat.chat.name(*account).as_str().to_owned()),
            _ => None,
        };
        let mentioned: Vec<String> = chat.effects.records.iter().filter_map(mentioned).collect();
        assert_eq!(mentioned, people[10..]);
    }

    #[test]
    fn unread_mentions_are_kept_and_counted_up_to_a_number() {
        let mut chat = TestChat::new();
        for _ in 0..MENTIONS_MAX + 5 {
            chat.say(ANA, "bob");
        }
        assert_eq!(bob(&chat).mentions.len(), MENTIONS_MAX);
        assert_eq!(chat.missed(BOB), (MENTIONS_MAX as u64 + 5, MENTIONS_MAX as u64));
        // What is read makes room for what is not, even before that is stored.
        chat.chat.act(Timestamp(0), ClientId(BOB), true, &mut Effects::default());
        chat.say(ANA, "bob");
        assert_eq!(bob(&chat).mentions.len(), 1);
        assert_eq!(chat.missed(BOB), (1, 1));
    }

    #[test]
    fn a_name_counts_where_no_letter_or_digit_touches_it() {
        let people = ["ana", "ana-maria", "bob_2", "cho-", "cho", "r2"];
        let check = |text: &str, expected: &[&str]| {
            let find = |name: &[u8]| people.iter().find(|known| known.as_bytes() == name);
            assert_eq!(names(text, find).copied().collect::<Vec<_>>(), expected, "{text}");
        };
        check("Ana: hi, @Bob_2! (cho-) x née 123456789012345678901", &["ana", "bob_2", "cho-"]);
        for text in ["ana!", "ana's tea", "(ana)", "ana…", "ana，你好", "*ana*", "xana ana", "ANA?", "_ana_", "-ana-"]
        {
            check(text, &["ana"]);
        }
        for text in ["ana--are you there?", "cher-ana", "ana\u{200b} ", "❤\u{FE0F}ana", "é ana é", "ana-2", "«ana»"]
        {
            check(text, &["ana"]);
        }
        for text in
            ["banana anabel", "Anaïs", "ana2", "ïana", "ana\u{301}", "e\u{301}ana", "ana\u{ad}bel", "ana你好", "анаana"]
        {
            check(text, &[]);
        }
        check("ana-maria", &["ana-maria"]);
        check("ana-maria-cho", &["ana-maria", "cho"]);
        check("cho--ana", &["cho-", "ana"]);
        check("ana ana ana", &["ana", "ana", "ana"]);
        check("r2-r2/r2", &["r2", "r2", "r2"]);
        check(&format!("ana{}", "-".repeat(100)), &["ana"]);
        check(&"-".repeat(100), &[]);
        check("", &[]);
        check("ana\u{1F468}\u{200d}", &["ana"]);
    }
}
