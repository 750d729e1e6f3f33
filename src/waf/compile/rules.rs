//! Drafts to programs, and a rule set as a whole.

use std::sync::Arc;

use hashbrown::HashMap;

use super::{
    Amended, Fault, FaultKind,
    actions::{Head, LinkActions, Reader},
    draft::{Draft, DraftLink},
    link::{argument, bounded, quick, targets},
    order::{Lead, Markers, Placed, order},
    unit::Unit,
};
use crate::waf::{
    Variable,
    candidates::plan,
    operators::{CompileEnv, Limits, Operator},
    policy::Policy,
    ruleset::{Jump, KnownSlots, Link, Program, Rule, RuleInfo, Select, Test, Used},
    seclang::{Directive, FileId, RuleFiles, SourceMap, Span},
    settings::Settings,
    tx::TxNames,
};

/// A rule set: one document, compiled.
#[derive(Clone, Debug)]
pub struct RuleSet {
    pub(super) program: Arc<Program>,
    pub(super) names: Arc<TxNames>,
    pub(super) settings: Arc<Settings>,
}

/// What came of compiling.
#[derive(Debug)]
pub struct Compiled<T> {
    /// What was compiled, unless something is wrong.
    pub result: Option<T>,
    /// What is wrong.
    pub errors: Vec<Fault>,
    /// What is doubtful.
    pub warnings: Vec<Fault>,
    /// Rules that are not evaluated as they were written.
    pub amended: Vec<Amended>,
}

impl RuleSet {
    /// Compiles directives. `files` has the words and addresses that operators name.
    pub fn compile(
        directives: &[Directive],
        sources: &SourceMap,
        files: &dyn RuleFiles,
    ) -> Compiled<Self> {
        let mut unit = Unit::new(&[], Settings::default(), TxNames::of_captures());
        unit.document(0, directives);
        let amended = unit.amendments.tell(&unit.drafts, &[], sources);
        let programs = finish(&mut unit, 1, sources, files);
        let Unit {
            settings,
            names,
            errors,
            warnings,
            ..
        } = unit;
        let program = programs.into_iter().next();
        Compiled {
            result: program.filter(|_| errors.is_empty()).map(|program| Self {
                program: Arc::new(program),
                names: Arc::new(names),
                settings: Arc::new(settings),
            }),
            errors,
            warnings,
            amended,
        }
    }

    /// The settings that its directives make.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What each rule says of itself, in order.
    pub fn rules(&self) -> impl Iterator<Item = &RuleInfo> {
        self.program.rules.iter().map(|rule| &rule.info)
    }

    /// The rule set alone, as its own directives want it to be obeyed.
    pub fn policy(&self) -> Policy {
        Policy {
            programs: [Arc::clone(&self.program)].into(),
            order: &[0],
            names: Arc::clone(&self.names),
            settings: Arc::clone(&self.settings),
            mode: self.settings.engine,
            preset: Arc::default(),
            removed: Arc::default(),
            exclusions: Arc::default(),
            one_by_one: false,
        }
    }
}

/// Makes the programs of a unit of so many documents.
pub(super) fn finish(
    unit: &mut Unit<'_>,
    documents: usize,
    sources: &SourceMap,
    files: &dyn RuleFiles,
) -> Vec<Program> {
    let drafts = std::mem::take(&mut unit.drafts);
    let markers = std::mem::take(&mut unit.markers);
    let mut slots = 0;
    let mut operators = Operators::new();
    (0..documents)
        .map(|document| {
            let mut of_document = Markers::new();
            for (name, _, place) in markers.iter().filter(|marker| marker.1 == document) {
                of_document.entry_ref(name).or_default().push(*place);
            }
            let mut finisher = Finisher {
                unit,
                drafts: &drafts,
                documents,
                sources,
                files,
                slots: &mut slots,
                operators: &mut operators,
                program: Program::default(),
                placed: Vec::new(),
            };
            finisher.rules(document);
            let Finisher {
                mut program,
                placed,
                ..
            } = finisher;
            let doubts = order(&mut program, &placed, &of_document);
            unit.warnings.extend(doubts);
            know_members(&mut program, &unit.names);
            program.used = Used::of(&program.rules);
            program.plans = [plan(&mut program, &[1, 2]), plan(&mut program, &[3, 4])];
            program
        })
        .collect()
}

/// Finds the places of members of `TX` that are chosen by expressions.
fn know_members(program: &mut Program, names: &TxNames) {
    let links = program.rules.iter_mut().flat_map(|rule| &mut rule.links);
    for target in links.flat_map(|link| &mut link.targets) {
        if target.variable == Variable::Tx
            && let Select::Regex(regex) = &target.select
        {
            let slots = names.all().filter(|(_, name)| regex.holds(name));
            let known = KnownSlots {
                slots: slots.map(|(slot, _)| slot).collect(),
                below: u16::try_from(names.len()).unwrap_or(u16::MAX),
            };
            target.select = Select::TxRegex(Arc::clone(regex), Arc::new(known));
        }
    }
}

