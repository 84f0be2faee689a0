//! One run: the chat, the tables that its records lead to, its clients, and a twin.
//!
//! Checked after each request ([`World::step`]): it has one answer, of a kind that fits and as the tables say; a refusal
//! leads to nothing; whoever acted had the right to; exactly those who must be shown something are, once; nothing of a
//! hidden room reaches anybody who can see it neither before nor after.
//!
//! Checked after each turn: what holds between the tables; sessions. The twin is given the turns that are stored, and not the
//! queries: it decides the same to the byte, so queries change nothing, a turn that was rolled back leaves nothing behind,
//! and the same inputs have the same effects.
//!
//! Checked now and then: a chat loaded from the tables answers all queries like the one that lived, before and after a stop;
//! an outsider cannot tell a hidden room from none.

mod judge;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Write};

use chat_server::chat::{
    AccountId, Answer, Chat, ChatLimits, ClientId, Code, Command, Delivery, Effects, Facts, Input, Record, RoomId, Seq,
    Timestamp,
};

use super::alike;
use super::crowd::Crowd;
use super::diary::Diary;
use super::notices;
use super::privacy::{self, Sight};
use super::request::Request;
use super::rights;
use super::sabotage::Sabotage;
use super::state::State;
use super::store::Store;
use super::tally::Tally;
use crate::support::Random;

/// After this many requests there are more dead rooms and ghosts than what is interesting, and a new chat is begun. That
/// also bounds the memory of a long run.
pub const LIFE_STEPS: u64 = 2000;
const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;
const YEAR: i64 = 365 * 24 * HOUR;

/// One request of a turn, and the sessions that it ended.
struct Step {
    client: ClientId,
    request: Request,
    arrived: bool,
    ended: Vec<ClientId>,
    begins: bool,
}

/// What happens to the records that are stored, besides that they change the tables.
pub type Storing = Box<dyn FnMut(&[Record], &Store)>;

/// All there is.
pub struct World {
    random: Random,
    limits: ChatLimits,
    /// How many percent of the turns that store something fail.
    failures: u64,
    chat: Chat,
    /// Never sees a turn that fails, nor a query.
    twin: Chat,
    state: State,
    /// Who can see what, by the tables.
    sight: Sight,
    crowd: Crowd,
    /// The newest message of each room that was stored before the turn.
    settled: BTreeMap<RoomId, Seq>,
    /// A real store that is to agree with the one in memory.
    pub storing: Option<Storing>,
    pub sabotage: Sabotage,
    starts: u64,
    lives: u64,
    diary: Diary,
    /// All effects so far, as one number.
    pub trace: u64,
    pub tally: Tally,
}

impl World {
    pub fn new(seed: u64) -> World {
        let limits = ChatLimits {
            message_max_bytes: 80,
            topic_max_bytes: 40,
            invitation_lifetime_s: 3600,
            history_page_lines: 5,
            history_page_max_lines: 8,
            list_page_rows: 6,
            rooms_per_account_max: 3,
            rooms_created_per_hour_max: 100,
            members_per_room_max: 100,
            ..ChatLimits::default()
        };
        let mut world = World {
            random: Random::new(seed),
            failures: 0,
            chat: Chat::load(limits.clone(), Store::default().snapshot()),
            twin: Chat::load(limits.clone(), Store::default().snapshot()),
            state: State::default(),
            sight: Sight::default(),
            crowd: Crowd::new(Random::new(0)),
            settled: BTreeMap::new(),
            storing: None,
            sabotage: Sabotage::None,
            starts: 0,
            lives: 0,
            diary: Diary { seed, step: 0, last: VecDeque::new() },
            trace: 0,
            tally: Tally::default(),
            limits,
        };
        world.found();
        world
    }

    /// The limits of its chat.
    pub fn limits(&self) -> &ChatLimits {
        &self.limits
    }

    /// A new chat with other people.
    fn found(&mut self) {
        self.failures = self.random.one_of(&[0, 2, 10, 40]).unwrap();
        self.limits.rooms_created_per_hour_max = self.random.one_of(&[2, 100, 100]).unwrap();
        self.limits.members_per_room_max = self.random.one_of(&[3, 5, 100]).unwrap();
        self.limits.invitation_lifetime_s = self.random.one_of(&[3600, 3600, 10 * YEAR as u64 / 1000]).unwrap();
        self.state = State { now: Timestamp(1_700_000_000_000), ..State::default() };
        self.crowd = Crowd::new(Random::new(self.random.next()));
        self.chat = Chat::load(self.limits.clone(), self.state.store.snapshot());
        let mut effects = Effects::default();
        self.chat.found(self.state.now, &mut effects);
        effects.records.iter().for_each(|record| self.state.apply(record));
        self.start();
    }

