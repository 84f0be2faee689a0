//! Tokens and the own connections, by both fronts.

use std::fs;

use serde_json::json;

use crate::support::{Client, Server, timeless};

/// Makes a token by the text front; the token.
fn new_token(client: &mut Client, line: &str) -> String {
    let lines = client.ask(line);
    assert_eq!(lines.len(), 4, "{lines:#?}");
    lines[1].strip_prefix("-- ").expect("the token").to_owned()
}

fn log_in(client: &mut Client, name: &str, secret: &str) -> Vec<String> {
    client.send(&format!("login {name} {secret}"));
    client.sync()
}

#[test]
fn a_token_opens_its_account_by_every_front_and_is_kept_as_a_digest() {
    let server = Server::new();
    let running = server.start();
    let mut ann = running.register("ann");
    let token = new_token(&mut ann, "/token new bridge");
    assert!(token.starts_with("token:") && token.len() == 38, "{token}");
    let by_text = log_in(&mut running.connect(), "ann", &token);
    assert!(by_text.iter().any(|line| line == "-- Welcome back, ann. Nothing new."), "{by_text:#?}");
    let mut program = running.program();
    let answer = program.ask(json!({"type": "login", "name": "ANN", "token": token}));
    assert_eq!(answer["type"], "logged_in", "{answer}");
    // Where a password belongs a token does too.
    let answer = running.program().ask(json!({"type": "login", "name": "ann", "password": token}));
    assert_eq!(answer["type"], "logged_in", "{answer}");

    let rows = program.ask(json!({"type": "tokens"}));
    assert_eq!(rows["tokens"][0]["name"], "bridge");
    assert!(rows["tokens"][0]["used"].is_string() && rows["tokens"][0]["until"].is_null(), "{rows}");
    drop(program);
    running.stop();

    let running = server.start();
    let mut program = running.program();
    assert_eq!(program.ask(json!({"type": "login", "name": "ann", "token": token}))["type"], "logged_in");
    drop(program);
    let log = running.log();
    running.stop();
    let secret = token.strip_prefix("token:").unwrap();
    assert!(!log.contains(secret), "a token is in the log");
    for entry in fs::read_dir(server.data()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let is_there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!is_there, "a token is in {}", path.display());
    }
}

#[test]
fn a_wrong_token_gets_the_answer_of_a_wrong_password_and_is_counted() {
    let server = Server::with("login_tries_per_min_max = 3").into_running();
    let mut ann = server.register("ann");
    let token = new_token(&mut ann, "/token new bridge");
    server.register("bob");
    let wrong = format!("token:{}", "a2".repeat(16));
    let login = |name: &str, token: &str| server.program().ask(json!({"type": "login", "name": name, "token": token}));
    let refused = login("ann", &wrong);
    assert_eq!(refused["code"], "wrong_password");
    assert_eq!(login("bob", &token), refused, "another account's token");
    assert_eq!(login("nobody", &token), refused, "no account");
    assert_eq!(login("ann", &wrong)["code"], "wrong_password");
    assert_eq!(login("ann", &wrong)["code"], "wrong_password");
    let refused = login("ann", &token);
    assert_eq!(refused["code"], "too_many_logins");
    assert!(refused["wait_s"].as_u64().is_some_and(|wait| (1..=60).contains(&wait)), "{refused}");
}

#[test]
fn a_token_that_is_taken_back_or_over_opens_nothing() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    let token = new_token(&mut ann, "/token new bridge");
    let mut by_token = server.program();
    by_token.ask(json!({"type": "login", "name": "ann", "token": token}));
    let mut by_password = server.login_program("ann");
    assert_eq!(
        ann.answer("/token revoke Bridge"),
        ["-- Token Bridge is taken back, and the connection that used it is closed."]
    );
    let bye = by_token.expect("bye");
    assert_eq!((&bye["reason"], &bye["cause"]), (&json!("signed-out"), &json!("token-revoked")));
    assert!(by_token.rest().is_empty());
    assert_eq!(by_password.sync().len(), 0, "who came by the password stays");
    let login = |token: &str| server.program().ask(json!({"type": "login", "name": "ann", "token": token}));
    assert_eq!(login(&token)["code"], "wrong_password");
    assert_eq!(
        ann.answer("/token revoke bridge"),
        ["-! You have no token called bridge. Nothing was done. /token list shows those you have."]
    );
    assert_eq!(ann.answer("/token"), ["-- You have no tokens. To make one: /token new NAME"]);

    let short = new_token(&mut ann, "/token new short 1s");
    assert_eq!(login(&short)["type"], "logged_in");
    // It is over within a second: asked again until it is.
    while login(&short)["type"] == "logged_in" {}
    assert_eq!(login(&short)["code"], "wrong_password");
    assert_eq!(by_password.ask(json!({"type": "tokens"}))["tokens"], json!([]));
    // Its name is free again.
    new_token(&mut ann, "/token new short");
    assert_eq!(ann.answer("/token new SHORT")[0][..38], *"-! You have a token called SHORT alrea");
}

#[test]
fn there_are_twenty_tokens_at_most() {
    let server = Server::start_new();
    let mut ann = server.register_program("ann");
    for number in 0..20 {
        let made = ann.ask(json!({"type": "new_token", "name": format!("bot{number}"), "seconds": 3600}));
        assert_eq!(made["type"], "token_made", "{made}");
        assert!(made["until"].is_string(), "{made}");
    }
    let refused = ann.ask(json!({"type": "new_token", "name": "one-more"}));
    assert_eq!((&refused["code"], &refused["max"]), (&json!("too_many_tokens"), &json!(20)));
    assert_eq!(
        ann.ask(json!({"type": "revoke_token", "name": "bot7"})),
        json!({"type": "token_revoked", "name": "bot7", "closed": 0})
    );
    assert_eq!(ann.ask(json!({"type": "new_token", "name": "one-more"}))["type"], "token_made");
    assert_eq!(ann.ask(json!({"type": "tokens"}))["tokens"].as_array().unwrap().len(), 20);
}

