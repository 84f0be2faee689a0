//! The grid of permissions: docs/permissions.md, cell by cell.
//!
//! The tables of that page are the test. For each cell there is a room with somebody in every role; the command, which the
//! page has as people type it, is sent through the JSON codec, and the answer must be what the cell says.

use std::collections::{BTreeMap, BTreeSet};

use chat_server::chat::Event;
use chat_server::protocol::json::{self, Object, Request};
use chat_server::protocol::text::{Typed, parse};
use serde_json::json;

use crate::behaviour::ask;
use crate::behaviour::house::{House, Person, Transport, code_of};
use crate::support::Server;

const PAGE: &str = include_str!("../../docs/permissions.md");

/// Everybody there is. Some act, some are only acted on.
const PEOPLE: [&str; 12] = [
    "owner",
    "moderator",
    "moderator2",
    "member",
    "member2",
    "invited",
    "banned",
    "outsider",
    "stranger",
    "operator",
    "operator2",
    "victim",
];

/// The name of a person's account: the roles themselves are words of the server.
fn account(person: &str) -> String {
    format!("x-{person}")
}

/// The request of a command. Its first word is the verb, and so is the second of `/room #R owner bob`.
fn request(command: &str) -> Request {
    let is_verb = |index: usize| index == 0 || command.starts_with("/room ") && index == 2;
    let word = |(index, word): (usize, &str)| match PEOPLE.contains(&word) && !is_verb(index) {
        true => account(word),
        false => word.to_owned(),
    };
    let line = command.split(' ').enumerate().map(word).collect::<Vec<_>>().join(" ");
    match parse(line.as_bytes()) {
        Typed::Ask(ask) => Request::from(ask),
        Typed::InviteCode { room: Some(room) } => Request::InviteByCode { room },
        Typed::PasswordCode { who } => Request::PasswordCode { name: who },
        Typed::RegistrationCode => Request::RegistrationCode,
        other => panic!("{command}: {other:?}"),
    }
}

/// A table of the page: the columns of roles, and the rows.
struct Table {
    roles: Vec<&'static str>,
    rows: Vec<Row>,
}

struct Row {
    command: &'static str,
    cells: Vec<&'static str>,
}

/// The table under a heading.
fn table(heading: &str) -> Table {
    let (_, section) = PAGE.split_once(&format!("\n## {heading}\n")).expect("the page has the section");
    let lines = section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let mut lines = lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    let roles = lines.next().expect("a head")[2..].to_vec();
    let rows = lines.skip(1).map(|cells| Row { command: cells[1].trim_matches('`'), cells: cells[2..].to_vec() });
    let table = Table { roles, rows: rows.collect() };
    assert!(table.rows.len() > 5 && table.rows.iter().all(|row| row.cells.len() == table.roles.len()), "{heading}");
    table
}

/// A server with everybody on it.
struct Stage {
    house: House,
    people: BTreeMap<&'static str, Person>,
    rooms: u32,
}

impl Stage {
    fn new() -> Stage {
        let house = House::with(Transport::Json, "rooms_per_account_max = 100000");
        let people = PEOPLE.map(|person| (person, house.register(&account(person)))).into();
        let code = house.operator_code();
        let mut stage = Stage { house, people, rooms: 0 };
        stage.does("operator", ask::claim_operator(&code));
        stage.does("operator", ask::server_promote(&account("operator2")));
        stage
    }

    fn person(&mut self, person: &str) -> &mut Person {
        self.people.get_mut(person).expect("it is one of the people")
    }

    /// Lets somebody do what must not be refused.
    fn does(&mut self, person: &str, request: Request) {
        self.person(person).does(request);
    }

    /// A new room with somebody in every role. Its name is far from that of every other.
    fn room(&mut self, is_private: bool) -> String {
        self.rooms += 1;
        let room = format!("r{0:03}-{0:03}-{0:03}", self.rooms);
        let label = format!("#{room}");
        self.does("owner", if is_private { ask::create_private(&room) } else { ask::create(&room) });
        let members = ["moderator", "moderator2", "member", "member2", "banned"];
        for person in members.into_iter().chain(["invited"]) {
            self.does("owner", ask::invite(&label, &account(person)));
        }
        for person in members {
            self.does(person, ask::accept(&room));
        }
        self.does("owner", ask::promote(&label, &account("moderator")));
        self.does("owner", ask::promote(&label, &account("moderator2")));
        self.does("owner", ask::ban(&label, &account("banned"), ""));
        self.does("owner", ask::set_topic(&label, "tea"));
        self.does("owner", ask::say(&label, "a word"));
        room
    }

    /// What a command leads to: `yes`, or the code of the refusal; for a list, whether it has `room`.
    fn outcome(&mut self, person: &str, command: &str, room: &str) -> &'static str {
        let answer = self.person(person).answer(request(command));
        if let [Object::Event(Event::RoomList { rows, .. })] = &answer[..] {
            return if rows.iter().any(|row| *row.room == ask::room(room)) { "yes" } else { "not_listed" };
        }
        code_of(&answer).unwrap_or("yes")
    }
}

/// Collects what differs from the page, so that one run shows all of it.
#[derive(Default)]
struct Differences {
    cells: usize,
    found: Vec<String>,
}

impl Differences {
    fn compare(&mut self, command: &str, role: &str, expected: &str, outcome: &str) {
        self.cells += 1;
        if expected != outcome {
            self.found.push(format!("{command} by {role}: the page says {expected}, the server {outcome}"));
        }
    }

