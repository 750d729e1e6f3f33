//! Firewalls: rule sets compiled once, whoever uses them, and what survives from one snapshot to the
//! next.
//!
//! Invariant: where new text does not compile, the last that did stays in force, and a Problem says so.
//! Non-goal: what the rules mean; that is `waf`'s.

mod files;
mod finding;
mod load;
#[cfg(test)]
mod tests;

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

pub use self::{files::SourceFiles, load::amended_rules};
use self::{
    finding::Used,
    load::{Loaded, load_custom, load_set},
};
use super::Firewall;
use crate::{
    config::{self, Config, FirewallMode, Problem, RuleSource},
    waf::{CustomRules, Policy, RuleSet, seclang::EngineMode},
};

/// The firewalls of a configuration, compiled: a rule set once for each distinct text, rules around it
/// once for each distinct text and rule set, and a policy once for each distinct firewall.
#[derive(Debug, Default)]
pub struct Firewalls {
    /// By the address of the settings, which each keeps alive.
    known: HashMap<usize, Known, RandomState>,
    sets: HashMap<Arc<RuleSource>, Arc<Loaded<RuleSet>>, RandomState>,
    customs: HashMap<Arc<Around>, Loaded<CustomRules>, RandomState>,
    good_sets: GoodSets,
    /// What compiled last, by the names of the sources.
    good_customs: HashMap<Names, (Arc<Around>, CustomRules), RandomState>,
    problems: Vec<Problem>,
    compilations: u64,
    shared: CompiledSets,
    /// Whether `shared` is somebody else's to fill.
    borrows: bool,
}

/// The rule sets of the firewalls that are in force, compiled, for whoever asks what others around them
/// would come to. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub struct CompiledSets(Arc<ArcSwap<InForce>>);

#[derive(Debug, Default)]
struct InForce {
    /// As they are written.
    sets: Vec<(Arc<RuleSource>, Arc<Loaded<RuleSet>>)>,
    /// What is in force in the place of those that do not compile.
    good: GoodSets,
}

/// What compiled last, by the name of the source.
type GoodSets = HashMap<Arc<str>, (Arc<RuleSource>, RuleSet), RandomState>;

#[derive(Clone, Debug)]
struct Known {
    settings: Arc<config::Firewall>,
    firewall: Arc<Firewall>,
    state: State,
    /// The rules around its rule set, if there are any.
    around: Option<Arc<Around>>,
}

/// Rules before and after those of a rule set.
#[derive(Debug, PartialEq, Eq)]
struct Around {
    rules: Arc<RuleSource>,
    before: Option<Arc<RuleSource>>,
    after: Option<Arc<RuleSource>>,
    minimum: Option<Arc<str>>,
}

impl Hash for Around {
    /// The text of the rule set is long, and nearly always the same one.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self {
            rules,
            before,
            after,
            minimum: _,
        } = self;
        (&rules.name, before, after).hash(state);
    }
}

/// The names of the sources before and after a rule set.
type Names = (Option<Arc<str>>, Option<Arc<str>>);

/// How a firewall came by its rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Current,
    Kept,
    Reduced,
    Missing,
}

/// How many firewalls came by their rules in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirewallStates {
    /// Their rules are those that are written.
    pub current: usize,
    /// What is written does not compile: the last rules that did are in force.
    pub kept: usize,
    /// The rules around their rule set do not compile and never did: the rule set alone is in force.
    pub reduced: usize,
    /// There are no rules: those that block answer 503, those that detect see nothing.
    pub missing: usize,
}

impl Firewalls {
    /// Firewalls that take rule sets which others have compiled from `sets`, and those that are kept from
    /// earlier there where the present ones do not compile.
    pub fn borrowing(sets: &CompiledSets) -> Self {
        Self {
            good_sets: sets.0.load().good.clone(),
            shared: sets.clone(),
            borrows: true,
            ..Self::default()
        }
    }

    /// The rule sets of the configuration that was followed last.
    pub fn compiled_sets(&self) -> CompiledSets {
        self.shared.clone()
    }

    /// Compiles what is new in a configuration and forgets what is not in it any more.
    pub fn follow(&mut self, config: &Config) {
        let mut known = HashMap::with_capacity_and_hasher(self.known.len(), RandomState::default());
        let mut by_name: HashMap<Arc<str>, Vec<Known>, RandomState> = HashMap::default();
        for settings in in_use(config) {
            let address = Arc::as_ptr(settings).addr();
            if known.contains_key(&address) {
                continue;
            }
            let alike = by_name.entry(Arc::clone(&settings.name)).or_default();
            let before = self.known.remove(&address);
            let same = before.or_else(|| {
                let mut alike = alike.iter();
                alike.find(|it| it.settings == *settings).cloned()
            });
            let entry = match same {
                Some(same) => Known {
                    settings: Arc::clone(settings),
                    ..same
                },
                None => self.compile(settings),
            };
            alike.push(entry.clone());
            known.insert(address, entry);
        }
        self.known = known;
        self.forget_unused();
        self.share();
        self.problems = self.report(config);
    }

