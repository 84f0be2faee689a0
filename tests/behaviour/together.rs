//! People on telnet and programs in the same rooms.

use super::asked::Ask::*;
use super::front::Secret::{Password, Token};
use super::house::{Cast, House, Person, password_of};
use super::seen::{
    Departure, Kind, Lasts, Said, Seen, action, banned, bye, has_joined, joined, kicked, left, message, removed,
    role_set, said, stored, whole_history, you_left,
};

through_both_fronts_at_once! {
    all_hear_each_other
    two_talk_alone
    one_account_is_at_home_in_both
    changes_of_a_room_are_told_to_both
    order_is_kept_across_the_fronts
    an_invitation_crosses_the_fronts
    a_code_crosses_the_fronts
    a_token_made_by_one_front_opens_the_other
    a_new_password_cuts_both
    nothing_is_lost_by_a_crash
}

fn all_hear_each_other(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, mut cho, mut dee] = house.register_all(["ann", "bob", "cho", "dee"]);
    assert_ne!(ann.kind(), bob.kind());
    ann.does(Create("tea"));
    for person in [&mut bob, &mut cho, &mut dee] {
        person.does(Join("#tea"));
    }
    let mut people = [ann, bob, cho, dee];
    people.iter_mut().for_each(Person::forget);
    let mut page = Vec::new();
    for (speaker, name) in ["ann", "bob", "cho", "dee"].into_iter().enumerate() {
        let seq = 2 * speaker as u64 + 1;
        people[speaker].gets(Say("#tea", "hello \"all\" 👋"), [stored("#tea", seq)]);
        people[speaker].gets(Act("#tea", "waves"), [stored("#tea", seq + 1)]);
        for (listener, person) in people.iter_mut().enumerate() {
            match listener == speaker {
                true => person.sees([]),
                false => person
                    .sees([message(seq, "#tea", name, "hello \"all\" 👋"), action(seq + 1, "#tea", name, "waves")]),
            }
        }
        page.push(said(seq, "#tea", name, "hello \"all\" 👋"));
        page.push(Said { is_action: true, ..said(seq + 1, "#tea", name, "waves") });
    }
    people.iter_mut().for_each(|person| person.gets(History("#tea"), [whole_history("#tea", &page)]));
}

fn two_talk_alone(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.gets(Say("@bob", "psst"), [stored("@bob", 1)]);
    bob.sees([message(1, "@ann", "ann", "psst")]);
    bob.gets(Say("@ann", "yes?"), [stored("@ann", 2)]);
    ann.sees([message(2, "@bob", "bob", "yes?")]);
}

fn one_account_is_at_home_in_both(cast: Cast) {
    let mut house = House::new(cast);
    let mut by_text = house.register("ann");
    let mut by_json = house.log_in("ann");
    by_text.does(Create("tea"));
    by_json.sees([has_joined("#tea", "ann")]);
    by_json.gets(Say("#tea", "from the one"), [stored("#tea", 1)]);
    by_text.sees([message(1, "#tea", "ann", "from the one")]);
    by_text.does(Away("lunch"));
    by_json.gets(Back, [Seen::AwaySet(None)]);
    let answer = by_json.does(Sessions);
    let [Seen::Sessions(rows)] = &answer[..] else { panic!("{answer:#?}") };
    assert_eq!(rows.iter().map(|row| row.front).collect::<Vec<_>>(), [by_text.kind(), by_json.kind()]);
    by_json.does(CloseSession(rows[0].number));
    assert_eq!(by_text.rest().last(), Some(&bye("closed-elsewhere", 0)));
}

fn changes_of_a_room_are_told_to_both(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    bob.does(Join("#tea"));
    ann.forget();
    let by = || "ann".to_owned();
    let changes = [
        (SetTopic("#tea", "kettles"), Seen::TopicSet { room: "#tea".into(), topic: Some("kettles".into()), by: by() }),
        (MakePrivate("#tea"), Seen::VisibilitySet { room: "#tea".into(), kind: "private".into(), by: by() }),
        (Promote("#tea", "bob"), role_set("#tea", "bob", "moderator", "ann")),
        (Demote("#tea", "bob"), role_set("#tea", "bob", "member", "ann")),
        (Rename("#tea", "mate"), Seen::Renamed { room: "#tea".into(), name: "#mate".into(), by: by() }),
    ];
    for (ask, told) in changes {
        ann.gets(ask, [told.clone()]);
        bob.sees([told]);
    }
    let told = || [role_set("#mate", "bob", "owner", "ann"), role_set("#mate", "ann", "moderator", "")];
    ann.gets(HandOver("#mate", "bob"), told());
    bob.sees(told());
    let deleted = || you_left("#mate", Departure::RoomDeleted { by: "bob".into() });
    bob.gets(DeleteRoom("#mate", "mate"), [deleted()]);
    ann.sees([deleted()]);
}

