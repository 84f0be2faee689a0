//! Lookups: the one place where a label becomes a room or an account, and the rule of who may see which room.

use super::account::Account;
use super::room::{Room, RoomKind, in_both};
use super::session::Place;
use super::{
    AccountId, Actor, Chat, GENERAL, Name, Refusal, Role, RoomId, RoomLabel, ShownRoom, Text, Timestamp, suggest,
};

impl Chat {
    /// Whether an account may know that a room exists, list it, and read it. Every lookup depends on this.
    ///
    /// Members may, and everybody may see a public room unless they are banned from it. All others get the same answer as
    /// if the room did not exist.
    pub(super) fn can_see(&self, account: AccountId, room: &Room, now: Timestamp) -> bool {
        room.members.contains_key(&account) || (room.is_public() && room.ban(account, now).is_none())
    }

    /// The named room, if the requester may know of it; without a name the current room.
    pub(super) fn find_room(&self, actor: Actor, label: Option<&RoomLabel>) -> Result<RoomId, Refusal> {
        match label {
            None => self.current_room(actor),
            Some(RoomLabel::Room(name)) => self.find_named(actor, name),
            Some(RoomLabel::Direct(name)) => self.find_direct(actor, name),
            Some(RoomLabel::Number(id)) => self.find_numbered(actor, *id),
        }
    }

    /// The current room. One that was lost by another's hand is named in the refusal.
    fn current_room(&self, actor: Actor) -> Result<RoomId, Refusal> {
        match &self.session(actor.client).cursor.place {
            Place::Room(room) => Ok(*room),
            Place::Nowhere => Err(Refusal::NoCurrentRoom),
            Place::Lost(room) => {
                let is_in_general = self.accounts.get(actor.account).rooms.contains(&GENERAL);
                let next = is_in_general.then(|| self.label(GENERAL, actor.account));
                Err(Refusal::RoomLost { room: room.clone(), next })
            }
        }
    }

    /// The named or current room, of which the requester must be a member.
    pub(super) fn find_own_room(&self, actor: Actor, label: Option<&RoomLabel>) -> Result<RoomId, Refusal> {
        let id = self.find_room(actor, label)?;
        if self.rooms.get(id).members.contains_key(&actor.account) {
            return Ok(id);
        }
        Err(Refusal::NotMember { room: self.label(id, actor.account) })
    }

    /// The room of that name of which the account is a member. There is at most one: nobody may be in two of one name.
    pub(super) fn own_named(&self, account: AccountId, name: &Name) -> Option<&Room> {
        let public = self.rooms.public_named(name).filter(|room| room.members.contains_key(&account));
        let rooms = &self.accounts.get(account).rooms;
        public.or_else(|| in_both(self.rooms.private_named(name), rooms).next().map(|id| self.rooms.get(*id)))
    }

    /// The direct room with the account of that name or label.
    pub(super) fn own_direct(&self, account: AccountId, name: &Name) -> Option<RoomId> {
        self.rooms.direct(account, self.accounts.find_label(name)?.id)
    }

    /// The named or current room, which must not be a direct one, and in which the requester must have at least this role.
    pub(super) fn find_room_to_lead(
        &self,
        actor: Actor,
        label: Option<&RoomLabel>,
        least: Role,
    ) -> Result<RoomId, Refusal> {
        let id = self.find_room(actor, label)?;
        self.check_may_lead(actor, id, least).map(|()| id)
    }

    /// Checks that the room is not a direct one and that the requester has at least this role in it.
    pub(super) fn check_may_lead(&self, actor: Actor, id: RoomId, least: Role) -> Result<(), Refusal> {
        let room = self.label(id, actor.account);
        if self.rooms.get(id).is_direct() {
            return Err(Refusal::NotInDirectRoom { room });
        }
        match self.rank(actor.account, id) {
            Some(role) if role >= least => Ok(()),
            // The operators stand in for the owner of the first room.
            _ if id == GENERAL => Err(Refusal::OperatorOnly),
            None => Err(Refusal::NotMember { room }),
            _ if least == Role::Owner => Err(Refusal::OwnerOnly { room }),
            _ => Err(Refusal::ModeratorOnly { room }),
        }
    }

    /// Checks that the requester may hand over, rename or delete the room: that it owns it, or is an operator of the server
    /// and the room is public.
    pub(super) fn check_may_settle(&self, actor: Actor, id: RoomId) -> Result<(), Refusal> {
        let is_operator = self.accounts.get(actor.account).operator;
        match is_operator && self.rooms.get(id).is_public() {
            true => Ok(()),
            false => self.check_may_lead(actor, id, Role::Owner),
        }
    }

    /// The effective role of an account in a room. An operator of the server is at least a moderator in public rooms, and
    /// counts as the owner of the first room, which has none; it has no additional rights in private rooms.
    pub(super) fn rank(&self, account: AccountId, room: RoomId) -> Option<Role> {
        let room = self.rooms.get(room);
        let role = room.role(account);
        if !self.accounts.get(account).operator || !room.is_public() {
            return role;
        }
        let least = if room.id == GENERAL { Role::Owner } else { Role::Moderator };
        role.max(Some(least))
    }

