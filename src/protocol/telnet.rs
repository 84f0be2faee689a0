//! The telnet protocol as seen by the server: bytes from the client in, data and answers out.
//!
//! Owns the state of one connection's telnet commands and options (RFC 854, 855) and the two options the server uses:
//! ECHO (RFC 857), by which it asks the client to hide a password, and BINARY (RFC 856), by which it asks the client to send
//! all eight bits: without it Debian's `telnet` strips the eighth bit of some bytes, which destroys UTF-8. BINARY is
//! requested once, as soon as the client has sent a telnet command: `nc` would show the request. Every other option,
//! SUPPRESS-GO-AHEAD (RFC 858) included, is refused, once each time the client changes its request, so that no two programs
//! can negotiate in a loop (RFC 1143).
//!
//! Never reads or writes a socket, never waits for an answer (tintin++ does not answer WONT ECHO, `nc`
//! answers nothing), never cuts lines, and never stores input: no subnegotiation can mean anything for these two options,
//! and its bytes are dropped as they arrive. The memory of a connection is fixed, and data and answers together are never
//! longer than the input, apart from the one request for BINARY.

const END_OF_SUBNEGOTIATION: u8 = 240;
const SUSPEND: u8 = 237;
const ABORT: u8 = 238;
const BREAK: u8 = 243;
const INTERRUPT_PROCESS: u8 = 244;
const ERASE_CHARACTER: u8 = 247;
const ERASE_LINE: u8 = 248;
const SUBNEGOTIATION: u8 = 250;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;
const IAC: u8 = 255;

/// The lowest byte that is a command after IAC: end of file, RFC 1184.
const FIRST_COMMAND: u8 = 236;

const BINARY: u8 = 0;
const ECHO: u8 = 1;
const TIMING_MARK: u8 = 6;
const TIMING_MARK_ANSWER: [u8; 3] = [IAC, WONT, TIMING_MARK];

/// The byte of a terminal for Backspace; the line editor erases a character.
const BACKSPACE: u8 = 0x08;
/// The byte of a terminal for Ctrl-U; the line editor erases the line.
const CTRL_U: u8 = 0x15;

/// The telnet side of one connection.
#[derive(Debug, Default)]
pub struct Telnet {
    state: State,
    is_telnet: bool,
    echo: Echo,
    binary: Binary,
    /// Options the client requested (DO) and was refused, until it withdraws the request.
    refused_do: OptionSet,
    /// Options the client offered (WILL) and was refused, until it withdraws the offer.
    refused_will: OptionSet,
    /// The pending answers hold one to a timing mark.
    is_mark_answered: bool,
}

/// The telnet commands that matter to the session.
#[derive(Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Signals {
    /// Where the client pressed Ctrl-C or the like (interrupt, break, suspend or abort), as lengths of `data` in ascending
    /// order: what stands before such a place in the data came before the key.
    pub interruptions: Vec<usize>,
}

