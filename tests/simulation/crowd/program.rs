//! What programs do that people do not: they log in by tokens, send again under the same key, and come back for what they
//! have missed.

use std::sync::Arc;

use chat_server::address::Address;
use chat_server::chat::{
    AccountId, ClientId, Code, Command, Grant, INVITATIONS_PER_ROOM_MAX, Input, Name, Origin, PasswordHash, Query,
    RoomId, RoomLabel, SYSTEM, SendKey, Seq, TOKENS_PER_ACCOUNT_MAX, TokenDigest, TokenScope, TokenSecret, Traits,
};

use super::{ADDRESSES, Crowd, PEOPLE, command, query};
use crate::simulation::request::Request;
use crate::simulation::state::{Asker, Range, State};

/// How many keys are remembered, to be sent again.
const KEYS_REMEMBERED: usize = 12;

impl Crowd {
    /// A connection wants to be let in.
    pub(super) fn enter(&mut self, state: &State, client: ClientId) -> Input {
        let origin = self.origin(client);
        let alive: Vec<AccountId> = state.store.living().map(|account| account.id).collect();
        if self.random.below(30) > alive.len() as u64 * 3 + 3 {
            let name = Name::parse(self.random.one_of(&PEOPLE).unwrap()).unwrap();
            let codes: Vec<TokenDigest> = state.store.registration_codes.keys().copied().collect();
            let code = self.random.one_of(&codes).filter(|_| self.random.percent(70));
            return Input::Register { name, hash: PasswordHash("hash".into()), code, origin };
        }
        let codes: Vec<_> =
            state.store.password_codes.iter().map(|(account, (digest, _))| (*account, *digest)).collect();
        if let Some((account, digest)) = self.random.one_of(&codes).filter(|_| self.random.percent(10)) {
            let name = if self.random.percent(10) { self.person(state) } else { state.store.person(account) };
            return Input::ResetPassword { name, digest, hash: PasswordHash("hash".into()), origin };
        }
        if self.random.percent(25) {
            return self.show_token(state, origin);
        }
        let any = AccountId(self.random.below(state.store.accounts.len() as u64 + 1) as i64 + 1);
        let account = self.random.one_of(&alive).filter(|_| self.random.percent(90)).unwrap_or(any);
        let version = state.store.accounts.get(&account).map_or(1, |account| account.password_version);
        // The system's own account has no password, so nobody gets as far as this for it.
        let account = if account == SYSTEM { AccountId(2) } else { account };
        let password_version = if self.random.percent(5) { version.saturating_sub(1) } else { version };
        Input::LogIn { account, password_version, origin }
    }

    /// Whether a connection is a program's.
    pub(super) fn is_program(&self, client: ClientId) -> bool {
        client.0 * 37 % 100 < self.programs
    }

    /// A connection speaks one protocol for as long as it lasts, and asks for something else at each login.
    fn origin(&mut self, client: ClientId) -> Origin {
        let address = Address::parse(self.random.one_of(&ADDRESSES).unwrap()).unwrap();
        if !self.is_program(client) {
            return Origin::text(address);
        }
        let traits = Traits {
            cursor: false,
            acknowledges: self.random.percent(50),
            echoes: self.random.percent(30),
            member_lists: self.random.percent(30),
            presence: self.random.percent(40),
            read_positions: self.random.percent(40),
        };
        let (live, reads) =
            (self.random.percent(40), Some(self.random.percent(70)).filter(|_| self.random.percent(70)));
        let program = self.random.one_of(&[None, Some(false), Some(true)]).unwrap();
        Origin { traits, live, reads, program, ..Origin::json(address) }
    }

    /// Somebody's token, and mostly with the right name; it may be over.
    fn show_token(&mut self, state: &State, origin: Origin) -> Input {
        let tokens = state.store.tokens.values().map(|token| (state.store.person(token.account), token.digest));
        let tokens: Vec<(Name, TokenDigest)> = tokens.collect();
        let shown = self.random.one_of(&tokens);
        let (owner, digest) = shown.unwrap_or_else(|| (self.person(state), TokenDigest([0; 32])));
        let name = if self.random.percent(10) { self.person(state) } else { owner };
        Input::LogInByToken { name, digest, origin }
    }

    /// A new token; its name may be in use.
    pub(super) fn new_token(&mut self) -> Command {
        let name = self.token_name();
        let seconds = self.seconds();
        self.make_token(name, seconds)
    }

    /// A one-time code of which only the digest is kept.
    pub(super) fn new_code(&mut self) -> (Code, TokenDigest) {
        self.last_token += 1;
        let mut digest = [1; 32];
        digest[..8].copy_from_slice(&self.last_token.to_le_bytes());
        (Code::typed(&format!("code-{}", self.last_token)), TokenDigest(digest))
    }

