//! Rules of the firewall on disk: folders of SecLang, read and kept up to date.
//!
//! Invariant: what is known of a folder is what it last said well. Non-goal: what the rules mean, and
//! whether they compile.

mod builtin;
mod folder;
mod folders;
mod layout;
mod part;

pub use builtin::{BUILTIN, BUILTIN_SET};
pub use folder::FolderError;
pub use folders::{FolderRules, RuleFolderWatch, RuleFolders};
pub use part::{RulePart, rule_set, rule_source};
