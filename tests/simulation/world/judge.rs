//! Whether what a request led to is right, by the state before and after it.

use chat_server::chat::{
    Answer, Audience, ClientId, Command, Delivery, Event, Input, Query, Record, Refusal, RoomId, RoomLabel, Seq,
};

use super::super::answers::{self, Pages};
use super::super::notices::{self, Notices};
use super::super::privacy::{self, Sight};
use super::super::request::{Request, is_refused, room_of};
use super::super::rights;
use super::super::state::{Asker, State};
use super::super::store::holds;
use super::World;

impl World {
    /// Checks what a request led to, and follows it. The sessions that ended, and whether one began.
    pub(super) fn judge(
        &mut self,
        client: ClientId,
        request: &Request,
        records: &[Record],
        deliveries: &[Delivery],
        pages: &mut Vec<(ClientId, Answer, bool)>,
    ) -> (Vec<ClientId>, bool) {
        let before = self.state.clone();
        let asker = before.asker(client);
        let answer = the_answer(client, request, deliveries);
        let refusal = match answer {
            Some(Answer::Event(Event::Refused(refusal))) => Some(refusal),
            _ => None,
        };
        let ended = ended(client, request, deliveries, &before);
        self.check_rights(&before, asker, request, records, &ended, refusal.is_some());
        if let Some(refusal) = refusal {
            rights::check_refusal(&before, asker, refusal);
            assert!(asker.is_some() || !request.is_act() || refusal.code() == "not_logged_in");
        } else if let Some(answer) = answer {
            assert!(request.fits(answer), "{request:?} is answered by {answer:?}");
            let must_end = notices::must_end(&before, client, request, records);
            assert!(must_end.iter().eq(&sorted(&ended)), "{must_end:?} must end, and {ended:?} do");
        }

        let moved = if refusal.is_none() { self.move_positions(asker, request) } else { Vec::new() };
        records.iter().for_each(|record| self.state.apply(record));
        for client in &ended {
            self.state.clients.remove(client);
            self.crowd.forget_pages(*client);
        }
        let begins = self.begin(client, request, answer, records);
        if let (Some(Answer::Page(grant)), Some(Command::Resume { .. }), Some(asker)) =
            (answer, request.command(), asker)
        {
            self.state.resume(asker, grant);
        }
        let state = &mut self.state;
        let mut expected = notices::expected(&before, state, client, request, answer, records, &ended);
        expected.extend(asker.into_iter().flat_map(|asker| notices::moved(state, asker, moved.clone())));
        self.check_notices(notices::delivered(deliveries), expected);

        let after = if records.is_empty() { None } else { Some(Sight::of(&self.state.store)) };
        let after_sight = after.as_ref().unwrap_or(&self.sight);
        let account = |client: &ClientId| {
            before.clients.get(client).or_else(|| self.state.clients.get(client)).map(|it| it.account)
        };
        for delivery in deliveries {
            let clients = match delivery {
                Delivery::Answer(client, _) | Delivery::End(client, _) => vec![*client],
                Delivery::Event(Audience::One(client), _) => vec![*client],
                Delivery::Event(Audience::Many(clients, _), _) => clients.to_vec(),
            };
            self.tally.note(delivery);
            // It names the room that the client was shown to lose.
            if let Some(lost) = lost_room(delivery) {
                assert_eq!(Some(lost), before.clients[&client].lost.as_ref(), "{client} lost another room");
                continue;
            }
            for receiver in &clients {
                let asked = Some(request).filter(|_| *receiver == client);
                privacy::check(delivery, account(receiver), asked, &self.sight, after_sight, before.now);
            }
        }
        self.sight = after.unwrap_or_else(|| std::mem::take(&mut self.sight));

        if let (Some(answer), None) = (answer, refusal)
            && let Some(asker) = self.state.asker(client)
        {
            let pages_of = Pages {
                unread_lines: self.limits.history_page_lines,
                lines_max: self.limits.history_page_max_lines,
                rows: self.limits.list_page_rows as usize,
            };
            answers::check(&before, &self.state, asker, request, answer, pages_of);
            answers::check_stored(&before, &self.state, asker, request, answer, records);
            let is_resumed = matches!(request.command(), Some(Command::Resume { .. }));
            if is_resumed || matches!(request, Request::Query(Query::Unread)) {
                pages.push((client, answer.clone(), is_resumed));
            }
        }
        self.note_deliveries(deliveries, records);
        (ended, begins)
    }

