//! A refused request changes nothing, and nobody else is shown anything.

use chat_server::chat::ClientId;
use chat_server::protocol::json::{Object, Request};

use super::ask;
use super::house::{House, Person, Transport};

over_each_transport! {
    what_a_plain_member_may_not_do_leaves_all_as_it_was
    what_an_outsider_may_not_do_leaves_all_as_it_was
}

/// A room of ann in which bob is a member; cho is not, and dee is banned.
fn tea(house: &House) -> [Person; 4] {
    let [mut ann, mut bob, mut cho, mut dee] = house.register_all(["ann", "bob", "cho", "dee"]);
    ann.does(ask::create("tea"));
    ann.does(ask::set_topic("#tea", "all about tea"));
    bob.does(ask::join("#tea"));
    ann.does(ask::say("#tea", "hello"));
    ann.does(ask::ban("#tea", "dee", "spam"));
    [&mut ann, &mut bob, &mut cho, &mut dee].into_iter().for_each(Person::forget);
    [ann, bob, cho, dee]
}

/// The whole visible state of the room.
fn all_of(ann: &mut Person) -> Vec<Object> {
    [
        ask::show_room("#tea"),
        ask::show_topic("#tea"),
        ask::members("#tea"),
        ask::bans("#tea"),
        ask::history("#tea"),
        ask::list_rooms(),
    ]
    .into_iter()
    .flat_map(|ask| ann.does(ask))
    .collect()
}

fn check(house: &House, person: usize, asks: Vec<(Request, &str)>) {
    let mut people = tea(house);
    let before = all_of(&mut people[0]);
    for (ask, code) in asks {
        people[person].is_refused(ask, code);
    }
    assert_eq!(all_of(&mut people[0]), before);
    people.iter_mut().for_each(|person| person.sees([]));
}

fn what_a_plain_member_may_not_do_leaves_all_as_it_was(transport: Transport) {
    let house = House::new(transport);
    check(
        &house,
        1,
        vec![
            (ask::set_topic("#tea", "coffee"), "moderator_only"),
            (ask::remove_topic("#tea"), "moderator_only"),
            (ask::make_private("#tea"), "owner_only"),
            (ask::rename("#tea", "coffee"), "owner_only"),
            (ask::delete_room("#tea", "tea"), "owner_only"),
            (ask::hand_over("#tea", "bob"), "owner_only"),
            (ask::promote("#tea", "bob"), "owner_only"),
            (ask::demote("#tea", "ann"), "owner_only"),
            (ask::kick("#tea", "ann", ""), "moderator_only"),
            (ask::ban("#tea", "cho", ""), "moderator_only"),
            (ask::unban("#tea", "dee"), "moderator_only"),
            (ask::server_kick("ann", ""), "operator_only"),
            (ask::server_ban("ann", ""), "operator_only"),
            (ask::server_promote("bob"), "operator_only"),
            (ask::claim_operator("maple-otter-river-stone-lamp-42"), "wrong_code"),
            (ask::create("tea"), "room_exists"),
            (ask::say("#tea", &"x".repeat(2001)), "text_too_long"),
            (ask::set_password("not-the-password", "another-password"), "wrong_password"),
            (ask::delete_account("not-the-password"), "wrong_password"),
        ],
    );
    house.log_in("bob");
}

fn what_an_outsider_may_not_do_leaves_all_as_it_was(transport: Transport) {
    let house = House::new(transport);
    check(
        &house,
        2,
        vec![
            (ask::say("#tea", "hello"), "not_member"),
            (ask::leave("#tea"), "not_member"),
            (ask::set_topic("#tea", "coffee"), "not_member"),
            (ask::make_private("#tea"), "not_member"),
            (ask::rename("#tea", "coffee"), "not_member"),
            (ask::delete_room("#tea", "tea"), "not_member"),
            (ask::hand_over("#tea", "cho"), "not_member"),
            (ask::promote("#tea", "cho"), "not_member"),
            (ask::kick("#tea", "bob", ""), "not_member"),
            (ask::ban("#tea", "bob", ""), "not_member"),
            (ask::unban("#tea", "dee"), "not_member"),
            (ask::bans("#tea"), "not_member"),
            (ask::accept("tea"), "not_member"),
            (ask::catch_up_in("#tea"), "not_member"),
            (ask::revoke_token("bridge"), "no_such_token"),
            (ask::close_session(ClientId(999)), "no_such_session"),
        ],
    );
}
