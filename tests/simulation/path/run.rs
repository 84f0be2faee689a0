//! One run: a server, its disk, its clients and what lies between, moved step by step by one source of chance.

use chat_server::address::Address;
use chat_server::chat::{
    AccountId, Chat, ClientId, Command, Effects, Input, Limits, Name, Origin, PasswordHash, RoomId, RoomLabel,
    Timestamp, TokenDigest, TokenSecret, Visibility,
};

use super::client::{Client, Rooms, State, Surroundings};
use super::disk::{Committed, Disk};
use super::history::{Fault, History, Kind, Outcome};
use super::server::{Faults, Host, Sabotage, Server};
use super::turn::Turned;
use super::wire::{Happened, Net};
use crate::support::Random;

/// Who there is; the first owns all rooms but the first one. People come last.
const NAMES: [&str; 5] = ["ana", "bob", "cho", "dee", "eve"];
const PROGRAMS: usize = 3;
const STEPS: u64 = if cfg!(debug_assertions) { 600 } else { 1000 };
/// Everything comes to an end within so many steps without faults.
const REST_STEPS: u64 = 20_000;

pub struct Run {
    random: Random,
    /// Goes on steadily: timeouts are by it.
    now: Timestamp,
    /// By so many milliseconds the clock on the wall, which may be set, is ahead of it.
    wall_ahead: i64,
    net: Net,
    disk: Disk,
    /// `None` while the server is down.
    server: Option<Server>,
    clients: Vec<Client>,
    rooms: Rooms,
    history: History,
    limits: Limits,
    faults: Faults,
    /// In a thousand steps so many connections are hurt.
    hurt: u64,
    sabotage: Sabotage,
    is_calm: bool,
}

