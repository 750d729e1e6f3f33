//! `@detectShell`: commands of Unix and Windows shells.
//!
//! The value is cut where a shell begins a command: at its beginning, after `;`, `|`, `&`, a line end, in
//! backticks and in `$(...)`. The first word there is read as the shell reads it, with its quotes,
//! backslashes, empty expansions and globs, and looked up; what follows says whether a command is meant.
//! Quotes hide nothing, since what is injected mostly ends the one that it lands in. Invariant: every
//! byte is looked at a bounded number of times. Non-goal: scripts that only use variables.

mod command;
mod commands;
mod find;
mod word;

pub(super) use self::find::{SIGNS, find};
