//! One turn: what was decided, in its order, and carrying it out once it is stored.

use std::ops::Range;
use std::sync::Arc;

use crossbeam_channel::Sender;
use rustc_hash::FxHashMap;

use super::batch::Encoded;
use super::{Broker, Check, Client, Finish, Reply, Request, Waits};
use crate::chat::{
    Answer, Ask, Audience, Chat, ClientId, Delivery, Effects, Event, Facts, Farewell, Input, PresenceChange, Query,
    Record, Refusal, Timestamp,
};
use crate::net::{Connection, Outbox};
use crate::protocol::{Protocol, Reference};
use crate::reason::Reason;
use crate::store::Store;

/// Logs that there is a way into an account beside its password, and that it is there no more.
fn log_code(record: &Record) {
    match record {
        Record::PasswordCodeMade { account, .. } => log::info!("a code for a new password was made account={account}"),
        Record::PasswordCodeRemoved { account } => {
            log::info!("a code for a new password was used, or is void account={account}")
        }
        _ => {}
    }
}

/// The effects of the requests of a turn.
#[derive(Debug, Default)]
pub(super) struct Turn {
    effects: Effects,
    /// Each with its deliveries: whatever a request is, others may see what comes of it.
    steps: Vec<(Step, Range<usize>)>,
}

/// The effect of one request.
#[derive(Debug)]
enum Step {
    /// The connection is logged in; the first of its deliveries is the welcome.
    Entered { connection: Arc<Connection>, protocol: &'static dyn Protocol, origin: Asked, replies: Sender<Reply> },
    /// It is not.
    NotEntered { replies: Sender<Reply>, refusal: Refusal },
    /// A logged-in client has asked something. A query is kept, to be asked again should the turn not be stored.
    Asked { client: ClientId, origin: Asked, query: Option<Query> },
    /// Bytes for a client, behind everything before.
    Write { client: ClientId, bytes: Vec<u8> },
    /// The page for which its outbox is held; or a part of it, and `more` follows.
    Page { client: ClientId, bytes: Vec<u8>, more: bool, waits: Waits },
    /// A client's connection is to be closed.
    Close { client: ClientId, reason: Reason },
    /// A client's connection is gone.
    Gone { client: ClientId },
    /// What nobody requested: a session has ended with its token, or something has lapsed.
    Lapsed,
    /// A client has taken everything that was handed over.
    Drained { client: ClientId },
}

/// How an answer is given.
#[derive(Debug)]
struct Asked {
    reference: Option<Reference>,
    waits: Waits,
}

impl Turn {
    /// The records that must be stored before anything of the turn happens.
    pub fn records(&self) -> &[Record] {
        &self.effects.records
    }

    /// Removes a bounded piece of what has lapsed, before the requests of the turn.
    pub fn sweep(&mut self, chat: &mut Chat, now: Timestamp) {
        let start = self.effects.deliveries.len();
        chat.sweep(now, &mut self.effects);
        self.steps.push((Step::Lapsed, start..self.effects.deliveries.len()));
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.effects.clear();
        self.steps.clear();
    }
}

impl<S: Store> Broker<S> {
    /// Decides on a request.
    pub(super) fn decide(&mut self, turn: &mut Turn, request: Request) {
        let Turn { effects, steps } = turn;
        let (now, chat) = (self.now, &mut self.chat);
        let start = effects.deliveries.len();
        let step = match request {
            Request::Enter { connection, input, protocol, reference, waits, replies } => {
                let client = ClientId(connection.number());
                chat.handle(now, client, input, effects);
                match chat.is_logged_in(client) {
                    true => {
                        let origin = Asked { reference, waits };
                        Step::Entered { connection, protocol, origin, replies }
                    }
                    false => Step::NotEntered { replies, refusal: refusal_of(effects.deliveries.drain(start..)) },
                }
            }
            Request::Check { check, replies } => {
                let checked = match check {
                    Check::Registration(name, code) => chat.check_registration(now, &name, code),
                    Check::PasswordCode(name, digest) => match chat.check_password_code(now, &name, digest) {
                        true => Ok(()),
                        false => Err(Refusal::WrongPassword),
                    },
                };
                let reply = checked.map_or_else(Reply::Refused, |()| Reply::Done);
                let _ = replies.try_send(reply);
                return;
            }
            Request::Ask { client, ask, reference, waits, is_act } => {
                let mut query = None;
                // Requests that a client sent before it noticed the end of its session are dropped. If the turn cannot be
                // stored, a dropped query is refused like one without a session, since it stores nothing.
                if chat.is_logged_in(client) {
                    let attends = is_act && chat.attends(client, ask.is_talk());
                    chat.act(now, client, attends && has_arrived(&self.clients, client), effects);
                    query = decide_on(chat, &self.store, now, client, ask, effects);
                } else if let Ask::Query(dropped) = ask {
                    query = Some(dropped);
                }
                Step::Asked { client, origin: Asked { reference, waits }, query }
            }
            Request::Write(client, bytes) => Step::Write { client, bytes },
            Request::Answer(client, bytes) => {
                let attends = chat.attends(client, false);
                chat.act(now, client, attends && has_arrived(&self.clients, client), effects);
                Step::Write { client, bytes }
            }
            Request::Page { client, bytes, shown, more, waits } => {
                chat.show(client, shown);
                Step::Page { client, bytes, more, waits }
            }
            Request::Close(client, reason) => {
                chat.handle(now, client, Input::Gone, effects);
                Step::Close { client, reason }
            }
            Request::Gone(client) => {
                chat.handle(now, client, Input::Gone, effects);
                Step::Gone { client }
            }
            Request::Expired(client) => {
                chat.handle(now, client, Input::TokenExpired, effects);
                Step::Lapsed
            }
            Request::Drained(client) => Step::Drained { client },
            Request::Stop => return,
        };
        steps.push((step, start..effects.deliveries.len()));
    }

