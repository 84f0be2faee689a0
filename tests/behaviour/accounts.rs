//! Accounts: registration, login, password, deletion.

use std::sync::Barrier;
use std::thread;

use chat_server::chat::{Departure, Event};
use chat_server::protocol::json::Object;

use super::ask;
use super::house::{House, Transport, Visitor, password_of};
use super::seen::{bye, left, message, said, welcome, welcome_to, whole_history};

over_each_transport! {
    names_that_cannot_be_had_are_refused
    a_wrong_name_is_answered_as_a_wrong_password
    names_are_the_same_in_any_case_of_letters
    logging_out_leads_back_to_the_door
    a_new_password_closes_the_other_connections
    a_password_is_changed_only_by_whoever_knows_it
    a_password_is_the_same_on_every_keyboard
    a_deleted_account_leaves_its_words_and_its_name
    a_password_survives_a_crash
    of_several_registrations_of_a_name_at_once_one_wins
}

fn names_that_cannot_be_had_are_refused(transport: Transport) {
    let house = House::new(transport);
    house.register("anna");
    let mut visitor = house.visitor();
    for (name, code) in
        [("anna", "name_taken"), ("ANNA", "name_taken"), ("admin", "name_reserved"), ("ghost", "name_reserved")]
    {
        visitor = visitor.refused(ask::register(name, "long enough"), code);
    }
    // A name that looks like another.
    house.register("bill");
    visitor = visitor.refused(ask::register("bi11", "long enough"), "name_taken");
    assert!(visitor.enter(ask::register("cho", "long enough")).is_ok(), "who was refused may go on");
}

fn a_wrong_name_is_answered_as_a_wrong_password(transport: Transport) {
    let house = House::new(transport);
    house.register("ann");
    let visitor = house.visitor();
    let visitor = visitor.refused(ask::log_in("ann", "not the password"), "wrong_password");
    let visitor = visitor.refused(ask::log_in("nobody", "not the password"), "wrong_password");
    let visitor = visitor.refused(ask::log_in("system", "not the password"), "wrong_password");
    assert!(visitor.enter(ask::log_in("ann", &password_of("ann"))).is_ok());
}

fn names_are_the_same_in_any_case_of_letters(transport: Transport) {
    let house = House::new(transport);
    house.register("Ann").quit();
    let (mut ann, seen) = house.visitor().enter(ask::log_in("aNN", &password_of("Ann"))).ok().expect("let in");
    assert_eq!(welcome(&seen), welcome_to("Ann", 0));
    ann.does(ask::whois("ANN"));
}

fn logging_out_leads_back_to_the_door(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    (0..3).for_each(|_| drop(ann.does(ask::say("#general", "hello"))));
    let visitor = ann.log_out(3);
    bob.does(ask::say("#general", "is she gone?"));
    let (mut bob_too, seen) = visitor.enter(ask::log_in("bob", &password_of("bob"))).ok().expect("let in");
    assert_eq!(welcome(&seen), welcome_to("bob", 1));
    bob_too.does(ask::say("#general", "I am here twice"));
    bob.forget();
    bob_too.ends_by(ask::quit(), [bye("quit", 1)]);
    bob.ends_by(ask::quit(), [bye("quit", 1)]);
}

fn a_new_password_closes_the_other_connections(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let elsewhere = [house.log_in("ann"), house.log_in("ann")];
    let made = ann.does(ask::new_token("bridge"));
    let [Object::Event(Event::TokenCreated { secret, .. })] = &made[..] else { panic!("{made:#?}") };
    ann.gets(
        ask::set_password(&password_of("ann"), "a better one"),
        [Event::PasswordChanged { closed: 2, tokens: 1 }.into()],
    );
    bob.does(ask::say("#general", "after"));
    elsewhere.into_iter().for_each(|person| assert_eq!(person.rest(), [bye("password-changed", 0)]));
    ann.sees([message(2, "#general", "bob", "after")]);
    let visitor = house.visitor().refused(ask::log_in("ann", &password_of("ann")), "wrong_password");
    assert!(visitor.enter(ask::log_in("ann", "a better one")).is_ok());
    assert!(house.visitor().enter(ask::log_in("ann", &secret.0)).is_ok(), "a token holds until it is taken back");
}

