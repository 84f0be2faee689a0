//! The configuration file: TOML read with line numbers, and printed so that it can be read back.
//!
//! The file is read key by key and not by a serde derive, so that an error names the line, the setting and its allowed
//! values.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use log::LevelFilter;
use toml::de::{DeTable, DeValue};

use super::limits::{self, LIMITS};
use super::listen::{self, Listen};
use super::{Config, ConfigError};

/// Ten times the size of a file with every setting and its comments.
const FILE_MAX_BYTES: u64 = 131_072;
const NAME_MAX_CHARS: usize = 40;
const LEVELS: &str = "error, warn, info, debug, trace";

/// Reads and checks a file. Settings that it omits keep their defaults.
pub(super) fn read(file: &Path) -> Result<Config, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { file: file.to_path_buf(), reason };
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|open| open.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| unreadable(describe(&error)))?;
    if bytes.len() as u64 > FILE_MAX_BYTES {
        return Err(unreadable(format!("more than {FILE_MAX_BYTES} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| unreadable("not UTF-8 text".into()))?;
    parse(&text).map_err(|(line, problem)| {
        let file = file.display();
        let place = match line {
            Some(line) => format!("{file}: line {line}"),
            None => file.to_string(),
        };
        ConfigError::Setting { place, problem }
    })
}

/// An error message without the system's error number.
fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}

/// A problem and its line; two limits that contradict each other have none.
type Problem = (Option<usize>, String);

fn parse(text: &str) -> Result<Config, Problem> {
    let line = |offset: usize| {
        let before = &text.as_bytes()[..offset.min(text.len())];
        Some(before.iter().filter(|&&byte| byte == b'\n').count() + 1)
    };
    let table = DeTable::parse(text).map_err(|error| {
        let words: Vec<&str> = error.message().split_whitespace().collect();
        (error.span().and_then(|span| line(span.start)), words.join(" "))
    })?;
    let mut settings: Vec<_> = table.get_ref().iter().collect();
    settings.sort_by_key(|(key, _)| key.span().start);
    let mut config = Config::default();
    for (key, value) in settings {
        set(&mut config, key.get_ref(), value.get_ref()).map_err(|problem| (line(key.span().start), problem))?;
    }
    config.limits.check().map_err(|problem| (None, problem))?;
    Ok(config)
}

fn set(config: &mut Config, key: &str, value: &DeValue<'_>) -> Result<(), String> {
    match key {
        "server_name" => config.server_name = server_name(string(key, value)?)?,
        "data" => config.data = data(string(key, value)?)?,
        "listen" => config.listen = listen(value)?,
        "log_level" => config.log_level = log_level(string(key, value)?)?,
        _ => {
            let limit = limits::find(key).ok_or_else(|| unknown(key))?;
            let DeValue::Integer(number) = value else {
                return Err(wrong_type(key, "a whole number", value));
            };
            let parsed = u64::from_str_radix(number.as_str(), number.radix()).ok();
            limit.set(&mut config.limits, &number.to_string(), parsed)?;
        }
    }
    Ok(())
}

fn unknown(key: &str) -> String {
    let names = ["server_name", "data", "listen", "log_level"];
    let names = names.into_iter().chain(LIMITS.iter().map(|limit| limit.name));
    let distances = names.map(|name| (strsim::damerau_levenshtein(key, name), name));
    match distances.min() {
        Some((distance, name)) if distance * 3 <= key.chars().count() => {
            format!("unknown setting {key:?}; did you mean {name}?")
        }
        _ => format!("unknown setting {key:?}"),
    }
}

fn wrong_type(key: &str, expected: &str, value: &DeValue<'_>) -> String {
    let found = match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    format!("{key} must be {expected}, not {found}")
}

fn string<'v>(key: &str, value: &'v DeValue<'_>) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| wrong_type(key, "a string", value))
}

/// Checks the server's name. Clients are shown it in a line, which no character of it may end or reorder.
fn server_name(text: &str) -> Result<String, String> {
    let count = text.chars().count();
    if !(1..=NAME_MAX_CHARS).contains(&count) {
        return Err(format!("server_name has {count} characters: 1 to {NAME_MAX_CHARS} are allowed"));
    }
    let invisible = |char: char| {
        char.is_control()
            || matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(char, '\u{061c}' | '\u{2066}'..='\u{2069}')
    };
    if text.contains(invisible) || text.trim() != text {
        return Err(format!("server_name = {text:?} has control characters or spaces around it"));
    }
    Ok(text.to_string())
}

/// Checks the path of the data folder: UTF-8 without control characters, so that `--print-config` and the log can print
/// it.
pub(super) fn data(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() || text.contains(char::is_control) {
        return Err(format!("data = {text:?} is not the path of a folder"));
    }
    Ok(PathBuf::from(text))
}

fn listen(value: &DeValue<'_>) -> Result<Vec<Listen>, String> {
    let list = value.as_array();
    let list = list.ok_or_else(|| wrong_type("listen", "a list of strings", value))?;
    let parse = |one: &DeValue<'_>| {
        let listen = string("each address of listen", one)?.parse();
        listen.map_err(|problem: String| format!("listen: {problem}"))
    };
    let list: Vec<Listen> = list.iter().map(|one| parse(one.get_ref())).collect::<Result<_, _>>()?;
    listen::check(&list)?;
    Ok(list)
}

fn log_level(text: &str) -> Result<LevelFilter, String> {
    let known = LEVELS.split(", ").any(|level| level == text);
    let level = text.parse().ok().filter(|_| known);
    level.ok_or_else(|| format!("log_level = {text:?} is not one of {LEVELS}"))
}

