//! One writer at a time: over a wire that records which thread sends and shuts, with a broker and a flusher that are
//! stepped, so that every interleaving is chosen by the test.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use chat_server::address::Address;
use chat_server::broker::{Broker, Reply, Request, TurnLimits, Waits};
use chat_server::chat::{
    AccountId, Chat, ChatLimits, ClientId, Command, HistoryRange, Input, KeyedMessage, MessageKind, Name, Origin,
    PasswordHash, Query, Record, SendKey, Snapshot, Text, Timestamp,
};
use chat_server::client::{self, AccountPaces, CONVERSATIONS, LoginLimits, LoginThrottle, PaceLimits, Services};
use chat_server::net::wire::Wire;
use chat_server::net::{
    Admission, Caps, Connection, EndCounters, Flushed, Flusher, FlusherHandle, LINGER, Outbox, Rate, flusher,
};
use chat_server::password::Hasher;
use chat_server::protocol::Clock;
use chat_server::protocol::text::Text as TextProtocol;
use chat_server::reason::{ClosingLine, Reason};
use chat_server::shutdown::{Threads, quit_channel};
use chat_server::store::{self, CommitError, Folder, Store, StoreError};
use crossbeam_channel::{Receiver, bounded};

const STALL: Duration = Duration::from_secs(10);
const OUTBOX_MAX_BYTES: usize = 64;

/// What happened to a wire, and by which thread.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Happened {
    Sent(String, String),
    ShutWriting(String),
    Shut(String),
}

#[derive(Debug, Default)]
struct State {
    happened: Vec<Happened>,
    /// How many bytes it takes before it is full.
    room: usize,
    /// It seals what it takes, and keeps it until the next send.
    seals: bool,
    has_pending: bool,
    panics: bool,
    /// What its client sends.
    input: VecDeque<u8>,
    /// The replies to the client's thread.
    replies: Option<Receiver<Reply>>,
    /// There was a reply when something was sent.
    is_replied_first: bool,
}

/// One end of it is a connection's, the other the test's.
#[derive(Clone, Debug, Default)]
struct FakeWire(Arc<Mutex<State>>);

impl FakeWire {
    fn with_room(room: usize) -> FakeWire {
        let wire = FakeWire::default();
        wire.state().room = room;
        wire
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics under it")
    }

    /// All bytes that were sent.
    fn sent(&self) -> String {
        let sent = |happened: &Happened| match happened {
            Happened::Sent(_, bytes) => Some(bytes.clone()),
            _ => None,
        };
        self.state().happened.iter().filter_map(sent).collect()
    }

    /// What happened since this was last asked.
    fn news(&self) -> Vec<Happened> {
        std::mem::take(&mut self.state().happened)
    }
}

fn this_thread() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

impl Wire for FakeWire {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(!std::mem::take(&mut self.state().panics), "a fault in the thread that reads");
        io::Read::read(&mut self.state().input, buffer)
    }

    fn send_now(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        if state.happened.iter().any(|it| matches!(it, Happened::ShutWriting(_) | Happened::Shut(_))) {
            return Err(ErrorKind::BrokenPipe.into());
        }
        state.is_replied_first |= state.replies.as_ref().is_some_and(|replies| !replies.is_empty());
        let taken = bytes.len().min(state.room);
        state.room -= taken;
        state.has_pending = state.seals && taken > 0;
        if taken > 0 {
            let text = String::from_utf8_lossy(&bytes[..taken]).into_owned();
            state.happened.push(Happened::Sent(this_thread(), text));
        }
        Ok(taken)
    }

    fn has_pending(&self) -> bool {
        self.state().has_pending
    }

    fn set_read_timeout(&self, _timeout: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn shut_reading(&self) {}

    fn shut_writing(&self) {
        self.state().happened.push(Happened::ShutWriting(this_thread()));
    }

    fn shut(&self) {
        self.state().happened.push(Happened::Shut(this_thread()));
    }

    fn is_broken(&self) -> bool {
        false
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

fn admission() -> Arc<Admission> {
    Admission::new(Caps {
        total: 9,
        per_address: 9,
        per_address_and_window: 9,
        probes_per_address_and_window: 9,
        loopback_factor: 1,
    })
}

fn connection(wire: &FakeWire) -> Arc<Connection> {
    let (peer, address) = ("192.0.2.1:4000".parse().expect("an address"), Address::parse("192.0.2.1"));
    let permit = admission().admit(address.expect("an address"), 1, Instant::now()).expect("there is room");
    let counters = Arc::new(EndCounters::default());
    Arc::new(Connection::new(Box::new(wire.clone()), peer, 1, &TextProtocol, Some(permit), counters))
}

/// Does something as the thread of this name.
fn by<T: Send>(name: &str, work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name(name.into()).spawn_scoped(scope, work).expect("a thread");
        thread.join().expect("it does not panic")
    })
}

