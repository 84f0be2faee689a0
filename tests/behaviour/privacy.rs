//! To outsiders, every request about a private room has the same answer as one about a missing room.

use chat_server::chat::{Ask, Command, Event, Visibility};
use chat_server::protocol::json::{Object, Request};

use super::ask::{self, room};
use super::house::{House, Person, Transport};
use super::seen::{has_joined, said, shown, welcome, welcome_to, whole_history};

over_each_transport! {
    a_private_room_answers_outsiders_as_if_it_were_missing
    nothing_tells_of_a_private_room
    another_room_may_have_the_name_of_a_private_one
    of_two_rooms_of_one_name_ones_own_is_meant
    an_invitation_leads_into_the_private_room_of_two_with_one_name
    a_member_removed_while_offline_is_shown_nothing_more
    nobody_is_in_two_rooms_of_one_name
}

const HIDDEN: &str = "hideout";
/// As long as the other name, and at the same edit distance from every other name.
const MISSING: &str = "missing";

/// Every request that names a room.
fn asks(label: &str, name: &str) -> Vec<Request> {
    vec![
        ask::say(label, "hello"),
        ask::join(label),
        ask::leave(label),
        ask::show_topic(label),
        ask::set_topic(label, "something else"),
        ask::remove_topic(label),
        ask::show_room(label),
        ask::make_public(label),
        ask::make_private(label),
        ask::rename(label, "cellar"),
        ask::delete_room(label, name),
        ask::hand_over(label, "insider"),
        ask::invite(label, "insider"),
        ask::invite(label, "nobody-at-all"),
        ask::invite_by_code(label),
        ask::accept(name),
        ask::uninvite(label, "insider"),
        ask::uninvite(label, "maple-otter-42"),
        ask::members(label),
        ask::history(label),
        ask::newest(label, 5),
        ask::between(label, 1, 3),
        ask::catch_up_in(label),
        ask::kick(label, "insider", "out"),
        ask::ban(label, "insider", "out"),
        ask::ban_for(label, "insider", 60, "out"),
        ask::unban(label, "banned"),
        ask::bans(label),
        ask::promote(label, "insider"),
        ask::demote(label, "insider"),
    ]
}

/// A private room with an owner and another member; and six outsiders: one who was never a member, one who left, one who
/// was kicked, one who was banned, an operator of the server, and one who is invited.
fn people(house: &House) -> ([Person; 2], [Person; 6]) {
    let [mut owner, mut insider] = house.register_all(["owner-1", "insider"]);
    owner.does(ask::create_private(HIDDEN));
    owner.does(ask::set_topic("#hideout", "zqmarkerqz"));
    owner.does(ask::say("#hideout", "zqmarkerqz"));
    let mut outsiders = house.register_all(["never", "leaver", "kicked", "banned", "opsy", "invited"]);
    let [_, left, kicked, banned, ..] = &mut outsiders;
    for (name, person) in [("insider", &mut insider), ("leaver", left), ("kicked", kicked), ("banned", banned)] {
        owner.does(ask::invite("#hideout", name));
        person.does(ask::accept(HIDDEN));
    }
    outsiders[1].does(ask::leave("#hideout"));
    owner.does(ask::kick("#hideout", "kicked", "zqmarkerqz"));
    owner.does(ask::ban("#hideout", "banned", "zqmarkerqz"));
    owner.does(ask::invite("#hideout", "invited"));
    outsiders[4].does(ask::claim_operator(&house.operator_code()));
    let mut insiders = [owner, insider];
    insiders.iter_mut().chain(&mut outsiders).for_each(Person::forget);
    (insiders, outsiders)
}

fn a_private_room_answers_outsiders_as_if_it_were_missing(transport: Transport) {
    let house = House::new(transport);
    let (mut insiders, mut outsiders) = people(&house);
    for (index, person) in outsiders.iter_mut().enumerate() {
        for (hidden, missing) in asks("#hideout", HIDDEN).into_iter().zip(asks("#missing", MISSING)) {
            // The invitation is the only exception.
            let is_way_in =
                matches!(&hidden, Request::Chat(Ask::Command(Command::Join { .. } | Command::Accept { .. })));
            if index == 5 && is_way_in {
                continue;
            }
            let text = format!("{hidden:?}");
            let of_hidden: Vec<String> =
                person.verbatim(hidden).iter().map(|line| line.replace(HIDDEN, "ROOM")).collect();
            let of_missing: Vec<String> =
                person.verbatim(missing).iter().map(|line| line.replace(MISSING, "ROOM")).collect();
            assert_eq!(of_hidden, of_missing, "{text}");
            assert_eq!(of_hidden.len(), 1, "{of_hidden:#?}");
        }
        person.sees([]);
    }
    // The members have seen nothing of it.
    insiders.iter_mut().for_each(|person| person.sees([]));
    outsiders[5].does(ask::join("#hideout"));
}

