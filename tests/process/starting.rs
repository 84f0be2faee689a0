//! Starting: flags, settings, the data folder, exit codes. A server that must not start changes nothing.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::process::{Command, Stdio};

use super::{ANYWHERE, Process, files, listening_address, run, under_shell};
use crate::support::{Client, Server};

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

/// A folder in which a server ran, stored messages and stopped cleanly.
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
fn a_wrong_command_line_or_setting_is_reported_in_one_line_and_nothing_is_touched() {
    let setup = Server::new();
    check_refused(&setup, setup.command(ANYWHERE).arg("--nonsense"), 2, &["'--nonsense'", "--help"]);
    check_refused(&setup, setup.command(ANYWHERE).arg("more"), 2, &["'more'"]);
    check_refused(&setup, &mut setup.command("irc://127.0.0.1:0"), 2, &["unknown protocol \"irc\""]);
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
fn an_address_in_use_is_reported_and_not_even_a_data_folder_is_created() {
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
    check(&|file| file.set_len(8192).expect("it can be cut"), &["damaged", "restore it from a backup"]);
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
    let wrong = "-! That code is wrong or used up. Nothing was done. Ask whoever gave it to you.";
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
fn both_families_can_be_listed_with_one_port() {
    // Below the ports that systems choose for others.
    let port = 20_000 + std::process::id() % 10_000;
    let setup = Server::new();
    let mut command = setup.command(&format!("text://0.0.0.0:{port}"));
    command.args(["--listen", &format!("text://[::]:{port}")]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = Process::of(&mut command);
    listening_address(process.0.stdout.take().expect("it is piped"));
    for host in ["127.0.0.1", "[::1]"] {
        let mut client = Client::connect(format!("{host}:{port}").parse().expect("an address"));
        client.expect("-- This connection comes from this machine.");
    }
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));

    let mut command = setup.command(&format!("text://0.0.0.0:{port}"));
    command.args(["--listen", &format!("json://127.0.0.1:{port}")]);
    let (code, _, stderr) = run(&mut command);
    assert_eq!(code, Some(3));
    let taken = format!("; text://0.0.0.0:{port} has that port already\n");
    assert!(
        stderr.contains(&format!("cannot listen at json://127.0.0.1:{port}: ")) && stderr.ends_with(&taken),
        "{stderr}"
    );
}

#[test]
fn what_would_surprise_is_said_at_the_start() {
    let check = |zone: &str, listen: &[&str], parts: &[&str], absent: &str| {
        let setup = Server::new();
        let mut command = setup.command(ANYWHERE);
        command.args(listen.iter().flat_map(|listen| ["--listen", *listen])).env("TZ", zone);
        let mut process = Process::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let mut printed = BufReader::new(process.0.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
        let hint = printed.find(|line| line.contains("telnet")).expect("it ends with how to connect");
        assert!(hint.starts_with("To chat, type in another terminal: telnet localhost "), "{hint}");
        process.signal("TERM");
        let mut log = String::new();
        process.0.stderr.take().expect("it is piped").read_to_string(&mut log).expect("it is UTF-8");
        assert_eq!(process.end(), Some(0));
        for part in parts {
            assert!(log.contains(part), "{part:?} is not in {log}");
        }
        assert!(!log.contains(absent), "{absent:?} is in {log}");
    };
    let no_programs = "no address for json:// is set";
    check("UTC", &["json://127.0.0.1:0"], &["times are shown in zone=UTC"], no_programs);
    let unknown = ["WARN", "the zone of this machine is unknown, times are shown in UTC TZ=\"Nowhere/City\""];
    check("Nowhere/City", &[], &[&unknown[..], &[no_programs]].concat(), "zone=UTC");
}
