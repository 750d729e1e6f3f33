//! The loop from the store to the published configuration.
//!
//! Invariant: nothing is published before every kind has synced, nor more often than once per
//! [`THROTTLE`], nor when it equals what was published last. Non-goal: compiling, and showing how things stand; both are
//! `publish`'s.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::{Instant, sleep_until};

use super::{Objects, Store, View, translate::Translation};
use crate::config::{Config, Problem, Severity};

/// The least time between two translations. The first change after a rest does not wait.
pub const THROTTLE: Duration = Duration::from_millis(100);

/// What the objects of the moment come to.
#[derive(Clone, Debug)]
pub struct Reconciled {
    /// Counts configurations, from 1. Where it is that of the last call, only problems changed.
    pub generation: u64,
    /// What the proxy should do.
    pub config: Arc<Config>,
    /// Everything that is wrong: with the objects, and with the files that they come from.
    pub problems: Arc<[Problem]>,
    /// The objects are those of an earlier run, which knew them to be true at this time.
    pub stale: Option<SystemTime>,
}

/// Runs until it is dropped: whenever the store changed, translates its objects, publishes what is new
/// of the configuration and the problems, and logs problems that came or went. `settled` is told which
/// objects are in force after every translation, whether there was something new or not.
///
/// All calls block the thread for as long as they take.
pub async fn reconcile(
    store: Arc<Store>,
    mut translate: impl FnMut(&Objects) -> Translation,
    mut publish: impl FnMut(Reconciled),
    mut settled: impl FnMut(&View),
) -> Infallible {
    let mut changes = store.subscribe();
    let mut last = None;
    let mut logged = BTreeSet::new();
    loop {
        changes.borrow_and_update();
        let started = Instant::now();
        let view = store.view();
        if view.synced {
            let Translation { config, problems } = translate(&view.objects);
            let problems = all_problems(&view, problems);
            log_changes(&mut logged, &problems);
            if let Some(new) = next(last.as_ref(), config, problems, view.stale) {
                last = Some(new.clone());
                publish(new);
            }
            settled(&view);
            sleep_until(started + THROTTLE).await;
        }
        if changes.changed().await.is_err() {
            // The store is held here, so it is never the last to go; should it be, nothing changes.
            std::future::pending::<Infallible>().await;
        }
    }
}

/// What there is to publish, if anything differs from the last.
fn next(
    last: Option<&Reconciled>,
    config: Config,
    problems: Vec<Problem>,
    stale: Option<SystemTime>,
) -> Option<Reconciled> {
    let Some(last) = last else {
        return Some(Reconciled {
            generation: 1,
            config: Arc::new(config),
            problems: problems.into(),
            stale,
        });
    };
    if *last.config != config {
        Some(Reconciled {
            generation: last.generation + 1,
            config: Arc::new(config),
            problems: problems.into(),
            stale,
        })
    } else if *last.problems != *problems || last.stale != stale {
        Some(Reconciled {
            generation: last.generation,
            config: Arc::clone(&last.config),
            problems: problems.into(),
            stale,
        })
    } else {
        None
    }
}

fn all_problems(view: &View, translation: Vec<Problem>) -> Vec<Problem> {
    let mut problems = translation;
    problems.extend(view.problems.values().flatten().cloned());
    problems.extend(view.of_objects.values().cloned());
    problems
}

/// Logs what came and what went. A problem whose place alone changed is the same.
pub fn log_changes(known: &mut BTreeSet<Problem>, problems: &[Problem]) {
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
        cause: _,
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
