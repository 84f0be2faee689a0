//! Direct rooms: two accounts and nobody else.

use chat_server::chat::{Event, Role};
use chat_server::protocol::json::Object;

use super::ask::{self, room};
use super::house::{House, Transport, password_of};
use super::seen::{
    action, all_people, away, bye, entered, has_joined, member, message, offline, online, said, shown, stored, welcome,
    whole_history,
};

over_each_transport! {
    each_side_calls_the_room_by_the_other_one
    one_goes_there_before_anything_is_said
    a_direct_room_is_neither_left_nor_changed
    a_third_person_has_no_part_in_it
    there_is_no_talk_with_oneself_or_nobody
    the_absence_of_a_correspondent_is_shown_once
    what_was_said_with_a_deleted_account_stays
}

fn each_side_calls_the_room_by_the_other_one(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.gets(ask::say("@bob", "hello"), [stored("@bob", 1)]);
    bob.sees([message(1, "@ann", "ann", "hello")]);
    bob.gets(ask::say("@ann", "hi yourself"), [stored("@ann", 2)]);
    ann.sees([message(2, "@bob", "bob", "hi yourself")]);
    ann.gets(ask::act("@bob", "waves"), [stored("@bob", 3)]);
    bob.sees([action(3, "@ann", "ann", "waves")]);
    let page = [said(1, "@ann", "ann", "hello"), said(2, "@ann", "bob", "hi yourself")];
    let page = Object::History { room: shown(room("@ann")), from: 1, to: 2, last: 3, messages: page.into() };
    bob.gets(ask::between("@ann", 1, 2), [page]);
    let members = vec![member("ann", Role::Member), member("bob", Role::Member)];
    ann.gets(ask::members("@bob"), [all_people(Some("@bob"), members)]);
    let shown = ann.does(ask::show_room("@bob"));
    let [Object::Event(Event::RoomShown(shown))] = &shown[..] else { panic!("{shown:#?}") };
    assert_eq!((&shown.room.label, shown.visibility, &shown.owner), (&room("@bob"), None, &None));
    assert_eq!((shown.members, shown.online, shown.messages, shown.unread), (2, 2, 3, 0));
}

fn one_goes_there_before_anything_is_said(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    bob.does(ask::away("lunch"));
    ann.gets(ask::join("@bob"), [entered("@bob", false, vec![away(online("bob"), "lunch")], 0)]);
    ann.gets(ask::history("@bob"), [whole_history("@bob", &[])]);
    bob.sees([]);
    bob.does(ask::say("@ann", "back soon"));
    bob.quit();
    ann.forget();
    ann.gets(ask::join("@bob"), [entered("@bob", false, vec![], 1)]);
}

fn a_direct_room_is_neither_left_nor_changed(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, _cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(ask::say("@bob", "hello"));
    bob.forget();
    for ask in [
        ask::leave("@bob"),
        ask::set_topic("@bob", "our secrets"),
        ask::remove_topic("@bob"),
        ask::make_public("@bob"),
        ask::make_private("@bob"),
        ask::rename("@bob", "us"),
        ask::hand_over("@bob", "bob"),
        ask::delete_room("@bob", "bob"),
        ask::invite("@bob", "cho"),
        ask::invite_by_code("@bob"),
        ask::uninvite("@bob", "cho"),
        ask::kick("@bob", "bob", ""),
        ask::ban_for("@bob", "bob", 3600, ""),
        ask::unban("@bob", "bob"),
        ask::bans("@bob"),
        ask::promote("@bob", "bob"),
        ask::demote("@bob", "bob"),
    ] {
        ann.is_refused(ask, "not_in_direct_room");
    }
    bob.sees([]);
    ann.gets(ask::show_topic("@bob"), [Event::Topic { room: shown(room("@bob")), topic: None }.into()]);
}

fn a_third_person_has_no_part_in_it(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(ask::say("@bob", "between us"));
    bob.does(ask::say("@ann", "of course"));
    cho.sees([]);
    for ask in [ask::list_rooms(), ask::who(), ask::whois("ann"), ask::whois("bob"), ask::unread()] {
        let text = format!("{ask:?}");
        let told = cho.verbatim(ask).concat();
        assert!(!told.contains('@') && !told.contains("between us"), "{text}: {told}");
    }
    cho.is_refused(ask::history("@ann"), "no_such_room");
    cho.is_refused(ask::history("@bob"), "no_such_room");
    cho.gets(ask::say("@ann", "and me?"), [stored("@ann", 1)]);
    cho.gets(ask::history("@ann"), [whole_history("@ann", &[said(1, "@ann", "cho", "and me?")])]);
    bob.forget();
    bob.sees([]);
}

fn there_is_no_talk_with_oneself_or_nobody(transport: Transport) {
    let house = House::new(transport);
    let [mut ann] = house.register_all(["ann"]);
    ann.is_refused(ask::say("@ann", "hello me"), "not_to_yourself");
    ann.is_refused(ask::say("@nobody", "hello"), "no_such_account");
    ann.is_refused(ask::join("@nobody"), "no_such_account");
    ann.is_refused(ask::history("@nobody"), "no_such_account");
}

fn the_absence_of_a_correspondent_is_shown_once(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let not_here = |who| Event::NotHere { who }.into();
    bob.does(ask::away("lunch"));
    ann.gets(ask::say("@bob", "one"), [stored("@bob", 1), not_here(away(online("bob"), "lunch"))]);
    ann.gets(ask::say("@bob", "two"), [stored("@bob", 2)]);
    // A change is shown again.
    bob.does(ask::away("a walk"));
    ann.gets(ask::say("@bob", "three"), [stored("@bob", 3), not_here(away(online("bob"), "a walk"))]);
    bob.does(ask::back());
    ann.gets(ask::say("@bob", "four"), [stored("@bob", 4)]);
    bob.quit();
    ann.gets(ask::say("@bob", "five"), [stored("@bob", 5), not_here(offline(online("bob")))]);
    ann.gets(ask::say("@bob", "six"), [stored("@bob", 6)]);
    let (_, seen) = house.come_back("bob");
    assert_eq!(welcome(&seen).1, [(room("@ann"), 2, 0)]);
}

fn what_was_said_with_a_deleted_account_stays(transport: Transport) {
    let mut house = House::new(transport);
    // The first account after the system account has number 2.
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::say("@bob", "said to bob"));
    ann.ends_by(ask::delete_account(&password_of("ann")), [bye("account-deleted", 1)]);
    bob.forget();
    let page = whole_history("@ghost-2", &[said(1, "@ghost-2", "ghost", "said to bob")]);
    bob.gets(ask::history("@ghost-2"), [page.clone()]);
    bob.is_refused(ask::say("@ghost-2", "are you there?"), "account_gone");
    // The next account of that name, once an operator has freed it, has no direct messages.
    bob.does(ask::claim_operator(&house.operator_code()));
    bob.does(ask::free_name("ann"));
    let mut ann = house.register("ann");
    bob.sees([has_joined("#general", "ann")]);
    ann.is_refused(ask::history("@bob"), "no_such_room");
    ann.gets(ask::say("@bob", "hello"), [stored("@bob", 1)]);
    bob.sees([message(1, "@ann", "ann", "hello")]);
    house.restart();
    let mut bob = house.log_in("bob");
    bob.gets(ask::history("@ghost-2"), [page]);
    bob.gets(ask::history("@ann"), [whole_history("@ann", &[said(1, "@ann", "ann", "hello")])]);
}
