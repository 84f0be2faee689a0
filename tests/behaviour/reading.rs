//! History by numbers, unread messages, and read positions.

use chat_server::chat::{Event, Message};
use chat_server::protocol::json::Object;

use super::ask::{self, room};
use super::house::{House, Person, Transport};
use super::seen::{message, said, shown, unread, welcome, whole_history};

over_each_transport! {
    every_range_is_cut_to_what_there_is_and_to_a_page
    a_room_without_messages_has_an_empty_page
    anybody_may_read_a_public_room
    missed_messages_are_counted_at_the_login
    a_mention_counts_once_for_everybody_it_names
    unread_goes_through_the_rooms_and_marks_as_read
    live_messages_do_not_hide_older_unread_ones
    catching_up_marks_as_read_without_showing
    one_connection_reads_for_all_of_its_account
    reading_history_marks_nothing_as_read
    nothing_is_lost_and_nothing_becomes_unread_again_by_a_crash
}

fn page(from: u64, to: u64, last: u64) -> Object {
    Object::History { room: shown(room("#tea")), from, to, last, messages: lines(from, to) }
}

fn lines(from: u64, to: u64) -> Vec<Message> {
    (from..=to).map(|number| said(number, "#tea", "ann", &format!("line {number}"))).collect()
}

/// Sends messages of ann in a public room.
fn write(ann: &mut Person, from: u64, to: u64) {
    lines(from, to).iter().for_each(|said| drop(ann.does(ask::say("#tea", said.text.as_str()))));
}

fn every_range_is_cut_to_what_there_is_and_to_a_page(transport: Transport) {
    let house = House::with(transport, "history_page_lines = 5\nhistory_page_max_lines = 8");
    let [mut ann] = house.register_all(["ann"]);
    ann.does(ask::create("tea"));
    write(&mut ann, 1, 12);
    ann.gets(ask::history("#tea"), [page(8, 12, 12)]);
    ann.gets(ask::newest("#tea", 3), [page(10, 12, 12)]);
    ann.gets(ask::newest("#tea", 1), [page(12, 12, 12)]);
    ann.gets(ask::newest("#tea", 100), [page(5, 12, 12)]);
    ann.gets(ask::between("#tea", 2, 4), [page(2, 4, 12)]);
    ann.gets(ask::between("#tea", 7, 7), [page(7, 7, 12)]);
    ann.gets(ask::between("#tea", 10, 99), [page(10, 12, 12)]);
    ann.gets(ask::between("#tea", 1, 5), [page(1, 5, 12)]);
    ann.is_refused(ask::between("#tea", 13, 20), "no_such_messages");
    ann.is_refused(ask::between("#tea", 4, 2), "no_such_messages");
    // A range that exceeds a page gives its first messages.
    ann.gets(ask::between("#tea", 1, 12), [page(1, 8, 12)]);
}

fn a_room_without_messages_has_an_empty_page(transport: Transport) {
    let house = House::new(transport);
    let [mut ann] = house.register_all(["ann"]);
    ann.does(ask::create("tea"));
    ann.gets(ask::history("#tea"), [whole_history("#tea", &[])]);
    ann.gets(ask::newest("#tea", 3), [whole_history("#tea", &[])]);
    ann.gets(ask::between("#tea", 1, 2), [whole_history("#tea", &[])]);
}

fn anybody_may_read_a_public_room(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    write(&mut ann, 1, 2);
    bob.gets(ask::history("#tea"), [whole_history("#tea", &lines(1, 2))]);
    bob.gets(ask::unread(), [Event::NothingUnread.into()]);
    bob.is_refused(ask::catch_up_in("#tea"), "not_member");
    bob.is_refused(ask::history("#nowhere"), "no_such_room");
}

fn missed_messages_are_counted_at_the_login(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    write(&mut ann, 1, 1);
    bob.quit();
    write(&mut ann, 2, 3);
    ann.does(ask::say("#tea", "bob, where are you? bob!"));
    ann.does(ask::say("#general", "hello"));
    ann.does(ask::say("@bob", "psst"));
    let (bob, seen) = house.come_back("bob");
    let news = vec![(room("#general"), 1, 0), (room("#tea"), 3, 1), (room("@ann"), 1, 0)];
    assert_eq!(welcome(&seen), ("bob".to_owned(), news, 0));
    let (_, seen) = house.come_back("bob");
    assert_eq!(welcome(&seen).2, 1);
    drop(bob);
    let mut bob = house.log_in("bob");
    bob.does(ask::catch_up());
    bob.log_out(0);
    let (_, seen) = house.come_back("bob");
    assert_eq!(welcome(&seen).1, []);
}

