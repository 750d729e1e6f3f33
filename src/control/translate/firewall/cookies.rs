//! Cookie integrity: what one policy says, and what those that apply say together.
//!
//! Invariant: where anything is broken that applies, nothing is served that should be verified and is not.
//! Non-goal: what is done to cookies; that is `policy`'s.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    policy::Policy,
    spec::{
        BindTo, CookieFaults, CookieIntegritySpec, CookieKeysSpec, CookieSecretRef, CookieSwitch,
        SameSiteSpec,
    },
};
use crate::{
    config::{Cause, ObjectKind, ObjectRef, Problem, Severity},
    control::{
        Key, Objects,
        translate::{names, report::Reporter},
    },
    policy::{
        ClientBinding, CookieIntegrity, CookieKeys, CookieMode, CookiePattern, LeastSameSite,
    },
};

/// Most patterns of a list.
const MOST_PATTERNS: usize = 32;
/// What follows from a setting that is broken.
pub(super) const BROKEN: &str = "requests are answered 503 where the mode is Drop or Refuse or \
     cannot be told, or cookies are to be encrypted; elsewhere cookies pass as they come";

/// What one policy sets. `None`: whatever stands above decides.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CookieFields {
    pub(super) mode: Option<CookieSwitch>,
    pub(super) names: Option<Vec<CookiePattern>>,
    pub(super) encrypt: Option<Vec<CookiePattern>>,
    pub(super) keys: Option<Arc<CookieKeys>>,
    pub(super) max_age: Option<u32>,
    pub(super) bind_to: Option<ClientBinding>,
    pub(super) secure: Option<bool>,
    pub(super) http_only: Option<bool>,
    pub(super) same_site: Option<SameSiteSpec>,
    /// What of it could not be understood.
    pub(super) faults: CookieFaults,
}

/// What there is for the cookies of a rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::control::translate) enum FoundCookies {
    /// They are not looked at.
    #[default]
    Off,
    /// This is set for them.
    On(Arc<CookieIntegrity>),
    /// They cannot be verified, and have to be.
    Broken,
}

/// Secrets that were asked for, with the revisions that they had; `None`: there was none.
pub(super) type AskedSecrets = BTreeMap<Key, Option<u64>>;

/// What reading one policy needs.
pub(super) struct CookieReading<'a> {
    pub(super) objects: &'a Objects,
    /// The namespace of a tenant; `None`: the operator's.
    pub(super) namespace: Option<&'a str>,
    pub(super) asked: &'a mut AskedSecrets,
    pub(super) reporter: &'a mut Reporter,
}

