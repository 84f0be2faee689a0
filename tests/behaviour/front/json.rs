//! The JSON front: what is asked and what is told are objects.

use serde_json::{Value, json};

use super::objects::read;
use super::{Front, Secret};
use crate::behaviour::asked::Ask;
use crate::behaviour::seen::{Kind, Seen};
use crate::support::Program;

/// The reference of what is asked. One is enough, as each answer is read before something else is asked.
const REFERENCE: &str = "asked";

impl Front for Program {
    fn kind(&self) -> Kind {
        Kind::Json
    }

    fn enter(&mut self, is_new: bool, name: &str, secret: Secret) -> Vec<Seen> {
        let kind = if is_new { "register" } else { "login" };
        self.send(&match secret {
            Secret::Password(password) => json!({"type": kind, "name": name, "password": password, "ref": REFERENCE}),
            Secret::Token(token) => json!({"type": kind, "name": name, "token": token, "ref": REFERENCE}),
        });
        let answer = self.next().expect("an answer");
        assert_eq!(answer["ref"], REFERENCE, "{answer}");
        match answer["type"] == "refused" {
            true => read(vec![answer]),
            false => read([vec![answer], self.sync()].concat()),
        }
    }

    fn ask(&mut self, ask: &Ask) -> Vec<Seen> {
        self.send(&object(ask));
        let objects = self.sync();
        check_one_answer(&objects);
        read(objects)
    }

    fn ask_last(&mut self, ask: &Ask) -> Vec<Seen> {
        self.send(&object(ask));
        let objects = Program::rest(self);
        check_one_answer(&objects);
        read(objects)
    }

    fn log_out(&mut self) -> Vec<Seen> {
        self.send(&json!({"type": "logout", "ref": REFERENCE}));
        let mut objects = Vec::new();
        loop {
            let object = self.next().expect("the connection stays");
            if object["type"] == "hello" {
                check_one_answer(&objects);
                return read(objects);
            }
            objects.push(object);
        }
    }

    fn seen(&mut self) -> Vec<Seen> {
        read(self.sync())
    }

    fn rest(&mut self) -> Vec<Seen> {
        read(Program::rest(self))
    }

    fn verbatim(&mut self, ask: &Ask) -> Vec<String> {
        self.send(&object(ask));
        self.sync().iter().map(ToString::to_string).collect()
    }
}

/// Exactly one object is the answer; the others are news.
fn check_one_answer(objects: &[Value]) {
    let answers = objects.iter().filter(|object| object["ref"] == REFERENCE).count();
    assert_eq!(answers, 1, "{objects:#?}");
}

