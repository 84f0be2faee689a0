//! One turn: what was decided, in its order, and carrying it out once it is stored.

use std::ops::Range;
use std::sync::Arc;

use crossbeam_channel::Sender;

use super::wording::{self, Answer, Worded};
use super::{Broker, Client, Finish, Gone, Reply, Request, StoreFailed};
use crate::chat::{
    Audience, Chat, ClientId, Command, Delivery, Effects, Event, Farewell, Front, Input, Record, Refusal, Timestamp,
};
use crate::net::{Link, Outbox, Reason};
use crate::protocol::json::{self, Reference};
use crate::store::{Store as _, Writer};

/// What the requests of a turn lead to.
#[derive(Debug, Default)]
pub(super) struct Turn {
    effects: Effects,
    steps: Vec<Step>,
}

/// What one request leads to.
#[derive(Debug)]
enum Step {
    /// The connection is logged in; the deliveries are its welcome.
    Entered {
        link: Arc<Link>,
        front: Front,
        reference: Option<Reference>,
        replies: Sender<Reply>,
        deliveries: Range<usize>,
    },
    /// It is not.
    NotEntered { replies: Sender<Reply>, refusal: Refusal },
    /// What a client asked for. `replies`: its thread waits for an answer.
    Deliver { client: ClientId, reference: Option<Reference>, deliveries: Range<usize>, replies: bool },
    /// Bytes for a client, behind all before.
    Write { client: ClientId, bytes: Vec<u8> },
    /// The page for which its outbox is held; or a part of it, and `more` follows.
    Page { client: ClientId, bytes: Vec<u8>, more: bool },
    /// A client's connection is to be closed.
    Close { client: ClientId, reason: Reason },
    /// A client's connection is gone.
    Gone { client: ClientId },
    /// A client has taken all that was lent.
    Dry { client: ClientId },
}

impl Turn {
    /// What must be stored before anything of the turn happens.
    pub fn records(&self) -> &[Record] {
        &self.effects.records
    }

    /// Empty again.
    pub fn clear(&mut self) {
        self.effects.clear();
        self.steps.clear();
    }

    /// Decides on a request.
    pub fn decide(&mut self, chat: &mut Chat, store: &Writer, now: Timestamp, request: Request) {
        let effects = &mut self.effects;
        let start = effects.deliveries.len();
        let step = match request {
            Request::Enter { link, input, front, reference, replies } => {
                let client = ClientId(link.number());
                chat.handle(now, client, input, effects);
                match effects.deliveries.last() {
                    Some(Delivery::Event(_, Event::Refused(refusal))) if effects.deliveries.len() == start + 1 => {
                        let refusal = refusal.clone();
                        effects.deliveries.truncate(start);
                        Step::NotEntered { replies, refusal }
                    }
                    _ => {
                        let deliveries = start..effects.deliveries.len();
                        Step::Entered { link, front, reference, replies, deliveries }
                    }
                }
            }
            Request::CheckName { name, replies } => {
                let reply = chat.check_name(&name).map_or_else(Reply::Refused, |()| Reply::Done);
                let _ = replies.try_send(reply);
                return;
            }
            Request::Command(client, mut command, reference) => {
                let replies = command.needs_reply();
                // What a client sent before it heard that its session has ended is nobody's request any more.
                if chat.is_logged_in(client) {
                    match look_up_key(chat, store, client, &mut command) {
                        Ok(()) => chat.handle(now, client, Input::Command(command), effects),
                        Err(refusal) => {
                            let refused = Event::Refused(refusal);
                            effects.deliveries.push(Delivery::Event(Audience::One(client), refused));
                        }
                    }
                }
                Step::Deliver { client, reference, deliveries: start..effects.deliveries.len(), replies }
            }
            Request::Write(client, bytes) => Step::Write { client, bytes },
            Request::Page { client, bytes, read, more } => {
                for (room, seq) in read {
                    chat.handle(now, client, Input::Command(Command::MarkRead { room, seq }), effects);
                }
                // Whoever has been logged out meanwhile is refused to mark anything, and need not hear of it.
                effects.deliveries.truncate(start);
                Step::Page { client, bytes, more }
            }
            Request::Close(client, reason) => {
                chat.handle(now, client, Input::Disconnected, effects);
                Step::Close { client, reason }
            }
            Request::Gone(client, gone) => {
                let input = match gone {
                    Gone::Closed => Input::Disconnected,
                    Gone::Lost => Input::Lost,
                };
                chat.handle(now, client, input, effects);
                Step::Gone { client }
            }
            Request::Dry(client) => Step::Dry { client },
            Request::Stop => return,
        };
        self.steps.push(step);
    }
}