impl CookieReading<'_> {
    pub(super) fn read(mut self, spec: CookieIntegritySpec) -> CookieFields {
        let CookieIntegritySpec {
            mode,
            names,
            encrypt,
            keys,
            max_age,
            bind_to,
            secure,
            http_only,
            same_site,
            faults,
        } = spec;
        let mut fields = CookieFields {
            mode,
            max_age,
            bind_to: bind_to.map(BindTo::binding),
            secure,
            http_only,
            same_site,
            faults,
            ..CookieFields::default()
        };
        if max_age == Some(0) {
            fields.faults.note(Some("maxAge"));
            let message = "an age of 0 would refuse every cookie";
            self.reporter
                .error("spec.cookieIntegrity.maxAge", message, BROKEN);
        }
        for (field, patterns, to) in [
            ("names", names, &mut fields.names),
            ("encrypt", encrypt, &mut fields.encrypt),
        ] {
            let Some(patterns) = patterns else { continue };
            match self.patterns(field, &patterns) {
                Some(patterns) => *to = Some(patterns),
                None => fields.faults.note(Some(field)),
            }
        }
        if let Some(keys) = keys {
            match self.keys(&keys) {
                Ok(keys) => fields.keys = Some(Arc::new(keys)),
                Err((cause, field, message)) => {
                    fields.faults.note(Some("keys"));
                    let field = format!("spec.cookieIntegrity.keys{field}");
                    let severity = Severity::Error;
                    self.reporter
                        .because_of(cause, field, (message, BROKEN), severity);
                }
            }
        }
        fields
    }

    /// `None`: one of them cannot be understood, and so it is not known which names are protected.
    fn patterns(&mut self, field: &str, texts: &[Option<String>]) -> Option<Vec<CookiePattern>> {
        let field = format!("spec.cookieIntegrity.{field}");
        if texts.len() > MOST_PATTERNS {
            let message = format!("there are more than {MOST_PATTERNS} patterns");
            self.reporter.error(field, message, BROKEN);
            return None;
        }
        let mut patterns = Some(Vec::new());
        for (index, text) in texts.iter().enumerate() {
            // One that is no text has been reported.
            let pattern = match text.as_deref().map(CookiePattern::new) {
                Some(Ok(pattern)) => Some(pattern),
                Some(Err(error)) => {
                    let message = format!("no pattern for names of cookies: {error}");
                    self.reporter
                        .error(format!("{field}[{index}]"), message, BROKEN);
                    None
                }
                None => None,
            };
            patterns = patterns.zip(pattern).map(|(mut patterns, pattern)| {
                patterns.push(pattern);
                patterns
            });
        }
        patterns
    }

    fn keys(&mut self, spec: &CookieKeysSpec) -> Result<CookieKeys, (Cause, &'static str, String)> {
        let own = Cause::Object;
        let CookieKeysSpec { secret, current } = spec;
        let Some(CookieSecretRef { name, namespace }) = secret else {
            return Err((own, ".secret", "it names no Secret".into()));
        };
        let namespace = match (self.namespace, namespace.as_deref()) {
            (None, Some(namespace)) => namespace,
            (None, None) => {
                return Err((own, ".secret", "the Secret's namespace is missing".into()));
            }
            (Some(tenant), Some(other)) if other != tenant => {
                let message = "only a Secret of the policy's own namespace can be named";
                return Err((own, ".secret.namespace", message.into()));
            }
            (Some(tenant), _) => tenant,
        };
        let key = Key::new(namespace, name);
        let stored = self.objects.secrets.get(&key);
        self.asked
            .insert(key.clone(), stored.map(|stored| stored.revision));
        let spelled = names::spelled(&key);
        let Some(object) = names::live(stored, |it| &it.metadata) else {
            let message = format!("there is no Secret {spelled}");
            return Err((Cause::Surroundings, ".secret", message));
        };
        let data = object.data.iter().flatten();
        let data = data.map(|(name, bytes)| (name.as_str(), bytes.0.as_slice()));
        CookieKeys::new(data, current.as_deref()).map_err(|error| {
            let message = format!("Secret {spelled} {error}");
            (Cause::Surroundings, ".secret", message)
        })
    }
}

/// Whether Secrets are still what was read of them.
pub(super) fn are_current(asked: &AskedSecrets, objects: &Objects) -> bool {
    asked.iter().all(|(key, revision)| {
        let stored = objects.secrets.get(key);
        stored.map(|stored| stored.revision) == *revision
    })
}

/// Why protected cookies cannot be verified, where no policy is broken by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::control::translate) struct NoKeys {
    /// The policy that names the cookies.
    pub(super) object: ObjectRef,
    /// Where it does.
    pub(super) field: &'static str,
}

impl NoKeys {
    pub(in crate::control::translate) fn problems(&self, objects: &Objects) -> Vec<Problem> {
        let Self { object, field } = self;
        let (policies, namespace) = match object.kind {
            ObjectKind::ClusterWafPolicy => (&objects.cluster_waf_policies, Arc::default()),
            _ => (&objects.waf_policies, Arc::clone(&object.namespace)),
        };
        let key = Key {
            namespace,
            name: Arc::clone(&object.name),
        };
        let places = policies.get(&key).and_then(|it| it.places.clone());
        let mut reporter = Reporter::new(object.clone(), places);
        let message = "nothing names the keys for it: cookieIntegrity.keys is missing";
        reporter.awaits(*field, message, BROKEN);
        reporter.finish()
    }
}

