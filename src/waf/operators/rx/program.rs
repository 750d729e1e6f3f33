//! Trees to programs for the machine that backtracks.
//!
//! Invariant: a program is bounded, in steps and in the work of making it, whatever its quantifiers
//! say. Non-goal: speed beyond runs of one set, which are one step.

use super::error::PatternError;
use super::node::{Greed, Look, Node};
use super::parse::Parsed;
use crate::waf::ByteSet;

/// A program, and what is known of all its matches.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    /// Places that a search keeps: two for each group, then where groups were opened that are not
    /// closed yet, and where loops began their rounds.
    pub(super) slots: usize,
    pub(super) groups: usize,
    /// What matches begin with; `None` where they may be empty.
    pub(super) first: Option<ByteSet>,
    /// Whether matches begin where the value does.
    pub(super) anchored: bool,
}

/// One step. Targets are numbers of steps.
#[derive(Debug)]
pub(super) enum Step {
    /// Take a byte of the set.
    Take(ByteSet),
    /// Take so many bytes of the set.
    Run {
        set: ByteSet,
        min: usize,
        max: usize,
        greed: Greed,
    },
    /// Go on with the first and, should that fail, with the second.
    Split(usize, usize),
    Jump(usize),
    /// Keep the place in a slot.
    Save(usize),
    /// A group, opened at the place in a slot, ends.
    Close {
        open: usize,
        group: usize,
    },
    /// Leave the loop if its round took nothing since the place in the slot.
    Progress {
        slot: usize,
        exit: usize,
    },
    Look(Look),
    /// Take what a group captured.
    Back {
        group: usize,
        fold: bool,
    },
    /// Go back so many bytes.
    Behind(usize),
    /// Match what follows as far as [`Done`](Self::Done), once, and go on at the end of it there.
    Atomic {
        next: usize,
    },
    /// Look whether what follows as far as [`Done`](Self::Done) matches, and go on from here.
    Around {
        negated: bool,
        next: usize,
    },
    Done,
}

/// The program of a tree, of at most `limit` bytes.
pub(super) fn compile(parsed: &Parsed, limit: usize) -> Result<Program, PatternError> {
    let mut compiler = Compiler {
        steps: Vec::new(),
        groups: parsed.groups,
        slots: parsed.groups * 3,
        limit,
        work: 0,
    };
    compiler.emit(Step::Save(0))?;
    compiler.node(&parsed.node)?;
    compiler.emit(Step::Save(1))?;
    compiler.emit(Step::Done)?;
    let (first, nothing) = parsed.node.first();
    Ok(Program {
        steps: compiler.steps,
        slots: compiler.slots,
        groups: parsed.groups,
        first: (!nothing).then_some(first),
        anchored: parsed.node.is_anchored(),
    })
}

struct Compiler {
    steps: Vec<Step>,
    groups: usize,
    slots: usize,
    limit: usize,
    /// Nodes so far, each as often as it is repeated.
    work: usize,
}

impl Compiler {
    fn emit(&mut self, step: Step) -> Result<usize, PatternError> {
        let size = size_of::<Step>();
        if (self.steps.len() + 1) * size > self.limit {
            return Err(PatternError::TooLarge(self.limit));
        }
        self.steps.push(step);
        Ok(self.steps.len() - 1)
    }

    fn set(&mut self, at: usize, step: Step) {
        if let Some(place) = self.steps.get_mut(at) {
            *place = step;
        }
    }

    fn node(&mut self, node: &Node) -> Result<(), PatternError> {
        self.work += 1;
        if self.work > self.limit {
            return Err(PatternError::TooLarge(self.limit));
        }
        if let Some(set) = node.as_set() {
            self.emit(Step::Take(set))?;
            return Ok(());
        }
        match node {
            Node::Empty | Node::Byte { .. } | Node::Set(_) => {}
            Node::Look(look) => {
                self.emit(Step::Look(*look))?;
            }
            Node::Group { index, node } => {
                let (open, group) = (self.groups * 2 + index, *index);
                self.emit(Step::Save(open))?;
                self.node(node)?;
                self.emit(Step::Close { open, group })?;
            }
            Node::Concat(nodes) => {
                for node in nodes {
                    self.node(node)?;
                }
            }
            Node::Alternation(nodes) => {
                self.alternation(nodes, |compiler, node| compiler.node(node))?
            }
            Node::Repeat {
                node,
                min,
                max,
                greed,
            } => self.repeat(node, *min, *max, *greed)?,
            Node::Atomic(node) => self.atomic(|compiler| compiler.node(node))?,
            Node::Around {
                ahead,
                negated,
                node,
            } => {
                let at = self.emit(Step::Done)?;
                match **node {
                    _ if *ahead => self.node(node)?,
                    Node::Alternation(ref nodes) => self.alternation(nodes, Self::behind)?,
                    ref node => self.behind(node)?,
                }
                self.emit(Step::Done)?;
                let next = self.steps.len();
                let negated = *negated;
                self.set(at, Step::Around { negated, next });
            }
            Node::Back { group, fold } => {
                self.emit(Step::Back {
                    group: *group,
                    fold: *fold,
                })?;
            }
            Node::Keep => {
                self.emit(Step::Save(0))?;
            }
        }
        Ok(())
    }

