//! The log: one event one line on standard error, written by a thread of its own.
//!
//! A thread that logs only puts a line into a bounded queue. If standard error is full, closed or never read, lines are
//! dropped and counted, but no thread waits or panics. Text is escaped before it enters the queue, so no control character
//! reaches a terminal or ends a line early. Callers decide which events are worth a line.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::{self, Display, Write as _};
use std::io::{self, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, SendTimeoutError, Sender, bounded};
use log::{Level, LevelFilter, Log, Metadata, Record};
use simplelog::{ConfigBuilder, ThreadLogMode, WriteLogger};

/// Capacity of the queue of the log thread.
const QUEUE_LINES: usize = 1_024;
/// Longest line; a longer one is truncated, so that the queue holds at most 8 MiB.
const TEXT_MAX_BYTES: usize = 8_000;
/// The longest wait for room in the queue in [`Logging::say`].
const SAY_TIMEOUT: Duration = Duration::from_millis(100);
/// The longest wait in [`Logging::finish`].
const FINISH_TIMEOUT_MAX: Duration = Duration::from_millis(500);

/// At most one line in an interval for an event that may come thousands of times a second.
#[derive(Clone, Debug)]
pub struct LogThrottle {
    interval_ms: i64,
    logged_at_ms: Option<i64>,
    unlogged: u64,
}

impl LogThrottle {
    /// Nothing has been logged yet.
    pub const fn new(interval_ms: i64) -> LogThrottle {
        LogThrottle { interval_ms, logged_at_ms: None, unlogged: 0 }
    }

    /// Counts an event at a time in milliseconds, by any clock. If it is time for a line, returns how many events there were
    /// since the last one, this one included. A clock that was set back does not silence it.
    pub fn count(&mut self, now_ms: i64) -> Option<u64> {
        self.unlogged += 1;
        if self.logged_at_ms.is_some_and(|at| now_ms.abs_diff(at) < self.interval_ms.unsigned_abs()) {
            return None;
        }
        self.logged_at_ms = Some(now_ms);
        Some(std::mem::take(&mut self.unlogged))
    }
}

/// The running log. Without [`Logging::finish`] its last lines may be lost.
#[must_use]
pub struct Logging {
    items: Sender<Item>,
    /// Never carries a value. It is disconnected when the log thread has ended.
    ended: Receiver<()>,
}

enum Item {
    Line(Vec<u8>),
    Finish,
}

/// Starts the log of this process, panics included. `main` calls it once.
pub fn start(level: LevelFilter) -> Logging {
    // The level of the process decides alone, so that it can be changed.
    let (logging, logger) = spawn(LevelFilter::Trace, Stderr);
    if log::set_boxed_logger(Box::new(logger)).is_ok() {
        log::set_max_level(level);
        panic::set_hook(Box::new(log_panic));
    }
    logging
}

impl Logging {
    /// Writes a line without time and level, behind everything that was logged before it: the final message of the
    /// process, which says why it ends.
    pub fn say(&self, text: &str) {
        let line = one_line(text) + "\n";
        let item = Item::Line(line.into_bytes());
        let refused = self.items.send_timeout(item, SAY_TIMEOUT);
        if let Err(SendTimeoutError::Disconnected(Item::Line(line))) = refused {
            // There is no log thread, because the system refused it. The server will fail to start threads too.
            let _ = io::stderr().write_all(&line);
        }
    }

    /// Waits until everything logged so far is written, for at most `timeout` and half a second.
    pub fn finish(self, timeout: Duration) {
        let deadline = Instant::now() + timeout.min(FINISH_TIMEOUT_MAX);
        if self.items.send_deadline(Item::Finish, deadline).is_ok() {
            let _ = self.ended.recv_deadline(deadline);
        }
    }
}

/// Escapes any text to one line: control characters, line and paragraph separators and direction overrides become visible,
/// such as `\u{1b}`. A line that is too long is truncated and ends in `...`.
pub fn one_line(text: impl Display) -> String {
    let mut line = OneLine(String::new());
    // The only possible error is that the text was truncated.
    let _ = write!(line, "{text}");
    line.0
}

struct OneLine(String);

impl fmt::Write for OneLine {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for char in text.chars() {
            if self.0.len() > TEXT_MAX_BYTES {
                self.0.push_str("...");
                return Err(fmt::Error);
            }
            match char {
                '\u{061c}' | '\u{200e}' | '\u{200f}' => self.0.extend(char.escape_unicode()),
                '\u{2028}'..='\u{202e}' => self.0.extend(char.escape_unicode()),
                '\u{2066}'..='\u{2069}' => self.0.extend(char.escape_unicode()),
                _ if char.is_control() => self.0.extend(char.escape_unicode()),
                _ => self.0.push(char),
            }
        }
        Ok(())
    }
}

