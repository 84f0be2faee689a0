//! Rules that no compiler checks: which module may import which, what keeps the chat pure, where SQL may stand; and that
//! the documents name settings, exit codes, targets, tests and links that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn a_module_imports_only_modules_above_it() {
    let order = modules();
    let place = |module: &str| order.iter().position(|other| other == module);
    let mut faults = Vec::new();
    for file in sources() {
        let Some(own) = place(&file.module) else { continue };
        for (line, imported) in file.imports() {
            if place(&imported).is_some_and(|other| other > own) {
                faults.push(format!("{}:{line}: {} is above {imported} in lib.rs", file.path, file.module));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn protocol_and_net_never_import_each_other() {
    let mut seen = BTreeSet::new();
    for file in sources() {
        for (line, imported) in file.imports() {
            seen.insert((file.module.clone(), imported.clone()));
            let pair = [file.module.as_str(), imported.as_str()];
            assert!(pair != ["protocol", "net"] && pair != ["net", "protocol"], "{}:{line}", file.path);
        }
    }
    // The search finds imports that exist.
    for pair in [("store", "chat"), ("net", "address"), ("protocol", "chat")] {
        assert!(seen.contains(&(pair.0.to_owned(), pair.1.to_owned())), "{pair:?} in {seen:?}");
    }
}

#[test]
fn only_the_store_knows_the_database() {
    let mut knows = false;
    for file in sources() {
        for (number, line) in file.code() {
            let is_found = ["rusqlite", "r2d2", "sql/"].iter().any(|word| line.contains(word));
            knows |= is_found && file.module == "store";
            // The log may leave out what a library says.
            let is_allowed = file.module == "store" || file.path == "src/logging.rs";
            assert!(!is_found || is_allowed, "{}:{number}: {line}", file.path);
        }
    }
    assert!(knows);
}

/// Programs get codes and fields, never the sentences that people read.
#[test]
fn the_json_protocol_does_not_import_the_text_protocol() {
    let sources = sources();
    let json: Vec<&Source> = sources.iter().filter(|file| file.path.starts_with("src/protocol/json")).collect();
    assert!(!json.is_empty());
    let imports_text =
        |file: &&&Source| file.code().any(|(_, line)| line.contains("protocol::text") || line.contains("super::text"));
    let found: Vec<&str> = json.iter().filter(imports_text).map(|file| file.path.as_str()).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_chat_is_pure() {
    let impure = ["std::net", "std::thread", "std::fs", "std::time", "std::io", "std::env", "getrandom", "log::"];
    let sources = sources();
    let chat: Vec<&Source> = sources.iter().filter(|file| file.module == "chat").collect();
    for file in &chat {
        for (number, line) in file.code() {
            for word in impure {
                assert!(!line.contains(word), "{}:{number}: {line}", file.path);
            }
        }
    }
    let texts: Vec<(&str, String)> = chat.iter().map(|file| (file.path.as_str(), joined(file))).collect();
    let faults = hash_tables_in_order(&texts);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What may be done with a hash table in the chat: look-ups, whose results do not depend on the order of its entries.
const LOOKUPS: [&str; 11] =
    ["get", "get_mut", "contains", "contains_key", "insert", "remove", "entry", "len", "is_empty", "clear", "reserve"];

/// The places where the order of a hash table could become visible, in files given by name and code. A table must be a
/// field, a parameter or a binding of its own; and a name so declared may only be used for [`LOOKUPS`]. A name that is
/// also declared in another file is checked there only as a field (`.name`).
fn hash_tables_in_order(files: &[(&str, String)]) -> Vec<String> {
    let (mut faults, mut tables) = (Vec::new(), BTreeSet::new());
    for (path, code) in files {
        for line in code.lines().filter(|line| !line.starts_with("use ") && !line.starts_with("pub use ")) {
            for (at, _) in line.match_indices("HashMap").chain(line.match_indices("HashSet")) {
                match declared_name(line, at) {
                    Some(name) => drop(tables.insert((*path, name.to_owned()))),
                    None => faults.push(format!("{path}: a hash table without a name of its own: {line}")),
                }
            }
        }
    }
    for (home, name) in &tables {
        for (path, code) in files {
            for line in code.lines() {
                for (at, _) in line.match_indices(name.as_str()) {
                    let (before, after) = (&line[..at], &line[at + name.len()..]);
                    let is_word = !before.ends_with(is_word_char) && !after.starts_with(is_word_char);
                    let is_meant = path == home || before.ends_with('.');
                    if is_word && is_meant && !is_lookup(before, after) {
                        faults.push(format!("{path}: the order of the hash table {name} may show: {line}"));
                    }
                }
            }
        }
    }
    faults
}

/// The name that a line declares to be the hash table whose type stands at `at`: `name: HashMap<`, `name: &mut HashMap<`,
/// `name: HashMap::new()` or `let name = HashMap::new()`.
fn declared_name(line: &str, at: usize) -> Option<&str> {
    let before = line[..at].trim_end_matches(|char: char| is_word_char(char) || char == ':').trim_end();
    let before = before.trim_end_matches("mut").trim_end().trim_end_matches('&').trim_end();
    let before = before.strip_suffix([':', '='])?.trim_end();
    let name = before.rsplit(|char: char| !is_word_char(char)).next()?;
    let is_alias = before.split(' ').any(|word| word == "type");
    (!name.is_empty() && !is_alias).then_some(name)
}

/// Whether the use of a hash table between these two parts of a line is a declaration or a look-up.
fn is_lookup(before: &str, after: &str) -> bool {
    let is_field = before.ends_with('.');
    match after.chars().next() {
        Some('.') => LOOKUPS.iter().any(|lookup| after[1..].strip_prefix(lookup).is_some_and(|it| it.starts_with('('))),
        Some(':') => !is_field,
        Some(' ') => after.starts_with(" = ") || (after.starts_with(" }") && !is_field),
        Some(',') => !is_field && !before.ends_with('&') && !before.contains('('),
        _ => false,
    }
}

fn is_word_char(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// The code of a file without comments, a method call on a line of its own joined to the line before it.
fn joined(file: &Source) -> String {
    let mut code = String::new();
    for (_, line) in file.code() {
        if !line.starts_with('.') {
            code.push('\n');
        }
        code.push_str(line);
    }
    code
}

#[test]
fn a_hash_table_may_be_asked_and_not_walked() {
    let faults = |code: &str| hash_tables_in_order(&[("chat/a.rs", code.to_owned())]).len();
    let fields = "struct Names {\nknown: HashMap<Name, Room>,\n}\n";
    for lookup in [
        "self.known.get(&name)",
        "self.known.insert(name, room);",
        "if names.known.contains_key(&name) {",
        "Names { known: HashMap::new() }",
        "let known = HashMap::new();\nNames { known }",
        "self.known = HashMap::default();",
        "is_known.iter()",
    ] {
        assert_eq!(faults(&format!("{fields}{lookup}")), 0, "{lookup}");
    }
    for walk in [
        "self.known.iter()",
        "self.known.values().next()",
        "for (name, room) in &self.known {",
        "for room in known {",
        "rooms.extend(self.known)",
        "list(&known)",
        "self.known.retain(|_, room| room.is_open());",
        "fn all(&self) -> HashMap<Name, Room> {",
        "type Known = HashMap<Name, Room>;",
        "known: Vec<HashMap<Name, Room>>,",
    ] {
        assert!(faults(&format!("{fields}{walk}")) > 0, "{walk}");
    }
    let elsewhere = ("chat/b.rs", "names.known.keys()\nlet known = 7;\nshow(known)".to_owned());
    assert_eq!(hash_tables_in_order(&[("chat/a.rs", fields.to_owned()), elsewhere]).len(), 1);
}

#[test]
fn each_dependency_has_its_reason_beside_it() {
    let text = read(&root().join("Cargo.toml"));
    let table = text.split("[dependencies]\n").nth(1).expect("there are dependencies");
    let mut has_reason = false;
    for line in table.lines().take_while(|line| !line.starts_with('[')) {
        // A reason may stand above a group that has it in common.
        has_reason = line.starts_with('#') || (has_reason && !line.is_empty());
        assert!(line.is_empty() || has_reason, "{line}");
    }
}

#[test]
fn the_documents_name_commands_that_there_are() {
    let makefile = read(&root().join("Makefile"));
    let targets: BTreeSet<&str> = makefile
        .lines()
        .filter_map(|line| line.split_once(":").filter(|_| line.contains("## ")))
        .map(|it| it.0)
        .collect();
    assert!(targets.contains("run") && targets.contains("test"), "{targets:?}");
    let help = chat_server("--help");
    let mut made = 0;
    for document in documents() {
        for (number, code) in snippets(&document.text) {
            if let Some(target) = code.strip_prefix("make ").and_then(|rest| rest.split(' ').next()) {
                made += 1;
                assert!(targets.contains(target), "{}:{number}: make {target}", document.name);
            }
            if code.contains("chat-server ") || code.starts_with("make run ") {
                for flag in code.split([' ', '"', '\'', '`']).filter(|word| word.starts_with("--")) {
                    assert!(help.contains(&format!("{flag} ")), "{}:{number}: {flag}", document.name);
                }
            }
        }
    }
    assert!(made >= 5, "{made}");
}

/// Every promise names the tests that show it.
#[test]
fn the_documents_name_tests_that_there_are() {
    let faults = read(&root().join("tests/faults/main.rs"));
    let faults: BTreeSet<&str> =
        faults.lines().filter_map(|line| line.trim().strip_prefix("test(\"")?.split('"').next()).collect();
    assert!(faults.contains("kill"), "{faults:?}");
    let (mut named, mut paths) = (0, 0);
    for document in documents() {
        for (number, line) in document.text.lines().enumerate() {
            let place = format!("{}:{}", document.name, number + 1);
            for list in line.split("ault test").skip(1) {
                let words =
                    list.trim_start_matches('s').strip_prefix(" `").into_iter().flat_map(|list| list.split("`, `"));
                for word in words.map(|word| word.split('`').next().unwrap_or_default()) {
                    let is_name = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
                    named += usize::from(is_name);
                    assert!(!is_name || faults.contains(word), "{place}: no fault test {word}");
                }
            }
        }
        for (number, code) in snippets(&document.text) {
            let folders = ["tests/", "src/", "docs/", "sql/", "benches/", "fuzz/"];
            if folders.iter().any(|folder| code.starts_with(folder)) && !code.contains(['*', ' ', '{']) {
                paths += 1;
                assert!(root().join(&code).exists(), "{}:{number}: {code}", document.name);
            }
        }
    }
    assert!(named > 20 && paths > 10, "{named}, {paths}");
}

#[test]
fn the_documents_tell_the_settings_and_defaults_that_there_are() {
    // Fields of JSON objects are called alike.
    let fields =
        ["group", "object", "refusal"].map(|file| read(&root().join(format!("src/protocol/json/{file}.rs")))).concat();
    let is_field =
        |name: &str| fields.split(|char: char| !char.is_alphanumeric() && char != '_').any(|word| word == name);
    let printed = chat_server("--print-config");
    let settings: BTreeMap<&str, &str> = printed.lines().filter_map(|line| line.split_once(" = ")).collect();
    assert!(settings.len() > 30, "{printed}");
    let mut checked = 0;
    for document in documents() {
        for (number, line) in document.text.lines().enumerate() {
            let place = format!("{}:{}: {line}", document.name, number + 1);
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            if let ["", name, default, _, ""] = cells[..]
                && let Some(setting) = settings.get(name.trim_matches('`'))
            {
                checked += 1;
                assert_eq!(default.trim_matches('`'), *setting, "{place}");
            }
            // In a snippet: `name = value`, and perhaps the default behind `#`.
            if let Some((name, rest)) = line.split_once(" = ")
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
            {
                checked += 1;
                let default = settings.get(name).unwrap_or_else(|| panic!("no such setting: {place}"));
                let told = rest.split_once("# ").map(|(_, told)| told.split(';').next().unwrap_or_default());
                assert_eq!(told.unwrap_or(default), *default, "{place}");
            }
            for name in line.split('`').skip(1).step_by(2).filter(|name| is_setting_like(name)) {
                assert!(is_field(name) || settings.contains_key(name), "no setting {name}: {place}");
            }
        }
    }
    assert!(checked > 10, "{checked}");
}

#[test]
fn the_documents_tell_the_exit_codes_that_there_are() {
    let help = chat_server("--help");
    let codes = help.split("Exit codes:\n").nth(1).expect("help tells exit codes");
    let codes: Vec<&str> =
        codes.lines().filter_map(|line| line.trim().split_once("  ")).map(|(code, _)| code).collect();
    assert_eq!(codes, ["0", "1", "2", "3", "4", "5", "6", "7"]);
    let text = read(&root().join("docs/operations.md"));
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |")).map(|(cell, _)| cell);
    let told: Vec<&str> = rows.filter(|cell| cell.parse::<u8>().is_ok()).collect();
    assert_eq!(told, codes);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut followed = 0;
    for document in documents() {
        let folder = root().join(&document.name).parent().expect("a file is in a folder").to_owned();
        for part in document.text.split("](").skip(1) {
            let link = part.split(')').next().unwrap_or_default();
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            if file.contains("://") {
                continue;
            }
            followed += 1;
            let target = if file.is_empty() { root().join(&document.name) } else { folder.join(file) };
            assert!(target.exists(), "{}: {link}", document.name);
            let has_anchor =
                || read(&target).lines().filter(|line| line.starts_with('#')).any(|line| slug(line) == anchor);
            assert!(anchor.is_empty() || has_anchor(), "{}: {link}", document.name);
        }
    }
    assert!(followed > 5, "{followed}");
}

/// A source file of the library or the program, without its tests.
struct Source {
    /// From the root of the project.
    path: String,
    /// The module of `lib.rs` that it belongs to; `main` and `lib` are none.
    module: String,
    lines: Vec<String>,
}

impl Source {
    /// The lines that are not only a comment, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.lines.iter().enumerate().map(|(index, line)| (index + 1, line.trim()));
        lines.filter(|(_, line)| !line.starts_with("//"))
    }

    /// The modules named as `crate::module`, also in `use crate::{...}`, with the numbers of their lines.
    fn imports(&self) -> Vec<(usize, String)> {
        let mut imports = Vec::new();
        for (number, line) in self.code() {
            for after in line.split("crate::").skip(1) {
                assert!(!after.starts_with('{'), "{}:{number}: name the modules one by one", self.path);
                let module = after.split(|char: char| !char.is_alphanumeric() && char != '_').next();
                imports.push((number, module.unwrap_or_default().to_owned()));
            }
        }
        imports
    }
}

/// All of `src/`, without tests.
fn sources() -> Vec<Source> {
    let paths = files(&["src"], "rs");
    let texts: Vec<(String, String)> = paths.iter().map(|path| (from_root(path), read(path))).collect();
    let mut of_tests = BTreeSet::new();
    let mut found = Vec::new();
    for (path, text) in &texts {
        let mut lines = Vec::new();
        let mut rest = text.lines().peekable();
        while let Some(line) = rest.next() {
            if line.trim() != "#[cfg(test)]" {
                lines.push(line.to_owned());
                continue;
            }
            let next = rest.next().unwrap_or_default().trim();
            if let Some(module) = next.strip_suffix(';').and_then(|next| next.rsplit_once("mod ")) {
                // A file of tests, or a folder of them.
                let folder = path.strip_suffix("mod.rs").map_or_else(|| path.replace(".rs", "/"), str::to_owned);
                of_tests.insert(format!("{folder}{}.rs", module.1));
            } else if next.starts_with("mod ") {
                assert!(text.ends_with("}\n"), "{path}: tests stand at the foot");
                break;
            }
        }
        let module = path.trim_start_matches("src/").split(['/', '.']).next().unwrap_or_default().to_owned();
        found.push(Source { path: path.clone(), module, lines });
    }
    found.retain(|source| !of_tests.contains(&source.path));
    assert!(found.len() > 50, "{}", found.len());
    found
}

/// The modules in the order of `lib.rs`.
fn modules() -> Vec<String> {
    let text = read(&root().join("src/lib.rs"));
    let modules = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let modules: Vec<String> = modules.map(str::to_owned).collect();
    assert!(modules.len() > 10, "{modules:?}");
    modules
}

struct Document {
    name: String,
    text: String,
}

fn documents() -> Vec<Document> {
    let names = [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "docs/guide.md",
        "docs/operations.md",
        "docs/protocol.md",
        "docs/permissions.md",
        "docs/reliability.md",
    ];
    names.iter().map(|name| Document { name: (*name).to_owned(), text: read(&root().join(name)) }).collect()
}

/// What a document shows as code, in the text or in a block that is no transcript, with its line.
fn snippets(text: &str) -> Vec<(usize, String)> {
    let (mut snippets, mut block) = (Vec::new(), None);
    for (index, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), block) {
            (Some(_), Some(_)) => block = None,
            (Some(kind), None) => block = Some(kind),
            (None, Some(kind)) if kind.starts_with("transcript") => {}
            (None, Some(_)) => snippets.push((index + 1, line.to_owned())),
            (None, None) => {
                snippets.extend(line.split('`').skip(1).step_by(2).map(|code| (index + 1, code.to_owned())))
            }
        }
    }
    snippets
}

/// Whether a word can only be meant as the name of a setting.
fn is_setting_like(name: &str) -> bool {
    let has_unit = ["_s", "_ms", "_h", "_max", "_bytes", "_lines", "_rows", "_events", "_at_once"];
    has_unit.iter().any(|unit| name.ends_with(unit))
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// The anchor that a heading gets.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    kept.map(|char| if char == ' ' { '-' } else { char }).collect()
}

fn chat_server(flag: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_chat-server")).arg(flag).output().expect("the program runs");
    assert!(output.status.success(), "{flag}");
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn from_root(path: &Path) -> String {
    path.strip_prefix(root()).expect("it is below the root").to_str().expect("it is UTF-8").to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below these folders whose names end so.
fn files(folders: &[&str], extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).filter(|it| it.exists()).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if extension.is_empty() || path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
