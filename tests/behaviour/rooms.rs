//! Rooms: creating, joining, leaving, listing, changing, deleting.

use chat_server::chat::{
    Departure, EnteredRoom, Event, Role, RoomChange, RoomRow, RoomView, Text, TopicView, Visibility,
};
use chat_server::protocol::json::Object;

use super::ask::{self, name, room};
use super::house::{House, Transport};
use super::seen::{
    SOME_TIME, all_people, all_rooms, away, changed, entered, has_joined, joined, left, member, message, said, shown,
    stored, whole_history, you_left,
};

over_each_transport! {
    a_new_room_belongs_to_whoever_made_it
    a_name_is_taken_in_any_case_of_letters
    entering_shows_who_is_there_and_what_it_is_about
    going_back_to_a_room_is_shown_to_nobody
    leaving_ends_the_delivery_of_messages
    whoever_leaves_is_out_on_every_connection
    the_rooms_that_one_may_know_of_are_listed
    a_topic_is_set_shown_and_taken_away
    a_room_becomes_private_and_public_again
    a_renamed_room_keeps_all_it_had
    a_room_is_deleted_only_by_its_name_repeated
    everybody_is_in_the_first_room_and_nobody_can_take_it_away
}

fn created(label: &str, visibility: Visibility) -> Object {
    Event::Created { room: shown(room(label)), visibility }.into()
}

fn a_new_room_belongs_to_whoever_made_it(transport: Transport) {
    let house = House::new(transport);
    let [mut ann] = house.register_all(["ann"]);
    ann.gets(ask::create("tea"), [created("#tea", Visibility::Public)]);
    ann.gets(ask::create_private("Den"), [created("#Den", Visibility::Private)]);
    let shown = |label: &str, visibility| {
        let view = RoomView {
            room: shown(room(label)),
            visibility: Some(visibility),
            topic: None,
            created: SOME_TIME,
            owner: Some(name("ann")),
            moderators: Vec::new(),
            members: 1,
            online: 1,
            messages: 0,
            unread: 0,
            invited: Vec::new(),
            codes: Vec::new(),
        };
        Event::RoomShown(view).into()
    };
    ann.gets(ask::show_room("#tea"), [shown("#tea", Visibility::Public)]);
    ann.gets(ask::show_room("#den"), [shown("#Den", Visibility::Private)]);
    ann.gets(ask::members("#tea"), [all_people(Some("#tea"), vec![member("ann", Role::Owner)])]);
}

fn a_name_is_taken_in_any_case_of_letters(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    for ask in [ask::create("tea"), ask::create("TEA"), ask::create_private("Tea"), ask::create("general")] {
        bob.is_refused(ask, "room_exists");
    }
    bob.does(ask::create("cake"));
    bob.is_refused(ask::rename("#cake", "TEA"), "room_exists");
    bob.gets(ask::rename("#cake", "Cake"), [changed("#cake", Some("bob"), RoomChange::Renamed(name("Cake")))]);
    bob.is_refused(ask::rename("#cake", "Cake"), "nothing_to_change");
}

fn entering_shows_who_is_there_and_what_it_is_about(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(ask::create("tea"));
    bob.gets(ask::join("#tea"), [joined("#tea", "ann", 0)]);
    ann.does(ask::set_topic("#tea", "all about tea"));
    bob.does(ask::away("lunch"));
    for number in 1..=4 {
        ann.does(ask::say("#tea", &format!("line {number}")));
    }
    ann.forget();
    let entered = EnteredRoom {
        room: shown(room("#tea")),
        topic: Some(TopicView { text: Text::from("all about tea"), by: name("ann"), at: SOME_TIME }),
        joined: true,
        here: vec![member("ann", Role::Owner), away(member("bob", Role::Member), "lunch")],
        more: 0,
        members: 3,
        messages: 4,
    };
    cho.gets(ask::join("#tea"), [Event::Entered(entered).into()]);
    ann.sees([has_joined("#tea", "cho")]);
    cho.is_refused(ask::join("#kitchen"), "no_such_room");
}

