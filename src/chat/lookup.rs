//! Who may know of what: the one place where a room that somebody names becomes a room, or does not.

use super::account::Account;
use super::room::{Room, RoomKind};
use super::{AccountId, Ask, Chat, GENERAL, Name, Refusal, Role, RoomId, RoomLabel, Text, Timestamp, suggest};

impl Chat {
    /// Whether an account may know that a room exists, list it, and read it. Everything that reads asks this.
    ///
    /// Members may; of a public room everybody may but those who are banned from it. For all others a room does not
    /// exist: they get the answer that they would get if it did not.
    pub(super) fn can_see(&self, account: AccountId, room: &Room, now: Timestamp) -> bool {
        room.members.contains_key(&account) || (room.is_public() && room.ban(account, now).is_none())
    }

    /// The room that the asker means: the named one if it may know of it, else the one in which it talks.
    pub(super) fn find_room(&self, ask: &Ask, label: Option<&RoomLabel>) -> Result<RoomId, Refusal> {
        match label {
            None => self.session(ask.client).room.ok_or(Refusal::NoCurrentRoom),
            Some(RoomLabel::Room(name)) => self.find_named(ask, name),
            Some(RoomLabel::Direct(name)) => self.find_direct(ask, name),
        }
    }

    /// The named room, in which the asker must be a member.
    pub(super) fn find_own_room(&self, ask: &Ask, label: Option<&RoomLabel>) -> Result<RoomId, Refusal> {
        let id = self.find_room(ask, label)?;
        if self.rooms.get(id).members.contains_key(&ask.account) {
            return Ok(id);
        }
        Err(Refusal::NotMember { room: self.label(id, ask.account) })
    }

    /// The named room, which must not be a direct one, and in which the asker must have at least this role.
    pub(super) fn find_room_to_lead(
        &self,
        ask: &Ask,
        label: Option<&RoomLabel>,
        least: Role,
    ) -> Result<RoomId, Refusal> {
        let id = self.find_room(ask, label)?;
        self.check_may_lead(ask, id, least).map(|()| id)
    }

    /// Whether the asker has at least this role in a room that is not a direct one.
    pub(super) fn check_may_lead(&self, ask: &Ask, id: RoomId, least: Role) -> Result<(), Refusal> {
        let room = self.label(id, ask.account);
        if self.rooms.get(id).is_direct() {
            return Err(Refusal::NotInDirectRoom { room });
        }
        match self.rank(ask.account, id) {
            Some(role) if role >= least => Ok(()),
            // The first room has no owner but the operators.
            _ if id == GENERAL => Err(Refusal::OperatorOnly),
            None => Err(Refusal::NotMember { room }),
            _ if least == Role::Owner => Err(Refusal::OwnerOnly { room }),
            _ => Err(Refusal::ModeratorOnly { room }),
        }
    }

    /// What an account may do in a room: its role there. An operator of the server is at least a moderator in public
    /// rooms, and counts as the owner of the first room, which has none; it has no rights in private rooms.
    pub(super) fn rank(&self, account: AccountId, room: RoomId) -> Option<Role> {
        let room = self.rooms.get(room);
        let role = room.role(account);
        if !self.accounts.get(account).operator || !room.is_public() {
            return role;
        }
        let least = if room.id == GENERAL { Role::Owner } else { Role::Moderator };
        role.max(Some(least))
    }

    fn find_named(&self, ask: &Ask, name: &Name) -> Result<RoomId, Refusal> {
        let visible = self.rooms.named(name).filter(|room| self.can_see(ask.account, room, ask.now));
        // One's own rooms come first: nobody can put himself between somebody and a private room by its name.
        let best = visible.min_by_key(|room| (!room.members.contains_key(&ask.account), room.id));
        if let Some(room) = best {
            return Ok(room.id);
        }
        // That a public room exists is no secret, so somebody who is banned from it is told so.
        for room in self.rooms.named(name).filter(|room| room.is_public()) {
            if let Some(ban) = room.ban(ask.account, ask.now) {
                let label = RoomLabel::Room(name.clone());
                return Err(Refusal::Banned { room: label, until: ban.until, why: ban.why.clone() });
            }
        }
        let alike = self.rooms.named_like(name).filter(|room| self.can_see(ask.account, room, ask.now));
        let suggestion = suggest::closest(name, alike.filter_map(|room| room.name().cloned()));
        Err(Refusal::NoSuchRoom { room: RoomLabel::Room(name.clone()), suggestion, still_in: None })
    }

    fn find_direct(&self, ask: &Ask, name: &Name) -> Result<RoomId, Refusal> {
        let other = self.find_labelled_account(name)?;
        let missing =
            || Refusal::NoSuchRoom { room: RoomLabel::Direct(name.clone()), suggestion: None, still_in: None };
        self.rooms.direct(ask.account, other.id).ok_or_else(missing)
    }

    /// The account of that name.
    pub(super) fn find_account(&self, name: &Name) -> Result<&Account, Refusal> {
        let missing = || Refusal::NoSuchAccount { name: name.clone(), suggestion: self.accounts.suggest(name) };
        self.accounts.find(name).ok_or_else(missing)
    }

    /// The account of that name, or the deleted one that a direct room or a ban calls so.
    pub(super) fn find_labelled_account(&self, name: &Name) -> Result<&Account, Refusal> {
        match self.accounts.find_label(name) {
            Some(account) => Ok(account),
            None => self.find_account(name),
        }
    }

    /// The room as `viewer` calls it.
    pub(super) fn label(&self, room: RoomId, viewer: AccountId) -> RoomLabel {
        match &self.rooms.get(room).kind {
            RoomKind::Named(name, _) => RoomLabel::Room(name.clone()),
            RoomKind::Direct(one, other) => {
                let partner = if *one == viewer { *other } else { *one };
                RoomLabel::Direct(self.accounts.get(partner).label())
            }
        }
    }

    /// The name of the account, or what stands for it.
    pub(super) fn name(&self, account: AccountId) -> Name {
        self.accounts.get(account).label()
    }

    /// Checks a text that is not a message: a topic, an away text, a reason.
    pub(super) fn check_note(&self, text: &Text) -> Result<(), Refusal> {
        if text.len() as u64 > self.limits.topic_max_bytes {
            return Err(Refusal::TextTooLong { bytes: text.len(), max: self.limits.topic_max_bytes });
        }
        Ok(())
    }
}

/// The part of `items` that is the given page (from 1), and how many pages there are (at least 1). A page beyond the
/// last one is empty.
pub(super) fn page_bounds(items: usize, page: u64, rows: u64) -> (std::ops::Range<usize>, u64, u64) {
    let rows = usize::try_from(rows).unwrap_or(usize::MAX).max(1);
    let pages = items.div_ceil(rows).max(1) as u64;
    let page = page.max(1);
    let start = usize::try_from(page - 1).unwrap_or(usize::MAX).saturating_mul(rows).min(items);
    (start..items.min(start.saturating_add(rows)), page, pages)
}

#[cfg(test)]
mod tests {
    use super::page_bounds;

    #[test]
    fn a_page_beyond_the_last_one_is_empty() {
        let check = |items, page, expected| assert_eq!(page_bounds(items, page, 10), expected);
        check(0, 1, (0..0, 1, 1));
        check(10, 1, (0..10, 1, 1));
        check(11, 2, (10..11, 2, 2));
        check(11, 0, (0..10, 1, 2));
        check(11, u64::MAX, (11..11, u64::MAX, 2));
    }
}
