//! Room settings: creating, listing, describing, changing and deleting rooms.

use std::collections::BTreeSet;

use super::lookup::page_bounds;
use super::room::{Room, RoomKind};
use super::{
    AccountId, Actor, Chat, ClientId, Departure, Effects, Event, GENERAL, Name, Need, Record, Refusal, Role,
    RoomChange, RoomId, RoomLabel, RoomRow, RoomView, Text, TokenScope, TopicView, Visibility,
};

impl Chat {
    pub(super) fn create(
        &mut self,
        actor: Actor,
        name: Name,
        visibility: Visibility,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        self.check_free(actor, &name)?;
        let owned = self.rooms_of(actor.account).filter(|room| room.owner() == Some(actor.account)).count();
        if owned as u64 >= self.limits.rooms_per_account_max {
            return Err(Refusal::TooManyRooms { max: self.limits.rooms_per_account_max });
        }
        self.count_new_room(actor)?;
        let id = self.add_room(actor.now, RoomKind::Named(name, visibility), effects);
        self.add_member(actor.now, id, actor.account, Role::Owner, effects);
        self.session_mut(actor.client).go_to(id);
        self.notify_joined(actor, id, effects);
        Ok(Event::Created { room: self.label(id, actor.account), visibility })
    }

    /// A name is free unless the requester may know of a room that has it. Private rooms of others do not count, since
    /// trying names would otherwise disclose them.
    fn check_free(&self, actor: Actor, name: &Name) -> Result<(), Refusal> {
        match self.rooms.public_named(name).is_some() || self.own_named(actor.account, name).is_some() {
            true => Err(Refusal::RoomExists { room: name.clone() }),
            false => Ok(()),
        }
    }

    pub(super) fn list_rooms(&self, actor: Actor, page: u64) -> Event {
        let hidden: BTreeSet<RoomId> = self.hidden_rooms(actor).map(|room| room.id).collect();
        let (mut private, mut direct) = (Vec::new(), Vec::new());
        for room in self.rooms_of(actor.account).filter(|room| !room.is_public()) {
            match room.name() {
                Some(name) => private.push((name.folded(), room.id)),
                None => direct.push(room.id),
            }
        }
        private.sort();
        let total = self.rooms.listed().len() - hidden.len() + private.len() + direct.len();
        let (range, page, pages) = page_bounds(total, page, self.limits.page_rows());
        // There may be very many public rooms, so those before the page are only counted.
        let mut private = private.into_iter().peekable();
        let mut public = self.rooms.listed().iter().filter(|(_, id)| !hidden.contains(id)).peekable();
        let named = std::iter::from_fn(|| match (private.peek(), public.peek()) {
            (Some((own, id)), Some((name, other))) if (own, id) < (*name, *other) => private.next().map(|(_, id)| id),
            (Some(_), None) => private.next().map(|(_, id)| id),
            _ => public.next().map(|(_, id)| *id),
        });
        let rooms = named.chain(direct).skip(range.start).take(range.len());
        let rows = rooms.map(|id| self.row(self.rooms.get(id), actor.account)).collect();
        Event::RoomList { rows, page, pages }
    }

    /// One page of the rooms that the requester is in, in the order of their creation.
    pub(super) fn list_own_rooms(&self, actor: Actor, page: u64) -> Event {
        let total = self.rooms_of(actor.account).count();
        let (range, page, pages) = page_bounds(total, page, self.limits.page_rows());
        let rows = self.rooms_of(actor.account).skip(range.start).take(range.len());
        let rows = rows.map(|room| self.missed_in(room, actor.account)).collect();
        Event::OwnRooms { rows, total: total as u64, page, pages }
    }

