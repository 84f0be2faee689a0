//! Invitations: of one account, or by a code that can be read out. Each is for one person and one room, and valid once,
//! until it is revoked or expires.

use super::room::{Room, in_both};
use super::{
    AccountId, Actor, Answer, Chat, Code, Effects, Event, INVITATIONS_PER_ROOM_MAX, INVITATIONS_SHOWN_MAX,
    InvitationRow, Name, Record, Refusal, Role, RoomId, RoomLabel,
};

impl Chat {
    pub(super) fn invite(
        &mut self,
        actor: Actor,
        who: &Name,
        label: Option<&RoomLabel>,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let id = self.find_room_to_invite_to(actor, label, effects)?;
        let label = self.label(id, actor.account);
        let account = self.find_account(who)?.id;
        let who = self.name(account);
        let room = self.rooms.get(id);
        if room.members.contains_key(&account) {
            return Err(Refusal::AlreadyThere { room: label, who });
        }
        if room.ban(account, actor.now).is_some() {
            return Err(Refusal::TargetBanned { room: label, who });
        }
        let until = actor.now.plus_seconds(self.limits.invitation_lifetime_s);
        self.record(Record::InvitationCreated { room: id, account, by: actor.account, until }, effects);
        let notified = self.accounts.get(account).is_online();
        let row = InvitationRow { room: self.label(id, account), by: self.name(actor.account), until };
        for client in &self.accounts.get(account).clients {
            effects.notify(*client, Event::InvitationReceived(row.clone()));
        }
        Ok(Event::Invited { who, room: label, until, notified })
    }

    pub(super) fn invite_by_code(
        &mut self,
        actor: Actor,
        label: Option<&RoomLabel>,
        code: Code,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let id = self.find_room_to_invite_to(actor, label, effects)?;
        let room = self.label(id, actor.account);
        let until = actor.now.plus_seconds(self.limits.invitation_lifetime_s);
        // The code is in use, by chance: the client asks again.
        if self.rooms.code(&code).is_some() {
            return Err(Refusal::NothingToChange { room });
        }
        self.record(Record::CodeCreated { room: id, code: code.clone(), by: actor.account, until }, effects);
        Ok(Event::CodeCreated { room, code, until })
    }

    pub(super) fn accept(
        &mut self,
        actor: Actor,
        what: Option<&Name>,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let Some(name) = what else { return self.accept_only_one(actor, effects) };
        if let Some(id) = self.invited_room(actor, &RoomLabel::Room(name.clone())) {
            return self.become_member(actor, id, effects);
        }
        // A public room needs no invitation. Naming one must not count as a wrong code.
        if let Ok(id) = self.find_room(actor, Some(&RoomLabel::Room(name.clone()))) {
            let room = self.label(id, actor.account);
            return Err(match self.rooms.get(id).members.contains_key(&actor.account) {
                true => Refusal::AlreadyMember { room },
                false => Refusal::NotMember { room },
            });
        }
        self.check_code_tries(actor)?;
        let code = Code::typed(name.as_str());
        let room = self.rooms.code(&code).filter(|open| actor.now < open.until).map(|open| open.room);
        // A banned account cannot enter by a code, use it up, or learn that it is valid.
        let room = room.filter(|id| self.rooms.get(*id).ban(actor.account, actor.now).is_none());
        let Some(id) = room else {
            self.count_wrong_code(actor);
            return Err(Refusal::NoSuchInvitation { what: Some(name.clone()), room: None });
        };
        if self.rooms.get(id).members.contains_key(&actor.account) {
            return Err(Refusal::AlreadyMember { room: self.label(id, actor.account) });
        }
        let entered = self.become_member(actor, id, effects)?;
        self.record(Record::CodeRemoved { code }, effects);
        Ok(entered)
    }

    fn accept_only_one(&mut self, actor: Actor, effects: &mut Effects) -> Result<Answer, Refusal> {
        let rooms = self.accounts.get(actor.account).invitations.iter().copied();
        let open: Vec<RoomId> = rooms.filter(|id| self.rooms.get(*id).invites(actor.account, actor.now)).collect();
        match open.as_slice() {
            [] => Err(Refusal::NoSuchInvitation { what: None, room: None }),
            [id] => self.become_member(actor, *id, effects),
            several => {
                let shown = &several[..several.len().min(INVITATIONS_SHOWN_MAX)];
                let more = (several.len() - shown.len()) as u64;
                let rooms = shown.iter().map(|id| self.label(*id, actor.account)).collect();
                Err(Refusal::WhichInvitation { rooms, more })
            }
        }
    }

