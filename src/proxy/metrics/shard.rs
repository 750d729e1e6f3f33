//! One worker's numbers.

use std::{
    marker::PhantomData,
    sync::{Arc, OnceLock},
};

use super::{
    cell::{Cell, Durations},
    firewall::{FirewallCells, FirewallOutcome},
    series::MAX_SERIES,
    status,
    tables::{Counter, Gauge},
};
use crate::{
    policy::CookieFinding,
    proxy::{
        inspect::Uninspected,
        record::{Outcome, RequestRecord, SeriesId},
    },
};

const CHUNK: usize = 256;
const CHUNKS: usize = MAX_SERIES / CHUNK;

/// One worker's side of the metrics: the only writer of its shard.
#[derive(Debug)]
pub struct WorkerMetrics {
    shard: Arc<Shard>,
    /// Not `Sync`: a shard has one writer.
    _one_writer: PhantomData<std::cell::Cell<()>>,
}

/// The numbers of one worker, read by whoever scrapes.
#[derive(Debug)]
pub(super) struct Shard {
    counters: [Cell; Counter::ALL.len()],
    gauges: [Cell; Gauge::ALL.len()],
    firewall: FirewallCells,
    /// By [`CookieFinding::index`].
    cookies: [Cell; CookieFinding::ALL.len()],
    /// A series' cells are made when its first request ends here, some 1.2 KiB each.
    series: [OnceLock<Box<Chunk>>; CHUNKS],
}

type Chunk = [OnceLock<Box<SeriesCells>>; CHUNK];

/// The numbers of one series.
#[derive(Debug)]
pub(super) struct SeriesCells {
    /// By [`status::place`].
    pub(super) statuses: [Cell; status::LABELS.len()],
    /// By [`Outcome::index`].
    pub(super) outcomes: [Cell; Outcome::ALL.len()],
    pub(super) duration: Durations,
    pub(super) upstream_latency: Durations,
    pub(super) bytes_received: Cell,
    pub(super) bytes_sent: Cell,
    pub(super) retries: Cell,
}

impl WorkerMetrics {
    pub(super) fn new(shard: Arc<Shard>) -> Self {
        Self {
            shard,
            _one_writer: PhantomData,
        }
    }

    /// Counts an exchange that has ended.
    pub fn record(&self, record: &RequestRecord<'_>) {
        for (finding, count) in record.cookies.iter().flat_map(|it| it.findings.iter()) {
            if let Some(cell) = self.shard.cookies.get(finding.index()) {
                cell.add(count.into());
            }
        }
        let Some(cells) = self.shard.cells(record.series) else {
            return;
        };
        if let Some(cell) = cells.statuses.get(status::place(record.shown_status())) {
            cell.add(1);
        }
        if let Some(cell) = cells.outcomes.get(record.outcome.index()) {
            cell.add(1);
        }
        cells.duration.record(record.duration);
        cells.bytes_received.add(record.bytes_received);
        cells.bytes_sent.add(record.bytes_sent);
        if let Some(upstream) = &record.upstream {
            if let Some(latency) = upstream.head_latency {
                cells.upstream_latency.record(latency);
            }
            cells
                .retries
                .add(u64::from(upstream.attempts.saturating_sub(1)));
        }
    }

    /// Counts an inspection that has ended, and the rules that matched.
    pub(in crate::proxy) fn inspected(
        &self,
        firewall: &Arc<str>,
        outcome: FirewallOutcome,
        rules: impl Iterator<Item = u64>,
    ) {
        self.shard.firewall.inspected(firewall, outcome, rules);
    }

    /// Counts something that passes uninspected.
    pub(in crate::proxy) fn pass_uninspected(&self, reason: Uninspected) {
        self.shard.firewall.pass(reason);
    }

    /// Counts an exchange that is refused because it cannot be inspected.
    pub(in crate::proxy) fn refuse_uninspected(&self, reason: Uninspected) {
        self.shard.firewall.refuse(reason);
    }

    /// Adds one to a counter.
    pub fn count(&self, counter: Counter) {
        if let Some(cell) = self.shard.counters.get(counter.index()) {
            cell.add(1);
        }
    }

    /// Adds one to a gauge.
    pub fn raise(&self, gauge: Gauge) {
        if let Some(cell) = self.shard.gauges.get(gauge.index()) {
            cell.add(1);
        }
    }

    /// Takes one from a gauge.
    pub fn lower(&self, gauge: Gauge) {
        if let Some(cell) = self.shard.gauges.get(gauge.index()) {
            cell.subtract(1);
        }
    }

    /// Sets a gauge.
    pub fn set(&self, gauge: Gauge, value: u64) {
        if let Some(cell) = self.shard.gauges.get(gauge.index()) {
            cell.set(value);
        }
    }
}

impl Shard {
    pub(super) fn new() -> Self {
        Self {
            counters: Default::default(),
            gauges: Default::default(),
            firewall: FirewallCells::default(),
            cookies: Default::default(),
            series: [const { OnceLock::new() }; CHUNKS],
        }
    }

    pub(super) fn counter(&self, counter: Counter) -> u64 {
        self.counters.get(counter.index()).map_or(0, Cell::value)
    }

    pub(super) fn firewall(&self) -> &FirewallCells {
        &self.firewall
    }

    pub(super) fn cookies(&self, finding: CookieFinding) -> u64 {
        self.cookies.get(finding.index()).map_or(0, Cell::value)
    }

    pub(super) fn gauge(&self, gauge: Gauge) -> u64 {
        self.gauges.get(gauge.index()).map_or(0, Cell::value)
    }

    /// The cells of a series if it has any here.
    pub(super) fn existing(&self, id: SeriesId) -> Option<&SeriesCells> {
        let (chunk, place) = split(id);
        self.series
            .get(chunk)?
            .get()?
            .get(place)?
            .get()
            .map(Box::as_ref)
    }

    /// The cells of a series, made if there are none; `None` for a number that does not exist.
    #[inline]
    fn cells(&self, id: SeriesId) -> Option<&SeriesCells> {
        let (chunk, place) = split(id);
        let chunk = self
            .series
            .get(chunk)?
            .get_or_init(|| Box::new([const { OnceLock::new() }; CHUNK]));
        Some(chunk.get(place)?.get_or_init(Box::default))
    }
}

#[inline]
const fn split(id: SeriesId) -> (usize, usize) {
    let id = id.0 as usize;
    (id / CHUNK, id % CHUNK)
}

impl Default for SeriesCells {
    fn default() -> Self {
        Self {
            statuses: std::array::from_fn(|_| Cell::default()),
            outcomes: std::array::from_fn(|_| Cell::default()),
            duration: Durations::default(),
            upstream_latency: Durations::default(),
            bytes_received: Cell::default(),
            bytes_sent: Cell::default(),
            retries: Cell::default(),
        }
    }
}
