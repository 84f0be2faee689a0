//! What an operator meets: starting, stopping, settings, exit codes, and a server that is killed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Client, Ledger, Running, Server, Wire, connect_narrow, crowd, timeless};

const PATIENCE: Duration = Duration::from_secs(30);
const STOPPING: &str = "-- The server stops now. Everything you sent is saved. Come back in a while.";

/// A process that is killed when the test is done with it.
struct Process(Child);

impl Process {
    fn of(command: &mut Command) -> Process {
        Process(command.spawn().expect("it can be started"))
    }

    /// Its exit code, when it has ended.
    fn end(&mut self) -> Option<i32> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.0.try_wait().expect("it can be waited for") {
                return status.code();
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it did not end");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.0.id().to_string()).status();
        assert!(status.expect("kill can be run").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a process that ends by itself wrote, and its exit code.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let mut process = Process::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let code = process.end();
    let (mut stdout, mut stderr) = (String::new(), String::new());
    process.0.stdout.take().expect("it is piped").read_to_string(&mut stdout).expect("it is text");
    process.0.stderr.take().expect("it is piped").read_to_string(&mut stderr).expect("it is text");
    (code, stdout, stderr)
}

/// The same command under a shell that does `before` first, such as closing an output.
fn under_shell(before: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{before}; exec \"$@\"")).arg("sh").arg(command.get_program()).args(command.get_args());
    shell
}

/// Every file below a folder, with its mode and content.
fn files(folder: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.expect("it can be read").path();
        let mode = path.metadata().expect("it is there").permissions().mode();
        let content = if path.is_dir() { Vec::new() } else { fs::read(&path).expect("it can be read") };
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.insert(path.display().to_string(), (mode, content));
    }
    found
}

/// Starts a server that must not start: with this exit code, one line that has `parts` in it, and nothing changed on disk.
#[track_caller]
fn check_refused(setup: &Server, command: &mut Command, code: i32, parts: &[&str]) {
    let before = files(setup.path());
    let (found, stdout, stderr) = run(command);
    assert_eq!(found, Some(code), "{stderr}");
    assert_eq!(stdout, "");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("chat-server: ") && stderr.ends_with('\n'), "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "{part:?} is not in {stderr:?}");
    }
    assert!(files(setup.path()) == before, "something was changed");
}

const ANYWHERE: &str = "text://127.0.0.1:0";

/// A folder in which a server ran and said something, stopped in order.
fn used_folder() -> Server {
    let setup = Server::new();
    let server = setup.start();
    let mut ana = server.register("ana");
    (0..50).for_each(|number| ana.send(&format!("number {number} {}", "x".repeat(500))));
    ana.sync();
    drop(ana);
    server.stop();
    setup
}

#[test]
fn a_wrong_command_line_or_setting_is_told_in_one_line_and_nothing_is_touched() {
    let setup = Server::new();
    check_refused(&setup, setup.command(ANYWHERE).arg("--nonsense"), 2, &["'--nonsense'", "--help"]);
    check_refused(&setup, setup.command(ANYWHERE).arg("more"), 2, &["'more'"]);
    check_refused(&setup, &mut setup.command("irc://127.0.0.1:0"), 2, &["\"irc\" is not spoken here"]);
    check_refused(&setup, &mut setup.command("text://127.0.0.1:99999"), 2, &["99999", "port"]);
    check_refused(&setup, setup.command(ANYWHERE).args(["--listen", ANYWHERE]), 2, &["twice"]);
    let server = env!("CARGO_BIN_EXE_chat-server");
    let nowhere = setup.path().join("nowhere.toml");
    let missing = format!("cannot read config file {}: No such file", nowhere.display());
    check_refused(&setup, Command::new(server).arg("--config").arg(&nowhere), 2, &[&missing]);

    for (setting, problem) in [
        ("login_timeout_s = 1", "login_timeout_s = 1 is out of range: 5 to 3600 seconds"),
        ("login_timout_s = 60", "did you mean login_timeout_s?"),
        ("message_max_bytes = 5000", "message_max_bytes = 5000 is more than line_max_bytes = 4096"),
        ("server_name = \"a\\u001bb\"", "control characters"),
        ("rooms_per_account_max = many", "line "),
    ] {
        let setup = Server::with(setting);
        let mut command = setup.command(ANYWHERE);
        check_refused(&setup, &mut command, 2, &["chat.toml", problem]);
    }
}

