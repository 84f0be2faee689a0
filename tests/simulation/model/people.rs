//! Accounts and sessions: getting in, being there, getting out.

use chat_server::chat::{
    AccountId, ClientId, Departure, Event, Farewell, GENERAL, HERE_NAMES_MAX, InvitationRow, Missed, Name, Origin,
    Presence, Purpose, Role, RoomId, RoomLabel, Seq, SessionRow, Text, Timestamp,
};

use super::{Account, Asker, Model, Refused, Session, Told, holds};

/// As many rooms and addresses are told of one account.
const SHOWN_MAX: usize = 20;

impl Model {
    pub(super) fn register(&mut self, client: ClientId, name: Name, origin: Origin) -> Result<(), Refused> {
        self.check_may_enter(client, None, origin)?;
        if name.is_reserved() {
            return Err("name_reserved");
        }
        let looks_like_it = |account: &Account| account.name.as_ref().is_some_and(|n| n.skeleton() == name.skeleton());
        if self.accounts.values().any(looks_like_it) {
            return Err("name_taken");
        }
        let id = self.add_account(name.clone());
        self.tell_room(GENERAL, None, |room| Event::MemberJoined { room, who: name.clone() });
        self.add_member(GENERAL, id, Role::Member);
        self.begin_session(client, id, origin, None);
        let (here, more) = self.others_here(GENERAL, id);
        let (room, messages) = (self.label(GENERAL, id), self.rooms[&GENERAL].last);
        self.tell(client, Event::Registered { name, room, here, more, messages });
        self.grant_recent(Asker { client, account: id }, GENERAL, Purpose::FirstSight);
        Ok(())
    }

    pub(super) fn log_in_by_password(
        &mut self,
        client: ClientId,
        id: AccountId,
        version: u64,
        origin: Origin,
    ) -> Result<(), Refused> {
        let is_right = |account: &Account| account.name.is_some() && account.version == version;
        if !self.accounts.get(&id).is_some_and(is_right) {
            return Err("wrong_password");
        }
        self.log_in(client, id, origin, None)
    }

    pub(super) fn log_in(
        &mut self,
        client: ClientId,
        id: AccountId,
        origin: Origin,
        token: Option<Name>,
    ) -> Result<(), Refused> {
        self.check_may_enter(client, Some(id), origin)?;
        let account = self.accounts[&id].clone();
        let name = account.label();
        let others = self.clients_of(id).len() as u64;
        let missed = self.rooms_of(id).into_iter().map(|room| {
            let member = &self.rooms[&room].members[&id];
            let mentions = if member.follows { 0 } else { member.named.len() as u64 };
            Missed {
                room: self.label(room, id),
                new: self.rooms[&room].unread(id),
                mentions,
                last: self.rooms[&room].last,
            }
        });
        let missed = missed.collect();
        self.begin_session(client, id, origin, token);
        let room = self.sessions[&client].room.map(|room| self.label(room, id));
        let invited = self.rooms.values().filter(|room| room.is_invited(id, self.now));
        let invitations = invited.map(|room| {
            let (by, until) = room.invited[&id];
            InvitationRow {
                room: room.name.clone().expect("nobody is invited to a direct room"),
                by: self.name(by),
                until,
            }
        });
        let (last_seen, away, invitations) = (account.last_seen, account.away, invitations.collect());
        self.tell(client, Event::LoggedIn { name, last_seen, room, away, missed, invitations, others });
        Ok(())
    }

    fn check_may_enter(&self, client: ClientId, account: Option<AccountId>, origin: Origin) -> Result<(), Refused> {
        if self.sessions.contains_key(&client) {
            return Err("already_logged_in");
        }
        let ban = account.and_then(|id| self.accounts[&id].ban.as_ref());
        let mut bans = ban.into_iter().chain(self.address_bans.get(&origin.address));
        if bans.any(|ban| holds(ban, self.now)) { Err("server_banned") } else { Ok(()) }
    }

    pub(super) fn add_account(&mut self, name: Name) -> AccountId {
        let id = AccountId(self.accounts.len() as i64 + 1);
        let account = Account {
            id,
            name: Some(name),
            version: 1,
            created: self.now,
            last_seen: None,
            away: None,
            operator: false,
            acks: false,
            ban: None,
            tries: (0, Timestamp(0)),
            tokens: Default::default(),
        };
        self.accounts.insert(id, account);
        id
    }

