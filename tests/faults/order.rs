//! One order for everybody: eight people talk as fast as they can, and eight listen.

use std::thread;

use crate::support::history::Testimony;
use crate::support::{Ledger, Received, Server, Speaker};
use crate::{Outcome, Plan};

const PEOPLE: usize = 8;

/// Every line reaches everybody once, in the order of its number.
pub fn order(plan: &mut Plan) -> Outcome {
    let server = Server::start_new();
    let enter = |name: String| Speaker::register(server.address, &name).expect("the server goes on");
    let talkers: Vec<Speaker> = (0..PEOPLE).map(|number| enter(format!("talker{number}"))).collect();
    let listeners: Vec<Speaker> = (0..PEOPLE).map(|number| enter(format!("listener{number}"))).collect();
    let mut ledger = Ledger::open(&server);
    let lines = plan.rounds;
    let total = usize::try_from(lines).expect("it is small") * PEOPLE;
    let testimonies: Vec<Testimony> = thread::scope(|scope| {
        let listen = |mut speaker: Speaker| {
            scope.spawn(move || {
                while speaker.seen_count() < total && speaker.receive() != Received::End {}
                speaker
            })
        };
        let listeners: Vec<_> = listeners.into_iter().map(listen).collect();
        let talk = |(number, mut speaker): (usize, Speaker)| {
            scope.spawn(move || {
                assert!(speaker.talk(&format!("talker{number}"), 16, |said| said < lines), "the server goes on");
                // Talkers too receive what others say until the last message.
                while speaker.seen_count() < total - total / PEOPLE && speaker.receive() != Received::End {}
                speaker
            })
        };
        let talkers: Vec<_> = talkers.into_iter().enumerate().map(talk).collect();
        let all = talkers.into_iter().chain(listeners).map(|it| it.join().expect("it goes on"));
        all.map(|speaker| Testimony { throughout: true, ..speaker.testify() }).collect()
    });
    ledger.settle(&server, &testimonies, "one order");
    ledger.close(&server);
    assert_eq!(ledger.tally.acknowledged, total);
    server.stop();
    Outcome::Held(format!("{PEOPLE} talkers, {PEOPLE} listeners: {}", ledger.tally))
}
