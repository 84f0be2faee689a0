//! Rooms, their members, and the ways in and out.

use chat_server::chat::{
    AccountId, ClientId, Code, Departure, Event, GENERAL, HERE_NAMES_MAX, INVITATIONS_PER_ROOM_MAX, InvitationRow,
    Name, Purpose, Role, RoomChange, RoomId, RoomLabel, RoomRow, Text, Visibility,
};

use super::{Asker, Member, Model, Refused, Room};

impl Model {
    pub(super) fn add_room(&mut self, name: Option<Name>, public: bool) -> RoomId {
        self.last_room += 1;
        let room = Room {
            id: RoomId(self.last_room),
            name,
            public,
            created: self.now,
            topic: None,
            last: 0,
            lately: Vec::new(),
            members: Default::default(),
            invited: Default::default(),
            codes: Default::default(),
            bans: Default::default(),
            keys: Default::default(),
        };
        self.rooms.insert(room.id, room);
        RoomId(self.last_room)
    }

    pub(super) fn add_member(&mut self, id: RoomId, account: AccountId, role: Role) {
        let (since, follows) = (self.now, self.is_online(account));
        let room = self.room(id);
        let read = room.last;
        room.members.insert(account, Member { role, since, read, follows, named: Default::default() });
        // There is nothing to resume in a room that one enters.
        for session in self.sessions.values_mut().filter(|session| session.account == account) {
            session.hears.insert(id, read);
        }
    }

    pub(super) fn join(&mut self, asker: Asker, label: &RoomLabel) -> Result<(), Refused> {
        let name = match label {
            RoomLabel::Direct(with) => return self.open_direct(asker, with),
            RoomLabel::Room(name) => name,
        };
        let id = match self.find(asker, Some(label)) {
            Ok(id) => id,
            Err(refused) => self.invited_room(asker, name).ok_or(refused)?,
        };
        if self.rooms[&id].members.contains_key(&asker.account) {
            return self.enter(asker, id, false);
        }
        self.become_member(asker, id)
    }

    fn become_member(&mut self, asker: Asker, id: RoomId) -> Result<(), Refused> {
        let room = &self.rooms[&id];
        if room.members.len() as u64 >= self.limits.members_per_room_max {
            return Err("room_full");
        }
        if room.is_banned(asker.account, self.now) {
            return Err("banned");
        }
        let name = room.name.clone().expect("a direct room is not entered");
        if self.is_in_namesake(id, &name, asker.account) {
            return Err("in_namesake");
        }
        let role = if room.members.is_empty() && id != GENERAL { Role::Owner } else { Role::Member };
        self.room(id).invited.remove(&asker.account);
        self.add_member(id, asker.account, role);
        self.tell_joined(asker, id);
        self.enter(asker, id, true)
    }

    fn tell_joined(&mut self, asker: Asker, id: RoomId) {
        let who = self.name(asker.account);
        self.tell_room(id, Some(asker.client), |room| Event::MemberJoined { room, who: who.clone() });
    }

    /// Whether an account is in another room of that name, as nobody may be.
    fn is_in_namesake(&self, id: RoomId, name: &Name, account: AccountId) -> bool {
        let namesake = |room: &Room| room.id != id && room.name.as_ref() == Some(name);
        self.rooms.values().any(|room| namesake(room) && room.members.contains_key(&account))
    }

    fn enter(&mut self, asker: Asker, id: RoomId, joined: bool) -> Result<(), Refused> {
        self.session(asker.client).room = Some(id);
        let (here, more) = self.others_here(id, asker.account);
        let room = &self.rooms[&id];
        let (topic, messages) = (room.topic.clone().map(|(text, ..)| text), room.last);
        let room = self.label(id, asker.account);
        self.tell(asker.client, Event::Entered { room, topic, joined, here, more, messages });
        self.grant_recent(asker, id, Purpose::Recent);
        Ok(())
    }

    pub(super) fn leave(&mut self, asker: Asker, label: Option<&RoomLabel>) -> Result<(), Refused> {
        let id = self.find_own(asker, label)?;
        if self.rooms[&id].name.is_none() {
            return Err("not_in_direct_room");
        }
        self.remove_member(id, asker.account, &Departure::Left, None);
        Ok(())
    }

    /// Everybody concerned is told, but for `actor`, who gets an answer of its own.
    pub(super) fn remove_member(
        &mut self,
        id: RoomId,
        account: AccountId,
        departure: &Departure,
        actor: Option<ClientId>,
    ) {
        let gone = self.room(id).members.remove(&account).expect("it is a member");
        self.put_in_first_room(account, id, &self.label(id, account), departure);
        let who = self.name(account);
        self.tell_room(id, actor, |room| Event::MemberLeft { room, who: who.clone(), departure: departure.clone() });
        if gone.role != Role::Owner {
            return;
        }
        // The longest moderator, else the longest member.
        let members = self.rooms[&id].members.iter();
        let mut heirs: Vec<_> =
            members.map(|(id, member)| (member.role < Role::Moderator, member.since, *id)).collect();
        heirs.sort();
        if let Some((.., heir)) = heirs.first() {
            self.set_role(id, *heir, Role::Owner);
            let change = RoomChange::Role { who: self.name(*heir), role: Role::Owner };
            self.tell_room(id, None, |room| Event::RoomChanged { room, by: None, change: change.clone() });
        }
    }

