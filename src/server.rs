//! Starts the parts of the server in order, waits for a signal, and stops the parts in order.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::broker::{Broker, Greeting, Request, StoreFailed, TurnLimits, wall_clock};
use crate::chat::{Chat, ChatLimits, ClientId, Code, Effects, OPERATOR_BYTES};
use crate::client::{
    self, AccountPaces, CONVERSATIONS, Conversation, LoginLimits, LoginThrottle, PaceLimits, Services,
};
use crate::config::{Config, Invocation, Limits, Listen};
use crate::net::wire::SocketOptions;
use crate::net::{self, Acceptor, Admission, Caps, EndCounters, FlusherHandle, Listener, REFUSED_MAX, Rate, Refusals};
use crate::password::Hasher;
use crate::protocol::text::Text;
use crate::protocol::{Clock, Protocol as _};
use crate::reason::{NamedLimits, Reason};
use crate::shutdown::{Quit, QuitSender, Threads, quit_channel};
use crate::signal::Signals;
use crate::store::{self, Folder, OpenError, Reader, Store as _, Watch, Watched, Writer};
use crate::system;

/// Descriptors reserved beside those that are open when the server has started: files that SQLite opens for a while, zone
/// rules, and the process's own.
const DESCRIPTORS_KEPT: u64 = 8;
/// Descriptors of the server where the system does not say how many are open.
const DESCRIPTORS_USED: u64 = 48;
/// Memory maps reserved for everything except the stacks of clients' threads.
const MAPS_KEPT: u64 = 2000;
/// Memory maps of a thread: its stack, the guard page, and its allocator arena.
const MAPS_PER_THREAD: u64 = 4;
/// Address space reserved for threads that are not clients', the caches of the store, and growth.
const ADDRESS_SPACE_KEPT: u64 = 64 << 20;
/// Address space of a password hash that is computed.
const HASH_BYTES: u64 = 20 << 20;
/// The most that a broker that does not finish in time may add to the time of a stop.
const LAST_MOMENT: Duration = Duration::from_millis(500);
/// What stands before the code for the first operator.
const OPERATOR_LINE: &str = "No operator yet. Log in and type: /operator ";
/// Most characters of the line with that code, so that a terminal of 80 columns does not break it.
const OPERATOR_LINE_MAX: usize = 78;
/// The error for a store that does not return from a call.
const HANGS: &str = "a read, write or sync did not return in time; everything acknowledged is stored";

/// Why the server could not start, or had to stop. Shown as one line; each has its exit code.
#[derive(Debug)]
pub enum Failure {
    /// The server cannot listen at an address.
    Listen(String),
    /// The data folder is unusable.
    Folder(String),
    /// Another server uses the data folder.
    InUse(String),
    /// The store failed while the server ran.
    Store(String),
    /// A part of the server could not be started, or stopped unexpectedly.
    Internal(String),
}

