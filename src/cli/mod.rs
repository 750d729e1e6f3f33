//! The command line: arguments as written, then settings as plain data.
//!
//! Invariant: everything after this module works from settings; nothing else reads arguments or the
//! environment. Non-goal: carrying a command out; that is `main` and `app`.

mod arguments;
mod kubernetes;
mod pages;
mod settings;
mod values;
mod waf;

pub use arguments::Arguments;
pub use pages::{write_completions, write_man};
pub use settings::{
    AdmissionCertificate, AdmissionSettings, CheckSettings, Command, EchoSettings,
    KubernetesSettings, OutputFormat, PublishedAs, RunSettings, SourceSettings, WafAuditLogFormat,
    WafCommand, WafLogFormat, WafMode, WafPlace, WafRequestSettings, WafRulesSettings, WafSettings,
};
