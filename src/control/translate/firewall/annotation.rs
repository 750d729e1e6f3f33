//! ModSecurity as ingress-nginx's annotations and options ask for it.

use std::{collections::BTreeMap, sync::Arc};

use super::{guard, mode::Mode, policy::Policy};
use crate::{
    config::{ObjectKind, ObjectRef},
    control::{
        source::rules::RulePart,
        translate::{rows::Fault, values},
    },
};

/// Files that snippets include there, and what they stand for here: what is loaded in any case.
const LOADED: [&str; 3] = [
    "/etc/nginx/owasp-modsecurity-crs/nginx-modsecurity.conf",
    "/etc/nginx/modsecurity/modsecurity.conf",
    "/etc/nginx/modsecurity/modsecurity.conf-recommended",
];

/// What the annotations of one Ingress, or the options, say.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::control::translate) struct ModSecurity {
    /// `enable-modsecurity`
    pub(in crate::control::translate) enable: Option<bool>,
    /// `enable-owasp-core-rules`, `enable-owasp-modsecurity-crs`
    pub(in crate::control::translate) core_rules: bool,
    /// `modsecurity-snippet`
    pub(in crate::control::translate) snippet: Option<Arc<str>>,
}

/// What the options for the whole proxy say.
#[derive(Clone, Debug, PartialEq)]
pub struct ModSecurityOptions {
    /// What they say.
    pub(in crate::control::translate) mod_security: ModSecurity,
    /// Where they stand.
    pub(in crate::control::translate) object: ObjectRef,
    /// Where the snippet stands there.
    pub(in crate::control::translate) field: String,
}

impl Default for ModSecurityOptions {
    fn default() -> Self {
        Self {
            mod_security: ModSecurity::default(),
            object: ObjectRef {
                kind: ObjectKind::File,
                namespace: "".into(),
                name: "".into(),
            },
            field: String::new(),
        }
    }
}

impl ModSecurity {
    /// Reads a switch. What is neither on nor off is on.
    pub(in crate::control::translate) fn switch(value: &str) -> (bool, Result<(), Fault>) {
        match values::boolean(value) {
            Ok(on) => (on, Ok(())),
            Err(_) => {
                let message = format!("{value:?} is neither true nor false");
                (true, Err(Fault::warning(message, "it counts as true")))
            }
        }
    }

    /// Whether it asks for a firewall.
    pub(in crate::control::translate) fn asks(&self) -> bool {
        self.enable != Some(false)
            && (self.enable == Some(true) || self.core_rules || self.snippet.is_some())
    }

    /// Whether it says anything at all.
    pub(super) fn is_silent(&self) -> bool {
        !self.asks() && self.enable.is_none()
    }

    /// The policy that says the same. `field`: where its snippet stands.
    pub(super) fn policy(&self, name: Arc<str>, object: ObjectRef, field: &str) -> Policy {
        let mut policy = Policy::new(name, object);
        if !self.asks() {
            policy.mode = (self.enable == Some(false)).then_some(Mode::Off);
            return policy;
        }
        if let Some(snippet) = &self.snippet {
            let file = policy.file(SNIPPET_LABEL, field);
            let mut part = RulePart::text(file, snippet);
            part.files.extend(loaded());
            policy.mode = guard::engine_mode(&part);
            policy.after = Some(part);
        }
        policy
    }

    /// What ingress-nginx's own settings of the engine say where nothing else does.
    pub(super) const MODE: Mode = Mode::Detect;
}

/// What its file is called in messages, after the name of the object.
pub(super) const SNIPPET_LABEL: &str = "modsecurity-snippet";

fn loaded() -> BTreeMap<String, Arc<[u8]>> {
    let text: Arc<[u8]> = b"# The operator's rules are loaded in any case.\n"
        .as_slice()
        .into();
    let file = |name: &str| (name.to_owned(), Arc::clone(&text));
    LOADED.into_iter().map(file).collect()
}