fn going_back_to_a_room_is_shown_to_nobody(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    ann.forget();
    bob.gets(ask::join("#TEA"), [entered("#tea", false, vec![member("ann", Role::Owner)], 0)]);
    ann.sees([]);
}

fn leaving_ends_the_delivery_of_messages(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    ann.forget();
    bob.gets(ask::leave("#tea"), [you_left("#tea", Departure::Left)]);
    ann.sees([left("#tea", "bob", Departure::Left)]);
    ann.does(ask::say("#tea", "nobody hears me"));
    bob.sees([]);
    bob.is_refused(ask::leave("#tea"), "not_member");
    bob.is_refused(ask::leave("#kitchen"), "no_such_room");
    bob.gets(ask::join("#tea"), [joined("#tea", "ann", 1)]);
}

fn whoever_leaves_is_out_on_every_connection(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let mut elsewhere = house.log_in("ann");
    ann.does(ask::create("tea"));
    elsewhere.sees([has_joined("#tea", "ann")]);
    bob.does(ask::join("#tea"));
    ann.sees([has_joined("#tea", "bob")]);
    elsewhere.sees([has_joined("#tea", "bob")]);
    elsewhere.gets(ask::leave("#tea"), [you_left("#tea", Departure::Left)]);
    ann.sees([you_left("#tea", Departure::Left)]);
    bob.does(ask::say("#tea", "alone"));
    ann.sees([]);
    elsewhere.sees([]);
}

fn the_rooms_that_one_may_know_of_are_listed(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    ann.does(ask::set_topic("#tea", "cake and gossip"));
    ann.does(ask::create_private("den"));
    ann.does(ask::say("#general", "hello"));
    ann.does(ask::say("@bob", "hello"));
    let row = |label: &str, visibility, members, joined| RoomRow {
        room: shown(room(label)),
        visibility,
        members,
        online: members,
        topic: None,
        joined,
        new: 0,
    };
    let (public, private) = (Some(Visibility::Public), Some(Visibility::Private));
    let tea = |joined| RoomRow { topic: Some(Text::from("cake and gossip")), ..row("#tea", public, 1, joined) };
    ann.gets(
        ask::list_rooms(),
        [all_rooms(vec![
            row("#den", private, 1, true),
            row("#general", public, 2, true),
            tea(true),
            row("@bob", None, 2, true),
        ])],
    );
    bob.gets(
        ask::list_rooms(),
        [all_rooms(vec![row("#general", public, 2, true), tea(false), row("@ann", None, 2, true)])],
    );
    bob.sees([message(2, "#general", "ann", "hello"), message(1, "@ann", "ann", "hello")]);
}

fn a_topic_is_set_shown_and_taken_away(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    ann.forget();
    let none = || Event::Topic { room: shown(room("#tea")), topic: None }.into();
    let set = |topic: Option<&str>| changed("#tea", Some("ann"), RoomChange::Topic(topic.map(Text::from)));
    ann.gets(ask::show_topic("#tea"), [none()]);
    ann.gets(ask::set_topic("#tea", "tea, cake"), [set(Some("tea, cake"))]);
    bob.sees([set(Some("tea, cake"))]);
    let topic = Some(TopicView { text: Text::from("tea, cake"), by: name("ann"), at: SOME_TIME });
    bob.gets(ask::show_topic("#tea"), [Event::Topic { room: shown(room("#tea")), topic }.into()]);
    bob.is_refused(ask::set_topic("#tea", "coffee"), "moderator_only");
    ann.is_refused(ask::set_topic("#tea", &"x".repeat(301)), "text_too_long");
    let longest = "x".repeat(300);
    ann.gets(ask::set_topic("#tea", &longest), [set(Some(&longest))]);
    bob.sees([set(Some(&longest))]);
    ann.gets(ask::remove_topic("#tea"), [set(None)]);
    bob.sees([set(None)]);
    bob.gets(ask::show_topic("#tea"), [none()]);
}

