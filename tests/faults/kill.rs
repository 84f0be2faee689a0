//! Servers that are killed or stopped at random instants while people talk.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::process::wait_up_to;
use crate::support::{Ledger, Server, crowd};
use crate::{Outcome, Plan};

/// The promised time for a clean stop.
const STOP_MAX: Duration = Duration::from_secs(5);

/// `kill -9` while people talk, and now and then again while the next server starts.
pub fn kill(plan: &mut Plan) -> Outcome {
    let setup = Server::new();
    let mut server = setup.start();
    crowd::register(&server);
    let mut ledger = Ledger::open(&server);
    let mut at_start = 0;
    for round in 0..plan.rounds {
        let testimonies = crowd::talk(server.address, &round.to_string(), || {
            wait_up_to(&mut plan.random, 300);
            server.signal("KILL");
        });
        server.wait();
        if plan.random.percent(30) {
            at_start += 1;
            let mut starting = setup.command("text://127.0.0.1:0");
            let mut starting = starting.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the server starts");
            wait_up_to(&mut plan.random, 60);
            starting.kill().expect("it can be killed");
            starting.wait().expect("it can be waited for");
        }
        server = setup.start();
        ledger.settle(&server, &testimonies, &format!("round {round}"));
    }
    ledger.close(&server);
    server.stop();
    Outcome::Held(format!("{} of them also while starting; {}", at_start, ledger.tally))
}

/// SIGTERM while people talk; every fourth time a second signal follows, which ends the process at once.
pub fn sigterm(plan: &mut Plan) -> Outcome {
    let setup = Server::new();
    let mut server = setup.start();
    crowd::register(&server);
    let mut ledger = Ledger::open(&server);
    let mut longest = Duration::ZERO;
    for round in 0..plan.rounds {
        let twice = round % 4 == 3;
        let mut took = Duration::ZERO;
        let testimonies = crowd::talk(server.address, &round.to_string(), || {
            wait_up_to(&mut plan.random, 300);
            let start = Instant::now();
            server.signal("TERM");
            if twice {
                thread::sleep(Duration::from_micros(plan.random.below(2000)));
                server.signal_if_alive("TERM");
            }
            let code = server.wait().code();
            took = start.elapsed();
            assert!(code == Some(0) || (twice && code == Some(1)), "round {round}: exit code {code:?}");
        });
        longest = longest.max(took);
        assert!(took < STOP_MAX, "round {round}: the stop took {took:?}");
        server = setup.start();
        ledger.settle(&server, &testimonies, &format!("round {round}"));
    }
    ledger.close(&server);
    server.stop();
    Outcome::Held(format!("longest stop {} ms; {}", longest.as_millis(), ledger.tally))
}
