//! Manifests on disk: `-f` files and folders, read and kept up to date.
//!
//! Invariant: what the store holds is what the files last said well; a file that cannot be read or
//! understood changes nothing but its Problems. Non-goal: remote file systems that change without a
//! trace within the two seconds that their time stamps cannot tell apart and announce nothing.

mod fingerprint;
mod follow;
mod known;
mod read;
mod scan;
mod set;
mod source;
mod wake;
mod watch;

pub(super) use fingerprint::Fingerprint;
pub use follow::FollowedFile;
pub use source::FileSource;
pub use watch::FileWatch;
