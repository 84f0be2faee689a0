//! What one request may cost: every request of both protocols, with large arguments, in a large room and among long lists,
//! takes at most 5 ms of the broker and is answered by at most 64 KiB.
//!
//! The requests come from the tables of the protocols: one that is not swept fails the test. Time is that of the broker's
//! thread on a processor, which a busy machine does not lengthen much. The size is small where the program is not optimised;
//! `cargo test --release -- --ignored request_of_the_largest` sweeps the full one.

use std::fs;
use std::path::Path;
use std::time::Duration;

use chat_server::protocol::json;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::support::{Client, Program, Running, Server};

/// The most bytes of an answer.
const ANSWER_MAX_BYTES: usize = 64 << 10;
/// The most time that the broker takes for one request. Code that is not optimised takes about 10 times as long.
const BROKER_MAX: Duration = Duration::from_millis(if cfg!(debug_assertions) { 50 } else { 5 });
/// A request that may be repeated is measured by its quickest run.
const REPEATS: usize = 3;

const SETTINGS: &str = "json_line_max_bytes = 65536\nrooms_created_per_hour_max = 100000";

/// A server with `size` accounts, all in `#big`, as many public rooms and bans, and the account `ana`, which operates the
/// server, owns `#big` and has a tenth as many direct rooms.
fn filled(size: i64) -> Running {
    let folder = Server::with(SETTINGS);
    let server = folder.start();
    let mut ana = server.register_operator("ana");
    ana.ask("/create big");
    ana.ask("/create team private");
    server.register("bob");
    server.stop();
    fill(&folder.data().join("chat.db"), size);
    folder.into_running()
}

fn fill(path: &Path, size: i64) {
    let mut store = Connection::open(path).expect("the store can be opened");
    let id = |name: &str| -> i64 {
        let query = "SELECT id FROM account WHERE name = ?1 UNION ALL SELECT id FROM room WHERE name = ?1";
        store.query_row(query, [name], |row| row.get(0)).expect("it is there")
    };
    let (ana, big) = (id("ana"), id("big"));
    let text = "\"".repeat(300);
    let all = store.transaction().expect("a transaction");
    let run = |query: &str, values: &[&dyn rusqlite::ToSql]| {
        all.prepare_cached(query).and_then(|mut query| query.execute(values)).unwrap_or_else(|error| panic!("{error}"));
    };
    let member = "INSERT INTO member (room, account, role, since, read) VALUES (?1, ?2, ?3, 0, 0)";
    for number in 0..size {
        let (account, room) = (1_000 + number, 1_000_000 + number);
        let account_row =
            "INSERT INTO account (id, name, hash, password_version, created, away) VALUES (?1, ?2, '!', 1, 0, ?3)";
        run(account_row, params![account, format!("guest-of-many-{number:06}"), text]);
        run(member, params![big, account, 0]);
        let room_row = "INSERT INTO room (id, name, visibility, created, topic, topic_by, topic_at) VALUES (?1, ?2, 0, 0, ?3, ?4, 0)";
        run(room_row, params![room, format!("rooms-of-many-{number:06}"), text, account]);
        run(member, params![room, account, 2]);
        let ban = "(?1, ?2, 0, NULL, ?3)";
        run(
            &format!("INSERT INTO account_ban (account, by, at, until, why) VALUES {ban}"),
            params![account, ana, text],
        );
        run(
            "INSERT INTO ban (room, account, by, at, until, why) VALUES (?1, ?2, ?3, 0, NULL, ?4)",
            params![big, account, ana, text],
        );
        if number % 10 == 0 {
            let (direct, namesake) = (2_000_000 + number, 3_000_000 + number);
            run("INSERT INTO room (id, created) VALUES (?1, 0)", params![direct]);
            [ana, account].iter().for_each(|who| run(member, params![direct, who, 0]));
            let said = "INSERT INTO message (room, seq, at, author, kind, body) VALUES (?1, 1, 0, ?2, 0, 'hello ana')";
            run(said, params![direct, account]);
            run("INSERT INTO room (id, name, visibility, created) VALUES (?1, 'team', 1, 0)", params![namesake]);
            run(member, params![namesake, account, 2]);
        }
    }
    all.commit().expect("it can be stored");
}

/// How long the broker's thread has been on a processor.
fn broker_time(server: &Running) -> Duration {
    for task in fs::read_dir(format!("/proc/{}/task", server.pid())).expect("the process runs") {
        let task = task.expect("it can be listed").path();
        if fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "broker") {
            let times = fs::read_to_string(task.join("schedstat")).expect("the kernel counts it");
            let ns = times.split(' ').next().and_then(|ns| ns.parse().ok()).expect("a number of nanoseconds");
            return Duration::from_nanos(ns);
        }
    }
    panic!("there is no broker");
}

