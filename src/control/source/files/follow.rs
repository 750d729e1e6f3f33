//! One file that is not a manifest, followed by looking at it now and then.
//!
//! Invariant: a change is told at the next look, but for writes that time stamps cannot tell apart, which
//! are told until they are past. Non-goal: reading it.

use std::{fs, path::Path, time::SystemTime};

use super::fingerprint::Fingerprint;

/// What the last look at a file found.
#[derive(Debug, Default)]
pub struct FollowedFile {
    last: Option<Look>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    /// `None`: nobody could look.
    fingerprint: Option<Fingerprint>,
    /// Whether another write would have another fingerprint.
    is_settled: bool,
}

impl FollowedFile {
    /// Looks at the file behind `path`, through links; whether it may have changed since the last look.
    pub fn may_have_changed(&mut self, path: &Path) -> bool {
        let fingerprint = fs::metadata(path).ok().as_ref().map(Fingerprint::of);
        let now = SystemTime::now();
        let look = Look {
            fingerprint,
            is_settled: fingerprint.is_none_or(|it| it.is_settled(now)),
        };
        let last = self.last.replace(look);
        last.is_none_or(|last| last.fingerprint != fingerprint || !last.is_settled)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_file_is_new_once_and_again_when_it_is_written_swapped_or_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a"), folder.path().join("b"));
        let write = |path: &Path, text: &str| {
            fs::write(path, text).unwrap();
            // Long past, so that time stamps tell.
            let file = fs::File::options().write(true).open(path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        };
        write(&path, "one");
        let mut followed = FollowedFile::default();
        assert!(followed.may_have_changed(&path));
        // Written within the last two seconds: another write may look the same.
        assert!(followed.may_have_changed(&path));
        followed.last.as_mut().unwrap().is_settled = true;
        write(&other, "two");
        fs::rename(&other, &path).unwrap();
        assert!(followed.may_have_changed(&path));
        fs::remove_file(&path).unwrap();
        assert!(followed.may_have_changed(&path));
        assert!(!followed.may_have_changed(&path), "it is as gone as before");
    }
}
