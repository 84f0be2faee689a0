//! To whoever is outside, a private room is not there: every answer is the one that a missing room would give.

use super::asked::Ask::{self, *};
use super::house::{Cast, House, Person};
use super::seen::{Seen, whole_history};

through_each_front! {
    a_private_room_answers_outsiders_as_if_it_were_missing
    nothing_tells_of_a_private_room
    another_room_may_have_the_name_of_a_private_one
}

const HIDDEN: &str = "hideout";
/// As long as the other, and as far from every other name.
const MISSING: &str = "missing";

/// Everything that takes a room.
fn asks<'a>(label: &'a str, name: &'a str) -> Vec<Ask<'a>> {
    vec![
        Say(label, "hello"),
        Join(label),
        Leave(label),
        ShowTopic(label),
        SetTopic(label, "something else"),
        TakeTopicAway(label),
        ShowRoom(label),
        MakePublic(label),
        MakePrivate(label),
        Rename(label, "cellar"),
        DeleteRoom(label, name),
        HandOver(label, "insider"),
        Invite(label, "insider"),
        Invite(label, "nobody-at-all"),
        InviteByCode(label),
        Accept(name),
        Uninvite(label, "insider"),
        UninviteCode(label, "maple-otter-42"),
        Members(label),
        History(label),
        Newest(label, 5),
        Between(label, 1, 3),
        CatchUpIn(label),
        Kick(label, "insider", "out"),
        Ban(label, "insider", "out"),
        BanFor(label, "insider", 60, "out"),
        Unban(label, "banned"),
        Bans(label),
        Promote(label, "insider"),
        Demote(label, "insider"),
    ]
}

/// A private room with an owner and another member; and one who never was inside, one who left, one who was kicked, one
/// who was banned, and an operator of the server.
fn people(house: &mut House) -> ([Person; 2], [Person; 5]) {
    let [mut owner, mut insider] = house.register_all(["owner-1", "insider"]);
    owner.does(CreatePrivate(HIDDEN));
    owner.does(SetTopic("#hideout", "zqmarkerqz"));
    owner.does(Say("#hideout", "zqmarkerqz"));
    let mut outsiders = house.register_all(["never", "leaver", "kicked", "banned", "opsy"]);
    let [_, left, kicked, banned, _] = &mut outsiders;
    for (name, person) in [("insider", &mut insider), ("leaver", left), ("kicked", kicked), ("banned", banned)] {
        owner.does(Invite("#hideout", name));
        person.does(Accept(HIDDEN));
    }
    outsiders[1].does(Leave("#hideout"));
    owner.does(Kick("#hideout", "kicked", "zqmarkerqz"));
    owner.does(Ban("#hideout", "banned", "zqmarkerqz"));
    outsiders[4].does(ClaimOperator(&house.operator_code()));
    let mut insiders = [owner, insider];
    insiders.iter_mut().chain(&mut outsiders).for_each(Person::forget);
    (insiders, outsiders)
}

fn a_private_room_answers_outsiders_as_if_it_were_missing(cast: Cast) {
    let mut house = House::new(cast);
    let (mut insiders, mut outsiders) = people(&mut house);
    for person in &mut outsiders {
        for (hidden, missing) in asks("#hideout", HIDDEN).into_iter().zip(asks("#missing", MISSING)) {
            let of_hidden: Vec<String> =
                person.verbatim(hidden).iter().map(|line| line.replace(HIDDEN, "ROOM")).collect();
            let of_missing: Vec<String> =
                person.verbatim(missing).iter().map(|line| line.replace(MISSING, "ROOM")).collect();
            assert_eq!(of_hidden, of_missing, "{hidden:?}");
            assert_eq!(of_hidden.len(), 1, "{of_hidden:#?}");
        }
        person.sees([]);
    }
    // Nothing of it was seen inside.
    insiders.iter_mut().for_each(|person| person.sees([]));
}

fn nothing_tells_of_a_private_room(cast: Cast) {
    let mut house = House::new(cast);
    let (mut insiders, mut outsiders) = people(&mut house);
    insiders[0].does(Say("#hideout", "zqmarkerqz again"));
    insiders[0].does(Rename("#hideout", "hideaway"));
    insiders[0].does(Promote("#hideaway", "insider"));
    for person in &mut outsiders {
        person.sees([]);
        // The last is a slip, for which a name may be suggested.
        let slip = Join("#hidaway");
        for ask in [ListRooms, Who, Whois("owner-1"), Whois("insider"), Unread, CatchUp, Members("#general"), slip] {
            let told = person.verbatim(ask).concat();
            assert!(!told.contains("hide") && !told.contains("zqmarkerqz"), "{ask:?}: {told}");
        }
    }
}

fn another_room_may_have_the_name_of_a_private_one(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(CreatePrivate("den"));
    ann.does(Say("#den", "mine"));
    bob.gets(Create("den"), [Seen::Created { room: "#den".into(), kind: "public".into() }]);
    cho.gets(History("#den"), [whole_history("#den", &[])]);
    bob.does(Say("#den", "ours"));
    ann.sees([]);
    let page = ann.does(History("#den"));
    assert!(matches!(&page[..], [Seen::History { messages, .. }] if messages[0].text == "mine"), "{page:#?}");
}
