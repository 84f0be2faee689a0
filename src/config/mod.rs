//! Settings: flags and one optional TOML file, checked once, at the start.
//!
//! All values of a [`Config`] that comes from here are in range, so nobody checks them again. Flags override the config
//! file, which overrides the defaults. Nothing here opens a socket or the data folder.

mod file;
mod limits;
mod listen;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use log::LevelFilter;

pub use limits::Limits;
pub use listen::Listen;

/// Everything an operator can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Name shown in the greeting, without control characters.
    pub server_name: String,
    /// Folder that holds everything the server keeps.
    pub data: PathBuf,
    /// Where to listen: at least one address, each once.
    pub listen: Vec<Listen>,
    /// Least severe level that is logged; never `Off`.
    pub log_level: LevelFilter,
    /// All numeric limits.
    pub limits: Limits,
}

/// The action that the command line requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// Serve until a signal stops it.
    Run(Config),
    /// Use a tool instead of serving, with the data folder of these settings.
    Tool(Config, Tool),
    /// Print the settings as TOML and end.
    Print(Config),
    /// Print this text, the help or the version, and end.
    Help(String),
}

/// A tool for the keeper of a server.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Tool {
    /// Copy the store to a new file, also while the server runs, and check the copy
    Backup {
        /// The file; nothing is overwritten
        file: PathBuf,
    },
    /// Make a one-time code with which somebody sets a new password, while the server is stopped
    Password {
        /// The account
        name: String,
    },
    /// Check a data folder or a backup in full, without changing it
    Verify {
        /// The folder or file [default: the data folder]
        path: Option<PathBuf>,
    },
}

/// Why the settings are invalid: one line for the operator, exit code 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// The command line cannot be understood.
    Usage(String),
    /// The configuration file cannot be read.
    Unreadable {
        /// The file, as it was named on the command line.
        file: PathBuf,
        /// The system's error message.
        reason: String,
    },
    /// Something in the file is unknown or not allowed.
    Setting {
        /// The file, and the line if there is one.
        place: String,
        /// The setting, and its allowed values.
        problem: String,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Usage(problem) => write!(formatter, "{problem}; try --help"),
            ConfigError::Unreadable { file, reason } => {
                write!(formatter, "cannot read config file {}: {reason}", file.display())
            }
            ConfigError::Setting { place, problem } => write!(formatter, "{place}: {problem}"),
        }
    }
}

impl std::error::Error for ConfigError {}

const AFTER_HELP: &str = "\
Flags override the config file, which overrides the defaults.
To start a config file:  chat-server --print-config > chat.toml

Exit codes:
  0  stopped as requested
  1  stopped at once by a second signal
  2  wrong usage or configuration
  3  cannot listen
  4  data folder unusable: unreadable, foreign, damaged or of a newer version
  5  data folder in use by another server
  6  storage failed or was taken away while running, or hung while stopping
  7  internal error
Of the tools: 0 done, 2 wrong usage or the file exists, 4 the store is unusable or not sound, 5 the server runs,
6 cannot write";

/// A chat server that a person with telnet can use
#[derive(Parser)]
#[command(name = "chat-server", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
struct Arguments {
    /// Read settings from this TOML file
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Keep all data in this folder [default: ./data]
    #[arg(long, global = true, value_name = "DIR", value_parser = file::data)]
    data: Option<PathBuf>,
    /// Listen at this address, text:// for people, json:// for programs; repeatable, replaces both defaults [default:
    /// text://127.0.0.1:4000 and json://127.0.0.1:4001]
    #[arg(long, value_name = "PROTOCOL://HOST:PORT")]
    listen: Vec<Listen>,
    /// Print the settings as TOML with comments, and exit
    #[arg(long)]
    print_config: bool,
    /// Without one the server runs
    #[command(subcommand)]
    tool: Option<Tool>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            server_name: "Chat".into(),
            data: "./data".into(),
            listen: listen::default(),
            log_level: LevelFilter::Info,
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// Reads the command line, which starts with the name of the program, and the config file that it names.
    pub fn from_args(args: impl IntoIterator<Item = OsString>) -> Result<Invocation, ConfigError> {
        let arguments = match Arguments::try_parse_from(args) {
            Ok(arguments) => arguments,
            Err(error) => return help_or_usage(&error),
        };
        let mut config = match &arguments.config {
            Some(file) => file::read(file)?,
            None => Config::default(),
        };
        if let Some(data) = arguments.data {
            config.data = data;
        }
        if !arguments.listen.is_empty() {
            listen::check(&arguments.listen).map_err(ConfigError::Usage)?;
            config.listen = arguments.listen;
        }
        if arguments.print_config {
            return Ok(Invocation::Print(config));
        }
        Ok(match arguments.tool {
            Some(tool) => Invocation::Tool(config, tool),
            None => Invocation::Run(config),
        })
    }

