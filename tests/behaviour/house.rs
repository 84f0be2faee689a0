//! A server and people on it, each connected by a protocol that carries every command and event.

use chat_server::chat::Refusal;
use chat_server::protocol::Reference;
use chat_server::protocol::json::{Object, Request, encode};
use serde_json::Value;

use super::ask;
use crate::support::{Program, Running, Server};

/// The connections over which the suite runs.
#[derive(Clone, Copy)]
pub enum Transport {
    /// Lines of JSON over TCP.
    Json,
}

/// A server, and the transport over which people connect.
pub struct House {
    server: Server,
    running: Option<Running>,
    transport: Transport,
}

impl House {
    pub fn new(transport: Transport) -> House {
        House::with(transport, "")
    }

    pub fn with(transport: Transport, settings: &str) -> House {
        let server = Server::with(settings);
        let running = Some(server.start());
        House { server, running, transport }
    }

    /// Restarts the server cleanly. All connections end.
    pub fn restart(&mut self) {
        self.running.take().expect("it runs").stop();
        self.running = Some(self.server.start());
    }

    /// Kills the server and starts it again.
    pub fn crash(&mut self) {
        self.running.take().expect("it runs").kill();
        self.running = Some(self.server.start());
    }

    /// The code that makes the first operator.
    pub fn operator_code(&self) -> String {
        self.running().operator_code.clone().expect("a new server prints a code")
    }

    /// A connection that is not logged in.
    pub fn visitor(&self) -> Visitor {
        match self.transport {
            Transport::Json => Visitor(Client(self.running().program())),
        }
    }

    /// A new account.
    pub fn register(&self, name: &str) -> Person {
        self.visitor().enter(ask::register(name, &password_of(name))).ok().expect("let in").0
    }

    /// New accounts, which have received and dropped everything so far.
    pub fn register_all<const N: usize>(&self, names: [&str; N]) -> [Person; N] {
        let mut people = names.map(|name| self.register(name));
        people.iter_mut().for_each(Person::forget);
        people
    }

    /// Another connection of an account, without the events of its login.
    pub fn log_in(&self, name: &str) -> Person {
        self.come_back(name).0
    }

    /// Another connection of an account, with the events of its login.
    #[track_caller]
    pub fn come_back(&self, name: &str) -> (Person, Vec<Object>) {
        let entered = self.visitor().enter(ask::log_in(name, &password_of(name)));
        entered.unwrap_or_else(|(_, code)| panic!("{name}: {code}"))
    }

    pub fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs")
    }
}

/// The password of an account that [`House::register`] created.
pub fn password_of(name: &str) -> String {
    format!("password-of-{name}")
}

/// The code of the refusal, if the answer is only a refusal.
pub fn code_of(answer: &[Object]) -> Option<&'static str> {
    match answer {
        [Object::Event(chat_server::chat::Event::Refused(refusal))] => Some(Refusal::code(refusal)),
        [Object::Wrong(wrong)] => Some(wrong.code),
        _ => None,
    }
}

/// A connection of one of the protocols.
struct Client(Program);

/// The reference of all requests. One is enough, because each answer is read before the next request is sent.
const REFERENCE: &str = "asked";

impl Client {
    fn send(&mut self, request: &Request) {
        let mut line = Vec::new();
        encode(request, Reference::of(REFERENCE).as_ref(), &mut line);
        self.0.send_bytes(&line);
    }

    /// All objects that the server has sent so far.
    fn seen(&mut self) -> Vec<Object> {
        self.0.sync().into_iter().map(|object| decode(object).1).collect()
    }

    /// All objects to the end of the connection.
    fn rest(&mut self) -> Vec<Object> {
        self.0.rest().into_iter().map(|object| decode(object).1).collect()
    }

    /// The objects that follow a request: exactly one answer, ahead of the other events that the request leads to.
    #[track_caller]
    fn answer(objects: Vec<Value>) -> Vec<Object> {
        let objects: Vec<(bool, Object)> = objects.into_iter().map(decode).collect();
        let answers = objects.iter().filter(|(is_answer, _)| *is_answer).count();
        assert_eq!(answers, 1, "{objects:#?}");
        objects.into_iter().map(|(_, object)| object).collect()
    }
}

/// Whether an object is the answer, and the decoded object with every moment replaced.
fn decode(mut object: Value) -> (bool, Object) {
    without_times(&mut object);
    let (reference, object) = match Object::decode(object.to_string().as_bytes()) {
        Ok(decoded) => decoded,
        Err(wrong) => panic!("{object}: {wrong:?}"),
    };
    (reference.is_some_and(|reference| reference.as_str() == REFERENCE), object)
}

/// Replaces every moment by [`SOME_TIME`](super::seen::SOME_TIME), since moments differ from run to run, and every number of
/// a room by [`SOME_ROOM`](super::seen::SOME_ROOM).
fn without_times(value: &mut Value) {
    if let Some(id) = value.get_mut("room_id").filter(|id| id.is_number()) {
        *id = 0.into();
    }
    if let Some(Value::Array(ids)) = value.get_mut("room_ids") {
        ids.fill(0.into());
    }
    match value {
        Value::String(text) if is_moment(text) => *text = "1970-01-01T00:00:00.000Z".to_owned(),
        Value::Array(values) => values.iter_mut().for_each(without_times),
        Value::Object(fields) => {
            fields.iter_mut().for_each(|(name, value)| match name.as_str() {
                "idle_s" => *value = 0.into(),
                _ => without_times(value),
            });
        }
        _ => {}
    }
}

