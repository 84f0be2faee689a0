//! Invitations to private rooms, by name and by code.

use chat_server::chat::{Code, Event, InvitationRow, Notice, Refusal, Visibility, Welcome};
use chat_server::protocol::json::{Object, Request};

use super::ask::{self, name, room};
use super::house::{House, Person, Transport};
use super::seen::{SOME_TIME, has_joined, joined, kicked, shown, you_left};

over_each_transport! {
    somebody_online_is_notified_and_accepts
    somebody_offline_is_notified_at_the_next_login
    an_invitation_that_was_taken_back_lets_nobody_in
    a_code_lets_in_whoever_gives_it_first_and_once
    a_code_that_was_taken_back_lets_nobody_in
    whom_one_cannot_invite
    a_ban_takes_an_invitation_back
    a_kicked_member_comes_back_by_invitation_only
    open_invitations_and_codes_survive_a_crash
    only_a_few_wrong_codes_may_be_tried
    a_deleted_room_takes_its_invitations_with_it
    a_renamed_room_is_accepted_by_its_new_name
    a_room_has_a_hundred_open_invitations_at_most
    of_rooms_of_one_name_the_one_that_is_meant_is_asked_for
    two_invitations_to_rooms_of_one_name_are_told_apart_by_the_inviter
    an_invitation_that_is_taken_back_is_shown_to_both
}

fn invited(who: &str, notified: bool) -> Object {
    Event::Invited { room: shown(room("#den")), who: name(who), until: SOME_TIME, notified }.into()
}

fn invitation() -> InvitationRow {
    InvitationRow { room: shown(room("#den")), visibility: Visibility::Private, by: name("ann"), until: SOME_TIME }
}

/// A private room of ann, and bob, who is not a member.
fn den(house: &House) -> [Person; 2] {
    let [mut ann, bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create_private("den"));
    ann.does(ask::say("#den", "psst"));
    [ann, bob]
}

fn code_by(person: &mut Person) -> String {
    let answer = person.does(ask::invite_by_code("#den"));
    let [Object::Event(Event::CodeCreated { room: den, code, .. })] = &answer[..] else { panic!("{answer:#?}") };
    assert_eq!(*den, shown(room("#den")));
    code.to_string()
}

fn somebody_online_is_notified_and_accepts(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = den(&house);
    bob.is_refused(ask::accept("den"), "no_such_invitation");
    ann.gets(ask::invite("#den", "bob"), [invited("bob", true)]);
    bob.sees([Event::InvitationReceived(invitation()).into()]);
    bob.gets(ask::accept("den"), [joined("#den", "ann", 1)]);
    ann.sees([has_joined("#den", "bob")]);
    bob.is_refused(ask::accept("den"), "already_member");
    ann.is_refused(ask::invite("#den", "bob"), "already_there");
    // The invitation has been used.
    bob.does(ask::leave("#den"));
    bob.is_refused(ask::accept("den"), "no_such_invitation");
    bob.is_refused(ask::join("#den"), "no_such_room");
}

fn somebody_offline_is_notified_at_the_next_login(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, bob] = den(&house);
    bob.quit();
    ann.gets(ask::invite("#den", "bob"), [invited("bob", false)]);
    let (mut bob, seen) = house.come_back("bob");
    let [Object::Event(Event::LoggedIn(Welcome { invitations, .. }))] = &seen[..] else { panic!("{seen:#?}") };
    assert_eq!(*invitations, [invitation()]);
    // An invitation allows a plain join.
    bob.gets(ask::join("#den"), [joined("#den", "ann", 1)]);
}

fn an_invitation_that_was_taken_back_lets_nobody_in(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = den(&house);
    ann.does(ask::invite("#den", "bob"));
    ann.gets(ask::uninvite("#den", "bob"), [Event::Uninvited { room: shown(room("#den")), what: name("bob") }.into()]);
    ann.is_refused(ask::uninvite("#den", "bob"), "no_such_invitation");
    bob.is_refused(ask::accept("den"), "no_such_invitation");
    bob.is_refused(ask::join("#den"), "no_such_room");
    ann.sees([]);
}

