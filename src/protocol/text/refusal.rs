//! Refusals as sentences: what happened, what did not happen, and one next step.
//!
//! Owns their wording. Never tells more than the refusal carries: a private room and a missing one are one variant, so
//! they get one text.

use crate::chat::{Refusal, RoomLabel, Text, Timestamp};

use super::clock::Clock;
use super::render::{Label, count, few};

/// How many invitations are named.
const INVITATIONS_MAX: usize = 5;

/// The refusal in words, without the `-! ` that its line starts with.
pub fn refusal_text(refusal: &Refusal, now: Timestamp, clock: &Clock) -> String {
    match refusal {
        Refusal::NameTaken { name } => {
            format!("\"{name}\" is taken, or looks like a name that is. Nothing was done. Choose another name.")
        }
        Refusal::NameReserved { name } => {
            format!("\"{name}\" is a word that the server keeps for itself. Nothing was done. Choose another name.")
        }
        Refusal::WrongPassword => "Wrong name or password. You are not logged in. To try again: login NAME".to_owned(),
        Refusal::ServerBanned { until, why } => {
            let until = clock.until(*until, now);
            let refused = "This account or address is banned from the server";
            format!("{refused} {until}. You are not logged in.{}", reason(why))
        }
        Refusal::TooManyLogins { wait_s } => too_many("wrong passwords", *wait_s),
        Refusal::TooManyRegistrations { wait_s } => too_many("new accounts", *wait_s),
        Refusal::PasswordLength { min_chars, max_bytes } => {
            format!(
                "A password has at least {min_chars} characters, and at most {max_bytes} bytes. Nothing was done. Choose another."
            )
        }
        Refusal::AlreadyLoggedIn => {
            "You are logged in already. Nothing was done. To be somebody else, /logout first.".to_owned()
        }
        Refusal::NotLoggedIn => {
            "You are not logged in. Nothing was done. Type: login NAME, or register NAME".to_owned()
        }

        Refusal::NoSuchRoom { room: room @ RoomLabel::Room(_), suggestion, still_in } => {
            let undone = match still_in {
                Some(here) => format!("You are still in {}.", Label(here)),
                None => "Nothing was done.".to_owned(),
            };
            match suggestion {
                Some(name) => format!("No room {}. Did you mean #{name}? {undone}", Label(room)),
                None => format!("No room {}. {undone} /rooms lists the rooms you can enter.", Label(room)),
            }
        }
        Refusal::NoSuchRoom { room: RoomLabel::Direct(name), suggestion, .. } => match suggestion {
            Some(other) => format!("No direct room with {name}. Did you mean @{other}? Nothing was done."),
            None => format!("No direct room with {name}. Nothing was done. To start one: /dm {name}"),
        },
        Refusal::NoCurrentRoom => {
            "You talk in no room just now. Nothing was done. /rooms lists the rooms, /join ROOM enters one.".to_owned()
        }
        Refusal::RoomExists { room } => {
            format!("The name #{room} belongs to another room. Nothing was done. Choose another name.")
        }
        Refusal::NotMember { room: room @ RoomLabel::Room(_) } => {
            format!("You are not in {0}. Nothing was done. To enter it: /join {0}", Label(room))
        }
        Refusal::NotMember { room: RoomLabel::Direct(name) } => {
            format!("You have not talked with {name} alone. Nothing was done. To start: /dm {name}")
        }
        Refusal::AlreadyMember { room } => {
            format!("You are in {0} already. Nothing was done. To talk there: /join {0}", Label(room))
        }
        Refusal::NotInDirectRoom { room } => format!(
            "That cannot be done in {}, a room of two. Nothing was done. /create NAME makes a room for more.",
            Label(room)
        ),
        Refusal::NotInFirstRoom { room } => format!(
            "{} belongs to everybody: it cannot be made private, renamed, deleted or given away. Nothing was done. \
             /create NAME makes a room of your own.",
            Label(room)
        ),
        Refusal::Banned { room, until, why } => {
            let until = clock.until(*until, now);
            let step = "Its moderators can lift that.";
            format!("You are banned from {} {until}. Nothing was done. {step}{}", Label(room), reason(why))
        }
        Refusal::OwnerOnly { room } => {
            format!("Only the owner of {0} may do that. Nothing was done. /room {0} shows who it is.", Label(room))
        }
        Refusal::ModeratorOnly { room } => {
            let label = Label(room);
            format!(
                "Only the owner and the moderators of {label} may do that. Nothing was done. /room {label} shows them."
            )
        }
        Refusal::RankTooHigh { room, who } => {
            let label = Label(room);
            format!(
                "{who} ranks as high in {label} as you, or higher. Nothing was done. /room {label} shows the roles."
            )
        }
        Refusal::ConfirmDelete { room: RoomLabel::Room(name) } => format!(
            "Nothing was deleted. To delete #{name} with all that was said there, type: /room #{name} delete {name}"
        ),
        Refusal::ConfirmDelete { room: RoomLabel::Direct(name) } => {
            format!("Nothing was deleted. What you and {name} said stays.")
        }
        Refusal::TooManyRooms { max } => format!(
            "You own {}, as many as one may. Nothing was made. Delete one first, or give one away: /help room",
            count(*max, "room")
        ),
        Refusal::RoomFull { room } => {
            format!("{} is full. Nobody was let in. Try again when somebody has left.", Label(room))
        }
        Refusal::NothingToChange { room } => {
            format!("{0} is like that already. Nothing was changed. /room {0} shows how it is.", Label(room))
        }

        Refusal::NoSuchAccount { name, suggestion: Some(other) } => {
            format!("Nobody is called {name}. Did you mean {other}? Nothing was done.")
        }
        Refusal::NoSuchAccount { name, suggestion: None } => {
            format!("Nobody is called {name}. Nothing was done. /who lists who is online.")
        }
        Refusal::NotThere { room, who } => {
            format!("{who} is not in {0}. Nothing was done. /who {0} lists who is.", Label(room))
        }
        Refusal::NotToYourself => "You cannot do that to yourself. Nothing was done. Name somebody else.".to_owned(),
        Refusal::AccountGone => "That account is deleted, so nobody would read it. Nothing was sent. \
                                 /history shows what was said."
            .to_owned(),
        Refusal::NobodyToReplyTo => {
            "Nobody has written to you alone since you logged in. Nothing was sent. Use: /msg NAME TEXT".to_owned()
        }

        Refusal::TokenExists { name } => {
            format!(
                "You have a token called {name} already. Nothing was done. Choose another name, or: /token revoke {name}"
            )
        }
        Refusal::NoSuchToken { name } => {
            format!("You have no token called {name}. Nothing was done. /token list shows those you have.")
        }
        Refusal::TooManyTokens { max } => {
            format!(
                "You have {}, as many as one may. Nothing was made. Take one back first: /token list",
                count(*max, "token")
            )
        }
        Refusal::NoSuchSession { session } => {
            format!("You have no connection {session}. Nothing was closed. /sessions lists those you have.")
        }

        Refusal::NoSuchInvitation { what: Some(what) } => format!(
            "No open invitation \"{what}\": it may have been used, or be over. Nothing was done. Ask for a new one."
        ),
        Refusal::NoSuchInvitation { what: None } => {
            "You have no open invitation. Nothing was done. Ask somebody in the room to invite you.".to_owned()
        }
        Refusal::WhichInvitation { rooms } => {
            let names: Vec<String> = rooms.iter().map(|room| format!("#{room}")).collect();
            let example = rooms.first().map_or("ROOM", |room| room.as_str());
            let open = count(names.len() as u64, "open invitation");
            let names = few(&names, INVITATIONS_MAX);
            format!("You have {open}: {names}. Nothing was done. Name one: /accept {example}")
        }
        Refusal::InNamesake { room } => format!(
            "You are in another room called #{room}. Nothing was done. Leave that one first, or have one of the two renamed."
        ),
        Refusal::AlreadyThere { room, who } => {
            format!("{who} is in {} already. Nothing was done.", Label(room))
        }
        Refusal::TargetBanned { room, who } => {
            format!("{who} is banned from {0}. Nothing was done. To lift the ban: /unban {0} {who}", Label(room))
        }
        Refusal::TargetIsOperator { who } => {
            format!("{who} is an operator. Nothing was done. Make it a plain account first: /server deop {who}")
        }
        Refusal::TooManyInvitations { room, max } => format!(
            "{0} has {max} open invitations, which is the most. Nothing was done. /room shows them, /uninvite takes one back.",
            Label(room)
        ),
        Refusal::TooManyCodes => {
            "Too many wrong codes were tried. Nothing was done. Wait a while, or ask for an invitation.".to_owned()
        }

        Refusal::EmptyText => "There is nothing in that message. Nothing was sent. Type some words first.".to_owned(),
        Refusal::TextTooLong { bytes, max } => {
            format!("That text has {bytes} bytes; {max} is the most. Nothing was sent. Send it in parts.")
        }
        Refusal::NoSuchMessages { room, last: 0 } => {
            format!("{} has no messages yet. Nothing was shown. Write the first one.", Label(room))
        }
        Refusal::NoSuchMessages { room, last } => format!(
            "No such messages: {0} has numbers 1 to {last}. Nothing was shown. For the newest: /history {0}",
            Label(room)
        ),

        Refusal::NoSuchBan => "There is no such ban. Nothing was done. /bans lists those of a room.".to_owned(),
        Refusal::OperatorOnly => {
            "Only an operator of the server may do that. Nothing was done. Ask one to do it.".to_owned()
        }
        Refusal::WrongCode => "That code is wrong or used up. Nothing was done. \
                               The right one was printed where the server was started."
            .to_owned(),
        Refusal::LastOperator => {
            "The last operator stays one. Nothing was done. Make another one first: /server op NAME".to_owned()
        }

        Refusal::NotStored => "Not saved: the server could not write to its disk, so nobody has seen it. \
                               Try again in a moment."
            .to_owned(),
        Refusal::HistoryBusy => {
            "The history could not be read just now. Nothing was shown. Try again in a moment.".to_owned()
        }
        Refusal::Stopping => "The server is stopping. Nothing was done. Connect again in a minute.".to_owned(),
        Refusal::Fault => "The server could not do that. Nothing was done. Try again later.".to_owned(),
    }
}

