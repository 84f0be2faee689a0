//! Sessions: registration, login, the list of connections, and the ends of sessions.

use std::collections::{BTreeMap, BTreeSet};

use super::lookup::page_bounds;
use super::room::Room;
use super::token::Token;
use super::{
    AccountId, Actor, Answer, Chat, ClientId, Effects, EnteredRoom, Event, Farewell, GENERAL, Grant, GrantedRange,
    INVITATIONS_SHOWN_MAX, InvitationRow, MISSED_MAX, Missed, Name, Origin, PasswordHash, PresenceChange, RECENT_LINES,
    Record, Refusal, Role, RoomId, RoomLabel, Seq, SessionRow, StoredBan, Text, Timestamp, TokenDigest, TokenScope,
    Welcome,
};
use crate::address::Address;

/// A logged-in connection.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub account: AccountId,
    pub origin: Origin,
    /// When it logged in.
    pub since: Timestamp,
    /// The token that it logged in with, if any. The session ends with it.
    pub token: Option<SessionToken>,
    /// Whether what it sends is a program's.
    pub program: bool,
    /// Whether what is delivered to it becomes read once it acts.
    pub reads: bool,
    /// A page of unread messages makes it read: somebody looks at a session with a cursor that was logged in by a token.
    pub reads_once_paged: bool,
    /// Where requests go that do not name a room.
    pub cursor: Cursor,
    /// How many messages it has sent.
    pub sent: u64,
    /// When it last sent a request.
    pub active: Timestamp,
    /// The pages of unread messages or of a backlog that were delivered since it last acted.
    pub shown: Vec<(RoomId, Seq, Seq)>,
    /// In these rooms the account has moved its position backwards: by acting it reads only what comes after this number.
    pub set_back: BTreeMap<RoomId, Seq>,
    /// [`Chat::settled_turns`] when it last acted: unless that has changed, nothing new was delivered to it.
    pub acted: u64,
    /// When read positions of its account were last stored because it acts, or when it began.
    pub positions_stored: Timestamp,
    /// Absent correspondents that it was notified of, with their away texts. It is notified again only when that changes.
    pub known_absent: BTreeMap<AccountId, Option<Text>>,
}

/// The token of a session, as it was when the session began; only its use changes after that.
#[derive(Clone, Debug)]
pub(super) struct SessionToken {
    /// Its identity: another token may have its name later.
    pub digest: TokenDigest,
    pub name: Name,
    pub scope: TokenScope,
    pub until: Option<Timestamp>,
}

/// The defaults of requests that name no room or no recipient. Stays empty in sessions without this trait.
#[derive(Clone, Debug, Default)]
pub(super) struct Cursor {
    /// The current room.
    pub place: Place,
    /// The author of the last direct message.
    pub reply_to: Option<AccountId>,
    /// Who that was before, and until when.
    pub reply_before: Option<(AccountId, Timestamp)>,
}

/// Where a session talks.
#[derive(Clone, Debug, Default)]
pub(super) enum Place {
    /// In no room.
    #[default]
    Nowhere,
    /// In this room.
    Room(RoomId),
    /// In no room since somebody else, or another connection of the account, took it out of this one. Requests without a
    /// room are refused until it goes to one, since a line that is being typed is meant for the lost one.
    Lost(RoomLabel),
}

impl Cursor {
    /// The current room, if it has one.
    pub fn room(&self) -> Option<RoomId> {
        match self.place {
            Place::Room(room) => Some(room),
            Place::Nowhere | Place::Lost(_) => None,
        }
    }

    /// Somebody has sent a direct message.
    pub fn reply_to(&mut self, author: AccountId, now: Timestamp) {
        match self.reply_to.replace(author) {
            Some(before) if before != author => self.reply_before = Some((before, now)),
            _ => {}
        }
    }
}