    fn alternation(
        &mut self,
        nodes: &[Node],
        mut emit: impl FnMut(&mut Self, &Node) -> Result<(), PatternError>,
    ) -> Result<(), PatternError> {
        let mut jumps = Vec::new();
        let mut nodes = nodes.iter().peekable();
        while let Some(node) = nodes.next() {
            if nodes.peek().is_none() {
                emit(self, node)?;
                break;
            }
            let split = self.emit(Step::Done)?;
            emit(self, node)?;
            jumps.push(self.emit(Step::Done)?);
            let next = self.steps.len();
            self.set(split, Step::Split(split + 1, next));
        }
        let end = self.steps.len();
        for jump in jumps {
            self.set(jump, Step::Jump(end));
        }
        Ok(())
    }

    /// One alternative of a look-behind.
    fn behind(&mut self, node: &Node) -> Result<(), PatternError> {
        let width = node.width().ok_or(PatternError::Lookbehind)?;
        self.emit(Step::Behind(width))?;
        self.node(node)
    }

    fn atomic(
        &mut self,
        body: impl FnOnce(&mut Self) -> Result<(), PatternError>,
    ) -> Result<(), PatternError> {
        let at = self.emit(Step::Done)?;
        body(self)?;
        self.emit(Step::Done)?;
        let next = self.steps.len();
        self.set(at, Step::Atomic { next });
        Ok(())
    }

    fn repeat(
        &mut self,
        node: &Node,
        min: u32,
        max: Option<u32>,
        greed: Greed,
    ) -> Result<(), PatternError> {
        if let Some(set) = node.as_set() {
            let (min, max) = (min as usize, max.map_or(usize::MAX, |max| max as usize));
            self.emit(Step::Run {
                set,
                min,
                max,
                greed,
            })?;
            return Ok(());
        }
        if greed == Greed::Possessive {
            return self.atomic(|compiler| compiler.repeat(node, min, max, Greed::Greedy));
        }
        for _ in 0..min {
            self.node(node)?;
        }
        match max {
            None => self.endless(node, greed),
            Some(max) => self.at_most(node, max - min, greed),
        }
    }

    fn split(greed: Greed, body: usize, exit: usize) -> Step {
        match greed {
            Greed::Lazy => Step::Split(exit, body),
            Greed::Greedy | Greed::Possessive => Step::Split(body, exit),
        }
    }

    fn endless(&mut self, node: &Node, greed: Greed) -> Result<(), PatternError> {
        let split = self.emit(Step::Done)?;
        let (_, nothing) = node.first();
        let mut progress = None;
        if nothing {
            let slot = self.slots;
            self.slots += 1;
            self.emit(Step::Save(slot))?;
            self.node(node)?;
            progress = Some((self.emit(Step::Done)?, slot));
        } else {
            self.node(node)?;
        }
        self.emit(Step::Jump(split))?;
        let exit = self.steps.len();
        self.set(split, Self::split(greed, split + 1, exit));
        if let Some((at, slot)) = progress {
            self.set(at, Step::Progress { slot, exit });
        }
        Ok(())
    }

    fn at_most(&mut self, node: &Node, times: u32, greed: Greed) -> Result<(), PatternError> {
        let mut splits = Vec::new();
        for _ in 0..times {
            splits.push(self.emit(Step::Done)?);
            self.node(node)?;
        }
        let exit = self.steps.len();
        for split in splits {
            self.set(split, Self::split(greed, split + 1, exit));
        }
        Ok(())
    }
}
