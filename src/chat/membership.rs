//! Membership: entering rooms, leaving them, and who owns a room when its owner leaves.

use std::sync::Arc;

use super::room::{Room, RoomKind};
use super::session::Place;
use super::{
    AccountId, Actor, Answer, Chat, ClientId, Departure, Effects, Event, GENERAL, Name, ReadMark, Record, Refusal,
    Role, RoomChange, RoomId, RoomLabel, ShownRoom, Timestamp, Visibility,
};

impl Chat {
    /// Enters a room. `visibility` tells rooms of one name apart.
    pub(super) fn join(
        &mut self,
        actor: Actor,
        label: &RoomLabel,
        visibility: Option<Visibility>,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let id = match label {
            RoomLabel::Direct(name) => return self.open_direct(actor, name, effects),
            RoomLabel::Room(name) => self.room_to_enter(actor, name, visibility)?,
            // An invitation reveals the room to its holder only for entering it.
            RoomLabel::Number(id) => match self.find_room(actor, Some(label)) {
                Ok(id) => id,
                Err(refusal) => self.invited_number(actor, *id).ok_or_else(|| self.still_in(actor, refusal))?,
            },
        };
        if let RoomKind::Direct(one, other) = self.rooms.get(id).kind {
            let partner = if one == actor.account { other } else { one };
            return Ok(self.enter_direct(actor, id, partner));
        }
        if self.rooms.get(id).members.contains_key(&actor.account) {
            return Ok(self.enter(actor, id, false, effects));
        }
        self.become_member(actor, id, effects)
    }

    /// The room of that name that the requester is in, or can enter. If that may be several, the requester is asked which, and
    /// so it is if one of them has just become the only one: nobody is to speak in a public room who means a private one.
    fn room_to_enter(&self, actor: Actor, name: &Name, visibility: Option<Visibility>) -> Result<RoomId, Refusal> {
        let is_meant = |room: &&Room| visibility.is_none() || room.visibility() == visibility;
        let own = self.own_named(actor.account, name).filter(is_meant);
        // Nobody who is in one can enter another, but the requester may not know that it is in one.
        if let (Some(own), Some(_)) = (own, visibility) {
            return Ok(own.id);
        }
        let public = self.rooms.public_named(name).filter(is_meant);
        let open = own.or(public.filter(|room| self.can_see(actor.account, room, actor.now)));
        let mut invited = self.invited_rooms(actor, name);
        invited.retain(|id| is_meant(&self.rooms.get(*id)) && open.is_none_or(|open| open.id != *id));
        let is_sure = |found: RoomId| {
            visibility.is_some() || !self.lost_invitation_just_now(actor, |id, lost| lost == name && id != found)
        };
        match (open, invited.as_slice()) {
            (Some(room), []) if is_sure(room.id) => Ok(room.id),
            (Some(room), invited) => {
                let visibility = self.visibility(room.id);
                let (rooms, by) = self.inviters(actor, invited);
                Err(Refusal::WhichRoom { room: self.label(room.id, actor.account), visibility, rooms, by })
            }
            (None, [id]) if is_sure(*id) => Ok(*id),
            (None, []) => {
                let ban = public.and_then(|room| self.shown_ban(actor, room));
                Err(ban.unwrap_or_else(|| self.still_in(actor, self.no_such_room(actor, name))))
            }
            (None, several) => Err(self.which_invitation(actor, several)),
        }
    }

    /// Adds the current room to a refusal, since the requester wanted to change it.
    fn still_in(&self, actor: Actor, refusal: Refusal) -> Refusal {
        match refusal {
            Refusal::NoSuchRoom { room, suggestion, .. } => {
                let current = self.session(actor.client).cursor.room();
                let still_in = current.map(|room| self.label(room, actor.account));
                Refusal::NoSuchRoom { room, suggestion, still_in }
            }
            other => other,
        }
    }

    /// Makes the requester a member of a room that it may enter.
    pub(super) fn become_member(&mut self, actor: Actor, id: RoomId, effects: &mut Effects) -> Result<Answer, Refusal> {
        let room = self.rooms.get(id);
        if room.members.len() as u64 >= self.limits.members_per_room_max {
            return Err(Refusal::RoomFull { room: self.label(id, actor.account) });
        }
        let name = room.name().expect("nobody becomes a member of a direct room").clone();
        if let Some(ban) = room.ban(actor.account, actor.now) {
            let (until, why) = (ban.until, ban.why.clone());
            return Err(Refusal::Banned { room: self.label(id, actor.account), until, why });
        }
        if self.own_named(actor.account, &name).is_some() {
            return Err(Refusal::InNamesake { room: name });
        }
        // The first to enter a room that everybody had left owns it.
        let role = if room.members.is_empty() && id != GENERAL { Role::Owner } else { Role::Member };
        self.drop_invitation(id, actor.account, effects);
        self.add_member(actor.now, id, actor.account, role, effects);
        self.notify_joined(actor, id, effects);
        Ok(self.enter(actor, id, true, effects))
    }

    /// Shows all listeners of a room that the requester is a member now, its other connections included.
    pub(super) fn notify_joined(&mut self, actor: Actor, id: RoomId, effects: &mut Effects) {
        let event = Event::MemberJoined { room: self.label(id, actor.account), who: self.name(actor.account) };
        effects.notify_all(self.rooms.get_mut(id).audience(), Some(actor.client), event);
    }

