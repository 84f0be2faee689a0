//! Tokens, and who logs in by them.

use chat_server::chat::{
    AccountId, ClientId, Event, Farewell, Name, Origin, TOKENS_PER_ACCOUNT_MAX, Timestamp, TokenDigest, TokenRow,
    TokenSecret,
};

use super::{Asker, Model, Refused, Session};

#[derive(Clone, Debug)]
pub struct Token {
    pub digest: TokenDigest,
    pub(super) created: Timestamp,
    pub(super) until: Option<Timestamp>,
    pub(super) used: Option<Timestamp>,
    /// The same as it is stored, which is done when a session that used it ends.
    pub(super) stored: Option<Timestamp>,
}

impl Model {
    pub(super) fn log_in_by_token(
        &mut self,
        client: ClientId,
        name: &Name,
        digest: TokenDigest,
        origin: Origin,
    ) -> Result<(), Refused> {
        let id = self.account_named(name).map_err(|_| "wrong_password")?.id;
        let tokens = self.tokens_of(id);
        let shown = tokens.iter().find(|(_, token)| token.digest == digest).ok_or("wrong_password")?;
        self.log_in(client, id, origin, Some(shown.0.clone()))?;
        let session = self.sessions[&client].clone();
        if let Some(token) = self.token_of(&session) {
            token.used = token.used.max(Some(session.since));
        }
        Ok(())
    }

    /// The token by which a session was logged in, unless it is gone; another may have its name by now.
    fn token_of(&mut self, session: &Session) -> Option<&mut Token> {
        let tokens = &mut self.accounts.get_mut(&session.account)?.tokens;
        tokens.get_mut(session.token.as_ref()?).filter(|token| token.created <= session.since)
    }

    /// A session is over: that its token was used is stored.
    pub(super) fn store_use(&mut self, session: &Session) {
        if let Some(token) = self.token_of(session) {
            token.stored = token.stored.max(Some(session.since));
        }
    }

    /// What is known of uses when the store was read again: what it has, and the living sessions.
    pub(super) fn recall_uses(&mut self) {
        for account in self.accounts.values_mut() {
            account.tokens.values_mut().for_each(|token| token.used = token.stored);
        }
        for session in self.sessions.values().cloned().collect::<Vec<_>>() {
            if let Some(token) = self.token_of(&session) {
                token.used = token.used.max(Some(session.since));
            }
        }
    }

    /// Those that hold.
    pub(super) fn tokens_of(&self, account: AccountId) -> Vec<(Name, Token)> {
        let tokens = self.accounts[&account].tokens.iter();
        let hold = tokens.filter(|(_, token)| token.until.is_none_or(|until| self.now < until));
        hold.map(|(name, token)| (name.clone(), token.clone())).collect()
    }

    pub(super) fn new_token(
        &mut self,
        asker: Asker,
        name: Name,
        secret: TokenSecret,
        digest: TokenDigest,
        seconds: Option<u64>,
    ) -> Result<(), Refused> {
        let mut tokens = self.tokens_of(asker.account);
        if tokens.iter().any(|(other, _)| *other == name) {
            return Err("token_exists");
        }
        if tokens.len() >= TOKENS_PER_ACCOUNT_MAX {
            return Err("too_many_tokens");
        }
        let until = seconds.map(|seconds| self.now.plus_seconds(seconds));
        tokens.push((name.clone(), Token { digest, created: self.now, until, used: None, stored: None }));
        // Those that are over are forgotten.
        self.account(asker.account).tokens = tokens.into_iter().collect();
        self.answer(asker, Event::TokenMade { name, secret, until })
    }

    pub(super) fn list_tokens(&mut self, asker: Asker) -> Result<(), Refused> {
        let row = |(name, token): (Name, Token)| {
            let Token { created, until, used, .. } = token;
            TokenRow { name, created, until, used }
        };
        let rows = self.tokens_of(asker.account).into_iter().map(row).collect();
        self.answer(asker, Event::Tokens { rows })
    }

    pub(super) fn revoke_token(&mut self, asker: Asker, name: Name) -> Result<(), Refused> {
        if !self.tokens_of(asker.account).iter().any(|(other, _)| *other == name) {
            return Err("no_such_token");
        }
        self.account(asker.account).tokens.remove(&name);
        let mut users = self.clients_of(asker.account);
        users.retain(|client| *client != asker.client && self.sessions[client].token.as_ref() == Some(&name));
        let closed = self.dismiss_all(users, &Farewell::TokenRevoked { name: name.clone() });
        self.answer(asker, Event::TokenRevoked { name, closed })
    }
}
