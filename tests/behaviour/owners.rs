//! Who has which role in a room, and who inherits it.

use super::asked::Ask::*;
use super::house::{Cast, House, Person};
use super::seen::{Departure, Seen, Someone, all_people, has_joined, left, member, role_set, you_left};

through_each_front! {
    a_room_is_handed_over_to_a_member
    moderators_are_made_and_unmade_by_the_owner
    whoever_was_there_longest_inherits
    a_moderator_inherits_before_others
    a_room_that_everybody_left_belongs_to_whoever_comes_back
}

fn people(room: &str, people: Vec<Someone>) -> Seen {
    all_people(Some(room), people)
}

/// A public room of the first, which the others joined.
fn tea<const N: usize>(house: &mut House, names: [&str; N]) -> [Person; N] {
    let mut people = house.register_all(names);
    people[0].does(Create("tea"));
    people[1..].iter_mut().for_each(|person| drop(person.does(Join("#tea"))));
    people.iter_mut().for_each(Person::forget);
    people
}

fn a_room_is_handed_over_to_a_member(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = tea(&mut house, ["ann", "bob"]);
    house.register("cho");
    ann.is_refused(HandOver("#tea", "cho"), "not_there");
    ann.is_refused(HandOver("#tea", "dee"), "no_such_account");
    ann.is_refused(HandOver("#tea", "ann"), "nothing_to_change");
    bob.is_refused(HandOver("#tea", "bob"), "owner_only");
    ann.forget();
    bob.forget();
    let told = || [role_set("#tea", "bob", "owner", "ann"), role_set("#tea", "ann", "moderator", "")];
    ann.gets(HandOver("#tea", "bob"), told());
    bob.sees(told());
    bob.gets(Members("#tea"), [people("#tea", vec![member("ann", "moderator"), member("bob", "owner")])]);
    ann.is_refused(MakePrivate("#tea"), "owner_only");
    bob.does(MakePrivate("#tea"));
}

fn moderators_are_made_and_unmade_by_the_owner(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, mut cho] = tea(&mut house, ["ann", "bob", "cho"]);
    cho.is_refused(Promote("#tea", "bob"), "owner_only");
    ann.is_refused(Promote("#tea", "dee"), "no_such_account");
    let promoted = || role_set("#tea", "bob", "moderator", "ann");
    ann.gets(Promote("#tea", "bob"), [promoted()]);
    bob.sees([promoted()]);
    cho.sees([promoted()]);
    ann.is_refused(Promote("#tea", "bob"), "nothing_to_change");
    bob.is_refused(Promote("#tea", "cho"), "owner_only");
    bob.does(SetTopic("#tea", "mine to set"));
    ann.forget();
    ann.gets(Demote("#tea", "bob"), [role_set("#tea", "bob", "member", "ann")]);
    bob.is_refused(SetTopic("#tea", "not any more"), "moderator_only");
}

fn whoever_was_there_longest_inherits(cast: Cast) {
    let mut house = House::new(cast);
    let [ann, mut bob, mut cho] = tea(&mut house, ["ann", "bob", "cho"]);
    let mut ann = ann;
    ann.gets(Leave("#tea"), [you_left("#tea", Departure::Left)]);
    let told = || [left("#tea", "ann", Departure::Left), role_set("#tea", "bob", "owner", "")];
    bob.sees(told());
    cho.sees(told());
    bob.does(MakePrivate("#tea"));
}

fn a_moderator_inherits_before_others(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, mut cho] = tea(&mut house, ["ann", "bob", "cho"]);
    ann.does(Promote("#tea", "cho"));
    ann.does(Leave("#tea"));
    bob.forget();
    bob.gets(Members("#tea"), [people("#tea", vec![member("bob", "member"), member("cho", "owner")])]);
    cho.does(MakePrivate("#tea"));
}

fn a_room_that_everybody_left_belongs_to_whoever_comes_back(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = tea(&mut house, ["ann", "bob"]);
    ann.does(Say("#tea", "last words"));
    bob.does(Leave("#tea"));
    ann.does(Leave("#tea"));
    house.restart();
    let mut bob = house.log_in("bob");
    bob.does(Join("#tea"));
    bob.gets(Members("#tea"), [people("#tea", vec![member("bob", "owner")])]);
    let mut ann = house.log_in("ann");
    ann.does(Join("#tea"));
    bob.sees([has_joined("#tea", "ann")]);
}
