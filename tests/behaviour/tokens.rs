//! Tokens, and the list of an account's connections.

use chat_server::address::Address;
use chat_server::chat::{ClientId, Event, Message, SessionRow, Timestamp, TokenRow, TokenScope};
use chat_server::protocol::Secret;
use chat_server::protocol::json::{LoginOptions, Object, Request};

use super::ask::{self, name};
use super::house::{House, Person, Transport, password_of};
use super::seen::{SOME_TIME, bye, said, welcome, welcome_to, whole_history};

over_each_transport! {
    a_token_opens_its_account
    a_token_that_is_taken_back_closes_its_connections
    tokens_have_names_and_ends
    a_token_makes_revokes_and_closes_nothing_but_itself
    with_the_password_a_token_may_do_that_too
    a_session_ends_with_its_token
    codes_of_a_room_are_not_shown_to_a_token_that_reads
    what_a_program_says_is_marked
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
        scope: TokenScope::All,
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
    // It expires within a second: looked at until it has. Then its name is free.
    let is_listed = |seen: Vec<Object>| match &seen[..] {
        [Object::Event(Event::Tokens { rows })] => rows.iter().any(|token| token.name == name("short")),
        other => panic!("{other:#?}"),
    };
    while is_listed(ann.does(ask::tokens())) {}
    house.visitor().refused(ask::log_in("ann", &secret.0), "wrong_password");
    token_of(&mut ann, "short");
}

/// A connection by a token of this name.
fn by_token(house: &House, owner: &mut Person, name: &str) -> Person {
    let token = token_of(owner, name);
    house.visitor().enter(ask::log_in("ann", &token)).ok().expect("let in").0
}

fn a_token_makes_revokes_and_closes_nothing_but_itself(transport: Transport) {
    let house = House::new(transport);
    let [mut ann] = house.register_all(["ann"]);
    let own = session_of(&mut ann);
    token_of(&mut ann, "other");
    let mut program = by_token(&house, &mut ann, "bridge");
    program.is_refused(ask::new_token("child"), "password_needed");
    program.is_refused(ask::revoke_token("other"), "password_needed");
    program.is_refused(ask::revoke_token("missing"), "password_needed");
    program.is_refused(ask::close_session(own), "password_needed");
    program.is_refused(ask::claim_operator(&house.operator_code()), "password_needed");
    program.is_refused(ask::server_promote("ann"), "password_needed");
    ann.gets(ask::tokens(), [tokens([("bridge", None, true), ("other", None, false)])]);
    // Itself it may end: by closing its session, and by revoking itself.
    let session = session_of(&mut program);
    program.ends_by(ask::close_session(session), [bye("quit", 0)]);
    ann.does(ask::revoke_token("bridge"));
    let program = by_token(&house, &mut ann, "bridge");
    let revoked = Event::TokenRevoked { name: name("Bridge"), closed: 0 };
    program.ends_by(ask::revoke_token("Bridge"), [revoked.into(), bye("token-revoked", 0)]);
    ann.is_refused(ask::revoke_token("bridge"), "no_such_token");
}

/// The number of a person's own connection.
fn session_of(person: &mut Person) -> ClientId {
    let answer = person.does(ask::sessions());
    let [Object::Event(Event::Sessions { rows, .. })] = &answer[..] else { panic!("{answer:#?}") };
    rows.iter().find(|row| row.own).expect("it is listed").session
}

fn with_the_password_a_token_may_do_that_too(transport: Transport) {
    let house = House::new(transport);
    let [mut ann] = house.register_all(["ann"]);
    let mut elsewhere = house.log_in("ann");
    let closed = session_of(&mut elsewhere);
    let mut program = by_token(&house, &mut ann, "bridge");
    let secret = |text: String| Secret::new(text.into_bytes());
    let new = |password| Request::NewToken {
        name: name("child"),
        scope: TokenScope::Read,
        seconds: None,
        password: Some(secret(password)),
    };
    program.is_refused(new("not-her-password".into()), "wrong_password");
    program.does(new(password_of("ann")));
    let revoke = Request::RevokeToken { name: name("child"), password: secret(password_of("ann")) };
    program.gets(revoke, [Event::TokenRevoked { name: name("child"), closed: 0 }.into()]);
    let close = Request::CloseSession { session: closed, password: secret(password_of("ann")) };
    program.gets(close, [Event::SessionClosed { session: closed }.into()]);
    assert_eq!(elsewhere.rest().last(), Some(&bye("closed-elsewhere", 0)));
}

