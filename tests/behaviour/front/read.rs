//! Lines of the text front as what they tell. A line that tells nothing known fails the test.

use std::collections::VecDeque;

use super::pattern::{fit, fits};
use super::refusals::code_of;
use super::sentences::{because, earlier, one_line, people, sent};
use crate::behaviour::seen::{
    BanRow, Departure, Kind, Lasts, RoomRow, RoomShown, Said, Seen, SessionRow, Someone, TokenRow,
};

/// What tells only a person something: how to go on, where one talks, questions, the name of a new day.
const ASIDES: [&str; 16] = [
    "Just type to talk. {*}",
    "Ask people in with {*}",
    "Anyone can find it by {*}",
    "Whoever types it first gets in, once: {*}",
    "Whoever has it is you. {*}",
    "A program gives it in place of your password: {*}",
    "Later: /history {*}",
    "Each message you send is now answered when it is saved. {*}",
    "Your password as it is now:",
    "New password, 8 characters or more:",
    "The new one once more:",
    "This deletes your account for good. {*}",
    "To do it, give your password. {*}",
    "Password:",
    "You talk {*}",
    "{}day {} {}",
];

/// What these lines tell, in order.
pub fn read(lines: Vec<String>) -> Vec<Seen> {
    let mut reader = Reader { lines: lines.into(), page: Vec::new() };
    let mut seen = Vec::new();
    while let Some(line) = reader.lines.pop_front() {
        reader.tell(&line, &mut seen);
    }
    assert!(reader.page.is_empty(), "a page without its end: {:#?}", reader.page);
    seen
}

/// A message as it is shown, with its number where that is shown.
fn message(line: &str) -> Option<Said> {
    let [_, rest] = fit("[{*}] {*}", line)?;
    let said = |seq: &str, room: &str, by: &str, is_action, text: &str| {
        let seq = seq.parse().ok()?;
        Some(Said { seq, room: room.into(), by: by.into(), is_action, text: text.into() })
    };
    let numbered = fit("{} {} * {} {*}", rest).and_then(|[room, seq, by, text]| said(seq, room, by, true, text));
    let numbered = numbered
        .or_else(|| fit("{} {} {}: {*}", rest).and_then(|[room, seq, by, text]| said(seq, room, by, false, text)));
    numbered
        .or_else(|| fit("{} * {} {*}", rest).and_then(|[room, by, text]| said("0", room, by, true, text)))
        .or_else(|| fit("{} {}: {*}", rest).and_then(|[room, by, text]| said("0", room, by, false, text)))
}

struct Reader {
    lines: VecDeque<String>,
    /// The messages of a page of which the end was not read.
    page: Vec<Said>,
}

impl Reader {
    fn tell(&mut self, line: &str, seen: &mut Vec<Seen>) {
        if line.starts_with('[') {
            let said = message(line).unwrap_or_else(|| panic!("no message: {line}"));
            match said.seq {
                0 => seen.push(Seen::Message(said)),
                _ => self.page.push(said),
            }
        } else if let Some(sentence) = line.strip_prefix("-! ") {
            seen.push(Seen::Refused(code_of(sentence)));
        } else {
            let line = line.strip_prefix("-- ").expect("the server says it");
            let told = self.several_lines(line).or_else(|| one_line(line));
            match told {
                Some(told) => seen.push(told),
                None => assert!(ASIDES.iter().any(|aside| fits(aside, line)), "unknown: {line}"),
            }
        }
    }

    /// The next line, if the server says so there.
    fn next_if(&mut self, pattern: &str) -> Option<String> {
        let next = self.lines.front()?.strip_prefix("-- ")?;
        fits(pattern, next).then(|| next.to_owned()).inspect(|_| drop(self.lines.pop_front()))
    }

    fn need(&mut self, pattern: &str) -> String {
        self.next_if(pattern).unwrap_or_else(|| panic!("no {pattern:?} in {:#?}", self.lines))
    }