fn a_code_lets_in_whoever_gives_it_first_and_once(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = den(&house);
    let [mut cho] = house.register_all(["cho"]);
    ann.forget();
    let code = code_by(&mut ann);
    let shown = ann.does(ask::show_room("#den"));
    let [Object::Event(Event::RoomShown(den))] = &shown[..] else { panic!("{shown:#?}") };
    assert_eq!(den.codes, [Code::typed(&code)]);
    ann.is_refused(ask::accept(&code), "already_member");
    // Codes compare without case.
    let spoken = code.to_uppercase();
    bob.gets(ask::accept(&spoken), [joined("#den", "ann", 1)]);
    ann.sees([has_joined("#den", "bob")]);
    cho.is_refused(ask::accept(&code), "no_such_invitation");
    cho.is_refused(ask::accept("maple-otter-42"), "no_such_invitation");
    ann.does(ask::kick("#den", "bob", ""));
    bob.is_refused(ask::accept(&code), "no_such_invitation");
}

fn a_code_that_was_taken_back_lets_nobody_in(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = den(&house);
    let code = code_by(&mut ann);
    // The owner of another room cannot find out whether a code is valid.
    bob.does(ask::create_private("loft"));
    bob.is_refused(ask::uninvite("#loft", &code), "no_such_invitation");
    ann.gets(ask::uninvite("#den", &code), [Event::Uninvited { room: shown(room("#den")), what: name(&code) }.into()]);
    bob.is_refused(ask::accept(&code), "no_such_invitation");
    ann.is_refused(ask::uninvite("#den", &code), "no_such_invitation");
}

fn whom_one_cannot_invite(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = den(&house);
    ann.is_refused(ask::invite("#den", "nobody"), "no_such_account");
    ann.is_refused(ask::invite("#den", "ann"), "already_there");
    ann.does(ask::invite("#den", "bob"));
    bob.does(ask::accept("den"));
    house.register("cho");
    bob.is_refused(ask::invite("#den", "cho"), "moderator_only");
    bob.is_refused(ask::invite_by_code("#den"), "moderator_only");
}

fn a_ban_takes_an_invitation_back(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = den(&house);
    ann.does(ask::invite("#den", "bob"));
    let code = code_by(&mut ann);
    ann.does(ask::ban("#den", "bob", ""));
    bob.is_refused(ask::accept("den"), "no_such_invitation");
    bob.is_refused(ask::accept(&code), "no_such_invitation");
    ann.is_refused(ask::invite("#den", "bob"), "target_banned");
    // The refused attempt has not used the code; and once the ban is lifted, bob needs a new invitation.
    house.register("cho").does(ask::accept(&code));
    ann.does(ask::unban("#den", "bob"));
    bob.is_refused(ask::accept("den"), "no_such_invitation");
    ann.does(ask::invite("#den", "bob"));
    bob.does(ask::accept("den"));
}

fn a_kicked_member_comes_back_by_invitation_only(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = den(&house);
    ann.does(ask::invite("#den", "bob"));
    bob.does(ask::accept("den"));
    ann.does(ask::kick("#den", "bob", "too loud"));
    bob.sees([Event::InvitationReceived(invitation()).into(), you_left("#den", kicked("ann", "too loud"))]);
    bob.is_refused(ask::join("#den"), "no_such_room");
    ann.does(ask::invite("#den", "bob"));
    bob.does(ask::join("#den"));
}

