//! People: who is online, members of rooms, descriptions of accounts.

use chat_server::chat::{AccountView, Event, Person, Role, Text, Welcome};
use chat_server::protocol::json::Object;

use super::ask::{self, room};
use super::house::{House, Transport};
use super::seen::{SOME_TIME, all_people, away, member, offline, online, shown};

over_each_transport! {
    who_lists_who_is_online
    a_rooms_members_are_listed_online_or_not
    whois_tells_what_one_may_know
    being_away_is_kept_and_ended
    long_lists_come_in_pages
}

fn account(who: Person, was_here: bool, rooms: &[&str]) -> Object {
    let (last_seen, rooms) = (was_here.then_some(SOME_TIME), rooms.iter().map(|label| shown(room(label))).collect());
    let (created, operator, addresses) = (SOME_TIME, false, Vec::new());
    Event::Account(AccountView { who, created, last_seen, operator, rooms, addresses }).into()
}

fn who_lists_who_is_online(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, cho] = house.register_all(["ann", "bob", "cho"]);
    bob.does(ask::away("lunch"));
    cho.quit();
    // A connection that is not logged in is not listed.
    let _visitor = house.visitor();
    ann.gets(ask::who(), [all_people(None, vec![online("ann"), away(online("bob"), "lunch")])]);
}

fn a_rooms_members_are_listed_online_or_not(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    cho.does(ask::join("#tea"));
    ann.does(ask::promote("#tea", "cho"));
    bob.does(ask::away("lunch"));
    cho.quit();
    let members = vec![
        member("ann", Role::Owner),
        away(member("bob", Role::Member), "lunch"),
        offline(member("cho", Role::Moderator)),
    ];
    bob.gets(ask::members("#tea"), [all_people(Some("#tea"), members)]);
    bob.is_refused(ask::members("#nowhere"), "no_such_room");
}

fn whois_tells_what_one_may_know(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    ann.does(ask::create_private("den"));
    ann.gets(ask::whois("ann"), [account(online("ann"), false, &["#general", "#tea", "#den"])]);
    bob.gets(ask::whois("ANN"), [account(online("ann"), false, &["#general", "#tea"])]);
    ann.quit();
    bob.gets(ask::whois("ann"), [account(offline(online("ann")), true, &["#general", "#tea"])]);
    bob.is_refused(ask::whois("nobody"), "no_such_account");
}

fn being_away_is_kept_and_ended(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let set = |text: Option<&str>| Event::AwaySet { text: text.map(Text::from) }.into();
    ann.gets(ask::away("a walk"), [set(Some("a walk"))]);
    bob.gets(ask::whois("ann"), [account(away(online("ann"), "a walk"), false, &["#general"])]);
    ann.quit();
    let (mut ann, seen) = house.come_back("ann");
    let [Object::Event(Event::LoggedIn(Welcome { away, .. }))] = &seen[..] else { panic!("{seen:#?}") };
    assert_eq!(*away, Some(Text::from("a walk")));
    ann.gets(ask::back(), [set(None)]);
    ann.gets(ask::back(), [set(None)]);
    bob.gets(ask::whois("ann"), [account(online("ann"), true, &["#general"])]);
}

fn long_lists_come_in_pages(transport: Transport) {
    let house = House::with(transport, "list_page_rows = 2");
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(ask::create("tea"));
    ann.does(ask::create("cake"));
    let page = |names: &[&str], page| {
        let rows = names.iter().map(|name| member(name, Role::Member)).collect();
        Event::People { room: Some(shown(room("#general"))), rows, total: 3, page, pages: 2 }.into()
    };
    bob.gets(ask::members("#general"), [page(&["ann", "bob"], 1)]);
    cho.gets(ask::members_page("#general", 2), [page(&["cho"], 2)]);
    let rooms = |answer: Vec<Object>| match &answer[..] {
        [Object::Event(Event::RoomList { rows, page, pages: 2 })] => {
            (rows.iter().map(|row| row.room.label.clone()).collect::<Vec<_>>(), *page)
        }
        other => panic!("{other:#?}"),
    };
    assert_eq!(rooms(bob.does(ask::list_rooms())), (vec![room("#cake"), room("#general")], 1));
    assert_eq!(rooms(bob.does(ask::rooms_page(2))), (vec![room("#tea")], 2));
    let own = |answer: Vec<Object>| match &answer[..] {
        [Object::Event(Event::OwnRooms { rows, total: 3, page, pages: 2 })] => {
            (rows.iter().map(|row| row.room.label.clone()).collect::<Vec<_>>(), *page)
        }
        other => panic!("{other:#?}"),
    };
    assert_eq!(own(ann.does(ask::own_rooms(1))), (vec![room("#general"), room("#tea")], 1));
    assert_eq!(own(ann.does(ask::own_rooms(2))), (vec![room("#cake")], 2));
    for guest in ["dee", "eli", "fay"] {
        house.register(guest);
        ann.does(ask::ban("#tea", guest, ""));
    }
    let bans = |answer: Vec<Object>| match &answer[..] {
        [Object::Event(Event::Bans { rows, total: 3, pages: 2, .. })] => rows.len(),
        other => panic!("{other:#?}"),
    };
    assert_eq!([1, 2, 3].map(|page| bans(ann.does(ask::bans_page("#tea", page)))), [2, 1, 0]);
}
