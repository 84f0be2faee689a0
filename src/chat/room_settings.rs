//! Making rooms, finding them, and changing what they are.

use super::lookup::page_bounds;
use super::room::{Room, RoomKind};
use super::{
    AccountId, Ask, Chat, Departure, Event, GENERAL, Name, Record, Refusal, Role, RoomChange, RoomId, RoomLabel,
    RoomRow, Text, Visibility,
};

impl Chat {
    pub(super) fn create(&mut self, ask: &mut Ask, name: Name, visibility: Visibility) -> Result<(), Refusal> {
        self.check_free(ask, &name)?;
        let owned = self.accounts.get(ask.account).rooms.iter();
        let owned = owned.filter(|id| self.rooms.get(**id).role(ask.account) == Some(Role::Owner)).count();
        if owned as u64 >= self.limits.rooms_per_account_max {
            return Err(Refusal::TooManyRooms { max: self.limits.rooms_per_account_max });
        }
        let id = self.rooms.next_id();
        let room = RoomLabel::Room(name.clone());
        self.add_room(ask.now, id, RoomKind::Named(name, visibility), ask.effects);
        self.add_member(ask.now, id, ask.account, Role::Owner, ask.effects);
        self.session_mut(ask.client).room = Some(id);
        self.tell_joined(ask, id);
        ask.answer(Event::Created { room, visibility });
        Ok(())
    }

    /// A name is free unless the asker may know of a room that has it. Private rooms of others do not count, or trying
    /// names would tell which ones there are.
    fn check_free(&self, ask: &Ask, name: &Name) -> Result<(), Refusal> {
        let is_known = |room: &Room| room.is_public() || room.members.contains_key(&ask.account);
        match self.rooms.named(name).any(is_known) {
            true => Err(Refusal::RoomExists { room: name.clone() }),
            false => Ok(()),
        }
    }

    pub(super) fn list_rooms(&mut self, ask: &mut Ask, page: u64) -> Result<(), Refusal> {
        let is_listed = |room: &&Room| {
            room.members.contains_key(&ask.account)
                || (!room.members.is_empty() && self.can_see(ask.account, room, ask.now))
        };
        let direct = self.accounts.get(ask.account).rooms.iter().map(|id| self.rooms.get(*id));
        let direct = direct.filter(|room| room.is_direct());
        let rooms: Vec<&Room> = self.rooms.all_named().filter(is_listed).chain(direct).collect();
        let (range, page, pages) = page_bounds(rooms.len(), page, self.limits.list_page_rows);
        let rows = rooms[range].iter().map(|room| self.row(room, ask.account)).collect();
        ask.answer(Event::RoomList { rows, page, pages });
        Ok(())
    }

    fn row(&self, room: &Room, viewer: AccountId) -> RoomRow {
        RoomRow {
            room: self.label(room.id, viewer),
            visibility: room.visibility(),
            members: room.members.len() as u64,
            online: room.present.len() as u64,
            topic: room.topic.as_ref().map(|(text, ..)| text.clone()),
            joined: room.members.contains_key(&viewer),
            new: room.unread(viewer),
        }
    }

    pub(super) fn show_room(&mut self, ask: &mut Ask, label: Option<&RoomLabel>) -> Result<(), Refusal> {
        let id = self.find_room(ask, label)?;
        let room = self.rooms.get(id);
        let may_invite = self.rank(ask.account, id) >= Some(Role::Moderator) && !room.is_direct();
        let moderators = room.members.iter().filter(|(_, member)| member.role == Role::Moderator);
        let open = room.invitations.iter().filter(|(_, invitation)| ask.now < invitation.until);
        let invited = open.map(|(id, _)| self.name(*id)).filter(|_| may_invite).collect();
        let open = self.rooms.codes_of(id).filter(|(_, open)| ask.now < open.until);
        let codes = open.map(|(code, _)| code.clone()).filter(|_| may_invite).collect();
        let row = self.row(room, ask.account);
        let event = Event::RoomShown {
            room: row.room,
            visibility: row.visibility,
            topic: row.topic,
            created: room.created,
            owner: room.owner().map(|id| self.name(id)),
            moderators: moderators.map(|(id, _)| self.name(*id)).take(super::HERE_NAMES_MAX).collect(),
            members: row.members,
            online: row.online,
            messages: room.last_seq,
            unread: row.new,
            invited,
            codes,
        };
        ask.answer(event);
        Ok(())
    }

    pub(super) fn topic(
        &mut self,
        ask: &mut Ask,
        label: Option<&RoomLabel>,
        text: Option<Text>,
    ) -> Result<(), Refusal> {
        let Some(text) = text else {
            let id = self.find_room(ask, label)?;
            let topic = self.rooms.get(id).topic.clone().map(|(text, by, at)| (text, self.name(by), at));
            ask.answer(Event::Topic { room: self.label(id, ask.account), topic });
            return Ok(());
        };
        let id = self.find_room_to_lead(ask, label, Role::Moderator)?;
        self.check_note(&text)?;
        let text = Some(text).filter(|text| !text.is_empty());
        let topic = text.clone().map(|text| (text, ask.account, ask.now));
        self.rooms.get_mut(id).topic = topic.clone();
        ask.effects.store(Record::TopicSet { id, topic });
        self.announce(ask, id, RoomChange::Topic(text));
        Ok(())
    }