#[test]
fn an_address_in_use_is_told_and_not_even_a_data_folder_is_made() {
    let setup = Server::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let listen = format!("text://{}", taken.local_addr().expect("an address"));
    let mut command = setup.command(&listen);
    check_refused(&setup, &mut command, 3, &["cannot listen at", &listen, "in use"]);
    // 192.0.2.0/24 belongs to no machine.
    let mut command = setup.command("text://192.0.2.1:4000");
    check_refused(&setup, &mut command, 3, &["cannot listen at text://192.0.2.1:4000"]);
    let mut command = setup.command("text://no-such-host.invalid:4000");
    check_refused(&setup, &mut command, 3, &["cannot listen at text://no-such-host.invalid:4000"]);
    assert!(!setup.data().exists());
}

#[test]
fn a_folder_that_is_not_a_chat_servers_is_left_alone() {
    let setup = Server::new();
    fs::create_dir(setup.data()).expect("it can be made");
    fs::write(setup.data().join("letter.txt"), "dear bob").expect("it can be written");
    let path = setup.data().display().to_string();
    let mut command = setup.command(ANYWHERE);
    check_refused(&setup, &mut command, 4, &[&path, "holds other files"]);

    let setup = Server::new();
    fs::write(setup.data(), "not a folder").expect("it can be written");
    let mut command = setup.command(ANYWHERE);
    check_refused(&setup, &mut command, 4, &["is a file"]);
}

