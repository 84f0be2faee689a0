//! The text front: what is asked is typed, what is told is read line by line.

use super::read::read;
use super::{Front, Secret};
use crate::behaviour::asked::Ask;
use crate::behaviour::seen::{Kind, Seen};
use crate::support::Client;

impl Front for Client {
    fn kind(&self) -> Kind {
        Kind::Text
    }

    fn enter(&mut self, is_new: bool, name: &str, secret: Secret) -> Vec<Seen> {
        let word = if is_new { "register" } else { "login" };
        let (Secret::Password(secret) | Secret::Token(secret)) = secret;
        self.send(&format!("{word} {name} {secret}"));
        loop {
            // The greeting comes first.
            let line = self.line().expect("the connection stays");
            if line.starts_with("-! ") {
                return read(vec![line]);
            }
            if line.starts_with("-- Welcome") {
                let mut lines = vec![line];
                // So that silence is no answer in either front.
                lines.extend(self.ask("/set acks on"));
                return read(lines);
            }
        }
    }

    fn ask(&mut self, ask: &Ask) -> Vec<Seen> {
        if let Some(room) = where_it_is_done(ask) {
            let lines = Client::ask(self, &format!("/join {room}"));
            let entered = matches!(&read(lines)[..], [Seen::Entered { joined: false, .. }]);
            assert!(entered, "{ask:?} is done in a room that one is in");
        }
        typed(ask).iter().for_each(|line| self.send(line));
        self.seen()
    }

    fn ask_last(&mut self, ask: &Ask) -> Vec<Seen> {
        typed(ask).iter().for_each(|line| self.send(line));
        read(self.rest())
    }

    fn log_out(&mut self) -> Vec<Seen> {
        self.send("/logout");
        let mut lines = Vec::new();
        while lines.last().is_none_or(|line| line != "-- The connection stays open.") {
            lines.push(self.line().expect("the connection stays"));
        }
        read(lines)
    }

    fn seen(&mut self) -> Vec<Seen> {
        read(self.sync())
    }

    fn rest(&mut self) -> Vec<Seen> {
        read(Client::rest(self))
    }

    fn verbatim(&mut self, ask: &Ask) -> Vec<String> {
        typed(ask).iter().for_each(|line| self.send(line));
        self.sync().iter().map(|line| crate::support::timeless(line)).collect()
    }
}

/// The room in which a person must be talking to do it, as no command names it: what one does is said where one talks,
/// and keeping order names only rooms with a `#`.
fn where_it_is_done<'a>(ask: &Ask<'a>) -> Option<&'a str> {
    match *ask {
        Ask::Act(room, _) => Some(room),
        Ask::Kick(room, ..)
        | Ask::Ban(room, ..)
        | Ask::BanFor(room, ..)
        | Ask::Unban(room, _)
        | Ask::Promote(room, _)
        | Ask::Demote(room, _) => Some(room).filter(|room| room.starts_with('@')),
        _ => None,
    }
}

/// The room as keeping order names it.
fn named(room: &str) -> String {
    if room.starts_with('@') { String::new() } else { format!("{room} ") }
}

/// The lines that ask for it.
fn typed(ask: &Ask) -> Vec<String> {
    vec![match *ask {
        Ask::Say(room, text) => format!("/say {room} {text}"),
        Ask::Act(_, text) => format!("/me {text}"),

        Ask::ListRooms => "/rooms".into(),
        Ask::RoomsPage(page) => format!("/rooms {page}"),
        Ask::Join(room) => format!("/join {room}"),
        Ask::Leave(room) => format!("/leave {room}"),
        Ask::Create(room) => format!("/create {room}"),
        Ask::CreatePrivate(room) => format!("/create {room} private"),
        Ask::ShowTopic(room) => format!("/topic {room}"),
        Ask::SetTopic(room, text) => format!("/topic {room} {text}"),
        Ask::TakeTopicAway(room) => format!("/topic {room} -"),
        Ask::ShowRoom(room) => format!("/room {room}"),
        Ask::MakePublic(room) => format!("/room {room} public"),
        Ask::MakePrivate(room) => format!("/room {room} private"),
        Ask::Rename(room, name) => format!("/room {room} rename {name}"),
        Ask::DeleteRoom(room, name) => format!("/room {room} delete {name}"),
        Ask::HandOver(room, name) => format!("/room {room} owner {name}"),

        Ask::Invite(room, name) => format!("/invite {name} {room}"),
        Ask::InviteByCode(room) => format!("/invite code {room}"),
        Ask::Accept(what) | Ask::AcceptCode(what) => format!("/accept {what}"),
        Ask::Uninvite(room, what) | Ask::UninviteCode(room, what) => format!("/uninvite {what} {room}"),

        Ask::Who => "/who".into(),
        Ask::Members(room) => format!("/who {room}"),
        Ask::MembersPage(room, page) => format!("/who {room} {page}"),
        Ask::Whois(name) => format!("/whois {name}"),
        Ask::Away(text) => format!("/away {text}"),
        Ask::Back => "/back".into(),

        Ask::History(room) => format!("/history {room}"),
        Ask::Newest(room, count) => format!("/history {room} {count}"),
        Ask::Between(room, from, to) => format!("/history {room} {from}-{to}"),
        Ask::Unread => "/unread".into(),
        Ask::CatchUp => "/catchup".into(),
        Ask::CatchUpIn(room) => format!("/catchup {room}"),

        Ask::Kick(room, name, why) => format!("/kick {}{name} {why}", named(room)),
        Ask::Ban(room, name, why) => format!("/ban {}{name} {why}", named(room)),
        Ask::BanFor(room, name, seconds, why) => format!("/ban {}{name} {seconds}s {why}", named(room)),
        Ask::Unban(room, name) => format!("/unban {}{name}", named(room)),
        Ask::Bans(room) => format!("/bans {room}"),
        Ask::Promote(room, name) => format!("/op {}{name}", named(room)),
        Ask::Demote(room, name) => format!("/deop {}{name}", named(room)),

        Ask::ClaimOperator(code) => format!("/operator {code}"),
        Ask::ServerKick(name, why) => format!("/server kick {name} {why}"),
        Ask::ServerBan(name, why) => format!("/server ban {name} {why}"),
        Ask::ServerBanAddress(target) => format!("/server ban {target}"),
        Ask::ServerUnban(name) => format!("/server unban {name}"),
        Ask::ServerBans => "/server bans".into(),
        Ask::ServerPromote(name) => format!("/server op {name}"),
        Ask::ServerDemote(name) => format!("/server deop {name}"),

        Ask::NewToken(name) => format!("/token new {name}"),
        Ask::NewTokenFor(name, seconds) => format!("/token new {name} {seconds}s"),
        Ask::Tokens => "/token list".into(),
        Ask::RevokeToken(name) => format!("/token revoke {name}"),
        Ask::Sessions => "/sessions".into(),
        Ask::CloseSession(session) => format!("/sessions close {session}"),
        Ask::SetPassword(old, new) => return ["/password", old, new, new].map(str::to_owned).into(),
        Ask::DeleteAccount(password) => return ["/account delete", password].map(str::to_owned).into(),
        Ask::Quit => "/quit".into(),
    }]
}
