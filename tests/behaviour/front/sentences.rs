//! Sentences of the text front that tell one thing on one line, and phrases that several sentences share.

use super::pattern::{fit, fits};
use super::read::{lasts, number};
use crate::behaviour::seen::{Departure, Lasts, Seen, Someone};

/// What a line of the server tells by itself.
pub fn one_line(line: &str) -> Option<Seen> {
    talk(line).or_else(|| membership(line)).or_else(|| change(line)).or_else(|| invitation(line)).or_else(|| own(line))
}

fn talk(line: &str) -> Option<Seen> {
    if let Some([room, seq]) = fit("saved {} {}", line) {
        return Some(Seen::Stored { room: room.into(), seq: number(seq) });
    }
    if line == "Nothing is unread." {
        return Some(Seen::NothingUnread);
    }
    if line == "Nothing was unread." {
        return Some(Seen::CaughtUp { messages: 0, rooms: 0 });
    }
    if let Some([messages, _, rooms, _]) = fit("{} {} in {} {} marked as read.", line) {
        return Some(Seen::CaughtUp { messages: number(messages), rooms: number(rooms) });
    }
    let empty = |room: String| Some(Seen::History { room, from: 1, to: 0, last: 0, messages: Vec::new() });
    if let Some([name]) = fit("No messages with {} yet.", line) {
        return empty(format!("@{name}"));
    }
    if let Some([room]) = fit("No messages in {} yet.", line) {
        return empty(room.into());
    }
    let someone = |name: &str, online, away: Option<&str>| {
        Some(Seen::NotHere(Someone { name: name.into(), online, away: away.map(str::to_owned), role: String::new() }))
    };
    if let Some([name, text]) = fit("{} is away ({*}) and will see it.", line) {
        return someone(name, true, Some(text));
    }
    if let Some([name, text]) = fit("{} is not online, away ({*}), and will see it at the next login.", line) {
        return someone(name, false, Some(text));
    }
    let [name] = fit("{} is not online and will see it at the next login.", line)?;
    someone(name, false, None)
}

fn membership(line: &str) -> Option<Seen> {
    if let Some([room, kind, _]) = fit("Room {} is made: {}, you are the owner. {*}", line) {
        return Some(Seen::Created { room: room.into(), kind: kind.into() });
    }
    if let Some([who, room]) = fit("{} joined {}.", line) {
        return Some(Seen::Joined { room: room.into(), who: who.into() });
    }
    let left = |room: &str, who: &str, how| Some(Seen::Left { room: room.into(), who: who.into(), how });
    if let Some([who, room]) = fit("{} left {}: the account is deleted.", line) {
        return left(room, who, Departure::AccountDeleted);
    }
    if let Some([who, room]) = fit("{} left {}.", line) {
        return left(room, who, Departure::Left);
    }
    if let Some([who, room, by, why]) = fit("{} was kicked from {} by {}: {*}", line) {
        return left(room, who, Departure::Kicked { by: by.into(), why: why.into() });
    }
    if let Some([who, room, by]) = fit("{} was kicked from {} by {}.", line) {
        return left(room, who, Departure::Kicked { by: by.into(), why: String::new() });
    }
    if let Some([who, room, by, rest]) = fit("{} was banned from {} by {} {*}", line) {
        let (lasts, why) = because(rest);
        return left(room, who, Departure::Banned { by: by.into(), lasts, why });
    }
    if let Some([who, room, _]) = fit("{} is kicked from {}. To keep {*}", line) {
        return Some(Seen::Removed { room: room.into(), who: who.into(), banned: None });
    }
    let [who, room, until, _] = fit("{} is banned from {} {*}. To lift that: {*}", line)?;
    Some(Seen::Removed { room: room.into(), who: who.into(), banned: Some(lasts(until)) })
}

