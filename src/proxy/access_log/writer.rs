//! The one thread that writes a log of exchanges: the access log, and the firewall's.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{
            Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel, sync_channel,
        },
    },
    thread,
    time::Duration,
};

use super::worker::{AccessLog, BUFFER};

/// Buffers that may wait for the writer; with 64 KiB each some 4 MiB in all.
const QUEUE: usize = 64;
/// A buffer that one line has made longer than this, in bytes, is not used again.
const KEEP: usize = 2 * BUFFER;

/// Where the access log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessLogDestination {
    /// Standard output.
    Stdout,
    /// A file, appended to and made if it is not there (mode 0640).
    File(PathBuf),
    /// Nowhere.
    Off,
}

/// The process' side of the access log: the thread that writes, and what the workers need.
#[derive(Debug)]
pub struct AccessLogWriter {
    /// `None`: the log goes nowhere.
    queue: Option<SyncSender<Message>>,
    shared: Arc<Shared>,
    /// What it is called in the program's own log.
    name: &'static str,
    /// Whether lines are handed over at once while the writer has nothing else to do.
    prompt: bool,
    /// Disconnects when the thread has ended.
    ended: Receiver<()>,
}

/// What workers tell the writer.
#[derive(Debug)]
pub(super) enum Message {
    /// Whole lines, and how many.
    Lines { bytes: Vec<u8>, lines: u32 },
    /// Open the file again by its name.
    Reopen,
}

/// What workers and writer share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    dropped: AtomicU64,
    /// Buffers that were handed over and are not written.
    waiting: AtomicUsize,
    /// Buffers to be used again; at most [`QUEUE`].
    spare: Mutex<Vec<Vec<u8>>>,
}

impl AccessLogWriter {
    /// Opens the destination and starts the thread. Fails if the file cannot be opened.
    pub fn start(destination: &AccessLogDestination) -> io::Result<Self> {
        Self::start_as("access log", false, destination)
    }

    /// The same for a log of another `name` whose lines come seldom and are waited for: while nothing
    /// waits to be written, each is handed over at once.
    pub fn start_prompt(
        name: &'static str,
        destination: &AccessLogDestination,
    ) -> io::Result<Self> {
        Self::start_as(name, true, destination)
    }

    fn start_as(
        name: &'static str,
        prompt: bool,
        destination: &AccessLogDestination,
    ) -> io::Result<Self> {
        let log = Self {
            name,
            prompt,
            ..Self::off()
        };
        match destination {
            AccessLogDestination::Stdout => log.start_with(Stdout),
            AccessLogDestination::File(path) => log.start_with(LogFile::open(path.clone())?),
            AccessLogDestination::Off => Ok(log),
        }
    }

    fn off() -> Self {
        let (_, ended) = channel();
        Self {
            queue: None,
            shared: Arc::default(),
            name: "access log",
            prompt: false,
            ended,
        }
    }

    fn start_with(self, sink: impl Sink + 'static) -> io::Result<Self> {
        let (queue, messages) = sync_channel(QUEUE);
        let (running, ended) = channel();
        let (name, of_thread) = (self.name, Arc::clone(&self.shared));
        thread::Builder::new()
            .name(name.replace(' ', "-"))
            .spawn(move || run(name, sink, &messages, &of_thread, running))?;
        Ok(Self {
            queue: Some(queue),
            ended,
            ..self
        })
    }

    /// The log as one worker sees it.
    pub fn worker(&self) -> AccessLog {
        match &self.queue {
            Some(queue) => AccessLog::new(queue.clone(), Arc::clone(&self.shared), self.prompt),
            None => AccessLog::off(),
        }
    }

    /// Has the file opened again by its name, after it was moved away. Nothing happens while the
    /// queue is full: a sink that stalls would not see it either.
    pub fn reopen(&self) {
        if let Some(queue) = &self.queue
            && let Err(TrySendError::Full(_)) = queue.try_send(Message::Reopen)
        {
            tracing::warn!(log = self.name, "a log is stalled and was not reopened");
        }
    }

    /// Tells how many lines were dropped so far because the sink stalled or failed.
    pub fn dropped_counter(&self) -> impl Fn() -> u64 + Send + Sync + 'static {
        let shared = Arc::clone(&self.shared);
        move || shared.dropped.load(Ordering::Relaxed)
    }

    /// Waits until everything that workers handed over is written; all of them have to be gone
    /// already. Whether that was so `within` the time.
    pub fn finish(self, within: Duration) -> bool {
        let Self {
            queue,
            shared: _,
            name: _,
            prompt: _,
            ended,
        } = self;
        drop(queue);
        match ended.recv_timeout(within) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => true,
            Err(RecvTimeoutError::Timeout) => false,
        }
    }
}

impl Shared {
    pub(super) fn count_dropped(&self, lines: u64) {
        if lines != 0 {
            self.dropped.fetch_add(lines, Ordering::Relaxed);
        }
    }

    /// Whether nothing waits to be written.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) == 0
    }

    /// Notes that a buffer is handed over, before it is.
    pub(super) fn count_waiting(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that a buffer is written, or was not taken.
    pub(super) fn count_done(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// An empty buffer, one that was used before if there is one.
    pub(super) fn empty_buffer(&self) -> Vec<u8> {
        // Taken once a buffer, not once a line; never held while anything waits.
        let spare = self
            .spare
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        spare.unwrap_or_else(|| Vec::with_capacity(BUFFER + (4 << 10)))
    }

    fn give_back(&self, mut buffer: Vec<u8>) {
        if buffer.capacity() > KEEP {
            return;
        }
        buffer.clear();
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < QUEUE {
            spare.push(buffer);
        }
    }
}

/// The thread. `running` is dropped when it ends.
fn run(
    name: &'static str,
    mut sink: impl Sink,
    messages: &Receiver<Message>,
    shared: &Shared,
    running: Sender<()>,
) {
    let mut failing = false;
    for message in messages {
        let result = match message {
            Message::Reopen => sink.reopen(),
            Message::Lines { bytes, lines } => {
                let result = sink.write(&bytes);
                shared.count_done();
                if result.is_err() {
                    shared.count_dropped(u64::from(lines));
                }
                shared.give_back(bytes);
                result
            }
        };
        // Said once, not once a buffer.
        match result {
            Err(error) if !failing => {
                tracing::error!(%error, log = name, "a log cannot be written");
                failing = true;
            }
            Ok(()) if failing => {
                tracing::info!(log = name, "a log is written again");
                failing = false;
            }
            Ok(()) | Err(_) => {}
        }
    }
    drop(running);
}

/// Where lines end up.
trait Sink: Send {
    fn write(&mut self, lines: &[u8]) -> io::Result<()>;
    fn reopen(&mut self) -> io::Result<()>;
}

struct Stdout;

impl Sink for Stdout {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(lines)?;
        stdout.flush()
    }

    fn reopen(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct LogFile {
    path: PathBuf,
    file: File,
}

impl LogFile {
    fn open(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o640)
            .open(&path)?;
        Ok(Self { path, file })
    }
}

impl Sink for LogFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.file.write_all(lines)
    }

    fn reopen(&mut self) -> io::Result<()> {
        *self = Self::open(self.path.clone())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
