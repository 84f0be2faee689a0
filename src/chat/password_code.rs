//! One-time codes for new passwords: the way in for whoever forgot the old one.
//!
//! An operator makes a code for somebody, who sets a new password with it before being logged in. It works once, for
//! [`PASSWORD_CODE_LIFETIME_S`]; only its digest is kept. Nobody can take over an account in silence: the account is shown at
//! its next login that there was a code, its sessions and tokens end when it is used, and there is none for an operator. A
//! code is void once its owner has set a password, becomes an operator, or an operator is made a plain account.

use super::{
    AccountId, Actor, Answer, Chat, ClientId, Code, Effects, Event, Farewell, Name, Notice, Origin, PasswordHash,
    Record, Refusal, Timestamp, TokenDigest,
};

/// Lifetime of a code, in seconds.
pub const PASSWORD_CODE_LIFETIME_S: u64 = 24 * 3600;

/// A code that was not used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct PasswordCode {
    pub digest: TokenDigest,
    pub until: Timestamp,
}

impl Chat {
    /// Makes a code, in place of an earlier one. An operator must be made a plain account first, which it is shown.
    pub(super) fn make_password_code(
        &mut self,
        actor: Actor,
        who: &Name,
        code: Code,
        digest: TokenDigest,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        self.check_operator(actor)?;
        let account = self.find_account(who)?;
        let (id, who) = (account.id, account.label());
        if id == actor.account {
            return Err(Refusal::NotToYourself);
        }
        if account.operator {
            return Err(Refusal::TargetIsOperator { who });
        }
        let until = actor.now.plus_seconds(PASSWORD_CODE_LIFETIME_S);
        self.record(Record::PasswordCodeMade { account: id, digest, until }, effects);
        self.leave_notice(actor.now, id, Notice::PasswordCode { by: Some(self.name(actor.account)) }, effects);
        Ok(Event::PasswordCodeCreated { who, code, until })
    }

    /// Whether this is the digest of a valid code of the account of that name.
    pub fn check_password_code(&self, now: Timestamp, name: &Name, digest: TokenDigest) -> bool {
        self.owner_of_code(now, name, digest).is_some()
    }

    /// Makes the code of an account void, if it has one.
    pub(super) fn void_password_code(&mut self, id: AccountId, effects: &mut Effects) {
        if self.accounts.get(id).password_code.is_some() {
            self.record(Record::PasswordCodeRemoved { account: id }, effects);
        }
    }

    /// Makes void what one who is no operator any more could let somebody in by: the codes for new accounts that `by` made,
    /// and all codes for passwords. Who made those is not kept, and the others can be made again.
    pub(super) fn void_codes_by_operators(&mut self, by: AccountId, effects: &mut Effects) {
        let made = self.registration_codes.iter().filter(|(_, (maker, _))| *maker == by);
        for digest in made.map(|(digest, _)| *digest).collect::<Vec<_>>() {
            self.record(Record::RegistrationCodeRemoved { digest }, effects);
        }
        for id in self.accounts.with_password_code() {
            self.record(Record::PasswordCodeRemoved { account: id }, effects);
        }
    }

    fn owner_of_code(&self, now: Timestamp, name: &Name, digest: TokenDigest) -> Option<AccountId> {
        let account = self.accounts.find(name)?;
        let code = account.password_code.filter(|code| code.digest == digest && now < code.until);
        code.map(|_| account.id)
    }

    /// Sets a new password by a code, ends what the old one let in, and logs in.
    #[expect(clippy::too_many_arguments, reason = "the parts of one input, each of its own type")]
    pub(super) fn reset_password(
        &mut self,
        now: Timestamp,
        client: ClientId,
        name: &Name,
        digest: TokenDigest,
        hash: PasswordHash,
        origin: Origin,
        effects: &mut Effects,
    ) -> Result<Answer, Refusal> {
        let id = self.owner_of_code(now, name, digest).ok_or(Refusal::WrongPassword)?;
        self.check_may_enter(now, client, Some(id), origin.address)?;
        let account = self.accounts.get(id);
        let (version, clients) = (account.password_version + 1, account.clients.clone());
        self.record(Record::PasswordSet { id, hash, version }, effects);
        self.void_password_code(id, effects);
        self.dismiss_others(now, &clients, &Farewell::PasswordChanged, effects);
        self.remove_tokens(id, effects);
        self.log_in(now, client, id, origin, None, effects)
    }
}
