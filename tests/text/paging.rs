//! `/more`, and pages between live messages.

use super::plain;
use crate::support::{Client, Running, Server};

/// Lines `from` to `to` as the history of #tea shows them, where ann said "line N" as number N.
fn lines(from: usize, to: usize) -> Vec<String> {
    (from..=to).map(|n| format!("[00:00] #tea {n} ann: line {n}")).collect()
}

/// The same with what stands below.
fn page(from: usize, to: usize, below: &[&str]) -> Vec<String> {
    let below = below.iter().map(|line| (*line).to_owned());
    lines(from, to).into_iter().chain(below).collect()
}

/// ann has made #tea and said "line 1" and so on there.
fn tea_with_lines(server: &Running, count: usize) -> Client {
    let mut ann = server.register("ann");
    ann.ask("/create tea");
    for n in 1..=count {
        ann.send(&format!("line {n}"));
    }
    ann.sync();
    ann
}

/// Logs in; the lines of the welcome.
fn welcome(server: &Running, name: &str) -> (Client, Vec<String>) {
    let mut client = server.connect();
    client.send(&format!("login {name} password-of-{name}"));
    let first = client.expect("-- Welcome back");
    let mut lines = vec![first];
    lines.extend(client.sync());
    (client, plain(lines))
}

fn quit(mut client: Client) {
    client.send("/quit");
    client.rest();
}

#[test]
fn history_shows_the_newest_page_and_goes_back_by_more() {
    let server = Server::with("history_page_lines = 10\nhistory_page_max_lines = 20").into_running();
    let mut ann = tea_with_lines(&server, 25);
    ann.send("/history");
    ann.send("/more");
    ann.send("/more");
    ann.send("/more");
    let mut expected = page(16, 25, &["-- #tea 16-25 of 25. Earlier: /history #tea 6-15"]);
    expected.extend(page(6, 15, &["-- #tea 6-15 of 25. Earlier: /history #tea 1-5", "-- Later: /history #tea 16-25"]));
    expected.extend(page(1, 5, &["-- #tea 1-5 of 25. Later: /history #tea 6-10"]));
    expected.push("-! There is nothing more to show.".to_owned());
    assert_eq!(plain(ann.sync()), expected);
}

#[test]
fn unread_goes_through_the_rooms_in_order_and_page_by_page() {
    let server = Server::with("history_page_lines = 5").into_running();
    let mut ann = tea_with_lines(&server, 1);
    let mut bob = server.register("bob");
    bob.ask("/join tea");
    bob.ask("/msg ann hi");
    quit(bob);
    for n in 2..=8 {
        ann.send(&format!("line {n}"));
    }
    ann.send("/msg bob alone");
    ann.send("/say general one");
    ann.send("/say general two");
    ann.sync();
    let (mut bob, told) = welcome(&server, "bob");
    assert_eq!(told[1], "--   #general  2 new     #tea  7 new     @ann  1 new");
    // First where he talks, then in the order in which the rooms were made.
    let mut first = vec!["[00:00] #general 2 ann: one".to_owned(), "[00:00] #general 3 ann: two".to_owned()];
    first.extend(lines(2, 4));
    first.push("-- 5 more unread. /unread goes on.".to_owned());
    let mut second = lines(5, 8);
    second.push("[00:00] @ann 2 ann: alone".to_owned());
    second.push("-- That is all. Nothing is unread now.".to_owned());
    bob.send("/unread");
    bob.send("/more");
    bob.send("/more");
    let end = "-! There is nothing more to show.".to_owned();
    assert_eq!(plain(bob.sync()), [first, second, vec![end]].concat());
    assert_eq!(bob.answer("/unread"), ["-- Nothing is unread."]);
    quit(bob);
    assert!(welcome(&server, "bob").1[0].ends_with("Nothing new."));
}

