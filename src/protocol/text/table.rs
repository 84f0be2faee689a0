//! The commands of the text protocol: how each is called, what it takes, and what help says about it.
//!
//! Parser, mistakes and help all read this one table, so none of them can know a command that the others do not.
//! Owns the words and how an abbreviated or misspelt one is recognised; never looks at what follows the word.

/// A command, whatever it is called. In the order of the table, which is the order of `/help all`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each is described by its row")]
pub enum Verb {
    Say,
    Me,
    Msg,
    Reply,
    Dm,

    Rooms,
    Join,
    Leave,
    Create,
    Topic,
    Room,
    Invite,
    Accept,
    Uninvite,

    Who,
    Whois,
    Away,
    Back,

    History,
    Unread,
    CatchUp,
    More,

    Kick,
    Ban,
    Unban,
    Bans,
    Op,
    Deop,

    Password,
    Account,
    Set,
    Token,
    Sessions,
    LogOut,
    Quit,

    Help,
    Version,
    Operator,
    Server,
}

/// Where a command stands in `/help all`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    /// Saying something.
    Talk,
    /// Rooms and who may enter them.
    Rooms,
    /// Others.
    People,
    /// What was said before.
    Reading,
    /// Keeping order in a room.
    Moderation,
    /// The own account and session.
    You,
    /// The server as a whole.
    Server,
}

/// A row of the table.
#[derive(Debug)]
pub struct Row {
    /// The command.
    pub verb: Verb,
    /// The word that is typed after the slash.
    pub word: &'static str,
    /// Other words for it: the fixed single letters, and habits from elsewhere.
    pub aliases: &'static [&'static str],
    /// Its group.
    pub group: Group,
    /// What may be typed, the usual form first. `[...]` may be left out; words in capitals stand for something.
    pub usages: &'static [&'static str],
    /// What it does, in a few words that follow it in a list.
    pub summary: &'static str,
    /// What it does, in full. Wrapped when it is shown.
    pub help: &'static str,
    /// Two lines or more that work as they stand; where there are several usages, one at least for each.
    pub examples: &'static [&'static str],
}