    pub(super) fn set_visibility(
        &mut self,
        ask: &mut Ask,
        label: Option<&RoomLabel>,
        visibility: Visibility,
    ) -> Result<(), Refusal> {
        let (id, name) = self.find_room_to_change(ask, label)?;
        if self.rooms.get(id).visibility() == Some(visibility) {
            return Err(Refusal::NothingToChange { room: RoomLabel::Room(name) });
        }
        if visibility == Visibility::Public && self.rooms.named(&name).any(Room::is_public) {
            return Err(Refusal::RoomExists { room: name });
        }
        self.rooms.get_mut(id).kind = RoomKind::Named(name, visibility);
        ask.effects.store(Record::VisibilitySet { id, visibility });
        self.announce(ask, id, RoomChange::Visibility(visibility));
        Ok(())
    }

    pub(super) fn rename_room(&mut self, ask: &mut Ask, label: Option<&RoomLabel>, name: Name) -> Result<(), Refusal> {
        let (id, old) = self.find_room_to_change(ask, label)?;
        if old.as_str() == name.as_str() {
            return Err(Refusal::NothingToChange { room: RoomLabel::Room(old) });
        }
        // Only the case may change without the name being free: it is the room's own.
        if old != name {
            self.check_free(ask, &name)?;
            // This tells an owner that one of the members is in a private room of that name, which is the lesser evil.
            if self.is_in_namesake(id, &name, self.rooms.get(id).members.keys().copied()) {
                return Err(Refusal::RoomExists { room: name });
            }
        }
        // Members are told under the old name, which they know.
        self.announce(ask, id, RoomChange::Renamed(name.clone()));
        self.rooms.rename(id, name.clone());
        ask.effects.store(Record::RoomRenamed { id, name });
        Ok(())
    }

    pub(super) fn delete_room(
        &mut self,
        ask: &mut Ask,
        label: Option<&RoomLabel>,
        confirmation: Option<&Name>,
    ) -> Result<(), Refusal> {
        let (id, name) = self.find_room_to_change(ask, label)?;
        if confirmation != Some(&name) {
            return Err(Refusal::ConfirmDelete { room: RoomLabel::Room(name) });
        }
        let departure = Departure::RoomDeleted { by: self.name(ask.account) };
        let room = self.rooms.get(id);
        let (members, invited): (Vec<_>, Vec<_>) =
            (room.members.keys().copied().collect(), room.invitations.keys().copied().collect());
        for member in members {
            let account = self.accounts.get_mut(member);
            account.rooms.remove(&id);
            for client in account.clients.clone() {
                let now = self.move_out(client, id).map(|room| self.label(room, member));
                let (room, departure) = (RoomLabel::Room(name.clone()), departure.clone());
                ask.effects.tell(client, Event::YouLeft { room, departure, now });
            }
        }
        for account in invited {
            self.accounts.get_mut(account).invitations.remove(&id);
        }
        self.rooms.remove(id);
        ask.effects.store(Record::RoomDeleted { id });
        Ok(())
    }

    pub(super) fn hand_over(&mut self, ask: &mut Ask, label: Option<&RoomLabel>, to: &Name) -> Result<(), Refusal> {
        let (id, name) = self.find_room_to_change(ask, label)?;
        let heir = self.find_member(id, ask.account, to)?;
        if heir == ask.account {
            return Err(Refusal::NothingToChange { room: RoomLabel::Room(name) });
        }
        self.set_role(id, ask.account, Role::Moderator, ask.effects);
        self.set_role(id, heir, Role::Owner, ask.effects);
        self.announce(ask, id, RoomChange::Role { who: self.name(heir), role: Role::Owner });
        self.announce(ask, id, RoomChange::Role { who: self.name(ask.account), role: Role::Moderator });
        Ok(())
    }

    /// The named room, which the asker owns, and which is not the first room.
    fn find_room_to_change(&self, ask: &Ask, label: Option<&RoomLabel>) -> Result<(RoomId, Name), Refusal> {
        let id = self.find_room_to_lead(ask, label, Role::Owner)?;
        let name = self.rooms.get(id).name().expect("a direct room cannot be led").clone();
        match id {
            GENERAL => Err(Refusal::NotInFirstRoom { room: RoomLabel::Room(name) }),
            _ => Ok((id, name)),
        }
    }

    /// The member of that name.
    pub(super) fn find_member(&self, id: RoomId, viewer: AccountId, who: &Name) -> Result<AccountId, Refusal> {
        let account = self.find_account(who)?;
        match self.rooms.get(id).members.contains_key(&account.id) {
            true => Ok(account.id),
            false => Err(Refusal::NotThere { room: self.label(id, viewer), who: account.label() }),
        }
    }

    /// Tells all members of a change, and the asker where it is none.
    pub(super) fn announce(&mut self, ask: &mut Ask, id: RoomId, change: RoomChange) {
        let event = Event::RoomChanged { room: self.label(id, ask.account), by: Some(self.name(ask.account)), change };
        if !self.rooms.get(id).members.contains_key(&ask.account) {
            ask.answer(event.clone());
        }
        ask.effects.tell_all(self.rooms.get_mut(id).audience(), None, event);
    }
}