fn sent(thread: &str, bytes: &str) -> Happened {
    Happened::Sent(thread.into(), bytes.into())
}

/// An outbox, its flusher, and the moment.
struct Bench {
    wire: FakeWire,
    outbox: Outbox,
    handle: FlusherHandle,
    flusher: Flusher,
    now: Instant,
}

impl Bench {
    fn new(wire: FakeWire) -> Bench {
        let (handle, flusher) = flusher(STALL).expect("a flusher");
        let outbox = Outbox::new(connection(&wire), OUTBOX_MAX_BYTES);
        Bench { wire, outbox, handle, flusher, now: Instant::now() }
    }

    /// The broker has this for the client.
    fn push(&mut self, batch: &str) -> Flushed {
        let (outbox, handle) = (&mut self.outbox, &self.handle);
        by("broker", || {
            outbox.push(batch.as_bytes(), 0, batch.len());
            outbox.flush(batch.as_bytes(), &mut Vec::new(), handle)
        })
    }

    /// The flusher works once. How often it reported that the client is drained or cut.
    fn step(&mut self) -> usize {
        let (flusher, now) = (&mut self.flusher, self.now);
        by("flusher", || {
            let mut reports = 0;
            flusher.step(now, |_| reports += 1);
            reports
        })
    }

    fn is_drained(&mut self) -> bool {
        let (outbox, handle) = (&mut self.outbox, &self.handle);
        by("broker", || outbox.is_drained(handle))
    }

    fn more_room(&self, room: usize) {
        self.wire.state().room += room;
    }
}

const SLOW: &str = "-! Your side reads too slowly: too much is waiting for you. Connect again to go on.\r\n";

#[test]
fn what_is_handed_over_is_sent_by_the_flusher_alone_and_taken_back_when_it_is_drained() {
    let mut bench = Bench::new(FakeWire::with_room(3));
    assert_eq!(bench.push("one\r\n"), Flushed::HandedOver);
    bench.more_room(9);
    assert_eq!(bench.push("two\r\n"), Flushed::HandedOver);
    assert_eq!(bench.step(), 1);
    assert!(bench.is_drained());
    bench.more_room(99);
    assert_eq!(bench.push("three\r\n"), Flushed::Drained);
    assert_eq!(bench.wire.news(), [sent("broker", "one"), sent("flusher", "\r\ntwo\r\n"), sent("broker", "three\r\n")]);
}

#[test]
fn the_closing_line_of_a_slow_reader_is_said_by_the_flusher_that_owns_its_writing_side() {
    let mut bench = Bench::new(FakeWire::with_room(3));
    assert_eq!(bench.push("one\r\n"), Flushed::HandedOver);
    bench.more_room(999);
    assert_eq!(bench.push(&"x".repeat(OUTBOX_MAX_BYTES)), Flushed::Cut);
    assert_eq!(bench.wire.news(), [sent("broker", "one")], "the broker writes nothing more");
    bench.step();
    // What was pending is dropped, and the line that was sent in part is ended.
    let closing = format!("\r\n{SLOW}");
    assert_eq!(bench.wire.news(), [sent("flusher", &closing), Happened::ShutWriting("flusher".into())]);
    bench.now += LINGER - Duration::from_millis(1);
    bench.step();
    assert_eq!(bench.wire.news(), [], "the peer may still send");
    bench.now += Duration::from_millis(1);
    bench.step();
    assert_eq!(bench.wire.news(), [Happened::Shut("flusher".into())]);
}

