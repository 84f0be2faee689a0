//! One run: a server, its disk, its clients and what lies between, moved step by step by one source of chance.

use std::hash::Hasher;
use std::time::Instant;

use chat_server::address::Address;
use chat_server::chat::{
    AccountId, Answer, Chat, ChatLimits, ClientId, Code, Command, Delivery, Effects, Event, Facts, Input, Name,
    OPERATOR_BYTES, Origin, PasswordHash, RoomId, RoomLabel, Timestamp, TokenScope, TokenSecret, Visibility,
};
use chat_server::reason::Reason;
use chat_server::store::Store;
use chat_server::token;

use super::Sabotage;
use super::client::{Client, State, Surroundings};
use super::disk::Disk;
use super::history::{Fault, History, Kind};
use super::server::{Faults, Host, Server};
use super::wire::{Happened, Net};
use crate::support::Random;

/// Who there is; the first is the operator, and owns all rooms but the first one. People come last.
const NAMES: [&str; 5] = ["ana", "bob", "cho", "dee", "eve"];
const PROGRAMS: usize = 3;
/// The rooms there are: their numbers count from 1. The last one is private.
pub const ROOMS: [&str; 3] = ["general", "tea", "den"];
pub const PRIVATE: RoomId = RoomId(3);
/// When it begins.
const START_MS: i64 = 1_700_000_000_000;
const STEPS: u64 = if cfg!(debug_assertions) { 600 } else { 1000 };
/// Everything comes to an end within so many steps without faults.
const REST_STEPS: u64 = 20_000;

pub struct Run {
    random: Random,
    /// Goes on steadily: timeouts are by it.
    now: Timestamp,
    /// `now` 0 by the clock of timeouts.
    epoch: Instant,
    /// By so many milliseconds the clock on the wall, which may be set, is ahead of it.
    wall_ahead: i64,
    net: Net,
    disk: Disk,
    /// `None` while the server is down.
    server: Option<Server>,
    clients: Vec<Client>,
    history: History,
    limits: ChatLimits,
    faults: Faults,
    /// In a thousand steps so many connections are hurt.
    hurt: u64,
    sabotage: Sabotage,
    is_calm: bool,
}

impl Run {
    pub fn new(seed: u64, sabotage: Sabotage) -> Run {
        let mut random = Random::new(seed ^ 0x5eed);
        let lines = 1 + random.below(8);
        let limits = ChatLimits { history_page_max_lines: lines, history_page_lines: lines, ..ChatLimits::default() };
        let now = Timestamp(START_MS);
        let net = Net::default();
        net.lock().sabotage = sabotage;
        let mut disk = Disk::new(net.clone(), sabotage);
        found(&limits, now, &mut disk);
        // Some runs have only one kind of fault, so that it gets far.
        let mut often = |weights: &[u64]| random.one_of(weights).unwrap();
        let faults = Faults {
            refused: often(&[0, 0, 30, 150]),
            doubtful: often(&[0, 0, 10]),
            died_before: often(&[0, 0, 15]),
            died_written: often(&[0, 0, 15]),
            died_sending: often(&[0, 0, 15]),
            unreadable: often(&[0, 0, 150]),
            slow_page: often(&[0, 0, 970]),
            stopped: often(&[0, 0, 5]),
        };
        let hurt = often(&[0, 10, 40]);
        let client = |(index, name): (usize, &&str)| {
            Client::new(Name::parse(name).unwrap(), account(index), token_of(index), index < PROGRAMS)
        };
        Run {
            server: None,
            clients: NAMES.iter().enumerate().map(client).collect(),
            random,
            now,
            epoch: Instant::now(),
            wall_ahead: 0,
            net,
            disk,
            history: History::default(),
            limits,
            faults,
            hurt,
            sabotage,
            is_calm: false,
        }
    }

    /// Anything may fail.
    pub fn live_through_faults(&mut self) {
        for _ in 0..STEPS {
            self.step();
            if self.random.below(1000) < self.hurt {
                self.hurt_one();
            }
        }
    }

    /// Nothing fails any more; goes on until all is done.
    pub fn come_to_rest(&mut self) {
        self.is_calm = true;
        self.faults = Faults::default();
        self.clients.iter_mut().for_each(|client| client.stalled_until = self.now);
        for step in 0..REST_STEPS {
            self.step();
            if step % 50 == 0 && self.is_at_rest() {
                for client in &mut self.clients {
                    client.check_done(&mut self.history, &self.disk);
                }
                return;
            }
        }
        let mut net = self.net.lock();
        let clients: Vec<_> = self.clients.iter().filter(|client| !client.is_done(&mut net)).collect();
        self.history.fault(Kind::Stuck, format!("{clients:#?}"));
    }

    /// How it went, what happened, what went wrong, and a digest of all bytes that were sent.
    pub fn outcome(mut self) -> (Happened, Vec<Fault>, u64) {
        let mut net = self.net.lock();
        let mut happened = std::mem::take(&mut net.happened);
        self.history.check(&self.disk.contents(), &mut happened);
        let mut faults = self.history.faults;
        faults.extend(self.disk.with(|disk| std::mem::take(&mut disk.faults)));
        faults.append(&mut net.faults);
        let ends = Reason::ALL.iter().map(|reason| (reason.word(), net.counters.get(*reason)));
        happened.extend(ends.filter(|(_, count)| *count > 0));
        (happened, faults, net.bytes.finish())
    }

    fn is_at_rest(&mut self) -> bool {
        let is_quiet = |server: &&Server| !server.is_asked() && server.open() == NAMES.len() as u64;
        let Some(server) = self.server.as_ref().filter(is_quiet) else { return false };
        let mut net = self.net.lock();
        let mut clients = self.clients.iter();
        clients.all(|client| client.is_done(&mut net) && client.link.is_some_and(|link| server.has_served(link)))
    }

