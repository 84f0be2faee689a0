//! Every form in which a command can name a room: to somebody outside, a private room is answered as a missing one.
//!
//! `behaviour/privacy.rs` shows the same by both protocols, for everybody who can be outside. Here are the forms that only
//! text has: with and without `#`, with and without arguments.

use crate::support::{Client, Server, timeless};

/// Said in the private room. Nobody outside may ever see it.
const MARKER: &str = "zqmarkerqz";
const HIDDEN: &str = "hideout";
/// No room has this name, which is as long as the other and as far from every other name.
const MISSING: &str = "missing";

/// Every form of every command that takes a room, which is `{}`. Wrong codes are counted, so /accept stands here twice at
/// most.
const COMMANDS: &[&str] = &[
    "/say {} hello",
    "/say #{} hello",
    "/say #{} @never hello",
    "/leave {}",
    "/leave #{}",
    "/topic #{}",
    "/topic #{} something else",
    "/topic #{} -",
    "/room #{}",
    "/room #{} show",
    "/room show {}",
    "/room #{} public",
    "/room #{} private",
    "/room #{} rename cellar",
    "/room #{} rename {}",
    "/room #{} owner never",
    "/room #{} owner insider",
    "/room #{} delete",
    "/room #{} delete {}",
    "/invite never {}",
    "/invite insider {}",
    "/invite nobody-at-all {}",
    "/invite code {}",
    "/uninvite never {}",
    "/uninvite invited {}",
    "/uninvite maple-otter-42 {}",
    "/who {}",
    "/who #{} 2",
    "/history {}",
    "/history #{} 5",
    "/history {} 1-3",
    "/history {} 7-9",
    "/catchup {}",
    "/catchup #{}",
    "/kick #{} insider",
    "/kick #{} never out",
    "/kick #{} nobody-at-all",
    "/ban #{} insider",
    "/ban #{} never 1h out",
    "/unban #{} banned",
    "/unban #{} never",
    "/bans {}",
    "/bans #{}",
    "/op #{} insider",
    "/op #{} never",
    "/deop #{} insider",
    "/whois {}",
    "/dm {}",
    "/msg {} hello",
    "/help {}",
    "/uninvite {}",
];

const ENTRANCES: &[&str] = &["/join {}", "/join #{}", "/accept {}", "/accept #{}"];

fn ask_about(client: &mut Client, command: &str, room: &str) -> Vec<String> {
    client.ask(&command.replace("{}", room)).iter().map(|line| timeless(line).replace(room, "ROOM")).collect()
}

#[track_caller]
fn check_is_missing(client: &mut Client, command: &str) {
    let hidden = ask_about(client, command, HIDDEN);
    assert!(!hidden.is_empty(), "{command} is not answered");
    assert_eq!(hidden, ask_about(client, command, MISSING), "{command}");
}

#[test]
fn every_command_that_takes_a_room_is_in_the_matrix() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    let words: Vec<String> = ann
        .ask("/help all")
        .iter()
        .filter_map(|line| Some(line.strip_prefix("--   /")?.split(' ').next()?.to_owned()))
        .collect();
    assert!(words.len() > 30, "{words:?}");
    for word in words {
        let usages = ann.ask(&format!("/help {word}"));
        let start = format!("-- /{word} ");
        let takes_room = usages.iter().any(|line| line.starts_with(&start) && line.contains("ROOM"));
        let asked = COMMANDS.iter().chain(ENTRANCES).any(|command| command.starts_with(&format!("/{word} ")));
        assert!(asked || !takes_room, "/{word} is not in the matrix");
    }
}

#[test]
fn a_private_room_answers_outsiders_as_if_it_were_missing() {
    let server = Server::start_new();
    let (mut owner, mut never) = (server.register("owner-1"), server.register("never"));
    let (mut insider, mut left) = (server.register("insider"), server.register("left"));
    server.register("banned");
    server.register("invited");
    owner.ask(&format!("/create {HIDDEN} private"));
    owner.ask(&format!("/topic {MARKER}"));
    owner.ask(MARKER);
    for (name, client) in [("insider", &mut insider), ("left", &mut left)] {
        owner.ask(&format!("/invite {name}"));
        client.ask(&format!("/accept {HIDDEN}"));
    }
    left.ask("/leave");
    owner.ask("/ban banned");
    owner.ask("/invite invited");
    for client in [&mut owner, &mut insider, &mut never, &mut left] {
        client.sync();
    }
    for client in [&mut never, &mut left] {
        for command in COMMANDS.iter().chain(ENTRANCES) {
            check_is_missing(client, command);
        }
        // A slip near the name, for which a name may be suggested.
        for command in ["/join hideou", "/history hideou", "/say #hide0ut hello"] {
            let answer = client.ask(command).concat();
            assert!(!answer.contains(HIDDEN) && !answer.contains(MARKER), "{command}: {answer}");
        }
    }
    // Nothing was changed by it, or seen inside.
    assert_eq!(owner.sync(), [""; 0]);
    assert_eq!(insider.sync(), [""; 0]);
    let members = owner.ask(&format!("/who {HIDDEN}"));
    assert_eq!(members, [format!("-- 2 members of #{HIDDEN}: owner-1 (owner), insider.")]);
}