/// Puts what the store has under the key of a message beside it. A key that cannot be looked up may be one of a stored
/// message, so nothing is stored.
fn look_up_key(chat: &Chat, store: &Writer, client: ClientId, command: &mut Command) -> Result<(), Refusal> {
    if let Command::Say { keyed: Some(keyed), .. } = command
        && let Some(account) = chat.account_of(client)
    {
        keyed.stored = store.keyed(account, &keyed.key).map_err(|error| {
            log::warn!("cannot look up the key of a message client={client} error={error}");
            Refusal::NotStored
        })?;
    }
    Ok(())
}

impl Broker {
    /// Everything of the turn is stored: carries it out, in its order.
    pub(super) fn carry_out(&mut self, turn: &mut Turn, now: Timestamp) {
        let Turn { effects, steps } = turn;
        let all = &effects.deliveries;
        for step in steps.drain(..) {
            if !matches!(step, Step::Deliver { .. }) {
                self.end_run(all, now);
            }
            match step {
                Step::Entered { link, front, reference, replies, deliveries } => {
                    let client = ClientId(link.number());
                    let outbox = Outbox::new(link, self.limits.outbox_max_bytes);
                    self.clients.insert(client, Client { front, outbox, replies, finish: None });
                    let answer = Answer { client, reference, is_given: false };
                    self.deliver_and_reply(answer, all, deliveries, now);
                }
                Step::NotEntered { replies, refusal } => {
                    let _ = replies.try_send(Reply::Refused(refusal));
                }
                Step::Deliver { client, reference, deliveries, replies } => {
                    let answer = Answer { client, reference, is_given: false };
                    match replies {
                        true => self.deliver_and_reply(answer, all, deliveries, now),
                        false => drop(self.deliver(answer, all, deliveries, now)),
                    }
                }
                Step::Write { client, bytes } => self.write(client, &bytes),
                Step::Page { client, bytes, more } => self.write_page(client, &bytes, more),
                Step::Close { client, reason } => self.close(client, reason),
                Step::Gone { client } => self.gone(client),
                Step::Dry { client } => self.dry(client),
            }
        }
        self.end_run(all, now);
        if effects.address_bans_changed {
            self.publish_bans();
        }
    }

    /// Delivers, and answers the client's thread, which waits: with what it may read, or that there is nothing to read.
    fn deliver_and_reply(&mut self, answer: Answer, all: &[Delivery], own: Range<usize>, now: Timestamp) {
        let id = answer.client;
        let granted = self.deliver(answer, all, own, now);
        if !granted && let Some(client) = self.clients.get(&id) {
            let _ = client.replies.try_send(Reply::Done);
        }
    }

    /// Carries out a request's `own` deliveries of `all`, and sees to it that whoever asked has an answer. Whether
    /// anything was granted: the answer may then be what is read.
    fn deliver(&mut self, mut answer: Answer, all: &[Delivery], own: Range<usize>, now: Timestamp) -> bool {
        let mut granted = false;
        for place in own {
            if self.join_run(all, place, answer.client, now) {
                continue;
            }
            self.end_run(all, now);
            match &all[place] {
                Delivery::Event(audience, event) => {
                    let mut worded = Worded::new(event);
                    match audience {
                        Audience::One(id) => self.tell(*id, &mut worded, &mut answer, now),
                        Audience::Many(ids, except) => {
                            for id in ids.iter().filter(|id| Some(**id) != *except) {
                                self.tell(*id, &mut worded, &mut answer, now);
                            }
                        }
                    }
                }
                Delivery::Grant(id, grant) => {
                    if let Some(client) = self.clients.get_mut(id) {
                        client.outbox.hold();
                        let _ = client.replies.try_send(Reply::Granted(grant.clone()));
                        granted = true;
                    }
                }
                Delivery::End(id, farewell) => self.finish_later(*id, finish(farewell)),
            }
        }
        if !answer.is_given
            && !granted
            && let Some(front) = self.can_be_told(answer.client)
            && wording::answers_always(front)
        {
            self.end_run(all, now);
            let place = self.batch.write(front, |out| json::done(answer.reference.as_ref(), out));
            self.push(answer.client, place);
        }
        granted
    }

    fn tell(&mut self, id: ClientId, worded: &mut Worded, answer: &mut Answer, now: Timestamp) {
        // One look-up of the client: this is done for every delivery.
        let Broker { clients, batch, clock, touched, .. } = self;
        let Some(client) = clients.get_mut(&id) else { return };
        let (from, to) = if id == answer.client && !answer.is_given {
            answer.is_given = true;
            worded.place_for(answer, client.front, now, clock, batch)
        } else {
            worded.place(client.front, now, clock, batch)
        };
        if client.outbox.push(batch.of(client.front), from, to) {
            touched.push(id);
        }
        if client.outbox.holds_too_much() {
            self.give_up_holding(id);
        }
    }

