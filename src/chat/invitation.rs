//! Invitations: of one account, or by a code that can be read out. Each is for one person and one room, and valid once,
//! until it is revoked or expires.

use super::record::Undo;
use super::room::in_both;
use super::{
    AccountId, Actor, Answer, Chat, Code, Effects, Event, INVITATIONS_PER_ROOM_MAX, INVITATIONS_SHOWN_MAX,
    InvitationRow, Name, Notice, Record, Refusal, Role, RoomId, RoomLabel, ShownRoom, Timestamp, Visibility,
};

/// How long after the end of an invitation another one is not taken in its place, in seconds: the time in which whoever was
/// answering the first presses Enter.
const LOSS_SETTLES_S: u64 = 10;

impl Chat {
    pub(super) fn invite(
        &mut self,
        actor: Actor,
        who: &Name,
        label: Option<&RoomLabel>,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let id = self.find_room_to_invite_to(actor, label)?;
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
        let (room, by) = (self.label(id, account), self.name(actor.account));
        let row = InvitationRow { room, visibility: self.visibility(id), by, until };
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
        let id = self.find_room_to_invite_to(actor, label)?;
        let room = self.label(id, actor.account);
        let until = actor.now.plus_seconds(self.limits.invitation_lifetime_s);
        // The code is in use, by chance: the client asks again.
        if self.rooms.code(&code).is_some() {
            return Err(Refusal::NothingToChange { room });
        }
        self.record(Record::CodeCreated { room: id, code: code.clone(), by: actor.account, until }, effects);
        Ok(Event::CodeCreated { room, code, until })
    }

