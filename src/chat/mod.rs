//! The chat core: accounts, rooms, members, invitations and bans, and the effects of each request.
//!
//! Pure. No socket, thread, clock, disk, random source or log: time, client numbers, codes and password hashes are
//! arguments, and the same inputs lead to the same effects, to the byte. Messages are decided and numbered here, but only
//! the store keeps them.
//!
//! [`Chat::handle`] decides requests that change something ([`Command`]), [`Chat::ask`] those that only read ([`Query`]),
//! and each request has exactly one answer. Handlers check first, then change durable state through records only
//! (`record.rs`).

mod account;
mod account_settings;
mod code;
mod code_tries;
mod command;
mod direct;
mod effect;
mod event;
mod facts;
mod id;
mod invitation;
mod label;
mod lapse;
mod lookup;
mod membership;
mod moderation;
mod name;
mod notice;
mod operator;
mod password_code;
mod people;
mod presence;
mod query;
mod read_mark;
mod reading;
mod record;
mod refusal;
mod registration;
mod resume;
mod room;
mod room_settings;
mod scope;
mod session;
mod snapshot;
mod suggest;
mod talk;
#[cfg(test)]
mod test_chat;
mod text;
mod token;
mod traits;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use account::Accounts;
use code_tries::CodeTries;
use lapse::Lapse;
use password_code::PasswordCode;
use record::Undo;
use room::{Room, Rooms};
use session::Sessions;
use talk::Saying;
use token::Token;

use crate::address::Address;

pub use code::{Code, INVITATION_BYTES, OPERATOR_BYTES};
pub use command::{
    BanTarget, Command, HistoryRange, MessageKind, PasswordHash, SEND_KEY_MAX_BYTES, SendKey, Visibility,
};
pub use effect::{Audience, Delivery, Effects};
pub use event::{
    AccountView, BanRow, Departure, EnteredRoom, Event, Farewell, InvitationRow, Message, Missed, Person,
    PresenceChange, Role, RoomChange, RoomRow, RoomView, SessionRow, TokenRow, TopicView, Welcome,
};
pub use facts::{Facts, KeyedMessage};
pub use id::{AccountId, ClientId, RoomId, Seq, Timestamp};
pub use label::{RoomLabel, ShownRoom};
pub use name::{NAME_MAX_CHARS, NAME_MIN_CHARS, Name, NameError};
pub use notice::{NOTICES_MAX, Notice};
pub use password_code::PASSWORD_CODE_LIFETIME_S;
pub use query::{Answer, Ask, Grant, GrantedRange, Query};
pub use read_mark::ReadMark;
pub use record::Record;
pub use refusal::Refusal;
pub use registration::{REGISTRATION_CODE_LIFETIME_S, REGISTRATION_CODES_MAX, Registration};
pub use resume::Resuming;
pub use room::RoomKind;
pub use scope::{Need, TokenScope};
pub use snapshot::{AccountRow, FormerName, MemberRow, Snapshot, StoredBan, StoredRoom, StoredToken};
pub use text::{PLACEHOLDER, Text, is_forbidden, is_ignorable};
pub use token::{TOKENS_PER_ACCOUNT_MAX, TokenDigest, TokenSecret};
pub use traits::{Origin, Traits};

/// The account of the server itself, which speaks as `system`. Nobody can log in to it.
pub const SYSTEM: AccountId = AccountId(1);
/// The room that exists from the first start, in which every new account is a member.
pub const GENERAL: RoomId = RoomId(1);

/// Most open invitations and codes that a room may have at a time.
pub const INVITATIONS_PER_ROOM_MAX: usize = 100;
/// Most members that one message mentions: the first ones that it names.
pub const MENTIONS_PER_MESSAGE_MAX: usize = 20;
/// Most unread mentions that are kept for a member of a room. Later ones are not counted.
pub const MENTIONS_MAX: usize = 1000;
/// Most rooms that a login shows; the number of the others is shown too.
pub const MISSED_MAX: usize = 400;
/// Most invitations that a login or a refusal shows; the number of the others is shown too.
pub const INVITATIONS_SHOWN_MAX: usize = 50;
/// Most bytes of an answer, as JSON or text.
pub const ANSWER_MAX_BYTES: u64 = 64 << 10;
/// Number of messages shown on entering a room.
pub const RECENT_LINES: u64 = 3;
/// Most people that one line of who is here names; the total is shown too.
pub const HERE_NAMES_MAX: usize = 20;