    /// A firewall of the configuration that was followed last, compiled.
    pub fn of(&self, settings: Option<&Arc<config::Firewall>>) -> Option<Arc<Firewall>> {
        let known = self.known.get(&Arc::as_ptr(settings?).addr())?;
        Some(Arc::clone(&known.firewall))
    }

    /// What is wrong with the rules of the configuration that was followed last.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How the firewalls of the configuration that was followed last came by their rules.
    pub fn states(&self) -> FirewallStates {
        let mut states = FirewallStates::default();
        let mut seen = HashSet::<usize, RandomState>::default();
        for known in self.known.values() {
            if !seen.insert(Arc::as_ptr(&known.firewall).addr()) {
                continue;
            }
            let count = match known.state {
                State::Current => &mut states.current,
                State::Kept => &mut states.kept,
                State::Reduced => &mut states.reduced,
                State::Missing => &mut states.missing,
            };
            *count += 1;
        }
        states
    }

    /// Whether the rules of a firewall, as [`of`](Self::of) gave it, are those that are written.
    pub fn is_as_written(&self, firewall: &Arc<Firewall>) -> bool {
        let mut known = self.known.values();
        known.any(|it| it.state == State::Current && Arc::ptr_eq(&it.firewall, firewall))
    }

    /// How many rule sets, and rules around one, were compiled so far.
    pub fn compilations(&self) -> u64 {
        self.compilations
    }

    fn compile(&mut self, settings: &Arc<config::Firewall>) -> Known {
        let (policy, around, state) = match self.rule_set(&settings.rules) {
            Some((rules, set, state)) => {
                let (policy, around, of_around) = self.policy(settings, rules, &set);
                let state = match of_around {
                    State::Current => state,
                    other => other,
                };
                (Some(policy), around, state)
            }
            None => (None, None, State::Missing),
        };
        let mode = match settings.mode {
            FirewallMode::Detect => EngineMode::DetectionOnly,
            FirewallMode::Block => EngineMode::On,
        };
        let presets = settings
            .presets
            .iter()
            .map(|(name, value)| (&**name, &**value));
        Known {
            firewall: Arc::new(Firewall {
                settings: Arc::clone(settings),
                policy: policy.map(|policy| Arc::new(policy.in_mode(mode).with_presets(presets))),
            }),
            settings: Arc::clone(settings),
            state,
            around,
        }
    }

    /// The rule set of a source, or the last one of its name that compiled.
    fn rule_set(&mut self, source: &Arc<RuleSource>) -> Option<(Arc<RuleSource>, RuleSet, State)> {
        if !self.sets.contains_key(source) {
            let shared = self.shared.0.load();
            let mut shared = shared.sets.iter().filter(|_| self.borrows);
            let there = shared.find(|(shared, _)| shared == source);
            let set = match there {
                Some((_, set)) => Arc::clone(set),
                None => {
                    self.compilations += 1;
                    Arc::new(load_set(source))
                }
            };
            self.sets.insert(Arc::clone(source), set);
        }
        let compiled = self.sets.get(source).and_then(|set| set.result.clone());
        match compiled {
            Some(set) => {
                let good = (Arc::clone(source), set.clone());
                self.good_sets.insert(Arc::clone(&source.name), good);
                Some((Arc::clone(source), set, State::Current))
            }
            None => {
                let (source, set) = self.good_sets.get(&source.name)?.clone();
                Some((source, set, State::Kept))
            }
        }
    }

    /// A rule set with the rules around it, or with the last of these that compiled around it under the
    /// same minimum, or alone: what compiled around another brings that one back, and what was written
    /// under another minimum may be less than this one.
    fn policy(
        &mut self,
        settings: &config::Firewall,
        rules: Arc<RuleSource>,
        set: &RuleSet,
    ) -> (Policy, Option<Arc<Around>>, State) {
        let around = Around {
            rules,
            before: settings.before.clone(),
            after: settings.after.clone(),
            minimum: settings.minimum.clone(),
        };
        if around.before.is_none() && around.after.is_none() {
            return (set.policy(), None, State::Current);
        }
        let known = self.customs.get_key_value(&around);
        let around = known.map_or_else(|| Arc::new(around), |(known, _)| Arc::clone(known));
        let compilations = &mut self.compilations;
        let entry = self.customs.entry(Arc::clone(&around));
        let loaded = entry.or_insert_with(|| {
            *compilations += 1;
            load_custom(set, around.before.as_deref(), around.after.as_deref())
        });
        let (policy, state) = match &loaded.result {
            Some(custom) => {
                let good = (Arc::clone(&around), custom.clone());
                self.good_customs.insert(around.names(), good);
                (custom.policy(), State::Current)
            }
            None => match self.last_good(&around) {
                Some(last) => (last.policy(), State::Kept),
                None => (set.policy(), State::Reduced),
            },
        };
        (policy, Some(around), state)
    }

