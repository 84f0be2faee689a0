//! To whoever is outside, a private room is not there: every answer is the one that a missing room would give.

use std::mem::take;

use crate::support::{Client, Running, Server, timeless};

/// Said, set as the topic and given as a reason in the private room. Nobody outside may ever see it.
const MARKER: &str = "zqmarkerqz";
/// The private room.
const HIDDEN: &str = "hideout";
/// A room that there is not. As long as the other, and as far from every other name.
const MISSING: &str = "missing";

/// How somebody can be outside.
const KINDS: [&str; 6] = ["never", "left", "kicked", "banned", "invited", "ops"];

/// Every form of every command that takes a room, `{}` standing for it. Two tries of /accept at most, as wrong codes
/// are counted.
const COMMANDS: &[&str] = &[
    "/say {} hello",
    "/say #{} hello",
    "/say #{} @never hello",
    "/leave {}",
    "/leave #{}",
    "/topic #{}",
    "/topic #{} something else",
    "/topic #{} -",
    "/room #{}",
    "/room #{} show",
    "/room show {}",
    "/room #{} public",
    "/room #{} private",
    "/room #{} rename cellar",
    "/room #{} rename {}",
    "/room #{} owner never",
    "/room #{} owner insider",
    "/room #{} delete",
    "/room #{} delete {}",
    "/invite never {}",
    "/invite insider {}",
    "/invite nobody-at-all {}",
    "/invite code {}",
    "/uninvite never {}",
    "/uninvite invited {}",
    "/uninvite maple-otter-42 {}",
    "/who {}",
    "/who #{} 2",
    "/history {}",
    "/history #{} 5",
    "/history {} 1-3",
    "/history {} 7-9",
    "/catchup {}",
    "/catchup #{}",
    "/kick #{} insider",
    "/kick #{} never out",
    "/kick #{} nobody-at-all",
    "/ban #{} insider",
    "/ban #{} never 1h out",
    "/unban #{} banned",
    "/unban #{} never",
    "/bans {}",
    "/bans #{}",
    "/op #{} insider",
    "/op #{} never",
    "/deop #{} insider",
    "/whois {}",
    "/dm {}",
    "/msg {} hello",
    "/help {}",
    "/uninvite {}",
];

/// What an invited one may do and the others may not.
const ENTRANCES: &[&str] = &["/join {}", "/join #{}", "/accept {}", "/accept #{}"];

/// What might tell of a room without naming it. `hideou` is a slip, for which a name may be suggested.
const GLANCES: &[&str] = &[
    "/rooms",
    "/rooms 2",
    "/who",
    "/whois owner",
    "/whois insider",
    "/unread",
    "/catchup",
    "/history",
    "/history general",
    "/room",
    "/topic",
    "/who general",
    "/join hideou",
    "/history hideou",
    "/say #hide0ut hello",
    "/dm owner",
    "/join general",
    "/more",
];

/// A private room with an owner and another member, and somebody outside of each kind.
struct House {
    server: Running,
    owner: Client,
    insider: Client,
    outsiders: Vec<(&'static str, Client)>,
}

impl House {
    fn new() -> House {
        let server = Server::start_new();
        let (mut owner, mut insider) = (server.register("owner-1"), server.register("insider"));
        owner.ask(&format!("/create {HIDDEN} private"));
        owner.ask(&format!("/topic {MARKER}"));
        owner.ask(&format!("first {MARKER}"));
        let mut outsiders: Vec<_> = KINDS.iter().map(|kind| (*kind, server.register(&Self::name(kind)))).collect();
        let mut let_in = |who: &str, client: &mut Client| {
            owner.ask(&format!("/invite {who}"));
            client.ask(&format!("/accept {HIDDEN}"));
        };
        let_in("insider", &mut insider);
        for (kind, client) in &mut outsiders {
            let name = Self::name(kind);
            match *kind {
                "left" => {
                    let_in(&name, client);
                    client.ask("/leave");
                }
                "kicked" | "banned" => {
                    let_in(&name, client);
                    client.ask("/join general");
                }
                _ => {}
            }
        }
        owner.ask(&format!("/kick kicked {MARKER}"));
        owner.ask(&format!("/ban banned {MARKER}"));
        owner.ask("/invite invited");
        let code = server.operator_code.clone().expect("a new server prints a code");
        let (_, operator) = outsiders.last_mut().expect("there are outsiders");
        operator.ask(&format!("/operator {code}"));
        let mut house = House { server, owner, insider, outsiders };
        house.forget();
        house
    }