#[test]
fn another_password_or_none_closes_the_other_connections_at_once() {
    let server = Server::start_new();
    let mut ann = server.register_program("ann");
    ann.ask(json!({"type": "create", "room": "tea"}));
    let token = ann.ask(json!({"type": "new_token", "name": "bridge"}))["token"].clone();
    let (mut person, mut other) = (server.login("ann"), server.login_program("ann"));
    let mut bob = server.register_program("bob");
    bob.ask(json!({"type": "join", "room": "tea"}));

    let change = |old: &str, new: &str| json!({"type": "set_password", "old": old, "new": new});
    assert_eq!(ann.ask(change("not-my-password", "a better one"))["code"], "wrong_password");
    assert_eq!(ann.ask(change("password-of-ann", "short"))["code"], "password_length");
    assert_eq!(person.sync(), ["-- bob joined #general.", "-- bob joined #tea."]);
    let changed = ann.ask(change("password-of-ann", "a better one"));
    assert_eq!(changed, json!({"type": "password_changed", "closed": 2, "tokens": 1}));
    bob.ask(json!({"type": "send", "room": "tea", "text": "after"}));
    let lines = person.rest();
    assert!(lines.last().unwrap().starts_with("-- Your password was changed on another connection"), "{lines:#?}");
    let objects = other.rest();
    assert_eq!(objects.last().unwrap()["cause"], "password-changed");
    assert!(!objects.iter().any(|object| object["text"] == "after"), "{objects:#?}");
    assert_eq!(ann.expect("message")["text"], "after");

    // The token still holds; the account's end is its end.
    let login = json!({"type": "login", "name": "ann", "token": token});
    let mut by_token = server.program();
    assert_eq!(by_token.ask(login.clone())["type"], "logged_in");
    assert_eq!(ann.ask(json!({"type": "delete_account", "password": "password-of-ann"}))["code"], "wrong_password");
    let bye = ann.ask(json!({"type": "delete_account", "password": "a better one"}));
    assert_eq!((&bye["type"], &bye["cause"]), (&json!("bye"), &json!("account-deleted")));
    assert_eq!(by_token.rest().last().unwrap()["cause"], "account-deleted");
    assert_eq!(server.program().ask(login)["code"], "wrong_password");
}

#[test]
fn a_person_changes_the_password_and_programs_are_cut() {
    let server = Server::start_new();
    let (mut ann, mut program) = (server.register("ann"), server.login_program("ann"));
    new_token(&mut ann, "/token new bridge");
    for line in ["/password", "password-of-ann", "a better one", "a better one"] {
        ann.send(line);
    }
    ann.expect("-- Your password is changed, and your other connection is closed.");
    ann.expect("-- Your 1 token still holds: /token list shows what you may want to take back.");
    assert_eq!(program.rest().last().unwrap()["cause"], "password-changed");
}

#[test]
fn ones_own_connections_are_listed_and_can_be_closed() {
    let server = Server::start_new();
    let mut ann = server.register("ann");
    let token = new_token(&mut ann, "/token new bridge");
    let mut program = server.program();
    program.ask(json!({"type": "login", "name": "ann", "token": token}));
    server.register("bob");
    ann.sync();

    let lines = ann.answer("/sessions");
    assert_eq!(lines[0], "-- You are connected 2 times:");
    assert!(lines[1].ends_with(" text from 127.0.0.1, since today 00:00, active, this one"), "{lines:#?}");
    assert!(lines[2].ends_with(" json from 127.0.0.1, since today 00:00, active, by token bridge"), "{lines:#?}");
    let listed = program.ask(json!({"type": "sessions"}));
    let rows = listed["sessions"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{listed}");
    let row = |own: bool| rows.iter().find(|row| row["own"] == own).unwrap();
    assert_eq!((&row(true)["front"], &row(true)["token"]), (&json!("json"), &json!("bridge")));
    assert_eq!((&row(false)["front"], &row(false)["token"]), (&json!("text"), &json!(null)));

    // Somebody else's is none of one's own.
    assert_eq!(program.ask(json!({"type": "close_session", "session": 99}))["code"], "no_such_session");
    let number = row(false)["session"].clone();
    let answer = program.ask(json!({"type": "close_session", "session": number}));
    assert_eq!(answer, json!({"type": "session_closed", "session": number}));
    let said = ann.rest();
    assert_eq!(said, ["-- You closed this connection from another one of yours. You may connect again."]);

    let mut ann = server.login("ann");
    let own = row(true)["session"].as_u64().unwrap();
    assert_eq!(ann.answer("/sessions close 0").len(), 1);
    assert_eq!(ann.answer(&format!("/sessions close {own}")), [format!("-- Connection {own} is closed.")]);
    assert_eq!(program.rest().last().unwrap()["cause"], "closed-elsewhere");
    let number = ann.ask("/sessions")[1].split_whitespace().nth(1).unwrap().to_owned();
    ann.send(&format!("/sessions close {number}"));
    assert_eq!(ann.rest().iter().map(|line| timeless(line)).next_back().unwrap(), "-- Bye ann. You stay in #general.");
}