fn a_session_ends_with_its_token(transport: Transport) {
    let house = House::new(transport);
    let [mut ann] = house.register_all(["ann"]);
    let made = ann.does(ask::new_token_for("short", 1));
    let [Object::Event(Event::TokenCreated { secret, .. })] = &made[..] else { panic!("{made:#?}") };
    // On a slow machine it may have expired before this.
    if let Ok((program, _)) = house.visitor().enter(ask::log_in("ann", &secret.0)) {
        // Without a request, and without anybody else's.
        assert_eq!(program.rest(), [bye("token-expired", 0)]);
    }
    ann.is_refused(ask::revoke_token("short"), "no_such_token");
}

fn codes_of_a_room_are_not_shown_to_a_token_that_reads(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, _bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create_private("den"));
    ann.does(ask::invite("#den", "bob"));
    ann.does(ask::invite_by_code("#den"));
    let mut open = |scope| {
        let made = ann.does(ask::new_token_of(&format!("bot-{scope:?}"), scope));
        let [Object::Event(Event::TokenCreated { secret, .. })] = &made[..] else { panic!("{made:#?}") };
        let (mut program, _) = house.visitor().enter(ask::log_in("ann", &secret.0)).ok().expect("let in");
        let shown = program.does(ask::show_room("#den"));
        let [Object::Event(Event::RoomShown(view))] = &shown[..] else { panic!("{shown:#?}") };
        (view.invited.len(), view.codes.len())
    };
    assert_eq!([TokenScope::Read, TokenScope::Send, TokenScope::All].map(&mut open), [(0, 0), (0, 0), (1, 1)]);
}

fn what_a_program_says_is_marked(transport: Transport) {
    let mut house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let token = token_of(&mut ann, "bridge");
    let enter = |by: &str, program| {
        let options = LoginOptions { program, ..LoginOptions::default() };
        house.visitor().enter(ask::log_in_with("ann", by, options)).ok().expect("let in").0
    };
    let mut expected = Vec::new();
    for (by, says, marked) in [
        (token.clone(), None, true),
        (token, Some(false), false),
        (password_of("ann"), None, false),
        (password_of("ann"), Some(true), true),
    ] {
        let mut speaker = enter(&by, says);
        for label in ["#general", "@bob"] {
            speaker.does(ask::say(label, "hello"));
            let label = if label == "@bob" { "@ann" } else { label };
            let seq = expected.len() as u64 / 2 + if label == "@ann" { 1 } else { 2 };
            expected.push(Message { program: marked, ..said(seq, label, "ann", "hello") });
        }
    }
    let heard: Vec<Object> = expected.iter().cloned().map(|message| Event::Message(message).into()).collect();
    assert_eq!(bob.seen(), heard);
    // And so it is stored.
    house.crash();
    let mut bob = house.log_in("bob");
    let direct: Vec<Message> = expected.into_iter().filter(|message| *message.room == ask::room("@ann")).collect();
    bob.gets(ask::history("@ann"), [whole_history("@ann", &direct)]);
}

fn ones_own_connections_are_listed(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, _bob] = house.register_all(["ann", "bob"]);
    let token = token_of(&mut ann, "bridge");
    let (mut by_token, _) = house.visitor().enter(ask::log_in("ann", &token)).ok().expect("let in");
    let rows = |person: &mut Person| {
        let answer = person.does(ask::sessions());
        let [Object::Event(Event::Sessions { rows, .. })] = &answer[..] else { panic!("{answer:#?}") };
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
    let [Object::Event(Event::Sessions { rows, .. })] = &answer[..] else { panic!("{answer:#?}") };
    let other = rows.iter().find(|row| !row.own).expect("another one").session;
    bob.is_refused(ask::close_session(other), "no_such_session");
    ann.gets(ask::close_session(other), [Event::SessionClosed { session: other }.into()]);
    assert_eq!(elsewhere.rest(), [bye("closed-elsewhere", 0)]);
    ann.is_refused(ask::close_session(other), "no_such_session");
    let own = rows.iter().find(|row| row.own).expect("it is listed").session;
    ann.ends_by(ask::close_session(own), [bye("quit", 0)]);
}