fn open_invitations_and_codes_survive_a_crash(transport: Transport) {
    let mut house = House::new(transport);
    let [mut ann, _bob] = den(&house);
    let [mut cho, _dee] = house.register_all(["cho", "dee"]);
    ann.does(ask::invite("#den", "bob"));
    ann.does(ask::invite("#den", "dee"));
    ann.does(ask::uninvite("#den", "dee"));
    let [code, used, taken_back] = [code_by(&mut ann), code_by(&mut ann), code_by(&mut ann)];
    cho.does(ask::accept(&used));
    cho.does(ask::leave("#den"));
    ann.does(ask::uninvite("#den", &taken_back));
    house.crash();
    let mut dee = house.log_in("dee");
    dee.is_refused(ask::accept("den"), "no_such_invitation");
    dee.is_refused(ask::accept(&used), "no_such_invitation");
    dee.is_refused(ask::accept(&taken_back), "no_such_invitation");
    house.log_in("bob").does(ask::accept("den"));
    house.log_in("cho").does(ask::accept(&code));
    let shown = house.log_in("ann").does(ask::show_room("#den"));
    let [Object::Event(Event::RoomShown(den))] = &shown[..] else { panic!("{shown:#?}") };
    assert_eq!((den.members, den.codes.as_slice()), (3, &[][..]));
}

fn only_a_few_wrong_codes_may_be_tried(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = den(&house);
    let code = code_by(&mut ann);
    for number in 10..15 {
        bob.is_refused(ask::accept(&format!("maple-otter-{number}")), "no_such_invitation");
    }
    // Even the right code is refused, also on another connection, or guessing could go on.
    bob.is_refused(ask::accept(&code), "too_many_codes");
    house.log_in("bob").is_refused(ask::accept(&code), "too_many_codes");
    // Other accounts are not affected, and neither is an invitation by name.
    house.register("cho").does(ask::accept(&code));
    ann.does(ask::invite("#den", "bob"));
    bob.does(ask::accept("den"));
}

fn a_deleted_room_takes_its_invitations_with_it(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = den(&house);
    let code = code_by(&mut ann);
    ann.does(ask::invite("#den", "bob"));
    ann.does(ask::delete_room("#den", "den"));
    ann.does(ask::create_private("den"));
    bob.is_refused(ask::accept("den"), "no_such_invitation");
    bob.is_refused(ask::accept(&code), "no_such_invitation");
}

fn a_renamed_room_is_accepted_by_its_new_name(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = den(&house);
    ann.does(ask::invite("#den", "bob"));
    ann.does(ask::rename("#den", "loft"));
    bob.is_refused(ask::accept("den"), "no_such_invitation");
    bob.does(ask::accept("loft"));
}

fn a_room_has_a_hundred_open_invitations_at_most(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = den(&house);
    ann.does(ask::invite("#den", "bob"));
    (0..99).for_each(|_| drop(code_by(&mut ann)));
    ann.is_refused(ask::invite_by_code("#den"), "too_many_invitations");
    bob.does(ask::accept("den"));
    code_by(&mut ann);
}

/// What the last refusal offers: how many rooms that the requester is invited to, and whether there is another room.
fn offered(person: &mut Person, request: Request) -> (usize, Option<Visibility>) {
    let answer = person.answer(request);
    match &answer[..] {
        [Object::Event(Event::Refused(Refusal::WhichRoom { visibility, rooms, .. }))] => {
            (rooms.len(), Some(*visibility))
        }
        [Object::Event(Event::Refused(Refusal::WhichInvitation { rooms, .. }))] => (rooms.len(), None),
        other => panic!("{other:#?}"),
    }
}