fn too_many(what: &str, wait_s: u64) -> String {
    let wait = if wait_s < 120 { format!("{wait_s} seconds") } else { format!("{} minutes", wait_s.div_ceil(60)) };
    format!("Too many {what} from your address. Nothing was done. Try again in {wait}.")
}

/// A reason in the words of whoever gave it, so it comes last and ends without a full stop.
fn reason(why: &Text) -> String {
    if why.is_empty() { String::new() } else { format!(" Reason: {why}") }
}

#[cfg(test)]
mod tests {
    use super::super::render::oracle::{NOW, at, direct, name, room};
    use super::*;

    fn check(refusal: Refusal, expected: &str) {
        assert_eq!(refusal_text(&refusal, NOW, &Clock::utc()), expected, "{}", refusal.code());
    }

    #[test]
    fn getting_in() {
        check(
            Refusal::NameTaken { name: name("bob") },
            "\"bob\" is taken, or looks like a name that is. Nothing was done. Choose another name.",
        );
        check(
            Refusal::NameReserved { name: name("admin") },
            "\"admin\" is a word that the server keeps for itself. Nothing was done. Choose another name.",
        );
        check(Refusal::WrongPassword, "Wrong name or password. You are not logged in. To try again: login NAME");
        check(
            Refusal::ServerBanned { until: Some(at("2026-11-23T09:32:00Z")), why: Text::from("spam") },
            "This account or address is banned from the server until tomorrow 09:32. You are not logged in. Reason: spam",
        );
        check(
            Refusal::ServerBanned { until: None, why: Text::from("") },
            "This account or address is banned from the server for good. You are not logged in.",
        );
        check(
            Refusal::AlreadyLoggedIn,
            "You are logged in already. Nothing was done. To be somebody else, /logout first.",
        );
        check(Refusal::NotLoggedIn, "You are not logged in. Nothing was done. Type: login NAME, or register NAME");
    }

