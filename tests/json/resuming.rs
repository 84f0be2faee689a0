//! Resuming: a program that lost its connection gets everything once and in order, and a message that it sends again under
//! its idempotency key is stored once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::net::sockopt;
use serde_json::{Value, json};

use crate::support::{Program, Random, Running, Server};

/// How many connections are cut.
const CUTS: usize = 500;
/// Programs that talk with each other over connections that are cut.
const TALKERS: usize = 4;

fn say(text: &str, key: Option<&str>) -> Value {
    json!({"type": "send", "room": "tea", "text": text, "key": key})
}

fn seqs(objects: &[Value]) -> Vec<u64> {
    objects.iter().filter(|object| object["type"] == "message").map(|object| object["seq"].as_u64().unwrap()).collect()
}

/// A program with an account of its own and a room called tea.
fn in_tea(server: &Running, name: &str) -> Program {
    let mut program = server.register_program(name);
    program.ask(json!({"type": "create", "room": "tea"}));
    program
}

fn silent(server: &Running, name: &str) -> Program {
    let mut program = server.program();
    let login = json!({"type": "login", "name": name, "password": format!("password-of-{name}"), "live": false});
    assert_eq!(program.ask(login)["type"], "logged_in");
    program
}

/// A token of the account that a program is logged in to.
pub fn token(program: &mut Program) -> String {
    program.ask(json!({"type": "new_token", "name": "link"}))["token"].as_str().expect("a token").to_owned()
}

#[test]
fn links_that_are_cut_at_random_lose_nothing_and_double_nothing() {
    let server = Server::start_new();
    let mut maker = in_tea(&server, "maker");
    let (address, cuts_left) = (server.json, Arc::new(AtomicUsize::new(CUTS)));
    let talkers: Vec<_> = (0..TALKERS)
        .map(|number| {
            let mut program = server.register_program(&format!("talker{number}"));
            program.ask(json!({"type": "join", "room": "tea"}));
            let (token, cuts_left) = (token(&mut program), cuts_left.clone());
            // Half of them hear their rooms as soon as they are in, and resume then.
            let live = number % 2 == 1;
            thread::spawn(move || Talker::new(address, number, token, live).talk(&cuts_left))
        })
        .collect();
    let mut talkers: Vec<Talker> = talkers.into_iter().map(|talker| talker.join().expect("a talker")).collect();
    // What the others said after it was done.
    talkers.iter_mut().for_each(|talker| talker.converse(usize::MAX, 0));

    let last = maker.ask(json!({"type": "room", "room": "tea"}))["last"].as_u64().unwrap();
    let mut stored: BTreeMap<u64, String> = BTreeMap::new();
    while stored.len() as u64 != last {
        let page = maker.ask(json!({"type": "history", "room": "tea", "from": stored.len() + 1}));
        for message in page["messages"].as_array().unwrap() {
            let (seq, text) = (message["seq"].as_u64().unwrap(), message["text"].as_str().unwrap());
            assert_eq!(seq, stored.len() as u64 + 1, "numbers have a gap");
            stored.insert(seq, text.to_owned());
        }
    }
    let texts: BTreeSet<&String> = stored.values().collect();
    assert_eq!(texts.len() as u64, last, "something is stored twice");
    assert_eq!(seqs(&maker.sync()), (1..=last).collect::<Vec<_>>(), "whoever was never cut has seen everything");
    for talker in &talkers {
        assert!(talker.acknowledged.len() > 10, "{} were acknowledged", talker.acknowledged.len());
        let mut before = 0;
        for (number, seq) in &talker.acknowledged {
            assert_eq!(stored[seq], talker.text(*number), "acknowledged as {seq}");
            assert!(*seq > before, "message {number} came before an earlier one");
            before = *seq;
        }
        assert!(talker.seen.iter().copied().eq(1..=last), "talker {} has a gap", talker.number);
    }
}

/// A program whose link is cut again and again.
struct Talker {
    address: SocketAddr,
    number: usize,
    token: String,
    live: bool,
    random: Random,
    /// By the number of the message: its number in the room.
    acknowledged: BTreeMap<u64, u64>,
    /// How many messages it has begun to send.
    begun: u64,
    /// Every number of the room that it knows of, by a message or by an acknowledgement.
    seen: BTreeSet<u64>,
}

impl Talker {
    fn new(address: SocketAddr, number: usize, token: String, live: bool) -> Talker {
        let (random, acknowledged, seen) = (Random::new(number as u64), BTreeMap::new(), BTreeSet::new());
        Talker { address, number, token, live, random, acknowledged, begun: 0, seen }
    }