    pub(super) fn set_role(&mut self, id: RoomId, account: AccountId, role: Role) {
        self.room(id).members.get_mut(&account).expect("it is a member").role = role;
    }

    /// Whoever talked in a room that is closed to it talks in the first one.
    fn put_in_first_room(&mut self, account: AccountId, id: RoomId, label: &RoomLabel, departure: &Departure) {
        let first = self.rooms[&GENERAL].members.contains_key(&account).then_some(GENERAL);
        for client in self.clients_of(account) {
            let session = self.session(client);
            session.hears.remove(&id);
            if session.room == Some(id) {
                session.room = first;
            }
            let now = session.room.map(|room| self.label(room, account));
            let (room, departure) = (label.clone(), departure.clone());
            self.tell(client, Event::YouLeft { room, departure, now });
        }
    }

    /// A name is taken for somebody who may know the room that has it.
    fn check_free(&self, asker: Asker, name: &Name) -> Result<(), Refused> {
        let known = |room: &Room| room.public || room.members.contains_key(&asker.account);
        let taken = self.rooms.values().any(|room| room.name.as_ref() == Some(name) && known(room));
        if taken { Err("room_exists") } else { Ok(()) }
    }

    pub(super) fn create(&mut self, asker: Asker, name: Name, visibility: Visibility) -> Result<(), Refused> {
        self.check_free(asker, &name)?;
        let owns = |room: &&Room| room.members.get(&asker.account).is_some_and(|member| member.role == Role::Owner);
        if self.rooms.values().filter(owns).count() as u64 >= self.limits.rooms_per_account_max {
            return Err("too_many_rooms");
        }
        let id = self.add_room(Some(name.clone()), visibility == Visibility::Public);
        self.add_member(id, asker.account, Role::Owner);
        self.session(asker.client).room = Some(id);
        self.tell_joined(asker, id);
        self.answer(asker, Event::Created { room: RoomLabel::Room(name), visibility })
    }

    fn row(&self, room: &Room, viewer: AccountId) -> RoomRow {
        RoomRow {
            room: self.label(room.id, viewer),
            visibility: room.visibility(),
            members: room.members.len() as u64,
            online: room.members.keys().filter(|account| self.is_online(**account)).count() as u64,
            topic: room.topic.clone().map(|(text, ..)| text),
            joined: room.members.contains_key(&viewer),
            new: room.unread(viewer),
        }
    }

    pub(super) fn list_rooms(&mut self, asker: Asker, page: u64) -> Result<(), Refused> {
        let listed = |room: &&Room| {
            room.members.contains_key(&asker.account)
                || (!room.members.is_empty() && self.can_see(asker.account, room, self.now))
        };
        let mut rooms: Vec<&Room> = self.rooms.values().filter(listed).collect();
        rooms.sort_by_key(|room| (room.name.is_none(), room.name.clone(), room.id));
        let rows: Vec<RoomRow> = rooms.into_iter().map(|room| self.row(room, asker.account)).collect();
        let (rows, page, pages) = self.page(&rows, page);
        self.answer(asker, Event::RoomList { rows, page, pages })
    }

    pub(super) fn show_room(&mut self, asker: Asker, label: Option<&RoomLabel>) -> Result<(), Refused> {
        let id = self.find(asker, label)?;
        let room = &self.rooms[&id];
        let row = self.row(room, asker.account);
        let with_role = |role| {
            let members = room.members.iter().filter(move |(_, member)| member.role == role);
            members.map(|(account, _)| self.name(*account))
        };
        let may_invite = room.name.is_some() && self.rank(asker.account, id) >= Some(Role::Moderator);
        let (mut invited, mut codes) = (Vec::new(), Vec::new());
        if may_invite {
            let open = room.invited.iter().filter(|(_, (_, until))| self.now < *until);
            invited.extend(open.map(|(account, _)| self.name(*account)));
            let open = room.codes.iter().filter(|(_, (_, until))| self.now < *until);
            codes.extend(open.map(|(code, _)| code.clone()));
        }
        let event = Event::RoomShown {
            room: row.room,
            visibility: row.visibility,
            topic: row.topic,
            created: room.created,
            owner: with_role(Role::Owner).next(),
            moderators: with_role(Role::Moderator).take(HERE_NAMES_MAX).collect(),
            members: row.members,
            online: row.online,
            messages: room.last,
            unread: row.new,
            invited,
            codes,
        };
        self.answer(asker, event)
    }

