//! Tokens: passwords for programs. The server draws them, shows them once, keeps only a digest, and revokes them by name.

use std::fmt;
use std::sync::Arc;

use super::{
    AccountId, Actor, Chat, ClientId, Effects, Event, Farewell, Name, Record, Refusal, Timestamp, TokenRow, TokenScope,
};

/// Most tokens that an account may have.
pub const TOKENS_PER_ACCOUNT_MAX: usize = 20;

/// The digest of a token, from which the token cannot be recovered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenDigest(pub [u8; 32]);

/// Nobody can log in with a digest, but it is not logged either.
impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(..)")
    }
}

/// The secret of a token, which its owner is shown once. Drawn outside the core.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSecret(pub Arc<str>);

impl TokenSecret {
    /// The prefix of every token, so that people and programs recognise one.
    pub const PREFIX: &str = "token:";
    /// The base 32 alphabet of RFC 4648, in lower case: five bits a digit.
    pub const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    /// Digits of a token.
    pub const LENGTH: usize = 32;

    /// Whether there is something in `text` that has the form of a token, or of one that was not copied whole.
    pub fn is_in(text: &str) -> bool {
        let digits =
            |text: &str| text.bytes().take_while(|byte| Self::DIGITS.contains(&byte.to_ascii_lowercase())).count();
        let lower = text.to_ascii_lowercase();
        let has_prefix = lower.split(Self::PREFIX).skip(1).any(|rest| digits(rest) >= Self::LENGTH / 2);
        // No word of 32 letters is as likely to have a digit.
        let is_bare = |word: &str| {
            word.len() == Self::LENGTH && digits(word) == Self::LENGTH && word.bytes().any(|byte| byte.is_ascii_digit())
        };
        has_prefix || lower.split(|c: char| !c.is_ascii_alphanumeric()).any(is_bare)
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(..)")
    }
}

/// A token of an account.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub digest: TokenDigest,
    pub scope: TokenScope,
    pub created: Timestamp,
    /// `None`: valid until it is revoked.
    pub until: Option<Timestamp>,
    /// When it was last used to log in; recorded when that session ends.
    pub used: Option<Timestamp>,
}

impl Token {
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Chat {
    pub(super) fn new_token(
        &mut self,
        actor: Actor,
        name: Name,
        secret: TokenSecret,
        token: Token,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let tokens = &self.accounts.get(actor.account).tokens;
        if tokens.get(&name).is_some_and(|token| token.is_valid(actor.now)) {
            return Err(Refusal::TokenExists { name });
        }
        if self.valid_tokens(actor) >= TOKENS_PER_ACCOUNT_MAX {
            return Err(Refusal::TooManyTokens { max: TOKENS_PER_ACCOUNT_MAX as u64 });
        }
        // Expired tokens do not count towards the maximum.
        let expired = tokens.iter().filter(|(_, token)| !token.is_valid(actor.now)).map(|(name, _)| name.clone());
        for name in expired.collect::<Vec<Name>>() {
            self.remove_token(actor.account, name, effects);
        }
        let Token { digest, scope, created: at, until, .. } = token;
        self.record(
            Record::TokenCreated { account: actor.account, name: name.clone(), digest, scope, at, until },
            effects,
        );
        Ok(Event::TokenCreated { name, secret, scope, until })
    }

    /// The number of the requester's valid tokens.
    pub(super) fn valid_tokens(&self, actor: Actor) -> usize {
        let tokens = &self.accounts.get(actor.account).tokens;
        tokens.values().filter(|token| token.is_valid(actor.now)).count()
    }

    pub(super) fn list_tokens(&self, actor: Actor) -> Event {
        let account = self.accounts.get(actor.account);
        let row = |(name, token): (&Name, &Token)| {
            let sessions = account.clients.iter().map(|client| self.session(*client));
            let by_it = sessions.filter(|session| session.is_by(token.digest));
            let used = by_it.map(|session| session.since).max().max(token.used);
            TokenRow { name: name.clone(), scope: token.scope, created: token.created, until: token.until, used }
        };
        let valid = account.tokens.iter().filter(|(_, token)| token.is_valid(actor.now));
        Event::Tokens { rows: valid.map(row).collect() }
    }

    /// Revokes a token. All connections that logged in with it are closed.
    pub(super) fn revoke_token(&mut self, actor: Actor, name: Name, effects: &mut Effects) -> Result<Event, Refusal> {
        let account = self.accounts.get(actor.account);
        let token = account.tokens.get(&name).filter(|token| token.is_valid(actor.now));
        let Some(digest) = token.map(|token| token.digest) else { return Err(Refusal::NoSuchToken { name }) };
        let uses_it = |client: &ClientId| self.session(*client).is_by(digest);
        let clients: Vec<ClientId> = account.clients.iter().copied().filter(uses_it).collect();
        self.remove_token(actor.account, name.clone(), effects);
        self.dismiss_others(actor.now, &clients, &Farewell::TokenRevoked { name: name.clone() }, effects);
        let closed = clients.iter().filter(|client| **client != actor.client).count() as u64;
        Ok(Event::TokenRevoked { name, closed })
    }

    /// The clients whose tokens have expired: their sessions are to be ended ([`Input::TokenExpired`](super::Input)).
    pub fn expired(&self, now: Timestamp) -> Vec<ClientId> {
        self.sessions.expired(now)
    }

    /// Ends the session of a client whose token has expired.
    pub(super) fn end_expired(&mut self, now: Timestamp, client: ClientId, effects: &mut Effects) {
        let token = self.sessions.get(client).and_then(|session| session.token.as_ref());
        if let Some(token) = token.filter(|token| token.until.is_some_and(|until| until <= now)) {
            let farewell = Farewell::TokenExpired { name: token.name.clone() };
            self.dismiss_others(now, &[client], &farewell, effects);
        }
    }

    fn remove_token(&mut self, account: AccountId, name: Name, effects: &mut Effects) {
        self.record(Record::TokenRemoved { account, name }, effects);
    }

    /// Removes all tokens of an account that is deleted or gets a new password by a code.
    pub(super) fn remove_tokens(&mut self, account: AccountId, effects: &mut Effects) {
        let names: Vec<Name> = self.accounts.get(account).tokens.keys().cloned().collect();
        names.into_iter().for_each(|name| self.remove_token(account, name, effects));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_token_is_recognised() {
        let check = |text: &str, expected: bool| assert_eq!(TokenSecret::is_in(text), expected, "{text}");
        let digits = "k3uxz5ql2wd7nhs6ymjtr4vabcf2oep7";
        check(&format!("token:{digits}"), true);
        check(&format!("login ana TOKEN:{digits} please"), true);
        check(&format!("my token:{}", &digits[..20]), true);
        check(&format!("it is \"{digits}\""), true);
        check("token: what is that?", false);
        check("token:hunter22", false);
        check(&"a".repeat(32), false);
        check("d41d8cd98f00b204e9800998ecf8427e", false);
        check("", false);
    }
}
