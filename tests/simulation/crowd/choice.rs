//! Whom and what they mean: mostly something that there is.

use chat_server::address::Address;
use chat_server::chat::{BanTarget, Code, GENERAL, HistoryRange, Name, Role, RoomId, RoomLabel, Text, Visibility};

use super::{ADDRESSES, Crowd, PEOPLE, ROOMS};
use crate::simulation::state::{Asker, State};

impl Crowd {
    pub(super) fn person(&mut self, state: &State) -> Name {
        if self.random.percent(10) {
            return Name::parse(self.random.one_of(&PEOPLE).unwrap()).unwrap();
        }
        let ghosts = self.random.percent(10);
        let accounts = state.store.accounts.values().filter(|account| ghosts || account.name.is_some());
        let labels: Vec<Name> = accounts.map(|account| state.store.person(account.id)).collect();
        self.random.one_of(&labels).expect("there is the system's")
    }

    pub(super) fn room_name(&mut self, state: &State) -> Name {
        let empty = self.random.percent(20);
        let has_members = |room: RoomId| state.store.members_of(room).next().is_some();
        let rooms = state.store.rooms.values().filter(|room| empty || has_members(room.id));
        let mut names: Vec<Name> = rooms.filter_map(|room| room.name.clone()).collect();
        names.extend(Name::parse("general"));
        match self.random.below(10) {
            0 => Name::parse(self.random.one_of(&ROOMS).unwrap()).unwrap(),
            1 => Name::parse(&format!("hid-{}", self.random.below(self.hidden_rooms + 2))).unwrap(),
            _ => self.random.one_of(&names).expect("there is the first room"),
        }
    }

    pub(super) fn new_room_name(&mut self) -> Name {
        if self.random.percent(50) {
            return Name::parse(self.random.one_of(&ROOMS).unwrap()).unwrap();
        }
        self.hidden_rooms += 1;
        Name::parse(&format!("hid-{}", self.hidden_rooms)).unwrap()
    }

    /// A room in which the asker has a rank, if there is one.
    pub(super) fn led_room(&mut self, state: &State, asker: Asker) -> Option<RoomLabel> {
        let store = &state.store;
        let leads = |room: &RoomId| store.role(*room, asker.account) > Some(Role::Member);
        let led: Vec<RoomId> = store.rooms.keys().copied().filter(leads).collect();
        self.random.one_of(&led).map(|id| store.label(id, asker.account))
    }

    pub(super) fn label(&mut self, state: &State, asker: Asker) -> Option<RoomLabel> {
        let direct = self.random.percent(15);
        let own = state.store.rooms_of(asker.account).filter(|room| direct == room.name.is_none());
        let own: Vec<RoomId> = own.map(|room| room.id).collect();
        match self.random.below(10) {
            0..4 => None,
            4..7 => self.random.one_of(&own).map(|id| state.store.label(id, asker.account)),
            7..9 => Some(RoomLabel::Room(self.room_name(state))),
            _ if self.random.percent(60) => None,
            _ => Some(RoomLabel::Direct(self.person(state))),
        }
    }

    /// Something to say there, marked with the number of the room, so that it is known wherever it turns up.
    pub(super) fn text(&mut self, state: &State, asker: Asker, label: Option<&RoomLabel>) -> Text {
        let room = match (state.find(asker, label), label) {
            (Some(room), _) => room.0,
            // It would be created now.
            (None, Some(RoomLabel::Direct(_))) => state.store.last_room + 1,
            (None, _) => 0,
        };
        let text = match self.random.below(20) {
            0 => String::new(),
            1 => format!("<{room}> {}", "long ".repeat(20)),
            2..7 => format!("<{room}> {}, look!", self.person(state)),
            _ => format!("<{room}> hello"),
        };
        Text::from(text.as_str())
    }

    pub(super) fn code(&mut self, state: &State) -> Name {
        let first = self.random.percent(20);
        let codes = state.store.codes.iter().filter(|(_, (room, ..))| first || *room != GENERAL);
        let codes: Vec<Code> = codes.map(|(code, _)| code.clone()).collect();
        let code = self.random.one_of(&codes).unwrap_or_else(|| Code::invitation([9, 9, 9]));
        Name::parse(code.as_str()).expect("an invitation code fits where a name does")
    }

    pub(super) fn target(&mut self, person: Name) -> BanTarget {
        match self.random.percent(50) {
            true => BanTarget::Account(person),
            false => BanTarget::Address(Address::parse(self.random.one_of(&ADDRESSES).unwrap()).unwrap()),
        }
    }

    pub(super) fn seconds(&mut self) -> Option<u64> {
        self.random.one_of(&[None, Some(0), Some(1), Some(60), Some(3600), Some(100_000), Some(u64::MAX)]).unwrap()
    }

    pub(super) fn visibility(&mut self) -> Visibility {
        if self.random.percent(40) { Visibility::Public } else { Visibility::Private }
    }

    pub(super) fn page(&mut self) -> u64 {
        self.random.one_of(&[0, 1, 1, 1, 2, 3, u64::MAX]).unwrap()
    }

    pub(super) fn number(&mut self) -> u64 {
        if self.random.percent(10) { u64::MAX } else { self.random.below(30) }
    }

    pub(super) fn range(&mut self) -> HistoryRange {
        match self.random.below(3) {
            0 => HistoryRange::Newest,
            1 => HistoryRange::Last(self.number()),
            _ => HistoryRange::Between(self.number(), self.number()),
        }
    }
}