impl Failure {
    /// The exit code of the process; docs/operations.md lists them.
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

/// Runs a server until a signal stops it: SIGINT or SIGTERM. A second one ends the process at once, with code 1. SIGHUP
/// reads the settings again, or stops the server if it means that its terminal was closed.
pub fn run(config: Config, signals: Signals) -> Result<(), Failure> {
    let stopping = Stopping::new();
    let in_handler = stopping.clone();
    let signalled = AtomicBool::new(false);
    let stop = move || {
        // A first signal is no second one, even if the server stops already for another reason.
        if signalled.swap(true, Ordering::SeqCst) {
            std::process::exit(1);
        }
        in_handler.begin();
    };
    ctrlc::set_handler(stop).map_err(|error| Failure::Internal(format!("cannot handle signals: {error}")))?;
    let (running, ending) = (config.clone(), stopping.clone());
    let was_at_terminal = io::stdin().is_terminal();
    // A terminal that is gone is none any more: whoever closed the window does not expect the server to go on unseen.
    let hang_up = move || match was_at_terminal && !io::stdin().is_terminal() {
        true => ending.begin(),
        false => reload(&running),
    };
    signals.serve(hang_up).map_err(|error| Failure::Internal(format!("cannot handle signals: {error}")))?;

    let server = Server::start(&config, &CONVERSATIONS, stopping)?;
    server.wait();
    log::info!("stopping");
    server.stop()
}

/// Reads the settings again, and uses those that can change while the server runs: the log level.
fn reload(running: &Config) {
    match Config::from_args(std::env::args_os()) {
        Ok(Invocation::Run(new)) => {
            log::set_max_level(new.log_level);
            log::info!("settings read again log_level={}", new.log_level.as_str().to_ascii_lowercase());
            let changed = running.changed(&new);
            let others: Vec<&str> = changed.iter().map(String::as_str).filter(|name| *name != "log_level").collect();
            if !others.is_empty() {
                log::warn!("changed settings need a restart: {}", others.join(", "));
            }
        }
        Ok(_) => {}
        Err(error) => log::warn!("the settings stay as they are: {error}"),
    }
}

/// The event that stops the server. The first of several causes begins it.
#[derive(Clone, Debug)]
pub struct Stopping {
    sender: Arc<Mutex<Option<QuitSender>>>,
    quit: Quit,
}

impl Stopping {
    /// The event, which has not happened.
    #[expect(clippy::new_without_default, reason = "it is an event, not a value")]
    pub fn new() -> Stopping {
        let (sender, quit) = quit_channel();
        Stopping { sender: Arc::new(Mutex::new(Some(sender))), quit }
    }