/// Escapes the text of a record, then lets simplelog format the line. The text is formatted before simplelog takes its
/// lock: a `Display` that panicked under the lock would poison it, and every thread that logs would panic from then on.
struct OneLineLogger(Box<WriteLogger<Queue>>);

impl Log for OneLineLogger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let text = one_line(record.args());
            let mut harmless = Record::builder();
            harmless.metadata(record.metadata().clone());
            self.0.log(&harmless.args(format_args!("{text}")).build());
        }
    }

    fn flush(&self) {}
}

/// Collects a line, which simplelog writes in pieces, and queues it when it is complete.
struct Queue {
    line: Vec<u8>,
    items: Sender<Item>,
    dropped: Arc<AtomicU64>,
}

impl Write for Queue {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if self.line.ends_with(b"\n") {
            let line = std::mem::take(&mut self.line);
            if self.items.try_send(Item::Line(line)).is_err() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Standard error as a writer that can be cloned.
#[derive(Clone)]
struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stderr().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn spawn<W>(level: LevelFilter, sink: W) -> (Logging, OneLineLogger)
where
    W: Write + Clone + Send + 'static,
{
    let layout = ConfigBuilder::new()
        .set_time_format_rfc3339()
        .set_thread_level(LevelFilter::Debug)
        .set_thread_mode(ThreadLogMode::Both)
        .set_location_level(LevelFilter::Off)
        // The store logs migrations itself.
        .add_filter_ignore_str("rusqlite_migration")
        .build();
    let dropped = Arc::new(AtomicU64::new(0));
    let (items, waiting) = bounded(QUEUE_LINES);
    let (ending, ended) = bounded(0);
    let writer = Writer { own: WriteLogger::new(level, layout.clone(), sink.clone()), dropped: dropped.clone(), sink };
    let work = move || {
        writer.write_all(&waiting);
        drop(ending);
    };
    // Without the thread nothing is logged, but `say` still works.
    let _ = thread::Builder::new().name("log".into()).spawn(work);
    let queue = Queue { line: Vec::new(), items: items.clone(), dropped };
    let logger = OneLineLogger(WriteLogger::new(level, layout, queue));
    (Logging { items, ended }, logger)
}

/// The state of the log thread.
struct Writer<W: Write + Send + 'static> {
    sink: W,
    /// Logs the number of dropped lines directly, because the queue may be full.
    own: Box<WriteLogger<W>>,
    dropped: Arc<AtomicU64>,
}

impl<W: Write + Send + 'static> Writer<W> {
    fn write_all(mut self, items: &Receiver<Item>) {
        let mut written = 0;
        for item in items {
            let Item::Line(line) = item else { break };
            if self.sink.write_all(&line).is_err() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            written += 1;
            // At intervals, even if the queue is never drained.
            if items.is_empty() || written % QUEUE_LINES == 0 {
                self.report_dropped();
            }
        }
        self.report_dropped();
    }

    fn report_dropped(&self) {
        let count = self.dropped.swap(0, Ordering::Relaxed);
        if count > 0 {
            let mut record = Record::builder();
            record.level(Level::Warn).target(module_path!());
            self.own.log(&record.args(format_args!("{count} log lines dropped")).build());
        }
    }
}