fn change(line: &str) -> Option<Seen> {
    let topic_set = |room: &str, topic: Option<&str>, by: &str| {
        Some(Seen::TopicSet { room: room.into(), topic: topic.map(str::to_owned), by: by.into() })
    };
    if let Some([by, room, topic]) = fit("{} set the topic of {}: {*}", line) {
        return topic_set(room, Some(topic), by);
    }
    if let Some([by, room]) = fit("{} took the topic of {} away.", line) {
        return topic_set(room, None, by);
    }
    if let Some([room, by, _, _, topic]) = fit("Topic of {}, set by {} {} {}: {*}", line) {
        return Some(Seen::Topic { room: room.into(), topic: Some((topic.into(), by.into())) });
    }
    if let Some([room, _]) = fit("{} has no topic{*}", line) {
        return Some(Seen::Topic { room: room.into(), topic: None });
    }
    if let Some([by, old, new]) = fit("{} renamed {} to {}.", line) {
        return Some(Seen::Renamed { room: old.into(), name: new.into(), by: by.into() });
    }
    let role_set = |room: &str, who: &str, role: &str, by: &str| {
        let role = match role {
            "the owner" => "owner",
            "a moderator" => "moderator",
            "a plain member" => "member",
            _ => return None,
        };
        Some(Seen::RoleSet { room: room.into(), who: who.into(), role: role.into(), by: by.into() })
    };
    if let Some([by, who, role, room]) = fit("{} made {} {*} of {}.", line)
        && let Some(told) = role_set(room, who, role, by)
    {
        return Some(told);
    }
    if let Some([who, role, room]) = fit("{} is now {*} of {}.", line)
        && let Some(told) = role_set(room, who, role, "")
    {
        return Some(told);
    }
    let [by, room, kind, _] = fit("{} made {} {}: {*}", line)?;
    Some(Seen::VisibilitySet { room: room.into(), kind: kind.into(), by: by.into() })
}

fn invitation(line: &str) -> Option<Seen> {
    let invited = |who: &str, room: &str, told| Some(Seen::Invited { room: room.into(), who: who.into(), told });
    if let Some([who, room, _]) = fit("{} is invited to {} {*}, and has been told.", line) {
        return invited(who, room, true);
    }
    if let Some([who, room, _]) = fit("{} is invited to {} {*}, and will see it at the next login.", line) {
        return invited(who, room, false);
    }
    if let Some([by, room, _]) = fit("{} invites you to {} until {*}", line) {
        return Some(Seen::Invitation { room: room.into(), by: by.into() });
    }
    if let Some([room, _, code]) = fit("One-time code for {}, good {*}: {}", line) {
        return Some(Seen::CodeMade { room: room.into(), code: code.into() });
    }
    let [room, what] = fit("The invitation to {} is taken back: {}", line)?;
    Some(Seen::Uninvited { room: room.into(), what: what.into() })
}

/// The own account and connections, and what operators do.
fn own(line: &str) -> Option<Seen> {
    if line == "You are back." {
        return Some(Seen::AwaySet(None));
    }
    if let Some([text, _]) = fit("You are away ({*}); {*}", line) {
        return Some(Seen::AwaySet(Some(text.into())));
    }
    if line.starts_with("You have no tokens.") {
        return Some(Seen::Tokens(Vec::new()));
    }
    if let Some([name, closed]) = fit("Token {} is taken back{*}.", line) {
        let many = fit(", and the {} connections that used it are closed", closed).map(|[count]| number(count));
        let closed = many.unwrap_or(u64::from(!closed.is_empty()));
        return Some(Seen::TokenRevoked { name: name.into(), closed });
    }
    if let Some([session]) = fit("Connection {} is closed.", line) {
        return Some(Seen::SessionClosed(number(session)));
    }
    let bye = |how: &str, sent| Some(Seen::Bye { how: how.into(), sent, why: String::new() });
    if line.starts_with("The account ") && line.contains(" is deleted. What was written with it stays") {
        return bye("account-deleted", 0);
    }
    for (pattern, how) in [
        ("Your password was changed on another connection, so this one is closed.{*}", "password-changed"),
        ("The token {*}, so this connection, which used it, is closed.{*}", "token-revoked"),
        ("You closed this connection from another one of yours.{*}", "closed-elsewhere"),
        ("The server stops now.{*}", "stopping"),
    ] {
        if fits(pattern, line) {
            return bye(how, sent(line));
        }
    }
    order(line)
}

