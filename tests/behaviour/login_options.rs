//! The options of a login: presence, echo, member lists, read positions.

use chat_server::chat::{Event, Person as Somebody, PresenceChange, Role, Traits};
use chat_server::protocol::json::{LoginOptions, Object};

use super::ask::{self, room};
use super::house::{House, Person, Transport, password_of};
use super::seen::{all_people, away, joined, member, message, offline, online, said, shown, stored, unread};

over_each_transport! {
    presence_comes_to_sessions_that_asked_for_it
    an_echo_follows_what_one_says
    members_are_listed_on_entering
    nothing_counts_as_read_unless_it_is_set
    a_position_that_moved_is_shown_to_the_other_sessions
}

/// Another connection of an account.
fn log_in(house: &House, name: &str, options: LoginOptions) -> Person {
    let entered = house.visitor().enter(ask::log_in_with(name, &password_of(name), options));
    entered.unwrap_or_else(|(_, code)| panic!("{name}: {code}")).0
}

fn with(traits: Traits) -> LoginOptions {
    let own = LoginOptions::default();
    LoginOptions { traits: Traits { acknowledges: own.traits.acknowledges, ..traits }, ..own }
}

fn read_set(label: &str, up_to: u64, unread: u64) -> Object {
    Event::ReadSet { room: shown(room(label)), up_to, unread, mentions: 0 }.into()
}

fn presence_comes_to_sessions_that_asked_for_it(transport: Transport) {
    let house = House::new(transport);
    let [bob, mut cho, ann] = house.register_all(["bob", "cho", "ann"]);
    ann.quit();
    bob.quit();
    let mut ann = log_in(&house, "ann", with(Traits { presence: true, ..Traits::default() }));
    let mut bob = house.log_in("bob");
    bob.does(ask::away("lunch"));
    bob.does(ask::back());
    // Only an account's first login and last logout are presence changes.
    house.log_in("bob").quit();
    bob.quit();
    let presence = |who: Somebody, change| Event::Presence { who, change }.into();
    ann.sees([
        presence(online("bob"), PresenceChange::Online),
        presence(away(online("bob"), "lunch"), PresenceChange::Away),
        presence(online("bob"), PresenceChange::Back),
        presence(offline(online("bob")), PresenceChange::Offline),
    ]);
    cho.sees([]);
    // The presence of people who share no room is not shown.
    ann.does(ask::leave("#general"));
    house.log_in("bob").quit();
    ann.sees([]);
}

fn an_echo_follows_what_one_says(transport: Transport) {
    let house = House::new(transport);
    let [ann, _bob] = house.register_all(["ann", "bob"]);
    ann.quit();
    let mut ann = log_in(&house, "ann", with(Traits { echoes: true, ..Traits::default() }));
    ann.gets(ask::say("#general", "hello"), [stored("#general", 2), message(2, "#general", "ann", "hello")]);
    ann.gets(ask::say("@bob", "psst"), [stored("@bob", 1), message(1, "@bob", "ann", "psst")]);
}

fn members_are_listed_on_entering(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, bob] = house.register_all(["ann", "bob"]);
    bob.quit();
    ann.does(ask::create("tea"));
    let mut bob = log_in(&house, "bob", with(Traits { member_lists: true, ..Traits::default() }));
    let members = all_people(Some("#tea"), vec![member("ann", Role::Owner), member("bob", Role::Member)]);
    bob.gets(ask::join("#tea"), [joined("#tea", "ann", 0), members]);
}

fn nothing_counts_as_read_unless_it_is_set(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, bob] = house.register_all(["ann", "bob"]);
    bob.quit();
    let mut bob = log_in(&house, "bob", LoginOptions { reads: Some(false), ..LoginOptions::default() });
    ann.does(ask::say("#general", "one"));
    ann.does(ask::say("#general", "two"));
    bob.sees([message(2, "#general", "ann", "one"), message(3, "#general", "ann", "two")]);
    let page = || unread(vec![said(2, "#general", "ann", "one"), said(3, "#general", "ann", "two")], 0);
    bob.gets(ask::unread(), [page()]);
    bob.gets(ask::unread(), [page()]);
    bob.gets(ask::set_read("#general", 3), [read_set("#general", 3, 0)]);
    bob.gets(ask::unread(), [Event::NothingUnread.into()]);
    // Backwards too.
    bob.gets(ask::set_read("#general", 2), [read_set("#general", 2, 1)]);
    bob.gets(ask::unread(), [unread(vec![said(3, "#general", "ann", "two")], 0)]);
    bob.is_refused(ask::set_read("#general", 4), "no_such_messages");
    bob.is_refused(ask::set_read("#nowhere", 1), "no_such_room");
}

fn a_position_that_moved_is_shown_to_the_other_sessions(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let mut page = log_in(&house, "bob", with(Traits { read_positions: true, ..Traits::default() }));
    ann.does(ask::say("#general", "hello"));
    page.sees([message(2, "#general", "ann", "hello")]);
    bob.sees([message(2, "#general", "ann", "hello")]);
    bob.gets(ask::set_read("#general", 1), [read_set("#general", 1, 1)]);
    assert_eq!(page.seen().last(), Some(&read_set("#general", 1, 1)));
    page.gets(ask::set_read("#general", 2), [read_set("#general", 2, 0)]);
    bob.sees([]);
}