    /// Everything of the turn is stored: carries it out, in its order.
    pub(super) fn carry_out(&mut self, turn: &mut Turn) {
        let Turn { effects, steps } = turn;
        effects.records.iter().for_each(log_code);
        let all = &effects.deliveries;
        for (step, deliveries) in steps.drain(..) {
            if !matches!(step, Step::Asked { .. }) {
                self.end_run(all);
            }
            match step {
                Step::Entered { connection, protocol, origin, replies } => {
                    let client = ClientId(connection.number());
                    let outbox = Outbox::new(connection, self.limits.outbox_max_bytes);
                    let dialect = self.batch.dialect(protocol);
                    self.clients.insert(client, Client { dialect, outbox, replies, finish: None });
                    self.deliver(&origin, all, deliveries);
                }
                Step::NotEntered { replies, refusal } => {
                    let _ = replies.try_send(Reply::Refused(refusal));
                }
                Step::Asked { client, origin, .. } => {
                    let is_unheard = deliveries.is_empty();
                    self.deliver(&origin, all, deliveries);
                    if is_unheard {
                        self.reply(client, origin.waits, Reply::Done);
                    }
                }
                other => {
                    self.deliver(&Asked { reference: None, waits: Waits::No }, all, deliveries);
                    self.carry_out_anyway(other);
                }
            }
        }
        self.end_run(all);
        if effects.address_bans_changed {
            self.publish_bans();
        }
    }

    /// Carries out a step that does not depend on whether its turn was stored.
    fn carry_out_anyway(&mut self, step: Step) {
        match step {
            Step::Write { client, bytes } => self.write(client, &bytes),
            Step::Page { client, bytes, more, waits } => {
                self.write_page(client, &bytes, more);
                self.reply(client, waits, Reply::Done);
            }
            Step::Close { client, reason } => self.close(client, reason),
            Step::Gone { client } => self.gone(client),
            Step::Drained { client } => self.drained(client),
            Step::Lapsed => {}
            Step::Entered { .. } | Step::NotEntered { .. } | Step::Asked { .. } => {
                unreachable!("the caller handles them")
            }
        }
    }

    /// Carries out a request's `own` deliveries of `all`.
    fn deliver(&mut self, origin: &Asked, all: &[Delivery], own: Range<usize>) {
        for place in own {
            if self.join_run(all, place) {
                continue;
            }
            match &all[place] {
                Delivery::Answer(client, answer) => self.answer(*client, answer, origin, all),
                Delivery::Event(audience, event) => {
                    self.end_run(all);
                    let mut encoded = Encoded::new(event);
                    match audience {
                        Audience::One(id) => self.tell(*id, &mut encoded),
                        Audience::Many(ids, except) => {
                            for id in ids.iter().filter(|id| Some(**id) != *except) {
                                self.tell(*id, &mut encoded);
                            }
                        }
                    }
                }
                Delivery::End(id, farewell) => {
                    self.end_run(all);
                    self.finish_later(*id, finish(farewell));
                }
            }
        }
    }

