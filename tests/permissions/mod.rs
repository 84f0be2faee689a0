//! The grid of permissions: docs/permissions.md, cell by cell.
//!
//! The tables of that page are the test. For each cell there is a room with somebody in every role, the command is asked,
//! and what comes back must be what the cell says: by each front.

mod front;

use std::collections::BTreeMap;

use chat_server::chat::RoomLabel;
use serde_json::json;

use crate::support::{Client, Program, Running, Server, name};
use front::Front;

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

fn account(person: &str) -> String {
    format!("x-{person}")
}

/// What a cell asks for.
struct Request {
    /// With the room and the free name put in.
    command: String,
    room: RoomLabel,
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
struct House {
    server: Running,
    people: BTreeMap<&'static str, Client>,
    /// The same people's programs, of those who ask by them.
    programs: BTreeMap<String, Program>,
    rooms: u32,
}

impl House {
    fn new() -> House {
        let server = Server::with("rooms_per_account_max = 100000").into_running();
        let mut people: BTreeMap<_, _> = PEOPLE.map(|person| (person, server.register(&account(person)))).into();
        let code = server.operator_code.clone().expect("a new server prints a code");
        let operator = people.get_mut("operator").expect("it is there");
        operator.ask(&format!("/operator {code}"));
        operator.ask("/server op x-operator2");
        House { server, people, programs: BTreeMap::new(), rooms: 0 }
    }

    fn client(&mut self, person: &str) -> &mut Client {
        self.people.get_mut(person).expect("it is one of the people")
    }

    /// Lets somebody ask for several things, and reads what came of it.
    fn tell(&mut self, person: &str, lines: &[String]) -> Vec<String> {
        let client = self.client(person);
        lines.iter().for_each(|line| client.send(line));
        client.sync()
    }

    /// A new room with somebody in every role. Its name is far from that of every other.
    fn room(&mut self, visibility: &str) -> String {
        self.rooms += 1;
        let room = format!("r{0:03}-{0:03}-{0:03}", self.rooms);
        let members = ["moderator", "moderator2", "member", "member2", "banned"];
        let mut lines = vec![format!("/create {room} {visibility}")];
        lines.extend(members.iter().chain(&["invited"]).map(|person| format!("/invite {}", account(person))));
        self.tell("owner", &lines);
        for person in members {
            self.tell(person, &[format!("/accept {room}"), "/join general".to_owned()]);
        }
        let lines = ["/op x-moderator", "/op x-moderator2", "/ban x-banned", "/topic tea", "a word", "/join general"];
        let answers = self.tell("owner", &lines.map(str::to_owned));
        assert!(!answers.iter().any(|line| line.starts_with("-! ")), "{answers:#?}");
        room
    }

    /// Asks, and what that means.
    fn ask(&mut self, front: Front, role: &str, request: &Request) -> String {
        match front {
            Front::Text => {
                let client = self.client(role);
                client.sync();
                front::meaning_of_lines(&client.ask(&front::accounts(&request.command)), request)
            }
            Front::Json => {
                // What the person did before is done.
                self.client(role).sync();
                front::meaning_of(&self.program(role).ask(front::object(&request.command)))
            }
        }
    }

    /// Whether a room is in the list that somebody gets.
    fn is_listed(&mut self, front: Front, role: &str, room: &str) -> bool {
        self.client(role).sync();
        match front {
            Front::Text => self.client(role).ask("/rooms").iter().any(|line| line.contains(&format!("#{room}"))),
            Front::Json => {
                let list = self.program(role).ask(json!({"type": "rooms"}));
                list["rooms"].as_array().expect("a list").iter().any(|row| row["room"] == room)
            }
        }
    }

    /// The program of one of the people; one that was put out of the server comes back.
    fn program(&mut self, role: &str) -> &mut Program {
        let server = &self.server;
        self.programs.entry(role.to_owned()).or_insert_with(|| server.login_program(&account(role)))
    }
}

/// Collects what differs from the page, so that one run shows all of it.
#[derive(Default)]
struct Differences {
    cells: usize,
    found: Vec<String>,
}

impl Differences {
    fn compare(&mut self, request: &Request, role: &str, expected: &str, outcome: &str) {
        self.cells += 1;
        if expected != outcome {
            self.found.push(format!("{} by {role}: the page says {expected}, the server {outcome}", request.command));
        }
    }

