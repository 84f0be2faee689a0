//! Moderation of a room: kicks and bans.

use chat_server::chat::{BanRow, BanTarget, Event, Text, Timestamp};
use chat_server::protocol::json::Object;

use super::ask::{self, name, room};
use super::house::{House, Person, Transport, code_of};
use super::seen::{SOME_TIME, banned, has_joined, kicked, left, removed, shown, you_left};

over_each_transport! {
    whoever_is_kicked_may_come_back
    whoever_is_banned_stays_out_until_the_ban_is_lifted
    a_ban_may_end_by_itself
    bans_are_listed_for_those_who_may_lift_them
    nobody_acts_against_its_own_rank_or_a_higher_one
    somebody_outside_can_be_banned_beforehand
    a_ban_survives_a_restart
    what_there_is_nobody_to_do_it_to
}

/// A public room of ann, in which bob is a moderator and cho a member; dee is not in it.
fn tea(house: &House) -> [Person; 4] {
    let [mut ann, mut bob, mut cho, mut dee] = house.register_all(["ann", "bob", "cho", "dee"]);
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    cho.does(ask::join("#tea"));
    ann.does(ask::promote("#tea", "bob"));
    [&mut ann, &mut bob, &mut cho, &mut dee].into_iter().for_each(Person::forget);
    [ann, bob, cho, dee]
}

fn bans<const N: usize>(rows: [(&str, &str, Option<Timestamp>, &str); N]) -> Object {
    let row = |(target, by, until, why): (&str, &str, Option<Timestamp>, &str)| {
        let (target, by, why) = (BanTarget::Account(name(target)), name(by), Text::from(why));
        BanRow { target, by, at: SOME_TIME, until, why }
    };
    let rows = Vec::from(rows.map(row));
    Event::Bans { room: Some(shown(room("#tea"))), total: rows.len() as u64, rows, page: 1, pages: 1 }.into()
}

fn whoever_is_kicked_may_come_back(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, mut cho, mut dee] = tea(&house);
    bob.gets(ask::kick("#tea", "cho", "calm down"), [removed("#tea", "cho", kicked("bob", "calm down"))]);
    cho.sees([you_left("#tea", kicked("bob", "calm down"))]);
    ann.sees([left("#tea", "cho", kicked("bob", "calm down"))]);
    ann.does(ask::say("#tea", "quiet at last"));
    cho.sees([]);
    dee.sees([]);
    cho.is_refused(ask::say("#tea", "sorry"), "not_member");
    cho.does(ask::join("#tea"));
    ann.sees([has_joined("#tea", "cho")]);
    bob.is_refused(ask::kick("#tea", "cho", &"x".repeat(301)), "text_too_long");
    // A reason is optional.
    bob.does(ask::kick("#tea", "cho", ""));
    cho.sees([you_left("#tea", kicked("bob", ""))]);
}

fn whoever_is_banned_stays_out_until_the_ban_is_lifted(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, mut cho, _dee] = tea(&house);
    bob.gets(ask::ban("#tea", "cho", "spam"), [removed("#tea", "cho", banned("bob", None, "spam"))]);
    cho.sees([you_left("#tea", banned("bob", None, "spam"))]);
    ann.sees([left("#tea", "cho", banned("bob", None, "spam"))]);
    cho.is_refused(ask::join("#tea"), "banned");
    cho.is_refused(ask::say("#tea", "let me in"), "banned");
    cho.is_refused(ask::unban("#tea", "cho"), "banned");
    ann.gets(
        ask::unban("#tea", "cho"),
        [Event::Unbanned { room: Some(shown(room("#tea"))), target: BanTarget::Account(name("cho")) }.into()],
    );
    ann.is_refused(ask::unban("#tea", "cho"), "no_such_ban");
    cho.sees([]);
    cho.does(ask::join("#tea"));
}

