//! Which rules there are, and which of them are not evaluated.
//!
//! What a rule set decides for every exchange, such as the paranoia level, is read off an exchange in
//! which nothing happens. Invariant: what is listed is what was compiled. Non-goal: what one request
//! skips.

use std::{sync::Arc, time::UNIX_EPOCH};

use crate::waf::{
    Exchange, Policy, RequestLine, Transaction,
    ruleset::{Effect, Jump, NumberTest, Program, Quick, Right, Rule, RuleBits},
};

/// What the tags of the Core Rule Set begin with that tell a rule's paranoia level.
const LEVEL: &[u8] = b"paranoia-level/";

/// The rules of a policy.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// Every rule that was compiled and is not removed, in the order in which they stand.
    pub rules: Vec<ListedRule>,
}

/// A rule.
#[derive(Clone, Debug)]
pub struct ListedRule {
    /// Its id.
    pub id: u64,
    /// The file that it stands in.
    pub file: Arc<str>,
    /// The line that it begins at, from 1.
    pub line: u32,
    /// Its phase, 1 to 5.
    pub phase: u8,
    /// The paranoia level that its tags name.
    pub level: Option<u8>,
    /// `severity`: 0 (emergency) to 7 (debug).
    pub severity: Option<u8>,
    /// `msg`, if it has no macros.
    pub msg: Vec<u8>,
    /// Whether it is evaluated.
    pub standing: Standing,
    /// Rules that, where they match, remove it or some of its targets for one exchange.
    pub unless: Vec<u64>,
}

/// Whether a rule is evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Evaluated,
    /// Another rule leads past it, for what is set.
    Skipped {
        /// That rule.
        by: u64,
        /// The member of `TX` that it looks at, without `tx.`.
        setting: Vec<u8>,
        /// What that is; `None`: it is not set.
        value: Option<i64>,
        /// How it is compared: `<`, `>=` and the like.
        relation: &'static str,
        /// With what.
        limit: i64,
    },
}

impl Inventory {
    /// The rules of a policy.
    pub fn of(policy: &Arc<Policy>) -> Self {
        let quiet = quiet(policy);
        let mut rules = Vec::new();
        for place in policy.order.iter().copied() {
            let Some(program) = policy.programs.get(place) else {
                continue;
            };
            let skipped = skipped(program, policy, &quiet);
            for (index, rule) in program.rules.iter().enumerate() {
                if policy.is_removed(place, index) {
                    continue;
                }
                let standing = skipped.get(index).cloned().flatten();
                rules.push(ListedRule {
                    id: rule.info.id,
                    file: Arc::clone(&rule.info.file),
                    line: rule.info.line,
                    phase: rule.phase,
                    level: level(rule),
                    severity: rule.info.severity,
                    msg: rule.msg.literal().unwrap_or_default().to_vec(),
                    standing: standing.unwrap_or(Standing::Evaluated),
                    unless: removers(policy, place, index),
                });
            }
        }
        Self { rules }
    }
}

/// An exchange in which nothing happens, through all that comes before an answer.
fn quiet(policy: &Arc<Policy>) -> Transaction {
    let mut transaction = Transaction::new(Arc::clone(policy));
    transaction.begin(
        policy,
        &Exchange {
            client: b"192.0.2.1",
            client_port: 1024,
            server: b"192.0.2.2",
            server_port: 80,
            id: b"-",
            at: UNIX_EPOCH,
        },
    );
    transaction.request_line(&RequestLine {
        line: b"GET / HTTP/1.1",
        method: b"GET",
        target: b"/",
        protocol: b"HTTP/1.1",
    });
    for (name, value) in [
        (&b"Host"[..], &b"www.example.com"[..]),
        (b"User-Agent", b"portcullis"),
        (b"Accept", b"*/*"),
    ] {
        transaction.request_header(name, value);
    }
    if transaction.run_request_head().passes() {
        transaction.request_body(b"", true);
        transaction.run_request_body();
    }
    transaction
}

/// Rule by rule, which other rule leads past it.
fn skipped(program: &Program, policy: &Policy, quiet: &Transaction) -> Vec<Option<Standing>> {
    let mut standings = vec![None; program.rules.len()];
    for phase in &program.phases {
        let rules: Vec<usize> = phase.steps.iter().map(|step| step.rule).collect();
        let mut at = 0;
        while let Some(number) = rules.get(at) {
            at += 1;
            let Some((standing, to)) = gate(program, *number, policy, quiet) else {
                continue;
            };
            let passed = rules.get(at..to.min(rules.len())).unwrap_or_default();
            for number in passed {
                if let Some(slot) = standings.get_mut(*number) {
                    *slot = Some(standing.clone());
                }
            }
            at = at.max(to);
        }
    }
    standings
}

/// What a rule says that does nothing but to lead past others for what is set, and where to.
fn gate(
    program: &Program,
    number: usize,
    policy: &Policy,
    quiet: &Transaction,
) -> Option<(Standing, usize)> {
    let rule = program.rules.get(number)?;
    let Jump::To(to) = rule.jump else {
        return None;
    };
    let [link] = &*rule.links else {
        return None;
    };
    let quick = link.quick?;
    let tx = &quiet.state.tx;
    if !quick.matches(tx) {
        return None;
    }
    let Quick {
        slot,
        count,
        test,
        negated,
        right,
    } = quick;
    let standing = Standing::Skipped {
        by: rule.info.id,
        setting: policy.names.name(slot).to_ascii_lowercase(),
        value: match count {
            true => Some(i64::from(tx.is_set(slot))),
            false => tx.number(slot),
        },
        relation: relation(test, negated),
        limit: match right {
            Right::Number(number) => number,
            Right::Slot(slot) => tx.number(slot).unwrap_or(0),
        },
    };
    Some((standing, to))
}

const fn relation(test: NumberTest, negated: bool) -> &'static str {
    match (test, negated) {
        (NumberTest::Equal, false) => "=",
        (NumberTest::Equal, true) => "!=",
        (NumberTest::GreaterOrEqual, false) | (NumberTest::Less, true) => ">=",
        (NumberTest::Greater, false) | (NumberTest::LessOrEqual, true) => ">",
        (NumberTest::LessOrEqual, false) | (NumberTest::Greater, true) => "<=",
        (NumberTest::Less, false) | (NumberTest::GreaterOrEqual, true) => "<",
    }
}

fn level(rule: &Rule) -> Option<u8> {
    let tags = rule.tags.iter().filter_map(|tag| tag.literal());
    let mut levels = tags.filter_map(|tag| tag.strip_prefix(LEVEL));
    levels.find_map(|level| std::str::from_utf8(level).ok()?.parse().ok())
}

/// The rules whose `ctl` removes a rule, or some of its targets.
fn removers(policy: &Policy, program: usize, rule: usize) -> Vec<u64> {
    let holds = |programs: &Arc<[RuleBits]>| {
        programs
            .get(program)
            .is_some_and(|rules| rules.contains(rule))
    };
    let removes = |effect: &Effect| match effect {
        Effect::RemoveRules(programs) => holds(programs),
        Effect::RemoveTarget(exclusion) => holds(&exclusion.rules),
        _ => false,
    };
    let programs = policy.programs.iter();
    let all = programs.flat_map(|program| &program.rules);
    let removers = all.filter(|rule| {
        let mut effects = rule.links.iter().flat_map(|link| &link.effects);
        effects.any(removes)
    });
    removers.map(|rule| rule.info.id).collect()
}
