//! One client's thread: reads, cuts lines, makes commands of them, and does the slow work of this client (password
//! hashes, pages of history) so that the broker need not.

mod guard;
mod incoming;
mod outlet;
mod page;
mod session;
mod entrance;
mod text;
mod json;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::Builder;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

pub use guard::{Guard, TryLimits};
use incoming::{Arrival, Incoming};
use session::{Session, SessionEnd};

use crate::broker::{Gone, Request};
use crate::chat::{ClientId, Front};
use crate::net::{Link, Rate, Reason, Voice};
use crate::password::Hasher;
use crate::protocol::text::Clock;
use crate::shutdown::{Quit, Running};
use crate::store::Reader;

/// The stack of a client's thread. Only what is touched costs memory; SQLite and the password hash run on it, and a panic
/// that prints where it came from needs more than 128 KiB.
const STACK_BYTES: usize = 256 * 1024;

/// How long what a stranger still sends is read and forgotten, so that it gets to read why it was cut.
const LAST_WORD: Duration = Duration::from_secs(1);

/// How long a connection that is over may take to be closed by both sides.
const LINGER: Duration = Duration::from_secs(12);

/// What all clients' threads share.
#[derive(Debug)]
pub struct Services {
    /// To the broker.
    pub inbox: Sender<Request>,
    /// For reading accounts and history.
    pub reader: Reader,
    /// For password hashes.
    pub hasher: Hasher,
    /// Bounds on tries.
    pub guard: Guard,
    /// How many people are online.
    pub people: Arc<AtomicUsize>,
    /// The server's zone.
    pub clock: Clock,
    /// Whether the server stops.
    pub quit: Quit,
    /// The server's name, for the greeting.
    pub server_name: String,
    /// How fast lines may come.
    pub rate: Rate,
    /// After how many delayed lines in a row a client is cut.
    pub flood_max_lines: u64,
    /// The time for logging in.
    pub login_timeout: Duration,
    /// After how many lines without a login a client is cut.
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

/// One connection and its thread.
struct Connection<'a> {
    front: Front,
    link: Arc<Link>,
    services: &'a Services,
    incoming: Incoming,
}

/// How a front says the last line of a connection.
pub fn voice(front: Front) -> Voice {
    match front {
        Front::Text => text::VOICE,
        Front::Json => json::VOICE,
    }
}

/// Starts the thread of a connection. Fails if the system gives none.
pub fn spawn(front: Front, link: Arc<Link>, services: Arc<Services>, running: Running) -> io::Result<()> {
    let thread = Builder::new().name(format!("client {}", link.number())).stack_size(STACK_BYTES);
    thread.spawn(move || {
        let _running = running;
        // A fault in one connection ends that connection. What it shares is sound: the broker gets whole requests, and
        // nothing is left half done under the locks.
        let served = catch_unwind(AssertUnwindSafe(|| serve(front, &link, &services)));
        if served.is_err() {
            log::error!("a fault ended a connection client={}", link.number());
            link.end(Reason::Fault);
            link.shut();
            let _ = services.inbox.send(Request::Gone(ClientId(link.number()), Gone::Closed));
        }
    })?;
    Ok(())
}

fn serve(front: Front, link: &Arc<Link>, services: &Services) {
    let incoming = match front {
        Front::Text => Incoming::from_person(link.clone(), services.line_max_bytes, services.line_cut_bytes),
        Front::Json => Incoming::from_program(link.clone(), services.json_line_max_bytes, services.line_cut_bytes),
    };
    let mut connection = Connection { front, link: link.clone(), services, incoming };
    let mut started = link.since();
    loop {
        let entered = match front {
            Front::Text => connection.log_in_person(started),
            Front::Json => json::log_in(&mut connection, started),
        };
        let ended = entered.map(|mut session| match front {
            Front::Text => connection.talk(&mut session),
            Front::Json => json::serve(&mut connection, &mut session),
        });
        match ended {
            Ok(end) => match end {
                SessionEnd::LoggedOut => started = Instant::now(),
                SessionEnd::Over => {
                    // The broker sends what is left and closes; until then what still comes is read and forgotten.
                    connection.incoming.drain(Instant::now() + LINGER);
                    let _ = services.inbox.send(Request::Gone(ClientId(link.number()), connection.how_it_went()));
                    return;
                }
            },
            Err(reason) => {
                link.end(reason);
                link.shut();
                connection.incoming.drain(Instant::now() + LAST_WORD);
                return;
            }
        }
    }
}

impl Connection<'_> {
    /// How the connection went, as far as its reason tells.
    fn how_it_went(&self) -> Gone {
        match self.link.ending() {
            Some(Reason::SlowReader | Reason::Lost) => Gone::Lost,
            _ => Gone::Closed,
        }
    }

    /// Why the conversation before the login is over.
    fn reason_of(&self, over: &Arrival) -> Reason {
        match over {
            _ if self.link.ending() == Some(Reason::Stopping) => Reason::Stopping,
            Arrival::TimedOut => Reason::LoginTimeout,
            Arrival::Hopeless => Reason::LineTooLong,
            Arrival::End => Reason::EndOfInput,
            Arrival::Stranger(_) => Reason::WrongProtocol,
            _ => Reason::Lost,
        }
    }
}
