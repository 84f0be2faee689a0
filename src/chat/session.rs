//! Sessions: getting in, being connected, getting out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::account::Account;
use super::room::Member;
use super::token::Token;
use super::{
    AccountId, Ask, Chat, ClientId, Effects, Event, Farewell, GENERAL, Grant, GrantedRange, InvitationRow, Missed,
    Name, Origin, PasswordHash, Purpose, RECENT_LINES, ReadMark, Record, Refusal, Role, RoomId, Seq, SessionRow, Text,
    Timestamp, TokenDigest,
};
use crate::address::Address;

/// A logged-in connection.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub account: AccountId,
    pub origin: Origin,
    /// When it logged in.
    pub since: Timestamp,
    /// The token by which it was logged in, if it was.
    pub token: Option<Name>,
    /// By room, for a client that may resume: what came after this number is delivered to it by itself. A room that is
    /// not here is silent. `None` for clients that cannot resume: they hear all their rooms. Shared, as the session is
    /// copied before it changes.
    pub live: Option<Arc<BTreeMap<RoomId, Seq>>>,
    /// Where it talks.
    pub room: Option<RoomId>,
    /// How many messages it has sent.
    pub sent: u64,
    /// Who last wrote to it directly.
    pub reply_to: Option<AccountId>,
    /// When it last asked for something: what was delivered before has arrived.
    pub heard: Timestamp,
    /// Whose absence it has been told, and how that was: it is told again only when it has changed.
    pub told_absent: BTreeMap<AccountId, Option<Text>>,
}

impl Session {
    fn new(account: AccountId, origin: Origin, now: Timestamp, token: Option<Name>) -> Session {
        Session {
            account,
            origin,
            since: now,
            token,
            live: origin.front.is_for_programs().then(Arc::default),
            room: None,
            sent: 0,
            reply_to: None,
            heard: now,
            told_absent: BTreeMap::new(),
        }
    }

    /// From after `last` on, what is said in a room is delivered to it.
    pub fn go_live(&mut self, room: RoomId, last: Seq) {
        if let Some(live) = &mut self.live {
            Arc::make_mut(live).insert(room, last);
        }
    }

    /// It is in the room no more.
    pub fn forget(&mut self, room: RoomId) {
        if let Some(live) = &mut self.live {
            Arc::make_mut(live).remove(&room);
        }
    }
}

/// The logged-in connections, and what changed ones were before the changes were stored: after a commit that failed a
/// client talks where it did, and has sent what it had.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    by_client: BTreeMap<ClientId, Session>,
    /// Sessions changed since the last [`Sessions::settle`], as they were then.
    before: BTreeMap<ClientId, Session>,
}

impl Sessions {
    pub fn get(&self, client: ClientId) -> Option<&Session> {
        self.by_client.get(&client)
    }

    /// The session, to be changed.
    pub fn get_mut(&mut self, client: ClientId) -> Option<&mut Session> {
        let session = self.by_client.get_mut(&client)?;
        self.before.entry(client).or_insert_with(|| session.clone());
        Some(session)
    }