    pub(super) fn topic(&mut self, asker: Asker, label: Option<&RoomLabel>, text: Option<Text>) -> Result<(), Refused> {
        let Some(text) = text else {
            let id = self.find(asker, label)?;
            let topic = self.rooms[&id].topic.clone().map(|(text, by, at)| (text, self.name(by), at));
            return self.answer(asker, Event::Topic { room: self.label(id, asker.account), topic });
        };
        let id = self.find_led(asker, label, Role::Moderator)?;
        self.check_note(&text)?;
        let text = if text.is_empty() { None } else { Some(text) };
        self.room(id).topic = text.clone().map(|text| (text, asker.account, self.now));
        self.announce(asker, id, &RoomChange::Topic(text))
    }

    /// Tells the members, and the asker in any case.
    pub(super) fn announce(&mut self, asker: Asker, id: RoomId, change: &RoomChange) -> Result<(), Refused> {
        let by = Some(self.name(asker.account));
        let event = |room| Event::RoomChanged { room, by: by.clone(), change: change.clone() };
        if !self.rooms[&id].members.contains_key(&asker.account) {
            self.tell(asker.client, event(self.label(id, asker.account)));
        }
        self.tell_room(id, None, event);
        Ok(())
    }

    /// A room that the asker may change as a whole.
    fn find_changeable(&self, asker: Asker, label: Option<&RoomLabel>) -> Result<(RoomId, Name), Refused> {
        let id = self.find_led(asker, label, Role::Owner)?;
        match id {
            GENERAL => Err("not_in_first_room"),
            id => Ok((id, self.rooms[&id].name.clone().expect("a direct room has no owner"))),
        }
    }

    pub(super) fn set_visibility(
        &mut self,
        asker: Asker,
        label: Option<&RoomLabel>,
        visibility: Visibility,
    ) -> Result<(), Refused> {
        let (id, name) = self.find_changeable(asker, label)?;
        if self.rooms[&id].visibility() == Some(visibility) {
            return Err("nothing_to_change");
        }
        let public = visibility == Visibility::Public;
        if public && self.rooms.values().any(|room| room.public && room.name.as_ref() == Some(&name)) {
            return Err("room_exists");
        }
        self.room(id).public = public;
        self.announce(asker, id, &RoomChange::Visibility(visibility))
    }

    pub(super) fn rename_room(&mut self, asker: Asker, label: Option<&RoomLabel>, name: Name) -> Result<(), Refused> {
        let (id, old) = self.find_changeable(asker, label)?;
        if old.as_str() == name.as_str() {
            return Err("nothing_to_change");
        }
        if old != name {
            self.check_free(asker, &name)?;
            if self.rooms[&id].members.keys().any(|member| self.is_in_namesake(id, &name, *member)) {
                return Err("room_exists");
            }
        }
        self.announce(asker, id, &RoomChange::Renamed(name.clone()))?;
        self.room(id).name = Some(name);
        Ok(())
    }

    pub(super) fn delete_room(
        &mut self,
        asker: Asker,
        label: Option<&RoomLabel>,
        confirmation: Option<Name>,
    ) -> Result<(), Refused> {
        let (id, name) = self.find_changeable(asker, label)?;
        if confirmation.as_ref() != Some(&name) {
            return Err("confirm_delete");
        }
        let departure = Departure::RoomDeleted { by: self.name(asker.account) };
        let room = self.rooms.remove(&id).expect("it was found");
        for account in room.members.keys() {
            self.put_in_first_room(*account, id, &RoomLabel::Room(name.clone()), &departure);
        }
        Ok(())
    }

    pub(super) fn hand_over(&mut self, asker: Asker, label: Option<&RoomLabel>, to: &Name) -> Result<(), Refused> {
        let (id, _) = self.find_changeable(asker, label)?;
        let heir = self.find_member(id, to)?;
        if heir == asker.account {
            return Err("nothing_to_change");
        }
        self.set_role(id, asker.account, Role::Moderator);
        self.set_role(id, heir, Role::Owner);
        self.announce(asker, id, &RoomChange::Role { who: self.name(heir), role: Role::Owner })?;
        self.announce(asker, id, &RoomChange::Role { who: self.name(asker.account), role: Role::Moderator })
    }

    pub(super) fn find_member(&self, id: RoomId, who: &Name) -> Result<AccountId, Refused> {
        let account = self.account_named(who)?.id;
        if self.rooms[&id].members.contains_key(&account) { Ok(account) } else { Err("not_there") }
    }

    // Invitations

