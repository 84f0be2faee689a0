//! A chat without a server, for what depends on the time: the test says what time it is.

use chat_server::address::Address;
use chat_server::chat::{
    Chat, ClientId, Command, Delivery, Effects, Event, Input, Limits, Name, Origin, PasswordHash, Snapshot, Timestamp,
};

/// The core by itself, with some people connected.
pub struct Alone {
    chat: Chat,
    now: Timestamp,
    people: Vec<String>,
}

/// The name in `text`.
pub fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

impl Alone {
    /// A new chat in which `people` have registered, in this order.
    pub fn with(limits: Limits, people: &[&str]) -> Alone {
        let now = Timestamp(1_700_000_000_000);
        let people: Vec<String> = people.iter().map(|text| (*text).to_owned()).collect();
        let mut alone = Alone { chat: Chat::load(limits, Snapshot::default()), now, people };
        alone.chat.found(now, &mut Effects::default());
        for person in alone.people.clone() {
            let address = Address::parse("127.0.0.1").expect("an address");
            let hash = PasswordHash("!".into());
            alone.handle(&person, Input::Register { name: name(&person), hash, origin: Origin::text(address) });
        }
        alone
    }

    /// What everybody together is told when `person` asks for something.
    pub fn ask(&mut self, person: &str, command: Command) -> Vec<Event> {
        self.handle(person, Input::Command(command))
    }

    /// Lets time go by.
    pub fn pass_ms(&mut self, ms: i64) {
        self.now.0 += ms;
    }

    fn handle(&mut self, person: &str, input: Input) -> Vec<Event> {
        let client = self.people.iter().position(|other| other == person).expect("a person in the chat") as u64;
        let mut effects = Effects::default();
        self.chat.handle(self.now, ClientId(client), input, &mut effects);
        let events = effects.deliveries.into_iter().filter_map(|delivery| match delivery {
            Delivery::Event(_, event) => Some(event),
            Delivery::Grant(..) | Delivery::End(..) => None,
        });
        events.collect()
    }
}
