//! The options of the moment: read at the start, and followed like manifests.
//!
//! Invariant: a file that cannot be read or understood any more leaves the options that it last held,
//! and is a Problem. Non-goal: what the options mean.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context;

use super::kubernetes::ClusterOptions;
use crate::{
    config::{Cause, ObjectKind, ObjectRef, Problem, Severity},
    control::{
        Objects, Store,
        source::{
            files::FollowedFile,
            manifest::{OptionsFile, OptionsFileError},
        },
        translate::{GlobalOptions, options_from_config_map},
    },
};

/// Time between two looks at the file.
const INTERVAL: Duration = Duration::from_millis(250);

/// Options and what is wrong with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ReadOptions {
    pub(super) options: GlobalOptions,
    pub(super) problems: Vec<Problem>,
}

impl ReadOptions {
    /// Reads a file of options. Without one everything has its default.
    ///
    /// # Errors
    /// When the file cannot be read or holds no options. At the start there is no earlier version to
    /// go on with, and serving without what it says may be less than safe.
    pub(super) fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        match path {
            None => Ok(Self::default()),
            Some(path) => Self::read_file(path).with_context(|| path.display().to_string()),
        }
    }

    fn read_file(path: &Path) -> Result<Self, OptionsFileError> {
        let OptionsFile {
            object,
            data,
            places,
            mut problems,
        } = OptionsFile::read(path)?;
        let (options, of_options) = options_from_config_map(object, Some(places), &data);
        problems.extend(of_options);
        Ok(Self { options, problems })
    }
}

/// Where options come from.
#[derive(Debug)]
pub(super) enum OptionsSource {
    /// A file, or nothing at all.
    File(Arc<FollowedOptions>),
    /// A ConfigMap among the objects.
    Cluster(Box<ClusterOptions>),
}

impl OptionsSource {
    /// The options to translate these objects with.
    pub(super) fn of(&mut self, objects: &Objects) -> ReadOptions {
        match self {
            Self::File(followed) => followed.of_the_moment(),
            Self::Cluster(options) => options.of(objects),
        }
    }
}

/// The options of the moment, shared by who reads them and who translates with them.
#[derive(Debug)]
pub(super) struct FollowedOptions {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    read: ReadOptions,
    /// Why the file says nothing of use at the moment.
    fault: Option<Problem>,
}

impl FollowedOptions {
    pub(super) fn new(read: ReadOptions) -> Self {
        Self {
            state: Mutex::new(State { read, fault: None }),
        }
    }

    /// The options, and everything that is wrong with them and their file.
    pub(super) fn of_the_moment(&self) -> ReadOptions {
        let State { read, fault } = &*self.lock();
        let mut read = read.clone();
        read.problems.extend(fault.clone());
        read
    }

    /// Follows the file for as long as it is polled, and wakes the store's followers when it says
    /// something else.
    pub(super) async fn follow(&self, path: PathBuf, store: Arc<Store>) {
        let mut file = FollowedFile::default();
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            if file.may_have_changed(&path) && self.look(&path) {
                store.wake();
            }
        }
    }

    /// Reads the file anew; whether anything is different.
    fn look(&self, path: &Path) -> bool {
        let read = ReadOptions::read_file(path);
        let State { read: kept, fault } = &mut *self.lock();
        let (new, new_fault) = match read {
            Ok(read) => (read, None),
            Err(error) => (kept.clone(), Some(unusable(path, &error))),
        };
        let is_different = new != *kept || new_fault != *fault;
        (*kept, *fault) = (new, new_fault);
        is_different
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Both parts are put in whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unusable(path: &Path, error: &OptionsFileError) -> Problem {
    Problem {
        object: ObjectRef {
            kind: ObjectKind::File,
            namespace: "".into(),
            name: path.display().to_string().into(),
        },
        field: String::new(),
        message: format!("the file of options {error}"),
        consequence: "the options that it last held stay in force".to_owned(),
        severity: Severity::Error,
        cause: Cause::Object,
        location: None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_file_of_options_that_cannot_be_read_stops_the_start() {
        let missing = Path::new("/nonexistent/options.yaml");
        assert!(ReadOptions::read(Some(missing)).is_err());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a: [").unwrap();
        assert!(ReadOptions::read(Some(file.path())).is_err());
    }

    #[test]
    fn problems_with_options_have_their_place_in_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hsts: false\nproxy-body-size: x\n").unwrap();
        let read = ReadOptions::read(Some(file.path())).unwrap();
        assert_eq!(read.options.options.defaults.hsts, None);
        let [problem] = read.problems.as_slice() else {
            panic!("{:?}", read.problems)
        };
        let place = problem.location.as_ref().unwrap();
        assert_eq!((place.line, place.column), (2, 18));
    }

    #[test]
    fn a_file_that_breaks_keeps_what_it_last_held_and_is_a_problem() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let write = |text| std::fs::write(file.path(), text).unwrap();
        write("hsts: false\n");
        let followed = FollowedOptions::new(ReadOptions::read(Some(file.path())).unwrap());
        assert!(!followed.look(file.path()));
        write("hsts: [\n");
        assert!(followed.look(file.path()));
        assert!(!followed.look(file.path()), "the same fault is nothing new");
        let ReadOptions { options, problems } = followed.of_the_moment();
        assert_eq!(options.options.defaults.hsts, None);
        assert_eq!(problems.len(), 1, "{problems:?}");
        write("hsts: true\n");
        assert!(followed.look(file.path()));
        let ReadOptions { options, problems } = followed.of_the_moment();
        assert!(options.options.defaults.hsts.is_some());
        assert_eq!(problems, []);
    }
}
