//! Keeping order, in a room and on the server.

use chat_server::chat::{
    AccountId, BanRow, BanTarget, ClientId, Code, Departure, Event, Farewell, Name, Role, RoomChange, RoomId,
    RoomLabel, StoredBan, Text,
};

use super::{Asker, Model, Refused, holds};

/// So many wrong codes in so many seconds are a slip of the ear.
const TRIES_MAX: u32 = 5;
const TRIES_WINDOW_S: u64 = 600;

impl Model {
    pub(super) fn kick(
        &mut self,
        asker: Asker,
        who: &Name,
        label: Option<&RoomLabel>,
        why: Text,
    ) -> Result<(), Refused> {
        let id = self.find_led(asker, label, Role::Moderator)?;
        self.check_note(&why)?;
        let account = self.find_member(id, who)?;
        self.check_rank(asker, id, account)?;
        self.put_out(asker, id, account, Departure::Kicked { by: self.name(asker.account), why })
    }

    pub(super) fn ban(
        &mut self,
        asker: Asker,
        who: &Name,
        label: Option<&RoomLabel>,
        seconds: Option<u64>,
        why: Text,
    ) -> Result<(), Refused> {
        let id = self.find_led(asker, label, Role::Moderator)?;
        self.check_note(&why)?;
        let account = self.account_named(who)?.id;
        self.check_rank(asker, id, account)?;
        let ban = self.new_ban(asker, seconds, why.clone());
        let until = ban.until;
        let room = self.room(id);
        room.invited.remove(&account);
        room.bans.insert(account, ban);
        self.put_out(asker, id, account, Departure::Banned { by: self.name(asker.account), until, why })
    }

    fn new_ban(&self, asker: Asker, seconds: Option<u64>, why: Text) -> StoredBan {
        let until = seconds.map(|seconds| self.now.plus_seconds(seconds));
        StoredBan { by: asker.account, at: self.now, until, why }
    }

    fn put_out(&mut self, asker: Asker, id: RoomId, who: AccountId, departure: Departure) -> Result<(), Refused> {
        if self.rooms[&id].members.contains_key(&who) {
            self.remove_member(id, who, &departure, Some(asker.client));
        }
        let (room, who) = (self.label(id, asker.account), self.name(who));
        self.answer(asker, Event::Removed { room, who, departure })
    }

    /// Only against lower ranks; anybody may be put out who has none.
    fn check_rank(&self, asker: Asker, id: RoomId, target: AccountId) -> Result<(), Refused> {
        if target == asker.account {
            return Err("not_to_yourself");
        }
        let (own, rank) = (self.rank(asker.account, id), self.rank(target, id));
        let is_low = matches!(rank, None | Some(Role::Member)) || rank < own;
        if is_low { Ok(()) } else { Err("rank_too_high") }
    }

    pub(super) fn unban(&mut self, asker: Asker, who: &Name, label: Option<&RoomLabel>) -> Result<(), Refused> {
        let id = self.find_led(asker, label, Role::Moderator)?;
        let account = self.account_labelled(who)?.id;
        let ban = self.room(id).bans.remove(&account);
        if !ban.is_some_and(|ban| holds(&ban, self.now)) {
            return Err("no_such_ban");
        }
        let (room, target) = (Some(self.label(id, asker.account)), BanTarget::Account(self.name(account)));
        self.answer(asker, Event::Unbanned { room, target })
    }

    pub(super) fn list_bans(&mut self, asker: Asker, label: Option<&RoomLabel>) -> Result<(), Refused> {
        let id = self.find_led(asker, label, Role::Moderator)?;
        let bans = self.rooms[&id].bans.iter().filter(|(_, ban)| holds(ban, self.now));
        let rows = bans.map(|(account, ban)| self.ban_row(BanTarget::Account(self.name(*account)), ban));
        let (rows, ..) = self.page(&rows.collect::<Vec<_>>(), 1);
        self.answer(asker, Event::Bans { room: Some(self.label(id, asker.account)), rows })
    }

    fn ban_row(&self, target: BanTarget, ban: &StoredBan) -> BanRow {
        BanRow { target, by: self.name(ban.by), at: ban.at, until: ban.until, why: ban.why.clone() }
    }

    pub(super) fn appoint(
        &mut self,
        asker: Asker,
        who: &Name,
        label: Option<&RoomLabel>,
        role: Role,
    ) -> Result<(), Refused> {
        let id = self.find_led(asker, label, Role::Owner)?;
        let account = self.find_member(id, who)?;
        match self.rooms[&id].members[&account].role {
            Role::Owner => Err("rank_too_high"),
            now if now == role => Err("nothing_to_change"),
            _ => {
                self.set_role(id, account, role);
                self.announce(asker, id, &RoomChange::Role { who: self.name(account), role })
            }
        }
    }

    // Wrong codes

    pub(super) fn check_tries(&self, asker: Asker) -> Result<(), Refused> {
        let (count, _) = self.accounts[&asker.account].tries;
        if count >= TRIES_MAX && self.is_window_open(asker) { Err("too_many_codes") } else { Ok(()) }
    }

    pub(super) fn count_wrong(&mut self, asker: Asker) {
        if !self.is_window_open(asker) {
            let now = self.now;
            self.account(asker.account).tries = (0, now);
        }
        self.account(asker.account).tries.0 += 1;
    }

