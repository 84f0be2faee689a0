//! Messages: their recipients, their order, and what is refused.

use std::thread;

use chat_server::chat::{Event, Message, RoomChange, Text};
use chat_server::protocol::json::Object;

use super::ask;
use super::house::{House, Person, Transport};
use super::seen::{action, changed, done, has_joined, joined, message, stored, whole_history};

over_each_transport! {
    a_message_reaches_every_member_once
    an_action_is_shown_as_an_action
    a_text_arrives_as_it_was
    the_other_connections_of_the_sender_see_what_it_said
    numbers_are_counted_by_room
    too_long_a_text_is_said_to_nobody
    a_text_of_which_nothing_shows_is_refused_wherever_it_would_be_shown
    marks_on_one_character_are_bounded_wherever_they_are_shown
    nobody_talks_in_a_room_from_outside
    all_see_one_order
}

fn a_message_reaches_every_member_once(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob, mut cho] = house.register_all(["ann", "bob", "cho"]);
    ann.does(ask::create("tea"));
    bob.gets(ask::join("#tea"), [joined("#tea", "ann", 0)]);
    ann.forget();
    ann.gets(ask::say("#tea", "hello there"), [stored("#tea", 1)]);
    bob.sees([message(1, "#tea", "ann", "hello there")]);
    bob.sees([]);
    ann.sees([]);
    cho.sees([]);
}

fn an_action_is_shown_as_an_action(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    bob.gets(ask::act("#tea", "waves"), [stored("#tea", 1)]);
    ann.sees([has_joined("#tea", "bob"), action(1, "#tea", "bob", "waves")]);
    let page = whole_history("#tea", &[done(1, "#tea", "bob", "waves")]);
    ann.gets(ask::history("#tea"), [page]);
}