    fn text(&self, number: u64) -> String {
        format!("talker {} says {number} \"quoted\"", self.number)
    }

    /// Talks until all cuts are made, and once more without one.
    fn talk(mut self, cuts_left: &AtomicUsize) -> Talker {
        let one_less = |left: usize| left.checked_sub(1);
        while cuts_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
            // Enough to get in, mostly, and sometimes enough for a while.
            let bytes = self.random.one_of(&[600, 2000, 8000]).unwrap();
            let fuse = 1 + self.random.below(bytes) as usize;
            self.converse(fuse, 30);
        }
        self.converse(usize::MAX, 5);
        while !self.is_done() {
            self.converse(usize::MAX, 0);
        }
        self
    }

    fn is_done(&self) -> bool {
        self.acknowledged.len() as u64 == self.begun
    }

    /// Connects, resumes, sends again what was not acknowledged, and sends `messages` more messages, until the connection is
    /// cut after `fuse` bytes, or everything is acknowledged.
    fn converse(&mut self, fuse: usize, messages: u64) {
        let resets = self.random.percent(50);
        let mut link = Link::connect(self.address, fuse, resets);
        // A connection that is live from the start may have seen messages beyond the first missing one.
        let after = (1..).find(|seq| !self.seen.contains(seq)).unwrap() - 1;
        let login =
            json!({"type": "login", "name": format!("talker{}", self.number), "token": self.token, "live": self.live});
        let resume = json!({"type": "resume", "rooms": {"tea": after}, "ref": "resume"});
        let mut lines = format!("{login}\n{resume}\n");
        for number in (1..=self.begun).filter(|number| !self.acknowledged.contains_key(number)) {
            lines += &self.line(number);
        }
        if !link.send(&lines) {
            return self.hear_the_rest(&mut link, after);
        }
        let mut hearing = Hearing::new(after, self.live);
        let end = self.begun + messages;
        loop {
            if self.begun < end {
                self.begun += 1;
                if !link.send(&self.line(self.begun)) {
                    return self.hear_all(&mut link, &mut hearing);
                }
            } else if hearing.is_resumed && self.is_done() {
                link.send("{\"type\":\"quit\"}\n");
                return self.hear_all(&mut link, &mut hearing);
            }
            match link.object() {
                Some(object) => self.hear(&object, &mut hearing),
                None => return,
            }
        }
    }

    fn hear_the_rest(&mut self, link: &mut Link, after: u64) {
        let mut hearing = Hearing::new(after, self.live);
        self.hear_all(link, &mut hearing);
    }

    fn hear_all(&mut self, link: &mut Link, hearing: &mut Hearing) {
        while let Some(object) = link.object() {
            self.hear(&object, hearing);
        }
    }

    fn line(&self, number: u64) -> String {
        let key = format!("{number}");
        let text = self.text(number);
        let line = json!({"type": "send", "room": "tea", "text": text, "key": key, "ref": key});
        format!("{line}\n")
    }

    /// Records what came, and checks that it may come now.
    fn hear(&mut self, object: &Value, hearing: &mut Hearing) {
        let seq = object["seq"].as_u64();
        match object["type"].as_str().unwrap() {
            "message" => {
                let seq = seq.unwrap();
                assert!(hearing.heard.insert(seq), "it came twice: {object}");
                assert!(hearing.is_live || seq == hearing.last + 1, "a gap: {object}");
                self.seen.insert(seq);
                hearing.last = hearing.last.max(seq);
            }
            "stored" => {
                let (seq, number) = (seq.unwrap(), object["ref"].as_str().unwrap().parse().unwrap());
                assert!(hearing.is_live || seq <= hearing.last + 1, "a gap before an acknowledgement: {object}");
                let before = self.acknowledged.insert(number, seq);
                assert!(before.is_none_or(|before| before == seq), "acknowledged as {before:?} and {seq}");
                self.seen.insert(seq);
                hearing.last = hearing.last.max(seq);
            }
            "resumed" => hearing.is_resumed = true,
            "hello" | "logged_in" | "bye" | "joined" => {}
            _ => panic!("talker {} got {object}", self.number),
        }
    }
}

/// What one connection has heard.
struct Hearing {
    /// The highest number, by a message or an acknowledgement.
    last: u64,
    is_resumed: bool,
    /// It hears its rooms since it is logged in, so what it resumes may come behind what is said meanwhile.
    is_live: bool,
    /// What came as a message.
    heard: BTreeSet<u64>,
}

