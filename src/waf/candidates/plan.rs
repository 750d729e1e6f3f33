//! What is to be asked about each source of values.

use std::sync::Arc;

use hashbrown::HashMap;

use super::{
    gates::{Gates, gate_slots},
    test::test,
};
use crate::waf::{
    Variable,
    matcher::{AtomSpec, Bits, Matcher, Test},
    operators::Operator,
    ruleset::{Effect, Link, Program, Select, TargetKind, TxName},
    values::{List, Source, sources},
};

/// A name longer than this is not one that a rule names. Each length is a bit of a word.
const LONGEST_NAME: usize = 127;

/// What is to be asked about the values of some phases.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) matcher: Matcher,
    pub(super) rows: Vec<Row>,
    /// Where in `rows` a source is, by its index.
    row_of: Vec<Option<u8>>,
    pub(super) gates: Gates,
}

/// What is to be asked about the values of a source.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) source: Source,
    /// The sets of atoms that are asked: first that of members without a place of their own.
    pub(super) sets: Vec<Bits>,
    /// By name, in lower case: the place of a member's set.
    named: HashMap<Box<[u8]>, usize>,
    /// The lengths of these names, a bit each.
    lengths: u128,
}

impl Row {
    /// The place of the set of atoms that are asked of a member called `name`.
    pub(super) fn set(&self, name: &[u8]) -> usize {
        let shifted = u32::try_from(name.len())
            .ok()
            .and_then(|length| self.lengths.checked_shr(length));
        if shifted.is_none_or(|lengths| lengths & 1 == 0) {
            return 0;
        }
        let mut lower = [0; LONGEST_NAME];
        let Some(lower) = lower.get_mut(..name.len()) else {
            return 0;
        };
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        self.named.get(&*lower).copied().unwrap_or_default()
    }
}

/// The test of each operator, which rules may share.
type Tests = HashMap<*const Operator, Option<Test>>;

/// A row while it is gathered.
struct Draft {
    source: Source,
    all: Bits,
    /// By name: what is asked besides, and what is not.
    named: HashMap<Box<[u8]>, (Bits, Bits)>,
}

impl From<Draft> for Row {
    fn from(draft: Draft) -> Self {
        let Draft { source, all, named } = draft;
        let mut row = Self {
            source,
            sets: vec![all],
            named: HashMap::new(),
            lengths: 0,
        };
        for (name, (also, not)) in named {
            row.lengths |= 1 << name.len();
            let set = all.union(&also).difference(&not);
            let known = row.sets.iter().position(|known| *known == set);
            let place = known.unwrap_or_else(|| {
                row.sets.push(set);
                row.sets.len() - 1
            });
            row.named.insert(name, place);
        }
        row
    }
}

impl Plan {
    /// Where in the plan a source is.
    pub(super) fn row(&self, source: Source) -> Option<usize> {
        (*self.row_of.get(source.index())?).map(usize::from)
    }
}

/// Numbers the atoms of a program's phases and plans what is asked. `None` where there is nothing to
/// ask.
pub(crate) fn plan(program: &mut Program, phases: &[u8]) -> Option<Plan> {
    let slots = gate_slots(program, phases);
    let mut atoms = Vec::new();
    let mut asking = Vec::new();
    let mut numbered = Vec::new();
    let mut tests = Tests::new();
    for number in phases {
        let Some(phase) = program.phase(*number) else {
            continue;
        };
        // What stands above the rules that set the gates is evaluated before they are known.
        let sets = |rule: usize| {
            let links = program.rules.get(rule).map(|rule| &rule.links);
            let mut effects = links.into_iter().flatten().flat_map(|link| &link.effects);
            effects.any(|effect| match effect {
                Effect::SetTx(TxName::Slot(slot), _) => slots.contains(slot),
                _ => false,
            })
        };
        let from = phase.steps.iter().rposition(|step| sets(step.rule));
        let from = from.map_or(0, |last| last + 1);
        for (place, step) in phase.steps.iter().enumerate().skip(from) {
            let Ok(bit) = u16::try_from(atoms.len()) else {
                break;
            };
            let Some(link) = program
                .rules
                .get(step.rule)
                .and_then(|rule| rule.links.first())
            else {
                continue;
            };
            if usize::from(bit) < Bits::CAPACITY
                && let Some(atom) = atom(bit, link, program, &mut tests)
            {
                atoms.push(atom);
                asking.push((bit, step.rule));
                numbered.push((*number, place, bit));
            }
        }
    }
    if atoms.is_empty() {
        return None;
    }
    // Only conditions that the matcher refuses end here, and those the limits above keep away.
    let matcher = Matcher::build(atoms).ok()?;
    for (number, place, bit) in numbered {
        let index = usize::from(number).checked_sub(1)?;
        if let Some(step) = program
            .phases
            .get_mut(index)
            .and_then(|phase| phase.steps.get_mut(place))
        {
            step.atom = Some(bit);
        }
    }
    for phase in &mut program.phases {
        let mut until = phase.steps.len();
        for (place, step) in phase.steps.iter_mut().enumerate().rev() {
            match step.atom {
                Some(_) => step.until = until,
                None => until = place,
            }
        }
    }
    let rows = rows(program, &asking);
    let mut row_of = vec![None; Source::COUNT];
    for (place, row) in rows.iter().enumerate() {
        if let Some(slot) = row_of.get_mut(row.source.index()) {
            *slot = u8::try_from(place).ok();
        }
    }
    Some(Plan {
        matcher,
        rows,
        row_of,
        gates: Gates::of(program, phases),
    })
}

