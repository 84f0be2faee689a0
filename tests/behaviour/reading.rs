//! What was said before: by numbers, and what is unread.

use super::asked::Ask::*;
use super::house::{Cast, House, Person};
use super::seen::{Said, Seen, message, said, whole_history};

through_each_front! {
    every_range_is_cut_to_what_there_is_and_to_a_page
    a_room_without_messages_has_an_empty_page
    anybody_may_read_a_public_room
    what_was_missed_is_told_at_the_login
    unread_goes_through_the_rooms_and_marks_as_read
    catching_up_marks_as_read_without_showing
    one_connection_reads_for_all_of_its_account
    reading_history_marks_nothing_as_read
    nothing_is_lost_and_nothing_becomes_unread_again_by_a_crash
}

fn page(from: u64, to: u64, last: u64) -> Seen {
    Seen::History { room: "#tea".into(), from, to, last, messages: lines(from, to) }
}

fn lines(from: u64, to: u64) -> Vec<Said> {
    (from..=to).map(|number| said(number, "#tea", "ann", &format!("line {number}"))).collect()
}

/// So many lines of ann in a public room.
fn write(ann: &mut Person, from: u64, to: u64) {
    lines(from, to).iter().for_each(|said| drop(ann.does(Say("#tea", &said.text))));
}

fn every_range_is_cut_to_what_there_is_and_to_a_page(cast: Cast) {
    let mut house = House::with(cast, "history_page_lines = 5\nhistory_page_max_lines = 8");
    let [mut ann] = house.register_all(["ann"]);
    ann.does(Create("tea"));
    write(&mut ann, 1, 12);
    ann.gets(History("#tea"), [page(8, 12, 12)]);
    ann.gets(Newest("#tea", 3), [page(10, 12, 12)]);
    ann.gets(Newest("#tea", 1), [page(12, 12, 12)]);
    ann.gets(Newest("#tea", 100), [page(5, 12, 12)]);
    ann.gets(Between("#tea", 2, 4), [page(2, 4, 12)]);
    ann.gets(Between("#tea", 7, 7), [page(7, 7, 12)]);
    ann.gets(Between("#tea", 10, 99), [page(10, 12, 12)]);
    ann.gets(Between("#tea", 1, 5), [page(1, 5, 12)]);
    ann.is_refused(Between("#tea", 13, 20), "no_such_messages");
    ann.is_refused(Between("#tea", 4, 2), "no_such_messages");
    // Of more than a page holds, the first.
    ann.gets(Between("#tea", 1, 12), [page(1, 8, 12)]);
}

fn a_room_without_messages_has_an_empty_page(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann] = house.register_all(["ann"]);
    ann.does(Create("tea"));
    ann.gets(History("#tea"), [whole_history("#tea", &[])]);
    ann.gets(Newest("#tea", 3), [whole_history("#tea", &[])]);
    ann.gets(Between("#tea", 1, 2), [whole_history("#tea", &[])]);
}

fn anybody_may_read_a_public_room(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    write(&mut ann, 1, 2);
    bob.gets(History("#tea"), [whole_history("#tea", &lines(1, 2))]);
    bob.gets(Unread, [Seen::NothingUnread]);
    bob.is_refused(CatchUpIn("#tea"), "not_member");
    bob.is_refused(History("#nowhere"), "no_such_room");
}