/// Limits of the chat.
#[derive(Clone, Debug)]
pub struct ChatLimits {
    /// Longest message, in bytes.
    pub message_max_bytes: u64,
    /// Longest topic, away text and reason, in bytes.
    pub topic_max_bytes: u64,
    /// Lifetime of an invitation or a one-time code, in seconds.
    pub invitation_lifetime_s: u64,
    /// Messages on a page of history when no number is given.
    pub history_page_lines: u64,
    /// Most messages on a page of history.
    pub history_page_max_lines: u64,
    /// Rows on a page of a list.
    pub list_page_rows: u64,
    /// Most rooms that an account may own.
    pub rooms_per_account_max: u64,
    /// Most rooms that an account may create within an hour, direct ones included.
    pub rooms_created_per_hour_max: u64,
    /// Most members that a room may have.
    pub members_per_room_max: u64,
    /// Most wrong one-time codes from one account in ten minutes.
    pub wrong_codes_per_account_max: u64,
    /// Most wrong one-time codes from one address in ten minutes.
    pub wrong_codes_per_address_max: u64,
    /// How many times the limits of an address are those of a loopback address.
    pub loopback_factor: u64,
}

impl ChatLimits {
    /// Most rows of a page, so that it has at most [`ANSWER_MAX_BYTES`]: a row has names, numbers, moments and one text of
    /// up to `topic_max_bytes`, each byte of which may be escaped.
    fn page_rows(&self) -> u64 {
        const AROUND_BYTES: u64 = 200;
        let fitting = ANSWER_MAX_BYTES / (AROUND_BYTES + 2 * self.topic_max_bytes);
        self.list_page_rows.min(fitting).max(1)
    }
}

impl Default for ChatLimits {
    fn default() -> ChatLimits {
        ChatLimits {
            message_max_bytes: 2000,
            topic_max_bytes: 300,
            invitation_lifetime_s: 24 * 3600,
            history_page_lines: 50,
            history_page_max_lines: 100,
            list_page_rows: 100,
            rooms_per_account_max: 100,
            rooms_created_per_hour_max: 100,
            members_per_room_max: 100_000,
            wrong_codes_per_account_max: 5,
            wrong_codes_per_address_max: 20,
            loopback_factor: 8,
        }
    }
}

/// An input of the chat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// A connection that is not logged in requests a new account and a session of it.
    Register {
        /// The account's name.
        name: Name,
        /// The hash of the account's password.
        hash: PasswordHash,
        /// The digest of the code that was given, if any.
        code: Option<TokenDigest>,
        /// From where, and how.
        origin: Origin,
    },
    /// A connection has proved by a password that it owns an account.
    LogIn {
        /// The account.
        account: AccountId,
        /// The version of the password that was checked.
        password_version: u64,
        /// From where, and how.
        origin: Origin,
    },
    /// A connection presents a token. It is verified here, because that needs no slow hash.
    LogInByToken {
        /// The account's name.
        name: Name,
        /// The token's digest.
        digest: TokenDigest,
        /// From where, and how.
        origin: Origin,
    },
    /// Somebody who forgot a password sets a new one by a one-time code, and logs in.
    ResetPassword {
        /// The account's name.
        name: Name,
        /// The code's digest.
        digest: TokenDigest,
        /// The hash of the new password.
        hash: PasswordHash,
        /// From where, and how.
        origin: Origin,
    },
    /// A logged-in client's command, with the facts from the store that its decision needs.
    Command(Command, Facts),
    /// The token by which the client logged in has expired, as [`Chat::expired`] tells.
    TokenExpired,
    /// The connection is gone. Messages delivered since its client last acted count as unread.
    Gone,
}

