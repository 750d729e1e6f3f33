//! What objects would come to if one of them were another.
//!
//! A translation of its own is kept beside the one that is served. It follows the store, so that an object
//! that takes its place in it costs what it touches, as every change does.
//!
//! Invariant: neither the store nor what is served learns of what was asked. Non-goal: deciding what is a
//! Problem.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
    jiff::Timestamp,
};
use thiserror::Error;
use tokio::sync::watch;

use super::{
    review::{Candidate, Review},
    ruling::Ruling,
};
use crate::{
    config::{Action, Config, Firewall, ObjectRef, Problem, Route, Rule, RuleMeta, Severity},
    control::{
        Key, Object, Objects, Store, Stored,
        source::rules::RuleFolders,
        translate::{GlobalOptions, TranslateSettings, Translation, Translator, is_foreign},
    },
    snapshot::{CompiledSets, Firewalls},
};

/// Most firewalls that are compiled for one review: the words about rules are mostly the same in all that
/// have them.
const FIREWALLS: usize = 8;

/// What a judge goes by.
pub struct JudgeSettings {
    /// The objects of the moment.
    pub store: Arc<Store>,
    /// How they are understood where they are served.
    pub translating: TranslateSettings,
    /// The options of the moment for the whole proxy.
    pub options: Box<dyn FnMut(&Objects) -> GlobalOptions + Send>,
    /// The rule sets that are in force.
    pub sets: CompiledSets,
    /// The namespaces that are watched; empty: every one.
    pub namespaces: Vec<String>,
}

/// Judges objects.
pub struct Judge {
    settings: JudgeSettings,
    changes: watch::Receiver<u64>,
    translator: Translator,
    known: Option<Known>,
    /// Counts down from the largest number: the store's revisions count up.
    revision: u64,
}

/// What the objects of the store come to.
struct Known {
    objects: Objects,
    problems: BTreeSet<Problem>,
}

/// Why nothing can be said yet.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NotReady {
    /// Not every kind of objects has been read.
    #[error("the objects of the cluster have not been read yet")]
    NotSynced,
    /// The objects are those of an earlier run.
    #[error("the objects are those of an earlier run")]
    Stale,
}

impl Judge {
    /// A judge that has seen nothing yet.
    pub fn new(mut settings: JudgeSettings) -> Self {
        let folders = RuleFolders::looked_at(&settings.translating.rule_folders);
        settings.translating.rule_folders = Arc::new(folders);
        let mut changes = settings.store.subscribe();
        changes.mark_changed();
        Self {
            translator: Translator::new(settings.translating.clone()),
            changes,
            settings,
            known: None,
            revision: u64::MAX,
        }
    }

    /// Whether the store has changed since it was looked at.
    pub(super) async fn news(&mut self) {
        if self.changes.changed().await.is_err() {
            // The store is held here, so it is never the last to go.
            std::future::pending::<()>().await;
        }
        self.changes.mark_changed();
    }

    /// Looks at the store if it has changed. Blocks for as long as that takes.
    ///
    /// # Errors
    /// Its objects are not those of the cluster.
    pub fn keep_up(&mut self) -> Result<(), NotReady> {
        if self.known.is_some() && !self.changes.has_changed().unwrap_or(false) {
            return Ok(());
        }
        self.changes.borrow_and_update();
        let view = self.settings.store.view();
        self.known = None;
        let fault = match view.stale {
            _ if !view.synced => Some(NotReady::NotSynced),
            Some(_) => Some(NotReady::Stale),
            None => None,
        };
        if let Some(fault) = fault {
            self.changes.mark_changed();
            return Err(fault);
        }
        let options = (self.settings.options)(&view.objects);
        self.translator.follow(options);
        let Translation {
            config: _,
            problems,
        } = self.translator.translate(&view.objects);
        self.known = Some(Known {
            objects: view.objects,
            problems: problems.into_iter().collect(),
        });
        Ok(())
    }

    /// Says whether an object may come in. Blocks for as long as that takes.
    ///
    /// # Errors
    /// It cannot be said yet.
    pub fn rule(&mut self, review: &Review) -> Result<Ruling, NotReady> {
        let Some(candidate) = &review.candidate else {
            return Ok(Ruling::default());
        };
        self.keep_up()?;
        let Some(known) = &self.known else {
            return Err(NotReady::NotSynced);
        };
        if is_others(candidate, &known.objects, &self.settings) {
            return Ok(Ruling::default());
        }
        let mut objects = known.objects.clone();
        self.revision -= 1;
        put(&mut objects, candidate, self.revision);
        let Translation { config, problems } = self.translator.translate(&objects);
        let object = candidate.object_ref();
        let (mut own, others): (Vec<Problem>, Vec<Problem>) =
            problems.into_iter().partition(|it| it.object == object);
        let is_new =
            |it: &&Problem| it.severity == Severity::Error && !known.problems.contains(*it);
        let others: Vec<&Problem> = others.iter().filter(is_new).collect();
        own.extend(of_rules(&config, &object, &self.settings.sets));
        Ok(Ruling::of(&own, &others, candidate.is_unchanged))
    }