/// All commands, one row for each [`Verb`] and in the same order.
pub static TABLE: [Row; Verb::Server as usize + 1] = [
    Row {
        verb: Verb::Say,
        word: "say",
        aliases: &[],
        group: Group::Talk,
        usages: &["/say ROOM TEXT"],
        summary: "say something in a room without going there",
        help: "Says something in any room that you are in, and leaves you where you are. In the room where you talk \
               just type: no command is needed.",
        examples: &["/say #tea the kettle is on", "/say @bob see you at four"],
    },
    Row {
        verb: Verb::Me,
        word: "me",
        aliases: &["emote"],
        group: Group::Talk,
        usages: &["/me TEXT"],
        summary: "say what you do: * ana waves",
        help: "Says something about you in the room where you talk: with your name in front, as a thing done and not \
               said. If you are ana, /me waves is shown as * ana waves.",
        examples: &["/me waves", "/me puts the kettle on"],
    },
    Row {
        verb: Verb::Msg,
        word: "msg",
        aliases: &["m", "tell", "whisper"],
        group: Group::Talk,
        usages: &["/msg NAME TEXT"],
        summary: "write to one person alone",
        help: "Writes to one person, and leaves you where you are. Nobody else sees it. Somebody who is away or \
               offline finds it later. To talk with one person for longer use /dm.",
        examples: &["/msg cho back at four?", "/m cho back at four?"],
    },
    Row {
        verb: Verb::Reply,
        word: "reply",
        aliases: &["r"],
        group: Group::Talk,
        usages: &["/reply TEXT"],
        summary: "answer whoever last wrote to you alone",
        help: "Writes to the person who last wrote to you alone since you logged in. Nobody else sees it, and you stay \
               where you are.",
        examples: &["/reply on my way", "/r yes"],
    },
    Row {
        verb: Verb::Dm,
        word: "dm",
        aliases: &["query"],
        group: Group::Talk,
        usages: &["/dm NAME"],
        summary: "go and talk with one person alone",
        help: "From now on what you type goes to this person alone, and is kept like the messages of a room. /join \
               with the name of a room takes you back. For a single line /msg is shorter.",
        examples: &["/dm bob", "/dm @bob"],
    },
    Row {
        verb: Verb::Rooms,
        word: "rooms",
        aliases: &["list"],
        group: Group::Rooms,
        usages: &["/rooms [PAGE]"],
        summary: "list the rooms that you can find",
        help: "Lists all public rooms and the private ones that you are in, with what they are about. A long list \
               comes in pages.",
        examples: &["/rooms", "/rooms 2"],
    },
    Row {
        verb: Verb::Join,
        word: "join",
        aliases: &["j"],
        group: Group::Rooms,
        usages: &["/join ROOM"],
        summary: "enter a room, or go back to one",
        help: "Enters a public room, or goes back to a room that you are in; what you type then goes there. You stay \
               in your other rooms and go on seeing them. A private room is entered by /accept.",
        examples: &["/join #tea", "/j tea"],
    },
    Row {
        verb: Verb::Leave,
        word: "leave",
        aliases: &["part"],
        group: Group::Rooms,
        usages: &["/leave [ROOM]"],
        summary: "stop being in a room",
        help: "Leaves a room for good: the one where you talk if none is named. You are not told any more what is \
               said there. To talk elsewhere you need not leave: /join is enough, and so is /quit to go home.",
        examples: &["/leave", "/leave #tea"],
    },
    Row {
        verb: Verb::Create,
        word: "create",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/create NAME [public | private]"],
        summary: "make a room",
        help: "Makes a room, which you own, and takes you there. Anybody can find, read and join a public room. A \
               private one is not listed; people come in by /invite. If you say neither, it is public.",
        examples: &["/create tea", "/create tea private"],
    },
    Row {
        verb: Verb::Topic,
        word: "topic",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/topic [#ROOM] [TEXT | -]"],
        summary: "show, set or take away what a room is about",
        help: "Alone, shows what the room is about. With a text, sets it; with - takes it away. The room is the one \
               where you talk, or the one named first, which must have its # then.",
        examples: &["/topic tea, cake and gossip", "/topic #tea -"],
    },
    Row {
        verb: Verb::Room,
        word: "room",
        aliases: &[],
        group: Group::Rooms,
        usages: &[
            "/room [#ROOM] [show]",
            "/room [#ROOM] public",
            "/room [#ROOM] private",
            "/room [#ROOM] rename NEW",
            "/room [#ROOM] owner NAME",
            "/room [#ROOM] delete NAME",
        ],
        summary: "show what a room is; change or delete your own",
        help: "Shows a room, or changes one that you own: who may find it, its name, its owner. To delete a room its \
               name must be repeated, as all that was said there goes with it. The room is the one where you talk, \
               or the one named first, with its #.",
        examples: &[
            "/room #tea show",
            "/room private",
            "/room public",
            "/room rename cake",
            "/room owner bob",
            "/room #tea delete tea",
        ],
    },
    Row {
        verb: Verb::Invite,
        word: "invite",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/invite NAME [ROOM]", "/invite code [ROOM]"],
        summary: "let somebody in, by name or by a one-time code",
        help: "Invites somebody to the room where you talk or to the one named. With code in place of the name you \
               get a few words that let in whoever first types them after /accept. /uninvite takes either back.",
        examples: &["/invite bob", "/invite code #tea"],
    },
    Row {
        verb: Verb::Accept,
        word: "accept",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/accept [ROOM | CODE]"],
        summary: "enter a room that you are invited to",
        help: "Enters a room that you are invited to. If you have a single invitation no more is needed; otherwise \
               name the room. Whoever gave you a code gave you the room: type the code instead.",
        examples: &["/accept", "/accept maple-otter-42"],
    },
    Row {
        verb: Verb::Uninvite,
        word: "uninvite",
        aliases: &[],
        group: Group::Rooms,
        usages: &["/uninvite NAME [ROOM]", "/uninvite CODE [ROOM]"],
        summary: "take back an invitation or a code",
        help: "Takes back an invitation, or a one-time code, that was not used yet. Somebody who is in the room \
               already stays there.",
        examples: &["/uninvite bob", "/uninvite maple-otter-42 #tea"],
    },
    Row {
        verb: Verb::Who,
        word: "who",
        aliases: &["w", "names", "users"],
        group: Group::People,
        usages: &["/who [ROOM] [PAGE]"],
        summary: "list who is online, or who is in a room",
        help: "Lists who is online now. With a room, lists who is a member there, online or not. A long list comes in \
               pages.",
        examples: &["/who", "/who #tea"],
    },
    Row {
        verb: Verb::Whois,
        word: "whois",
        aliases: &["finger"],
        group: Group::People,
        usages: &["/whois NAME"],
        summary: "show somebody: since when, last here, rooms",
        help: "Shows somebody: whether online or away, since when there is this account, when it was last here, and in \
               which rooms that you may know of.",
        examples: &["/whois bob", "/whois @bob"],
    },
    Row {
        verb: Verb::Away,
        word: "away",
        aliases: &["afk"],
        group: Group::People,
        usages: &["/away [TEXT]"],
        summary: "say that you are not there, and why",
        help: "Says that you are not there. Others see it in /who, and are told when they write to you alone. You \
               still get everything. /back ends it.",
        examples: &["/away lunch", "/away"],
    },
    Row {
        verb: Verb::Back,
        word: "back",
        aliases: &[],
        group: Group::People,
        usages: &["/back"],
        summary: "say that you are there again",
        help: "Ends what /away began: you are shown as being there again.",
        examples: &["/back", "/bac"],
    },
    Row {
        verb: Verb::History,
        word: "history",
        aliases: &[],
        group: Group::Reading,
        usages: &["/history [ROOM] [COUNT | FROM-TO]"],
        summary: "read what was said before",
        help: "Shows the newest messages of the room where you talk or of the one named: a page, or as many as you \
               say. The messages of a room have numbers, which are shown; FROM-TO reads from one to another. A room \
               whose name is a number needs its #.",
        examples: &["/history 50", "/history #tea 10-20"],
    },
    Row {
        verb: Verb::Unread,
        word: "unread",
        aliases: &[],
        group: Group::Reading,
        usages: &["/unread"],
        summary: "read what was said while you were away",
        help: "Shows what you have not read yet, in all your rooms, in order and page by page. What was shown counts \
               as read. /catchup marks all as read without showing it.",
        examples: &["/unread", "/unr"],
    },
    Row {
        verb: Verb::CatchUp,
        word: "catchup",
        aliases: &[],
        group: Group::Reading,
        usages: &["/catchup [ROOM]"],
        summary: "mark as read, in one room or in all",
        help: "Marks all messages as read without showing them: in the room named, or in all your rooms. They stay in \
               /history.",
        examples: &["/catchup", "/catchup #tea"],
    },
    Row {
        verb: Verb::More,
        word: "more",
        aliases: &[],
        group: Group::Reading,
        usages: &["/more"],
        summary: "show the next page of the last long list",
        help: "Shows the next page of whatever last said that there is more: history, unread messages, a list, or \
               help.",
        examples: &["/more", "/mo"],
    },
    Row {
        verb: Verb::Kick,
        word: "kick",
        aliases: &[],
        group: Group::Moderation,
        usages: &["/kick [#ROOM] NAME [WHY]"],
        summary: "put somebody out of a room",
        help: "Puts somebody out of the room where you talk, or of the one named with its #. To a public room they \
               may come back at once; /ban keeps them out. For moderators and owners.",
        examples: &["/kick bob", "/kick #tea bob please calm down"],
    },
    Row {
        verb: Verb::Ban,
        word: "ban",
        aliases: &[],
        group: Group::Moderation,
        usages: &["/ban [#ROOM] NAME [TIME] [WHY]"],
        summary: "put somebody out and keep them out",
        help: "Puts somebody out of a room and keeps them out: for a time such as 30m, 2h, 2d or 1w, or until /unban \
               if none is given. What follows is the reason, which the banned one is told. For moderators and \
               owners.",
        examples: &["/ban bob 30m please calm down", "/ban #tea bob"],
    },
    Row {
        verb: Verb::Unban,
        word: "unban",
        aliases: &[],
        group: Group::Moderation,
        usages: &["/unban [#ROOM] NAME"],
        summary: "lift a ban",
        help: "Lets somebody who was banned come in again. It does not bring them back: they /join, or are invited.",
        examples: &["/unban bob", "/unban #tea bob"],
    },
    Row {
        verb: Verb::Bans,
        word: "bans",
        aliases: &[],
        group: Group::Moderation,
        usages: &["/bans [ROOM]"],
        summary: "list who is banned from a room",
        help: "Lists who is banned from the room where you talk or from the one named, by whom, until when and why.",
        examples: &["/bans", "/bans #tea"],
    },
    Row {
        verb: Verb::Op,
        word: "op",
        aliases: &[],
        group: Group::Moderation,
        usages: &["/op [#ROOM] NAME"],
        summary: "make somebody a moderator of your room",
        help: "Makes a member of your room a moderator, who may kick, ban, invite and set the topic. For the owner.",
        examples: &["/op bob", "/op #tea bob"],
    },
    Row {
        verb: Verb::Deop,
        word: "deop",
        aliases: &[],
        group: Group::Moderation,
        usages: &["/deop [#ROOM] NAME"],
        summary: "make a moderator a plain member",
        help: "Takes back what /op gave: the moderator becomes a plain member. For the owner.",
        examples: &["/deop bob", "/deop #tea bob"],
    },
    Row {
        verb: Verb::Password,
        word: "password",
        aliases: &["passwd"],
        group: Group::You,
        usages: &["/password"],
        summary: "change your password; you are asked for it",
        help: "Changes your password. You are asked for what is needed, and it does not show as you type. Never write a \
               password behind the command: it would show. Your other connections are closed.",
        examples: &["/password", "/passwd"],
    },
    Row {
        verb: Verb::Account,
        word: "account",
        aliases: &[],
        group: Group::You,
        usages: &["/account delete"],
        summary: "delete your account; you are asked first",
        help: "Deletes your account for ever, after asking for your password and whether you mean it. What you wrote \
               stays, without your name.",
        examples: &["/account delete", "/acco delete"],
    },
    Row {
        verb: Verb::Set,
        word: "set",
        aliases: &[],
        group: Group::You,
        usages: &["/set acks on | off"],
        summary: "settings: a line for each message stored",
        help: "With acks on, each message of yours that is safely stored gives a line, such as: saved #tea 215. \
               Otherwise silence means the same. Meant for programs, and for the careful.",
        examples: &["/set acks on", "/set acks off"],
    },
    Row {
        verb: Verb::Token,
        word: "token",
        aliases: &[],
        group: Group::You,
        usages: &["/token new NAME [TIME]", "/token list", "/token revoke NAME"],
        summary: "passwords for programs: make, list, take back",
        help: "Makes a token, which a program gives in place of your password, so that it need not know that. It holds \
               for a time such as 30d, or until you take it back, and is shown once. The name is for you, to tell \
               your tokens apart.",
        examples: &["/token new bridge", "/token new bridge 30d", "/token list", "/token revoke bridge"],
    },
    Row {
        verb: Verb::Sessions,
        word: "sessions",
        aliases: &[],
        group: Group::You,
        usages: &["/sessions", "/sessions close NUMBER"],
        summary: "list your connections, or close one",
        help: "Lists your connections: from where, since when, and how long it is since something was asked there. One \
               that you do not know may be somebody else's: close it, and change your password.",
        examples: &["/sessions", "/sessions close 17"],
    },
    Row {
        verb: Verb::LogOut,
        word: "logout",
        aliases: &[],
        group: Group::You,
        usages: &["/logout"],
        summary: "log out, but stay connected",
        help: "Logs you out and keeps the connection, so that somebody else can log in. You stay in your rooms.",
        examples: &["/logout", "/logo"],
    },
    Row {
        verb: Verb::Quit,
        word: "quit",
        aliases: &["q", "exit", "bye"],
        group: Group::You,
        usages: &["/quit"],
        summary: "leave; you stay in your rooms",
        help: "Logs you out and closes the connection. You stay in your rooms, and what is said there waits for you.",
        examples: &["/quit", "/q"],
    },
    Row {
        verb: Verb::Help,
        word: "help",
        aliases: &["h", "?"],
        group: Group::Server,
        usages: &["/help [COMMAND]", "/help all", "/help typing"],
        summary: "explain a command",
        help: "Alone, shows the commands one needs. With the name of a command, explains that one; so does -h after \
               it. /help all lists all commands, /help typing tells what happens to what you type.",
        examples: &["/help join", "/join -h", "/help all", "/help typing"],
    },
    Row {
        verb: Verb::Version,
        word: "version",
        aliases: &[],
        group: Group::Server,
        usages: &["/version"],
        summary: "show which server this is",
        help: "Shows the name and the version of the server program.",
        examples: &["/version", "/ver"],
    },
    Row {
        verb: Verb::Operator,
        word: "operator",
        aliases: &[],
        group: Group::Server,
        usages: &["/operator CODE"],
        summary: "become the first operator, by the printed code",
        help: "Makes you the first operator of the server. The code was printed where the server was started, and \
               works once. Later operators are made by /server op.",
        examples: &["/operator maple-otter-river-stone-lamp-42", "/oper maple otter river stone lamp 42"],
    },
    Row {
        verb: Verb::Server,
        word: "server",
        aliases: &[],
        group: Group::Server,
        usages: &[
            "/server kick NAME [WHY]",
            "/server ban NAME [TIME] [WHY]",
            "/server ban ADDRESS [TIME] [WHY]",
            "/server unban NAME",
            "/server unban ADDRESS",
            "/server bans",
            "/server op NAME",
            "/server deop NAME",
        ],
        summary: "keep order in the whole server (operators)",
        help: "For operators. Closes all connections of somebody, keeps an account or an address from the server for \
               a time or for good, lifts and lists such bans, and makes or unmakes operators.",
        examples: &[
            "/server kick bob please calm down",
            "/server ban 192.0.2.7 2d flooding",
            "/server unban bob",
            "/server bans",
            "/server op cho",
            "/server deop cho",
        ],
    },
];

impl Verb {
    /// Its row of the table.
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The command that `word` (without the slash) means: by its name, another name, or a beginning that only it has.
    pub fn find(word: &str) -> Found<Verb> {
        find(word, TABLE.iter().flat_map(Row::words))
    }
}

impl Row {
    /// All words for the command, the proper one first.
    pub fn words(&self) -> impl Iterator<Item = (&'static str, Verb)> + use<> {
        let verb = self.verb;
        std::iter::once(self.word).chain(self.aliases.iter().copied()).map(move |word| (word, verb))
    }
}

impl Group {
    /// All groups, in the order in which they are shown.
    pub const ALL: [Group; 7] =
        [Group::Talk, Group::Rooms, Group::People, Group::Reading, Group::Moderation, Group::You, Group::Server];

    /// What stands above the group in a list.
    pub fn title(self) -> &'static str {
        match self {
            Group::Talk => "Talk",
            Group::Rooms => "Rooms",
            Group::People => "People",
            Group::Reading => "Reading",
            Group::Moderation => "Keeping order in a room",
            Group::You => "You",
            Group::Server => "The server",
        }
    }
}

