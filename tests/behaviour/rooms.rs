//! Rooms: made, entered, left, listed, changed, deleted.

use super::asked::Ask::*;
use super::house::{Cast, House};
use super::seen::{
    Departure, RoomRow, RoomShown, Seen, all_people, all_rooms, away, has_joined, joined, left, member, message,
    online, said, stored, whole_history, you_left,
};

through_each_front! {
    a_new_room_belongs_to_whoever_made_it
    a_name_is_taken_in_any_case_of_letters
    entering_shows_who_is_there_and_what_it_is_about
    going_back_to_a_room_is_told_to_nobody
    leaving_ends_what_one_is_told
    the_rooms_that_one_may_know_of_are_listed
    a_topic_is_set_shown_and_taken_away
    a_room_becomes_private_and_public_again
    a_renamed_room_keeps_all_it_had
    a_room_is_deleted_only_by_its_name_repeated
    everybody_is_in_the_first_room_and_nobody_can_take_it_away
}

fn a_new_room_belongs_to_whoever_made_it(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann] = house.register_all(["ann"]);
    ann.gets(Create("tea"), [Seen::Created { room: "#tea".into(), kind: "public".into() }]);
    ann.gets(CreatePrivate("Den"), [Seen::Created { room: "#Den".into(), kind: "private".into() }]);
    let shown = |room: &str, kind: &str| {
        let owner = Some("ann".to_owned());
        Seen::Room(RoomShown {
            room: room.into(),
            kind: kind.into(),
            owner,
            members: 1,
            online: 1,
            ..Default::default()
        })
    };
    ann.gets(ShowRoom("#tea"), [shown("#tea", "public")]);
    ann.gets(ShowRoom("#den"), [shown("#Den", "private")]);
    ann.gets(Members("#tea"), [all_people(Some("#tea"), vec![member("ann", "owner")])]);
}

fn a_name_is_taken_in_any_case_of_letters(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    for ask in [Create("tea"), Create("TEA"), CreatePrivate("Tea"), Create("general")] {
        bob.is_refused(ask, "room_exists");
    }
    bob.does(Create("cake"));
    bob.is_refused(Rename("#cake", "TEA"), "room_exists");
    bob.gets(Rename("#cake", "Cake"), [Seen::Renamed { room: "#cake".into(), name: "#Cake".into(), by: "bob".into() }]);
    bob.is_refused(Rename("#cake", "Cake"), "nothing_to_change");
}

fn entering_shows_who_is_there_and_what_it_is_about(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(Create("tea"));
    bob.gets(Join("#tea"), [joined("#tea", &["ann"], &[])]);
    ann.does(SetTopic("#tea", "all about tea"));
    bob.does(Away("lunch"));
    for number in 1..=4 {
        ann.does(Say("#tea", &format!("line {number}")));
    }
    ann.forget();
    cho.gets(
        Join("#tea"),
        [Seen::Entered {
            room: "#tea".into(),
            joined: true,
            topic: Some("all about tea".into()),
            here: vec![online("ann"), away(online("bob"), "lunch")],
            recent: (2..=4).map(|number| said(number, "#tea", "ann", &format!("line {number}"))).collect(),
            last: 4,
        }],
    );
    ann.sees([has_joined("#tea", "cho")]);
    cho.is_refused(Join("#kitchen"), "no_such_room");
}

fn going_back_to_a_room_is_told_to_nobody(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    bob.does(Join("#tea"));
    ann.forget();
    let back = Seen::Entered {
        room: "#tea".into(),
        joined: false,
        topic: None,
        here: vec![online("ann")],
        recent: Vec::new(),
        last: 0,
    };
    bob.gets(Join("#TEA"), [back]);
    ann.sees([]);
}

fn leaving_ends_what_one_is_told(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    bob.does(Join("#tea"));
    ann.forget();
    bob.gets(Leave("#tea"), [you_left("#tea", Departure::Left)]);
    ann.sees([left("#tea", "bob", Departure::Left)]);
    ann.does(Say("#tea", "nobody hears me"));
    bob.sees([]);
    bob.is_refused(Leave("#tea"), "not_member");
    bob.is_refused(Leave("#kitchen"), "no_such_room");
    bob.gets(Join("#tea"), [joined("#tea", &["ann"], &[said(1, "#tea", "ann", "nobody hears me")])]);
}

fn the_rooms_that_one_may_know_of_are_listed(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    ann.does(SetTopic("#tea", "cake and gossip"));
    ann.does(CreatePrivate("den"));
    ann.does(Say("#general", "hello"));
    ann.does(Say("@bob", "hello"));
    let row = |room: &str, kind: &str, members, joined| RoomRow {
        room: room.into(),
        kind: kind.into(),
        members,
        online: members,
        topic: None,
        joined,
        unread: 0,
    };
    let tea = |joined| RoomRow { topic: Some("cake and gossip".into()), ..row("#tea", "public", 1, joined) };
    ann.gets(
        ListRooms,
        [all_rooms(vec![
            row("#den", "private", 1, true),
            row("#general", "public", 2, true),
            tea(true),
            row("@bob", "direct", 2, true),
        ])],
    );
    bob.gets(
        ListRooms,
        [all_rooms(vec![row("#general", "public", 2, true), tea(false), row("@ann", "direct", 2, true)])],
    );
    bob.sees([message(2, "#general", "ann", "hello"), message(1, "@ann", "ann", "hello")]);
}