/// What a session is asked, in this order; `N` stands for the number of the repetition.
fn objects(word: &str) -> Vec<Value> {
    let (big, guest, long) = ("big", "guest-of-many-000001", "\"".repeat(300));
    let unknown: serde_json::Map<String, Value> =
        (0..2000).map(|number| (format!("@rooms-of-many-{:05}", number), json!(0))).collect();
    let names: String = (0..90).map(|number| format!("guest-of-many-{number:06} ")).collect();
    let with = |fields: Value| {
        let mut object = fields;
        object["type"] = json!(word);
        object
    };
    let lines = match word {
        "ping" | "unread" | "tokens" | "back" => vec![json!({})],
        "send" => vec![json!({"room": big, "text": names}), json!({"room": "team", "text": "\"".repeat(2000)})],
        "resume" => vec![json!({"rooms": unknown}), json!({"rooms": {"team": 0, "big": 0}})],
        "read" => vec![json!({"room": big, "up_to": 0})],
        "catch_up" => vec![json!({"room": null})],
        "create" => vec![json!({"room": "attic-N"}), json!({"room": "team", "visibility": "private"})],
        "join" => {
            vec![json!({"room": big}), json!({"room": "rooms-of-many-000001"}), json!({"room": "rooms-of-manyx"})]
        }
        "leave" => vec![json!({"room": "rooms-of-many-000001"}), json!({"room": "team"})],
        "topic" => vec![json!({"room": big, "text": long}), json!({"room": big})],
        "set_visibility" => vec![json!({"room": "attic-N", "visibility": "private"})],
        "rename_room" => vec![json!({"room": big, "name": "big-N"}), json!({"room": "big-N", "name": big})],
        "delete_room" => vec![json!({"room": "attic-N", "confirm": "attic-N"})],
        "hand_over" => vec![json!({"room": big, "name": "nobody"})],
        "invite" => vec![json!({"room": "team", "name": guest})],
        "invite_code" => vec![json!({"room": "team"})],
        "accept" => vec![json!({"room": "team"}), json!({"room": "rooms-of-manyx"})],
        "uninvite" => vec![json!({"room": "team", "name": guest})],
        "away" => vec![json!({"text": long})],
        "kick" | "ban" => vec![json!({"room": big, "name": "guest-of-many-00002N", "why": long})],
        "unban" => vec![json!({"room": big, "name": "guest-of-many-00002N"})],
        "promote" | "demote" => vec![json!({"room": big, "name": guest})],
        "operator" => vec![json!({"code": "maple-otter-42"})],
        "server_kick" | "server_ban" | "server_promote" | "server_demote" => {
            vec![json!({"name": "bob", "why": long}), json!({"name": "guest-of-manyx"})]
        }
        "server_unban" => vec![json!({"name": "bob"}), json!({"address": "192.0.2.1"})],
        "rooms" | "own_rooms" | "server_bans" | "sessions" => {
            vec![json!({}), json!({"page": 2}), json!({"page": 20}), json!({"page": 1_000_000})]
        }
        "room" => vec![json!({"room": big}), json!({"room": "genera"})],
        "who" => vec![json!({"room": big}), json!({"room": big, "page": 20}), json!({})],
        "whois" => vec![json!({"name": "ana"}), json!({"name": guest}), json!({"name": "guest-of-manyx"})],
        "history" => vec![json!({"room": "team", "count": 100}), json!({"room": big, "from": 1})],
        "bans" => vec![json!({"room": big}), json!({"room": big, "page": 20})],
        "new_token" => vec![json!({"name": "bridge-N"})],
        "revoke_token" => vec![json!({"name": "bridge-N"})],
        "server_registration" => vec![json!({}), json!({"registration": "open"})],
        "server_code" => vec![json!({})],
        "server_password" | "server_free" => vec![json!({"name": "bob"}), json!({"name": "guest-of-manyx"})],
        "close_session" => vec![json!({"session": 1_000_000})],
        "set_password" | "delete_account" => {
            vec![json!({"old": "no password", "new": "no password", "password": "no"})]
        }
        // Measured by themselves, below.
        "login" | "register" | "reset_password" | "logout" | "quit" => Vec::new(),
        other => panic!("the sweep has no request of type {other:?}: add its largest ones"),
    };
    lines.into_iter().map(with).collect()
}

