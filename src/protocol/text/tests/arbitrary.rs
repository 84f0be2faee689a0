//! Arbitrary events and refusals, for the properties that hold for all of them.

use proptest::prelude::*;

use super::{NOW, name, with_id};
use crate::address::Address;
use crate::chat::{
    AccountView, BanRow, BanTarget, ClientId, Code, Departure, EnteredRoom, Event, Farewell, InvitationRow, Message,
    MessageKind, Missed, Name, Notice, Person, Refusal, Role, RoomChange, RoomLabel, RoomRow, RoomView, SessionRow,
    Text, Timestamp, TokenRow, TokenScope, TokenSecret, TopicView, Visibility, Welcome,
};

fn any_name() -> impl Strategy<Value = Name> {
    "[a-zA-Z0-9][a-zA-Z0-9_-]{1,19}".prop_map(|text| name(&text))
}

fn any_text() -> impl Strategy<Value = Text> {
    prop_oneof![any::<String>(), ".{0,300}", Just(String::new())].prop_map(|text| Text::from(&*text))
}

fn any_label() -> impl Strategy<Value = RoomLabel> {
    (any_name(), any::<bool>())
        .prop_map(|(name, direct)| if direct { RoomLabel::Direct(name) } else { RoomLabel::Room(name) })
}

/// The parts of one round's events and refusals.
#[derive(Clone, Debug)]
pub(super) struct Arbitrary {
    pub(super) name: Name,
    by: Name,
    pub(super) room: RoomLabel,
    pub(super) text: Text,
    pub(super) at: Timestamp,
    number: u64,
    other: u64,
    online: bool,
    many: usize,
}

pub(super) fn arbitrary() -> impl Strategy<Value = Arbitrary> {
    let number = || prop_oneof![0..5u64, 0..1_000_000u64, any::<u64>()];
    let moment = prop_oneof![-200_000_000..200_000_000i64, any::<i64>()];
    (any_name(), any_name(), any_label(), any_text(), moment, number(), number(), any::<bool>(), 0..70usize).prop_map(
        |(name, by, room, text, at, number, other, online, many)| {
            let at = Timestamp(NOW.0.saturating_add(at));
            Arbitrary { name, by, room, text, at, number, other, online, many }
        },
    )
}

impl Arbitrary {
    fn person(&self) -> Person {
        let away = (self.many.is_multiple_of(2)).then(|| self.text.clone());
        Person { name: self.name.clone(), online: self.online, away, role: Some(Role::Owner) }
    }

    fn topic(&self) -> TopicView {
        TopicView { text: self.text.clone(), by: self.by.clone(), at: self.at }
    }

    fn entered(&self) -> EnteredRoom {
        EnteredRoom {
            room: with_id(self.room.clone()),
            topic: Some(self.topic()),
            joined: self.online,
            here: vec![self.person(); self.many],
            more: self.number,
            members: self.other,
            messages: self.number,
        }
    }

    fn ban(&self) -> BanRow {
        let target = if self.online {
            BanTarget::Account(self.name.clone())
        } else {
            BanTarget::Address(Address::parse("2001:db8::1").expect("an address"))
        };
        BanRow { target, by: self.by.clone(), at: self.at, until: self.until(), why: self.text.clone() }
    }

    fn token(&self) -> TokenRow {
        TokenRow {
            name: self.name.clone(),
            scope: TokenScope::Read,
            created: self.at,
            until: self.until(),
            used: self.until(),
        }
    }

    fn session(&self) -> SessionRow {
        SessionRow {
            session: ClientId(self.number),
            protocol: "json",
            address: Address::parse("2001:db8::1").expect("an address"),
            since: self.at,
            active: self.at,
            token: self.online.then(|| self.name.clone()),
            own: self.online,
        }
    }

    fn until(&self) -> Option<Timestamp> {
        self.online.then_some(self.at)
    }

    fn departures(&self) -> Vec<Departure> {
        vec![
            Departure::Left,
            Departure::Kicked { by: self.by.clone(), why: self.text.clone() },
            Departure::Banned { by: self.by.clone(), until: self.until(), why: self.text.clone() },
            Departure::Deleted,
            Departure::RoomDeleted { by: self.by.clone() },
        ]
    }

    fn farewells(&self) -> Vec<Farewell> {
        vec![
            Farewell::Quit,
            Farewell::LoggedOut,
            Farewell::AccountDeleted,
            Farewell::PasswordChanged,
            Farewell::TokenRevoked { name: self.by.clone() },
            Farewell::ClosedElsewhere,
            Farewell::Kicked { by: self.name.clone(), why: self.text.clone() },
            Farewell::Banned { by: self.name.clone(), until: self.until(), why: self.text.clone() },
        ]
    }

