//! One run: the chat, its store, its clients, and the model beside them.
//!
//! Checked after each input: everybody is told exactly what the model says, in its order; nothing of a hidden room
//! reaches anybody who can see it neither before nor after; whoever has no session is told nothing but a refusal or
//! goodbye; what is granted exists; a refusal stores nothing but the removal of what has expired.
//!
//! Checked after each turn: the records alone lead to the state that the model has; numbers have no gap, read positions
//! do not go back, nobody enters past a ban, a room has one owner ([`Store`] knows these); a turn that could not be
//! stored has not happened.
//!
//! Checked now and then: a chat that is loaded from the store goes on like the one that lived, and answers like it; an
//! outsider cannot tell a hidden room from none.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Write};
use std::path::Path;

use chat_server::chat::{
    AccountId, Chat, ClientId, Code, Command, Effects, Event, Input, Limits, Purpose, Record, Timestamp,
};
use chat_server::store::{self, Folder, Store as _, Writer};

use super::alike;
use super::crowd::Crowd;
use super::diary::Diary;
use super::hearing::{self, Heard, Hearing};
use super::model::{Model, Told};
use super::privacy::{self, Sight};
use super::store::Store;
use super::tally::Tally;
use crate::support::Random;

/// After so many inputs there are more dead rooms and ghosts than what is interesting, and a new chat is begun.
pub const LIFE_STEPS: u64 = 2000;
const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;
const YEAR: i64 = 365 * 24 * HOUR;

/// All there is.
pub struct World {
    random: Random,
    limits: Limits,
    /// In a hundred turns that store something, so many cannot.
    failures: u64,
    now: Timestamp,
    /// The latest moment that this chat has known.
    latest: Timestamp,
    chat: Chat,
    store: Store,
    /// A real store that is to agree with the one in memory.
    writer: Option<Writer>,
    model: Model,
    /// Who can see what, by the model.
    sight: Sight,
    crowd: Crowd,
    /// What programs have got so far, and what this turn brings them.
    hearing: Hearing,
    heard: Vec<(ClientId, Heard)>,
    starts: u64,
    lives: u64,
    diary: Diary,
    /// All effects so far, as one number.
    pub trace: u64,
    pub tally: Tally,
}

impl World {
    pub fn new(seed: u64) -> World {
        let random = Random::new(seed);
        let limits = Limits {
            message_max_bytes: 80,
            topic_max_bytes: 40,
            invitation_lifetime_s: 3600,
            history_page_lines: 5,
            history_page_max_lines: 8,
            list_page_rows: 6,
            rooms_per_account_max: 3,
            members_per_room_max: 100,
            dead_peer_s: 10,
        };
        let mut world = World {
            failures: 0,
            now: Timestamp(0),
            latest: Timestamp(0),
            chat: Chat::load(limits.clone(), Store::default().snapshot()),
            store: Store::default(),
            writer: None,
            model: Model::new(limits.clone(), Timestamp(0)),
            sight: Sight::default(),
            crowd: Crowd::new(Random::new(0)),
            hearing: Hearing::default(),
            heard: Vec::new(),
            starts: 0,
            lives: 0,
            diary: Diary { seed, step: 0, last: VecDeque::new() },
            trace: 0,
            tally: Tally::default(),
            limits,
            random,
        };
        world.found();
        world
    }

    /// A new chat with other people.
    fn found(&mut self) {
        self.failures = self.random.one_of(&[0, 2, 10, 40]).unwrap();
        self.limits.members_per_room_max = self.random.one_of(&[3, 5, 100]).unwrap();
        self.now = Timestamp(1_700_000_000_000);
        self.latest = self.now;
        self.store = Store::default();
        self.chat = Chat::load(self.limits.clone(), self.store.snapshot());
        self.model = Model::new(self.limits.clone(), self.now);
        self.sight = Sight::of(&self.model);
        self.crowd = Crowd::new(Random::new(self.random.next()));
        self.hearing = Hearing::default();
        let mut effects = Effects::default();
        self.chat.found(self.now, &mut effects);
        self.commit(&effects.records);
        self.give_operator_code();
    }

    /// Stores everything in a real store too.
    pub fn store_in(&mut self, folder: &Path) {
        let (mut writer, _) = store::open(&Folder::open(folder).unwrap(), 1).unwrap();
        let mut effects = Effects::default();
        Chat::load(self.limits.clone(), writer.load().unwrap()).found(self.now, &mut effects);
        writer.commit(&effects.records).unwrap();
        self.writer = Some(writer);
    }