impl Telnet {
    /// A connection on which nothing was received yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Feeds received bytes, cut anywhere. Data bytes are appended to `data`, answers to `reply`.
    ///
    /// CR, LF and NUL stay in the data, for the line decoder. Erase Character and Erase Line become Backspace and Ctrl-U,
    /// so that they work on exactly what came before them. `reply` may hold answers that were not sent yet: a timing mark
    /// that is answered there is not answered again.
    pub fn receive(&mut self, input: &[u8], data: &mut Vec<u8>, reply: &mut Vec<u8>) -> Signals {
        let mut signals = Signals::default();
        self.is_mark_answered = reply.chunks(3).any(|answer| answer == TIMING_MARK_ANSWER);
        let mut rest = input;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            self.state = match self.state {
                State::Data if byte == IAC => State::Command,
                State::Data => {
                    data.push(byte);
                    let end = rest.iter().position(|byte| *byte == IAC);
                    let (plain, after) = rest.split_at(end.unwrap_or(rest.len()));
                    data.extend_from_slice(plain);
                    rest = after;
                    State::Data
                }
                State::Command => self.command(byte, data, reply, &mut signals),
                State::Option(request) => {
                    self.negotiate(request, byte, reply);
                    State::Data
                }
                State::Subnegotiation if byte == IAC => State::SubnegotiationCommand,
                State::Subnegotiation => State::Subnegotiation,
                State::SubnegotiationCommand if byte == END_OF_SUBNEGOTIATION => State::Data,
                State::SubnegotiationCommand => State::Subnegotiation,
            };
        }
        signals
    }

    /// Asks the client to stop echoing (IAC WILL ECHO), or appends nothing if that was requested already.
    pub fn hide_input(&mut self, reply: &mut Vec<u8>) {
        if !self.echo.is_asked {
            self.echo.ask(true);
            self.refused_do.remove(ECHO);
            reply.extend([IAC, WILL, ECHO]);
        }
    }

    /// Asks the client to echo again (IAC WONT ECHO), or appends nothing if it was not requested to stop.
    pub fn show_input(&mut self, reply: &mut Vec<u8>) {
        if self.echo.is_asked {
            self.echo.ask(false);
            reply.extend([IAC, WONT, ECHO]);
        }
    }

    /// Whether the client has confirmed (DO ECHO) the current WILL ECHO.
    pub fn is_input_hidden(&self) -> bool {
        self.echo.is_asked && self.echo.unanswered == 0
    }

    /// Whether a telnet command has ever been received. Silence proves nothing: Debian's `telnet` sends
    /// nothing until it is sent a command. Two bytes 255 (a doubled `ÿ` in Latin-1) do not prove it either.
    pub fn is_telnet(&self) -> bool {
        self.is_telnet
    }

    /// The byte after IAC.
    fn command(&mut self, byte: u8, data: &mut Vec<u8>, reply: &mut Vec<u8>, signals: &mut Signals) -> State {
        // No client begins with a subnegotiation: nothing was agreed to.
        let is_proof = (FIRST_COMMAND..IAC).contains(&byte) && byte != SUBNEGOTIATION;
        if is_proof && !std::mem::replace(&mut self.is_telnet, true) {
            self.binary.is_requested = true;
            reply.extend([IAC, DO, BINARY]);
        }
        match byte {
            IAC => data.push(IAC),
            ERASE_CHARACTER => data.push(BACKSPACE),
            ERASE_LINE => data.push(CTRL_U),
            INTERRUPT_PROCESS | BREAK | SUSPEND | ABORT => signals.interruptions.push(data.len()),
            WILL => return State::Option(Request::Will),
            WONT => return State::Option(Request::Wont),
            DO => return State::Option(Request::Do),
            DONT => return State::Option(Request::Dont),
            SUBNEGOTIATION => return State::Subnegotiation,
            // No operation, data mark, go ahead, are you there and unknown commands request nothing the server does.
            _ => {}
        }
        State::Data
    }

    fn negotiate(&mut self, request: Request, option: u8, reply: &mut Vec<u8>) {
        match request {
            // After Ctrl-C, Debian's client hides all output until this is answered (RFC 860): each time it asks, but one
            // answer serves all requests before it.
            Request::Do if option == TIMING_MARK => {
                if !std::mem::replace(&mut self.is_mark_answered, true) {
                    reply.extend(TIMING_MARK_ANSWER);
                }
            }
            Request::Do if option == ECHO && self.echo.confirm() => {}
            Request::Do => {
                if self.refused_do.insert(option) {
                    reply.extend([IAC, WONT, option]);
                }
            }
            Request::Dont => {
                self.refused_do.remove(option);
                if option == ECHO && self.echo.deny() {
                    reply.extend([IAC, WONT, ECHO]);
                }
            }
            Request::Will if option == BINARY => {
                if self.binary.offered() {
                    reply.extend([IAC, DO, BINARY]);
                }
            }
            Request::Wont if option == BINARY => {
                if self.binary.withdrawn() {
                    reply.extend([IAC, DONT, BINARY]);
                }
            }
            Request::Will => {
                if self.refused_will.insert(option) {
                    reply.extend([IAC, DONT, option]);
                }
            }
            Request::Wont => self.refused_will.remove(option),
        }
    }
}

/// The state of the parser: the context of the next byte.
#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Data,
    /// After IAC.
    Command,
    /// After IAC and WILL, WONT, DO or DONT.
    Option(Request),
    /// Between IAC SB and IAC SE.
    Subnegotiation,
    /// After IAC in a subnegotiation.
    SubnegotiationCommand,
}

#[derive(Clone, Copy, Debug)]
enum Request {
    Will,
    Wont,
    Do,
    Dont,
}

