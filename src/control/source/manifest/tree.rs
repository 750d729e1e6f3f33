//! A document's values with the places that they stand at.
//!
//! Invariant: built without recursion, and bounded in depth and number whatever the text says. Aliases
//! stay references here, so that a bomb of them costs nothing. Non-goal: what scalars mean.

use std::{collections::HashMap, ops::Range};

use serde_saphyr::granit_parser::{self, Event, Parser, ScalarStyle, Span, Tag};

use super::{super::limits, scalar};
use crate::control::Segment;

/// Names a value of its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(u32);

/// A value.
#[derive(Debug)]
pub(super) struct Node {
    start: u32,
    end: u32,
    pub shape: Shape,
}

/// What kind of value it is.
#[derive(Debug)]
pub(super) enum Shape {
    Scalar(Scalar),
    Sequence(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
    /// Stands for a value elsewhere in the document.
    Alias(NodeId),
    /// Stands for a value that is not in the text that was parsed.
    Elsewhere,
}

/// A scalar as written.
#[derive(Debug)]
pub(super) struct Scalar {
    /// The text, where it is not what stands between the node's ends.
    text: Option<Box<str>>,
    pub plain: bool,
    pub tag: ScalarTag,
}

/// The tag of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScalarTag {
    /// None: the text decides.
    Implied,
    /// `!!str` or `!`.
    String,
    /// `!!int`, `!!float`, `!!bool`, `!!null`: the text decides even in quotes.
    Resolved,
}

/// What a parser has against a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub at: usize,
    pub message: String,
}

/// The values of a text, in the order in which they begin.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// The top of each document.
    pub roots: Vec<NodeId>,
}

/// Parses a text. After an error the tree holds what came before it.
pub(super) fn parse(text: &str) -> (Tree, Option<SyntaxError>) {
    let mut options = granit_parser::options! {
        block_nesting_limit: limits::DEPTH,
        flow_nesting_limit: limits::DEPTH,
        emit_unresolved_aliases: true,
    };
    options.set_emit_comments(false);
    let mut builder = Builder {
        text,
        tree: Tree::default(),
        open: Vec::new(),
        anchors: HashMap::new(),
    };
    for event in Parser::new_from_str_with_options(text, options) {
        let error = match event {
            Ok((event, span)) => builder.event(event, span).err(),
            Err(error) => Some(SyntaxError {
                at: error.marker().byte_offset().unwrap_or(0).min(text.len()),
                message: error.info(),
            }),
        };
        if error.is_some() {
            return (builder.tree, error);
        }
    }
    (builder.tree, None)
}

impl Tree {
    /// A value, which is never an alias.
    pub(super) fn resolve(&self, id: NodeId) -> (NodeId, &Node) {
        let mut id = id;
        let mut node = self.node(id);
        // An alias names a value that began before it, so this ends.
        while let Shape::Alias(target) = node.shape {
            id = target;
            node = self.node(id);
        }
        (id, node)
    }

    /// A value as it stands, aliases included.
    pub(super) fn node(&self, id: NodeId) -> &Node {
        // Ids are handed out by this tree's builder and nodes are never removed.
        &self.nodes[id.0 as usize]
    }

    /// Where a value stands. Blank ends are left out.
    pub(super) fn span(&self, text: &str, id: NodeId) -> Range<usize> {
        let node = self.node(id);
        let whole = node.start as usize..node.end as usize;
        let length = text
            .get(whole.clone())
            .map_or(whole.len(), |text| text.trim_end().len());
        whole.start..whole.start + length
    }

    /// A scalar's text.
    pub(super) fn scalar_text<'t>(&'t self, text: &'t str, id: NodeId) -> Option<&'t str> {
        let node = self.node(id);
        match &node.shape {
            Shape::Scalar(scalar) => match &scalar.text {
                Some(text) => Some(text),
                None => text.get(node.start as usize..node.end as usize),
            },
            _ => None,
        }
    }

