//! Reading what was said: history by pages and numbers, what is unread, and up to where somebody has read.

use crate::support::{Client, Running, Server, timeless};

fn plain(lines: Vec<String>) -> Vec<String> {
    lines.iter().map(|line| timeless(line)).collect()
}

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
fn every_range_is_cut_to_what_there_is_and_to_a_page() {
    let server = Server::with("history_page_lines = 10\nhistory_page_max_lines = 20").into_running();
    let mut ann = tea_with_lines(&server, 25);
    let check = |ann: &mut Client, asked: &str, expected: Vec<String>| {
        assert_eq!(ann.answer(asked), expected, "{asked}");
    };
    check(&mut ann, "/history 3", page(23, 25, &["-- #tea 23-25 of 25. Earlier: /history #tea 20-22"]));
    check(&mut ann, "/history #tea 1", page(25, 25, &["-- #tea 25 of 25. Earlier: /history #tea 24-24"]));
    // More than a page is a page.
    check(&mut ann, "/history 1000000000000", page(6, 25, &["-- #tea 6-25 of 25. Earlier: /history #tea 1-5"]));
    check(
        &mut ann,
        "/history 4-6",
        page(4, 6, &["-- #tea 4-6 of 25. Earlier: /history #tea 1-3", "-- Later: /history #tea 7-9"]),
    );
    check(&mut ann, "/history tea 1-25", page(1, 20, &["-- #tea 1-20 of 25. Later: /history #tea 21-25"]));
    check(
        &mut ann,
        "/history 24-9223372036854775807",
        page(24, 25, &["-- #tea 24-25 of 25. Earlier: /history #tea 22-23"]),
    );
    check(
        &mut ann,
        "/history 7-7",
        page(7, 7, &["-- #tea 7 of 25. Earlier: /history #tea 6-6", "-- Later: /history #tea 8-8"]),
    );
    let refused = |line: &str| vec![line.to_owned()];
    check(
        &mut ann,
        "/history 26-30",
        refused("-! No such messages: #tea has numbers 1 to 25. Nothing was shown. For the newest: /history #tea"),
    );
    for bad in ["0", "-5", "0-5", "5-0", "18446744073709551616", "99999999999999999999-5", "5-", "-", "\u{663}"] {
        let lines = ann.ask(&format!("/history {bad}"));
        assert_eq!(lines.len(), 1, "{bad}: {lines:?}");
        assert!(lines[0].starts_with("-! "), "{bad}: {lines:?}");
    }
    check(
        &mut ann,
        "/history 5-3",
        refused(
            "-! \"5-3\" is the wrong way round. Nothing was done. The smaller number is first: /history #tea 10-20",
        ),
    );
}

#[test]
fn a_room_without_messages_says_so() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    ann.ask("/create tea");
    for asked in ["/history", "/history tea", "/history 5", "/history 1-5"] {
        assert_eq!(ann.answer(asked), ["-- No messages in #tea yet."], "{asked}");
    }
}

#[test]
fn anybody_may_read_a_public_room() {
    let server = Server::start_new();
    tea_with_lines(&server, 2);
    let mut bob = server.register("bob");
    assert_eq!(bob.answer("/history tea"), page(1, 2, &["-- That is all of #tea (2 messages)."]));
    // Reading makes nobody a member.
    assert_eq!(bob.answer("/who tea").len(), 1);
    assert!(!bob.ask("/who tea")[0].contains("bob"));
}

#[test]
fn what_was_said_meanwhile_is_told_at_the_next_login() {
    let server = Server::start_new();
    let mut ann = tea_with_lines(&server, 1);
    let mut bob = server.register("bob");
    bob.ask("/join tea");
    quit(bob);
    // Nothing is unread that was on the screen, or before the membership.
    let (bob, lines) = welcome(&server, "bob");
    assert_eq!(lines, ["-- Welcome back, bob. Last here today 00:00. Nothing new.", "-- You talk in #general."]);
    quit(bob);
    for n in 2..=12 {
        ann.ask(&format!("line {n}"));
    }
    ann.ask("are you there, Bob?");
    ann.ask("/msg bob hello");
    let (mut bob, lines) = welcome(&server, "bob");
    assert_eq!(
        lines,
        [
            "-- Welcome back, bob. Last here today 00:00. While you were away:",
            "--   #tea  12 new, 1 names you     @ann  1 new     #general  nothing new",
            "-- /unread shows them in order, /catchup marks all as read.",
            "-- You talk in #general.",
        ]
    );
    assert_eq!(bob.answer("/rooms")[2], "--   #tea      2 of 2 online, joined, 12 new");
    assert_eq!(bob.answer("/room #tea")[1], "-- 13 messages, 12 unread.");
}

