//! Messages that follow each other to the same audience: the members of a busy room.
//!
//! Each recipient gets the whole run at once, as one part of the turn's bytes; only the authors of some of it get the
//! pieces between their own messages. The cost of a delivery then hardly depends on the number of messages in a turn.

use std::sync::Arc;

use super::batch::{Batch, ByDialect, Dialect, Place};
use super::{Broker, Client};
use crate::chat::{Audience, ClientId, Delivery};
use crate::protocol::Context;
use crate::store::Store;

/// The run that is being collected. Empty between turns; kept for its memory.
#[derive(Debug, Default)]
pub(super) struct Run {
    audience: Option<Arc<[ClientId]>>,
    /// The places of its deliveries among those of the turn, and who does not get each of them.
    entries: Vec<(usize, Option<ClientId>)>,
    /// Those who do not get some of it, ascending.
    excepted: Vec<ClientId>,
    /// By dialect: where the first entry begins in its bytes, and where each ends. Empty until a recipient needs it.
    bounds: ByDialect<Vec<usize>>,
}

impl Run {
    /// Takes an event for `audience` in. Returns whether it belongs to the run, or is the first of one.
    pub fn take(&mut self, audience: &Arc<[ClientId]>, except: Option<ClientId>, place: usize) -> bool {
        let belongs = self.audience.as_ref().is_none_or(|own| Arc::ptr_eq(own, audience));
        if belongs {
            self.audience.get_or_insert_with(|| audience.clone());
            self.entries.push((place, except));
        }
        belongs
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Encodes all entries for a dialect, one behind the other.
    fn encode(&mut self, dialect: Dialect, deliveries: &[Delivery], context: Context, batch: &mut Batch) {
        let bounds = self.bounds.of_mut(dialect);
        for (place, _) in &self.entries {
            let Delivery::Event(_, event) = &deliveries[*place] else { continue };
            let (from, to) = batch.write(dialect, |protocol, out| protocol.event(event, context, out));
            if bounds.is_empty() {
                bounds.push(from);
            }
            bounds.push(to);
        }
    }

    /// The parts that a recipient gets: everything in one, or what lies between what it does not get.
    fn parts(&self, id: ClientId, dialect: Dialect, mut each: impl FnMut(Place)) {
        let bounds = self.bounds.of(dialect);
        if self.excepted.binary_search(&id).is_err() {
            return each((bounds[0], bounds[bounds.len() - 1]));
        }
        let mut from = bounds[0];
        for ((_, except), pair) in self.entries.iter().zip(bounds.windows(2)) {
            if *except == Some(id) {
                if from < pair[0] {
                    each((from, pair[0]));
                }
                from = pair[1];
            }
        }
        if from < bounds[bounds.len() - 1] {
            each((from, bounds[bounds.len() - 1]));
        }
    }

    fn clear(&mut self) {
        self.audience = None;
        self.entries.clear();
        self.excepted.clear();
        self.bounds.iter_mut().for_each(Vec::clear);
    }
}

impl<S: Store> Broker<S> {
    /// Gives everybody their parts of the run, which ends here: something else follows.
    pub(super) fn end_run(&mut self, deliveries: &[Delivery]) {
        if self.run.is_empty() {
            return;
        }
        let mut run = std::mem::take(&mut self.run);
        run.excepted.extend(run.entries.iter().filter_map(|(_, except)| *except));
        run.excepted.sort_unstable();
        run.excepted.dedup();
        let audience = run.audience.take().unwrap_or_default();
        for id in audience.iter() {
            let Broker { clients, batch, clock, touched, now, .. } = self;
            let Some(Client { dialect, outbox, .. }) = clients.get_mut(id) else { continue };
            if run.bounds.of(*dialect).is_empty() {
                run.encode(*dialect, deliveries, Context { now: *now, clock }, batch);
            }
            let bytes = batch.of(*dialect);
            run.parts(*id, *dialect, |(from, to)| {
                if outbox.push(bytes, from, to) {
                    touched.push(*id);
                }
            });
            if outbox.holds_too_much() {
                self.give_up_holding(*id);
            }
        }
        run.clear();
        self.run = run;
    }

    /// Takes an event for many into the run, or ends the run and begins another one.
    pub(super) fn join_run(&mut self, deliveries: &[Delivery], place: usize) -> bool {
        let Delivery::Event(Audience::Many(audience, except), _) = &deliveries[place] else { return false };
        if !self.run.take(audience, *except, place) {
            self.end_run(deliveries);
            self.run.take(audience, *except, place);
        }
        true
    }
}