    fn make_token(&mut self, name: Name, seconds: Option<u64>) -> Command {
        self.last_token += 1;
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&self.last_token.to_le_bytes());
        let secret = TokenSecret(Arc::from(format!("token-{}", self.last_token)));
        let scope = self.random.one_of(&[TokenScope::Read, TokenScope::Send, TokenScope::All]).unwrap();
        let proved = self.random.percent(30);
        Command::NewToken { name, secret, digest: TokenDigest(digest), scope, seconds, proved }
    }

    pub(super) fn token_name(&mut self) -> Name {
        Name::parse(self.random.one_of(&["bot", "Bot", "bridge", "script"]).unwrap()).unwrap()
    }

    /// More tokens than anybody may have, one by one.
    pub(super) fn collect_tokens(&mut self, client: ClientId) -> Request {
        for number in 0..TOKENS_PER_ACCOUNT_MAX + 1 {
            let name = Name::parse(&format!("bot-{number}")).unwrap();
            let seconds = Some(60).filter(|_| self.random.percent(2));
            let made = self.make_token(name, seconds);
            self.errands.push_back((client, command(made)));
        }
        query(Query::Tokens)
    }

    /// More codes than a room may have, one by one.
    pub(super) fn collect_codes(&mut self, client: ClientId, room: Option<RoomLabel>) -> Request {
        for number in 0..INVITATIONS_PER_ROOM_MAX as u8 + 1 {
            let made = Command::InviteByCode { room: room.clone(), code: Code::invitation([number, 3, 3]) };
            self.errands.push_back((client, command(made)));
        }
        query(Query::Room { room })
    }

    /// More wrong codes than anybody may try, one by one.
    pub(super) fn guess_codes(&mut self, client: ClientId) -> Command {
        let guess = Command::Accept { what: Some(Name::parse("maple-otter-42").unwrap()), by: None };
        self.errands.extend(vec![(client, command(guess.clone())); 6]);
        guess
    }

    /// One of the own connections, or somebody else's.
    pub(super) fn close_session(&mut self, state: &State, asker: Asker) -> Command {
        let clients = match self.random.percent(80) {
            true => state.clients_of(asker.account).collect(),
            false => self.connections.clone(),
        };
        let session = self.random.one_of(&clients).unwrap_or(asker.client);
        Command::CloseSession { session, proved: self.random.percent(30) }
    }

    /// The key of a message: a new one, or one that was used before, by anybody and anywhere.
    pub(super) fn key(&mut self, asker: Asker) -> Option<SendKey> {
        if !self.is_program(asker.client) || self.random.percent(30) {
            return None;
        }
        let known = self.random.one_of(&self.keys).filter(|_| self.random.percent(40));
        Some(known.unwrap_or_else(|| {
            self.last_key += 1;
            let key = SendKey::parse(&format!("key-{}", self.last_key)).unwrap();
            if self.keys.len() == KEYS_REMEMBERED {
                self.keys.remove(0);
            }
            self.keys.push(key.clone());
            key
        }))
    }

    /// Where it was in some of its rooms: by what is stored, or by what it says, which may be wrong.
    pub(super) fn resume(&mut self, state: &State, asker: Asker) -> Command {
        let mut after = Vec::new();
        for room in state.store.rooms_of(asker.account) {
            if self.random.percent(25) {
                continue;
            }
            let seq = match self.random.below(20) {
                0 => room.last_seq + 1,
                1..6 => state.reading.of(room.id, asker.account).prefix(),
                6..10 => room.last_seq,
                _ => self.random.below(room.last_seq + 1),
            };
            let label = match self.random.percent(50) {
                true => RoomLabel::Number(room.id),
                false => state.store.label(room.id, asker.account),
            };
            after.push((label, seq));
        }
        if self.random.percent(10) {
            after.push((RoomLabel::Room(self.room_name(state)), self.random.below(3)));
            after.push((RoomLabel::Direct(self.person(state)), 0));
            after.push((RoomLabel::Number(RoomId(self.random.below(20).cast_signed())), 0));
        }
        Command::Resume { after }
    }

    /// A page is on its way to a client. A program asks for the next one when it has been shown, until it has all.
    pub fn send_page(&mut self, client: ClientId, grant: &Grant, is_resumed: bool) {
        let shown = grant.ranges.iter().filter(|range| range.from <= range.to);
        self.pages.push_back((client, shown.map(|range| (range.room.id, range.from, range.to)).collect()));
        let open = grant.ranges.iter().filter(|range| range.to < range.last);
        let after: Vec<(RoomLabel, Seq)> = open.map(|range| (RoomLabel::Number(range.room.id), range.to)).collect();
        if is_resumed && !after.is_empty() {
            self.errands.push_back((client, command(Command::Resume { after })));
        }
    }

    /// A page that reaches its client now, if one does.
    pub fn arriving_page(&mut self) -> Option<(ClientId, Vec<Range>)> {
        if self.random.percent(50) { self.pages.pop_front() } else { None }
    }

    /// The session of a client has ended: its pages do not arrive.
    pub fn forget_pages(&mut self, client: ClientId) {
        self.pages.retain(|(other, _)| *other != client);
    }

    /// The next of what was begun before, of a client that has begun something.
    pub(super) fn errand(&mut self) -> Option<(ClientId, Request)> {
        let clients: Vec<ClientId> = self.errands.iter().map(|(client, _)| *client).collect();
        let chosen = self.random.one_of(&clients)?;
        let first = self.errands.iter().position(|(client, _)| *client == chosen)?;
        self.errands.remove(first)
    }
}