    /// The names of the accounts are words of the server here and there.
    fn name(kind: &str) -> String {
        kind.replace("ops", "opsy")
    }

    /// Reads what everybody has been told up to now.
    fn forget(&mut self) {
        self.owner.sync();
        self.insider.sync();
        self.outsiders.iter_mut().for_each(|(_, client)| drop(client.sync()));
    }
}

fn ask_about(client: &mut Client, command: &str, room: &str) -> Vec<String> {
    client.ask(&command.replace("{}", room)).iter().map(|line| timeless(line).replace(room, "ROOM")).collect()
}

fn check_is_missing(kind: &str, client: &mut Client, command: &str) {
    let hidden = ask_about(client, command, HIDDEN);
    let missing = ask_about(client, command, MISSING);
    assert!(!hidden.is_empty(), "{kind}: {command} is not answered");
    assert_eq!(hidden, missing, "{kind}: {command}");
}

#[test]
fn every_command_that_takes_a_room_is_in_the_matrix() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    let words: Vec<String> = ann
        .ask("/help all")
        .iter()
        .filter_map(|line| Some(line.strip_prefix("--   /")?.split(' ').next()?.to_owned()))
        .collect();
    assert!(words.len() > 30, "{words:?}");
    for word in words {
        let usages = ann.ask(&format!("/help {word}"));
        let start = format!("-- /{word} ");
        let takes_room = usages.iter().any(|line| line.starts_with(&start) && line.contains("ROOM"));
        let asked = COMMANDS.iter().chain(ENTRANCES).any(|command| command.starts_with(&format!("/{word} ")));
        assert!(asked || !takes_room, "/{word} is not in the matrix");
    }
}

#[test]
fn a_private_room_answers_outsiders_as_if_it_were_missing() {
    let mut house = House::new();
    for (kind, client) in &mut house.outsiders {
        for command in COMMANDS {
            check_is_missing(kind, client, command);
        }
        for command in ENTRANCES.iter().filter(|_| *kind != "invited") {
            check_is_missing(kind, client, command);
        }
    }
    // Nothing of it has changed anything or was seen inside.
    assert_eq!(house.owner.sync(), [""; 0]);
    assert_eq!(house.insider.sync(), [""; 0]);
    let who = house.owner.ask("/who");
    assert!(who.iter().any(|line| line.contains("insider")), "{who:#?}");
    let members = house.owner.ask(&format!("/who {HIDDEN}"));
    assert_eq!(members, [format!("-- 2 members of #{HIDDEN}: owner-1 (owner), insider.")]);
    // Only the invitation is an exception.
    let (kind, invited) = &mut house.outsiders[4];
    assert_eq!(*kind, "invited");
    assert_eq!(
        invited.ask(&format!("/join {HIDDEN}"))[..2],
        [format!("-- You joined #{HIDDEN}. You now talk in #{HIDDEN}."), format!("-- Topic: {MARKER}")]
    );
}

