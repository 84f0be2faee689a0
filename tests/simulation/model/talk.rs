//! Saying something, in a room or to one person.

use chat_server::chat::{
    AccountId, Event, Front, Message, MessageKind, Name, Purpose, Role, RoomId, RoomLabel, SendKey, Text,
};

use super::{Asker, Model, Refused};

/// What somebody says.
pub(super) struct Saying<'a> {
    pub kind: MessageKind,
    pub text: &'a Text,
    pub key: Option<SendKey>,
}

impl Saying<'_> {
    fn plain(text: &Text) -> Saying<'_> {
        Saying { kind: MessageKind::Speech, text, key: None }
    }
}

impl Model {
    pub(super) fn say(&mut self, asker: Asker, label: Option<&RoomLabel>, saying: Saying) -> Result<(), Refused> {
        if let Some(RoomLabel::Direct(to)) = label {
            return self.say_to(asker, to, saying);
        }
        self.check_message(saying.text)?;
        let id = self.find_own(asker, label)?;
        self.deliver(asker, id, saying)
    }

    pub(super) fn tell_one(&mut self, asker: Asker, to: &Name, text: &Text) -> Result<(), Refused> {
        self.say_to(asker, to, Saying::plain(text))
    }

    pub(super) fn reply(&mut self, asker: Asker, text: &Text) -> Result<(), Refused> {
        let to = self.sessions[&asker.client].reply_to.ok_or("nobody_to_reply_to")?;
        self.say_to(asker, &self.name(to), Saying::plain(text))
    }

    pub(super) fn open_direct(&mut self, asker: Asker, with: &Name) -> Result<(), Refused> {
        let partner = self.partner(asker, with)?;
        let id = match self.direct_room(asker.account, partner) {
            Some(id) => id,
            None => self.make_direct_room(asker, partner)?,
        };
        let before = self.session(asker.client).room.replace(id);
        let back = before.filter(|room| *room != id).map(|room| self.label(room, asker.account));
        let (with, messages) = (self.presence(partner, Role::Member), self.rooms[&id].last);
        self.tell(asker.client, Event::DirectOpened { with, messages, back });
        self.grant_recent(asker, id, Purpose::Recent);
        Ok(())
    }

    fn say_to(&mut self, asker: Asker, to: &Name, saying: Saying) -> Result<(), Refused> {
        self.check_message(saying.text)?;
        let partner = self.partner(asker, to)?;
        let id = match self.direct_room(asker.account, partner) {
            Some(id) => id,
            None => self.make_direct_room(asker, partner)?,
        };
        self.deliver(asker, id, saying)
    }

    fn check_message(&self, text: &Text) -> Result<(), Refused> {
        match text.len() as u64 {
            0 => Err("empty_text"),
            bytes if bytes > self.limits.message_max_bytes => Err("text_too_long"),
            _ => Ok(()),
        }
    }

    fn partner(&self, asker: Asker, name: &Name) -> Result<AccountId, Refused> {
        let partner = self.account_labelled(name)?.id;
        if partner == asker.account { Err("not_to_yourself") } else { Ok(partner) }
    }

    fn make_direct_room(&mut self, asker: Asker, partner: AccountId) -> Result<RoomId, Refused> {
        if self.accounts[&partner].name.is_none() {
            return Err("account_gone");
        }
        let id = self.add_room(None, false);
        for account in [asker.account, partner] {
            self.add_member(id, account, Role::Member);
        }
        Ok(id)
    }

    /// The message gets its number; every connection that hears the room gets it once, but the one it came from. What was
    /// said before under the same key is not said again.
    fn deliver(&mut self, asker: Asker, id: RoomId, saying: Saying) -> Result<(), Refused> {
        let Saying { kind, text, key } = saying;
        let key = key.map(|key| (asker.account, key));
        let is_direct = self.rooms[&id].name.is_none();
        let partner = self.rooms[&id].members.keys().copied().find(|account| is_direct && *account != asker.account);
        if partner.is_some_and(|partner| self.accounts[&partner].name.is_none()) {
            return Err("account_gone");
        }
        if let Some((seq, at)) = key.as_ref().and_then(|key| self.rooms[&id].keys.get(key)).copied() {
            return self.answer(asker, Event::Stored { room: self.label(id, asker.account), seq, at });
        }
        let words = text.as_str().to_lowercase();
        let words: Vec<&str> = words
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
            .flat_map(|word| [word, word.trim_matches(['-', '_'])])
            .collect();
        let names: Vec<(AccountId, Option<String>)> =
            self.accounts.values().map(|account| (account.id, account.name.as_ref().map(Name::folded))).collect();
        let room = self.rooms.get_mut(&id).expect("it was found");
        let seq = room.count(self.now, self.limits.dead_peer_s);
        room.keys.extend(key.map(|key| (key, (seq, self.now))));
        for (account, name) in names {
            let is_named = name.is_some_and(|name| words.contains(&name.as_str()));
            if let Some(member) = room.members.get_mut(&account).filter(|_| is_named && account != asker.account) {
                member.named.insert(seq);
            }
        }

        let (at, author) = (self.now, self.name(asker.account));
        self.tell_room(id, Some(asker.client), |room| {
            Event::Message(Message { room, seq, at, author: author.clone(), kind, text: text.clone() })
        });
        for session in self.sessions.values_mut().filter(|session| Some(session.account) == partner) {
            session.reply_to = Some(asker.account);
        }
        let session = self.session(asker.client);
        session.sent += 1;
        if session.origin.front == Front::Json || self.accounts[&asker.account].acks {
            let room = self.label(id, asker.account);
            self.tell(asker.client, Event::Stored { room, seq, at });
        }
        if let Some(partner) = partner {
            self.tell_absence(asker, partner);
        }
        Ok(())
    }

    fn tell_absence(&mut self, asker: Asker, partner: AccountId) {
        let who = self.presence(partner, Role::Member);
        let told = &mut self.session(asker.client).told_absent;
        let absence = match (who.online, &who.away) {
            (true, None) => None,
            (true, away) => Some(away.clone()),
            (false, _) => Some(None),
        };
        match absence {
            None => {
                told.remove(&partner);
            }
            Some(how) if told.get(&partner) == Some(&how) => {}
            Some(how) => {
                told.insert(partner, how);
                self.tell(asker.client, Event::NotHere { who });
            }
        }
    }
}
