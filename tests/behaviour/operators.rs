//! Those who have charge of the server.

use super::asked::Ask::*;
use super::front::Secret::Password;
use super::house::{Cast, House, Person, password_of};
use super::seen::{BanRow, Lasts, Seen, bye, kicked, removed, you_left};

through_each_front! {
    the_printed_code_makes_the_first_operator_once
    operators_are_made_and_unmade_but_one_stays
    an_operator_closes_the_connections_of_somebody
    a_banned_account_is_told_so_after_the_right_password_only
    an_address_is_banned_but_not_the_own_one
    an_operator_keeps_order_in_public_rooms
}

fn operator_set(who: &str, operator: bool) -> Seen {
    Seen::OperatorSet { who: who.into(), operator }
}

/// An operator and somebody else.
fn with_operator(house: &mut House) -> [Person; 2] {
    let [mut ann, bob] = house.register_all(["ann", "bob"]);
    ann.gets(ClaimOperator(&house.operator_code()), [operator_set("you", true)]);
    [ann, bob]
}

fn the_printed_code_makes_the_first_operator_once(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.is_refused(ClaimOperator("maple-otter-river-stone-lamp-42"), "wrong_code");
    ann.is_refused(ServerBans, "operator_only");
    ann.gets(ClaimOperator(&house.operator_code()), [operator_set("you", true)]);
    bob.is_refused(ClaimOperator(&house.operator_code()), "wrong_code");
    let shown = bob.does(Whois("ann"));
    assert!(
        matches!(&shown[..], [Seen::Account { operator: true, addresses, .. }] if addresses.is_empty()),
        "{shown:#?}"
    );
    let shown = ann.does(Whois("bob"));
    let has_address = |addresses: &[String]| addresses == ["127.0.0.1"];
    assert!(matches!(&shown[..], [Seen::Account { addresses, .. }] if has_address(addresses)), "{shown:#?}");
}

fn operators_are_made_and_unmade_but_one_stays(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = with_operator(&mut house);
    ann.is_refused(ServerDemote("ann"), "last_operator");
    ann.is_refused(ServerPromote("nobody"), "no_such_account");
    ann.gets(ServerPromote("bob"), [operator_set("bob", true)]);
    bob.sees([operator_set("you", true)]);
    bob.is_refused(ServerBan("ann", ""), "target_is_operator");
    bob.gets(ServerDemote("ann"), [operator_set("ann", false)]);
    ann.sees([operator_set("you", false)]);
    ann.is_refused(ServerBans, "operator_only");
    bob.is_refused(ServerDemote("bob"), "last_operator");
}

fn an_operator_closes_the_connections_of_somebody(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, bob] = with_operator(&mut house);
    let elsewhere = house.log_in("bob");
    ann.gets(ServerKick("bob", "calm down"), [Seen::ServerKicked { who: "bob".into(), closed: 2 }]);
    let told = Seen::Bye { how: "kicked".into(), sent: 0, why: "calm down".into() };
    [bob, elsewhere].into_iter().for_each(|person| assert_eq!(person.rest(), std::slice::from_ref(&told)));
    ann.gets(ServerKick("bob", ""), [Seen::ServerKicked { who: "bob".into(), closed: 0 }]);
    house.log_in("bob");
}

fn a_banned_account_is_told_so_after_the_right_password_only(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = with_operator(&mut house);
    bob.is_refused(ServerBan("ann", ""), "operator_only");
    let banned = Seen::ServerBanned { target: "bob".into(), lasts: Lasts::ForGood, why: "spam".into(), closed: 1 };
    ann.gets(ServerBan("bob", "spam"), [banned]);
    assert_eq!(bob.rest(), [Seen::Bye { how: "banned".into(), sent: 0, why: "spam".into() }]);
    let visitor = house.visitor().refused(false, "bob", Password("not the password"), "wrong_password");
    let visitor = visitor.refused(false, "bob", Password(&password_of("bob")), "server_banned");
    // The connection is closed.
    visitor.rest();
    let row = BanRow { target: "bob".into(), by: "ann".into(), lasts: Lasts::ForGood, why: "spam".into() };
    ann.gets(ServerBans, [Seen::Bans { room: None, bans: vec![row] }]);
    ann.gets(ServerUnban("bob"), [Seen::Unbanned { room: None, target: "bob".into() }]);
    ann.is_refused(ServerUnban("bob"), "no_such_ban");
    ann.gets(ServerBans, [Seen::Bans { room: None, bans: vec![] }]);
    house.log_in("bob");
}

fn an_address_is_banned_but_not_the_own_one(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = with_operator(&mut house);
    ann.is_refused(ServerBanAddress("127.0.0.1"), "not_to_yourself");
    let target = || "192.0.2.7".to_owned();
    let banned = Seen::ServerBanned { target: target(), lasts: Lasts::ForGood, why: String::new(), closed: 0 };
    ann.gets(ServerBanAddress("192.0.2.7"), [banned]);
    let row = BanRow { target: target(), by: "ann".into(), lasts: Lasts::ForGood, why: String::new() };
    ann.gets(ServerBans, [Seen::Bans { room: None, bans: vec![row] }]);
    bob.sees([]);
}

fn an_operator_keeps_order_in_public_rooms(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = with_operator(&mut house);
    let [mut cho] = house.register_all(["cho"]);
    bob.does(Create("tea"));
    cho.does(Join("#tea"));
    ann.gets(Kick("#tea", "cho", "calm down"), [removed("#tea", "cho", None)]);
    cho.sees([you_left("#tea", kicked("ann", "calm down"))]);
    ann.is_refused(Kick("#tea", "bob", ""), "rank_too_high");
    ann.is_refused(Rename("#tea", "coffee"), "owner_only");
    bob.forget();
    bob.ends_by(Quit, [bye("quit", 0)]);
}