#[test]
fn nothing_of_a_private_room_is_told_outside() {
    let mut house = House::new();
    house.insider.ask(&format!("/join {HIDDEN}"));
    // What happens inside, some of it about those outside.
    for line in [
        format!("/say {HIDDEN} {MARKER} never left kicked banned invited opsy"),
        format!("/me {MARKER}"),
        format!("/topic #{HIDDEN} {MARKER} again"),
        format!("/op #{HIDDEN} insider"),
        format!("/invite code {HIDDEN}"),
        format!("/ban #{HIDDEN} never {MARKER}"),
        format!("/unban #{HIDDEN} never"),
        format!("/room #{HIDDEN} rename {HIDDEN}s"),
        format!("/room #{HIDDEN}s rename {HIDDEN}"),
        format!("/room #{HIDDEN} owner insider"),
    ] {
        house.owner.send(&line);
        house.owner.sync();
    }
    house.insider.ask(&format!("{MARKER} from the new owner"));
    for (kind, client) in &mut house.outsiders {
        assert_eq!(client.sync(), [""; 0], "{kind} is told something");
    }
    for (kind, client) in &mut house.outsiders {
        let asked = GLANCES.iter().flat_map(|command| client.ask(command)).collect::<Vec<_>>();
        assert!(asked.len() > GLANCES.len());
        for line in &asked {
            assert!(!line.contains(HIDDEN) && !line.contains(MARKER), "{kind}: {line}");
        }
    }
    // Nor at the next login, but for the invitation.
    for (kind, client) in &mut house.outsiders {
        client.send("/quit");
        let mut lines = client.rest();
        let mut again = house.server.connect();
        again.send(&format!("login {0} password-of-{0}", House::name(kind)));
        lines.push(again.expect("-- Welcome back"));
        lines.extend(again.sync());
        *client = again;
        let told: Vec<_> = lines.iter().filter(|line| line.contains(HIDDEN) || line.contains(MARKER)).collect();
        match *kind {
            "invited" => {
                assert_eq!(told.len(), 1, "{told:#?}");
                assert!(told[0].starts_with(&format!("-- owner-1 invites you to #{HIDDEN} until")), "{told:#?}");
            }
            _ => assert!(told.is_empty(), "{kind}: {told:#?}"),
        }
    }
}

#[test]
fn another_room_may_have_the_name_of_a_private_one() {
    let mut house = House::new();
    for (kind, client) in &mut house.outsiders {
        // Made and renamed to that name as if nobody had it, and given up again.
        for room in [HIDDEN, MISSING] {
            let made = ask_about(client, "/create {} private", room);
            assert_eq!(made[0], "-- Room #ROOM is made: private, you are the owner. You now talk in #ROOM.", "{kind}");
            assert_eq!(ask_about(client, "/history", room), ["-- No messages in #ROOM yet."], "{kind}");
            ask_about(client, "/room delete {}", room);
            ask_about(client, "/create attic private", room);
            let name = House::name(kind);
            assert_eq!(
                ask_about(client, "/room rename {}", room),
                [format!("-- {name} renamed #attic to #ROOM.")],
                "{kind}"
            );
            ask_about(client, "/room #{} delete {}", room);
        }
    }
    let outsiders = take(&mut house.outsiders);
    let mut outsiders = outsiders.into_iter().map(|(_, client)| client);
    let mut never = outsiders.next().expect("there are outsiders");
    assert_eq!(
        never.ask(&format!("/create {HIDDEN}"))[0],
        format!("-- Room #{HIDDEN} is made: public, you are the owner. You now talk in #{HIDDEN}.")
    );
    never.ask("hello outside");
    // Everybody outside finds that one and enters it, whatever became of them in the other.
    for mut client in outsiders {
        let joined = client.ask(&format!("/join {HIDDEN}"));
        assert_eq!(joined[0], format!("-- You joined #{HIDDEN}. You now talk in #{HIDDEN}."));
        assert!(joined.last().unwrap().ends_with("never: hello outside"), "{joined:#?}");
        let history = client.ask("/history");
        assert!(!history.iter().any(|line| line.contains(MARKER)), "{history:#?}");
        assert!(!client.ask(&format!("/who {HIDDEN}")).iter().any(|line| line.contains("insider")));
    }
    // To those inside the name means their own room.
    assert_eq!(house.insider.sync(), [""; 0]);
    house.insider.ask(&format!("/say {HIDDEN} {MARKER} still here"));
    assert!(house.owner.sync()[0].ends_with("still here"));
    let seen = never.sync();
    assert!(!seen.iter().any(|line| line.contains(MARKER)), "{seen:#?}");
    assert_eq!(house.owner.ask(&format!("/who {HIDDEN}")).len(), 1);
    // Two public rooms of one name there are not.
    assert_eq!(
        house.owner.ask(&format!("/room #{HIDDEN} public")),
        [format!("-! The name #{HIDDEN} belongs to another room. Nothing was done. Choose another name.")]
    );
}

