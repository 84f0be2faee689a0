//! Ways in: who may register, names that deleted accounts leave behind, and one-time codes for new passwords.

use chat_server::chat::{Event, Notice, Registration, Visibility};
use chat_server::protocol::json::Object;

use super::ask::{self, name};
use super::house::{House, Person, Transport, password_of};
use super::seen::bye;

over_each_transport! {
    the_name_of_a_deleted_account_stays_reserved
    a_banned_member_does_not_come_back_by_deleting_the_account
    an_operator_chooses_who_may_register
    a_code_for_a_new_account_works_once
    a_forgotten_password_is_replaced_by_a_one_time_code
    a_code_for_a_new_password_is_nobody_elses
    a_code_and_its_notice_survive_a_crash
    a_code_is_void_once_it_could_lead_to_more_than_was_meant
}

fn with_operator(house: &House) -> [Person; 2] {
    let [mut ann, bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::claim_operator(&house.operator_code()));
    [ann, bob]
}

/// The code that an answer shows.
fn code_in(seen: &[Object]) -> String {
    match seen {
        [Object::Event(Event::PasswordCodeCreated { code, .. } | Event::RegistrationCodeCreated { code, .. }), ..] => {
            code.to_string()
        }
        other => panic!("{other:#?}"),
    }
}

fn notices(seen: &[Object]) -> Vec<Notice> {
    let [Object::Event(Event::LoggedIn(welcome))] = seen else { panic!("{seen:#?}") };
    welcome.notices.iter().map(|(_, notice)| notice.clone()).collect()
}

fn the_name_of_a_deleted_account_stays_reserved(transport: Transport) {
    let mut house = House::new(transport);
    let [mut ann, bob] = with_operator(&house);
    bob.ends_by(ask::delete_account(&password_of("bob")), [bye("account-deleted", 0)]);
    let visitor = house.visitor();
    let visitor = visitor.refused(ask::register("Bob", "long enough"), "name_taken");
    visitor.refused(ask::register("b0b", "long enough"), "name_taken");
    ann.quit();
    house.crash();
    ann = house.log_in("ann");
    let visitor = house.visitor().refused(ask::register("bob", "long enough"), "name_taken");
    ann.is_refused(ask::free_name("nobody"), "name_not_reserved");
    ann.is_refused(ask::free_name("ann"), "name_not_reserved");
    ann.gets(ask::free_name("BOB"), [Event::NameFreed { name: name("bob") }.into()]);
    ann.is_refused(ask::free_name("bob"), "name_not_reserved");
    let Ok((mut bob, _)) = visitor.enter(ask::register("bob", &password_of("bob"))) else { panic!("it is free") };
    bob.is_refused(ask::free_name("zed"), "operator_only");
}

fn a_banned_member_does_not_come_back_by_deleting_the_account(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = with_operator(&house);
    let [mut owner] = house.register_all(["olga"]);
    for (label, visibility) in [("tea", Visibility::Public), ("den", Visibility::Private)] {
        owner.does(if visibility == Visibility::Public { ask::create(label) } else { ask::create_private(label) });
        owner.does(ask::ban(&format!("#{label}"), "bob", "spam"));
    }
    bob.forget();
    bob.ends_by(ask::delete_account(&password_of("bob")), [bye("account-deleted", 0)]);
    house.visitor().refused(ask::register("bob", "long enough"), "name_taken");
    // Also where an operator frees the name: a ban stays with it.
    ann.does(ask::free_name("bob"));
    let mut bob = house.register("bob");
    bob.is_refused(ask::join("#tea"), "banned");
    owner.is_refused(ask::invite("#den", "bob"), "target_banned");
    owner.does(ask::unban("#tea", "bob"));
    bob.does(ask::join("#tea"));
}

fn an_operator_chooses_who_may_register(transport: Transport) {
    let mut house = House::new(transport);
    let [mut ann, mut bob] = with_operator(&house);
    let shown = |registration| Event::RegistrationShown { registration }.into();
    ann.gets(ask::show_registration(), [shown(Registration::Open)]);
    bob.is_refused(ask::set_registration(Registration::Closed), "operator_only");
    bob.is_refused(ask::show_registration(), "operator_only");
    bob.is_refused(ask::registration_code(), "operator_only");
    ann.gets(ask::set_registration(Registration::Closed), [shown(Registration::Closed)]);
    house.visitor().refused(ask::register("cho", "long enough"), "registration_closed");
    let code = code_in(&ann.does(ask::registration_code()));
    house.visitor().refused(ask::register_by_code("cho", "long enough", &code), "registration_closed");
    ann.quit();
    house.crash();
    house.visitor().refused(ask::register("cho", "long enough"), "registration_closed");
    let mut ann = house.log_in("ann");
    ann.gets(ask::show_registration(), [shown(Registration::Closed)]);
    ann.does(ask::set_registration(Registration::Open));
    house.register("cho");
}

fn a_code_for_a_new_account_works_once(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, _bob] = with_operator(&house);
    ann.does(ask::set_registration(Registration::ByCode));
    let code = code_in(&ann.does(ask::registration_code()));
    let visitor = house.visitor().refused(ask::register("cho", "long enough"), "registration_needs_code");
    let visitor = visitor.refused(ask::register_by_code("cho", "long enough", "maple-otter-42"), "wrong_code");
    let wrong = "maple-otter-river-stone-lamp-42";
    let visitor = visitor.refused(ask::register_by_code("cho", "long enough", wrong), "wrong_code");
    // A name that is taken does not use the code up.
    let visitor = visitor.refused(ask::register_by_code("bob", "long enough", &code), "name_taken");
    assert!(visitor.enter(ask::register_by_code("cho", "long enough", &code.to_uppercase())).is_ok());
    house.visitor().refused(ask::register_by_code("dee", "long enough", &code), "wrong_code");
}

