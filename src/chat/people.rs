//! People: who is online, the members of a room, and the description of an account.

use super::lookup::page_bounds;
use super::{AccountId, AccountView, Actor, Chat, Event, HERE_NAMES_MAX, Name, Person, Refusal, RoomId, RoomLabel};
use crate::address::Address;

/// Most rooms, and most addresses, that the description of an account shows.
const SHOWN_MAX: usize = 20;

impl Chat {
    pub(super) fn who(&self, actor: Actor, label: Option<&RoomLabel>, page: u64) -> Result<Event, Refusal> {
        if label.is_some() {
            let id = self.find_room(actor, label)?;
            return Ok(self.members_page(actor, id, page));
        }
        let total = self.accounts.online().len();
        let (range, page, pages) = page_bounds(total, page, self.limits.page_rows());
        let rows = self.accounts.online().skip(range.start).take(range.len());
        let rows = rows.map(|account| account.person(None)).collect();
        Ok(Event::People { room: None, rows, total: total as u64, page, pages })
    }

    /// One page of the members of a room.
    pub(super) fn members_page(&self, actor: Actor, id: RoomId, page: u64) -> Event {
        let members = &self.rooms.get(id).members;
        let (range, page, pages) = page_bounds(members.len(), page, self.limits.page_rows());
        let rows = members.iter().skip(range.start).take(range.len());
        let rows = rows.map(|(id, member)| self.accounts.get(*id).person(Some(member.role))).collect();
        let room = Some(self.label(id, actor.account));
        Event::People { room, rows, total: members.len() as u64, page, pages }
    }

    pub(super) fn whois(&self, actor: Actor, name: &Name) -> Result<Event, Refusal> {
        let account = self.find_account(name)?;
        let shared = self.rooms_of(account.id).filter(|room| !room.is_direct());
        let shared = shared.filter(|room| self.can_see(actor.account, room, actor.now)).take(SHOWN_MAX);
        let rooms = shared.map(|room| self.label(room.id, actor.account)).collect();
        let addresses: Vec<Address> = match self.accounts.get(actor.account).operator {
            true => account.clients.iter().take(SHOWN_MAX).map(|client| self.session(*client).origin.address).collect(),
            false => Vec::new(),
        };
        Ok(Event::Account(AccountView {
            who: account.person(None),
            created: account.created,
            last_seen: account.last_seen,
            operator: account.operator,
            rooms,
            addresses,
        }))
    }

    /// The other members of a room who are online: some of them, and the number of the rest.
    pub(super) fn others_here(&self, room: RoomId, viewer: AccountId) -> (Vec<Person>, u64) {
        let room = self.rooms.get(room);
        let others = room.present.iter().filter(|id| **id != viewer);
        let here: Vec<Person> =
            others.take(HERE_NAMES_MAX).map(|id| self.accounts.get(*id).person(room.role(*id))).collect();
        let all = room.present.len() - usize::from(room.present.contains(&viewer));
        let more = (all - here.len()) as u64;
        (here, more)
    }
}