/// Who echoes. Requests alternate (WILL, WONT, WILL ...), so their number and the last one identify them all. RFC 1143
/// would delay a request until the previous one is answered; some clients never answer, so requests are sent at once, and
/// the answers, which arrive in order, are matched to them.
#[derive(Debug, Default)]
struct Echo {
    /// Whether the last request was WILL: the client shall hide what is typed.
    is_asked: bool,
    /// How many requests, up to the last one, may still be answered.
    unanswered: u32,
}

impl Echo {
    fn ask(&mut self, is_asked: bool) {
        self.is_asked = is_asked;
        self.unanswered = self.unanswered.saturating_add(1);
    }

    fn is_oldest_unanswered_will(&self) -> bool {
        self.is_asked == (self.unanswered % 2 == 1)
    }

    /// Takes a DO; false if it does not answer a WILL and is the client's own request.
    fn confirm(&mut self) -> bool {
        match self.unanswered {
            0 => return self.is_asked,
            _ if self.is_oldest_unanswered_will() => self.unanswered -= 1,
            1 => return false,
            // The WONT before the WILL will not be answered: tintin++ never does.
            _ => self.unanswered -= 2,
        }
        true
    }

    /// Takes a DONT; true if it calls for a WONT.
    fn deny(&mut self) -> bool {
        match self.unanswered {
            0 => return std::mem::take(&mut self.is_asked),
            // The only WILL is refused; the client goes on echoing.
            1 => {
                self.is_asked = false;
                self.unanswered = 0;
            }
            // After a refused WILL the client has nothing to answer to the WONT that followed it.
            _ if self.is_oldest_unanswered_will() => self.unanswered -= 2,
            _ => self.unanswered -= 1,
        }
        false
    }
}

/// Whether the client sends all eight bits (RFC 1143, without the queue: the server requests it once and never withdraws).
#[derive(Debug, Default)]
struct Binary {
    /// DO BINARY was sent and is not answered.
    is_requested: bool,
    is_on: bool,
}

impl Binary {
    /// Takes a WILL; true if it calls for a DO.
    fn offered(&mut self) -> bool {
        let was_on = std::mem::replace(&mut self.is_on, true);
        !std::mem::take(&mut self.is_requested) && !was_on
    }

    /// Takes a WONT; true if it calls for a DONT.
    fn withdrawn(&mut self) -> bool {
        let was_on = std::mem::take(&mut self.is_on);
        !std::mem::take(&mut self.is_requested) && was_on
    }
}

/// A set of telnet options, one bit for each of the 256.
#[derive(Debug, Default)]
struct OptionSet([u128; 2]);

impl OptionSet {
    /// True if the option was not in the set.
    fn insert(&mut self, option: u8) -> bool {
        let (half, bit) = Self::place(option);
        let is_new = self.0[half] & bit == 0;
        self.0[half] |= bit;
        is_new
    }

    fn remove(&mut self, option: u8) {
        let (half, bit) = Self::place(option);
        self.0[half] &= !bit;
    }

