//! Registration: who can create an account, and the names that deleted accounts leave behind.

use super::{
    Actor, Chat, Code, Effects, Event, GENERAL, Name, Record, Refusal, RoomId, StoredBan, Timestamp, TokenDigest,
};

/// Lifetime of a code for a new account, in seconds.
pub const REGISTRATION_CODE_LIFETIME_S: u64 = 7 * 24 * 3600;
/// Most unused codes for new accounts.
pub const REGISTRATION_CODES_MAX: usize = 1000;

/// Who can create an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Registration {
    /// Everybody.
    #[default]
    Open,
    /// Who has a one-time code, which operators make.
    ByCode,
    /// Nobody.
    Closed,
}

impl Registration {
    /// All of them, each at its number.
    pub const ALL: [Registration; 3] = [Registration::Open, Registration::ByCode, Registration::Closed];

    /// Its number in [`Registration::ALL`].
    pub fn number(self) -> u8 {
        match self {
            Registration::Open => 0,
            Registration::ByCode => 1,
            Registration::Closed => 2,
        }
    }
}

impl Chat {
    /// Who can create an account.
    pub fn registration(&self) -> Registration {
        self.registration
    }

    /// Whether a new account can have this name and be created with this code, if one was given.
    pub fn check_registration(&self, now: Timestamp, name: &Name, code: Option<TokenDigest>) -> Result<(), Refusal> {
        match (self.registration, code) {
            (Registration::Open, _) => {}
            (Registration::Closed, _) => return Err(Refusal::RegistrationClosed),
            (Registration::ByCode, None) => {
                self.check_name(name)?;
                return Err(Refusal::RegistrationNeedsCode);
            }
            (Registration::ByCode, Some(code)) => match self.registration_codes.get(&code) {
                Some((_, until)) if now < *until => {}
                _ => return Err(Refusal::WrongCode),
            },
        }
        self.check_name(name)
    }

    pub(super) fn set_registration(
        &mut self,
        actor: Actor,
        registration: Registration,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        self.check_operator(actor)?;
        self.record(Record::RegistrationSet { registration }, effects);
        Ok(Event::RegistrationShown { registration })
    }

    pub(super) fn show_registration(&self, actor: Actor) -> Result<Event, Refusal> {
        self.check_operator(actor)?;
        Ok(Event::RegistrationShown { registration: self.registration })
    }

    pub(super) fn make_registration_code(
        &mut self,
        actor: Actor,
        code: Code,
        digest: TokenDigest,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        self.check_operator(actor)?;
        let unused = self.registration_codes.values().filter(|(_, until)| actor.now < *until);
        if unused.count() >= REGISTRATION_CODES_MAX {
            return Err(Refusal::TooManyRegistrationCodes { max: REGISTRATION_CODES_MAX as u64 });
        }
        let until = actor.now.plus_seconds(REGISTRATION_CODE_LIFETIME_S);
        self.record(Record::RegistrationCodeMade { digest, by: actor.account, until }, effects);
        Ok(Event::RegistrationCodeCreated { code, until })
    }

    /// Frees the name of a deleted account.
    pub(super) fn free_name(&mut self, actor: Actor, name: &Name, effects: &mut Effects) -> Result<Event, Refusal> {
        self.check_operator(actor)?;
        let reserved = self.accounts.former(name).filter(|former| !former.freed);
        let reserved = reserved.ok_or_else(|| Refusal::NameNotReserved { name: name.clone() })?;
        let name = reserved.name.clone();
        self.record(Record::NameFreed { name: name.clone() }, effects);
        Ok(Event::NameFreed { name })
    }

    /// The bans from rooms that hold for a freed name: whoever takes it is banned as its former owner was. The first room is
    /// left out, because operators both free names and keep order there.
    pub(super) fn bans_of_name(&self, now: Timestamp, name: &Name) -> Vec<(RoomId, StoredBan)> {
        let Some(former) = self.accounts.former(name) else { return Vec::new() };
        let bans = self.accounts.get(former.account).bans.iter().filter(|id| **id != GENERAL);
        let rooms = bans.filter_map(|id| self.rooms.try_get(*id));
        rooms.filter_map(|room| room.ban(former.account, now).map(|ban| (room.id, ban.clone()))).collect()
    }
}
