//! Arguments as they are written.

use std::{
    io::{IsTerminal, stderr, stdout},
    net::SocketAddr,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use super::{
    kubernetes::KubernetesArguments,
    settings::{
        CheckSettings, Command, EchoSettings, OutputFormat, RunSettings, SourceSettings,
        WafAuditLogFormat, WafLogFormat, WafMode, WafSettings,
    },
    values::{self, Listen},
    waf::WafArguments,
};
use crate::{
    proxy::AccessLogDestination,
    telemetry::{LogFilter, LogFormat, LogSettings},
};

/// The rules that the program brings along, as `control::source::rules` calls them.
const BUILTIN: &str = "builtin";

/// An edge proxy that serves Kubernetes Ingress manifests from disk.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Serve the manifests in files and folders, and follow their changes
    Run(Box<RunArguments>),
    /// Print every problem of manifests; exit code 0: none, 1: some, 2: wrong usage
    Check(CheckArguments),
    /// Tools for those who write the firewall's rules: test, explain, rules
    #[command(subcommand)]
    Waf(WafArguments),
    /// A test backend that answers with a JSON account of the request
    Echo(EchoArguments),
    /// Print the version
    Version,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print a manual page in roff
    Man {
        /// One of the commands, instead of the program, such as `check` or `waf test`
        #[arg(value_name = "COMMAND")]
        command: Vec<String>,
    },
}

#[derive(Args, Debug)]
pub(super) struct SourceArguments {
    /// A file with options for the whole proxy, under the keys of ingress-nginx's ConfigMap
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// An Ingress class to serve; may be repeated [default: every class]
    #[arg(long, value_name = "NAME")]
    ingress_class: Vec<String>,
    /// The Secret with the certificate for hosts that have none [default: a self-made one]
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = values::namespaced_name)]
    default_tls: Option<(String, String)>,
    /// Serve rules whose access-control annotations are not implemented, instead of answering 403
    #[arg(long)]
    permit_unsupported_access_control: bool,
    /// Give each host to the namespace of the oldest Ingress that has it, and to no other
    #[arg(long)]
    strict_hosts: bool,
    /// The firewall's rules for every route and host: a folder such as an unpacked Core Rule Set,
    /// `builtin` or `off`
    #[arg(long, value_name = "DIR", default_value = BUILTIN)]
    waf_rules: PathBuf,
    /// Whether the rules of --waf-rules are obeyed [default: block with --demo, else detect]
    #[arg(long, value_name = "MODE", value_enum)]
    waf_mode: Option<WafMode>,
}

#[derive(Args, Debug)]
struct LogArguments {
    /// What is logged: a level (error, warn, info, debug, trace) or comma-separated TARGET=LEVEL
    #[arg(long, value_name = "FILTER", default_value = "info")]
    log_level: LogFilter,
    /// How the program's own log is written to standard error
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    log_format: LogFormat,
}

#[derive(Args, Debug)]
struct RunArguments {
    /// A file or a folder of manifests, YAML or JSON; may be repeated
    #[arg(
        short = 'f',
        long,
        value_name = "PATH",
        required_unless_present = "kubernetes"
    )]
    filename: Vec<PathBuf>,
    #[command(flatten)]
    source: SourceArguments,
    /// Start the backends of deploy/standalone/quickstart inside of this process
    #[arg(long)]
    demo: bool,
    /// Where to listen for HTTP, or `off`; may be repeated
    #[arg(long, value_name = "ADDR", value_parser = values::listen, default_value = "0.0.0.0:8080")]
    http: Vec<Listen>,
    /// Where to listen for HTTPS, or `off`; may be repeated
    #[arg(long, value_name = "ADDR", value_parser = values::listen, default_value = "0.0.0.0:8443")]
    https: Vec<Listen>,
    /// Where to serve /healthz, /readyz and /metrics, or `off`
    #[arg(long, value_name = "ADDR", value_parser = values::listen, default_value = "0.0.0.0:10254")]
    status: Listen,
    /// Where to serve /config and /problems, or `off`
    #[arg(long, value_name = "ADDR", value_parser = values::listen, default_value = "127.0.0.1:10255")]
    admin: Listen,
    /// Worker threads [default: one a core]
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
    /// Where the access log goes: a file (reopened on SIGUSR1 and SIGHUP), `-` or `off`
    #[arg(long, value_name = "PATH", value_parser = values::access_log, default_value = "-")]
    access_log: AccessLogDestination,
    /// Where the firewall's log goes: a file (reopened on SIGUSR1 and SIGHUP), `-` or `off`
    #[arg(long, value_name = "PATH", value_parser = values::access_log, default_value = "-")]
    waf_log: AccessLogDestination,
    /// How the firewall's log is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    waf_log_format: WafLogFormat,
    /// Where the firewall's audit log goes: a file (reopened on SIGUSR1 and SIGHUP), `-` or `off`
    #[arg(long, value_name = "PATH", value_parser = values::access_log, default_value = "off")]
    waf_audit_log: AccessLogDestination,
    /// How the firewall's audit log is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    waf_audit_log_format: WafAuditLogFormat,
    /// After SIGTERM: not ready any more, but still accepting, for this long
    #[arg(long, value_name = "DURATION", value_parser = values::duration, default_value = "0s")]
    shutdown_delay: Duration,
    /// After that: for this long exchanges may come to their end
    #[arg(long, value_name = "DURATION", value_parser = values::duration, default_value = "25s")]
    shutdown_grace: Duration,
    #[command(flatten)]
    log: LogArguments,
    #[command(flatten)]
    kubernetes: KubernetesArguments,
}

