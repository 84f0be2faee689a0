//! Starts everything in order, waits, and stops everything in order.

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::broker::{Broker, Request, StoreFailed, TurnLimits, wall_clock};
use crate::chat::{self, Chat, ClientId, Code, Effects, OPERATOR_BYTES};
use crate::config::{Config, Limits, Listen};
use crate::connection::{self, Guard, Services, TryLimits};
use crate::net::{self, Admission, Caps, Door, EndCounters, FlusherHandle, Listener, Rate, Reason, SocketOptions};
use crate::password::Hasher;
use crate::protocol::text::Clock;
use crate::shutdown::{QuitSender, Threads, quit_channel};
use crate::store::{self, Folder, OpenError, Reader, Store as _, Writer};

/// Descriptors kept for the database, the log and the rest, so that clients can never use up all of them.
const DESCRIPTORS_KEPT: u64 = 64;
/// Memory maps kept for everything but the stacks of clients' threads.
const MAPS_KEPT: u64 = 2000;
/// Memory maps that a thread takes: its stack, the guard page, and what the allocator gives it.
const MAPS_PER_THREAD: u64 = 4;

/// Why the server could not run, or could not go on. Shown as one line; each has its exit code.
#[derive(Debug)]
pub enum Failure {
    /// An address cannot be listened at.
    Listen(String),
    /// The data folder cannot be used.
    Folder(String),
    /// Another server uses the data folder.
    InUse(String),
    /// The store failed while the server ran.
    Store(String),
    /// A part of the server could not be started, or stopped by a fault.
    Internal(String),
}

impl Failure {
    /// The exit code of the process, as the README lists them.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Listen(_) => 3,
            Failure::Folder(_) => 4,
            Failure::InUse(_) => 5,
            Failure::Store(_) => 6,
            Failure::Internal(_) => 7,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Listen(what) | Failure::Folder(what) | Failure::InUse(what) => f.write_str(what),
            Failure::Store(what) => write!(f, "the store failed, so the server stopped: {what}"),
            Failure::Internal(what) => write!(f, "internal error: {what}"),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Failure {
        match error {
            OpenError::InUse(_) => Failure::InUse(error.to_string()),
            _ => Failure::Folder(error.to_string()),
        }
    }
}

/// Runs a server until a signal stops it: SIGINT, SIGTERM or SIGHUP. A second one ends the process at once, with code 1.
pub fn run(config: Config) -> Result<(), Failure> {
    let (quit_sender, quit) = quit_channel();
    let quit_sender = Arc::new(Mutex::new(Some(quit_sender)));
    let in_handler = quit_sender.clone();
    let stop = move || match take(&in_handler) {
        Some(sender) => drop(sender),
        None => std::process::exit(1),
    };
    ctrlc::set_handler(stop).map_err(|error| Failure::Internal(format!("cannot handle signals: {error}")))?;

    let server = Server::start(&config, quit.clone(), quit_sender.clone())?;
    quit.wait();
    log::info!("stopping");
    server.stop()
}