    /// What compiled last of these sources, around the same rule set and under the same minimum.
    fn last_good(&self, around: &Around) -> Option<&CustomRules> {
        let (last, custom) = self.good_customs.get(&around.names())?;
        (last.rules == around.rules && last.minimum == around.minimum).then_some(custom)
    }

    /// Shows others the sets that are in use now.
    fn share(&self) {
        if self.borrows {
            return;
        }
        let InForce { sets, good } = &**self.shared.0.load();
        let is_set = |source| sets.iter().any(|(shown, _)| Arc::ptr_eq(shown, source));
        let is_good = |(name, (source, _)): (_, &(Arc<RuleSource>, _))| {
            let shown = good.get(name);
            shown.is_some_and(|(shown, _)| Arc::ptr_eq(shown, source))
        };
        if sets.len() == self.sets.len()
            && self.sets.keys().all(is_set)
            && good.len() == self.good_sets.len()
            && self.good_sets.iter().all(is_good)
        {
            return;
        }
        let sets = self.sets.iter();
        let sets = sets.map(|(source, set)| (Arc::clone(source), Arc::clone(set)));
        self.shared.0.store(Arc::new(InForce {
            sets: sets.collect(),
            good: self.good_sets.clone(),
        }));
    }

    fn forget_unused(&mut self) {
        let Self {
            known,
            sets,
            customs,
            good_sets,
            good_customs,
            problems: _,
            compilations: _,
            shared: _,
            borrows: _,
        } = self;
        let used = || known.values().map(|known| &*known.settings);
        // Most firewalls share their rule set, whose text is long: it is looked at once.
        let rules: HashMap<usize, &Arc<RuleSource>, RandomState> = used()
            .map(|settings| (Arc::as_ptr(&settings.rules).addr(), &settings.rules))
            .collect();
        let rules: HashSet<&Arc<RuleSource>, RandomState> = rules.into_values().collect();
        let names: HashSet<&Arc<str>, RandomState> = rules.iter().map(|it| &it.name).collect();
        let around = known.values().filter_map(|known| known.around.as_ref());
        let around: HashSet<usize, RandomState> = around.map(|it| Arc::as_ptr(it).addr()).collect();
        sets.retain(|source, _| rules.contains(source));
        customs.retain(|it, _| around.contains(&Arc::as_ptr(it).addr()));
        good_sets.retain(|name, _| names.contains(name));
        let around: HashSet<Names, RandomState> = customs.keys().map(|it| it.names()).collect();
        good_customs.retain(|names, _| around.contains(names));
    }

    /// What is wrong with the sources in use, each told once.
    fn report(&self, config: &Config) -> Vec<Problem> {
        let Self {
            sets,
            customs,
            good_sets,
            ..
        } = self;
        let mut problems = Vec::new();
        for (source, set) in sets {
            let used = if set.result.is_some() {
                Used::AsWritten
            } else if good_sets.contains_key(&source.name) {
                Used::LastGood
            } else {
                Used::NoRules
            };
            let findings: Vec<_> = set.findings.iter().collect();
            problems.extend(finding::problems(&source.name, &findings, used, config));
        }
        for (around, custom) in customs {
            let used = match &custom.result {
                Some(_) => Used::AsWritten,
                None if self.last_good(around).is_some() => Used::LastGood,
                None => Used::SetAlone,
            };
            let sources = [&around.before, &around.after];
            for source in sources.into_iter().flatten() {
                let findings = custom.findings.iter();
                let own: Vec<_> = findings
                    .filter(|finding| source.files.contains_key(&*finding.file))
                    .collect();
                problems.extend(finding::problems(&source.name, &own, used, config));
            }
        }
        problems.sort_unstable();
        problems.dedup();
        problems
    }
}

impl Around {
    fn names(&self) -> Names {
        let name =
            |source: &Option<Arc<RuleSource>>| source.as_ref().map(|it| Arc::clone(&it.name));
        (name(&self.before), name(&self.after))
    }
}

/// Every firewall of a configuration, as often as it is named.
fn in_use(config: &Config) -> impl Iterator<Item = &Arc<config::Firewall>> {
    let rules = config.routes.iter().flat_map(|route| &route.rules);
    rules
        .filter_map(|rule| rule.firewall.as_ref())
        .chain(&config.default_firewall)
}