#[derive(Args, Debug)]
struct CheckArguments {
    /// A file or a folder of manifests, YAML or JSON; may be repeated
    #[arg(short = 'f', long, value_name = "PATH", required = true)]
    filename: Vec<PathBuf>,
    #[command(flatten)]
    source: SourceArguments,
    /// Print the firewall in front of every rule too
    #[arg(long)]
    policies: bool,
    /// How problems are printed
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: OutputFormat,
}

#[derive(Args, Debug)]
struct EchoArguments {
    /// Where to listen; may be repeated
    #[arg(long, value_name = "ADDR", required = true)]
    listen: Vec<SocketAddr>,
    /// What the backend calls itself in its answers
    #[arg(long, value_name = "NAME", default_value = "echo")]
    name: String,
    #[command(flatten)]
    log: LogArguments,
}

/// The definition of the command line, for completions and manual pages.
pub(super) fn command() -> clap::Command {
    Arguments::command()
}

impl Arguments {
    /// What was asked for, with defaults filled in.
    pub fn into_command(self) -> Command {
        match self.command {
            Subcommands::Run(arguments) => Command::Run(Box::new(arguments.into_settings())),
            Subcommands::Check(CheckArguments {
                filename,
                source,
                policies,
                output,
            }) => Command::Check(CheckSettings {
                source: source.into_settings(filename, WafMode::Detect),
                policies,
                output,
                color: color_wanted(&stdout()),
            }),
            Subcommands::Waf(waf) => Command::Waf(Box::new(waf.into_command())),
            Subcommands::Echo(EchoArguments { listen, name, log }) => Command::Echo(EchoSettings {
                listen,
                name,
                log: log.into_settings(),
            }),
            Subcommands::Version => Command::Version,
            Subcommands::Completions { shell } => Command::Completions(shell),
            Subcommands::Man { command } => Command::Man(command),
        }
    }
}

impl RunArguments {
    fn into_settings(self) -> RunSettings {
        let Self {
            filename,
            source,
            demo,
            http,
            https,
            status,
            admin,
            workers,
            access_log,
            waf_log,
            waf_log_format,
            waf_audit_log,
            waf_audit_log_format,
            shutdown_delay,
            shutdown_grace,
            log,
            kubernetes,
        } = self;
        RunSettings {
            kubernetes: kubernetes.into_settings(),
            source: source.into_settings(
                filename,
                if demo {
                    WafMode::Block
                } else {
                    WafMode::Detect
                },
            ),
            demo,
            http: http.into_iter().filter_map(Listen::address).collect(),
            https: https.into_iter().filter_map(Listen::address).collect(),
            status: status.address(),
            admin: admin.address(),
            workers: workers
                .unwrap_or_else(|| thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)),
            access_log,
            waf_log,
            waf_log_format,
            waf_audit_log,
            waf_audit_log_format,
            shutdown_delay,
            shutdown_grace,
            log: log.into_settings(),
        }
    }
}

impl SourceArguments {
    /// `mode` is that of the firewall where none is given.
    pub(super) fn into_settings(self, paths: Vec<PathBuf>, mode: WafMode) -> SourceSettings {
        let Self {
            config,
            ingress_class,
            default_tls,
            permit_unsupported_access_control,
            strict_hosts,
            waf_rules,
            waf_mode,
        } = self;
        SourceSettings {
            paths,
            options: config,
            ingress_classes: ingress_class,
            default_tls,
            permit_unsupported_access_control,
            strict_hosts,
            waf: (waf_rules != Path::new("off")).then(|| WafSettings {
                rules: waf_rules,
                mode: waf_mode.unwrap_or(mode),
            }),
        }
    }
}