impl Session {
    fn new(account: AccountId, origin: Origin, now: Timestamp, token: Option<SessionToken>) -> Session {
        Session {
            account,
            origin,
            since: now,
            program: origin.program.unwrap_or(token.is_some()),
            reads: origin.reads.unwrap_or(token.is_none()),
            reads_once_paged: origin.reads.is_none() && origin.traits.cursor,
            token,
            cursor: Cursor::default(),
            sent: 0,
            active: now,
            shown: Vec::new(),
            set_back: BTreeMap::new(),
            acted: 0,
            positions_stored: now,
            known_absent: BTreeMap::new(),
        }
    }

    /// Whether it was logged in by this token.
    pub fn is_by(&self, digest: TokenDigest) -> bool {
        self.token.as_ref().is_some_and(|token| token.digest == digest)
    }

    /// When its token expires, if it has one that does.
    fn expires(&self) -> Option<Timestamp> {
        self.token.as_ref().and_then(|token| token.until)
    }

    /// The number after which it listens to a room, and reads by acting; `None` if it does not listen.
    pub fn listens_after(&self, room: &Room, client: ClientId) -> Option<Seq> {
        let set_back = self.set_back.get(&room.id).copied().unwrap_or(0);
        room.listens_since(client).map(|since| since.max(set_back))
    }

    /// Moves the cursor, if the session has one. Returns the room that was current before.
    pub fn go_to(&mut self, room: RoomId) -> Option<RoomId> {
        if !self.origin.traits.cursor {
            return None;
        }
        let before = self.cursor.room();
        self.cursor.place = Place::Room(room);
        before
    }
}

/// All sessions. Changes can be rolled back, so that after a failed commit a client's current room and its count of sent
/// messages are what they were.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    by_client: BTreeMap<ClientId, Session>,
    /// The sessions that changed since the last [`Sessions::settle`], as they were then.
    before: BTreeMap<ClientId, Session>,
    /// The sessions that requested presence, with their accounts.
    watchers: BTreeMap<ClientId, AccountId>,
    /// The sessions that end when their tokens expire.
    expiring: BTreeSet<(Timestamp, ClientId)>,
}

impl Sessions {
    fn insert(&mut self, client: ClientId, session: Session) {
        if session.origin.traits.presence {
            self.watchers.insert(client, session.account);
        }
        if let Some(until) = session.expires() {
            self.expiring.insert((until, client));
        }
        self.by_client.insert(client, session);
    }

    fn remove(&mut self, client: ClientId) -> Option<Session> {
        self.watchers.remove(&client);
        let session = self.by_client.remove(&client)?;
        if let Some(until) = session.expires() {
            self.expiring.remove(&(until, client));
        }
        Some(session)
    }

    /// The sessions whose tokens have expired.
    pub fn expired(&self, now: Timestamp) -> Vec<ClientId> {
        self.expiring.iter().take_while(|(until, _)| *until <= now).map(|(_, client)| *client).collect()
    }

    /// The sessions that requested presence, with their accounts.
    pub fn watchers(&self) -> impl Iterator<Item = (ClientId, AccountId)> {
        self.watchers.iter().map(|(client, account)| (*client, *account))
    }

    pub fn get(&self, client: ClientId) -> Option<&Session> {
        self.by_client.get(&client)
    }

    /// The session, for changes that [`Sessions::roll_back`] undoes.
    pub fn get_mut(&mut self, client: ClientId) -> Option<&mut Session> {
        let session = self.by_client.get_mut(&client)?;
        self.before.entry(client).or_insert_with(|| session.clone());
        Some(session)
    }

    /// The session, for changes that hold even if the turn cannot be stored.
    pub fn get_mut_without_undo(&mut self, client: ClientId) -> Option<&mut Session> {
        self.by_client.get_mut(&client)
    }

    pub fn iter(&self) -> impl Iterator<Item = (ClientId, &Session)> {
        self.by_client.iter().map(|(client, session)| (*client, session))
    }

    /// The changes are stored, and no longer undone.
    pub fn settle(&mut self) {
        self.before.clear();
    }

