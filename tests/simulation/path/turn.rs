//! The broker's turns.
//!
//! The broker itself needs sockets, so its order is repeated here as `src/broker/turn.rs` has it: decide on what waits,
//! commit once, then deliver, release answers, and send once to each client; after a commit that failed go back to what is
//! stored and tell the askers so. The chat is the real one, and the store refuses what the real one does.

use chat_server::chat::{Audience, ClientId, Command, Delivery, Effects, Event, Front, Input, Refusal, Timestamp};

use super::disk::{Committed, Disk};
use super::server::{Faults, Host, OUTBOX_MAX, Outbox, Reply, Request, Sabotage, Server, Thread};
use super::wire::{Net, Said};
use crate::support::Random;

/// Most requests in one turn.
const TURN_MAX: usize = 6;

/// What a request leads to.
#[derive(Debug)]
enum Step {
    Enter { client: ClientId, is_program: bool, is_refused: bool, deliveries: Vec<Delivery> },
    Deliver { client: ClientId, reference: u64, deliveries: Vec<Delivery>, replies: bool },
    Page { client: ClientId, said: Vec<Said>, more: bool },
    Close(ClientId),
    Gone(ClientId),
}

/// How a turn went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turned {
    Stored,
    Refused,
    /// The process is gone; at this point of the turn.
    Died(&'static str),
}

impl Server {
    /// One turn: decides on what waits, stores it, and only then lets anybody know.
    pub fn work(&mut self, host: &mut Host) -> Turned {
        let Host { net, disk, random, faults, now } = host;
        let now = *now;
        let taken = (1 + random.below(TURN_MAX as u64) as usize).min(self.inbox.len());
        let requests: Vec<Request> = self.inbox.drain(..taken).collect();
        let mut effects = Effects::default();
        let steps: Vec<Step> = requests.into_iter().map(|it| self.decide(it, disk, now, &mut effects)).collect();
        let ends = if effects.records.is_empty() { Committed::Synced } else { how_it_ends(random, faults) };
        if self.sabotage == Sabotage::DeliverFirst && ends == Committed::DiedBefore {
            self.carry_out(net, &steps);
            self.flush(net);
        }
        match disk.commit(&effects.records, ends) {
            Committed::Synced => {
                self.chat.settle();
                self.carry_out(net, &steps);
                if random.below(1000) < faults.died_sending {
                    self.send_some(net, random);
                    return self.die(net, random, "died while sending");
                }
                self.flush(net);
                Turned::Stored
            }
            Committed::Refused if self.sabotage == Sabotage::KeepUnstored => {
                self.carry_out(net, &steps);
                self.flush(net);
                self.chat = self.chat.reload(disk.snapshot());
                Turned::Refused
            }
            Committed::Refused => {
                self.undo(net, disk, steps, now);
                self.flush(net);
                Turned::Refused
            }
            Committed::Doubtful => self.die(net, random, "stopped after a failed sync"),
            Committed::DiedBefore => self.die(net, random, "died before writing"),
            Committed::DiedWritten => self.die(net, random, "died between writing and syncing"),
        }
    }

    fn die(&mut self, net: &mut Net, random: &mut Random, when: &'static str) -> Turned {
        net.break_all(random);
        Turned::Died(when)
    }