fn a_password_is_changed_only_by_whoever_knows_it(transport: Transport) {
    let house = House::new(transport);
    let [mut ann] = house.register_all(["ann"]);
    let mut elsewhere = house.log_in("ann");
    ann.is_refused(ask::set_password("not the password", "a better one"), "wrong_password");
    ann.is_refused(ask::set_password(&password_of("ann"), "short"), "password_length");
    ann.is_refused(ask::delete_account("not the password"), "wrong_password");
    elsewhere.sees([]);
    house.log_in("ann");
}

fn a_password_is_the_same_on_every_keyboard(transport: Transport) {
    let house = House::new(transport);
    let (composed, decomposed) = ("Zo\u{eb} and the kettle", "Zoe\u{308} and\u{a0}the kettle");
    assert!(house.visitor().enter(ask::register("ann", composed)).is_ok());
    assert!(house.visitor().enter(ask::log_in("ann", decomposed)).is_ok());
    let Ok((mut ann, _)) = house.visitor().enter(ask::log_in("ann", composed)) else { panic!("it is right") };
    ann.does(ask::set_password(decomposed, "Ren\u{e9}e and the kettle"));
    let visitor = house.visitor().refused(ask::log_in("ann", composed), "wrong_password");
    assert!(visitor.enter(ask::log_in("ann", "Rene\u{301}e and the kettle")).is_ok());
}

fn a_deleted_account_leaves_its_words_and_its_name(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let elsewhere = house.log_in("ann");
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    ann.does(ask::say("#tea", "said to all"));
    bob.does(ask::create_private("cellar"));
    bob.does(ask::invite("#cellar", "ann"));
    let made = ann.does(ask::new_token("bridge"));
    let [Object::Event(Event::TokenCreated { secret, .. })] = &made[..] else { panic!("{made:#?}") };
    bob.forget();
    ann.ends_by(ask::delete_account(&password_of("ann")), [bye("account-deleted", 1)]);
    assert_eq!(elsewhere.rest().last(), Some(&bye("account-deleted", 0)));
    let seen = bob.seen();
    for room in ["#general", "#tea"] {
        assert!(seen.contains(&left(room, "ann", Departure::Deleted)), "{seen:#?}");
    }
    bob.gets(ask::history("#tea"), [whole_history("#tea", &[said(1, "#tea", "ghost", "said to all")])]);
    // Bob has inherited her room.
    bob.does(ask::make_private("#tea"));
    house.visitor().refused(ask::log_in("ann", &password_of("ann")), "wrong_password");
    house.visitor().refused(ask::log_in("ann", &secret.0), "wrong_password");
    // Nobody becomes what she was.
    house.visitor().refused(ask::register("ann", "long enough"), "name_taken");
}

fn a_password_survives_a_crash(transport: Transport) {
    let mut house = House::new(transport);
    let mut ann = house.register("ann");
    ann.does(ask::set_password(&password_of("ann"), "a better one"));
    house.crash();
    let visitor = house.visitor().refused(ask::log_in("ann", &password_of("ann")), "wrong_password");
    assert!(visitor.enter(ask::log_in("ann", "a better one")).is_ok());
}

fn of_several_registrations_of_a_name_at_once_one_wins(transport: Transport) {
    const RACERS: usize = 8;
    let house = House::new(transport);
    let barrier = Barrier::new(RACERS);
    let password = |number: usize| format!("password-of-racer-{number}");
    let visitors: Vec<Visitor> = (0..RACERS).map(|_| house.visitor()).collect();
    let won: Vec<usize> = thread::scope(|scope| {
        let race = |(number, visitor): (usize, Visitor)| {
            let (barrier, password) = (&barrier, password(number));
            scope.spawn(move || {
                let name = ["racer", "Racer", "RACER", "rACEr"][number % 4];
                barrier.wait();
                match visitor.enter(ask::register(name, &password)) {
                    Ok(_) => true,
                    Err((_, code)) => {
                        assert_eq!(code, "name_taken");
                        false
                    }
                }
            })
        };
        let racers: Vec<_> = visitors.into_iter().enumerate().map(race).collect();
        let won =
            racers.into_iter().enumerate().filter_map(|(number, it)| it.join().expect("it races").then_some(number));
        won.collect()
    });
    let [winner] = won[..] else { panic!("{won:?}") };
    assert!(house.visitor().enter(ask::log_in("racer", &password(winner))).is_ok());
    house.visitor().refused(ask::log_in("racer", &password((winner + 1) % RACERS)), "wrong_password");
}
