//! Requests to the broker, and its replies to the threads that wait.

use std::sync::Arc;

use crossbeam_channel::Sender;

use crate::chat::{Ask, ClientId, Command, Grant, Input, Name, Refusal, RoomId, Seq, TokenDigest};
use crate::net::Connection;
use crate::protocol::{Protocol, Reference};
use crate::reason::Reason;

/// About how many bytes an event has beside a person's words: names, times, numbers.
const ENVELOPE_BYTES: usize = 200;

/// A request to the broker.
#[derive(Debug)]
pub enum Request {
    /// A connection wants to log in or register. If it may, its writing side passes to the broker, and `replies` gets one
    /// [`Reply`] now and one for each later request that waits.
    Enter {
        /// The connection.
        connection: Arc<Connection>,
        /// [`Input::LogIn`], [`Input::LogInByToken`], [`Input::ResetPassword`] or [`Input::Register`].
        input: Input,
        /// How it encodes.
        protocol: &'static dyn Protocol,
        /// Goes back with the answer.
        reference: Option<Reference>,
        /// The reply that its thread waits for after the login.
        waits: Waits,
        /// For the replies. Has room for one.
        replies: Sender<Reply>,
    },
    /// A connection asks before its login whether something would be refused. Replied to by [`Reply::Done`] or
    /// [`Reply::Refused`]; the answer may be another when it asks to enter.
    Check {
        /// What.
        check: Check,
        /// For the reply. Has room for one.
        replies: Sender<Reply>,
    },
    /// A logged-in client asks something. Its one answer goes to its outbox, unless it is a page.
    Ask {
        /// Who.
        client: ClientId,
        /// What.
        ask: Ask,
        /// Goes back with the answer.
        reference: Option<Reference>,
        /// The reply that its thread waits for.
        waits: Waits,
        /// The client has sent it just now, so it has read earlier deliveries. Otherwise it is older, or its thread continues
        /// an earlier request.
        is_act: bool,
    },
    /// Finished bytes of a client's own thread for its outbox: lines, or the telnet commands around a prompt.
    Write(ClientId, Vec<u8>),
    /// The same, as the answer to a request for which the broker is not needed, such as a `ping`. The client has read what
    /// was delivered before, as with [`Request::Ask`].
    Answer(ClientId, Vec<u8>),
    /// The page for which the outbox is held, or a part of it. Replied to by [`Reply::Done`] where `waits` is not
    /// [`Waits::No`].
    Page {
        /// Whose it is.
        client: ClientId,
        /// The page.
        bytes: Vec<u8>,
        /// Messages that count as read once the client acts after it: room, first and last number.
        shown: Vec<(RoomId, Seq, Seq)>,
        /// More of it follows: the outbox stays held.
        more: bool,
        /// The reply that its thread waits for.
        waits: Waits,
    },
    /// Send what waits for a client and the closing line, and close the connection. Ignored where there is no such client.
    Close(ClientId, Reason),
    /// The connection is gone.
    Gone(ClientId),
    /// The token by which the client logged in has expired. From the broker itself.
    Expired(ClientId),
    /// From the flusher: the client has taken everything that was handed over, or was cut.
    Drained(ClientId),
    /// No client is left; send what waits, for a short while, and stop.
    Stop,
}

impl Request {
    /// About how many bytes each member of a room may get of it.
    pub(super) fn room_bytes(&self) -> usize {
        let text = match self {
            Request::Ask {
                ask: Ask::Command(Command::Say { text, .. } | Command::Tell { text, .. } | Command::Reply { text }),
                ..
            } => text.len(),
            _ => 0,
        };
        ENVELOPE_BYTES + text
    }
}

/// A question of a connection before its login, so that nothing slow is done in vain.
#[derive(Debug)]
pub enum Check {
    /// Whether an account of this name can be created, with the code of this digest.
    Registration(Name, Option<TokenDigest>),
    /// Whether a new password of the account of this name can be set by the code of this digest.
    PasswordCode(Name, TokenDigest),
}

/// The reply that a client's thread waits for after a request. It gets exactly one [`Reply`], unless it does not wait, at
/// the end of the turn: then everything that the client has been given is counted as sent or unsent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waits {
    /// Nothing: it continues at once.
    No,
    /// That the answer is in the outbox.
    Answer,
    /// The same, or a page to read: its outbox is then held until the page comes.
    Page,
}

/// A reply of the broker to a client's thread.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    /// Done; what there is to show is in the outbox.
    Done,
    /// The client may read this part of the history. Its outbox is held until the page comes.
    Page(Grant),
    /// The connection is not logged in, because of this.
    Refused(Refusal),
    /// The session has ended and everything is sent: the thread owns the writing side again.
    Released,
}
