//! Faults that are planted, to show that the checks find them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chat_server::chat::{Audience, ClientId, Delivery, Effects, Event, Record, Role};

use super::state::State;
use super::world::World;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sabotage {
    None,
    /// Each request is answered twice.
    AnswerTwice,
    /// What was delivered counts as read though it has not arrived.
    ReadTooEarly,
    /// The author's own words count as unread.
    CountOwnWords,
    /// Whom a message names is not stored.
    ForgetMentions,
    /// What is stored under a key is not looked up.
    ForgetKeys,
    /// A turn that could not be stored stays.
    ForgetUndo,
    /// A message reaches somebody who is not in the room.
    TellOutsiders,
    /// A message does not reach one of its readers.
    SkipReader,
    /// Another role is not stored.
    LoseRole,
    /// Whoever joins owns the room.
    GiveAway,
}

impl Sabotage {
    /// Spoils what a request led to.
    pub fn spoil(self, effects: &mut Effects, records: usize, deliveries: usize, state: &State) {
        match self {
            Sabotage::AnswerTwice => {
                let again = effects.deliveries.get(deliveries).cloned();
                effects.deliveries.extend(again);
            }
            Sabotage::ForgetMentions => spoil_records(effects, records, |it| matches!(it, Record::Mentioned { .. })),
            Sabotage::LoseRole => spoil_records(effects, records, |it| matches!(it, Record::RoleSet { .. })),
            Sabotage::GiveAway => {
                for record in &mut effects.records[records..] {
                    if let Record::MemberAdded { role, .. } = record {
                        *role = Role::Owner;
                    }
                }
            }
            Sabotage::TellOutsiders | Sabotage::SkipReader => {
                for delivery in &mut effects.deliveries[deliveries..] {
                    let Delivery::Event(Audience::Many(clients, _), Event::Message(_)) = delivery else { continue };
                    let mut changed: Vec<ClientId> = clients.to_vec();
                    match self {
                        Sabotage::SkipReader => drop(changed.pop()),
                        _ => changed.extend(state.clients.keys().find(|client| !clients.contains(client))),
                    }
                    *clients = changed.into();
                }
            }
            _ => {}
        }
    }
}

fn spoil_records(effects: &mut Effects, start: usize, is_lost: impl Fn(&Record) -> bool) {
    let kept = effects.records.drain(start..).filter(|record| !is_lost(record)).collect::<Vec<_>>();
    effects.records.extend(kept);
}

/// What a run ends by, if not well.
fn fault(seed: u64, sabotage: Sabotage) -> Option<String> {
    let run = || {
        let mut world = World::new(seed);
        world.sabotage = sabotage;
        world.live(1000);
    };
    let fault = catch_unwind(AssertUnwindSafe(run)).err()?;
    let text = fault.downcast_ref::<String>().map(String::as_str).or(fault.downcast_ref::<&str>().copied());
    Some(text.unwrap_or_default().to_owned())
}

#[test]
fn a_chat_that_breaks_its_word_is_found_out() {
    for (sabotage, words) in [
        (Sabotage::AnswerTwice, "answers to one request"),
        (Sabotage::ReadTooEarly, "unread, but stored as read"),
        (Sabotage::CountOwnWords, "has read more"),
        (Sabotage::ForgetMentions, "mention"),
        (Sabotage::ForgetKeys, "under one key"),
        (Sabotage::ForgetUndo, "the chat that lived"),
        (Sabotage::TellOutsiders, "what must be"),
        (Sabotage::SkipReader, "what must be"),
        (Sabotage::LoseRole, "owners of"),
        (Sabotage::GiveAway, "had no right"),
    ] {
        let finds_it = |seed: &u64| fault(*seed, sabotage).is_some_and(|fault| fault.contains(words));
        let seed = (0..50).find(finds_it);
        println!("{sabotage:?} is found by seed {seed:?}");
        assert!(seed.is_some(), "{sabotage:?} is not noticed for what it is");
    }
}
