//! Other programs and their files, as fault tests need them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::Random;

/// Whether this process may mount and make network namespaces.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether a program can be found.
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]).any(|folder| folder.join(program).exists())
}

/// Runs a program that must succeed.
#[track_caller]
pub fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Waits for up to `max_ms`, to the microsecond, so that an instant is as random as it can be.
pub fn wait_up_to(random: &mut Random, max_ms: u64) {
    std::thread::sleep(Duration::from_micros(random.below(max_ms * 1000)));
}

/// A file system of its own, unmounted when it is dropped.
pub struct Mount {
    /// Where it is.
    pub path: PathBuf,
    _folder: TempDir,
}

impl Mount {
    /// An empty file system in memory with this capacity in bytes.
    pub fn in_memory(bytes: u64) -> Mount {
        let mount = Mount::place();
        let options = format!("size={bytes},mode=700");
        run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", mount.path.to_str().expect("it is UTF-8")]);
        mount
    }

    /// The file system in an image. Its journal is written as rarely as can be, so that what was not synced is lost.
    pub fn of_image(image: &Path) -> Mount {
        let mount = Mount::place();
        let [image, path] = [image, &mount.path].map(|path| path.to_str().expect("it is UTF-8"));
        run("mount", &["-o", "loop,commit=300", image, path]);
        mount
    }

    fn place() -> Mount {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("disk");
        std::fs::create_dir(&path).expect("it can be made");
        Mount { path, _folder: folder }
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let status = Command::new("umount").arg(&self.path).status();
        if !status.is_ok_and(|status| status.success()) {
            eprintln!("cannot unmount {}", self.path.display());
        }
    }
}

/// A number of kibibytes from `/proc/PID/status`.
pub fn status_kib(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is there");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).expect("it is in the status");
    line.split_whitespace().next().expect("a number").parse().expect("a number")
}

/// What the process has in memory, in kibibytes.
pub fn resident_kib(pid: u32) -> u64 {
    status_kib(pid, "VmRSS")
}

/// How many threads it has.
pub fn threads(pid: u32) -> u64 {
    status_kib(pid, "Threads")
}

/// How much time of a processor it has used.
pub fn processor_time(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is there");
    let (_, rest) = stat.rsplit_once(") ").expect("the name is in parentheses");
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks: u64 = [11, 12].map(|index: usize| fields[index].parse::<u64>().expect("a number")).iter().sum();
    // Linux tells it in hundredths of a second.
    Duration::from_millis(ticks * 10)
}

/// Waits until `is_so`, looking every now and then.
#[track_caller]
pub fn wait_until(what: &str, patience: Duration, mut is_so: impl FnMut() -> bool) -> Duration {
    let start = std::time::Instant::now();
    while !is_so() {
        assert!(start.elapsed() < patience, "{what}: not in {patience:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
    start.elapsed()
}

/// The same command under a shell that does `before` first, such as setting a limit.
pub fn under_shell(before: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{before}; exec \"$@\"")).arg("sh").arg(command.get_program()).args(command.get_args());
    shell
}