    fn changes(&self) -> Vec<RoomChange> {
        vec![
            RoomChange::Topic(self.online.then(|| self.text.clone())),
            RoomChange::Visibility(Visibility::Public),
            RoomChange::Visibility(Visibility::Private),
            RoomChange::Renamed(self.by.clone()),
            RoomChange::Role { who: self.name.clone(), role: Role::Member },
        ]
    }

    /// Lists, of which no line is wider than a terminal.
    pub(super) fn lists(&self) -> Vec<Event> {
        let Arbitrary { room, many, .. } = self.clone();
        // More than any server has, and still not so many that the digits alone fill a line.
        let (number, other) = (self.number % 1_000_000, self.other % 1_000_000);
        let row = RoomRow {
            room: with_id(room.clone()),
            visibility: self.online.then_some(Visibility::Private),
            members: number,
            online: other,
            topic: Some(self.text.clone()),
            joined: self.online,
            new: number,
        };
        let rows = vec![self.person(); many];
        vec![
            Event::RoomList { rows: vec![row; many], page: number, pages: other },
            Event::Entered(EnteredRoom { topic: None, more: 0, messages: number, ..self.entered() }),
            Event::LoggedIn(Welcome {
                name: self.name.clone(),
                last_seen: None,
                room: Some(with_id(room.clone())),
                away: None,
                missed: vec![
                    Missed {
                        room: with_id(room.clone()),
                        new: if self.online { number } else { 0 },
                        mentions: other,
                        last: number
                    };
                    many
                ],
                more: other,
                more_unread: number,
                more_invitations: other,
                invitations: vec![],
                notices: vec![],
                others: other,
            }),
            Event::People { room: Some(with_id(room.clone())), rows: rows.clone(), total: number, page: 1, pages: 2 },
            Event::People { room: None, rows, total: number, page: other, pages: number },
            Event::RoomShown(RoomView {
                room: with_id(room),
                visibility: self.online.then_some(Visibility::Public),
                topic: None,
                created: self.at,
                owner: self.online.then(|| self.name.clone()),
                moderators: vec![self.by.clone(); many],
                members: number,
                online: other,
                messages: number,
                unread: other,
                invited: vec![self.by.clone(); many],
                codes: vec![Code::typed(self.name.as_str()); many],
            }),
        ]
    }

