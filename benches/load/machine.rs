//! The system's counters of a process: CPU time, context switches, memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A tick of the times in `/proc`, on every Linux of today.
const TICK: Duration = Duration::from_millis(10);

/// A process whose resources are measured.
pub struct Process {
    folder: PathBuf,
    /// The thread that bounds the throughput: the one that owns the chat, or the only one.
    busiest: PathBuf,
}

impl Process {
    /// The server with this process id; `busiest` names a thread of it.
    pub fn server(pid: u32, busiest: &str) -> Process {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let is_it = |task: &PathBuf| fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim_end() == busiest);
        let busiest = tasks(&folder).into_iter().find(is_it).unwrap_or_else(|| folder.clone());
        Process { folder, busiest }
    }

    /// User and system time of all its threads, and of the busiest alone.
    pub fn cpu(&self) -> (Duration, Duration) {
        (cpu(&self.folder), cpu(&self.busiest))
    }

    /// Voluntary and involuntary context switches of all its threads.
    pub fn switches(&self) -> u64 {
        let of_task = |task: PathBuf| {
            // A thread may have ended meanwhile.
            let status = fs::read_to_string(task.join("status")).unwrap_or_default();
            field(&status, "voluntary_ctxt_switches:") + field(&status, "nonvoluntary_ctxt_switches:")
        };
        tasks(&self.folder).into_iter().map(of_task).sum()
    }

    /// Its memory.
    pub fn memory(&self) -> Memory {
        let status = fs::read_to_string(self.folder.join("status")).unwrap_or_default();
        let (resident_kib, tables_kib) = (field(&status, "VmRSS:"), field(&status, "VmPTE:"));
        Memory { resident_kib, tables_kib, threads: field(&status, "Threads:") }
    }
}

/// The memory of a process.
#[derive(Clone, Copy)]
pub struct Memory {
    pub resident_kib: u64,
    /// The kernel's page tables for it.
    pub tables_kib: u64,
    pub threads: u64,
}

/// The kernel's memory: stacks of threads, page tables and small objects.
pub fn kernel_kib() -> u64 {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    ["Slab:", "KernelStack:", "PageTables:"].iter().map(|name| field(&info, name)).sum()
}

/// User and system time of this process.
pub fn own_cpu() -> Duration {
    cpu("/proc/self".as_ref())
}

/// User and system time of this thread.
pub fn thread_cpu() -> Duration {
    cpu("/proc/thread-self".as_ref())
}

/// The busy time of all cores together, including that of other programs and of other machines on the same host.
pub fn busy() -> Duration {
    let stat = fs::read_to_string("/proc/stat").expect("a Linux");
    let fields = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let ticks: Vec<u32> = fields.map(|field| field.parse().expect("a number of ticks")).collect();
    // In the order of the file: user, nice, system, idle, waiting for a disk, interrupts, soft interrupts, stolen.
    let idle = [3, 4];
    TICK * (0..8).filter(|at| !idle.contains(at)).map(|at| ticks[at]).sum::<u32>()
}

/// A short description of the machine.
pub fn describe() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(": ").nth(1));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{} cores, {}, Linux {}", cores(), model.unwrap_or("unknown"), kernel.trim())
}

/// The commit of the source, if git knows it.
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match git(&["rev-parse", "--short", "HEAD"]) {
        Some(commit) if git(&["status", "--porcelain", "src"]).is_some_and(|changes| changes.is_empty()) => commit,
        Some(commit) => format!("{commit}+changes"),
        None => "unknown".to_owned(),
    }
}

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Raises the limit of descriptors for this process and those it starts.
pub fn allow_many_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
        .expect("a limit may be raised to its maximum");
}

fn tasks(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("task")).expect("the process runs");
    entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect()
}

fn cpu(folder: &Path) -> Duration {
    let stat = fs::read_to_string(folder.join("stat")).expect("the process runs");
    // The name of the process comes in parentheses and may hold anything; the times are the 14th and 15th field.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u32 = fields.skip(11).take(2).map(|field| field.parse::<u32>().expect("a number of ticks")).sum();
    TICK * ticks
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
