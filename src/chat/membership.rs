//! Being a member: entering rooms, leaving them, and who owns a room when its owner goes.

use std::sync::Arc;

use super::room::Member;
use super::{
    AccountId, Ask, Chat, ClientId, Departure, Effects, Event, GENERAL, Name, Purpose, ReadMark, Record, Refusal, Role,
    RoomChange, RoomId, RoomLabel, Timestamp,
};

impl Chat {
    pub(super) fn join(&mut self, ask: &mut Ask, label: &RoomLabel) -> Result<(), Refusal> {
        let id = match label {
            RoomLabel::Direct(name) => return self.open_direct(ask, name),
            RoomLabel::Room(name) => match self.find_room(ask, Some(label)) {
                Ok(id) => id,
                // An invitation lets its owner know of the room as far as entering it.
                Err(refusal) => self.invited_room(ask, name).ok_or_else(|| self.still_in(ask, refusal))?,
            },
        };
        if self.rooms.get(id).members.contains_key(&ask.account) {
            return self.enter(ask, id, false);
        }
        self.become_member(ask, id)
    }

    /// Whoever wanted to go elsewhere needs to know where it talks now.
    fn still_in(&self, ask: &Ask, refusal: Refusal) -> Refusal {
        match refusal {
            Refusal::NoSuchRoom { room, suggestion, .. } => {
                let still_in = self.session(ask.client).room.map(|room| self.label(room, ask.account));
                Refusal::NoSuchRoom { room, suggestion, still_in }
            }
            other => other,
        }
    }

    /// Makes the asker a member of a room that it may enter, and lets it talk there.
    pub(super) fn become_member(&mut self, ask: &mut Ask, id: RoomId) -> Result<(), Refusal> {
        let room = self.rooms.get_mut(id);
        if room.members.len() as u64 >= self.limits.members_per_room_max {
            return Err(Refusal::RoomFull { room: self.label(id, ask.account) });
        }
        let name = room.name().expect("nobody becomes a member of a direct room").clone();
        if let Some(ban) = room.ban(ask.account, ask.now) {
            let (until, why) = (ban.until, ban.why.clone());
            return Err(Refusal::Banned { room: self.label(id, ask.account), until, why });
        }
        if self.is_in_namesake(id, &name, std::iter::once(ask.account)) {
            return Err(Refusal::InNamesake { room: name });
        }
        let room = self.rooms.get(id);
        // Whoever revives a room that everybody had left owns it.
        let role = if room.members.is_empty() && id != GENERAL { Role::Owner } else { Role::Member };
        self.drop_invitation(id, ask.account, ask.effects);
        self.add_member(ask.now, id, ask.account, role, ask.effects);
        self.tell_joined(ask, id);
        self.enter(ask, id, true)
    }

    /// Tells everybody in a room that the asker is a member now, its own other connections too.
    pub(super) fn tell_joined(&mut self, ask: &mut Ask, id: RoomId) {
        let event = Event::MemberJoined { room: self.label(id, ask.account), who: self.name(ask.account) };
        ask.effects.tell_all(self.rooms.get_mut(id).audience(), Some(ask.client), event);
    }

    /// Another room of the same name in which one of these accounts is a member. Nobody is to be in two rooms of one name,
    /// or what is said in the one could be meant for the other.
    pub(super) fn is_in_namesake(
        &self,
        id: RoomId,
        name: &Name,
        mut accounts: impl Iterator<Item = AccountId>,
    ) -> bool {
        let others: Vec<_> = self.rooms.named(name).filter(|room| room.id != id).collect();
        !others.is_empty() && accounts.any(|account| others.iter().any(|room| room.members.contains_key(&account)))
    }

    fn enter(&mut self, ask: &mut Ask, id: RoomId, joined: bool) -> Result<(), Refusal> {
        self.session_mut(ask.client).room = Some(id);
        let (here, more) = self.others_here(id, ask.account);
        let room = self.rooms.get(id);
        let topic = room.topic.as_ref().map(|(text, ..)| text.clone());
        let messages = room.last_seq;
        let label = self.label(id, ask.account);
        ask.answer(Event::Entered { room: label, topic, joined, here, more, messages });
        self.grant_recent(ask.client, ask.account, id, Purpose::Recent, ask.effects);
        Ok(())
    }

