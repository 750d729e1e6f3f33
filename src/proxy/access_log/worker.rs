//! One worker's side of the access log.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        mpsc::{SyncSender, TrySendError},
    },
    time::{Duration, Instant, SystemTime},
};

use super::{
    clock::Clock,
    format_json, format_text,
    writer::{Message, Shared},
};
use crate::{config::AccessLogFormat, proxy::record::RequestRecord};

/// A buffer that has reached this length, in bytes, is handed over.
pub(super) const BUFFER: usize = 64 << 10;
/// Lines wait no longer than this for their buffer to fill, and one tick.
const FLUSH_AFTER: Duration = Duration::from_millis(500);

/// The access log as one worker sees it.
///
/// Formats into a buffer of 64 KiB and one line; what a stalled writer cannot take is dropped and
/// counted. Whoever owns it calls [`AccessLog::tick`] several times a second. Dropping it hands over
/// what it holds.
#[derive(Debug)]
pub struct AccessLog {
    /// `None`: no line is kept.
    state: Option<RefCell<State>>,
}

#[derive(Debug)]
struct State {
    queue: SyncSender<Message>,
    shared: Arc<Shared>,
    /// Whether lines are handed over at once while the writer has nothing else to do.
    prompt: bool,
    clock: Clock,
    buffer: Vec<u8>,
    lines: u32,
    flushed: Instant,
    /// Lines dropped since the last tick.
    dropped: u64,
}

impl AccessLog {
    /// A log that keeps nothing.
    pub(super) const fn off() -> Self {
        Self { state: None }
    }

    pub(super) fn new(queue: SyncSender<Message>, shared: Arc<Shared>, prompt: bool) -> Self {
        let now = Instant::now();
        let state = State {
            queue,
            shared,
            prompt,
            clock: Clock::new(now, SystemTime::now()),
            buffer: Vec::new(),
            lines: 0,
            flushed: now,
            dropped: 0,
        };
        Self {
            state: Some(RefCell::new(state)),
        }
    }

    /// Writes what `write` appends, a line that ends with a line feed. Never waits.
    pub(in crate::proxy) fn write_line(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let Some(state) = &self.state else { return };
        let state = &mut *state.borrow_mut();
        if state.has_room() {
            write(&mut state.buffer);
            state.lines += 1;
            if state.prompt && state.shared.is_idle() {
                state.hand_over();
            }
        }
    }

    /// Writes one line. Never waits.
    pub fn write(&self, format: AccessLogFormat, record: &RequestRecord<'_>) {
        let Some(state) = &self.state else { return };
        let state = &mut *state.borrow_mut();
        if !state.has_room() {
            return;
        }
        let moment = state.clock.at(record.received + record.duration);
        match format {
            AccessLogFormat::Json => format_json::write(&mut state.buffer, moment, record),
            AccessLogFormat::Text => format_text::write(&mut state.buffer, moment, record),
        }
        state.lines += 1;
    }

    /// Compares the clocks, and hands over lines that have waited long enough.
    pub fn tick(&self, now: Instant) {
        let Some(state) = &self.state else { return };
        let state = &mut *state.borrow_mut();
        state.clock.set(now, SystemTime::now());
        if now.saturating_duration_since(state.flushed) >= FLUSH_AFTER {
            state.hand_over();
            state.flushed = now;
            state
                .shared
                .count_dropped(std::mem::take(&mut state.dropped));
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if !self.hand_over() {
            self.dropped += u64::from(self.lines);
        }
        self.shared.count_dropped(self.dropped);
    }
}

impl State {
    /// Whether there is room for a line; one that has none is counted.
    fn has_room(&mut self) -> bool {
        let has_room = self.buffer.len() < BUFFER || self.hand_over();
        self.dropped += u64::from(!has_room);
        has_room
    }

    /// Gives the buffer to the writer and takes an empty one; whether it was taken or empty.
    fn hand_over(&mut self) -> bool {
        if self.buffer.is_empty() {
            return true;
        }
        let lines = std::mem::take(&mut self.lines);
        let bytes = std::mem::take(&mut self.buffer);
        self.shared.count_waiting();
        match self.queue.try_send(Message::Lines { bytes, lines }) {
            Ok(()) => {
                self.buffer = self.shared.empty_buffer();
                true
            }
            Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) => {
                self.shared.count_done();
                if let Message::Lines { bytes, lines } = message {
                    self.buffer = bytes;
                    self.lines = lines;
                }
                false
            }
        }
    }
}
