//! Saying something: who gets it, in which order, and what is not said.

use std::thread;

use super::asked::Ask::*;
use super::house::{Cast, House, Person};
use super::seen::{Said, Seen, action, has_joined, joined, message, said, stored, whole_history};

through_each_front! {
    a_message_reaches_every_member_once
    what_one_does_is_told_as_done
    a_text_arrives_as_it_was
    the_other_connections_of_the_sender_see_what_it_said
    numbers_are_counted_by_room
    too_long_a_text_is_said_to_nobody
    nobody_talks_in_a_room_from_outside
    all_see_one_order
}

fn a_message_reaches_every_member_once(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(Create("tea"));
    bob.gets(Join("#tea"), [joined("#tea", &["ann"], &[])]);
    ann.forget();
    ann.gets(Say("#tea", "hello there"), [stored("#tea", 1)]);
    bob.sees([message(1, "#tea", "ann", "hello there")]);
    bob.sees([]);
    ann.sees([]);
    cho.sees([]);
}

fn what_one_does_is_told_as_done(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    bob.does(Join("#tea"));
    bob.gets(Act("#tea", "waves"), [stored("#tea", 1)]);
    ann.sees([has_joined("#tea", "bob"), action(1, "#tea", "bob", "waves")]);
    let page = whole_history("#tea", &[Said { is_action: true, ..said(1, "#tea", "bob", "waves") }]);
    ann.gets(History("#tea"), [page]);
}

fn a_text_arrives_as_it_was(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let texts =
        ["two  spaces", r#"a "quoted" \ word"#, "/quit", "ünï 👋 日本", "{\"type\":\"quit\"}", "-- bob left #tea."];
    for (text, number) in texts.into_iter().zip(2..) {
        ann.gets(Say("#general", text), [stored("#general", number)]);
        bob.sees([message(number, "#general", "ann", text)]);
    }
    let longest = "x".repeat(2000);
    ann.gets(Say("#general", &longest), [stored("#general", 8)]);
    bob.sees([message(8, "#general", "ann", &longest)]);
}

fn the_other_connections_of_the_sender_see_what_it_said(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let mut elsewhere = house.log_in("ann");
    ann.does(Say("#general", "hello"));
    ann.does(Say("@bob", "psst"));
    elsewhere.sees([message(2, "#general", "ann", "hello"), message(1, "@bob", "ann", "psst")]);
    bob.sees([message(2, "#general", "ann", "hello"), message(1, "@ann", "ann", "psst")]);
    ann.sees([]);
}

fn numbers_are_counted_by_room(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann] = house.register_all(["ann"]);
    ann.does(Create("tea"));
    ann.does(Create("cake"));
    for number in 1..=3 {
        ann.gets(Say("#tea", "sip"), [stored("#tea", number)]);
        ann.gets(Say("#cake", "bite"), [stored("#cake", number)]);
    }
    house.restart();
    house.log_in("ann").gets(Say("#tea", "sip"), [stored("#tea", 4)]);
}

fn too_long_a_text_is_said_to_nobody(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.is_refused(Say("#general", &"x".repeat(2001)), "text_too_long");
    ann.is_refused(Say("@bob", &"ü".repeat(1001)), "text_too_long");
    ann.gets(Say("#general", "short"), [stored("#general", 2)]);
    bob.sees([message(2, "#general", "ann", "short")]);
    bob.is_refused(History("@ann"), "no_such_room");
}

fn nobody_talks_in_a_room_from_outside(cast: Cast) {
    let mut house = House::new(cast);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(Create("tea"));
    bob.is_refused(Say("#tea", "hello"), "not_member");
    bob.is_refused(Say("#nowhere", "hello"), "no_such_room");
    ann.sees([]);
    bob.gets(History("#tea"), [whole_history("#tea", &[])]);
}

fn all_see_one_order(cast: Cast) {
    const LINES: usize = 30;
    let mut house = House::new(cast);
    let mut people = house.register_all(["ann", "bob", "cho"]);
    people[0].does(Create("tea"));
    people[1].does(Join("#tea"));
    people[2].does(Join("#tea"));
    people.iter_mut().for_each(Person::forget);
    let names = ["ann", "bob", "cho"];
    let heard: Vec<Vec<Seen>> = thread::scope(|scope| {
        let talk = |(person, name): (&'_ mut Person, &'static str)| {
            let mut heard = Vec::new();
            for line in 0..LINES {
                heard.extend(person.hears(Say("#tea", &format!("{name} {line}"))));
            }
            heard
        };
        let talking = people.iter_mut().zip(names).map(|pair| scope.spawn(move || talk(pair)));
        talking.collect::<Vec<_>>().into_iter().map(|talking| talking.join().expect("it talked")).collect()
    });
    let mut history = Vec::new();
    for first in [1, 46] {
        let page = people[0].does(Between("#tea", first, first + 44));
        let [Seen::History { messages, last: 90, .. }] = &page[..] else { panic!("{page:#?}") };
        history.extend(messages.clone());
    }
    assert!(history.iter().map(|said| said.seq).eq(1..=90));
    for ((mut heard, person), name) in heard.into_iter().zip(&mut people).zip(names) {
        heard.extend(person.seen());
        let told = |said: &Said| match said.by == name {
            true => stored("#tea", said.seq),
            false => Seen::Message(said.clone()).told_by(person.kind()),
        };
        assert_eq!(heard, history.iter().map(told).collect::<Vec<_>>(), "{name}");
        let own = history.iter().filter(|said| said.by == name).map(|said| said.text.clone());
        assert!(own.eq((0..LINES).map(|line| format!("{name} {line}"))), "{name} is in its own order");
    }
}