    /// Behind a farewell nothing more is said.
    fn can_be_told(&self, id: ClientId) -> Option<Front> {
        self.clients.get(&id).filter(|client| client.finish.is_none()).map(|client| client.front)
    }

    fn write(&mut self, id: ClientId, bytes: &[u8]) {
        let Some(front) = self.can_be_told(id) else { return };
        let place = self.batch.write(front, |out| out.extend_from_slice(bytes));
        self.push(id, place);
    }

    fn write_page(&mut self, id: ClientId, bytes: &[u8], more: bool) {
        if self.can_be_told(id).is_some() {
            self.write_ahead(id, bytes, !more);
        }
    }

    fn close(&mut self, id: ClientId, reason: Reason) {
        if let Some(client) = self.clients.get(&id) {
            let (front, voice) = (client.front, client.outbox.link().voice());
            let line = (voice.last_line)(reason).unwrap_or_default();
            let place = self.batch.write(front, |out| out.extend_from_slice(&line));
            self.push(id, place);
        }
        self.finish_later(id, Finish::Close(reason));
    }

    /// When all is sent, which may be at the end of this turn, the session is over.
    fn finish_later(&mut self, id: ClientId, finish: Finish) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.finish.get_or_insert(finish);
            self.touched.push(id);
            // A page may be on its way for which the outbox is held. People get what waits for it without it. A program would
            // take a higher number for its position and never ask for what the page had: it gets its goodbye only.
            match client.front {
                Front::Text => self.write_ahead(id, &[], true),
                Front::Json if client.outbox.is_held() => {
                    client.outbox.release();
                    let mut goodbye = Vec::new();
                    if let Finish::Close(reason) = finish {
                        json::bye(reason.word(), None, None, &mut goodbye);
                    }
                    self.write_ahead(id, &goodbye, true);
                }
                Front::Json => {}
            }
        }
    }

    /// Nothing of the turn is stored: the chat goes back to what the store holds, and everybody who asked is told.
    pub(super) fn undo(&mut self, turn: &mut Turn, now: Timestamp) -> Result<(), StoreFailed> {
        let mut aside = Effects::default();
        for step in &turn.steps {
            if let Step::Entered { link, .. } = step {
                self.chat.handle(now, ClientId(link.number()), Input::Disconnected, &mut aside);
            }
        }
        let snapshot = self.writer.load().map_err(|error| StoreFailed(error.to_string()))?;
        self.chat = self.chat.reload(snapshot);
        for step in turn.steps.drain(..) {
            match step {
                Step::Entered { replies, .. } => {
                    let _ = replies.try_send(Reply::Refused(Refusal::NotStored));
                }
                Step::NotEntered { replies, refusal } => {
                    let _ = replies.try_send(Reply::Refused(refusal));
                }
                Step::Deliver { client, reference, replies, .. } => {
                    let refused = Event::Refused(Refusal::NotStored);
                    let mut answer = Answer { client, reference, is_given: false };
                    self.tell(client, &mut Worded::new(&refused), &mut answer, now);
                    if replies && let Some(client) = self.clients.get(&client) {
                        let _ = client.replies.try_send(Reply::Done);
                    }
                }
                Step::Write { client, bytes } => self.write(client, &bytes),
                Step::Page { client, bytes, more } => self.write_page(client, &bytes, more),
                Step::Close { client, reason } => self.close(client, reason),
                Step::Gone { client } => self.gone(client),
                Step::Dry { client } => self.dry(client),
            }
        }
        // Sessions that the turn ended stay ended; only their goodbye and their read positions are lost.
        let ended: Vec<ClientId> = self.clients.keys().copied().filter(|id| !self.chat.is_logged_in(*id)).collect();
        for id in ended {
            self.finish_later(id, Finish::Close(Reason::Fault));
        }
        Ok(())
    }
}

fn finish(farewell: &Farewell) -> Finish {
    match farewell {
        Farewell::Quit => Finish::Close(Reason::Quit),
        Farewell::LoggedOut => Finish::Release,
        Farewell::AccountDeleted
        | Farewell::PasswordChanged
        | Farewell::TokenRevoked { .. }
        | Farewell::ClosedElsewhere => Finish::Close(Reason::SignedOut),
        Farewell::Kicked { .. } => Finish::Close(Reason::Kicked),
        Farewell::Banned { .. } => Finish::Close(Reason::Banned),
    }
}
