//! Peers whose network is gone: they neither close the connection nor acknowledge anything.
//!
//! The server runs in a network namespace of its own, with two cables: one is pulled, the other stays for somebody who
//! watches.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{has, is_root, run};
use crate::support::{Client, Server};
use crate::{Outcome, Plan};

/// Short for a test: probes after 3 s, three of them a second apart; unacknowledged output for 4 s.
const SETTINGS: &str = "keepalive_idle_s = 3\nkeepalive_interval_s = 1\nkeepalive_probes = 3\nuser_timeout_s = 4\n\
                        stall_timeout_s = 60";
/// By these settings all are gone after 7 s; the rest is slack for a busy machine.
const GONE_MAX: Duration = Duration::from_secs(20);

/// A network namespace with two cables to this one.
struct Network {
    name: String,
    cables: [String; 2],
    /// Addresses of the far ends.
    far: [String; 2],
}

impl Network {
    fn new(round: u64) -> Network {
        // Names of cables are short. Those of the last round may take a moment to go, with their addresses.
        let id = format!("{}{round}", std::process::id() % 10_000);
        let name = format!("chat{id}");
        let network = Network {
            cables: [format!("chat{id}a"), format!("chat{id}b")],
            far: [0, 1].map(|cable| format!("10.203.{}.2", (10 + 2 * round + cable) % 256)),
            name,
        };
        run("ip", &["netns", "add", &network.name]);
        for (cable, far) in network.cables.iter().zip(&network.far) {
            let peer = format!("{cable}p");
            run("ip", &["link", "add", cable, "type", "veth", "peer", "name", &peer, "netns", &network.name]);
            let near = format!("{}.1/30", far.rsplit_once('.').expect("it is an address").0);
            run("ip", &["addr", "add", &near, "dev", cable]);
            run("ip", &["link", "set", cable, "up"]);
            run("ip", &["-n", &network.name, "addr", "add", &format!("{far}/30"), "dev", &peer]);
            run("ip", &["-n", &network.name, "link", "set", &peer, "up"]);
        }
        network
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Takes the cables along.
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

/// Twelve people whose cable is pulled, half of them with something on the way to them: all are gone in time.
pub fn half_open(plan: &mut Plan) -> Outcome {
    if !is_root() || !has("ip") {
        return Outcome::Skipped("only root, with ip, may make a network namespace".to_owned());
    }
    let mut longest = Duration::ZERO;
    for round in 0..plan.rounds {
        let network = Network::new(round);
        let setup = Server::with(SETTINGS).listening_at("text://0.0.0.0:0");
        let server = setup.start_by(|command| {
            let mut inside = Command::new("ip");
            inside.args(["netns", "exec", &network.name]).arg(command.get_program()).args(command.get_args());
            inside
        });
        let at = |far: &str| SocketAddr::new(far.parse().expect("an address"), server.address.port());
        let enter = |far: &str, name: &str| {
            let mut client = Client::connect(at(far));
            client.send(&format!("register {name} password-of-{name}"));
            client.expect("commands you need.");
            client
        };
        let mut watcher = enter(&network.far[1], "watcher");
        let mut cut: Vec<Client> = (0..12).map(|number| enter(&network.far[0], &format!("guest{number}"))).collect();
        watcher.ask("/create tea");
        for client in &mut cut[..6] {
            client.ask("/join tea");
        }
        watcher.sync();
        run("ip", &["link", "set", &network.cables[0], "down"]);
        let start = Instant::now();
        // Half of them are in the room, so that something is on its way to them; to the others nothing is.
        watcher.send("is anybody there?");
        while watcher.ask("/who").last().map(String::as_str) != Some("-- 1 online: watcher.") {
            assert!(start.elapsed() < GONE_MAX, "round {round}: {:?}", watcher.ask("/who"));
            std::thread::sleep(Duration::from_millis(20));
        }
        longest = longest.max(start.elapsed());
        drop(cut);
    }
    Outcome::Held(format!("12 dead peers were gone after {:.1} s at most, by settings of 7 s", longest.as_secs_f64()))
}