#[test]
fn a_damaged_foreign_or_newer_store_is_refused_and_left_as_it_is() {
    let check = |damage: &dyn Fn(&File), parts: &[&str]| {
        let setup = used_folder();
        let path = setup.data().join("chat.db");
        damage(&File::options().read(true).write(true).open(&path).expect("it is there"));
        let mut command = setup.command(ANYWHERE);
        check_refused(&setup, &mut command, 4, &[&[path.to_str().expect("it is UTF-8")], parts].concat());
    };
    let write =
        |bytes: &'static [u8], at: u64| move |file: &File| file.write_all_at(bytes, at).expect("it can be written");
    check(&|file| file.set_len(0).expect("it can be cut"), &["damaged", "restore it from a backup"]);
    check(&|file| file.set_len(8192).expect("it can be cut"), &["damaged"]);
    check(&write(b"nothing that SQLite wrote", 0), &["damaged", "not a database"]);
    check(&write(&[0xff; 4096], 4096), &["damaged"]);
    check(&write(&[0; 4096], 8192), &["damaged"]);
    // The number of the schema and the number of the program, as SQLite's header has them.
    check(&write(&[0, 0, 0, 99], 60), &["newer chat-server", "schema 99"]);
    check(&write(b"ABCD", 68), &["another program"]);

    let setup = used_folder();
    let server = setup.start();
    server.kill();
    fs::remove_file(setup.data().join("chat.db")).expect("it is there");
    let mut command = setup.command(ANYWHERE);
    check_refused(&setup, &mut command, 4, &["chat.db is missing"]);
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_and_the_first_goes_on() {
    let setup = Server::new();
    let server = setup.start();
    let mut ana = server.register("ana");
    ana.send("before");
    ana.sync();
    let path = setup.data().display().to_string();
    let mut command = setup.command(ANYWHERE);
    check_refused(&setup, &mut command, 5, &[&path, "in use by another chat-server"]);
    ana.send("after");
    assert_eq!(ana.answer("/history 2")[..2], ["[00:00] #general 2 ana: before", "[00:00] #general 3 ana: after"]);
    server.stop();
}

#[test]
fn what_print_config_prints_is_a_config() {
    let setup = Server::with("server_name = \"Tea \\\"house\\\"\"\nlog_level = \"debug\"\nrate_burst_lines = 7");
    let (code, printed, stderr) = run(setup.command(ANYWHERE).arg("--print-config"));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(printed.contains("rate_burst_lines = 7\n") && !setup.data().exists(), "{printed}");
    let path = setup.path().join("printed.toml");
    fs::write(&path, &printed).expect("it can be written");
    let server = env!("CARGO_BIN_EXE_chat-server");
    let (code, again, _) = run(Command::new(server).arg("--config").arg(&path).arg("--print-config"));
    assert_eq!(code, Some(0));
    assert_eq!(again, printed);

    let mut process =
        Process::of(Command::new(server).arg("--config").arg(&path).stdout(Stdio::piped()).stderr(Stdio::null()));
    let address = listening_address(process.0.stdout.take().expect("it is piped"));
    let mut client = Client::connect(address);
    client.expect("-- Tea \"house\": nobody is online.");
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
}

#[test]
fn help_and_version_are_printed_and_a_reader_that_leaves_early_is_no_mistake() {
    let server = env!("CARGO_BIN_EXE_chat-server");
    let (code, stdout, stderr) = run(Command::new(server).arg("--version"));
    assert_eq!((code, stdout, stderr.as_str()), (Some(0), format!("chat-server {}\n", env!("CARGO_PKG_VERSION")), ""));
    let (code, stdout, _) = run(Command::new(server).arg("--help"));
    assert!(code == Some(0) && stdout.contains("Exit codes:"), "{stdout}");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut process = Process::of(Command::new(server).arg("--print-config").stdout(writer).stderr(Stdio::piped()));
    assert_eq!(process.end(), Some(0));
    let mut command = under_shell("exec >/dev/full", Command::new(server).arg("--print-config"));
    let (code, _, stderr) = run(&mut command);
    assert_eq!(code, Some(2));
    assert!(stderr.starts_with("chat-server: cannot write to standard output"), "{stderr}");
}

/// Reads what a server says until it says where it listens.
fn listening_address(stdout: impl Read) -> SocketAddr {
    let lines = BufReader::new(stdout).lines().map(|line| line.expect("it is text"));
    let listening = lines.filter_map(|line| line.strip_prefix("listening text://").map(str::to_owned)).next();
    listening.expect("it listens").parse().expect("an address")
}

#[test]
fn the_code_of_the_first_start_makes_one_operator() {
    let setup = Server::new();
    let server = setup.start();
    let unused = server.operator_code.clone().expect("a code");
    server.stop();
    let server = setup.start();
    let code = server.operator_code.clone().expect("a code, as there is no operator yet");
    assert_ne!(code, unused);
    let (mut ana, mut bob) = (server.register("ana"), server.register("bob"));
    ana.sync();
    let wrong =
        "-! That code is wrong or used up. Nothing was done. The right one was printed where the server was started.";
    assert_eq!(bob.ask(&format!("/operator {unused}")), [wrong]);
    let spoken = code.to_uppercase().replace('-', " ");
    assert!(ana.ask(&format!("/operator {spoken}"))[0].contains("an operator of the server"));
    assert_eq!(bob.ask(&format!("/operator {code}")), [wrong]);
    assert_eq!(ana.ask(&format!("/operator {code}")), [wrong]);
    assert!(!server.log().contains(&code));
    server.stop();
    let server = setup.start();
    assert_eq!(server.operator_code, None);
    let mut ana = server.login("ana");
    assert_eq!(ana.ask("/server bans"), ["-- Nobody is banned from the server."]);
}

#[test]
fn after_a_restart_everything_is_as_it_was() {
    let setup = Server::new();
    let server = setup.start();
    let code = server.operator_code.clone().expect("a code");
    let names = ["ana", "bob", "cho", "dee"];
    let [mut ana, mut bob, mut cho, mut dee] = names.map(|name| server.register(name));
    for line in ["/set acks on", &format!("/operator {code}"), "/create Tea", "/topic cake & gossip"] {
        ana.send(line);
    }
    ana.sync();
    for client in [&mut bob, &mut dee] {
        client.send("/join tea");
        client.sync();
    }
    for line in [
        "/op bob",
        "/ban dee 2d too loud",
        "/create den private",
        "/invite bob",
        "/invite cho",
        "/invite code",
        "in the den",
        "/server ban 192.0.2.7 flooding",
        "/server ban dee 2d spam",
        "/create gone",
        "/room delete gone",
    ] {
        ana.send(line);
    }
    ana.sync();
    cho.send("/quit");
    cho.rest();
    for line in
        ["/accept den", "/say #general cho, are you there?", "/say #general again", "/msg cho hi", "/away at lunch"]
    {
        bob.send(line);
    }
    bob.sync();
    dee.rest();
    ana.sync();

    let ask_all = |ana: &mut Client, bob: &mut Client| -> Vec<Vec<String>> {
        let of_ana = [
            "/rooms",
            "/room #tea",
            "/room #den",
            "/bans #tea",
            "/server bans",
            "/history #general",
            "/history #tea",
            "/history #den",
            "/who #tea",
            "/who #den",
            "/whois bob",
            "/whois dee",
            "/history #gone",
            "/join gone",
        ];
        let of_bob =
            ["/rooms", "/room #tea", "/history @cho", "/whois ana", "/who", "/invite cho #tea", "/uninvite cho #tea"];
        let of_ana: Vec<_> = of_ana.into_iter().map(|line| ana.answer(line)).collect();
        of_ana.into_iter().chain(of_bob.into_iter().map(|line| bob.answer(line))).collect()
    };
    let before = ask_all(&mut ana, &mut bob);
    let welcome = |server: &Running| -> Vec<String> {
        let mut cho = server.connect();
        cho.send_bytes(b"login cho password-of-cho\r\n/quit\r\n");
        cho.rest().iter().map(|line| timeless(line)).collect()
    };
    let welcome_before = welcome(&server);
    for part in ["#general  2 new, 1 names you", "@bob  1 new", "-- ana invites you to #den until"] {
        assert!(welcome_before.iter().any(|line| line.contains(part)), "{part} is not in {welcome_before:#?}");
    }
    server.stop();

    let server = setup.start();
    assert_eq!(server.operator_code, None);
    let (mut ana, mut bob) = (server.login("ana"), server.login("bob"));
    // The greeting of a server on which nobody is yet differs, and so does nothing else.
    assert_eq!(welcome(&server), welcome_before);
    for (before, after) in before.iter().zip(ask_all(&mut ana, &mut bob)) {
        assert_eq!(*before, after);
    }
    assert_eq!(ana.ask("/say #den more"), ["-- saved #den 2"]);
    let mut dee = server.connect();
    dee.send("login dee password-of-dee");
    assert!(dee.expect("-! ").starts_with("-! This account or address is banned from the server until "));
}

/// What a client sends in one piece before the server is told to stop is done, and everybody is told.
fn stop_by(signal: &str, settings: &str, lines: usize) {
    let setup = Server::with(settings);
    let mut server = setup.start();
    let (mut ana, mut bob) = (server.register("ana"), server.register("bob"));
    assert_eq!(ana.ask("/set acks on").last().map(|line| line.starts_with("-- Each message")), Some(true));
    let mut asked = Wire::connect(server.address);
    asked.send("register cho\r\n");
    asked.expect("-- Password:\r\n");
    let mut changing = Wire::connect(server.address);
    changing.send("login bob password-of-bob\r\n/password\r\n");
    changing.expect("-- Your password as it is now:\r\n");
    let mut stranger = server.connect();
    stranger.expect("quit");
    // Whatever of it has arrived when the signal comes.
    ana.send_bytes((0..lines).map(|number| format!("number {number}\r\n")).collect::<String>().as_bytes());
    server.signal(signal);

    let told = ana.rest();
    let saved = told.iter().filter(|line| line.starts_with("-- saved #general ")).count();
    assert_eq!(saved, lines, "{signal}: {told:#?}");
    assert_eq!(told.last().map(String::as_str), Some(STOPPING), "{signal}");
    // Others may have been told before all of it was said; what they did not hear is then unread.
    let heard = |told: &str| told.lines().filter(|line| line.contains("#general ana: number ")).count();
    let told = bob.rest();
    let mut heard_by_bob = heard(&told.join("\n"));
    assert_eq!(told.last().map(String::as_str), Some(STOPPING), "{signal}");
    assert_eq!(stranger.rest(), [STOPPING], "{signal}");
    for mut wire in [asked, changing] {
        let rest = wire.rest();
        assert!(rest.ends_with(format!("{STOPPING}\r\n").as_bytes()), "{signal}: {}", rest.escape_ascii());
        heard_by_bob = heard_by_bob.max(heard(&String::from_utf8_lossy(&rest)));
    }
    assert_eq!(server.wait().code(), Some(0), "{signal}: {}", server.log());
    assert!(TcpStream::connect(server.address).is_err(), "nobody listens");
    let log = server.log();
    assert!(log.contains("[INFO] stopping") && log.trim_end().ends_with("[INFO] stopped"), "{log}");

    let server = setup.start();
    let mut bob = server.connect();
    bob.send("login bob password-of-bob");
    bob.expect("-- Welcome back, bob.");
    let welcome = bob.sync().join("\n");
    let is_unread = welcome.contains(&format!("#general  {} new", lines - heard_by_bob));
    assert!(is_unread || heard_by_bob == lines, "{signal}: heard {heard_by_bob}: {welcome}");
    let history = history_of(&mut bob);
    let texts: Vec<&str> = history.values().filter_map(|said| said.strip_prefix("ana: ")).collect();
    assert_eq!(texts, (0..lines).map(|number| format!("number {number}")).collect::<Vec<_>>(), "{signal}");
}

#[test]
fn a_stop_does_what_has_arrived_and_tells_everybody() {
    for signal in ["TERM", "INT", "HUP"] {
        stop_by(signal, "", 500);
    }
}

#[test]
fn a_broken_pipe_stops_nothing() {
    let server = Server::start_new();
    let mut ana = server.register("ana");
    server.signal("PIPE");
    ana.send("/set acks on");
    ana.send("still here");
    ana.expect("-- saved");
    server.stop();
}

#[test]
fn a_stop_does_not_wait_for_those_who_are_slowed_down() {
    stop_by("TERM", "rate_burst_lines = 10\nrate_lines_per_s = 1", 60);
}

#[test]
fn neither_a_reader_that_never_reads_nor_a_sender_that_never_stops_holds_a_stop_up() {
    let setup = Server::with("stall_timeout_s = 3600\noutbox_max_bytes = 100000000");
    let mut server = setup.start();
    let (mut ana, mut flooder) = (server.register("ana"), server.register("flooder"));
    ana.send("/set acks on");
    ana.sync();
    let mut stalled = Wire::over(connect_narrow(server.address));
    stalled.send("register stalled password-of-stalled\r\n");
    stalled.expect("commands you need.\r\n");
    let silent: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(server.address).expect("it accepts")).collect();
    let mut saved = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            let lines = format!("{}\r\n", "f".repeat(1000)).repeat(20);
            let start = Instant::now();
            while start.elapsed() < PATIENCE && flooder.try_send(lines.as_bytes()) {}
        });
        for number in 0..100 {
            ana.send(&format!("number {number}"));
            saved.push(seq_of(&ana.expect("-- saved #general ")));
        }
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    });
    drop(silent);
    let server = setup.start();
    let mut reader = server.login("ana");
    let history = history_of(&mut reader);
    for (number, seq) in saved.iter().enumerate() {
        assert_eq!(history[seq], format!("ana: number {number}"));
    }
}