    #[track_caller]
    fn judge(self, cells_min: usize) {
        assert!(self.found.is_empty(), "{} of {} cells: {:#?}", self.found.len(), self.cells, self.found);
        assert!(self.cells >= cells_min, "only {} cells", self.cells);
    }
}

/// A room with all roles, for each cell that changed the last one.
fn check_rooms(heading: &str, is_private: bool) {
    let table = table(heading);
    let (mut stage, mut differences, mut room) = (Stage::new(), Differences::default(), None);
    for row in &table.rows {
        for (role, expected) in table.roles.iter().zip(&row.cells) {
            let now = room.take().unwrap_or_else(|| stage.room(is_private));
            let label = format!("#{now}");
            let command = row.command.split(' ').map(|word| match word {
                "#R" => label.clone(),
                "R" => now.clone(),
                "N" => format!("n{now}"),
                other => other.to_owned(),
            });
            let command = command.collect::<Vec<_>>().join(" ");
            let outcome = stage.outcome(role, &command, &label);
            differences.compare(&command, role, expected, outcome);
            // A refused request changes nothing, so the room serves for the next cell too.
            let is_read = ["/rooms", "/history", "/who"].iter().any(|it| row.command.starts_with(it));
            if outcome != "yes" || is_read {
                room = Some(now);
            } else {
                // So that no list grows long. Who owns it, and what it is called, may have changed.
                stage.person("owner").answer(ask::delete_room(&label, &now));
            }
        }
    }
    differences.judge(200);
}

#[test]
fn in_a_public_room_everybody_may_do_what_the_page_says() {
    check_rooms("A public room", false);
}

#[test]
fn in_a_private_room_everybody_may_do_what_the_page_says() {
    check_rooms("A private room", true);
}

#[test]
fn in_general_everybody_may_do_what_the_page_says() {
    let (table, mut stage, mut differences) = (table("The room general"), Stage::new(), Differences::default());
    for row in &table.rows {
        for (role, expected) in table.roles.iter().zip(&row.cells) {
            let command = row.command.replace("#R", "#general").replace(" R", " general").replace(" N", " new-name");
            let outcome = stage.outcome(role, &command, "#general");
            differences.compare(&command, role, expected, outcome);
        }
        // As before, for the next row.
        stage.person("operator").answer(ask::unban("#general", &account("member2")));
        stage.person("operator").answer(ask::remove_topic("#general"));
        for person in ["member", "member2", "operator"] {
            stage.does(person, ask::join("#general"));
        }
    }
    differences.judge(20);
}

#[test]
fn in_a_direct_room_everybody_may_do_what_the_page_says() {
    let (table, mut stage, mut differences) = (table("Direct messages"), Stage::new(), Differences::default());
    stage.does("member", ask::say("@x-member2", "a word"));
    for (role, person) in [("somebody else", "outsider"), ("one of the two", "member")] {
        let column = table.roles.iter().position(|it| *it == role).expect("it is a column");
        // Saying something comes last: it would make somebody else one of two.
        let (last, first): (Vec<&Row>, Vec<&Row>) = table.rows.iter().partition(|row| row.command.starts_with("/say "));
        for row in first.into_iter().chain(last) {
            let command = row.command.replace("@P", "@x-member2");
            let outcome = stage.outcome(person, &command, "@x-member2");
            differences.compare(&command, role, row.cells[column], outcome);
        }
    }
    differences.judge(10);
}

#[test]
fn by_a_token_everybody_may_do_what_the_page_says() {
    let table = table("By a token");
    let words: BTreeSet<&str> = json::REQUESTS.into_iter().flatten().copied().collect();
    let listed: BTreeSet<&str> =
        table.rows.iter().map(|row| row.command).chain(["login", "register", "reset_password"]).collect();
    assert_eq!(listed, words, "each request has a row");
    let server = Server::start_new();
    let mut owner = server.register_program("owner-1");
    owner.ask(json!({"type": "create", "room": "tea"}));
    let mut differences = Differences::default();
    for (column, scope) in table.roles.iter().enumerate() {
        let token = owner.ask(json!({"type": "new_token", "name": scope, "scope": scope}))["token"].clone();
        for row in &table.rows {
            let mut program = server.program();
            program.ask(json!({"type": "login", "name": "owner-1", "token": token}));
            // One object has the fields of every request, and what is not allowed for another reason changes nothing.
            let outcome = program.ask(json!({
                "type": row.command, "room": "tea", "name": "nobody-2", "text": "words", "page": 1, "up_to": 0, "rooms": {}, "seconds": 60,
                "visibility": "private", "confirm": "cake", "code": "no-such-code", "session": 999_999, "old": "wrong-one",
                "new": "another-one",
            }));
            let code = outcome["code"].as_str().unwrap_or("yes");
            let outcome = if ["token_scope", "password_needed"].contains(&code) { code } else { "yes" };
            differences.compare(row.command, scope, row.cells[column], outcome);
        }
    }
    differences.judge(3 * words.len() - 10);
}

#[test]
fn on_the_server_everybody_may_do_what_the_page_says() {
    let (table, mut stage, mut differences) = (table("The server"), Stage::new(), Differences::default());
    stage.house.register("outcast");
    stage.does("operator2", ask::server_ban("outcast", ""));
    for row in &table.rows {
        for (role, expected) in table.roles.iter().zip(&row.cells) {
            let person = if *role == "account" { "member" } else { role };
            let outcome = stage.outcome(person, row.command, "#general");
            differences.compare(row.command, role, expected, outcome);
        }
        // As before, for the next row.
        stage.person("operator").answer(ask::server_unban(&account("victim")));
        stage.person("operator").answer(ask::server_promote(&account("operator2")));
    }
    differences.judge(10);
}
