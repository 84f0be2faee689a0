//! Direct rooms: two people alone.

use super::asked::Ask::*;
use super::house::{Cast, House, password_of};
use super::seen::{
    RoomShown, Said, Seen, action, all_people, away, bye, has_joined, member, message, offline, online, said, stored,
    whole_history,
};

through_each_front! {
    each_side_calls_the_room_by_the_other_one
    one_goes_there_before_anything_is_said
    a_direct_room_is_neither_left_nor_changed
    a_third_person_has_no_part_in_it
    there_is_no_talk_with_oneself_or_nobody
    whom_one_writes_to_is_told_to_be_absent_once
    what_was_said_with_a_deleted_account_stays
}

fn each_side_calls_the_room_by_the_other_one(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.gets(Say("@bob", "hello"), [stored("@bob", 1)]);
    bob.sees([message(1, "@ann", "ann", "hello")]);
    bob.gets(Say("@ann", "hi yourself"), [stored("@ann", 2)]);
    ann.sees([message(2, "@bob", "bob", "hi yourself")]);
    ann.gets(Act("@bob", "waves"), [stored("@bob", 3)]);
    bob.sees([action(3, "@ann", "ann", "waves")]);
    let page = [said(1, "@ann", "ann", "hello"), said(2, "@ann", "bob", "hi yourself")];
    let page = Seen::History { room: "@ann".into(), from: 1, to: 2, last: 3, messages: page.into() };
    bob.gets(Between("@ann", 1, 2), [page]);
    let members = vec![member("ann", "member"), member("bob", "member")];
    ann.gets(Members("@bob"), [all_people(Some("@bob"), members)]);
    let shown =
        RoomShown { room: "@bob".into(), kind: "direct".into(), members: 2, online: 2, last: 3, ..Default::default() };
    ann.gets(ShowRoom("@bob"), [Seen::Room(shown)]);
}

fn one_goes_there_before_anything_is_said(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    bob.does(Away("lunch"));
    let entered = |here, recent: Vec<Said>| {
        let last = recent.last().map_or(0, |said| said.seq);
        Seen::Entered { room: "@bob".into(), joined: false, topic: None, here, recent, last }
    };
    ann.gets(Join("@bob"), [entered(vec![away(online("bob"), "lunch")], vec![])]);
    ann.gets(History("@bob"), [whole_history("@bob", &[])]);
    bob.sees([]);
    bob.does(Say("@ann", "back soon"));
    bob.quit();
    ann.forget();
    ann.gets(Join("@bob"), [entered(vec![], vec![said(1, "@bob", "bob", "back soon")])]);
}

fn a_direct_room_is_neither_left_nor_changed(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, _cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(Say("@bob", "hello"));
    bob.forget();
    for ask in [
        Leave("@bob"),
        SetTopic("@bob", "our secrets"),
        TakeTopicAway("@bob"),
        MakePublic("@bob"),
        MakePrivate("@bob"),
        Rename("@bob", "us"),
        HandOver("@bob", "bob"),
        DeleteRoom("@bob", "bob"),
        Invite("@bob", "cho"),
        InviteByCode("@bob"),
        Uninvite("@bob", "cho"),
        Kick("@bob", "bob", ""),
        BanFor("@bob", "bob", 3600, ""),
        Unban("@bob", "bob"),
        Bans("@bob"),
        Promote("@bob", "bob"),
        Demote("@bob", "bob"),
    ] {
        ann.is_refused(ask, "not_in_direct_room");
    }
    bob.sees([]);
    ann.gets(ShowTopic("@bob"), [Seen::Topic { room: "@bob".into(), topic: None }]);
}

fn a_third_person_has_no_part_in_it(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(Say("@bob", "between us"));
    bob.does(Say("@ann", "of course"));
    cho.sees([]);
    cho.is_refused(History("@ann"), "no_such_room");
    cho.is_refused(History("@bob"), "no_such_room");
    cho.gets(Say("@ann", "and me?"), [stored("@ann", 1)]);
    cho.gets(History("@ann"), [whole_history("@ann", &[said(1, "@ann", "cho", "and me?")])]);
    bob.forget();
    bob.sees([]);
}

fn there_is_no_talk_with_oneself_or_nobody(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann] = house.register_all(["ann"]);
    ann.is_refused(Say("@ann", "hello me"), "not_to_yourself");
    ann.is_refused(Say("@nobody", "hello"), "no_such_account");
    ann.is_refused(Join("@nobody"), "no_such_account");
    ann.is_refused(History("@nobody"), "no_such_account");
}

fn whom_one_writes_to_is_told_to_be_absent_once(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let not_here = |who| Seen::NotHere(who);
    bob.does(Away("lunch"));
    ann.gets(Say("@bob", "one"), [stored("@bob", 1), not_here(away(online("bob"), "lunch"))]);
    ann.gets(Say("@bob", "two"), [stored("@bob", 2)]);
    bob.does(Back);
    ann.gets(Say("@bob", "three"), [stored("@bob", 3)]);
    bob.quit();
    ann.gets(Say("@bob", "four"), [stored("@bob", 4), not_here(offline(online("bob")))]);
    ann.gets(Say("@bob", "five"), [stored("@bob", 5)]);
    let (_, seen) = house.come_back("bob");
    assert_eq!(seen, [Seen::LoggedIn { name: "bob".into(), news: vec![("@ann".into(), 2, 0)], others: 0 }]);
}

fn what_was_said_with_a_deleted_account_stays(cast: Cast) {
    let mut house = House::new(cast);
    // The first account after that of the server itself has number 2.
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Say("@bob", "said to bob"));
    ann.ends_by(DeleteAccount(&password_of("ann")), [bye("account-deleted", 1)]);
    bob.forget();
    let page = whole_history("@ghost-2", &[said(1, "@ghost-2", "ghost", "said to bob")]);
    bob.gets(History("@ghost-2"), [page]);
    bob.is_refused(Say("@ghost-2", "are you there?"), "account_gone");
    // Whoever has the name next begins anew.
    let mut ann = house.register("ann");
    bob.sees([has_joined("#general", "ann")]);
    ann.is_refused(History("@bob"), "no_such_room");
    ann.gets(Say("@bob", "hello"), [stored("@bob", 1)]);
    bob.sees([message(1, "@ann", "ann", "hello")]);
}
