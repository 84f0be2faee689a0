//! The transcripts in the documents, run as they stand against real servers, so that what is written there is true.
//!
//! A fenced block whose first word is `transcript` is a session on a server of its own. A line is what one person (the
//! reader) receives, or, with `> ` in front, types. `bob> ` and `bob< ` in front are for a second person in another
//! terminal, of whom only what is shown is checked, and nothing at all if nothing is shown. `here: bob, cho` behind
//! `transcript` are accounts that are logged in beforehand. Times, dates and one-time codes are compared by their form.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use chat_server::reason::{ClosingLine, Reason};

use crate::support::{Client, Running, Server};

/// The person whose terminal a transcript shows.
const READER: &str = "";
/// What `telnet` itself prints, which is no line of the server.
const OF_TELNET: [&str; 3] = ["Trying ", "Connected to ", "Escape character is "];
const CLOSED: &str = "Connection closed by foreign host.";
/// Said to a client that is slow to confirm that it hides what is typed.
const SHOWS_INPUT: &str = "-- (your client will show what you type)";
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

#[test]
fn what_the_documents_show_is_what_happens() {
    let mut failures = Vec::new();
    for (document, at_least) in [("docs/protocol.md", 10), ("docs/guide.md", 3), ("README.md", 1)] {
        let text = read(document);
        let transcripts = Transcript::all(document, &text);
        assert!(transcripts.len() >= at_least, "{document} has {} transcripts", transcripts.len());
        failures.extend(transcripts.iter().filter_map(|transcript| transcript.run().err()));
    }
    assert!(failures.is_empty(), "{} transcripts do not hold:\n\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn the_protocol_page_names_every_command() {
    let page = read("docs/protocol.md");
    let server = Server::start_new();
    let help = server.register("ana").ask("/help all");
    let commands: Vec<&str> = help.iter().filter_map(|line| line.strip_prefix("--   /")?.split(' ').next()).collect();
    assert!(commands.len() > 30, "{help:#?}");
    let missing: Vec<&&str> = commands.iter().filter(|word| !page.contains(&format!("`/{word}"))).collect();
    assert!(missing.is_empty(), "docs/protocol.md does not name {missing:?}");
}

#[test]
fn the_protocol_page_names_every_reason_for_which_a_connection_ends() {
    let page = read("docs/protocol.md");
    for reason in Reason::ALL {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{reason}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/protocol.md does not name {reason}"));
        let mut line = Vec::new();
        chat_server::protocol::text::Text.closing_line(*reason, &mut line);
        let line = String::from_utf8(line).expect("UTF-8");
        assert!(line.is_empty() || row.contains(&format!("`{}`", line.trim_end())), "{reason}: {line:?}: {row}");
    }
}

#[test]
fn a_transcript_that_is_wrong_is_shown_with_what_came_instead() {
    let failure = |body: &str| {
        let text = format!("```transcript here: ana\n{body}\n```\n");
        let [transcript] = &Transcript::all("example.md", &text)[..] else { panic!("one transcript") };
        transcript.run().expect_err("it does not hold")
    };
    let wrong = failure("ana> /version\nana< -- Chat is something else.");
    assert!(wrong.starts_with("example.md:1\n"), "{wrong}");
    assert!(wrong.contains("ana< -- Chat is chat-server "), "{wrong}");
    assert!(wrong.contains("<- not: -- Chat is something else."), "{wrong}");
    let incomplete = failure("ana> /version\nana< -- Chat is chat-server 0.1.0.\nana> /help join");
    assert!(incomplete.contains("ana< -- /join ROOM"), "{incomplete}");
    assert!(incomplete.contains("<- not: nothing"), "{incomplete}");
    let open = failure("ana> /version\nana< -- Chat is chat-server 0.1.0.\nana< Connection closed by foreign host.");
    assert!(open.contains("the connection is open"), "{open}");
}

#[test]
fn times_dates_and_codes_compare_by_their_form() {
    let check = |line: &str, expected: &str| assert_eq!(normalised(line), expected);
    check("[09:30] #tea bob: at 10:15?", "[TIME] #tea bob: at TIME?");
    check("[2026-11-21 18:02] #tea bob: hi", "[TIME] #tea bob: hi");
    check("-- Last here yesterday 23:59.", "-- Last here today TIME.");
    check("-- Account since 2026-11-23.", "-- Account since DATE.");
    check("-- One-time code for #tea: maple-otter-42", "-- One-time code for #tea: CODE");
    check("-! No open invitation \"maple-otter-42\": it", "-! No open invitation \"CODE\": it");
    check("-- #tea 10-20 of 40. Earlier: /history #tea 1-9", "-- #tea 10-20 of 40. Earlier: /history #tea 1-9");
}

pub fn read(document: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A transcript of a document.
struct Transcript {
    /// Where it begins.
    place: String,
    /// Who is logged in beforehand.
    here: Vec<String>,
    steps: Vec<Step>,
}

/// A line of a transcript.
#[derive(Clone, PartialEq)]
enum Step {
    /// `$ telnet HOST PORT` or `$ nc HOST PORT`: the reader connects.
    Connect {
        line: String,
    },
    Type {
        who: String,
        line: String,
    },
    Receive {
        who: String,
        line: String,
    },
    /// `No operator yet. ...`, as the server prints it at its start.
    OperatorCode {
        line: String,
    },
}

impl Transcript {
    fn all(document: &str, text: &str) -> Vec<Transcript> {
        let mut transcripts = Vec::new();
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let Some(head) = line.strip_prefix("```transcript") else { continue };
            let here = head.split_once("here: ").map(|(_, names)| names.split(", ").map(str::to_owned).collect());
            let body = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
            let steps = body.filter(|line| !is_of_telnet(line)).map(Step::parse).collect();
            let place = format!("{document}:{}", number + 1);
            transcripts.push(Transcript { place, here: here.unwrap_or_default(), steps });
        }
        transcripts
    }

    /// Runs it; `Err` shows what happened up to the first line that is not as written.
    fn run(&self) -> Result<(), String> {
        let server = Server::start_new();
        let mut clients: BTreeMap<String, Client> = BTreeMap::new();
        for name in &self.here {
            clients.insert(name.clone(), server.register(name));
        }
        // Those who came later have been announced to those who came first.
        clients.values_mut().for_each(|client| drop(client.sync()));
        let shown = self.steps.iter().filter_map(|step| match step {
            Step::Receive { who, .. } => Some(who.clone()),
            _ => None,
        });
        let mut stage = Stage {
            server: &server,
            clients,
            shown: shown.collect(),
            codes: BTreeMap::new(),
            happened: format!("{}\n", self.place),
        };
        for (index, step) in self.steps.iter().enumerate() {
            stage.play(step)?;
            // What two people do one after the other is done in this order.
            if let Step::Type { who, .. } = step
                && self.steps.get(index + 1).is_some_and(|next| next.is_done_by_another_than(who))
            {
                stage.settle(who)?;
            }
        }
        stage.end()
    }
}

/// Whether a line is nothing but what a telnet client says itself.
fn is_of_telnet(line: &str) -> bool {
    OF_TELNET.iter().any(|start| line.starts_with(start))
}

impl Step {
    fn parse(line: &str) -> Step {
        if let Some(line) = line.strip_prefix("$ ") {
            return Step::Connect { line: line.to_owned() };
        }
        if line.starts_with("No operator yet. ") {
            return Step::OperatorCode { line: line.to_owned() };
        }
        let mark = line.find(['>', '<']).filter(|at| line[..*at].bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let Some((who, text)) = mark.map(|at| line.split_at(at)) else {
            return Step::Receive { who: READER.to_owned(), line: line.to_owned() };
        };
        let (who, line) = (who.to_owned(), text[1..].strip_prefix(' ').unwrap_or_default().to_owned());
        if text.starts_with('>') { Step::Type { who, line } } else { Step::Receive { who, line } }
    }

    fn is_done_by_another_than(&self, who: &str) -> bool {
        match self {
            Step::Connect { .. } => who != READER,
            Step::Type { who: other, .. } => who != other,
            Step::Receive { .. } | Step::OperatorCode { .. } => false,
        }
    }
}

/// A transcript while it runs.
struct Stage<'a> {
    server: &'a Running,
    clients: BTreeMap<String, Client>,
    /// Those of whom the transcript shows what they receive.
    shown: BTreeSet<String>,
    /// One-time codes: as written, and as they really are.
    codes: BTreeMap<String, String>,
    happened: String,
}

impl Stage<'_> {
    fn play(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Connect { line } => {
                self.tell(&format!("$ {line}"));
                let mut client = self.server.connect();
                if line.starts_with("telnet ") {
                    client.hide_input_as_telnet();
                }
                self.clients.insert(READER.to_owned(), client);
                Ok(())
            }
            Step::OperatorCode { line } => {
                self.tell(line);
                let (written, code) = (codes(line).next(), self.server.operator_code.clone());
                self.codes.extend(written.map(str::to_owned).zip(code));
                Ok(())
            }
            Step::Type { who, line } => {
                self.tell(&format!("{who}> {line}"));
                let typed: Vec<&str> =
                    line.split(' ').map(|word| self.codes.get(word).map_or(word, String::as_str)).collect();
                let typed = typed.join(" ");
                self.client(who).send(&typed);
                Ok(())
            }
            Step::Receive { who, line } => self.receive(who, line),
        }
    }

    fn receive(&mut self, who: &str, expected: &str) -> Result<(), String> {
        if expected == CLOSED {
            return match self.settle_open(who) {
                None => {
                    self.clients.remove(who);
                    self.tell(CLOSED);
                    Ok(())
                }
                Some(lines) => {
                    lines.iter().for_each(|line| self.tell_received(who, line));
                    Err(format!("{}    <- the connection is open", self.happened))
                }
            };
        }
        let line = loop {
            let next = catch_unwind(AssertUnwindSafe(|| self.client(who).line()));
            match next {
                Ok(Some(line)) if line != expected && comes_to_anybody(&line) => {}
                Ok(Some(line)) => break line,
                Ok(None) => break CLOSED.to_owned(),
                Err(_) => break "(nothing)".to_owned(),
            }
        };
        self.tell_received(who, &line);
        if normalised(&line) != normalised(expected) {
            self.happened += &format!("    <- not: {expected}\n");
            for line in self.settle_open(who).unwrap_or_default() {
                self.tell_received(who, &line);
            }
            return Err(self.happened.clone());
        }
        let (written, real) = (codes(expected).map(str::to_owned), codes(&line).map(str::to_owned));
        self.codes.extend(written.zip(real));
        Ok(())
    }

    /// Waits until the server has done all that somebody asked for. What else came in the meantime is not in the
    /// transcript.
    fn settle(&mut self, who: &str) -> Result<(), String> {
        let lines = self.settle_open(who).unwrap_or_default();
        if lines.is_empty() || !self.shown.contains(who) {
            return Ok(());
        }
        for line in lines {
            self.tell_received(who, &line);
            self.happened += "    <- not: nothing\n";
        }
        Err(self.happened.clone())
    }

    /// The lines that come before the answer to a question of the test's own; `None` if the connection is closed.
    fn settle_open(&mut self, who: &str) -> Option<Vec<String>> {
        let client = self.client(who);
        client.try_send(b"/whois settled\r\n");
        let mut lines = Vec::new();
        loop {
            match client.line() {
                None if lines.is_empty() => return None,
                None => return Some(lines),
                // Before the login it is this.
                Some(line) if line.contains("called settled") || line.contains("works after you log in") => {
                    return Some(lines);
                }
                Some(line) if comes_to_anybody(&line) => {}
                Some(line) => lines.push(line),
            }
        }
    }

    /// Nothing more may come to anybody who is shown.
    fn end(&mut self) -> Result<(), String> {
        let names: Vec<String> = self.clients.keys().cloned().collect();
        // Twice, because what the first one asked for may have reached the last one.
        names.iter().chain(&names).try_for_each(|name| self.settle(name))
    }

    fn client(&mut self, who: &str) -> &mut Client {
        let server = self.server;
        self.clients.entry(who.to_owned()).or_insert_with(|| {
            let mut client = server.connect();
            client.hide_input_as_telnet();
            client
        })
    }

    fn tell(&mut self, line: &str) {
        self.happened += &format!("{line}\n");
    }

    fn tell_received(&mut self, who: &str, line: &str) {
        let mark = if who == READER { String::new() } else { format!("{who}< ") };
        self.happened += &format!("{mark}{line}\n");
    }
}

