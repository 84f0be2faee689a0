//! Starts and stops the real program.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use super::output_checker::check_log;
use super::{Client, Program};

/// Limits that no test reaches; the test of a limit sets its own.
const WIDE: &str = "\
rate_burst_lines = 1000000
rate_lines_per_s = 1000000
connections_per_address_max = 100000
connections_per_address_per_10min_max = 1000000
registrations_per_address_per_hour_max = 100000
registrations_per_10min_max = 100000
login_tries_per_min_max = 100000
loopback_factor = 1
login_tries_per_address_per_min_max = 100000
password_checks_per_address_per_min_max = 100000
";

/// The longest wait for a start, a stop or an answer. Long, since the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A folder for a server, in which servers can be started one after the other.
pub struct Server {
    folder: TempDir,
    /// The data folder: inside the folder, unless a fault test puts it on another disk.
    data: PathBuf,
    /// The listen address of its servers.
    listen: String,
    settings: String,
}

/// A running server. Killed when it is dropped.
pub struct Running {
    child: Child,
    pub address: SocketAddr,
    /// The address of the JSON protocol.
    pub json: SocketAddr,
    /// The code for the first operator, if one was printed.
    pub operator_code: Option<String>,
    stderr: PathBuf,
    /// Kept open, unless a fault test wants it closed.
    stdout: Option<BufReader<std::process::ChildStdout>>,
    /// The folder, unless the test keeps it.
    _folder: Option<Server>,
}

impl Server {
    /// A new folder, with wide limits.
    pub fn new() -> Server {
        Server::with("")
    }

    /// A new folder with these settings, as lines of a TOML file.
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

    /// A new folder with these settings and another data folder.
    pub fn with_data(settings: &str, data: &Path) -> Server {
        Server { data: data.to_owned(), ..Server::with(settings) }
    }

    /// The same folder, with the default limits except these settings.
    pub fn limited(self, settings: &str) -> Server {
        Server { settings: settings.to_owned(), ..self }
    }

    /// Changes the listen address.
    pub fn listening_at(self, listen: &str) -> Server {
        Server { listen: listen.to_owned(), ..self }
    }

    /// Starts a server in a new folder.
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

    /// Starts a server by a changed command, such as one that sets a resource limit first.
    pub fn start_by(&self, change: impl FnOnce(Command) -> Command) -> Running {
        let started = self.try_start_by(change);
        started.unwrap_or_else(|(status, log)| panic!("the server ended before it listened: {status}\n{log}"))
    }

    /// Starts a server that may end instead, by an injected fault: returns its exit status then.
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
            if let Some(code) = line.strip_prefix("No operator yet. Log in and type: /operator ") {
                assert!(line.trim_end().len() <= 78, "one line of a terminal: {line}");
                operator_code = Some(code.trim_end().to_owned());
            }
            let address = |protocol: &str| {
                let address = line.trim_end().strip_prefix("listening ")?.strip_prefix(protocol)?;
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
    /// A connection whose greeting is unread.
    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// A program's connection, its greeting read.
    pub fn program(&self) -> Program {
        Program::connect(self.json)
    }

    /// A program logged in to a new account.
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

    /// A connection logged in to an account that [`Running::register`] created, all greetings read.
    pub fn login(&self, name: &str) -> Client {
        let mut client = self.connect();
        client.send(&format!("login {name} password-of-{name}"));
        client.expect(&format!("-- Welcome back, {name}."));
        client.sync();
        client
    }

    /// A new account that is the first operator, with its connection.
    pub fn register_operator(&self, name: &str) -> Client {
        let mut operator = self.register(name);
        let code = self.operator_code.as_ref().expect("a new server prints a code");
        let answer = operator.ask(&format!("/operator {code}"));
        assert!(answer[0].contains("an operator of the server"), "{answer:#?}");
        operator
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Closes the reading end of its standard output.
    pub fn close_stdout(&mut self) {
        self.stdout = None;
    }

    /// Sends a signal, by its name.
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Sends a signal to a server that may have ended by itself.
    pub fn signal_if_alive(&mut self, name: &str) {
        if self.ended().is_none() {
            // The process has not been reaped, so its id is not reused.
            let _ = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        }
    }

    /// The exit status, if the process has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the process can be waited for")
    }

    /// Waits until the process ends.
    pub fn wait(&mut self) -> ExitStatus {
        wait_for(&mut self.child)
    }

    /// Stops the server with SIGTERM; it must exit with code 0.
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

    /// The log of this server and of earlier ones in the same folder.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.stderr).expect("the log can be read")
    }

    /// Waits until the log contains `part`, at most for `PATIENCE`.
    pub fn wait_for_log(&self, part: &str) {
        let start = Instant::now();
        while !self.log().contains(part) {
            assert!(start.elapsed() < PATIENCE, "{part:?} is not in {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Waits until a process ends, at most for `PATIENCE`. Polls, because the standard library has no wait with a timeout.
pub fn wait_for(child: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("the process can be waited for") {
            return status;
        }
        assert!(start.elapsed() < PATIENCE, "the process did not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal, by its name, to a process that has not been reaped.
pub fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
    assert!(status.expect("kill can be run").success());
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            check_log(&fs::read_to_string(&self.stderr).unwrap_or_default());
        }
    }
}