    /// Sessions that still exist become what they were when they were last settled. That their clients have sent requests
    /// remains true.
    pub fn roll_back(&mut self) {
        for (client, before) in std::mem::take(&mut self.before) {
            self.by_client.entry(client).and_modify(|session| *session = Session { active: session.active, ..before });
        }
    }
}

impl Chat {
    #[expect(clippy::too_many_arguments, reason = "the parts of one input, each of its own type")]
    pub(super) fn register(
        &mut self,
        now: Timestamp,
        client: ClientId,
        name: Name,
        hash: PasswordHash,
        code: Option<TokenDigest>,
        origin: Origin,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        self.check_may_enter(now, client, None, origin.address)?;
        self.check_registration(now, &name, code)?;
        let bans = self.bans_of_name(now, &name);
        let id = self.accounts.next_id();
        self.record(Record::AccountCreated { id, name: name.clone(), hash, at: now }, effects);
        if let Some(digest) = code.filter(|digest| self.registration_codes.contains_key(digest)) {
            self.record(Record::RegistrationCodeRemoved { digest }, effects);
        }
        for (room, StoredBan { by, at, until, why }) in bans {
            self.record(Record::BanCreated { room, account: id, by, at, until, why }, effects);
        }
        let audience = self.rooms.get_mut(GENERAL).audience();
        self.add_member(now, GENERAL, id, Role::Member, effects);
        let general = self.label(GENERAL, id);
        effects.notify_all(audience, None, Event::MemberJoined { room: general, who: name.clone() });
        self.begin_session(client, Session::new(id, origin, now, None), effects);
        let room = self.entered_room(GENERAL, id, true);
        Ok(Answer::Entered(Event::Registered { name, room }, self.recent(id, GENERAL)))
    }

    pub(super) fn log_in_by_password(
        &mut self,
        now: Timestamp,
        client: ClientId,
        id: AccountId,
        password_version: u64,
        origin: Origin,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let account = self.accounts.try_get(id).filter(|account| account.password_version == password_version);
        account.ok_or(Refusal::WrongPassword)?;
        self.log_in(now, client, id, origin, None, effects)
    }

    pub(super) fn log_in_by_token(
        &mut self,
        now: Timestamp,
        client: ClientId,
        name: &Name,
        digest: TokenDigest,
        origin: Origin,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let account = self.accounts.find(name).ok_or(Refusal::WrongPassword)?;
        let id = account.id;
        let is_shown = |(_, token): &(&Name, &Token)| token.digest == digest && token.is_valid(now);
        let (name, token) = account.tokens.iter().find(is_shown).ok_or(Refusal::WrongPassword)?;
        let token = SessionToken { digest, name: name.clone(), scope: token.scope, until: token.until };
        self.log_in(now, client, id, origin, Some(token), effects)
    }

    pub(super) fn log_in(
        &mut self,
        now: Timestamp,
        client: ClientId,
        id: AccountId,
        origin: Origin,
        token: Option<SessionToken>,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let account = self.accounts.get(id);
        let name = account.name.clone().ok_or(Refusal::WrongPassword)?;
        self.check_may_enter(now, client, Some(id), origin.address)?;
        let (last_seen, away) = (account.last_seen, account.away.clone());
        let others = account.clients.len() as u64;
        let (missed, more, more_unread) = self.missed(id);
        let notices = self.take_notices(id, effects);
        self.begin_session(client, Session::new(id, origin, now, token), effects);
        let room = self.session(client).cursor.room().map(|room| self.label(room, id));
        let (invitations, more_invitations) = self.invitations_of(id, now);
        Ok(Answer::Event(Event::LoggedIn(Welcome {
            name,
            last_seen,
            room,
            away,
            missed,
            more,
            more_unread,
            invitations,
            more_invitations,
            notices,
            others,
        })))
    }

