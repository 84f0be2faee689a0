//! Talk: what is said, as others and oneself see it, and the one order that all see.

use crate::support::{Client, Server, timeless};

#[test]
fn speech_actions_and_slashes_are_shown_as_they_were_meant() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    bob.ask("/create tea");
    ann.ask("/join tea");
    ann.ask("/join general");
    bob.sync();
    let mut said = |line: &str, expected: &str| {
        assert_eq!(ann.answer(line), [""; 0], "{line}");
        assert_eq!(bob.sync().iter().map(|line| timeless(line)).collect::<Vec<_>>(), [expected], "{line}");
    };
    said("hello all", "[00:00] #general ann: hello all");
    said("/say #tea the kettle", "[00:00] #tea ann: the kettle");
    said("/say tea is on", "[00:00] #tea ann: is on");
    said("/me waves", "[00:00] #general * ann waves");
    said("//etc/passwd", "[00:00] #general ann: /etc/passwd");
    said("  spaces  stay within ", "[00:00] #general ann: spaces  stay within");
    said("/say tea /quit", "[00:00] #tea ann: /quit");
    assert_eq!(ann.answer("/me"), ["-! /me needs a text. Nothing was sent. Usage: /me TEXT - for example /me waves"]);
    assert_eq!(
        ann.answer(&"x".repeat(2001)),
        ["-! That text has 2001 bytes; 2000 is the most. Nothing was sent. Send it in parts."]
    );
    assert_eq!(bob.sync(), [""; 0]);
}

#[test]
fn the_other_connections_of_the_sender_see_what_it_said() {
    let server = Server::start_new();
    let (mut ann, mut bob) = (server.register("ann"), server.register("bob"));
    let mut elsewhere = server.login("ann");
    ann.ask("hello");
    ann.ask("/msg bob hi");
    let own = |lines: Vec<String>| lines.iter().map(|line| timeless(line)).collect::<Vec<_>>();
    assert_eq!(own(elsewhere.sync()), ["[00:00] #general ann: hello", "[00:00] @bob ann: hi"]);
    assert_eq!(own(bob.sync()), ["[00:00] #general ann: hello", "[00:00] @ann ann: hi"]);
    assert_eq!(ann.sync(), [""; 0]);
}

#[test]
fn stored_messages_are_acknowledged_to_who_asked_for_it() {
    let server = Server::new();
    let running = server.start();
    let (mut ann, mut bob) = (running.register("ann"), running.register("bob"));
    ann.ask("/create tea");
    assert_eq!(
        ann.answer("/set acks on"),
        ["-- Each message you send is now answered when it is saved. /set acks off stops that."]
    );
    assert_eq!(ann.answer("one"), ["-- saved #tea 1"]);
    assert_eq!(ann.answer("/me waves"), ["-- saved #tea 2"]);
    assert_eq!(ann.answer("/say general hi"), ["-- saved #general 2"]);
    assert_eq!(ann.answer("/msg bob hi"), ["-- saved @bob 1"]);
    bob.sync();
    assert_eq!(bob.answer("/r hello"), [""; 0]);
    ann.sync();
    assert_eq!(ann.ask(&"x".repeat(2001)).len(), 1, "what is refused is not acknowledged");
    running.stop();
    let running = server.start();
    let mut ann = running.login("ann");
    assert_eq!(ann.answer("/say tea three"), ["-- saved #tea 3"]);
    ann.ask("/set acks off");
    assert_eq!(ann.answer("/say tea four"), [""; 0]);
}

#[test]
fn all_members_see_one_order_and_every_message_once() {
    const SENDERS: usize = 8;
    const READERS: usize = 8;
    const LINES: usize = 200;
    let server = Server::start_new();
    let mut maker = server.register("maker");
    maker.ask("/create tea");
    let join = |name: String| {
        let mut client = server.register(&name);
        client.ask("/join tea");
        client
    };
    let senders: Vec<Client> = (0..SENDERS).map(|n| join(format!("sender{n}"))).collect();
    let readers: Vec<Client> = (0..READERS).map(|n| join(format!("reader{n}"))).collect();

    let (seen_by_senders, seen) = std::thread::scope(|scope| {
        let read = |reader| scope.spawn(move || said_until_the_end(reader));
        let readers: Vec<_> = readers.into_iter().map(read).collect();
        let send = |(n, sender)| scope.spawn(move || say_lines(sender, n, LINES));
        let senders: Vec<_> = senders.into_iter().enumerate().map(send).collect();
        let heard: Vec<_> = senders.into_iter().map(|sender| sender.join().expect("a sender")).collect();
        maker.ask("end");
        let seen: Vec<_> = readers.into_iter().map(|reader| reader.join().expect("a reader")).collect();
        (heard, seen)
    });

    let pages = (0..=SENDERS * LINES).step_by(100).map(|from| format!("/history tea {}-{}", from + 1, from + 100));
    let history: Vec<String> = pages.flat_map(|page| maker.ask(&page)).collect();
    let numbered: Vec<(usize, &str)> = history.iter().filter_map(|line| numbered(line)).collect();
    let numbers: Vec<usize> = numbered.iter().map(|(number, _)| *number).collect();
    assert!(numbers.iter().copied().eq(1..=SENDERS * LINES + 1), "numbers have a gap");
    let stored: Vec<&str> = numbered.iter().map(|(_, said)| *said).filter(|said| said.starts_with("sender")).collect();
    assert_eq!(stored.len(), SENDERS * LINES);
    for (n, seen) in seen.iter().enumerate() {
        assert!(*seen == stored, "reader {n} saw another order");
    }
    for (n, seen) in seen_by_senders.iter().enumerate() {
        let own = format!("sender{n}: ");
        let said = stored.iter().filter(|line| line.starts_with(&own));
        assert!(said.eq((0..LINES).map(|line| format!("{own}line {line}")).collect::<Vec<_>>().iter()), "{own}");
        // A sender has seen a beginning of the same order, without its own lines.
        let others = stored.iter().filter(|line| !line.starts_with(&own)).take(seen.len());
        assert!(others.eq(seen.iter()), "sender {n} saw another order");
    }
}

/// Says lines as fast as they are taken; what others said meanwhile.
fn say_lines(mut sender: Client, n: usize, lines: usize) -> Vec<String> {
    for line in 0..lines {
        sender.send(&format!("line {line}"));
    }
    let seen = sender.sync();
    assert!(!seen.iter().any(|line| line.contains(&format!("#tea sender{n}: "))), "a sender is not told its own words");
    seen.iter().filter_map(|line| said(line)).collect()
}

fn said_until_the_end(mut reader: Client) -> Vec<String> {
    let lines = std::iter::from_fn(|| reader.line().filter(|line| !line.ends_with("maker: end")));
    lines.collect::<Vec<_>>().iter().filter_map(|line| said(line)).collect()
}

/// What a sender said in a line as its readers get it.
fn said(line: &str) -> Option<String> {
    let said = line.split_once("#tea ")?.1;
    said.starts_with("sender").then(|| said.to_owned()).filter(|said| said.contains(": "))
}

/// Number and text of a line of the history.
fn numbered(line: &str) -> Option<(usize, &str)> {
    let (number, said) = line.strip_prefix('[')?.split_once("#tea ")?.1.split_once(' ')?;
    Some((number.parse().ok()?, said))
}