impl Run {
    pub fn new(seed: u64, sabotage: Sabotage) -> Run {
        let mut random = Random::new(seed ^ 0x5eed);
        let limits = Limits { history_page_max_lines: 1 + random.below(12), dead_peer_s: 10, ..Limits::default() };
        let now = Timestamp(1_700_000_000_000);
        let mut disk = Disk::default();
        let rooms = found(&limits, now, &mut disk);
        // Some runs have only one kind of fault, so that it gets far.
        let mut often = |weights: &[u64]| random.one_of(weights).unwrap();
        let faults = Faults {
            refused: often(&[0, 0, 30, 150]),
            doubtful: often(&[0, 0, 10]),
            died_before: often(&[0, 0, 15]),
            died_written: often(&[0, 0, 15]),
            died_sending: often(&[0, 0, 15]),
            unreadable: often(&[0, 0, 150]),
        };
        let hurt = often(&[0, 10, 40]);
        let client = |(index, name): (usize, &&str)| {
            Client::new(Name::parse(name).unwrap(), account(index), digest(index), index < PROGRAMS)
        };
        Run {
            server: Some(Server::start(limits.clone(), &disk, sabotage)),
            clients: NAMES.iter().enumerate().map(client).collect(),
            random,
            now,
            wall_ahead: 0,
            net: Net::default(),
            disk,
            rooms,
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
                    client.check_done(&mut self.history, &self.disk, &self.rooms);
                }
                return;
            }
        }
        let clients: Vec<_> = self.clients.iter().filter(|client| !client.is_done(&mut self.net)).collect();
        let what = format!("{clients:#?}");
        self.history.fault(Kind::Stuck, what);
    }

    /// How it went, what happened, and what went wrong.
    pub fn outcome(mut self) -> (Outcome, Happened, Vec<Fault>) {
        let rooms: Vec<RoomId> = self.rooms.values().copied().collect();
        let outcome = self.history.check(&self.disk, &rooms);
        (outcome, self.net.happened, self.history.faults)
    }

    fn is_at_rest(&mut self) -> bool {
        let Some(server) = self.server.as_ref().filter(|server| !server.is_asked()) else { return false };
        let mut clients = self.clients.iter();
        clients.all(|client| client.is_done(&mut self.net) && client.link.is_some_and(|link| server.has_served(link)))
    }

    fn step(&mut self) {
        self.now = Timestamp(self.now.0 + 1 + self.random.below(100) as i64);
        let Run { random, now, net, disk, .. } = self;
        let Some(server) = &mut self.server else {
            if self.is_calm || random.percent(5) {
                disk.recover(random);
                self.server = Some(Server::start(self.limits.clone(), disk, self.sabotage));
            }
            return self.let_a_client_act();
        };
        match random.below(10) {
            0..4 => {
                if let Some(client) = net.fresh.pop_front() {
                    server.accept(client);
                }
                server.serve(&mut Host { net, disk, random, faults: &self.faults, now: *now });
            }
            4..7 if server.is_asked() => {
                let wall = Timestamp(now.0 + self.wall_ahead);
                match server.work(&mut Host { net, disk, random, faults: &self.faults, now: wall }) {
                    Turned::Stored => {}
                    Turned::Refused => net.note("a commit refused"),
                    Turned::Died(when) => {
                        net.note(when);
                        self.server = None;
                    }
                }
            }
            _ => self.let_a_client_act(),
        }
    }

    fn let_a_client_act(&mut self) {
        let index = self.random.below(self.clients.len() as u64) as usize;
        let mut around = Surroundings {
            net: &mut self.net,
            random: &mut self.random,
            history: &mut self.history,
            disk: &self.disk,
            rooms: &self.rooms,
            now: self.now,
            is_calm: self.is_calm,
        };
        self.clients[index].act(&mut around);
    }

    /// A client's connection breaks, or it is gone, or it does not read for a while; or somebody sets the clock.
    fn hurt_one(&mut self) {
        let Run { random, now, net, .. } = self;
        let index = random.below(self.clients.len() as u64) as usize;
        let client = &mut self.clients[index];
        let Some(link) = client.link else { return };
        match random.below(7) {
            0..2 => {
                net.link(link).reset(random);
                net.note("reset");
            }
            2..4 if client.state != State::Entering => {
                net.link(link).vanish(random, *now);
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

fn digest(index: usize) -> TokenDigest {
    TokenDigest([index as u8 + 1; 32])
}

/// A chat with accounts that have tokens, a public room in which all are, and a private one in which two are.
fn found(limits: &Limits, now: Timestamp, disk: &mut Disk) -> Rooms {
    let mut effects = Effects::default();
    let mut chat = Chat::load(limits.clone(), disk.snapshot());
    chat.found(now, &mut effects);
    let name = |text: &str| Name::parse(text).unwrap();
    let address = Address::parse("192.0.2.1").unwrap();
    let label = |text: &str| RoomLabel::Room(name(text));
    let inputs = NAMES.iter().enumerate().flat_map(|(index, who)| {
        let client = ClientId(index as u64 + 1);
        let secret = TokenSecret("secret".into());
        let token = Command::NewToken { name: name("bot"), secret, digest: digest(index), seconds: None };
        let mut inputs = vec![
            Input::Register { name: name(who), hash: PasswordHash("!".into()), origin: Origin::text(address) },
            Input::Command(token),
        ];
        let commands = match index {
            0 => vec![
                Command::Create { name: name("tea"), visibility: Visibility::Public },
                Command::Create { name: name("den"), visibility: Visibility::Private },
            ],
            _ => vec![Command::Join { room: label("tea") }],
        };
        inputs.extend(commands.into_iter().map(Input::Command));
        inputs.into_iter().map(move |input| (client, input))
    });
    let mut inputs: Vec<(ClientId, Input)> = inputs.collect();
    let den = Some(label("den"));
    inputs.push((ClientId(1), Input::Command(Command::Invite { who: name("bob"), room: den })));
    inputs.push((ClientId(2), Input::Command(Command::Accept { what: Some(name("den")) })));
    inputs.extend((1..=NAMES.len() as u64).map(|client| (ClientId(client), Input::Disconnected)));
    for (client, input) in inputs {
        let told = effects.deliveries.len();
        chat.handle(now, client, input, &mut effects);
        let refused = |delivery: &chat_server::chat::Delivery| format!("{delivery:?}").contains("Refused");
        assert!(!effects.deliveries[told..].iter().any(refused), "{:?}", &effects.deliveries[told..]);
    }
    assert_eq!(disk.commit(&effects.records, Committed::Synced), Committed::Synced);
    [("general", 1), ("tea", 2), ("den", 3)].into_iter().map(|(text, id)| (label(text), RoomId(id))).collect()
}
