//! Operators of the server.

use chat_server::address::Address;
use chat_server::chat::{BanRow, BanTarget, Departure, Event, Role, RoomChange, Text};
use chat_server::protocol::json::Object;

use super::ask::{self, name};
use super::house::{House, Person, Transport, password_of};
use super::seen::{
    SOME_TIME, all_people, bye, bye_because, changed, kicked, member, offline, removed, role_set, you_left,
};

over_each_transport! {
    the_printed_code_makes_the_first_operator_once
    operator_codes_cannot_be_guessed_for_long
    operators_are_made_and_unmade_but_one_stays
    an_operator_closes_the_connections_of_somebody
    a_banned_account_is_shown_its_ban_after_the_right_password_only
    an_address_is_banned_but_not_the_own_one
    an_operator_keeps_order_in_public_rooms
    an_operator_helps_a_public_room_without_its_owner
    an_operator_has_no_rights_in_private_rooms
}

fn operator_set(who: &str, operator: bool, you: bool, by: Option<&str>) -> Object {
    Event::OperatorSet { who: name(who), operator, you, by: by.map(name) }.into()
}

fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

/// A permanent ban by ann.
fn ban_of(target: BanTarget, why: &str) -> BanRow {
    BanRow { target, by: name("ann"), at: SOME_TIME, until: None, why: Text::from(why) }
}

fn bans(rows: Vec<BanRow>) -> Object {
    Event::Bans { room: None, total: rows.len() as u64, rows, page: 1, pages: 1 }.into()
}

/// An operator, and somebody who is none.
fn with_operator(house: &House) -> [Person; 2] {
    let [mut ann, bob] = house.register_all(["ann", "bob"]);
    ann.gets(ask::claim_operator(&house.operator_code()), [operator_set("ann", true, true, None)]);
    [ann, bob]
}

fn the_printed_code_makes_the_first_operator_once(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.is_refused(ask::claim_operator("maple-otter-river-stone-lamp-42"), "wrong_code");
    ann.is_refused(ask::server_bans(), "operator_only");
    ann.gets(ask::claim_operator(&house.operator_code()), [operator_set("ann", true, true, None)]);
    bob.is_refused(ask::claim_operator(&house.operator_code()), "wrong_code");
    let shown = bob.does(ask::whois("ann"));
    let [Object::Event(Event::Account(account))] = &shown[..] else { panic!("{shown:#?}") };
    assert!(account.operator && account.addresses.is_empty(), "{account:#?}");
    let shown = ann.does(ask::whois("bob"));
    let [Object::Event(Event::Account(account))] = &shown[..] else { panic!("{shown:#?}") };
    assert_eq!(account.addresses, [address("127.0.0.1")]);
}

fn operator_codes_cannot_be_guessed_for_long(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    for number in 10..15 {
        bob.is_refused(ask::claim_operator(&format!("maple-{number}")), "wrong_code");
    }
    bob.is_refused(ask::claim_operator(&house.operator_code()), "too_many_codes");
    ann.does(ask::claim_operator(&house.operator_code()));
}

fn operators_are_made_and_unmade_but_one_stays(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = with_operator(&house);
    ann.is_refused(ask::server_demote("ann"), "last_operator");
    ann.is_refused(ask::delete_account(&password_of("ann")), "last_operator");
    ann.is_refused(ask::server_promote("nobody"), "no_such_account");
    ann.gets(ask::server_promote("bob"), [operator_set("bob", true, false, Some("ann"))]);
    bob.sees([operator_set("bob", true, true, Some("ann"))]);
    bob.is_refused(ask::server_ban("ann", ""), "target_is_operator");
    bob.gets(ask::server_demote("ann"), [operator_set("ann", false, false, Some("bob"))]);
    ann.sees([operator_set("ann", false, true, Some("bob"))]);
    ann.is_refused(ask::server_bans(), "operator_only");
    bob.is_refused(ask::server_demote("bob"), "last_operator");
}

fn an_operator_closes_the_connections_of_somebody(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, bob] = with_operator(&house);
    let elsewhere = house.log_in("bob");
    ann.gets(ask::server_kick("bob", "calm down"), [Event::ServerKicked { who: name("bob"), closed: 2 }.into()]);
    let told = bye_because("kicked", "ann", "calm down");
    [bob, elsewhere].into_iter().for_each(|person| assert_eq!(person.rest(), std::slice::from_ref(&told)));
    ann.is_refused(ask::server_kick("ann", ""), "not_to_yourself");
    ann.gets(ask::server_kick("bob", ""), [Event::ServerKicked { who: name("bob"), closed: 0 }.into()]);
    house.log_in("bob");
}

