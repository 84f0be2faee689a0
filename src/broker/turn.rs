//! One turn: what was decided, in its order, and carrying it out once it is stored.

use std::ops::Range;
use std::sync::Arc;

use crossbeam_channel::Sender;

use super::{Broker, Client, Finish, Gone, Reply, Request, StoreFailed};
use crate::chat::{
    Audience, Chat, ClientId, Command, Delivery, Effects, Event, Farewell, Input, Record, Refusal, Timestamp,
};
use crate::net::{Link, Outbox, Reason};
use crate::protocol::text;

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
    Entered { link: Arc<Link>, replies: Sender<Reply>, deliveries: Range<usize> },
    /// It is not.
    NotEntered { replies: Sender<Reply>, refusal: Refusal },
    /// What a client asked for. `replies`: its thread waits for an answer.
    Deliver { client: ClientId, deliveries: Range<usize>, replies: bool },
    /// Bytes for a client; `page`: those for which its outbox is held.
    Write { client: ClientId, bytes: Vec<u8>, page: bool },
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
    pub fn decide(&mut self, chat: &mut Chat, now: Timestamp, request: Request) {
        let effects = &mut self.effects;
        let start = effects.deliveries.len();
        let step = match request {
            Request::Enter { link, input, replies } => {
                let client = ClientId(link.number());
                chat.handle(now, client, input, effects);
                match effects.deliveries.last() {
                    Some(Delivery::Event(_, Event::Refused(refusal))) if effects.deliveries.len() == start + 1 => {
                        let refusal = refusal.clone();
                        effects.deliveries.truncate(start);
                        Step::NotEntered { replies, refusal }
                    }
                    _ => Step::Entered { link, replies, deliveries: start..effects.deliveries.len() },
                }
            }
            Request::CheckName { name, replies } => {
                let reply = chat.check_name(&name).map_or_else(Reply::Refused, |()| Reply::Done);
                let _ = replies.try_send(reply);
                return;
            }
            Request::Command(client, command) => {
                let replies = command.needs_reply();
                // What a client sent before it heard that its session has ended is nobody's request any more.
                if chat.is_logged_in(client) {
                    chat.handle(now, client, Input::Command(command), effects);
                }
                Step::Deliver { client, deliveries: start..effects.deliveries.len(), replies }
            }
            Request::Write(client, bytes) => Step::Write { client, bytes, page: false },
            Request::Page(client, bytes, read) => {
                for (room, seq) in read {
                    chat.handle(now, client, Input::Command(Command::MarkRead { room, seq }), effects);
                }
                // Whoever has been logged out meanwhile is refused to mark anything, and need not hear of it.
                effects.deliveries.truncate(start);
                Step::Write { client, bytes, page: true }
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

impl Broker {
    /// Everything of the turn is stored: carries it out, in its order.
    pub(super) fn carry_out(&mut self, turn: &mut Turn, now: Timestamp) {
        for step in turn.steps.drain(..) {
            match step {
                Step::Entered { link, replies, deliveries } => {
                    let id = ClientId(link.number());
                    let outbox = Outbox::new(link, self.limits.outbox_max_bytes);
                    self.clients.insert(id, Client { outbox, replies, finish: None });
                    self.deliver_and_reply(id, &turn.effects.deliveries[deliveries], now);
                }
                Step::NotEntered { replies, refusal } => {
                    let _ = replies.try_send(Reply::Refused(refusal));
                }
                Step::Deliver { client, deliveries, replies: true } => {
                    self.deliver_and_reply(client, &turn.effects.deliveries[deliveries], now);
                }
                Step::Deliver { deliveries, replies: false, .. } => {
                    self.deliver(&turn.effects.deliveries[deliveries], now);
                }
                Step::Write { client, bytes, page } => self.write(client, &bytes, page),
                Step::Close { client, reason } => self.close(client, reason),
                Step::Gone { client } => self.gone(client),
                Step::Dry { client } => self.dry(client),
            }
        }
        if turn.effects.address_bans_changed {
            self.publish_bans();
        }
    }

    /// Delivers, and answers the client's thread, which waits: with what it may read, or that there is nothing to read.
    fn deliver_and_reply(&mut self, id: ClientId, deliveries: &[Delivery], now: Timestamp) {
        let granted = self.deliver(deliveries, now);
        if !granted && let Some(client) = self.clients.get(&id) {
            let _ = client.replies.try_send(Reply::Done);
        }
    }

    /// Whether anything was granted.
    fn deliver(&mut self, deliveries: &[Delivery], now: Timestamp) -> bool {
        let mut granted = false;
        for delivery in deliveries {
            match delivery {
                Delivery::Event(audience, event) => {
                    let from = self.batch.len();
                    text::event(event, now, &self.clock, &mut self.batch);
                    let to = self.batch.len();
                    match audience {
                        Audience::One(id) => self.push(*id, from, to),
                        Audience::Many(ids, except) => {
                            for id in ids.iter().filter(|id| Some(**id) != *except) {
                                self.push(*id, from, to);
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
        granted
    }

    fn write(&mut self, id: ClientId, bytes: &[u8], page: bool) {
        // Behind a farewell nothing more is said.
        let Some(client) = self.clients.get_mut(&id).filter(|client| client.finish.is_none()) else { return };
        let held = if page { client.outbox.release() } else { Vec::new() };
        let from = self.batch.len();
        self.batch.extend_from_slice(bytes);
        self.batch.extend_from_slice(&held);
        self.push(id, from, self.batch.len());
    }

    fn close(&mut self, id: ClientId, reason: Reason) {
        if let Some(line) = reason.last_line() {
            let from = self.batch.len();
            text::refused(line, &mut self.batch);
            self.push(id, from, self.batch.len());
        } else if reason == Reason::Stopping {
            let from = self.batch.len();
            text::notice(text::STOPPING, &mut self.batch);
            self.push(id, from, self.batch.len());
        }
        self.finish_later(id, Finish::Close(reason));
    }

    /// When all is sent, which may be at the end of this turn, the session is over.
    fn finish_later(&mut self, id: ClientId, finish: Finish) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.finish.get_or_insert(finish);
            // A page may be on its way for which the outbox is held; what waits for it is sent now.
            let held = client.outbox.release();
            let from = self.batch.len();
            self.batch.extend_from_slice(&held);
            let to = self.batch.len();
            self.push(id, from, to);
            self.touched.push(id);
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
                Step::Deliver { client, replies, .. } => {
                    let from = self.batch.len();
                    text::event(&Event::Refused(Refusal::NotStored), now, &self.clock, &mut self.batch);
                    self.push(client, from, self.batch.len());
                    if replies && let Some(client) = self.clients.get(&client) {
                        let _ = client.replies.try_send(Reply::Done);
                    }
                }
                Step::Write { client, bytes, page } => self.write(client, &bytes, page),
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
        Farewell::AccountDeleted | Farewell::PasswordChanged => Finish::Close(Reason::SignedOut),
        Farewell::Kicked { .. } => Finish::Close(Reason::Kicked),
        Farewell::Banned { .. } => Finish::Close(Reason::Banned),
    }
}