/// The state of the chat.
#[derive(Debug)]
pub struct Chat {
    limits: ChatLimits,
    accounts: Accounts,
    rooms: Rooms,
    sessions: Sessions,
    account_bans: BTreeMap<AccountId, StoredBan>,
    address_bans: BTreeMap<Address, StoredBan>,
    /// Everything that ends at a time, the first to end first. May contain what was removed with its room.
    lapses: BTreeSet<(Timestamp, Lapse)>,
    /// Rooms without members that nobody may be able to enter any more: from before the start, or since an invitation has
    /// ended.
    abandoned: BTreeSet<RoomId>,
    registration: Registration,
    /// Unused codes for new accounts: by whom, until when.
    registration_codes: BTreeMap<TokenDigest, (AccountId, Timestamp)>,
    /// Messages with a key since the last [`Chat::settle`]: the store does not have them yet.
    keyed: BTreeMap<(AccountId, RoomId, SendKey), (Seq, Timestamp)>,
    /// The inverse of each change since the last [`Chat::settle`], in the order of the changes.
    undo: Vec<Undo>,
    /// What clients have read by acting since the last [`Chat::settle`]: that stays when the rest is taken back.
    marked: Vec<(RoomId, AccountId, Seq, Seq)>,
    /// Rooms with messages since the last [`Chat::settle`]; may contain duplicates.
    talked: Vec<RoomId>,
    /// Number of committed turns that had messages.
    settled_turns: u64,
    /// The code that makes its bearer the first operator.
    operator_code: Option<Code>,
    code_tries: CodeTries,
}

/// The requester, and the time of the request.
#[derive(Clone, Copy)]
struct Actor {
    now: Timestamp,
    client: ClientId,
    account: AccountId,
}

impl Chat {
    /// The chat as the store holds it, with no sessions.
    pub fn load(limits: ChatLimits, snapshot: Snapshot) -> Chat {
        let mut rooms = Rooms::load(snapshot.rooms, &snapshot.members, snapshot.last_room);
        let mut accounts = Accounts::load(snapshot.accounts, snapshot.former_names);
        for member in &snapshot.members {
            accounts.get_mut(member.account).rooms.insert(member.room);
        }
        for (room, account, seq) in snapshot.mentions {
            let member = rooms.try_get_mut(room).and_then(|room| room.members.get_mut(&account));
            if let Some(member) = member.filter(|member| !member.read.contains(seq)) {
                member.mentions.push(seq);
            }
        }
        let mut lapses = BTreeSet::new();
        for (room, account, by, until) in snapshot.invitations {
            if let Some(room) = rooms.try_get_mut(room) {
                lapses.insert((until, Lapse::Invitation(room.id, account)));
                room.invitations.insert(account, room::Invitation { by, until });
                accounts.get_mut(account).invitations.insert(room.id);
            }
        }
        for (code, room, _, until) in snapshot.codes {
            rooms.put_code(&code, Some(room::OpenCode { room, until }));
            lapses.insert((until, Lapse::Code(code)));
        }
        for token in snapshot.tokens {
            let StoredToken { account, name, digest, scope, created, until, used } = token;
            accounts.get_mut(account).tokens.insert(name, Token { digest, scope, created, until, used });
        }
        for (account, digest, until) in snapshot.password_codes {
            accounts.get_mut(account).password_code = Some(PasswordCode { digest, until });
            lapses.insert((until, Lapse::PasswordCode(account)));
        }
        for (account, at, notice) in snapshot.notices {
            accounts.get_mut(account).notices.push((at, notice));
        }
        let codes = &snapshot.registration_codes;
        lapses.extend(codes.iter().map(|(digest, _, until)| (*until, Lapse::RegistrationCode(*digest))));
        let codes = snapshot.registration_codes.into_iter();
        for (room, account, ban) in snapshot.bans {
            if let Some(room) = rooms.try_get_mut(room) {
                lapses.extend(ban.until.map(|until| (until, Lapse::Ban(room.id, account))));
                room.bans.insert(account, ban);
                accounts.get_mut(account).bans.insert(room.id);
            }
        }
        let ends = |(account, ban): &(AccountId, StoredBan)| Some((ban.until?, Lapse::AccountBan(*account)));
        lapses.extend(snapshot.account_bans.iter().filter_map(ends));
        let ends = |(address, ban): &(Address, StoredBan)| Some((ban.until?, Lapse::AddressBan(*address)));
        lapses.extend(snapshot.address_bans.iter().filter_map(ends));
        Chat {
            limits,
            lapses,
            abandoned: rooms.empty().collect(),
            accounts,
            rooms,
            sessions: Sessions::default(),
            account_bans: snapshot.account_bans.into_iter().collect(),
            address_bans: snapshot.address_bans.into_iter().collect(),
            registration: snapshot.registration,
            registration_codes: codes.map(|(digest, by, until)| (digest, (by, until))).collect(),
            keyed: BTreeMap::new(),
            undo: Vec::new(),
            marked: Vec::new(),
            talked: Vec::new(),
            settled_turns: 0,
            operator_code: None,
            code_tries: CodeTries::default(),
        }
    }

