//! The web application firewall: bytes in, verdict out.
//!
//! SecLang text becomes an AST with spans ([`seclang`]), the AST a compiled rule set, and a
//! transaction runs one exchange through it, phase by phase. Nothing here knows a socket, a
//! runtime or a Kubernetes type, and every input is bytes: attacks are rarely text.

pub mod libinjection;
pub mod seclang;

mod pairs;
mod transformations;
mod variable;

pub use self::{
    pairs::{Pair, Pairs},
    transformations::Transformation,
    variable::Variable,
};
