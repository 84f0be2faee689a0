//! The thread of a client's connection, as `src/client` has it: it reads lines, asks the broker, and reads pages. Here it
//! does one thing at a time, and never waits.

use std::sync::Arc;
use std::{io, mem};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use chat_server::broker::{Reply, Request, Waits};
use chat_server::chat::{
    Ask, ClientId, Command, Event, Grant, GrantedRange, Input, Query, Refusal, Resuming, RoomId, Seq, Timestamp, Traits,
};
use chat_server::net::Connection;
use chat_server::net::framing::{Decoded, LineDecoder};
use chat_server::protocol::json::{self, Json};
use chat_server::protocol::{Clock, Context, Notice, Protocol, Reference};
use chat_server::reason::{ClosingLine, Reason};
use chat_server::token;

use super::Sabotage;
use super::history::Kind;
use super::run::account_of;
use super::server::{Host, OUTBOX_MAX_BYTES};
use super::wire::Writer;

/// How long the thread of a session that is over waits for the end of input.
const OVER_TIMEOUT_S: u64 = 12;

/// JSON, with the traits of a person's protocol: a cursor, what waits for a page is better shown late than never, and a
/// message is acknowledged by silence.
#[derive(Debug)]
struct People;

impl Protocol for People {
    fn word(&self) -> &'static str {
        "people"
    }

    fn traits(&self) -> Traits {
        Traits { cursor: true, ..Traits::default() }
    }

    fn strict_order(&self) -> bool {
        false
    }

    fn event(&self, event: &Event, context: Context, out: &mut Vec<u8>) {
        Json.event(event, context, out);
    }

    fn answer(&self, event: &Event, reference: Option<&Reference>, context: Context, out: &mut Vec<u8>) {
        if !matches!(event, Event::Stored { requested: false, .. }) {
            Json.answer(event, reference, context, out);
        }
    }

    fn notice(&self, notice: Notice, context: Context, out: &mut Vec<u8>) {
        Json.notice(notice, context, out);
    }
}

impl ClosingLine for People {
    fn closing_line(&self, reason: Reason, out: &mut Vec<u8>) {
        Json.closing_line(reason, out);
    }

    fn line_end(&self) -> &'static [u8] {
        Json.line_end()
    }
}

pub struct Thread {
    client: ClientId,
    connection: Arc<Connection>,
    decoder: LineDecoder,
    inbox: Sender<Request>,
    /// While there is a session.
    replies: Option<Receiver<Reply>>,
    is_person: bool,
    /// Of the request that it is working on.
    reference: Option<Reference>,
    doing: Doing,
}

enum Doing {
    /// Waits for a line.
    Reading,
    /// Waits for the broker, which decides on this.
    Waiting(Purpose),
    /// Reads a page.
    Paging(Purpose, Grant),
    /// The connection is over since then; its input is forgotten.
    Over(Timestamp),
}

/// What a reply is for.
enum Purpose {
    /// Messages of a room that was entered are not shown.
    Answer,
    History,
    Unread,
    Resume(Resuming),
}

/// What came from a client.
enum Line {
    Complete(Vec<u8>),
    Unfinished,
    End,
    Lost,
}

impl Thread {
    pub fn new(connection: Arc<Connection>, inbox: Sender<Request>) -> Thread {
        Thread {
            client: ClientId(connection.number()),
            connection,
            decoder: LineDecoder::unedited(8192, 16384),
            inbox,
            replies: None,
            is_person: false,
            reference: None,
            doing: Doing::Reading,
        }
    }

    pub fn is_idle(&self) -> bool {
        self.connection.unsent() == 0 && matches!(self.doing, Doing::Reading)
    }

    /// Does one thing. Whether the thread goes on.
    pub fn go_on(&mut self, host: &mut Host) -> bool {
        let is_cut = self.connection.ending().is_some();
        // A client that reads slowly is answered slowly.
        let is_slow = !is_cut && self.connection.unsent() > OUTBOX_MAX_BYTES / 4;
        self.doing = match mem::replace(&mut self.doing, Doing::Over(host.now)) {
            Doing::Reading if is_cut => self.end(Reason::Lost, host),
            Doing::Reading if is_slow => {
                if host.sabotage == Sabotage::WriteOver {
                    let _ = self.connection.send_now(b"{}\n");
                }
                Doing::Reading
            }
            Doing::Reading => match self.next_line() {
                Line::Complete(line) => self.obey(&line, host),
                Line::Unfinished => Doing::Reading,
                Line::End => self.end(Reason::EndOfInput, host),
                Line::Lost => self.end(Reason::Lost, host),
            },
            Doing::Waiting(purpose) => self.wait(purpose, host),
            Doing::Paging(purpose, grant) if is_slow || host.happens(host.faults.slow_page) => {
                Doing::Paging(purpose, grant)
            }
            Doing::Paging(purpose, grant) => self.give_page(purpose, grant, host),
            Doing::Over(since) => {
                let is_ended = matches!(self.next_line(), Line::End | Line::Lost);
                if is_ended || host.now >= since.plus_seconds(OVER_TIMEOUT_S) {
                    if self.replies.is_some() {
                        self.send(Request::Gone(self.client));
                    }
                    return false;
                }
                Doing::Over(since)
            }
        };
        true
    }

