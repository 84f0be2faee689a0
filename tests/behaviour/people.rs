//! Others: who is there, and who somebody is.

use super::asked::Ask::*;
use super::house::{Cast, House};
use super::seen::{Seen, Someone, all_people, away, member, offline, online};

through_each_front! {
    who_lists_who_is_online
    a_rooms_members_are_listed_online_or_not
    whois_tells_what_one_may_know
    being_away_is_kept_and_ended
    long_lists_come_in_pages
}

fn account(who: Someone, was_here: bool, rooms: &[&str]) -> Seen {
    let rooms = rooms.iter().map(|room| (*room).to_owned()).collect();
    Seen::Account { who, was_here, operator: false, rooms, addresses: Vec::new() }
}

fn who_lists_who_is_online(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, cho] = house.register_all(["ann", "bob", "cho"]);
    bob.does(Away("lunch"));
    cho.quit();
    // Whoever is at the door is nobody yet.
    let _visitor = house.visitor();
    ann.gets(Who, [all_people(None, vec![online("ann"), away(online("bob"), "lunch")])]);
}

fn a_rooms_members_are_listed_online_or_not(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(Create("tea"));
    bob.does(Join("#tea"));
    cho.does(Join("#tea"));
    ann.does(Promote("#tea", "cho"));
    bob.does(Away("lunch"));
    cho.quit();
    let members =
        vec![member("ann", "owner"), away(member("bob", "member"), "lunch"), offline(member("cho", "moderator"))];
    bob.gets(Members("#tea"), [all_people(Some("#tea"), members)]);
    bob.is_refused(Members("#nowhere"), "no_such_room");
}

fn whois_tells_what_one_may_know(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    ann.does(CreatePrivate("den"));
    ann.gets(Whois("ann"), [account(online("ann"), false, &["#general", "#tea", "#den"])]);
    bob.gets(Whois("ANN"), [account(online("ann"), false, &["#general", "#tea"])]);
    ann.quit();
    bob.gets(Whois("ann"), [account(offline(online("ann")), true, &["#general", "#tea"])]);
    bob.is_refused(Whois("nobody"), "no_such_account");
}

fn being_away_is_kept_and_ended(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let set = |text: Option<&str>| Seen::AwaySet(text.map(str::to_owned));
    ann.gets(Away("a walk"), [set(Some("a walk"))]);
    bob.gets(Whois("ann"), [account(away(online("ann"), "a walk"), false, &["#general"])]);
    ann.quit();
    let (mut ann, seen) = house.come_back("ann");
    assert_eq!(seen, [Seen::LoggedIn { name: "ann".into(), news: vec![], others: 0 }, set(Some("a walk"))]);
    ann.gets(Back, [set(None)]);
    ann.gets(Back, [set(None)]);
    bob.gets(Whois("ann"), [account(online("ann"), true, &["#general"])]);
}

fn long_lists_come_in_pages(cast: Cast) {
    let mut house = House::with(cast, "list_page_rows = 2");
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(Create("tea"));
    ann.does(Create("cake"));
    let page = |names: &[&str], page| Seen::People {
        room: Some("#general".into()),
        people: names.iter().map(|name| member(name, "member")).collect(),
        page: (page, 2),
        total: 3,
    };
    bob.gets(Members("#general"), [page(&["ann", "bob"], 1)]);
    cho.gets(MembersPage("#general", 2), [page(&["cho"], 2)]);
    let rooms = |answer: Vec<Seen>| match &answer[..] {
        [Seen::Rooms { rows, page }] => (rows.iter().map(|row| row.room.clone()).collect::<Vec<_>>(), *page),
        other => panic!("{other:#?}"),
    };
    assert_eq!(rooms(bob.does(ListRooms)), (vec!["#cake".to_owned(), "#general".to_owned()], (1, 2)));
    assert_eq!(rooms(bob.does(RoomsPage(2))), (vec!["#tea".to_owned()], (2, 2)));
}