impl LogArguments {
    fn into_settings(self) -> LogSettings {
        let Self {
            log_level,
            log_format,
        } = self;
        LogSettings {
            filter: log_level,
            format: log_format,
            color: color_wanted(&stderr()),
        }
    }
}

/// Colours are for terminals, and for nobody who sets `NO_COLOR` (no-color.org).
#[allow(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
fn color_wanted(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use clap::error::ErrorKind;

    use super::*;
    use crate::cli::{AdmissionCertificate, KubernetesSettings, PublishedAs};

    fn parse(line: &str) -> Result<Command, clap::Error> {
        Arguments::try_parse_from(line.split_whitespace()).map(Arguments::into_command)
    }

    fn run(line: &str) -> RunSettings {
        match parse(line) {
            Ok(Command::Run(settings)) => *settings,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_command_and_option_is_documented_with_its_default() {
        let page = include_str!("../../docs/cli.md");
        let program = command();
        let nested = program.get_subcommands().flat_map(|it| {
            let own = it.get_subcommands();
            own.map(move |inner| (format!("{} {}", it.get_name(), inner.get_name()), inner))
        });
        let all = program
            .get_subcommands()
            .map(|it| (it.get_name().to_owned(), it));
        for (name, subcommand) in all.chain(nested) {
            assert!(page.contains(&format!("| `{name}")), "{name}");
            for option in subcommand.get_opts() {
                let long = option.get_long().unwrap();
                let line = page.lines().find(|line| {
                    [" ", "`"]
                        .iter()
                        .any(|end| line.contains(&format!("--{long}{end}")))
                });
                let line = line.unwrap_or_else(|| panic!("{name} --{long}"));
                for default in option.get_default_values() {
                    let default = format!("`{}`", default.to_str().unwrap());
                    assert!(line.contains(&default), "{name} --{long} {default}: {line}");
                }
            }
        }
    }

    #[test]
    fn run_has_the_documented_defaults() {
        let settings = run("portcullis run -f manifests");
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert_eq!(
            settings,
            RunSettings {
                kubernetes: None,
                source: SourceSettings {
                    paths: vec!["manifests".into()],
                    options: None,
                    ingress_classes: Vec::new(),
                    default_tls: None,
                    permit_unsupported_access_control: false,
                    strict_hosts: false,
                    waf: Some(WafSettings {
                        rules: BUILTIN.into(),
                        mode: WafMode::Detect,
                    }),
                },
                demo: false,
                http: vec![address("0.0.0.0:8080")],
                https: vec![address("0.0.0.0:8443")],
                status: Some(address("0.0.0.0:10254")),
                admin: Some(address("127.0.0.1:10255")),
                workers: thread::available_parallelism().unwrap(),
                access_log: AccessLogDestination::Stdout,
                waf_log: AccessLogDestination::Stdout,
                waf_log_format: WafLogFormat::Json,
                waf_audit_log: AccessLogDestination::Off,
                waf_audit_log_format: WafAuditLogFormat::Json,
                shutdown_delay: Duration::ZERO,
                shutdown_grace: Duration::from_secs(25),
                log: LogSettings {
                    filter: "info".parse().unwrap(),
                    format: LogFormat::Text,
                    color: settings.log.color,
                },
            }
        );
    }

    #[test]
    fn repeated_options_add_up_and_listeners_can_be_off() {
        let settings = run(
            "portcullis run -f a -f b --http 127.0.0.1:1 --http [::1]:2 --https off \
                            --admin off --ingress-class x --ingress-class y --workers 3",
        );
        assert_eq!(settings.source.paths, ["a", "b"].map(PathBuf::from));
        assert_eq!(settings.source.ingress_classes, ["x", "y"]);
        assert_eq!(settings.http.len(), 2);
        assert!(settings.https.is_empty());
        assert_eq!(settings.admin, None);
        assert_eq!(settings.workers.get(), 3);
    }

    #[test]
    fn a_cluster_takes_the_place_of_manifests() {
        let settings = run(
            "portcullis run --kubernetes --kubeconfig k --namespace a --namespace b \
             --publish-service ingress/portcullis --configmap ingress/options --pod ingress/p-0 \
             --state-dir /state --state-keys --zone z",
        );
        assert!(settings.source.paths.is_empty());
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            settings.kubernetes,
            Some(KubernetesSettings {
                kubeconfig: Some("k".into()),
                namespaces: vec!["a".to_owned(), "b".to_owned()],
                controller: "portcullis.dev/ingress-controller".to_owned(),
                published_as: PublishedAs::Service("ingress".to_owned(), "portcullis".to_owned()),
                clear_status: false,
                election_namespace: None,
                election_id: "portcullis-leader".to_owned(),
                pod: Some(pair("ingress", "p-0")),
                config_map: Some(pair("ingress", "options")),
                state_dir: Some("/state".into()),
                state_keys: true,
                service_upstream: false,
                zone: Some("z".to_owned()),
                admission: None,
            })
        );
        assert_eq!(run("portcullis run -f x").kubernetes, None);
        for line in [
            "portcullis run --kubernetes -f x",
            "portcullis run --kubernetes --config x",
            "portcullis run --kubernetes --publish-service a/b --publish-address 1.2.3.4",
            "portcullis run -f x --namespace a",
            "portcullis run --kubernetes --state-keys",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn the_admission_webhook_has_a_certificate_of_its_own_or_a_given_one() {
        let admission = |line: &str| run(line).kubernetes.and_then(|it| it.admission);
        let made = admission("portcullis run --kubernetes --admission [::]:9443").unwrap();
        assert_eq!(made.address, "[::]:9443".parse().unwrap());
        assert_eq!(
            made.certificate,
            AdmissionCertificate::Made {
                secret: "portcullis-admission".to_owned(),
                configuration: "portcullis-admission".to_owned(),
            }
        );
        let given = admission(
            "portcullis run --kubernetes --admission 0.0.0.0:9443 --admission-cert c \
             --admission-key k",
        );
        let files = AdmissionCertificate::Files("c".into(), "k".into());
        assert_eq!(given.unwrap().certificate, files);
        for line in [
            "portcullis run --kubernetes --admission-cert c --admission-key k",
            "portcullis run --kubernetes --admission 0.0.0.0:9443 --admission-cert c",
            "portcullis run -f x --admission 0.0.0.0:9443",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn the_firewall_detects_unless_it_is_told_to_block_or_shows_the_quickstart() {
        let firewall = |line: &str| run(line).source.waf;
        let rules = PathBuf::from("crs");
        let mode = WafMode::Detect;
        assert_eq!(
            firewall("portcullis run -f x --waf-rules crs"),
            Some(WafSettings {
                rules: rules.clone(),
                mode
            })
        );
        let mode = WafMode::Block;
        assert_eq!(
            firewall("portcullis run -f x --waf-rules crs --waf-mode block"),
            Some(WafSettings { rules, mode })
        );
        let rules = PathBuf::from(BUILTIN);
        assert_eq!(
            firewall("portcullis run -f x --demo"),
            Some(WafSettings { rules, mode })
        );
        assert_eq!(firewall("portcullis run -f x --waf-rules off"), None);
    }

    #[test]
    fn usage_errors_have_exit_code_two_and_help_has_none() {
        for (line, kind, code) in [
            (
                "portcullis",
                ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
                2,
            ),
            ("portcullis run", ErrorKind::MissingRequiredArgument, 2),
            ("portcullis check", ErrorKind::MissingRequiredArgument, 2),
            ("portcullis check -f x -o yaml", ErrorKind::InvalidValue, 2),
            (
                "portcullis run -f x --workers 0",
                ErrorKind::ValueValidation,
                2,
            ),
            (
                "portcullis run -f x --http 80",
                ErrorKind::ValueValidation,
                2,
            ),
            (
                "portcullis run -f x --log-level a=b=c",
                ErrorKind::ValueValidation,
                2,
            ),
            (
                "portcullis run -f x --waf-mode on",
                ErrorKind::InvalidValue,
                2,
            ),
            ("portcullis echo", ErrorKind::MissingRequiredArgument, 2),
            ("portcullis nonsense", ErrorKind::InvalidSubcommand, 2),
            ("portcullis --help", ErrorKind::DisplayHelp, 0),
            ("portcullis --version", ErrorKind::DisplayVersion, 0),
        ] {
            let error = parse(line).unwrap_err();
            assert_eq!(
                (error.kind(), error.exit_code()),
                (kind, code),
                "{line}: {error}"
            );
        }
    }
}