fn a_mention_counts_once_for_everybody_it_names(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, mut cho, eli] = house.register_all(["ann", "bob", "cho", "eli"]);
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    cho.does(ask::join("#tea"));
    [bob, cho, eli].into_iter().for_each(Person::quit);
    for text in ["bob, BOB and @bob: and cho too, says ann; not bobby, nor eli", "cho?", "nobody here"] {
        ann.does(ask::say("#tea", text));
    }
    let news = |name: &str| welcome(&house.come_back(name).1).1;
    assert_eq!(news("bob"), [(room("#tea"), 3, 1)]);
    assert_eq!(news("cho"), [(room("#tea"), 3, 2)]);
    // Neither an outsider nor the author is mentioned.
    assert_eq!(news("eli"), []);
    ann.quit();
    assert_eq!(news("ann"), []);
}

fn unread_goes_through_the_rooms_and_marks_as_read(transport: Transport) {
    let house = House::with(transport, "history_page_lines = 4\nhistory_page_max_lines = 4");
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    bob.quit();
    ann.does(ask::say("#general", "hello"));
    write(&mut ann, 1, 5);
    let mut bob = house.log_in("bob");
    let mut messages = vec![said(2, "#general", "ann", "hello")];
    messages.extend(lines(1, 3));
    bob.gets(ask::unread(), [unread(messages, 2)]);
    bob.gets(ask::unread(), [unread(lines(4, 5), 0)]);
    bob.gets(ask::unread(), [Event::NothingUnread.into()]);
    // Live messages are read.
    ann.does(ask::say("#tea", "line 6"));
    bob.sees([message(6, "#tea", "ann", "line 6")]);
    bob.gets(ask::unread(), [Event::NothingUnread.into()]);
}

fn live_messages_do_not_hide_older_unread_ones(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    bob.quit();
    write(&mut ann, 1, 1);
    let mut bob = house.log_in("bob");
    ann.does(ask::say("#tea", "line 2"));
    bob.sees([message(2, "#tea", "ann", "line 2")]);
    bob.quit();
    let mut bob = house.log_in("bob");
    let page = bob.does(ask::unread());
    assert!(matches!(&page[..], [Object::Unread { messages, .. }] if messages[0] == lines(1, 1)[0]), "{page:#?}");
    bob.gets(ask::unread(), [Event::NothingUnread.into()]);
}

fn catching_up_marks_as_read_without_showing(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    bob.quit();
    write(&mut ann, 1, 3);
    ann.does(ask::say("#general", "hello"));
    ann.does(ask::say("@bob", "psst"));
    let mut bob = house.log_in("bob");
    bob.gets(ask::catch_up_in("#tea"), [Event::CaughtUp { messages: 3, rooms: 1 }.into()]);
    bob.gets(ask::catch_up(), [Event::CaughtUp { messages: 2, rooms: 2 }.into()]);
    bob.gets(ask::unread(), [Event::NothingUnread.into()]);
    bob.gets(ask::history("#tea"), [whole_history("#tea", &lines(1, 3))]);
    bob.is_refused(ask::catch_up_in("#nowhere"), "no_such_room");
}

fn one_connection_reads_for_all_of_its_account(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, bob] = house.register_all(["ann", "bob"]);
    bob.quit();
    ann.does(ask::say("#general", "hello"));
    let (mut here, mut elsewhere) = (house.log_in("bob"), house.log_in("bob"));
    let page = || unread(vec![said(2, "#general", "ann", "hello")], 0);
    here.gets(ask::unread(), [page()]);
    // Acting after it shows that it has arrived.
    here.gets(ask::unread(), [Event::NothingUnread.into()]);
    elsewhere.gets(ask::unread(), [Event::NothingUnread.into()]);
    house.log_in("bob").gets(ask::unread(), [Event::NothingUnread.into()]);
}

fn reading_history_marks_nothing_as_read(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, bob] = house.register_all(["ann", "bob"]);
    bob.quit();
    ann.does(ask::say("#general", "hello"));
    let mut bob = house.log_in("bob");
    bob.does(ask::history("#general"));
    bob.gets(ask::unread(), [unread(vec![said(2, "#general", "ann", "hello")], 0)]);
}

fn nothing_is_lost_and_nothing_becomes_unread_again_by_a_crash(transport: Transport) {
    let mut house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    write(&mut ann, 1, 2);
    bob.forget();
    bob.quit();
    write(&mut ann, 3, 4);
    house.crash();
    let mut bob = house.log_in("bob");
    bob.gets(ask::history("#tea"), [whole_history("#tea", &lines(1, 4))]);
    bob.gets(ask::unread(), [unread(lines(3, 4), 0)]);
    bob.quit();
    house.restart();
    house.log_in("bob").gets(ask::unread(), [Event::NothingUnread.into()]);
}