    /// Whether a new account can have this name.
    pub fn check_name(&self, name: &Name) -> Result<(), Refusal> {
        if name.is_reserved() {
            return Err(Refusal::NameReserved { name: name.clone() });
        }
        if self.accounts.is_taken(name) {
            return Err(Refusal::NameTaken { name: name.clone() });
        }
        Ok(())
    }

    pub(super) fn check_may_enter(
        &self,
        now: Timestamp,
        client: ClientId,
        account: Option<AccountId>,
        address: Address,
    ) -> Result<(), Refusal> {
        if self.is_logged_in(client) {
            return Err(Refusal::AlreadyLoggedIn);
        }
        let account_ban = account.and_then(|id| self.account_bans.get(&id));
        let bans = account_ban.into_iter().chain(self.address_bans.get(&address));
        match bans.into_iter().find(|ban| ban.holds(now)) {
            Some(ban) => Err(Refusal::ServerBanned { until: ban.until, why: ban.why.clone() }),
            None => Ok(()),
        }
    }

    fn begin_session(&mut self, client: ClientId, mut session: Session, effects: &mut Effects) {
        let id = session.account;
        let is_first = self.accounts.connect(id, client);
        let rooms = &self.accounts.get(id).rooms;
        if rooms.contains(&GENERAL) {
            session.go_to(GENERAL);
        }
        for id_of_room in rooms {
            let Some(room) = self.rooms.try_get_mut(*id_of_room) else { continue };
            room.present.insert(id);
            if session.origin.live {
                room.listen(client);
            }
        }
        self.sessions.insert(client, session);
        if is_first {
            self.notify_presence(id, PresenceChange::Online, effects);
        }
    }

    /// Ends a session, if the client has one. Delivers nothing to it: that is the caller's.
    pub(super) fn end_session(&mut self, now: Timestamp, client: ClientId, effects: &mut Effects) {
        let Some(session) = self.sessions.remove(client) else { return };
        let id = session.account;
        let is_last = self.accounts.disconnect(id, client);
        for id_of_room in &self.accounts.get(id).rooms {
            let Some(room) = self.rooms.try_get_mut(*id_of_room) else { continue };
            room.stop_listening(client);
            if is_last {
                room.present.remove(&id);
            }
        }
        self.store_positions(id, effects);
        let account = self.accounts.get(id);
        if let Some(SessionToken { name, digest, .. }) = session.token
            && account.tokens.get(&name).is_some_and(|token| token.digest == digest && token.used < Some(session.since))
        {
            self.record(Record::TokenUsed { account: id, name, at: session.since }, effects);
        }
        if is_last && self.accounts.get(id).name.is_some() {
            self.record(Record::Seen { id, at: now }, effects);
            self.notify_presence(id, PresenceChange::Offline, effects);
        }
    }

    /// Ends a session for a reason of the chat. Returns its last event, which the caller delivers.
    pub(super) fn dismiss(
        &mut self,
        now: Timestamp,
        client: ClientId,
        farewell: Farewell,
        effects: &mut Effects,
    ) -> Option<Event> {
        let session = self.sessions.get(client)?;
        let (account, sent) = (session.account, session.sent);
        let (name, rooms) = (self.name(account), self.named_rooms_of(account));
        self.end_session(now, client, effects);
        effects.end(client, farewell.clone());
        Some(Event::Ended { name, farewell, sent, rooms })
    }

    /// Ends the sessions of clients other than the requester, and delivers their last events.
    pub(super) fn dismiss_others(
        &mut self,
        now: Timestamp,
        clients: &[ClientId],
        farewell: &Farewell,
        effects: &mut Effects,
    ) {
        for client in clients {
            let place = effects.deliveries.len();
            if let Some(event) = self.dismiss(now, *client, farewell.clone(), effects) {
                effects.insert(place, *client, event);
            }
        }
    }

    pub(super) fn quit(&mut self, actor: Actor, farewell: Farewell, effects: &mut Effects) -> Result<Event, Refusal> {
        let ended = self.dismiss(actor.now, actor.client, farewell, effects);
        Ok(ended.expect("the requester has a session"))
    }

