//! What the broker is asked, and what it answers to the threads that ask.

use std::sync::Arc;

use crossbeam_channel::Sender;

use crate::chat::{ClientId, Command, Front, Grant, Input, Name, Refusal, RoomId, Seq};
use crate::net::{Link, Reason};
use crate::protocol::json::Reference;

/// What is sent to the broker.
#[derive(Debug)]
pub enum Request {
    /// A connection wants to log in or register. If it may, its writing side passes to the broker, and `replies` gets one
    /// [`Reply`] now and one for each later request that says so.
    Enter {
        /// The connection.
        link: Arc<Link>,
        /// [`Input::LogIn`], [`Input::LogInByToken`] or [`Input::Register`].
        input: Input,
        /// The front by which it speaks.
        front: Front,
        /// Goes back with the answer.
        reference: Option<Reference>,
        /// For the answers. Has room for one.
        replies: Sender<Reply>,
    },
    /// A connection that wants to register asks whether it can have this name. Answered by [`Reply::Done`] or
    /// [`Reply::Refused`]; the name may be taken by another before it asks to enter.
    CheckName {
        /// The name.
        name: Name,
        /// For the answer. Has room for one.
        replies: Sender<Reply>,
    },
    /// A logged-in client asks for something; `reference` goes back with the answer. Answered by a [`Reply`] if the command
    /// needs one, and when it is [`Command::LogOut`].
    Command(ClientId, Command, Option<Reference>),
    /// Finished bytes of a client's own thread for its outbox: lines, or the telnet commands around a prompt.
    Write(ClientId, Vec<u8>),
    /// The same, and it is the page for which the outbox is held, or a part of it.
    Page {
        /// Whose it is.
        client: ClientId,
        /// The page.
        bytes: Vec<u8>,
        /// What is shown counts as read up to there.
        read: Vec<(RoomId, Seq)>,
        /// More of it follows: the outbox stays held.
        more: bool,
    },
    /// Say the reason's last line to a client, send what waits, and close the connection.
    Close(ClientId, Reason),
    /// The connection is gone.
    Gone(ClientId, Gone),
    /// From the flusher: the client has taken everything.
    Dry(ClientId),
    /// No client is left; send what waits, for a short while, and stop.
    Stop,
}

impl Request {
    /// How many bytes each member of a room will get of it, about.
    pub(super) fn text_bytes(&self) -> usize {
        let Request::Command(_, command, _) = self else { return 0 };
        match command {
            Command::Say { text, .. } | Command::Tell { text, .. } | Command::Reply { text } => text.len(),
            _ => 0,
        }
    }
}

/// How a connection went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gone {
    /// In order: what was sent to it has arrived.
    Closed,
    /// It broke, or did not read: what was sent to it lately may not have arrived.
    Lost,
}

/// What the broker answers to a client's own thread.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    /// Done; what there is to say is in the outbox.
    Done,
    /// The client may read this part of the history. Its outbox is held until the page comes.
    Granted(Grant),
    /// The connection is not logged in, because of this.
    Refused(Refusal),
    /// The session has ended and all is sent: the thread owns the writing side again.
    Released,
}
