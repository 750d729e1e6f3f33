//! Rules from one place, and their way into one source.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use crate::config::RuleSource;

/// The settings of the engine where a rule set brings none of its own.
const ENGINE: (&str, &[u8]) = (
    "portcullis/engine.conf",
    include_bytes!("../../../../rules/engine.conf"),
);

/// Rules from one place: files, and which of them are loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulePart {
    /// The files that are loaded, in their order; each is among `files`.
    pub loaded: Vec<String>,
    /// Every file by its name: those that are loaded, and those that they may name.
    pub files: BTreeMap<String, Arc<[u8]>>,
    /// Whether it sets the engine up itself.
    pub sets_up: bool,
}

impl RulePart {
    /// One file that is loaded.
    pub fn text(name: impl Into<String>, text: &str) -> Self {
        let name = name.into();
        Self {
            loaded: vec![name.clone()],
            files: BTreeMap::from([(name, text.as_bytes().into())]),
            sets_up: false,
        }
    }
}

/// The parts one after the other, as a rule set of the operator's: the settings of the engine precede
/// them, unless one of them has its own.
pub fn rule_set(name: &str, parts: &[&RulePart]) -> RuleSource {
    let (engine, text) = ENGINE;
    let own = RulePart {
        loaded: vec![engine.to_owned()],
        files: BTreeMap::from([(engine.to_owned(), text.into())]),
        sets_up: true,
    };
    let mut all = Vec::with_capacity(parts.len() + 1);
    if !parts.iter().any(|part| part.sets_up) {
        all.push(&own);
    }
    all.extend(parts);
    rule_source(name, &all, true)
}

/// The parts one after the other, and nothing else.
pub fn rule_source(name: &str, parts: &[&RulePart], trusted: bool) -> RuleSource {
    let entry = format!("{name} (all)");
    let mut files = BTreeMap::new();
    let mut text = String::new();
    for part in parts {
        let RulePart {
            loaded,
            files: of_part,
            sets_up: _,
        } = part;
        for file in loaded {
            let path = file.trim_start_matches('/');
            // Writing to a string does not fail.
            let _ = writeln!(text, "Include \"/{path}\"");
        }
        let shared = of_part.iter();
        files.extend(shared.map(|(name, text)| (name.clone(), Arc::clone(text))));
    }
    files.insert(entry.clone(), text.into_bytes().into());
    RuleSource {
        name: name.into(),
        entry,
        files,
        trusted,
    }
}

/// Whether a path can be named in an `Include` as it is.
pub(super) fn can_be_included(path: &str) -> bool {
    !path.contains(['"', '\\', '*', '?', '[', '\n', '\r', '\0'])
}
