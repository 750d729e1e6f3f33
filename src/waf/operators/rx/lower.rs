//! Trees to the intermediate form of `regex-syntax`, exactly or as a superset.
//!
//! Invariant: the superset matches wherever the tree does, and captures nothing. It drops look-around,
//! gives back what possessive quantifiers keep, and has what a group may match in place of what it did.

use regex_syntax::hir::{self, Class, ClassBytes, ClassBytesRange, Hir, Repetition};

use super::node::{Greed, Look, Node};
use super::sets::fold;
use crate::waf::ByteSet;

/// Most nodes that the superset copies in place of back-references; those after it are anything.
const MAX_COPIED: usize = 10_000;

/// The tree, which holds nothing that an automaton cannot do.
pub(super) fn exact(node: &Node) -> Hir {
    let mut lower = Lower {
        captures: true,
        fold: false,
        root: node,
        copied: 0,
        copying: false,
    };
    lower.hir(node)
}

/// What matches wherever the tree does.
pub(super) fn superset(node: &Node) -> Hir {
    let mut lower = Lower {
        captures: false,
        fold: false,
        root: node,
        copied: 0,
        copying: false,
    };
    lower.hir(node)
}

struct Lower<'n> {
    captures: bool,
    /// Both cases of every letter.
    fold: bool,
    root: &'n Node,
    copied: usize,
    copying: bool,
}

impl Lower<'_> {
    fn hir(&mut self, node: &Node) -> Hir {
        if self.copying {
            self.copied += 1;
            if self.copied > MAX_COPIED {
                return anything();
            }
        }
        match node {
            Node::Empty | Node::Around { .. } | Node::Keep => Hir::empty(),
            Node::Byte { byte, fold } => byte_hir(*byte, *fold || self.fold),
            Node::Set(set) if self.fold => class(fold(**set)),
            Node::Set(set) => class(**set),
            Node::Look(look) => look_hir(*look),
            Node::Group { index, node } => {
                let sub = self.hir(node);
                match u32::try_from(*index) {
                    Ok(index) if self.captures => Hir::capture(hir::Capture {
                        index,
                        name: None,
                        sub: Box::new(sub),
                    }),
                    _ => sub,
                }
            }
            Node::Atomic(node) => self.hir(node),
            Node::Concat(nodes) => Hir::concat(nodes.iter().map(|node| self.hir(node)).collect()),
            Node::Alternation(nodes) => {
                Hir::alternation(nodes.iter().map(|node| self.hir(node)).collect())
            }
            Node::Repeat {
                node,
                min,
                max,
                greed,
            } => Hir::repetition(Repetition {
                min: *min,
                max: *max,
                greedy: *greed != Greed::Lazy,
                sub: Box::new(self.hir(node)),
            }),
            Node::Back { group, fold } => self.back(*group, *fold),
        }
    }

    /// What a group may have captured. Copies are not made of copies, which might never end.
    fn back(&mut self, group: usize, fold: bool) -> Hir {
        let root = self.root;
        match find(root, group) {
            Some(node) if !self.copying => {
                let before = std::mem::replace(&mut self.fold, fold);
                self.copying = true;
                let copy = self.hir(node);
                self.copying = false;
                self.fold = before;
                copy
            }
            _ => anything(),
        }
    }
}

/// What a group encloses.
fn find(node: &Node, group: usize) -> Option<&Node> {
    match node {
        Node::Group { index, node } if *index == group => Some(node),
        Node::Group { node, .. }
        | Node::Atomic(node)
        | Node::Around { node, .. }
        | Node::Repeat { node, .. } => find(node, group),
        Node::Concat(nodes) | Node::Alternation(nodes) => {
            nodes.iter().find_map(|node| find(node, group))
        }
        Node::Empty
        | Node::Byte { .. }
        | Node::Set(_)
        | Node::Look(_)
        | Node::Back { .. }
        | Node::Keep => None,
    }
}

fn anything() -> Hir {
    Hir::repetition(Repetition {
        min: 0,
        max: None,
        greedy: true,
        sub: Box::new(class(ByteSet::ALL)),
    })
}

fn byte_hir(byte: u8, fold: bool) -> Hir {
    if !fold || !byte.is_ascii_alphabetic() {
        return Hir::literal([byte]);
    }
    let (upper, lower) = (byte.to_ascii_uppercase(), byte.to_ascii_lowercase());
    let ranges = [
        ClassBytesRange::new(upper, upper),
        ClassBytesRange::new(lower, lower),
    ];
    Hir::class(Class::Bytes(ClassBytes::new(ranges)))
}

fn class(set: ByteSet) -> Hir {
    let mut ranges = Vec::<ClassBytesRange>::new();
    for byte in set.iter() {
        match ranges.last_mut() {
            Some(last) if last.end().checked_add(1) == Some(byte) => {
                *last = ClassBytesRange::new(last.start(), byte);
            }
            _ => ranges.push(ClassBytesRange::new(byte, byte)),
        }
    }
    Hir::class(Class::Bytes(ClassBytes::new(ranges)))
}

fn look_hir(look: Look) -> Hir {
    Hir::look(match look {
        Look::Start => hir::Look::Start,
        Look::End => hir::Look::End,
        Look::LineStart => hir::Look::StartLF,
        Look::LineEnd => hir::Look::EndLF,
        Look::Word => hir::Look::WordAscii,
        Look::NotWord => hir::Look::WordAsciiNegate,
        // In a superset alone: what follows the place may be the newline itself.
        Look::LastLineEnd => return Hir::empty(),
    })
}