fn a_forgotten_password_is_replaced_by_a_one_time_code(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = with_operator(&house);
    let made = bob.does(ask::new_token("bridge"));
    let [Object::Event(Event::TokenCreated { secret, .. })] = &made[..] else { panic!("{made:#?}") };
    bob.is_refused(ask::password_code("ann"), "operator_only");
    let first = code_in(&ann.does(ask::password_code("bob")));
    let code = code_in(&ann.does(ask::password_code("bob")));
    let visitor = house.visitor();
    // A later code takes the place of an earlier one.
    let visitor = visitor.refused(ask::reset_password("bob", &first, "a better one"), "wrong_password");
    let visitor = visitor.refused(ask::reset_password("ann", &code, "a better one"), "wrong_password");
    let visitor = visitor.refused(ask::reset_password("bob", &code, "short"), "password_length");
    let visitor = visitor.refused(ask::log_in("bob", &code), "new_password_needed");
    let entered = visitor.enter(ask::reset_password("bob", &code.to_uppercase(), "a better one"));
    let Ok((_, seen)) = entered else { panic!("the code is right") };
    let by = || Notice::PasswordCode { by: Some(name("ann")) };
    assert_eq!(notices(&seen), [by(), by()]);
    // What the old password let in is over, and the code works once.
    assert_eq!(bob.rest().last(), Some(&bye("password-changed", 0)));
    let visitor = house.visitor().refused(ask::log_in("bob", &secret.0), "wrong_password");
    let visitor = visitor.refused(ask::log_in("bob", &password_of("bob")), "wrong_password");
    let visitor = visitor.refused(ask::reset_password("bob", &code, "another one"), "wrong_password");
    assert!(visitor.enter(ask::log_in("bob", "a better one")).is_ok());
}

fn a_code_for_a_new_password_is_nobody_elses(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = with_operator(&house);
    ann.is_refused(ask::password_code("ann"), "not_to_yourself");
    ann.is_refused(ask::password_code("nobody"), "no_such_account");
    // Nobody takes over another operator in silence.
    ann.does(ask::server_promote("bob"));
    ann.is_refused(ask::password_code("bob"), "target_is_operator");
    ann.does(ask::server_demote("bob"));
    bob.forget();
    let code = code_in(&ann.does(ask::password_code("bob")));
    let told = bob.seen();
    let [Object::Event(Event::Notice { notice, .. })] = &told[..] else { panic!("{told:#?}") };
    assert_eq!(*notice, Notice::PasswordCode { by: Some(name("ann")) });
    // Whoever is banned stays out.
    ann.does(ask::server_ban("bob", ""));
    house.visitor().refused(ask::reset_password("bob", &code, "a better one"), "server_banned");
}

fn a_code_is_void_once_it_could_lead_to_more_than_was_meant(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = with_operator(&house);
    let [mut eve] = house.register_all(["eve"]);
    let is_void = |code: &str| {
        house.visitor().refused(ask::reset_password("bob", code, "a better one"), "wrong_password");
    };
    // Its owner becomes an operator, through which the maker would become one.
    let code = code_in(&ann.does(ask::password_code("bob")));
    ann.does(ask::server_promote("bob"));
    is_void(&code);
    ann.does(ask::server_demote("bob"));
    is_void(&code);
    // Its owner, who is told of it, sets another password.
    let code = code_in(&ann.does(ask::password_code("bob")));
    bob.does(ask::set_password(&password_of("bob"), &password_of("bob")));
    is_void(&code);
    // An operator who is none any more keeps no way in, for this account or new ones.
    ann.does(ask::server_promote("eve"));
    ann.does(ask::set_registration(Registration::ByCode));
    let code = code_in(&eve.does(ask::password_code("bob")));
    let new = code_in(&eve.does(ask::registration_code()));
    let other = code_in(&ann.does(ask::registration_code()));
    ann.does(ask::server_demote("eve"));
    is_void(&code);
    house.visitor().refused(ask::register_by_code("cho", "long enough", &new), "wrong_code");
    assert!(house.visitor().enter(ask::register_by_code("cho", "long enough", &other)).is_ok());
}

fn a_code_and_its_notice_survive_a_crash(transport: Transport) {
    let mut house = House::new(transport);
    let [mut ann, bob] = with_operator(&house);
    bob.quit();
    let code = code_in(&ann.does(ask::password_code("bob")));
    house.crash();
    let (_bob, seen) = house.come_back("bob");
    let by_ann = [Notice::PasswordCode { by: Some(name("ann")) }];
    assert_eq!(notices(&seen), by_ann, "the old password still works, and its owner is told");
    let (_bob, seen) = house.come_back("bob");
    assert_eq!(notices(&seen), [], "once");
    assert!(house.visitor().enter(ask::reset_password("bob", &code, "a better one")).is_ok());
    house.crash();
    let visitor = house.visitor().refused(ask::reset_password("bob", &code, "another one"), "wrong_password");
    assert!(visitor.enter(ask::log_in("bob", "a better one")).is_ok());
}
