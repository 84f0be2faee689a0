//! Direct rooms: exactly two accounts, made on first use, that nobody can leave, delete or enter.

use super::room::RoomKind;
use super::talk::Saying;
use super::{AccountId, Ask, Chat, Event, Message, Name, Purpose, Refusal, Role, RoomId, Text};

impl Chat {
    pub(super) fn tell(&mut self, ask: &mut Ask, to: &Name, text: &Text) -> Result<(), Refusal> {
        self.say_directly(ask, to, Saying::plain(text))
    }

    pub(super) fn reply(&mut self, ask: &mut Ask, text: &Text) -> Result<(), Refusal> {
        let partner = self.session(ask.client).reply_to.ok_or(Refusal::NobodyToReplyTo)?;
        let name = self.name(partner);
        self.say_directly(ask, &name, Saying::plain(text))
    }

    pub(super) fn open_direct(&mut self, ask: &mut Ask, with: &Name) -> Result<(), Refusal> {
        let partner = self.find_partner(ask, with)?;
        let id = match self.rooms.direct(ask.account, partner) {
            Some(id) => id,
            None => {
                self.check_alive(partner)?;
                self.make_direct_room(ask, partner)
            }
        };
        let back = self.session_mut(ask.client).room.replace(id);
        let back = back.filter(|room| *room != id).map(|room| self.label(room, ask.account));
        let with = self.accounts.get(partner).presence(Role::Member);
        let messages = self.rooms.get(id).last_seq;
        ask.answer(Event::DirectOpened { with, messages, back });
        self.grant_recent(ask.client, ask.account, id, Purpose::Recent, ask.effects);
        Ok(())
    }

    pub(super) fn say_directly(&mut self, ask: &mut Ask, to: &Name, saying: Saying) -> Result<(), Refusal> {
        self.check_message(saying.text)?;
        let partner = self.find_partner(ask, to)?;
        self.check_alive(partner)?;
        let id = match self.rooms.direct(ask.account, partner) {
            Some(id) => id,
            None => self.make_direct_room(ask, partner),
        };
        self.say_in_direct_room(ask, id, partner, saying)
    }

    /// Each of the two calls the room by the other's name, so each side gets its own event.
    pub(super) fn say_in_direct_room(
        &mut self,
        ask: &mut Ask,
        id: RoomId,
        partner: AccountId,
        saying: Saying,
    ) -> Result<(), Refusal> {
        self.check_alive(partner)?;
        if self.was_said(ask, id, saying.keyed.as_ref()) {
            return Ok(());
        }
        let (kind, text) = (saying.kind, saying.text.clone());
        let seq = self.append(ask.now, id, ask.account, saying, ask.effects);
        let author = self.name(ask.account);
        for reader in [partner, ask.account] {
            let room = self.label(id, reader);
            let message = Message { room, seq, at: ask.now, author: author.clone(), kind, text: text.clone() };
            let in_room = self.rooms.get(id);
            let clients = self.accounts.get(reader).clients.iter().copied();
            let others = clients.filter(|client| *client != ask.client && in_room.listens(*client));
            ask.effects.tell_all(others.collect(), None, Event::Message(message));
        }
        for client in &self.accounts.get(partner).clients {
            self.sessions.get_mut(*client).expect("an account's connections have sessions").reply_to =
                Some(ask.account);
        }
        let room = self.label(id, ask.account);
        self.confirm(ask, room, seq);
        self.tell_absence(ask, partner);
        Ok(())
    }

    /// Says that the partner is away or offline: once, until that changes.
    fn tell_absence(&mut self, ask: &mut Ask, partner: AccountId) {
        let who = self.accounts.get(partner).presence(Role::Member);
        let told = &mut self.session_mut(ask.client).told_absent;
        if who.online && who.away.is_none() {
            told.remove(&partner);
            return;
        }
        let how = if who.online { who.away.clone() } else { None };
        if told.insert(partner, how.clone()) != Some(how) {
            ask.answer(Event::NotHere { who });
        }
    }

    fn find_partner(&self, ask: &Ask, name: &Name) -> Result<AccountId, Refusal> {
        let partner = self.find_labelled_account(name)?.id;
        if partner == ask.account {
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

    fn make_direct_room(&mut self, ask: &mut Ask, partner: AccountId) -> RoomId {
        let (one, other) = (ask.account.min(partner), ask.account.max(partner));
        let id = self.rooms.next_id();
        self.add_room(ask.now, id, RoomKind::Direct(one, other), ask.effects);
        for account in [one, other] {
            self.add_member(ask.now, id, account, Role::Member, ask.effects);
        }
        id
    }
}
