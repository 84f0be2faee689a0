//! People: who is there, who somebody is, who is away.

use super::lookup::page_bounds;
use super::{
    AccountId, Ask, Chat, Event, HERE_NAMES_MAX, Name, Presence, Record, Refusal, Role, RoomId, RoomLabel, Text,
};
use crate::address::Address;

/// Most rooms and addresses that are told of one account.
const SHOWN_MAX: usize = 20;

impl Chat {
    pub(super) fn who(&mut self, ask: &mut Ask, label: Option<&RoomLabel>, page: u64) -> Result<(), Refusal> {
        let rows_max = self.limits.list_page_rows;
        let event = match label {
            None => {
                let total = self.accounts.online().len();
                let (range, page, pages) = page_bounds(total, page, rows_max);
                let rows = self.accounts.online().skip(range.start).take(range.len());
                let rows = rows.map(|account| account.presence(Role::Member)).collect();
                Event::People { room: None, rows, total: total as u64, page, pages }
            }
            Some(_) => {
                let id = self.find_room(ask, label)?;
                let members = &self.rooms.get(id).members;
                let (range, page, pages) = page_bounds(members.len(), page, rows_max);
                let rows = members.iter().skip(range.start).take(range.len());
                let rows = rows.map(|(id, member)| self.accounts.get(*id).presence(member.role)).collect();
                let room = Some(self.label(id, ask.account));
                Event::People { room, rows, total: members.len() as u64, page, pages }
            }
        };
        ask.answer(event);
        Ok(())
    }

    pub(super) fn whois(&mut self, ask: &mut Ask, name: &Name) -> Result<(), Refusal> {
        let account = self.find_account(name)?;
        let asker_is_operator = self.accounts.get(ask.account).operator;
        let shared = account.rooms.iter().map(|id| self.rooms.get(*id)).filter(|room| !room.is_direct());
        let shared = shared.filter(|room| self.can_see(ask.account, room, ask.now)).take(SHOWN_MAX);
        let rooms = shared.map(|room| self.label(room.id, ask.account)).collect();
        let addresses: Vec<Address> = match asker_is_operator {
            true => account.clients.iter().take(SHOWN_MAX).map(|client| self.session(*client).origin.address).collect(),
            false => Vec::new(),
        };
        let event = Event::Account {
            who: account.presence(Role::Member),
            created: account.created,
            last_seen: account.last_seen,
            operator: account.operator,
            rooms,
            addresses,
        };
        ask.answer(event);
        Ok(())
    }

    pub(super) fn set_away(&mut self, ask: &mut Ask, text: Option<Text>) -> Result<(), Refusal> {
        if let Some(text) = &text {
            self.check_note(text)?;
        }
        self.accounts.get_mut(ask.account).away = text.clone();
        ask.effects.store(Record::AwaySet { id: ask.account, text: text.clone() });
        ask.answer(Event::AwaySet { text });
        Ok(())
    }

    /// Who else is online in a room: some, and how many more.
    pub(super) fn others_here(&self, room: RoomId, viewer: AccountId) -> (Vec<Presence>, u64) {
        let room = self.rooms.get(room);
        let others = room.present.iter().filter(|id| **id != viewer);
        let here: Vec<Presence> = others
            .take(HERE_NAMES_MAX)
            .map(|id| self.accounts.get(*id).presence(room.role(*id).unwrap_or(Role::Member)))
            .collect();
        let all = room.present.len() - usize::from(room.present.contains(&viewer));
        let more = (all - here.len()) as u64;
        (here, more)
    }
}