    fn is_window_open(&self, asker: Asker) -> bool {
        let (_, since) = self.accounts[&asker.account].tries;
        since <= self.now && self.now < since.plus_seconds(TRIES_WINDOW_S)
    }

    // The server

    pub(super) fn check_not_last_operator(&self, account: AccountId) -> Result<(), Refused> {
        let mut others = self.accounts.values().filter(|other| other.id != account);
        let is_needed = self.accounts[&account].operator && !others.any(|other| other.operator);
        if is_needed { Err("last_operator") } else { Ok(()) }
    }

    pub(super) fn claim_operator(&mut self, asker: Asker, code: &Code) -> Result<(), Refused> {
        self.check_tries(asker)?;
        if self.operator_code.as_ref() != Some(code) {
            self.count_wrong(asker);
            return Err("wrong_code");
        }
        self.operator_code = None;
        self.make_operator(asker, asker.account, true)
    }

    fn check_operator(&self, asker: Asker) -> Result<(), Refused> {
        if self.accounts[&asker.account].operator { Ok(()) } else { Err("operator_only") }
    }

    pub(super) fn set_operator(&mut self, asker: Asker, who: &Name, on: bool) -> Result<(), Refused> {
        self.check_operator(asker)?;
        let account = self.account_named(who)?.id;
        if !on {
            self.check_not_last_operator(account)?;
        }
        self.make_operator(asker, account, on)
    }

    fn make_operator(&mut self, asker: Asker, account: AccountId, on: bool) -> Result<(), Refused> {
        self.account(account).operator = on;
        let event = |who, you| Event::OperatorSet { who, operator: on, you };
        for client in self.clients_of(account) {
            self.tell(client, event(self.name(account), true));
        }
        if account != asker.account {
            self.tell(asker.client, event(self.name(account), false));
        }
        Ok(())
    }

    pub(super) fn server_kick(&mut self, asker: Asker, who: &Name, why: Text) -> Result<(), Refused> {
        self.check_operator(asker)?;
        self.check_note(&why)?;
        let account = self.account_named(who)?.id;
        if account == asker.account {
            return Err("not_to_yourself");
        }
        let closed = self.dismiss_all(self.clients_of(account), &Farewell::Kicked { why });
        self.answer(asker, Event::ServerKicked { who: self.name(account), closed })
    }

    pub(super) fn server_ban(
        &mut self,
        asker: Asker,
        target: BanTarget,
        seconds: Option<u64>,
        why: Text,
    ) -> Result<(), Refused> {
        self.check_operator(asker)?;
        self.check_note(&why)?;
        let ban = self.new_ban(asker, seconds, why.clone());
        let (target, clients): (BanTarget, Vec<ClientId>) = match target {
            BanTarget::Account(name) => {
                let account = self.account_named(&name)?.clone();
                if account.id == asker.account {
                    return Err("not_to_yourself");
                }
                if account.operator {
                    return Err("target_is_operator");
                }
                self.account(account.id).ban = Some(ban.clone());
                (BanTarget::Account(account.label()), self.clients_of(account.id))
            }
            BanTarget::Address(address) => {
                if self.sessions[&asker.client].origin.address == address {
                    return Err("not_to_yourself");
                }
                self.address_bans.insert(address, ban.clone());
                let there = self.sessions.iter().filter(|(_, session)| session.origin.address == address);
                (BanTarget::Address(address), there.map(|(client, _)| *client).collect())
            }
        };
        let closed = self.dismiss_all(clients, &Farewell::Banned { until: ban.until, why });
        self.answer(asker, Event::ServerBanned { ban: self.ban_row(target, &ban), closed })
    }

    pub(super) fn server_unban(&mut self, asker: Asker, target: BanTarget) -> Result<(), Refused> {
        self.check_operator(asker)?;
        let (target, ban) = match target {
            BanTarget::Account(name) => {
                let id = self.account_labelled(&name)?.id;
                (BanTarget::Account(self.name(id)), self.account(id).ban.take())
            }
            BanTarget::Address(address) => (BanTarget::Address(address), self.address_bans.remove(&address)),
        };
        if !ban.is_some_and(|ban| holds(&ban, self.now)) {
            return Err("no_such_ban");
        }
        self.answer(asker, Event::Unbanned { room: None, target })
    }

    pub(super) fn server_bans(&mut self, asker: Asker) -> Result<(), Refused> {
        self.check_operator(asker)?;
        let accounts = self.accounts.values().filter_map(|account| Some((account, account.ban.as_ref()?)));
        let accounts = accounts.map(|(account, ban)| (BanTarget::Account(account.label()), ban));
        let addresses = self.address_bans.iter().map(|(address, ban)| (BanTarget::Address(*address), ban));
        let bans = accounts.chain(addresses).filter(|(_, ban)| holds(ban, self.now));
        let rows: Vec<BanRow> = bans.map(|(target, ban)| self.ban_row(target, ban)).collect();
        let (rows, ..) = self.page(&rows, 1);
        self.answer(asker, Event::Bans { room: None, rows })
    }

    /// The addresses that are banned now.
    pub fn banned_addresses(&self) -> Vec<(chat_server::address::Address, Option<chat_server::chat::Timestamp>)> {
        self.address_bans.iter().map(|(address, ban)| (*address, ban.until)).collect()
    }
}
