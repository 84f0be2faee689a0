//! One client's thread: reads, decodes lines, makes commands of them, and does the slow work of this client (password
//! hashes, pages of history) so that the broker need not.

mod login_throttle;
mod pace;
mod input;
mod output;
mod page;
mod session;
mod auth;
mod text;
mod json;

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::Builder;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

pub use auth::Entered;
pub use input::{Input, InputEvent};
pub use login_throttle::{LoginLimits, LoginThrottle};
use output::WRITE_TIMEOUT;
pub use output::{Output, Unreachable};
pub use pace::{AccountPaces, Pace, PaceLimits};
pub use session::{Asked, Session, SessionEnd};

use text::RecentSecrets;

use crate::broker::{Greeting, Request};
use crate::chat::ClientId;
use crate::net::{Connection, LINGER};
use crate::password::Hasher;
use crate::protocol::{Clock, Protocol};
use crate::reason::Reason;
use crate::shutdown::{Quit, Running};
use crate::store::Reader;

/// The stack of a client's thread. Only what is touched costs memory; SQLite and the password hash run on it, and a panic
/// that prints where it came from needs more than 128 KiB.
const STACK_BYTES: usize = 256 * 1024;

/// How long to drain the input of a session that is over. The broker sends what is left meanwhile, which takes no longer
/// than the flusher waits for a reader, and then closes.
const OVER_TIMEOUT: Duration = Duration::from_secs(12);

/// The parts that all clients' threads share.
#[derive(Debug)]
pub struct Services {
    /// To the broker.
    pub inbox: Sender<Request>,
    /// For reading accounts and history.
    pub reader: Reader,
    /// For password hashes.
    pub hasher: Hasher,
    /// Bounds on wrong passwords and new accounts.
    pub throttle: LoginThrottle,
    /// What greetings tell.
    pub greeting: Arc<Greeting>,
    /// The server's zone.
    pub clock: Clock,
    /// Whether the server stops.
    pub quit: Quit,
    /// The server's name, for the greeting.
    pub server_name: String,
    /// How fast lines may come.
    pub pace: PaceLimits,
    /// The rate limiters of accounts.
    pub accounts: AccountPaces,
    /// The time for logging in.
    pub login_timeout: Duration,
    /// How many lines without a login a client may send before it is cut.
    pub login_bad_lines_max: u64,
    /// Most bytes that may wait for one client.
    pub outbox_max_bytes: usize,
    /// Longest line.
    pub line_max_bytes: usize,
    /// Longest line of a program.
    pub json_line_max_bytes: usize,
    /// A line longer than this ends the connection.
    pub line_cut_bytes: usize,
    /// Longest message.
    pub message_max_bytes: u64,
    /// Most messages of one page of history.
    pub history_page_max: u64,
}

/// How the clients of a protocol are served by their threads: the incoming side, beside its [`Protocol`].
pub trait Conversation: Send + Sync + std::fmt::Debug {
    /// How it encodes.
    fn protocol(&self) -> &'static dyn Protocol;

    /// How its input becomes lines.
    fn input(&self, connection: Arc<Connection>, services: &Services) -> Input;

    /// Serves a connection until it is logged in; `Err` is the reason for which it ends instead. The time for it runs from
    /// `started`, however slowly bytes come. The thread owns both directions; the broker does not know the connection.
    fn log_in(&self, client: &mut Client, started: Instant) -> Result<Session, Reason>;

    /// Serves a session until it ends. The writing side is the broker's.
    fn serve(&self, client: &mut Client, session: &mut Session) -> SessionEnd;
}

/// Every conversation of the server, one for each of [`PROTOCOLS`](crate::protocol::PROTOCOLS).
pub static CONVERSATIONS: [&dyn Conversation; 2] = [&text::People, &json::Programs];