fn order(line: &str) -> Option<Seen> {
    let place = |room: &str| Some(room.to_owned()).filter(|room| room != "the server");
    if let Some([target, from]) = fit("{} is not banned from {*} any more.", line) {
        return Some(Seen::Unbanned { room: place(from), target: target.into() });
    }
    if let Some([from]) = fit("Nobody is banned from {*}.", line) {
        return Some(Seen::Bans { room: place(from), bans: Vec::new() });
    }
    if let Some([target, rest]) = fit("{} is banned from the server {*}", line) {
        let (end, why) = rest.split_once(": ").unwrap_or((rest.trim_end_matches('.'), ""));
        let (until, closed) = match fit("{*}, {} {} closed", end) {
            Some([until, closed, _]) => (until, number(closed)),
            None => (end, 0),
        };
        return Some(Seen::ServerBanned { target: target.into(), lasts: lasts(until), why: why.into(), closed });
    }
    if let Some([who, closed, _, _]) = fit("{} is disconnected, {} {} closed. {*}", line) {
        return Some(Seen::ServerKicked { who: who.into(), closed: number(closed) });
    }
    if let Some([who]) = fit("{} is not connected. Nothing was done.", line) {
        return Some(Seen::ServerKicked { who: who.into(), closed: 0 });
    }
    let operator_set = |who: &str, operator| Some(Seen::OperatorSet { who: who.to_lowercase(), operator });
    if let Some([who, _, _]) = fit("{} {} now an operator of the server.{*}", line) {
        return operator_set(who, true);
    }
    let [who, _] = fit("{} {} not an operator of the server any more.", line)?;
    operator_set(who, false)
}

/// How long something holds, and why: `for good.`, `until today 09:30: spam`.
pub fn because(told: &str) -> (Lasts, String) {
    match told.split_once(": ") {
        Some((until, why)) => (lasts(until), why.to_owned()),
        None => (lasts(told.trim_end_matches('.')), String::new()),
    }
}

/// How many messages one has sent, as the last line of a session tells.
pub fn sent(told: &str) -> u64 {
    if told.contains(" The message you sent is saved.") {
        1
    } else if told.contains(" Both messages you sent are saved.") {
        2
    } else {
        fit("{*} All {} messages you sent are saved.{*}", told).map_or(0, |[_, count, _]| number(count))
    }
}

/// How many messages a room has, and how many of them are shown next.
pub fn earlier(told: &str) -> (u64, usize) {
    if told.ends_with("The only message so far:") {
        (1, 1)
    } else if let Some([_, count]) = fit("{*}All {} messages so far:", told) {
        (number(count), number(count) as usize)
    } else if let Some([_, shown, count]) = fit("{*}Last {} of {} messages:", told) {
        (number(count), number(shown) as usize)
    } else {
        assert!(told.contains("No earlier messages."), "{told}");
        (0, 0)
    }
}

/// People in a list: `bob, cho (moderator, away: lunch)`. Without a role of their own they have `plain`.
pub fn people(list: &str, plain: &str) -> Vec<Someone> {
    let (mut people, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices().chain([(list.len(), ',')]) {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                people.push(person(list[start..at].trim_start(), plain));
                start = at + 1;
            }
            _ => {}
        }
    }
    people
}

fn person(told: &str, plain: &str) -> Someone {
    let (name, remarks) = fit("{} ({*})", told).map_or((told, ""), |[name, remarks]| (name, remarks));
    let mut who = Someone { name: name.into(), online: true, away: None, role: plain.into() };
    for remark in remarks.split(", ").filter(|remark| !remark.is_empty()) {
        match remark {
            "owner" | "moderator" => who.role = remark.into(),
            "offline" => who.online = false,
            "away" => who.away = Some(String::new()),
            _ => who.away = Some(remark.strip_prefix("away: ").expect("a remark").into()),
        }
    }
    who
}