impl Hearing {
    fn new(after: u64, is_live: bool) -> Hearing {
        Hearing { last: after, is_resumed: false, is_live, heard: BTreeSet::new() }
    }
}

/// A connection that breaks after a number of bytes, counted in both directions together.
struct Link {
    socket: Option<TcpStream>,
    fuse: usize,
    /// Whether it breaks by a reset.
    resets: bool,
    received: Vec<u8>,
}

impl Link {
    fn connect(address: SocketAddr, fuse: usize, resets: bool) -> Link {
        let socket = TcpStream::connect(address).expect("the server accepts");
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout can be set");
        socket.set_nodelay(true).expect("it can be set");
        Link { socket: Some(socket), fuse, resets, received: Vec::new() }
    }

    /// Whether the link still holds.
    fn send(&mut self, text: &str) -> bool {
        let Some(socket) = &mut self.socket else { return false };
        let bytes = &text.as_bytes()[..text.len().min(self.fuse)];
        let sent = socket.write_all(bytes).is_ok();
        self.burn(bytes.len());
        sent && self.socket.is_some()
    }

    /// The next object that came whole; nothing once the link is broken.
    fn object(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.received.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap_or_else(|error| panic!("{error}: {line:?}")));
            }
            let mut buffer = [0; 4096];
            let most = buffer.len().min(self.fuse);
            let read = match self.socket.as_mut()?.read(&mut buffer[..most]) {
                Ok(0) => None,
                Ok(read) => Some(read),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
                Err(error) => panic!("nothing came in time: {error}"),
            };
            let Some(read) = read else {
                self.socket = None;
                return None;
            };
            self.received.extend_from_slice(&buffer[..read]);
            self.burn(read);
        }
    }

    fn burn(&mut self, bytes: usize) {
        self.fuse -= bytes;
        if self.fuse == 0
            && let Some(socket) = self.socket.take()
            && self.resets
        {
            sockopt::set_socket_linger(&socket, Some(Duration::ZERO)).expect("it can be set");
        }
    }
}

#[test]
fn a_message_sent_again_under_its_key_is_stored_once() {
    let server = Server::new();
    let running = server.start();
    let mut ann = in_tea(&running, "ann");
    let mut bob = running.register_program("bob");
    bob.ask(json!({"type": "join", "room": "tea"}));
    ann.sync();
    let first = ann.ask(say("once", Some("k-1")));
    assert_eq!((&first["type"], &first["seq"]), (&json!("stored"), &json!(1)));
    assert_eq!(ann.ask(say("once", Some("k-1"))), first, "the same answer, and the same moment");
    assert_eq!(ann.ask(say("other words", Some("k-1"))), first);
    // Both in one turn of the broker.
    ann.send_line(&format!("{}\n{}", say("twice", Some("k-2")), say("twice", Some("k-2"))));
    assert_eq!(ann.expect("stored")["seq"], 2);
    assert_eq!(ann.expect("stored")["seq"], 2);
    // A key counts for one account and one room.
    assert_eq!(bob.ask(say("once", Some("k-1")))["seq"], 3);
    let mut elsewhere = say("once", Some("k-1"));
    elsewhere["room"] = json!("general");
    assert_eq!(ann.ask(elsewhere)["seq"], 2);
    let mut direct = say("once", Some("k-1"));
    direct["room"] = json!("@bob");
    assert_eq!(ann.ask(direct.clone())["seq"], 1);
    assert_eq!(ann.ask(direct)["seq"], 1);
    assert_eq!(ann.ask(say("no key", None))["seq"], 4);
    assert_eq!(ann.ask(say("no key", None))["seq"], 5);
    let heard = bob.sync();
    let in_tea: Vec<Value> = heard.iter().filter(|object| object["room"] == "tea").cloned().collect();
    assert_eq!(seqs(&in_tea), [1, 2, 4, 5]);
    running.kill();

    let running = server.start();
    let mut ann = running.login_program("ann");
    assert_eq!(ann.ask(say("once", Some("k-1"))), first, "also after a restart");
    assert_eq!(ann.ask(say("new", Some("k-3")))["seq"], 6);
    // Another connection of the same account.
    let mut other = running.login_program("ann");
    assert_eq!(other.ask(say("new", Some("k-3")))["seq"], 6);
}