    /// Whether a member of the room is also in a private room of this name. Nobody may be in two rooms of one name, or a
    /// message could go to the wrong one.
    pub(super) fn has_member_in_namesake(&self, id: RoomId, name: &Name) -> bool {
        let members = &self.rooms.get(id).members;
        self.rooms.private_named(name).iter().any(|other| {
            let others = &self.rooms.get(*other).members;
            let (fewer, more) = if members.len() <= others.len() { (members, others) } else { (others, members) };
            fewer.keys().any(|account| more.contains_key(account))
        })
    }

    fn enter(&mut self, actor: Actor, id: RoomId, joined: bool, effects: &mut Effects) -> Answer {
        self.session_mut(actor.client).go_to(id);
        if self.session(actor.client).origin.traits.member_lists {
            effects.notify(actor.client, self.members_page(actor, id, 1));
        }
        let entered = Event::Entered(self.entered_room(id, actor.account, joined));
        Answer::Entered(entered, self.recent(actor.account, id))
    }

    pub(super) fn leave(
        &mut self,
        actor: Actor,
        label: Option<&RoomLabel>,
        confirmation: Option<&Name>,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let id = self.find_own_room(actor, label)?;
        let (label, room) = (self.label(id, actor.account), self.rooms.get(id));
        let Some(name) = room.name() else { return Err(Refusal::NotInDirectRoom { room: label }) };
        // Nobody could ever enter the room again.
        let is_last = room.members.len() == 1 && room.is_lost_without_members();
        if is_last && !room.is_public() && confirmation != Some(name) {
            return Err(Refusal::ConfirmLeave { room: label });
        }
        let room = label;
        let now = self.remove_member(id, actor.account, Departure::Left, actor.client, effects);
        Ok(Event::YouLeft { room, departure: Departure::Left, now })
    }

    /// Adds a member, who has read everything so far and listens with all its connections.
    pub(super) fn add_member(
        &mut self,
        now: Timestamp,
        id: RoomId,
        account: AccountId,
        role: Role,
        effects: &mut Effects,
    ) {
        let read = ReadMark::up_to(self.rooms.get(id).last_seq);
        self.record(Record::MemberAdded { room: id, account, role, since: now, read }, effects);
    }

    /// Removes a member, and notifies first all its connections, then the members who stay. The requester is not notified,
    /// since it gets an answer. No later message reaches the member. Deletes a room that nobody can enter any more. Returns
    /// the requester's current room after that.
    pub(super) fn remove_member(
        &mut self,
        id: RoomId,
        account: AccountId,
        departure: Departure,
        requester: ClientId,
        effects: &mut Effects,
    ) -> Option<ShownRoom> {
        let label = self.label(id, account);
        let was_owner = self.rooms.get(id).role(account) == Some(Role::Owner);
        self.record(Record::MemberRemoved { room: id, account }, effects);
        let audience = self.rooms.get_mut(id).audience();
        let mut now_of_requester = None;
        for client in self.accounts.get(account).clients.clone() {
            let now = self.move_out(client, id, &label, client == requester);
            match client == requester {
                true => now_of_requester = now,
                false => {
                    let departure = departure.clone();
                    effects.notify(client, Event::YouLeft { room: label.clone(), departure, now });
                }
            }
        }
        let who = self.name(account);
        let left = Event::MemberLeft { room: label.clone(), who, departure };
        effects.notify_all(audience.clone(), Some(requester), left);
        if was_owner {
            self.pass_on(id, label, audience, effects);
        }
        if self.is_abandoned(id) {
            self.record(Record::RoomDeleted { id }, effects);
        }
        now_of_requester
    }

    /// Passes a room whose owner is gone to its longest-standing moderator, or else to its longest-standing member.
    fn pass_on(&mut self, id: RoomId, label: ShownRoom, audience: Arc<[ClientId]>, effects: &mut Effects) {
        let Some(heir) = self.rooms.get(id).heir() else { return };
        self.set_role(id, heir, Role::Owner, effects);
        let change = RoomChange::Role { who: self.name(heir), role: Role::Owner };
        effects.notify_all(audience, None, Event::RoomChanged { room: label, by: None, change });
    }

    pub(super) fn set_role(&mut self, id: RoomId, account: AccountId, role: Role, effects: &mut Effects) {
        self.record(Record::RoleSet { room: id, account, role }, effects);
    }

    /// Moves the cursor of a client that is no longer in `room`, if that was its current room: to the first room if the
    /// client itself requested it, else nowhere. Returns the current room.
    pub(super) fn move_out(
        &mut self,
        client: ClientId,
        room: RoomId,
        label: &RoomLabel,
        by_itself: bool,
    ) -> Option<ShownRoom> {
        let account = self.session(client).account;
        let is_in_general = self.accounts.get(account).rooms.contains(&GENERAL);
        let cursor = &mut self.session_mut(client).cursor;
        if cursor.room() == Some(room) {
            cursor.place = match by_itself {
                false => Place::Lost(label.clone()),
                true if is_in_general => Place::Room(GENERAL),
                true => Place::Nowhere,
            };
        }
        cursor.room().map(|room| self.label(room, account))
    }
}
