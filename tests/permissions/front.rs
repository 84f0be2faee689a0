//! How each front puts a cell's command, and what its answer means: `yes`, or the code of the refusal.

use chat_server::chat::{BanTarget, Command, Name, Refusal, RoomLabel, Text, Timestamp, Visibility};
use chat_server::protocol::text::{Clock, Typed, parse, refusal_text};
use serde_json::{Value, json};

use super::{PEOPLE, Request, account};
use crate::support::name;

/// A front that runs the grid.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Front {
    Text,
    Json,
}

/// The command with the names of accounts: the people's own are words of the server here and there.
pub fn accounts(command: &str) -> String {
    let word = |word: &str| if PEOPLE.contains(&word) { account(word) } else { word.to_owned() };
    let mut words = command.split(' ');
    // The first word is the command, and `/room #R owner bob` has another that is none of the people.
    let first: Vec<String> = words.by_ref().take(1).map(str::to_owned).collect();
    let rest: Vec<&str> = words.collect();
    let is_verb = |index: usize| command.starts_with("/room ") && index == 1;
    let rest = rest.iter().enumerate().map(|(index, it)| if is_verb(index) { (*it).to_owned() } else { word(it) });
    first.into_iter().chain(rest).collect::<Vec<_>>().join(" ")
}

/// What a text answer means: the sentence of a refusal is found among those that there are.
pub fn meaning_of_lines(lines: &[String], request: &Request) -> String {
    let Some(refused) = lines.iter().find_map(|line| line.strip_prefix("-! ")) else { return "yes".to_owned() };
    let room = request.room.clone();
    let whom = || name(&account(request.command.split(' ').find(|word| PEOPLE.contains(word)).unwrap_or("owner")));
    let invitation = || Some(name(request.command.rsplit(' ').next().expect("there is a last word")));
    let refusals = [
        Refusal::NoSuchRoom { room: room.clone(), suggestion: None, still_in: None },
        Refusal::NotMember { room: room.clone() },
        Refusal::Banned { room: room.clone(), until: None, why: Text::from("") },
        Refusal::ModeratorOnly { room: room.clone() },
        Refusal::OwnerOnly { room: room.clone() },
        Refusal::OperatorOnly,
        Refusal::RankTooHigh { room: room.clone(), who: whom() },
        Refusal::NotToYourself,
        Refusal::NotThere { room: room.clone(), who: whom() },
        Refusal::AlreadyThere { room: room.clone(), who: whom() },
        Refusal::AlreadyMember { room: room.clone() },
        Refusal::NotInFirstRoom { room: room.clone() },
        Refusal::NothingToChange { room: room.clone() },
        Refusal::NotInDirectRoom { room },
        Refusal::TargetIsOperator { who: whom() },
    ];
    let invitations = request.command.starts_with("/accept ").then(|| Refusal::NoSuchInvitation { what: invitation() });
    for refusal in refusals.into_iter().chain(invitations) {
        let text = refusal_text(&refusal, Timestamp(0), &Clock::utc());
        // What follows the first sentence may differ: another room may be suggested.
        let first = text.split(". ").next().expect("there is a first sentence");
        if refused.starts_with(first) {
            return refusal.code().to_owned();
        }
    }
    format!("-! {refused}")
}

/// What an object means.
pub fn meaning_of(answer: &Value) -> String {
    match answer["type"].as_str() {
        Some("refused") => answer["code"].as_str().expect("a refusal has a code").to_owned(),
        _ => "yes".to_owned(),
    }
}

/// The same request as an object.
pub fn object(command: &str) -> Value {
    match parse(accounts(command).as_bytes()) {
        Typed::Ask(command) => object_of(command),
        Typed::InviteCode { room } => json!({"type": "invite_code", "room": label(room)}),
        other => panic!("{command}: {other:?}"),
    }
}

fn object_of(command: Command) -> Value {
    let about = |kind: &str, room: Option<RoomLabel>| json!({"type": kind, "room": label(room)});
    let whom = |kind: &str, room: Option<RoomLabel>, who: Name| json!({"type": kind, "room": label(room), "name": who.as_str()});
    let account = |kind: &str, who: Name| json!({"type": kind, "name": who.as_str()});
    match command {
        Command::ListRooms { .. } => json!({"type": "rooms"}),
        Command::History { room, .. } => about("history", room),
        Command::Who { room, .. } => about("who", room),
        Command::ShowRoom { room } => about("room", room),
        Command::Topic { room, text } => {
            json!({"type": "topic", "room": label(room), "text": text.as_ref().map(Text::as_str)})
        }
        Command::Say { room, text, .. } => json!({"type": "send", "room": label(room), "text": text.as_str()}),
        Command::CatchUp { room } => about("catch_up", room),
        Command::Join { room } => about("join", Some(room)),
        Command::Accept { what: Some(what) } => json!({"type": "accept", "room": what.as_str()}),
        Command::Leave { room } => about("leave", room),
        Command::Invite { who, room } => whom("invite", room, who),
        Command::Uninvite { what, room } => whom("uninvite", room, what),
        Command::ListBans { room } => about("bans", room),
        Command::Kick { who, room, .. } => whom("kick", room, who),
        Command::Ban { who, room, .. } => whom("ban", room, who),
        Command::Unban { who, room } => whom("unban", room, who),
        Command::Promote { who, room } => whom("promote", room, who),
        Command::Demote { who, room } => whom("demote", room, who),
        Command::SetVisibility { room, visibility } => {
            let visibility = if visibility == Visibility::Public { "public" } else { "private" };
            json!({"type": "set_visibility", "room": label(room), "visibility": visibility})
        }
        Command::RenameRoom { room, name } => whom("rename_room", room, name),
        Command::HandOver { room, to } => whom("hand_over", room, to),
        Command::DeleteRoom { room, confirmation } => {
            json!({"type": "delete_room", "room": label(room), "confirm": confirmation.as_ref().map(Name::as_str)})
        }
        Command::ServerKick { who, .. } => account("server_kick", who),
        Command::ServerBan { target, .. } => against("server_ban", target),
        Command::ServerUnban { target } => against("server_unban", target),
        Command::ServerBans => json!({"type": "server_bans"}),
        Command::ServerPromote { who } => account("server_promote", who),
        Command::ServerDemote { who } => account("server_demote", who),
        other => panic!("the page has a command that is new to this test: {other:?}"),
    }
}

fn against(kind: &str, target: BanTarget) -> Value {
    match target {
        BanTarget::Account(who) => json!({"type": kind, "name": who.as_str()}),
        BanTarget::Address(address) => json!({"type": kind, "address": address.to_string()}),
    }
}

fn label(room: Option<RoomLabel>) -> Option<String> {
    room.map(|room| match room {
        RoomLabel::Room(name) => name.to_string(),
        RoomLabel::Direct(name) => format!("@{name}"),
    })
}
