//! A link: its targets and its operator.

use std::sync::Arc;

use super::{Fault, FaultKind, draft::DraftLink, resolve::selector, templates::expansion};
use crate::waf::{
    Transformation, Variable,
    operators::leading_number,
    ruleset::{
        Expand, Expansion, LinkTarget, NamePattern, NumberTest, Quick, Right, Select, TargetKind,
    },
    seclang::{OperatorCall, Selector, Target, Template},
    tx::TxNames,
};

/// Most transformations of a link.
const TRANSFORMATIONS: usize = 32;

/// How many times as long as a value anything may be that its transformations make of it.
const GROWTH: usize = 16;

/// What a link looks at and what it does not.
#[derive(Default)]
pub(super) struct Targets {
    pub(super) looks_at: Vec<LinkTarget>,
    pub(super) excludes: Vec<(Variable, Select)>,
}

/// The targets of a link.
pub(super) fn targets(link: &DraftLink, names: &mut TxNames, errors: &mut Vec<Fault>) -> Targets {
    let mut all = Targets::default();
    for target in &link.targets {
        let select = match (target.exclude, &target.selector) {
            // A place would do for members whose names stand in rules, and not for the others.
            (true, Some(Selector::Name(name))) => {
                Ok(Select::Name(name.to_ascii_lowercase().into()))
            }
            _ => select(target, names),
        };
        match select {
            Ok(select) if target.exclude => all.excludes.push((target.variable, select)),
            Ok(select) => all.looks_at.push(LinkTarget {
                variable: target.variable,
                select,
                kind: match target.count {
                    true => TargetKind::Count,
                    false => TargetKind::Values,
                },
            }),
            Err(fault) => errors.push(fault),
        }
    }
    // Updates of many rules name variables that some of these do not look at: left in, they would
    // make a comparison of numbers something to be looked into.
    let Targets { looks_at, excludes } = &mut all;
    excludes.retain(|(variable, _)| looks_at.iter().any(|it| it.variable == *variable));
    all
}

/// Which members a target means.
pub(super) fn select(target: &Target, names: &mut TxNames) -> Result<Select, Fault> {
    Ok(match &target.selector {
        None => Select::All,
        Some(Selector::XmlText) => Select::Name(b"/*"[..].into()),
        Some(Selector::XmlAttributes) => Select::Name(b"//@*"[..].into()),
        Some(Selector::Regex(pattern)) => {
            let regex = selector(pattern, true, target.span)?;
            Select::Regex(Arc::new(NamePattern::new(pattern, regex)))
        }
        Some(Selector::Name(name)) => {
            let slot = match target.variable {
                Variable::Tx if !target.exclude => names.intern(name),
                _ => None,
            };
            match slot {
                Some(slot) => Select::Tx(slot),
                None => Select::Name(name.to_ascii_lowercase().into()),
            }
        }
    })
}

/// Whether transformations in a row keep to their bounds: a client would choose else how much memory
/// the encoders among them take.
pub(super) fn bounded(transformations: &[Transformation]) -> Result<(), FaultKind> {
    // Long enough that what is rounded up does not count.
    const VALUE: usize = 4096;
    if transformations.len() > TRANSFORMATIONS {
        return Err(FaultKind::TooManySteps(TRANSFORMATIONS));
    }
    let lengths = transformations.iter().scan(VALUE, |len, step| {
        *len = step.max_len(*len);
        Some(*len)
    });
    if lengths.max().unwrap_or_default() > GROWTH * VALUE + GROWTH {
        return Err(FaultKind::Grows(GROWTH));
    }
    Ok(())
}

/// The argument of an operator, macros found.
pub(super) fn argument(call: &OperatorCall, names: &mut TxNames) -> Expansion {
    expansion(&Template::new(&call.argument), names)
}

/// The short form of a link, if it has one: one number of `TX` compared with another.
pub(super) fn quick(
    targets: &Targets,
    call: &OperatorCall,
    argument: &Expansion,
    plain: bool,
) -> Option<Quick> {
    let test = NumberTest::of(call.name)?;
    let [target] = targets.looks_at.as_slice() else {
        return None;
    };
    let Select::Tx(slot) = target.select else {
        return None;
    };
    if !plain || !targets.excludes.is_empty() || target.variable != Variable::Tx {
        return None;
    }
    let right = match &*argument.pieces {
        [] => Right::Number(0),
        [Expand::Literal(text)] => Right::Number(leading_number(text)),
        [Expand::Tx(slot)] => Right::Slot(*slot),
        _ => return None,
    };
    Some(Quick {
        slot,
        count: target.kind == TargetKind::Count,
        test,
        negated: call.negated,
        right,
    })
}
