//! A server with people in it, each connected through some front.

use super::asked::Ask;
use super::front::{Front, Secret};
use super::seen::{Kind, Seen, refused};
use crate::support::{Running, Server};

/// Through which fronts people connect.
#[derive(Clone, Copy)]
pub enum Cast {
    Text,
    Json,
    /// In turn, beginning with this one.
    Mixed(Kind),
}

/// A server, and through which fronts one connects to it.
pub struct House {
    server: Server,
    running: Option<Running>,
    cast: Cast,
    connected: usize,
}

impl House {
    pub fn new(cast: Cast) -> House {
        House::with(cast, "")
    }

    pub fn with(cast: Cast, settings: &str) -> House {
        let server = Server::with(settings);
        let running = Some(server.start());
        House { server, running, cast, connected: 0 }
    }

    /// Stops the server and starts it again. The connections are gone.
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

    /// Somebody at the door.
    pub fn visitor(&mut self) -> Visitor {
        let kind = match (self.cast, self.connected.is_multiple_of(2)) {
            (Cast::Text, _) | (Cast::Mixed(Kind::Text), true) | (Cast::Mixed(Kind::Json), false) => Kind::Text,
            (Cast::Json, _) | (Cast::Mixed(Kind::Json), true) | (Cast::Mixed(Kind::Text), false) => Kind::Json,
        };
        self.connected += 1;
        self.visitor_by(kind)
    }

    /// The same by a certain front.
    pub fn visitor_by(&self, kind: Kind) -> Visitor {
        match kind {
            Kind::Text => Visitor(Box::new(self.running().connect())),
            Kind::Json => Visitor(Box::new(self.running().program())),
        }
    }

    /// A new account.
    pub fn register(&mut self, name: &str) -> Person {
        let password = password_of(name);
        let (person, seen) = self.visitor().enter(true, name, Secret::Password(&password)).ok().expect("let in");
        assert_eq!(seen, [Seen::Registered { name: name.into(), room: "#general".into() }]);
        person
    }

    /// New accounts; none of them has anything left to be told.
    pub fn register_all<const N: usize>(&mut self, names: [&str; N]) -> [Person; N] {
        let mut people = names.map(|name| self.register(name));
        people.iter_mut().for_each(Person::forget);
        people
    }

    /// Another connection of an account; what it was told first is left out.
    pub fn log_in(&mut self, name: &str) -> Person {
        self.come_back(name).0
    }

    /// The same with what it was told.
    pub fn come_back(&mut self, name: &str) -> (Person, Vec<Seen>) {
        let password = password_of(name);
        self.visitor()
            .enter(false, name, Secret::Password(&password))
            .unwrap_or_else(|(_, code)| panic!("{name}: {code}"))
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs")
    }
}

/// The password of an account that [`House::register`] made.
pub fn password_of(name: &str) -> String {
    format!("password-of-{name}")
}

/// A connection on which nobody is logged in.
pub struct Visitor(Box<dyn Front + Send>);

impl Visitor {
    /// Logs in, or registers; what is told then. Whoever is refused is still at the door, with the code.
    pub fn enter(mut self, is_new: bool, name: &str, secret: Secret) -> Result<(Person, Vec<Seen>), (Visitor, String)> {
        let seen = self.0.enter(is_new, name, secret);
        match &seen[..] {
            [Seen::Refused(code)] => Err((self, code.clone())),
            _ => Ok((Person { front: self.0, news: Vec::new() }, seen)),
        }
    }

    /// The code of the refusal, and the visitor.
    #[track_caller]
    pub fn refused(self, is_new: bool, name: &str, secret: Secret, code: &str) -> Visitor {
        match self.enter(is_new, name, secret) {
            Ok((_, seen)) => panic!("let in: {seen:#?}"),
            Err((visitor, found)) => {
                assert_eq!(found, code);
                visitor
            }
        }
    }

    /// What is told to the end of the connection.
    pub fn rest(mut self) -> Vec<Seen> {
        self.0.rest()
    }
}

/// Somebody who is logged in.
pub struct Person {
    front: Box<dyn Front + Send>,
    /// What was told and not looked at.
    news: Vec<Seen>,
}

impl Person {
    pub fn kind(&self) -> Kind {
        self.front.kind()
    }

    /// What was told since the last look, but for answers.
    pub fn seen(&mut self) -> Vec<Seen> {
        let mut news = std::mem::take(&mut self.news);
        news.extend(self.front.seen());
        news
    }

    /// Nothing else than this was told since the last look.
    #[track_caller]
    pub fn sees<const N: usize>(&mut self, expected: [Seen; N]) {
        let seen = self.seen();
        self.check(&seen, expected);
    }

    pub fn forget(&mut self) {
        self.seen();
    }

    /// Asks for something; the answer. What came before is kept for [`Person::seen`].
    pub fn answer(&mut self, ask: Ask) -> Vec<Seen> {
        self.news.extend(self.front.seen());
        self.front.ask(&ask)
    }

    /// Asks for something; all that was told since the last look and up to the end of the answer, in its order.
    pub fn hears(&mut self, ask: Ask) -> Vec<Seen> {
        let mut seen = std::mem::take(&mut self.news);
        seen.extend(self.front.ask(&ask));
        seen
    }

    /// Asks for something that is done; the answer.
    #[track_caller]
    pub fn does(&mut self, ask: Ask) -> Vec<Seen> {
        let answer = self.answer(ask);
        let is_refused = answer.iter().any(|seen| matches!(seen, Seen::Refused(_)));
        assert!(!answer.is_empty() && !is_refused, "{ask:?}: {answer:#?}");
        answer
    }

    /// Asks for something and gets this.
    #[track_caller]
    pub fn gets<const N: usize>(&mut self, ask: Ask, expected: [Seen; N]) {
        let answer = self.answer(ask);
        self.check(&answer, expected);
    }

    /// Asks for something and is refused.
    #[track_caller]
    pub fn is_refused(&mut self, ask: Ask, code: &str) {
        assert_eq!(self.answer(ask), [refused(code)], "{ask:?}");
    }

    /// The answer as it came, without times.
    pub fn verbatim(&mut self, ask: Ask) -> Vec<String> {
        self.news.extend(self.front.seen());
        self.front.verbatim(&ask)
    }

    /// Asks for something that ends the connection, and gets this last.
    #[track_caller]
    pub fn ends_by<const N: usize>(mut self, ask: Ask, expected: [Seen; N]) {
        self.forget();
        let seen = self.front.ask_last(&ask);
        self.check(&seen, expected);
    }

    pub fn quit(self) {
        let mut front = self.front;
        let seen = front.ask_last(&Ask::Quit);
        assert!(matches!(seen.last(), Some(Seen::Bye { how, .. }) if how == "quit"), "{seen:#?}");
    }

    /// Ends the session; what is told then.
    pub fn log_out(mut self) -> (Visitor, Vec<Seen>) {
        self.forget();
        let seen = self.front.log_out();
        (Visitor(self.front), seen)
    }

    /// What was told since the last look, to the end of the connection.
    pub fn rest(mut self) -> Vec<Seen> {
        self.news.extend(self.front.rest());
        self.news
    }

    #[track_caller]
    fn check<const N: usize>(&self, seen: &[Seen], expected: [Seen; N]) {
        let expected = expected.map(|seen| seen.told_by(self.front.kind()));
        assert_eq!(seen, expected);
    }
}