    #[track_caller]
    fn judge(self, cells_min: usize) {
        assert!(self.found.is_empty(), "{} of {} cells: {:#?}", self.found.len(), self.cells, self.found);
        assert!(self.cells >= cells_min, "only {} cells", self.cells);
    }
}

/// A room with all roles, for each cell that changed the last one.
fn check_rooms(front: Front, heading: &str, visibility: &str) {
    let table = table(heading);
    let mut house = House::new();
    let (mut differences, mut room) = (Differences::default(), None);
    for row in &table.rows {
        for (role, expected) in table.roles.iter().zip(&row.cells) {
            let now = room.take().unwrap_or_else(|| house.room(visibility));
            let command = row.command.split(' ').map(|word| match word {
                "#R" => format!("#{now}"),
                "R" => now.clone(),
                "N" => format!("n{now}"),
                other => other.to_owned(),
            });
            let label = RoomLabel::Room(name(&now));
            let request = Request { command: command.collect::<Vec<_>>().join(" "), room: label };
            let outcome = if row.command == "/rooms" {
                if house.is_listed(front, role, &now) { "yes".to_owned() } else { "not_listed".to_owned() }
            } else {
                house.ask(front, role, &request)
            };
            differences.compare(&request, role, expected, &outcome);
            // A refused request changes nothing, so the room serves for the next cell too.
            let is_read = ["/rooms", "/history", "/who"].iter().any(|it| row.command.starts_with(it));
            if outcome != "yes" || is_read {
                room = Some(now);
            } else {
                // So that no list grows long.
                house.tell("owner", &[format!("/room #{now} delete {now}"), "/join general".to_owned()]);
            }
        }
    }
    differences.judge(200);
}

#[test]
fn in_a_public_room_everybody_may_do_what_the_page_says() {
    check_rooms(Front::Text, "A public room", "public");
}

#[test]
fn by_json_in_a_public_room_everybody_may_do_what_the_page_says() {
    check_rooms(Front::Json, "A public room", "public");
}

#[test]
fn in_a_private_room_everybody_may_do_what_the_page_says() {
    check_rooms(Front::Text, "A private room", "private");
}

#[test]
fn by_json_in_a_private_room_everybody_may_do_what_the_page_says() {
    check_rooms(Front::Json, "A private room", "private");
}

#[test]
fn in_general_everybody_may_do_what_the_page_says() {
    check_general(Front::Text);
}

#[test]
fn by_json_in_general_everybody_may_do_what_the_page_says() {
    check_general(Front::Json);
}

fn check_general(front: Front) {
    let (table, mut differences) = (table("The room general"), Differences::default());
    let mut house = House::new();
    for row in &table.rows {
        for (role, expected) in table.roles.iter().zip(&row.cells) {
            let command = row.command.replace("#R", "#general").replace(" R", " general").replace(" N", " new-name");
            let request = Request { command, room: RoomLabel::Room(name("general")) };
            let outcome = house.ask(front, role, &request);
            differences.compare(&request, role, expected, &outcome);
        }
        // As before, for the next row.
        house.tell("operator", &["/unban #general x-member2".to_owned(), "/topic #general -".to_owned()]);
        for person in ["member", "member2", "operator"] {
            house.client(person).ask("/join general");
        }
    }
    differences.judge(20);
}

#[test]
fn in_a_direct_room_everybody_may_do_what_the_page_says() {
    check_direct(Front::Text);
}

#[test]
fn by_json_in_a_direct_room_everybody_may_do_what_the_page_says() {
    check_direct(Front::Json);
}

fn check_direct(front: Front) {
    let (table, mut differences) = (table("A direct room"), Differences::default());
    let mut house = House::new();
    house.tell("member", &["/msg x-member2 a word".to_owned()]);
    for (role, person) in [("somebody else", "outsider"), ("one of the two", "member")] {
        let column = table.roles.iter().position(|it| *it == role).expect("it is a column");
        // The last row for somebody else would make it one of two.
        let rows = table.rows.iter().filter(|row| row.command.starts_with("/say "));
        for row in table.rows.iter().filter(|row| !row.command.starts_with("/say ")).chain(rows) {
            let command = row.command.replace("@P", "@x-member2");
            let request = Request { command, room: RoomLabel::Direct(name("x-member2")) };
            let outcome = house.ask(front, person, &request);
            differences.compare(&request, role, row.cells[column], &outcome);
        }
    }
    differences.judge(10);
}

#[test]
fn on_the_server_everybody_may_do_what_the_page_says() {
    check_server(Front::Text);
}

#[test]
fn by_json_on_the_server_everybody_may_do_what_the_page_says() {
    check_server(Front::Json);
}

fn check_server(front: Front) {
    let (table, mut differences) = (table("The server"), Differences::default());
    let mut house = House::new();
    house.server.register("outcast");
    house.tell("operator2", &["/server ban outcast".to_owned()]);
    for row in &table.rows {
        for (role, expected) in table.roles.iter().zip(&row.cells) {
            let person = if *role == "account" { "member" } else { role };
            let request = Request { command: row.command.to_owned(), room: RoomLabel::Room(name("general")) };
            let outcome = house.ask(front, person, &request);
            differences.compare(&request, role, expected, &outcome);
        }
        // As before, for the next row.
        house.tell("operator", &["/server unban x-victim".to_owned(), "/server op x-operator2".to_owned()]);
    }
    differences.judge(10);
}
