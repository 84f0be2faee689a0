//! Keeping order in a room.

use super::asked::Ask::*;
use super::house::{Cast, House, Person};
use super::seen::{BanRow, Lasts, Seen, banned, has_joined, kicked, left, refused, removed, you_left};

through_each_front! {
    whoever_is_kicked_may_come_back
    whoever_is_banned_stays_out_until_the_ban_is_lifted
    a_ban_may_end_by_itself
    bans_are_listed_for_those_who_may_lift_them
    nobody_acts_against_its_own_rank_or_a_higher_one
    somebody_outside_can_be_banned_beforehand
    a_ban_survives_a_restart
    what_there_is_nobody_to_do_it_to
}

/// A public room of ann, where bob is a moderator, cho a member; dee is outside.
fn tea(house: &mut House) -> [Person; 4] {
    let [mut ann, mut bob, mut cho, mut dee] = house.register_all(["ann", "bob", "cho", "dee"]);
    ann.does(Create("tea"));
    bob.does(Join("#tea"));
    cho.does(Join("#tea"));
    ann.does(Promote("#tea", "bob"));
    [&mut ann, &mut bob, &mut cho, &mut dee].into_iter().for_each(Person::forget);
    [ann, bob, cho, dee]
}

fn bans<const N: usize>(rows: [(&str, &str, Lasts, &str); N]) -> Seen {
    let row = |(target, by, lasts, why): (&str, &str, Lasts, &str)| BanRow {
        target: target.into(),
        by: by.into(),
        lasts,
        why: why.into(),
    };
    Seen::Bans { room: Some("#tea".into()), bans: rows.map(row).into() }
}

fn whoever_is_kicked_may_come_back(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, mut cho, mut dee] = tea(&mut house);
    bob.gets(Kick("#tea", "cho", "calm down"), [removed("#tea", "cho", None)]);
    cho.sees([you_left("#tea", kicked("bob", "calm down"))]);
    ann.sees([left("#tea", "cho", kicked("bob", "calm down"))]);
    ann.does(Say("#tea", "quiet at last"));
    cho.sees([]);
    dee.sees([]);
    cho.is_refused(Say("#tea", "sorry"), "not_member");
    cho.does(Join("#tea"));
    ann.sees([has_joined("#tea", "cho")]);
    // A reason need not be given.
    bob.does(Kick("#tea", "cho", ""));
    cho.sees([you_left("#tea", kicked("bob", ""))]);
}

fn whoever_is_banned_stays_out_until_the_ban_is_lifted(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, mut cho, _dee] = tea(&mut house);
    bob.gets(Ban("#tea", "cho", "spam"), [removed("#tea", "cho", Some(Lasts::ForGood))]);
    cho.sees([you_left("#tea", banned("bob", Lasts::ForGood, "spam"))]);
    ann.sees([left("#tea", "cho", banned("bob", Lasts::ForGood, "spam"))]);
    cho.is_refused(Join("#tea"), "banned");
    cho.is_refused(Say("#tea", "let me in"), "banned");
    cho.is_refused(Unban("#tea", "cho"), "banned");
    ann.gets(Unban("#tea", "cho"), [Seen::Unbanned { room: Some("#tea".into()), target: "cho".into() }]);
    ann.is_refused(Unban("#tea", "cho"), "no_such_ban");
    cho.sees([]);
    cho.does(Join("#tea"));
}

fn a_ban_may_end_by_itself(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, _bob, mut cho, _dee] = tea(&mut house);
    ann.gets(BanFor("#tea", "cho", 1, "a moment"), [removed("#tea", "cho", Some(Lasts::AWhile))]);
    cho.sees([you_left("#tea", banned("ann", Lasts::AWhile, "a moment"))]);
    // It is over within a second: tried again until it is.
    while cho.answer(Join("#tea")) == [refused("banned")] {}
    ann.sees([has_joined("#tea", "cho")]);
    ann.gets(Bans("#tea"), [bans([])]);
}

fn bans_are_listed_for_those_who_may_lift_them(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, mut cho, _dee] = tea(&mut house);
    bob.gets(Bans("#tea"), [bans([])]);
    ann.does(Ban("#tea", "dee", "spam"));
    bob.does(BanFor("#tea", "cho", 7200, ""));
    let listed = bob.does(Bans("#tea"));
    let [Seen::Bans { bans: rows, .. }] = &listed[..] else { panic!("{listed:#?}") };
    let mut rows = rows.clone();
    rows.sort_by(|one, other| one.target.cmp(&other.target));
    let expected = bans([("cho", "bob", Lasts::AWhile, ""), ("dee", "ann", Lasts::ForGood, "spam")]);
    assert_eq!(Seen::Bans { room: Some("#tea".into()), bans: rows }, expected);
    cho.is_refused(Bans("#tea"), "banned");
    ann.does(Unban("#tea", "cho"));
    cho.does(Join("#tea"));
    cho.is_refused(Bans("#tea"), "moderator_only");
}

fn nobody_acts_against_its_own_rank_or_a_higher_one(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, mut cho, mut dee] = tea(&mut house);
    cho.is_refused(Kick("#tea", "bob", ""), "moderator_only");
    cho.is_refused(Ban("#tea", "dee", ""), "moderator_only");
    bob.is_refused(Kick("#tea", "ann", ""), "rank_too_high");
    bob.is_refused(Ban("#tea", "ann", ""), "rank_too_high");
    ann.does(Promote("#tea", "cho"));
    bob.is_refused(Kick("#tea", "cho", ""), "rank_too_high");
    dee.is_refused(Kick("#tea", "cho", ""), "not_member");
    ann.forget();
    ann.gets(Kick("#tea", "bob", ""), [removed("#tea", "bob", None)]);
}

fn somebody_outside_can_be_banned_beforehand(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, _bob, mut cho, mut dee] = tea(&mut house);
    ann.gets(Ban("#tea", "dee", ""), [removed("#tea", "dee", Some(Lasts::ForGood))]);
    dee.is_refused(Join("#tea"), "banned");
    cho.sees([]);
    ann.is_refused(Invite("#tea", "dee"), "target_banned");
}

fn a_ban_survives_a_restart(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, ..] = tea(&mut house);
    ann.does(BanFor("#tea", "cho", 86_400, "spam"));
    house.restart();
    house.log_in("cho").is_refused(Join("#tea"), "banned");
    house.log_in("bob").gets(Bans("#tea"), [bans([("cho", "ann", Lasts::AWhile, "spam")])]);
}

fn what_there_is_nobody_to_do_it_to(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, ..] = tea(&mut house);
    ann.is_refused(Kick("#tea", "dee", ""), "not_there");
    ann.is_refused(Kick("#tea", "nobody", ""), "no_such_account");
    ann.is_refused(Kick("#tea", "ann", ""), "not_to_yourself");
    ann.is_refused(Ban("#tea", "nobody", ""), "no_such_account");
    ann.is_refused(Ban("#tea", "ann", ""), "not_to_yourself");
    ann.is_refused(Unban("#tea", "dee"), "no_such_ban");
    ann.is_refused(Promote("#tea", "dee"), "not_there");
    ann.is_refused(Demote("#tea", "cho"), "nothing_to_change");
    ann.is_refused(Kick("#nowhere", "cho", ""), "no_such_room");
}