    /// The client has asked for something.
    pub fn heard(&mut self, client: ClientId, now: Timestamp) {
        if let Some(session) = self.by_client.get_mut(&client) {
            session.heard = now;
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (ClientId, &Session)> {
        self.by_client.iter().map(|(client, session)| (*client, session))
    }

    /// What has changed is stored.
    pub fn settle(&mut self) {
        self.before.clear();
    }

    /// Those who are connected, as they were when it last was settled.
    fn settled(&self) -> impl Iterator<Item = (ClientId, &Session)> {
        self.by_client.iter().map(|(client, session)| (*client, self.before.get(client).unwrap_or(session)))
    }
}

impl Chat {
    pub(super) fn register(
        &mut self,
        now: Timestamp,
        client: ClientId,
        name: Name,
        hash: PasswordHash,
        origin: Origin,
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        self.check_may_enter(now, client, None, origin.address)?;
        self.check_name(&name)?;
        let id = self.accounts.next_id();
        effects.store(Record::AccountMade { id, name: name.clone(), hash, at: now });
        self.accounts.insert(Account::new(id, name.clone(), now));
        let audience = self.rooms.get_mut(GENERAL).audience();
        self.add_member(now, GENERAL, id, Role::Member, effects);
        let general = self.label(GENERAL, id);
        effects.tell_all(audience, None, Event::MemberJoined { room: general.clone(), who: name.clone() });
        self.begin_session(client, Session::new(id, origin, now, None));

        let (here, more) = self.others_here(GENERAL, id);
        let messages = self.rooms.get(GENERAL).last_seq;
        effects.tell(client, Event::Registered { name, room: general, here, more, messages });
        self.grant_recent(client, id, GENERAL, Purpose::FirstSight, effects);
        Ok(())
    }

    pub(super) fn log_in_by_password(
        &mut self,
        now: Timestamp,
        client: ClientId,
        id: AccountId,
        password_version: u64,
        origin: Origin,
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
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
    ) -> Result<(), Refusal> {
        let account = self.accounts.find(name).ok_or(Refusal::WrongPassword)?;
        let id = account.id;
        let is_shown = |(_, token): &(&Name, &Token)| token.digest == digest && token.holds(now);
        let token = account.tokens.iter().find(is_shown).map(|(token, _)| token.clone());
        let token = token.ok_or(Refusal::WrongPassword)?;
        self.log_in(now, client, id, origin, Some(token.clone()), effects)?;
        self.note_use(id, &token, now);
        Ok(())
    }

    /// A token was used. Stored when the session ends, like all that is only of interest then: a thousand programs that
    /// come back at once need no commit to get in.
    fn note_use(&mut self, id: AccountId, token: &Name, at: Timestamp) {
        // Another token may have the name by now.
        let token = self.accounts.get_mut(id).tokens.get_mut(token).filter(|token| token.created <= at);
        if let Some(token) = token {
            token.used = token.used.max(Some(at));
        }
    }

    fn log_in(
        &mut self,
        now: Timestamp,
        client: ClientId,
        id: AccountId,
        origin: Origin,
        token: Option<Name>,
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        let account = self.accounts.get(id);
        let name = account.name.clone().ok_or(Refusal::WrongPassword)?;
        self.check_may_enter(now, client, Some(id), origin.address)?;
        let (last_seen, away) = (account.last_seen, account.away.clone());
        let others = account.clients.len() as u64;
        let missed = self.missed(id);
        self.begin_session(client, Session::new(id, origin, now, token));
        let room = self.session(client).room.map(|room| self.label(room, id));
        let invitations = self.invitations_of(id, now);
        effects.tell(client, Event::LoggedIn { name, last_seen, room, away, missed, invitations, others });
        Ok(())
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

    fn check_may_enter(
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

    fn begin_session(&mut self, client: ClientId, mut session: Session) {
        let id = session.account;
        self.accounts.connect(id, client);
        let rooms = &self.accounts.get(id).rooms;
        session.room = rooms.contains(&GENERAL).then_some(GENERAL);
        for room in rooms {
            let room = self.rooms.get_mut(*room);
            room.present.insert(id);
            if session.origin.live {
                room.listen(client);
                let last = room.last_seq;
                let member = room.members.get_mut(&id).expect("an account is a member of its rooms");
                member.follows |= member.read == last;
                session.go_live(room.id, last);
            }
        }
        self.sessions.by_client.insert(client, session);
    }

    /// Takes over the sessions of the chat that this one replaces, but for those whose accounts the store does not have.
    pub(super) fn take_over(&mut self, old: &Chat) {
        self.rooms.remember_lately(&old.rooms);
        old.sessions.settled().for_each(|(client, session)| self.take_over_one(client, session, old));
    }

    fn take_over_one(&mut self, client: ClientId, session: &Session, old: &Chat) {
        let id = session.account;
        if self.accounts.try_get(id).is_none_or(|account| account.name.is_none()) {
            return;
        }
        self.begin_session(client, session.clone());
        if let Some(token) = &session.token {
            self.note_use(id, token, session.since);
        }
        for room in &self.accounts.get(id).rooms {
            let before = old.rooms.try_get(*room).and_then(|room| room.members.get(&id));
            let room = self.rooms.get_mut(*room);
            if session.live.as_ref().is_some_and(|live| !live.contains_key(&room.id)) {
                room.stop_listening(client);
                continue;
            }
            room.listen(client);
            let last = room.last_seq;
            let member = room.members.get_mut(&id).expect("an account is a member of its rooms");
            // A read position does not move while its member follows: where it did, that was not stored.
            let followed = before.is_some_and(|before| before.follows && before.read == member.read);
            member.follows |= followed || member.read == last;
        }
        let heard = old.session(client).heard;
        let room = session.room.filter(|room| self.accounts.get(id).rooms.contains(room));
        let current = self.sessions.by_client.get_mut(&client).expect("it was begun above");
        *current = Session { room, heard, ..session.clone() };
    }

    /// Ends a session, if the client has one. Nothing is said: whoever ends it has said what there is to say. `alive_at`:
    /// the connection broke, and is known to have lived at that moment, but not after it.
    pub(super) fn end_session(
        &mut self,
        now: Timestamp,
        client: ClientId,
        alive_at: Option<Timestamp>,
        effects: &mut Effects,
    ) {
        let Some(session) = self.sessions.by_client.remove(&client) else { return };
        let id = session.account;
        let last = self.accounts.disconnect(id, client);
        for room in &self.accounts.get(id).rooms {
            let room = self.rooms.get_mut(*room);
            room.stop_listening(client);
            if last {
                room.present.remove(&id);
            }
            let is_heard = room.is_heard(&self.accounts.get(id).clients);
            let arrived = alive_at.map_or(room.last_seq, |alive_at| room.last_before(alive_at.max(session.heard)));
            let member = room.members.get_mut(&id).expect("an account is a member of its rooms");
            if !is_heard && member.follows {
                member.follows = false;
                let seq = arrived.max(member.read);
                member.mentions.retain(|mention| *mention > seq);
                if member.read != seq {
                    member.read = seq;
                    effects.store(Record::ReadSet { room: room.id, account: id, read: ReadMark::up_to(seq) });
                }
            }
        }
        let tokens = &self.accounts.get(id).tokens;
        let is_same = |name: &Name| tokens.get(name).is_some_and(|token| token.created <= session.since);
        if let Some(token) = session.token.filter(is_same) {
            effects.store(Record::TokenUsed { account: id, name: token, at: session.since });
        }
        if last && self.accounts.get(id).name.is_some() {
            self.accounts.get_mut(id).last_seen = Some(now);
            effects.store(Record::Seen { id, at: now });
        }
    }

    /// Says goodbye to a client and ends its session.
    pub(super) fn dismiss(&mut self, now: Timestamp, client: ClientId, farewell: Farewell, effects: &mut Effects) {
        let Some(session) = self.sessions.get(client) else { return };
        let (account, sent) = (session.account, session.sent);
        let (name, rooms) = (self.name(account), self.named_rooms_of(account));
        effects.tell(client, Event::Ended { name, farewell: farewell.clone(), sent, rooms });
        self.end_session(now, client, None, effects);
        effects.end(client, farewell);
    }

    pub(super) fn quit(&mut self, ask: &mut Ask, farewell: Farewell) -> Result<(), Refusal> {
        self.dismiss(ask.now, ask.client, farewell, ask.effects);
        Ok(())
    }

    pub(super) fn list_sessions(&mut self, ask: &mut Ask) -> Result<(), Refusal> {
        let row = |client: &ClientId| {
            let session = self.session(*client);
            SessionRow {
                session: *client,
                front: session.origin.front,
                address: session.origin.address,
                since: session.since,
                heard: session.heard,
                token: session.token.clone(),
                own: *client == ask.client,
            }
        };
        let clients = self.accounts.get(ask.account).clients.iter();
        let rows = clients.take(usize::try_from(self.limits.list_page_rows).unwrap_or(usize::MAX)).map(row).collect();
        ask.answer(Event::Sessions { rows });
        Ok(())
    }

    pub(super) fn close_session(&mut self, ask: &mut Ask, client: ClientId) -> Result<(), Refusal> {
        if !self.accounts.get(ask.account).clients.contains(&client) {
            return Err(Refusal::NoSuchSession { session: client });
        }
        if client == ask.client {
            return self.quit(ask, Farewell::Quit);
        }
        self.dismiss(ask.now, client, Farewell::ClosedElsewhere, ask.effects);
        ask.answer(Event::SessionClosed { session: client });
        Ok(())
    }

    /// The session of a client that has one.
    pub(super) fn session(&self, client: ClientId) -> &Session {
        self.sessions.get(client).expect("whoever asks has a session")
    }

    pub(super) fn session_mut(&mut self, client: ClientId) -> &mut Session {
        self.sessions.get_mut(client).expect("whoever asks has a session")
    }

    /// What an account has not read, room by room: every room it is in.
    pub(super) fn missed(&self, id: AccountId) -> Vec<Missed> {
        let row = |room: &RoomId| {
            let unread = self.rooms.get(*room).unread(id);
            let member: &Member = &self.rooms.get(*room).members[&id];
            let mentions = if member.follows { 0 } else { member.mentions.len() as u64 };
            Missed { room: self.label(*room, id), new: unread, mentions, last: self.rooms.get(*room).last_seq }
        };
        self.accounts.get(id).rooms.iter().map(row).collect()
    }

    fn invitations_of(&self, id: AccountId, now: Timestamp) -> Vec<InvitationRow> {
        let rooms = self.accounts.get(id).invitations.iter().map(|room| self.rooms.get(*room));
        let open = rooms.filter(|room| room.invites(id, now));
        open.filter_map(|room| {
            let invitation = &room.invitations[&id];
            let by = self.name(invitation.by);
            room.name().map(|name| InvitationRow { room: name.clone(), by, until: invitation.until })
        })
        .collect()
    }

    /// Lets a client read the last few messages of a room that it enters.
    pub(super) fn grant_recent(
        &self,
        client: ClientId,
        account: AccountId,
        room: RoomId,
        purpose: Purpose,
        effects: &mut Effects,
    ) {
        let last = self.rooms.get(room).last_seq;
        let from = last.saturating_sub(RECENT_LINES) + 1;
        let label = self.label(room, account);
        let range = GrantedRange { room, label, from, to: last, last };
        let ranges = if range.from <= range.to { vec![range] } else { Vec::new() };
        effects.grant(client, Grant { ranges, purpose });
    }
}