    pub(super) fn leave(&mut self, ask: &mut Ask, label: Option<&RoomLabel>) -> Result<(), Refusal> {
        let id = self.find_own_room(ask, label)?;
        if self.rooms.get(id).is_direct() {
            return Err(Refusal::NotInDirectRoom { room: self.label(id, ask.account) });
        }
        self.remove_member(id, ask.account, Departure::Left, None, ask.effects);
        Ok(())
    }

    /// Adds a member who has read everything so far, with all its connections.
    pub(super) fn add_member(
        &mut self,
        now: Timestamp,
        id: RoomId,
        account: AccountId,
        role: Role,
        effects: &mut Effects,
    ) {
        let read = self.rooms.get(id).last_seq;
        let mark = ReadMark::up_to(read);
        effects.store(Record::MemberAdded { room: id, account, role, since: now, read: mark });
        let owner = self.accounts.get_mut(account);
        owner.rooms.insert(id);
        let room = self.rooms.get_mut(id);
        let follows = owner.is_online();
        room.members.insert(account, Member { follows, ..Member::new(role, now, read) });
        if follows {
            room.present.insert(account);
        }
        for client in owner.clients.clone() {
            room.listen(client);
            self.sessions.get_mut(client).expect("an account's connections have sessions").go_live(id, read);
        }
    }

    /// Takes a member out of a room and tells everybody concerned: the member on all its connections, then those who
    /// stay, but for `actor`, who gets an answer of its own. No message that comes later reaches the member.
    pub(super) fn remove_member(
        &mut self,
        id: RoomId,
        account: AccountId,
        departure: Departure,
        actor: Option<ClientId>,
        effects: &mut Effects,
    ) {
        let label = self.label(id, account);
        let clients = self.accounts.get(account).clients.clone();
        let room = self.rooms.get_mut(id);
        let member = room.members.remove(&account).expect("only members are removed");
        room.present.remove(&account);
        clients.iter().for_each(|client| room.stop_listening(*client));
        let audience = room.audience();
        self.accounts.get_mut(account).rooms.remove(&id);
        effects.store(Record::MemberRemoved { room: id, account });
        for client in clients {
            let now = self.move_out(client, id).map(|room| self.label(room, account));
            effects.tell(client, Event::YouLeft { room: label.clone(), departure: departure.clone(), now });
        }
        let who = self.name(account);
        effects.tell_all(audience.clone(), actor, Event::MemberLeft { room: label.clone(), who, departure });
        if member.role == Role::Owner {
            self.pass_on(id, label, audience, effects);
        }
    }

    /// The owner is gone: the moderator who has been a member for longest owns the room now, else the member who has.
    fn pass_on(&mut self, id: RoomId, label: RoomLabel, audience: Arc<[ClientId]>, effects: &mut Effects) {
        let Some(heir) = self.rooms.get(id).heir() else { return };
        self.set_role(id, heir, Role::Owner, effects);
        let change = RoomChange::Role { who: self.name(heir), role: Role::Owner };
        effects.tell_all(audience, None, Event::RoomChanged { room: label, by: None, change });
    }

    pub(super) fn set_role(&mut self, id: RoomId, account: AccountId, role: Role, effects: &mut Effects) {
        let member = self.rooms.get_mut(id).members.get_mut(&account).expect("only members have roles");
        member.role = role;
        effects.store(Record::RoleSet { room: id, account, role });
    }

    /// Where a client talks that cannot talk in `room` any more: where it did, unless that was there; else in the first
    /// room.
    pub(super) fn move_out(&mut self, client: ClientId, room: RoomId) -> Option<RoomId> {
        let session = self.sessions.get_mut(client)?;
        session.forget(room);
        if session.room == Some(room) {
            let general = self.accounts.get(session.account).rooms.contains(&GENERAL);
            session.room = general.then_some(GENERAL);
        }
        session.room
    }
}
