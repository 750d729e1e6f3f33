//! Requests tried on their firewalls, and exit codes.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Context;
use serde_json::json;

use super::{
    report::{Reported, Verdict},
    requests::Requests,
    rules,
    world::World,
};
use crate::{
    cli::{OutputFormat, WafCommand, WafPlace, WafRequestSettings},
    proxy::{Rehearsal, Rehearsed},
    waf::log::Masks,
};

/// Something is or would be refused.
const REFUSED: u8 = 1;

/// Wrong usage, or rules do not load: nothing that is printed can be relied on.
const UNUSABLE: u8 = 2;

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// The verdict and the rules.
    Test,
    /// Every match too; `all`: of rules that want no line in any log as well.
    Explain { all: bool },
}

/// Carries out one of the commands.
pub(in crate::app) fn main(command: &WafCommand) -> ExitCode {
    let done = match command {
        WafCommand::Test(settings) => tried(settings, Depth::Test),
        WafCommand::Explain { request, all } => tried(request, Depth::Explain { all: *all }),
        WafCommand::Rules(settings) => rules::list(settings),
    };
    ExitCode::from(done.unwrap_or_else(|error| {
        // Where not even standard error takes it, the exit code has to do.
        let _ = writeln!(io::stderr(), "portcullis: {error:#}");
        UNUSABLE
    }))
}

/// The exit code where rules are in force or not as they are written.
pub(super) const fn code_of(is_as_written: bool) -> u8 {
    if is_as_written { 0 } else { UNUSABLE }
}

fn tried(settings: &WafRequestSettings, depth: Depth) -> anyhow::Result<u8> {
    let WafRequestSettings {
        source,
        request,
        place: WafPlace { host, path },
        client,
        unmasked,
        output,
    } = settings;
    let requests = Requests::read(request)?;
    let world = World::load(source)?;
    world.complain();
    let rehearsal = Rehearsal {
        snapshot: &world.snapshot,
        client: *client,
        host: host.as_deref(),
        path: path.as_deref(),
        without_routes: source.paths.is_empty(),
    };
    let masks = match unmasked {
        true => Masks::none(),
        false => Masks::default(),
    };
    let mut code = 0;
    let (mut text, mut all) = (String::new(), Vec::new());
    requests.each(|wire| {
        let rehearsed = rehearsal.run(wire)?;
        let Rehearsed {
            length, firewall, ..
        } = &rehearsed;
        let length = *length;
        let is_usable = firewall
            .as_ref()
            .is_none_or(|firewall| world.compiler.is_as_written(firewall));
        code = code.max(code_of(is_usable));
        let reported = Reported::of(&rehearsed, &masks, depth);
        if reported.verdict() != Verdict::Passed {
            code = code.max(REFUSED);
        }
        match output {
            OutputFormat::Text => {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(&reported.to_text(is_usable));
            }
            OutputFormat::Json => all.push(reported.to_json(is_usable)),
        }
        Ok(length)
    })?;
    if *output == OutputFormat::Json {
        text = format!("{:#}\n", json!({ "requests": all }));
    }
    print(&text)?;
    Ok(code)
}

/// Prints what was asked for.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("cannot write to standard output")
}