#[test]
fn a_second_signal_ends_the_process_at_once_and_loses_nothing() {
    // A stalled reader keeps the stop waiting for a quarter of this minute.
    let setup = Server::with("stall_timeout_s = 3600\noutbox_max_bytes = 100000000\nstop_timeout_s = 60");
    let mut server = setup.start();
    let mut ana = server.register("ana");
    let mut stalled = Wire::over(connect_narrow(server.address));
    stalled.send("register stalled password-of-stalled\r\n");
    stalled.expect("commands you need.\r\n");
    (0..500).for_each(|_| ana.send(&"x".repeat(1000)));
    ana.sync();
    server.signal("TERM");
    assert_eq!(ana.rest().last().map(String::as_str), Some(STOPPING));
    server.signal("INT");
    assert_eq!(server.wait().code(), Some(1));
    let server = setup.start();
    assert_eq!(history_of(&mut server.login("ana")).len(), 501);
}

/// The number in `-- saved #general 215`.
fn seq_of(line: &str) -> u64 {
    line.rsplit_once(' ').expect("a number").1.parse().expect("a number")
}

/// All of #general: number, author and text. Fails if a number is missing or comes twice.
fn history_of(client: &mut Client) -> BTreeMap<u64, String> {
    let mut history = BTreeMap::new();
    loop {
        let next = history.len() as u64 + 1;
        let lines = client.ask(&format!("/history #general {next}-{}", next + 29));
        for line in lines.iter().filter_map(|line| line.split_once("] #general ")) {
            let (seq, said) = line.1.split_once(' ').expect("a number and more");
            // Live messages have no number.
            if let Ok(seq) = seq.parse() {
                assert_eq!(seq, history.len() as u64 + 1, "the numbers have no gaps");
                history.insert(seq, said.to_owned());
            }
        }
        if history.len() as u64 + 1 == next {
            return history;
        }
    }
}

