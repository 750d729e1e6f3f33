//! The numbers of one series over all shards.

use std::sync::Arc;

use super::{
    cell::{Cell, DurationsTotal},
    shard::{SeriesCells, Shard},
    status,
};
use crate::proxy::record::{Outcome, SeriesId};

/// What was counted for one series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SeriesTotal {
    pub(super) statuses: [u64; status::LABELS.len()],
    pub(super) outcomes: [u64; Outcome::ALL.len()],
    pub(super) duration: DurationsTotal,
    pub(super) upstream_latency: DurationsTotal,
    pub(super) bytes_received: u64,
    pub(super) bytes_sent: u64,
    pub(super) retries: u64,
}

impl SeriesTotal {
    /// `None` if no shard has counted anything for it.
    pub(super) fn of(shards: &[Arc<Shard>], id: SeriesId) -> Option<Self> {
        let mut cells = shards
            .iter()
            .filter_map(|shard| shard.existing(id))
            .peekable();
        cells.peek()?;
        let mut total = Self {
            statuses: [0; _],
            outcomes: [0; _],
            duration: DurationsTotal::default(),
            upstream_latency: DurationsTotal::default(),
            bytes_received: 0,
            bytes_sent: 0,
            retries: 0,
        };
        for cells in cells {
            let SeriesCells {
                statuses,
                outcomes,
                duration,
                upstream_latency,
                bytes_received,
                bytes_sent,
                retries,
            } = cells;
            add(&mut total.statuses, statuses);
            add(&mut total.outcomes, outcomes);
            duration.add_to(&mut total.duration);
            upstream_latency.add_to(&mut total.upstream_latency);
            total.bytes_received += bytes_received.value();
            total.bytes_sent += bytes_sent.value();
            total.retries += retries.value();
        }
        Some(total)
    }

    /// What was counted since `base`.
    pub(super) fn since(&self, base: &Self) -> Self {
        let Self {
            statuses,
            outcomes,
            duration,
            upstream_latency,
            bytes_received,
            bytes_sent,
            retries,
        } = base;
        let mut total = self.clone();
        subtract(&mut total.statuses, statuses);
        subtract(&mut total.outcomes, outcomes);
        total.duration.subtract(duration);
        total.upstream_latency.subtract(upstream_latency);
        total.bytes_received -= bytes_received;
        total.bytes_sent -= bytes_sent;
        total.retries -= retries;
        total
    }
}

fn subtract<const N: usize>(total: &mut [u64; N], base: &[u64; N]) {
    for (total, base) in total.iter_mut().zip(base) {
        *total -= base;
    }
}

fn add<const N: usize>(total: &mut [u64; N], cells: &[Cell; N]) {
    for (total, cell) in total.iter_mut().zip(cells) {
        *total += cell.value();
    }
}