    /// A list that goes on over lines which begin with two spaces.
    fn wrapped(&mut self, first: &str) -> String {
        let mut whole = first.to_owned();
        while let Some(line) = self.next_if("  {*}") {
            whole = format!("{whole} {}", line.trim_start());
        }
        whole
    }

    /// The rows of a list.
    fn rows(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.next_if("  {*}")).map(|row| row.trim_start().to_owned()).collect()
    }

    /// Where one talks now is told on a line of its own.
    fn where_one_talks(&mut self) {
        let _ = self.next_if("You now talk {*}").or_else(|| self.next_if("You talk in no room now. {*}"));
    }

    fn several_lines(&mut self, line: &str) -> Option<Seen> {
        self.entrance(line)
            .or_else(|| self.page_end(line))
            .or_else(|| self.departure(line))
            .or_else(|| self.shown(line))
            .or_else(|| self.listed(line))
            .or_else(|| self.end(line))
    }

    fn entrance(&mut self, line: &str) -> Option<Seen> {
        if let Some([name, room]) = fit("Welcome, {}. Your account is ready and you are in {}.", line) {
            let here = self.need("{*}");
            let here = self.wrapped(&here);
            self.recent(&here);
            return Some(Seen::Registered { name: name.into(), room: room.into() });
        }
        if let Some([name, rest]) = fit("Welcome back, {}.{*}", line) {
            let news = if rest.ends_with("While you were away:") { self.news() } else { Vec::new() };
            let _ = self.next_if("You talk {*}");
            // Only that one is away may be told before it.
            let elsewhere = self.lines.iter().take(2).position(|line| line.starts_with("-- You are also connected "));
            let elsewhere = elsewhere.and_then(|at| self.lines.remove(at));
            let times = |line: String| {
                fit("-- You are also connected {} times elsewhere.", &line).map_or(1, |[times]| number(times))
            };
            let others = elsewhere.map_or(0, times);
            return Some(Seen::LoggedIn { name: name.into(), news, others });
        }
        let (room, joined) = match (fit("You joined {}. You now talk in {}.", line), fit("You now talk in {}.", line)) {
            (Some([room, _]), _) => (room, true),
            (_, Some([room])) => (room, false),
            _ => return self.talk_alone(line),
        };
        let topic = self.next_if("Topic: {*}").map(|line| line["Topic: ".len()..].to_owned());
        let here = self.need("{*}");
        let here = self.wrapped(&here);
        let (last, recent) = self.recent(&here);
        let here = match fit("Here now: {*}. {*}", &here) {
            Some([names, _]) => people(names, ""),
            None => Vec::new(),
        };
        Some(Seen::Entered { room: room.into(), joined, topic, here, recent, last })
    }

    fn talk_alone(&mut self, line: &str) -> Option<Seen> {
        let [name, rest] = fit("You now talk with {} alone. {*}", line)?;
        let who = Someone { name: name.into(), online: true, ..Someone::default() };
        let here = if rest.starts_with(&format!("{name} is not online. ")) {
            Vec::new()
        } else if let Some([_, away, _]) = fit("{} is away ({*}). {*}", rest) {
            vec![Someone { away: Some(away.into()), ..who }]
        } else {
            vec![who]
        };
        let (last, recent) = self.recent(rest);
        Some(Seen::Entered { room: format!("@{name}"), joined: false, topic: None, here, recent, last })
    }

    /// How many messages there are, and the last of them, which follow.
    fn recent(&mut self, told: &str) -> (u64, Vec<Said>) {
        let (last, shown) = earlier(told);
        let lines: Vec<String> = self.lines.drain(..shown.min(self.lines.len())).collect();
        let read = |(index, line): (usize, &String)| {
            let said = message(line).unwrap_or_else(|| panic!("no message: {line}"));
            assert_eq!(said.seq, 0, "message {index} of the last has a number");
            said
        };
        (last, lines.iter().enumerate().map(read).collect())
    }

    fn news(&mut self) -> Vec<(String, u64, u64)> {
        let mut news = Vec::new();
        for line in std::iter::from_fn(|| self.next_if("  {*}")).collect::<Vec<_>>() {
            for row in line.trim_start().split("     ") {
                let (row, mentions) = match fit("{*}, {} name{} you", row) {
                    Some([row, mentions, _]) => (row, mentions),
                    None => fit("{*}, {} name you", row).map_or((row, "0"), |[row, mentions]| (row, mentions)),
                };
                if let Some([room, new]) = fit("{}  {} new", row).filter(|[_, new]| *new != "nothing") {
                    news.push((room.to_owned(), number(new), number(mentions)));
                }
            }
        }
        self.need("/unread shows them in order, {*}");
        news
    }

    fn page_end(&mut self, line: &str) -> Option<Seen> {
        if let Some([room, count, _]) = fit("That is all of {} ({} {}).", line) {
            let (last, messages) = (number(count), self.page.split_off(0));
            return Some(Seen::History { room: room.into(), from: 1, to: last, last, messages });
        }
        if let Some([room, range, last, _]) = fit("{} {} of {}. {*}", line)
            && let (Some(_), Ok(last)) = (room.find(['#', '@']), last.parse())
        {
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            let (from, to, messages) = (number(from), number(to), self.page.split_off(0));
            return Some(Seen::History { room: room.into(), from, to, last, messages });
        }
        if line == "That is all. Nothing is unread now." {
            return Some(Seen::Unread { messages: self.page.split_off(0), remaining: 0 });
        }
        let [remaining] = fit("{} more unread. /unread goes on.", line)?;
        Some(Seen::Unread { messages: self.page.split_off(0), remaining: number(remaining) })
    }

    fn departure(&mut self, line: &str) -> Option<Seen> {
        let (room, how) = if let Some([room, _]) = fit("You left {}. You {*}", line) {
            return Some(Seen::YouLeft { room: room.into(), how: Departure::Left });
        } else if let Some([by, room]) = fit("{} deleted {}, with all that was said there.", line) {
            (room, Departure::RoomDeleted { by: by.into() })
        } else if let Some([room, by, why]) = fit("You were kicked from {} by {}: {*}", line) {
            (room, Departure::Kicked { by: by.into(), why: why.into() })
        } else if let Some([room, by]) = fit("You were kicked from {} by {}.", line) {
            (room, Departure::Kicked { by: by.into(), why: String::new() })
        } else {
            let [room, by, rest] = fit("You were banned from {} by {} {*}", line)?;
            let (lasts, why) = because(rest);
            (room, Departure::Banned { by: by.into(), lasts, why })
        };
        self.where_one_talks();
        Some(Seen::YouLeft { room: room.into(), how })
    }

    fn shown(&mut self, line: &str) -> Option<Seen> {
        if let Some([room, kind, _, _]) = fit("{}: {*}, made {} {}.", line) {
            let kind = if kind == "you two alone" { "direct" } else { kind };
            return Some(Seen::Room(self.room(RoomShown {
                room: room.into(),
                kind: kind.into(),
                ..Default::default()
            })));
        }
        let (line, was_here) = match fit("{*}, last here {*}.", line) {
            Some([start, _]) => (format!("{start}."), true),
            None => (line.to_owned(), false),
        };
        let (name, online, away) = if let Some([name, away]) = fit("{} is not online, away ({*}).", &line) {
            (name, false, Some(away))
        } else if let Some([name, away]) = fit("{} is online, away ({*}).", &line) {
            (name, true, Some(away))
        } else if let Some([name]) = fit("{} is not online.", &line) {
            (name, false, None)
        } else {
            let [name] = fit("{} is online.", &line)?;
            (name, true, None)
        };
        let who = Someone { name: name.into(), online, away: away.map(str::to_owned), role: String::new() };
        let operator = self.need("Account since {*}").ends_with("Operator of the server.");
        let mut list = |lead: &str, gap: &str| -> Vec<String> {
            let Some(line) = self.next_if(&format!("{lead} {{*}}")) else { return Vec::new() };
            let whole = self.wrapped(&line[lead.len() + 1..]);
            whole.trim_end_matches('.').split(gap).map(str::to_owned).collect()
        };
        let (rooms, addresses) = (list("In:", ", "), list("Connected from:", " "));
        Some(Seen::Account { who, was_here, operator, rooms, addresses })
    }

    fn room(&mut self, mut room: RoomShown) -> RoomShown {
        room.topic = self.next_if("Topic: {*}").map(|line| line["Topic: ".len()..].to_owned());
        if self.next_if("No messages yet.").is_none() {
            let line = self.need("{} {}, {} unread.");
            let [last, _, unread] = fit("{} {}, {} unread.", &line).expect("it fitted");
            (room.last, room.unread) = (number(last), unread.parse().unwrap_or(0));
        }
        let line = self.need("{} {}, {} online.{*}");
        let line = self.wrapped(&line);
        let [members, _, online, roles] = fit("{} {}, {} online.{*}", &line).expect("it fitted");
        (room.members, room.online) = (number(members), number(online));
        room.owner = fit("{*}Owner: {}.{*}", roles).map(|[_, owner, _]| owner.to_owned());
        let names = |names: &str| names.split(", ").map(str::to_owned).collect();
        room.moderators = fit("{*}Moderators: {*}.", roles).map_or_else(Vec::new, |[_, list]| names(list));
        let mut list = |lead: &str| {
            let line = self.next_if(&format!("{lead}: {{*}}"));
            line.map_or_else(Vec::new, |line| names(self.wrapped(&line[lead.len() + 2..]).trim_end_matches('.')))
        };
        (room.invited, room.codes) = (list("Invited"), list("Open codes"));
        room
    }

    fn listed(&mut self, line: &str) -> Option<Seen> {
        let of_pages = fit("Rooms, page {} of {}:", line).map(|[page, pages]| (number(page), number(pages)));
        if let Some(page) = of_pages.or((line == "Rooms:").then_some((1, 1))) {
            let rows = self.rows().iter().map(|row| room_row(row)).collect();
            self.need(if page.0 < page.1 { "More: /rooms {}" } else { "/join ROOM enters one." });
            return Some(Seen::Rooms { rows, page });
        }
        if let Some([_, _, from]) = fit("{} {} from {*}:", line).filter(|[_, noun, _]| noun.starts_with("ban")) {
            let bans = self.rows().iter().map(|row| ban_row(row)).collect();
            return Some(Seen::Bans { room: Some(from.to_owned()).filter(|from| from != "the server"), bans });
        }
        if let Some([_, noun]) = fit("You have {} {}:", line)
            && noun.starts_with("token")
        {
            return Some(Seen::Tokens(self.rows().iter().map(|row| token_row(row)).collect()));
        }
        if let Some([name, until]) = fit("Token {} is made and holds {*}. It is shown this once:", line) {
            let (lasts, secret) = (lasts(until), self.need("token:{}"));
            return Some(Seen::TokenMade { name: name.into(), secret, lasts });
        }
        if fit::<1>("You are connected {*}:", line).is_some() {
            let rows = self.rows().iter().map(|row| session_row(row)).collect();
            let _ = self.next_if("To close one: {*}");
            return Some(Seen::Sessions(rows));
        }
        let (told, names) = line.split_once(": ")?;
        let (told, page) = match fit("{*}, page {} of {}", told) {
            Some([told, page, pages]) => (told, (number(page), number(pages))),
            None => (told, (1, 1)),
        };
        let (total, room) = if let Some([total]) = fit("{} online", told) {
            (total, None)
        } else if let Some([total, _, room]) = fit("{} {} of {}", told) {
            (total, Some(room))
        } else {
            let [total, room] = fit("{} in {}", told)?;
            (total, Some(room))
        };
        let names = self.wrapped(names);
        let people = people(names.strip_suffix('.')?, if room.is_some() { "member" } else { "" });
        if page.0 < page.1 {
            self.need("More: /who {*}");
        }
        Some(Seen::People { room: room.map(str::to_owned), people, page, total: number(total) })
    }

    /// The end of a session.
    fn end(&mut self, line: &str) -> Option<Seen> {
        let bye = |how: &str, sent, why: &str| Some(Seen::Bye { how: how.into(), sent, why: why.into() });
        if let Some([_, rest]) = fit("Bye {}.{*}", line) {
            let kicked = "An operator of the server closed your connections";
            if let Some(line) = self.next_if(&format!("{kicked}{{*}}")) {
                return bye("kicked", sent(rest), reason(&line[kicked.len()..]));
            }
            return match self.next_if("You are banned from the server {*}") {
                Some(line) => {
                    let (_, why) = because(&line["You are banned from the server ".len()..]);
                    bye("banned", sent(rest), &why)
                }
                None => bye("quit", sent(rest), ""),
            };
        }
        if let Some([_, rest]) = fit("You are logged out, {}.{*}", line) {
            self.need("The connection stays open.");
            return Some(Seen::LoggedOut { sent: sent(rest) });
        }
        if let Some([closed]) = fit("Your password is changed{*}.", line) {
            let closed = match closed {
                "" => 0,
                ", and your other connection is closed" => 1,
                _ => number(fit::<1>(", and your {} other connections are closed", closed)?[0]),
            };
            let tokens = self.next_if("Your {} {} still {}: {*}");
            let tokens = tokens.map_or(0, |line| number(line.split(' ').nth(1).expect("it fitted")));
            return Some(Seen::PasswordChanged { closed, tokens });
        }
        None
    }
}

