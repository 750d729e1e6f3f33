//! The firewall of a rule, compiled.

use std::sync::Arc;

use crate::{config, waf};

/// The firewall of a rule, compiled.
#[derive(Clone, Debug)]
pub struct Firewall {
    /// What it does, as configured.
    pub settings: Arc<config::Firewall>,
    /// Its rules. `None`: they do not compile and never have, so that a blocking firewall answers 503,
    /// and a detecting one sees nothing.
    pub policy: Option<Arc<waf::Policy>>,
}