    /// The listed rooms that the requester is banned from.
    fn hidden_rooms(&self, actor: Actor) -> impl Iterator<Item = &Room> {
        let bans = self.accounts.get(actor.account).bans.iter().filter_map(|id| self.rooms.try_get(*id));
        bans.filter(move |room| room.is_listed() && !self.can_see(actor.account, room, actor.now))
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

    pub(super) fn show_room(&self, actor: Actor, label: Option<&RoomLabel>) -> Result<Event, Refusal> {
        let id = self.find_room(actor, label)?;
        let room = self.rooms.get(id);
        // A code lets its bearer in, so a token that only reads is not shown it.
        let may_invite = self.rank(actor.account, id) >= Some(Role::Moderator)
            && !room.is_direct()
            && self.check_need(actor, Need::Scope(TokenScope::All)).is_ok();
        let open = room.invitations.iter().filter(|(_, invitation)| actor.now < invitation.until);
        let invited = open.map(|(id, _)| self.name(*id)).filter(|_| may_invite).collect();
        let open = self.rooms.codes_of(id).filter(|(_, open)| actor.now < open.until);
        let codes = open.map(|(code, _)| code.clone()).filter(|_| may_invite).collect();
        Ok(Event::RoomShown(RoomView {
            room: self.label(id, actor.account),
            visibility: room.visibility(),
            topic: self.topic_of(room),
            created: room.created,
            owner: room.owner().map(|id| self.name(id)),
            moderators: room.moderators().map(|id| self.name(id)).take(super::HERE_NAMES_MAX).collect(),
            members: room.members.len() as u64,
            online: room.present.len() as u64,
            messages: room.last_seq,
            unread: room.unread(actor.account),
            invited,
            codes,
        }))
    }

    pub(super) fn topic(&self, actor: Actor, label: Option<&RoomLabel>) -> Result<Event, Refusal> {
        let id = self.find_room(actor, label)?;
        Ok(Event::Topic { room: self.label(id, actor.account), topic: self.topic_of(self.rooms.get(id)) })
    }

    /// The topic of a room, with the name of its author.
    pub(super) fn topic_of(&self, room: &Room) -> Option<TopicView> {
        let view =
            |(text, by, at): &(Text, AccountId, _)| TopicView { text: text.clone(), by: self.name(*by), at: *at };
        room.topic.as_ref().map(view)
    }

    pub(super) fn set_topic(
        &mut self,
        actor: Actor,
        label: Option<&RoomLabel>,
        text: Text,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let id = self.find_room_to_lead(actor, label, Role::Moderator)?;
        self.check_note(&text)?;
        let text = Some(text).filter(|text| !text.is_empty());
        let topic = text.clone().map(|text| (text, actor.account, actor.now));
        self.record(Record::TopicSet { id, topic }, effects);
        Ok(self.announce(actor, id, RoomChange::Topic(text), effects))
    }

    pub(super) fn set_visibility(
        &mut self,
        actor: Actor,
        label: Option<&RoomLabel>,
        visibility: Visibility,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let (id, name) = self.find_room_to_settle(actor, label)?;
        // An operator may rename or delete a public room, but not hide it.
        self.check_may_lead(actor, id, Role::Owner)?;
        if self.rooms.get(id).visibility() == Some(visibility) {
            return Err(Refusal::NothingToChange { room: self.label(id, actor.account) });
        }
        if visibility == Visibility::Public && self.rooms.public_named(&name).is_some() {
            return Err(Refusal::RoomExists { room: name });
        }
        self.record(Record::VisibilitySet { id, visibility }, effects);
        Ok(self.announce(actor, id, RoomChange::Visibility(visibility), effects))
    }

    pub(super) fn rename_room(
        &mut self,
        actor: Actor,
        label: Option<&RoomLabel>,
        name: Name,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let (id, old) = self.find_room_to_settle(actor, label)?;
        if old.as_str() == name.as_str() {
            return Err(Refusal::NothingToChange { room: self.label(id, actor.account) });
        }
        // The name of the room itself is not free, but its case may change.
        if old != name {
            self.check_free(actor, &name)?;
            // This discloses that a member is in a private room of that name, which is the lesser evil.
            if self.has_member_in_namesake(id, &name) {
                return Err(Refusal::RoomExists { room: name });
            }
        }
        // Announced under the old name, which the members know: also to connections in whose silence the room is, because they
        // know it by its name.
        let renamed = self.announce(actor, id, RoomChange::Renamed(name.clone()), effects);
        for client in self.silent_connections(id, actor.client) {
            effects.notify(client, renamed.clone());
        }
        self.record(Record::RoomRenamed { id, name }, effects);
        Ok(renamed)
    }

    pub(super) fn delete_room(
        &mut self,
        actor: Actor,
        label: Option<&RoomLabel>,
        confirmation: Option<&Name>,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let (id, name) = self.find_room_to_settle(actor, label)?;
        if confirmation != Some(&name) {
            return Err(Refusal::ConfirmDelete { room: self.label(id, actor.account) });
        }
        let departure = Departure::RoomDeleted { by: self.name(actor.account) };
        let room = self.label(id, actor.account);
        let members: Vec<AccountId> = self.rooms.get(id).present.iter().copied().collect();
        let open = self.rooms.get(id).invitations.iter().filter(|(_, invitation)| actor.now < invitation.until);
        for invited in open.map(|(invited, _)| *invited).collect::<Vec<AccountId>>() {
            self.end_invitation(actor.now, id, invited, Some(actor.account), effects);
        }
        self.record(Record::RoomDeleted { id }, effects);
        for member in members {
            for client in self.accounts.get(member).clients.clone() {
                let now = self.move_out(client, id, &room, client == actor.client);
                if client != actor.client {
                    let (room, departure) = (room.clone(), departure.clone());
                    effects.notify(client, Event::YouLeft { room, departure, now });
                }
            }
        }
        // An operator may delete a room without being in it, and talks where it did.
        let now = self.session(actor.client).cursor.room().map(|room| self.label(room, actor.account));
        Ok(Event::YouLeft { room, departure, now })
    }

    pub(super) fn hand_over(
        &mut self,
        actor: Actor,
        label: Option<&RoomLabel>,
        to: &Name,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let (id, _) = self.find_room_to_settle(actor, label)?;
        let heir = self.find_member(id, actor.account, to)?;
        let owner = self.rooms.get(id).owner();
        if owner == Some(heir) {
            return Err(Refusal::NothingToChange { room: self.label(id, actor.account) });
        }
        // Whoever gives a room away helps to keep it; from whom an operator takes it does not.
        let rest = if owner == Some(actor.account) { Role::Moderator } else { Role::Member };
        if let Some(owner) = owner {
            self.set_role(id, owner, rest, effects);
        }
        self.set_role(id, heir, Role::Owner, effects);
        let change = RoomChange::Role { who: self.name(heir), role: Role::Owner };
        let handed_over = self.announce(actor, id, change, effects);
        if let Some(owner) = owner {
            let event = self.changed(actor, id, RoomChange::Role { who: self.name(owner), role: rest });
            effects.notify_all(self.rooms.get_mut(id).audience(), None, event);
        }
        Ok(handed_over)
    }

    /// The named or current room, which the requester may hand over, rename or delete, and which must not be the first room.
    fn find_room_to_settle(&self, actor: Actor, label: Option<&RoomLabel>) -> Result<(RoomId, Name), Refusal> {
        let id = self.find_room(actor, label)?;
        self.check_may_settle(actor, id)?;
        let name = self.rooms.get(id).name().expect("a direct room cannot be led").clone();
        match id {
            GENERAL => Err(Refusal::NotInFirstRoom { room: self.label(id, actor.account) }),
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

    /// Shows all other members a change. Returns the same event, which is the requester's answer.
    pub(super) fn announce(&mut self, actor: Actor, id: RoomId, change: RoomChange, effects: &mut Effects) -> Event {
        let event = self.changed(actor, id, change);
        effects.notify_all(self.rooms.get_mut(id).audience(), Some(actor.client), event.clone());
        event
    }

    /// The connections of members that do not listen to the room, but one, in the order of their accounts.
    fn silent_connections(&self, id: RoomId, except: ClientId) -> Vec<ClientId> {
        let room = self.rooms.get(id);
        let clients = room.present.iter().flat_map(|account| &self.accounts.get(*account).clients).copied();
        clients.filter(|client| *client != except && !room.listens(*client)).collect()
    }

    fn changed(&self, actor: Actor, id: RoomId, change: RoomChange) -> Event {
        Event::RoomChanged { room: self.label(id, actor.account), by: Some(self.name(actor.account)), change }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_chat::{ANA, BOB, TestChat, name, room};
    use super::super::{Answer, Code, Command, Delivery};
    use super::*;

    /// Where the requester talks, by the answer to its request.
    fn told(chat: &TestChat) -> Option<&RoomLabel> {
        match &chat.effects.deliveries[0] {
            Delivery::Answer(_, Answer::Event(Event::YouLeft { now, .. })) => now.as_deref(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn who_deletes_a_room_without_being_in_it_is_told_where_it_still_talks() {
        let mut chat = TestChat::new();
        chat.command(BOB, Command::ClaimOperator { code: Code::typed("operator") });
        for (own, current) in [(None, "general"), (Some("den"), "den")] {
            chat.command(ANA, Command::Create { name: name("tea"), visibility: Visibility::Public });
            if let Some(own) = own {
                chat.command(BOB, Command::Create { name: name(own), visibility: Visibility::Private });
            }
            chat.command(BOB, Command::DeleteRoom { room: Some(room("tea")), confirmation: Some(name("tea")) });
            assert_eq!(told(&chat), Some(&room(current)));
        }
    }
}
