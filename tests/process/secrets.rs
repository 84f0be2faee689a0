//! Passwords and tokens are in no log, in no file, and in nothing that anybody receives.

use crate::support::{Running, Server, Wire};

/// Whether `bytes` hold this secret, in any case of letters.
fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window.eq_ignore_ascii_case(secret.as_bytes()))
}

/// Stops the server; neither its log nor a file that it leaves may hold the secret.
fn check_what_is_left(setup: &Server, mut server: Running, secret: &str) {
    server.signal("TERM");
    assert!(server.wait().success());
    assert!(!holds(server.log().as_bytes(), secret), "{}", server.log());
    for entry in std::fs::read_dir(setup.data()).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        assert!(!holds(&std::fs::read(&path).expect("it can be read"), secret), "{}", path.display());
    }
}

#[test]
fn a_password_is_in_no_log_no_file_and_nothing_that_anybody_receives() {
    const MARKER: &str = "Zq7!xyzzy-plugh-Marker";
    let setup = Server::with("log_level = \"trace\"");
    let server = setup.start();
    let mut witness = Wire::connect(server.address);
    witness.send("register witness password-of-witness\r\n/join general\r\n");
    let mut wire = Wire::connect(server.address);
    for line in [
        format!("register ana {MARKER}"),
        // While logged in.
        format!("login ana {MARKER}"),
        format!("/login ana {MARKER}"),
        format!("register bob {MARKER}"),
        format!("/register bob {MARKER}"),
        format!("/password {MARKER}"),
        format!("/passwd {MARKER} {MARKER}"),
        format!("/logni ana {MARKER}"),
        format!("/lo ana {MARKER}"),
        format!("/password\r\n{MARKER}\r\n{MARKER}-new\r\n{MARKER}-new"),
        format!("/password\r\n{MARKER}-wrong\r\n{MARKER}-2\r\n{MARKER}-2"),
        format!("/account delete {MARKER}"),
        format!("/account delete\r\n{MARKER}-wrong"),
        "/whois ana".to_owned(),
        "/logout".to_owned(),
        // Before the login.
        format!("login ana {MARKER}"),
        format!("login nobody1 {MARKER}"),
        format!("login {MARKER}"),
        format!("login {MARKER} ana"),
        format!("logn ana {MARKER}"),
        format!("ana {MARKER}"),
        MARKER.to_owned(),
        format!("/{MARKER}"),
        format!("register {MARKER}"),
        format!("register bob\r\n{MARKER}\r\n{MARKER}x"),
        format!("register bob {}", MARKER.repeat(20)),
        format!("login ana\r\n{MARKER}-new"),
    ] {
        // What was sent ahead of a prompt that fails is dropped, so each line is answered before the next one is sent. The
        // answers to those with prompts end with what they say.
        wire.send(format!("{line}\r\n"));
        wire.expect(match line.split('\r').nth(1) {
            None if line == format!("register ana {MARKER}") => "commands you need.\r\n",
            None if line == "/logout" => "help, or quit\r\n",
            None => "\r\n",
            Some(_) if line.starts_with("/password") && line.contains("wrong") => {
                "not your password. Nothing was changed.\r\n"
            }
            Some(_) if line.starts_with("/password") => "Your password is changed.\r\n",
            Some(_) if line.starts_with("/account") => "not your password. Nothing was changed.\r\n",
            Some(_) if line.starts_with("register") => "To try again: register bob\r\n",
            Some(_) => "-- Welcome back, ana.",
        });
    }
    wire.send("/account delete\r\n");
    wire.send(format!("{MARKER}-new\r\n"));
    wire.expect("-- The account ana is deleted.");
    wire.rest();
    witness.send("/quit\r\n");
    witness.rest();
    assert!(holds(format!("a {MARKER} is found").as_bytes(), MARKER));
    assert!(!holds(wire.received(), MARKER), "{}", wire.received().escape_ascii());
    assert!(!holds(witness.received(), MARKER), "{}", witness.received().escape_ascii());
    check_what_is_left(&setup, server, MARKER);
}

/// The server keeps a digest of it.
#[test]
fn a_token_is_in_no_log_and_no_file() {
    let setup = Server::with("log_level = \"trace\"");
    let server = setup.start();
    let mut ann = server.register("ann");
    let lines = ann.ask("/token new bridge");
    let token = lines[1].strip_prefix("-- ").expect("the token");
    let secret = token.strip_prefix("token:").expect("a token says that it is one");
    assert_eq!(secret.len(), 32);
    let mut bridge = server.connect();
    bridge.send(&format!("login ann {token}"));
    bridge.expect("-- Welcome back, ann.");
    bridge.send(&format!("login ann {token}"));
    bridge.sync();
    drop((ann, bridge));
    check_what_is_left(&setup, server, secret);
}
