//! Account settings: changing the password, choosing acknowledgements, deleting the account.

use super::{Actor, Chat, ClientId, Departure, Effects, Event, Farewell, PasswordHash, Record, Refusal, RoomId};

impl Chat {
    pub(super) fn change_password(
        &mut self,
        actor: Actor,
        hash: PasswordHash,
        effects: &mut Effects,
    ) -> Result<Event, Refusal> {
        let account = self.accounts.get(actor.account);
        let version = account.password_version + 1;
        let others: Vec<ClientId> = account.clients.iter().copied().filter(|client| *client != actor.client).collect();
        self.record(Record::PasswordSet { id: actor.account, hash, version }, effects);
        self.void_password_code(actor.account, effects);
        self.dismiss_others(actor.now, &others, &Farewell::PasswordChanged, effects);
        let tokens = self.valid_tokens(actor) as u64;
        Ok(Event::PasswordChanged { closed: others.len() as u64, tokens })
    }

    pub(super) fn set_acks(&mut self, actor: Actor, on: bool, effects: &mut Effects) -> Result<Event, Refusal> {
        self.record(Record::AcksSet { id: actor.account, on }, effects);
        Ok(Event::AcksSet { on })
    }

    /// Deletes the requester's account: it leaves its rooms, nobody can take its name, and its messages stay,
    /// under `ghost`.
    pub(super) fn delete_account(&mut self, actor: Actor, effects: &mut Effects) -> Result<Event, Refusal> {
        let id = actor.account;
        if self.is_last_operator(id) {
            return Err(Refusal::LastOperator);
        }
        let account = self.accounts.get(id);
        let rooms = self.rooms_of(id).filter(|room| !room.is_direct());
        let rooms: Vec<RoomId> = rooms.map(|room| room.id).collect();
        let invitations: Vec<RoomId> = account.invitations.iter().copied().collect();
        let others: Vec<ClientId> = account.clients.iter().copied().filter(|client| *client != actor.client).collect();
        let ended = self.quit(actor, Farewell::AccountDeleted, effects)?;
        self.dismiss_others(actor.now, &others, &Farewell::AccountDeleted, effects);
        for room in rooms {
            self.remove_member(room, id, Departure::Deleted, actor.client, effects);
        }
        for room in invitations {
            self.drop_invitation(room, id, effects);
        }
        self.remove_tokens(id, effects);
        if self.accounts.get(id).operator {
            self.void_codes_by_operators(id, effects);
        }
        if self.account_bans.contains_key(&id) {
            self.record(Record::AccountBanRemoved { account: id }, effects);
        }
        self.record(Record::AccountDeleted { id, at: actor.now }, effects);
        Ok(ended)
    }
}