/// Prints every setting with its meaning, its allowed values and its default.
pub(super) fn print(config: &Config) -> String {
    let quote = |text: &str| toml::Value::from(text).to_string();
    let listen: Vec<String> = config.listen.iter().map(|one| quote(&one.to_string())).collect();
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!("# Settings of chat-server {version}. An omitted setting has its default.\n");
    let mut setting = |doc: &str, allowed: &str, default: &str, name: &str, value: &str| {
        text += &format!("\n# {doc}\n# {allowed}; default {default}\n{name} = {value}\n");
    };
    setting(
        "Name shown in the greeting.",
        &format!("1 to {NAME_MAX_CHARS} characters, no control characters"),
        "\"Chat\"",
        "server_name",
        &quote(&config.server_name),
    );
    setting(
        "Folder for all data of the server.",
        "path, relative to the working directory of the server",
        "\"./data\"",
        "data",
        &quote(&config.data.to_string_lossy()),
    );
    setting(
        "Addresses to listen at; port 0 chooses a free port.",
        "list of text://HOST:PORT and json://HOST:PORT, HOST a name, an IPv4 or an [IPv6] address",
        "[\"text://127.0.0.1:4000\", \"json://127.0.0.1:4001\"]",
        "listen",
        &format!("[{}]", listen.join(", ")),
    );
    setting(
        "Least severe level that is logged.",
        LEVELS,
        "\"info\"",
        "log_level",
        &quote(&config.log_level.as_str().to_ascii_lowercase()),
    );
    for limit in LIMITS {
        let (default, value) = (limit.default.to_string(), limit.value(&config.limits));
        let allowed = limit.allowed();
        setting(limit.doc, &allowed, &default, limit.name, &value.to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_reads_back_as_the_same_settings() {
        assert_eq!(parse(""), Ok(Config::default()));
        let mut config = Config::default();
        assert_eq!(parse(&print(&config)), Ok(config.clone()));

        config.server_name = "Café \"Zum 'Löwen'\" \\ # 🦁".into();
        config.data = "/srv/it's \"mine\"\\n".into();
        config.listen.push("text://[::1]:0".parse().unwrap());
        config.log_level = LevelFilter::Trace;
        for limit in LIMITS {
            // Not the largest value of each, because some limits bound each other.
            let value = limit.default.max(*limit.range.end() / 2);
            limit.set(&mut config.limits, "", Some(value)).unwrap();
        }
        assert_ne!(config.limits, Config::default().limits);
        assert_eq!(parse(&print(&config)), Ok(config));
    }

    #[test]
    fn a_mistake_in_the_file_is_reported_with_its_line_in_one_line() {
        fn check(text: &str, line: impl Into<Option<usize>>, expected: &str) {
            assert_eq!(parse(text), Err((line.into(), expected.to_string())));
        }
        check("\n\nlogin_timout_s = 60", 3, "unknown setting \"login_timout_s\"; did you mean login_timeout_s?");
        check("colour = 1", 1, "unknown setting \"colour\"");
        check("[limits]\nread_connections = 1", 1, "unknown setting \"limits\"");
        check("\"a\\nb\" = 1", 1, "unknown setting \"a\\nb\"");
        check("zeal = 1\nlogin_timeout_s = 0", 1, "unknown setting \"zeal\"");
        check("login_timeout_s = 0", 1, "login_timeout_s = 0 is out of range: 5 to 3600 seconds");
        check("inbox_events = -0x1", 1, "integers with a radix cannot be signed, expected nothing");
        check("read_connections = -1", 1, "read_connections = -1 is out of range: 1 to 64 connections");
        check(
            "read_connections = 99999999999999999999999",
            1,
            "read_connections = 99999999999999999999999 is out of range: 1 to 64 connections",
        );
        check("message_max_bytes = 4097", None, "message_max_bytes = 4097 is more than line_max_bytes = 4096");
        check("read_connections = '3'", 1, "read_connections must be a whole number, not a string");
        check("data = 3", 1, "data must be a string, not a whole number");
        check("data = ''", 1, "data = \"\" is not the path of a folder");
        check("server_name = ''", 1, "server_name has 0 characters: 1 to 40 are allowed");
        check(
            "server_name = \"a\\u202Eb\"",
            1,
            "server_name = \"a\\u{202e}b\" has control characters or spaces around it",
        );
        check("log_level = 'off'", 1, "log_level = \"off\" is not one of error, warn, info, debug, trace");
        check("listen = 'text://a:1'", 1, "listen must be a list of strings, not a string");
        check("listen = []", 1, "listen has 0 addresses: 1 to 64 are allowed");
        check("listen = ['text://a:1', 'text://A:01']", 1, "listen names text://a:1 twice");
        check("listen = ['irc://a:1']", 1, "listen: unknown protocol \"irc\": text:// and json:// are supported");
        check("data = 'a'\ndata = 'b'", 2, "duplicate key");
    }

    #[test]
    fn numbers_may_be_grouped_or_in_another_base() {
        let config = parse("outbox_max_bytes = 0x10_000\nline_cut_bytes = 70_000").unwrap();
        assert_eq!(config.limits.outbox_max_bytes, 65_536);
        assert_eq!(config.limits.line_cut_bytes, 70_000);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_with_the_reason() {
        let error = read(Path::new("/nowhere/x.toml")).unwrap_err();
        let expected = "cannot read config file /nowhere/x.toml: No such file or directory";
        assert_eq!(error.to_string(), expected);
        let error = read(Path::new("/")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read config file /: Is a directory");
        let error = read(Path::new("/dev/zero")).unwrap_err();
        let expected = "cannot read config file /dev/zero: more than 131072 bytes";
        assert_eq!(error.to_string(), expected);
    }
}