#[test]
fn a_page_comes_before_what_is_said_after_it_was_granted() {
    const LINES: usize = 400;
    let server = Server::start_new();
    let mut ann = tea_with_lines(&server, 0);
    let mut bob = server.register("bob");
    bob.ask("/join tea");
    let talker = std::thread::spawn(move || {
        for n in 1..=LINES {
            ann.send(&format!("line {n}"));
        }
        ann.sync();
        ann
    });
    let mut newest_live = 0;
    let mut newest_page = 0;
    while newest_live < LINES {
        bob.send("/history 20");
        for line in bob.sync() {
            let Some((_, said)) = line.split_once("#tea ") else { continue };
            let text: Vec<&str> = said.split(' ').collect();
            match text.as_slice() {
                [number, "ann:", "line", _] => newest_page = number.parse().expect("a number"),
                ["ann:", "line", number] => {
                    let number = number.parse().expect("a number");
                    assert_eq!(number, newest_live + 1, "live messages have no gap and none comes twice");
                    // A page that was granted before this was said does not come after it.
                    newest_live = number;
                }
                _ => assert!(newest_page >= newest_live, "{line}: the page has all that was delivered before it"),
            }
        }
    }
    talker.join().expect("the talker");
}

/// Asks `first` and then for more until there is none; the numbers of the messages of #tea, page by page.
fn numbers_of_pages(client: &mut Client, first: &str) -> Vec<Vec<u64>> {
    let number = |line: &String| line.strip_prefix('[')?.split_once("#tea ")?.1.split(' ').next()?.parse().ok();
    let mut pages = Vec::new();
    let mut page = client.ask(first);
    while page != ["-! There is nothing more to show."] {
        pages.push(page.iter().filter_map(number).collect());
        page = client.ask("/more");
    }
    pages
}

#[test]
fn talk_between_two_pages_does_not_lose_the_place() {
    let server = Server::with("history_page_lines = 10").into_running();
    let mut ann = tea_with_lines(&server, 25);
    ann.ask("/history");
    ann.ask("line 26");
    ann.ask("/whois ann");
    let lines = ann.answer("/more");
    assert_eq!(lines[..10], self::lines(6, 15));
    // A list is another thing to see more of.
    ann.ask("/rooms");
    assert_eq!(ann.answer("/more"), ["-- No rooms on page 2. The first page: /rooms"]);
}

#[test]
fn long_messages_come_on_shorter_pages_without_a_gap() {
    const LINES: u64 = 120;
    let server = Server::start_new();
    let mut ann = tea_with_lines(&server, 0);
    let mut bob = server.register("bob");
    bob.ask("/join tea");
    quit(bob);
    for n in 1..=LINES {
        ann.send(&format!("{n} {}", "x".repeat(1900)));
    }
    ann.sync();
    let whole: Vec<u64> = (1..=LINES).collect();
    // History goes back from the newest page, each page in the order in which it was said.
    let pages = numbers_of_pages(&mut ann, "/history 100");
    assert!(pages.len() > 3, "{pages:?}");
    let backwards: Vec<u64> = pages.iter().rev().flatten().copied().collect();
    assert_eq!(backwards, whole);
    let (mut bob, told) = welcome(&server, "bob");
    assert_eq!(told[1], "--   #tea  120 new     #general  nothing new");
    let pages = numbers_of_pages(&mut bob, "/unread");
    assert!(pages.len() > 3, "{pages:?}");
    assert_eq!(pages.concat(), whole);
    assert_eq!(bob.answer("/unread"), ["-- Nothing is unread."]);
}

#[test]
fn a_long_list_of_rooms_comes_in_pages() {
    let server = Server::with("list_page_rows = 2").into_running();
    let mut ann = server.register("ann");
    for room in ["aa", "bb", "cc", "dd"] {
        ann.ask(&format!("/create {room}"));
    }
    let row = |room: &str| format!("--   {room}  1 of 1 online, joined");
    ann.send("/rooms");
    ann.send("/more");
    ann.send("/more");
    let last = "--   #general  1 of 1 online, joined".to_owned();
    let expected = [
        "-- Rooms, page 1 of 3:".to_owned(),
        row("#aa"),
        row("#bb"),
        "-- More: /rooms 2".to_owned(),
        "-- Rooms, page 2 of 3:".to_owned(),
        row("#cc"),
        row("#dd"),
        "-- More: /rooms 3".to_owned(),
        "-- Rooms, page 3 of 3:".to_owned(),
        last,
        "-- /join ROOM enters one.".to_owned(),
    ];
    assert_eq!(ann.sync(), expected);
    assert_eq!(ann.ask("/rooms 2"), expected[4..8]);
}

#[test]
fn after_the_last_page_there_is_nothing_more() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    ann.send("/rooms");
    ann.expect("/join ROOM enters one.");
    assert_eq!(ann.answer("/more"), ["-- No rooms on page 2. The first page: /rooms"]);
}