    /// Gives a client the answer to its request, and its thread the reply for which it waits. A page is read by that thread.
    fn answer(&mut self, id: ClientId, answer: &Answer, origin: &Asked, all: &[Delivery]) {
        if let Some(event) = answer.event() {
            self.give_answer(id, event, origin, all);
        }
        match (answer, origin.waits) {
            (Answer::Entered(_, grant) | Answer::Page(grant), Waits::Page) => {
                self.end_run(all);
                if let Some(client) = self.clients.get_mut(&id) {
                    client.outbox.hold();
                    self.reply(id, origin.waits, Reply::Page(grant.clone()));
                }
            }
            (Answer::Page(_), _) => {
                log::error!("a page was requested by a thread that does not wait for it client={id}");
                self.give_answer(id, &Event::Refused(Refusal::Fault), origin, all);
                self.reply(id, origin.waits, Reply::Done);
            }
            _ => self.reply(id, origin.waits, Reply::Done),
        }
    }

    /// Most answers of the text protocol are empty, and do not interrupt a run of messages.
    fn give_answer(&mut self, id: ClientId, event: &Event, origin: &Asked, all: &[Delivery]) {
        // Nothing is said behind a farewell, which a request that is already on its way may meet in a turn that fails.
        let Some(Client { dialect, outbox, finish: None, .. }) = self.clients.get_mut(&id) else { return };
        let dialect = *dialect;
        let protocol = self.batch.protocol(dialect);
        if matches!(event, Event::Ended { .. }) {
            forget_page(protocol, outbox);
        }
        let mut bytes = std::mem::take(&mut self.scratch);
        protocol.answer(event, origin.reference.as_ref(), self.context(), &mut bytes);
        if !bytes.is_empty() {
            self.end_run(all);
            let place = self.batch.write(dialect, |_, out| out.extend_from_slice(&bytes));
            self.push(id, place);
            bytes.clear();
        }
        self.scratch = bytes;
    }

    /// At the end of the turn.
    fn reply(&mut self, id: ClientId, waits: Waits, reply: Reply) {
        if waits != Waits::No {
            self.replies.push((id, reply));
        }
    }

    fn tell(&mut self, id: ClientId, encoded: &mut Encoded) {
        // One look-up of the client: this is done for every delivery.
        let Broker { clients, batch, clock, touched, now, .. } = self;
        let Some(client) = clients.get_mut(&id) else { return };
        if matches!(encoded.event(), Event::Ended { .. }) {
            forget_page(batch.protocol(client.dialect), &mut client.outbox);
        }
        let (from, to) = encoded.place(client.dialect, crate::protocol::Context { now: *now, clock }, batch);
        if client.outbox.push(batch.of(client.dialect), from, to) {
            touched.push(id);
        }
        if client.outbox.holds_too_much() {
            self.give_up_holding(id);
        }
    }

    /// The client, unless its farewell has been delivered: nothing is sent behind that.
    fn reachable(&self, id: ClientId) -> Option<&Client> {
        self.clients.get(&id).filter(|client| client.finish.is_none())
    }

    fn write(&mut self, id: ClientId, bytes: &[u8]) {
        let Some(dialect) = self.reachable(id).map(|client| client.dialect) else { return };
        let place = self.batch.write(dialect, |_, out| out.extend_from_slice(bytes));
        self.push(id, place);
    }

    fn write_page(&mut self, id: ClientId, bytes: &[u8], more: bool) {
        if self.reachable(id).is_some() {
            self.write_ahead(id, bytes, !more);
        }
    }

    pub(super) fn close(&mut self, id: ClientId, reason: Reason) {
        if let Some(client) = self.clients.get_mut(&id).filter(|client| client.finish.is_none()) {
            let dialect = client.dialect;
            forget_page(self.batch.protocol(dialect), &mut client.outbox);
            let place = self.batch.write(dialect, |protocol, out| protocol.closing_line(reason, out));
            self.push(id, place);
        }
        self.finish_later(id, Finish::Close(reason));
    }

    /// The last words are said: when everything is sent, which may be at the end of this turn, the session is over. What
    /// still waits for a page that will not come is sent without it.
    fn finish_later(&mut self, id: ClientId, finish: Finish) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.finish.get_or_insert(finish);
        self.touched.push(id);
        self.write_ahead(id, &[], true);
    }