    fn next_line(&mut self) -> Line {
        if let Some(Decoded::Line(line)) = self.decoder.next() {
            return Line::Complete(line);
        }
        let mut buffer = [0; 256];
        match self.connection.read(&mut buffer) {
            Ok(0) => Line::End,
            Ok(read) => {
                self.decoder.push(&buffer[..read]);
                match self.decoder.next() {
                    Some(Decoded::Line(line)) => Line::Complete(line),
                    _ => Line::Unfinished,
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Line::Unfinished,
            Err(_) => Line::Lost,
        }
    }

    fn send(&self, request: Request) {
        self.inbox.send(request).expect("the broker reads it");
    }

    fn ask(&self, ask: Ask, reference: Option<Reference>, waits: Waits, is_act: bool) {
        self.send(Request::Ask { client: self.client, ask, reference, waits, is_act });
    }

    /// No more lines come.
    fn end(&mut self, reason: Reason, host: &Host) -> Doing {
        if self.replies.is_none() {
            self.connection.finish(reason, host.epoch);
        } else if self.connection.end(reason) && reason == Reason::EndOfInput {
            if host.sabotage == Sabotage::EndUnsent {
                self.connection.shut_writing();
            }
            self.ask(Command::Quit.into(), None, Waits::No, true);
        } else {
            self.send(Request::Gone(self.client));
        }
        Doing::Over(host.now)
    }

    fn obey(&mut self, line: &[u8], host: &Host) -> Doing {
        let json::Line { reference, request } = json::parse(line);
        self.reference = reference;
        match request.expect("clients here know the protocol") {
            json::Request::LogIn { name, secret, options } => {
                let digest = token::digest(secret.as_bytes()).expect("it is a token");
                self.is_person = options.live;
                let protocol: &'static dyn Protocol = match self.is_person {
                    false if host.sabotage != Sabotage::ReleaseUnread => &Json,
                    _ => &People,
                };
                let mut origin = options.origin(self.connection.address());
                if self.is_person {
                    (origin.protocol, origin.traits) = (People.word(), People.traits());
                }
                {
                    let mut net = host.net.lock();
                    let pipe = net.pipe(self.client);
                    (pipe.owner, pipe.account) = (Writer::Broker, account_of(&name));
                }
                let (replies, receiver) = bounded(1);
                self.replies = Some(receiver);
                let (connection, input) = (self.connection.clone(), Input::LogInByToken { name, digest, origin });
                let (reference, waits) = (self.reference.clone(), Waits::Answer);
                self.send(Request::Enter { connection, input, protocol, reference, waits, replies });
                Doing::Waiting(Purpose::Answer)
            }
            json::Request::Chat(ask) => {
                let is_talk = ask.is_talk();
                let (purpose, waits) = match &ask {
                    Ask::Command(Command::Resume { after }) => {
                        (Purpose::Resume(Resuming::new(after.clone())), Waits::Page)
                    }
                    Ask::Command(Command::Join { .. }) if self.is_person => (Purpose::Answer, Waits::Page),
                    Ask::Query(Query::History { .. }) => (Purpose::History, Waits::Page),
                    Ask::Query(Query::Unread) => (Purpose::Unread, Waits::Page),
                    Ask::Command(Command::LogOut) => (Purpose::Answer, Waits::No),
                    _ if is_talk => (Purpose::Answer, Waits::No),
                    _ => (Purpose::Answer, Waits::Answer),
                };
                if host.sabotage == Sabotage::AnswerTwice && matches!(ask, Ask::Query(Query::Who { .. })) {
                    self.ask(ask.clone(), self.reference.clone(), Waits::No, true);
                }
                self.ask(ask, self.reference.clone(), waits, true);
                if is_talk { Doing::Reading } else { Doing::Waiting(purpose) }
            }
            other => unreachable!("no client sends {other:?}"),
        }
    }

    fn wait(&mut self, purpose: Purpose, host: &Host) -> Doing {
        match self.replies.as_ref().expect("there is a session").try_recv() {
            Ok(Reply::Page(grant)) => {
                if host.sabotage == Sabotage::NeverHold {
                    let (bytes, shown, waits) = (Vec::new(), Vec::new(), Waits::No);
                    self.send(Request::Page { client: self.client, bytes, shown, more: false, waits });
                }
                Doing::Paging(purpose, grant)
            }
            Ok(Reply::Done) => Doing::Reading,
            Ok(Reply::Refused(refusal)) => {
                self.replies = None;
                host.net.lock().pipe(self.client).owner = Writer::Thread;
                match self.connection.send_all(&self.refused(refusal, host), host.epoch) {
                    Ok(()) => Doing::Reading,
                    Err(_) => self.end(Reason::Lost, host),
                }
            }
            Ok(Reply::Released) => {
                self.replies = None;
                let mut net = host.net.lock();
                net.note("logged out");
                net.pipe(self.client).owner = Writer::Thread;
                if self.connection.unsent() > 0 {
                    net.fault(Kind::Unfinished, format!("{} is released with something unsent", self.client));
                }
                Doing::Reading
            }
            Err(TryRecvError::Empty) => Doing::Waiting(purpose),
            // The broker does not know the client any more.
            Err(TryRecvError::Disconnected) => Doing::Over(host.now),
        }
    }

    fn refused(&self, refusal: Refusal, host: &Host) -> Vec<u8> {
        let (clock, mut bytes) = (Clock::utc(), Vec::new());
        let context = Context { now: host.wall, clock: &clock };
        Json.answer(&Event::Refused(refusal), self.reference.as_ref(), context, &mut bytes);
        bytes
    }

    /// Has a page, or a part of one, sent.
    fn page(&self, bytes: Vec<u8>, shown: Vec<(RoomId, Seq, Seq)>, more: bool, host: &Host) {
        self.send(match host.sabotage {
            Sabotage::NeverHold => Request::Write(self.client, bytes),
            _ => Request::Page { client: self.client, bytes, shown, more, waits: Waits::No },
        });
    }

    fn give_page(&mut self, purpose: Purpose, grant: Grant, host: &mut Host) -> Doing {
        let is_unreadable = host.happens(host.faults.unreadable);
        if is_unreadable {
            host.net.lock().note("a page could not be read");
        }
        let (reference, mut bytes, mut shown) = (self.reference.as_ref(), Vec::new(), Vec::new());
        let messages = grant.ranges.iter().flat_map(|range| host.disk.page(range));
        match purpose {
            Purpose::Resume(_) if is_unreadable => {
                self.send(Request::Close(self.client, Reason::Fault));
                return Doing::Over(host.now);
            }
            Purpose::Resume(backlog) => return self.give_backlog(backlog, &grant, host),
            Purpose::Answer => {}
            _ if is_unreadable => bytes = self.refused(Refusal::HistoryBusy, host),
            Purpose::History => json::history(&grant.ranges[0], messages.collect(), reference, &mut bytes),
            Purpose::Unread => {
                let count = if host.sabotage == Sabotage::ShowNothing { 0 } else { usize::MAX };
                json::unread(messages.take(count).collect(), grant.remaining, reference, &mut bytes);
                shown = grant.ranges.iter().map(place).collect();
            }
        }
        self.page(bytes, shown, false, host);
        Doing::Reading
    }

    /// Sends messages in parts, and asks for the next page, until all rooms are live.
    fn give_backlog(&mut self, mut backlog: Resuming, grant: &Grant, host: &mut Host) -> Doing {
        let (mut bytes, mut shown) = (Vec::new(), Vec::new());
        for range in grant.ranges.iter().filter(|range| range.from <= range.to) {
            host.disk.page(range).into_iter().for_each(|message| json::message(message, &mut bytes));
            if host.random.percent(20) {
                self.page(mem::take(&mut bytes), Vec::new(), true, host);
            }
            shown.push(place(range));
        }
        if backlog.advance(grant) {
            json::resumed(&backlog.given, &backlog.gone, self.reference.as_ref(), &mut bytes);
            if host.sabotage == Sabotage::ReleaseTwice {
                host.net.lock().pipe(self.client).repeats_after = Some(bytes.len());
            }
            self.page(bytes, shown, false, host);
            return Doing::Reading;
        }
        self.page(bytes, shown, false, host);
        self.ask(backlog.request().into(), self.reference.clone(), Waits::Page, false);
        Doing::Waiting(Purpose::Resume(backlog))
    }
}

fn place(range: &GrantedRange) -> (RoomId, Seq, Seq) {
    (range.room.id, range.from, range.to)
}
