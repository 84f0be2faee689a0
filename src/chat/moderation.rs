//! Keeping order in a room: kick, ban, and who may.

use super::lookup::page_bounds;
use super::{
    AccountId, Ask, BanRow, BanTarget, Chat, Departure, Event, Name, Record, Refusal, Role, RoomChange, RoomId,
    RoomLabel, StoredBan, Text,
};

impl Chat {
    pub(super) fn kick(
        &mut self,
        ask: &mut Ask,
        who: &Name,
        label: Option<&RoomLabel>,
        why: Text,
    ) -> Result<(), Refusal> {
        let id = self.find_room_to_lead(ask, label, Role::Moderator)?;
        self.check_note(&why)?;
        let account = self.find_member(id, ask.account, who)?;
        self.check_rank(ask, id, account)?;
        let departure = Departure::Kicked { by: self.name(ask.account), why };
        self.put_out(ask, id, account, departure);
        Ok(())
    }

    pub(super) fn ban(
        &mut self,
        ask: &mut Ask,
        who: &Name,
        label: Option<&RoomLabel>,
        seconds: Option<u64>,
        why: Text,
    ) -> Result<(), Refusal> {
        let id = self.find_room_to_lead(ask, label, Role::Moderator)?;
        self.check_note(&why)?;
        let account = self.find_account(who)?.id;
        self.check_rank(ask, id, account)?;
        let until = seconds.map(|seconds| ask.now.plus_seconds(seconds));
        let ban = StoredBan { by: ask.account, at: ask.now, until, why: why.clone() };
        self.rooms.get_mut(id).bans.insert(account, ban);
        let by = ask.account;
        ask.effects.store(Record::BanMade { room: id, account, by, at: ask.now, until, why: why.clone() });
        self.drop_invitation(id, account, ask.effects);
        let departure = Departure::Banned { by: self.name(ask.account), until, why };
        self.put_out(ask, id, account, departure);
        Ok(())
    }

    /// Takes an account out of the room, if it is in, and answers that it was done.
    fn put_out(&mut self, ask: &mut Ask, id: RoomId, account: AccountId, departure: Departure) {
        let (room, who) = (self.label(id, ask.account), self.name(account));
        if self.rooms.get(id).members.contains_key(&account) {
            self.remove_member(id, account, departure.clone(), Some(ask.client), ask.effects);
        }
        ask.answer(Event::Removed { room, who, departure });
    }

    pub(super) fn unban(&mut self, ask: &mut Ask, who: &Name, label: Option<&RoomLabel>) -> Result<(), Refusal> {
        let id = self.find_room_to_lead(ask, label, Role::Moderator)?;
        let account = self.find_labelled_account(who)?.id;
        let held = self.rooms.get(id).ban(account, ask.now).is_some();
        if self.rooms.get_mut(id).bans.remove(&account).is_some() {
            ask.effects.store(Record::BanRemoved { room: id, account });
        }
        if !held {
            return Err(Refusal::NoSuchBan);
        }
        let room = Some(self.label(id, ask.account));
        ask.answer(Event::Unbanned { room, target: BanTarget::Account(self.name(account)) });
        Ok(())
    }

    pub(super) fn list_bans(&mut self, ask: &mut Ask, label: Option<&RoomLabel>) -> Result<(), Refusal> {
        let id = self.find_room_to_lead(ask, label, Role::Moderator)?;
        let bans = self.rooms.get(id).bans.iter().filter(|(_, ban)| ban.holds(ask.now));
        let (range, ..) = page_bounds(usize::MAX, 1, self.limits.list_page_rows);
        let rows = bans.take(range.len()).map(|(id, ban)| self.ban_row(BanTarget::Account(self.name(*id)), ban));
        let event = Event::Bans { room: Some(self.label(id, ask.account)), rows: rows.collect() };
        ask.answer(event);
        Ok(())
    }

    pub(super) fn ban_row(&self, target: BanTarget, ban: &StoredBan) -> BanRow {
        BanRow { target, by: self.name(ban.by), at: ban.at, until: ban.until, why: ban.why.clone() }
    }

    pub(super) fn appoint(
        &mut self,
        ask: &mut Ask,
        who: &Name,
        label: Option<&RoomLabel>,
        role: Role,
    ) -> Result<(), Refusal> {
        let id = self.find_room_to_lead(ask, label, Role::Owner)?;
        let account = self.find_member(id, ask.account, who)?;
        let room = self.label(id, ask.account);
        match self.rooms.get(id).role(account) {
            Some(Role::Owner) => return Err(Refusal::RankTooHigh { room, who: self.name(account) }),
            now if now == Some(role) => return Err(Refusal::NothingToChange { room }),
            _ => {}
        }
        self.set_role(id, account, role, ask.effects);
        self.announce(ask, id, RoomChange::Role { who: self.name(account), role });
        Ok(())
    }

    /// Nobody acts against itself, nor against somebody of its own rank or a higher one.
    fn check_rank(&self, ask: &Ask, id: RoomId, target: AccountId) -> Result<(), Refusal> {
        if target == ask.account {
            return Err(Refusal::NotToYourself);
        }
        let rank = self.rank(target, id);
        if rank > Some(Role::Member) && rank >= self.rank(ask.account, id) {
            return Err(Refusal::RankTooHigh { room: self.label(id, ask.account), who: self.name(target) });
        }
        Ok(())
    }
}
