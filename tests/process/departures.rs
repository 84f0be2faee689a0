//! Who asked for presence sees each session end, whatever ends it.

use std::time::Duration;

use rustix::net::sockopt;
use serde_json::json;

use crate::support::{Program, Running, Server, Wire};

/// A session, before it ends.
enum Leaver {
    Person(Wire),
    Program(Program),
}

impl Leaver {
    fn send(&mut self, bytes: &[u8]) {
        match self {
            Leaver::Person(person) => person.send(bytes),
            Leaver::Program(program) => program.send_bytes(bytes),
        }
    }

    fn reset(self) {
        match self {
            Leaver::Person(person) => person.reset(),
            Leaver::Program(program) => {
                sockopt::set_socket_linger(program.socket(), Some(Duration::ZERO)).expect("it can be set");
            }
        }
    }
}

/// A person and a program, each alone with its account.
fn leavers(server: &Running, what: &str) -> [(String, Leaver); 2] {
    let names = ["person", "program"].map(|kind| format!("{what}-{kind}"));
    let person = Wire::connect(server.address).registered(&names[0]);
    let program = server.register_program(&names[1]);
    let [one, other] = names;
    [(one, Leaver::Person(person)), (other, Leaver::Program(program))]
}

/// Nobody else does anything meanwhile, so it is the end itself that is shown.
#[track_caller]
fn expect_offline(watcher: &mut Program, name: &str) {
    loop {
        let presence = watcher.expect("presence");
        if presence["name"] == name && presence["change"] == "offline" {
            return;
        }
    }
}

#[test]
fn an_end_of_any_kind_is_shown_to_whoever_asked_for_presence() {
    let server = Server::with("line_cut_bytes = 20000").into_running();
    let mut watcher = server.program();
    let register = json!({"type": "register", "name": "watcher", "password": "of the kettle", "presence": true});
    assert_eq!(watcher.ask(register)["type"], "registered");
    for (name, leaver) in leavers(&server, "reset") {
        leaver.reset();
        expect_offline(&mut watcher, &name);
    }
    for (name, leaver) in leavers(&server, "end") {
        drop(leaver);
        expect_offline(&mut watcher, &name);
    }
    for (name, mut leaver) in leavers(&server, "overlong") {
        leaver.send(&[b'x'; 20_001]);
        expect_offline(&mut watcher, &name);
    }
}
