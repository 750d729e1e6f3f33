//! From arguments to an exit code.

use std::{
    io::{self, Write},
    net::TcpListener,
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use serde_json::json;

use super::{options::ReadOptions, run, sources, waf};
use crate::{
    cli::{self, Arguments, CheckSettings, Command, EchoSettings, OutputFormat},
    config::Config,
    control::{
        diagnostics::{self, CheckReport, EffectivePolicies},
        translate::{Translation, Translator},
    },
    echo,
    shutdown::EndSignals,
    snapshot::Firewalls,
    telemetry,
};

/// Exit code of `check` when something is not served as written, and of any command that fails.
const FAILURE: u8 = 1;

/// Carries out what was asked for on the command line.
pub fn main(arguments: Arguments) -> ExitCode {
    let done = match arguments.into_command() {
        Command::Run(settings) => run::run(*settings).map(|()| ExitCode::SUCCESS),
        Command::Check(settings) => check(&settings),
        Command::Waf(command) => return waf::main(&command),
        Command::Echo(settings) => run_echo(settings).map(|()| ExitCode::SUCCESS),
        Command::Version => print(|out| writeln!(out, "portcullis {}", env!("CARGO_PKG_VERSION"))),
        Command::Completions(shell) => print(|out| {
            cli::write_completions(shell, out);
            Ok(())
        }),
        Command::Man(words) => print(|out| cli::write_man(&words, out)),
    };
    done.unwrap_or_else(|error| {
        // Where not even standard error takes it, the exit code has to do.
        let _ = writeln!(io::stderr(), "portcullis: {error:#}");
        ExitCode::from(FAILURE)
    })
}

fn check(settings: &CheckSettings) -> anyhow::Result<ExitCode> {
    let CheckSettings {
        source,
        policies,
        output,
        color,
    } = settings;
    for path in &source.paths {
        std::fs::metadata(path).with_context(|| format!("{}", path.display()))?;
    }
    let ReadOptions {
        options,
        problems: of_options,
    } = ReadOptions::read(source.options.as_deref())?;
    let translating = sources::translate_settings(source, options);
    let mut checked = Config::default();
    let report = diagnostics::check(&source.paths, |objects| {
        let Translation {
            config,
            mut problems,
        } = Translator::new(translating).translate(objects);
        let mut firewalls = Firewalls::default();
        firewalls.follow(&config);
        let mut of_rules = firewalls.problems().to_vec();
        diagnostics::locate(&mut of_rules, objects);
        problems.append(&mut of_rules);
        problems.extend(of_options);
        checked = config;
        problems
    });
    let policies = policies.then(|| EffectivePolicies::of(&checked));
    print_report(&report, policies, *output, *color).context("cannot write to standard output")?;
    Ok(if report.is_valid() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILURE)
    })
}

fn print_report(
    report: &CheckReport,
    policies: Option<EffectivePolicies<'_>>,
    output: OutputFormat,
    color: bool,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match (output, policies) {
        (OutputFormat::Text, policies) => {
            report.write_text(&mut out, color)?;
            if let Some(policies) = policies {
                policies.write_text(&mut out)?;
            }
        }
        (OutputFormat::Json, None) => report.write_json(&mut out)?,
        (OutputFormat::Json, Some(policies)) => {
            let both = json!({ "problems": report.to_json(), "firewalls": policies.to_json() });
            writeln!(out, "{both:#}")?;
        }
    }
    out.flush()
}

fn run_echo(settings: EchoSettings) -> anyhow::Result<()> {
    let EchoSettings { listen, name, log } = settings;
    telemetry::start(&log).context("cannot start logging")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let name: Arc<str> = name.into();
    let mut sockets = Vec::with_capacity(listen.len());
    for address in listen {
        let socket =
            TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
        socket.set_nonblocking(true)?;
        sockets.push(socket);
    }
    runtime.block_on(async {
        let mut servers = tokio::task::JoinSet::new();
        for socket in sockets {
            let listener = tokio::net::TcpListener::from_std(socket)?;
            tracing::info!(address = %listener.local_addr()?, "echoing");
            servers.spawn(echo::serve(listener, Arc::clone(&name)));
        }
        EndSignals::listen()?.next().await;
        Ok(())
    })
}

fn print(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    write(&mut text)?;
    let mut out = io::stdout().lock();
    out.write_all(&text)
        .and_then(|()| out.flush())
        .context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}