fn is_moment(text: &str) -> bool {
    let shape: String = text.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
    shape == "0000-00-00T00:00:00.000Z"
}

/// A connection that is not logged in.
pub struct Visitor(Client);

impl Visitor {
    /// Logs in or registers; returns the events of the login, or the visitor with the code of the refusal.
    pub fn enter(mut self, request: Request) -> Result<(Person, Vec<Object>), (Visitor, &'static str)> {
        self.0.send(&request);
        let answer = self.0.0.next().expect("an answer");
        let (is_answer, object) = decode(answer);
        assert!(is_answer, "{object:?}");
        let mut seen = vec![object];
        if let Some(code) = code_of(&seen) {
            return Err((self, code));
        }
        seen.extend(self.0.seen());
        Ok((Person { client: self.0, news: Vec::new() }, seen))
    }

    /// Asserts that a login is refused with this code.
    #[track_caller]
    pub fn refused(self, request: Request, code: &str) -> Visitor {
        match self.enter(request) {
            Ok((_, seen)) => panic!("let in: {seen:#?}"),
            Err((visitor, found)) => {
                assert_eq!(found, code);
                visitor
            }
        }
    }

    /// All objects to the end of the connection.
    pub fn rest(mut self) -> Vec<Object> {
        self.0.rest()
    }
}

/// A logged-in connection.
pub struct Person {
    client: Client,
    /// Received objects that the test has not taken.
    news: Vec<Object>,
}

impl Person {
    /// Takes the objects received so far, except answers.
    pub fn seen(&mut self) -> Vec<Object> {
        let mut news = std::mem::take(&mut self.news);
        news.extend(self.client.seen());
        news
    }

    /// Asserts that exactly these objects were received, except answers.
    #[track_caller]
    pub fn sees<const N: usize>(&mut self, expected: [Object; N]) {
        check(&self.seen(), &expected);
    }

    pub fn forget(&mut self) {
        self.seen();
    }

    /// Sends a request; returns its answer and the events behind it. Earlier objects are kept for [`Person::seen`].
    #[track_caller]
    pub fn answer(&mut self, request: Request) -> Vec<Object> {
        self.news.extend(self.client.seen());
        self.client.send(&request);
        Client::answer(self.client.0.sync())
    }

    /// Sends a request; returns all objects up to its answer and the events behind it, in their order.
    #[track_caller]
    pub fn hears(&mut self, request: Request) -> Vec<Object> {
        let mut seen = std::mem::take(&mut self.news);
        self.client.send(&request);
        seen.extend(Client::answer(self.client.0.sync()));
        seen
    }

    /// Sends a request, asserts that it is not refused, and returns the answer.
    #[track_caller]
    pub fn does(&mut self, request: Request) -> Vec<Object> {
        let text = format!("{request:?}");
        let answer = self.answer(request);
        assert_eq!(code_of(&answer), None, "{text}");
        answer
    }

    /// Asserts the answer to a request, and the events behind it.
    #[track_caller]
    pub fn gets<const N: usize>(&mut self, request: Request, expected: [Object; N]) {
        check(&self.answer(request), &expected);
    }

    /// Asserts that a request is refused with this code.
    #[track_caller]
    pub fn is_refused(&mut self, request: Request, code: &str) {
        let text = format!("{request:?}");
        let answer = self.answer(request);
        assert_eq!(code_of(&answer), Some(code), "{text}: {answer:#?}");
    }

    /// The answer as sent on the wire, without times.
    pub fn verbatim(&mut self, request: Request) -> Vec<String> {
        self.news.extend(self.client.seen());
        self.client.send(&request);
        let mut objects = self.client.0.sync();
        objects.iter_mut().for_each(without_times);
        objects.iter().map(ToString::to_string).collect()
    }

    /// Asserts the objects after a request that ends the connection.
    #[track_caller]
    pub fn ends_by<const N: usize>(mut self, request: Request, expected: [Object; N]) {
        self.forget();
        self.client.send(&request);
        check(&Client::answer(self.client.0.rest()), &expected);
    }

    pub fn quit(mut self) {
        self.client.send(&ask::quit());
        let seen = self.client.rest();
        assert!(matches!(seen.last(), Some(Object::Bye(bye)) if bye.reason == "quit"), "{seen:#?}");
    }

    /// Logs out, and asserts the number of messages sent in the session; the connection stays.
    #[track_caller]
    pub fn log_out(mut self, sent: u64) -> Visitor {
        self.forget();
        self.client.send(&ask::log_out());
        let mut next = || decode(self.client.0.next().expect("the connection stays"));
        assert_eq!(next(), (true, Object::LoggedOut { sent }));
        let (_, greeting) = next();
        assert!(matches!(greeting, Object::Hello { .. }), "{greeting:?}");
        Visitor(self.client)
    }

    /// All objects that were not taken, to the end of the connection.
    pub fn rest(mut self) -> Vec<Object> {
        self.news.extend(self.client.rest());
        self.news
    }
}

/// Compares by `Debug` too, because names are equal regardless of case.
#[track_caller]
fn check(seen: &[Object], expected: &[Object]) {
    assert_eq!(seen, expected);
    assert_eq!(format!("{seen:#?}"), format!("{expected:#?}"));
}