fn nothing_tells_of_a_private_room(transport: Transport) {
    let house = House::new(transport);
    let (mut insiders, mut outsiders) = people(&house);
    insiders[0].does(ask::say("#hideout", "zqmarkerqz again"));
    insiders[0].does(ask::rename("#hideout", "hideaway"));
    insiders[0].does(ask::promote("#hideaway", "insider"));
    for person in &mut outsiders {
        person.sees([]);
        // The last is a typing error, for which a name may be suggested.
        let slip = ask::join("#hidaway");
        for ask in [
            ask::list_rooms(),
            ask::who(),
            ask::whois("owner-1"),
            ask::whois("insider"),
            ask::unread(),
            ask::catch_up(),
            ask::members("#general"),
            slip,
        ] {
            let text = format!("{ask:?}");
            let told = person.verbatim(ask).concat();
            assert!(!told.contains("hide") && !told.contains("zqmarkerqz"), "{text}: {told}");
        }
    }
}

fn another_room_may_have_the_name_of_a_private_one(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(ask::create_private("den"));
    ann.does(ask::say("#den", "mine"));
    bob.gets(ask::create("den"), [Event::Created { room: shown(room("#den")), visibility: Visibility::Public }.into()]);
    cho.gets(ask::history("#den"), [whole_history("#den", &[])]);
    bob.does(ask::say("#den", "ours"));
    ann.sees([]);
    let page = ann.does(ask::history("#den"));
    assert_eq!(page, [whole_history("#den", &[said(1, "#den", "ann", "mine")])]);
    // No two public rooms may have one name.
    ann.is_refused(ask::make_public("#den"), "room_exists");
}

fn of_two_rooms_of_one_name_ones_own_is_meant(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    // The public room is the older one here, so the order does not depend on age.
    bob.does(ask::create("elsewhere"));
    ann.does(ask::create_private("tea"));
    bob.does(ask::rename("#elsewhere", "tea"));
    let visibility = |person: &mut Person| match &person.does(ask::show_room("#tea"))[..] {
        [Object::Event(Event::RoomShown(tea))] => tea.visibility,
        other => panic!("{other:#?}"),
    };
    assert_eq!(visibility(&mut ann), Some(Visibility::Private));
    assert_eq!(visibility(&mut bob), Some(Visibility::Public));
}

fn an_invitation_leads_into_the_private_room_of_two_with_one_name(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(ask::create_private("den"));
    ann.does(ask::invite("#den", "cho"));
    bob.does(ask::create("den"));
    ann.forget();
    cho.does(ask::accept("den"));
    ann.sees([has_joined("#den", "cho")]);
    bob.sees([]);
}

fn a_member_removed_while_offline_is_shown_nothing_more(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create_private("hideout"));
    ann.does(ask::invite("#hideout", "bob"));
    bob.does(ask::accept(HIDDEN));
    bob.quit();
    ann.does(ask::say("#hideout", "bob: zqmarkerqz"));
    ann.does(ask::kick("#hideout", "bob", ""));
    let (mut bob, seen) = house.come_back("bob");
    assert_eq!(welcome(&seen), welcome_to("bob", 0));
    bob.gets(ask::unread(), [Event::NothingUnread.into()]);
    bob.is_refused(ask::history("#hideout"), "no_such_room");
}

fn nobody_is_in_two_rooms_of_one_name(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, mut mallory] = house.register_all(["ann", "bob", "mallory"]);
    ann.does(ask::create_private("den"));
    ann.does(ask::invite("#den", "bob"));
    bob.does(ask::accept("den"));
    // Mallory creates a second room of that name and invites bob, whose messages would go there.
    mallory.does(ask::create_private("den"));
    mallory.does(ask::invite("#den", "bob"));
    let made = mallory.does(ask::invite_by_code("#den"));
    let [Object::Event(Event::CodeCreated { code, .. })] = &made[..] else { panic!("{made:#?}") };
    bob.is_refused(ask::accept("den"), "in_namesake");
    bob.is_refused(ask::accept(code.as_str()), "in_namesake");
    // A room of which bob is a member cannot get that name either.
    mallory.does(ask::create("lobby"));
    bob.does(ask::join("#lobby"));
    mallory.does(ask::delete_room("#den", "den"));
    mallory.forget();
    mallory.is_refused(ask::rename("#lobby", "den"), "room_exists");
    bob.does(ask::say("#den", "for ann"));
    mallory.sees([]);
    // Once he has left the one, he may be in the other.
    bob.does(ask::leave("#den"));
    mallory.does(ask::rename("#lobby", "den"));
}
