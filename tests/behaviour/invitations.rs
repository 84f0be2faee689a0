//! Ways into a private room.

use super::asked::Ask::*;
use super::house::{Cast, House, Person};
use super::seen::{Seen, has_joined, joined, kicked, said, you_left};

through_each_front! {
    somebody_online_is_told_and_accepts
    somebody_offline_is_told_at_the_next_login
    an_invitation_that_was_taken_back_lets_nobody_in
    a_code_lets_in_whoever_gives_it_first_and_once
    a_code_that_was_taken_back_lets_nobody_in
    whom_one_cannot_invite
    a_ban_takes_an_invitation_back
    a_kicked_member_comes_back_by_invitation_only
    open_invitations_and_codes_survive_a_crash
}

fn invited(who: &str, told: bool) -> Seen {
    Seen::Invited { room: "#den".into(), who: who.into(), told }
}

fn invitation() -> Seen {
    Seen::Invitation { room: "#den".into(), by: "ann".into() }
}

/// A private room of ann, and somebody outside of it.
fn den(house: &mut House) -> [Person; 2] {
    let [mut ann, bob] = house.register_all(["ann", "bob"]);
    ann.does(CreatePrivate("den"));
    ann.does(Say("#den", "psst"));
    [ann, bob]
}

fn code_by(person: &mut Person) -> String {
    let answer = person.does(InviteByCode("#den"));
    let [Seen::CodeMade { room, code }] = &answer[..] else { panic!("{answer:#?}") };
    assert_eq!(room, "#den");
    code.clone()
}

fn somebody_online_is_told_and_accepts(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = den(&mut house);
    bob.is_refused(Accept("den"), "no_such_invitation");
    ann.gets(Invite("#den", "bob"), [invited("bob", true)]);
    bob.sees([invitation()]);
    bob.gets(Accept("den"), [joined("#den", &["ann"], &[said(1, "#den", "ann", "psst")])]);
    ann.sees([has_joined("#den", "bob")]);
    bob.is_refused(Accept("den"), "already_member");
    ann.is_refused(Invite("#den", "bob"), "already_there");
}

fn somebody_offline_is_told_at_the_next_login(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, bob] = den(&mut house);
    bob.quit();
    ann.gets(Invite("#den", "bob"), [invited("bob", false)]);
    let (mut bob, seen) = house.come_back("bob");
    assert_eq!(seen, [Seen::LoggedIn { name: "bob".into(), news: vec![], others: 0 }, invitation()]);
    // An invitation also opens the door that a member would take.
    bob.gets(Join("#den"), [joined("#den", &["ann"], &[said(1, "#den", "ann", "psst")])]);
}

fn an_invitation_that_was_taken_back_lets_nobody_in(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = den(&mut house);
    ann.does(Invite("#den", "bob"));
    ann.gets(Uninvite("#den", "bob"), [Seen::Uninvited { room: "#den".into(), what: "bob".into() }]);
    ann.is_refused(Uninvite("#den", "bob"), "no_such_invitation");
    bob.is_refused(Accept("den"), "no_such_invitation");
    bob.is_refused(Join("#den"), "no_such_room");
    ann.sees([]);
}

fn a_code_lets_in_whoever_gives_it_first_and_once(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = den(&mut house);
    let [mut cho] = house.register_all(["cho"]);
    ann.forget();
    let code = code_by(&mut ann);
    let shown = ann.does(ShowRoom("#den"));
    assert!(matches!(&shown[..], [Seen::Room(room)] if room.codes == [code.clone()]), "{shown:#?}");
    bob.gets(AcceptCode(&code), [joined("#den", &["ann"], &[said(1, "#den", "ann", "psst")])]);
    ann.sees([has_joined("#den", "bob")]);
    cho.is_refused(AcceptCode(&code), "no_such_invitation");
    cho.is_refused(AcceptCode("maple-otter-42"), "no_such_invitation");
}

fn a_code_that_was_taken_back_lets_nobody_in(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = den(&mut house);
    let code = code_by(&mut ann);
    ann.gets(UninviteCode("#den", &code), [Seen::Uninvited { room: "#den".into(), what: code.clone() }]);
    bob.is_refused(AcceptCode(&code), "no_such_invitation");
    ann.is_refused(UninviteCode("#den", &code), "no_such_invitation");
}

fn whom_one_cannot_invite(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = den(&mut house);
    ann.is_refused(Invite("#den", "nobody"), "no_such_account");
    ann.is_refused(Invite("#den", "ann"), "already_there");
    ann.does(Invite("#den", "bob"));
    bob.does(Accept("den"));
    house.register("cho");
    bob.is_refused(Invite("#den", "cho"), "moderator_only");
    bob.is_refused(InviteByCode("#den"), "moderator_only");
}

fn a_ban_takes_an_invitation_back(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = den(&mut house);
    ann.does(Invite("#den", "bob"));
    let code = code_by(&mut ann);
    ann.does(Ban("#den", "bob", ""));
    bob.is_refused(Accept("den"), "no_such_invitation");
    bob.is_refused(AcceptCode(&code), "no_such_invitation");
    ann.is_refused(Invite("#den", "bob"), "target_banned");
}

fn a_kicked_member_comes_back_by_invitation_only(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = den(&mut house);
    ann.does(Invite("#den", "bob"));
    bob.does(Accept("den"));
    ann.does(Kick("#den", "bob", "too loud"));
    bob.sees([invitation(), you_left("#den", kicked("ann", "too loud"))]);
    bob.is_refused(Join("#den"), "no_such_room");
    ann.does(Invite("#den", "bob"));
    bob.does(Join("#den"));
}

fn open_invitations_and_codes_survive_a_crash(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, _bob] = den(&mut house);
    house.register("cho");
    ann.does(Invite("#den", "bob"));
    let code = code_by(&mut ann);
    house.crash();
    house.log_in("bob").does(Accept("den"));
    house.log_in("cho").does(AcceptCode(&code));
    let shown = house.log_in("ann").does(ShowRoom("#den"));
    assert!(matches!(&shown[..], [Seen::Room(room)] if room.members == 3 && room.codes.is_empty()), "{shown:#?}");
}
