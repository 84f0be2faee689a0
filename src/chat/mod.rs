//! What a chat is: accounts, rooms, members, invitations, bans, and what follows from each request.
//!
//! Pure. No socket, thread, clock, disk, random source or log: time, numbers of clients, codes and password hashes come
//! in as arguments, and the same inputs lead to the same effects, to the byte. Nothing here depends on the process it
//! runs in. Messages are not held; they are decided here, numbered, and kept by the store.

mod account;
mod account_settings;
mod code;
mod command;
mod direct;
mod effect;
mod event;
mod front;
mod id;
mod invitation;
mod lookup;
mod membership;
mod moderation;
mod name;
mod name_filter;
mod operator;
mod people;
mod read_mark;
mod reading;
mod refusal;
mod resume;
mod room;
mod room_settings;
mod session;
mod snapshot;
mod suggest;
mod talk;
mod text;
mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use account::{Account, Accounts};
use room::{Room, RoomKind, Rooms};
use session::Sessions;
use talk::Saying;
use token::Token;

use crate::address::Address;

pub use code::{Code, INVITATION_BYTES, OPERATOR_BYTES};
pub use command::{
    BanTarget, Command, HistoryRange, Keyed, KeyedMessage, MessageKind, PasswordHash, RoomLabel, SEND_KEY_MAX_BYTES,
    SendKey, Visibility,
};
pub use effect::{Audience, Delivery, Effects, Grant, GrantedRange, Purpose, Record};
pub use event::{
    BanRow, Departure, Event, Farewell, InvitationRow, Message, Missed, Presence, Role, RoomChange, RoomRow,
    SessionRow, TokenRow,
};
pub use front::{Front, Origin};
pub use id::{AccountId, ClientId, RoomId, Seq, Timestamp};
pub use name::{NAME_MAX_CHARS, NAME_MIN_CHARS, Name, NameError};
pub use read_mark::ReadMark;
pub use refusal::Refusal;
pub use snapshot::{AccountRow, MemberRow, Snapshot, StoredBan, StoredRoom, StoredToken};
pub use text::{PLACEHOLDER, Text, is_forbidden};
pub use token::{TOKENS_PER_ACCOUNT_MAX, TokenDigest, TokenSecret};

/// The account of the server itself, which speaks as `system`. Nobody can log in to it.
pub const SYSTEM: AccountId = AccountId(1);
/// The room that exists from the first start, in which every new account is a member.
pub const GENERAL: RoomId = RoomId(1);

/// Most open invitations and codes that a room may have at a time.
pub const INVITATIONS_PER_ROOM_MAX: usize = 100;
/// How many messages are shown on entering a room.
pub const RECENT_LINES: u64 = 3;
/// Most people that are named in one line of who is here; the number of all is told too.
pub const HERE_NAMES_MAX: usize = 20;

/// How much there may be of things.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest message, in bytes.
    pub message_max_bytes: u64,
    /// Longest topic, away text and reason, in bytes.
    pub topic_max_bytes: u64,
    /// How long an invitation or a one-time code holds, in seconds.
    pub invitation_lifetime_s: u64,
    /// How many messages a page of history has when no number is given.
    pub history_page_lines: u64,
    /// How many messages a page of history has at most.
    pub history_page_max_lines: u64,
    /// How many rows a page of a list has.
    pub list_page_rows: u64,
    /// How many rooms an account may own.
    pub rooms_per_account_max: u64,
    /// How many members a room may have.
    pub members_per_room_max: u64,
    /// How long a connection can be dead before that is noticed, in seconds: what was delivered in that time to one that
    /// broke does not count as read.
    pub dead_peer_s: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            message_max_bytes: 2000,
            topic_max_bytes: 300,
            invitation_lifetime_s: 24 * 3600,
            history_page_lines: 50,
            history_page_max_lines: 100,
            list_page_rows: 100,
            rooms_per_account_max: 100,
            members_per_room_max: 100_000,
            dead_peer_s: 100,
        }
    }
}