    fn check_rights(
        &self,
        before: &State,
        asker: Option<Asker>,
        request: &Request,
        records: &[Record],
        ended: &[ClientId],
        refused: bool,
    ) {
        let ended = ended.iter().map(|client| (before.clients[client].account, before.clients[client].since)).collect();
        for record in records {
            match refused {
                true => rights::check_expired(before, record),
                false => rights::check(before, asker, request, record, &ended),
            }
            // A command changes the room that it names, or the one that its client was last shown as the current one.
            if let (Some(label), Some(asker), Some(room)) = (request.room(), asker, room_of(record)) {
                let is_new = matches!(label, Some(RoomLabel::Direct(_))) && room.0 > before.store.last_room;
                let meant = before.find(asker, label);
                assert!(is_new || meant == Some(room), "room {meant:?} was meant by {request:?}, not {record:?}");
            }
        }
    }

    /// Positions that a request moves explicitly. The rooms in which that changed something.
    fn move_positions(&mut self, asker: Option<Asker>, request: &Request) -> Vec<RoomId> {
        let Some(asker) = asker else { return Vec::new() };
        let (rooms, up_to): (Vec<RoomId>, Option<Seq>) = match request.command() {
            Some(Command::CatchUp { room: Some(label) }) => {
                (self.state.find(asker, Some(label)).into_iter().collect(), None)
            }
            Some(Command::CatchUp { room: None }) => {
                (self.state.store.rooms_of(asker.account).map(|room| room.id).collect(), None)
            }
            Some(Command::SetRead { room, up_to }) => {
                (self.state.find(asker, Some(room)).into_iter().collect(), Some(*up_to))
            }
            _ => return Vec::new(),
        };
        let up_to = |state: &State, room: &RoomId| up_to.unwrap_or(state.store.rooms[room].last_seq);
        let moves = |room: &RoomId| {
            let up_to = up_to(&self.state, room);
            self.state.set_read(*room, asker.account, up_to)
        };
        rooms.into_iter().filter(moves).collect()
    }

    /// Whether a session begins by this answer; if so, it is known from now on.
    fn begin(&mut self, client: ClientId, request: &Request, answer: Option<&Answer>, records: &[Record]) -> bool {
        let (origin, token) = match request {
            Request::Input(
                Input::Register { origin, .. } | Input::LogIn { origin, .. } | Input::ResetPassword { origin, .. },
            ) => (*origin, None),
            Request::Input(Input::LogInByToken { origin, digest, .. }) => (*origin, Some(*digest)),
            _ => return false,
        };
        let account = match (answer.and_then(Answer::event), request, records.first()) {
            (Some(Event::Registered { .. }), _, Some(Record::AccountCreated { id, .. })) => *id,
            (Some(Event::LoggedIn(_)), Request::Input(Input::LogIn { account, .. }), _) => *account,
            (Some(Event::LoggedIn(welcome)), ..) => self.state.store.named(&welcome.name).expect("it is its name"),
            _ => return false,
        };
        let tokens = &self.state.store.tokens;
        let name =
            |digest| tokens.values().find(|it| it.account == account && it.digest == digest).map(|it| it.name.clone());
        let token = token.map(|digest| (name(digest).expect("it is the account's token"), digest));
        let version = self.state.store.accounts[&account].password_version;
        let is_current = match request {
            Request::Input(Input::LogIn { password_version, .. }) => *password_version == version,
            _ => token.as_ref().is_none_or(|(name, _)| holds(tokens[&(account, name.clone())].until, self.state.now)),
        };
        assert!(is_current, "logged in by something that is no longer valid: {request:?}");
        let bans = [self.state.store.account_bans.get(&account), self.state.store.address_bans.get(&origin.address)];
        let is_banned = bans.into_iter().flatten().any(|ban| holds(ban.until, self.state.now));
        assert!(!is_banned, "a banned account or address logs in: {request:?}");
        self.state.begin(Asker { client, account }, origin, token);
        true
    }