#[test]
fn nothing_that_was_acknowledged_or_seen_is_lost_or_doubled_by_a_kill() {
    let setup = Server::new();
    let mut server = setup.start();
    crowd::register(&server);
    let mut ledger = Ledger::open(&server);
    for round in 0..6 {
        let testimonies = crowd::talk(server.address, &round.to_string(), || {
            thread::sleep(Duration::from_millis(20 + 37 * round));
            server.signal("KILL");
        });
        server.wait();
        server = setup.start();
        ledger.settle(&server, &testimonies, &format!("round {round}"));
    }
    ledger.close(&server);
    assert!(ledger.tally.acknowledged > 100 && ledger.tally.seen > 100, "{}", ledger.tally);
    server.stop();
}

#[test]
fn what_the_server_keeps_is_its_owners_alone_whatever_the_umask() {
    let setup = Server::new();
    let log = File::create(setup.path().join("log")).expect("a file");
    let mut command = under_shell("umask 000", &setup.command(ANYWHERE));
    let mut process = Process::of(command.stdout(Stdio::piped()).stderr(log));
    let address = listening_address(process.0.stdout.take().expect("it is piped"));
    let mut ana = Client::connect(address);
    ana.send("register ana password-of-ana");
    ana.expect("-- Welcome, ana.");
    let check = || {
        assert_eq!(fs::metadata(setup.data()).expect("it is there").permissions().mode() & 0o777, 0o700);
        let found = files(&setup.data());
        assert!(!found.is_empty());
        for (path, (mode, _)) in found {
            assert_eq!(mode & 0o777, 0o600, "{path}");
        }
    };
    check();
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
    check();
}