fn what_was_missed_is_told_at_the_login(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    bob.does(Join("#tea"));
    write(&mut ann, 1, 1);
    bob.quit();
    write(&mut ann, 2, 3);
    ann.does(Say("#tea", "bob, where are you? bob!"));
    ann.does(Say("#general", "hello"));
    ann.does(Say("@bob", "psst"));
    let (bob, seen) = house.come_back("bob");
    let news = vec![("#general".into(), 1, 0), ("#tea".into(), 3, 1), ("@ann".into(), 1, 0)];
    assert_eq!(seen, [Seen::LoggedIn { name: "bob".into(), news, others: 0 }]);
    let (_, seen) = house.come_back("bob");
    assert!(matches!(&seen[..], [Seen::LoggedIn { others: 1, .. }]), "{seen:#?}");
    drop(bob);
    let mut bob = house.log_in("bob");
    bob.does(CatchUp);
    let (_, seen) = bob.log_out();
    assert!(matches!(seen[..], [Seen::LoggedOut { sent: 0 }]), "{seen:#?}");
    let (_, seen) = house.come_back("bob");
    assert!(matches!(&seen[..], [Seen::LoggedIn { news, .. }] if news.is_empty()), "{seen:#?}");
}

fn unread_goes_through_the_rooms_and_marks_as_read(cast: Cast) {
    let mut house = House::with(cast, "history_page_lines = 4\nhistory_page_max_lines = 4");
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    bob.does(Join("#tea"));
    bob.quit();
    ann.does(Say("#general", "hello"));
    write(&mut ann, 1, 5);
    let mut bob = house.log_in("bob");
    let mut messages = vec![said(2, "#general", "ann", "hello")];
    messages.extend(lines(1, 3));
    bob.gets(Unread, [Seen::Unread { messages, remaining: 2 }]);
    bob.gets(Unread, [Seen::Unread { messages: lines(4, 5), remaining: 0 }]);
    bob.gets(Unread, [Seen::NothingUnread]);
    // What is told live is read.
    ann.does(Say("#tea", "line 6"));
    bob.sees([message(6, "#tea", "ann", "line 6")]);
    bob.gets(Unread, [Seen::NothingUnread]);
}

fn catching_up_marks_as_read_without_showing(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    bob.does(Join("#tea"));
    bob.quit();
    write(&mut ann, 1, 3);
    ann.does(Say("#general", "hello"));
    ann.does(Say("@bob", "psst"));
    let mut bob = house.log_in("bob");
    bob.gets(CatchUpIn("#tea"), [Seen::CaughtUp { messages: 3, rooms: 1 }]);
    bob.gets(CatchUp, [Seen::CaughtUp { messages: 2, rooms: 2 }]);
    bob.gets(Unread, [Seen::NothingUnread]);
    bob.gets(History("#tea"), [whole_history("#tea", &lines(1, 3))]);
    bob.is_refused(CatchUpIn("#nowhere"), "no_such_room");
}

fn one_connection_reads_for_all_of_its_account(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, bob] = house.register_all(["ann", "bob"]);
    bob.quit();
    ann.does(Say("#general", "hello"));
    let (mut here, mut elsewhere) = (house.log_in("bob"), house.log_in("bob"));
    here.gets(Unread, [Seen::Unread { messages: vec![said(2, "#general", "ann", "hello")], remaining: 0 }]);
    elsewhere.gets(Unread, [Seen::NothingUnread]);
}

fn reading_history_marks_nothing_as_read(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, bob] = house.register_all(["ann", "bob"]);
    bob.quit();
    ann.does(Say("#general", "hello"));
    let mut bob = house.log_in("bob");
    bob.does(History("#general"));
    bob.gets(Unread, [Seen::Unread { messages: vec![said(2, "#general", "ann", "hello")], remaining: 0 }]);
}

fn nothing_is_lost_and_nothing_becomes_unread_again_by_a_crash(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    bob.does(Join("#tea"));
    write(&mut ann, 1, 2);
    bob.forget();
    bob.quit();
    write(&mut ann, 3, 4);
    house.crash();
    let mut bob = house.log_in("bob");
    bob.gets(History("#tea"), [whole_history("#tea", &lines(1, 4))]);
    bob.gets(Unread, [Seen::Unread { messages: lines(3, 4), remaining: 0 }]);
    bob.quit();
    house.restart();
    house.log_in("bob").gets(Unread, [Seen::NothingUnread]);
}