    pub(super) fn check_notices(&self, mut delivered: Notices, mut expected: Notices) {
        delivered.sort();
        expected.sort();
        assert_eq!(delivered, expected, "left: what is delivered, right: what must be");
    }

    /// What clients learn from what is delivered: their current rooms, and messages that they will have read.
    fn note_deliveries(&mut self, deliveries: &[Delivery], records: &[Record]) {
        for record in records {
            if let Record::MessageSaid { room, seq, .. } = record {
                for (client, words) in notices::delivered(deliveries) {
                    if words.starts_with("Message ") {
                        self.state.deliver(client, *room, *seq);
                    }
                }
            }
        }
        for delivery in deliveries {
            let (client, event) = match delivery {
                Delivery::Answer(client, answer) => (*client, answer.event()),
                Delivery::Event(Audience::One(client), event) => (*client, Some(event)),
                _ => continue,
            };
            if !self.state.clients.get(&client).is_some_and(|session| session.origin.traits.cursor) {
                continue;
            }
            let room = match event {
                Some(Event::LoggedIn(welcome)) => welcome.room.clone(),
                Some(Event::Registered { room, .. } | Event::Entered(room)) => Some(room.room.clone()),
                Some(Event::Created { room, .. }) => Some(room.clone()),
                Some(Event::DirectOpened { room, .. }) => Some(room.clone()),
                Some(Event::YouLeft { now, .. }) => now.clone(),
                _ => continue,
            };
            let it = self.state.clients.get_mut(&client).expect("it was asked for above");
            it.lost = match (event, delivery, &room) {
                (Some(Event::YouLeft { room: lost, .. }), Delivery::Event(..), None) if it.room.is_some() => {
                    Some(lost.label.clone())
                }
                // Whoever talks nowhere goes on to do so, whatever other room is left.
                (Some(Event::YouLeft { .. }), _, None) if it.room.is_none() => it.lost.take(),
                _ => None,
            };
            self.state.clients.get_mut(&client).expect("it was asked for above").room = room.map(|room| room.id);
        }
    }
}

/// The one answer to a request, which is the first that is delivered. That a connection is gone needs none.
fn the_answer<'a>(client: ClientId, request: &Request, deliveries: &'a [Delivery]) -> Option<&'a Answer> {
    let is_answer = |delivery: &&Delivery| matches!(delivery, Delivery::Answer(..));
    let expected = usize::from(!matches!(request, Request::Input(Input::Gone | Input::TokenExpired)));
    let answers = deliveries.iter().filter(is_answer).count();
    assert_eq!(answers, expected, "answers to one request");
    match deliveries.first() {
        Some(Delivery::Answer(to, answer)) => {
            assert_eq!(*to, client, "the answer is for the requester");
            assert!(!is_refused(answer) || deliveries.len() == 1, "refused, but it leads to {deliveries:?}");
            Some(answer)
        }
        _ => {
            assert_eq!(expected, 0, "the answer comes first");
            None
        }
    }
}

/// The room that a request without one was meant for, if it was lost by another's hand.
fn lost_room(delivery: &Delivery) -> Option<&RoomLabel> {
    match delivery {
        Delivery::Answer(_, Answer::Event(Event::Refused(Refusal::RoomLost { room, .. }))) => Some(room),
        _ => None,
    }
}

/// The sessions that end, in their order. Nothing is delivered to them after that.
fn ended(client: ClientId, request: &Request, deliveries: &[Delivery], before: &State) -> Vec<ClientId> {
    let mut ended = Vec::new();
    for delivery in deliveries {
        match delivery {
            Delivery::End(client, _) => ended.push(*client),
            Delivery::Event(audience, _) => {
                let reaches = |client: &ClientId| match audience {
                    Audience::One(one) => one == client,
                    Audience::Many(clients, except) => clients.contains(client) && Some(*client) != *except,
                };
                assert!(!ended.iter().any(reaches), "delivered after the end: {delivery:?}");
            }
            Delivery::Answer(..) => {}
        }
    }
    if matches!(request, Request::Input(Input::Gone)) && before.clients.contains_key(&client) {
        ended.push(client);
    }
    ended
}

fn sorted(clients: &[ClientId]) -> Vec<ClientId> {
    let mut clients = clients.to_vec();
    clients.sort();
    clients
}
