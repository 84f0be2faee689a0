//! The servers under load: ours, by each of its protocols, and peers from Debian.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::crowd::PATIENCE;
use crate::machine::Process;
use crate::protocol::{Irc, Json, Protocol, Text};
use crate::seed::{self, Seed};
use crate::workload::Workload;

/// Limits that a load would reach, though people do not.
const WIDE: &str = "\
rate_burst_lines = 1000000
rate_lines_per_s = 1000000
connections_per_address_max = 100000
connections_per_address_per_10min_max = 1000000
login_tries_per_min_max = 100000
login_tries_per_address_per_min_max = 100000
password_checks_per_address_per_min_max = 100000
";

/// A server and protocol under load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Text,
    Json,
    InspIrcd,
    NgIrcd,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Text => "chat-server",
            Kind::Json => "chat-server, JSON",
            Kind::InspIrcd => "InspIRCd",
            Kind::NgIrcd => "ngIRCd",
        }
    }

    pub fn protocol(self) -> Box<dyn Protocol> {
        match self {
            Kind::Text => Box::new(Text),
            Kind::Json => Box::new(Json::new()),
            // It accepts connections once a second.
            Kind::InspIrcd => Box::new(Irc { entering_max: 512 }),
            // Its accept queue has 10 places; a connection that finds it full waits for a second.
            Kind::NgIrcd => Box::new(Irc { entering_max: 8 }),
        }
    }

    /// The path of a peer's program in Debian.
    pub fn program(self) -> Option<&'static str> {
        match self {
            Kind::Text | Kind::Json => None,
            Kind::InspIrcd => Some("/usr/sbin/inspircd"),
            Kind::NgIrcd => Some("/usr/sbin/ngircd"),
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Kind, String> {
        match text {
            "text" => Ok(Kind::Text),
            "json" => Ok(Kind::Json),
            "inspircd" => Ok(Kind::InspIrcd),
            "ngircd" => Ok(Kind::NgIrcd),
            _ => Err(format!("unknown protocol \"{text}\": text, json, inspircd or ngircd")),
        }
    }
}

/// A running server. Killed when it is dropped.
pub struct Target {
    kind: Kind,
    pub address: SocketAddr,
    pub process: Process,
    /// Time from the start of the program until it listened.
    pub started_in: Duration,
    child: Child,
    log: PathBuf,
    folder: TempDir,
}

impl Target {
    /// Starts a server in a temporary folder. Ours gets a store with the content of `seed`, and `settings`.
    pub fn start(kind: Kind, workload: Option<&Workload>, seed: Seed, settings: &str) -> Target {
        // On the disk of the project, since a temporary folder may be in memory.
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = TempDir::new_in(place).expect("a folder");
        let log = folder.path().join("log");
        let output = || Stdio::from(fs::OpenOptions::new().create(true).append(true).open(&log).expect("a log"));
        let mut command = match kind {
            Kind::Text | Kind::Json => ours(kind, folder.path(), workload, seed, settings),
            Kind::InspIrcd | Kind::NgIrcd => peer(kind, folder.path()),
        };
        let start = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(output()).spawn().expect("the server starts");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let address = match kind {
            Kind::Text => told(stdout, "listening text://"),
            Kind::Json => told(stdout, "listening json://"),
            Kind::InspIrcd | Kind::NgIrcd => answering(port_of(folder.path()), &mut child, stdout),
        };
        let started_in = start.elapsed();
        let Some(address) = address else {
            let log = fs::read_to_string(&log).unwrap_or_default();
            let _ = child.kill();
            panic!("{} does not listen: {:?}\n{log}", kind.name(), child.wait());
        };
        let process = Process::server(child.id(), "broker");
        Target { kind, address, process, started_in, child, log, folder }
    }

    /// The number of transactions its store has committed; `None` if it has no store.
    pub fn commits(&self) -> Option<u32> {
        // The header of SQLite's index of its write-ahead log counts them, in the third number.
        let index = fs::read(self.folder.path().join("data/chat.db-shm")).ok()?;
        Some(u32::from_ne_bytes(index.get(8..12)?.try_into().ok()?))
    }

