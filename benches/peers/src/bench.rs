//! The comparison: starts everything, takes interleaved samples, prints the tables.

use std::{thread, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::{
    cases::{self, Case},
    ground::{Backend, Ground, OTHER_CORE, PROXY_CORE},
    instructions,
    load::{LoadArgs, Protocol},
    measure::{self, Measure},
    proxies::{self, Proxy, Site, ask, free_address},
    routes,
    sample::{self, Load, Setting, TICKS},
    table::{self, Row},
};

/// What to compare.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    ground: Ground,
    /// One case of each kind, few and short windows.
    #[arg(long)]
    short: bool,
    /// Proxies, in the table's order.
    #[arg(long, value_delimiter = ',', default_values = proxies::NAMES)]
    proxies: Vec<String>,
    /// Only cases whose name contains this.
    #[arg(long, default_value = "")]
    cases: String,
    /// Windows for each case and proxy; 9, or 3 with --short.
    #[arg(long)]
    repeat: Option<usize>,
    /// Length of a window in milliseconds; 500, or 300 with --short.
    #[arg(long)]
    millis: Option<u64>,
    /// Only with the proxy on a core of its own, not also with everything on one core.
    #[arg(long)]
    split_only: bool,
    /// Idle connection pairs whose memory is measured; 0 for none.
    #[arg(long, default_value_t = 2000)]
    idle: usize,
    /// Instead of measuring, count the user-mode instructions of the proxies under callgrind.
    #[arg(long)]
    instructions: bool,
}

impl BenchArgs {
    fn chosen(&self) -> Vec<Case> {
        let mut cases = match self.short {
            true => cases::short(),
            false => cases::all(),
        };
        cases.retain(|case| case.name.contains(&self.cases));
        cases
    }
}

/// Runs the comparison that `args` describe.
pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    let backend = Backend::start(free_address()?)?;
    let mut site = args.ground.site(&backend)?;
    if args.instructions {
        return instructions(args, &mut site);
    }
    compare(args, &site, &backend)?;
    drop(site);
    if args.idle > 0 {
        idle(args)?;
    }
    Ok(())
}

fn instructions(args: &BenchArgs, site: &mut Site) -> Result<()> {
    println!("## User-mode instructions a request (callgrind)\n");
    println!("| case | proxy | thousands |");
    println!("|---|---|---|");
    for name in &args.proxies {
        instructions::count(name, site, &args.chosen(), OTHER_CORE)?;
    }
    Ok(())
}

fn compare(args: &BenchArgs, site: &Site, backend: &Backend) -> Result<()> {
    let chosen = args.chosen();
    let measure = Measure::of_this_machine();
    let running: Vec<Proxy> = args
        .proxies
        .iter()
        .map(|name| proxies::start(name, site))
        .collect::<Result<_>>()?;
    println!("# Proxies side by side\n");
    for proxy in &running {
        println!("- {}: {}", proxy.name, proxy.version);
    }
    println!(
        "\n{} hosts x {} paths routed, access log {}, metrics on, one worker.",
        routes::HOSTS,
        routes::SERVICES.len(),
        if site.log { "on" } else { "off" }
    );
    let names: Vec<&str> = running.iter().map(|proxy| proxy.name).collect();
    let placements = [
        (
            "Proxy on a core of its own, load and backend on another",
            OTHER_CORE,
        ),
        ("Everything on one core", PROXY_CORE),
    ];
    let count = if args.split_only { 1 } else { 2 };
    for (title, load_core) in placements.into_iter().take(count) {
        backend.pin(load_core)?;
        let setting = Setting {
            measure,
            load_core,
            backend: backend.process(),
            folder: &site.folder,
        };
        let rows: Vec<Row> = chosen
            .iter()
            .map(|case| row(args, &setting, &running, case))
            .collect::<Result<_>>()?;
        table::print(title, measure, &names, &rows);
        foreign(&rows);
    }
    Ok(())
}

/// Takes all samples of one case, every proxy in turn, beginning with another one each time.
fn row(args: &BenchArgs, setting: &Setting<'_>, running: &[Proxy], case: &Case) -> Result<Row> {
    eprintln!("{}", case.name);
    let repeat = args.repeat.unwrap_or(if args.short { 3 } else { 9 });
    let millis = args.millis.unwrap_or(if args.short { 300 } else { 500 });
    let mut samples = vec![Vec::new(); running.len()];
    for repetition in 0..repeat {
        for turn in 0..running.len() {
            let index = (repetition + turn) % running.len();
            let proxy = &running[index];
            if let Some(load) = case.load(proxy, millis) {
                let sample = sample::take(setting, proxy, &load)
                    .with_context(|| format!("{}: {}", proxy.name, case.name))?;
                samples[index].push(sample);
            }
        }
    }
    Ok(Row {
        case: case.clone(),
        samples,
    })
}

/// Says how busy others kept the machine.
fn foreign(rows: &[Row]) {
    let samples = rows.iter().flat_map(|row| row.samples.iter().flatten());
    let (ticks, seconds) = samples.fold((0.0, 0.0), |(ticks, seconds), sample| {
        let window = sample.requests as f64 / sample.rate;
        (ticks + sample.foreign, seconds + window)
    });
    let share = ticks / TICKS / seconds * 100.0;
    println!(
        "\nOthers kept the machine busy for {share:.0} % of a core{}.",
        if share > 10.0 {
            ": these figures are doubtful"
        } else {
            ""
        }
    );
}

/// Measures what an idle connection pair takes, each proxy freshly started.
fn idle(args: &BenchArgs) -> Result<()> {
    let pairs = args.idle;
    println!("\n## {pairs} idle keep-alive connection pairs\n");
    println!("| proxy | resident before | after | bytes a pair | upstream connections held |");
    println!("|---|---|---|---|---|");
    for name in args.proxies.iter().filter(|name| *name != "relay") {
        let backend = Backend::start(free_address()?)?;
        let site = args.ground.site(&backend)?;
        let proxy = proxies::start(name, &site)?;
        let load = LoadArgs {
            target: proxy.http,
            protocol: Protocol::Http1,
            connections: pairs,
            streams: 1,
            headers: 12,
            answer: 512,
            post: 0,
            millis: 0,
            warm_millis: 0,
            requests: 0,
            hold: true,
        };
        let before = measure::resident(&proxy.processes()?)?;
        let held = Load::start(&load, OTHER_CORE).with_context(|| name.clone())?;
        // Long enough for buffers to be given back, short of any idle timeout.
        thread::sleep(Duration::from_secs(2));
        let after = measure::resident(&proxy.processes()?)?;
        let answer = ask(backend.address, "backend", "/open")?;
        let upstream = answer.lines().last().unwrap_or_default().to_owned();
        held.end()?;
        let pair = after.saturating_sub(before) as f64 / pairs as f64;
        println!(
            "| {name} | {:.1} MB | {:.1} MB | {pair:.0} | {upstream} |",
            before as f64 / 1e6,
            after as f64 / 1e6,
        );
        let upstream: usize = upstream.parse().context("the backend's count")?;
        ensure!(
            upstream >= pairs,
            "{name} kept {upstream} upstream connections, not {pairs}"
        );
    }
    Ok(())
}