#[test]
fn a_mention_counts_once_for_everybody_it_names() {
    let server = Server::start_new();
    let mut ann = tea_with_lines(&server, 1);
    for name in ["bob", "cho", "dee"] {
        let mut client = server.register(name);
        client.ask("/join tea");
        quit(client);
    }
    // eli is no member, so nobody is named by his name.
    quit(server.register("eli"));
    ann.ask("bob, BOB and @bob: and cho too, says ann; not bobby, nor eli");
    ann.ask("cho?");
    ann.ask("nobody here");
    ann.ask("(dee) -dee- \"dee\"");
    let told = |name: &str| welcome(&server, name).1[1].clone();
    assert_eq!(told("bob"), "--   #tea  4 new, 1 names you     #general  nothing new");
    assert_eq!(told("cho"), "--   #tea  4 new, 2 name you     #general  nothing new");
    assert_eq!(told("dee"), "--   #tea  4 new, 1 names you     #general  nothing new");
    // What one says oneself is no mention.
    quit(ann);
    assert_eq!(
        welcome(&server, "ann").1,
        ["-- Welcome back, ann. Last here today 00:00. Nothing new.", "-- You talk in #general."]
    );
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
fn catching_up_marks_as_read_without_showing() {
    let server = Server::start_new();
    let mut ann = tea_with_lines(&server, 1);
    let mut bob = server.register("bob");
    bob.ask("/join tea");
    quit(bob);
    ann.ask("bob?");
    ann.ask("/say general one");
    ann.ask("/msg bob two");
    let (mut bob, _) = welcome(&server, "bob");
    assert_eq!(bob.answer("/catchup #tea"), ["-- 1 message in 1 room marked as read."]);
    assert_eq!(bob.answer("/catchup #tea"), ["-- Nothing is unread."]);
    quit(bob);
    let (mut bob, told) = welcome(&server, "bob");
    assert_eq!(told[1], "--   #general  1 new     @ann  1 new     #tea  nothing new");
    assert_eq!(bob.answer("/catchup"), ["-- 2 messages in 2 rooms marked as read."]);
    assert_eq!(bob.answer("/catchup"), ["-- Nothing is unread."]);
    assert_eq!(bob.answer("/unread"), ["-- Nothing is unread."]);
    assert_eq!(
        bob.answer("/catchup kitchen"),
        ["-! No room #kitchen. Nothing was done. /rooms lists the rooms you can enter."]
    );
    // It stays in the history.
    assert_eq!(bob.answer("/history tea")[1], "[00:00] #tea 2 ann: bob?");
}

#[test]
fn live_messages_do_not_hide_older_unread_ones() {
    let server = Server::start_new();
    let mut ann = tea_with_lines(&server, 1);
    let mut bob = server.register("bob");
    bob.ask("/join tea");
    quit(bob);
    ann.ask("line 2");
    let (mut bob, _) = welcome(&server, "bob");
    ann.ask("line 3");
    ann.ask("line 4");
    assert_eq!(bob.sync().len(), 2, "he sees them live");
    quit(bob);
    let (mut bob, told) = welcome(&server, "bob");
    assert_eq!(told[1], "--   #tea  3 new     #general  nothing new");
    let expected = [lines(2, 4), vec!["-- That is all. Nothing is unread now.".to_owned()]].concat();
    assert_eq!(bob.answer("/unread"), expected);
    // From here on what is delivered counts as read.
    ann.ask("line 5");
    bob.sync();
    quit(bob);
    assert!(welcome(&server, "bob").1[0].ends_with("Nothing new."));
}

#[test]
fn one_connection_reads_for_all_of_its_account() {
    let server = Server::start_new();
    let mut ann = tea_with_lines(&server, 1);
    let mut bob = server.register("bob");
    bob.ask("/join tea");
    let mut elsewhere = server.login("bob");
    quit(bob);
    // He is still connected elsewhere, so this is on his screen.
    ann.ask("line 2");
    assert_eq!(elsewhere.sync().len(), 1);
    quit(elsewhere);
    ann.ask("line 3");
    let (mut one, told) = welcome(&server, "bob");
    assert_eq!(told[1], "--   #tea  1 new     #general  nothing new");
    let (mut other, told) = welcome(&server, "bob");
    assert_eq!(told[1], "--   #tea  1 new     #general  nothing new");
    assert_eq!(told.last().unwrap(), "-- You are also connected once elsewhere.");
    assert_eq!(one.answer("/unread").len(), 2);
    assert_eq!(other.answer("/unread"), ["-- Nothing is unread."]);
}

#[test]
fn reading_history_moves_no_read_position() {
    let server = Server::start_new();
    let mut ann = tea_with_lines(&server, 1);
    let mut bob = server.register("bob");
    bob.ask("/join tea");
    quit(bob);
    ann.ask("line 2");
    let (mut bob, _) = welcome(&server, "bob");
    bob.ask("/history tea");
    bob.ask("/join tea");
    assert_eq!(bob.answer("/room tea show").len(), 1, "a name without its # is no room here");
    assert_eq!(bob.answer("/room #tea")[1], "-- 2 messages, 1 unread.");
}

#[test]
fn read_positions_and_mentions_survive_a_restart() {
    let server = Server::new();
    let running = server.start();
    let mut ann = tea_with_lines(&running, 3);
    let mut bob = running.register("bob");
    let mut cho = running.register("cho");
    bob.ask("/join tea");
    cho.ask("/join tea");
    ann.ask("line 4");
    quit(bob);
    ann.ask("line 5");
    ann.ask("bob: line 6");
    // cho is online when the server stops, and has seen all.
    assert_eq!(cho.sync().len(), 3);
    running.stop();
    let running = server.start();
    let (bob, told) = welcome(&running, "bob");
    assert_eq!(told[1], "--   #tea  2 new, 1 names you     #general  nothing new");
    assert!(welcome(&running, "cho").1[0].ends_with("Nothing new."));
    // A killed server forgets at most what was read since the login: rather shown twice than never.
    drop(bob);
    running.kill();
    let running = server.start();
    let (mut bob, told) = welcome(&running, "bob");
    assert_eq!(told[1], "--   #tea  2 new, 1 names you     #general  nothing new");
    assert_eq!(bob.answer("/unread").len(), 3);
    running.kill();
    let running = server.start();
    assert!(welcome(&running, "bob").1[0].ends_with("Nothing new."), "what was shown by /unread is stored at once");
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
