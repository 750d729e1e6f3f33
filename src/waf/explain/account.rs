//! From what was noted of an exchange to what each rule found in it.

use std::sync::Arc;

use super::{
    branch,
    ledger::Ledger,
    mark::{Mark, mark},
};
use crate::waf::{
    Match, Transaction, Transformation,
    evaluate::{LinkPlace, Note},
    log::{About, Disclosure, Masks, Texts},
    operators::Operator,
    ruleset::{Link, Rule},
};

/// Bytes up to which the smallest branch of a pattern is looked for in a value.
const LONGEST_SEARCHED: usize = 64 << 10;

/// Matches of one link that are explained; more are counted.
const OF_A_LINK: usize = 32;

/// Why an exchange went as it did.
#[derive(Clone, Debug, Default)]
pub struct Explanation {
    /// The request's target, masked like everything else.
    pub target: Vec<u8>,
    /// Rules that matched, in the order in which they did.
    pub rules: Vec<ExplainedRule>,
    /// What was added to which score, and what came of it.
    pub ledger: Ledger,
    /// How many matches and changes were not noted, for there were too many.
    pub lost: u64,
}

/// A rule that matched.
#[derive(Clone, Debug)]
pub struct ExplainedRule {
    /// Its id.
    pub id: u64,
    /// The file that it stands in.
    pub file: Arc<str>,
    /// The line that it begins at, from 1.
    pub line: u32,
    /// Its phase, 1 to 5.
    pub phase: u8,
    /// `msg`, macros expanded.
    pub msg: Vec<u8>,
    /// `logdata`, macros expanded.
    pub data: Vec<u8>,
    /// `tag`, each, macros expanded.
    pub tags: Vec<Vec<u8>>,
    /// `severity`: 0 (emergency) to 7 (debug).
    pub severity: Option<u8>,
    /// Whether it refuses.
    pub disruptive: bool,
    /// Whether it is one that wants to be logged, or refuses. Others prepare what these look at.
    pub tells: bool,
    /// The links of its chain.
    pub links: Vec<ExplainedLink>,
}

/// A link of a chain that matched.
#[derive(Clone, Debug)]
pub struct ExplainedLink {
    /// The operator's name, for example `rx`.
    pub operator: &'static str,
    /// Whether it is negated.
    pub negated: bool,
    /// What it matched, the first ones.
    pub evidence: Vec<Evidence>,
    /// How many it matched besides.
    pub more: usize,
}

/// One value that a link matched.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The variable and its member, for example `ARGS:id`; empty for `SecAction`.
    pub variable: Vec<u8>,
    /// The value; `None`: it is masked.
    pub shown: Option<Shown>,
}

/// A value that was matched, on its way to the operator.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// As it came.
    pub raw: Vec<u8>,
    /// What each transformation made of it.
    pub steps: Vec<Step>,
    /// What the operator compared with, macros expanded.
    pub argument: Vec<u8>,
    /// The bytes that matched, in what the last transformation left: the first one, and one past the
    /// last.
    pub span: Option<(usize, usize)>,
    /// The smallest branch of the pattern that matches them, where that is not all of it.
    pub branch: Option<Vec<u8>>,
    /// What `@detectSQLi` took the value for.
    pub fingerprint: Option<Vec<u8>>,
    /// Whether the search gave up, which counts as a match.
    pub exhausted: bool,
}

/// A transformation and what it made of the value.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name, for example `urlDecodeUni`.
    pub name: &'static str,
    /// The value after it; `None`: as before.
    pub result: Option<Vec<u8>>,
}

impl Shown {
    /// What the operator saw.
    pub fn seen(&self) -> &[u8] {
        let results = self.steps.iter().rev();
        let last = results.filter_map(|step| step.result.as_deref()).next();
        last.unwrap_or(&self.raw)
    }
}

impl Explanation {
    /// Explains an exchange that was [recorded](Transaction::record). Everything that is wanted of it
    /// has been run. `about` tells what the transaction does not know, as for logs.
    pub fn of(transaction: &Transaction, about: &About<'_>, masks: &Masks) -> Self {
        let Some(recording) = &transaction.state.recording else {
            return Self::default();
        };
        let disclosure = Disclosure::new(transaction, about, masks);
        let mut account = Account {
            transaction,
            disclosure: &disclosure,
            rules: Vec::new(),
        };
        for note in &recording.notes {
            account.take(note);
        }
        Self {
            target: disclosure.target().to_vec(),
            ledger: Ledger::of(transaction, recording),
            rules: account.finish(),
            lost: recording.lost,
        }
    }
}

struct Account<'a> {
    transaction: &'a Transaction,
    disclosure: &'a Disclosure<'a>,
    rules: Vec<Open<'a>>,
}

/// A rule of which at least one link has matched.
struct Open<'a> {
    program: usize,
    number: usize,
    rule: &'a Rule,
    links: Vec<ExplainedLink>,
}

