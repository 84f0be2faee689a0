//! Invitations: of one account, or by a code that is said aloud. Each works for one person, one room, once, until it is
//! taken back or a day is over.

use super::room::{Invitation, OpenCode};
use super::{
    AccountId, Ask, Chat, Code, Effects, Event, INVITATIONS_PER_ROOM_MAX, InvitationRow, Name, Record, Refusal, Role,
    RoomId, RoomLabel,
};

impl Chat {
    pub(super) fn invite(&mut self, ask: &mut Ask, who: &Name, label: Option<&RoomLabel>) -> Result<(), Refusal> {
        let id = self.find_room_to_invite_to(ask, label)?;
        let label = self.label(id, ask.account);
        let account = self.find_account(who)?.id;
        let who = self.name(account);
        let room = self.rooms.get(id);
        if room.members.contains_key(&account) {
            return Err(Refusal::AlreadyThere { room: label, who });
        }
        if room.ban(account, ask.now).is_some() {
            return Err(Refusal::TargetBanned { room: label, who });
        }
        let until = ask.now.plus_seconds(self.limits.invitation_lifetime_s);
        self.rooms.get_mut(id).invitations.insert(account, Invitation { by: ask.account, until });
        self.accounts.get_mut(account).invitations.insert(id);
        ask.effects.store(Record::InvitationMade { room: id, account, by: ask.account, until });
        let told = self.accounts.get(account).is_online();
        if let Some(room) = self.rooms.get(id).name() {
            let row = InvitationRow { room: room.clone(), by: self.name(ask.account), until };
            for client in &self.accounts.get(account).clients {
                ask.effects.tell(*client, Event::InvitationReceived(row.clone()));
            }
        }
        ask.answer(Event::Invited { who, room: label, until, told });
        Ok(())
    }

    pub(super) fn invite_by_code(
        &mut self,
        ask: &mut Ask,
        label: Option<&RoomLabel>,
        code: Code,
    ) -> Result<(), Refusal> {
        let id = self.find_room_to_invite_to(ask, label)?;
        let room = self.label(id, ask.account);
        let until = ask.now.plus_seconds(self.limits.invitation_lifetime_s);
        // A code that stands for another room already is as good as one that was mistyped: ask for another.
        if self.rooms.code(&code).is_some() {
            return Err(Refusal::NothingToChange { room });
        }
        self.rooms.add_code(code.clone(), OpenCode { room: id, until });
        ask.effects.store(Record::CodeMade { room: id, code: code.clone(), by: ask.account, until });
        ask.answer(Event::CodeMade { room, code, until });
        Ok(())
    }

    pub(super) fn accept(&mut self, ask: &mut Ask, what: Option<&Name>) -> Result<(), Refusal> {
        let Some(name) = what else { return self.accept_only_one(ask) };
        if let Some(id) = self.invited_room(ask, name) {
            return self.enter_invited(ask, id);
        }
        // Not everybody knows that a public room needs no invitation; that is no wrong code.
        if let Some(room) = self.rooms.named(name).find(|room| self.can_see(ask.account, room, ask.now)) {
            let (label, is_member) = (self.label(room.id, ask.account), room.members.contains_key(&ask.account));
            return Err(match is_member {
                true => Refusal::AlreadyMember { room: label },
                false => Refusal::NotMember { room: label },
            });
        }
        if self.accounts.get(ask.account).code_tries.are_used_up(ask.now) {
            return Err(Refusal::TooManyCodes);
        }
        let code = Code::typed(name.as_str());
        let room = self.rooms.code(&code).filter(|open| ask.now < open.until).map(|open| open.room);
        // Somebody who is banned cannot come in by a code, nor use it up, nor learn that it is right.
        let room = room.filter(|id| self.rooms.get(*id).ban(ask.account, ask.now).is_none());
        let Some(id) = room else {
            self.accounts.get_mut(ask.account).code_tries.count_wrong(ask.now);
            return Err(Refusal::NoSuchInvitation { what: Some(name.clone()) });
        };
        if self.rooms.get(id).members.contains_key(&ask.account) {
            return Err(Refusal::AlreadyMember { room: self.label(id, ask.account) });
        }
        self.become_member(ask, id)?;
        self.rooms.remove_code(&code);
        ask.effects.store(Record::CodeRemoved { code });
        Ok(())
    }