    /// A room to which the asker may invite. What has expired there is forgotten.
    fn find_to_invite(&mut self, asker: Asker, label: Option<&RoomLabel>) -> Result<RoomId, Refused> {
        let id = self.find_own(asker, label)?;
        let least = if self.rooms[&id].public { Role::Member } else { Role::Moderator };
        self.check_leads(asker, id, least)?;
        let now = self.now;
        let room = self.room(id);
        room.invited.retain(|_, (_, until)| now < *until);
        room.codes.retain(|_, (_, until)| now < *until);
        let open = room.invited.len() + room.codes.len();
        if open >= INVITATIONS_PER_ROOM_MAX { Err("too_many_invitations") } else { Ok(id) }
    }

    pub(super) fn invite(&mut self, asker: Asker, who: &Name, label: Option<&RoomLabel>) -> Result<(), Refused> {
        let id = self.find_to_invite(asker, label)?;
        let account = self.account_named(who)?.id;
        let room = &self.rooms[&id];
        if room.members.contains_key(&account) {
            return Err("already_there");
        }
        if room.is_banned(account, self.now) {
            return Err("target_banned");
        }
        let until = self.now.plus_seconds(self.limits.invitation_lifetime_s);
        self.room(id).invited.insert(account, (asker.account, until));
        let name = self.rooms[&id].name.clone().expect("nobody is invited to a direct room");
        let row = InvitationRow { room: name.clone(), by: self.name(asker.account), until };
        for client in self.clients_of(account) {
            self.tell(client, Event::InvitationReceived(row.clone()));
        }
        let (who, told) = (self.name(account), self.is_online(account));
        self.answer(asker, Event::Invited { who, room: RoomLabel::Room(name), until, told })
    }

    pub(super) fn invite_by_code(
        &mut self,
        asker: Asker,
        label: Option<&RoomLabel>,
        code: Code,
    ) -> Result<(), Refused> {
        let id = self.find_to_invite(asker, label)?;
        if self.rooms.values().any(|room| room.codes.contains_key(&code)) {
            return Err("nothing_to_change");
        }
        let until = self.now.plus_seconds(self.limits.invitation_lifetime_s);
        self.room(id).codes.insert(code.clone(), (asker.account, until));
        self.answer(asker, Event::CodeMade { room: self.label(id, asker.account), code, until })
    }

    pub(super) fn accept(&mut self, asker: Asker, what: Option<Name>) -> Result<(), Refused> {
        let Some(what) = what else {
            let open = self.rooms.values().filter(|room| room.is_invited(asker.account, self.now));
            return match open.map(|room| room.id).collect::<Vec<_>>().as_slice() {
                [] => Err("no_such_invitation"),
                [id] => self.become_member(asker, *id),
                _ => Err("which_invitation"),
            };
        };
        if let Some(id) = self.invited_room(asker, &what) {
            return self.become_member(asker, id);
        }
        let mut named = self.rooms.values().filter(|room| room.name.as_ref() == Some(&what));
        if let Some(room) = named.find(|room| self.can_see(asker.account, room, self.now)) {
            return Err(if room.members.contains_key(&asker.account) { "already_member" } else { "not_member" });
        }
        self.check_tries(asker)?;
        let code = Code::typed(what.as_str());
        let valid = |room: &&Room| {
            room.codes.get(&code).is_some_and(|(_, until)| self.now < *until)
                && !room.is_banned(asker.account, self.now)
        };
        let Some(id) = self.rooms.values().find(valid).map(|room| room.id) else {
            self.count_wrong(asker);
            return Err("no_such_invitation");
        };
        if self.rooms[&id].members.contains_key(&asker.account) {
            return Err("already_member");
        }
        self.become_member(asker, id)?;
        self.room(id).codes.remove(&code);
        Ok(())
    }

    pub(super) fn uninvite(&mut self, asker: Asker, what: Name, label: Option<&RoomLabel>) -> Result<(), Refused> {
        let id = self.find_led(asker, label, Role::Moderator)?;
        let account = self.account_named(&what).map(|account| account.id);
        let room = self.room(id);
        let invitation = account.ok().and_then(|account| room.invited.remove(&account));
        if invitation.is_none() && room.codes.remove(&Code::typed(what.as_str())).is_none() {
            return Err("no_such_invitation");
        }
        self.answer(asker, Event::Uninvited { what, room: self.label(id, asker.account) })
    }

    /// The room of that name to which the asker is invited; of several the oldest.
    fn invited_room(&self, asker: Asker, name: &Name) -> Option<RoomId> {
        let named = self.rooms.values().filter(|room| room.name.as_ref() == Some(name));
        named.filter(|room| room.is_invited(asker.account, self.now)).map(|room| room.id).next()
    }
}

impl Room {
    pub(super) fn visibility(&self) -> Option<Visibility> {
        let visibility = if self.public { Visibility::Public } else { Visibility::Private };
        self.name.is_some().then_some(visibility)
    }
}
