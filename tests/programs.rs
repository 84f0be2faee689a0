//! The JSON front as such: its lines, its answers, its limits. What both fronts do alike is in `behaviour`.

use std::io::Write;
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::{Program, Server, connect_narrow};

fn refused(object: &Value) -> &str {
    assert_eq!(object["type"], "refused", "{object}");
    object["code"].as_str().unwrap()
}

#[test]
fn a_program_is_greeted_with_what_it_may_count_on() {
    let server = Server::with("server_name = 'Teahouse'\nmessage_max_bytes = 500\nrate_burst_lines = 7").into_running();
    let mut program = Program::over(TcpStream::connect(server.json).unwrap());
    let hello = program.next().unwrap();
    assert_eq!(hello["server"], "Teahouse");
    assert_eq!(hello["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&hello["limits"]["message_max_bytes"], &hello["limits"]["rate_burst_lines"]), (&json!(500), &json!(7)));
    assert_eq!(hello["limits"]["line_max_bytes"], 16_384);
    let time = hello["time"].as_str().unwrap();
    assert!(time.len() == 24 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
}

#[test]
fn only_getting_in_works_before_the_login() {
    let server = Server::start_new();
    let mut program = server.program();
    assert_eq!(program.ask(json!({"type": "ping"}))["type"], "pong");
    for kind in ["rooms", "unread", "tokens", "logout", "resume", "sessions", "server_bans"] {
        assert_eq!(refused(&program.ask(json!({"type": kind}))), "not_logged_in", "{kind}");
    }
    assert_eq!(refused(&program.ask(json!({"type": "register", "name": "ana"}))), "missing_field");
    let register = |name: &str, password: &str| json!({"type": "register", "name": name, "password": password});
    assert_eq!(refused(&program.ask(register("ana", "short"))), "password_length");
    assert_eq!(refused(&program.ask(register("admin", "long enough"))), "name_reserved");
    assert_eq!(program.ask(register("ana", "long enough"))["type"], "registered");
    assert_eq!(refused(&program.ask(register("bob", "long enough"))), "already_logged_in");
    // The connection stays when the session ends.
    assert_eq!(program.ask(json!({"type": "logout"}))["type"], "logged_out");
    assert_eq!(program.expect("hello")["type"], "hello");
    assert_eq!(refused(&program.ask(json!({"type": "rooms"}))), "not_logged_in");
    assert_eq!(program.ask(json!({"type": "login", "name": "ana", "password": "long enough"}))["type"], "logged_in");
    let bye = program.ask(json!({"type": "quit"}));
    assert_eq!((&bye["type"], &bye["reason"]), (&json!("bye"), &json!("quit")));
    assert!(program.rest().is_empty());
}

#[test]
fn every_request_is_answered_once_with_its_reference() {
    let server = Server::start_new();
    let mut ann = server.register_program("ann");
    let mut bob = server.register_program("bob");
    ann.sync();
    let mut answers = Vec::new();
    for (number, request) in [
        r#""type":"create","room":"tea""#,
        r#""type":"topic","room":"tea","text":"kettles""#,
        r#""type":"topic","room":"tea""#,
        r#""type":"send","room":"tea","text":"hi""#,
        r#""type":"send","room":"@bob","text":"psst""#,
        r#""type":"history","room":"tea""#,
        r#""type":"unread""#,
        r#""type":"catch_up""#,
        r#""type":"join","room":"general""#,
        r#""type":"away","text":"lunch""#,
        r#""type":"back""#,
        r#""type":"invite","room":"tea","name":"bob""#,
        r#""type":"invite_code","room":"tea""#,
        r#""type":"rename_room","room":"tea","name":"mate""#,
        r#""type":"resume","rooms":{"mate":0}"#,
        r#""type":"leave","room":"mate""#,
        r#""type":"nonsense""#,
        r#""type":"ping""#,
    ]
    .into_iter()
    .enumerate()
    {
        ann.send_line(&format!("{{{request},\"ref\":\"{number}\"}}"));
        loop {
            let object = ann.next().unwrap();
            if object.get("ref").is_some() {
                assert_eq!(object["ref"], number.to_string());
                answers.push(object["type"].as_str().unwrap().to_owned());
                break;
            }
        }
    }
    assert_eq!(
        answers,
        [
            "created",
            "topic_set",
            "topic",
            "stored",
            "stored",
            "history",
            "nothing_unread",
            "nothing_unread",
            "entered",
            "away_set",
            "away_set",
            "invited",
            "code_made",
            "renamed",
            "resumed",
            "you_left",
            "refused",
            "pong",
        ]
    );
    let heard: Vec<Value> = bob.sync();
    assert!(heard.iter().all(|object| object.get("ref").is_none()), "a reference is its owner's alone: {heard:#?}");
    // Whatever string it is, it comes back as it was.
    let strange = "\u{0}\u{7f}\u{85}\u{202e}\u{2028}\"\\ é👋";
    ann.send(&json!({"type": "ping", "ref": strange}));
    assert_eq!(ann.expect("pong")["ref"], strange);
    ann.send(&json!({"type": "ping", "ref": "x".repeat(65)}));
    assert_eq!(refused(&ann.expect("refused")), "bad_field");
}

#[test]
fn what_is_no_request_is_refused_and_nothing_of_it_is_done() {
    let server = Server::start_new();
    let mut ann = server.register_program("ann");
    let mut check = |line: &[u8], code: &str| {
        ann.send_bytes(line);
        ann.send_bytes(b"\n");
        assert_eq!(refused(&ann.next().unwrap()), code, "{}", line.escape_ascii());
    };
    check(b"hello", "bad_json");
    check(b"{\"type\":\"send\",\"room\":\"general\",\"text\":\"\xff\"}", "bad_json");
    check(b"{\"type\":\"send\",\"room\":\"general\",\"text\":\"a\x01b\"}", "bad_json");
    check(b"[1]", "bad_json");
    check(br#"{"type":"shout"}"#, "unknown_type");
    check(br#"{"room":"general"}"#, "missing_field");
    check(br#"{"type":"send","room":"general"}"#, "missing_field");
    check(br#"{"type":"send","room":"general","text":""}"#, "empty_text");
    check(br#"{"type":"send","room":"gene ral","text":"x"}"#, "bad_field");
    check(&[br#"{"type":"ping","x":"#.as_slice(), &b"[".repeat(5000), b"}"].concat(), "too_deep");
    let text = "x".repeat(2001);
    check(format!(r#"{{"type":"send","room":"general","text":"{text}"}}"#).as_bytes(), "text_too_long");
    // 16 KiB is the most, and what comes behind it is not taken for a line of its own.
    let long = format!(r#"{{"type":"send","room":"general","text":"{}"}}"#, "x".repeat(20_000));
    check(long.as_bytes(), "line_too_long");
    let exact = format!(r#"{{"type":"away","x":"{}"}}"#, "y".repeat(16_384 - 22));
    assert_eq!(exact.len(), 16_384);
    ann.send_line(&exact);
    assert_eq!(ann.next().unwrap()["type"], "away_set");
    // Unknown fields are ignored, and so are empty lines; keys that a person edits with are characters.
    ann.send_bytes(b"\r\n\n{\"type\":\"send\",\"room\":\"general\",\"text\":\"a\x7fb\",\"mood\":{\"now\":[1]}}\r\n");
    let stored = ann.next().unwrap();
    assert_eq!((&stored["type"], &stored["seq"]), (&json!("stored"), &json!(2)));
    let page = ann.ask(json!({"type": "history", "room": "general", "from": 2}));
    assert_eq!(page["messages"][0]["text"], "a\u{fffd}b");
}

#[test]
fn a_page_of_history_is_one_object_of_bounded_size() {
    let server = Server::start_new();
    let mut ann = server.register_program("ann");
    ann.ask(json!({"type": "create", "room": "tea"}));
    assert_eq!(
        ann.ask(json!({"type": "history", "room": "tea"})),
        json!({"type": "history", "room": "tea", "from": 1, "to": 0, "last": 0, "messages": []})
    );
    (0..120).for_each(|_| ann.send(&json!({"type": "send", "room": "tea", "text": "\"".repeat(1900)})));
    ann.sync();
    let page = ann.ask(json!({"type": "history", "room": "tea", "from": 1, "to": 100}));
    let messages = page["messages"].as_array().unwrap();
    assert!(page.to_string().len() <= 64 * 1024 && messages.len() >= 10, "{} messages", messages.len());
    assert_eq!((&page["from"], &page["last"]), (&json!(1), &json!(120)), "of a range the first");
    assert_eq!((&messages[0]["seq"], &messages.last().unwrap()["seq"]), (&page["from"], &page["to"]));
    let newest = ann.ask(json!({"type": "history", "room": "tea", "count": 100}));
    assert_eq!((&newest["to"], newest["messages"].as_array().unwrap().len()), (&json!(120), messages.len()));
    let page = ann.ask(json!({"type": "history", "room": "tea", "count": 2}));
    assert_eq!((&page["from"], &page["to"]), (&json!(119), &json!(120)));
    assert_eq!(refused(&ann.ask(json!({"type": "history", "room": "tea", "from": 121}))), "no_such_messages");
    assert_eq!(refused(&ann.ask(json!({"type": "history", "room": "tea", "from": 1, "count": 1}))), "bad_field");
}

#[test]
fn too_fast_a_program_is_told_before_it_is_cut() {
    let server = Server::with("rate_burst_lines = 5\nrate_lines_per_s = 1000\nflood_max_lines = 20").into_running();
    let mut ann = server.register_program("ann");
    ann.send_bytes(&b"{\"type\":\"ping\"}\n".repeat(5000));
    let slow = ann.expect("slow_down");
    assert_eq!(slow, json!({"type": "slow_down", "lines_per_s": 1000, "burst_lines": 5, "delayed_lines_max": 20}));
    let bye = ann.expect("bye");
    assert_eq!(bye["reason"], "flooding");
    assert!(ann.rest().is_empty());
}

#[test]
fn a_program_that_does_not_read_is_cut_and_others_go_on() {
    let server = Server::with("stall_timeout_s = 1\nsend_buffer_bytes = 4096").into_running();
    let mut ann = server.register_program("ann");
    let mut stuck = Program::over(connect_narrow(server.json));
    stuck.ask(json!({"type": "register", "name": "bob", "password": "password-of-bob"}));
    let text = "x".repeat(1900);
    for _ in 0..400 {
        assert_eq!(ann.ask(json!({"type": "send", "room": "general", "text": text}))["type"], "stored");
    }
    ann.expect("joined");
    let whois = json!({"type": "whois", "name": "bob"});
    while ann.ask(whois.clone())["online"] == true {}
}

#[test]
fn a_crowd_at_the_door_is_refused_by_an_object() {
    let server = Server::with("connections_per_address_max = 2").into_running();
    let _kept = (server.program(), server.program());
    let mut third = Program::over(TcpStream::connect(server.json).unwrap());
    let bye = third.next().unwrap();
    assert_eq!((&bye["type"], &bye["reason"]), (&json!("bye"), &json!("refused-address-full")));
    assert!(bye["text"].as_str().unwrap().starts_with("Too many connections from your address."), "{bye}");
    assert!(third.rest().is_empty());
}

#[test]
fn strangers_and_the_silent_are_told_why_they_are_cut() {
    let server = Server::with("login_timeout_s = 5\nlogin_bad_lines_max = 3").into_running();
    let mut browser = Program::over(TcpStream::connect(server.json).unwrap());
    browser.expect("hello");
    browser.send_bytes(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(browser.expect("bye")["reason"], "wrong-protocol");
    let mut silent = server.program();
    let mut chatty = server.program();
    (0..4).for_each(|_| chatty.send_line("hello"));
    assert_eq!(chatty.expect("bye")["reason"], "garbage");
    let mut endless = server.program();
    let _ = endless.socket().write_all(&[b'x'; 70_000]);
    assert_eq!(endless.expect("bye")["reason"], "line-too-long");
    assert_eq!(silent.expect("bye")["reason"], "login-timeout");
}

#[test]
fn a_stop_is_told_after_everything_is_stored() {
    let server = Server::new();
    let running = server.start();
    let mut ann = running.register_program("ann");
    (0..50).for_each(|n| ann.send(&json!({"type": "send", "room": "general", "text": format!("line {n}")})));
    ann.ask(json!({"type": "ping"}));
    running.stop();
    let objects = ann.rest();
    assert_eq!(objects.last().unwrap()["reason"], "stopping");
    assert_eq!(objects.iter().filter(|object| object["type"] == "stored").count(), 50);
    let running = server.start();
    assert_eq!(running.login_program("ann").ask(json!({"type": "history", "room": "general"}))["last"], 51);
}

#[test]
fn people_and_programs_talk_with_each_other() {
    let server = Server::start_new();
    let (mut ana, mut bot) = (server.register("ana"), server.register_program("bot"));
    ana.expect("-- bot joined #general.");
    ana.send("/me waves");
    let message = bot.expect("message");
    assert_eq!(
        (&message["room"], &message["from"], &message["kind"], &message["text"]),
        (&json!("general"), &json!("ana"), &json!("action"), &json!("waves"))
    );
    bot.ask(json!({"type": "send", "room": "general", "text": "hello ana"}));
    ana.expect("#general bot: hello ana");
    bot.ask(json!({"type": "send", "room": "@ana", "text": "psst"}));
    ana.expect("@bot bot: psst");
    ana.send("/r yes?");
    assert_eq!(bot.expect("message")["room"], "@ana");
}