fn a_room_becomes_private_and_public_again(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(ask::create("tea"));
    ann.does(ask::say("#tea", "hello"));
    bob.does(ask::join("#tea"));
    ann.forget();
    let set = |visibility| changed("#tea", Some("ann"), RoomChange::Visibility(visibility));
    ann.gets(ask::make_private("#tea"), [set(Visibility::Private)]);
    bob.sees([set(Visibility::Private)]);
    ann.is_refused(ask::make_private("#tea"), "nothing_to_change");
    cho.is_refused(ask::history("#tea"), "no_such_room");
    cho.is_refused(ask::join("#tea"), "no_such_room");
    bob.is_refused(ask::make_public("#tea"), "owner_only");
    ann.gets(ask::make_public("#tea"), [set(Visibility::Public)]);
    bob.sees([set(Visibility::Public)]);
    cho.gets(ask::history("#tea"), [whole_history("#tea", &[said(1, "#tea", "ann", "hello")])]);
    cho.does(ask::join("#tea"));
}

fn a_renamed_room_keeps_all_it_had(transport: Transport) {
    let mut house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    ann.does(ask::say("#tea", "hello"));
    bob.does(ask::join("#tea"));
    ann.forget();
    let renamed = || changed("#tea", Some("ann"), RoomChange::Renamed(name("cake")));
    bob.is_refused(ask::rename("#tea", "cake"), "owner_only");
    ann.gets(ask::rename("#tea", "cake"), [renamed()]);
    bob.sees([renamed()]);
    bob.gets(ask::say("#cake", "yes"), [stored("#cake", 2)]);
    ann.sees([message(2, "#cake", "bob", "yes")]);
    bob.is_refused(ask::say("#tea", "no"), "no_such_room");
    // The old name is free.
    bob.does(ask::create("tea"));
    house.restart();
    let page = whole_history("#cake", &[said(1, "#cake", "ann", "hello"), said(2, "#cake", "bob", "yes")]);
    house.log_in("ann").gets(ask::history("#cake"), [page]);
}

fn a_room_is_deleted_only_by_its_name_repeated(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    ann.does(ask::say("#tea", "hello"));
    bob.does(ask::join("#tea"));
    ann.forget();
    ann.is_refused(ask::delete_room("#tea", "cake"), "confirm_delete");
    bob.is_refused(ask::delete_room("#tea", "tea"), "owner_only");
    bob.sees([]);
    let deleted = || you_left("#tea", Departure::RoomDeleted { by: name("ann") });
    ann.gets(ask::delete_room("#tea", "tea"), [deleted()]);
    bob.sees([deleted()]);
    bob.is_refused(ask::history("#tea"), "no_such_room");
    // A new room of that name has none of the old one's messages.
    bob.does(ask::create("tea"));
    bob.gets(ask::history("#tea"), [whole_history("#tea", &[])]);
    ann.gets(ask::members("#tea"), [all_people(Some("#tea"), vec![member("bob", Role::Owner)])]);
}

fn everybody_is_in_the_first_room_and_nobody_can_take_it_away(transport: Transport) {
    let house = House::new(transport);
    let [mut ann] = house.register_all(["ann"]);
    ann.does(ask::claim_operator(&house.operator_code()));
    for ask in [
        ask::make_private("#general"),
        ask::rename("#general", "mine"),
        ask::delete_room("#general", "general"),
        ask::hand_over("#general", "ann"),
    ] {
        ann.is_refused(ask, "not_in_first_room");
    }
    ann.gets(ask::leave("#general"), [you_left("#general", Departure::Left)]);
    let [mut bob] = house.register_all(["bob"]);
    bob.gets(ask::members("#general"), [all_people(Some("#general"), vec![member("bob", Role::Member)])]);
}
