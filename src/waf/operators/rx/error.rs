//! Why a pattern is not one.

use thiserror::Error;

/// What is wrong with a pattern. Places are bytes of the pattern, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PatternError {
    /// It is longer than the limit.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
    /// What it compiles to is larger than the limit.
    #[error("compiles to more than {0} bytes: repeat less, or split it")]
    TooLarge(usize),
    /// Groups lie too deep in each other.
    #[error("has more than {limit} groups in each other at byte {at}")]
    TooDeep {
        /// Where the group is that is too deep.
        at: usize,
        /// How deep groups may lie.
        limit: usize,
    },
    /// A group is not closed.
    #[error("has a group at byte {0} that is not closed")]
    UnclosedGroup(usize),
    /// A parenthesis closes nothing.
    #[error("has a `)` at byte {0} that closes nothing")]
    UnopenedGroup(usize),
    /// A class is not closed.
    #[error("has a class at byte {0} that is not closed")]
    UnclosedClass(usize),
    /// A range of a class begins after its end.
    #[error("has a range at byte {0} that begins after its end")]
    ClassRange(usize),
    /// A name between `[:` and `:]` is none.
    #[error("has a class at byte {0} that POSIX does not name")]
    PosixClass(usize),
    /// A backslash stands before a letter or digit that means nothing then.
    #[error("has an escape at byte {0} that means nothing")]
    Escape(usize),
    /// A number stands for no byte.
    #[error("has an escape at byte {0} that is no byte: 0 to ff, 0 to 377 octal")]
    NotAByte(usize),
    /// A quantifier has nothing to repeat.
    #[error("has a quantifier at byte {0} with nothing to repeat")]
    NothingToRepeat(usize),
    /// A quantifier's numbers are in the wrong order or too large.
    #[error("has a quantifier at byte {0} whose numbers are in the wrong order or over 65535")]
    Repetition(usize),
    /// A reference to a group that there is not.
    #[error("refers at byte {0} to a group that there is not")]
    NoSuchGroup(usize),
    /// A name of a group is none, or is another's.
    #[error("has a group's name at byte {0} that is none or is another's")]
    GroupName(usize),
    /// The group's question mark is followed by something unknown.
    #[error("has an unknown group or option at byte {0}")]
    Group(usize),
    /// What PCRE has and this does not.
    #[error("has {construct} at byte {at}, which is not supported")]
    Unsupported {
        /// Where it stands.
        at: usize,
        /// What it is.
        construct: &'static str,
    },
    /// What a look-behind looks for has no one length.
    #[error("has a look-behind with an alternative that matches texts of different lengths")]
    Lookbehind,
}