    fn begin_session(&mut self, client: ClientId, id: AccountId, origin: Origin, token: Option<Name>) {
        let room = self.rooms[&GENERAL].members.contains_key(&id).then_some(GENERAL);
        let session = Session {
            account: id,
            origin,
            since: self.now,
            token,
            hears: Default::default(),
            room,
            sent: 0,
            reply_to: None,
            heard: self.now,
            told_absent: Default::default(),
        };
        self.sessions.insert(client, session);
        for room in self.rooms_of(id).into_iter().filter(|_| origin.live) {
            self.go_live(client, room);
        }
    }

    /// From now on the connection is told what happens in the room.
    pub(super) fn go_live(&mut self, client: ClientId, id: RoomId) {
        let last = self.rooms[&id].last;
        let session = self.session(client);
        if session.hears.contains_key(&id) {
            return;
        }
        session.hears.insert(id, last);
        let account = session.account;
        let member = self.room(id).members.get_mut(&account).expect("it is a member");
        member.follows |= member.read == last;
    }

    /// `alive`: the connection broke, and was alive then for the last time; what came later may not have arrived.
    pub(super) fn end_session(&mut self, client: ClientId, alive: Option<Timestamp>) {
        let Some(session) = self.sessions.remove(&client) else { return };
        let id = session.account;
        let said = self.arrived.take();
        let others: Vec<Session> = self.sessions.values().filter(|other| other.account == id).cloned().collect();
        for room in self.rooms.values_mut() {
            // Another connection sees what comes.
            if others.iter().any(|other| other.hears.contains_key(&room.id)) {
                continue;
            }
            let alive = alive.map(|alive| alive.max(session.heard));
            let later = |(at, _): &&(Timestamp, Seq)| alive.is_some_and(|alive| at.0 / 1000 >= alive.0 / 1000);
            let arrived = room.lately.iter().find(later).map_or(room.last, |(_, seq)| *seq);
            if let Some(member) = room.members.get_mut(&id).filter(|member| member.follows) {
                member.follows = false;
                let arrived = match &said {
                    Some(said) => said.get(&room.id).copied().unwrap_or(member.read),
                    None => arrived.max(member.read),
                };
                member.read_up_to(arrived);
            }
        }
        self.store_use(&session);
        if others.is_empty() {
            self.account(id).last_seen = Some(self.now);
        }
    }

    pub(super) fn dismiss(&mut self, client: ClientId, farewell: Farewell) -> Result<(), Refused> {
        let session = self.sessions[&client].clone();
        let labels = self.rooms_of(session.account).into_iter().map(|room| self.label(room, session.account));
        let rooms = labels.filter(|label| matches!(label, RoomLabel::Room(_))).collect();
        let (name, sent) = (self.name(session.account), session.sent);
        self.tell(client, Event::Ended { name, farewell: farewell.clone(), sent, rooms });
        self.end_session(client, None);
        self.told.push((client, Told::End(farewell)));
        Ok(())
    }

    /// Ends all of `clients` and counts them.
    pub(super) fn dismiss_all(&mut self, clients: Vec<ClientId>, farewell: &Farewell) -> u64 {
        let closed = clients.len() as u64;
        for client in clients {
            self.dismiss(client, farewell.clone()).expect("it is never refused");
        }
        closed
    }

    pub(super) fn change_password(&mut self, asker: Asker) -> Result<(), Refused> {
        self.account(asker.account).version += 1;
        let mut others = self.clients_of(asker.account);
        others.retain(|client| *client != asker.client);
        let closed = self.dismiss_all(others, &Farewell::PasswordChanged);
        let tokens = self.tokens_of(asker.account).len() as u64;
        self.answer(asker, Event::PasswordChanged { closed, tokens })
    }

    pub(super) fn delete_account(&mut self, asker: Asker) -> Result<(), Refused> {
        let id = asker.account;
        self.check_not_last_operator(id)?;
        self.dismiss_all(self.clients_of(id), &Farewell::AccountDeleted);
        for room in self.rooms_of(id).into_iter().filter(|room| self.rooms[room].name.is_some()).collect::<Vec<_>>() {
            self.remove_member(room, id, &Departure::Deleted, None);
        }
        for room in self.rooms.values_mut() {
            room.invited.remove(&id);
        }
        let account = self.account(id);
        (account.name, account.away, account.operator, account.ban) = (None, None, false, None);
        account.tokens.clear();
        Ok(())
    }

