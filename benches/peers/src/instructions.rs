//! User-mode instructions a request, counted by callgrind: slow, and the same on every machine.
//!
//! Counts are taken between two moments at which nothing is outstanding, so that start-up does not
//! count. The kernel's work is not in them, and valgrind's one-thread scheduling changes how requests
//! meet: a figure for one proxy over time, less so for two proxies beside each other.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::{
    cases::Case,
    proxies::{self, Site},
    sample::Load,
};

/// Requests counted for each case.
const REQUESTS: u64 = 2000;

/// Prints a row for each of `cases`, with `name` under callgrind on `site`.
pub(crate) fn count(name: &str, site: &mut Site, cases: &[Case], load_core: usize) -> Result<()> {
    let output = site.path(&format!("callgrind.{name}"));
    site.wrapper = vec![
        "valgrind".into(),
        "--tool=callgrind".into(),
        format!("--callgrind-out-file={output}.%p"),
    ];
    let proxy = proxies::start(name, site)?;
    for case in cases {
        let Some(mut load) = case.load(&proxy, 120_000) else {
            continue;
        };
        load.requests = REQUESTS;
        load.warm_millis = 10_000;
        let mut load = Load::start(&load, load_core)?;
        let processes = proxy.processes()?;
        for process in &processes {
            control("--zero", *process)?;
        }
        let outcome = load.go()?;
        let mut total = 0;
        for process in &processes {
            control("--dump", *process)?;
            total += dumped(Path::new(&format!("{output}.{process}")))?;
        }
        load.end()?;
        let each = total as f64 / outcome.requests as f64 / 1e3;
        println!("| {} | {name} | {each:.2} |", case.name);
    }
    Ok(())
}

fn control(command: &str, process: u32) -> Result<()> {
    let output = Command::new("callgrind_control")
        .args([command, &process.to_string()])
        .output()
        .context("callgrind_control")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(said.contains("OK"), "callgrind_control {command}: {said}");
    Ok(())
}

/// Takes the count out of the newest numbered dump beside `output`.
fn dumped(output: &Path) -> Result<u64> {
    let numbered = |number: u32| PathBuf::from(format!("{}.{number}", output.display()));
    let last = (1..)
        .take_while(|number| numbered(*number).exists())
        .last()
        .context("callgrind wrote no dump")?;
    let text = fs::read_to_string(numbered(last))?;
    let line = text.lines().find_map(|line| line.strip_prefix("summary:"));
    let count = line.context("dump without a summary")?;
    Ok(count.trim().parse()?)
}
