//! The web application firewall: bytes in, verdict out.
//!
//! SecLang text becomes an AST with spans ([`seclang`]), the AST a compiled [`RuleSet`], and a
//! [`Transaction`] runs one exchange through it, phase by phase. Nothing here knows a socket, a
//! runtime or a Kubernetes type, and every input is bytes: attacks are rarely text.

pub mod body;
pub mod explain;
pub mod libinjection;
pub mod log;
pub mod matcher;
pub mod operators;
pub mod seclang;

mod candidates;
mod compile;
mod evaluate;
mod pairs;
mod policy;
mod ruleset;
mod settings;
mod transaction;
mod transformations;
mod tx;
mod values;
mod variable;

pub use self::{
    compile::{Amended, Amendment, Compiled, CustomRules, Fault, FaultKind, RuleSet},
    evaluate::Workspace,
    pairs::{Pair, Pairs},
    policy::Policy,
    ruleset::RuleInfo,
    settings::Settings,
    transaction::{BodyWish, Exchange, Match, RequestLine, Transaction, Verdict},
    transformations::{Buffers, ByteSet, Transformation},
    variable::Variable,
};