/// What policies say together, the nearest first.
pub(super) fn compose(all: &[&Policy]) -> (FoundCookies, Option<NoKeys>) {
    let mode = nearest(all, |it| it.mode);
    // A policy that switches it off does so whatever those above it say, and none below.
    let mut nearer = all.iter().take_while(|it| it.cookies.mode.is_none());
    let is_broken_nearer = nearer.any(|it| it.cookies.faults.any);
    let mode = match mode {
        Some(CookieSwitch::Off) if !is_broken_nearer => return (FoundCookies::Off, None),
        Some(CookieSwitch::Off) | None => CookieMode::Drop,
        Some(CookieSwitch::On(mode)) => mode,
    };
    let has_fault = |of: fn(&CookieFaults) -> bool| all.iter().any(|it| of(&it.cookies.faults));
    let is_broken = has_fault(|it| it.any);
    let signed = nearest(all, |it| it.names.clone()).unwrap_or_default();
    let encrypted = nearest(all, |it| it.encrypt.clone()).unwrap_or_default();
    if signed.is_empty() && encrypted.is_empty() && !is_broken {
        return (FoundCookies::Off, None);
    }
    let may_encrypt = !encrypted.is_empty() || has_fault(|it| it.encrypt);
    let broken = if mode.enforces() || may_encrypt || has_fault(|it| it.mode) {
        FoundCookies::Broken
    } else {
        FoundCookies::Off
    };
    if is_broken {
        return (broken, None);
    }
    let Some(keys) = nearest(all, |it| it.keys.clone()) else {
        return (broken, no_keys(all, signed.is_empty()));
    };
    let same_site = nearest(all, |it| it.same_site);
    let found = CookieIntegrity {
        mode,
        signed,
        encrypted,
        keys,
        max_age: nearest(all, |it| it.max_age),
        binding: nearest(all, |it| it.bind_to).unwrap_or_default(),
        secure: nearest(all, |it| it.secure).unwrap_or(false),
        http_only: nearest(all, |it| it.http_only).unwrap_or(false),
        same_site: same_site.and_then(|it| match it {
            SameSiteSpec::Keep => None,
            SameSiteSpec::Lax => Some(LeastSameSite::Lax),
            SameSiteSpec::Strict => Some(LeastSameSite::Strict),
        }),
    };
    (FoundCookies::On(Arc::new(found)), None)
}

/// What policies of one level set together, the first of those that set a field.
pub(super) fn together(all: &[&Policy]) -> CookieFields {
    let mut faults = CookieFaults::default();
    for CookieFaults { any, mode, encrypt } in all.iter().map(|it| it.cookies.faults) {
        faults.any |= any;
        faults.mode |= mode;
        faults.encrypt |= encrypt;
    }
    CookieFields {
        mode: nearest(all, |it| it.mode),
        names: nearest(all, |it| it.names.clone()),
        encrypt: nearest(all, |it| it.encrypt.clone()),
        keys: nearest(all, |it| it.keys.clone()),
        max_age: nearest(all, |it| it.max_age),
        bind_to: nearest(all, |it| it.bind_to),
        secure: nearest(all, |it| it.secure),
        http_only: nearest(all, |it| it.http_only),
        same_site: nearest(all, |it| it.same_site),
        faults,
    }
}

fn nearest<T>(all: &[&Policy], of: impl Fn(&CookieFields) -> Option<T>) -> Option<T> {
    all.iter().find_map(|policy| of(&policy.cookies))
}

/// Names the policy that names cookies although nothing names keys.
fn no_keys(all: &[&Policy], encrypted: bool) -> Option<NoKeys> {
    let (field, names): (_, fn(&CookieFields) -> bool) = if encrypted {
        ("spec.cookieIntegrity.encrypt", |it| it.encrypt.is_some())
    } else {
        ("spec.cookieIntegrity.names", |it| it.names.is_some())
    };
    let namer = all.iter().find(|policy| names(&policy.cookies))?;
    Some(NoKeys {
        object: namer.object.clone(),
        field,
    })
}
