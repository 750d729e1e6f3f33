//! What a process cost: cycles and instructions where the machine counts them, CPU time elsewhere.
//!
//! Accounts are taken while nothing is outstanding. CPU time is the scheduler's, in nanoseconds, of
//! every thread of every process; it holds the kernel's work on the process's behalf. Not a
//! profiler: see callgrind for where the cost lies.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};

/// Events counted, in the order of [`Counters`].
const EVENTS: &str = "instructions:u,instructions:k,cycles:u,cycles:k";

/// What the table's figures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Hardware cycles, user and kernel.
    Cycles,
    /// CPU time in nanoseconds, for machines that count nothing.
    CpuTime,
}

impl Measure {
    /// The better measure of the two that this machine has.
    pub(crate) fn of_this_machine() -> Self {
        let counted = Command::new("perf")
            .args(["stat", "-x,", "-e", "cycles:u", "true"])
            .output()
            .ok()
            .filter(|output| output.status.success())
            .map(|output| String::from_utf8_lossy(&output.stderr).into_owned())
            .and_then(|text| text.split(',').next()?.trim().parse::<u64>().ok());
        match counted {
            Some(_) => Self::Cycles,
            None => Self::CpuTime,
        }
    }

    /// What it is, for the head of a table.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Cycles => "thousands of CPU cycles a request (user and kernel, perf stat)",
            Self::CpuTime => {
                "microseconds of CPU time a request (user and kernel, scheduler's account; \
                 this machine has no hardware counters)"
            }
        }
    }
}

/// CPU time so far.
#[derive(Clone, Copy, Default)]
pub(crate) struct Account {
    /// On a core, in nanoseconds.
    pub ns: u64,
    /// In user mode, in clock ticks.
    pub user: u64,
    /// In the kernel, in clock ticks.
    pub kernel: u64,
}

/// The account of all threads of `processes`.
pub(crate) fn account(processes: &[u32]) -> Result<Account> {
    let mut total = Account::default();
    for process in processes {
        for task in fs::read_dir(format!("/proc/{process}/task"))? {
            let task = task?.path();
            let text = fs::read_to_string(task.join("schedstat"))?;
            let ns = text.split_whitespace().next().context("empty schedstat")?;
            total.ns += ns.parse::<u64>()?;
        }
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        let after_name = stat.rsplit_once(')').context("odd stat")?.1;
        let mut fields = after_name.split_whitespace().skip(11);
        let mut tick = || -> Result<u64> { Ok(fields.next().context("short stat")?.parse()?) };
        total.user += tick()?;
        total.kernel += tick()?;
    }
    Ok(total)
}

/// `root` and all that it started.
pub(crate) fn process_tree(root: u32) -> Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process that ended meanwhile is of no interest.
        let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else {
            continue;
        };
        let parent = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        parents.extend(parent.map(|parent| (id, parent)));
    }
    let mut tree = vec![root];
    let mut next = 0;
    while let Some(&parent) = tree.get(next) {
        tree.extend(
            parents
                .iter()
                .filter(|pair| pair.1 == parent)
                .map(|pair| pair.0),
        );
        next += 1;
    }
    Ok(tree)
}

/// Resident memory of `processes`, in bytes; pages they share count once for each.
pub(crate) fn resident(processes: &[u32]) -> Result<u64> {
    let mut total = 0;
    for process in processes {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let kilobytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .context("no VmRSS")?;
        total += kilobytes.parse::<u64>()? * 1024;
    }
    Ok(total)
}

/// Clock ticks that every core was busy so far, for telling what others did meanwhile.
pub(crate) fn busy_ticks() -> Result<u64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("empty /proc/stat")?;
    let ticks: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    // user nice system idle iowait irq softirq steal; guests are within user.
    Ok(ticks.iter().take(8).sum::<u64>() - ticks.iter().skip(3).take(2).sum::<u64>())
}

/// Hardware counts of one window.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    pub instructions_user: u64,
    pub instructions_kernel: u64,
    pub cycles_user: u64,
    pub cycles_kernel: u64,
}

/// `perf stat` attached to some processes, counting only between [`Perf::enable`] and
/// [`Perf::disable`].
pub(crate) struct Perf {
    child: Child,
    control: File,
    acknowledged: BufReader<File>,
    output: PathBuf,
}

impl Perf {
    /// Attaches to `processes`, with its files in `folder`.
    pub(crate) fn attach(processes: &[u32], folder: &Path) -> Result<Self> {
        let (control, ack) = (folder.join("perf.control"), folder.join("perf.ack"));
        for fifo in [&control, &ack] {
            if !fifo.exists() {
                let made = Command::new("mkfifo").arg(fifo).status()?;
                ensure!(made.success(), "mkfifo {}", fifo.display());
            }
        }
        let ids: Vec<String> = processes.iter().map(u32::to_string).collect();
        let output = folder.join("perf.out");
        let child = Command::new("perf")
            .args(["stat", "-x,", "-D", "-1", "-e", EVENTS])
            .arg("--control")
            .arg(format!("fifo:{},{}", control.display(), ack.display()))
            .arg("-o")
            .arg(&output)
            .args(["-p", &ids.join(",")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("perf stat")?;
        // Opened both ways, so that neither side waits for the other.
        let open = |path| File::options().read(true).write(true).open(path);
        Ok(Self {
            child,
            control: open(&control)?,
            acknowledged: BufReader::new(open(&ack)?),
            output,
        })
    }

    /// Counts from now on.
    pub(crate) fn enable(&mut self) -> Result<()> {
        self.command("enable")
    }

    /// Counts no more, and says what was counted.
    pub(crate) fn disable(mut self) -> Result<Counters> {
        self.command("disable")?;
        let id = self.child.id().to_string();
        Command::new("kill").args(["-INT", &id]).status()?;
        self.child.wait()?;
        let text = fs::read_to_string(&self.output)?;
        let count = |event: &str| -> Result<u64> {
            let line = text.lines().find(|line| line.contains(event));
            let line = line.with_context(|| format!("perf did not count {event}"))?;
            let number = line.split(',').next().unwrap_or_default();
            number
                .parse()
                .with_context(|| format!("perf counted {line:?}"))
        };
        Ok(Counters {
            instructions_user: count("instructions:u")?,
            instructions_kernel: count("instructions:k")?,
            cycles_user: count("cycles:u")?,
            cycles_kernel: count("cycles:k")?,
        })
    }

    fn command(&mut self, command: &str) -> Result<()> {
        writeln!(self.control, "{command}")?;
        let mut answer = String::new();
        self.acknowledged.read_line(&mut answer)?;
        ensure!(answer.contains("ack"), "perf said {answer:?}");
        Ok(())
    }
}
