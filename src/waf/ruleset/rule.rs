//! One rule, compiled.

use std::sync::Arc;

use super::{ChainId, Exclusion, Expansion, RuleBits, Select, Turn};
use crate::waf::{
    Variable,
    operators::Operator,
    seclang::{AuditMode, AuditParts, BodyProcessor, EngineMode, PartsChange},
    tx::{Slot, TxStore},
};

/// What a rule says about itself. Nothing of it bears on whether it matches.
#[derive(Clone, Debug, Default)]
pub struct RuleInfo {
    /// The id.
    pub id: u64,
    /// The file that it stands in.
    pub file: Arc<str>,
    /// The line that it begins at, from 1.
    pub line: u32,
    /// `rev`
    pub rev: Box<[u8]>,
    /// `ver`
    pub ver: Box<[u8]>,
    /// `severity`: 0 (emergency) to 7 (debug).
    pub severity: Option<u8>,
    /// `maturity`
    pub maturity: Option<u8>,
    /// `accuracy`
    pub accuracy: Option<u8>,
}

/// A rule: the links of its chain, of which most have one.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) info: RuleInfo,
    /// 1 to 5.
    pub(crate) phase: u8,
    pub(crate) links: Box<[Link]>,
    pub(crate) msg: Expansion,
    pub(crate) logdata: Expansion,
    pub(crate) tags: Box<[Expansion]>,
    pub(crate) log: bool,
    pub(crate) audit: bool,
    pub(crate) disruption: Disruption,
    /// The status of a refusal.
    pub(crate) status: u16,
    /// Whether the rule, or the defaults of its phase, name that status.
    pub(crate) names_status: bool,
    pub(crate) jump: Jump,
    /// Whether what the rule matches must be noted: something may ask for it.
    pub(crate) tells: bool,
}

impl Rule {
    /// Whether a match refuses the exchange where rules are obeyed.
    pub(crate) const fn is_disruptive(&self) -> bool {
        matches!(
            self.disruption,
            Disruption::Deny | Disruption::Drop | Disruption::Redirect(_)
        )
    }

    /// What there is to do for the rule where the short form of its first link, if there is one, holds.
    pub(crate) fn turn(&self) -> Turn {
        let [link] = &*self.links else {
            return Turn::Look;
        };
        let is_told = link.quick.is_some() || link.is_unconditional();
        let is_silent = !(self.log || self.audit || self.tells) && self.info.severity.is_none();
        match self.disruption {
            Disruption::Pass if is_told && is_silent && link.effects.is_empty() => Turn::Lead,
            Disruption::Pass if is_told && is_silent => Turn::Act,
            _ => Turn::Look,
        }
    }
}

/// What a match does to the exchange.
#[derive(Clone, Debug)]
pub(crate) enum Disruption {
    /// Nothing.
    Pass,
    /// It is refused.
    Deny,
    /// The connection is closed.
    Drop,
    /// It is sent elsewhere.
    Redirect(Expansion),
    /// No rule is evaluated any more but in the logging phase.
    AllowExchange,
    /// No rule of this phase is evaluated any more.
    AllowPhase,
    /// No rule of the request's phases is evaluated any more.
    AllowRequest,
}

/// Which rule follows a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jump {
    /// The next one.
    Next,
    /// The one at this position of the phase.
    To(usize),
}

/// A link of a chain.
#[derive(Debug)]
pub(crate) struct Link {
    /// What it looks at; none for `SecAction`, which always matches.
    pub(crate) targets: Box<[LinkTarget]>,
    /// What it does not look at.
    pub(crate) excludes: Vec<(Variable, Select)>,
    pub(crate) chain: ChainId,
    pub(crate) multi_match: bool,
    pub(crate) test: Test,
    /// A form of the whole link that takes a few instructions, where there is one.
    pub(crate) quick: Option<Quick>,
    pub(crate) capture: bool,
    pub(crate) effects: Box<[Effect]>,
}

impl Link {
    /// Whether it matches whatever there is: `SecAction`.
    fn is_unconditional(&self) -> bool {
        self.test.operator.is_none() && self.targets.is_empty()
    }
}

/// How a link looks at a value.
#[derive(Debug)]
pub(crate) struct Test {
    /// The operator's name, as the reference manual spells it.
    pub(crate) name: &'static str,
    /// `None`: everything matches.
    pub(crate) operator: Option<Arc<Operator>>,
    pub(crate) negated: bool,
    /// What it is compared with.
    pub(crate) argument: Expansion,
}