/// Logs a panic. Its message is logged as an error only if it is a literal of the program: a formatted one may contain what
/// people wrote, or a password, and is logged at trace level.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    match panic.payload().downcast_ref::<&'static str>() {
        Some(message) => log::error!("thread panicked: {message} thread={thread} at={place}"),
        None => log::error!("thread panicked thread={thread} at={place}"),
    }
    if let Some(message) = panic.payload().downcast_ref::<String>() {
        log::trace!("thread panicked: {message} thread={thread}");
    }
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        for line in backtrace.to_string().lines() {
            log::error!("{line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, MutexGuard};

    /// A standard error that stalls while the test holds it, and then fails a given number of times.
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Page>>);

    #[derive(Default)]
    struct Page {
        text: String,
        failures: usize,
    }

    impl Sink {
        fn hold(&self) -> MutexGuard<'_, Page> {
            self.0.lock().unwrap()
        }
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut page = self.hold();
            if page.failures > 0 {
                page.failures -= 1;
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            page.text += str::from_utf8(bytes).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn log(logger: &OneLineLogger, level: Level, text: impl Display) {
        let mut record = Record::builder();
        record.level(level).target("chat");
        logger.log(&record.args(format_args!("{text}")).build());
    }

    #[test]
    fn a_repeated_event_gets_one_line_in_an_interval_with_its_number() {
        let mut throttle = LogThrottle::new(1000);
        assert_eq!(throttle.count(5), Some(1), "the first at once");
        assert_eq!([6, 7, 1004].map(|now| throttle.count(now)), [None; 3]);
        assert_eq!(throttle.count(1005), Some(4));
        assert_eq!(throttle.count(5000), Some(1));
        assert_eq!(throttle.count(0), Some(1), "the clock was set back");
    }

    #[test]
    fn what_could_disturb_a_terminal_becomes_visible() {
        fn check(text: &str, expected: &str) {
            assert_eq!(one_line(text), expected);
        }
        check("plain, ünï, 🦁, שלום", "plain, ünï, 🦁, שלום");
        check("a\r\nb\t\0", "a\\u{d}\\u{a}b\\u{9}\\u{0}");
        check("\x1b[31m\x7f\u{9b}", "\\u{1b}[31m\\u{7f}\\u{9b}");
        check("\u{202e}x\u{2066}\u{200f}", "\\u{202e}x\\u{2066}\\u{200f}");
        check("\u{2028}\u{2029}\u{61c}", "\\u{2028}\\u{2029}\\u{61c}");
        check("👩\u{200d}🚀", "👩\u{200d}🚀");
    }

    #[test]
    fn a_text_without_end_is_cut() {
        let line = one_line("\n".repeat(100_000));
        assert!(line.len() < TEXT_MAX_BYTES + 20 && line.ends_with("\\u{a}..."));
    }

    #[test]
    fn an_event_is_one_line_with_time_and_level() {
        let sink = Sink::default();
        let (logging, logger) = spawn(LevelFilter::Info, sink.clone());
        log(&logger, Level::Info, "hello\nworld");
        log(&logger, Level::Debug, "not asked for");
        logging.say("chat-server: the\nend");
        logging.finish(Duration::MAX);

        let text = &sink.hold().text;
        let (event, last) = text.split_once('\n').unwrap();
        let (time, event) = event.split_once(' ').unwrap();
        assert!(time.contains('T') && time.ends_with('Z'), "{time}");
        assert_eq!(event, "[INFO] hello\\u{a}world");
        assert_eq!(last, "chat-server: the\\u{a}end\n");
    }

    #[test]
    fn a_log_nobody_reads_costs_lines_and_tells_how_many() {
        let sink = Sink::default();
        let (logging, logger) = spawn(LevelFilter::Info, sink.clone());
        let count = QUEUE_LINES + 100;
        let stalled = sink.hold();
        for number in 0..count {
            log(&logger, Level::Info, number);
        }
        drop(stalled);
        logging.finish(Duration::MAX);

        let text = &sink.hold().text;
        let (reports, lines): (Vec<&str>, Vec<&str>) =
            text.lines().partition(|line| line.ends_with(" log lines dropped"));
        let dropped: usize =
            reports.iter().map(|line| line.split(' ').nth_back(3).unwrap().parse::<usize>().unwrap()).sum();
        assert!(dropped >= 99, "{reports:?}");
        assert_eq!(lines.len() + dropped, count);
    }

    #[test]
    fn finishing_a_stalled_log_takes_half_a_second_at_most() {
        let sink = Sink::default();
        let (logging, logger) = spawn(LevelFilter::Info, sink.clone());
        let stalled = sink.hold();
        for number in 0..2 * QUEUE_LINES {
            log(&logger, Level::Info, number);
        }
        let begin = Instant::now();
        logging.finish(Duration::MAX);
        assert!(begin.elapsed() < 40 * FINISH_TIMEOUT_MAX);
        drop(stalled);
    }

    #[test]
    fn dropped_lines_are_reported_when_writing_works_again() {
        let sink = Sink::default();
        sink.hold().failures = 1;
        let (logging, logger) = spawn(LevelFilter::Info, sink.clone());
        log(&logger, Level::Info, "lost");
        log(&logger, Level::Info, "seen");
        logging.finish(Duration::MAX);
        let text = &sink.hold().text;
        assert!(text.contains("seen\n"), "{text}");
        assert!(text.ends_with(" 1 log lines dropped\n"), "{text}");
    }
}
