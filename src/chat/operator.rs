//! Operators of the server, and their kicks and bans.

use super::lookup::page_bounds;
use super::{
    AccountId, Actor, BanTarget, Chat, ClientId, Code, Effects, Event, Farewell, Name, Record, Refusal, StoredBan,
    Text, Timestamp,
};

impl Chat {
    pub(super) fn claim_operator(
        &mut self,
        actor: Actor,
        code: &Code,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        self.check_code_tries(actor)?;
        // The code is kept, because it must still be valid if this cannot be stored. Once there is an operator, there is
        // always one.
        if self.operator_code.as_ref() != Some(code) || self.accounts.operators() > 0 {
            self.count_wrong_code(actor);
            return Err(Refusal::WrongCode);
        }
        Ok(self.make_operator(actor, actor.account, true, None, effects))
    }

    pub(super) fn set_operator(
        &mut self,
        actor: Actor,
        who: &Name,
        on: bool,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        self.check_operator(actor)?;
        let account = self.find_account(who)?.id;
        if !on && self.is_last_operator(account) {
            return Err(Refusal::LastOperator);
        }
        let by = Some(self.name(actor.account));
        Ok(self.make_operator(actor, account, on, by, effects))
    }

    fn make_operator(
        &mut self,
        actor: Actor,
        id: AccountId,
        on: bool,
        by: Option<Name>,
        effects: &mut Effects,
    ) -> Event {
        self.record(Record::OperatorSet { id, on }, effects);
        match on {
            // There is none for an operator.
            true => self.void_password_code(id, effects),
            false => self.void_codes_by_operators(id, effects),
        }
        let event = |you| Event::OperatorSet { who: self.name(id), operator: on, you, by: by.clone() };
        for client in self.accounts.get(id).clients.iter().filter(|client| **client != actor.client) {
            effects.notify(*client, event(true));
        }
        event(id == actor.account)
    }

    pub(super) fn server_kick(
        &mut self,
        actor: Actor,
        who: &Name,
        why: Text,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        self.check_operator(actor)?;
        self.check_note(&why)?;
        let account = self.find_account(who)?;
        if account.id == actor.account {
            return Err(Refusal::NotToYourself);
        }
        let (who, clients) = (account.label(), account.clients.clone());
        self.dismiss_others(actor.now, &clients, &Farewell::Kicked { by: self.name(actor.account), why }, effects);
        Ok(Event::ServerKicked { who, closed: clients.len() as u64 })
    }

    pub(super) fn server_ban(
        &mut self,
        actor: Actor,
        target: BanTarget,
        seconds: Option<u64>,
        why: Text,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        self.check_operator(actor)?;
        self.check_note(&why)?;
        let until = seconds.map(|seconds| actor.now.plus_seconds(seconds));
        let (by, at) = (actor.account, actor.now);
        let ban = StoredBan { by, at, until, why: why.clone() };
        let (target, clients): (BanTarget, Vec<ClientId>) = match target {
            BanTarget::Account(name) => {
                let account = self.find_account(&name)?;
                let (id, name) = (account.id, account.label());
                if id == actor.account {
                    return Err(Refusal::NotToYourself);
                }
                if account.operator {
                    return Err(Refusal::TargetIsOperator { who: name });
                }
                let clients = account.clients.clone();
                self.record(Record::AccountBanCreated { account: id, by, at, until, why: why.clone() }, effects);
                (BanTarget::Account(name), clients)
            }
            BanTarget::Address(address) => {
                if self.session(actor.client).origin.address == address {
                    return Err(Refusal::NotToYourself);
                }
                let there = self.sessions.iter().filter(|(_, session)| session.origin.address == address);
                let clients = there.map(|(client, _)| client).collect();
                self.record(Record::AddressBanCreated { address, by, at, until, why: why.clone() }, effects);
                effects.address_bans_changed = true;
                (BanTarget::Address(address), clients)
            }
        };
        self.dismiss_others(
            actor.now,
            &clients,
            &Farewell::Banned { by: self.name(actor.account), until, why },
            effects,
        );
        Ok(Event::ServerBanned { ban: self.ban_row(target, &ban), closed: clients.len() as u64 })
    }

    pub(super) fn server_unban(
        &mut self,
        actor: Actor,
        target: BanTarget,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        self.check_operator(actor)?;
        let (target, ban) = match target {
            BanTarget::Account(name) => {
                let account = self.find_account_or_former(&name)?;
                let (id, name) = (account.id, account.label());
                let ban = self.account_bans.get(&id).cloned();
                if ban.is_some() {
                    self.record(Record::AccountBanRemoved { account: id }, effects);
                }
                (BanTarget::Account(name), ban)
            }
            BanTarget::Address(address) => {
                let ban = self.address_bans.get(&address).cloned();
                if ban.is_some() {
                    self.record(Record::AddressBanRemoved { address }, effects);
                    effects.address_bans_changed = true;
                }
                (BanTarget::Address(address), ban)
            }
        };
        if !ban.is_some_and(|ban| ban.holds(actor.now)) {
            return Err(Refusal::NoSuchBan);
        }
        Ok(Event::Unbanned { room: None, target })
    }

    pub(super) fn server_bans(&self, actor: Actor, page: u64) -> Result<Event, Refusal> {
        self.check_operator(actor)?;
        let accounts = || self.account_bans.iter().filter(|(_, ban)| ban.holds(actor.now));
        let addresses = || self.address_bans.iter().filter(|(_, ban)| ban.holds(actor.now));
        let total = accounts().count() + addresses().count();
        let (range, page, pages) = page_bounds(total, page, self.limits.page_rows());
        let accounts = accounts().map(|(id, ban)| (Ok(*id), ban));
        let bans = accounts.chain(addresses().map(|(address, ban)| (Err(*address), ban)));
        let target =
            |who: Result<AccountId, _>| who.map_or_else(BanTarget::Address, |id| BanTarget::Account(self.name(id)));
        let rows = bans.skip(range.start).take(range.len()).map(|(who, ban)| self.ban_row(target(who), ban)).collect();
        Ok(Event::Bans { room: None, rows, total: total as u64, page, pages })
    }

    pub(super) fn check_operator(&self, actor: Actor) -> Result<(), Refusal> {
        match self.accounts.get(actor.account).operator {
            true => Ok(()),
            false => Err(Refusal::OperatorOnly),
        }
    }

    /// Whether this account is the only operator.
    pub(super) fn is_last_operator(&self, id: AccountId) -> bool {
        self.accounts.get(id).operator && self.accounts.operators() == 1
    }

    /// Whether an address is banned now.
    pub fn is_banned(&self, address: crate::address::Address, now: Timestamp) -> bool {
        self.address_bans.get(&address).is_some_and(|ban| ban.holds(now))
    }
}