/// Whether the line may come at any time: on a slow machine, or at midnight.
fn comes_to_anybody(line: &str) -> bool {
    line == SHOWS_INPUT || DAYS.iter().any(|day| line.starts_with(&format!("-- {day} ")))
}

/// The line without what differs from run to run. A session may go on beyond midnight.
pub fn normalised(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (length, shape) = if has_shape(rest, "0000-00-00") {
            (10, "DATE")
        } else if has_shape(rest, "00:00") || rest.starts_with("HH:MM") {
            (5, "TIME")
        } else {
            (first.len_utf8(), &rest[..first.len_utf8()])
        };
        text.push_str(shape);
        rest = &rest[length..];
    }
    let text = text.replace("[DATE TIME]", "[TIME]").replace("yesterday TIME", "today TIME");
    codes(&text).fold(text.clone(), |text, code| text.replace(code, "CODE"))
}

/// Whether `text` starts with digits where `shape` has zeros, and with the same bytes elsewhere.
fn has_shape(text: &str, shape: &str) -> bool {
    let fits = |(byte, shape): (u8, u8)| if shape == b'0' { byte.is_ascii_digit() } else { byte == shape };
    text.len() >= shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

/// The one-time codes and tokens in a line.
pub fn codes(line: &str) -> impl Iterator<Item = &str> {
    line.split([' ', '"']).filter(|word| is_code(word) || is_token(word))
}

pub fn is_token(word: &str) -> bool {
    word.starts_with("token:") && word.len() == 38
}

pub fn is_code(word: &str) -> bool {
    let Some((words, number)) = word.rsplit_once('-') else { return false };
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.contains('-') && words.split('-').all(is_word) && number.len() == 2 && number.parse::<u8>().is_ok()
}