    pub(super) fn list_sessions(&self, actor: Actor, page: u64) -> Event {
        let row = |client: &ClientId| {
            let session = self.session(*client);
            SessionRow {
                session: *client,
                protocol: session.origin.protocol,
                address: session.origin.address,
                since: session.since,
                active: session.active,
                token: session.token.as_ref().map(|token| token.name.clone()),
                own: *client == actor.client,
            }
        };
        let clients = &self.accounts.get(actor.account).clients;
        let (range, page, pages) = page_bounds(clients.len(), page, self.limits.page_rows());
        let rows = clients[range].iter().map(row).collect();
        Event::Sessions { rows, total: clients.len() as u64, page, pages }
    }

    pub(super) fn close_session(
        &mut self,
        actor: Actor,
        client: ClientId,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        if !self.accounts.get(actor.account).clients.contains(&client) {
            return Err(Refusal::NoSuchSession { session: client });
        }
        if client == actor.client {
            return self.quit(actor, Farewell::Quit, effects);
        }
        self.dismiss_others(actor.now, &[client], &Farewell::ClosedElsewhere, effects);
        Ok(Event::SessionClosed { session: client })
    }

    /// The session of a client that has one.
    pub(super) fn session(&self, client: ClientId) -> &Session {
        self.sessions.get(client).expect("the requester has a session")
    }

    pub(super) fn session_mut(&mut self, client: ClientId) -> &mut Session {
        self.sessions.get_mut(client).expect("the requester has a session")
    }

    /// The rooms of an account with their unread messages, in the order of their creation: at most [`MISSED_MAX`], those
    /// with unread messages first. Then the number of the other rooms, and of the messages that are unread there.
    pub(super) fn missed(&self, id: AccountId) -> (Vec<Missed>, u64, u64) {
        let rooms: Vec<(&Room, u64)> = self.rooms_of(id).map(|room| (room, room.unread(id))).collect();
        let news = rooms.iter().filter(|(_, unread)| *unread > 0).count();
        let (mut news_left, mut quiet_left) = (MISSED_MAX, MISSED_MAX.saturating_sub(news));
        let (mut missed, mut more, mut more_unread) = (Vec::new(), 0, 0);
        for (room, unread) in rooms {
            let left = if unread > 0 { &mut news_left } else { &mut quiet_left };
            match left.checked_sub(1) {
                Some(less) => {
                    *left = less;
                    missed.push(self.missed_in(room, id));
                }
                None => (more, more_unread) = (more + 1, more_unread + unread),
            }
        }
        (missed, more, more_unread)
    }

    /// A room of an account, with its unread messages.
    pub(super) fn missed_in(&self, room: &Room, id: AccountId) -> Missed {
        let mentions = room.members[&id].unread_mentions();
        Missed { room: self.label(room.id, id), new: room.unread(id), mentions, last: room.last_seq }
    }

    /// The open invitations of an account, at most [`INVITATIONS_SHOWN_MAX`], and the number of the others.
    fn invitations_of(&self, id: AccountId, now: Timestamp) -> (Vec<InvitationRow>, u64) {
        let rooms = self.accounts.get(id).invitations.iter().map(|room| self.rooms.get(*room));
        let mut open = rooms.filter(|room| room.invites(id, now));
        let row = |room: &Room| {
            let invitation = &room.invitations[&id];
            let by = self.name(invitation.by);
            InvitationRow {
                room: self.label(room.id, id),
                visibility: self.visibility(room.id),
                by,
                until: invitation.until,
            }
        };
        let shown = open.by_ref().take(INVITATIONS_SHOWN_MAX).map(row).collect();
        (shown, open.count() as u64)
    }