    pub(super) fn list_sessions(&mut self, asker: Asker) -> Result<(), Refused> {
        let row = |client: &ClientId| {
            let session = &self.sessions[client];
            SessionRow {
                session: *client,
                front: session.origin.front,
                address: session.origin.address,
                since: session.since,
                heard: session.heard,
                token: session.token.clone(),
                own: *client == asker.client,
            }
        };
        let rows: Vec<SessionRow> = self.clients_of(asker.account).iter().map(row).collect();
        let (rows, ..) = self.page(&rows, 1);
        self.answer(asker, Event::Sessions { rows })
    }

    pub(super) fn close_session(&mut self, asker: Asker, session: ClientId) -> Result<(), Refused> {
        match self.sessions.get(&session) {
            Some(closed) if closed.account == asker.account => {}
            _ => return Err("no_such_session"),
        }
        if session == asker.client {
            return self.dismiss(session, Farewell::Quit);
        }
        self.dismiss(session, Farewell::ClosedElsewhere)?;
        self.answer(asker, Event::SessionClosed { session })
    }

    pub(super) fn set_acks(&mut self, asker: Asker, on: bool) -> Result<(), Refused> {
        self.account(asker.account).acks = on;
        self.answer(asker, Event::AcksSet { on })
    }

    pub(super) fn set_away(&mut self, asker: Asker, text: Option<Text>) -> Result<(), Refused> {
        if let Some(text) = &text {
            self.check_note(text)?;
        }
        self.account(asker.account).away = text.clone();
        self.answer(asker, Event::AwaySet { text })
    }

    pub(super) fn who(&mut self, asker: Asker, label: Option<&RoomLabel>, page: u64) -> Result<(), Refused> {
        let (room, rows): (_, Vec<Presence>) = match label {
            None => {
                let online = self.accounts.keys().filter(|account| self.is_online(**account));
                let mut rows: Vec<Presence> = online.map(|account| self.presence(*account, Role::Member)).collect();
                rows.sort_by_key(|presence| presence.name.folded());
                (None, rows)
            }
            Some(_) => {
                let id = self.find(asker, label)?;
                let members = self.rooms[&id].members.iter();
                let rows = members.map(|(account, member)| self.presence(*account, member.role)).collect();
                (Some(self.label(id, asker.account)), rows)
            }
        };
        let total = rows.len() as u64;
        let (rows, page, pages) = self.page(&rows, page);
        self.answer(asker, Event::People { room, rows, total, page, pages })
    }

    pub(super) fn whois(&mut self, asker: Asker, name: &Name) -> Result<(), Refused> {
        let account = self.account_named(name)?.clone();
        let shared = self.rooms.values().filter(|room| room.name.is_some() && room.members.contains_key(&account.id));
        let shared = shared.filter(|room| self.can_see(asker.account, room, self.now)).take(SHOWN_MAX);
        let rooms = shared.map(|room| self.label(room.id, asker.account)).collect();
        let mut addresses = Vec::new();
        if self.accounts[&asker.account].operator {
            addresses.extend(self.clients_of(account.id).iter().map(|client| self.sessions[client].origin.address));
            addresses.sort();
        }
        let who = self.presence(account.id, Role::Member);
        let Account { created, last_seen, operator, .. } = account;
        self.answer(asker, Event::Account { who, created, last_seen, operator, rooms, addresses })
    }

    pub(super) fn rooms_of(&self, account: AccountId) -> Vec<RoomId> {
        self.rooms.values().filter(|room| room.members.contains_key(&account)).map(|room| room.id).collect()
    }

    pub(super) fn others_here(&self, room: RoomId, viewer: AccountId) -> (Vec<Presence>, u64) {
        let others = self.rooms[&room].members.iter().filter(|(account, _)| **account != viewer);
        let online = others.filter(|(account, _)| self.is_online(**account));
        let mut here: Vec<Presence> = online.map(|(account, member)| self.presence(*account, member.role)).collect();
        let more = here.len().saturating_sub(HERE_NAMES_MAX) as u64;
        here.truncate(HERE_NAMES_MAX);
        (here, more)
    }
}