#[test]
fn a_closing_line_behind_a_whole_line_begins_no_empty_one() {
    let mut bench = Bench::new(FakeWire::with_room(5));
    assert_eq!(bench.push("one\r\n"), Flushed::Drained);
    assert_eq!(bench.push(&"x".repeat(OUTBOX_MAX_BYTES + 1)), Flushed::Cut);
    bench.more_room(999);
    bench.step();
    assert_eq!(bench.wire.sent(), format!("one\r\n{SLOW}"));
}

#[test]
fn a_closing_line_that_is_not_taken_is_offered_for_a_while() {
    let mut bench = Bench::new(FakeWire::with_room(3));
    bench.push("one\r\n");
    bench.push(&"x".repeat(OUTBOX_MAX_BYTES));
    bench.step();
    bench.more_room(5);
    bench.step();
    assert_eq!(bench.wire.news(), [sent("broker", "one"), sent("flusher", "\r\n-! ")]);
    bench.now += LINGER;
    bench.step();
    assert_eq!(bench.wire.news(), [Happened::Shut("flusher".into())]);
}

#[test]
fn a_reader_that_stalls_is_cut_and_the_broker_never_takes_it_back() {
    let mut bench = Bench::new(FakeWire::with_room(3));
    bench.push("one\r\n");
    bench.more_room(2);
    assert_eq!(bench.step(), 1, "drained");
    // Before the broker hears of it, it has more for the client, who takes nothing any more.
    assert_eq!(bench.push("two\r\n"), Flushed::HandedOver);
    assert_eq!(bench.step(), 0);
    bench.now += STALL;
    assert_eq!(bench.step(), 1, "cut");
    assert!(!bench.is_drained());
    assert_eq!(bench.outbox.connection().ending(), Some(Reason::SlowReader));
    assert_eq!(bench.push("three\r\n"), Flushed::Cut);
    bench.more_room(999);
    bench.step();
    assert_eq!(bench.wire.sent(), format!("one\r\n{SLOW}"));
}

#[test]
fn a_client_to_which_everything_was_sent_is_closed_without_another_word() {
    let mut bench = Bench::new(FakeWire::with_room(99));
    bench.push("-! Too many lines, too fast, for too long. Goodbye.\r\n");
    let Bench { outbox, handle, .. } = &mut bench;
    outbox.finish(Reason::Flooding, handle);
    bench.step();
    assert_eq!(bench.wire.news()[1..], [Happened::ShutWriting("flusher".into())]);
}

#[test]
fn what_a_wire_has_sealed_and_not_sent_is_the_flushers_too() {
    let wire = FakeWire::with_room(99);
    wire.state().seals = true;
    let mut bench = Bench::new(wire);
    assert_eq!(bench.push("one\r\n"), Flushed::HandedOver);
    assert_eq!(bench.outbox.connection().unsent(), 0);
    assert!(!bench.is_drained());
    assert_eq!(bench.step(), 1);
    assert!(bench.is_drained());
    assert_eq!(bench.wire.news(), [sent("broker", "one\r\n")]);
}

fn services(folder: &Folder, inbox: crossbeam_channel::Sender<Request>) -> Services {
    let (_writer, reader) = store::open(folder, 1).expect("a store");
    let (sender, quit) = quit_channel();
    // The server of this test never stops.
    std::mem::forget(sender);
    let limits = LoginLimits {
        logins_per_min: 9,
        logins_per_address_per_min: 9,
        checks_per_address_per_min: 9,
        registrations_per_address_per_hour: 9,
        registrations_per_10min: 9,
        loopback_factor: 1,
    };
    let pace = PaceLimits { rate: Rate { burst_lines: 9, lines_per_s: 9 }, account_factor: 2, flood_max_lines: 9 };
    Services {
        inbox,
        reader,
        hasher: Hasher::new(1).expect("a hasher"),
        throttle: LoginThrottle::new(limits),
        greeting: Arc::default(),
        clock: Clock::utc(),
        quit,
        server_name: "Chat".into(),
        pace,
        accounts: AccountPaces::new(pace),
        login_timeout: Duration::from_secs(9),
        login_bad_lines_max: 9,
        outbox_max_bytes: OUTBOX_MAX_BYTES,
        line_max_bytes: 999,
        json_line_max_bytes: 999,
        line_cut_bytes: 9999,
        message_max_bytes: 999,
        history_page_max: 9,
    }
}