    /// Lets so many inputs happen.
    pub fn live(&mut self, steps: u64) {
        while self.diary.step < steps {
            self.move_clock();
            self.turn(steps);
            if self.diary.step / LIFE_STEPS > self.lives {
                self.lives += 1;
                self.diary.note(self.now, "(a new chat)".into());
                self.found();
                continue;
            }
            match self.random.below(1000) {
                0..10 => self.reload(),
                10..13 => self.kill(),
                13..16 => self.stop(),
                16..21 => {
                    let stored = self.store.snapshot();
                    privacy::check_outsider(&mut self.random, &self.limits, &self.model, &stored, self.now);
                }
                _ => {}
            }
        }
    }

    /// A wall clock: mostly it goes on, sometimes it is set, sometimes it is the very moment at which something ends.
    fn move_clock(&mut self) {
        let mut up_to = |ms: i64| self.random.next() as i64 % ms;
        let (step, choice) = (up_to(5 * SECOND).abs(), up_to(100).abs());
        let moved = match choice {
            0..30 => 0,
            30..80 => step,
            80..92 => up_to(HOUR).abs(),
            92..94 => up_to(48 * HOUR).abs(),
            94..97 => up_to(HOUR),
            97..99 => {
                let end = self.random.one_of(&self.model.ends()).unwrap_or(self.now);
                end.0.saturating_sub(self.now.0).saturating_sub(i64::from(self.random.percent(50)))
            }
            _ => up_to(10 * YEAR),
        };
        self.now = Timestamp((self.now.0 + moved).max(0));
        self.latest = self.latest.max(self.now);
    }

    fn turn(&mut self, steps: u64) {
        let inputs = if self.random.percent(25) { 1 + self.random.below(5) } else { 1 };
        let before = self.random.percent(self.failures).then(|| self.model.clone());
        let addresses = self.model.banned_addresses();
        let (mut effects, mut entered, mut pages) = (Effects::default(), Vec::new(), Vec::new());
        for _ in 0..inputs.min(steps - self.diary.step) {
            let (client, input) = self.crowd.next(&self.model);
            let was_in = self.model.sessions.contains_key(&client);
            let told = self.input(client, &input, &mut effects);
            if !was_in && self.model.sessions.contains_key(&client) {
                entered.push(client);
            }
            for (client, told) in told {
                if let Told::Grant(grant) = told
                    && matches!(grant.purpose, Purpose::Unread { .. } | Purpose::Resume)
                {
                    pages.push((client, grant));
                }
            }
        }
        self.note_trace(&effects);
        if self.model.banned_addresses() != addresses {
            assert!(effects.address_bans_changed, "nobody is told of another banned address");
        }
        match before {
            Some(before) if !effects.records.is_empty() => self.undo(before, &entered),
            _ => {
                self.commit(&effects.records);
                self.chat.settle();
                for (client, heard) in self.heard.drain(..) {
                    self.hearing.note(client, &heard);
                }
                pages.iter().for_each(|(client, grant)| self.crowd.show_page(*client, grant));
            }
        }
        self.heard.clear();
        self.hearing.retain(|client| self.model.sessions.contains_key(&client));
        self.check_turn();
    }