    /// Creates the system account, the room `general` and its welcome message, unless they exist.
    pub fn found(&mut self, now: Timestamp, effects: &mut Effects) {
        if self.accounts.try_get(SYSTEM).is_some() {
            return;
        }
        let name = |text| Name::parse(text).expect("it is a valid name");
        let no_password = PasswordHash("!".into());
        self.record(Record::AccountCreated { id: SYSTEM, name: name("system"), hash: no_password, at: now }, effects);
        let kind = RoomKind::Named(name("general"), Visibility::Public);
        let id = self.add_room(now, kind, effects);
        assert_eq!(id, GENERAL, "it is the first room of a new chat");
        let welcome = "Welcome! This is #general: everybody is in it, and everything said here is kept. /help shows what you can do.";
        self.append(now, GENERAL, SYSTEM, Saying::plain(&Text::from(welcome), false), effects);
    }

    /// Sets the code that makes its bearer the first operator. Returns whether it is in force: only while there is no
    /// operator.
    pub fn set_operator_code(&mut self, code: Code) -> bool {
        let needed = self.accounts.operators() == 0;
        self.operator_code = needed.then_some(code);
        needed
    }

    /// Decides `input`, changes the chat and appends to `effects`. A request has exactly one [`Delivery::Answer`], ahead of
    /// its other deliveries. A refused request changes nothing.
    pub fn handle(&mut self, now: Timestamp, client: ClientId, input: Input, effects: &mut Effects) {
        let start = effects.deliveries.len();
        let outcome = match input {
            Input::Register { name, hash, code, origin } => {
                self.register(now, client, name, hash, code, origin, effects)
            }
            Input::ResetPassword { name, digest, hash, origin } => {
                self.reset_password(now, client, &name, digest, hash, origin, effects)
            }
            Input::LogIn { account, password_version, origin } => {
                self.log_in_by_password(now, client, account, password_version, origin, effects)
            }
            Input::LogInByToken { name, digest, origin } => {
                self.log_in_by_token(now, client, &name, digest, origin, effects)
            }
            Input::Command(command, facts) => match self.actor(now, client) {
                Some(actor) => {
                    let allowed = self.check_command(actor, &command);
                    allowed.and_then(|()| self.obey(actor, command, &facts, effects))
                }
                None => Err(Refusal::NotLoggedIn),
            },
            Input::Gone => return self.end_session(now, client, effects),
            Input::TokenExpired => return self.end_expired(now, client, effects),
        };
        let answer = outcome.unwrap_or_else(|refusal| Answer::Event(Event::Refused(refusal)));
        effects.deliveries.insert(start, Delivery::Answer(client, answer));
    }