#[test]
fn a_silent_program_hears_nothing_before_it_resumes() {
    let server = Server::start_new();
    let mut ann = in_tea(&server, "ann");
    let mut bob = server.register_program("bob");
    bob.ask(json!({"type": "join", "room": "tea"}));
    ann.ask(say("one", None));
    ann.ask(json!({"type": "send", "room": "@bob", "text": "hello"}));
    bob.ask(json!({"type": "quit"}));
    ann.ask(say("two", None));
    let mut bob = silent(&server, "bob");
    ann.ask(say("three", None));
    ann.ask(json!({"type": "send", "room": "@bob", "text": "psst"}));
    assert_eq!(bob.sync(), [json!(null); 0]);

    let resumed = bob.ask(json!({"type": "resume", "rooms": {"tea": 1, "attic": 7}}));
    let expected =
        json!({"type": "resumed", "rooms": {"tea": 3}, "room_ids": {"2": 3}, "gone": ["attic"], "gone_ids": []});
    assert_eq!(resumed, expected);
    assert_eq!(seqs(&bob.sync()), [2, 3]);
    // A room that was not named is live from then on, without what came before.
    ann.ask(json!({"type": "send", "room": "@bob", "text": "are you there?"}));
    ann.ask(say("four", None));
    let heard = bob.sync();
    let texts: Vec<&str> = heard.iter().map(|object| object["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["are you there?", "four"]);
    // What was resumed, or heard, counts as read; what was left out does not.
    bob.ask(json!({"type": "quit"}));
    let back = server.program().ask(json!({"type": "login", "name": "bob", "password": "password-of-bob"}));
    let unread: Vec<(&str, u64)> = back["rooms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|room| (room["room"].as_str().unwrap(), room["unread"].as_u64().unwrap()))
        .collect();
    assert_eq!(unread, [("general", 0), ("tea", 0), ("@ann", 1)]);
}

#[test]
fn whoever_is_live_already_is_given_what_came_before_and_nothing_twice() {
    let server = Server::start_new();
    let mut ann = in_tea(&server, "ann");
    let mut bob = server.register_program("bob");
    bob.ask(json!({"type": "join", "room": "tea"}));
    bob.ask(json!({"type": "quit"}));
    (1..=4).for_each(|n| drop(ann.ask(say(&format!("line {n}"), None))));
    let mut bob = server.login_program("bob");
    ann.ask(say("line 5", None));
    assert_eq!(seqs(&bob.sync()), [5], "it is live");
    let resumed = bob.ask(json!({"type": "resume", "rooms": {"tea": 2}}));
    assert_eq!(resumed["rooms"], json!({"tea": 4}), "up to where it became live");
    assert_eq!(seqs(&bob.sync()), [3, 4]);
    bob.ask(json!({"type": "resume", "rooms": {"tea": 5}}));
    ann.ask(say("line 6", None));
    assert_eq!(seqs(&bob.sync()), [6]);
}

#[test]
fn a_long_absence_is_made_up_in_order_while_others_talk() {
    const BEFORE: u64 = 1500;
    let server = Server::start_new();
    let mut ann = in_tea(&server, "ann");
    let mut bob = server.register_program("bob");
    bob.ask(json!({"type": "join", "room": "tea"}));
    bob.ask(json!({"type": "quit"}));
    let text = "x".repeat(1500);
    (0..BEFORE).for_each(|_| ann.send(&say(&text, None)));
    ann.sync();
    let talk = thread::spawn(move || {
        (0..2000).for_each(|n| ann.send(&say(&format!("live {n}"), None)));
        ann.sync();
    });
    let mut bob = silent(&server, "bob");
    bob.send(&json!({"type": "resume", "rooms": {"tea": 0}, "ref": "r"}));
    let (mut last, mut is_resumed) = (0, false);
    while last < BEFORE + 2000 || !is_resumed {
        let object = bob.next().expect("bob is connected");
        match object["type"].as_str().unwrap() {
            "message" => {
                last += 1;
                assert_eq!(object["seq"], last);
            }
            "resumed" => {
                assert_eq!((&object["ref"], &object["rooms"]["tea"]), (&json!("r"), &json!(last)));
                is_resumed = true;
            }
            _ => panic!("{object}"),
        }
    }
    talk.join().expect("ann talks to the end");
}

#[test]
fn a_room_keeps_its_number_whatever_it_is_called() {
    let server = Server::start_new();
    let mut ann = in_tea(&server, "ann");
    let mut bob = server.register_program("bob");
    let tea = bob.ask(json!({"type": "join", "room": "tea"}))["room_id"].clone();
    bob.ask(json!({"type": "quit"}));
    (1..=4).for_each(|n| drop(ann.ask(say(&format!("line {n}"), None))));
    let mut bob = silent(&server, "bob");
    let mut other_bob = silent(&server, "bob");
    // The name passes on to another room, in which bob is too.
    ann.ask(json!({"type": "rename_room", "room_id": tea, "name": "mate"}));
    ann.ask(json!({"type": "create", "room": "tea"}));
    ann.ask(json!({"type": "invite", "room": "tea", "name": "bob"}));
    other_bob.ask(json!({"type": "accept", "room": "tea"}));
    (1..=9).for_each(|n| drop(ann.ask(say(&format!("another {n}"), None))));
    let renamed = bob.expect("renamed");
    let expected = json!({"type": "renamed", "room": "tea", "room_id": tea, "name": "mate", "by": "ann"});
    assert_eq!(renamed, expected, "a silent program knows the room by its name, so it is shown that this has changed");

    bob.sync();
    let number = tea.to_string();
    let resumed = bob.ask(json!({"type": "resume", "room_ids": {&number: 2, "999": 7}}));
    assert_eq!((&resumed["rooms"], &resumed["room_ids"]), (&json!({"mate": 4}), &json!({number: 4})));
    assert_eq!((&resumed["gone"], &resumed["gone_ids"]), (&json!([]), &json!([999])));
    let given = bob.sync();
    assert_eq!(seqs(&given), [3, 4]);
    assert!(given.iter().all(|message| message["room"] == "mate" && message["room_id"] == tea), "{given:?}");
    let stored = bob.ask(json!({"type": "send", "room_id": tea, "text": "still here"}));
    assert_eq!((&stored["room"], &stored["seq"]), (&json!("mate"), &json!(5)));
}

#[test]
fn a_retry_by_number_reaches_nobody_else() {
    let server = Server::start_new();
    let mut ann = in_tea(&server, "ann");
    let mut bob = server.register_program("bob");
    let direct = ann.ask(json!({"type": "send", "room": "@bob", "text": "hello"}))["room_id"].clone();
    let tea = ann.ask(say("hello", None))["room_id"].clone();
    bob.ask(json!({"type": "delete_account", "password": "password-of-bob"}));
    ann.ask(json!({"type": "delete_room", "room": "tea", "confirm": "tea"}));
    ann.ask(json!({"type": "create", "room": "tea"}));
    let mut retry = |room: &Value| {
        let answer = ann.ask(json!({"type": "send", "room_id": room, "text": "a secret", "key": "k"}));
        (answer["code"].clone(), answer["room_id"].clone())
    };
    assert_eq!(retry(&direct).0, "account_gone");
    assert_eq!(retry(&tea), (json!("no_such_room"), tea), "a number is never used again");
}

#[test]
fn a_number_tells_no_more_of_a_private_room_than_a_name() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register_program("ann"), server.register_program("bob"));
    let den = ann.ask(json!({"type": "create", "room": "den", "visibility": "private"}))["room_id"].clone();
    let direct = ann.ask(json!({"type": "send", "room": "@ann", "text": "note"}));
    assert_eq!(direct["code"], "not_to_yourself");
    for request in ["room", "topic", "who", "history", "bans", "join", "leave", "catch_up"] {
        let mut ask = |room: &Value| {
            let mut refused = bob.ask(json!({"type": request, "room_id": room}));
            assert_eq!(refused["room_id"].take(), *room, "{request}");
            refused["text"] = json!(refused["text"].as_str().unwrap().replace(&room.to_string(), "N"));
            refused
        };
        assert_eq!(ask(&den), ask(&json!(999)), "{request}");
    }
    ann.ask(json!({"type": "invite", "room_id": den, "name": "bob"}));
    assert_eq!(bob.ask(json!({"type": "join", "room_id": den}))["type"], "entered");
}

#[test]
fn numbers_that_were_never_given_are_refused() {
    let server = Server::start_new();
    let mut ann = in_tea(&server, "ann");
    ann.ask(say("one", None));
    let refused = ann.ask(json!({"type": "resume", "rooms": {"tea": 2}}));
    assert_eq!(
        (&refused["code"], &refused["room"], &refused["last"]),
        (&json!("no_such_messages"), &json!("tea"), &json!(1))
    );
    for rooms in [json!([]), json!({"tea": -1}), json!({"tea": "1"}), json!({"te a": 1}), json!(7)] {
        assert_eq!(ann.ask(json!({"type": "resume", "rooms": rooms}))["code"], "bad_field");
    }
    assert_eq!(ann.ask(json!({"type": "resume"}))["type"], "resumed");
}
