//! The examples of the JSON protocol, run as they stand against real servers: those in `docs/protocol.md`, and the
//! programs in `docs/examples`.
//!
//! A fenced block whose first word is `json` is a session on a server of its own. `> ` stands in front of what a program
//! sends and `< ` in front of what it gets, `bob> ` and `bob< ` in front of what a person called bob types and reads, who
//! is logged in beforehand (`here: bob`). Moments, tokens and codes are compared by their form.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use chat_server::protocol::json;
use serde_json::{Value, json};

use crate::support::{Client, Program, Running, Server};
use crate::text::telnet::has_all;
use crate::text::transcripts::{codes, is_code, is_token, normalised, read};

#[test]
fn what_the_specification_shows_is_what_happens() {
    let text = read("docs/protocol.md");
    let examples = Example::all(&text);
    assert!(examples.len() >= 8, "{} examples", examples.len());
    let failures: Vec<String> = examples.iter().filter_map(|example| example.run().err()).collect();
    assert!(failures.is_empty(), "{} examples do not hold:\n\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn an_example_that_is_wrong_is_shown_with_what_came_instead() {
    let failure = |body: &str| {
        let text = format!("```json here: bob\n{body}\n```\n");
        let [example] = &Example::all(&text)[..] else { panic!("one example") };
        example.run().expect_err("it does not hold")
    };
    let wrong = failure("> {\"type\":\"ping\"}\n< {\"type\":\"pang\"}");
    assert!(wrong.contains("got {\"time\"") && wrong.contains("not {\"type\":\"pang\"}"), "{wrong}");
    let incomplete = failure("> {\"type\":\"ping\"}");
    assert!(incomplete.contains("nothing was to come"), "{incomplete}");
}

#[test]
fn the_specification_names_every_request_object_and_code() {
    let text = read("docs/protocol.md");
    let page = &text[text.find("# The JSON protocol").expect("it is there")..];
    let shown = |mark: &str| -> BTreeSet<String> {
        let objects = page.lines().filter_map(|line| line.strip_prefix(mark));
        objects
            .filter_map(|object| serde_json::from_str::<Value>(object).ok()?["type"].as_str().map(str::to_owned))
            .collect()
    };
    let (sent, got) = (shown("> "), shown("< "));
    for request in json::REQUESTS.concat() {
        assert!(page.contains(&format!("`{request}`")), "docs/protocol.md does not specify the request {request}");
        assert!(sent.contains(request), "docs/protocol.md has no example of the request {request}");
    }
    let types: BTreeSet<&str> = json::OBJECTS.concat().into_iter().collect();
    // A short example cannot bring these about, or a program not at all.
    let prose_only = ["slow_down", "caught_up", "acks_set", "session_closed", "name_freed", "notice"];
    for object in &types {
        let is_shown = got.contains(*object) || prose_only.contains(object);
        assert!(is_shown, "docs/protocol.md has no example of the object {object}");
    }
    for object in prose_only.into_iter().filter(|object| *object != "acks_set") {
        assert!(
            page.contains(&format!("`{object}`")) || page.contains(&format!("\"{object}\"")),
            "docs/protocol.md does not mention {object}"
        );
    }

    for object in types.iter().filter(|object| **object != "acks_set") {
        let is_row =
            |line: &str| line.starts_with("| `") && line.split(" | ").next().unwrap().contains(&format!("`{object}`"));
        let list = page.split("## All objects").nth(1).expect("the list");
        assert!(list.lines().any(is_row), "docs/protocol.md does not list the object {object}");
    }
    let mut fields = BTreeSet::new();
    let examples = page.lines().filter_map(|line| line.strip_prefix("> ").or_else(|| line.strip_prefix("< ")));
    examples.filter_map(|line| serde_json::from_str(line).ok()).for_each(|object| field_names(&object, &mut fields));
    // Keys of `resumed` are names and numbers of rooms; the fields of `hello` are explained in the text.
    let other =
        ["general", "attic", "mood", "server", "version", "protocol", "limits", "gone", "reason", "cause", "confirm"];
    let is_number = |field: &str| field.bytes().all(|byte| byte.is_ascii_digit());
    for field in fields.iter().filter(|field| !other.contains(&field.as_str()) && !is_number(field)) {
        let table = page.split("A field of one name").nth(1).and_then(|rest| rest.split("**Requests").next()).unwrap();
        let is_explained = table.contains(&format!("`{field}`"))
            || field.ends_with("_max")
            || field.ends_with("_bytes")
            || field.contains("rate_")
            || field == "login_timeout_s";
        assert!(is_explained, "docs/protocol.md does not explain the field {field}");
    }

    // These need a current room, or a correspondent, which sessions of programs do not have.
    let never = ["no_current_room", "room_lost", "nobody_to_reply_to", "reply_to_whom"];
    for code in json::REFUSALS.iter().filter(|code| !never.contains(code)) {
        assert!(page.contains(&format!("| `{code}` |")), "docs/protocol.md does not list the code {code}");
    }
}

/// The names of all fields in an object, however deep.
fn field_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            names.insert(name.clone());
            field_names(value, names);
        }),
        Value::Array(values) => values.iter().for_each(|value| field_names(value, names)),
        _ => {}
    }
}