fn order_is_kept_across_the_fronts(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(Create("tea"));
    bob.does(Join("#tea"));
    cho.does(Join("#tea"));
    [&mut ann, &mut bob, &mut cho].into_iter().for_each(Person::forget);
    ann.gets(Kick("#tea", "bob", "calm down"), [removed("#tea", "bob", None)]);
    bob.sees([you_left("#tea", kicked("ann", "calm down"))]);
    cho.sees([left("#tea", "bob", kicked("ann", "calm down"))]);
    bob.does(Join("#tea"));
    ann.gets(BanFor("#tea", "bob", 3600, "spam"), [removed("#tea", "bob", Some(Lasts::AWhile))]);
    bob.sees([you_left("#tea", banned("ann", Lasts::AWhile, "spam"))]);
    cho.sees([has_joined("#tea", "bob"), left("#tea", "bob", banned("ann", Lasts::AWhile, "spam"))]);
    bob.is_refused(Join("#tea"), "banned");
    ann.does(Unban("#tea", "bob"));
    bob.does(Join("#tea"));
}

fn an_invitation_crosses_the_fronts(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(CreatePrivate("den"));
    ann.gets(Invite("#den", "bob"), [Seen::Invited { room: "#den".into(), who: "bob".into(), told: true }]);
    bob.sees([Seen::Invitation { room: "#den".into(), by: "ann".into() }]);
    bob.gets(Accept("den"), [joined("#den", &["ann"], &[])]);
    ann.sees([has_joined("#den", "bob")]);
}

fn a_code_crosses_the_fronts(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(CreatePrivate("den"));
    let answer = ann.does(InviteByCode("#den"));
    let [Seen::CodeMade { code, .. }] = &answer[..] else { panic!("{answer:#?}") };
    bob.gets(AcceptCode(code), [joined("#den", &["ann"], &[])]);
}

fn a_token_made_by_one_front_opens_the_other(cast: Cast) {
    let mut house = House::new(cast);
    let mut ann = house.register("ann");
    let answer = ann.does(NewToken("bridge"));
    let [Seen::TokenMade { secret, .. }] = &answer[..] else { panic!("{answer:#?}") };
    for kind in [Kind::Text, Kind::Json] {
        let (person, _) = house.visitor_by(kind).enter(false, "ann", Token(secret)).ok().expect("let in");
        assert_eq!(person.kind(), kind);
    }
}

fn a_new_password_cuts_both(cast: Cast) {
    let mut house = House::new(cast);
    let mut ann = house.register("ann");
    let others = [Kind::Text, Kind::Json]
        .map(|kind| house.visitor_by(kind).enter(false, "ann", Password(&password_of("ann"))).ok().expect("let in").0);
    ann.gets(SetPassword(&password_of("ann"), "a better one"), [Seen::PasswordChanged { closed: 2, tokens: 0 }]);
    others.into_iter().for_each(|person| assert_eq!(person.rest(), [bye("password-changed", 0)]));
    for kind in [Kind::Text, Kind::Json] {
        house.visitor_by(kind).refused(false, "ann", Password(&password_of("ann")), "wrong_password");
    }
}

fn nothing_is_lost_by_a_crash(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    bob.does(Join("#tea"));
    let mut page = Vec::new();
    for number in 0..10 {
        let (person, name) = if number % 2 == 0 { (&mut ann, "ann") } else { (&mut bob, "bob") };
        let (seq, text) = (number + 1, format!("line {number}"));
        assert!(person.does(Say("#tea", &text)).contains(&stored("#tea", seq)));
        page.push(said(seq, "#tea", name, &text));
    }
    house.crash();
    for kind in [Kind::Text, Kind::Json] {
        let password = password_of("bob");
        let (mut bob, _) = house.visitor_by(kind).enter(false, "bob", Password(&password)).ok().expect("let in");
        bob.gets(History("#tea"), [whole_history("#tea", &page)]);
    }
}
