//! Serving what an earlier run knew, and keeping what this one knows.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    task::spawn_blocking,
    time::{MissedTickBehavior, interval, sleep},
};

use super::{Contact, SavedError, SavedObjects};
use crate::control::Store;

/// How long the API server is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// From when on the addresses of pods are not believed any more.
const OLD: Duration = Duration::from_secs(600);
/// Between two looks at what there is to write.
const WRITES: Duration = Duration::from_secs(15);

/// Waits for the first sync of a start. If there is none within 10 s, serves what an earlier run saved;
/// pods that were last heard of 10 minutes ago are not taken for those of their Services any more.
pub async fn fall_back(saved: SavedObjects, store: Arc<Store>) {
    sleep(PATIENCE).await;
    if store.view().synced {
        return;
    }
    let (objects, at) = match spawn_blocking(move || saved.load()).await {
        Ok(Ok(Some(earlier))) => earlier,
        Ok(Ok(None)) => {
            tracing::warn!("the API server does not answer, and no earlier run has left objects");
            return;
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "the API server does not answer, and the objects of an earlier run cannot be used");
            return;
        }
        // It panicked: that has been said.
        Err(_) => return,
    };
    // A clock that was set back makes nothing younger than it is.
    let age = SystemTime::now().duration_since(at).unwrap_or(OLD);
    tracing::warn!(
        objects = objects.len(),
        age_seconds = age.as_secs(),
        "the API server does not answer: the last good objects of an earlier run are served"
    );
    let left = OLD.saturating_sub(age);
    store.edit(|edit| {
        edit.fall_back(objects, at);
        if left.is_zero() {
            edit.give_up_earlier_endpoints();
        }
    });
    if !left.is_zero() {
        sleep(left).await;
        store.edit(|edit| edit.give_up_earlier_endpoints());
    }
}

/// Writes the objects down whenever they have changed, at most every 15 s, for as long as it is polled.
pub async fn keep(saved: SavedObjects, store: Arc<Store>, contact: Arc<Contact>) -> Infallible {
    let mut changes = store.subscribe();
    changes.mark_changed();
    let mut ticks = interval(WRITES);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut touched = None;
    let mut has_failed = false;
    loop {
        ticks.tick().await;
        let view = store.view();
        if !view.synced || view.stale.is_some() {
            continue;
        }
        let is_new = changes.has_changed().unwrap_or(false);
        changes.mark_unchanged();
        // After the mark, so that what comes in between is written the next time.
        let objects = is_new.then(|| store.objects());
        let last = contact.last().filter(|last| touched != Some(*last));
        touched = contact.last();
        let to = saved.clone();
        let write = move || -> Result<(), SavedError> {
            if let Some(objects) = objects {
                to.save(&objects)?;
            }
            last.map_or(Ok(()), |last| to.touch(last))
        };
        match spawn_blocking(write).await {
            Ok(Ok(())) => has_failed = false,
            Ok(Err(error)) => {
                changes.mark_changed();
                if !std::mem::replace(&mut has_failed, true) {
                    tracing::error!(%error, "the last good objects cannot be kept on disk");
                }
            }
            Err(_) => changes.mark_changed(),
        }
    }
}
