//! Changes of a room, as its members are told.

use crate::chat::{Name, Role, RoomChange, RoomLabel, Visibility};

use super::pen::Pen;
use super::phrase::{Label, visibility_word};

/// Somebody changed a room; a rule of the server did where `by` is nobody.
pub(super) fn changed(room: &RoomLabel, by: Option<&Name>, change: &RoomChange, pen: &mut Pen<'_>) {
    let room = Label(room);
    pen.say(&match (change, by) {
        (RoomChange::Topic(Some(topic)), Some(by)) => format!("{by} set the topic of {room}: {topic}"),
        (RoomChange::Topic(Some(topic)), None) => format!("The topic of {room} is now: {topic}"),
        (RoomChange::Topic(None), Some(by)) => format!("{by} took the topic of {room} away."),
        (RoomChange::Topic(None), None) => format!("{room} has no topic any more."),
        (RoomChange::Visibility(visibility), by) => {
            let meaning = match visibility {
                Visibility::Public => "anyone can find it, enter and read what was said",
                Visibility::Private => "only those who are invited can enter",
            };
            match by {
                Some(by) => format!("{by} made {room} {}: {meaning}.", visibility_word(*visibility)),
                None => format!("{room} is now {}: {meaning}.", visibility_word(*visibility)),
            }
        }
        (RoomChange::Renamed(name), Some(by)) => format!("{by} renamed {room} to #{name}."),
        (RoomChange::Renamed(name), None) => format!("{room} is now called #{name}."),
        (RoomChange::Role { who, role }, by) => {
            let rank = match role {
                Role::Owner => "the owner",
                Role::Moderator => "a moderator",
                Role::Member => "a plain member",
            };
            match by {
                Some(by) if by != who => format!("{by} made {who} {rank} of {room}."),
                _ => format!("{who} is now {rank} of {room}."),
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{check, name, room};
    use super::*;
    use crate::chat::{Event, Text};

    #[test]
    fn a_change_tells_by_whom() {
        let changed = |change: RoomChange, by_bob: &str, by_rule: &str| {
            let event = |by| Event::RoomChanged { room: room("tea"), by, change: change.clone() };
            check(event(Some(name("bob"))), &[by_bob]);
            check(event(None), &[by_rule]);
        };
        changed(
            RoomChange::Topic(Some(Text::from("cake"))),
            "-- bob set the topic of #tea: cake",
            "-- The topic of #tea is now: cake",
        );
        changed(RoomChange::Topic(None), "-- bob took the topic of #tea away.", "-- #tea has no topic any more.");
        changed(
            RoomChange::Visibility(Visibility::Public),
            "-- bob made #tea public: anyone can find it, enter and read what was said.",
            "-- #tea is now public: anyone can find it, enter and read what was said.",
        );
        changed(
            RoomChange::Visibility(Visibility::Private),
            "-- bob made #tea private: only those who are invited can enter.",
            "-- #tea is now private: only those who are invited can enter.",
        );
        changed(RoomChange::Renamed(name("cake")), "-- bob renamed #tea to #cake.", "-- #tea is now called #cake.");
        for (role, rank) in
            [(Role::Owner, "the owner"), (Role::Moderator, "a moderator"), (Role::Member, "a plain member")]
        {
            changed(
                RoomChange::Role { who: name("cho"), role },
                &format!("-- bob made cho {rank} of #tea."),
                &format!("-- cho is now {rank} of #tea."),
            );
        }
    }
}