    /// A mapping's key as a string: a number or boolean gives its JSON, as kubectl has it.
    pub(super) fn key_text(&self, text: &str, id: NodeId) -> Option<String> {
        let (id, node) = self.resolve(id);
        let Shape::Scalar(scalar) = &node.shape else {
            return None;
        };
        let key = self.scalar_text(text, id)?;
        if !scalar.plain || scalar.tag == ScalarTag::String {
            return Some(key.to_owned());
        }
        match scalar::resolve(key)? {
            serde_json::Value::String(key) => Some(key),
            serde_json::Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    /// The entry of a mapping under a key, merged ones after its own.
    pub(super) fn entry(&self, text: &str, mapping: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        self.entry_within(text, mapping, key, limits::DEPTH)
    }

    fn entry_within(
        &self,
        text: &str,
        mapping: NodeId,
        key: &str,
        depth: usize,
    ) -> Option<(NodeId, NodeId)> {
        let Shape::Mapping(entries) = &self.resolve(mapping).1.shape else {
            return None;
        };
        let own = entries
            .iter()
            .find(|(name, _)| self.key_text(text, *name).is_some_and(|name| name == key));
        if let Some(entry) = own {
            return Some(*entry);
        }
        let depth = depth.checked_sub(1)?;
        let merged = entries
            .iter()
            .filter(|(name, _)| self.is_merge_key(text, *name));
        for (_, value) in merged {
            let sources = match &self.resolve(*value).1.shape {
                Shape::Sequence(sources) => sources.as_slice(),
                _ => std::slice::from_ref(value),
            };
            let found = sources
                .iter()
                .find_map(|source| self.entry_within(text, *source, key, depth));
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Whether a key is `<<`, which takes over the entries of another mapping.
    pub(super) fn is_merge_key(&self, text: &str, key: NodeId) -> bool {
        matches!(
            &self.node(key).shape,
            Shape::Scalar(Scalar { plain: true, .. })
        ) && self.scalar_text(text, key) == Some("<<")
    }

    /// Follows a path as far as it goes: the value, the key that holds it, and the steps taken.
    pub(super) fn follow(&self, text: &str, root: NodeId, path: &[Segment]) -> Followed {
        let mut there = Followed {
            value: root,
            key: None,
            steps: 0,
        };
        for segment in path {
            let (key, value) = match segment {
                Segment::Key(key) => match self.entry(text, there.value, key) {
                    Some((key, value)) => (Some(key), value),
                    None => break,
                },
                Segment::Index(index) => match &self.resolve(there.value).1.shape {
                    Shape::Sequence(items) => match items.get(*index) {
                        Some(item) => (None, *item),
                        None => break,
                    },
                    _ => break,
                },
            };
            there = Followed {
                value,
                key,
                steps: there.steps + 1,
            };
        }
        there
    }
}

/// How far a path went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Followed {
    pub value: NodeId,
    /// The key that holds the value; `None` for items and the root.
    pub key: Option<NodeId>,
    /// How many segments of the path are there.
    pub steps: usize,
}

struct Builder<'t> {
    text: &'t str,
    tree: Tree,
    /// Collections under way, with a mapping's key that waits for its value.
    open: Vec<(NodeId, Option<NodeId>)>,
    /// Anchored nodes by the parser's number for the anchor, which counts up from 1.
    anchors: HashMap<usize, NodeId>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let (start, end) = offsets(&span);
                let tag = match tag {
                    None => ScalarTag::Implied,
                    Some(tag) => scalar_tag(&tag).ok_or_else(|| unknown_tag(&tag, &span))?,
                };
                let written = self.text.get(start as usize..end as usize);
                let plain = style == ScalarStyle::Plain;
                let text = if written == Some("") && plain {
                    None
                } else {
                    (written != Some(&*text)).then(|| text.into())
                };
                let shape = Shape::Scalar(Scalar { text, plain, tag });
                self.add(start, end, shape, anchor)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                if let Some(tag) = tag.filter(|tag| tag.core_suffix() != Some("seq")) {
                    return Err(unknown_tag(&tag, &span));
                }
                let (start, end) = offsets(&span);
                let id = self.add(start, end, Shape::Sequence(Vec::new()), anchor)?;
                self.open.push((id, None));
            }
            Event::MappingStart(_, anchor, tag) => {
                if let Some(tag) = tag.filter(|tag| tag.core_suffix() != Some("map")) {
                    return Err(unknown_tag(&tag, &span));
                }
                let (start, end) = offsets(&span);
                let id = self.add(start, end, Shape::Mapping(Vec::new()), anchor)?;
                self.open.push((id, None));
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
            Event::Alias(anchor) => {
                let (start, end) = offsets(&span);
                let target = self.anchors.get(&anchor);
                let shape = target.map_or(Shape::Elsewhere, |node| Shape::Alias(*node));
                self.add(start, end, shape, 0)?;
            }
            Event::UnresolvedAlias(_) => {
                let (start, end) = offsets(&span);
                self.add(start, end, Shape::Elsewhere, 0)?;
            }
            Event::DocumentStart(..) => self.anchors.clear(),
            _ => {}
        }
        Ok(())
    }

