//! A client of the JSON protocol: sends objects and reads objects, and checks every byte that it receives.

use std::collections::VecDeque;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use serde_json::{Value, json};

use super::output_checker::MARKER;
use super::server::PATIENCE;
use super::socket::{connect, prepared, receive};

/// A connection of a program.
pub struct Program {
    socket: TcpStream,
    /// Bytes of a line that is not complete yet.
    partial: Vec<u8>,
    /// Objects received, not yet taken by the test.
    objects: VecDeque<Value>,
    /// Counts requests, so that each has its own reference.
    asked: u32,
    /// The server has sent its `bye`.
    is_over: bool,
}

impl Program {
    /// Connects and reads the greeting.
    pub fn connect(address: SocketAddr) -> Program {
        let mut program = Program::over(connect(address));
        let hello = program.next().expect("a greeting");
        assert_eq!(hello["type"], "hello", "{hello}");
        program
    }

    /// A program over a connected socket, with the greeting unread.
    pub fn over(socket: TcpStream) -> Program {
        Program { socket: prepared(socket), partial: Vec::new(), objects: VecDeque::new(), asked: 0, is_over: false }
    }

    /// Sends an object.
    pub fn send(&mut self, object: &Value) {
        self.send_line(&object.to_string());
    }

    /// Sends a line, with its end.
    pub fn send_line(&mut self, line: &str) {
        self.send_bytes(format!("{line}\n").as_bytes());
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).expect("the server reads");
    }

    /// Tries to send bytes to a server that may have closed the connection.
    pub fn try_send_bytes(&mut self, bytes: &[u8]) -> bool {
        self.socket.write_all(bytes).is_ok()
    }

    /// The next object; `None` at the end of the connection.
    pub fn next(&mut self) -> Option<Value> {
        while self.objects.is_empty() {
            let mut buffer = [0; 16384];
            match receive(&mut self.socket, &mut buffer) {
                Some(0) => {
                    assert!(self.partial.is_empty(), "the connection ended within a line: {:?}", self.partial);
                    return None;
                }
                Some(read) => self.take(&buffer[..read]),
                None => return None,
            }
        }
        self.objects.pop_front()
    }

    /// Reads objects until one has this type, and returns that object.
    #[track_caller]
    pub fn expect(&mut self, kind: &str) -> Value {
        let (start, mut seen) = (Instant::now(), Vec::new());
        while start.elapsed() < PATIENCE {
            match self.next() {
                Some(object) if object["type"] == kind => return object,
                Some(object) => seen.push(object),
                None => panic!("the connection ended before {kind:?} came; it had {seen:#?}"),
            }
        }
        panic!("{kind:?} did not come in time; it had {seen:#?}");
    }

    /// Sends an object with a new reference, and returns its answer without the reference. Earlier objects are kept for
    /// [`Program::next`].
    #[track_caller]
    pub fn ask(&mut self, mut object: Value) -> Value {
        self.asked += 1;
        let reference = format!("ask-{}", self.asked);
        object["ref"] = json!(reference);
        self.send(&object);
        let mut before = Vec::new();
        loop {
            match self.next() {
                Some(mut answer) if answer["ref"] == reference => {
                    answer.as_object_mut().expect("an object").remove("ref");
                    before.extend(self.objects.drain(..));
                    self.objects = before.into();
                    return answer;
                }
                Some(other) => before.push(other),
                None => panic!("the connection ended before {object} was answered; it had {before:#?}"),
            }
        }
    }

    /// A barrier: sends a ping, and returns the objects before the pong. They include everything that the server did for
    /// this client before.
    #[track_caller]
    pub fn sync(&mut self) -> Vec<Value> {
        let pong = self.ask(json!({"type": "ping"}));
        assert_eq!(pong["type"], "pong");
        self.objects.drain(..).collect()
    }

    /// Waits until all requests are answered. Received objects are kept for [`Program::next`].
    pub fn settle(&mut self) {
        if !self.is_over {
            self.ask(json!({"type": "ping"}));
        }
    }

    /// The remaining objects, up to a barrier or the end of the connection.
    pub fn sync_or_end(&mut self) -> Vec<Value> {
        self.settle();
        if self.is_over { self.rest() } else { self.objects.drain(..).collect() }
    }

    /// Reads to the end of the connection; all objects.
    pub fn rest(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// The socket.
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    fn take(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            // An empty line ends a truncated one.
            if line.len() > 1 {
                let object = check_object(&line[..end]);
                self.is_over |= object["type"] == "bye";
                self.objects.push_back(object);
            }
        }
    }
}

/// Checks a line: one object of UTF-8 without control characters or direction overrides, which has a type.
fn check_object(line: &[u8]) -> Value {
    let text = std::str::from_utf8(line).unwrap_or_else(|_| panic!("not UTF-8: {}", line.escape_ascii()));
    assert!(!text.chars().any(chat_server::chat::is_forbidden), "forbidden character in {text:?}");
    assert!(!text.contains(MARKER), "a password was sent to a client: {text:?}");
    let object: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
    assert!(object["type"].is_string(), "an object without a type: {text}");
    object
}
