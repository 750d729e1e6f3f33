//! One window on one proxy: the load runs, the proxy's cost is taken around it.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{
    load::{LoadArgs, Outcome, Protocol},
    measure::{self, Counters, Measure, Perf},
    proxies::Proxy,
};

/// Where things run and how they are measured.
pub(crate) struct Setting<'a> {
    /// What the figure is.
    pub measure: Measure,
    /// Core of the load.
    pub load_core: usize,
    /// Process id of the backend.
    pub backend: u32,
    /// Folder for perf's files.
    pub folder: &'a Path,
}

/// What a window came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Cycles or nanoseconds a request.
    pub cost: f64,
    /// Part of the proxy's time in user mode, 0 to 1.
    pub user: f64,
    /// Part of the window in which the load was on its core, 0 to 1.
    pub load: f64,
    /// The same of the backend.
    pub backend: f64,
    /// The same of the proxy.
    pub proxy: f64,
    /// Requests a second.
    pub rate: f64,
    /// Requests in the window.
    pub requests: u64,
    /// Busy time of the machine that is none of the above, in clock ticks; may be a little negative.
    pub foreign: f64,
    /// Hardware counts of the window, where there are any.
    pub counters: Option<Counters>,
}

/// Clock ticks a second (`getconf CLK_TCK`), a constant of the kernel's interface.
pub(crate) const TICKS: f64 = 100.0;

/// Takes one sample of `proxy` under `load`.
pub(crate) fn take(setting: &Setting<'_>, proxy: &Proxy, load: &LoadArgs) -> Result<Sample> {
    let processes = proxy.processes()?;
    let mut running = Load::start(load, setting.load_core)?;
    let mut perf = match setting.measure {
        Measure::Cycles => Some(Perf::attach(&processes, setting.folder)?),
        Measure::CpuTime => None,
    };
    let before = measure::account(&processes)?;
    let backend_before = measure::account(&[setting.backend])?;
    let busy_before = measure::busy_ticks()?;
    if let Some(perf) = &mut perf {
        perf.enable()?;
    }
    let outcome = running.go()?;
    let counters = perf.map(Perf::disable).transpose()?;
    let busy = measure::busy_ticks()? - busy_before;
    let after = measure::account(&processes)?;
    let backend = measure::account(&[setting.backend])?.ns - backend_before.ns;
    running.end()?;
    proxy.empty_log()?;

    let wall = outcome.wall_ns as f64;
    let requests = outcome.requests as f64;
    let ns = (after.ns - before.ns) as f64;
    let (user, kernel) = (after.user - before.user, after.kernel - before.kernel);
    let ours = ns + (backend + outcome.cpu_ns) as f64;
    Ok(Sample {
        cost: match counters {
            Some(counted) => (counted.cycles_user + counted.cycles_kernel) as f64 / requests,
            None => ns / requests,
        },
        user: user as f64 / (user + kernel).max(1) as f64,
        load: outcome.cpu_ns as f64 / wall,
        backend: backend as f64 / wall,
        proxy: ns / wall,
        rate: requests * 1e9 / wall,
        requests: outcome.requests,
        foreign: busy as f64 - ours * TICKS / 1e9,
        counters,
    })
}

/// A load in a process of its own.
pub(crate) struct Load {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Load {
    /// Starts it on `core`, and waits until it has warmed up.
    pub(crate) fn start(load: &LoadArgs, core: usize) -> Result<Self> {
        let mut command = Command::new("taskset");
        command
            .args(["-c", &core.to_string()])
            .arg(std::env::current_exe()?)
            .arg("load")
            .args(arguments(load))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().context("start the load")?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("the load has no pipes");
        };
        let mut started = Self {
            child,
            input,
            output: BufReader::new(output),
        };
        let line = started.line()?;
        if line != "ready" {
            bail!("the load failed before its window");
        }
        Ok(started)
    }

    /// Runs its window.
    pub(crate) fn go(&mut self) -> Result<Outcome> {
        self.input.write_all(b"go\n")?;
        let line = self.line()?;
        line.parse().context("the load failed in its window")
    }

    /// Lets it close its connections and end.
    pub(crate) fn end(mut self) -> Result<()> {
        self.input.write_all(b"end\n")?;
        self.child.wait()?;
        Ok(())
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}

fn arguments(load: &LoadArgs) -> Vec<String> {
    let LoadArgs {
        target,
        protocol,
        connections,
        streams,
        headers,
        answer,
        post,
        millis,
        warm_millis,
        requests,
        hold,
    } = load;
    let protocol = match protocol {
        Protocol::Http1 => "http1",
        Protocol::Http2 => "http2",
        Protocol::TlsNew => "tls-new",
        Protocol::TlsResumed => "tls-resumed",
    };
    let mut arguments = vec![
        format!("--target={target}"),
        format!("--protocol={protocol}"),
        format!("--connections={connections}"),
        format!("--streams={streams}"),
        format!("--headers={headers}"),
        format!("--answer={answer}"),
        format!("--post={post}"),
        format!("--millis={millis}"),
        format!("--warm-millis={warm_millis}"),
        format!("--requests={requests}"),
    ];
    arguments.extend(hold.then(|| "--hold".to_owned()));
    arguments
}