    fn accept_only_one(&mut self, ask: &mut Ask) -> Result<(), Refusal> {
        let rooms = self.accounts.get(ask.account).invitations.iter().copied();
        let open: Vec<RoomId> = rooms.filter(|id| self.rooms.get(*id).invites(ask.account, ask.now)).collect();
        match open.as_slice() {
            [] => Err(Refusal::NoSuchInvitation { what: None }),
            [id] => self.enter_invited(ask, *id),
            several => {
                let rooms = several.iter().filter_map(|id| self.rooms.get(*id).name().cloned()).collect();
                Err(Refusal::WhichInvitation { rooms })
            }
        }
    }

    fn enter_invited(&mut self, ask: &mut Ask, id: RoomId) -> Result<(), Refusal> {
        self.become_member(ask, id)
    }

    pub(super) fn uninvite(&mut self, ask: &mut Ask, what: &Name, label: Option<&RoomLabel>) -> Result<(), Refusal> {
        let id = self.find_room_to_lead(ask, label, Role::Moderator)?;
        let room = self.label(id, ask.account);
        let account = self.accounts.find(what).map(|account| account.id);
        let code = Code::typed(what.as_str());
        match account.filter(|account| self.rooms.get(id).invitations.contains_key(account)) {
            Some(account) => self.drop_invitation(id, account, ask.effects),
            None if self.rooms.code(&code).is_some_and(|open| open.room == id) => {
                self.rooms.remove_code(&code);
                ask.effects.store(Record::CodeRemoved { code });
            }
            None => return Err(Refusal::NoSuchInvitation { what: Some(what.clone()) }),
        }
        ask.answer(Event::Uninvited { what: what.clone(), room });
        Ok(())
    }

    /// The room of that name to which the asker has an invitation that holds.
    pub(super) fn invited_room(&self, ask: &Ask, name: &Name) -> Option<RoomId> {
        let mut named = self.rooms.named(name).filter(|room| room.invites(ask.account, ask.now));
        named.next().map(|room| room.id)
    }

    /// An invitation is used up or taken back, if there is one.
    pub(super) fn drop_invitation(&mut self, id: RoomId, account: AccountId, effects: &mut Effects) {
        if self.rooms.get_mut(id).invitations.remove(&account).is_some() {
            self.accounts.get_mut(account).invitations.remove(&id);
            effects.store(Record::InvitationRemoved { room: id, account });
        }
    }

    /// Members may invite to a public room, which anybody could join anyway; to a private one its owner and moderators.
    fn find_room_to_invite_to(&mut self, ask: &mut Ask, label: Option<&RoomLabel>) -> Result<RoomId, Refusal> {
        let id = self.find_own_room(ask, label)?;
        let least = if self.rooms.get(id).is_public() { Role::Member } else { Role::Moderator };
        self.check_may_lead(ask, id, least)?;
        self.drop_expired(ask, id);
        let open = self.rooms.get(id).invitations.len() + self.rooms.codes_of(id).count();
        if open >= INVITATIONS_PER_ROOM_MAX {
            let room = self.label(id, ask.account);
            return Err(Refusal::TooManyInvitations { room, max: INVITATIONS_PER_ROOM_MAX as u64 });
        }
        Ok(id)
    }

    fn drop_expired(&mut self, ask: &mut Ask, id: RoomId) {
        let is_over = |until| until <= ask.now;
        let invitations = self.rooms.get(id).invitations.iter().filter(|(_, open)| is_over(open.until));
        for account in invitations.map(|(account, _)| *account).collect::<Vec<_>>() {
            self.drop_invitation(id, account, ask.effects);
        }
        let codes = self.rooms.codes_of(id).filter(|(_, open)| is_over(open.until));
        for code in codes.map(|(code, _)| code.clone()).collect::<Vec<_>>() {
            self.rooms.remove_code(&code);
            ask.effects.store(Record::CodeRemoved { code });
        }
    }
}
