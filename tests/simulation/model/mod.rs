//! The same chat told as plainly as possible: a few tables, searched from end to end, and rules written down a second
//! time. It says what every client must be told after each input, and what the store must then hold.
//!
//! Slow and simple on purpose: no index, no cache, no shared audience. Where the chat and the model differ, one of
//! them is wrong.

mod moderation;
mod people;
mod reading;
mod resume;
mod room;
mod rooms;
mod stored;
mod talk;
mod token;
mod told;

use std::collections::BTreeMap;

use chat_server::address::Address;
use chat_server::chat::{
    AccountId, ClientId, Code, Command, Event, Farewell, GENERAL, Input, Limits, Name, Origin, Presence, Role, RoomId,
    RoomLabel, SYSTEM, Seq, StoredBan, Text, Timestamp,
};

use talk::Saying;

pub use room::{Member, Room};
pub use token::Token;
pub use told::Told;

/// The code of a refusal.
pub type Refused = &'static str;

#[derive(Clone, Debug)]
pub struct Account {
    pub id: AccountId,
    pub name: Option<Name>,
    pub version: u64,
    created: Timestamp,
    last_seen: Option<Timestamp>,
    away: Option<Text>,
    pub operator: bool,
    acks: bool,
    ban: Option<StoredBan>,
    /// How many wrong codes, since when.
    tries: (u32, Timestamp),
    pub tokens: BTreeMap<Name, Token>,
}

impl Account {
    pub fn label(&self) -> Name {
        let ghost = || Name::parse(&format!("ghost-{}", self.id)).unwrap();
        self.name.clone().unwrap_or_else(ghost)
    }
}

#[derive(Clone, Debug)]
pub struct Session {
    pub account: AccountId,
    pub origin: Origin,
    since: Timestamp,
    /// By which it was logged in.
    token: Option<Name>,
    /// The rooms of which it is told what happens, each with the last number before that began.
    pub hears: BTreeMap<RoomId, Seq>,
    pub room: Option<RoomId>,
    sent: u64,
    reply_to: Option<AccountId>,
    /// When it last asked for something.
    heard: Timestamp,
    told_absent: BTreeMap<AccountId, Option<Text>>,
}

/// The whole chat.
#[derive(Clone, Debug)]
pub struct Model {
    limits: Limits,
    pub accounts: BTreeMap<AccountId, Account>,
    pub rooms: BTreeMap<RoomId, Room>,
    pub sessions: BTreeMap<ClientId, Session>,
    address_bans: BTreeMap<Address, StoredBan>,
    operator_code: Option<Code>,
    pub last_room: i64,
    now: Timestamp,
    /// How far the chat says that a connection which breaks now has read in each room.
    pub arrived: Option<BTreeMap<RoomId, Seq>>,
    told: Vec<(ClientId, Told)>,
}

fn holds(ban: &StoredBan, now: Timestamp) -> bool {
    ban.until.is_none_or(|until| now < until)
}

impl Model {
    /// A chat as it is after its first start.
    pub fn new(limits: Limits, now: Timestamp) -> Model {
        let mut model = Model {
            limits,
            accounts: BTreeMap::new(),
            rooms: BTreeMap::new(),
            sessions: BTreeMap::new(),
            address_bans: BTreeMap::new(),
            operator_code: None,
            last_room: 0,
            now,
            arrived: None,
            told: Vec::new(),
        };
        model.add_account(Name::parse("system").unwrap());
        model.add_room(Some(Name::parse("general").unwrap()), true);
        model.room(GENERAL).count(now, 0);
        model
    }

    /// What every client is told, in its order for each of them.
    pub fn handle(&mut self, now: Timestamp, client: ClientId, input: &Input) -> Vec<(ClientId, Told)> {
        self.now = now;
        let outcome = match input.clone() {
            Input::Register { name, hash: _, origin } => self.register(client, name, origin),
            Input::LogIn { account, password_version, origin } => {
                self.log_in_by_password(client, account, password_version, origin)
            }
            Input::LogInByToken { name, digest, origin } => self.log_in_by_token(client, &name, digest, origin),
            Input::Command(command) => match self.sessions.get_mut(&client) {
                Some(session) => {
                    session.heard = now;
                    let account = session.account;
                    self.obey(Asker { client, account }, command)
                }
                None => Err("not_logged_in"),
            },
            Input::Disconnected => {
                self.end_session(client, None);
                Ok(())
            }
            Input::Lost => {
                self.end_session(client, Some(now.minus_seconds(self.limits.dead_peer_s)));
                Ok(())
            }
        };
        if let Err(code) = outcome {
            self.told.push((client, Told::Refused(code)));
        }
        std::mem::take(&mut self.told)
    }

