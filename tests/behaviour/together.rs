//! Both protocols together: people and programs in the same rooms, and one account connected by both.

use chat_server::chat::{Event, Role};
use chat_server::protocol::json::Object;

use super::ask;
use super::house::{House, Transport, password_of};
use super::seen::{action, bye, done, has_joined, kicked, message, removed, role_set, said, stored, whole_history};

over_each_transport! {
    each_hears_the_other
    an_account_is_at_home_in_both
    a_new_password_closes_both
}

fn each_hears_the_other(transport: Transport) {
    let mut house = House::new(transport);
    let [mut ann] = house.register_all(["ann"]);
    let mut bob = house.running().register("bob");
    ann.sees([has_joined("#general", "bob")]);
    ann.does(ask::create_private("den"));
    ann.does(ask::invite("#den", "bob"));
    bob.expect("ann invites you to #den");
    bob.ask("/accept den");
    ann.sees([has_joined("#den", "bob")]);
    ann.gets(ask::say("#den", "hello \"all\" 👋"), [stored("#den", 1)]);
    bob.expect("#den ann: hello \"all\" 👋");
    bob.ask("/me waves");
    bob.ask("/msg ann psst");
    ann.sees([action(2, "#den", "bob", "waves"), message(1, "@bob", "bob", "psst")]);
    ann.gets(ask::promote("#den", "bob"), [role_set("#den", "bob", Role::Moderator, Some("ann"))]);
    bob.expect("moderator");
    ann.gets(ask::kick("#den", "bob", "calm down"), [removed("#den", "bob", kicked("ann", "calm down"))]);
    bob.expect("calm down");
    bob.send("not in #den");
    bob.sync();
    house.crash();
    let (first, second) = (said(1, "#den", "ann", "hello \"all\" 👋"), done(2, "#den", "bob", "waves"));
    house.log_in("ann").gets(ask::history("#den"), [whole_history("#den", &[first, second])]);
}

fn an_account_is_at_home_in_both(transport: Transport) {
    let house = House::new(transport);
    let [mut program] = house.register_all(["ann"]);
    let mut person = house.running().login("ann");
    program.does(ask::create("tea"));
    person.expect("ann joined #tea");
    person.ask("/say #tea from the other");
    program.sees([message(1, "#tea", "ann", "from the other")]);
    // A token that is created by one protocol is accepted by the other.
    let token = person.ask("/token new bridge")[1].strip_prefix("-- ").expect("a token").to_owned();
    assert!(house.visitor().enter(ask::log_in("ann", &token)).is_ok());
    let answer = program.does(ask::sessions());
    let [Object::Event(Event::Sessions { rows, .. })] = &answer[..] else { panic!("{answer:#?}") };
    // That one may still be closing.
    let rows: Vec<_> = rows.iter().filter(|row| row.token.is_none()).collect();
    assert_eq!(rows.iter().map(|row| row.protocol).collect::<Vec<_>>(), ["json", "text"]);
    program.does(ask::close_session(rows[1].session));
    assert!(person.rest().concat().contains("closed"));
}

fn a_new_password_closes_both(transport: Transport) {
    let house = House::new(transport);
    let [mut ann] = house.register_all(["ann"]);
    let (program, mut person) = (house.log_in("ann"), house.running().login("ann"));
    let request = ask::set_password(&password_of("ann"), "a better one");
    ann.gets(request, [Event::PasswordChanged { closed: 2, tokens: 0 }.into()]);
    assert_eq!(program.rest(), [bye("password-changed", 0)]);
    person.rest();
    house.visitor().refused(ask::log_in("ann", &password_of("ann")), "wrong_password");
}