fn a_topic_is_set_shown_and_taken_away(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    bob.does(Join("#tea"));
    ann.forget();
    let none = || Seen::Topic { room: "#tea".into(), topic: None };
    let set =
        |topic: Option<&str>| Seen::TopicSet { room: "#tea".into(), topic: topic.map(str::to_owned), by: "ann".into() };
    ann.gets(ShowTopic("#tea"), [none()]);
    ann.gets(SetTopic("#tea", "tea, cake"), [set(Some("tea, cake"))]);
    bob.sees([set(Some("tea, cake"))]);
    bob.gets(ShowTopic("#tea"), [Seen::Topic { room: "#tea".into(), topic: Some(("tea, cake".into(), "ann".into())) }]);
    bob.is_refused(SetTopic("#tea", "coffee"), "moderator_only");
    ann.is_refused(SetTopic("#tea", &"x".repeat(301)), "text_too_long");
    ann.gets(TakeTopicAway("#tea"), [set(None)]);
    bob.sees([set(None)]);
    bob.gets(ShowTopic("#tea"), [none()]);
}

fn a_room_becomes_private_and_public_again(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(Create("tea"));
    ann.does(Say("#tea", "hello"));
    bob.does(Join("#tea"));
    ann.forget();
    let set = |kind: &str| Seen::VisibilitySet { room: "#tea".into(), kind: kind.into(), by: "ann".into() };
    ann.gets(MakePrivate("#tea"), [set("private")]);
    bob.sees([set("private")]);
    ann.is_refused(MakePrivate("#tea"), "nothing_to_change");
    cho.is_refused(History("#tea"), "no_such_room");
    cho.is_refused(Join("#tea"), "no_such_room");
    bob.is_refused(MakePublic("#tea"), "owner_only");
    ann.gets(MakePublic("#tea"), [set("public")]);
    bob.sees([set("public")]);
    cho.gets(History("#tea"), [whole_history("#tea", &[said(1, "#tea", "ann", "hello")])]);
    cho.does(Join("#tea"));
}

fn a_renamed_room_keeps_all_it_had(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    ann.does(Say("#tea", "hello"));
    bob.does(Join("#tea"));
    ann.forget();
    let renamed = || Seen::Renamed { room: "#tea".into(), name: "#cake".into(), by: "ann".into() };
    bob.is_refused(Rename("#tea", "cake"), "owner_only");
    ann.gets(Rename("#tea", "cake"), [renamed()]);
    bob.sees([renamed()]);
    bob.gets(Say("#cake", "yes"), [stored("#cake", 2)]);
    ann.sees([message(2, "#cake", "bob", "yes")]);
    bob.is_refused(Say("#tea", "no"), "no_such_room");
    // The old name is free.
    bob.does(Create("tea"));
    house.restart();
    let page = whole_history("#cake", &[said(1, "#cake", "ann", "hello"), said(2, "#cake", "bob", "yes")]);
    house.log_in("ann").gets(History("#cake"), [page]);
}

fn a_room_is_deleted_only_by_its_name_repeated(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    ann.does(Say("#tea", "hello"));
    bob.does(Join("#tea"));
    ann.forget();
    ann.is_refused(DeleteRoom("#tea", "cake"), "confirm_delete");
    bob.is_refused(DeleteRoom("#tea", "tea"), "owner_only");
    bob.sees([]);
    let deleted = || you_left("#tea", Departure::RoomDeleted { by: "ann".into() });
    ann.gets(DeleteRoom("#tea", "tea"), [deleted()]);
    bob.sees([deleted()]);
    bob.is_refused(History("#tea"), "no_such_room");
    // A new room of that name has nothing of the old one.
    bob.does(Create("tea"));
    bob.gets(History("#tea"), [whole_history("#tea", &[])]);
    ann.gets(Members("#tea"), [all_people(Some("#tea"), vec![member("bob", "owner")])]);
}

fn everybody_is_in_the_first_room_and_nobody_can_take_it_away(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann] = house.register_all(["ann"]);
    ann.does(ClaimOperator(&house.operator_code()));
    for ask in [
        MakePrivate("#general"),
        Rename("#general", "mine"),
        DeleteRoom("#general", "general"),
        HandOver("#general", "ann"),
    ] {
        ann.is_refused(ask, "not_in_first_room");
    }
    ann.gets(Leave("#general"), [you_left("#general", Departure::Left)]);
    let [mut bob] = house.register_all(["bob"]);
    bob.gets(Members("#general"), [all_people(Some("#general"), vec![member("bob", "member")])]);
}