    /// Lets this many requests happen.
    pub fn live(&mut self, steps: u64) {
        while self.diary.step < steps {
            self.move_clock();
            self.turn(steps);
            if self.diary.step / LIFE_STEPS > self.lives {
                self.lives += 1;
                self.diary.note(self.state.now, "(a new chat)".into());
                self.found();
                continue;
            }
            match self.random.below(1000) {
                0..20 => self.compare(),
                20..23 => self.kill(),
                23..26 => self.stop(),
                26..31 => privacy::check_outsider(&mut self.random, &self.limits, &self.state),
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
                let end = self.random.one_of(&self.state.store.ends()).unwrap_or(self.state.now);
                end.0.saturating_sub(self.state.now.0).saturating_sub(i64::from(self.random.percent(50)))
            }
            _ => up_to(10 * YEAR),
        };
        self.state.now = Timestamp((self.state.now.0 + moved).max(0));
    }

    fn turn(&mut self, steps: u64) {
        while let Some((client, ranges)) = self.crowd.arriving_page() {
            self.chat.show(client, ranges.iter().copied());
            self.twin.show(client, ranges.iter().copied());
            self.state.show(client, &ranges);
        }
        let requests = if self.random.percent(25) { 1 + self.random.below(5) } else { 1 };
        let before = self.random.percent(self.failures).then(|| self.state.clone());
        self.settled = self.state.store.rooms.iter().map(|(id, room)| (*id, room.last_seq)).collect();
        let (mut effects, mut pages, mut turn) = (Effects::default(), Vec::new(), Vec::new());
        self.sweep(&mut effects);
        let expired = self.state.expired();
        assert_eq!(self.chat.expired(self.state.now), expired, "sessions whose tokens have expired");
        for client in expired {
            let request = Request::Input(Input::TokenExpired);
            turn.push(self.step(client, request, true, &mut effects, &mut pages));
        }
        for _ in 0..requests.min(steps.saturating_sub(self.diary.step)) {
            let (client, request) = self.crowd.next(&self.state);
            let arrived = self.random.percent(90) && !(before.is_some() && self.is_unsettled(client, &effects));
            turn.push(self.step(client, request, arrived, &mut effects, &mut pages));
        }
        self.note_trace(&effects);
        // Wrong codes are counted whether or not the turn is stored, so the twin must see them.
        let guesses = turn
            .iter()
            .any(|step| matches!(step.request.command(), Some(Command::Accept { .. } | Command::ClaimOperator { .. })));
        match before {
            Some(before) if !effects.records.is_empty() && !guesses => self.fail(before, &turn),
            _ => self.commit(&effects, turn, pages),
        }
        self.check_turn();
    }

    /// What has lapsed is removed, and nothing else. Only of invitations somebody is told.
    fn sweep(&mut self, effects: &mut Effects) {
        self.chat.sweep(self.state.now, effects);
        let mut expected = notices::Notices::new();
        for record in &effects.records {
            rights::check_expired(&self.state, record);
            if let Record::InvitationRemoved { room, account } = record {
                notices::of_ended_invitation(&self.state, &self.state, (*room, *account), None, &mut expected);
            }
            self.state.apply(record);
        }
        self.check_notices(notices::delivered(&effects.deliveries), expected);
    }

    /// Whether this turn has changed what a client hears or where its position is. If the turn fails, what it reads after that
    /// is unread again until its next request, which the twin would not know.
    fn is_unsettled(&self, client: ClientId, effects: &Effects) -> bool {
        let account = self.state.clients.get(&client).map(|it| it.account);
        effects.records.iter().any(|record| match record {
            Record::MemberRemoved { account: changed, .. } | Record::ReadSet { account: changed, .. } => {
                Some(*changed) == account
            }
            Record::RoomDeleted { .. } => true,
            _ => false,
        })
    }