    #[test]
    fn rooms() {
        let tea = || room("tea");
        check(
            Refusal::NoSuchRoom {
                room: room("genral"),
                suggestion: Some(name("general")),
                still_in: Some(room("tea")),
            },
            "No room #genral. Did you mean #general? You are still in #tea.",
        );
        check(
            Refusal::NoSuchRoom { room: room("genral"), suggestion: None, still_in: None },
            "No room #genral. Nothing was done. /rooms lists the rooms you can enter.",
        );
        check(
            Refusal::NoSuchRoom { room: direct("bob"), suggestion: None, still_in: None },
            "No direct room with bob. Nothing was done. To start one: /dm bob",
        );
        check(
            Refusal::NoSuchRoom { room: direct("bib"), suggestion: Some(name("bob")), still_in: None },
            "No direct room with bib. Did you mean @bob? Nothing was done.",
        );
        check(
            Refusal::NoCurrentRoom,
            "You talk in no room just now. Nothing was done. /rooms lists the rooms, /join ROOM enters one.",
        );
        check(
            Refusal::RoomExists { room: name("tea") },
            "The name #tea belongs to another room. Nothing was done. Choose another name.",
        );
        check(Refusal::NotMember { room: tea() }, "You are not in #tea. Nothing was done. To enter it: /join #tea");
        check(
            Refusal::NotMember { room: direct("bob") },
            "You have not talked with bob alone. Nothing was done. To start: /dm bob",
        );
        check(
            Refusal::AlreadyMember { room: tea() },
            "You are in #tea already. Nothing was done. To talk there: /join #tea",
        );
        check(
            Refusal::NotInDirectRoom { room: direct("bob") },
            "That cannot be done in @bob, a room of two. Nothing was done. /create NAME makes a room for more.",
        );
        check(
            Refusal::NotInFirstRoom { room: room("general") },
            "#general belongs to everybody: it cannot be made private, renamed, deleted or given away. \
             Nothing was done. /create NAME makes a room of your own.",
        );
        check(Refusal::RoomFull { room: tea() }, "#tea is full. Nobody was let in. Try again when somebody has left.");
        check(
            Refusal::TooManyRooms { max: 10 },
            "You own 10 rooms, as many as one may. Nothing was made. Delete one first, or give one away: /help room",
        );
        check(
            Refusal::NothingToChange { room: tea() },
            "#tea is like that already. Nothing was changed. /room #tea shows how it is.",
        );
    }

