//! Messages that follow each other to the same audience: the members of a room in which much is said.
//!
//! Instead of every message to every recipient, each recipient is given the whole run at once, as one part of the turn's
//! bytes; only those who said some of it are given the pieces between their own words. What a delivery costs then hardly
//! depends on how many there are in a turn.

use std::sync::Arc;

use super::wording::{self, Batch, Place};
use super::{Broker, Client};
use crate::chat::{Audience, ClientId, Delivery, Front, Timestamp};
use crate::protocol::text::Clock;

/// The run that is being collected. Empty between turns; kept for its memory.
#[derive(Debug, Default)]
pub(super) struct Run {
    audience: Option<Arc<[ClientId]>>,
    /// The places of its deliveries among those of the turn, and who is not told each of them.
    entries: Vec<(usize, Option<ClientId>)>,
    /// Those who are not told some of it, in order.
    excepted: Vec<ClientId>,
    /// By front: where the first entry begins in its bytes, and where each ends. Empty until a recipient needs it.
    bounds: [Vec<usize>; Front::ALL.len()],
}

impl Run {
    /// Takes an event for `audience` in; whether it belongs to the run, or is the first of one.
    pub fn take(&mut self, audience: &Arc<[ClientId]>, except: Option<ClientId>, place: usize) -> bool {
        let belongs = self.audience.as_ref().is_none_or(|own| Arc::ptr_eq(own, audience));
        if belongs {
            self.audience.get_or_insert_with(|| audience.clone());
            self.entries.push((place, except));
        }
        belongs
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Puts all entries into the words of a front, one behind the other.
    fn word(&mut self, front: Front, deliveries: &[Delivery], now: Timestamp, clock: &Clock, batch: &mut Batch) {
        let bounds = &mut self.bounds[front as usize];
        for (place, _) in &self.entries {
            let Delivery::Event(_, event) = &deliveries[*place] else { continue };
            let (from, to) = batch.write(front, |out| wording::word(event, front, None, now, clock, out));
            if bounds.is_empty() {
                bounds.push(from);
            }
            bounds.push(to);
        }
    }

    /// The parts that a recipient gets: all in one, or what lies between what it is not told.
    fn parts(&self, id: ClientId, front: Front, mut each: impl FnMut(Place)) {
        let bounds = &self.bounds[front as usize];
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

impl Broker {
    /// Gives everybody their parts of the run, which ends here: something else follows.
    pub(super) fn end_run(&mut self, deliveries: &[Delivery], now: Timestamp) {
        if self.run.is_empty() {
            return;
        }
        let mut run = std::mem::take(&mut self.run);
        run.excepted.extend(run.entries.iter().filter_map(|(_, except)| *except));
        run.excepted.sort_unstable();
        run.excepted.dedup();
        let audience = run.audience.take().unwrap_or_default();
        for id in audience.iter() {
            let Broker { clients, batch, clock, touched, .. } = self;
            let Some(Client { front, outbox, .. }) = clients.get_mut(id) else { continue };
            if run.bounds[*front as usize].is_empty() {
                run.word(*front, deliveries, now, clock, batch);
            }
            let bytes = batch.of(*front);
            run.parts(*id, *front, |(from, to)| {
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

    /// Whether an event can wait for others to the same audience: it is for many, and no answer to whoever asked.
    pub(super) fn join_run(&mut self, deliveries: &[Delivery], place: usize, asker: ClientId, now: Timestamp) -> bool {
        let Delivery::Event(Audience::Many(audience, except), _) = &deliveries[place] else { return false };
        if *except != Some(asker) && audience.contains(&asker) {
            return false;
        }
        if !self.run.take(audience, *except, place) {
            self.end_run(deliveries, now);
            self.run.take(audience, *except, place);
        }
        true
    }
}