/// An example of the specification.
struct Example {
    /// The line at which it begins.
    line: usize,
    here: Vec<String>,
    steps: Vec<String>,
}

/// An example while it runs.
struct Stage<'a> {
    server: &'a Running,
    program: Program,
    people: BTreeMap<String, Client>,
    /// Tokens and codes: as written, and as they really are.
    real: BTreeMap<String, String>,
    happened: String,
}

impl Example {
    fn all(text: &str) -> Vec<Example> {
        let mut examples = Vec::new();
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let Some(head) = line.strip_prefix("```json") else { continue };
            let here = head.split_once("here: ").map(|(_, names)| names.split(", ").map(str::to_owned).collect());
            let steps = lines.by_ref().map(|(_, line)| line.to_owned()).take_while(|line| line != "```").collect();
            examples.push(Example { line: number + 1, here: here.unwrap_or_default(), steps });
        }
        examples
    }

    fn run(&self) -> Result<(), String> {
        let server = Server::start_new();
        let people = self.here.iter().map(|name| (name.clone(), server.register(name))).collect();
        let happened = format!("docs/protocol.md:{}\n", self.line);
        let mut stage = Stage { server: &server, program: server.program(), people, real: BTreeMap::new(), happened };
        for step in &self.steps {
            stage.happened += &format!("{step}\n");
            stage.play(step)?;
        }
        let rest = stage.program.sync_or_end();
        match rest.first() {
            None => Ok(()),
            Some(object) => Err(format!("{}    nothing was to come, but {object} did", stage.happened)),
        }
    }
}

impl Stage<'_> {
    fn play(&mut self, step: &str) -> Result<(), String> {
        if step.starts_with("$ ") {
            self.program = Program::over(TcpStream::connect(self.server.json).expect("the server accepts"));
            return Ok(());
        }
        if let Some(code) = step.strip_prefix("No operator yet. Log in and type: /operator ") {
            self.real.insert(code.to_owned(), self.server.operator_code.clone().expect("a new server has a code"));
            return Ok(());
        }
        if let Some(line) = step.strip_prefix("> ") {
            let line = self.real.iter().fold(line.to_owned(), |line, (written, real)| line.replace(written, real));
            self.program.send_line(&line);
            return Ok(());
        }
        if let Some(expected) = step.strip_prefix("< ") {
            let expected: Value =
                serde_json::from_str(expected).map_err(|error| format!("{}    {error}", self.happened))?;
            let found = self.program.next().unwrap_or_else(|| json!({"type": "(the end of the connection)"}));
            return match self.is_like(&expected, &found) {
                true => Ok(()),
                false => Err(format!("{}    got {found}\n    not {expected}", self.happened)),
            };
        }
        let (who, rest) = step.split_at(step.find(['>', '<']).unwrap_or_else(|| panic!("what is this? {step}")));
        let text = self.real.iter().fold(rest[2..].to_owned(), |text, (written, real)| text.replace(written, real));
        let person = self.people.get_mut(who).unwrap_or_else(|| panic!("{who} is not here"));
        if rest.starts_with('>') {
            // What the program asked for before is done first.
            self.program.settle();
            person.ask(&text);
            return Ok(());
        }
        self.program.settle();
        let lines = person.sync();
        match lines.iter().any(|line| normalised(line) == normalised(&text)) {
            true => Ok(()),
            false => Err(format!("{}    got {lines:#?}", self.happened)),
        }
    }

    /// Whether what came is as written, except what differs from run to run.
    fn is_like(&mut self, expected: &Value, found: &Value) -> bool {
        match (expected, found) {
            (Value::Object(expected), Value::Object(found)) => {
                expected.len() == found.len()
                    && expected
                        .iter()
                        .all(|(key, value)| found.get(key).is_some_and(|other| self.is_like(value, other)))
            }
            (Value::Array(expected), Value::Array(found)) => {
                expected.len() == found.len()
                    && expected.iter().zip(found).all(|(value, other)| self.is_like(value, other))
            }
            (Value::String(expected), Value::String(found)) if expected != found => {
                let same = |form: fn(&str) -> bool| form(expected) && form(found);
                if same(is_token) || same(is_code) {
                    self.real.insert(expected.clone(), found.clone());
                    return true;
                }
                same(is_moment) || codes(expected).next().is_some_and(|code| found.contains(&self.real[code]))
            }
            _ => expected == found,
        }
    }
}

