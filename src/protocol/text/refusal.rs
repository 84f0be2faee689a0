//! Refusals in full: what happened, what did not happen, and one next step. The last two stand beside their nouns.

use crate::chat::Refusal;
use crate::protocol::Context;
use crate::protocol::refusal::{given_reason, happened};

use super::pen::quoted;
use super::row::NOTHING_DONE;

/// The second and third part of a refusal: what was not done, and the next step; either may be empty.
pub(super) struct Advice {
    undone: String,
    next: String,
}

impl Advice {
    pub(super) fn new(undone: impl Into<String>, next: impl Into<String>) -> Advice {
        Advice { undone: undone.into(), next: next.into() }
    }

    /// Nothing was done, and this is the next step.
    pub(super) fn next(next: impl Into<String>) -> Advice {
        Advice::new(NOTHING_DONE, next)
    }

    fn of(refusal: &Refusal) -> Advice {
        use super::{
            account, invitation, member, moderation, people, reading, registration, room, server, talk, token,
        };
        let nouns = [
            talk::advice,
            member::advice,
            room::advice,
            invitation::advice,
            people::advice,
            reading::advice,
            moderation::advice,
            account::advice,
            token::advice,
            server::advice,
            registration::advice,
        ];
        nouns.iter().find_map(|advice| advice(refusal)).unwrap_or_else(|| Advice::next(""))
    }
}

/// The refusal in words, without the `-! ` that its line starts with.
pub fn refusal_text(refusal: &Refusal, context: Context) -> String {
    let Advice { undone, next } = Advice::of(refusal);
    let reason = given_reason(refusal).map(|why| format!("Reason: {}", quoted(why.as_str()))).unwrap_or_default();
    let mut text = happened(refusal, context);
    for part in [undone, next, reason] {
        if !part.is_empty() {
            text.push(' ');
            text.push_str(&part);
        }
    }
    text
}