    /// One request: what it leads to is right.
    fn step(
        &mut self,
        client: ClientId,
        request: Request,
        arrived: bool,
        effects: &mut Effects,
        pages: &mut Vec<(ClientId, Answer, bool)>,
    ) -> Step {
        self.diary.step += 1;
        self.diary.note(self.state.now, format!("client {client}: {request:?} arrived={arrived}"));
        self.tally.inputs += 1;
        let arrived = arrived && self.state.attends(client, &request);
        if request.is_act() {
            let (start, records) = (effects.deliveries.len(), effects.records.len());
            self.chat.act(self.state.now, client, arrived || self.sabotage == Sabotage::ReadTooEarly, effects);
            let moved = self.state.act(client, arrived);
            for record in &effects.records[records..] {
                assert!(matches!(record, Record::ReadSet { .. }), "an act leads to {record:?}");
                self.state.apply(record);
            }
            let expected = self.state.asker(client).map(|asker| notices::moved(&self.state, asker, moved));
            let delivered = &effects.deliveries[start..];
            self.check_notices(notices::delivered(delivered), expected.unwrap_or_default());
            delivered.iter().for_each(|delivery| self.tally.note(delivery));
        }
        let request = match request {
            Request::Input(input) => Request::Input(self.with_facts(client, input)),
            query => query,
        };
        let mut led_to = Effects::default();
        match &request {
            Request::Query(query) => {
                let answer = self.chat.ask(self.state.now, client, query);
                led_to.deliveries.push(Delivery::Answer(client, answer));
            }
            Request::Input(input) => {
                let (records, deliveries) = (effects.records.len(), effects.deliveries.len());
                self.chat.handle(self.state.now, client, input.clone(), effects);
                self.sabotage.spoil(effects, records, deliveries, &self.state);
                led_to.records.extend_from_slice(&effects.records[records..]);
                led_to.deliveries.extend_from_slice(&effects.deliveries[deliveries..]);
            }
        }
        let (ended, begins) = self.judge(client, &request, &led_to.records, &led_to.deliveries, pages);
        if self.sabotage == Sabotage::CountOwnWords {
            self.count_own_words(client, &led_to.records);
        }
        Step { client, request, arrived, ended, begins }
    }

    /// What the broker does before a message with a key is decided: it looks up what is stored under the key.
    fn with_facts(&self, client: ClientId, input: Input) -> Input {
        let Input::Command(command, _) = input else { return input };
        let mut facts = Facts::default();
        if let (Some(key), Some(session)) = (command.key(), self.state.clients.get(&client)) {
            facts.keyed = self.state.store.keyed(session.account, key);
            // What was decided in this turn is not stored yet.
            facts.keyed.retain(|message| self.settled.get(&message.room) >= Some(&message.seq));
        }
        if self.sabotage == Sabotage::ForgetKeys {
            facts.keyed.clear();
        }
        Input::Command(command, facts)
    }

    /// The turn is stored. The twin decides it too.
    fn commit(&mut self, effects: &Effects, turn: Vec<Step>, pages: Vec<(ClientId, Answer, bool)>) {
        let bans_changed = effects
            .records
            .iter()
            .any(|record| matches!(record, Record::AddressBanCreated { .. } | Record::AddressBanRemoved { .. }));
        assert_eq!(effects.address_bans_changed, bans_changed, "whether the banned addresses have changed");
        self.chat.settle();
        self.state.settle();
        if let Some(storing) = &mut self.storing {
            storing(&effects.records, &self.state.store);
        }
        self.tally.records += effects.records.len() as u64;
        if self.sabotage != Sabotage::None {
            return;
        }
        let mut again = Effects::default();
        self.twin.sweep(self.state.now, &mut again);
        for step in &turn {
            if step.request.is_act() {
                self.twin.act(self.state.now, step.client, step.arrived, &mut again);
            }
            if let Request::Input(input) = &step.request {
                self.twin.handle(self.state.now, step.client, input.clone(), &mut again);
            }
        }
        self.twin.settle();
        assert_eq!(*effects, again, "left: the chat, right: its twin, which saw only turns that were stored");
        for (client, answer, is_resumed) in pages {
            if let Answer::Page(grant) = answer
                && self.state.clients.contains_key(&client)
            {
                self.crowd.send_page(client, &grant, is_resumed);
            }
        }
    }