impl<'a> Account<'a> {
    fn take(&mut self, note: &Note) {
        let Note::Hit {
            place,
            name,
            raw,
            applied,
            argument,
        } = note
        else {
            return;
        };
        let LinkPlace {
            program,
            rule: number,
            link,
        } = *place;
        let transaction = self.transaction;
        let Some(rule) = transaction.rule(program, number) else {
            return;
        };
        let known = self
            .rules
            .iter()
            .rposition(|it| it.program == program && it.number == number);
        let known = known.unwrap_or_else(|| {
            self.rules.push(Open {
                program,
                number,
                rule,
                links: Vec::new(),
            });
            self.rules.len() - 1
        });
        let Some(compiled) = rule.links.get(link) else {
            return;
        };
        let Some(open) = self.rules.get_mut(known) else {
            return;
        };
        while open.links.len() <= link {
            let Some(next) = rule.links.get(open.links.len()) else {
                return;
            };
            open.links.push(ExplainedLink {
                operator: next.test.name,
                negated: next.test.negated,
                evidence: Vec::new(),
                more: 0,
            });
        }
        let Some(explained) = open.links.get_mut(link) else {
            return;
        };
        if explained.evidence.len() >= OF_A_LINK {
            explained.more += 1;
            return;
        }
        let chain = transaction.steps(program, compiled);
        let chain = chain.get(..*applied).unwrap_or(chain);
        explained.evidence.push(Evidence {
            variable: self.disclosure.variable(name).into_owned(),
            shown: shown(self.disclosure, compiled, (name, raw), chain, argument),
        });
    }

    /// The rules of which every link has matched.
    fn finish(self) -> Vec<ExplainedRule> {
        let Self {
            transaction,
            disclosure,
            rules,
        } = self;
        let whole = rules.into_iter().filter(|open| {
            let has_all = open.links.len() == open.rule.links.len();
            has_all && open.links.iter().all(|link| !link.evidence.is_empty())
        });
        let explained = whole.map(|open| {
            let Open {
                program: _,
                number: _,
                rule,
                links,
            } = open;
            let is_it = |found: &Match<'_>| std::ptr::eq(found.rule, &raw const rule.info);
            let found = transaction.matches().find(is_it);
            let Texts { msg, data, tags } = match found {
                Some(found) => disclosure.texts(&found),
                // Nothing of it was kept for logs: what stands in the rule.
                None => Texts {
                    msg: rule.msg.literal().unwrap_or_default().to_vec(),
                    data: Vec::new(),
                    tags: rule
                        .tags
                        .iter()
                        .filter_map(|tag| Some(tag.literal()?.to_vec()))
                        .collect(),
                },
            };
            ExplainedRule {
                id: rule.info.id,
                file: Arc::clone(&rule.info.file),
                line: rule.info.line,
                phase: rule.phase,
                msg,
                data,
                tags,
                severity: rule.info.severity,
                disruptive: rule.is_disruptive(),
                tells: rule.log || rule.is_disruptive(),
                links,
            }
        });
        explained.collect()
    }
}

/// A value on its way to the operator; `None` where it is masked, or anything that was made of it is.
fn shown(
    disclosure: &Disclosure<'_>,
    link: &Link,
    (name, raw): (&[u8], &[u8]),
    chain: &[Transformation],
    argument: &[u8],
) -> Option<Shown> {
    if disclosure.hides(name, raw) {
        return None;
    }
    let has_macros = link.test.argument.literal().is_none();
    if has_macros && disclosure.hides(b"TX", argument) {
        return None;
    }
    let mut steps = Vec::with_capacity(chain.len());
    let mut value = raw.to_vec();
    for transformation in chain {
        let mut result = Vec::new();
        let changed = transformation.apply(&value, &mut result);
        if changed {
            value = result.clone();
        }
        steps.push(Step {
            name: transformation.name(),
            result: changed.then_some(result),
        });
    }
    if disclosure.hides(name, &value) {
        return None;
    }
    let Mark {
        span,
        fingerprint,
        exhausted,
    } = match &link.test.operator {
        Some(operator) => mark(
            (link.test.name, operator),
            link.test.negated,
            argument,
            &value,
        ),
        None => Mark::default(),
    };
    let branch = match (link.test.operator.as_deref(), &span) {
        (Some(Operator::Rx(rx) | Operator::RxGlobal(rx)), Some(span))
            if value.len() <= LONGEST_SEARCHED =>
        {
            let pattern = match rx.expands() {
                true => argument,
                false => rx.text(),
            };
            branch::smallest(pattern, &value, span)
        }
        _ => None,
    };
    Some(Shown {
        raw: raw.to_vec(),
        steps,
        argument: argument.to_vec(),
        span: span.map(|span| (span.start, span.end)),
        branch,
        fingerprint,
        exhausted,
    })
}