/// One connection and its thread.
pub struct Client<'a> {
    protocol: &'static dyn Protocol,
    connection: Arc<Connection>,
    services: &'a Services,
    input: Input,
    /// What a person typed at the last prompts.
    recent: RecentSecrets,
    /// Whether what the thread sends next to the broker shows that the client has read what was delivered before. Once for
    /// each line for which [`Input::is_act`].
    is_act: Rc<Cell<bool>>,
    /// Whether the writing side of the connection is this thread's. It is the broker's from the moment at which a session
    /// is asked for, until that is refused or the session has ended by a logout.
    is_writer: &'a Cell<bool>,
}

/// Starts the thread of a connection. Fails if the system gives none.
pub fn spawn(
    conversation: &'static dyn Conversation,
    connection: Arc<Connection>,
    services: Arc<Services>,
    running: Running,
) -> io::Result<()> {
    let thread = Builder::new().name(format!("client {}", connection.number())).stack_size(STACK_BYTES);
    thread.spawn(move || {
        let _running = running;
        let is_writer = Cell::new(true);
        // A fault in one connection ends that connection. What it shares is sound: the broker gets whole requests, and
        // nothing is left half done under the locks.
        let served = catch_unwind(AssertUnwindSafe(|| serve(conversation, &connection, &services, &is_writer)));
        if served.is_err() {
            log::error!("a fault ended a connection client={}", connection.number());
            match is_writer.get() {
                true => close(&connection, Reason::Fault),
                false => {
                    let _ = services.inbox.send(Request::Close(ClientId(connection.number()), Reason::Fault));
                    connection.drain(Instant::now() + OVER_TIMEOUT);
                }
            }
        }
    })?;
    Ok(())
}

fn serve(
    conversation: &'static dyn Conversation,
    connection: &Arc<Connection>,
    services: &Services,
    is_writer: &Cell<bool>,
) {
    let (protocol, input) = (conversation.protocol(), conversation.input(connection.clone(), services));
    let is_act = Rc::new(Cell::new(true));
    let mut client = Client {
        protocol,
        connection: connection.clone(),
        services,
        input,
        recent: RecentSecrets::default(),
        is_act,
        is_writer,
    };
    let mut started = connection.since();
    loop {
        let ended = match conversation.log_in(&mut client, started) {
            Ok(mut session) => {
                client.input.pace.enter(&services.accounts, &session.name, Instant::now());
                let ended = conversation.serve(&mut client, &mut session);
                client.input.pace.leave();
                ended
            }
            Err(reason) => return close(connection, reason),
        };
        match ended {
            SessionEnd::LoggedOut => started = Instant::now(),
            SessionEnd::Over => {
                connection.drain(Instant::now() + OVER_TIMEOUT);
                let _ = services.inbox.send(Request::Gone(client.id()));
                return;
            }
        }
    }
}

/// Ends a connection whose writing side is the calling thread's: says why, and lets the peer read it.
fn close(connection: &Connection, reason: Reason) {
    connection.finish(reason, Instant::now() + WRITE_TIMEOUT);
    connection.drain(Instant::now() + LINGER);
}

impl Client<'_> {
    /// The input of the client.
    pub fn input(&mut self) -> &mut Input {
        &mut self.input
    }

    /// Where the thread puts bytes for its client before the login.
    pub fn output(&self) -> Output {
        Output::Own(self.connection.clone())
    }

    /// The same while logged in: through the outbox in the broker.
    pub fn session_output(&self) -> Output {
        Output::Broker(self.id(), self.services.inbox.clone(), self.is_act.clone())
    }

    /// Why the conversation before the login is over.
    pub fn reason_of(&self, over: &InputEvent) -> Reason {
        match over {
            _ if self.connection.ending() == Some(Reason::Stopping) => Reason::Stopping,
            InputEvent::TimedOut => Reason::LoginTimeout,
            InputEvent::Overlong => Reason::LineTooLong,
            InputEvent::Flooding => Reason::Flooding,
            InputEvent::End => Reason::EndOfInput,
            InputEvent::Foreign(_) => Reason::WrongProtocol,
            _ => Reason::Lost,
        }
    }
}