    /// Nothing of the turn is stored, so nothing of it has happened, and everybody who asked for it is refused. Queries are
    /// answered from what holds.
    pub(super) fn undo(&mut self, turn: &mut Turn) {
        let mut aside = Effects::default();
        for (step, _) in &turn.steps {
            if let Step::Entered { connection, .. } = step {
                self.chat.handle(self.now, ClientId(connection.number()), Input::Gone, &mut aside);
            }
        }
        self.chat.roll_back();
        let Turn { effects, steps } = turn;
        for (step, _) in steps.drain(..) {
            match step {
                Step::Entered { replies, .. } => {
                    let _ = replies.try_send(Reply::Refused(Refusal::NotStored));
                }
                Step::NotEntered { replies, refusal } => {
                    let _ = replies.try_send(Reply::Refused(refusal));
                }
                Step::Asked { client, origin, query } => {
                    let answer = match query {
                        Some(query) => self.chat.ask(self.now, client, &query),
                        None => Answer::Event(Event::Refused(Refusal::NotStored)),
                    };
                    self.answer(client, &answer, &origin, &[]);
                }
                // Its session has ended, see below: a client that has only closed its own side still learns what was refused.
                Step::Gone { .. } | Step::Lapsed => {}
                other => self.carry_out_anyway(other),
            }
        }
        // Sessions that the turn ended stay ended, which others see; only their goodbye and their read positions are lost.
        let all = &effects.deliveries;
        for place in 0..all.len() {
            if is_departure(&all[place]) {
                self.join_run(all, place);
            }
        }
        self.end_run(all);
        // What was read by acting stays read, so the account's other sessions are told where it is now.
        for delivery in all {
            if let Delivery::Event(Audience::One(id), Event::ReadSet { room, .. }) = delivery
                && let Some(event) = self.chat.read_position(*id, room.id)
            {
                self.tell(*id, &mut Encoded::new(&event));
            }
        }
        let is_open = |(_, client): &(&ClientId, &Client)| client.finish.is_none();
        let open = self.clients.iter().filter(is_open).map(|(id, _)| *id);
        let mut ended: Vec<ClientId> = open.filter(|id| !self.chat.is_logged_in(*id)).collect();
        ended.sort_unstable();
        for id in ended {
            let ending = self.clients.get(&id).and_then(|client| client.outbox.connection().ending());
            self.close(id, ending.unwrap_or(Reason::Fault));
        }
    }
}

/// The last words of a session come next, in place of a page that will never come. Where order is strict they come in place
/// of what waits for it too: a program would take a higher number for its position and never ask for what the page had.
fn forget_page(protocol: &dyn Protocol, outbox: &mut Outbox) {
    if protocol.strict_order() {
        outbox.release();
    }
}

/// Whether a client may have read everything that was delivered to it.
fn has_arrived(clients: &FxHashMap<ClientId, Client>, client: ClientId) -> bool {
    clients.get(&client).is_some_and(|client| client.outbox.has_arrived())
}

/// Decides on what a logged-in client asks; the query, if it is one.
fn decide_on<S: Store>(
    chat: &mut Chat,
    store: &S,
    now: Timestamp,
    client: ClientId,
    ask: Ask,
    effects: &mut Effects,
) -> Option<Query> {
    match ask {
        Ask::Query(query) => {
            effects.deliveries.push(Delivery::Answer(client, chat.ask(now, client, &query)));
            Some(query)
        }
        Ask::Command(command) => {
            let account = chat.account_of(client).expect("the client is logged in");
            let keyed = command.key().map_or(Ok(Vec::new()), |key| store.keyed(account, key));
            match keyed {
                Ok(keyed) => chat.handle(now, client, Input::Command(command, Facts { keyed }), effects),
                // It may be the key of a stored message, so nothing is stored.
                Err(error) => {
                    log::warn!("cannot look up the key of a message client={client} error={error}");
                    let refused = Answer::Event(Event::Refused(Refusal::NotStored));
                    effects.deliveries.push(Delivery::Answer(client, refused));
                }
            }
            None
        }
    }
}

/// Whether it shows that somebody went offline.
fn is_departure(delivery: &Delivery) -> bool {
    matches!(delivery, Delivery::Event(_, Event::Presence { change: PresenceChange::Offline, .. }))
}

/// Why a login was refused.
fn refusal_of(deliveries: impl Iterator<Item = Delivery>) -> Refusal {
    let refused = |delivery| match delivery {
        Delivery::Answer(_, Answer::Event(Event::Refused(refusal))) => Some(refusal),
        _ => None,
    };
    deliveries.filter_map(refused).next().expect("a login that fails is refused")
}

fn finish(farewell: &Farewell) -> Finish {
    match farewell {
        Farewell::Quit => Finish::Close(Reason::Quit),
        Farewell::LoggedOut => Finish::Release,
        Farewell::AccountDeleted
        | Farewell::PasswordChanged
        | Farewell::TokenRevoked { .. }
        | Farewell::TokenExpired { .. }
        | Farewell::ClosedElsewhere => Finish::Close(Reason::SignedOut),
        Farewell::Kicked { .. } => Finish::Close(Reason::Kicked),
        Farewell::Banned { .. } => Finish::Close(Reason::Banned),
    }
}