/// What happens to a chat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// A connection that is not logged in asks for a new account, and to be logged in to it.
    Register {
        /// The name it shall have.
        name: Name,
        /// The hash of its password.
        hash: PasswordHash,
        /// From where, and how.
        origin: Origin,
    },
    /// A connection has proved that an account is its own, by the password with this version.
    LogIn {
        /// The account.
        account: AccountId,
        /// The version of the password that was checked.
        password_version: u64,
        /// From where, and how.
        origin: Origin,
    },
    /// A connection shows a token. Whether it is one of the account's is decided here: that needs no slow hash.
    LogInByToken {
        /// The account's name.
        name: Name,
        /// What the token's digest is.
        digest: TokenDigest,
        /// From where, and how.
        origin: Origin,
    },
    /// A logged-in client asks for something.
    Command(Command),
    /// The connection is gone; what was delivered has arrived.
    Disconnected,
    /// The connection broke, or was cut because its client did not read: what was delivered lately may not have arrived.
    Lost,
}

/// The whole chat.
#[derive(Debug)]
pub struct Chat {
    limits: Limits,
    accounts: Accounts,
    rooms: Rooms,
    sessions: Sessions,
    account_bans: BTreeMap<AccountId, StoredBan>,
    address_bans: BTreeMap<Address, StoredBan>,
    /// Messages with a key since the last [`Chat::settle`]: the store cannot know of them yet.
    keyed: BTreeMap<(AccountId, RoomId, SendKey), (Seq, Timestamp)>,
    /// Makes whoever types it the first operator.
    operator_code: Option<Code>,
}

/// Who asks, when, and where what follows is put.
struct Ask<'a> {
    now: Timestamp,
    client: ClientId,
    account: AccountId,
    effects: &'a mut Effects,
}

impl Ask<'_> {
    fn answer(&mut self, event: Event) {
        self.effects.tell(self.client, event);
    }
}

impl Chat {
    /// The chat as the store holds it. Nobody is connected.
    pub fn load(limits: Limits, snapshot: Snapshot) -> Chat {
        let mut rooms = Rooms::load(snapshot.rooms, &snapshot.members, snapshot.last_room);
        let mut accounts = Accounts::load(snapshot.accounts);
        for member in &snapshot.members {
            accounts.get_mut(member.account).rooms.insert(member.room);
        }
        for (room, account, seq) in snapshot.mentions {
            let member = rooms.try_get_mut(room).and_then(|room| room.members.get_mut(&account));
            if let Some(member) = member.filter(|member| seq > member.read) {
                member.mentions.push(seq);
            }
        }
        for (room, account, by, until) in snapshot.invitations {
            if let Some(room) = rooms.try_get_mut(room) {
                room.invitations.insert(account, room::Invitation { by, until });
                accounts.get_mut(account).invitations.insert(room.id);
            }
        }
        for (code, room, _, until) in snapshot.codes {
            rooms.add_code(code, room::OpenCode { room, until });
        }
        for token in snapshot.tokens {
            let StoredToken { account, name, digest, created, until, used } = token;
            accounts.get_mut(account).tokens.insert(name, Token { digest, created, until, used });
        }
        for (room, account, ban) in snapshot.bans {
            if let Some(room) = rooms.try_get_mut(room) {
                room.bans.insert(account, ban);
            }
        }
        Chat {
            limits,
            accounts,
            rooms,
            sessions: Sessions::default(),
            account_bans: snapshot.account_bans.into_iter().collect(),
            address_bans: snapshot.address_bans.into_iter().collect(),
            keyed: BTreeMap::new(),
            operator_code: None,
        }
    }

    /// Makes what every chat has from its first start: the system account, the room `general` and a word of welcome.
    /// Does nothing where they are.
    pub fn found(&mut self, now: Timestamp, effects: &mut Effects) {
        if self.accounts.try_get(SYSTEM).is_some() {
            return;
        }
        let name = |text| Name::parse(text).expect("it is a valid name");
        self.accounts.insert(Account::new(SYSTEM, name("system"), now));
        let no_password = PasswordHash("!".into());
        effects.store(Record::AccountMade { id: SYSTEM, name: name("system"), hash: no_password, at: now });
        let kind = RoomKind::Named(name("general"), Visibility::Public);
        self.add_room(now, GENERAL, kind, effects);
        let welcome = "Welcome! This is #general: everybody is in it, and everything said here is kept. /help shows what you can do.";
        self.append(now, GENERAL, SYSTEM, Saying::plain(&Text::from(welcome)), effects);
    }

