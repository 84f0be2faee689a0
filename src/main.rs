//! The `chat-server` program: arguments, log, exit code. The server itself is in the library.

use std::env;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::panic;
use std::process::ExitCode;
use std::time::Duration;

use chat_server::config::{Config, Invocation, Tool};
use chat_server::signal::Signals;
use chat_server::{logging, server, system, tool};

const USAGE: u8 = 2;
const INTERNAL: u8 = 7;
/// The most that an unread standard error may add to the time of a stop.
const LOG_TIMEOUT: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    match Config::from_args(env::args_os()) {
        Ok(Invocation::Run(config)) => run(config),
        Ok(Invocation::Tool(config, tool)) => use_tool(&config, &tool),
        Ok(Invocation::Print(config)) => print(&config.to_toml()),
        Ok(Invocation::Help(text)) => print(&text),
        Err(error) => complain(&error),
    }
}

fn run(config: Config) -> ExitCode {
    system::limit_arenas();
    let signals = Signals::block();
    let logging = logging::start(config.log_level);
    let (code, failure) = match panic::catch_unwind(|| server::run(config, signals)) {
        Ok(Ok(())) => (0, None),
        Ok(Err(failure)) => (failure.exit_code(), Some(failure.to_string())),
        Err(_) => (INTERNAL, Some("internal error: the main thread panicked".into())),
    };
    if let Some(failure) = failure {
        logging.say(&format!("chat-server: {failure}"));
    }
    logging.finish(LOG_TIMEOUT);
    ExitCode::from(code)
}

/// A report of success goes to standard output, any other to standard error.
fn use_tool(config: &Config, tool: &Tool) -> ExitCode {
    let report = tool::run(config, tool);
    if report.code == 0 {
        return print(&(report.lines.join("\n") + "\n"));
    }
    for line in report.lines {
        complain(&line);
    }
    ExitCode::from(report.code)
}

/// Prints to standard output. A reader that closes the pipe early is not an error.
fn print(text: &str) -> ExitCode {
    let mut stdout = io::stdout().lock();
    let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(&format!("cannot write to standard output: {error}"))
        }
        _ => ExitCode::SUCCESS,
    }
}

fn complain(error: &dyn Display) -> ExitCode {
    let line = logging::one_line(format_args!("chat-server: {error}"));
    // If the line cannot be written, the exit code still says it.
    let _ = writeln!(io::stderr(), "{line}");
    ExitCode::from(USAGE)
}