    fn decide(&mut self, request: Request, disk: &Disk, now: Timestamp, all: &mut Effects) -> Step {
        let mut effects = Effects::default();
        let step = match request {
            Request::Enter(client, input) => {
                let is_program = matches!(&input, Input::LogInByToken { origin, .. } if origin.front == Front::Json);
                self.chat.handle(now, client, input, &mut effects);
                let is_refused = matches!(effects.deliveries[..], [Delivery::Event(_, Event::Refused(_))]);
                Step::Enter { client, is_program, is_refused, deliveries: std::mem::take(&mut effects.deliveries) }
            }
            Request::Command(client, mut command, reference) => {
                let replies = command.needs_reply();
                if let Some(account) = self.chat.account_of(client) {
                    if let Command::Say { keyed, .. } = &mut command {
                        keyed.take_if(|_| self.sabotage == Sabotage::ForgetKeys);
                        if let Some(keyed) = keyed {
                            keyed.stored = disk.keyed(account, &keyed.key);
                        }
                    }
                    self.chat.handle(now, client, Input::Command(command), &mut effects);
                    if self.sabotage == Sabotage::KeepListening {
                        self.listen_all(&mut effects);
                    }
                }
                Step::Deliver { client, reference, deliveries: std::mem::take(&mut effects.deliveries), replies }
            }
            Request::Page { client, said, read, more } => {
                for (room, seq) in read {
                    self.chat.handle(now, client, Input::Command(Command::MarkRead { room, seq }), &mut effects);
                }
                Step::Page { client, said, more }
            }
            Request::Close(client) => {
                self.chat.handle(now, client, Input::Disconnected, &mut effects);
                Step::Close(client)
            }
            Request::Gone(client, input) => {
                self.chat.handle(now, client, input, &mut effects);
                Step::Gone(client)
            }
        };
        all.records.append(&mut effects.records);
        step
    }

    /// For the sabotage: everybody is told everything.
    fn listen_all(&self, effects: &mut Effects) {
        for delivery in &mut effects.deliveries {
            if let Delivery::Event(Audience::Many(clients, _), Event::Message(_)) = delivery {
                *clients = self.chat.clients();
            }
        }
    }