/// What a word was found to mean.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found<T> {
    /// This.
    One(T),
    /// The word begins all of these, which mean different things.
    Several(Vec<&'static str>),
    /// Nothing known.
    None,
}

/// What `word` means among `words`: a whole word goes before all that it begins, so the single letters never change
/// their meaning when commands are added. Compared without case.
pub fn find<T: Copy + PartialEq>(word: &str, words: impl Iterator<Item = (&'static str, T)>) -> Found<T> {
    let typed = word.to_ascii_lowercase();
    let mut begun: Vec<(&'static str, T)> = Vec::new();
    for (word, meaning) in words {
        if word == typed {
            return Found::One(meaning);
        }
        if word.starts_with(&typed) && begun.iter().all(|(_, other)| *other != meaning) {
            begun.push((word, meaning));
        }
    }
    match begun[..] {
        _ if typed.is_empty() => Found::None,
        [] => Found::None,
        [(_, meaning)] => Found::One(meaning),
        _ => Found::Several(begun.into_iter().map(|(word, _)| word).collect()),
    }
}

/// Words that people know from elsewhere and this server has not. Some are close to the name of a command that does
/// something else (`/nick` to `/kick`), which must not be suggested.
const NOT_HERE: &[&str] =
    &["alias", "del", "edit", "find", "ignore", "keep", "mode", "motd", "mute", "nick", "stats", "unignore"];

/// The word of `words` that was probably meant by `typed`: the nearest one, two slips away at most, or one slip for
/// short words, where two would make anything of anything.
pub fn nearest(typed: &str, words: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    const LONGEST_CHARS: usize = 20;
    let typed = typed.to_ascii_lowercase();
    let chars = typed.chars().count();
    if chars > LONGEST_CHARS || NOT_HERE.contains(&typed.as_str()) {
        return None;
    }
    let slips_max = if chars <= 3 { 1 } else { 2 };
    let distance = |word: &'static str| (strsim::osa_distance(&typed, word), word);
    let near = words.filter(|word| word.len() > 1).map(distance).filter(|(slips, _)| *slips <= slips_max);
    near.min_by_key(|(slips, word)| (*slips, word.as_bytes().first() != typed.as_bytes().first())).map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_words() -> impl Iterator<Item = &'static str> {
        TABLE.iter().flat_map(Row::words).map(|(word, _)| word)
    }

    #[test]
    fn each_verb_has_its_row() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.verb as usize, index, "{}", row.word);
            assert_eq!(row.verb.row().word, row.word);
        }
    }

    #[test]
    fn no_word_means_two_things() {
        let mut words: Vec<_> = all_words().collect();
        words.sort_unstable();
        let count = words.len();
        words.dedup();
        assert_eq!(words.len(), count);
        for (word, verb) in TABLE.iter().flat_map(Row::words) {
            assert_eq!(Verb::find(word), Found::One(verb), "{word}");
        }
    }

    #[test]
    fn a_group_is_together_and_in_order() {
        let mut groups: Vec<_> = TABLE.iter().map(|row| row.group).collect();
        groups.dedup();
        assert_eq!(groups, Group::ALL);
    }

    #[test]
    fn usages_and_examples_are_of_their_command() {
        for row in &TABLE {
            assert!(row.examples.len() >= 2, "{}", row.word);
            for usage in row.usages {
                assert_eq!(usage.split_whitespace().next(), Some(&*format!("/{}", row.word)));
                assert!(usage.len() <= 40, "{usage}");
            }
            for text in row.examples.iter().chain(row.usages) {
                assert!(text.is_ascii() && text.len() <= 60, "{text}");
            }
            assert!(row.summary.is_ascii() && row.help.is_ascii() && !row.help.contains("  "), "{}", row.word);
        }
    }

    #[test]
    fn a_command_is_found_by_any_beginning_of_its_own() {
        let check = |word: &str, expected: Found<Verb>| assert_eq!(Verb::find(word), expected, "{word}");
        check("join", Found::One(Verb::Join));
        check("JOIN", Found::One(Verb::Join));
        check("hi", Found::One(Verb::History));
        check("jo", Found::One(Verb::Join));
        check("room", Found::One(Verb::Room));
        check("who", Found::One(Verb::Who));
        check("op", Found::One(Verb::Op));
        check("ope", Found::One(Verb::Operator));
        check("ex", Found::One(Verb::Quit));
        // What was begun would be said in public if the wrong one of these were taken.
        check("t", Found::Several(vec!["tell", "topic", "token"]));
        check("un", Found::Several(vec!["uninvite", "unread", "unban"]));
        check("ro", Found::Several(vec!["rooms", "room"]));
        check("passw", Found::One(Verb::Password));
        check("xyz", Found::None);
        check("joinn", Found::None);
        check("jöin", Found::None);
    }

    #[test]
    fn the_single_letters_never_change() {
        let letters = [("h", Verb::Help), ("j", Verb::Join), ("w", Verb::Who), ("m", Verb::Msg), ("r", Verb::Reply)];
        for (letter, verb) in letters.into_iter().chain([("q", Verb::Quit)]) {
            assert_eq!(Verb::find(letter), Found::One(verb));
        }
    }

    #[test]
    fn the_nearest_word_is_suggested() {
        let check = |typed: &str, expected: Option<&str>| assert_eq!(nearest(typed, all_words()), expected, "{typed}");
        check("hlep", Some("help"));
        check("HLEP", Some("help"));
        check("jion", Some("join"));
        check("hystori", Some("history"));
        check("catch-up", Some("catchup"));
        check("lsit", Some("list"));
        check("jöin", Some("join"));
        check("banns", Some("bans"));
        check("xyz", None);
        check("z", None);
        check("nick", None);
        check("edit", None);
        check("find", None);
        check("ignore", None);
        check(&"join".repeat(500), None);
    }
}
