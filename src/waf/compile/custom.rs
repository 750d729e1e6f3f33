//! Rules of a route, around those of its rule set.

use std::sync::Arc;

use super::{Compiled, RuleSet, rules::finish, unit::Unit};
use crate::waf::{
    policy::Policy,
    ruleset::{Exclusion, Program, RuleBits},
    seclang::{Directive, RuleFiles, SourceMap},
    settings::Settings,
    tx::TxNames,
};

/// Rules that come before and after those of a rule set, and may remove and narrow these.
#[derive(Clone, Debug)]
pub struct CustomRules {
    programs: Arc<[Arc<Program>]>,
    names: Arc<TxNames>,
    settings: Arc<Settings>,
    removed: Arc<[RuleBits]>,
    exclusions: Arc<[Exclusion]>,
}

impl CustomRules {
    /// Compiles the directives before a rule set and those after it.
    pub fn compile(
        rule_set: &RuleSet,
        before: &[Directive],
        after: &[Directive],
        sources: &SourceMap,
        files: &dyn RuleFiles,
    ) -> Compiled<Self> {
        let prior = [Arc::clone(&rule_set.program)];
        let mut unit = Unit::new(
            &prior,
            rule_set.settings.as_ref().clone(),
            TxNames::upon(&rule_set.names),
        );
        unit.document(0, before);
        unit.document(1, after);
        let amended = unit.amendments.tell(&unit.drafts, &prior, sources);
        let programs = finish(&mut unit, 2, sources, files);
        let Unit {
            settings,
            names,
            removed,
            exclusions,
            errors,
            warnings,
            ..
        } = unit;
        let result = errors.is_empty().then(|| {
            let own = programs.into_iter().map(Arc::new);
            Self {
                programs: prior.iter().cloned().chain(own).collect(),
                names: Arc::new(names),
                settings: Arc::new(settings),
                removed: removed.into(),
                exclusions: exclusions.into(),
            }
        });
        Compiled {
            result,
            errors,
            warnings,
            amended,
        }
    }

    /// The rule set with these rules around it.
    pub fn policy(&self) -> Policy {
        Policy {
            programs: Arc::clone(&self.programs),
            order: &[1, 0, 2],
            names: Arc::clone(&self.names),
            settings: Arc::clone(&self.settings),
            mode: self.settings.engine,
            preset: Arc::default(),
            removed: Arc::clone(&self.removed),
            exclusions: Arc::clone(&self.exclusions),
            one_by_one: false,
        }
    }
}