    #[test]
    fn rights_in_a_room() {
        let tea = || room("tea");
        check(
            Refusal::Banned { room: tea(), until: Some(at("2026-11-22T11:00:00Z")), why: Text::from("spam") },
            "You are banned from #tea until today 11:00. Nothing was done. Its moderators can lift that. Reason: spam",
        );
        check(
            Refusal::Banned { room: tea(), until: None, why: Text::from("") },
            "You are banned from #tea for good. Nothing was done. Its moderators can lift that.",
        );
        check(
            Refusal::OwnerOnly { room: tea() },
            "Only the owner of #tea may do that. Nothing was done. /room #tea shows who it is.",
        );
        check(
            Refusal::ModeratorOnly { room: tea() },
            "Only the owner and the moderators of #tea may do that. Nothing was done. /room #tea shows them.",
        );
        check(
            Refusal::RankTooHigh { room: tea(), who: name("bob") },
            "bob ranks as high in #tea as you, or higher. Nothing was done. /room #tea shows the roles.",
        );
        check(
            Refusal::ConfirmDelete { room: tea() },
            "Nothing was deleted. To delete #tea with all that was said there, type: /room #tea delete tea",
        );
        check(Refusal::ConfirmDelete { room: direct("bob") }, "Nothing was deleted. What you and bob said stays.");
    }