    pub(super) fn uninvite(
        &mut self,
        actor: Actor,
        what: &Name,
        label: Option<&RoomLabel>,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let id = self.find_room_to_lead(actor, label, Role::Moderator)?;
        let room = self.label(id, actor.account);
        let account = self.accounts.find(what).map(|account| account.id);
        let code = Code::typed(what.as_str());
        match account.filter(|account| self.rooms.get(id).invitations.contains_key(account)) {
            Some(account) => self.drop_invitation(id, account, effects),
            None if self.rooms.code(&code).is_some_and(|open| open.room == id) => {
                self.record(Record::CodeRemoved { code }, effects);
            }
            None => return Err(Refusal::NoSuchInvitation { what: Some(what.clone()), room: Some(room) }),
        }
        Ok(Event::Uninvited { what: what.clone(), room })
    }

    /// The room of that name or number to which the requester has a valid invitation.
    pub(super) fn invited_room(&self, actor: Actor, label: &RoomLabel) -> Option<RoomId> {
        let invites = |room: &&Room| room.invites(actor.account, actor.now);
        let room = match label {
            RoomLabel::Room(name) => {
                let invitations = &self.accounts.get(actor.account).invitations;
                let private = in_both(self.rooms.private_named(name), invitations).map(|id| self.rooms.get(*id));
                self.rooms.public_named(name).into_iter().chain(private).find(invites)
            }
            RoomLabel::Number(id) => self.rooms.try_get(*id).filter(invites),
            RoomLabel::Direct(_) => None,
        };
        room.map(|room| room.id)
    }

    /// Removes an invitation, if any.
    pub(super) fn drop_invitation(&mut self, id: RoomId, account: AccountId, effects: &mut Effects) {
        if self.rooms.get(id).invitations.contains_key(&account) {
            self.record(Record::InvitationRemoved { room: id, account }, effects);
        }
    }

    /// Any member may invite to a public room, which everybody can join anyway; only the owner and the moderators to a
    /// private one.
    fn find_room_to_invite_to(
        &mut self,
        actor: Actor,
        label: Option<&RoomLabel>,
        effects: &mut Effects,
    ) -> Result<RoomId, Refusal> {
        let id = self.find_own_room(actor, label)?;
        let least = if self.rooms.get(id).is_public() { Role::Member } else { Role::Moderator };
        self.check_may_lead(actor, id, least)?;
        self.drop_expired(actor, id, effects);
        let open = self.rooms.get(id).invitations.len() + self.rooms.codes_of(id).count();
        if open >= INVITATIONS_PER_ROOM_MAX {
            let room = self.label(id, actor.account);
            return Err(Refusal::TooManyInvitations { room, max: INVITATIONS_PER_ROOM_MAX as u64 });
        }
        Ok(id)
    }

    fn drop_expired(&mut self, actor: Actor, id: RoomId, effects: &mut Effects) {
        let is_over = |until| until <= actor.now;
        let invitations = self.rooms.get(id).invitations.iter().filter(|(_, open)| is_over(open.until));
        for account in invitations.map(|(account, _)| *account).collect::<Vec<_>>() {
            self.drop_invitation(id, account, effects);
        }
        let codes = self.rooms.codes_of(id).filter(|(_, open)| is_over(open.until));
        for code in codes.map(|(code, _)| code.clone()).collect::<Vec<_>>() {
            self.record(Record::CodeRemoved { code }, effects);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_chat::{ANA, BOB, TestChat, name};
    use super::super::{Answer, Command, Delivery, Event, Refusal, Visibility};

    #[test]
    fn of_two_rooms_of_one_name_the_requesters_own_is_meant() {
        let mut chat = TestChat::new();
        chat.command(ANA, Command::Create { name: name("tea"), visibility: Visibility::Private });
        chat.command(BOB, Command::Create { name: name("tea"), visibility: Visibility::Public });
        for client in [ANA, BOB] {
            assert!(chat.command(client, Command::Accept { what: Some(name("tea")) }));
            let Delivery::Answer(_, Answer::Event(Event::Refused(refusal))) = &chat.effects.deliveries[0] else {
                panic!()
            };
            assert!(matches!(refusal, Refusal::AlreadyMember { .. }), "{refusal:?}");
        }
    }
}
