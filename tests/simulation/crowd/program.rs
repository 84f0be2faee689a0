//! What programs do that people do not: they log in by tokens, send again under the same key, and come back for what they
//! have missed.

use std::sync::Arc;

use chat_server::address::Address;
use chat_server::chat::{
    AccountId, ClientId, Command, Front, Grant, Input, Keyed, Name, Origin, PasswordHash, RoomLabel, SYSTEM, SendKey,
    Seq, TOKENS_PER_ACCOUNT_MAX, TokenDigest, TokenSecret,
};

use super::{ADDRESSES, Crowd, PEOPLE};
use crate::simulation::model::{Asker, Model};

/// Of so many keys the newest are sent again.
const KEYS_REMEMBERED: usize = 12;

impl Crowd {
    /// A connection wants to be let in.
    pub(super) fn enter(&mut self, model: &Model, client: ClientId) -> Input {
        let origin = self.origin(client);
        let living = model.accounts.values().filter(|account| account.name.is_some()).count() as u64;
        if self.random.below(30) > living * 3 {
            let name = Name::parse(self.random.one_of(&PEOPLE).unwrap()).unwrap();
            return Input::Register { name, hash: PasswordHash("hash".into()), origin };
        }
        if self.random.percent(25) {
            return self.show_token(model, origin);
        }
        let alive = model.accounts.values().filter(|account| account.name.is_some()).map(|account| account.id);
        let alive: Vec<AccountId> = alive.collect();
        let any = AccountId(self.random.below(model.accounts.len() as u64 + 1) as i64 + 1);
        let account = self.random.one_of(&alive).filter(|_| self.random.percent(90)).unwrap_or(any);
        let version = model.accounts.get(&account).map_or(1, |account| account.version);
        // The system's own account has no password, so nobody gets as far as this for it.
        let account = if account == SYSTEM { AccountId(2) } else { account };
        let password_version = if self.random.percent(5) { version.saturating_sub(1) } else { version };
        Input::LogIn { account, password_version, origin }
    }

    /// A connection speaks one language for as long as it lasts.
    fn origin(&mut self, client: ClientId) -> Origin {
        let address = Address::parse(self.random.one_of(&ADDRESSES).unwrap()).unwrap();
        match client.0 * 37 % 100 < self.programs {
            true => Origin { address, front: Front::Json, live: self.random.percent(40) },
            false => Origin::text(address),
        }
    }

    /// Somebody's token, and mostly with the right name; it may be over.
    fn show_token(&mut self, model: &Model, origin: Origin) -> Input {
        let tokens = model
            .accounts
            .values()
            .flat_map(|account| account.tokens.values().map(|token| (account.label(), token.digest)));
        let tokens: Vec<(Name, TokenDigest)> = tokens.collect();
        let shown = self.random.one_of(&tokens);
        let (owner, digest) = shown.unwrap_or_else(|| (self.person(model), TokenDigest([0; 32])));
        let name = if self.random.percent(10) { self.person(model) } else { owner };
        Input::LogInByToken { name, digest, origin }
    }

    /// A new token; its name may be in use.
    pub(super) fn new_token(&mut self) -> Command {
        let name = self.token_name();
        let seconds = self.seconds();
        self.make_token(name, seconds)
    }

    fn make_token(&mut self, name: Name, seconds: Option<u64>) -> Command {
        self.last_token += 1;
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&self.last_token.to_le_bytes());
        let secret = TokenSecret(Arc::from(format!("token-{}", self.last_token)));
        Command::NewToken { name, secret, digest: TokenDigest(digest), seconds }
    }

    pub(super) fn token_name(&mut self) -> Name {
        Name::parse(self.random.one_of(&["bot", "Bot", "bridge", "script"]).unwrap()).unwrap()
    }

    /// More tokens than anybody may have, one by one.
    pub(super) fn collect_tokens(&mut self, client: ClientId) -> Command {
        for number in 0..TOKENS_PER_ACCOUNT_MAX + 1 {
            let name = Name::parse(&format!("bot-{number}")).unwrap();
            let seconds = Some(60).filter(|_| self.random.percent(2));
            let command = self.make_token(name, seconds);
            self.errands.push_back((client, command));
        }
        Command::ListTokens
    }

    /// One of the own connections, or somebody else's.
    pub(super) fn close_session(&mut self, model: &Model, asker: Asker) -> Command {
        let clients = match self.random.percent(80) {
            true => model.clients_of(asker.account),
            false => self.connections.clone(),
        };
        Command::CloseSession { session: self.random.one_of(&clients).unwrap_or(asker.client) }
    }

    /// The key of a message: a new one, or one that was used before, by whomever and wherever.
    pub(super) fn key(&mut self, model: &Model, asker: Asker) -> Option<Keyed> {
        if model.sessions[&asker.client].origin.front != Front::Json || self.random.percent(30) {
            return None;
        }
        let known = self.random.one_of(&self.keys).filter(|_| self.random.percent(40));
        let key = known.unwrap_or_else(|| {
            self.last_key += 1;
            let key = SendKey::parse(&format!("key-{}", self.last_key)).unwrap();
            if self.keys.len() == KEYS_REMEMBERED {
                self.keys.remove(0);
            }
            self.keys.push(key.clone());
            key
        });
        // Whoever owns the store puts there what is known of it.
        Some(Keyed { key, stored: Vec::new() })
    }

    /// Where it was in some of its rooms: by what is stored, or by what it says, which may be wrong.
    pub(super) fn resume(&mut self, model: &Model, asker: Asker) -> Command {
        let mut after = Vec::new();
        for room in model.rooms.values().filter(|room| room.members.contains_key(&asker.account)) {
            if self.random.percent(25) {
                continue;
            }
            let seq = match self.random.below(20) {
                0 => room.last + 1,
                1..6 => room.members[&asker.account].read,
                6..10 => room.last,
                _ => self.random.below(room.last + 1),
            };
            after.push((model.label(room.id, asker.account), seq));
        }
        if self.random.percent(10) {
            after.push((RoomLabel::Room(self.room_name(model)), self.random.below(3)));
            after.push((RoomLabel::Direct(self.person(model)), 0));
        }
        Command::Resume { after }
    }

    /// A page is on its way to a client. It counts as read when it is shown, some time later; a program then asks for the
    /// next page, until it has all.
    pub fn show_page(&mut self, client: ClientId, grant: &Grant) {
        let shown = grant.ranges.iter().filter(|range| range.from <= range.to);
        let marks = shown.map(|range| (client, Command::MarkRead { room: range.room, seq: range.to }));
        self.errands.extend(marks);
        let open = grant.ranges.iter().filter(|range| range.to < range.last);
        let after: Vec<(RoomLabel, Seq)> = open.map(|range| (range.label.clone(), range.to)).collect();
        if !after.is_empty() && grant.purpose == chat_server::chat::Purpose::Resume {
            self.errands.push_back((client, Command::Resume { after }));
        }
    }

    /// The next of what was begun before, of a client that has begun something.
    pub(super) fn errand(&mut self) -> Option<(ClientId, Command)> {
        let clients: Vec<ClientId> = self.errands.iter().map(|(client, _)| *client).collect();
        let chosen = self.random.one_of(&clients)?;
        let first = self.errands.iter().position(|(client, _)| *client == chosen)?;
        self.errands.remove(first)
    }
}