fn a_banned_account_is_shown_its_ban_after_the_right_password_only(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = with_operator(&house);
    bob.is_refused(ask::server_ban("ann", ""), "operator_only");
    let bob_target = || BanTarget::Account(name("bob"));
    let ban = || ban_of(bob_target(), "spam");
    ann.gets(ask::server_ban("bob", "spam"), [Event::ServerBanned { ban: ban(), closed: 1 }.into()]);
    assert_eq!(bob.rest(), [bye_because("banned", "ann", "spam")]);
    let visitor = house.visitor().refused(ask::log_in("bob", "not the password"), "wrong_password");
    let visitor = visitor.refused(ask::log_in("bob", &password_of("bob")), "server_banned");
    // The connection is closed.
    visitor.rest();
    ann.gets(ask::server_bans(), [bans(vec![ban()])]);
    ann.gets(ask::server_unban("bob"), [Event::Unbanned { room: None, target: bob_target() }.into()]);
    ann.is_refused(ask::server_unban("bob"), "no_such_ban");
    ann.gets(ask::server_bans(), [bans(vec![])]);
    house.log_in("bob");
}

fn an_address_is_banned_but_not_the_own_one(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = with_operator(&house);
    ann.is_refused(ask::server_ban_address(address("127.0.0.1")), "not_to_yourself");
    let other = address("192.0.2.7");
    let ban = || ban_of(BanTarget::Address(other), "");
    let banned = Event::ServerBanned { ban: ban(), closed: 0 }.into();
    ann.gets(ask::server_ban_address(other), [banned]);
    ann.gets(ask::server_bans(), [bans(vec![ban()])]);
    bob.sees([]);
}

fn an_operator_keeps_order_in_public_rooms(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = with_operator(&house);
    let [mut cho] = house.register_all(["cho"]);
    bob.does(ask::create("tea"));
    cho.does(ask::join("#tea"));
    ann.gets(ask::kick("#tea", "cho", "calm down"), [removed("#tea", "cho", kicked("ann", "calm down"))]);
    cho.sees([you_left("#tea", kicked("ann", "calm down"))]);
    ann.is_refused(ask::kick("#tea", "bob", ""), "rank_too_high");
    bob.forget();
    bob.ends_by(ask::quit(), [bye("quit", 0)]);
}

fn an_operator_helps_a_public_room_without_its_owner(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = with_operator(&house);
    let [mut cho] = house.register_all(["cho"]);
    for label in ["tea", "cake"] {
        bob.does(ask::create(label));
        cho.does(ask::join(&format!("#{label}")));
    }
    ann.does(ask::server_ban("bob", ""));
    cho.forget();
    ann.is_refused(ask::hand_over("#tea", "bob"), "nothing_to_change");
    ann.is_refused(ask::hand_over("#tea", "ann"), "not_there");
    // Who may find a room stays its owner's to decide.
    ann.is_refused(ask::make_private("#tea"), "owner_only");
    let handed = || role_set("#tea", "cho", Role::Owner, Some("ann"));
    ann.gets(ask::hand_over("#tea", "cho"), [handed()]);
    cho.sees([handed(), role_set("#tea", "bob", Role::Member, Some("ann"))]);
    let members = vec![offline(member("bob", Role::Member)), member("cho", Role::Owner)];
    cho.gets(ask::members("#tea"), [all_people(Some("#tea"), members)]);
    let renamed = || changed("#cake", Some("ann"), RoomChange::Renamed(name("pie")));
    ann.gets(ask::rename("#cake", "pie"), [renamed()]);
    cho.sees([renamed()]);
    let deleted = || Departure::RoomDeleted { by: name("ann") };
    ann.is_refused(ask::delete_room("#pie", "cake"), "confirm_delete");
    ann.gets(ask::delete_room("#pie", "pie"), [you_left("#pie", deleted())]);
    cho.sees([you_left("#pie", deleted())]);
}

fn an_operator_has_no_rights_in_private_rooms(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = with_operator(&house);
    bob.does(ask::create_private("den"));
    ann.is_refused(ask::rename("#den", "cave"), "no_such_room");
    bob.does(ask::invite("#den", "ann"));
    ann.does(ask::accept("den"));
    for request in [ask::rename("#den", "cave"), ask::hand_over("#den", "ann"), ask::delete_room("#den", "den")] {
        ann.is_refused(request, "owner_only");
    }
}