    fn step(&mut self) {
        self.now = Timestamp(self.now.0 + 1 + self.random.below(100) as i64);
        let Run { random, net, disk, faults, sabotage, now, epoch, .. } = self;
        let (wall, now, epoch, sabotage) = (Timestamp(now.0 + self.wall_ahead), *now, *epoch, *sabotage);
        let mut host = Host { random, net, disk, faults, sabotage, now, wall, epoch };
        let Some(server) = &mut self.server else {
            if self.is_calm || host.random.percent(5) {
                disk.recover(host.random);
                self.server = Some(Server::start(self.limits.clone(), &host));
            }
            return self.let_a_client_act();
        };
        match host.random.below(10) {
            0..4 => server.serve(&mut host),
            4..7 if server.is_asked() => {
                if let Some(died) = server.work(&mut host) {
                    net.lock().note(died);
                    net.lock().break_all(random);
                    self.server = None;
                }
            }
            _ => self.let_a_client_act(),
        }
    }

    fn let_a_client_act(&mut self) {
        let index = self.random.below(self.clients.len() as u64) as usize;
        let mut around = Surroundings {
            net: &mut self.net.lock(),
            random: &mut self.random,
            history: &mut self.history,
            disk: &self.disk,
            now: self.now,
            is_calm: self.is_calm,
        };
        self.clients[index].act(&mut around);
    }

    /// A client's connection breaks, or it is gone, or it does not read for a while; or somebody sets the clock.
    fn hurt_one(&mut self) {
        let Run { random, now, .. } = self;
        let mut net = self.net.lock();
        let index = random.below(self.clients.len() as u64) as usize;
        let client = &mut self.clients[index];
        let Some(link) = client.link else { return };
        match random.below(7) {
            0..2 => {
                net.pipe(link).reset(random);
                net.note("reset");
            }
            2..4 if client.state != State::Entering => {
                net.pipe(link).vanish(random, *now);
                client.go_away(random, *now, false);
                net.note("vanished");
            }
            4 => {
                let year = 365 * 24 * 3600 * 1000;
                self.wall_ahead = random.one_of(&[0, -10 * year, 10 * year, 5000, -5000]).unwrap();
                net.note("the clock set");
            }
            _ => {
                client.stalled_until = now.plus_seconds(random.below(20));
                net.note("stalled");
            }
        }
    }
}

fn account(index: usize) -> AccountId {
    // After the system's.
    AccountId(index as i64 + 2)
}

/// The room of a label.
pub fn room_id(label: &RoomLabel) -> RoomId {
    let RoomLabel::Room(name) = label else { unreachable!("there are no direct rooms") };
    RoomId(ROOMS.iter().position(|known| *known == name.as_str()).expect("no other is made") as i64 + 1)
}

/// The account of a client.
pub fn account_of(name: &Name) -> Option<AccountId> {
    NAMES.iter().position(|known| *known == name.as_str()).map(account)
}

fn token_of(index: usize) -> String {
    format!("{}{}", TokenSecret::PREFIX, NAMES[index][..1].repeat(32))
}

/// A chat with accounts that have tokens, a public room in which all are, and a private one in which two are.
fn found(limits: &ChatLimits, now: Timestamp, disk: &mut Disk) {
    let mut effects = Effects::default();
    let mut chat = Chat::load(limits.clone(), disk.snapshot());
    chat.found(now, &mut effects);
    let code = Code::operator([7; OPERATOR_BYTES]);
    chat.set_operator_code(code.clone());
    let name = |text: &str| Name::parse(text).unwrap();
    let address = Address::parse("192.0.2.1").unwrap();
    let label = |text: &str| RoomLabel::Room(name(text));
    let command = |command| Input::Command(command, Facts::default());
    let inputs = NAMES.iter().enumerate().flat_map(|(index, who)| {
        let client = ClientId(index as u64 + 1);
        let (secret, digest) = (TokenSecret("secret".into()), token::digest(token_of(index).as_bytes()).unwrap());
        let token = Command::NewToken {
            name: name("bot"),
            secret,
            digest,
            scope: TokenScope::All,
            seconds: None,
            proved: false,
        };
        let mut inputs = vec![
            Input::Register {
                name: name(who),
                hash: PasswordHash("!".into()),
                code: None,
                origin: Origin::text(address),
            },
            command(token),
        ];
        let commands = match index {
            0 => vec![
                Command::ClaimOperator { code: code.clone() },
                Command::Create { name: name("tea"), visibility: Visibility::Public },
                Command::Create { name: name("den"), visibility: Visibility::Private },
            ],
            _ => vec![Command::Join { room: label("tea"), visibility: None }],
        };
        inputs.extend(commands.into_iter().map(command));
        inputs.into_iter().map(move |input| (client, input))
    });
    let mut inputs: Vec<(ClientId, Input)> = inputs.collect();
    let den = Some(label("den"));
    inputs.push((ClientId(1), command(Command::Invite { who: name("bob"), room: den })));
    inputs.push((ClientId(2), command(Command::Accept { what: Some(name("den")), by: None })));
    inputs.extend((1..=NAMES.len() as u64).map(|client| (ClientId(client), Input::Gone)));
    for (client, input) in inputs {
        let told = effects.deliveries.len();
        chat.handle(now, client, input, &mut effects);
        let told = &effects.deliveries[told..];
        let is_refused = |told: &Delivery| matches!(told, Delivery::Answer(_, Answer::Event(Event::Refused(_))));
        assert!(!told.iter().any(is_refused), "{told:?}");
    }
    disk.commit(&effects.records).expect("nothing fails yet");
}
