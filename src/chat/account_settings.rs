//! Changing the own account: its password, whether it wants acknowledgements, and deleting it.

use super::{Ask, Chat, ClientId, Departure, Event, Farewell, PasswordHash, Record, Refusal, RoomId};

impl Chat {
    pub(super) fn change_password(&mut self, ask: &mut Ask, hash: PasswordHash) -> Result<(), Refusal> {
        let account = self.accounts.get_mut(ask.account);
        account.password_version += 1;
        let version = account.password_version;
        let others: Vec<ClientId> = account.clients.iter().copied().filter(|client| *client != ask.client).collect();
        ask.effects.store(Record::PasswordSet { id: ask.account, hash, version });
        for client in &others {
            self.dismiss(ask.now, *client, Farewell::PasswordChanged, ask.effects);
        }
        let tokens = self.accounts.get(ask.account).tokens.values().filter(|token| token.holds(ask.now)).count() as u64;
        ask.answer(Event::PasswordChanged { closed: others.len() as u64, tokens });
        Ok(())
    }

    pub(super) fn set_acks(&mut self, ask: &mut Ask, on: bool) -> Result<(), Refusal> {
        self.accounts.get_mut(ask.account).acks = on;
        ask.effects.store(Record::AcksSet { id: ask.account, on });
        ask.answer(Event::AcksSet { on });
        Ok(())
    }

    /// Deletes the asker's account: it leaves its rooms, its name becomes free, and what it wrote stays under `ghost`.
    pub(super) fn delete_account(&mut self, ask: &mut Ask) -> Result<(), Refusal> {
        let id = ask.account;
        if self.is_last_operator(id) {
            return Err(Refusal::LastOperator);
        }
        let rooms: Vec<RoomId> = self.accounts.get(id).rooms.iter().copied().collect();
        for client in self.accounts.get(id).clients.clone() {
            self.dismiss(ask.now, client, Farewell::AccountDeleted, ask.effects);
        }
        for room in rooms.into_iter().filter(|room| !self.rooms.get(*room).is_direct()).collect::<Vec<_>>() {
            self.remove_member(room, id, Departure::Deleted, None, ask.effects);
        }
        for room in std::mem::take(&mut self.accounts.get_mut(id).invitations) {
            if let Some(room) = self.rooms.try_get_mut(room) {
                room.invitations.remove(&id);
                ask.effects.store(Record::InvitationRemoved { room: room.id, account: id });
            }
        }
        self.remove_tokens(ask);
        let account = self.accounts.get_mut(id);
        account.operator = false;
        account.away = None;
        self.accounts.forget_name(id);
        if self.account_bans.remove(&id).is_some() {
            ask.effects.store(Record::AccountBanRemoved { account: id });
        }
        ask.effects.store(Record::AccountDeleted { id, at: ask.now });
        Ok(())
    }
}