    /// Nothing of the turn could be stored: sessions that began are ended, and the rest has not happened, except that
    /// clients have acted and that sessions have ended.
    fn fail(&mut self, before: State, turn: &[Step]) {
        self.diary.note(self.state.now, "(none of the turn is stored)".into());
        let mut aside = Effects::default();
        for step in turn.iter().filter(|step| step.begins) {
            self.chat.handle(self.state.now, step.client, Input::Gone, &mut aside);
        }
        match self.sabotage {
            Sabotage::ForgetUndo => self.chat.settle(),
            _ => self.chat.roll_back(),
        }
        self.state = before;
        for step in turn {
            if step.request.is_act() {
                self.twin.act(self.state.now, step.client, step.arrived, &mut aside);
                self.state.act(step.client, step.arrived);
            }
            for client in &step.ended {
                self.twin.handle(self.state.now, *client, Input::Gone, &mut aside);
                self.state.clients.remove(client);
            }
        }
        self.twin.roll_back();
        self.sight = Sight::of(&self.state.store);
        for client in self.state.clients.keys().filter(|_| self.sabotage == Sabotage::None) {
            alike::compare(&self.state, &self.chat, &self.twin, *client);
        }
        self.tally.undone += 1;
    }

    fn check_turn(&mut self) {
        self.state.store.check();
        let clients: Vec<ClientId> = self.state.clients.keys().copied().collect();
        assert_eq!(*self.chat.clients(), *clients, "sessions");
        let mut online: Vec<_> = self.state.clients.values().map(|session| session.account).collect();
        online.sort();
        online.dedup();
        assert_eq!(self.chat.people_online(), online.len());
        let addresses: Vec<_> = self.chat.banned_addresses().collect();
        let banned = self.state.store.address_bans.iter().map(|(address, ban)| (*address, ban.until));
        assert_eq!(addresses, banned.collect::<Vec<_>>());
    }

    /// A chat that is loaded now answers like the one that lives.
    fn compare(&mut self) {
        if self.state.reading.is_exact() {
            self.diary.note(self.state.now, "(compared with a loaded chat)".into());
            alike::check_loaded(&self.state, &self.limits, &self.chat);
            self.tally.loads += 1;
        }
    }

    /// The server dies and starts again: connections are gone, and what was stored is there.
    fn kill(&mut self) {
        self.diary.note(self.state.now, "(killed and started)".into());
        self.state.restart();
        self.crowd.disperse();
        self.start();
        self.tally.restarts += 1;
    }

    fn start(&mut self) {
        self.starts += 1;
        let code = Code::typed(&format!("operator-{}", self.starts));
        self.crowd.operator_code = code.clone();
        let is_needed = !self.state.store.accounts.values().any(|account| account.operator);
        self.sight = Sight::of(&self.state.store);
        [self.chat, self.twin] = [(); 2].map(|()| {
            let mut chat = Chat::load(self.limits.clone(), self.state.store.snapshot());
            let mut effects = Effects::default();
            chat.found(self.state.now, &mut effects);
            assert_eq!(effects, Effects::default(), "a chat is founded once");
            assert_eq!(chat.set_operator_code(code.clone()), is_needed, "whether there is no operator");
            chat
        });
    }

    /// The server stops cleanly. All that was read is stored, and the chat that lived, now without anybody, answers like one
    /// that is loaded.
    fn stop(&mut self) {
        self.diary.note(self.state.now, "(stopped)".into());
        let (mut effects, mut turn) = (Effects::default(), Vec::new());
        let clients: Vec<(ClientId, AccountId)> =
            self.state.clients.iter().map(|(client, session)| (*client, session.account)).collect();
        self.sweep(&mut effects);
        for (client, _) in clients.iter().copied() {
            turn.push(self.step(client, Request::Input(Input::Gone), true, &mut effects, &mut Vec::new()));
        }
        self.commit(&effects, turn, Vec::new());
        self.check_turn();
        for (_, account) in clients {
            self.state.reading.check_stored(&self.state.store, account);
        }
        if self.state.reading.is_exact() {
            let mut loaded = alike::load(&self.state, &self.limits);
            alike::check_empty(&self.state, &mut self.chat, &mut loaded);
        }
        self.kill();
    }

    /// Planted: the author's last message counts as unread.
    fn count_own_words(&mut self, client: ClientId, records: &[Record]) {
        if let (Some(Record::MessageSaid { room, seq, .. }), Some(asker)) = (records.first(), self.state.asker(client))
        {
            let room = self.state.store.label(*room, asker.account);
            let input = Input::Command(Command::SetRead { room, up_to: seq - 1 }, Facts::default());
            self.chat.handle(self.state.now, client, input, &mut Effects::default());
        }
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
        for record in &effects.records {
            // Codes do not show themselves.
            if let Record::CodeCreated { code, .. } = record {
                write!(fnv, "{code}").expect("a number never refuses");
            }
        }
        self.trace = fnv.0;
    }
}