/// The object that asks for it.
fn object(ask: &Ask) -> Value {
    let mut object = match *ask {
        Ask::Say(room, text) => json!({"type": "send", "room": room, "text": text}),
        Ask::Act(room, text) => json!({"type": "send", "room": room, "text": text, "kind": "action"}),

        Ask::ListRooms => json!({"type": "rooms"}),
        Ask::RoomsPage(page) => json!({"type": "rooms", "page": page}),
        Ask::Join(room) => json!({"type": "join", "room": room}),
        Ask::Leave(room) => json!({"type": "leave", "room": room}),
        Ask::Create(room) => json!({"type": "create", "room": room}),
        Ask::CreatePrivate(room) => json!({"type": "create", "room": room, "visibility": "private"}),
        Ask::ShowTopic(room) => json!({"type": "topic", "room": room}),
        Ask::SetTopic(room, text) => json!({"type": "topic", "room": room, "text": text}),
        Ask::TakeTopicAway(room) => json!({"type": "topic", "room": room, "text": ""}),
        Ask::ShowRoom(room) => json!({"type": "room", "room": room}),
        Ask::MakePublic(room) => json!({"type": "set_visibility", "room": room, "visibility": "public"}),
        Ask::MakePrivate(room) => json!({"type": "set_visibility", "room": room, "visibility": "private"}),
        Ask::Rename(room, name) => json!({"type": "rename_room", "room": room, "name": name}),
        Ask::DeleteRoom(room, name) => json!({"type": "delete_room", "room": room, "confirm": name}),
        Ask::HandOver(room, name) => json!({"type": "hand_over", "room": room, "name": name}),

        Ask::Invite(room, name) => json!({"type": "invite", "room": room, "name": name}),
        Ask::InviteByCode(room) => json!({"type": "invite_code", "room": room}),
        Ask::Accept(room) => json!({"type": "accept", "room": room}),
        Ask::AcceptCode(code) => json!({"type": "accept", "code": code}),
        Ask::Uninvite(room, name) => json!({"type": "uninvite", "room": room, "name": name}),
        Ask::UninviteCode(room, code) => json!({"type": "uninvite", "room": room, "code": code}),

        Ask::Who => json!({"type": "who"}),
        Ask::Members(room) => json!({"type": "who", "room": room}),
        Ask::MembersPage(room, page) => json!({"type": "who", "room": room, "page": page}),
        Ask::Whois(name) => json!({"type": "whois", "name": name}),
        Ask::Away(text) => json!({"type": "away", "text": text}),
        Ask::Back => json!({"type": "back"}),

        Ask::History(room) => json!({"type": "history", "room": room}),
        Ask::Newest(room, count) => json!({"type": "history", "room": room, "count": count}),
        Ask::Between(room, from, to) => json!({"type": "history", "room": room, "from": from, "to": to}),
        Ask::Unread => json!({"type": "unread"}),
        Ask::CatchUp => json!({"type": "catch_up"}),
        Ask::CatchUpIn(room) => json!({"type": "catch_up", "room": room}),

        Ask::Kick(room, name, why) => json!({"type": "kick", "room": room, "name": name, "why": why}),
        Ask::Ban(room, name, why) => json!({"type": "ban", "room": room, "name": name, "why": why}),
        Ask::BanFor(room, name, seconds, why) => {
            json!({"type": "ban", "room": room, "name": name, "seconds": seconds, "why": why})
        }
        Ask::Unban(room, name) => json!({"type": "unban", "room": room, "name": name}),
        Ask::Bans(room) => json!({"type": "bans", "room": room}),
        Ask::Promote(room, name) => json!({"type": "promote", "room": room, "name": name}),
        Ask::Demote(room, name) => json!({"type": "demote", "room": room, "name": name}),

        Ask::ClaimOperator(code) => json!({"type": "operator", "code": code}),
        Ask::ServerKick(name, why) => json!({"type": "server_kick", "name": name, "why": why}),
        Ask::ServerBan(name, why) => json!({"type": "server_ban", "name": name, "why": why}),
        Ask::ServerBanAddress(address) => json!({"type": "server_ban", "address": address}),
        Ask::ServerUnban(name) => json!({"type": "server_unban", "name": name}),
        Ask::ServerBans => json!({"type": "server_bans"}),
        Ask::ServerPromote(name) => json!({"type": "server_promote", "name": name}),
        Ask::ServerDemote(name) => json!({"type": "server_demote", "name": name}),

        Ask::NewToken(name) => json!({"type": "new_token", "name": name}),
        Ask::NewTokenFor(name, seconds) => json!({"type": "new_token", "name": name, "seconds": seconds}),
        Ask::Tokens => json!({"type": "tokens"}),
        Ask::RevokeToken(name) => json!({"type": "revoke_token", "name": name}),
        Ask::Sessions => json!({"type": "sessions"}),
        Ask::CloseSession(session) => json!({"type": "close_session", "session": session}),
        Ask::SetPassword(old, new) => json!({"type": "set_password", "old": old, "new": new}),
        Ask::DeleteAccount(password) => json!({"type": "delete_account", "password": password}),
        Ask::Quit => json!({"type": "quit"}),
    };
    object["ref"] = json!(REFERENCE);
    object
}