    /// When invitations, bans and tokens end, but for those that as good as never do.
    pub fn ends(&self) -> Vec<Timestamp> {
        let never = Timestamp(i64::MAX);
        let bans = self.accounts.values().filter_map(|account| account.ban.as_ref()?.until);
        let mut ends: Vec<Timestamp> = bans.chain(self.address_bans.values().filter_map(|ban| ban.until)).collect();
        for room in self.rooms.values() {
            ends.extend(room.invited.values().map(|(_, until)| *until));
            ends.extend(room.codes.values().map(|(_, until)| *until));
            ends.extend(room.bans.values().filter_map(|ban| ban.until));
        }
        for account in self.accounts.values() {
            ends.extend(account.tokens.values().filter_map(|token| token.until));
        }
        ends.retain(|end| *end != never);
        ends
    }

    /// Whether a code for the first operator is needed; if so, this is it.
    pub fn set_operator_code(&mut self, code: Code) -> bool {
        let needed = !self.accounts.values().any(|account| account.operator);
        self.operator_code = needed.then_some(code);
        needed
    }

    fn obey(&mut self, asker: Asker, command: Command) -> Result<(), Refused> {
        match command {
            Command::Say { room, kind, text, keyed } => {
                // What the store has under the key is known here anyway.
                let key = keyed.map(|keyed| keyed.key);
                self.say(asker, room.as_ref(), Saying { kind, text: &text, key })
            }
            Command::Tell { to, text } => self.tell_one(asker, &to, &text),
            Command::Reply { text } => self.reply(asker, &text),
            Command::OpenDirect { with } => self.open_direct(asker, &with),
            Command::ListRooms { page } => self.list_rooms(asker, page),
            Command::Join { room } => self.join(asker, &room),
            Command::Leave { room } => self.leave(asker, room.as_ref()),
            Command::Create { name, visibility } => self.create(asker, name, visibility),
            Command::Topic { room, text } => self.topic(asker, room.as_ref(), text),
            Command::ShowRoom { room } => self.show_room(asker, room.as_ref()),
            Command::SetVisibility { room, visibility } => self.set_visibility(asker, room.as_ref(), visibility),
            Command::RenameRoom { room, name } => self.rename_room(asker, room.as_ref(), name),
            Command::DeleteRoom { room, confirmation } => self.delete_room(asker, room.as_ref(), confirmation),
            Command::HandOver { room, to } => self.hand_over(asker, room.as_ref(), &to),
            Command::Invite { who, room } => self.invite(asker, &who, room.as_ref()),
            Command::InviteByCode { room, code } => self.invite_by_code(asker, room.as_ref(), code),
            Command::Accept { what } => self.accept(asker, what),
            Command::Uninvite { what, room } => self.uninvite(asker, what, room.as_ref()),
            Command::Who { room, page } => self.who(asker, room.as_ref(), page),
            Command::Whois { name } => self.whois(asker, &name),
            Command::Away { text } => self.set_away(asker, Some(text)),
            Command::Back => self.set_away(asker, None),
            Command::History { room, range } => self.history(asker, room.as_ref(), range),
            Command::Unread => self.unread(asker),
            Command::CatchUp { room } => self.catch_up(asker, room.as_ref()),
            Command::MarkRead { room, seq } => self.mark_read(asker, room, seq),
            Command::Kick { who, room, why } => self.kick(asker, &who, room.as_ref(), why),
            Command::Ban { who, room, seconds, why } => self.ban(asker, &who, room.as_ref(), seconds, why),
            Command::Unban { who, room } => self.unban(asker, &who, room.as_ref()),
            Command::ListBans { room } => self.list_bans(asker, room.as_ref()),
            Command::Promote { who, room } => self.appoint(asker, &who, room.as_ref(), Role::Moderator),
            Command::Demote { who, room } => self.appoint(asker, &who, room.as_ref(), Role::Member),
            Command::ClaimOperator { code } => self.claim_operator(asker, &code),
            Command::ServerKick { who, why } => self.server_kick(asker, &who, why),
            Command::ServerBan { target, seconds, why } => self.server_ban(asker, target, seconds, why),
            Command::ServerUnban { target } => self.server_unban(asker, target),
            Command::ServerBans => self.server_bans(asker),
            Command::ServerPromote { who } => self.set_operator(asker, &who, true),
            Command::ServerDemote { who } => self.set_operator(asker, &who, false),
            Command::ChangePassword { hash: _ } => self.change_password(asker),
            Command::DeleteAccount => self.delete_account(asker),
            Command::SetAcks { on } => self.set_acks(asker, on),
            Command::Resume { after } => self.resume(asker, &after),
            Command::NewToken { name, secret, digest, seconds } => self.new_token(asker, name, secret, digest, seconds),
            Command::ListTokens => self.list_tokens(asker),
            Command::RevokeToken { name } => self.revoke_token(asker, name),
            Command::ListSessions => self.list_sessions(asker),
            Command::CloseSession { session } => self.close_session(asker, session),
            Command::LogOut => self.dismiss(asker.client, Farewell::LoggedOut),
            Command::Quit => self.dismiss(asker.client, Farewell::Quit),
        }
    }

