//! Wrong one-time codes: a few in ten minutes are typing errors, more are guesses. Counted by account, and by address,
//! because accounts cost a guesser little.

use std::collections::BTreeMap;

use super::record::undo;
use super::{AccountId, Actor, Chat, Refusal, Timestamp};
use crate::address::Address;

/// The time over which they are counted.
const WINDOW_S: u64 = 600;
/// How many accounts or addresses are kept at least before those whose window is over are forgotten.
const KEYS_KEPT: usize = 1024;

/// Wrong codes by account and by address.
#[derive(Debug, Default)]
pub(super) struct CodeTries {
    by_account: Tries<AccountId>,
    by_address: Tries<Address>,
}

/// Wrong codes by a key: their number, and since when.
#[derive(Debug)]
struct Tries<K> {
    counts: BTreeMap<K, (u64, Timestamp)>,
    clean_at: usize,
}

impl<K> Default for Tries<K> {
    fn default() -> Tries<K> {
        Tries { counts: BTreeMap::new(), clean_at: KEYS_KEPT }
    }
}

impl<K: Ord> Tries<K> {
    fn are_used_up(&self, key: &K, max: u64, now: Timestamp) -> bool {
        self.counts.get(key).is_some_and(|(count, since)| *count >= max && is_running(*since, now))
    }

    fn count(&mut self, key: K, now: Timestamp) {
        if self.counts.len() > self.clean_at {
            self.counts.retain(|_, (_, since)| is_running(*since, now));
            self.clean_at = KEYS_KEPT.max(2 * self.counts.len());
        }
        let (count, since) = self.counts.entry(key).or_insert((0, now));
        if !is_running(*since, now) {
            (*count, *since) = (0, now);
        }
        *count += 1;
    }

    fn take_back(&mut self, key: &K) {
        if let Some((count, _)) = self.counts.get_mut(key) {
            *count = count.saturating_sub(1);
        }
    }
}

/// Whether a window is open. A clock that was set back must not lengthen the wait.
fn is_running(since: Timestamp, now: Timestamp) -> bool {
    since <= now && now < since.plus_seconds(WINDOW_S)
}

impl Chat {
    /// Refuses to look at a code of an account or an address that has tried too many wrong ones.
    pub(super) fn check_code_tries(&self, actor: Actor) -> Result<(), Refusal> {
        let address = self.session(actor.client).origin.address;
        let address_max = address.limit(self.limits.wrong_codes_per_address_max, self.limits.loopback_factor);
        let CodeTries { by_account, by_address } = &self.code_tries;
        match by_account.are_used_up(&actor.account, self.limits.wrong_codes_per_account_max, actor.now)
            || by_address.are_used_up(&address, address_max, actor.now)
        {
            true => Err(Refusal::TooManyCodes),
            false => Ok(()),
        }
    }

    /// The code was wrong. If the turn cannot be stored it does not count, because its answer is not given either.
    pub(super) fn count_wrong_code(&mut self, actor: Actor) {
        let (account, address) = (actor.account, self.session(actor.client).origin.address);
        self.code_tries.by_account.count(account, actor.now);
        self.code_tries.by_address.count(address, actor.now);
        self.undo.push(undo(move |chat| {
            chat.code_tries.by_account.take_back(&account);
            chat.code_tries.by_address.take_back(&address);
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_chat::{ANA, BOB, TestChat, name, origin};
    use super::super::{Answer, ChatLimits, ClientId, Command, Delivery, Event, Input, Origin};
    use super::*;

    fn try_code(chat: &mut TestChat, client: u64) -> Refusal {
        chat.command(client, Command::Accept { what: Some(name("maple-otter-11")), by: None });
        match &chat.effects.deliveries[..] {
            [Delivery::Answer(_, Answer::Event(Event::Refused(refusal)))] => refusal.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn wrong() -> Refusal {
        Refusal::NoSuchInvitation { what: Some(name("maple-otter-11")), room: None }
    }

    #[test]
    fn wrong_codes_are_bounded_by_account_and_by_address_over_all_its_accounts() {
        let mut chat = TestChat::new();
        chat.chat.limits =
            ChatLimits { wrong_codes_per_account_max: 2, wrong_codes_per_address_max: 3, ..chat.chat.limits };
        assert_eq!(
            [ANA, ANA, ANA].map(|client| try_code(&mut chat, client)),
            [wrong(), wrong(), Refusal::TooManyCodes]
        );
        assert_eq!(try_code(&mut chat, BOB), wrong());
        assert_eq!(try_code(&mut chat, BOB), Refusal::TooManyCodes, "the third of the address");
        let elsewhere = Origin { address: Address::parse("198.51.100.9").unwrap(), ..origin() };
        chat.input(9, Input::LogIn { account: AccountId(3), password_version: 1, origin: elsewhere });
        assert!(chat.chat.is_logged_in(ClientId(9)));
        assert_eq!(try_code(&mut chat, 9), wrong(), "bob has one more, from another address");
        assert_eq!(try_code(&mut chat, 9), Refusal::TooManyCodes);
    }

    #[test]
    fn a_wrong_code_of_a_turn_that_is_not_stored_does_not_count() {
        let mut chat = TestChat::new();
        for _ in 0..99 {
            assert_eq!(try_code(&mut chat, ANA), wrong());
            chat.chat.roll_back();
        }
    }

    #[test]
    fn only_windows_that_are_over_are_forgotten() {
        let (mut tries, start) = (Tries::default(), Timestamp(0));
        for key in 0..KEYS_KEPT {
            tries.count(key, start);
        }
        tries.count(KEYS_KEPT, start.plus_seconds(1));
        tries.count(KEYS_KEPT + 1, start.plus_seconds(WINDOW_S));
        assert_eq!(tries.counts.keys().copied().collect::<Vec<_>>(), [KEYS_KEPT, KEYS_KEPT + 1]);
    }
}