    /// Bytes of its store with the write-ahead log.
    pub fn store_bytes(&self) -> u64 {
        let bytes = |name| fs::metadata(self.folder.path().join("data").join(name)).map_or(0, |it| it.len());
        bytes("chat.db") + bytes("chat.db-wal")
    }

    /// Stops it cleanly; ours must exit with code 0.
    pub fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("the server runs");
        let status = self.child.wait().expect("a process");
        let log = || fs::read_to_string(&self.log).unwrap_or_default();
        assert!(status.success() || self.kind.program().is_some(), "the server ended by {status}:\n{}", log());
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ours(kind: Kind, folder: &Path, workload: Option<&Workload>, seed: Seed, settings: &str) -> Command {
    let (data, config) = (folder.join("data"), folder.join("chat.toml"));
    seed::make(&data, workload, seed);
    fs::write(&config, format!("{WIDE}{settings}")).expect("settings can be written");
    let listen = if kind == Kind::Json { "json://127.0.0.1:0" } else { "text://127.0.0.1:0" };
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
    command.arg("--config").arg(config).arg("--data").arg(data).args(["--listen", listen]);
    command
}

fn told(mut stdout: BufReader<std::process::ChildStdout>, start: &str) -> Option<SocketAddr> {
    let mut line = String::new();
    while stdout.read_line(&mut line).expect("stdout can be read") > 0 {
        if let Some(address) = line.trim_end().strip_prefix(start) {
            // Later output is discarded, so that the server never blocks on it.
            std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
            return address.parse().ok();
        }
        line.clear();
    }
    None
}

/// A peer without everything that would slow a load down: flood limits, penalties, lookups, identification.
fn peer(kind: Kind, folder: &Path) -> Command {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    fs::write(folder.join("port"), free.port().to_string()).expect("a folder");
    let (program, config) = (kind.program().expect("a peer"), folder.join("peer.conf"));
    let mut command = Command::new(program);
    let text = match kind {
        Kind::NgIrcd => {
            command.arg("--nodaemon").arg("--config").arg(&config);
            ngircd(free.port())
        }
        _ => {
            command.args(["--runasroot", "--nofork", "--nopid"]).arg("--config").arg(&config);
            inspircd(free.port(), folder)
        }
    };
    fs::write(&config, text).expect("settings can be written");
    command
}

fn ngircd(port: u16) -> String {
    format!(
        "[Global]\nName = load.test\nInfo = load\nListen = 127.0.0.1\nPorts = {port}\nMotdPhrase = load\n\
         [Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxJoins = 0\nMaxPenaltyTime = 0\nPingTimeout = 3600\n\
         PongTimeout = 3600\n\
         [Options]\nDNS = no\nIdent = no\nPAM = no\nRequireAuthPing = no\nSyslogFacility = local1\n"
    )
}

fn inspircd(port: u16, folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r##"<server name="load.test" description="load" network="load">
<admin name="load" nick="load" email="load@load.test">
<bind address="127.0.0.1" port="{port}" type="clients">
<path configdir="{folder}" datadir="{folder}" logdir="{folder}" runtimedir="{folder}">
<connect allow="*" timeout="3600" pingfreq="1h" threshold="1000000" commandrate="1000000000" fakelag="no"
 recvq="16M" softsendq="64M" hardsendq="64M" localmax="100000" globalmax="100000" maxchans="100000"
 resolvehostnames="no" useident="no" limit="100000" maxconnwarn="no">
<performance netbuffersize="65534" somaxconn="4096" softlimit="100000" clonesonconnect="no" quietbursts="yes">
<options prefixquit="" syntaxhints="no" splitwhois="no">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="{folder}/peer.log">
"##
    )
}

fn port_of(folder: &Path) -> u16 {
    fs::read_to_string(folder.join("port")).expect("it was written").parse().expect("a port")
}

fn answering(port: u16, child: &mut Child, stdout: BufReader<std::process::ChildStdout>) -> Option<SocketAddr> {
    std::thread::spawn(move || {
        let mut stdout = stdout;
        std::io::copy(&mut stdout, &mut std::io::sink())
    });
    let (address, start) = (SocketAddr::from(([127, 0, 0, 1], port)), Instant::now());
    while start.elapsed() < PATIENCE && child.try_wait().is_ok_and(|ended| ended.is_none()) {
        if TcpStream::connect(address).is_ok() {
            return Some(address);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}