    /// One input, for the chat and the model. Gives what was told.
    fn input(&mut self, client: ClientId, input: &Input, effects: &mut Effects) -> Vec<(ClientId, Told)> {
        self.diary.step += 1;
        self.diary.note(self.now, format!("client {client}: {input:?}"));
        let (records, deliveries) = (effects.records.len(), effects.deliveries.len());
        let was_in: BTreeMap<ClientId, AccountId> = self.model.accounts_of_clients();

        self.chat.handle(self.now, client, self.look_up_key(client, input), effects);
        if *input == Input::Lost && self.now < self.latest {
            // By a clock that was set back nobody can say what arrived. The store knows the bounds.
            let read = effects.records[records..].iter().filter_map(|record| match record {
                Record::ReadSet { room, read, .. } => Some((*room, read.read_up_to())),
                _ => None,
            });
            self.model.arrived = Some(read.collect());
        }
        let mut expected = self.model.handle(self.now, client, input);
        self.model.arrived = None;

        let (records, deliveries) = (&effects.records[records..], &effects.deliveries[deliveries..]);
        let told = Told::of(deliveries);
        self.check_receivers(&told, &was_in, client);
        let after = if records.is_empty() { None } else { Some(Sight::of(&self.model)) };
        let is_in = self.model.accounts_of_clients();
        for (receiver, what) in &told {
            let account = was_in.get(receiver).or_else(|| is_in.get(receiver)).copied();
            let asked = Some(input).filter(|_| *receiver == client);
            privacy::check(what, account, asked, &self.sight, after.as_ref().unwrap_or(&self.sight), self.now);
        }
        self.sight = after.unwrap_or_else(|| std::mem::take(&mut self.sight));
        for (_, what) in &told {
            if let Told::Grant(grant) = what {
                for range in &grant.ranges {
                    let last = self.model.rooms[&range.room].last;
                    assert!(0 < range.from && range.to <= range.last && range.last <= last, "{range:?}");
                    // Of a room that a program hears it is given what came before that; and there may be nothing to give.
                    let is_resumed = grant.purpose == Purpose::Resume;
                    assert!(is_resumed || (range.from <= range.to && range.last == last), "{range:?}");
                    assert!(range.from <= range.to + 1, "{range:?}");
                }
            }
        }
        let mut sorted = told.clone();
        sorted.sort_by_key(|(client, _)| *client);
        expected.sort_by_key(|(client, _)| *client);
        assert_eq!(sorted, expected, "left: what the chat tells, right: what the model says");

        let refused = told.iter().any(|(_, told)| matches!(told, Told::Refused(_)));
        if refused {
            assert_eq!(told.len(), 1, "a refusal is all that is told");
            let is_expiry = |record: &Record| {
                matches!(
                    record,
                    Record::InvitationRemoved { .. }
                        | Record::CodeRemoved { .. }
                        | Record::BanRemoved { .. }
                        | Record::AccountBanRemoved { .. }
                        | Record::AddressBanRemoved { .. }
                )
            };
            assert!(records.iter().all(is_expiry), "refused, but stored: {records:?}");
        }
        for record in records {
            if let Record::MessageSaid { room, text, .. } = record
                && let Some((_, rest)) = text.as_str().split_once('<')
                && let Some((number, _)) = rest.split_once('>')
            {
                assert!(number == "0" || number == room.to_string(), "said in another room than was meant: {record:?}");
            }
        }
        self.heard.extend(hearing::heard(&self.model, &told));
        told.iter().for_each(|(_, what)| self.tally.note(what));
        self.tally.inputs += 1;
        self.tally.refused += u64::from(refused);
        self.tally.deliveries += told.len() as u64;
        told
    }

    /// What the broker does before a message with a key is decided: it puts beside it what is stored under the key.
    fn look_up_key(&self, client: ClientId, input: &Input) -> Input {
        let mut input = input.clone();
        if let Input::Command(Command::Say { keyed: Some(keyed), .. }) = &mut input
            && let Some(session) = self.model.sessions.get(&client)
        {
            keyed.stored = self.store.keyed(session.account, &keyed.key);
        }
        input
    }

    /// Only sessions are told anything, and nothing after their end; the one who asked may be refused without one.
    fn check_receivers(&self, told: &[(ClientId, Told)], was_in: &BTreeMap<ClientId, AccountId>, asker: ClientId) {
        let mut ended = Vec::new();
        for (client, what) in told {
            let is_in = self.model.sessions.contains_key(client);
            assert!(!ended.contains(client), "told after its end: {client} {what:?}");
            match what {
                Told::End(_) => ended.push(*client),
                Told::Refused(_) => assert_eq!(*client, asker, "somebody else is refused"),
                _ => assert!(is_in || was_in.contains_key(client), "{client} has no session: {what:?}"),
            }
        }
    }

    fn commit(&mut self, records: &[Record]) {
        self.store.commit(records);
        if let Some(writer) = &mut self.writer {
            writer.commit(records).unwrap();
            writer.checkpoint();
        }
        self.tally.records += records.len() as u64;
    }