#[test]
fn an_event_is_one_line_of_the_log_and_what_people_write_is_not_in_it() {
    let setup = Server::with("log_level = \"trace\"");
    let mut server = setup.start();
    let (mut ana, mut bob) = (server.register("ana"), server.register("bob"));
    for text in [
        "xyzzy\x1b[2J",
        "xyzzy\u{202e}",
        "xyzzy\x0b\u{85}\u{2028}",
        "/nonsense xyzzy",
        "/topic xyzzy",
        "/msg bob xyzzy",
    ] {
        ana.send(text);
    }
    ana.send_bytes(b"xyzzy\xff\xc3\r\n");
    ana.sync();
    bob.send("/quit");
    bob.rest();
    let mut stranger = server.connect();
    stranger.send("login \x1b[2Jxyzzy\u{9b} \x07xyzzy");
    stranger.send("login ana \x1b[2Jxyzzy");
    stranger.expect("Wrong name");
    drop(ana);
    server.signal("TERM");
    assert!(server.wait().success());
    let log = server.log();
    for line in log.lines() {
        let (time, event) = line.split_once(" [").expect("a time and a level");
        assert!(time.len() > 19 && time.as_bytes()[10] == b'T' && time.ends_with('Z'), "{line}");
        assert!(
            ["ERROR] ", "WARN] ", "INFO] ", "DEBUG] ", "TRACE] "].iter().any(|level| event.starts_with(level)),
            "{line}"
        );
        assert!(!line.chars().any(chat_server::chat::is_forbidden), "{line:?}");
        assert!(!line.contains("xyzzy"), "{line}");
        assert!(!line.contains("[ERROR]"), "{line}");
    }
    for part in [
        "listening front=text address=127.0.0.1:",
        "connection accepted client=1 ",
        "reason=quit",
        "wrong name or password client=",
        "stopped",
    ] {
        assert!(log.contains(part), "{part} is not in {log}");
    }
}

