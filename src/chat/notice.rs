//! Notices: what happened to an account by another's hand, or by time, and is shown to it at its next login.

use super::{AccountId, Chat, Effects, Event, Name, Record, Timestamp};

/// Most notices that are kept for an account; later ones are dropped until it has seen these.
pub const NOTICES_MAX: usize = 20;

/// What an account is shown. Rooms and people stand by the names that they had then.
#[allow(missing_docs, reason = "the line above each variant tells of its fields")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// There is a one-time code with which a new password of the account can be set. `by` is the operator who made it, `None` if
    /// it was made beside the server.
    PasswordCode { by: Option<Name> },
    /// The invitation to `room` by `by` expired, or was taken back by a moderator (`revoked`).
    InvitationOver { room: Name, by: Name, revoked: bool },
    /// The account's invitation of `who` to `room` expired unused, or was taken back by another moderator (`revoked`).
    InvitationUnused { room: Name, who: Name, revoked: bool },
}

impl Chat {
    /// Shows a notice to all connections of an account, and keeps it for its next login.
    pub(super) fn leave_notice(&mut self, now: Timestamp, id: AccountId, notice: Notice, effects: &mut Effects) {
        let account = self.accounts.get(id);
        for client in &account.clients {
            effects.notify(*client, Event::Notice { at: now, notice: notice.clone() });
        }
        if account.notices.len() < NOTICES_MAX {
            self.record(Record::NoticeLeft { account: id, at: now, notice }, effects);
        }
    }

    /// The notices of an account that logs in, which are then done with.
    pub(super) fn take_notices(&mut self, id: AccountId, effects: &mut Effects) -> Vec<(Timestamp, Notice)> {
        let notices = self.accounts.get(id).notices.clone();
        if !notices.is_empty() {
            self.record(Record::NoticesShown { account: id }, effects);
        }
        notices
    }
}