fn reason(told: &str) -> &str {
    told.strip_prefix(": ").unwrap_or_default()
}

pub fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

pub fn lasts(told: &str) -> Lasts {
    match told {
        "for good" => Lasts::ForGood,
        _ => fit("until {*}", told).map(|[_]| Lasts::AWhile).unwrap_or_else(|| panic!("no end: {told}")),
    }
}

fn room_row(row: &str) -> RoomRow {
    // Columns: two spaces between them.
    let mut columns = row.splitn(2, ' ');
    let (room, rest) = (columns.next().unwrap_or_default(), columns.next().unwrap_or_default().trim_start());
    let (rest, topic) = match rest.split_once("  ") {
        Some((rest, topic)) => (rest, Some(topic.to_owned())),
        None => (rest, None),
    };
    let [online, members, remarks] = fit("{} of {} online{*}", rest).unwrap_or_else(|| panic!("no row: {row}"));
    let has = |remark: &str| remarks.split(", ").any(|other| other == remark);
    let is_direct = room.starts_with('@');
    let kind = if is_direct {
        "direct"
    } else if has("private") {
        "private"
    } else {
        "public"
    };
    RoomRow {
        room: room.into(),
        kind: kind.into(),
        members: number(members),
        online: number(online),
        topic,
        joined: kind != "public" || has("joined"),
        unread: remarks.split(", ").find_map(|remark| fit("{} new", remark)).map_or(0, |[new]| number(new)),
    }
}

fn ban_row(row: &str) -> BanRow {
    let told = fit("{}  by {} {} {}, {*}", row).unwrap_or_else(|| panic!("no row: {row}"));
    let [target, by, _, _, rest] = told;
    let (lasts, why) = because(&format!("{rest}{}", if rest.contains(": ") { "" } else { "." }));
    BanRow { target: target.into(), by: by.into(), lasts, why }
}

fn token_row(row: &str) -> TokenRow {
    let told = fit("{}  made {} {}, holds {*}, {*}", row).unwrap_or_else(|| panic!("no row: {row}"));
    let [name, _, _, until, used] = told;
    TokenRow { name: name.into(), lasts: lasts(until), used: used.starts_with("last used ") }
}

fn session_row(row: &str) -> SessionRow {
    let told = fit("{}  {} from {}, since {} {}, {*}", row).unwrap_or_else(|| panic!("no row: {row}"));
    let [session, front, address, _, _, remarks] = told;
    let token = remarks.split(", ").find_map(|remark| fit("by token {}", remark)).map(|[token]| token.to_owned());
    let front = if front == "json" { Kind::Json } else { Kind::Text };
    SessionRow { number: number(session), front, address: address.into(), token, own: remarks.ends_with("this one") }
}