    /// The names of the settings that differ in `other`, in the order of the file.
    pub fn changed(&self, other: &Config) -> Vec<String> {
        let (old, new) = (self.to_toml(), other.to_toml());
        let settings = |line: &&str| !line.starts_with('#') && line.contains(" = ");
        let differing = old.lines().filter(settings).zip(new.lines().filter(settings)).filter(|(old, new)| old != new);
        differing.filter_map(|(old, _)| Some(old.split_once(" = ")?.0.to_owned())).collect()
    }

    /// The settings as a TOML file with a comment for each. Reading it back gives equal settings.
    pub fn to_toml(&self) -> String {
        file::print(self)
    }
}

/// Clap reports a mistake in a paragraph, followed by the usage; here it becomes one line.
fn help_or_usage(error: &clap::Error) -> Result<Invocation, ConfigError> {
    let text = error.render().to_string();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return Ok(Invocation::Help(text));
    }
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let lines = text.lines().map(str::trim);
    let message = lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let message: Vec<&str> = message.filter(|line| !line.is_empty()).collect();
    Err(ConfigError::Usage(message.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_args(args: &str) -> Result<Invocation, ConfigError> {
        let args = std::iter::once("chat-server").chain(args.split_whitespace());
        Config::from_args(args.map(OsString::from))
    }

    #[test]
    fn without_arguments_the_defaults_are_run() {
        assert_eq!(from_args(""), Ok(Invocation::Run(Config::default())));
    }

    #[test]
    fn flags_override_the_file() {
        let folder = std::env::temp_dir().join(format!("chat-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("chat.toml");
        let text = "data = 'a'\nlisten = ['text://a:1']\nread_connections = 7\n";
        std::fs::write(&path, text).unwrap();
        let flags = "--data b --listen text://b:2 --listen text://c:3";
        let found = from_args(&format!("--config {} {flags}", path.display()));
        std::fs::remove_dir_all(&folder).unwrap();

        let mut expected = Config {
            data: "b".into(),
            listen: ["text://b:2", "text://c:3"].map(|text| text.parse().unwrap()).into(),
            ..Config::default()
        };
        expected.limits.read_connections = 7;
        assert_eq!(found, Ok(Invocation::Run(expected)));
    }

    #[test]
    fn settings_that_differ_are_named() {
        let mut other = Config { log_level: LevelFilter::Debug, ..Config::default() };
        other.limits.read_connections = 7;
        assert_eq!(Config::default().changed(&other), ["log_level", "read_connections"]);
        assert!(Config::default().changed(&Config::default()).is_empty());
        let other = Config { listen: vec!["text://a:1".parse().unwrap()], ..Config::default() };
        assert_eq!(Config::default().changed(&other), ["listen"]);
    }

    #[test]
    fn settings_help_and_version_are_requested_by_flag() {
        assert_eq!(from_args("--print-config"), Ok(Invocation::Print(Config::default())));
        let Ok(Invocation::Help(help)) = from_args("--help") else {
            panic!("--help gives help");
        };
        for part in ["--config <FILE>", "--print-config", "\nExit codes:\n  0  "] {
            assert!(help.contains(part), "{part} in {help}");
        }
        let version = concat!("chat-server ", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!(from_args("--version"), Ok(Invocation::Help(version.into())));
    }

    #[test]
    fn a_mistake_on_the_command_line_is_reported_in_one_line() {
        fn check(args: &str, expected: &str) {
            assert_eq!(from_args(args).unwrap_err().to_string(), expected);
        }
        check(
            "--confg x",
            "unexpected argument '--confg' found; tip: a similar argument exists: '--config'; try --help",
        );
        check("x", "unrecognized subcommand 'x'; try --help");
        check("--config", "a value is required for '--config <FILE>' but none was supplied; try --help");
        check(
            "--listen irc://127.0.0.1:1",
            "invalid value 'irc://127.0.0.1:1' for '--listen <PROTOCOL://HOST:PORT>': \
             unknown protocol \"irc\": text:// and json:// are supported; try --help",
        );
        check("--listen text://a:1 --listen text://a:1", "listen names text://a:1 twice; try --help");
        check("--config /nowhere", "cannot read config file /nowhere: No such file or directory");
    }
}