    /// The chat as the store holds it now, with the sessions of this one. For when a commit failed: what this one holds
    /// and the store does not is forgotten; sessions that ended stay ended.
    pub fn reload(&self, snapshot: Snapshot) -> Chat {
        let mut chat = Chat::load(self.limits.clone(), snapshot);
        chat.operator_code = self.operator_code.clone();
        chat.take_over(self);
        chat
    }

    /// Everything decided so far is stored: a later [`Chat::reload`] goes back to this moment.
    pub fn settle(&mut self) {
        self.sessions.settle();
        self.keyed.clear();
    }

    /// Sets the code that makes whoever types it the first operator. Whether one is needed: there is no operator yet.
    pub fn set_operator_code(&mut self, code: Code) -> bool {
        let needed = !self.accounts.iter().any(|account| account.operator);
        self.operator_code = needed.then_some(code);
        needed
    }

    /// Decides what follows from `input`, changes the chat accordingly and appends to `effects`. A request that is
    /// refused changes nothing and is answered by [`Event::Refused`].
    pub fn handle(&mut self, now: Timestamp, client: ClientId, input: Input, effects: &mut Effects) {
        let outcome = match input {
            Input::Register { name, hash, origin } => self.register(now, client, name, hash, origin, effects),
            Input::LogIn { account, password_version, origin } => {
                self.log_in_by_password(now, client, account, password_version, origin, effects)
            }
            Input::LogInByToken { name, digest, origin } => {
                self.log_in_by_token(now, client, &name, digest, origin, effects)
            }
            Input::Command(command) => match self.sessions.get(client) {
                Some(session) => {
                    let account = session.account;
                    self.sessions.heard(client, now);
                    self.obey(&mut Ask { now, client, account, effects: &mut *effects }, command)
                }
                None => Err(Refusal::NotLoggedIn),
            },
            Input::Disconnected => {
                self.end_session(now, client, None, effects);
                Ok(())
            }
            Input::Lost => {
                self.end_session(now, client, Some(now.minus_seconds(self.limits.dead_peer_s)), effects);
                Ok(())
            }
        };
        if let Err(refusal) = outcome {
            effects.tell(client, Event::Refused(refusal));
        }
    }