    // Who and where

    /// The account of that name. The server's own is nobody's to find.
    pub fn account_named(&self, name: &Name) -> Result<&Account, Refused> {
        let is_it = |account: &&Account| account.id != SYSTEM && account.name.as_ref() == Some(name);
        self.accounts.values().find(is_it).ok_or("no_such_account")
    }

    /// The account of that name, or the deleted one that is called `ghost-N`.
    fn account_labelled(&self, name: &Name) -> Result<&Account, Refused> {
        let ghost = |account: &&Account| account.name.is_none() && account.label() == *name;
        self.accounts.values().find(ghost).map_or_else(|| self.account_named(name), Ok)
    }

    fn name(&self, account: AccountId) -> Name {
        self.accounts[&account].label()
    }

    pub fn clients_of(&self, account: AccountId) -> Vec<ClientId> {
        self.sessions.iter().filter(|(_, session)| session.account == account).map(|(client, _)| *client).collect()
    }

    pub fn accounts_of_clients(&self) -> BTreeMap<ClientId, AccountId> {
        self.sessions.iter().map(|(client, session)| (*client, session.account)).collect()
    }

    fn is_online(&self, account: AccountId) -> bool {
        self.sessions.values().any(|session| session.account == account)
    }

    fn presence(&self, account: AccountId, role: Role) -> Presence {
        let away = self.accounts[&account].away.clone();
        Presence { name: self.name(account), online: self.is_online(account), away, role }
    }

    /// Whether an account may know of a room: its members may, and of a public one whoever is not banned from it.
    pub fn can_see(&self, account: AccountId, room: &Room, now: Timestamp) -> bool {
        room.members.contains_key(&account) || (room.public && !room.is_banned(account, now))
    }

    /// The direct room of two accounts.
    pub fn direct_room(&self, one: AccountId, other: AccountId) -> Option<RoomId> {
        let is_theirs = |room: &&Room| {
            room.name.is_none() && one != other && [one, other].iter().all(|account| room.members.contains_key(account))
        };
        self.rooms.values().find(is_theirs).map(|room| room.id)
    }

    /// The room that somebody means by a label, or without one.
    pub fn find(&self, asker: Asker, label: Option<&RoomLabel>) -> Result<RoomId, Refused> {
        let name = match label {
            None => return self.sessions[&asker.client].room.ok_or("no_current_room"),
            Some(RoomLabel::Direct(name)) => {
                let other = self.account_labelled(name)?.id;
                return self.direct_room(asker.account, other).ok_or("no_such_room");
            }
            Some(RoomLabel::Room(name)) => name,
        };
        let named: Vec<&Room> = self.rooms.values().filter(|room| room.name.as_ref() == Some(name)).collect();
        let own = named.iter().find(|room| room.members.contains_key(&asker.account));
        let seen = named.iter().find(|room| self.can_see(asker.account, room, self.now));
        match own.or(seen) {
            Some(room) => Ok(room.id),
            None if named.iter().any(|room| room.public) => Err("banned"),
            None => Err("no_such_room"),
        }
    }