    /// The one answer to a query. Changes nothing.
    pub fn ask(&self, now: Timestamp, client: ClientId, query: &Query) -> Answer {
        let answer = match self.actor(now, client) {
            Some(actor) => self.check_need(actor, query.need()).and_then(|()| self.look_up(actor, query)),
            None => Err(Refusal::NotLoggedIn),
        };
        answer.unwrap_or_else(|refusal| Answer::Event(Event::Refused(refusal)))
    }

    fn actor(&self, now: Timestamp, client: ClientId) -> Option<Actor> {
        self.account_of(client).map(|account| Actor { now, client, account })
    }

    fn look_up(&self, actor: Actor, query: &Query) -> Result<Answer, Refusal> {
        let event = match query {
            Query::History { room, range } => return self.history(actor, room.as_ref(), *range),
            Query::Unread => return Ok(self.unread(actor)),
            Query::Rooms { page } => Ok(self.list_rooms(actor, *page)),
            Query::OwnRooms { page } => Ok(self.list_own_rooms(actor, *page)),
            Query::Room { room } => self.show_room(actor, room.as_ref()),
            Query::Topic { room } => self.topic(actor, room.as_ref()),
            Query::Who { room, page } => self.who(actor, room.as_ref(), *page),
            Query::Whois { name } => self.whois(actor, name),
            Query::Bans { room, page } => self.list_bans(actor, room.as_ref(), *page),
            Query::ServerBans { page } => self.server_bans(actor, *page),
            Query::Registration => self.show_registration(actor),
            Query::Tokens => Ok(self.list_tokens(actor)),
            Query::Sessions { page } => Ok(self.list_sessions(actor, *page)),
        };
        event.map(Answer::Event)
    }

    fn obey(
        &mut self,
        actor: Actor,
        command: Command,
        facts: &Facts,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let event = match command {
            Command::Join { room, visibility } => return self.join(actor, &room, visibility, effects),
            Command::Accept { what, by } => return self.accept(actor, what.as_ref(), by.as_ref(), effects),
            Command::OpenDirect { with } => return self.open_direct(actor, &with, effects),
            Command::Resume { after } => return self.resume(actor, &after),

            Command::Say { room, kind, text, key } => {
                let keyed = key.as_ref().map(|key| (key, facts));
                let program = self.session(actor.client).program;
                self.say(actor, room.as_ref(), Saying { kind, program, text: &text, keyed }, effects)
            }
            Command::Tell { to, text } => self.tell(actor, &to, &text, effects),
            Command::Reply { text } => self.reply(actor, &text, effects),

            Command::Leave { room, confirmation } => self.leave(actor, room.as_ref(), confirmation.as_ref(), effects),
            Command::Create { name, visibility } => self.create(actor, name, visibility, effects),
            Command::SetTopic { room, text } => self.set_topic(actor, room.as_ref(), text, effects),
            Command::SetVisibility { room, visibility } => {
                self.set_visibility(actor, room.as_ref(), visibility, effects)
            }
            Command::RenameRoom { room, name } => self.rename_room(actor, room.as_ref(), name, effects),
            Command::DeleteRoom { room, confirmation } => {
                self.delete_room(actor, room.as_ref(), confirmation.as_ref(), effects)
            }
            Command::HandOver { room, to } => self.hand_over(actor, room.as_ref(), &to, effects),

            Command::Invite { who, room } => self.invite(actor, &who, room.as_ref(), effects),
            Command::InviteByCode { room, code } => self.invite_by_code(actor, room.as_ref(), code, effects),
            Command::Uninvite { what, room } => self.uninvite(actor, &what, room.as_ref(), effects),

            Command::Away { text } => self.set_away(actor, Some(text), effects),
            Command::Back => self.set_away(actor, None, effects),

            Command::CatchUp { room } => self.catch_up(actor, room.as_ref(), effects),
            Command::SetRead { room, up_to } => self.set_read(actor, &room, up_to, effects),

            Command::Kick { who, room, why } => self.kick(actor, &who, room.as_ref(), why, effects),
            Command::Ban { who, room, seconds, why } => self.ban(actor, &who, room.as_ref(), seconds, why, effects),
            Command::Unban { who, room } => self.unban(actor, &who, room.as_ref(), effects),
            Command::Promote { who, room } => self.appoint(actor, &who, room.as_ref(), Role::Moderator, effects),
            Command::Demote { who, room } => self.appoint(actor, &who, room.as_ref(), Role::Member, effects),

            Command::ClaimOperator { code } => self.claim_operator(actor, &code, effects),
            Command::ServerKick { who, why } => self.server_kick(actor, &who, why, effects),
            Command::ServerBan { target, seconds, why } => self.server_ban(actor, target, seconds, why, effects),
            Command::ServerUnban { target } => self.server_unban(actor, target, effects),
            Command::ServerPromote { who } => self.set_operator(actor, &who, true, effects),
            Command::ServerDemote { who } => self.set_operator(actor, &who, false, effects),

            Command::SetRegistration { registration } => self.set_registration(actor, registration, effects),
            Command::MakeRegistrationCode { code, digest } => self.make_registration_code(actor, code, digest, effects),
            Command::MakePasswordCode { who, code, digest } => {
                self.make_password_code(actor, &who, code, digest, effects)
            }
            Command::FreeName { name } => self.free_name(actor, &name, effects),

            Command::ChangePassword { hash } => self.change_password(actor, hash, effects),
            Command::DeleteAccount => self.delete_account(actor, effects),
            Command::SetAcks { on } => self.set_acks(actor, on, effects),
            Command::NewToken { name, secret, digest, scope, seconds, proved: _ } => {
                let until = seconds.map(|seconds| actor.now.plus_seconds(seconds));
                let token = Token { digest, scope, created: actor.now, until, used: None };
                self.new_token(actor, name, secret, token, effects)
            }
            Command::RevokeToken { name, proved: _ } => self.revoke_token(actor, name, effects),
            Command::CloseSession { session, proved: _ } => self.close_session(actor, session, effects),
            Command::LogOut => self.quit(actor, Farewell::LoggedOut, effects),
            Command::Quit => self.quit(actor, Farewell::Quit, effects),
        };
        event.map(Answer::Event)
    }

