//! What was refused has changed nothing and is told to nobody else.

use super::asked::Ask::{self, *};
use super::house::{Cast, House, Person};
use super::seen::Seen;

through_each_front! {
    what_a_plain_member_may_not_do_leaves_all_as_it_was
    what_an_outsider_may_not_do_leaves_all_as_it_was
}

/// A room of ann with bob as a member; cho is outside, dee is banned.
fn tea(house: &mut House) -> [Person; 4] {
    let [mut ann, mut bob, mut cho, mut dee] = house.register_all(["ann", "bob", "cho", "dee"]);
    ann.does(Create("tea"));
    ann.does(SetTopic("#tea", "all about tea"));
    bob.does(Join("#tea"));
    ann.does(Say("#tea", "hello"));
    ann.does(Ban("#tea", "dee", "spam"));
    [&mut ann, &mut bob, &mut cho, &mut dee].into_iter().for_each(Person::forget);
    [ann, bob, cho, dee]
}

/// All that can be known of the room.
fn all_of(ann: &mut Person) -> Vec<Seen> {
    [ShowRoom("#tea"), ShowTopic("#tea"), Members("#tea"), Bans("#tea"), History("#tea"), ListRooms]
        .into_iter()
        .flat_map(|ask| ann.does(ask))
        .collect()
}

fn check(house: &mut House, person: usize, asks: &[(Ask, &str)]) {
    let mut people = tea(house);
    let before = all_of(&mut people[0]);
    for (ask, code) in asks {
        people[person].is_refused(*ask, code);
    }
    assert_eq!(all_of(&mut people[0]), before);
    people.iter_mut().for_each(|person| person.sees([]));
}

fn what_a_plain_member_may_not_do_leaves_all_as_it_was(cast: Cast) {
    let mut house = House::new(cast);
    check(
        &mut house,
        1,
        &[
            (SetTopic("#tea", "coffee"), "moderator_only"),
            (TakeTopicAway("#tea"), "moderator_only"),
            (MakePrivate("#tea"), "owner_only"),
            (Rename("#tea", "coffee"), "owner_only"),
            (DeleteRoom("#tea", "tea"), "owner_only"),
            (HandOver("#tea", "bob"), "owner_only"),
            (Promote("#tea", "bob"), "owner_only"),
            (Demote("#tea", "ann"), "owner_only"),
            (Kick("#tea", "ann", ""), "moderator_only"),
            (Ban("#tea", "cho", ""), "moderator_only"),
            (Unban("#tea", "dee"), "moderator_only"),
            (ServerKick("ann", ""), "operator_only"),
            (ServerBan("ann", ""), "operator_only"),
            (ServerPromote("bob"), "operator_only"),
            (ClaimOperator("maple-otter-river-stone-lamp-42"), "wrong_code"),
            (Create("tea"), "room_exists"),
            (Say("#tea", &"x".repeat(2001)), "text_too_long"),
            (SetPassword("not-the-password", "another-password"), "wrong_password"),
            (DeleteAccount("not-the-password"), "wrong_password"),
        ],
    );
    house.log_in("bob");
}

fn what_an_outsider_may_not_do_leaves_all_as_it_was(cast: Cast) {
    let mut house = House::new(cast);
    check(
        &mut house,
        2,
        &[
            (Say("#tea", "hello"), "not_member"),
            (Leave("#tea"), "not_member"),
            (SetTopic("#tea", "coffee"), "not_member"),
            (MakePrivate("#tea"), "not_member"),
            (Rename("#tea", "coffee"), "not_member"),
            (DeleteRoom("#tea", "tea"), "not_member"),
            (HandOver("#tea", "cho"), "not_member"),
            (Promote("#tea", "cho"), "not_member"),
            (Kick("#tea", "bob", ""), "not_member"),
            (Ban("#tea", "bob", ""), "not_member"),
            (Unban("#tea", "dee"), "not_member"),
            (Bans("#tea"), "not_member"),
            (Accept("tea"), "not_member"),
            (CatchUpIn("#tea"), "not_member"),
            (RevokeToken("bridge"), "no_such_token"),
            (CloseSession(999), "no_such_session"),
        ],
    );
}