    /// Nothing of the turn could be stored: what the broker does then.
    fn undo(&mut self, mut before: Model, entered: &[ClientId]) {
        self.diary.note(self.now, "(none of the turn is stored)".into());
        let mut aside = Effects::default();
        for client in entered {
            self.chat.handle(self.now, *client, Input::Disconnected, &mut aside);
        }
        self.chat = self.chat.reload(self.store.snapshot());
        let mut after = std::mem::replace(&mut self.model, before.clone());
        for client in entered {
            after.sessions.remove(client);
        }
        before.undo(&after);
        self.model = before;
        self.sight = Sight::of(&self.model);
        self.tally.undone += 1;
    }

    fn check_turn(&mut self) {
        let stored = self.store.snapshot();
        alike::assert_same(&stored, &self.model.snapshot(), "the model");
        self.store.check();
        let clients: Vec<ClientId> = self.model.sessions.keys().copied().collect();
        assert_eq!(*self.chat.clients(), *clients, "sessions");
        assert!(clients.iter().all(|client| self.chat.is_logged_in(*client)));
        let mut online: Vec<_> = self.model.sessions.values().map(|session| session.account).collect();
        online.sort();
        online.dedup();
        assert_eq!(self.chat.people_online(), online.len());
        let addresses: Vec<_> = self.chat.banned_addresses().collect();
        assert_eq!(addresses, self.model.banned_addresses());
        if let Some(writer) = &mut self.writer {
            alike::assert_same(&stored, &writer.load().unwrap(), "the real one");
            for (account, key) in self.store.keys() {
                let mut found = writer.keyed(account, &key).unwrap();
                // The messages of a deleted room are removed some time later.
                found.retain(|message| self.store.has_room(message.room));
                found.sort_by_key(|message| message.room);
                assert_eq!(found, self.store.keyed(account, &key), "what {account} sent under {key}");
            }
        }
    }

    /// The state is read from the store again, as after a commit that failed. Nobody notices.
    fn reload(&mut self) {
        self.diary.note(self.now, "(loaded again)".into());
        self.chat = self.chat.reload(self.store.snapshot());
        self.model.reload();
        self.tally.reloads += 1;
    }

    /// The server dies and starts again: connections are gone, and what was stored is there.
    fn kill(&mut self) {
        self.diary.note(self.now, "(killed and started)".into());
        self.start();
        self.latest = self.now;
        self.model.restart();
        self.crowd.disperse();
        self.hearing = Hearing::default();
        self.give_operator_code();
        self.tally.restarts += 1;
    }

    fn start(&mut self) {
        self.chat = Chat::load(self.limits.clone(), self.store.snapshot());
        let mut effects = Effects::default();
        self.chat.found(self.now, &mut effects);
        assert_eq!(effects, Effects::default(), "a chat is founded once");
    }

    /// The server stops in order. Before it starts again: the chat that lived, now without anybody, and one loaded from
    /// the store give the same answers, to the byte.
    fn stop(&mut self) {
        let mut effects = Effects::default();
        for client in self.model.sessions.keys().copied().collect::<Vec<_>>() {
            self.input(client, &Input::Disconnected, &mut effects);
        }
        self.commit(&effects.records);
        self.chat.settle();
        self.check_turn();
        let lived = std::mem::replace(&mut self.chat, Chat::load(self.limits.clone(), self.store.snapshot()));
        self.diary.note(self.now, "(asked before and after a stop)".into());
        let loaded = Chat::load(self.limits.clone(), self.store.snapshot());
        alike::check_both(&self.model, self.now, lived, loaded);
        self.kill();
    }

    fn give_operator_code(&mut self) {
        self.starts += 1;
        let code = Code::typed(&format!("operator-{}", self.starts));
        self.crowd.operator_code = code.clone();
        let needed = self.model.set_operator_code(code.clone());
        assert_eq!(self.chat.set_operator_code(code), needed, "whether there is no operator");
    }

    /// FNV-1a over all that is stored and delivered.
    fn note_trace(&mut self, effects: &Effects) {
        struct Fnv(u64);
        impl Write for Fnv {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                for byte in text.bytes() {
                    self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
                }
                Ok(())
            }
        }
        let mut fnv = Fnv(self.trace ^ 0xcbf2_9ce4_8422_2325);
        write!(fnv, "{effects:?}").expect("a number never refuses");
        for delivery in &effects.deliveries {
            // Codes do not show themselves.
            if let chat_server::chat::Delivery::Event(_, Event::CodeMade { code, .. }) = delivery {
                write!(fnv, "{code}").expect("a number never refuses");
            }
        }
        self.trace = fnv.0;
    }
}