    fn obey(&mut self, ask: &mut Ask, command: Command) -> Result<(), Refusal> {
        match command {
            Command::Say { room, kind, text, keyed } => {
                self.say(ask, room.as_ref(), Saying { kind, text: &text, keyed })
            }
            Command::Tell { to, text } => self.tell(ask, &to, &text),
            Command::Reply { text } => self.reply(ask, &text),
            Command::OpenDirect { with } => self.open_direct(ask, &with),

            Command::ListRooms { page } => self.list_rooms(ask, page),
            Command::Join { room } => self.join(ask, &room),
            Command::Leave { room } => self.leave(ask, room.as_ref()),
            Command::Create { name, visibility } => self.create(ask, name, visibility),
            Command::Topic { room, text } => self.topic(ask, room.as_ref(), text),
            Command::ShowRoom { room } => self.show_room(ask, room.as_ref()),
            Command::SetVisibility { room, visibility } => self.set_visibility(ask, room.as_ref(), visibility),
            Command::RenameRoom { room, name } => self.rename_room(ask, room.as_ref(), name),
            Command::DeleteRoom { room, confirmation } => self.delete_room(ask, room.as_ref(), confirmation.as_ref()),
            Command::HandOver { room, to } => self.hand_over(ask, room.as_ref(), &to),

            Command::Invite { who, room } => self.invite(ask, &who, room.as_ref()),
            Command::InviteByCode { room, code } => self.invite_by_code(ask, room.as_ref(), code),
            Command::Accept { what } => self.accept(ask, what.as_ref()),
            Command::Uninvite { what, room } => self.uninvite(ask, &what, room.as_ref()),

            Command::Who { room, page } => self.who(ask, room.as_ref(), page),
            Command::Whois { name } => self.whois(ask, &name),
            Command::Away { text } => self.set_away(ask, Some(text)),
            Command::Back => self.set_away(ask, None),

            Command::History { room, range } => self.history(ask, room.as_ref(), range),
            Command::Unread => self.unread(ask),
            Command::CatchUp { room } => self.catch_up(ask, room.as_ref()),
            Command::MarkRead { room, seq } => self.mark_read(ask, room, seq),
            Command::Resume { after } => self.resume(ask, &after),

            Command::Kick { who, room, why } => self.kick(ask, &who, room.as_ref(), why),
            Command::Ban { who, room, seconds, why } => self.ban(ask, &who, room.as_ref(), seconds, why),
            Command::Unban { who, room } => self.unban(ask, &who, room.as_ref()),
            Command::ListBans { room } => self.list_bans(ask, room.as_ref()),
            Command::Promote { who, room } => self.appoint(ask, &who, room.as_ref(), Role::Moderator),
            Command::Demote { who, room } => self.appoint(ask, &who, room.as_ref(), Role::Member),

            Command::ClaimOperator { code } => self.claim_operator(ask, &code),
            Command::ServerKick { who, why } => self.server_kick(ask, &who, why),
            Command::ServerBan { target, seconds, why } => self.server_ban(ask, target, seconds, why),
            Command::ServerUnban { target } => self.server_unban(ask, target),
            Command::ServerBans => self.server_bans(ask),
            Command::ServerPromote { who } => self.set_operator(ask, &who, true),
            Command::ServerDemote { who } => self.set_operator(ask, &who, false),

            Command::ChangePassword { hash } => self.change_password(ask, hash),
            Command::DeleteAccount => self.delete_account(ask),
            Command::SetAcks { on } => self.set_acks(ask, on),
            Command::NewToken { name, secret, digest, seconds } => self.new_token(ask, name, secret, digest, seconds),
            Command::ListTokens => self.list_tokens(ask),
            Command::RevokeToken { name } => self.revoke_token(ask, name),
            Command::ListSessions => self.list_sessions(ask),
            Command::CloseSession { session } => self.close_session(ask, session),
            Command::LogOut => self.quit(ask, Farewell::LoggedOut),
            Command::Quit => self.quit(ask, Farewell::Quit),
        }
    }

    /// Whether the client has a session.
    pub fn is_logged_in(&self, client: ClientId) -> bool {
        self.sessions.get(client).is_some()
    }

    /// The account of a client, if it has a session.
    pub fn account_of(&self, client: ClientId) -> Option<AccountId> {
        self.sessions.get(client).map(|session| session.account)
    }

    /// How many accounts have a connection.
    pub fn people_online(&self) -> usize {
        self.accounts.online().len()
    }

    /// The addresses that may not connect, and until when.
    pub fn banned_addresses(&self) -> impl Iterator<Item = (Address, Option<Timestamp>)> {
        self.address_bans.iter().map(|(address, ban)| (*address, ban.until))
    }

    /// Every logged-in client.
    pub fn clients(&self) -> Arc<[ClientId]> {
        self.sessions.iter().map(|(client, _)| client).collect()
    }

    fn add_room(&mut self, now: Timestamp, id: RoomId, kind: RoomKind, effects: &mut Effects) {
        let (name, visibility) = match &kind {
            RoomKind::Named(name, visibility) => (Some(name.clone()), Some(*visibility)),
            RoomKind::Direct(..) => (None, None),
        };
        effects.store(Record::RoomMade { id, name, visibility, at: now });
        self.rooms.insert(Room::new(id, kind, now));
    }

    /// The rooms of an account as it calls them, direct ones left out.
    fn named_rooms_of(&self, account: AccountId) -> Vec<RoomLabel> {
        let rooms: &BTreeSet<RoomId> = &self.accounts.get(account).rooms;
        rooms.iter().filter_map(|id| self.rooms.get(*id).name().cloned().map(RoomLabel::Room)).collect()
    }
}
