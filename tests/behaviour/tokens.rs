//! Tokens, and the list of an account's connections.

use chat_server::address::Address;
use chat_server::chat::{ClientId, Event, SessionRow, Timestamp, TokenRow};
use chat_server::protocol::json::Object;

use super::ask::{self, name};
use super::house::{House, Person, Transport};
use super::seen::{SOME_TIME, bye, welcome, welcome_to};

over_each_transport! {
    a_token_opens_its_account
    a_token_that_is_taken_back_closes_its_connections
    tokens_have_names_and_ends
    ones_own_connections_are_listed
    one_connection_closes_another
}

fn token_of(person: &mut Person, name: &str) -> String {
    let answer = person.does(ask::new_token(name));
    let [Object::Event(Event::TokenCreated { secret, until: None, .. })] = &answer[..] else { panic!("{answer:#?}") };
    secret.0.to_string()
}

/// The list of tokens: name, expiry, whether it was used.
fn tokens<const N: usize>(rows: [(&str, Option<Timestamp>, bool); N]) -> Object {
    let row = |(token, until, used): (&str, _, bool)| TokenRow {
        name: name(token),
        created: SOME_TIME,
        until,
        used: used.then_some(SOME_TIME),
    };
    Event::Tokens { rows: rows.map(row).into() }.into()
}

fn a_token_opens_its_account(transport: Transport) {
    let mut house = House::new(transport);
    let [mut ann, _bob] = house.register_all(["ann", "bob"]);
    ann.gets(ask::tokens(), [tokens([])]);
    let token = token_of(&mut ann, "bridge");
    ann.gets(ask::tokens(), [tokens([("bridge", None, false)])]);
    let (_by_token, seen) = house.visitor().enter(ask::log_in("ann", &token)).ok().expect("let in");
    assert_eq!(welcome(&seen), welcome_to("ann", 1));
    ann.gets(ask::tokens(), [tokens([("bridge", None, true)])]);
    // It is accepted in place of a password, for this account only.
    assert!(house.visitor().enter(ask::log_in("ann", &token)).is_ok());
    house.visitor().refused(ask::log_in("bob", &token), "wrong_password");
    house.crash();
    assert!(house.visitor().enter(ask::log_in("ann", &token)).is_ok());
}

fn a_token_that_is_taken_back_closes_its_connections(transport: Transport) {
    let house = House::new(transport);
    let [mut ann] = house.register_all(["ann"]);
    let token = token_of(&mut ann, "bridge");
    let (by_token, _) = house.visitor().enter(ask::log_in("ann", &token)).ok().expect("let in");
    let mut by_password = house.log_in("ann");
    ann.gets(ask::revoke_token("bridge"), [Event::TokenRevoked { name: name("bridge"), closed: 1 }.into()]);
    assert_eq!(by_token.rest(), [bye("token-revoked", 0)]);
    by_password.sees([]);
    house.visitor().refused(ask::log_in("ann", &token), "wrong_password");
    ann.is_refused(ask::revoke_token("bridge"), "no_such_token");
    ann.gets(ask::tokens(), [tokens([])]);
}

fn tokens_have_names_and_ends(transport: Transport) {
    let house = House::new(transport);
    let [mut ann] = house.register_all(["ann"]);
    let made = ann.does(ask::new_token_for("bridge", 3600));
    assert!(matches!(&made[..], [Object::Event(Event::TokenCreated { until: Some(_), .. })]), "{made:#?}");
    ann.is_refused(ask::new_token("BRIDGE"), "token_exists");
    ann.gets(ask::tokens(), [tokens([("bridge", Some(SOME_TIME), false)])]);
    (1..20).for_each(|number| drop(token_of(&mut ann, &format!("bot{number}"))));
    ann.is_refused(ask::new_token("one-more"), "too_many_tokens");
    ann.does(ask::revoke_token("bridge"));
    let made = ann.does(ask::new_token_for("short", 1));
    let [Object::Event(Event::TokenCreated { secret, .. })] = &made[..] else { panic!("{made:#?}") };
    // It expires within a second: retried until it has. Then its name is free.
    while house.visitor().enter(ask::log_in("ann", &secret.0)).is_ok() {}
    house.visitor().refused(ask::log_in("ann", &secret.0), "wrong_password");
    token_of(&mut ann, "short");
}

fn ones_own_connections_are_listed(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, _bob] = house.register_all(["ann", "bob"]);
    let token = token_of(&mut ann, "bridge");
    let (mut by_token, _) = house.visitor().enter(ask::log_in("ann", &token)).ok().expect("let in");
    let rows = |person: &mut Person| {
        let answer = person.does(ask::sessions());
        let [Object::Event(Event::Sessions { rows })] = &answer[..] else { panic!("{answer:#?}") };
        rows.clone()
    };
    let row = |session, token: Option<&str>, own| SessionRow {
        session,
        protocol: "json",
        address: Address::parse("127.0.0.1").expect("an address"),
        since: SOME_TIME,
        active: SOME_TIME,
        token: token.map(name),
        own,
    };
    let listed = rows(&mut ann);
    let numbers: Vec<ClientId> = listed.iter().map(|row| row.session).collect();
    assert_eq!(listed, [row(numbers[0], None, true), row(numbers[1], Some("bridge"), false)]);
    let listed = rows(&mut by_token);
    assert_eq!(listed, [row(numbers[0], None, false), row(numbers[1], Some("bridge"), true)]);
}

fn one_connection_closes_another(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let elsewhere = house.log_in("ann");
    let answer = ann.does(ask::sessions());
    let [Object::Event(Event::Sessions { rows })] = &answer[..] else { panic!("{answer:#?}") };
    let other = rows.iter().find(|row| !row.own).expect("another one").session;
    bob.is_refused(ask::close_session(other), "no_such_session");
    ann.gets(ask::close_session(other), [Event::SessionClosed { session: other }.into()]);
    assert_eq!(elsewhere.rest(), [bye("closed-elsewhere", 0)]);
    ann.is_refused(ask::close_session(other), "no_such_session");
    let own = rows.iter().find(|row| row.own).expect("it is listed").session;
    ann.ends_by(ask::close_session(own), [bye("quit", 0)]);
}
