//! What logs are told of an exchange besides its matches.
//!
//! Nothing here is decided: values as they stand, under the names that rules have for them.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Match, Transaction};
use crate::waf::{
    Pairs, Variable,
    evaluate::Interruption,
    ruleset::Rule,
    seclang::{AuditMode, AuditParts},
    values::List,
};

impl Transaction {
    /// When the exchange began.
    pub(crate) fn began(&self) -> SystemTime {
        self.clock.began.unwrap_or(UNIX_EPOCH)
    }

    /// The value of a variable that has one; empty where it has none.
    pub(crate) fn value(&self, variable: Variable) -> &[u8] {
        self.values.scalars.value(variable).unwrap_or_default()
    }

    /// A list of names and values.
    pub(crate) fn list(&self, list: List) -> &Pairs {
        self.values.list(list)
    }

    /// The attributes of an XML body, by name.
    pub(crate) fn xml_attributes(&self) -> &Pairs {
        &self.xml.attributes
    }

    /// The texts of an XML body.
    pub(crate) fn xml_texts(&self) -> impl Iterator<Item = &[u8]> {
        self.xml.texts()
    }

    /// The request's body in UTF-8, where it was sent in another charset; else empty.
    pub(crate) fn decoded_body(&self) -> &[u8] {
        &self.text
    }

    /// Why the exchange goes no further.
    pub(crate) fn refusal(&self) -> Option<&Interruption> {
        self.state.interruption.as_ref()
    }

    /// The rule of a match, as it was compiled.
    pub(crate) fn rule_of(&self, found: &Match<'_>) -> Option<&Rule> {
        let rules = self.state.events.iter();
        rules
            .filter_map(|event| self.rule(event.program, event.rule))
            .find(|rule| std::ptr::eq(&raw const rule.info, found.rule))
    }

    /// `SecAuditEngine`, or what a rule has set.
    pub(crate) fn audit_mode(&self) -> AuditMode {
        self.state
            .set
            .audit
            .unwrap_or(self.policy.settings.audit_engine)
    }

    /// `SecAuditLogParts`, or what a rule has set.
    pub(crate) fn audit_parts(&self) -> AuditParts {
        self.state
            .set
            .audit_parts
            .unwrap_or(self.policy.audit_parts())
    }

    /// Whether a rule that matched asks for an audit log entry.
    pub(crate) fn audit_asked(&self) -> bool {
        self.state.set.audit_asked
    }
}