impl Test {
    /// The test of `SecAction`, which everything passes.
    pub(crate) fn everything() -> Self {
        Self {
            name: "unconditionalMatch",
            operator: None,
            negated: false,
            argument: Expansion::default(),
        }
    }
}

/// A test of one number of `TX`, which is what most rules without a pattern are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quick {
    pub(crate) slot: Slot,
    /// Whether the number is how many there are (0 or 1) rather than the value.
    pub(crate) count: bool,
    pub(crate) test: NumberTest,
    pub(crate) negated: bool,
    pub(crate) right: Right,
}

impl Quick {
    /// Whether a link matches that compares with the number `right`.
    pub(crate) fn holds(&self, tx: &TxStore, right: i64) -> bool {
        let left = match self.count {
            true => i64::from(tx.is_set(self.slot)),
            false => match tx.number(self.slot) {
                Some(number) => number,
                None => return false,
            },
        };
        self.test.holds(left, right) != self.negated
    }
}

impl Quick {
    /// Whether a link matches.
    pub(crate) fn matches(&self, tx: &TxStore) -> bool {
        let right = match self.right {
            Right::Number(number) => number,
            Right::Slot(slot) => tx.number(slot).unwrap_or(0),
        };
        self.holds(tx, right)
    }
}

/// What a number is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Right {
    Number(i64),
    Slot(Slot),
}

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberTest {
    Equal,
    GreaterOrEqual,
    Greater,
    LessOrEqual,
    Less,
}

impl NumberTest {
    /// Whether `left` compares so with `right`.
    pub(crate) const fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::GreaterOrEqual => left >= right,
            Self::Greater => left > right,
            Self::LessOrEqual => left <= right,
            Self::Less => left < right,
        }
    }

    /// The test of an operator's name.
    pub(crate) fn of(operator: &str) -> Option<Self> {
        match operator {
            "eq" => Some(Self::Equal),
            "ge" => Some(Self::GreaterOrEqual),
            "gt" => Some(Self::Greater),
            "le" => Some(Self::LessOrEqual),
            "lt" => Some(Self::Less),
            _ => None,
        }
    }
}

/// One target of a link.
#[derive(Clone, Debug)]
pub(crate) struct LinkTarget {
    pub(crate) variable: Variable,
    pub(crate) select: Select,
    pub(crate) kind: TargetKind,
}

/// What of a target is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TargetKind {
    /// Each value.
    Values,
    /// How many there are.
    Count,
}

/// What a link does whenever it matches.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    SetTx(TxName, TxChange),
    SetEnv(Expansion, Expansion),
    RuleEngine(EngineMode),
    /// Rules, program by program, are not evaluated any more.
    RemoveRules(Arc<[RuleBits]>),
    RemoveTarget(Arc<Exclusion>),
    RequestBodyProcessor(BodyProcessor),
    ResponseBodyProcessor(BodyProcessor),
    RequestBodyAccess(bool),
    ResponseBodyAccess(bool),
    RequestBodyLimit(u64),
    ResponseBodyLimit(u64),
    ForceRequestBody(bool),
    ForceResponseBody(bool),
    AuditEngine(AuditMode),
    AuditLogParts(PartsChange, AuditParts),
}

/// A member of `TX` that an effect changes.
#[derive(Clone, Debug)]
pub(crate) enum TxName {
    /// Its name stands in the rule.
    Slot(Slot),
    /// Its name is expanded.
    Expanded(Expansion),
}

/// How a member of `TX` is changed.
#[derive(Clone, Debug)]
pub(crate) enum TxChange {
    Set(Expansion),
    /// To a text without macros, and the number that it begins with.
    SetText(Box<[u8]>, i64),
    AddNumber(i64),
    AddSlot(Slot),
    Add(Expansion),
    Subtract(Expansion),
    Unset,
}

impl Effect {
    /// Whether it speaks of what has matched.
    pub(crate) fn tells_matches(&self) -> bool {
        match self {
            Self::SetTx(name, change) => name.tells_matches() || change.tells_matches(),
            Self::SetEnv(name, value) => name.tells_matches() || value.tells_matches(),
            _ => false,
        }
    }
}

impl TxName {
    fn tells_matches(&self) -> bool {
        match self {
            Self::Slot(_) => false,
            Self::Expanded(name) => name.tells_matches(),
        }
    }
}

impl TxChange {
    fn tells_matches(&self) -> bool {
        match self {
            Self::Set(value) | Self::Add(value) | Self::Subtract(value) => value.tells_matches(),
            Self::SetText(..) | Self::AddNumber(_) | Self::AddSlot(_) | Self::Unset => false,
        }
    }
}