fn is_moment(text: &str) -> bool {
    let shape: String = text.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
    shape == "0000-00-00T00:00:00.000Z"
}

/// A program of `docs/examples`; ended when the test is.
struct Bot(Child);

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Bot {
    fn start(running: &Running, token: &str, folder: &Path) -> Bot {
        let bot = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/bot.py");
        let mut command = Command::new("python3");
        command.arg(bot).arg("127.0.0.1").arg(running.json.port().to_string()).args(["bot", token]);
        command.arg(folder.join("bot.json")).stderr(Stdio::null());
        Bot(command.spawn().expect("python3 runs"))
    }
}

#[test]
fn the_bot_answers_in_a_room_and_catches_up_after_every_break() {
    if !has_all(&["python3"]) {
        return;
    }
    let script = read("docs/examples/bot.py");
    assert!(script.lines().count() <= 60, "{} lines", script.lines().count());
    let server = Server::new();
    let running = server.start();
    let mut account = running.register_program("bot");
    let token = account.ask(json!({"type": "new_token", "name": "bot"}))["token"].as_str().unwrap().to_owned();
    account.ask(json!({"type": "quit"}));
    let mut ana = running.register("ana");
    let bot = Bot::start(&running, &token, server.path());
    while !ana.ask("/whois bot")[0].contains("bot is online") {}
    ana.send("!echo hello there");
    ana.expect("#general bot: hello there");
    ana.send("good morning");
    ana.send("!time");
    ana.expect("#general bot: It is ");
    ana.send("/msg bot !echo between us");
    ana.expect("@bot bot: between us");

    // The bot is away, then the server too: what was asked meanwhile is answered once.
    drop(bot);
    while !ana.ask("/whois bot")[0].contains("bot is not online") {}
    ana.ask("!echo while you were away");
    running.stop();
    let running = server.start();
    let mut ana = running.login("ana");
    let _bot = Bot::start(&running, &token, server.path());
    ana.expect("#general bot: while you were away");
    ana.send("!echo and now");
    ana.expect("#general bot: and now");
    let history = ana.ask("/history #general 50");
    assert_eq!(history.iter().filter(|line| line.contains(" bot: ")).count(), 4, "{history:#?}");
}

#[test]
fn the_one_line_uses_do_what_they_say() {
    if !has_all(&["nc", "jq", "sh"]) {
        return;
    }
    let server = Server::start_new();
    let mut ana = server.register("ana");
    let token = ana.ask("/token new script")[1].strip_prefix("-- ").unwrap().to_owned();
    let mut bob = server.register("bob");
    let lines = read("docs/examples/one-liners.md");
    let uses: Vec<&str> = lines.split("```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next()).collect();
    let run = |line: &str| {
        let port = server.json.port().to_string();
        let line = line.replace("TOKEN", &token).replace("HOST", "127.0.0.1").replace("PORT", &port);
        let output = Command::new("sh").arg("-c").arg(&line).output().expect("a shell");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let [say, read, unread, version] = uses[..] else { panic!("{uses:#?}") };
    assert_eq!(run(say), "stored as 2\n");
    bob.expect("#general ana: the backup is done");
    let history = run(read);
    assert!(history.ends_with("2 ana: the backup is done\n") && history.lines().count() == 2, "{history}");
    bob.ask("one more");
    ana.send("/quit");
    ana.rest();
    bob.ask("and another");
    assert_eq!(run(unread), "general: 1\n");
    assert_eq!(run(version), format!("{}\n", env!("CARGO_PKG_VERSION")));
}
