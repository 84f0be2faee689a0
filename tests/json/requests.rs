//! Requests, answers and limits of the JSON protocol. What both protocols do alike is in `behaviour`.

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

/// That each request has one answer is shown in `behaviour`.
#[test]
fn a_reference_comes_back_as_it_was_and_to_its_sender_only() {
    let server = Server::start_new();
    let mut ann = server.register_program("ann");
    let mut bob = server.register_program("bob");
    ann.sync();
    for (request, answer) in [
        (json!({"type": "send", "room": "general", "text": "hi"}), "stored"),
        (json!({"type": "send", "room": "@bob", "text": "psst"}), "stored"),
        (json!({"type": "create", "room": "tea"}), "created"),
        (json!({"type": "resume", "rooms": {"tea": 0}}), "resumed"),
        (json!({"type": "nonsense"}), "refused"),
    ] {
        assert_eq!(ann.ask(request)["type"], answer);
    }
    let heard: Vec<Value> = bob.sync();
    assert!(heard.len() == 2 && heard.iter().all(|object| object.get("ref").is_none()), "{heard:#?}");
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
    check(br#"{"type":"send","room":"general","text":""}"#, "empty_text");
    check(&[br#"{"type":"ping","x":"#.as_slice(), &b"[".repeat(5000), b"}"].concat(), "too_deep");
    let text = "x".repeat(2001);
    check(format!(r#"{{"type":"send","room":"general","text":"{text}"}}"#).as_bytes(), "text_too_long");
    // A line may have 16 KiB. The rest of a longer one is not taken for a line of its own.
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

/// What a person would read as it was meant is understood.
#[test]
fn slips_of_libraries_cost_nothing() {
    let server = Server::start_new();
    let mut ann = Program::over(TcpStream::connect(server.json).unwrap());
    ann.expect("hello");
    let register = json!({"type": "register", "name": "ann", "password": "long enough", "ref": "r"});
    ann.send_bytes(format!("\u{feff} \r\n   \t\n\u{feff}{register}\r\n \n").as_bytes());
    assert_eq!(ann.expect("registered")["ref"], "r");
    ann.send_bytes("\u{feff}{\"type\":\"ping\",\"ref\":\"1\"}\n   \n".as_bytes());
    assert_eq!(ann.next().unwrap()["ref"], "1");
    ann.send_line(r#"{"type":"send","room":"general","text":"cut \ud83d","ref":"\udc4b"}"#);
    assert_eq!(ann.next().unwrap()["ref"], "\u{fffd}");
    // Two different keys or passwords do not become one.
    for field in ["key", "token"] {
        let rest = if field == "key" {
            r#""type":"send","room":"general","text":"hi""#
        } else {
            r#""type":"login","name":"ann""#
        };
        ann.send_line(&format!(r#"{{{rest},"{field}":"\ud83d","ref":"half"}}"#));
        let refused = ann.next().unwrap();
        assert_eq!((&refused["code"], &refused["ref"]), (&json!("bad_field"), &json!("half")));
    }
    ann.send_line(r#"{"type":"history","room":"general","count":1.0}"#);
    assert_eq!(ann.next().unwrap()["messages"][0]["text"], "cut \u{fffd}");
    ann.send_line(r#"{"type":"read","room":"general","up_to":2.0}"#);
    assert_eq!(ann.next().unwrap()["up_to"], 2);
}

#[test]
fn a_request_that_is_refused_has_its_reference_wherever_that_can_be_read() {
    let server = Server::start_new();
    let mut ann = Program::over(TcpStream::connect(server.json).unwrap());
    ann.expect("hello");
    ann.send_line(r#"{"type":"ping","ref":"early",}"#);
    assert_eq!(ann.next().unwrap()["ref"], "early");
    let mut ann = server.register_program("ann");
    let mut check = |line: &[u8], code: &str, reference: Value| {
        ann.send_bytes(&[line, b"\n"].concat());
        let answer = ann.next().unwrap();
        assert_eq!((refused(&answer), &answer["ref"]), (code, &reference), "{}", line.escape_ascii());
    };
    check(br#"{"type":"rooms","page":NaN,"ref":"a"}"#, "bad_json", json!("a"));
    check(br#"{"type":"rooms","ref":"b",}"#, "bad_json", json!("b"));
    check(br#"{"type":"rooms","page":1e999,"ref":"c"}"#, "bad_json", json!("c"));
    check(b"{\"ref\":\"d\",\"type\":\"away\",\"text\":\"\xff\"}", "bad_json", json!("d"));
    check(br#"{"type":"ping","x":[[[[[[[[[[]]]]]]]]]],"ref":"e"}"#, "too_deep", json!("e"));
    check(br#"{"type":"ping","ref":"f"} {"type":"ping","ref":"g"}"#, "bad_json", json!("f"));
    check(br#"{"type":"rooms","page":1.5,"ref":"h"}"#, "bad_field", json!("h"));
    check(br#"{"ref":"i","ref":"j"}"#, "missing_field", json!("j"));
    check(br#"{"type":"ping","ref":17}"#, "bad_field", json!(null));
}

#[test]
fn a_page_of_history_is_one_object_of_bounded_size() {
    let server = Server::start_new();
    let mut ann = server.register_program("ann");
    ann.ask(json!({"type": "create", "room": "tea"}));
    assert_eq!(
        ann.ask(json!({"type": "history", "room": "tea"})),
        json!({"type": "history", "room": "tea", "room_id": 2, "from": 1, "to": 0, "last": 0, "messages": []})
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
fn a_request_that_came_together_with_the_one_before_it_reads_nothing_of_its_answer() {
    let server = Server::start_new();
    let mut ann = server.register_program("ann");
    server.register_program("bob").ask(json!({"type": "logout"}));
    ann.ask(json!({"type": "send", "room": "general", "text": "hello"}));
    let mut bob = server.login_program("bob");
    bob.send_bytes(b"{\"type\":\"unread\"}\n{\"type\":\"ping\"}\n{\"type\":\"whois\",\"name\":\"ann\"}\n");
    bob.expect("account");
    let mut elsewhere = server.login_program("bob");
    assert_eq!(elsewhere.ask(json!({"type": "unread"}))["messages"][0]["text"], "hello");
    bob.ask(json!({"type": "ping"}));
    assert_eq!(server.login_program("bob").ask(json!({"type": "unread"}))["type"], "nothing_unread");
}

#[test]
fn too_fast_a_program_is_warned_before_it_is_cut() {
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
fn a_client_cut_before_its_login_reads_the_reason() {
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
fn a_stop_is_announced_after_everything_is_stored() {
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
fn a_ping_is_a_sign_that_what_came_before_was_read() {
    let server = Server::start_new();
    let (mut ana, mut bob) = (server.register_program("ana"), server.register_program("bob"));
    let mut elsewhere = server.program();
    let login = json!({"type": "login", "name": "bob", "password": "password-of-bob", "live": false, "reads": false,
        "read_positions": true});
    assert_eq!(elsewhere.ask(login)["type"], "logged_in");
    let mut unread = || elsewhere.ask(json!({"type": "room", "room": "general"}))["unread"].clone();
    ana.ask(json!({"type": "send", "room": "general", "text": "hello bob"}));
    assert_eq!(bob.expect("message")["text"], "hello bob");
    assert_eq!(unread(), 1, "it has not acted after it");
    bob.ask(json!({"type": "ping"}));
    assert_eq!(unread(), 0);
    assert_eq!(elsewhere.expect("read_set")["unread"], 0, "and others are shown so");
}

#[test]
fn a_line_that_had_to_wait_is_no_sign_that_anything_was_read() {
    let server = Server::with("rate_burst_lines = 4\nrate_lines_per_s = 1").into_running();
    let (mut ana, mut bob) = (server.register_program("ana"), server.register_program("bob"));
    // Only the last of them waits, and is older than what is said now.
    (0..4).for_each(|_| bob.send(&json!({"type": "ping"})));
    (0..3).for_each(|_| _ = bob.expect("pong"));
    ana.ask(json!({"type": "send", "room": "general", "text": "hello bob"}));
    while bob.next().expect("the connection is open")["type"] != "pong" {}
    assert_eq!(ana.ask(json!({"type": "ping"}))["type"], "pong");
    let mut elsewhere = server.program();
    let login = json!({"type": "login", "name": "bob", "password": "password-of-bob", "live": false, "reads": false});
    let rooms = elsewhere.ask(login)["rooms"].clone();
    assert_eq!(rooms[0]["unread"], 1, "{rooms}");
}