    fn find_own(&self, asker: Asker, label: Option<&RoomLabel>) -> Result<RoomId, Refused> {
        let id = self.find(asker, label)?;
        if !self.rooms[&id].members.contains_key(&asker.account) {
            return Err("not_member");
        }
        Ok(id)
    }

    /// The room, in which the asker must have a role.
    fn find_led(&self, asker: Asker, label: Option<&RoomLabel>, least: Role) -> Result<RoomId, Refused> {
        let id = self.find(asker, label)?;
        self.check_leads(asker, id, least)?;
        Ok(id)
    }

    fn check_leads(&self, asker: Asker, id: RoomId, least: Role) -> Result<(), Refused> {
        if self.rooms[&id].name.is_none() {
            return Err("not_in_direct_room");
        }
        match self.rank(asker.account, id) {
            Some(rank) if rank >= least => Ok(()),
            // The first room is the operators'.
            _ if id == GENERAL => Err("operator_only"),
            None => Err("not_member"),
            Some(_) if least == Role::Owner => Err("owner_only"),
            Some(_) => Err("moderator_only"),
        }
    }

    /// What an account counts as in a room. Operators of the server are moderators in public rooms, and own the first.
    fn rank(&self, account: AccountId, id: RoomId) -> Option<Role> {
        let room = &self.rooms[&id];
        let role = room.members.get(&account).map(|member| member.role);
        match (self.accounts[&account].operator && room.public, id) {
            (true, GENERAL) => Some(Role::Owner),
            (true, _) => role.max(Some(Role::Moderator)),
            (false, _) => role,
        }
    }

    /// The room as `viewer` calls it.
    pub fn label(&self, id: RoomId, viewer: AccountId) -> RoomLabel {
        let room = &self.rooms[&id];
        match &room.name {
            Some(name) => RoomLabel::Room(name.clone()),
            None => {
                let other = room.members.keys().find(|account| **account != viewer).expect("there are two");
                RoomLabel::Direct(self.name(*other))
            }
        }
    }

    // Telling

    fn tell(&mut self, client: ClientId, event: Event) {
        self.told.push((client, Told::Event(event)));
    }

    fn answer(&mut self, asker: Asker, event: Event) -> Result<(), Refused> {
        self.tell(asker.client, event);
        Ok(())
    }

    /// Tells every connection that hears the room, but one.
    fn tell_room(&mut self, id: RoomId, except: Option<ClientId>, event: impl Fn(RoomLabel) -> Event) {
        let sessions = self.sessions.iter().filter(|(client, _)| Some(**client) != except);
        let listeners = sessions.filter(|(_, session)| session.hears.contains_key(&id));
        for (client, account) in listeners.map(|(client, session)| (*client, session.account)).collect::<Vec<_>>() {
            assert!(self.rooms[&id].members.contains_key(&account), "{client} hears a room from outside");
            self.tell(client, event(self.label(id, account)));
        }
    }

    /// Whether a connection of the account hears the room.
    fn is_heard(&self, account: AccountId, id: RoomId) -> bool {
        self.sessions.values().any(|session| session.account == account && session.hears.contains_key(&id))
    }

    fn room(&mut self, id: RoomId) -> &mut Room {
        self.rooms.get_mut(&id).expect("the room is there")
    }

    fn account(&mut self, id: AccountId) -> &mut Account {
        self.accounts.get_mut(&id).expect("the account is there")
    }

    fn session(&mut self, client: ClientId) -> &mut Session {
        self.sessions.get_mut(&client).expect("the session is there")
    }

    fn check_note(&self, text: &Text) -> Result<(), Refused> {
        if text.len() as u64 > self.limits.topic_max_bytes { Err("text_too_long") } else { Ok(()) }
    }

    /// The rows of a page, which page it is, and of how many.
    fn page<T: Clone>(&self, rows: &[T], page: u64) -> (Vec<T>, u64, u64) {
        let size = self.limits.list_page_rows;
        let pages = (rows.len() as u64).div_ceil(size).max(1);
        let page = page.max(1);
        let before = usize::try_from((page - 1).saturating_mul(size)).unwrap();
        (rows.iter().skip(before).take(usize::try_from(size).unwrap()).cloned().collect(), page, pages)
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Asker {
    pub client: ClientId,
    pub account: AccountId,
}