    fn find_named(&self, actor: Actor, name: &Name) -> Result<RoomId, Refusal> {
        // The requester's own rooms come first, so that nobody can shadow a private room by creating one of its name.
        if let Some(room) = self.own_named(actor.account, name) {
            return Ok(room.id);
        }
        let Some(room) = self.rooms.public_named(name) else {
            return Err(self.no_such_room(actor, name));
        };
        self.shown_ban(actor, room).map_or(Ok(room.id), Err)
    }

    /// That the requester can find no room of that name.
    pub(super) fn no_such_room(&self, actor: Actor, name: &Name) -> Refusal {
        let (room, suggestion) = (RoomLabel::Room(name.clone()), self.suggest_room(actor, name));
        Refusal::NoSuchRoom { room, suggestion, still_in: None }
    }

    /// The name of a room similar to `name`, for "did you mean": of a listed one, or of the requester's own.
    fn suggest_room(&self, actor: Actor, name: &Name) -> Option<Name> {
        let listed = suggest::near(name, self.rooms.listed()).map(|id| self.rooms.get(*id));
        let alike =
            listed.chain(self.rooms_of(actor.account)).filter(|room| self.can_see(actor.account, room, actor.now));
        suggest::closest(name, alike.filter_map(|room| room.name().cloned()))
    }

    fn find_numbered(&self, actor: Actor, id: RoomId) -> Result<RoomId, Refusal> {
        let room = self.rooms.try_get(id);
        if let Some(room) = room.filter(|room| self.can_see(actor.account, room, actor.now)) {
            return Ok(room.id);
        }
        let missing = || Refusal::NoSuchRoom { room: RoomLabel::Number(id), suggestion: None, still_in: None };
        Err(room.and_then(|room| self.shown_ban(actor, room)).unwrap_or_else(missing))
    }

    /// The ban of the requester from a public room: that such a room exists is no secret.
    pub(super) fn shown_ban(&self, actor: Actor, room: &Room) -> Option<Refusal> {
        let ban = room.ban(actor.account, actor.now).filter(|_| room.is_public())?;
        let room = self.label(room.id, actor.account);
        Some(Refusal::Banned { room, until: ban.until, why: ban.why.clone() })
    }

    fn find_direct(&self, actor: Actor, name: &Name) -> Result<RoomId, Refusal> {
        let other = self.find_labelled_account(name)?;
        let missing =
            || Refusal::NoSuchRoom { room: RoomLabel::Direct(name.clone()), suggestion: None, still_in: None };
        self.rooms.direct(actor.account, other.id).ok_or_else(missing)
    }

    /// The account of that name.
    pub(super) fn find_account(&self, name: &Name) -> Result<&Account, Refusal> {
        let missing = || Refusal::NoSuchAccount { name: name.clone(), suggestion: self.accounts.suggest(name) };
        self.accounts.find(name).ok_or_else(missing)
    }

    /// The account of that name, or the deleted one with that label.
    pub(super) fn find_labelled_account(&self, name: &Name) -> Result<&Account, Refusal> {
        match self.accounts.find_label(name) {
            Some(account) => Ok(account),
            None => self.find_account(name),
        }
    }

    /// The same, or the deleted account that had this name: a ban stays with the name.
    pub(super) fn find_account_or_former(&self, name: &Name) -> Result<&Account, Refusal> {
        let living = self.find_labelled_account(name);
        let former = || self.accounts.former(name).map(|former| self.accounts.get(former.account));
        living.or_else(|refusal| former().ok_or(refusal))
    }

    /// The room as `viewer` is shown it.
    pub(super) fn label(&self, id: RoomId, viewer: AccountId) -> ShownRoom {
        let label = match &self.rooms.get(id).kind {
            RoomKind::Named(name, _) => RoomLabel::Room(name.clone()),
            RoomKind::Direct(one, other) => {
                let partner = if *one == viewer { *other } else { *one };
                RoomLabel::Direct(self.accounts.get(partner).label())
            }
        };
        ShownRoom { id, label }
    }

    /// The name of the account; `ghost` for a deleted one.
    pub(super) fn name(&self, account: AccountId) -> Name {
        self.accounts.get(account).label()
    }

    /// Checks a topic, an away text or a reason. An empty one means that there is none; one of which nothing shows would
    /// only seem to be none.
    pub(super) fn check_note(&self, text: &Text) -> Result<(), Refusal> {
        if !text.is_empty() && text.is_blank() {
            return Err(Refusal::EmptyText);
        }
        if text.len() as u64 > self.limits.topic_max_bytes {
            return Err(Refusal::TextTooLong { bytes: text.len(), max: self.limits.topic_max_bytes });
        }
        Ok(())
    }
}

/// The index range of a page (from 1), its number, and the number of pages (at least 1). A page beyond the last one is
/// empty.
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
