//! Whether memory runs short, so that new work is shed before the kernel ends the process.
//!
//! The limit is the control group's where there is one, else the machine's memory. Linux only, as the
//! rest; where nothing can be read, memory is taken to suffice.

use std::{fs, sync::Arc, time::Duration};

use crate::proxy::Limits;

/// How often it is looked.
const INTERVAL: Duration = Duration::from_millis(500);
/// The share of the limit, in percent, from which on new connections are refused.
const SHORT_FROM: u64 = 92;
/// The share below which they are taken again.
const ENOUGH_BELOW: u64 = 88;
/// Bytes of a page: what `/proc/self/statm` counts in on every platform that is built for.
const PAGE: u64 = 4096;

/// Looks at memory for as long as it is polled.
pub(super) async fn watch(limits: Arc<Limits>) {
    let Some(limit) = limit() else { return };
    let mut short = false;
    let mut interval = tokio::time::interval(INTERVAL);
    loop {
        interval.tick().await;
        let Some(used) = used() else { continue };
        let now = is_short(short, used, limit);
        if now != short {
            short = now;
            limits.set_short_of_memory(short);
            if short {
                tracing::error!(
                    used,
                    limit,
                    "memory runs short; new connections are refused"
                );
            } else {
                tracing::info!(used, limit, "memory suffices again");
            }
        }
    }
}

/// Whether memory is short, given whether it was.
fn is_short(was: bool, used: u64, limit: u64) -> bool {
    let share = used.saturating_mul(100) / limit.max(1);
    share >= if was { ENOUGH_BELOW } else { SHORT_FROM }
}

/// Resident memory of the process, in bytes.
fn used() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE)
}

fn limit() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo")
        .ok()
        .as_deref()
        .and_then(total);
    let group = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .into_iter()
    .find_map(|path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok());
    machine.into_iter().chain(group).min()
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_short_from_one_share_on_until_below_another() {
        for (was, used, expected) in [
            (false, 91, false),
            (false, 92, true),
            (true, 88, true),
            (true, 87, false),
        ] {
            assert_eq!(is_short(was, used, 100), expected, "{was} {used}");
        }
    }

    #[test]
    fn this_machine_says_what_it_has_and_what_is_used() {
        assert!(used() > Some(0));
        assert!(limit() > used());
    }

    #[test]
    fn the_total_is_in_kibibytes() {
        assert_eq!(total("MemTotal:       16 kB\nMemFree: 1 kB\n"), Some(16384));
        assert_eq!(total("MemFree: 1 kB\n"), None);
    }
}
