//! Accounts: made, entered, changed, deleted.

use super::asked::Ask::*;
use super::front::Secret::Password;
use super::house::{Cast, House, password_of};
use super::seen::{Departure, Seen, bye, left, message, said, whole_history};

through_each_front! {
    names_that_cannot_be_had_are_refused
    a_wrong_name_is_not_told_from_a_wrong_password
    names_are_the_same_in_any_case_of_letters
    logging_out_leads_back_to_the_door
    a_new_password_closes_the_other_connections
    a_password_is_changed_only_by_whoever_knows_it
    a_deleted_account_leaves_its_words_and_its_name
    a_password_survives_a_crash
}

fn names_that_cannot_be_had_are_refused(cast: Cast) {
    let mut house = House::new(cast);
    house.register("anna");
    let mut visitor = house.visitor();
    for (name, code) in
        [("anna", "name_taken"), ("ANNA", "name_taken"), ("admin", "name_reserved"), ("ghost", "name_reserved")]
    {
        visitor = visitor.refused(true, name, Password("long enough"), code);
    }
    // A name that looks like another.
    house.register("bill");
    visitor = visitor.refused(true, "bi11", Password("long enough"), "name_taken");
    assert!(visitor.enter(true, "cho", Password("long enough")).is_ok(), "who was refused may go on");
}

fn a_wrong_name_is_not_told_from_a_wrong_password(cast: Cast) {
    let mut house = House::new(cast);
    house.register("ann");
    let visitor = house.visitor();
    let visitor = visitor.refused(false, "ann", Password("not the password"), "wrong_password");
    let visitor = visitor.refused(false, "nobody", Password("not the password"), "wrong_password");
    let visitor = visitor.refused(false, "system", Password("not the password"), "wrong_password");
    assert!(visitor.enter(false, "ann", Password(&password_of("ann"))).is_ok());
}

fn names_are_the_same_in_any_case_of_letters(cast: Cast) {
    let mut house = House::new(cast);
    house.register("Ann").quit();
    let (mut ann, seen) = house.visitor().enter(false, "aNN", Password(&password_of("Ann"))).ok().expect("let in");
    assert_eq!(seen, [Seen::LoggedIn { name: "Ann".into(), news: vec![], others: 0 }]);
    ann.does(Whois("ANN"));
}

fn logging_out_leads_back_to_the_door(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    (0..3).for_each(|_| drop(ann.does(Say("#general", "hello"))));
    let (visitor, seen) = ann.log_out();
    assert_eq!(seen, [Seen::LoggedOut { sent: 3 }]);
    bob.does(Say("#general", "is she gone?"));
    let (mut bob_too, seen) = visitor.enter(false, "bob", Password(&password_of("bob"))).ok().expect("let in");
    assert_eq!(seen, [Seen::LoggedIn { name: "bob".into(), news: vec![], others: 1 }]);
    bob_too.does(Say("#general", "I am here twice"));
    bob.forget();
    bob_too.ends_by(Quit, [bye("quit", 1)]);
    bob.ends_by(Quit, [bye("quit", 1)]);
}

fn a_new_password_closes_the_other_connections(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let elsewhere = [house.log_in("ann"), house.log_in("ann")];
    ann.does(NewToken("bridge"));
    ann.gets(SetPassword(&password_of("ann"), "a better one"), [Seen::PasswordChanged { closed: 2, tokens: 1 }]);
    bob.does(Say("#general", "after"));
    elsewhere.into_iter().for_each(|person| assert_eq!(person.rest(), [bye("password-changed", 0)]));
    ann.sees([message(2, "#general", "bob", "after")]);
    let visitor = house.visitor().refused(false, "ann", Password(&password_of("ann")), "wrong_password");
    assert!(visitor.enter(false, "ann", Password("a better one")).is_ok());
}

fn a_password_is_changed_only_by_whoever_knows_it(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann] = house.register_all(["ann"]);
    let mut elsewhere = house.log_in("ann");
    ann.is_refused(SetPassword("not the password", "a better one"), "wrong_password");
    ann.is_refused(SetPassword(&password_of("ann"), "short"), "password_length");
    ann.is_refused(DeleteAccount("not the password"), "wrong_password");
    elsewhere.sees([]);
    house.log_in("ann");
}

fn a_deleted_account_leaves_its_words_and_its_name(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let elsewhere = house.log_in("ann");
    ann.does(Create("tea"));
    bob.does(Join("#tea"));
    ann.does(Say("#tea", "said to all"));
    bob.forget();
    ann.ends_by(DeleteAccount(&password_of("ann")), [bye("account-deleted", 1)]);
    assert_eq!(elsewhere.rest().last(), Some(&bye("account-deleted", 0)));
    let seen = bob.seen();
    for room in ["#general", "#tea"] {
        assert!(seen.contains(&left(room, "ann", Departure::AccountDeleted)), "{seen:#?}");
    }
    bob.gets(History("#tea"), [whole_history("#tea", &[said(1, "#tea", "ghost", "said to all")])]);
    // What she owned is bob's.
    bob.does(MakePrivate("#tea"));
    house.visitor().refused(false, "ann", Password(&password_of("ann")), "wrong_password");
    house.register("ann").is_refused(History("#tea"), "no_such_room");
}

fn a_password_survives_a_crash(cast: Cast) {
    let mut house = House::new(cast);
    let mut ann = house.register("ann");
    ann.does(SetPassword(&password_of("ann"), "a better one"));
    house.crash();
    let visitor = house.visitor().refused(false, "ann", Password(&password_of("ann")), "wrong_password");
    assert!(visitor.enter(false, "ann", Password("a better one")).is_ok());
}