/// Operators of a unit: rules that call the same, with the same argument, in the same file, share it,
/// so that a text is asked once for all of them.
type Operators = HashMap<(FileId, &'static str, Box<[u8]>), Arc<Operator>>;

struct Finisher<'a, 'u> {
    unit: &'a mut Unit<'u>,
    drafts: &'a [Draft],
    documents: usize,
    sources: &'a SourceMap,
    files: &'a dyn RuleFiles,
    slots: &'a mut u32,
    operators: &'a mut Operators,
    program: Program,
    /// Of the program's rules, one each.
    placed: Vec<Placed>,
}

impl Finisher<'_, '_> {
    fn rules(&mut self, document: usize) {
        let drafts = self.drafts;
        for (place, draft) in drafts
            .iter()
            .enumerate()
            .filter(|(_, draft)| draft.document == document && !draft.removed)
        {
            let rule = self.rule(place, draft);
            self.program.rules.push(rule);
        }
        let foreign = self.program.rules.iter().any(|rule| {
            let first = rule.links.first();
            first.is_some_and(|link| link.targets.iter().any(|target| target.variable.is_match()))
        });
        if foreign {
            for rule in &mut self.program.rules {
                rule.tells = true;
            }
        }
    }

    fn rule(&mut self, place: usize, draft: &Draft) -> Rule {
        let head = Head::of(draft, &mut self.unit.names);
        self.placed.push(Placed {
            span: draft.span,
            id: draft.id,
            phase: draft.phase,
            place,
            lead: match (&head.skip_after, head.skip) {
                (Some(name), _) => Lead::After(name.clone()),
                (None, 0) => Lead::Next,
                (None, count) => Lead::Past(count),
            },
        });
        let links: Vec<Link> = draft
            .links
            .iter()
            .map(|link| self.link(draft, link))
            .collect();
        let location = self.sources.locate(draft.span);
        let (status, names_status) = (head.status(), head.status.is_some());
        let tells = head.log
            || links.iter().any(|link| {
                link.test.argument.tells_matches()
                    || link.targets.iter().any(|target| target.variable.is_match())
                    || link.effects.iter().any(|effect| effect.tells_matches())
            });
        Rule {
            info: RuleInfo {
                id: draft.id,
                file: location.file,
                line: location.line,
                rev: head.rev,
                ver: head.ver,
                severity: head.severity,
                maturity: head.maturity,
                accuracy: head.accuracy,
            },
            phase: draft.phase,
            links: links.into(),
            msg: head.msg,
            logdata: head.logdata,
            tags: head.tags.into(),
            log: head.log,
            audit: head.audit,
            disruption: head.disruption,
            status,
            names_status,
            jump: Jump::Next,
            tells,
        }
    }

    fn link(&mut self, draft: &Draft, link: &DraftLink) -> Link {
        let Unit {
            prior,
            names,
            errors,
            warnings,
            effort,
            ..
        } = &mut *self.unit;
        let LinkActions {
            transformations,
            capture,
            multi_match,
            effects,
        } = Reader {
            prior,
            drafts: self.drafts,
            documents: self.documents,
            names,
            errors,
            warnings,
            effort,
        }
        .link(&draft.defaults, &link.actions);
        let looked = targets(link, names, errors);
        if let Err(kind) = bounded(&transformations) {
            errors.push(Fault {
                span: draft.span,
                kind,
            });
        }
        let chain = self.program.chains.intern(&transformations);
        if chain.is_none() {
            errors.push(Fault {
                span: draft.span,
                kind: FaultKind::TooMany("chains of transformations"),
            });
        }
        let (test, quick) = match &link.operator {
            None => (Test::everything(), None),
            Some(call) => {
                let argument = argument(call, names);
                let plain = transformations.is_empty() && !capture && !multi_match;
                let quick = quick(&looked, call, &argument, plain);
                let test = Test {
                    name: call.name,
                    operator: self.operator(call.name, &call.argument, call.argument_span),
                    negated: call.negated,
                    argument,
                };
                (test, quick)
            }
        };
        Link {
            targets: looked.looks_at.into(),
            excludes: looked.excludes,
            chain: chain.unwrap_or_default(),
            multi_match,
            test,
            quick,
            capture,
            effects: effects.into(),
        }
    }

    fn operator(
        &mut self,
        name: &'static str,
        argument: &[u8],
        span: Span,
    ) -> Option<Arc<Operator>> {
        let key = (span.file, name, argument.into());
        if let Some(operator) = self.operators.get(&key) {
            return Some(Arc::clone(operator));
        }
        let mut doubts = Vec::new();
        let compiled = Operator::compile(
            name,
            argument,
            &mut CompileEnv {
                files: self.files,
                from: self.sources.name(span.file),
                limits: Limits::default(),
                slots: self.slots,
                warnings: &mut doubts,
            },
        );
        let is_doubtful = !doubts.is_empty();
        for doubt in doubts {
            self.unit.warning(span, doubt.into());
        }
        let operator = match compiled {
            Ok(operator) => Arc::new(operator),
            Err(error) => {
                self.unit.error(span, error.into());
                return None;
            }
        };
        // Each place of a doubt is told.
        if !is_doubtful {
            self.operators.insert(key, Arc::clone(&operator));
        }
        Some(operator)
    }
}