    /// Forgets what it knows: something has left it halfway.
    pub(super) fn start_anew(&mut self) {
        self.translator = Translator::new(self.settings.translating.clone());
        self.known = None;
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge").finish_non_exhaustive()
    }
}

/// Whether an object is for somebody else.
fn is_others(candidate: &Candidate, objects: &Objects, settings: &JudgeSettings) -> bool {
    let watched = &settings.namespaces;
    match &candidate.object {
        Object::ClusterWafPolicy(_) => false,
        _ if !watched.is_empty() && !watched.iter().any(|it| **it == *candidate.key.namespace) => {
            true
        }
        Object::Ingress(ingress) => is_foreign(ingress, objects, &settings.translating.class),
        _ => false,
    }
}

/// Puts the object where its version in the store is, or beside the others.
fn put(objects: &mut Objects, candidate: &Candidate, revision: u64) {
    let Candidate {
        key,
        object,
        is_unchanged: _,
    } = candidate;
    match object {
        Object::Ingress(new) => {
            insert(&mut objects.ingresses, key, new, revision, |it| {
                &mut it.metadata
            });
        }
        Object::WafPolicy(new) => {
            insert(&mut objects.waf_policies, key, new, revision, |it| {
                &mut it.metadata
            });
        }
        Object::ClusterWafPolicy(new) => {
            let policies = &mut objects.cluster_waf_policies;
            insert(policies, key, new, revision, |it| &mut it.metadata);
        }
        // No review is about these.
        Object::IngressClass(_)
        | Object::Service(_)
        | Object::EndpointSlice(_)
        | Object::Secret(_)
        | Object::ConfigMap(_) => {}
    }
}

/// Of two that want the same the older one has it, and one without a time would be older than any: one
/// that is new is as old as this moment.
fn insert<T: Clone>(
    map: &mut Arc<BTreeMap<Key, Stored<T>>>,
    key: &Key,
    new: &Arc<T>,
    revision: u64,
    metadata: impl Fn(&mut T) -> &mut ObjectMeta,
) {
    let mut object = Arc::clone(new);
    if !map.contains_key(key) {
        let created = &mut metadata(Arc::make_mut(&mut object)).creation_timestamp;
        created.get_or_insert_with(|| Time(Timestamp::now()));
    }
    let stored = Stored {
        object,
        revision,
        places: None,
    };
    Arc::make_mut(map).insert(key.clone(), stored);
}

/// What is wrong with the rules that an object brings along, as they compile with those around them.
fn of_rules(config: &Config, object: &ObjectRef, sets: &CompiledSets) -> Vec<Problem> {
    let origins = config.rule_origins.iter();
    let own: BTreeSet<&Arc<str>> = origins
        .filter(|(_, origin)| origin.object == *object)
        .map(|(file, _)| file)
        .collect();
    if own.is_empty() {
        return Vec::new();
    }
    let has_own = |firewall: &Arc<Firewall>| {
        let sources = [&firewall.before, &firewall.after].into_iter().flatten();
        let mut sources = sources.chain([&firewall.rules]);
        sources.any(|source| own.iter().any(|file| source.files.contains_key(&***file)))
    };
    let rules = config.routes.iter().flat_map(|route| &route.rules);
    let named = rules.filter_map(|rule| rule.firewall.as_ref());
    let mut firewalls: Vec<&Arc<Firewall>> = Vec::new();
    let mut seen = BTreeSet::new();
    for firewall in named.chain(&config.default_firewall) {
        if seen.insert(Arc::as_ptr(firewall)) && has_own(firewall) {
            firewalls.push(firewall);
        }
        if firewalls.len() == FIREWALLS {
            break;
        }
    }
    let rules = firewalls.into_iter().map(|it| with_firewall(it, object));
    let route = Route {
        object: object.clone(),
        hosts: Vec::new(),
        rules: rules.collect(),
    };
    let alone = Config {
        routes: vec![Arc::new(route)],
        rule_origins: config.rule_origins.clone(),
        ..Config::default()
    };
    let mut compiled = Firewalls::borrowing(sets);
    compiled.follow(&alone);
    let problems = compiled.problems().iter();
    problems
        .filter(|it| it.object == *object)
        .cloned()
        .collect()
}

/// A rule that there is for its firewall alone.
fn with_firewall(firewall: &Arc<Firewall>, object: &ObjectRef) -> Rule {
    Rule {
        matches: Vec::new(),
        policy: Arc::default(),
        firewall: Some(Arc::clone(firewall)),
        action: Action::NotFound,
        meta: Arc::new(RuleMeta {
            object: object.clone(),
            service: Arc::default(),
            service_port: Arc::default(),
            host: Arc::default(),
            path: Arc::default(),
        }),
    }
}
