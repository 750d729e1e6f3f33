//! The loop from the store to the published configuration.
//!
//! Invariant: nothing is published before every kind has synced, nor more often than once per
//! [`THROTTLE`], nor when it equals what was published last. Non-goal: compiling; `publish` does that.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use tokio::time::{Instant, sleep_until};

use super::{Objects, Store, View};
use crate::config::{Config, Problem, Severity};

/// The least time between two translations. The first change after a rest does not wait.
pub const THROTTLE: Duration = Duration::from_millis(100);

/// How the configuration stands, for readiness, metrics and the configuration dump.
#[derive(Debug, Default)]
pub struct ReconcileStatus {
    current: ArcSwap<Reconciled>,
}

/// How the configuration stood at one time.
#[derive(Clone, Debug, Default)]
pub struct Reconciled {
    /// How many configurations were published; 0: none, and nothing can be served yet.
    pub generation: u64,
    /// When the latest was published.
    pub published: Option<SystemTime>,
    /// Everything that is wrong. Where an object moved in its file, the place may be its former one.
    pub problems: Arc<[Problem]>,
}

impl ReconcileStatus {
    /// How it stands now.
    pub fn now(&self) -> Arc<Reconciled> {
        self.current.load_full()
    }
}

/// Runs until it is dropped: whenever the store changed, translates its objects, publishes a
/// configuration that is new, and logs problems that came or went.
pub async fn reconcile(
    store: Arc<Store>,
    status: Arc<ReconcileStatus>,
    mut translate: impl FnMut(&Objects) -> (Config, Vec<Problem>),
    mut publish: impl FnMut(Arc<Config>),
) -> Infallible {
    let mut changes = store.subscribe();
    let mut last = None;
    let mut known = BTreeSet::new();
    loop {
        changes.borrow_and_update();
        let started = Instant::now();
        let view = store.view();
        if view.synced {
            let (config, problems) = translate(&view.objects);
            let problems = all_problems(&view, problems);
            log_changes(&mut known, &problems);
            let is_new = last.as_deref() != Some(&config);
            if is_new {
                let config = Arc::new(config);
                last = Some(Arc::clone(&config));
                publish(config);
            }
            status.update(is_new, problems);
            sleep_until(started + THROTTLE).await;
        }
        if changes.changed().await.is_err() {
            // The store is held here, so it is never the last to go; should it be, nothing changes.
            std::future::pending::<Infallible>().await;
        }
    }
}

impl ReconcileStatus {
    fn update(&self, is_published: bool, problems: Vec<Problem>) {
        let before = self.now();
        let (generation, published) = if is_published {
            (before.generation + 1, Some(SystemTime::now()))
        } else {
            (before.generation, before.published)
        };
        self.current.store(Arc::new(Reconciled {
            generation,
            published,
            problems: problems.into(),
        }));
    }
}

fn all_problems(view: &View, translation: Vec<Problem>) -> Vec<Problem> {
    let mut problems = translation;
    problems.extend(view.problems.values().flatten().cloned());
    problems
}

/// Logs what came and what went. A problem whose place alone changed is the same.
fn log_changes(known: &mut BTreeSet<Problem>, problems: &[Problem]) {
    let mut now = BTreeSet::new();
    for problem in problems {
        let identity = Problem {
            location: None,
            ..problem.clone()
        };
        if !known.contains(&identity) && !now.contains(&identity) {
            log(problem);
        }
        now.insert(identity);
    }
    for resolved in known.difference(&now) {
        tracing::info!(
            object = %resolved.object,
            field = resolved.field,
            problem = resolved.message,
            "a problem is resolved"
        );
    }
    *known = now;
}

fn log(problem: &Problem) {
    let Problem {
        object,
        field,
        message,
        consequence,
        severity,
        location,
    } = problem;
    let place = location
        .as_ref()
        .map(|at| format!("{}:{}:{}", at.path.display(), at.line, at.column));
    tracing::warn!(
        %object,
        field,
        problem = message,
        consequence,
        is_error = *severity == Severity::Error,
        place,
        "a problem with the configuration"
    );
}

#[cfg(test)]
mod tests;
