//! What a pattern says, as a tree.
//!
//! Invariant: the tree is no deeper than groups may lie in each other, twice. Non-goal: how it was
//! written; options are already applied.

use crate::waf::ByteSet;

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Empty,
    /// One byte, or either case of it.
    Byte {
        byte: u8,
        fold: bool,
    },
    /// One byte of a set.
    Set(Box<ByteSet>),
    Look(Look),
    /// A group that captures.
    Group {
        index: usize,
        node: Box<Self>,
    },
    Concat(Vec<Self>),
    Alternation(Vec<Self>),
    Repeat {
        node: Box<Self>,
        min: u32,
        max: Option<u32>,
        greed: Greed,
    },
    /// `(?>...)`
    Atomic(Box<Self>),
    /// `(?=...)`, `(?!...)`, `(?<=...)`, `(?<!...)`
    Around {
        ahead: bool,
        negated: bool,
        node: Box<Self>,
    },
    /// What a group captured.
    Back {
        group: usize,
        fold: bool,
    },
    /// `\K`: the match begins here.
    Keep,
}

/// A condition on a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Start,
    End,
    /// `\Z`: the end, or the newline that is the last byte.
    LastLineEnd,
    LineStart,
    LineEnd,
    Word,
    NotWord,
}

/// How much a quantifier takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Greed {
    Greedy,
    Lazy,
    /// As much as there is, and nothing of it is given back.
    Possessive,
}

impl Node {
    /// The set of a node that matches exactly one byte.
    pub(super) fn as_set(&self) -> Option<ByteSet> {
        match self {
            Self::Byte { byte, fold: false } => Some(ByteSet::EMPTY.with(*byte)),
            Self::Byte { byte, fold: true } => Some(
                ByteSet::EMPTY
                    .with(byte.to_ascii_lowercase())
                    .with(byte.to_ascii_uppercase()),
            ),
            Self::Set(set) => Some(**set),
            _ => None,
        }
    }

    /// How many bytes it matches, if that is always the same.
    pub(super) fn width(&self) -> Option<usize> {
        match self {
            Self::Empty | Self::Look(_) | Self::Around { .. } => Some(0),
            Self::Byte { .. } | Self::Set(_) => Some(1),
            Self::Group { node, .. } | Self::Atomic(node) => node.width(),
            Self::Concat(nodes) => nodes
                .iter()
                .try_fold(0_usize, |sum, node| sum.checked_add(node.width()?)),
            Self::Alternation(nodes) => {
                let mut widths = nodes.iter().map(Self::width);
                let first = widths.next()??;
                widths.all(|width| width == Some(first)).then_some(first)
            }
            Self::Repeat { node, min, max, .. } => {
                let width = node.width()?;
                let times = (*max == Some(*min)).then_some(*min as usize);
                match width {
                    0 => Some(0),
                    _ => width.checked_mul(times?),
                }
            }
            Self::Back { .. } | Self::Keep => None,
        }
    }

    /// The bytes that it may begin with, and whether it may match nothing. What lies ahead or behind
    /// is not looked at.
    pub(super) fn first(&self) -> (ByteSet, bool) {
        match self {
            Self::Empty | Self::Look(_) | Self::Around { .. } | Self::Keep => {
                (ByteSet::EMPTY, true)
            }
            Self::Byte { .. } | Self::Set(_) => (self.as_set().unwrap_or(ByteSet::ALL), false),
            Self::Group { node, .. } | Self::Atomic(node) => node.first(),
            Self::Concat(nodes) => {
                let mut set = ByteSet::EMPTY;
                for node in nodes {
                    let (first, nothing) = node.first();
                    set = set.union(first);
                    if !nothing {
                        return (set, false);
                    }
                }
                (set, true)
            }
            Self::Alternation(nodes) => nodes
                .iter()
                .map(Self::first)
                .fold((ByteSet::EMPTY, false), |(set, nothing), (first, also)| {
                    (set.union(first), nothing || also)
                }),
            Self::Repeat { node, min, .. } => {
                let (first, nothing) = node.first();
                (first, nothing || *min == 0)
            }
            Self::Back { .. } => (ByteSet::ALL, true),
        }
    }

    /// Whether it matches at the beginning of the value alone.
    pub(super) fn is_anchored(&self) -> bool {
        match self {
            Self::Look(Look::Start) => true,
            Self::Group { node, .. } | Self::Atomic(node) => node.is_anchored(),
            Self::Concat(nodes) => nodes.first().is_some_and(Self::is_anchored),
            Self::Alternation(nodes) => nodes.iter().all(Self::is_anchored),
            _ => false,
        }
    }
}