#[test]
fn an_invitation_leads_into_the_private_room_of_two_with_one_name() {
    let mut house = House::new();
    let mut invited = house.outsiders.swap_remove(4).1;
    let mut never = house.outsiders.swap_remove(0).1;
    never.ask(&format!("/create {HIDDEN}"));
    never.ask("hello outside");
    let joined = invited.ask(&format!("/accept {HIDDEN}"));
    assert!(joined.last().unwrap().ends_with(&format!("owner-1: first {MARKER}")), "{joined:#?}");
    assert!(house.owner.sync().iter().any(|line| line.starts_with("-- invited joined")));
}

#[test]
fn whoever_is_put_out_while_offline_is_told_nothing_more() {
    let mut house = House::new();
    let mut left = house.outsiders.swap_remove(1).1;
    house.owner.ask("/invite left");
    left.ask(&format!("/accept {HIDDEN}"));
    left.send("/quit");
    left.rest();
    house.owner.ask(&format!("left: {MARKER}"));
    house.owner.ask(&format!("/kick #{HIDDEN} left"));
    let mut left = house.server.connect();
    left.send("login left password-of-left");
    let mut lines = vec![left.expect("-- Welcome back")];
    lines.extend(left.sync());
    lines.extend(left.ask("/unread"));
    assert!(!lines.iter().any(|line| line.contains(HIDDEN) || line.contains(MARKER)), "{lines:#?}");
    for command in COMMANDS.iter().chain(ENTRANCES) {
        check_is_missing("kicked while offline", &mut left, command);
    }
}

#[test]
fn nobody_is_led_into_a_second_room_of_the_same_name() {
    let mut house = House::new();
    let mut mallory = house.outsiders.swap_remove(0).1;
    mallory.ask(&format!("/create {HIDDEN} private"));
    mallory.ask("/invite insider");
    let code = mallory.ask("/invite code")[0].rsplit(' ').next().expect("a line has words").to_owned();
    house.insider.sync();
    for way in [format!("/accept {HIDDEN}"), "/accept".to_owned(), format!("/accept {code}")] {
        let refused = house.insider.ask(&way);
        assert_eq!(refused.len(), 1, "{way}: {refused:#?}");
        assert!(
            refused[0].starts_with(&format!("-! You are in another room called #{HIDDEN}.")),
            "{way}: {refused:#?}"
        );
    }
    // He talks in his own room of that name, and a line meant for it goes nowhere else.
    house.insider.ask(&format!("/say {HIDDEN} {MARKER} one"));
    house.insider.ask(&format!("{MARKER} two"));
    assert_eq!(mallory.sync(), [""; 0]);
    // Once he has left, he may come.
    house.insider.ask(&format!("/leave {HIDDEN}"));
    assert!(house.insider.ask("/accept")[0].starts_with("-- You joined"));
}

#[test]
fn no_room_is_renamed_so_that_a_member_is_in_two_of_one_name() {
    let mut house = House::new();
    let mut mallory = house.outsiders.swap_remove(0).1;
    mallory.ask("/create lobby");
    house.insider.ask("/join lobby");
    mallory.sync();
    let taken = format!("-! The name #{HIDDEN} belongs to another room. Nothing was done. Choose another name.");
    assert_eq!(mallory.ask(&format!("/room rename {HIDDEN}")), [taken]);
    house.insider.ask("/leave lobby");
    mallory.sync();
    assert_eq!(mallory.ask(&format!("/room rename {HIDDEN}")), [format!("-- never renamed #lobby to #{HIDDEN}.")]);
}