    /// All of the turn is stored.
    fn carry_out(&mut self, net: &mut Net, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Enter { client, is_refused: true, .. } => {
                    self.reply(*client, Reply::Refused);
                }
                Step::Enter { client, is_program, is_refused: false, deliveries } => {
                    self.outboxes.insert(*client, Outbox { is_program: *is_program, ..Outbox::default() });
                    if !self.deliver(net, *client, 0, deliveries) {
                        self.reply(*client, Reply::Done);
                    }
                }
                Step::Deliver { client, reference, deliveries, replies } => {
                    let granted = self.deliver(net, *client, *reference, deliveries);
                    if *replies && !granted {
                        self.reply(*client, Reply::Done);
                    }
                }
                Step::Page { client, said, more } => self.write_page(*client, said, *more),
                Step::Close(client) => self.finish(*client),
                Step::Gone(client) => drop(self.outboxes.remove(client)),
            }
        }
    }

    /// Whether the asker was granted something.
    fn deliver(&mut self, net: &mut Net, asker: ClientId, reference: u64, deliveries: &[Delivery]) -> bool {
        let (mut granted, mut is_answered) = (false, false);
        for delivery in deliveries {
            match delivery {
                Delivery::Event(Audience::One(client), event) => {
                    let answers = *client == asker && !is_answered;
                    is_answered |= answers;
                    self.push(net, *client, Said::Event(Some(reference).filter(|_| answers), event.clone()));
                }
                Delivery::Event(Audience::Many(clients, except), event) => {
                    for client in clients.iter().filter(|client| Some(**client) != *except) {
                        self.push(net, *client, Said::Event(None, event.clone()));
                    }
                }
                Delivery::Grant(client, grant) => {
                    if let Some(outbox) = self.outboxes.get_mut(client) {
                        if self.sabotage != Sabotage::NeverHold {
                            outbox.held.get_or_insert_default();
                        }
                        self.reply(*client, Reply::Granted(grant.clone()));
                        granted = true;
                    }
                }
                Delivery::End(client, _) => self.finish(*client),
            }
        }
        granted
    }

    fn reply(&mut self, client: ClientId, answer: Reply) {
        if let Some(Thread::Waits { reply, .. }) = self.threads.get_mut(&client) {
            *reply = Some(answer);
        }
    }

    fn push(&mut self, net: &mut Net, client: ClientId, said: Said) {
        let Some(outbox) = self.outboxes.get_mut(&client).filter(|outbox| !outbox.finishes) else { return };
        match &mut outbox.held {
            Some(held) => held.push(said),
            None => outbox.waiting.push_back(said),
        }
        let held = outbox.held.as_ref().map_or(0, Vec::len);
        if held.max(outbox.waiting.len()) > OUTBOX_MAX {
            // It reads too slowly, or its page takes too long.
            self.outboxes.remove(&client);
            net.link(client).is_broken = true;
            net.note("cut as a slow reader");
        }
    }

    fn write_page(&mut self, client: ClientId, said: &[Said], more: bool) {
        let Some(outbox) = self.outboxes.get_mut(&client).filter(|outbox| !outbox.finishes) else { return };
        outbox.waiting.extend(said.iter().cloned());
        if !more {
            let held = outbox.held.take().unwrap_or_default();
            if self.sabotage == Sabotage::ReleaseTwice {
                outbox.waiting.extend(held.iter().cloned());
            }
            outbox.waiting.extend(held);
        }
    }

    /// Nothing more is said to it, and when all is sent the connection is closed. A program is not given what waits for a
    /// page: it would take that for all there is, and later ask only for what comes after.
    fn finish(&mut self, client: ClientId) {
        if let Some(outbox) = self.outboxes.get_mut(&client) {
            let held = outbox.held.take().unwrap_or_default();
            if !outbox.is_program || self.sabotage == Sabotage::ReleaseUnread {
                outbox.waiting.extend(held);
            }
            outbox.finishes = true;
        }
    }

    /// Nothing of the turn is stored: back to what is, and the askers are told.
    fn undo(&mut self, net: &mut Net, disk: &Disk, steps: Vec<Step>, now: Timestamp) {
        let mut aside = Effects::default();
        for step in &steps {
            if let Step::Enter { client, is_refused: false, .. } = step {
                self.chat.handle(now, *client, Input::Disconnected, &mut aside);
            }
        }
        self.chat = self.chat.reload(disk.snapshot());
        for step in steps {
            match step {
                Step::Enter { client, .. } => {
                    self.reply(client, Reply::Refused);
                }
                Step::Deliver { client, reference, replies, .. } => {
                    self.push(net, client, Said::Event(Some(reference), Event::Refused(Refusal::NotStored)));
                    if replies {
                        self.reply(client, Reply::Done);
                    }
                }
                Step::Page { client, said, more } => self.write_page(client, &said, more),
                Step::Close(client) => self.finish(client),
                Step::Gone(client) => drop(self.outboxes.remove(&client)),
            }
        }
        let ended = self.outboxes.keys().copied().filter(|client| !self.chat.is_logged_in(*client));
        ended.collect::<Vec<_>>().into_iter().for_each(|client| self.finish(client));
    }

    /// Sends what the system takes, to everybody.
    fn flush(&mut self, net: &mut Net) {
        let clients: Vec<ClientId> = self.outboxes.keys().copied().collect();
        clients.into_iter().for_each(|client| self.send(net, client));
    }

    pub(super) fn send(&mut self, net: &mut Net, client: ClientId) {
        let Some(outbox) = self.outboxes.get_mut(&client) else { return };
        let link = net.link(client);
        while link.has_room()
            && let Some(said) = outbox.waiting.pop_front()
        {
            link.down.push_back(said);
        }
        if outbox.finishes && outbox.waiting.is_empty() {
            link.down_ends = true;
            self.outboxes.remove(&client);
        }
    }

    /// Some clients get what is theirs, and others do not.
    fn send_some(&mut self, net: &mut Net, random: &mut Random) {
        for client in self.outboxes.keys().copied().collect::<Vec<_>>() {
            if random.percent(50) {
                self.send(net, client);
            }
        }
    }
}

fn how_it_ends(random: &mut Random, faults: &Faults) -> Committed {
    let mut chance = random.below(1000);
    for (weight, ends) in [
        (faults.refused, Committed::Refused),
        (faults.doubtful, Committed::Doubtful),
        (faults.died_before, Committed::DiedBefore),
        (faults.died_written, Committed::DiedWritten),
    ] {
        if chance < weight {
            return ends;
        }
        chance -= weight;
    }
    Committed::Synced
}
