//! Authentication, whatever the protocol: passwords and tokens are checked, accounts are created, and the broker is asked
//! for a session. Nothing here has words.

use std::cell::Cell;
use std::time::Duration;

use crossbeam_channel::bounded;

use super::Client;
use super::output::Unreachable;
use super::page::unread;
use super::session::Session;
use crate::broker::{Reply, Request, Waits};
use crate::chat::{Input, Name, Origin, PasswordHash, Refusal};
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
        match self.check_password(name, secret.as_bytes()) {
            Ok(input) => self.enter(name, input(origin), reference),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Creates an account and logs in to it.
    pub fn register_as(
        &self,
        name: &Name,
        secret: &Secret,
        origin: Origin,
        reference: Option<Reference>,
    ) -> Result<Entered, Unreachable> {
        // No hash is computed for a name that is not free.
        if let Some(refusal) = self.check_name(name)? {
            return Ok(Err(refusal));
        }
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
        let entered = self.enter(name, Input::Register { name: name.clone(), hash, origin }, reference)?;
        // Only an account that was created counts.
        if let (Ok(_), Some(attempt)) = (&entered, attempt) {
            attempt.keep();
        }
        Ok(entered)
    }

    /// Why a name cannot be registered, if it cannot. That is no secret: anybody who tries to register it sees it.
    pub(super) fn check_name(&self, name: &Name) -> Result<Option<Refusal>, Unreachable> {
        let (sender, replies) = bounded(1);
        let request = Request::CheckName { name: name.clone(), replies: sender };
        self.services.inbox.send(request).map_err(|_| Unreachable)?;
        match replies.recv().map_err(|_| Unreachable)? {
            Reply::Refused(refusal) => Ok(Some(refusal)),
            _ => Ok(None),
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
