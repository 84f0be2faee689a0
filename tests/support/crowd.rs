//! People who talk while a fault is injected into their server.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::history::Testimony;
use super::{Received, Running, Speaker};

/// People who talk.
const TALKERS: [&str; 4] = ["ana", "bob", "cho", "dee"];
/// People who only listen.
const LISTENERS: [&str; 2] = ["eve", "fay"];
/// The sender of the last message, by which listeners know that they have received everything.
const BELL: &str = "bell";
/// Most pending messages of a talker.
const WINDOW: usize = 8;

/// Registers everybody.
pub fn register(server: &Running) {
    for name in TALKERS.into_iter().chain(LISTENERS).chain([BELL]) {
        Speaker::register(server.address, name).expect("the server goes on");
    }
}

/// Lets everybody log in and talk, each text once with `prefix` in it, until `during` returns or the server is gone.
/// Returns their testimonies.
pub fn talk(address: SocketAddr, prefix: &str, during: impl FnOnce()) -> Vec<Testimony> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let is_over = &is_over;
        let enter = |name: &'static str| scope.spawn(move || Speaker::log_in(address, name).ok());
        let (talkers, listeners) = (TALKERS.map(enter), LISTENERS.map(enter));
        // All are logged in before the first message.
        let talkers = talkers.map(|it| it.join().expect("it logs in"));
        let listeners = listeners.map(|it| it.join().expect("it logs in"));
        let talkers: Vec<_> = talkers.into_iter().flatten().zip(TALKERS).collect();
        let talk = |(mut speaker, name): (Speaker, &'static str)| {
            let prefix = format!("{name}-{prefix}");
            scope.spawn(move || {
                speaker.talk(&prefix, WINDOW, |_| !is_over.load(Ordering::Relaxed));
                speaker.testify()
            })
        };
        let listen = |mut speaker: Speaker| {
            scope.spawn(move || {
                let mut rang = false;
                while !rang && speaker.receive() != Received::End {
                    rang = speaker.last_seen().is_some_and(|(author, _)| author == BELL);
                }
                let mut testimony = speaker.testify();
                testimony.throughout = rang;
                testimony
            })
        };
        let listeners: Vec<_> = listeners.into_iter().flatten().map(listen).collect();
        let talkers: Vec<_> = talkers.into_iter().map(talk).collect();
        during();
        is_over.store(true, Ordering::Relaxed);
        let mut testimonies: Vec<Testimony> = talkers.into_iter().map(|it| it.join().expect("it talks")).collect();
        testimonies.extend(ring(address, prefix));
        testimonies.extend(listeners.into_iter().map(|it| it.join().expect("it listens")));
        testimonies
    })
}

/// Sends the last message until it is stored; `None` if the server is gone.
fn ring(address: SocketAddr, prefix: &str) -> Option<Testimony> {
    let mut bell = Speaker::log_in(address, BELL).ok()?;
    for number in 0.. {
        bell.say(&format!("{BELL}-{prefix}-{number}"));
        loop {
            match bell.receive() {
                Received::Saved(_) | Received::End => return Some(bell.testify()),
                Received::Refused => break,
                _ => {}
            }
        }
    }
    unreachable!("it ends once it is stored")
}
