//! The arguments of `waf`.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

use clap::{Args, Subcommand};

use super::{
    arguments::SourceArguments,
    settings::{
        OutputFormat, SourceSettings, WafCommand, WafMode, WafPlace, WafRequestSettings,
        WafRulesSettings,
    },
};

/// Where requests come from unless said otherwise: an address that is nobody's (RFC 5737).
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

#[derive(Debug, Subcommand)]
pub(super) enum WafArguments {
    /// Say what the firewall makes of requests; exit code 0: all pass, 1: some are or would be
    /// refused, 2: wrong usage, or rules do not load
    Test(Box<RequestArguments>),
    /// The same, and why: what matched, how it was transformed, and what was added to which score
    Explain(Box<ExplainArguments>),
    /// List the rules that are loaded, and those that are skipped, with the reason
    Rules(Box<RulesArguments>),
}

#[derive(Args, Debug)]
struct WafSourceArguments {
    /// A file or a folder of manifests, YAML or JSON: policies, and what they are for; may be repeated
    #[arg(short = 'f', long = "filename", value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    reading: SourceArguments,
}

#[derive(Args, Debug)]
struct PlaceArguments {
    /// The host whose firewall it is, instead of the request's
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// The path whose firewall it is, instead of the request's
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct RequestArguments {
    #[command(flatten)]
    source: WafSourceArguments,
    /// The requests: as on the wire, one after the other, or HAR; `-` for standard input
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    #[command(flatten)]
    place: PlaceArguments,
    /// The client's address
    #[arg(long, value_name = "ADDR", default_value_t = CLIENT)]
    client: IpAddr,
    /// Show cookies, credentials and other secrets
    #[arg(long)]
    unmasked: bool,
    /// How results are printed
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: OutputFormat,
}

#[derive(Args, Debug)]
pub(super) struct ExplainArguments {
    #[command(flatten)]
    request: RequestArguments,
    /// Explain rules too that want no line in any log
    #[arg(long)]
    all: bool,
}

#[derive(Args, Debug)]
pub(super) struct RulesArguments {
    #[command(flatten)]
    source: WafSourceArguments,
    #[command(flatten)]
    place: PlaceArguments,
    /// How rules are printed
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: OutputFormat,
}

impl WafArguments {
    pub(super) fn into_command(self) -> WafCommand {
        match self {
            Self::Test(request) => WafCommand::Test(request.into_settings()),
            Self::Explain(explain) => {
                let ExplainArguments { request, all } = *explain;
                WafCommand::Explain {
                    request: request.into_settings(),
                    all,
                }
            }
            Self::Rules(rules) => {
                let RulesArguments {
                    source,
                    place,
                    output,
                } = *rules;
                WafCommand::Rules(WafRulesSettings {
                    source: source.into_settings(),
                    place: place.into_settings(),
                    output,
                })
            }
        }
    }
}

impl WafSourceArguments {
    fn into_settings(self) -> SourceSettings {
        let Self { paths, reading } = self;
        reading.into_settings(paths, WafMode::Detect)
    }
}

impl PlaceArguments {
    fn into_settings(self) -> WafPlace {
        let Self { host, path } = self;
        WafPlace {
            host: host.map(|host| host.to_ascii_lowercase()),
            path,
        }
    }
}

impl RequestArguments {
    fn into_settings(self) -> WafRequestSettings {
        let Self {
            source,
            request,
            place,
            client,
            unmasked,
            output,
        } = self;
        WafRequestSettings {
            source: source.into_settings(),
            request,
            place: place.into_settings(),
            client,
            unmasked,
            output,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use clap::Parser;

    use super::*;
    use crate::cli::{Arguments, Command};

    fn parse(line: &str) -> Result<WafCommand, clap::Error> {
        let parsed = Arguments::try_parse_from(line.split_whitespace())?;
        match parsed.into_command() {
            Command::Waf(command) => Ok(*command),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn manifests_and_a_folder_of_rules_may_be_named_and_need_not() {
        for arguments in [
            "-f policy.yaml",
            "--waf-rules crs --waf-mode block",
            "-f policy.yaml --waf-rules crs",
            "",
        ] {
            let line = format!("portcullis waf test --request a.http {arguments}");
            assert!(parse(&line).is_ok(), "{arguments}");
            let line = format!("portcullis waf rules {arguments}");
            assert!(parse(&line).is_ok(), "{arguments}");
        }
        assert_eq!(
            parse("portcullis waf test -f a").unwrap_err().exit_code(),
            2
        );
    }

    #[test]
    fn explain_takes_what_test_takes() {
        let line = "portcullis waf explain --waf-rules crs --waf-mode block --request - --host A.example \
                    --path /b --client 2001:db8::1 --unmasked --all -o json";
        let WafCommand::Explain { request, all: true } = parse(line).unwrap() else {
            panic!("{line}")
        };
        assert_eq!(request.source.waf.as_ref().unwrap().mode, WafMode::Block);
        assert_eq!(request.place.host.as_deref(), Some("a.example"));
        assert_eq!(request.place.path.as_deref(), Some("/b"));
        assert_eq!(request.client, "2001:db8::1".parse::<IpAddr>().unwrap());
        assert!(request.unmasked && request.output == OutputFormat::Json);
    }
}