/// Two people talk, and the server stops as it should.
fn check_it_works(address: SocketAddr, process: &mut Process) {
    let (mut ana, mut bob) = (Client::connect(address), Client::connect(address));
    for (client, name) in [(&mut ana, "ana"), (&mut bob, "bob")] {
        client.send(&format!("register {name} password-of-{name}"));
        client.expect("commands you need.");
    }
    // Each leaves some lines in a log at debug level.
    for _ in 0..100 {
        let mut client = Client::connect(address);
        client.send("quit");
        client.expect("-- Bye.");
    }
    ana.send("can you hear me?");
    bob.expect("#general ana: can you hear me?");
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
    assert_eq!(bob.rest().last().map(String::as_str), Some(STOPPING));
}

#[test]
fn a_closed_or_full_standard_output_does_no_harm() {
    for before in ["exec >&-", "exec >/dev/full"] {
        let setup = Server::with("log_level = \"debug\"");
        let log = setup.path().join("log");
        let file = File::create(&log).expect("a file");
        let mut process = Process::of(under_shell(before, &setup.command(ANYWHERE)).stderr(file));
        let start = Instant::now();
        let address = loop {
            let text = fs::read_to_string(&log).expect("it can be read");
            let found = text.lines().filter_map(|line| line.split_once("listening front=text address=")).next();
            if let Some((_, address)) = found {
                break address.parse().expect("an address");
            }
            assert!(
                start.elapsed() < PATIENCE && process.0.try_wait().is_ok_and(|end| end.is_none()),
                "{before}: {text}"
            );
        };
        check_it_works(address, &mut process);
    }
}

#[test]
fn a_closed_full_or_unread_standard_error_does_no_harm() {
    for before in ["exec 2>&-", "exec 2>/dev/full", ""] {
        let setup = Server::with("log_level = \"trace\"");
        let mut command = under_shell(if before.is_empty() { ":" } else { before }, &setup.command(ANYWHERE));
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        if before.is_empty() {
            // A pipe has room for so much, so that nothing more goes in, and nobody ever reads it.
            writer.write_all(&[b'x'; 65536]).expect("it fits");
        }
        let mut process = Process::of(command.stdout(Stdio::piped()).stderr(writer));
        let address = listening_address(process.0.stdout.take().expect("it is piped"));
        check_it_works(address, &mut process);
        drop(reader);
    }
}
