//! Authentication, whatever the protocol: passwords and tokens are checked, accounts are created, and the broker is asked
//! for a session. Nothing here has words.

use std::cell::Cell;
use std::time::Duration;

use crossbeam_channel::bounded;

use super::Client;
use super::output::Unreachable;
use super::page::unread;
use super::session::Session;
use crate::broker::{Check, Reply, Request, Waits};
use crate::chat::{Input, Name, Origin, PasswordHash, Refusal, TokenDigest};
use crate::password::{PASSWORD_MAX_BYTES, PASSWORD_MIN_CHARS, PasswordError, Prepared};
use crate::protocol::{Reference, Secret};
use crate::token;

/// A session, or why there is none.
pub type Entered = Result<Session, Refusal>;

impl Client<'_> {
    /// Logs in to an account by a password, or by a token, which is known by its form.
    pub fn log_in_to(
        &self,
        name: &Name,
        secret: &Secret,
        origin: Origin,
        reference: Option<Reference>,
    ) -> Result<Entered, Unreachable> {
        if let Some(digest) = token::digest(secret.as_bytes()) {
            // Nobody guesses a token, so a try need not be counted before it is wrong: a thousand programs may reconnect in
            // one second from one address.
            if let Err(wait) = self.services.throttle.check_login(origin.address, name) {
                return Ok(Err(too_many_logins(wait)));
            }
            let input = Input::LogInByToken { name: name.clone(), digest, origin };
            let entered = self.enter(name, input, reference)?;
            if matches!(entered, Err(Refusal::WrongPassword))
                && let Ok(attempt) = self.services.throttle.try_login(origin.address, name)
            {
                attempt.keep();
            }
            return Ok(entered);
        }
        if let Some(digest) = token::code_digest(secret.as_bytes())
            && self.check_password_code(name, digest)?.is_ok()
        {
            return Ok(Err(Refusal::NewPasswordNeeded));
        }
        match self.check_password(name, secret.as_bytes()) {
            Ok(input) => self.enter(name, input(origin), reference),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Sets a new password by a one-time code, and logs in. Tries count like those of passwords.
    pub fn reset_password(
        &self,
        name: &Name,
        code: &Secret,
        secret: &Secret,
        origin: Origin,
        reference: Option<Reference>,
    ) -> Result<Entered, Unreachable> {
        // No hash is computed for a wrong code.
        let digest = match token::code_digest(code.as_bytes()) {
            Some(digest) => self.check_password_code(name, digest)?.map(|()| digest),
            None => Err(Refusal::WrongPassword),
        };
        let hashed = digest.and_then(|digest| Ok((digest, self.new_password(secret.as_bytes(), || Ok(()))?)));
        let entered = match hashed {
            Ok((digest, hash)) => {
                self.enter(name, Input::ResetPassword { name: name.clone(), digest, hash, origin }, reference)?
            }
            Err(refusal) => Err(refusal),
        };
        if matches!(entered, Err(Refusal::WrongPassword))
            && let Ok(attempt) = self.services.throttle.try_login(origin.address, name)
        {
            attempt.keep();
        }
        Ok(entered)
    }

    /// Whether this is the digest of a valid code for a new password, unless too many were tried.
    fn check_password_code(&self, name: &Name, digest: TokenDigest) -> Result<Result<(), Refusal>, Unreachable> {
        if let Err(wait) = self.services.throttle.check_login(self.connection.address(), name) {
            return Ok(Err(too_many_logins(wait)));
        }
        self.check(Check::PasswordCode(name.clone(), digest))
    }

    /// Creates an account and logs in to it.
    pub fn register_as(
        &self,
        name: &Name,
        secret: &Secret,
        code: Option<&Secret>,
        origin: Origin,
        reference: Option<Reference>,
    ) -> Result<Entered, Unreachable> {
        // No hash is computed for a name that is not free, or for a wrong code.
        let code = match self.check_registration(name, code)? {
            Ok(code) => code,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut attempt = None;
        let hash = self.new_password(secret.as_bytes(), || {
            let counted = self.services.throttle.try_registration(origin.address);
            let too_many = |wait| Refusal::TooManyRegistrations { wait_s: whole_seconds(wait) };
            attempt = Some(counted.map_err(too_many)?);
            Ok(())
        });
        let hash = match hash {
            Ok(hash) => hash,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let entered = self.enter(name, Input::Register { name: name.clone(), hash, code, origin }, reference)?;
        // Only an account that was created counts.
        if let (Ok(_), Some(attempt)) = (&entered, attempt) {
            attempt.keep();
        }
        Ok(entered)
    }

    /// Whether a name can be registered with this code, if one was given; the code's digest. That a name is taken is no secret:
    /// anybody who tries to register it sees it. A code counts as a new account while it is checked, and a wrong one stays
    /// counted.
    pub(super) fn check_registration(
        &self,
        name: &Name,
        code: Option<&Secret>,
    ) -> Result<Result<Option<TokenDigest>, Refusal>, Unreachable> {
        let Some(code) = code else {
            return Ok(self.check(Check::Registration(name.clone(), None))?.map(|()| None));
        };
        let (throttle, address) = (&self.services.throttle, self.connection.address());
        let attempt = match throttle.try_registration(address) {
            Ok(attempt) => attempt,
            Err(wait) => return Ok(Err(Refusal::TooManyRegistrations { wait_s: whole_seconds(wait) })),
        };
        // A code of another form is as wrong as any.
        let digest = token::code_digest(code.as_bytes()).unwrap_or(TokenDigest([0; 32]));
        let checked = self.check(Check::Registration(name.clone(), Some(digest)))?;
        if checked == Err(Refusal::WrongCode) {
            attempt.keep();
        }
        Ok(checked.map(|()| Some(digest)))
    }

    fn check(&self, check: Check) -> Result<Result<(), Refusal>, Unreachable> {
        let (sender, replies) = bounded(1);
        self.services.inbox.send(Request::Check { check, replies: sender }).map_err(|_| Unreachable)?;
        match replies.recv().map_err(|_| Unreachable)? {
            Reply::Refused(refusal) => Ok(Err(refusal)),
            _ => Ok(Ok(())),
        }
    }

    /// Whether this is the password of the account of a session.
    pub(super) fn check_own_password(&self, session: &Session, password: &[u8]) -> Result<(), Refusal> {
        self.check_password(&session.name, password).map(drop)
    }

    /// The hash of a new password, if it may be one and `is_allowed` does not object.
    pub(super) fn new_password(
        &self,
        password: &[u8],
        is_allowed: impl FnOnce() -> Result<(), Refusal>,
    ) -> Result<PasswordHash, Refusal> {
        if token::digest(password).is_some() {
            return Err(refuse_password(PasswordError::Length));
        }
        let password = Prepared::new(password).map_err(refuse_password)?;
        is_allowed()?;
        self.services.hasher.hash(&password).map_err(|error| {
            log::error!("cannot make a password hash error={error}");
            Refusal::Fault
        })
    }

    /// Checks a password against an account. Every try counts until it is known to be right, or not to have been decided, so
    /// that many at the same time are bounded too. What is returned makes the login of it.
    fn check_password(&self, name: &Name, password: &[u8]) -> Result<impl FnOnce(Origin) -> Input + use<>, Refusal> {
        let (services, address) = (self.services, self.connection.address());
        let attempt = services.throttle.try_login(address, name).map_err(too_many_logins)?;
        let credential = services.reader.credential(name).map_err(|error| {
            log::warn!("cannot read an account client={} error={error}", self.connection.number());
            unread(&error)
        })?;
        let hash = credential.as_ref().map(|credential| &credential.hash);
        let connection = self.connection.clone();
        let is_right = services.hasher.verify(password, hash, move || !connection.is_broken()).map_err(|error| {
            log::debug!("a password was not checked client={} error={error}", self.connection.number());
            Refusal::Fault
        })?;
        let Some(credential) = credential.filter(|_| is_right) else {
            log::debug!("wrong name or password client={} address={address}", self.connection.number());
            attempt.keep();
            return Err(Refusal::WrongPassword);
        };
        Ok(move |origin| Input::LogIn { account: credential.account, password_version: credential.version, origin })
    }

    /// Asks the broker for a session. If there is one, the writing side is the broker's from now on.
    fn enter(&self, name: &Name, input: Input, reference: Option<Reference>) -> Result<Entered, Unreachable> {
        let (sender, replies) = bounded(1);
        let (connection, protocol) = (self.connection.clone(), self.protocol);
        let waits = if protocol.traits().cursor { Waits::Page } else { Waits::Answer };
        let request = Request::Enter { connection, input, protocol, reference, waits, replies: sender };
        self.is_writer.set(false);
        self.services.inbox.send(request).map_err(|_| Unreachable)?;
        let recent = match replies.recv().map_err(|_| Unreachable)? {
            Reply::Refused(refusal) => {
                self.is_writer.set(true);
                return Ok(Err(refusal));
            }
            Reply::Page(grant) => Some(grant),
            Reply::Done | Reply::Released => None,
        };
        Ok(Ok(Session { name: name.clone(), replies, recent, pipelined: Cell::new(0) }))
    }

    /// Where the connection comes from, and what its protocol asks for unless the login says otherwise.
    pub fn origin(&self) -> Origin {
        let (address, protocol) = (self.connection.address(), self.protocol);
        Origin { address, protocol: protocol.word(), traits: protocol.traits(), live: true, reads: None, program: None }
    }
}

pub(super) fn refuse_password(error: PasswordError) -> Refusal {
    let (min_chars, max_bytes) = (PASSWORD_MIN_CHARS, PASSWORD_MAX_BYTES);
    match error {
        PasswordError::Length => Refusal::PasswordLength { min_chars, max_bytes },
        PasswordError::Encoding => Refusal::PasswordEncoding,
    }
}

fn too_many_logins(wait: Duration) -> Refusal {
    Refusal::TooManyLogins { wait_s: whole_seconds(wait) }
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + 1
}