fn a_text_arrives_as_it_was(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let texts =
        ["two  spaces", r#"a "quoted" \ word"#, "/quit", "ünï 👋 日本", "{\"type\":\"quit\"}", "-- bob left #tea."];
    for (text, number) in texts.into_iter().zip(2..) {
        ann.gets(ask::say("#general", text), [stored("#general", number)]);
        bob.sees([message(number, "#general", "ann", text)]);
    }
    let longest = "x".repeat(2000);
    ann.gets(ask::say("#general", &longest), [stored("#general", 8)]);
    bob.sees([message(8, "#general", "ann", &longest)]);
}

fn a_text_of_which_nothing_shows_is_refused_wherever_it_would_be_shown(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    [&mut ann, &mut bob].into_iter().for_each(Person::forget);
    for blank in ["\u{200b}", "\u{2800} \u{3164}", "\u{ad}\u{fe0f}", "\u{301}"] {
        ann.is_refused(ask::say("#tea", blank), "empty_text");
        ann.is_refused(ask::act("#tea", blank), "empty_text");
        ann.is_refused(ask::say("@bob", blank), "empty_text");
        ann.is_refused(ask::set_topic("#tea", blank), "empty_text");
        ann.is_refused(ask::away(blank), "empty_text");
        ann.is_refused(ask::kick("#tea", "bob", blank), "empty_text");
        ann.is_refused(ask::ban("#tea", "bob", blank), "empty_text");
    }
    bob.sees([]);
}

fn marks_on_one_character_are_bounded_wherever_they_are_shown(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    bob.does(ask::join("#tea"));
    [&mut ann, &mut bob].into_iter().for_each(Person::forget);
    let (pile, kept) = (format!("Z{}", "\u{300}".repeat(100)), format!("Z{}\u{fffd}", "\u{300}".repeat(8)));
    ann.does(ask::say("#tea", &pile));
    bob.sees([message(1, "#tea", "ann", &kept)]);
    ann.gets(
        ask::set_topic("#tea", &pile),
        [changed("#tea", Some("ann"), RoomChange::Topic(Some(Text::from(&*kept))))],
    );
}

fn the_other_connections_of_the_sender_see_what_it_said(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    let mut elsewhere = house.log_in("ann");
    ann.does(ask::say("#general", "hello"));
    ann.does(ask::say("@bob", "psst"));
    elsewhere.sees([message(2, "#general", "ann", "hello"), message(1, "@bob", "ann", "psst")]);
    bob.sees([message(2, "#general", "ann", "hello"), message(1, "@ann", "ann", "psst")]);
    ann.sees([]);
}

fn numbers_are_counted_by_room(transport: Transport) {
    let mut house = House::new(transport);
    let [mut ann] = house.register_all(["ann"]);
    ann.does(ask::create("tea"));
    ann.does(ask::create("cake"));
    for number in 1..=3 {
        ann.gets(ask::say("#tea", "sip"), [stored("#tea", number)]);
        ann.gets(ask::say("#cake", "bite"), [stored("#cake", number)]);
    }
    house.restart();
    house.log_in("ann").gets(ask::say("#tea", "sip"), [stored("#tea", 4)]);
}

fn too_long_a_text_is_said_to_nobody(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.is_refused(ask::say("#general", &"x".repeat(2001)), "text_too_long");
    ann.is_refused(ask::say("@bob", &"ü".repeat(1001)), "text_too_long");
    ann.gets(ask::say("#general", "short"), [stored("#general", 2)]);
    bob.sees([message(2, "#general", "ann", "short")]);
    bob.is_refused(ask::history("@ann"), "no_such_room");
}

fn nobody_talks_in_a_room_from_outside(transport: Transport) {
    let house = House::new(transport);
    let [mut ann, mut bob] = house.register_all(["ann", "bob"]);
    ann.does(ask::create("tea"));
    bob.is_refused(ask::say("#tea", "hello"), "not_member");
    bob.is_refused(ask::say("#nowhere", "hello"), "no_such_room");
    ann.sees([]);
    bob.gets(ask::history("#tea"), [whole_history("#tea", &[])]);
}

fn all_see_one_order(transport: Transport) {
    const LINES: usize = 30;
    let house = House::new(transport);
    let mut people = house.register_all(["ann", "bob", "cho"]);
    people[0].does(ask::create("tea"));
    people[1].does(ask::join("#tea"));
    people[2].does(ask::join("#tea"));
    people.iter_mut().for_each(Person::forget);
    let names = ["ann", "bob", "cho"];
    let heard: Vec<Vec<Object>> = thread::scope(|scope| {
        let talk = |(person, name): (&'_ mut Person, &'static str)| {
            let mut heard = Vec::new();
            for line in 0..LINES {
                heard.extend(person.hears(ask::say("#tea", &format!("{name} {line}"))));
            }
            heard
        };
        let talking = people.iter_mut().zip(names).map(|pair| scope.spawn(move || talk(pair)));
        talking.collect::<Vec<_>>().into_iter().map(|talking| talking.join().expect("it talked")).collect()
    });
    let mut history = Vec::new();
    for first in [1, 46] {
        let page = people[0].does(ask::between("#tea", first, first + 44));
        let [Object::History { messages, last: 90, .. }] = &page[..] else { panic!("{page:#?}") };
        history.extend(messages.clone());
    }
    assert!(history.iter().map(|said| said.seq).eq(1..=90));
    for ((mut heard, person), name) in heard.into_iter().zip(&mut people).zip(names) {
        heard.extend(person.seen());
        let shown = |said: &Message| match said.author.as_str() == name {
            true => stored("#tea", said.seq),
            false => Event::Message(said.clone()).into(),
        };
        assert_eq!(heard, history.iter().map(shown).collect::<Vec<_>>(), "{name}");
        let own = history.iter().filter(|said| said.author.as_str() == name).map(|said| said.text.to_string());
        assert!(own.eq((0..LINES).map(|line| format!("{name} {line}"))), "{name} is in its own order");
    }
}
