//! Behaviour that depends on the time, in the core alone, where the test sets the clock.

use chat_server::address::Address;
use chat_server::chat::{
    Answer, Chat, ChatLimits, ClientId, Code, Command, Delivery, Effects, EnteredRoom, Event, Facts, INVITATION_BYTES,
    Input, Origin, PasswordHash, Query, Refusal, RoomId, ShownRoom, Snapshot, Text, Timestamp, Visibility,
};

use super::ask::{name, room};

/// The core alone, with some people connected.
struct Alone {
    chat: Chat,
    now: Timestamp,
    people: Vec<String>,
}

impl Alone {
    /// A new chat in which `people` have registered, in this order.
    fn with(limits: ChatLimits, people: &[&str]) -> Alone {
        let now = Timestamp(1_700_000_000_000);
        let people: Vec<String> = people.iter().map(|text| (*text).to_owned()).collect();
        let mut alone = Alone { chat: Chat::load(limits, Snapshot::default()), now, people };
        alone.chat.found(now, &mut Effects::default());
        for person in alone.people.clone() {
            let address = Address::parse("127.0.0.1").expect("an address");
            let hash = PasswordHash("!".into());
            alone.handle(
                &person,
                Input::Register { name: name(&person), hash, code: None, origin: Origin::text(address) },
            );
        }
        alone
    }

    /// The answer when `person` sends a command.
    fn ask(&mut self, person: &str, command: Command) -> Event {
        let answers = self.handle(person, Input::Command(command, Facts::default()));
        let [Answer::Event(event) | Answer::Entered(event, _)] = &answers[..] else { panic!("{answers:?}") };
        event.clone()
    }

    /// Advances the clock.
    fn pass_ms(&mut self, ms: i64) {
        self.now.0 += ms;
    }

    fn client(&self, person: &str) -> ClientId {
        ClientId(self.people.iter().position(|other| other == person).expect("a person in the chat") as u64)
    }

    fn handle(&mut self, person: &str, input: Input) -> Vec<Answer> {
        let (client, mut effects) = (self.client(person), Effects::default());
        self.chat.handle(self.now, client, input, &mut effects);
        self.chat.settle();
        let answers = effects.deliveries.into_iter().filter_map(|delivery| match delivery {
            Delivery::Answer(_, answer) => Some(answer),
            Delivery::Event(..) | Delivery::End(..) => None,
        });
        answers.collect()
    }
}

#[test]
fn a_ban_ends_by_itself() {
    let mut alone = Alone::with(ChatLimits::default(), &["ann", "bob"]);
    let tea = || room("#tea");
    alone.ask("ann", Command::Create { name: name("tea"), visibility: Visibility::Public });
    let why = Text::from("calm down");
    alone.ask("ann", Command::Ban { who: name("bob"), room: None, seconds: Some(60), why });
    alone.pass_ms(59_999);
    let refused = alone.ask("bob", Command::Join { room: tea(), visibility: None });
    assert!(matches!(refused, Event::Refused(Refusal::Banned { .. })), "{refused:?}");
    alone.pass_ms(1);
    let bans = alone.chat.ask(alone.now, alone.client("ann"), &Query::Bans { room: None, page: 1 });
    assert_eq!(
        bans,
        Answer::Event(Event::Bans {
            room: Some(ShownRoom { id: RoomId(2), label: tea() }),
            rows: Vec::new(),
            total: 0,
            page: 1,
            pages: 1,
        })
    );
    assert!(has_entered(&alone.ask("bob", Command::Join { room: tea(), visibility: None })));
    let lifted = alone.ask("ann", Command::Unban { who: name("bob"), room: None });
    assert_eq!(lifted, Event::Refused(Refusal::NoSuchBan));
}

/// A chat in which ann has the private room den, of which bob is not a member; an invitation lasts an hour.
fn with_a_private_room() -> Alone {
    let mut alone = Alone::with(ChatLimits { invitation_lifetime_s: 3600, ..ChatLimits::default() }, &["ann", "bob"]);
    alone.ask("ann", Command::Create { name: name("den"), visibility: Visibility::Private });
    alone
}

fn accept(alone: &mut Alone, what: &str) -> Event {
    alone.ask("bob", Command::Accept { what: Some(name(what)), by: None })
}

fn has_entered(event: &Event) -> bool {
    matches!(event, Event::Entered(EnteredRoom { joined: true, .. }))
}

fn is_refused(event: &Event) -> bool {
    matches!(event, Event::Refused(Refusal::NoSuchInvitation { .. }))
}

#[test]
fn an_invitation_lasts_its_time_to_the_millisecond() {
    let invite = || Command::Invite { who: name("bob"), room: Some(room("#den")) };
    let mut alone = with_a_private_room();
    alone.ask("ann", invite());
    alone.pass_ms(3_600_000);
    assert!(is_refused(&accept(&mut alone, "den")));
    let joined = alone.ask("bob", Command::Join { room: room("#den"), visibility: None });
    assert!(matches!(joined, Event::Refused(Refusal::NoSuchRoom { .. })), "{joined:?}");
    alone.ask("ann", invite());
    alone.pass_ms(3_599_999);
    // A second invitation has its full lifetime.
    alone.ask("ann", invite());
    alone.pass_ms(3_599_999);
    assert!(has_entered(&accept(&mut alone, "den")));
}

#[test]
fn a_code_lasts_its_time_to_the_millisecond() {
    let code = |byte: u8| Code::invitation([byte; INVITATION_BYTES]);
    let make = |code: Code| Command::InviteByCode { room: None, code };
    let mut alone = with_a_private_room();
    alone.ask("ann", make(code(1)));
    alone.pass_ms(3_600_000);
    assert!(is_refused(&accept(&mut alone, code(1).as_str())));
    alone.ask("ann", make(code(2)));
    alone.pass_ms(3_599_999);
    assert!(has_entered(&accept(&mut alone, code(2).as_str())));
}

#[test]
fn wrong_codes_are_forgiven_after_ten_minutes() {
    let mut alone = with_a_private_room();
    let code = Code::invitation([3; INVITATION_BYTES]);
    alone.ask("ann", Command::InviteByCode { room: None, code: code.clone() });
    for _ in 0..5 {
        assert!(is_refused(&accept(&mut alone, "maple-otter-11")));
    }
    alone.pass_ms(599_999);
    assert_eq!(accept(&mut alone, code.as_str()), Event::Refused(Refusal::TooManyCodes));
    alone.pass_ms(1);
    assert!(has_entered(&accept(&mut alone, code.as_str())));
}
