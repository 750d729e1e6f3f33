//! The process itself, under the names that every Prometheus client uses.

use std::fs;

use prometheus::{
    Counter, Gauge, IntGauge, Opts,
    core::{Collector, Desc},
    proto::MetricFamily,
};

const VALID: &str = "names, help and labels are constants that are valid";
/// Ticks of a second in `/proc`; `USER_HZ`, which is 100 wherever Linux runs today.
const TICKS: f64 = 100.0;

/// `process_*`: processor time, memory, descriptors, threads, start.
#[derive(Debug)]
pub struct ProcessMetrics {
    cpu: Counter,
    resident: IntGauge,
    virtual_size: IntGauge,
    descriptors: IntGauge,
    most_descriptors: IntGauge,
    threads: IntGauge,
    start: Gauge,
}

/// `portcullis_build_info`: the version, as a label of a gauge that is always 1.
#[derive(Debug)]
pub struct BuildInfo(IntGauge);

impl ProcessMetrics {
    /// Metrics of the process that calls it.
    pub fn new() -> Self {
        let gauge = |name, help| IntGauge::new(name, help).expect(VALID);
        let metrics = Self {
            cpu: Counter::new(
                "process_cpu_seconds_total",
                "Processor time spent, in seconds.",
            )
            .expect(VALID),
            resident: gauge(
                "process_resident_memory_bytes",
                "Resident memory, in bytes.",
            ),
            virtual_size: gauge("process_virtual_memory_bytes", "Virtual memory, in bytes."),
            descriptors: gauge("process_open_fds", "Open file descriptors."),
            most_descriptors: gauge("process_max_fds", "Most file descriptors that may be open."),
            threads: gauge("process_threads", "Threads of the process."),
            start: Gauge::new(
                "process_start_time_seconds",
                "When the process started, in seconds since 1970.",
            )
            .expect(VALID),
        };
        metrics.start.set(start_time().unwrap_or_default());
        metrics
    }

    fn each(&self) -> [&dyn Collector; 7] {
        let Self {
            cpu,
            resident,
            virtual_size,
            descriptors,
            most_descriptors,
            threads,
            start,
        } = self;
        [
            cpu,
            resident,
            virtual_size,
            descriptors,
            most_descriptors,
            threads,
            start,
        ]
    }

    /// What cannot be read keeps its last value.
    fn read(&self) {
        if let Some(seconds) = cpu_seconds() {
            self.cpu.inc_by((seconds - self.cpu.get()).max(0.0));
        }
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name| field(&status, name);
        for (gauge, value) in [
            (&self.resident, field("VmRSS:").map(|kib| kib * 1024)),
            (&self.virtual_size, field("VmSize:").map(|kib| kib * 1024)),
            (&self.threads, field("Threads:")),
            (&self.descriptors, open_descriptors()),
            (&self.most_descriptors, most_descriptors()),
        ] {
            if let Some(value) = value {
                gauge.set(value);
            }
        }
    }
}

impl Default for ProcessMetrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Collector for ProcessMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.each()
            .iter()
            .flat_map(|family| family.desc())
            .collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.read();
        self.each()
            .iter()
            .flat_map(|family| family.collect())
            .collect()
    }
}

impl BuildInfo {
    /// The version of this build.
    pub fn new() -> Self {
        let options = Opts::new(
            "portcullis_build_info",
            "The version of this program; always 1.",
        )
        .const_label("version", env!("CARGO_PKG_VERSION"));
        let gauge = IntGauge::with_opts(options).expect(VALID);
        gauge.set(1);
        Self(gauge)
    }
}

impl Default for BuildInfo {
    fn default() -> Self {
        Self::new()
    }
}

impl Collector for BuildInfo {
    fn desc(&self) -> Vec<&Desc> {
        self.0.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.0.collect()
    }
}

/// The fields of `/proc/self/stat` after the program's name, which may hold anything; proc(5) counts
/// the first of them as 3.
fn stat() -> Option<Vec<u64>> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(
        fields
            .split_whitespace()
            .map(|field| field.parse().unwrap_or(0))
            .collect(),
    )
}

#[allow(clippy::cast_precision_loss, reason = "ticks stay below 2^53")]
fn cpu_seconds() -> Option<f64> {
    let fields = stat()?;
    let (user, system) = (fields.get(14 - 3)?, fields.get(15 - 3)?);
    Some((user + system) as f64 / TICKS)
}

#[allow(clippy::cast_precision_loss, reason = "ticks stay below 2^53")]
fn start_time() -> Option<f64> {
    let after_boot = *stat()?.get(22 - 3)? as f64 / TICKS;
    let kernel = fs::read_to_string("/proc/stat").ok()?;
    let boot = kernel
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?;
    Some(boot.trim().parse::<f64>().ok()? + after_boot)
}

fn field(status: &str, name: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn open_descriptors() -> Option<i64> {
    // The descriptor that reads the folder is one of them.
    let count = fs::read_dir("/proc/self/fd")
        .ok()?
        .count()
        .saturating_sub(1);
    i64::try_from(count).ok()
}

fn most_descriptors() -> Option<i64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;

    #[test]
    fn the_process_is_described_as_it_is() {
        let metrics = ProcessMetrics::new();
        metrics.read();
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs_f64();
        assert!(
            (now - 86_400.0..now + 5.0).contains(&metrics.start.get()),
            "{metrics:?}"
        );
        assert!(metrics.resident.get() > 1 << 20, "{metrics:?}");
        assert!(
            metrics.virtual_size.get() >= metrics.resident.get(),
            "{metrics:?}"
        );
        assert!(metrics.descriptors.get() >= 3, "{metrics:?}");
        assert!(
            metrics.most_descriptors.get() >= metrics.descriptors.get(),
            "{metrics:?}"
        );
        assert!(metrics.threads.get() >= 1, "{metrics:?}");
        let before = metrics.cpu.get();
        metrics.read();
        assert!(metrics.cpu.get() >= before);
    }
}
