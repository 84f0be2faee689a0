//! Starting and stopping the real binary.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use super::oracle::judge_log;
use super::{Client, Program};

/// Limits that would slow tests down or refuse them; a test of a limit sets it again.
const WIDE: &str = "\
rate_burst_lines = 1000000
rate_lines_per_s = 1000000
connections_per_address_max = 100000
connections_per_address_per_10min_max = 1000000
registrations_per_address_per_hour_max = 100000
registrations_per_10min_max = 100000
login_tries_per_min_max = 100000
login_tries_per_address_per_min_max = 100000
";

/// How long a start, a stop or an answer may take before a test fails: long, for a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A folder for a server, in which servers can be started one after the other.
pub struct Server {
    folder: TempDir,
    /// Where it keeps its data: in the folder, unless a rig has a disk of its own for it.
    data: PathBuf,
    /// Where its servers listen.
    listen: String,
    settings: String,
}

/// A server that runs. Killed when it is dropped.
pub struct Running {
    child: Child,
    pub address: SocketAddr,
    /// Where programs connect.
    pub json: SocketAddr,
    /// The code for the first operator, if one was printed.
    pub operator_code: Option<String>,
    stderr: PathBuf,
    /// Kept open, unless a rig wants it closed.
    stdout: Option<BufReader<std::process::ChildStdout>>,
    /// The folder, where nobody else keeps it.
    _folder: Option<Server>,
}

impl Server {
    /// A new folder, with limits that do not get in a test's way.
    pub fn new() -> Server {
        Server::with("")
    }

    /// The same with settings of its own, as lines of a TOML file.
    pub fn with(settings: &str) -> Server {
        let overridden = |line: &&str| {
            let key = line.split(' ').next().unwrap_or_default();
            !settings.lines().any(|own| own.split(' ').next() == Some(key))
        };
        let wide: Vec<&str> = WIDE.lines().filter(overridden).collect();
        let folder = TempDir::new().expect("a temporary folder");
        let data = folder.path().join("data");
        let listen = "text://127.0.0.1:0".to_owned();
        Server { folder, data, listen, settings: format!("{}\n{settings}\n", wide.join("\n")) }
    }

    /// The same with the data elsewhere.
    pub fn with_data(settings: &str, data: &Path) -> Server {
        Server { data: data.to_owned(), ..Server::with(settings) }
    }

    /// The same with servers that listen elsewhere.
    pub fn listening_at(self, listen: &str) -> Server {
        Server { listen: listen.to_owned(), ..self }
    }

    /// A server on a new folder, started.
    pub fn start_new() -> Running {
        Server::new().into_running()
    }

    /// Starts a server here that keeps the folder for as long as it runs.
    pub fn into_running(self) -> Running {
        let mut running = self.start();
        running._folder = Some(self);
        running
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// The folder in which the data folder and the settings are.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The command that starts a server here, at `listen`.
    pub fn command(&self, listen: &str) -> Command {
        let config = self.folder.path().join("chat.toml");
        fs::write(&config, &self.settings).expect("settings can be written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
        command.arg("--config").arg(config).arg("--data").arg(self.data()).args(["--listen", listen]);
        command
    }

    /// Starts a server here and waits until it listens.
    pub fn start(&self) -> Running {
        self.start_by(|command| command)
    }

    /// The same through another command, such as one that sets a limit first.
    pub fn start_by(&self, change: impl FnOnce(Command) -> Command) -> Running {
        let started = self.try_start_by(change);
        started.unwrap_or_else(|(status, log)| panic!("the server ended before it listened: {status}\n{log}"))
    }

    /// The same for a server that may end instead, by a fault that a rig makes: its exit status, and the log.
    #[expect(clippy::zombie_processes, reason = "it is waited for when it is dropped")]
    pub fn try_start_by(&self, change: impl FnOnce(Command) -> Command) -> Result<Running, (ExitStatus, String)> {
        let stderr = self.folder.path().join("stderr");
        let log = fs::OpenOptions::new().create(true).append(true).open(&stderr).expect("a file for the log");
        let mut command = self.command(&self.listen);
        command.args(["--listen", "json://127.0.0.1:0"]);
        let mut command = change(command);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("the server starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (mut operator_code, mut text) = (None, None);
        loop {
            let mut line = String::new();
            let read = stdout.read_line(&mut line).expect("stdout can be read");
            if read == 0 {
                let log = fs::read_to_string(&stderr).unwrap_or_default();
                return Err((child.wait().expect("it can be waited for"), log));
            }
            if let Some(code) = line.strip_prefix("operator code ") {
                operator_code = code.split(' ').next().map(str::to_owned);
            }
            let address = |front: &str| {
                let address = line.trim_end().strip_prefix("listening ")?.strip_prefix(front)?;
                Some(address.parse().expect("an address with a port"))
            };
            text = text.or(address("text://"));
            if let (Some(json), Some(address)) = (address("json://"), text) {
                let stdout = Some(stdout);
                return Ok(Running { child, address, json, operator_code, stderr, stdout, _folder: None });
            }
        }
    }
}

impl Running {
    /// A connection that has read nothing yet.
    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// A program's connection, its greeting read.
    pub fn program(&self) -> Program {
        Program::connect(self.json)
    }

    /// A program that has made an account for itself and is logged in to it.
    pub fn register_program(&self, name: &str) -> Program {
        let mut program = self.program();
        let password = format!("password-of-{name}");
        let answer = program.ask(json!({"type": "register", "name": name, "password": password}));
        assert_eq!(answer["type"], "registered", "{answer}");
        program
    }

    /// A program logged in to an account whose password is that of [`Running::register`].
    pub fn login_program(&self, name: &str) -> Program {
        let mut program = self.program();
        let password = format!("password-of-{name}");
        let answer = program.ask(json!({"type": "login", "name": name, "password": password}));
        assert_eq!(answer["type"], "logged_in", "{answer}");
        program
    }

    /// A new account with its connection, all greetings read.
    pub fn register(&self, name: &str) -> Client {
        let mut client = self.connect();
        client.send(&format!("register {name} password-of-{name}"));
        client.expect(&format!("-- Welcome, {name}."));
        client.sync();
        client
    }

    /// A connection logged in to an account that [`Running::register`] made, all greetings read.
    pub fn login(&self, name: &str) -> Client {
        let mut client = self.connect();
        client.send(&format!("login {name} password-of-{name}"));
        client.expect(&format!("-- Welcome back, {name}."));
        client.sync();
        client
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// From now on nobody reads its standard output.
    pub fn close_stdout(&mut self) {
        self.stdout = None;
    }

    /// Sends a signal, by its name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(status.expect("kill can be run").success());
    }

    /// The same for one that may have ended by itself.
    pub fn signal_if_alive(&mut self, name: &str) {
        if self.ended().is_none() {
            // Not waited for, so the number is still its own.
            let _ = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        }
    }

    /// How the process ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the process can be waited for")
    }

    /// Waits until the process ends.
    pub fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the process can be waited for") {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the server did not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Stops the server with SIGTERM; it must end well.
    pub fn stop(mut self) {
        self.signal("TERM");
        let status = self.wait();
        assert!(status.success(), "{status}: {}", self.log());
    }

    /// Kills the server with SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("the server can be killed");
        self.wait();
    }

    /// What it has logged, with what servers in the same folder logged before.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.stderr).expect("the log can be read")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            judge_log(&fs::read_to_string(&self.stderr).unwrap_or_default());
        }
    }
}