fn take(sender: &Mutex<Option<QuitSender>>) -> Option<QuitSender> {
    sender.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// A running server.
struct Server {
    listeners: Vec<Arc<Listener>>,
    accepting: Threads,
    clients: Threads,
    admission: Arc<Admission>,
    counters: Arc<EndCounters>,
    inbox: Sender<Request>,
    broker: JoinHandle<Result<Writer, StoreFailed>>,
    stop_timeout: Duration,
    /// Held until the store is closed.
    folder: Folder,
}

impl Server {
    fn start(
        config: &Config,
        quit: crate::shutdown::Quit,
        quit_sender: Arc<Mutex<Option<QuitSender>>>,
    ) -> Result<Server, Failure> {
        let limits = &config.limits;
        // Listening comes first: where an address is in use, nothing on disk is touched. Who connects now waits in the
        // system's queue until accepting starts.
        let listeners = listen(&config.listen)?;
        let folder = Folder::open(&config.data)?;
        let (writer, reader) = store::open(&folder, u32::try_from(limits.read_connections).unwrap_or(u32::MAX))?;
        let (chat, writer, operator_code) = load(limits, writer)?;

        let admission = Admission::new(caps(limits));
        let (sender, inbox) = bounded(size(limits.inbox_events));
        let (handle, flusher) = net::flusher(Duration::from_secs(limits.stall_timeout_s))
            .map_err(|error| Failure::Internal(format!("cannot make the flusher: {error}")))?;
        let people = Arc::new(AtomicUsize::new(0));
        let dry = sender.clone();
        spawn("flusher", move || flusher.run(|number| drop(dry.send(Request::Dry(ClientId(number))))))?;
        let broker = broker(config, chat, writer, handle, &admission, &people);
        let stop_all = StopOnExit(quit_sender);
        let broker = spawn("broker", move || {
            let _stop_all = stop_all;
            broker.run(&inbox)
        })?;

        let services = Arc::new(services(config, sender.clone(), reader, people, quit.clone())?);
        let counters = Arc::new(EndCounters::default());
        let options = socket_options(limits);
        let numbers = AtomicU64::new(0);
        let door = Arc::new(Door { admission: admission.clone(), options, counters: counters.clone(), numbers });
        let (accepting, clients) = (Threads::new(), Threads::new());
        if let Some(code) = operator_code {
            say(&format!("operator code {code} - log in and type /operator {code} to become the operator"));
        }
        for ((listener, _), listen) in listeners.iter().zip(&config.listen) {
            let (listener, door, quit, services) = (listener.clone(), door.clone(), quit.clone(), services.clone());
            let front = listen.front;
            let (accepting, client) = (accepting.running(), clients.running());
            spawn(&format!("accept {}", listen.front), move || {
                let _accepting = accepting;
                let serve = |link| connection::spawn(front, link, services.clone(), client.clone());
                listener.run(&door, &quit, connection::voice(front), serve);
            })?;
        }
        for ((_, address), listen) in listeners.iter().zip(&config.listen) {
            log::info!("listening front={} address={address}", listen.front);
            say(&format!("listening {}://{address}", listen.front));
        }
        let listeners = listeners.into_iter().map(|(listener, _)| listener).collect();
        let stop_timeout = Duration::from_secs(limits.stop_timeout_s);
        Ok(Server { listeners, accepting, clients, admission, counters, inbox: sender, broker, stop_timeout, folder })
    }

    /// Stops in the order in which it reads. Every step is bounded in time.
    fn stop(self) -> Result<(), Failure> {
        let deadline = Instant::now() + self.stop_timeout;
        let left = || deadline.saturating_duration_since(Instant::now());
        // Nobody new comes.
        self.listeners.iter().for_each(|listener| listener.wake());
        self.accepting.wait_timeout(left() / 4);
        // What clients have sent is done and answered; then their threads find the end of input and say that they stop.
        self.admission.stop_reading(Reason::Stopping);
        if !self.clients.wait_timeout(left() / 2) {
            // Somebody does not read, or does not stop writing.
            self.admission.shut_all();
        }
        // The broker sends what waits, for a while, and gives the store back.
        let (_, broker) = (self.inbox.send(Request::Stop), self.broker);
        let finished = broker.join();
        log::info!("connections ended {}", self.counters);
        let writer = match finished {
            Ok(Ok(writer)) => writer,
            Ok(Err(StoreFailed(error))) => return Err(Failure::Store(error)),
            Err(_) => return Err(Failure::Internal("the broker panicked; everything acknowledged is stored".into())),
        };
        writer.close().map_err(|error| Failure::Store(error.to_string()))?;
        drop(self.folder);
        log::info!("stopped");
        Ok(())
    }
}

/// When the broker ends by itself, by a failed store or a fault, the whole server stops.
struct StopOnExit(Arc<Mutex<Option<QuitSender>>>);

impl Drop for StopOnExit {
    fn drop(&mut self) {
        drop(take(&self.0));
    }
}

fn listen(addresses: &[Listen]) -> Result<Vec<(Arc<Listener>, SocketAddr)>, Failure> {
    let bind = |listen: &Listen| {
        let listener = Listener::bind(&listen.address)?;
        let address = listener.local_address()?;
        Ok((Arc::new(listener), address))
    };
    let named = |listen: &Listen| {
        bind(listen).map_err(|error: io::Error| Failure::Listen(format!("cannot listen at {listen}: {error}")))
    };
    addresses.iter().map(named).collect()
}

/// The chat from the store, founded if it is new; and the code for the first operator, if there is none yet.
fn load(limits: &Limits, mut writer: Writer) -> Result<(Chat, Writer, Option<Code>), Failure> {
    let snapshot = writer.load().map_err(|error| Failure::Folder(error.to_string()))?;
    let mut chat = Chat::load(chat_limits(limits), snapshot);
    let mut effects = Effects::default();
    chat.found(wall_clock(), &mut effects);
    if !effects.records.is_empty() {
        writer.commit(&effects.records).map_err(|error| Failure::Folder(error.to_string()))?;
    }
    let mut random = [0; OPERATOR_BYTES];
    getrandom::fill(&mut random).map_err(|error| Failure::Internal(format!("no random numbers: {error}")))?;
    let code = Code::operator(random);
    let needed = chat.set_operator_code(code.clone());
    Ok((chat, writer, needed.then_some(code)))
}

fn broker(
    config: &Config,
    chat: Chat,
    writer: Writer,
    flusher: FlusherHandle,
    admission: &Arc<Admission>,
    people: &Arc<AtomicUsize>,
) -> Broker {
    let limits = TurnLimits {
        events_max: size(config.limits.turn_events_max),
        outbox_max_bytes: size(config.limits.outbox_max_bytes),
        last_flush: Duration::from_secs(config.limits.stop_timeout_s) / 4,
    };
    Broker::new(chat, writer, flusher, limits, Clock::system(), admission.clone(), people.clone())
}

fn services(
    config: &Config,
    inbox: Sender<Request>,
    reader: Reader,
    people: Arc<AtomicUsize>,
    quit: crate::shutdown::Quit,
) -> Result<Services, Failure> {
    let limits = &config.limits;
    let hasher = Hasher::new(size(limits.password_hashes_at_once))
        .map_err(|error| Failure::Internal(format!("cannot make password hashes: {error}")))?;
    let guard = Guard::new(TryLimits {
        logins_per_min: limits.login_tries_per_min_max,
        logins_per_address_per_min: limits.login_tries_per_address_per_min_max,
        registrations_per_address_per_hour: limits.registrations_per_address_per_hour_max,
        registrations_per_10min: limits.registrations_per_10min_max,
    });
    Ok(Services {
        inbox,
        reader,
        hasher,
        guard,
        people,
        clock: Clock::system(),
        quit,
        server_name: config.server_name.clone(),
        rate: Rate { burst_lines: limits.rate_burst_lines, lines_per_s: limits.rate_lines_per_s },
        flood_max_lines: limits.flood_max_lines,
        login_timeout: Duration::from_secs(limits.login_timeout_s),
        login_bad_lines_max: limits.login_bad_lines_max,
        outbox_max_bytes: size(limits.outbox_max_bytes),
        line_max_bytes: size(limits.line_max_bytes),
        json_line_max_bytes: size(limits.json_line_max_bytes),
        line_cut_bytes: size(limits.line_cut_bytes),
        message_max_bytes: limits.message_max_bytes,
        history_page_max: limits.history_page_max_lines,
    })
}

fn chat_limits(limits: &Limits) -> chat::Limits {
    chat::Limits {
        message_max_bytes: limits.message_max_bytes,
        topic_max_bytes: limits.topic_max_bytes,
        invitation_lifetime_s: limits.invitation_lifetime_h.saturating_mul(3600),
        history_page_lines: limits.history_page_lines,
        history_page_max_lines: limits.history_page_max_lines,
        list_page_rows: limits.list_page_rows,
        rooms_per_account_max: limits.rooms_per_account_max,
        members_per_room_max: limits.members_per_room_max,
        dead_peer_s: limits
            .user_timeout_s
            .max(limits.keepalive_idle_s + limits.keepalive_interval_s * limits.keepalive_probes)
            + limits.stall_timeout_s,
    }
}

fn socket_options(limits: &Limits) -> SocketOptions {
    SocketOptions {
        send_buffer_bytes: size(limits.send_buffer_bytes),
        keepalive_idle: Duration::from_secs(limits.keepalive_idle_s),
        keepalive_interval: Duration::from_secs(limits.keepalive_interval_s),
        keepalive_probes: u32::try_from(limits.keepalive_probes).unwrap_or(u32::MAX),
        user_timeout: Duration::from_secs(limits.user_timeout_s),
    }
}

/// How many connections there may be: as many as the settings say, or as the system allows.
fn caps(limits: &Limits) -> Caps {
    let descriptors = raise_descriptor_limit().saturating_sub(DESCRIPTORS_KEPT);
    let maps = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok().and_then(|text| text.trim().parse().ok());
    let maps: u64 = maps.map_or(u64::MAX, |maps: u64| maps.saturating_sub(MAPS_KEPT) / MAPS_PER_THREAD);
    let possible = descriptors.min(maps).max(1);
    let total = if limits.connections_max == 0 { possible } else { limits.connections_max.min(possible) };
    log::info!("connections_max={total} by_descriptors={descriptors} by_memory_maps={maps}");
    Caps {
        total,
        per_address: limits.connections_per_address_max,
        per_address_and_window: limits.connections_per_address_per_10min_max,
    }
}

/// Uses as many descriptors as the system lets this process have. How many that are.
fn raise_descriptor_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

fn spawn<T: Send + 'static>(name: &str, run: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>, Failure> {
    let spawned = Builder::new().name(name.into()).spawn(run);
    spawned.map_err(|error| Failure::Internal(format!("cannot start the thread {name}: {error}")))
}

/// One line on stdout, for whoever started the server. Nobody need read it.
fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// A setting as a size in memory.
fn size(setting: u64) -> usize {
    usize::try_from(setting).unwrap_or(usize::MAX)
}