    fn add(
        &mut self,
        start: u32,
        end: u32,
        shape: Shape,
        anchor: usize,
    ) -> Result<NodeId, SyntaxError> {
        let (start, end) = match self.past_colon(start, end) {
            Some(past) => (past, past),
            None => (start, end),
        };
        if self.tree.nodes.len() >= limits::VALUES {
            return Err(SyntaxError {
                at: start as usize,
                message: format!("the document has more than {} values", limits::VALUES),
            });
        }
        let id = NodeId(u32::try_from(self.tree.nodes.len()).unwrap_or(u32::MAX));
        self.tree.nodes.push(Node { start, end, shape });
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        match self.open.last_mut() {
            None => self.tree.roots.push(id),
            Some((parent, waiting)) => match &mut self.tree.nodes[parent.0 as usize].shape {
                Shape::Mapping(entries) => match waiting.take() {
                    None => *waiting = Some(id),
                    Some(key) => entries.push((key, id)),
                },
                Shape::Sequence(items) => items.push(id),
                Shape::Scalar(_) | Shape::Alias(_) | Shape::Elsewhere => {}
            },
        }
        Ok(id)
    }

    /// Where a value that is not written stands, for which the parser gives the end of its key: past
    /// the colon, so that what ends with the value holds the colon.
    fn past_colon(&self, start: u32, end: u32) -> Option<u32> {
        let (_, key) = self.open.last()?;
        if start != end || key.is_none() {
            return None;
        }
        let after = self.text.get(start as usize..)?;
        let blank = after.len() - after.trim_start_matches([' ', '\t']).len();
        after.get(blank..)?.starts_with(':').then_some(())?;
        u32::try_from(start as usize + blank + 1).ok()
    }

    /// Ends a collection: at its bracket, or where the last thing within it ends.
    fn close(&mut self, span: &Span) {
        let Some((id, _)) = self.open.pop() else {
            return;
        };
        let (start, end) = offsets(span);
        let last = match &self.tree.node(id).shape {
            Shape::Mapping(entries) => entries.last().map(|(key, value)| {
                // The value of `key:` may stand before its colon, or elsewhere with an alias.
                self.tree.node(*value).end.max(self.tree.node(*key).end)
            }),
            Shape::Sequence(items) => items.last().map(|item| self.tree.node(*item).end),
            Shape::Scalar(_) | Shape::Alias(_) | Shape::Elsewhere => None,
        };
        let node = &mut self.tree.nodes[id.0 as usize];
        node.end = if end > start {
            end
        } else {
            last.map_or(node.end, |last| last.max(node.end))
        };
    }
}

fn offsets(span: &Span) -> (u32, u32) {
    // A text is at most `limits::FILE_BYTES` long, and parsing from a string always gives offsets.
    let range = span.byte_range().unwrap_or_default();
    let narrow = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    (narrow(range.start), narrow(range.end))
}

fn scalar_tag(tag: &Tag) -> Option<ScalarTag> {
    match tag.core_suffix() {
        Some("str") => Some(ScalarTag::String),
        Some("int" | "float" | "bool" | "null") => Some(ScalarTag::Resolved),
        _ if tag.original() == "!" => Some(ScalarTag::String),
        _ => None,
    }
}

fn unknown_tag(tag: &Tag, span: &Span) -> SyntaxError {
    SyntaxError {
        at: offsets(span).0 as usize,
        message: format!("the tag `{}` is not understood", tag.original()),
    }
}