    /// Begins to stop, if that has not begun.
    pub fn begin(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// A running server.
pub struct Server {
    /// The word of each listener's protocol, and its address with the true port.
    addresses: Vec<(&'static str, SocketAddr)>,
    quit: Quit,
    listeners: Vec<Arc<Listener>>,
    accepting: Threads,
    clients: Threads,
    admission: Arc<Admission>,
    counters: Arc<EndCounters>,
    inbox: Sender<Request>,
    /// Receives the result of the broker, once it has closed its store.
    broker: Receiver<Result<(), Failure>>,
    watch: Watch,
    flushing: Threads,
    stop_timeout: Duration,
    /// Locked until the store is closed.
    folder: Folder,
}

impl Server {
    /// Starts a server that speaks these protocols, until `stopping` begins.
    pub fn start(
        config: &Config,
        conversations: &[&'static dyn Conversation],
        stopping: Stopping,
    ) -> Result<Server, Failure> {
        let (limits, quit) = (&config.limits, stopping.quit.clone());
        // Listening comes first, so that nothing on disk is touched if an address is in use. A client that connects now
        // waits in the kernel's queue until accepting starts.
        let listeners = listen(&config.listen)?;
        let folder = Folder::open(&config.data)?;
        let (writer, reader) = store::open(&folder, u32::try_from(limits.read_connections).unwrap_or(u32::MAX))?;
        let (chat, writer, operator_code) = load(limits, writer)?;

        let (sender, inbox) = bounded(size(limits.inbox_events));
        let (handle, flusher) = net::flusher(Duration::from_secs(limits.stall_timeout_s))
            .map_err(|error| Failure::Internal(format!("cannot create the flusher: {error}")))?;
        // Everything that is open as long as the server runs is open now.
        let room = Room::of_system(listeners.len());
        let admission = Admission::new(caps(limits, room));
        let greeting = Arc::new(Greeting::default());
        let (flushing, drained) = (Threads::new(), sender.clone());
        let running = flushing.running();
        spawn("flusher", move || {
            let _running = running;
            flusher.run(|number| drop(drained.send(Request::Drained(ClientId(number)))));
        })?;
        let clock = clock();
        let store = Watched::new(writer);
        let watch = store.watch();
        let broker = start_broker(broker(config, chat, store, handle, &clock, &admission, &greeting), inbox, stopping)?;

        let services = Arc::new(services(config, sender.clone(), reader, greeting, clock, quit.clone())?);
        let counters = Arc::new(EndCounters::default());
        let options = socket_options(limits);
        let numbers = AtomicU64::new(0);
        let acceptor = Arc::new(Acceptor {
            admission: admission.clone(),
            options,
            counters: counters.clone(),
            numbers,
            refused_max: room.refused_max,
            refusals: Mutex::new(Refusals::new(Instant::now())),
        });
        let (accepting, clients) = (Threads::new(), Threads::new());
        if let Some(code) = operator_code {
            say(&format!("{OPERATOR_LINE}{code}"));
        }
        for ((listener, _), listen) in listeners.iter().zip(&config.listen) {
            let (listener, acceptor, quit, services) =
                (listener.clone(), acceptor.clone(), quit.clone(), services.clone());
            let conversation = conversation_of(conversations, listen)?;
            let (accepting, client) = (accepting.running(), clients.running());
            spawn(&format!("accept {}", listen.protocol), move || {
                let _accepting = accepting;
                let serve = |connection| client::spawn(conversation, connection, services.clone(), client.clone());
                listener.run(&acceptor, &quit, conversation.protocol(), serve);
            })?;
        }
        let address = |((_, address), listen): (&(_, SocketAddr), &Listen)| (listen.protocol, *address);
        let addresses: Vec<_> = listeners.iter().zip(&config.listen).map(address).collect();
        for (protocol, address) in &addresses {
            log::info!("listening protocol={protocol} address={address}");
            say(&format!("listening {protocol}://{address}"));
        }
        for protocol in conversations.iter().map(|conversation| conversation.protocol().word()) {
            if !addresses.iter().any(|(listening, _)| *listening == protocol) {
                log::info!("no address for {protocol}:// is set, so nobody can connect by that protocol");
            }
        }
        if let Some((_, address)) = addresses.iter().find(|(protocol, _)| *protocol == Text.word()) {
            say(&format!("To chat, type in another terminal: telnet {}", host_and_port(address)));
        }
        let listeners = listeners.into_iter().map(|(listener, _)| listener).collect();
        let stop_timeout = Duration::from_secs(limits.stop_timeout_s);
        let inbox = sender;
        Ok(Server {
            addresses,
            quit,
            listeners,
            accepting,
            clients,
            admission,
            counters,
            inbox,
            broker,
            watch,
            flushing,
            stop_timeout,
            folder,
        })
    }

    /// The word of each listener's protocol, and its address with the true port.
    pub fn addresses(&self) -> &[(&'static str, SocketAddr)] {
        &self.addresses
    }

    /// Waits until it is to stop.
    pub fn wait(&self) {
        self.quit.wait();
    }

    /// Stops the parts in the order of the lines below. Each step has a share of the remaining time, so together they take
    /// at most `stop_timeout` and half a second.
    pub fn stop(self) -> Result<(), Failure> {
        let deadline = Instant::now() + self.stop_timeout;
        let left = || deadline.saturating_duration_since(Instant::now());
        // No new connections.
        self.listeners.iter().for_each(|listener| listener.wake());
        self.accepting.wait_timeout(left() / 4);
        // Requests that have arrived are carried out and answered. Then the clients' threads see the end of input, and have
        // the broker send the closing lines.
        self.admission.stop_reading(Reason::Stopping);
        if !self.clients.wait_timeout(left() / 2) {
            // Some clients do not read, or keep sending.
            self.admission.shut_all();
        }
        // The broker flushes pending output for a while, ends the remaining connections, and closes the store. If it hangs,
        // its inbox may be full.
        let _ = self.inbox.send_timeout(Request::Stop, left());
        let stopped = self.broker.recv_timeout(left() + LAST_MOMENT);
        if stopped.is_ok() {
            // The flusher finishes the connections that the broker has handed over.
            self.flushing.wait_timeout(left());
        }
        log::info!("connections ended {}", self.counters);
        match stopped {
            Ok(stopped) => stopped?,
            // The folder stays locked to the end of the process, because the broker still has the store.
            Err(RecvTimeoutError::Timeout) if self.watch.is_at_work() => return Err(Failure::Store(HANGS.into())),
            Err(RecvTimeoutError::Timeout) => {
                return Err(Failure::Internal(
                    "the broker did not stop in time; everything acknowledged is stored".into(),
                ));
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::Internal("the broker panicked; everything acknowledged is stored".into()));
            }
        }
        drop(self.folder);
        log::info!("stopped");
        Ok(())
    }
}

/// Starts the broker's thread, which closes the store at its end.
fn start_broker(
    broker: Broker<Watched<Writer>>,
    inbox: Receiver<Request>,
    stopping: Stopping,
) -> Result<Receiver<Result<(), Failure>>, Failure> {
    let (sender, stopped) = bounded(1);
    let stop_all = StopOnExit(stopping);
    spawn("broker", move || {
        let _stop_all = stop_all;
        let ran = broker.run(&inbox);
        // Unblocks the threads that wait for room in the inbox.
        drop(inbox);
        let closed = match ran {
            Ok(store) => store.close().map_err(|error| Failure::Store(error.to_string())),
            Err(StoreFailed(error)) => Err(Failure::Store(error)),
        };
        let _ = sender.send(closed);
    })?;
    Ok(stopped)
}

/// Stops the whole server when the broker ends by itself, because the store failed or it panicked.
struct StopOnExit(Stopping);

impl Drop for StopOnExit {
    fn drop(&mut self) {
        self.0.begin();
    }
}

/// The conversation for the protocol of a listener.
fn conversation_of(
    conversations: &[&'static dyn Conversation],
    listen: &Listen,
) -> Result<&'static dyn Conversation, Failure> {
    let found = conversations.iter().find(|conversation| conversation.protocol().word() == listen.protocol);
    found.copied().ok_or_else(|| Failure::Internal(format!("no conversation for {listen}")))
}

/// What a person on this machine types behind `telnet`.
fn host_and_port(address: &SocketAddr) -> String {
    let ip = address.ip();
    let host = if ip.is_unspecified() || ip.is_loopback() { "localhost".to_owned() } else { ip.to_string() };
    format!("{host} {}", address.port())
}

fn listen(addresses: &[Listen]) -> Result<Vec<(Arc<Listener>, SocketAddr)>, Failure> {
    let bind = |listen: &Listen| {
        let listener = Listener::bind(&listen.address, listen.shares_port_with_ipv4(addresses))?;
        let address = listener.local_address()?;
        Ok((Arc::new(listener), address))
    };
    let named = |listen: &Listen| {
        bind(listen).map_err(|error: io::Error| {
            let other =
                addresses.iter().take_while(|other| *other != listen).find(|other| other.port() == listen.port());
            let rival = other.filter(|_| error.kind() == io::ErrorKind::AddrInUse);
            let rival = rival.map(|other| format!("; {other} has that port already")).unwrap_or_default();
            Failure::Listen(format!("cannot listen at {listen}: {error}{rival}"))
        })
    };
    addresses.iter().map(named).collect()
}

/// Loads the chat from the store and founds it if it is new. Returns it with the code for the first operator, if there is
/// no operator.
fn load(limits: &Limits, mut writer: Writer) -> Result<(Chat, Writer, Option<Code>), Failure> {
    let snapshot = writer.load().map_err(|error| Failure::Folder(error.to_string()))?;
    let mut chat = Chat::load(chat_limits(limits), snapshot);
    let mut effects = Effects::default();
    chat.found(wall_clock(), &mut effects);
    if !effects.records.is_empty() {
        writer.commit(&effects.records).map_err(|error| Failure::Folder(error.to_string()))?;
    }
    // What is stored is not taken back with the first turn, should that fail.
    chat.settle();
    let code = loop {
        let mut random = [0; OPERATOR_BYTES];
        getrandom::fill(&mut random).map_err(|error| Failure::Internal(format!("no random numbers: {error}")))?;
        let code = Code::operator(random);
        // Two of three codes are longer, which costs less than two bits of 46.
        if OPERATOR_LINE.len() + code.as_str().len() <= OPERATOR_LINE_MAX {
            break code;
        }
    };
    let needed = chat.set_operator_code(code.clone());
    Ok((chat, writer, needed.then_some(code)))
}

/// The clock in the zone of this machine. UTC is a substitute that nobody would notice until a time is read wrongly, so it
/// is logged.
fn clock() -> Clock {
    match Clock::system() {
        Ok(clock) => {
            log::info!("times are shown in zone={}", clock.zone().unwrap_or("unnamed"));
            clock
        }
        Err(error) => {
            let given = std::env::var_os("TZ").unwrap_or_default();
            log::warn!("the zone of this machine is unknown, times are shown in UTC TZ={given:?} error={error}");
            Clock::utc()
        }
    }
}

fn broker(
    config: &Config,
    chat: Chat,
    store: Watched<Writer>,
    flusher: FlusherHandle,
    clock: &Clock,
    admission: &Arc<Admission>,
    greeting: &Arc<Greeting>,
) -> Broker<Watched<Writer>> {
    let limits = TurnLimits {
        events_max: size(config.limits.turn_events_max),
        outbox_max_bytes: size(config.limits.outbox_max_bytes),
        last_flush: Duration::from_secs(config.limits.stop_timeout_s) / 4,
    };
    Broker::new(chat, store, flusher, limits, clock.clone(), admission.clone(), greeting.clone(), wall_clock())
}

fn services(
    config: &Config,
    inbox: Sender<Request>,
    reader: Reader,
    greeting: Arc<Greeting>,
    clock: Clock,
    quit: Quit,
) -> Result<Services, Failure> {
    let limits = &config.limits;
    let hasher = Hasher::new(size(limits.password_hashes_at_once))
        .map_err(|error| Failure::Internal(format!("cannot compute password hashes: {error}")))?;
    let throttle = LoginThrottle::new(LoginLimits {
        logins_per_min: limits.login_tries_per_min_max,
        logins_per_address_per_min: limits.login_tries_per_address_per_min_max,
        checks_per_address_per_min: limits.password_checks_per_address_per_min_max,
        registrations_per_address_per_hour: limits.registrations_per_address_per_hour_max,
        registrations_per_10min: limits.registrations_per_10min_max,
        loopback_factor: limits.loopback_factor,
    });
    let pace = PaceLimits {
        rate: Rate { burst_lines: limits.rate_burst_lines, lines_per_s: limits.rate_lines_per_s },
        account_factor: limits.rate_account_factor,
        flood_max_lines: limits.flood_max_lines,
    };
    let line_cut_bytes = limits.line_cut_bytes;
    NamedLimits { login_timeout_s: limits.login_timeout_s, line_cut_bytes }.set();
    Ok(Services {
        inbox,
        reader,
        hasher,
        throttle,
        greeting,
        clock,
        quit,
        server_name: config.server_name.clone(),
        pace,
        accounts: AccountPaces::new(pace),
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

fn chat_limits(limits: &Limits) -> ChatLimits {
    ChatLimits {
        message_max_bytes: limits.message_max_bytes,
        topic_max_bytes: limits.topic_max_bytes,
        invitation_lifetime_s: limits.invitation_lifetime_h.saturating_mul(3600),
        history_page_lines: limits.history_page_lines,
        history_page_max_lines: limits.history_page_max_lines,
        list_page_rows: limits.list_page_rows,
        rooms_per_account_max: limits.rooms_per_account_max,
        rooms_created_per_hour_max: limits.rooms_created_per_hour_max,
        members_per_room_max: limits.members_per_room_max,
        wrong_codes_per_account_max: limits.wrong_codes_per_account_per_10min_max,
        wrong_codes_per_address_max: limits.wrong_codes_per_address_per_10min_max,
        loopback_factor: limits.loopback_factor,
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

/// What the system has for connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Room {
    /// Descriptors that clients may have.
    descriptors: u64,
    /// Refused connections that each listener may keep half open.
    refused_max: usize,
}

impl Room {
    /// What is left of the descriptors beside those that are open now.
    fn of_system(listeners: usize) -> Room {
        let open = std::fs::read_dir("/proc/self/fd").map_or(DESCRIPTORS_USED, |open| open.count() as u64);
        Room::of(raise_descriptor_limit(), open, listeners)
    }

    /// An eighth of `limit` descriptors, less the `open` ones, is enough for refused connections.
    fn of(limit: u64, open: u64, listeners: usize) -> Room {
        let free = limit.saturating_sub(open + DESCRIPTORS_KEPT);
        let listeners = listeners.max(1) as u64;
        let refused = (free / 8 / listeners).clamp(1, REFUSED_MAX as u64);
        Room { descriptors: free.saturating_sub(refused * listeners), refused_max: size(refused) }
    }
}

/// The limits of connections: by the settings, and by what the system allows.
fn caps(limits: &Limits, room: Room) -> Caps {
    let descriptors = room.descriptors;
    let maps = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok().and_then(|text| text.trim().parse().ok());
    let maps: u64 = maps.map_or(u64::MAX, |maps: u64| maps.saturating_sub(MAPS_KEPT) / MAPS_PER_THREAD);
    let hashing = limits.password_hashes_at_once.saturating_mul(HASH_BYTES);
    let by_address_space = system::connections_by_address_space(hashing.saturating_add(ADDRESS_SPACE_KEPT));
    let possible = descriptors.min(maps).min(by_address_space).max(1);
    let total = if limits.connections_max == 0 { possible } else { limits.connections_max.min(possible) };
    let shown = |cap: u64| if cap == u64::MAX { "unlimited".to_owned() } else { cap.to_string() };
    let (maps, space) = (shown(maps), shown(by_address_space));
    log::info!("connections_max={total} by_descriptors={descriptors} by_memory_maps={maps} by_address_space={space}");
    Caps {
        total,
        per_address: limits.connections_per_address_max,
        per_address_and_window: limits.connections_per_address_per_10min_max,
        probes_per_address_and_window: limits.probes_per_address_per_10min_max,
        loopback_factor: limits.loopback_factor,
    }
}

/// Raises the limit of descriptors as far as the system allows. Returns the limit.
fn raise_descriptor_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

fn spawn<T: Send + 'static>(name: &str, run: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>, Failure> {
    let spawned = Builder::new().name(name.into()).spawn(run);
    spawned.map_err(|error| Failure::Internal(format!("cannot start the thread {name}: {error}")))
}

/// Prints a line to standard output, for the operator or the program that started the server. Errors are ignored.
fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// A setting as a `usize`.
fn size(setting: u64) -> usize {
    usize::try_from(setting).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::chat::{Input, Name, Origin, PasswordHash};

    #[test]
    fn descriptors_are_for_clients_but_for_what_is_open_and_a_few_refused() {
        let check = |limit, open, listeners, descriptors, refused_max| {
            assert_eq!(Room::of(limit, open, listeners), Room { descriptors, refused_max }, "{limit}");
        };
        check(64, 21, 2, 31, 2);
        check(128, 21, 2, 87, 6);
        check(1024, 21, 2, 963, 16);
        check(30, 21, 2, 0, 1);
        check(10, 21, 2, 0, 1);
    }

    #[test]
    fn what_a_new_chat_begins_with_outlives_a_first_turn_that_could_not_be_stored() {
        let temporary = tempfile::tempdir().expect("there is room for a folder");
        let folder = Folder::open(temporary.path()).expect("it is new");
        let (writer, _reader) = store::open(&folder, 1).expect("it can be created");
        let (mut chat, _writer, _code) = load(&Limits::default(), writer).expect("it can be stored");
        chat.roll_back();
        let origin = Origin::text(Address::parse("192.0.2.1").expect("an address"));
        let (name, hash) = (Name::parse("ana").expect("a name"), PasswordHash("!".into()));
        let (ana, input) = (ClientId(1), Input::Register { name, hash, code: None, origin });
        chat.handle(wall_clock(), ana, input, &mut Effects::default());
        assert!(chat.is_logged_in(ana), "the first room is still there");
    }
}
