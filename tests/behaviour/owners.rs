//! Roles in a room, and who inherits it.

use chat_server::chat::{Departure, Event, Role};
use chat_server::protocol::json::Object;

use super::ask;
use super::house::{House, Person, Transport};
use super::seen::{all_people, has_joined, left, member, role_set, you_left};

over_each_transport! {
    a_room_is_handed_over_to_a_member
    moderators_are_made_and_unmade_by_the_owner
    whoever_was_there_longest_inherits
    a_moderator_inherits_before_others
    a_room_that_everybody_left_belongs_to_whoever_comes_back
    a_private_room_that_everybody_left_is_entered_by_invitation_only
}

fn people(room: &str, people: Vec<chat_server::chat::Person>) -> Object {
    all_people(Some(room), people)
}

/// A public room of the first of `names`, which the others have joined.
fn tea<const N: usize>(house: &House, names: [&str; N]) -> [Person; N] {
    let mut people = house.register_all(names);
    people[0].does(ask::create("tea"));
    people[1..].iter_mut().for_each(|person| drop(person.does(ask::join("#tea"))));
    people.iter_mut().for_each(Person::forget);
    people
}

fn a_room_is_handed_over_to_a_member(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = tea(&house, ["ann", "bob"]);
    house.register("cho");
    ann.is_refused(ask::hand_over("#tea", "cho"), "not_there");
    ann.is_refused(ask::hand_over("#tea", "dee"), "no_such_account");
    ann.is_refused(ask::hand_over("#tea", "ann"), "nothing_to_change");
    bob.is_refused(ask::hand_over("#tea", "bob"), "owner_only");
    ann.forget();
    bob.forget();
    let told =
        || [role_set("#tea", "bob", Role::Owner, Some("ann")), role_set("#tea", "ann", Role::Moderator, Some("ann"))];
    ann.gets(ask::hand_over("#tea", "bob"), told());
    bob.sees(told());
    bob.gets(ask::members("#tea"), [people("#tea", vec![member("ann", Role::Moderator), member("bob", Role::Owner)])]);
    ann.is_refused(ask::make_private("#tea"), "owner_only");
    bob.does(ask::make_private("#tea"));
}

fn moderators_are_made_and_unmade_by_the_owner(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, mut cho] = tea(&house, ["ann", "bob", "cho"]);
    cho.is_refused(ask::promote("#tea", "bob"), "owner_only");
    ann.is_refused(ask::promote("#tea", "dee"), "no_such_account");
    let promoted = || role_set("#tea", "bob", Role::Moderator, Some("ann"));
    ann.gets(ask::promote("#tea", "bob"), [promoted()]);
    bob.sees([promoted()]);
    cho.sees([promoted()]);
    ann.is_refused(ask::promote("#tea", "bob"), "nothing_to_change");
    bob.is_refused(ask::promote("#tea", "cho"), "owner_only");
    bob.does(ask::set_topic("#tea", "mine to set"));
    ann.forget();
    ann.gets(ask::demote("#tea", "bob"), [role_set("#tea", "bob", Role::Member, Some("ann"))]);
    bob.is_refused(ask::set_topic("#tea", "not any more"), "moderator_only");
}

fn whoever_was_there_longest_inherits(transport: Transport) {
    let house = House::new(transport);
    // The length of the membership counts, not the age of the account: cho's account is older.
    let [mut ann, mut cho, mut bob] = house.register_all(["ann", "cho", "bob"]);
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    // A registration takes longer than a millisecond, the resolution of memberships.
    house.register("dee");
    cho.does(ask::join("#tea"));
    [&mut ann, &mut bob, &mut cho].into_iter().for_each(Person::forget);
    ann.gets(ask::leave("#tea"), [you_left("#tea", Departure::Left)]);
    let told = || [left("#tea", "ann", Departure::Left), role_set("#tea", "bob", Role::Owner, None)];
    bob.sees(told());
    cho.sees(told());
    bob.does(ask::make_private("#tea"));
}

fn a_moderator_inherits_before_others(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, mut cho] = tea(&house, ["ann", "bob", "cho"]);
    ann.does(ask::promote("#tea", "cho"));
    ann.does(ask::leave("#tea"));
    bob.forget();
    bob.gets(ask::members("#tea"), [people("#tea", vec![member("bob", Role::Member), member("cho", Role::Owner)])]);
    cho.does(ask::make_private("#tea"));
    cho.does(ask::leave("#tea"));
    bob.does(ask::make_public("#tea"));
}

fn a_room_that_everybody_left_belongs_to_whoever_comes_back(transport: Transport) {
    let mut house = House::new(transport);
    let [mut ann, mut bob] = tea(&house, ["ann", "bob"]);
    ann.does(ask::say("#tea", "last words"));
    bob.does(ask::leave("#tea"));
    ann.does(ask::leave("#tea"));
    let listed = ann.does(ask::list_rooms());
    let [Object::Event(Event::RoomList { rows, .. })] = &listed[..] else { panic!("{listed:#?}") };
    assert_eq!(rows.len(), 1, "{rows:#?}");
    // The room still exists, and its name is not free.
    ann.is_refused(ask::create("tea"), "room_exists");
    house.restart();
    let mut bob = house.log_in("bob");
    bob.does(ask::join("#tea"));
    bob.gets(ask::members("#tea"), [people("#tea", vec![member("bob", Role::Owner)])]);
    let mut ann = house.log_in("ann");
    ann.does(ask::join("#tea"));
    bob.sees([has_joined("#tea", "ann")]);
}

fn a_private_room_that_everybody_left_is_entered_by_invitation_only(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create_private("den"));
    ann.does(ask::invite("#den", "bob"));
    ann.does(ask::leave("#den"));
    ann.is_refused(ask::join("#den"), "no_such_room");
    ann.is_refused(ask::history("#den"), "no_such_room");
    bob.is_refused(ask::history("#den"), "no_such_room");
    bob.does(ask::accept("den"));
    bob.gets(ask::members("#den"), [people("#den", vec![member("bob", Role::Owner)])]);
}