fn a_ban_may_end_by_itself(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, _bob, mut cho, _dee] = tea(&house);
    ann.gets(
        ask::ban_for("#tea", "cho", 1, "a moment"),
        [removed("#tea", "cho", banned("ann", Some(SOME_TIME), "a moment"))],
    );
    cho.sees([you_left("#tea", banned("ann", Some(SOME_TIME), "a moment"))]);
    // The ban ends within a second: retried until it has.
    while code_of(&cho.answer(ask::join("#tea"))) == Some("banned") {}
    ann.sees([has_joined("#tea", "cho")]);
    ann.gets(ask::bans("#tea"), [bans([])]);
}

fn bans_are_listed_for_those_who_may_lift_them(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, mut cho, _dee] = tea(&house);
    bob.gets(ask::bans("#tea"), [bans([])]);
    ann.does(ask::ban("#tea", "dee", "spam"));
    bob.does(ask::ban_for("#tea", "cho", 7200, ""));
    let listed = bob.does(ask::bans("#tea"));
    let [Object::Event(Event::Bans { room, rows, total, .. })] = &listed[..] else { panic!("{listed:#?}") };
    let (room, mut rows) = (room.clone(), rows.clone());
    // Bans of the same millisecond have no defined order.
    rows.sort_by_key(|row| format!("{:?}", row.target));
    let expected = bans([("cho", "bob", Some(SOME_TIME), ""), ("dee", "ann", None, "spam")]);
    assert_eq!(Object::from(Event::Bans { room, rows, total: *total, page: 1, pages: 1 }), expected);
    cho.is_refused(ask::bans("#tea"), "banned");
    ann.does(ask::unban("#tea", "cho"));
    cho.does(ask::join("#tea"));
    cho.is_refused(ask::bans("#tea"), "moderator_only");
}

fn nobody_acts_against_its_own_rank_or_a_higher_one(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, mut cho, mut dee] = tea(&house);
    cho.is_refused(ask::kick("#tea", "bob", ""), "moderator_only");
    cho.is_refused(ask::ban("#tea", "dee", ""), "moderator_only");
    bob.is_refused(ask::kick("#tea", "ann", ""), "rank_too_high");
    bob.is_refused(ask::ban("#tea", "ann", ""), "rank_too_high");
    ann.does(ask::promote("#tea", "cho"));
    bob.is_refused(ask::kick("#tea", "cho", ""), "rank_too_high");
    dee.is_refused(ask::kick("#tea", "cho", ""), "not_member");
    ann.forget();
    ann.gets(ask::kick("#tea", "bob", ""), [removed("#tea", "bob", kicked("ann", ""))]);
}

fn somebody_outside_can_be_banned_beforehand(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, _bob, mut cho, mut dee] = tea(&house);
    ann.gets(ask::ban("#tea", "dee", ""), [removed("#tea", "dee", banned("ann", None, ""))]);
    dee.is_refused(ask::join("#tea"), "banned");
    cho.sees([]);
    ann.is_refused(ask::invite("#tea", "dee"), "target_banned");
}

fn a_ban_survives_a_restart(transport: Transport) {
    let mut house = House::new(transport);
    let [mut ann, ..] = tea(&house);
    ann.does(ask::ban_for("#tea", "cho", 86_400, "spam"));
    house.restart();
    house.log_in("cho").is_refused(ask::join("#tea"), "banned");
    house.log_in("bob").gets(ask::bans("#tea"), [bans([("cho", "ann", Some(SOME_TIME), "spam")])]);
}

fn what_there_is_nobody_to_do_it_to(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, ..] = tea(&house);
    ann.is_refused(ask::kick("#tea", "dee", ""), "not_there");
    ann.is_refused(ask::kick("#tea", "nobody", ""), "no_such_account");
    ann.is_refused(ask::kick("#tea", "ann", ""), "not_to_yourself");
    ann.is_refused(ask::ban("#tea", "nobody", ""), "no_such_account");
    ann.is_refused(ask::ban("#tea", "ann", ""), "not_to_yourself");
    ann.is_refused(ask::unban("#tea", "dee"), "no_such_ban");
    ann.is_refused(ask::promote("#tea", "dee"), "not_there");
    ann.is_refused(ask::demote("#tea", "cho"), "nothing_to_change");
    ann.is_refused(ask::kick("#nowhere", "cho", ""), "no_such_room");
}
