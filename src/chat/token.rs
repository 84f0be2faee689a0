//! Tokens: passwords for programs. Drawn by the server, shown once, known by their digest only, taken back by name.

use std::fmt;
use std::sync::Arc;

use super::{Ask, Chat, Event, Farewell, Name, Record, Refusal, Timestamp, TokenRow};

/// Most tokens that an account may have.
pub const TOKENS_PER_ACCOUNT_MAX: usize = 20;

/// What is kept of a token: a digest, from which the token cannot be found again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenDigest(pub [u8; 32]);

/// Whoever has the digest cannot log in, but neither need anybody read it.
impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(..)")
    }
}

/// A token as its owner is shown it, once. Drawn outside the core.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSecret(pub Arc<str>);

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(..)")
    }
}

/// A token of an account.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub digest: TokenDigest,
    pub created: Timestamp,
    /// `None` for good.
    pub until: Option<Timestamp>,
    /// When somebody last logged in by it.
    pub used: Option<Timestamp>,
}

impl Token {
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Chat {
    pub(super) fn new_token(
        &mut self,
        ask: &mut Ask,
        name: Name,
        secret: TokenSecret,
        digest: TokenDigest,
        seconds: Option<u64>,
    ) -> Result<(), Refusal> {
        let tokens = &self.accounts.get(ask.account).tokens;
        if tokens.get(&name).is_some_and(|token| token.holds(ask.now)) {
            return Err(Refusal::TokenExists { name });
        }
        if tokens.values().filter(|token| token.holds(ask.now)).count() >= TOKENS_PER_ACCOUNT_MAX {
            return Err(Refusal::TooManyTokens { max: TOKENS_PER_ACCOUNT_MAX as u64 });
        }
        // Those that are over make room.
        let over: Vec<Name> =
            tokens.iter().filter(|(_, token)| !token.holds(ask.now)).map(|(name, _)| name.clone()).collect();
        over.into_iter().for_each(|name| self.remove_token(ask, &name));
        let until = seconds.map(|seconds| ask.now.plus_seconds(seconds));
        let token = Token { digest, created: ask.now, until, used: None };
        self.accounts.get_mut(ask.account).tokens.insert(name.clone(), token);
        let account = ask.account;
        ask.effects.store(Record::TokenMade { account, name: name.clone(), digest, at: ask.now, until });
        ask.answer(Event::TokenMade { name, secret, until });
        Ok(())
    }

    pub(super) fn list_tokens(&mut self, ask: &mut Ask) -> Result<(), Refusal> {
        let tokens = self.accounts.get(ask.account).tokens.iter().filter(|(_, token)| token.holds(ask.now));
        let row = |(name, token): (&Name, &Token)| TokenRow {
            name: name.clone(),
            created: token.created,
            until: token.until,
            used: token.used,
        };
        let rows = tokens.map(row).collect();
        ask.answer(Event::Tokens { rows });
        Ok(())
    }

    /// Takes a token back. Connections that were logged in by it are closed, but for the asker's own.
    pub(super) fn revoke_token(&mut self, ask: &mut Ask, name: Name) -> Result<(), Refusal> {
        let account = self.accounts.get(ask.account);
        if !account.tokens.get(&name).is_some_and(|token| token.holds(ask.now)) {
            return Err(Refusal::NoSuchToken { name });
        }
        let others = account.clients.iter().copied().filter(|client| *client != ask.client);
        let others: Vec<_> = others.filter(|client| self.session(*client).token.as_ref() == Some(&name)).collect();
        self.remove_token(ask, &name);
        for client in &others {
            self.dismiss(ask.now, *client, Farewell::TokenRevoked { name: name.clone() }, ask.effects);
        }
        ask.answer(Event::TokenRevoked { name, closed: others.len() as u64 });
        Ok(())
    }

    fn remove_token(&mut self, ask: &mut Ask, name: &Name) {
        self.accounts.get_mut(ask.account).tokens.remove(name);
        ask.effects.store(Record::TokenRemoved { account: ask.account, name: name.clone() });
    }

    /// All tokens of an account that is deleted.
    pub(super) fn remove_tokens(&mut self, ask: &mut Ask) {
        let names: Vec<Name> = self.accounts.get(ask.account).tokens.keys().cloned().collect();
        names.iter().for_each(|name| self.remove_token(ask, name));
    }
}
