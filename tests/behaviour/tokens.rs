//! Tokens and the own connections.

use super::asked::Ask::*;
use super::front::Secret::{Password, Token};
use super::house::{Cast, House, Person};
use super::seen::{Lasts, Seen, SessionRow, TokenRow, bye};

through_each_front! {
    a_token_opens_its_account
    a_token_that_is_taken_back_closes_its_connections
    tokens_have_names_and_ends
    ones_own_connections_are_listed
    one_connection_closes_another
}

fn token_of(person: &mut Person, name: &str) -> String {
    let answer = person.does(NewToken(name));
    let [Seen::TokenMade { secret, lasts: Lasts::ForGood, .. }] = &answer[..] else { panic!("{answer:#?}") };
    secret.clone()
}

fn tokens<const N: usize>(rows: [(&str, Lasts, bool); N]) -> Seen {
    Seen::Tokens(rows.map(|(name, lasts, used)| TokenRow { name: name.into(), lasts, used }).into())
}

fn a_token_opens_its_account(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, _bob] = house.register_all(["ann", "bob"]);
    ann.gets(Tokens, [tokens([])]);
    let token = token_of(&mut ann, "bridge");
    ann.gets(Tokens, [tokens([("bridge", Lasts::ForGood, false)])]);
    let (_by_token, seen) = house.visitor().enter(false, "ann", Token(&token)).ok().expect("let in");
    assert_eq!(seen, [Seen::LoggedIn { name: "ann".into(), news: vec![], others: 1 }]);
    ann.gets(Tokens, [tokens([("bridge", Lasts::ForGood, true)])]);
    // It stands where a password stands, and is nobody else's.
    assert!(house.visitor().enter(false, "ann", Password(&token)).is_ok());
    house.visitor().refused(false, "bob", Token(&token), "wrong_password");
    house.crash();
    assert!(house.visitor().enter(false, "ann", Token(&token)).is_ok());
}

fn a_token_that_is_taken_back_closes_its_connections(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann] = house.register_all(["ann"]);
    let token = token_of(&mut ann, "bridge");
    let (by_token, _) = house.visitor().enter(false, "ann", Token(&token)).ok().expect("let in");
    let mut by_password = house.log_in("ann");
    ann.gets(RevokeToken("bridge"), [Seen::TokenRevoked { name: "bridge".into(), closed: 1 }]);
    assert_eq!(by_token.rest(), [bye("token-revoked", 0)]);
    by_password.sees([]);
    house.visitor().refused(false, "ann", Token(&token), "wrong_password");
    ann.is_refused(RevokeToken("bridge"), "no_such_token");
    ann.gets(Tokens, [tokens([])]);
}

fn tokens_have_names_and_ends(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann] = house.register_all(["ann"]);
    let made = ann.does(NewTokenFor("bridge", 3600));
    assert!(matches!(&made[..], [Seen::TokenMade { lasts: Lasts::AWhile, .. }]), "{made:#?}");
    ann.is_refused(NewToken("BRIDGE"), "token_exists");
    ann.gets(Tokens, [tokens([("bridge", Lasts::AWhile, false)])]);
    (1..20).for_each(|number| drop(token_of(&mut ann, &format!("bot{number}"))));
    ann.is_refused(NewToken("one-more"), "too_many_tokens");
}

fn ones_own_connections_are_listed(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, _bob] = house.register_all(["ann", "bob"]);
    let token = token_of(&mut ann, "bridge");
    let (mut by_token, _) = house.visitor().enter(false, "ann", Token(&token)).ok().expect("let in");
    let rows = |person: &mut Person| {
        let answer = person.does(Sessions);
        let [Seen::Sessions(rows)] = &answer[..] else { panic!("{answer:#?}") };
        rows.clone()
    };
    let row = |person: &Person, number, token: Option<&str>, own| SessionRow {
        number,
        front: person.kind(),
        address: "127.0.0.1".into(),
        token: token.map(str::to_owned),
        own,
    };
    let listed = rows(&mut ann);
    let numbers: Vec<u64> = listed.iter().map(|row| row.number).collect();
    assert_eq!(listed, [row(&ann, numbers[0], None, true), row(&by_token, numbers[1], Some("bridge"), false)]);
    let listed = rows(&mut by_token);
    assert_eq!(listed, [row(&ann, numbers[0], None, false), row(&by_token, numbers[1], Some("bridge"), true)]);
}

fn one_connection_closes_another(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let elsewhere = house.log_in("ann");
    let answer = ann.does(Sessions);
    let [Seen::Sessions(rows)] = &answer[..] else { panic!("{answer:#?}") };
    let other = rows.iter().find(|row| !row.own).expect("another one").number;
    bob.is_refused(CloseSession(other), "no_such_session");
    ann.gets(CloseSession(other), [Seen::SessionClosed(other)]);
    assert_eq!(elsewhere.rest(), [bye("closed-elsewhere", 0)]);
    ann.is_refused(CloseSession(other), "no_such_session");
}