    /// The description of a room for an account that enters it.
    pub(super) fn entered_room(&self, id: RoomId, account: AccountId, joined: bool) -> EnteredRoom {
        let (here, more) = self.others_here(id, account);
        let room = self.rooms.get(id);
        EnteredRoom {
            room: self.label(id, account),
            topic: self.topic_of(room),
            joined,
            here,
            more,
            members: room.members.len() as u64,
            messages: room.last_seq,
        }
    }

    /// The last few messages of a room, for somebody who enters it.
    pub(super) fn recent(&self, account: AccountId, room: RoomId) -> Grant {
        let last = self.rooms.get(room).last_seq;
        let from = last.saturating_sub(RECENT_LINES) + 1;
        let range = GrantedRange { room: self.label(room, account), from, to: last, last };
        Grant { ranges: if from <= last { vec![range] } else { Vec::new() }, remaining: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_chat::{ANA, BOB, TestChat, name, room, text};
    use super::super::{ChatLimits, Command, MessageKind, Query, Visibility};
    use super::*;

    const BOBS: AccountId = AccountId(3);

    /// Bob is in the first room and in `rooms` others, and missed a message in the last of them.
    fn missing(rooms: usize) -> TestChat {
        let mut chat = TestChat::new();
        chat.chat.limits =
            ChatLimits { rooms_per_account_max: 1000, rooms_created_per_hour_max: 1000, ..chat.chat.limits };
        for number in 0..rooms {
            let name = name(&format!("room{number}"));
            chat.command(ANA, Command::Create { name: name.clone(), visibility: Visibility::Public });
            chat.command(BOB, Command::Join { room: super::super::RoomLabel::Room(name), visibility: None });
            chat.chat.settle();
        }
        chat.command(BOB, Command::Quit);
        chat.chat.settle();
        let (kind, room) = (MessageKind::Speech, Some(room(&format!("room{}", rooms - 1))));
        chat.command(ANA, Command::Say { room, kind, text: text("hello"), key: None });
        chat.chat.settle();
        chat
    }

    #[test]
    fn a_login_shows_a_bounded_number_of_rooms_and_those_with_news_first() {
        let (missed, more, more_unread) = missing(3).chat.missed(BOBS);
        assert_eq!((missed.len(), more, more_unread), (4, 0, 0));
        let (missed, more, more_unread) = missing(500).chat.missed(BOBS);
        assert_eq!((missed.len(), more, more_unread), (MISSED_MAX, 101, 0));
        assert_eq!(missed.last().map(|missed| (missed.room.label.clone(), missed.new)), Some((room("room499"), 1)));
    }

    #[test]
    fn all_rooms_are_listed_by_pages() {
        let mut chat = missing(500);
        chat.log_in_again();
        let mut rooms = Vec::new();
        for page in 1.. {
            let answer = chat.chat.ask(Timestamp(0), ClientId(BOB), &Query::OwnRooms { page });
            let Some(Event::OwnRooms { rows, total: 501, pages, .. }) = answer.event() else { panic!("{answer:?}") };
            assert!(rows.len() <= 81);
            rooms.extend(rows.iter().map(|row| row.room.id));
            if page == *pages {
                break;
            }
        }
        rooms.sort();
        rooms.dedup();
        assert_eq!(rooms.len(), 501);
    }

    #[test]
    fn a_login_shows_a_bounded_number_of_invitations() {
        let mut chat = TestChat::new();
        for number in 0..60 {
            let name = name(&format!("room{number}"));
            chat.command(ANA, Command::Create { name: name.clone(), visibility: Visibility::Private });
            let invited = super::super::RoomLabel::Room(name);
            chat.command(ANA, Command::Invite { who: super::super::test_chat::name("bob"), room: Some(invited) });
            chat.chat.settle();
        }
        let (invitations, more) = chat.chat.invitations_of(BOBS, chat.now);
        assert_eq!((invitations.len(), more), (INVITATIONS_SHOWN_MAX, 10));
        assert!(chat.command(BOB, Command::Accept { what: None, by: None }), "one must be named");
    }
}