    fn place(option: u8) -> (usize, u128) {
        (usize::from(option / 128), 1 << (option % 128))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    #[derive(Debug, Default, PartialEq)]
    struct Parsed {
        data: Vec<u8>,
        reply: Vec<u8>,
        interruptions: Vec<usize>,
    }

    const DO_BINARY: &[u8] = &[IAC, DO, BINARY];

    fn receive(telnet: &mut Telnet, input: &[u8]) -> Parsed {
        let mut parsed = Parsed::default();
        parsed.interruptions = telnet.receive(input, &mut parsed.data, &mut parsed.reply).interruptions;
        parsed
    }

    /// The parser of a client that has shown that it speaks telnet.
    fn proven() -> Telnet {
        let mut telnet = Telnet::new();
        assert_eq!(receive(&mut telnet, b"\xff\xf1").reply, DO_BINARY);
        telnet
    }

    #[test]
    fn commands_are_taken_out_of_the_data_and_answered() {
        let check = |input: &[u8], data: &[u8], reply: &[u8]| {
            let parsed = receive(&mut proven(), input);
            assert_eq!(parsed.data, data, "data of {input:x?}");
            assert_eq!(parsed.reply, reply, "reply to {input:x?}");
        };
        check(b"hello\r\n", b"hello\r\n", b"");
        check(b"hello\r\0", b"hello\r\0", b"");
        check(b"a\xff\xffb", b"a\xffb", b"");
        // NOP, DM, AO, AYT, GA, EOR, an unknown one: no answer.
        check(b"a\xff\xf1\xff\xf2\xff\xf5\xff\xf6\xff\xf9\xff\xef\xff\x07b", b"ab", b"");
        check(b"ab\xff\xf7c\xff\xf8", b"ab\x08c\x15", b"");
        // An option asked for twice is refused once, and again after the request was withdrawn.
        check(b"\xff\xfd\x03\xff\xfd\x03", b"", b"\xff\xfc\x03");
        check(b"\xff\xfb\x22\xff\xfc\x22\xff\xfb\x22", b"", b"\xff\xfe\x22\xff\xfe\x22");
        check(b"\xff\xfd\xff\xff\xfe\x05", b"", b"\xff\xfc\xff");
        // A subnegotiation, also with 255 and a foreign command inside, never reaches the data.
        check(b"a\xff\xfa\x18\x00xterm\xff\xff\xff\xf4\xff\xf0b", b"ab", b"");
        check(b"\xff\xfa\x1f\xf0\xf0", b"", b"");
        // Measured: PuTTY's opening.
        check(
            b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03",
            b"",
            b"\xff\xfe\x1f\xff\xfe\x20\xff\xfe\x18\xff\xfe\x27\xff\xfc\x01\xff\xfe\x03\xff\xfc\x03",
        );
    }

    #[test]
    fn interruptions_keep_their_place_and_the_timing_mark_is_answered_each_time() {
        let mut telnet = proven();
        // Measured: Ctrl-C, Ctrl-Z and Ctrl-\ in inetutils telnet; then the abort of RFC 1184.
        for command in [0xf4, 0xed, 0xf3, 0xee] {
            let parsed = receive(&mut telnet, &[0xff, command, 0xff, 0xfd, 0x06]);
            assert_eq!(parsed.interruptions, [0], "{command:x}");
            assert_eq!(parsed.data, b"", "{command:x}");
            assert_eq!(parsed.reply, b"\xff\xfc\x06", "{command:x}");
        }
        let parsed = receive(&mut telnet, b"one\n\xff\xf4tw\xff\xf4\xff\xf4o\n");
        assert_eq!((&*parsed.data, &*parsed.interruptions), (&b"one\ntwo\n"[..], &[4, 6, 6][..]));
        assert!(receive(&mut telnet, b"x\xff\xf7\xff\xf8").interruptions.is_empty());
    }

    #[test]
    fn an_answer_to_a_timing_mark_that_waits_is_not_given_again() {
        let mut telnet = proven();
        assert_eq!(receive(&mut telnet, &b"\xff\xfd\x06".repeat(1000)).reply, TIMING_MARK_ANSWER);
        let mut waiting = [&[IAC, WONT, 3][..], &TIMING_MARK_ANSWER].concat();
        let _ = telnet.receive(b"\xff\xfd\x06", &mut Vec::new(), &mut waiting);
        assert_eq!(waiting, [&[IAC, WONT, 3][..], &TIMING_MARK_ANSWER].concat());
        assert_eq!(receive(&mut telnet, b"\xff\xfd\x06").reply, TIMING_MARK_ANSWER);
    }

    #[test]
    fn all_eight_bits_are_requested_once_from_a_proven_client() {
        let check = |input: &[u8], reply: &[u8]| {
            assert_eq!(receive(&mut Telnet::new(), input).reply, reply, "{input:x?}");
        };
        let (will, wont) = (&[IAC, WILL, BINARY][..], &[IAC, WONT, BINARY][..]);
        check(&["höflich".as_bytes(), b"\xff\xff\n"].concat(), b"");
        check(b"\xff\xf4", DO_BINARY);
        check(b"\xff\xf4\xff\xf4\xff\xf1", DO_BINARY);
        check(&[b"\xff\xf1", will].concat(), DO_BINARY);
        check(&[b"\xff\xf1", wont].concat(), DO_BINARY);
        // A client that speaks first gets the request as the answer.
        check(will, DO_BINARY);
        check(&[will, will, wont, wont, will].concat(), &[DO_BINARY, &[IAC, DONT, BINARY], DO_BINARY].concat());
    }

    #[test]
    fn only_a_command_proves_a_telnet_client() {
        let check = |input: &[u8], expected: bool| {
            let mut telnet = Telnet::new();
            receive(&mut telnet, input);
            assert_eq!(telnet.is_telnet(), expected, "{input:x?}");
        };
        check(b"hello", false);
        check(b"\xff", false);
        check(b"\xff\xff", false);
        check(b"\xffe", false);
        check(b"\xff\xfa\x18", false);
        check(b"\xff\xf1", true);
        check(b"\xff\xfd\x01", true);
    }

    #[test]
    fn input_is_hidden_once_the_client_confirms() {
        // A step: `+` hides, `-` shows, `d` receives DO ECHO, `n` receives DONT ECHO. After it: what was sent,
        // `W` for WILL ECHO and `N` for WONT ECHO; at the end, whether the input is hidden.
        let check = |steps: &str, sent: &str, hidden: bool| {
            let mut telnet = proven();
            let mut reply = Vec::new();
            for step in steps.chars() {
                match step {
                    '+' => telnet.hide_input(&mut reply),
                    '-' => telnet.show_input(&mut reply),
                    'd' => reply.extend(receive(&mut telnet, &[IAC, DO, ECHO]).reply),
                    _ => reply.extend(receive(&mut telnet, &[IAC, DONT, ECHO]).reply),
                }
            }
            let letter = |bytes: &[u8]| match bytes {
                [IAC, WILL, ECHO] => 'W',
                [IAC, WONT, ECHO] => 'N',
                _ => '?',
            };
            let told: String = reply.chunks(3).map(letter).collect();
            assert_eq!((told.as_str(), telnet.is_input_hidden()), (sent, hidden), "{steps}");
        };
        check("", "", false);
        check("+", "W", false);
        check("++d+", "W", true);
        check("-", "", false);
        // inetutils, busybox, PuTTY.
        check("+d-n+d-n", "WNWN", false);
        check("d+d", "NW", true);
        // tintin++ does not answer WONT.
        check("+d-+d-+d", "WNWNW", true);
        // Answers that come after the next request do not undo it.
        check("+d-+n", "WNW", false);
        check("+d-+nd", "WNW", true);
        check("+-+dnd", "WNW", true);
        check("+-dn", "WN", false);
        // A refusal, then a change of mind of a client that had agreed.
        check("+n-", "W", false);
        check("+n+d", "WW", true);
        check("+dn", "WN", false);
        check("+dd", "W", true);
        check("dd", "N", false);
    }

    proptest! {
        #[test]
        fn any_cut_of_the_bytes_gives_the_same(
            input in proptest::collection::vec(
                prop_oneof![Just(IAC), 236..=255u8, 0..8u8, any::<u8>()], 0..200),
            cuts in proptest::collection::vec(1..9usize, 200),
        ) {
            let whole = receive(&mut Telnet::new(), &input);
            let mut telnet = Telnet::new();
            let mut pieces = Parsed::default();
            let mut rest = &input[..];
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                let signals = telnet.receive(piece, &mut pieces.data, &mut pieces.reply);
                pieces.interruptions.extend(signals.interruptions);
                rest = after;
            }
            prop_assert!(whole.data.len() + whole.reply.len() <= input.len() + DO_BINARY.len());
            prop_assert_eq!(whole, pieces);
        }

        /// Against a client that obeys, late, and with `says_dont` false never answers WONT.
        #[test]
        fn a_late_client_ends_as_it_was_last_asked(
            steps in proptest::collection::vec(0..4u8, 0..60),
            says_dont in any::<bool>(),
        ) {
            let mut telnet = proven();
            let (mut to_client, mut to_server) = (VecDeque::new(), VecDeque::new());
            let (mut is_hiding, mut is_asked) = (false, false);
            let all_arrives = std::iter::repeat_n([2, 3], 200).flatten();
            for step in steps.into_iter().chain(all_arrives) {
                let mut reply = Vec::new();
                match step {
                    0 => { telnet.hide_input(&mut reply); is_asked = true }
                    1 => { telnet.show_input(&mut reply); is_asked = false }
                    2 => if let Some(request) = to_client.pop_front() {
                        is_hiding = request == [IAC, WILL, ECHO];
                        if is_hiding || says_dont {
                            to_server.push_back([IAC, if is_hiding { DO } else { DONT }, ECHO]);
                        }
                    },
                    _ => if let Some(answer) = to_server.pop_front() {
                        reply = receive(&mut telnet, &answer).reply;
                        prop_assert!(reply.is_empty(), "an answer was answered");
                    },
                }
                to_client.extend(reply.chunks(3).map(<[u8]>::to_vec));
            }
            prop_assert_eq!(is_hiding, is_asked);
            prop_assert_eq!(telnet.is_input_hidden(), is_asked);
        }
    }
}
