//! The chat without sockets, threads and clocks, simulated from seeds: random clients, and invariants that are computed from
//! what was stored and from the inputs, not from the chat. (In `path`: the whole way above the sockets.)
//!
//! A run is one seed; everything that happens follows from it, so a failure is replayed by its number: `SEED=7 make sim`, or
//! `SEED=7 STEPS=1000000 make sim` for more of the same. A failure shows the seed and the last requests. What is checked
//! after each request, each turn and now and then is listed in `world.rs`.

mod alike;
mod answers;
mod crowd;
mod diary;
mod notices;
mod path;
mod privacy;
mod reading;
mod request;
mod rights;
mod sabotage;
mod state;
mod store;
mod tally;
mod world;

use std::io::Write as _;
use std::time::Instant;

use chat_server::chat::{Chat, Effects, Timestamp};
use chat_server::store::{self as real_store, Folder, Store as _};

use tally::Tally;
use world::World;

/// What must be delivered somewhere, or nothing is known of it: every event, farewell and refusal of the chat. Refusals that
/// are decided outside it are missing here: `too_many_logins`, `too_many_registrations`, `password_length`, `not_stored`,
/// `history_busy`, `stopping`, `fault`.
const HAPPENS: &str = "
    Account AcksSet AwaySet Bans CaughtUp CodeCreated Created DirectOpened Ended Entered Invited InvitationReceived LoggedIn
    MemberJoined MemberLeft Message NoMessages NotHere NothingUnread OperatorSet Page PasswordChanged People Presence ReadSet
    NameFreed Notice PasswordCodeCreated RegistrationCodeCreated RegistrationShown Registered Removed RoomChanged RoomList RoomShown ServerBanned ServerKicked SessionClosed Sessions Stored TokenCreated
    TokenRevoked Tokens Topic Unbanned Uninvited YouLeft

    account_gone already_logged_in already_member already_there banned confirm_delete confirm_leave empty_text in_namesake last_operator
    moderator_only name_not_reserved name_reserved name_taken registration_closed registration_needs_code room_lost no_current_room no_such_account no_such_ban no_such_invitation no_such_messages
    no_such_room no_such_session no_such_token nobody_to_reply_to not_in_direct_room not_in_first_room not_logged_in
    not_member not_there not_to_yourself nothing_to_change operator_only owner_only password_needed rank_too_high room_exists room_full
    server_banned target_banned target_is_operator text_too_long token_exists token_scope too_many_codes too_many_invitations
    too_many_rooms too_many_rooms_created too_many_tokens which_invitation which_room wrong_code wrong_password";

/// The same of sessions that end.
const ENDS: [&str; 9] = [
    "AccountDeleted",
    "Banned",
    "ClosedElsewhere",
    "Kicked",
    "LoggedOut",
    "PasswordChanged",
    "Quit",
    "TokenExpired",
    "TokenRevoked",
];

fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")))
}

#[test]
fn random_clients_find_the_chat_as_its_records_say() {
    let (seeds, steps) = if cfg!(debug_assertions) { (12, 1000) } else { (250, 2000) };
    let seeds = setting("SEED").map_or(0..seeds, |seed| seed..seed + 1);
    let steps = setting("STEPS").unwrap_or(steps);
    let (start, count) = (Instant::now(), seeds.end - seeds.start);
    let mut tally = Tally::default();
    for seed in seeds.clone() {
        let mut world = World::new(seed);
        world.live(steps);
        tally.add(&world.tally);
    }
    // Some happen too rarely to be seen in the short run that is not optimised.
    if setting("SEED").is_none() && !cfg!(debug_assertions) {
        let kinds = HAPPENS.split_whitespace().map(str::to_owned).chain(ENDS.map(|how| format!("End {how}")));
        let missing: Vec<String> = kinds.filter(|kind| !tally.kinds.contains(kind)).collect();
        assert!(missing.is_empty(), "it never happened: {missing:?}");
    }
    let seconds = start.elapsed().as_secs_f64();
    let speed = (count * steps) as f64 / seconds;
    println!("seeds {seeds:?}, {steps} steps each, {speed:.0} steps a second: {tally}");
}

/// Some faults are rare: 100,000 requests without optimisation (40 s of a processor), and four million by `make sim`. The seeds
/// are others each day, and printed; `SEED` and `STEPS` replay one.
#[test]
fn seeds_of_the_day_find_it_too_for_long() {
    if setting("SEED").is_some() {
        return;
    }
    let (seeds, steps) = if cfg!(debug_assertions) { (2, 50_000) } else { (20, 200_000) };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let day = now.as_secs() / 86_400;
    for seed in (0..seeds).map(|number| day * 1000 + number) {
        // Shown although the test passes.
        writeln!(std::io::stderr(), "SEED={seed} STEPS={steps}").expect("standard error can be written");
        World::new(seed).live(steps);
    }
}

#[test]
fn the_same_seed_leads_to_the_same_effects() {
    for seed in 1000..1004 {
        let trace = || {
            let mut world = World::new(seed);
            world.live(1000);
            world.trace
        };
        assert_eq!(trace(), trace(), "seed {seed}");
    }
}

#[test]
fn the_store_in_memory_does_what_the_real_one_does() {
    for seed in 2000..if cfg!(debug_assertions) { 2001 } else { 2005 } {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::new(seed);
        let (mut writer, _) = real_store::open(&Folder::open(folder.path()).unwrap(), 1).unwrap();
        let mut founded = Effects::default();
        Chat::load(world.limits().clone(), writer.load().unwrap()).found(Timestamp(1_700_000_000_000), &mut founded);
        writer.commit(&founded.records).unwrap();
        world.storing = Some(Box::new(move |records, store| {
            writer.commit(records).unwrap();
            writer.checkpoint();
            writer.maintain().unwrap();
            assert_eq!(store.snapshot().fault(), None);
            alike::assert_same(&store.snapshot(), &writer.load().unwrap(), "the real one");
            for (account, key) in store.keys() {
                let mut found = writer.keyed(account, &key).unwrap();
                // The messages of a deleted room are removed some time later.
                found.retain(|message| store.has_room(message.room));
                found.sort_by_key(|message| message.room);
                assert_eq!(found, store.keyed(account, &key), "what {account} sent under {key}");
            }
        }));
        // No longer than one life: the next chat would need another folder.
        world.live(world::LIFE_STEPS / 2);
    }
}