#[test]
fn a_fault_in_a_thread_before_the_login_is_said_by_that_thread() {
    let folder = tempfile::tempdir().expect("a folder");
    let (inbox, requests) = bounded(9);
    let services = services(&Folder::open(folder.path()).expect("it is empty"), inbox);
    let wire = FakeWire::with_room(9999);
    wire.state().panics = true;
    let threads = Threads::new();
    let connection = connection(&wire);
    client::spawn(CONVERSATIONS[0], connection.clone(), Arc::new(services), threads.running()).expect("a thread");
    assert!(threads.wait_timeout(Duration::from_secs(30)));
    assert!(requests.try_recv().is_err(), "the broker never heard of it");
    assert_eq!(connection.ending(), Some(Reason::Fault));
    let happened = wire.news();
    let thread = "client 1".to_owned();
    assert!(matches!(&happened[0], Happened::Sent(by, _) if *by == thread), "the greeting: {happened:?}");
    let mut line = Vec::new();
    TextProtocol.closing_line(Reason::Fault, &mut line);
    assert_eq!(happened[1..], [sent(&thread, &String::from_utf8_lossy(&line)), Happened::ShutWriting(thread)]);
}

/// Stores nothing, and can refuse to.
#[derive(Debug, Default)]
struct Nowhere {
    refuses: VecDeque<bool>,
}

impl Store for Nowhere {
    fn commit(&mut self, _records: &[Record]) -> Result<(), CommitError> {
        match self.refuses.pop_front() {
            Some(true) => Err(CommitError::Refused("the disk is full".into())),
            _ => Ok(()),
        }
    }

    fn keyed(&self, _account: AccountId, _key: &SendKey) -> Result<Vec<KeyedMessage>, StoreError> {
        Ok(Vec::new())
    }

    fn maintain(&mut self) -> Result<(), CommitError> {
        Ok(())
    }

    fn checkpoint(&mut self) {}
}

fn entering(wire: &FakeWire, input: Input) -> (Request, Receiver<Reply>) {
    let (replies, received) = bounded(1);
    let connection = connection(wire);
    let (protocol, waits) = (&TextProtocol, Waits::Answer);
    (Request::Enter { connection, input, protocol, reference: None, waits, replies }, received)
}

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A broker over such a store, its flusher, and ana who is logged in over `wire`, with the replies to her thread.
fn broker_and_ana(store: Nowhere, wire: &FakeWire) -> (Broker<Nowhere>, Flusher, Receiver<Reply>) {
    let (handle, flusher) = flusher(STALL).expect("a flusher");
    let limits = TurnLimits { events_max: 9, outbox_max_bytes: 9999, last_flush: Duration::ZERO };
    let mut chat = Chat::load(ChatLimits::default(), Snapshot::default());
    chat.found(NOW, &mut Default::default());
    let people = Arc::default();
    let mut broker = Broker::new(chat, store, handle, limits, Clock::utc(), admission(), people, NOW);
    let origin = Origin::text(Address::parse("192.0.2.1").expect("an address"));
    let input = Input::Register {
        name: Name::parse("ana").expect("a name"),
        hash: PasswordHash("!".into()),
        code: None,
        origin,
    };
    let (enter, replies) = entering(wire, input);
    assert!(!broker.turn(NOW, &mut vec![enter].into_iter()).expect("it is stored"));
    assert!(wire.sent().contains("-- Welcome, ana."), "{}", wire.sent());
    (broker, flusher, replies)
}