    pub(super) fn events(&self) -> Vec<Event> {
        let Arbitrary { name, by, room, text, at, number, other, online, many } = self.clone();
        let message = Message {
            room: with_id(room.clone()),
            seq: number,
            at,
            author: name.clone(),
            program: online,
            kind: MessageKind::Action,
            text: text.clone(),
        };
        let missed =
            Missed { room: with_id(room.clone()), new: if online { number } else { 0 }, mentions: other, last: number };
        let invitation = InvitationRow {
            room: with_id(RoomLabel::Room(name.clone())),
            visibility: Visibility::Private,
            by: by.clone(),
            until: at,
        };
        let mut events = vec![
            Event::Message(Message { kind: MessageKind::Speech, ..message.clone() }),
            Event::Message(message),
            Event::Stored { room: with_id(room.clone()), seq: number, at, requested: true },
            Event::Registered { name: name.clone(), room: self.entered() },
            Event::LoggedIn(Welcome {
                name: name.clone(),
                last_seen: self.until(),
                room: online.then(|| with_id(room.clone())),
                away: Some(text.clone()),
                missed: vec![missed; many],
                more: other,
                more_unread: number,
                more_invitations: other,
                invitations: vec![invitation.clone(); many],
                notices: vec![(at, Notice::PasswordCode { by: None })],
                others: other,
            }),
            Event::AcksSet { on: online },
            Event::PasswordChanged { closed: number, tokens: other },
            Event::TokenCreated {
                name: name.clone(),
                secret: TokenSecret("token:abc".into()),
                scope: TokenScope::All,
                until: self.until(),
            },
            Event::Tokens { rows: vec![self.token(); many] },
            Event::TokenRevoked { name: name.clone(), closed: number },
            Event::Sessions { rows: vec![self.session(); many.max(1)], total: number, page: 1, pages: 2 },
            Event::SessionClosed { session: ClientId(number) },
            Event::Created { room: with_id(room.clone()), visibility: Visibility::Public },
            Event::Entered(self.entered()),
            Event::DirectOpened {
                room: with_id(room.clone()),
                with: self.person(),
                messages: number,
                back: online.then(|| with_id(room.clone())),
            },
            Event::MemberJoined { room: with_id(room.clone()), who: name.clone() },
            Event::Topic { room: with_id(room.clone()), topic: online.then(|| self.topic()) },
            Event::Invited { who: name.clone(), room: with_id(room.clone()), until: at, notified: online },
            Event::InvitationReceived(invitation),
            Event::CodeCreated { room: with_id(room.clone()), code: Code::typed(text.as_str()), until: at },
            Event::Uninvited { what: by.clone(), room: with_id(room.clone()) },
            Event::Account(AccountView {
                who: self.person(),
                created: at,
                last_seen: self.until(),
                operator: online,
                rooms: vec![with_id(room.clone()); many],
                addresses: vec![Address::parse("192.0.2.7").expect("an address"); many],
            }),
            Event::AwaySet { text: online.then(|| text.clone()) },
            Event::NotHere { who: self.person() },
            Event::NothingUnread,
            Event::CaughtUp { messages: number, rooms: other },
            Event::NoMessages { room: with_id(room.clone()) },
            Event::Unbanned { room: online.then(|| with_id(room.clone())), target: self.ban().target },
            Event::Bans {
                room: online.then(|| with_id(room.clone())),
                rows: vec![self.ban(); many],
                total: number,
                page: 1,
                pages: 2,
            },
            Event::ServerBanned { ban: self.ban(), closed: number },
            Event::ServerKicked { who: name.clone(), closed: number },
            Event::PasswordCodeCreated { who: name.clone(), code: Code::typed(text.as_str()), until: at },
            Event::RegistrationCodeCreated { code: Code::typed(text.as_str()), until: at },
            Event::NameFreed { name: name.clone() },
            Event::Notice { at, notice: Notice::PasswordCode { by: online.then(|| name.clone()) } },
            Event::OperatorSet {
                who: name.clone(),
                operator: online,
                you: other > 0,
                by: (other > 1).then(|| name.clone()),
            },
        ];
        for departure in self.departures() {
            let (room, who) = (room.clone(), name.clone());
            events.push(Event::YouLeft {
                room: with_id(room.clone()),
                departure: departure.clone(),
                now: online.then(|| with_id(room.clone())),
            });
            events.push(Event::MemberLeft {
                room: with_id(room.clone()),
                who: who.clone(),
                departure: departure.clone(),
            });
            events.push(Event::Removed { room: with_id(room), who, departure });
        }
        for farewell in self.farewells() {
            events.push(Event::Ended {
                name: name.clone(),
                farewell,
                sent: number,
                rooms: vec![with_id(room.clone()); many],
            });
        }
        for change in self.changes() {
            events.push(Event::RoomChanged { room: with_id(room.clone()), by: online.then(|| by.clone()), change });
        }
        events.extend(self.refusals().into_iter().map(Event::Refused));
        events
    }

    /// Those refusals that carry something.
    fn refusals(&self) -> Vec<Refusal> {
        let Arbitrary { name, by, room, text, number, online, many, .. } = self.clone();
        vec![
            Refusal::NameTaken { name: name.clone() },
            Refusal::ServerBanned { until: self.until(), why: text.clone() },
            Refusal::NoSuchRoom {
                room: room.clone(),
                suggestion: online.then(|| by.clone()),
                still_in: online.then(|| with_id(room.clone())),
            },
            Refusal::Banned { room: with_id(room.clone()), until: self.until(), why: text },
            Refusal::NoSuchAccount { name: name.clone(), suggestion: online.then_some(by) },
            Refusal::WhichInvitation {
                rooms: vec![with_id(RoomLabel::Room(name.clone())); many],
                by: vec![name.clone(); many],
                more: number,
            },
            Refusal::WhichRoom {
                room: with_id(RoomLabel::Room(name.clone())),
                visibility: Visibility::Public,
                rooms: vec![with_id(RoomLabel::Room(name.clone())); many],
                by: vec![name.clone(); many],
            },
            Refusal::RoomLost { room: room.clone(), next: online.then(|| with_id(room.clone())) },
            Refusal::ReplyToWhom { last: name.clone(), before: name.clone() },
            Refusal::NoSuchInvitation { what: online.then_some(name), room: online.then(|| with_id(room.clone())) },
            Refusal::TextTooLong { bytes: many, max: number },
            Refusal::NoSuchMessages { room: with_id(room), last: number },
        ]
    }
}