    /// Whether the client has a session.
    pub fn is_logged_in(&self, client: ClientId) -> bool {
        self.sessions.get(client).is_some()
    }

    /// The account of a client, if it has a session.
    pub fn account_of(&self, client: ClientId) -> Option<AccountId> {
        self.sessions.get(client).map(|session| session.account)
    }

    /// The number of accounts with a connection.
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

    /// Checks that an account has not created too many rooms within an hour, and counts one more.
    fn count_new_room(&mut self, actor: Actor) -> Result<(), Refusal> {
        let max = self.limits.rooms_created_per_hour_max;
        let account = self.accounts.get_mut(actor.account);
        let old = account.rooms_created;
        if let Some(wait_s) = old.wait_s(max, actor.now) {
            return Err(Refusal::TooManyRoomsCreated { max, wait_s });
        }
        account.rooms_created = old.with_one_more(actor.now);
        let id = actor.account;
        self.undo.push(Undo::of(move |chat| chat.accounts.get_mut(id).rooms_created = old));
        Ok(())
    }

    fn add_room(&mut self, now: Timestamp, kind: RoomKind, effects: &mut Effects) -> RoomId {
        let id = self.rooms.next_id();
        self.record(Record::RoomCreated { id, kind, at: now }, effects);
        id
    }

    /// The rooms of an account as it refers to them, without direct rooms.
    fn named_rooms_of(&self, account: AccountId) -> Vec<ShownRoom> {
        let named = self.rooms_of(account).filter(|room| !room.is_direct());
        named.map(|room| self.label(room.id, account)).collect()
    }

    /// The rooms of an account, direct ones too, in the order of their creation.
    fn rooms_of(&self, account: AccountId) -> impl Iterator<Item = &Room> {
        self.accounts.get(account).rooms.iter().filter_map(|id| self.rooms.try_get(*id))
    }
}