    #[test]
    fn people_and_invitations() {
        check(
            Refusal::NoSuchAccount { name: name("bib"), suggestion: Some(name("bob")) },
            "Nobody is called bib. Did you mean bob? Nothing was done.",
        );
        check(
            Refusal::NoSuchAccount { name: name("bib"), suggestion: None },
            "Nobody is called bib. Nothing was done. /who lists who is online.",
        );
        check(
            Refusal::NotThere { room: room("tea"), who: name("bob") },
            "bob is not in #tea. Nothing was done. /who #tea lists who is.",
        );
        check(Refusal::NotToYourself, "You cannot do that to yourself. Nothing was done. Name somebody else.");
        check(
            Refusal::AccountGone,
            "That account is deleted, so nobody would read it. Nothing was sent. /history shows what was said.",
        );
        check(
            Refusal::NobodyToReplyTo,
            "Nobody has written to you alone since you logged in. Nothing was sent. Use: /msg NAME TEXT",
        );
        check(
            Refusal::NoSuchInvitation { what: Some(name("tea")) },
            "No open invitation \"tea\": it may have been used, or be over. Nothing was done. Ask for a new one.",
        );
        check(
            Refusal::NoSuchInvitation { what: None },
            "You have no open invitation. Nothing was done. Ask somebody in the room to invite you.",
        );
        check(
            Refusal::WhichInvitation { rooms: vec![name("tea"), name("rust")] },
            "You have 2 open invitations: #tea and #rust. Nothing was done. Name one: /accept tea",
        );
        let tea = || room("tea");
        check(
            Refusal::InNamesake { room: name("tea") },
            "You are in another room called #tea. Nothing was done. Leave that one first, or have one of the two renamed.",
        );
        check(Refusal::AlreadyThere { room: tea(), who: name("bob") }, "bob is in #tea already. Nothing was done.");
        check(
            Refusal::TargetBanned { room: tea(), who: name("bob") },
            "bob is banned from #tea. Nothing was done. To lift the ban: /unban #tea bob",
        );
        check(
            Refusal::TargetIsOperator { who: name("bob") },
            "bob is an operator. Nothing was done. Make it a plain account first: /server deop bob",
        );
        check(
            Refusal::TooManyInvitations { room: tea(), max: 100 },
            "#tea has 100 open invitations, which is the most. Nothing was done. /room shows them, /uninvite takes one back.",
        );
        check(
            Refusal::TooManyCodes,
            "Too many wrong codes were tried. Nothing was done. Wait a while, or ask for an invitation.",
        );
    }

    #[test]
    fn talk_operators_and_the_server() {
        check(Refusal::EmptyText, "There is nothing in that message. Nothing was sent. Type some words first.");
        check(
            Refusal::TextTooLong { bytes: 2345, max: 2000 },
            "That text has 2345 bytes; 2000 is the most. Nothing was sent. Send it in parts.",
        );
        check(
            Refusal::NoSuchMessages { room: room("tea"), last: 214 },
            "No such messages: #tea has numbers 1 to 214. Nothing was shown. For the newest: /history #tea",
        );
        check(
            Refusal::NoSuchMessages { room: room("tea"), last: 0 },
            "#tea has no messages yet. Nothing was shown. Write the first one.",
        );
        check(Refusal::NoSuchBan, "There is no such ban. Nothing was done. /bans lists those of a room.");
        check(Refusal::OperatorOnly, "Only an operator of the server may do that. Nothing was done. Ask one to do it.");
        check(
            Refusal::WrongCode,
            "That code is wrong or used up. Nothing was done. The right one was printed where the server was started.",
        );
        check(
            Refusal::LastOperator,
            "The last operator stays one. Nothing was done. Make another one first: /server op NAME",
        );
        check(
            Refusal::NotStored,
            "Not saved: the server could not write to its disk, so nobody has seen it. Try again in a moment.",
        );
        check(
            Refusal::HistoryBusy,
            "The history could not be read just now. Nothing was shown. Try again in a moment.",
        );
        check(Refusal::Stopping, "The server is stopping. Nothing was done. Connect again in a minute.");
    }
}
