//! That what was stored is all that counts: snapshots that must be the same, and chats that must answer alike.

use std::collections::{BTreeMap, BTreeSet};

use chat_server::address::Address;
use chat_server::chat::{
    Chat, ClientId, Command, Effects, HistoryRange, Input, Name, Origin, RoomLabel, Snapshot, Timestamp,
};

use super::model::Model;

/// That the chat that lived and the one that was loaded answer whatever anybody asks alike, to the byte.
pub fn check_both(model: &Model, now: Timestamp, lived: Chat, loaded: Chat) {
    let mut chats = [lived, loaded];
    let mut ask = |client: ClientId, input: &Input| {
        let effects = chats.each_mut().map(|chat| {
            let mut effects = Effects::default();
            chat.handle(now, client, input.clone(), &mut effects);
            effects
        });
        assert_eq!(effects[0], effects[1], "left: the chat that lived, right: the loaded one; {input:?}");
    };
    let address = Address::parse("203.0.113.9").unwrap();
    let names: BTreeMap<String, Name> =
        model.rooms.values().filter_map(|room| room.name.clone()).map(|name| (name.folded(), name)).collect();
    let people: Vec<Name> = model.accounts.values().map(|account| account.label()).collect();
    let labels = names.into_values().map(RoomLabel::Room).chain(people.iter().cloned().map(RoomLabel::Direct));
    let labels: Vec<RoomLabel> = labels.collect();
    let living = model.accounts.values().filter(|account| account.name.is_some() && account.id.0 > 1);
    for account in living {
        let client = ClientId(u64::MAX - account.id.0.unsigned_abs());
        let password_version = account.version;
        ask(client, &Input::LogIn { account: account.id, password_version, origin: Origin::text(address) });
        let mut commands = vec![
            Command::ListRooms { page: 1 },
            Command::ListRooms { page: 2 },
            Command::Who { room: None, page: 1 },
            Command::Unread,
            Command::ListTokens,
            Command::ListSessions,
            Command::ServerBans,
            Command::Accept { what: None },
        ];
        commands.extend(people.iter().map(|name| Command::Whois { name: name.clone() }));
        for label in &labels {
            let room = Some(label.clone());
            commands.push(Command::ShowRoom { room: room.clone() });
            commands.push(Command::Topic { room: room.clone(), text: None });
            commands.push(Command::Who { room: room.clone(), page: 1 });
            commands.push(Command::ListBans { room: room.clone() });
            commands.push(Command::History { room, range: HistoryRange::Newest });
        }
        for command in commands {
            ask(client, &Input::Command(command));
        }
        ask(client, &Input::Disconnected);
    }
}

/// That the store holds what `other` does; else which rows differ.
pub fn assert_same(stored: &Snapshot, other: &Snapshot, name: &str) {
    if stored == other {
        return;
    }
    let rows = |snapshot: &Snapshot| {
        let Snapshot { accounts, rooms, members, mentions, invitations, codes, tokens, .. } = snapshot;
        let mut rows: BTreeSet<String> = accounts.iter().map(|row| format!("{row:?}")).collect();
        rows.extend(rooms.iter().map(|row| format!("{row:?}")));
        rows.extend(members.iter().map(|row| format!("{row:?}")));
        rows.extend(mentions.iter().map(|row| format!("mention {row:?}")));
        rows.extend(invitations.iter().map(|row| format!("invitation {row:?}")));
        rows.extend(codes.iter().map(|row| format!("code {} {row:?}", row.0)));
        rows.extend(tokens.iter().map(|row| format!("{row:?}")));
        rows.extend(snapshot.bans.iter().map(|row| format!("ban {row:?}")));
        rows.extend(snapshot.account_bans.iter().map(|row| format!("account ban {row:?}")));
        rows.extend(snapshot.address_bans.iter().map(|row| format!("address ban {row:?}")));
        rows.insert(format!("last room {}", snapshot.last_room));
        rows
    };
    let (here, there) = (rows(stored), rows(other));
    let only_here: Vec<_> = here.difference(&there).collect();
    let only_there: Vec<_> = there.difference(&here).collect();
    panic!("the store has {only_here:#?}, and {name} has {only_there:#?}");
}