#[test]
fn a_thread_goes_on_when_the_answer_to_its_client_is_counted_as_sent_or_unsent() {
    let wire = FakeWire::with_room(9999);
    let (mut broker, _flusher, replies) = broker_and_ana(Nowhere::default(), &wire);
    assert_eq!(replies.try_recv(), Ok(Reply::Done));
    wire.state().replies = Some(replies.clone());
    wire.news();
    let ana = ClientId(1);
    let ask =
        |query: Query, waits| Request::Ask { client: ana, ask: query.into(), reference: None, waits, is_act: true };
    let page = |bytes: &str, more| Request::Page {
        client: ana,
        bytes: bytes.into(),
        shown: Vec::new(),
        more,
        waits: Waits::Answer,
    };
    for (request, is_page) in [
        (ask(Query::Rooms { page: 1 }, Waits::Answer), false),
        (ask(Query::History { room: None, range: HistoryRange::Newest }, Waits::Page), true),
        (page("a part\r\n", true), false),
        (page("the rest\r\n", false), false),
    ] {
        let what = format!("{request:?}");
        broker.turn(NOW, &mut vec![request].into_iter()).expect("it is stored");
        let reply = replies.try_recv().expect("there is one");
        assert_eq!(matches!(reply, Reply::Page(_)), is_page, "{what}");
        assert!(is_page || !wire.news().is_empty(), "{what}");
    }
    assert!(!wire.state().is_replied_first);
}

#[test]
fn a_client_has_a_bounded_number_of_messages_in_the_inbox_however_fast_it_may_send() {
    let folder = tempfile::tempdir().expect("a folder");
    let (inbox, requests) = bounded(999);
    let mut services = services(&Folder::open(folder.path()).expect("it is empty"), inbox);
    services.pace.rate = Rate { burst_lines: 999, lines_per_s: 999 };
    services.accounts = AccountPaces::new(services.pace);
    let wire = FakeWire::with_room(9999);
    let login = format!(r#"{{"type":"login","name":"ana","token":"token:{}"}}"#, "a2".repeat(16));
    let lines = [&login[..]].into_iter().chain([r#"{"type":"send","room":"tea","text":"hum"}"#; 200]);
    wire.state().input.extend(lines.collect::<Vec<_>>().join("\n").bytes());
    let threads = Threads::new();
    client::spawn(CONVERSATIONS[1], connection(&wire), Arc::new(services), threads.running()).expect("a thread");
    let next = || requests.recv_timeout(Duration::from_secs(30)).expect("the thread asks");
    let Request::Enter { replies, .. } = next() else { panic!("it logs in") };
    replies.send(Reply::Done).expect("it waits");
    let mut pipelined = 0;
    loop {
        match next() {
            Request::Ask { ask, waits: Waits::No, .. } if ask.is_talk() => pipelined += 1,
            Request::Ask { ask, .. } if ask.is_talk() => {
                assert_eq!(pipelined, 64);
                assert!(requests.is_empty(), "it waits before it sends more");
                pipelined = 0;
                replies.send(Reply::Done).expect("it waits");
            }
            // The end of its input.
            other => {
                assert!(matches!(other, Request::Ask { .. }), "{other:?}");
                break;
            }
        }
    }
    assert_eq!(pipelined, 200 - 3 * 65);
    assert!(threads.wait_timeout(Duration::from_secs(30)));
}

#[test]
fn a_broker_over_a_fake_wire_and_a_fake_store_runs_in_one_thread() {
    let (wire, now) = (FakeWire::with_room(9999), NOW);
    // The register is stored, the message is not.
    let (mut broker, mut flusher, _replies) = broker_and_ana(Nowhere { refuses: [false, true].into() }, &wire);

    let text = Text::from("hello");
    let say = Command::Say { room: None, kind: MessageKind::Speech, text, key: None };
    let ask = Request::Ask { client: ClientId(1), ask: say.into(), reference: None, waits: Waits::No, is_act: true };
    let requests = [ask, Request::Stop, Request::Drained(ClientId(7))];
    let mut requests = requests.into_iter();
    wire.news();
    assert!(broker.turn(now.plus_seconds(1), &mut requests).expect("a refusal is no failure"));
    assert_eq!(requests.count(), 0);
    assert!(wire.sent().starts_with("-! Not saved"), "{}", wire.sent());

    broker.maintain(now.plus_seconds(2)).expect("nothing is stored");
    broker.finish();
    drop(broker);
    assert!(!flusher.step(Instant::now(), |_| {}), "the handle is gone");
    assert!(matches!(wire.news().last(), Some(Happened::ShutWriting(_))));
}