/// The first link of a rule as an atom, if it depends on values alone that stand still.
fn atom(bit: u16, link: &Link, program: &Program, tests: &mut Tests) -> Option<AtomSpec> {
    let steady = link.targets.iter().all(|target| {
        target.kind == TargetKind::Values
            && sources(target.variable)
                .into_iter()
                .flatten()
                .all(is_steady)
            && sources(target.variable).iter().any(Option::is_some)
    });
    if !steady || link.targets.is_empty() || link.quick.is_some() {
        return None;
    }
    let operator = link.test.operator.as_ref()?;
    let test = tests
        .entry(Arc::as_ptr(operator))
        .or_insert_with(|| test(operator));
    let test = test.clone()?;
    let chain = program.chains.steps(link.chain);
    let chains = match link.multi_match {
        false => vec![chain.to_vec()],
        true => (0..=chain.len())
            .filter_map(|end| chain.get(..end).map(<[_]>::to_vec))
            .collect(),
    };
    Some(AtomSpec {
        bit,
        chains,
        negated: link.test.negated,
        test,
    })
}

/// Whether the values of a source are there when the first rule is asked about them and stay as they
/// are.
const fn is_steady(source: Source) -> bool {
    match source {
        Source::Values(List::Environment) | Source::Names(List::Environment) => false,
        Source::Values(_) | Source::Names(_) => true,
        Source::One(variable) => matches!(
            variable,
            Variable::RequestBasename
                | Variable::RequestBody
                | Variable::RequestFilename
                | Variable::RequestLine
                | Variable::RequestMethod
                | Variable::RequestProtocol
                | Variable::RequestUri
                | Variable::RequestUriRaw
                | Variable::QueryString
                | Variable::RemoteAddr
                | Variable::ServerName
                | Variable::ResponseBody
                | Variable::ResponseProtocol
                | Variable::ResponseStatus
        ),
    }
}

fn rows(program: &Program, asking: &[(u16, usize)]) -> Vec<Row> {
    let mut rows: Vec<Draft> = Vec::new();
    for (bit, rule) in asking {
        let links = program.rules.get(*rule).map(|rule| &rule.links);
        let Some(link) = links.and_then(|links| links.first()) else {
            continue;
        };
        let mut covered: Vec<Source> = Vec::new();
        for target in &link.targets {
            for source in sources(target.variable).into_iter().flatten() {
                let row = row(&mut rows, source);
                match &target.select {
                    Select::Name(name) if name.len() <= LONGEST_NAME => {
                        row.named.entry(name.clone()).or_default().0.insert(*bit);
                    }
                    _ => row.all.insert(*bit),
                }
                covered.push(source);
            }
        }
        covered.sort_unstable_by_key(|source| source.index());
        covered.dedup();
        for source in covered {
            exclude(&mut rows, link, source, *bit);
        }
    }
    rows.into_iter().map(Row::from).collect()
}

/// Leaves out the members that a link excludes by name, whichever way it comes to them.
fn exclude(rows: &mut Vec<Draft>, link: &Link, source: Source, bit: u16) {
    let ways: Vec<Variable> = link
        .targets
        .iter()
        .map(|target| target.variable)
        .filter(|variable| sources(*variable).contains(&Some(source)))
        .collect();
    for (_, select) in &link.excludes {
        let Select::Name(name) = select else { continue };
        let everywhere = ways.iter().all(|way| {
            link.excludes.iter().any(|(variable, select)| {
                variable == way && matches!(select, Select::Name(other) if other == name)
            })
        });
        if everywhere && name.len() <= LONGEST_NAME {
            let row = row(rows, source);
            row.named.entry(name.clone()).or_default().1.insert(bit);
        }
    }
}

fn row(rows: &mut Vec<Draft>, source: Source) -> &mut Draft {
    let known = rows.iter().position(|row| row.source == source);
    let place = known.unwrap_or_else(|| {
        rows.push(Draft {
            source,
            all: Bits::EMPTY,
            named: HashMap::new(),
        });
        rows.len() - 1
    });
    rows.get_mut(place)
        .expect("the row is there, or was just put there")
}

/// What a program needs of another thread: nothing is bound to this one.
const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Arc<Plan>>();
};
