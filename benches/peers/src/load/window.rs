//! One window: warm up, say `ready`, wait for `go`, run, drain, account.
//!
//! The window opens and closes with nothing outstanding, so what a proxy spends between the two
//! lines is the cost of the counted requests and of nothing else.

use std::{
    io::{self, BufRead, Write},
    str::FromStr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use mio::{Events, Poll, Registry, Token};

use super::{
    handshake::Handshakes,
    http1::Http1,
    http2::Http2,
    request::{LoadArgs, Protocol},
};

/// Longest wait for any answer before the run is given up.
const STALL: Duration = Duration::from_secs(20);

/// Bytes taken off a socket in one read.
const READ: usize = 64 << 10;

/// One connection's worth of load.
pub(super) trait Session {
    /// Starts requests while the budget grants them.
    fn begin(&mut self, turn: &mut Turn<'_>) -> Result<()>;

    /// Goes on after readiness, starting new requests as answers complete.
    fn advance(&mut self, turn: &mut Turn<'_>) -> Result<()>;
}

/// What a session works with while it is its turn.
pub(super) struct Turn<'a> {
    /// Where its socket is registered.
    pub registry: &'a Registry,
    /// Its token there.
    pub token: Token,
    /// The requests it may start.
    pub budget: &'a mut Budget,
    /// A buffer to read into, shared so that it stays in the cache.
    pub scratch: &'a mut [u8],
}

/// Requests that may still start, and those that ended.
pub(super) struct Budget {
    left: u64,
    started: u64,
    completed: u64,
}

impl Budget {
    /// Grants one more request, or not.
    pub(super) fn take(&mut self) -> bool {
        let granted = self.left > 0;
        self.left -= u64::from(granted);
        self.started += u64::from(granted);
        granted
    }

    /// Counts an answered request.
    pub(super) fn complete(&mut self) {
        self.completed += 1;
    }
}

/// What a window came to, as printed on its last line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// Requests answered as expected, which is all of them.
    pub requests: u64,
    /// Length of the window, drain included, in nanoseconds.
    pub wall_ns: u64,
    /// CPU time of the load in it, in nanoseconds.
    pub cpu_ns: u64,
}

impl FromStr for Outcome {
    type Err = anyhow::Error;

    fn from_str(line: &str) -> Result<Self> {
        let numbers: Vec<u64> = line
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()
            .with_context(|| format!("load said {line:?}"))?;
        let [requests, wall_ns, cpu_ns] = numbers[..] else {
            bail!("load said {line:?}");
        };
        Ok(Self {
            requests,
            wall_ns,
            cpu_ns,
        })
    }
}

/// Runs the load that `args` describe, in step with whoever reads its output.
pub(crate) fn run(args: &LoadArgs) -> Result<()> {
    ensure!(args.target.ip().is_loopback(), "the target is not loopback");
    let count = 0..args.connections;
    match args.protocol {
        Protocol::Http1 => drive(
            args,
            count.map(|i| Http1::new(args, i)).collect::<Result<_>>()?,
        ),
        Protocol::Http2 => drive(
            args,
            count.map(|i| Http2::new(args, i)).collect::<Result<_>>()?,
        ),
        Protocol::TlsNew | Protocol::TlsResumed => {
            let sessions = Handshakes::new(args)?;
            drive(args, count.map(|i| sessions.session(i)).collect())
        }
    }
}

fn drive<S: Session>(args: &LoadArgs, mut sessions: Vec<S>) -> Result<()> {
    let mut poll = Poll::new()?;
    let warm = Duration::from_millis(args.warm_millis);
    if args.hold {
        let once = args.connections as u64;
        window(&mut poll, &mut sessions, STALL, once)?;
        await_go()?;
        return Ok(());
    }
    window(&mut poll, &mut sessions, warm, args.requests)?;
    await_go()?;
    let cpu = cpu_ns()?;
    let start = Instant::now();
    let requests = window(
        &mut poll,
        &mut sessions,
        Duration::from_millis(args.millis),
        args.requests,
    )?;
    let wall_ns = start.elapsed().as_nanos();
    let cpu_ns = cpu_ns()? - cpu;
    println!("{requests} {wall_ns} {cpu_ns}");
    // Idle connections stay open until the reader has taken its own account.
    await_end()
}

fn window<S: Session>(
    poll: &mut Poll,
    sessions: &mut [S],
    length: Duration,
    most: u64,
) -> Result<u64> {
    let mut budget = Budget {
        left: most,
        started: 0,
        completed: 0,
    };
    let end = Instant::now() + length;
    let mut scratch = vec![0; READ];
    for (index, session) in sessions.iter_mut().enumerate() {
        session.begin(&mut Turn {
            registry: poll.registry(),
            token: Token(index),
            budget: &mut budget,
            scratch: &mut scratch,
        })?;
    }
    let mut events = Events::with_capacity(1024);
    while budget.completed < budget.started {
        match poll.poll(&mut events, Some(STALL)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        }
        ensure!(
            !events.is_empty(),
            "stalled with {} of {} requests answered",
            budget.completed,
            budget.started
        );
        if Instant::now() >= end {
            budget.left = 0;
        }
        for event in &events {
            let token = event.token();
            if let Some(session) = sessions.get_mut(token.0) {
                session.advance(&mut Turn {
                    registry: poll.registry(),
                    token,
                    budget: &mut budget,
                    scratch: &mut scratch,
                })?;
            }
        }
    }
    Ok(budget.completed)
}

fn await_go() -> Result<()> {
    println!("ready");
    io::stdout().flush()?;
    await_end()
}

fn await_end() -> Result<()> {
    io::stdout().flush()?;
    io::stdin().lock().read_line(&mut String::new())?;
    Ok(())
}

fn cpu_ns() -> Result<u64> {
    let account = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let first = account.split_whitespace().next();
    Ok(first.context("empty schedstat")?.parse()?)
}