fn of_rooms_of_one_name_the_one_that_is_meant_is_asked_for(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = den(&house);
    let [mut cho, mut dee] = house.register_all(["cho", "dee"]);
    cho.does(ask::create("den"));
    // Whoever is not invited is not asked, and learns of one room only.
    dee.does(ask::join("#den"));
    ann.does(ask::invite("#den", "bob"));
    ann.does(ask::invite("#den", "dee"));
    assert_eq!(offered(&mut bob, ask::join("#den")), (1, Some(Visibility::Public)));
    assert_eq!(offered(&mut dee, ask::join("#den")), (1, Some(Visibility::Public)));
    // Nobody has entered.
    assert!(bob.does(ask::whois("bob")).iter().all(|seen| !format!("{seen:?}").contains("den")));
    dee.is_refused(ask::accept("den"), "in_namesake");
    dee.does(ask::join_kind("#den", Visibility::Public));
    bob.does(ask::join_kind("#den", Visibility::Public));
    bob.does(ask::leave("#den"));
    bob.does(ask::accept("den"));
    // Who is in one, and invited to no other, means that one.
    bob.does(ask::join("#den"));
    bob.is_refused(ask::join_kind("#den", Visibility::Public), "in_namesake");
    // An invitation that was revoked a moment ago may have been meant.
    let mut eve = house.register("eve");
    ann.does(ask::invite("#den", "eve"));
    ann.does(ask::uninvite("#den", "eve"));
    assert_eq!(offered(&mut eve, ask::join("#den")), (0, Some(Visibility::Public)));
    eve.does(ask::join_number(3));
}

fn two_invitations_to_rooms_of_one_name_are_told_apart_by_the_inviter(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = den(&house);
    let mut cho = house.register("cho");
    cho.does(ask::create_private("den"));
    ann.does(ask::invite("#den", "bob"));
    cho.does(ask::invite("#den", "bob"));
    assert_eq!(offered(&mut bob, ask::join("#den")), (2, None));
    assert_eq!(offered(&mut bob, ask::accept("den")), (2, None));
    bob.is_refused(ask::accept_by("den", "bob"), "no_such_invitation");
    // The one that was meant is revoked meanwhile: the other is not taken in its place.
    ann.does(ask::uninvite("#den", "bob"));
    assert_eq!(offered(&mut bob, ask::accept("den")), (1, None));
    assert_eq!(offered(&mut bob, ask::join("#den")), (1, None));
    bob.forget();
    bob.gets(ask::accept_by("den", "cho"), [joined("#den", "cho", 0)]);
}

fn an_invitation_that_is_taken_back_is_shown_to_both(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = den(&house);
    let mut cho = house.register("cho");
    ann.does(ask::invite("#den", "cho"));
    cho.does(ask::accept("den"));
    ann.does(ask::promote("#den", "cho"));
    let over = || Notice::InvitationOver { room: name("den"), by: name("ann"), revoked: true };
    let unused = || Notice::InvitationUnused { room: name("den"), who: name("bob"), revoked: true };
    // Whoever revokes it need not be told.
    cho.does(ask::invite("#den", "bob"));
    cho.does(ask::uninvite("#den", "bob"));
    ann.does(ask::invite("#den", "bob"));
    for person in [&mut ann, &mut bob, &mut cho] {
        person.forget();
    }
    cho.does(ask::uninvite("#den", "bob"));
    assert_eq!([notices(&mut ann), notices(&mut bob), notices(&mut cho)], [vec![unused()], vec![over()], vec![]]);
    // So it is when the room is deleted, and at the next login.
    cho.does(ask::invite("#den", "bob"));
    bob.quit();
    ann.does(ask::delete_room("#den", "den"));
    let by_cho = || Notice::InvitationOver { room: name("den"), by: name("cho"), revoked: true };
    let first = Notice::InvitationOver { room: name("den"), by: name("cho"), revoked: true };
    assert_eq!(notices(&mut cho), [unused()]);
    let (_, seen) = house.come_back("bob");
    let [Object::Event(Event::LoggedIn(welcome))] = &seen[..] else { panic!("{seen:#?}") };
    let seen: Vec<Notice> = welcome.notices.iter().map(|(_, notice)| notice.clone()).collect();
    assert_eq!(seen, [first, over(), by_cho()]);
}

/// The notices that somebody was shown.
fn notices(person: &mut Person) -> Vec<Notice> {
    let is_notice = |seen: Object| match seen {
        Object::Event(Event::Notice { notice, .. }) => Some(notice),
        _ => None,
    };
    person.seen().into_iter().filter_map(is_notice).collect()
}
