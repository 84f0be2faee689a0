//! Power cuts: the disk as it was at one instant, with everything that was not synced by then gone.
//!
//! The store is on an ext4 image in memory, mounted by loop. To cut the power the server is held still, the image is
//! copied, and everything goes on with the copy. `kill -9` cannot show what this shows: there the kernel still writes what
//! it was given. A control run comes first: a server whose syncs do nothing must lose something, or the test sees no loss.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::process::{Mount, has, is_root, run, wait_up_to};
use crate::shim::Shim;
use crate::support::{Ledger, Running, Server, crowd};
use crate::{Outcome, Plan};

/// In memory, if the system has such a place.
const MEMORY: &str = "/dev/shm";
/// Rounds with syncs that do nothing.
const CONTROL_ROUNDS: u64 = 5;

/// A store on an image.
struct Machine {
    folder: TempDir,
    cuts: u64,
    mount: Option<Mount>,
    image: PathBuf,
}

impl Machine {
    fn new() -> Machine {
        let folder = if Path::new(MEMORY).is_dir() { TempDir::new_in(MEMORY) } else { TempDir::new() };
        let folder = folder.expect("a folder");
        let image = folder.path().join("disk.0");
        let path = image.to_str().expect("it is UTF-8");
        run("truncate", &["-s", "128M", path]);
        run("mkfs.ext4", &["-q", path]);
        let mount = Some(Mount::of_image(&image));
        Machine { folder, cuts: 0, mount, image }
    }

    fn server(&self) -> Server {
        let mount = self.mount.as_ref().expect("it is mounted but while the power is cut");
        Server::with_data("", &mount.path.join("data"))
    }

    /// The image as it is now, by another name.
    fn copy(&mut self) -> PathBuf {
        self.cuts += 1;
        let copy = self.folder.path().join(format!("disk.{}", self.cuts));
        let [from, to] = [&self.image, &copy].map(|path| path.to_str().expect("it is UTF-8"));
        run("cp", &["--sparse=always", from, to]);
        copy
    }

    /// Goes on with the copy.
    fn boot(&mut self, copy: PathBuf) {
        self.mount = None;
        fs::remove_file(&self.image).expect("it can be removed");
        self.image = copy;
        self.mount = Some(Mount::of_image(&self.image));
    }
}

/// Lets people talk, cuts the power, and starts again. How many faults the history has then.
fn cut(
    machine: &mut Machine,
    mut server: Running,
    ledger: &mut Ledger,
    plan: &mut Plan,
    round: &str,
) -> (Option<Running>, usize) {
    let mut copy = None;
    let testimonies = crowd::talk(server.address, round, || {
        wait_up_to(&mut plan.random, 300);
        server.signal("STOP");
        copy = Some(machine.copy());
        server.signal("KILL");
    });
    server.wait();
    machine.boot(copy.expect("it was copied"));
    let started = machine.server().try_start_by(|command| command);
    let server = match started {
        Ok(server) => server,
        // The log is shorter than the mark says: the loss is noticed.
        Err((status, log)) => {
            println!("  round {round}: {status}: {}", log.lines().last().unwrap_or_default());
            return (None, 1);
        }
    };
    let (tally, faults) = ledger.compare(&server, &testimonies);
    ledger.tally.add(tally);
    if let Some(fault) = faults.first() {
        println!("  round {round}: {} faults, the first: {fault}", faults.len());
    }
    (Some(server), faults.len())
}

/// Cuts the power at random instants while people talk.
pub fn power(plan: &mut Plan) -> Outcome {
    if !is_root() {
        return Outcome::Skipped("only root may mount an image".to_owned());
    }
    if !has("mkfs.ext4") {
        return Outcome::Skipped("mkfs.ext4 is missing".to_owned());
    }
    let caught = match Shim::build() {
        Some(shim) => control(plan, &shim),
        None => return Outcome::Skipped("a C compiler is missing, for the control".to_owned()),
    };
    let mut machine = Machine::new();
    let mut server = machine.server().into_running();
    crowd::register(&server);
    let mut ledger = Ledger::open(&server);
    for round in 0..plan.rounds {
        let faults;
        let started;
        (started, faults) = cut(&mut machine, server, &mut ledger, plan, &round.to_string());
        assert_eq!(faults, 0, "round {round}");
        server = started.expect("there was no fault");
    }
    ledger.close(&server);
    server.stop();
    Outcome::Held(format!(
        "with syncs that do nothing, {caught} of {CONTROL_ROUNDS} cuts lost something; {}",
        ledger.tally
    ))
}

/// The same with syncs that do nothing: in how many rounds something was lost. The test proves nothing if none was.
fn control(plan: &mut Plan, shim: &Shim) -> u64 {
    let mut caught = 0;
    for round in 0..CONTROL_ROUNDS {
        let mut machine = Machine::new();
        let server = machine.server().into_running();
        crowd::register(&server);
        let mut ledger = Ledger::open(&server);
        server.stop();
        run("sync", &["-f", machine.mount.as_ref().expect("it is mounted").path.to_str().expect("it is UTF-8")]);
        let lying = machine.server();
        let server = lying.start_by(|command| shim.lying(command));
        let (_server, faults) = cut(&mut machine, server, &mut ledger, plan, &format!("control-{round}"));
        caught += u64::from(faults > 0);
    }
    assert!(caught > 0, "syncs that do nothing went unnoticed: this test cannot see a loss");
    caught
}