/// The same for people, by the first word of a command.
fn lines(word: &str) -> Vec<&'static str> {
    match word {
        "say" => vec!["/say #big hello", "/say #rooms-of-manyx hello"],
        "me" => vec!["/me waves"],
        "msg" | "tell" => vec!["/msg guest-of-many-000001 hello", "/msg guest-of-manyx hello"],
        "reply" => vec!["/reply hello"],
        "dm" => vec!["/dm guest-of-many-000001"],
        "join" => vec!["/join #big", "/join #rooms-of-manyx"],
        "leave" => vec!["/leave #team"],
        "rooms" => vec!["/rooms", "/rooms 20", "/rooms mine", "/rooms mine 20"],
        "create" => vec!["/create cellar-N"],
        "topic" => vec!["/topic #big tea", "/topic #big"],
        "room" => vec!["/room #big", "/room #big rename big-N", "/room #big-N rename big"],
        "invite" => vec!["/invite guest-of-many-000001 #team", "/invite code #team"],
        "accept" => vec!["/accept", "/accept team"],
        "uninvite" => vec!["/uninvite guest-of-many-000001 #team"],
        "who" => vec!["/who", "/who #big", "/who #big 20"],
        "whois" => vec!["/whois ana", "/whois guest-of-manyx"],
        "away" => vec!["/away lunch"],
        "back" => vec!["/back"],
        "history" => vec!["/history #team 100"],
        "unread" => vec!["/unread"],
        "catchup" => vec!["/catchup"],
        "more" => vec!["/more"],
        "kick" => vec!["/kick #big guest-of-many-00003N"],
        "ban" => vec!["/ban #big guest-of-many-00003N"],
        "unban" => vec!["/unban #big guest-of-many-00003N"],
        "bans" => vec!["/bans #big", "/bans #big 20"],
        "op" | "deop" => vec!["/op #big guest-of-many-000001", "/deop #big guest-of-many-000001"],
        "set" => vec!["/set acks on", "/set acks off"],
        "token" => vec!["/token list"],
        "sessions" => vec!["/sessions"],
        "help" => vec!["/help all"],
        "version" => vec!["/version"],
        "operator" => vec!["/operator maple-otter-river-stone-lamp-42"],
        "server" => vec!["/server bans", "/server bans 20", "/server kick bob"],
        // They ask for a password first, or end the session.
        "password" | "account" | "logout" | "quit" => Vec::new(),
        other => panic!("the sweep has no command /{other}: add its largest lines"),
    }
}

/// The costs that were seen.
#[derive(Default)]
struct Costs {
    longest: (Duration, String),
    largest: (usize, String),
    over: Vec<String>,
}

impl Costs {
    /// Runs `request` some times, each of which returns the bytes of its answer.
    fn measure(&mut self, server: &Running, what: &str, request: impl FnMut(usize) -> usize) {
        self.measure_runs(REPEATS, server, what, request);
    }

    fn measure_runs(&mut self, runs: usize, server: &Running, what: &str, mut request: impl FnMut(usize) -> usize) {
        let (mut quickest, mut most) = (Duration::MAX, 0);
        for number in 0..runs {
            let before = broker_time(server);
            most = most.max(request(number));
            quickest = quickest.min(broker_time(server) - before);
        }
        let what: String = what.chars().take(100).collect();
        if quickest > BROKER_MAX || most > ANSWER_MAX_BYTES {
            self.over.push(format!("{what}: {quickest:?}, {most} bytes"));
        }
        self.longest = self.longest.clone().max((quickest, what.clone()));
        self.largest = self.largest.clone().max((most, what));
    }
}

fn ask(program: &mut Program, object: &Value) -> usize {
    program.send(object);
    program.sync().iter().map(|object| object.to_string().len() + 1).sum()
}

fn tell(client: &mut Client, line: &str) -> usize {
    client.ask(line).iter().map(|line| line.len() + 2).sum()
}

fn sweep(size: i64) {
    let server = filled(size);
    let mut costs = Costs::default();
    costs.measure(&server, "a login", |_| {
        let mut program = server.program();
        let login = json!({"type": "login", "name": "ana", "password": "password-of-ana"});
        program.ask(login).to_string().len()
    });
    let mut ana = server.login_program("ana");
    for word in json::REQUESTS.concat() {
        for object in objects(word) {
            costs.measure(&server, &object.to_string(), |number| {
                let numbered =
                    object.to_string().replace("-N", &format!("-{number}")).replace("2N\"", &format!("2{number}\""));
                ask(&mut ana, &serde_json::from_str(&numbered).expect("it was an object"))
            });
        }
    }
    let mut ana = server.login("ana");
    let words: Vec<String> = ana.ask("/help all").iter().filter_map(|line| command(line)).collect();
    assert!(words.len() > 30, "{words:?}");
    for word in words {
        for line in lines(&word) {
            costs.measure(&server, line, |number| {
                tell(&mut ana, &line.replace("-N", &format!("-{number}")).replace("3N", &format!("3{number}")))
            });
        }
    }
    // The room of all accounts: it can be deleted only once.
    let mut program = server.login_program("ana");
    let deletion = json!({"type": "delete_room", "room": "big", "confirm": "big"});
    costs.measure_runs(1, &server, "deleting the largest room", |_| {
        let answer = program.ask(deletion.clone());
        assert_eq!(answer["type"], "you_left", "{answer}");
        answer.to_string().len()
    });
    println!("{size} accounts: longest {:?}, largest {:?}", costs.longest, costs.largest);
    assert!(costs.over.is_empty(), "more than {BROKER_MAX:?} or {ANSWER_MAX_BYTES} bytes: {:#?}", costs.over);
}

/// The command that a line of `/help all` shows.
fn command(line: &str) -> Option<String> {
    let usage = line.split_whitespace().find(|word| word.starts_with('/'))?;
    Some(usage.trim_start_matches('/').to_owned())
}

#[test]
fn no_request_takes_long_or_is_answered_at_length() {
    sweep(2_000);
}

#[test]
#[ignore = "a measurement"]
fn no_request_of_the_largest_chat_takes_long_or_is_answered_at_length() {
    sweep(100_000);
}
