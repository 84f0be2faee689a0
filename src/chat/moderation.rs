//! Moderation of a room: kicks, bans, and who may.

use super::lookup::page_bounds;
use super::{
    AccountId, Actor, BanRow, BanTarget, Chat, Departure, Effects, Event, Name, Record, Refusal, Role, RoomChange,
    RoomId, RoomLabel, StoredBan, Text,
};

impl Chat {
    pub(super) fn kick(
        &mut self,
        actor: Actor,
        who: &Name,
        label: Option<&RoomLabel>,
        why: Text,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let id = self.find_room_to_lead(actor, label, Role::Moderator)?;
        self.check_note(&why)?;
        let account = self.find_member(id, actor.account, who)?;
        self.check_rank(actor, id, account)?;
        let departure = Departure::Kicked { by: self.name(actor.account), why };
        Ok(self.put_out(actor, id, account, departure, effects))
    }

    pub(super) fn ban(
        &mut self,
        actor: Actor,
        who: &Name,
        label: Option<&RoomLabel>,
        seconds: Option<u64>,
        why: Text,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let id = self.find_room_to_lead(actor, label, Role::Moderator)?;
        self.check_note(&why)?;
        let account = self.find_account(who)?.id;
        self.check_rank(actor, id, account)?;
        let until = seconds.map(|seconds| actor.now.plus_seconds(seconds));
        let (by, at) = (actor.account, actor.now);
        self.record(Record::BanCreated { room: id, account, by, at, until, why: why.clone() }, effects);
        self.end_invitation(actor.now, id, account, Some(actor.account), effects);
        let departure = Departure::Banned { by: self.name(actor.account), until, why };
        Ok(self.put_out(actor, id, account, departure, effects))
    }

    /// Removes an account from the room, if it is a member, and returns the answer.
    fn put_out(
        &mut self,
        actor: Actor,
        id: RoomId,
        account: AccountId,
        departure: Departure,
        effects: &mut Effects,
    ) -> Event {
        let (room, who) = (self.label(id, actor.account), self.name(account));
        if self.rooms.get(id).members.contains_key(&account) {
            self.remove_member(id, account, departure.clone(), actor.client, effects);
        }
        Event::Removed { room, who, departure }
    }

    pub(super) fn unban(
        &mut self,
        actor: Actor,
        who: &Name,
        label: Option<&RoomLabel>,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let id = self.find_room_to_lead(actor, label, Role::Moderator)?;
        let account = self.find_account_or_former(who)?.id;
        let held = self.rooms.get(id).ban(account, actor.now).is_some();
        if self.rooms.get(id).bans.contains_key(&account) {
            self.record(Record::BanRemoved { room: id, account }, effects);
        }
        if !held {
            return Err(Refusal::NoSuchBan);
        }
        let room = Some(self.label(id, actor.account));
        Ok(Event::Unbanned { room, target: BanTarget::Account(self.name(account)) })
    }

    pub(super) fn list_bans(&self, actor: Actor, label: Option<&RoomLabel>, page: u64) -> Result<Event, Refusal> {
        let id = self.find_room_to_lead(actor, label, Role::Moderator)?;
        let bans = || self.rooms.get(id).bans.iter().filter(|(_, ban)| ban.holds(actor.now));
        let row = |(id, ban): (&AccountId, &StoredBan)| self.ban_row(BanTarget::Account(self.name(*id)), ban);
        let total = bans().count();
        let (range, page, pages) = page_bounds(total, page, self.limits.page_rows());
        let rows = bans().skip(range.start).take(range.len()).map(row).collect();
        Ok(Event::Bans { room: Some(self.label(id, actor.account)), rows, total: total as u64, page, pages })
    }

    pub(super) fn ban_row(&self, target: BanTarget, ban: &StoredBan) -> BanRow {
        BanRow { target, by: self.name(ban.by), at: ban.at, until: ban.until, why: ban.why.clone() }
    }

    pub(super) fn appoint(
        &mut self,
        actor: Actor,
        who: &Name,
        label: Option<&RoomLabel>,
        role: Role,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let id = self.find_room_to_lead(actor, label, Role::Owner)?;
        let account = self.find_member(id, actor.account, who)?;
        let room = self.label(id, actor.account);
        match self.rooms.get(id).role(account) {
            Some(Role::Owner) => {
                let (who, you) = (self.name(account), account == actor.account);
                return Err(Refusal::RankTooHigh { room, who, you });
            }
            now if now == Some(role) => return Err(Refusal::NothingToChange { room }),
            _ => {}
        }
        self.set_role(id, account, role, effects);
        Ok(self.announce(actor, id, RoomChange::Role { who: self.name(account), role }, effects))
    }

    /// Nobody may act against themselves, or against somebody of equal or higher rank.
    fn check_rank(&self, actor: Actor, id: RoomId, target: AccountId) -> Result<(), Refusal> {
        if target == actor.account {
            return Err(Refusal::NotToYourself);
        }
        let rank = self.rank(target, id);
        if rank > Some(Role::Member) && rank >= self.rank(actor.account, id) {
            let (room, who) = (self.label(id, actor.account), self.name(target));
            return Err(Refusal::RankTooHigh { room, who, you: false });
        }
        Ok(())
    }
}
