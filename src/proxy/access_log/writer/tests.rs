//! What happens between workers and sink.
#![allow(clippy::unwrap_used)]

use std::{fs, sync::mpsc::SyncSender, time::Instant};

use super::{super::tests::record, *};
use crate::config::AccessLogFormat;

const WAIT: Duration = Duration::from_secs(20);
/// Longer than lines wait for their buffer to fill.
const FLUSHED: Duration = Duration::from_millis(600);

/// Tells of every write, and goes on once it is told to.
struct Gated {
    written: Sender<usize>,
    go_on: Receiver<io::Result<()>>,
}

impl Sink for Gated {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.written
            .send(lines.iter().filter(|byte| **byte == b'\n').count())
            .unwrap();
        self.go_on.recv().unwrap_or(Ok(()))
    }

    fn reopen(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn gated() -> (AccessLogWriter, Receiver<usize>, SyncSender<io::Result<()>>) {
    gate(AccessLogWriter::off())
}

fn gate(log: AccessLogWriter) -> (AccessLogWriter, Receiver<usize>, SyncSender<io::Result<()>>) {
    let (written, writes) = channel();
    let (permit, go_on) = sync_channel(2 * QUEUE);
    (
        log.start_with(Gated { written, go_on }).unwrap(),
        writes,
        permit,
    )
}

#[test]
fn lines_that_a_stalled_sink_cannot_take_are_dropped_and_counted_and_nobody_waits() {
    let (writer, writes, permit) = gated();
    let log = writer.worker();
    let dropped = writer.dropped_counter();
    let lines_wanted = 40_000;
    for _ in 0..lines_wanted {
        log.write(AccessLogFormat::Json, &record(None));
    }
    log.tick(Instant::now() + Duration::from_secs(1));
    let lost = usize::try_from(dropped()).unwrap();
    assert!(lost > 0, "the queue is bounded");
    drop(permit);
    drop(log);
    assert!(writer.finish(WAIT));
    let written: usize = writes.iter().sum();
    // The worker's own buffer may have found the queue full or not when it was dropped.
    assert_eq!(written + usize::try_from(dropped()).unwrap(), lines_wanted);
    assert!(
        written * 350 <= (QUEUE + 3) * (BUFFER + 512),
        "{written} lines were kept"
    );
}

#[test]
fn lines_that_the_sink_refuses_are_counted_and_later_ones_are_written() {
    let (writer, writes, permit) = gated();
    let log = writer.worker();
    let dropped = writer.dropped_counter();
    let later = Instant::now() + Duration::from_secs(1);
    permit.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
    permit.send(Ok(())).unwrap();
    for round in 1..3 {
        log.write(AccessLogFormat::Text, &record(None));
        log.tick(later + FLUSHED * round);
        assert_eq!(writes.recv_timeout(WAIT), Ok(1));
    }
    drop(log);
    assert!(writer.finish(WAIT));
    assert_eq!(dropped(), 1);
}

#[test]
fn a_few_lines_wait_for_the_tick_and_no_longer() {
    let (writer, writes, permit) = gated();
    drop(permit);
    let before = Instant::now();
    let log = writer.worker();
    log.write(AccessLogFormat::Json, &record(None));
    log.tick(before);
    assert!(writes.try_recv().is_err());
    log.tick(Instant::now() + FLUSHED);
    assert_eq!(writes.recv_timeout(WAIT), Ok(1));
}

#[test]
fn a_prompt_log_is_written_line_by_line_for_as_long_as_its_sink_keeps_up() {
    let (writer, writes, permit) = gate(AccessLogWriter {
        prompt: true,
        ..AccessLogWriter::off()
    });
    let log = writer.worker();
    let line = |buffer: &mut Vec<u8>| buffer.extend_from_slice(b"line\n");
    log.write_line(line);
    assert_eq!(writes.recv_timeout(WAIT), Ok(1));
    // The sink is at work.
    log.write_line(line);
    log.write_line(line);
    assert!(writes.try_recv().is_err());
    permit.send(Ok(())).unwrap();
    log.tick(Instant::now() + FLUSHED);
    assert_eq!(writes.recv_timeout(WAIT), Ok(2));
    drop(permit);
}

#[test]
fn what_a_worker_holds_is_written_when_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let writer = AccessLogWriter::start(&AccessLogDestination::File(path.clone())).unwrap();
    let workers = [writer.worker(), writer.worker()];
    for worker in workers {
        worker.write(AccessLogFormat::Json, &record(None));
    }
    assert!(writer.finish(WAIT));
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 2);
}

#[test]
fn a_file_that_was_moved_away_is_opened_again_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (
        folder.path().join("access.log"),
        folder.path().join("access.log.1"),
    );
    let writer = AccessLogWriter::start(&AccessLogDestination::File(path.clone())).unwrap();
    let first = writer.worker();
    first.write(AccessLogFormat::Json, &record(None));
    drop(first);
    fs::rename(&path, &moved).unwrap();
    writer.reopen();
    let second = writer.worker();
    second.write(AccessLogFormat::Text, &record(None));
    drop(second);
    assert!(writer.finish(WAIT));
    assert!(fs::read_to_string(moved).unwrap().starts_with('{'));
    assert!(
        fs::read_to_string(path)
            .unwrap()
            .starts_with("192.0.2.7 - - [")
    );
}

#[test]
fn a_log_that_is_off_keeps_nothing_and_ends_at_once() {
    let writer = AccessLogWriter::start(&AccessLogDestination::Off).unwrap();
    let log = writer.worker();
    log.write(AccessLogFormat::Json, &record(None));
    log.tick(Instant::now());
    assert!(writer.finish(Duration::ZERO));
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error_at_once() {
    let path = PathBuf::from("/proc/there-is-no-such-folder/access.log");
    let error = AccessLogWriter::start(&AccessLogDestination::File(path)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}
