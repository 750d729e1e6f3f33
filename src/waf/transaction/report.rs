//! What was found: the rules that matched, for logs and for people.

use super::Transaction;
use crate::waf::{
    Transformation,
    ruleset::{Link, Rule, RuleInfo},
};

/// A rule that matched, and on what.
#[derive(Clone, Copy, Debug)]
pub struct Match<'a> {
    /// The rule.
    pub rule: &'a RuleInfo,
    /// The phase that it is evaluated in, 1 to 5.
    pub phase: u8,
    /// `msg`, macros expanded.
    pub msg: &'a [u8],
    /// `logdata`, macros expanded.
    pub data: &'a [u8],
    /// `tag`, each, macros expanded.
    pub tags: &'a [Box<[u8]>],
    /// The operator's name, for example `rx`.
    pub operator: &'static str,
    /// Whether the operator is negated.
    pub negated: bool,
    /// The operator's argument as written, where it has no macros.
    pub argument: &'a [u8],
    /// What matched, for example `ARGS:id`.
    pub variable: &'a [u8],
    /// What it held, transformed, cut after 4 KiB.
    pub value: &'a [u8],
    /// Whether the rule refused the exchange, or would have if rules were obeyed.
    pub disruptive: bool,
}

impl Transaction {
    /// The matches that rules want in the log, in the order in which they came, up to a bound.
    pub fn matches(&self) -> impl Iterator<Item = Match<'_>> {
        self.state.events.iter().filter_map(|event| {
            let rule = self.rule(event.program, event.rule)?;
            let last = rule.links.last()?;
            Some(Match {
                rule: &rule.info,
                phase: rule.phase,
                msg: &event.msg,
                data: &event.data,
                tags: &event.tags,
                operator: last.test.name,
                negated: last.test.negated,
                argument: last.test.argument.literal().unwrap_or_default(),
                variable: &event.variable,
                value: &event.value,
                disruptive: event.disruptive,
            })
        })
    }

    /// How many matches there were besides.
    pub fn matches_lost(&self) -> u64 {
        self.state.events_lost
    }

    /// The rule that refused the exchange.
    pub fn refused_by(&self) -> Option<&RuleInfo> {
        let interruption = self.state.interruption.as_ref()?;
        self.rule(interruption.program, interruption.rule)
            .map(|rule| &rule.info)
    }

    /// The number that a member of `TX` holds, for example `inbound_anomaly_score`.
    pub fn number(&self, member: &str) -> Option<i64> {
        let slot = self.policy.names.find(member.as_bytes())?;
        self.state.tx.number(slot)
    }

    pub(in crate::waf) fn rule(&self, program: usize, rule: usize) -> Option<&Rule> {
        self.policy.programs.get(program)?.rules.get(rule)
    }

    /// The transformations of a link of a program.
    pub(in crate::waf) fn steps(&self, program: usize, link: &Link) -> &[Transformation] {
        let programs = &self.policy.programs;
        programs
            .get(program)
            .map_or(&[], |program| program.chains.steps(link.chain))
    }
}