    /// Enters a room by an open invitation to it, or by a code. `by` tells two invitations to rooms of one name apart.
    pub(super) fn accept(
        &mut self,
        actor: Actor,
        what: Option<&Name>,
        by: Option<&Name>,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let mut open = match what {
            Some(name) => self.invited_rooms(actor, name),
            None => self.open_invitations(actor),
        };
        open.retain(|id| by.is_none_or(|by| self.name(self.rooms.get(*id).invitations[&actor.account].by) == *by));
        // A renewed invitation is as good as the one that it replaces.
        let is_other = |id, name: &Name| open != [id] && what.is_none_or(|what| what == name);
        let is_sure = by.is_some() || !self.lost_invitation_just_now(actor, is_other);
        match (open.as_slice(), what) {
            ([id], _) if is_sure => return self.become_member(actor, *id, effects),
            ([], None) => return Err(Refusal::NoSuchInvitation { what: None, room: None }),
            ([], Some(name)) if by.is_some() => {
                return Err(Refusal::NoSuchInvitation { what: Some(name.clone()), room: None });
            }
            ([], Some(_)) => {}
            (several, _) => return Err(self.which_invitation(actor, several)),
        }
        let Some(name) = what else { unreachable!("without a name or a code nothing else is meant") };
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
            Some(account) => self.end_invitation(actor.now, id, account, Some(actor.account), effects),
            None if self.rooms.code(&code).is_some_and(|open| open.room == id) => {
                self.record(Record::CodeRemoved { code }, effects);
            }
            None => return Err(Refusal::NoSuchInvitation { what: Some(what.clone()), room: Some(room) }),
        }
        Ok(Event::Uninvited { what: what.clone(), room })
    }

    /// The visibility of a room that is not a direct one.
    pub(super) fn visibility(&self, id: RoomId) -> Visibility {
        self.rooms.get(id).visibility().expect("only rooms that people enter have invitations")
    }

    /// The rooms to which the requester has a valid invitation.
    fn open_invitations(&self, actor: Actor) -> Vec<RoomId> {
        let rooms = self.accounts.get(actor.account).invitations.iter().copied();
        rooms.filter(|id| self.rooms.get(*id).invites(actor.account, actor.now)).collect()
    }

    /// Those of them that have this name.
    pub(super) fn invited_rooms(&self, actor: Actor, name: &Name) -> Vec<RoomId> {
        let invitations = &self.accounts.get(actor.account).invitations;
        let private = in_both(self.rooms.private_named(name), invitations).map(|id| self.rooms.get(*id));
        let rooms = self.rooms.public_named(name).into_iter().chain(private);
        rooms.filter(|room| room.invites(actor.account, actor.now)).map(|room| room.id).collect()
    }

    /// The room of that number, if the requester has a valid invitation to it.
    pub(super) fn invited_number(&self, actor: Actor, id: RoomId) -> Option<RoomId> {
        self.rooms.try_get(id).filter(|room| room.invites(actor.account, actor.now)).map(|room| room.id)
    }

    /// Whether the requester lost an invitation so recently that it may mean that one: of a room for which `could_be` holds.
    pub(super) fn lost_invitation_just_now(&self, actor: Actor, could_be: impl Fn(RoomId, &Name) -> bool) -> bool {
        let lost = self.accounts.get(actor.account).lost_invitation.as_ref();
        lost.is_some_and(|(id, name, at)| {
            *at <= actor.now && actor.now < at.plus_seconds(LOSS_SETTLES_S) && could_be(*id, name)
        })
    }

    /// The question which invitation is meant.
    pub(super) fn which_invitation(&self, actor: Actor, several: &[RoomId]) -> Refusal {
        let (rooms, by) = self.inviters(actor, several);
        let more = (several.len() - rooms.len()) as u64;
        Refusal::WhichInvitation { rooms, by, more }
    }

    /// Rooms to which the requester is invited, and by whom to each; at most [`INVITATIONS_SHOWN_MAX`].
    pub(super) fn inviters(&self, actor: Actor, rooms: &[RoomId]) -> (Vec<ShownRoom>, Vec<Name>) {
        let by = |id: &RoomId| self.name(self.rooms.get(*id).invitations[&actor.account].by);
        let shown = rooms.iter().take(INVITATIONS_SHOWN_MAX);
        shown.map(|id| (self.label(*id, actor.account), by(id))).unzip()
    }

    /// Removes an invitation that was used, or that nobody needs to hear of any more.
    pub(super) fn drop_invitation(&mut self, id: RoomId, account: AccountId, effects: &mut Effects) {
        if self.rooms.get(id).invitations.contains_key(&account) {
            self.record(Record::InvitationRemoved { room: id, account }, effects);
        }
    }

    /// Removes an invitation that was not used, if there is one: `by` revoked it, or else it has expired. Leaves a notice to
    /// whoever was invited, and to whoever invited and may still know of the room.
    pub(super) fn end_invitation(
        &mut self,
        now: Timestamp,
        id: RoomId,
        account: AccountId,
        by: Option<AccountId>,
        effects: &mut Effects,
    ) {
        let room = self.rooms.get(id);
        let Some(invitation) = room.invitations.get(&account) else { return };
        let name = room.name().expect("nobody is invited to a direct room").clone();
        let inviter = invitation.by;
        let (revoked, knows) = (by.is_some(), self.can_see(inviter, room, now));
        let lost = Some((id, name.clone(), now));
        let before = std::mem::replace(&mut self.accounts.get_mut(account).lost_invitation, lost);
        self.undo.push(Undo::of(move |chat| chat.accounts.get_mut(account).lost_invitation = before));
        let notice = Notice::InvitationOver { room: name.clone(), by: self.name(inviter), revoked };
        self.leave_notice(now, account, notice, effects);
        if knows && by != Some(inviter) && self.accounts.get(inviter).name.is_some() {
            let notice = Notice::InvitationUnused { room: name, who: self.name(account), revoked };
            self.leave_notice(now, inviter, notice, effects);
        }
        self.record(Record::InvitationRemoved { room: id, account }, effects);
    }

    /// Any member may invite to a public room, which everybody can join anyway; only the owner and the moderators to a
    /// private one.
    fn find_room_to_invite_to(&self, actor: Actor, label: Option<&RoomLabel>) -> Result<RoomId, Refusal> {
        let id = self.find_own_room(actor, label)?;
        let least = if self.rooms.get(id).is_public() { Role::Member } else { Role::Moderator };
        self.check_may_lead(actor, id, least)?;
        let invitations = self.rooms.get(id).invitations.values().filter(|open| actor.now < open.until);
        let codes = self.rooms.codes_of(id).filter(|(_, open)| actor.now < open.until);
        let open = invitations.count() + codes.count();
        if open >= INVITATIONS_PER_ROOM_MAX {
            let room = self.label(id, actor.account);
            return Err(Refusal::TooManyInvitations { room, max: INVITATIONS_PER_ROOM_MAX as u64 });
        }
        Ok(id)
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
            assert!(chat.command(client, Command::Accept { what: Some(name("tea")), by: None }));
            let Delivery::Answer(_, Answer::Event(Event::Refused(refusal))) = &chat.effects.deliveries[0] else {
                panic!()
            };
            assert!(matches!(refusal, Refusal::AlreadyMember { .. }), "{refusal:?}");
        }
    }
}
