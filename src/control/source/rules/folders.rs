//! All folders of rules that anything names, and their changes.
//!
//! A folder is read when it is first asked for, and then whenever it changed. Changes are found by
//! looking, twice a second at most and as often as that costs about one per cent of one core: there are
//! few such folders, with some fifty files each.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    super::limits,
    builtin::{self, BUILTIN},
    folder::{self, FolderError, Trace},
    part::RulePart,
};
use crate::control::Store;

/// The least and the most time between two looks.
const INTERVAL: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// Looks cost this share of the time: one in that many.
const COST: u32 = 100;

/// What a folder of rules says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FolderRules {
    /// Its rules as they were last read well.
    pub part: Option<RulePart>,
    /// Why they could not be read since.
    pub fault: Option<String>,
}

/// Folders of rules by their paths. Shared between threads.
#[derive(Debug, Default)]
pub struct RuleFolders {
    known: Mutex<BTreeMap<PathBuf, Known>>,
    /// Where these are only looked at: whoever follows them.
    of: Option<Arc<RuleFolders>>,
}

#[derive(Debug)]
struct Known {
    rules: Arc<FolderRules>,
    /// `None`: look again, whatever it looks like.
    trace: Option<Trace>,
}

impl RuleFolders {
    /// The same folders for somebody who asks what would be. Asking changes nothing, and opens nothing
    /// either: of what is not among `folders` it is only said that it has not been read. Whoever asks may
    /// be nobody who could have it read.
    pub fn looked_at(folders: &Arc<Self>) -> Self {
        Self {
            known: Mutex::default(),
            of: Some(Arc::clone(folders)),
        }
    }

    /// What the folder at `path` says. It is read if that was not asked before: that blocks. The path
    /// [`BUILTIN`] is no folder: it stands for the rules that the program brings along.
    pub fn rules(&self, path: &Path) -> Arc<FolderRules> {
        if let Some(of) = &self.of {
            let there = of.lock().get(path).map(|it| Arc::clone(&it.rules));
            return there.unwrap_or_else(|| Known::unread(path).rules);
        }
        let mut known = self.lock();
        if let Some(there) = known.get(path) {
            return Arc::clone(&there.rules);
        }
        if known.len() >= limits::RULE_FOLDERS {
            return Arc::new(FolderRules {
                part: None,
                fault: Some(format!(
                    "there are more than {} folders of rules",
                    limits::RULE_FOLDERS
                )),
            });
        }
        let new = Known::new(path);
        let rules = Arc::clone(&new.rules);
        known.insert(path.to_owned(), new);
        rules
    }

    /// Forgets every folder but these.
    pub fn keep_only(&self, paths: &BTreeSet<PathBuf>) {
        self.lock().retain(|path, _| paths.contains(path));
    }

    /// Reads what changed, and says whether anything did. Blocks.
    pub fn look_again(&self) -> bool {
        let known = self.lock().keys().cloned().collect::<Vec<PathBuf>>();
        let paths = known.into_iter().filter(|path| path != Path::new(BUILTIN));
        let mut has_changed = false;
        for path in paths {
            // Nobody waits for the lock while a folder is read.
            let before = match self.lock().get(&path) {
                Some(known) if known.is_due(&path) => Arc::clone(&known.rules),
                _ => continue,
            };
            let new = Known::read(&path, Some(&before));
            has_changed |= !Arc::ptr_eq(&new.rules, &before);
            if let Some(known) = self.lock().get_mut(&path) {
                *known = new;
            }
        }
        has_changed
    }

    /// Starts a thread that looks for changes until the watch is dropped, and wakes the store's
    /// readers when there are some.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn watch(self: &Arc<Self>, store: Arc<Store>) -> io::Result<RuleFolderWatch> {
        let folders = Arc::clone(self);
        let (stop, stopped) = mpsc::sync_channel::<()>(0);
        let thread = thread::Builder::new()
            .name("rules".to_owned())
            .spawn(move || {
                let (least, most) = INTERVAL;
                let mut pause = least;
                while stopped.recv_timeout(pause) == Err(mpsc::RecvTimeoutError::Timeout) {
                    let started = Instant::now();
                    if folders.look_again() {
                        store.edit(|edit| edit.touch());
                    }
                    pause = (started.elapsed() * COST).clamp(least, most);
                }
            })?;
        Ok(RuleFolderWatch {
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Known>> {
        // Every single change leaves the map whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn new(path: &Path) -> Self {
        if path == Path::new(BUILTIN) {
            Self::builtin()
        } else {
            Self::read(path, None)
        }
    }

    /// The rules that the program brings along, or that there are none yet.
    fn unread(path: &Path) -> Self {
        if path == Path::new(BUILTIN) {
            return Self::builtin();
        }
        let fault = "it is read when something that is in force names it";
        Self {
            rules: Arc::new(FolderRules {
                part: None,
                fault: Some(fault.to_owned()),
            }),
            trace: None,
        }
    }

    fn builtin() -> Self {
        Self {
            rules: Arc::new(FolderRules {
                part: Some(builtin::part()),
                fault: None,
            }),
            trace: None,
        }
    }

    fn read(path: &Path, before: Option<&Arc<FolderRules>>) -> Self {
        // The trace comes first: a change after it counts as a later one.
        let (trace, is_settled) = match folder::trace(path) {
            Ok((trace, is_settled)) => (Some(trace), is_settled),
            Err(_) => (None, false),
        };
        let kept = || before.and_then(|before| before.part.clone());
        let new = match read(path) {
            Ok(part) => FolderRules {
                part: Some(part),
                fault: None,
            },
            Err(error) => FolderRules {
                part: kept(),
                fault: Some(error.to_string()),
            },
        };
        let rules = match before {
            Some(before) if **before == new => Arc::clone(before),
            _ => Arc::new(new),
        };
        Self {
            rules,
            trace: trace.filter(|_| is_settled),
        }
    }

    fn is_due(&self, path: &Path) -> bool {
        let now = folder::trace(path).ok().map(|(trace, _)| trace);
        self.trace.is_none() || self.trace != now
    }
}

/// Reads a folder by its path as it was given.
fn read(path: &Path) -> Result<RulePart, FolderError> {
    // Rules cannot name what lies above them, so that no name may lead there.
    let leads_up = path.components().any(|it| it == Component::ParentDir);
    let absolute = if leads_up {
        path.canonicalize()
    } else {
        std::path::absolute(path)
    };
    folder::read(&absolute.map_err(|error| FolderError::Io {
        path: path.display().to_string(),
        error,
    })?)
}

/// Follows folders of rules until it is dropped.
#[derive(Debug)]
pub struct RuleFolderWatch {
    stop: Option<mpsc::SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for RuleFolderWatch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that reads rules panicked");
        }
    }
}

#[cfg(test)]
mod tests;
