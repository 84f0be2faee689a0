//! Direct rooms: exactly two accounts, created on first use, that nobody can leave, delete or enter.

use super::room::RoomKind;
use super::talk::Saying;
use super::{AccountId, Actor, Answer, Chat, Effects, Event, Message, Name, Refusal, Role, RoomId, Text};

/// How long after a direct message of somebody else `/reply` is refused, in seconds: the time in which whoever was typing
/// an answer to the message before presses Enter.
const REPLY_SETTLES_S: u64 = 10;

impl Chat {
    pub(super) fn tell(
        &mut self,
        actor: Actor,
        to: &Name,
        text: &Text,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        self.say_directly(actor, to, Saying::plain(text, self.session(actor.client).program), effects)
    }

    pub(super) fn reply(&mut self, actor: Actor, text: &Text, effects: &mut Effects) -> Result<Event, Refusal> {
        let cursor = &self.session(actor.client).cursor;
        let partner = cursor.reply_to.ok_or(Refusal::NobodyToReplyTo)?;
        // Whoever types an answer may not have seen yet that somebody else wrote meanwhile.
        if let Some((before, at)) = cursor.reply_before
            && at <= actor.now
            && actor.now < at.plus_seconds(REPLY_SETTLES_S)
        {
            return Err(Refusal::ReplyToWhom { last: self.name(partner), before: self.name(before) });
        }
        let name = self.name(partner);
        self.say_directly(actor, &name, Saying::plain(text, self.session(actor.client).program), effects)
    }

    pub(super) fn open_direct(&mut self, actor: Actor, with: &Name, effects: &mut Effects) -> Result<Answer, Refusal> {
        let partner = self.find_partner(actor, with)?;
        let id = match self.rooms.direct(actor.account, partner) {
            Some(id) => id,
            None => {
                self.check_alive(partner)?;
                self.make_direct_room(actor, partner, effects)?
            }
        };
        Ok(self.enter_direct(actor, id, partner))
    }

    /// Makes the direct room with `partner` the current room.
    pub(super) fn enter_direct(&mut self, actor: Actor, id: RoomId, partner: AccountId) -> Answer {
        let back = self.session_mut(actor.client).go_to(id);
        let back = back.filter(|room| *room != id).map(|room| self.label(room, actor.account));
        let (room, with) = (self.label(id, actor.account), self.accounts.get(partner).person(None));
        let messages = self.rooms.get(id).last_seq;
        Answer::Entered(Event::DirectOpened { room, with, messages, back }, self.recent(actor.account, id))
    }

    pub(super) fn say_directly(
        &mut self,
        actor: Actor,
        to: &Name,
        saying: Saying,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        self.check_message(saying.text)?;
        let partner = self.find_partner(actor, to)?;
        self.check_alive(partner)?;
        let id = match self.rooms.direct(actor.account, partner) {
            Some(id) => id,
            None => self.make_direct_room(actor, partner, effects)?,
        };
        self.say_in_direct_room(actor, id, partner, saying, effects)
    }

    /// Each of the two refers to the room by the other's name, so each side gets its own event.
    pub(super) fn say_in_direct_room(
        &mut self,
        actor: Actor,
        id: RoomId,
        partner: AccountId,
        saying: Saying,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        self.check_alive(partner)?;
        if let Some(stored) = self.said_before(actor, id, saying) {
            return Ok(stored);
        }
        let seq = self.append(actor.now, id, actor.account, saying, effects);
        let (Saying { kind, program, .. }, author) = (saying, self.name(actor.account));
        let echoes = self.session(actor.client).origin.traits.echoes;
        let room = self.rooms.get(id);
        for reader in [partner, actor.account] {
            let clients = self.accounts.get(reader).clients.iter().copied();
            let readers = clients.filter(|client| (*client != actor.client || echoes) && room.listens(*client));
            let (label, author, text) = (self.label(id, reader), author.clone(), saying.text.clone());
            let message = Message { room: label, seq, at: actor.now, author, kind, program, text };
            effects.notify_all(readers.collect(), None, Event::Message(message));
        }
        for client in &self.accounts.get(partner).clients {
            let session = self.sessions.get_mut(*client).expect("an account's connections have sessions");
            session.cursor.reply_to(actor.account, actor.now);
        }
        self.notify_absence(actor, partner, effects);
        let room = self.label(id, actor.account);
        Ok(self.confirm(actor, room, seq))
    }

    /// Notifies the sender that the partner is away or offline: once, until that changes.
    fn notify_absence(&mut self, actor: Actor, partner: AccountId, effects: &mut Effects) {
        let who = self.accounts.get(partner).person(None);
        let known = &mut self.session_mut(actor.client).known_absent;
        if who.online && who.away.is_none() {
            known.remove(&partner);
            return;
        }
        let how = if who.online { who.away.clone() } else { None };
        if known.insert(partner, how.clone()) != Some(how) {
            effects.notify(actor.client, Event::NotHere { who });
        }
    }

    fn find_partner(&self, actor: Actor, name: &Name) -> Result<AccountId, Refusal> {
        let partner = self.find_labelled_account(name)?.id;
        if partner == actor.account {
            return Err(Refusal::NotToYourself);
        }
        Ok(partner)
    }

    fn check_alive(&self, partner: AccountId) -> Result<(), Refusal> {
        match self.accounts.get(partner).name {
            Some(_) => Ok(()),
            None => Err(Refusal::AccountGone),
        }
    }

    fn make_direct_room(&mut self, actor: Actor, partner: AccountId, effects: &mut Effects) -> Result<RoomId, Refusal> {
        self.count_new_room(actor)?;
        let (one, other) = (actor.account.min(partner), actor.account.max(partner));
        let id = self.add_room(actor.now, RoomKind::Direct(one, other), effects);
        for account in [one, other] {
            self.add_member(actor.now, id, account, Role::Member, effects);
        }
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_chat::{ANA, BOB, TestChat, name, origin, text};
    use super::super::{Command, Input, PasswordHash, Timestamp};
    use super::REPLY_SETTLES_S;

    #[test]
    fn a_reply_is_refused_only_for_a_while_after_somebody_else_has_written() {
        const CHO: u64 = 3;
        let mut chat = TestChat::new();
        chat.input(
            CHO,
            Input::Register { name: name("cho"), hash: PasswordHash("!".into()), code: None, origin: origin() },
        );
        let write = |chat: &mut TestChat, client| {
            assert!(!chat.command(client, Command::Tell { to: name("ana"), text: text("hi") }));
        };
        let is_refused = |chat: &mut TestChat, after_ms: i64| {
            chat.now = Timestamp(after_ms);
            chat.command(ANA, Command::Reply { text: text("yes") })
        };
        let settled = i64::try_from(REPLY_SETTLES_S * 1000).unwrap();
        write(&mut chat, BOB);
        assert!(!is_refused(&mut chat, 0), "nobody else has written");
        write(&mut chat, CHO);
        assert!(is_refused(&mut chat, 1));
        write(&mut chat, CHO);
        assert!(is_refused(&mut chat, settled - 1));
        assert!(!is_refused(&mut chat, settled));
        write(&mut chat, BOB);
        assert!(is_refused(&mut chat, settled), "it changed again");
        // A clock that is set back does not lengthen the wait.
        assert!(!is_refused(&mut chat, 0));
    }
}
