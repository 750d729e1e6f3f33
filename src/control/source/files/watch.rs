//! When to look: the system's events, and the clock for what they miss.
//!
//! Every folder that was looked at is watched, and every folder that holds a link on the way, so that a
//! file written in place, moved over, deleted and made again, or swapped by a link far up is seen. What
//! makes no events (network file systems, too few watches) is found by looking at everything every now
//! and then, as often as that costs about one per cent of one core.
//!
//! Invariant: a change is in the store within a second, unless looking takes longer than 10 ms and the
//! system gave no event. Non-goal: precise events; each only says where to look.

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};

use super::{
    FileSource,
    scan::Folder,
    wake::{Wake, Woken},
};
use crate::control::Store;

/// Looks at everything cost this share of the time: one in that many.
const COST: u32 = 100;
/// The least and the most time between two looks at everything.
const INTERVAL: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Keeps a store up to date with files until it is dropped.
#[derive(Debug)]
pub struct FileWatch {
    wake: Arc<Wake>,
    thread: Option<JoinHandle<()>>,
}

impl FileWatch {
    pub(super) fn start(source: FileSource, store: Arc<Store>) -> io::Result<Self> {
        let wake = Arc::new(Wake::default());
        let watching = Watching {
            source,
            store,
            wake: Arc::clone(&wake),
            watcher: Watches::new(&wake),
        };
        let thread = thread::Builder::new()
            .name("files".to_owned())
            .spawn(move || watching.run())?;
        Ok(Self {
            wake,
            thread: Some(thread),
        })
    }

    /// Looks at everything soon, whatever the system says.
    pub fn look_again(&self) {
        self.wake.everything_changed();
    }
}

impl Drop for FileWatch {
    fn drop(&mut self) {
        self.wake.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that reads manifests panicked");
        }
    }
}

struct Watching {
    source: FileSource,
    store: Arc<Store>,
    wake: Arc<Wake>,
    watcher: Watches,
}

impl Watching {
    fn run(mut self) {
        // Watches come before the look that they complete, so that no change falls between.
        let mut next = self.look_at_everything();
        loop {
            match self.wake.wait(next) {
                Woken::Stop => return,
                Woken::Paths(paths) => {
                    if !self.source.sync_paths(&paths, &self.store) {
                        next = self.look_at_everything();
                    }
                }
                Woken::Everything => next = self.look_at_everything(),
            }
        }
    }

    /// Looks at everything and says when to do so again.
    fn look_at_everything(&mut self) -> Instant {
        let started = Instant::now();
        self.source.sync(&self.store);
        let is_new = self.watcher.follow(&self.source.scan().folders);
        if is_new {
            // What changed before its folder was watched.
            self.source.sync(&self.store);
        }
        let (least, most) = INTERVAL;
        let now = Instant::now();
        now + ((now - started) * COST).clamp(least, most)
    }
}

/// The folders that the system watches for us.
struct Watches {
    watcher: Option<RecommendedWatcher>,
    watched: HashMap<PathBuf, (u64, u64)>,
    is_short: bool,
}

impl Watches {
    fn new(wake: &Arc<Wake>) -> Self {
        let wake = Arc::clone(wake);
        let watcher = notify::recommended_watcher(move |event| heard(&wake, event))
            .inspect_err(|error| {
                tracing::warn!(%error, "no file events: manifests are looked at every now and then");
            })
            .ok();
        Self {
            watcher,
            watched: HashMap::new(),
            is_short: false,
        }
    }

    /// Watches these folders and no others. Says whether any is newly watched.
    fn follow(&mut self, folders: &HashMap<PathBuf, Folder>) -> bool {
        let Some(watcher) = &mut self.watcher else {
            return false;
        };
        self.watched.retain(|path, inode| {
            let stays = folders
                .get(path)
                .is_some_and(|folder| folder.inode == *inode);
            if !stays {
                // It fails for a folder that is gone, whose watch is gone with it.
                let _ = watcher.unwatch(path);
            }
            stays
        });
        let mut is_new = false;
        for (path, folder) in folders {
            if self.watched.contains_key(path) {
                continue;
            }
            match watcher.watch(path, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(path.clone(), folder.inode);
                    is_new = true;
                }
                Err(error) if !self.is_short => {
                    self.is_short = true;
                    tracing::warn!(
                        folder = %path.display(), %error,
                        "cannot watch a folder: it is looked at every now and then"
                    );
                }
                Err(_) => {}
            }
        }
        is_new
    }
}

/// Takes note of an event. That a file was opened or read, as we do ourselves, is none.
fn heard(wake: &Wake, event: notify::Result<Event>) {
    match event {
        Ok(event) if event.need_rescan() => wake.everything_changed(),
        Ok(Event {
            kind: EventKind::Access(kind),
            ..
        }) if kind != AccessKind::Close(AccessMode::Write) => {}
        Ok(event) => wake.changed(event.paths),
        Err(_) => wake.everything_changed(),
    }
}
