//! Keeping order on the server: its operators, and whom they keep from it.

use super::{
    AccountId, Ask, BanTarget, Chat, ClientId, Code, Event, Farewell, Name, Record, Refusal, StoredBan, Text, Timestamp,
};

impl Chat {
    pub(super) fn claim_operator(&mut self, ask: &mut Ask, code: &Code) -> Result<(), Refusal> {
        let account = self.accounts.get(ask.account);
        if account.code_tries.are_used_up(ask.now) {
            return Err(Refusal::TooManyCodes);
        }
        // The code stays: should this not be stored, it must still work. Once there is an operator there always is one.
        if self.operator_code.as_ref() != Some(code) || self.accounts.iter().any(|account| account.operator) {
            self.accounts.get_mut(ask.account).code_tries.count_wrong(ask.now);
            return Err(Refusal::WrongCode);
        }
        self.make_operator(ask, ask.account, true);
        Ok(())
    }

    pub(super) fn set_operator(&mut self, ask: &mut Ask, who: &Name, on: bool) -> Result<(), Refusal> {
        self.check_operator(ask)?;
        let account = self.find_account(who)?.id;
        if !on && self.is_last_operator(account) {
            return Err(Refusal::LastOperator);
        }
        self.make_operator(ask, account, on);
        Ok(())
    }

    fn make_operator(&mut self, ask: &mut Ask, id: AccountId, on: bool) {
        self.accounts.get_mut(id).operator = on;
        ask.effects.store(Record::OperatorSet { id, on });
        let event = |you| Event::OperatorSet { who: self.name(id), operator: on, you };
        for client in &self.accounts.get(id).clients {
            ask.effects.tell(*client, event(true));
        }
        if id != ask.account {
            ask.answer(event(false));
        }
    }

    pub(super) fn server_kick(&mut self, ask: &mut Ask, who: &Name, why: Text) -> Result<(), Refusal> {
        self.check_operator(ask)?;
        self.check_note(&why)?;
        let account = self.find_account(who)?;
        if account.id == ask.account {
            return Err(Refusal::NotToYourself);
        }
        let (who, clients) = (account.label(), account.clients.clone());
        for client in &clients {
            self.dismiss(ask.now, *client, Farewell::Kicked { why: why.clone() }, ask.effects);
        }
        ask.answer(Event::ServerKicked { who, closed: clients.len() as u64 });
        Ok(())
    }

    pub(super) fn server_ban(
        &mut self,
        ask: &mut Ask,
        target: BanTarget,
        seconds: Option<u64>,
        why: Text,
    ) -> Result<(), Refusal> {
        self.check_operator(ask)?;
        self.check_note(&why)?;
        let until = seconds.map(|seconds| ask.now.plus_seconds(seconds));
        let (by, at) = (ask.account, ask.now);
        let ban = StoredBan { by, at, until, why: why.clone() };
        let (target, clients): (BanTarget, Vec<ClientId>) = match target {
            BanTarget::Account(name) => {
                let account = self.find_account(&name)?;
                let (id, name) = (account.id, account.label());
                if id == ask.account {
                    return Err(Refusal::NotToYourself);
                }
                if account.operator {
                    return Err(Refusal::TargetIsOperator { who: name });
                }
                let clients = account.clients.clone();
                self.account_bans.insert(id, ban.clone());
                ask.effects.store(Record::AccountBanMade { account: id, by, at, until, why: why.clone() });
                (BanTarget::Account(name), clients)
            }
            BanTarget::Address(address) => {
                if self.session(ask.client).origin.address == address {
                    return Err(Refusal::NotToYourself);
                }
                let there = self.sessions.iter().filter(|(_, session)| session.origin.address == address);
                let clients = there.map(|(client, _)| client).collect();
                self.address_bans.insert(address, ban.clone());
                ask.effects.store(Record::AddressBanMade { address, by, at, until, why: why.clone() });
                ask.effects.address_bans_changed = true;
                (BanTarget::Address(address), clients)
            }
        };
        for client in &clients {
            self.dismiss(ask.now, *client, Farewell::Banned { until, why: why.clone() }, ask.effects);
        }
        let ban = self.ban_row(target, &ban);
        ask.answer(Event::ServerBanned { ban, closed: clients.len() as u64 });
        Ok(())
    }

    pub(super) fn server_unban(&mut self, ask: &mut Ask, target: BanTarget) -> Result<(), Refusal> {
        self.check_operator(ask)?;
        let (target, ban) = match target {
            BanTarget::Account(name) => {
                let account = self.find_labelled_account(&name)?;
                let (id, name) = (account.id, account.label());
                let ban = self.account_bans.remove(&id);
                if ban.is_some() {
                    ask.effects.store(Record::AccountBanRemoved { account: id });
                }
                (BanTarget::Account(name), ban)
            }
            BanTarget::Address(address) => {
                let ban = self.address_bans.remove(&address);
                if ban.is_some() {
                    ask.effects.store(Record::AddressBanRemoved { address });
                    ask.effects.address_bans_changed = true;
                }
                (BanTarget::Address(address), ban)
            }
        };
        if !ban.is_some_and(|ban| ban.holds(ask.now)) {
            return Err(Refusal::NoSuchBan);
        }
        ask.answer(Event::Unbanned { room: None, target });
        Ok(())
    }

    pub(super) fn server_bans(&mut self, ask: &mut Ask) -> Result<(), Refusal> {
        self.check_operator(ask)?;
        let accounts = self.account_bans.iter().map(|(id, ban)| (BanTarget::Account(self.name(*id)), ban));
        let addresses = self.address_bans.iter().map(|(address, ban)| (BanTarget::Address(*address), ban));
        let bans = accounts.chain(addresses).filter(|(_, ban)| ban.holds(ask.now));
        let shown = usize::try_from(self.limits.list_page_rows).unwrap_or(usize::MAX);
        let rows = bans.take(shown).map(|(target, ban)| self.ban_row(target, ban)).collect();
        ask.answer(Event::Bans { room: None, rows });
        Ok(())
    }

    fn check_operator(&self, ask: &Ask) -> Result<(), Refusal> {
        match self.accounts.get(ask.account).operator {
            true => Ok(()),
            false => Err(Refusal::OperatorOnly),
        }
    }

    /// Whether nobody would be an operator if this account were none.
    pub(super) fn is_last_operator(&self, id: AccountId) -> bool {
        self.accounts.get(id).operator && self.accounts.iter().filter(|account| account.operator).count() == 1
    }

    /// Whether an address may not connect now.
    pub fn is_banned(&self, address: crate::address::Address, now: Timestamp) -> bool {
        self.address_bans.get(&address).is_some_and(|ban| ban.holds(now))
    }
}
