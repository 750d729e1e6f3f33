//! The parser: one pass, with a stack of open elements.

use std::ops::Range;

use memchr::memmem;

use super::super::super::Pairs;
use super::super::Limits;
use super::tag::{self, TagError, is_space, skip_space};
use super::{XmlError, reference};

/// What a document holds.
#[derive(Clone, Debug, Default)]
pub struct Xml {
    /// `XML:/*`: all text of the document, CDATA sections included, and before it what a document type
    /// says besides a name.
    pub content: Vec<u8>,
    texts: Vec<Range<usize>>,
    /// `XML://@*`: each attribute's name, as sent, and value.
    pub attributes: Pairs,
    /// Attributes that declare namespaces. XPath, and so ModSecurity, does not count them among
    /// attributes.
    pub namespaces: Pairs,
    /// There is a document type.
    pub doctype: bool,
}

impl Xml {
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.content.clear();
        self.texts.clear();
        self.attributes.clear();
        self.namespaces.clear();
        self.doctype = false;
    }

    /// The pieces of [`content`](Self::content) that stand between two tags, but for blank ones.
    pub fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let texts = self.texts.iter().cloned();
        texts.map(|range| self.content.get(range).unwrap_or_default())
    }

    /// Makes a text of the content from `start` on.
    fn end_text(&mut self, start: usize) {
        let text = self.content.get(start..).unwrap_or_default();
        if !text.iter().all(|byte| is_space(*byte)) {
            self.texts.push(start..self.content.len());
        }
    }
}

/// Reads a document into `out`. It must be in a charset that contains ASCII: see
/// [`encoding`](super::encoding).
///
/// # Errors
/// When it is not well-formed, declares an entity, or holds more than `limits` allow. What came before
/// the fault is kept, and the document from there on follows as a text.
pub fn parse(input: &[u8], limits: &Limits, out: &mut Xml) -> Result<(), XmlError> {
    out.clear();
    let mut parser = Parser {
        length: input.len(),
        rest: input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input),
        open: Vec::new(),
        text: 0,
        seen_root: false,
        room: limits.arguments,
        limits,
        out,
    };
    let result = parser.document();
    if result.is_err() {
        let Parser {
            rest, text, out, ..
        } = parser;
        out.end_text(text);
        let start = out.content.len();
        out.content.extend_from_slice(rest);
        out.end_text(start);
    }
    result
}

struct Parser<'a> {
    /// Bytes of the whole input, to tell places by.
    length: usize,
    /// What has not been read. After an error it begins where the fault does.
    rest: &'a [u8],
    /// Names of the elements that are open.
    open: Vec<&'a [u8]>,
    /// Where the text begins, in the content, that stands after the last tag.
    text: usize,
    seen_root: bool,
    /// How many more texts and attributes there may be.
    room: usize,
    limits: &'a Limits,
    out: &'a mut Xml,
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Result<(), XmlError> {
        if let Some([space, ..]) = self.rest.strip_prefix(b"<?xml")
            && is_space(*space)
        {
            self.rest = self.after(b"?>")?;
        }
        loop {
            if self.open.is_empty() {
                self.rest = skip_space(self.rest);
                match self.rest {
                    [] if self.seen_root => return Ok(()),
                    [] => return Err(XmlError::End),
                    [b'<', ..] => {}
                    _ => return Err(XmlError::Outside { at: self.at() }),
                }
            } else {
                self.text()?;
            }
            self.markup()?;
        }
    }

    /// Reads text up to markup.
    fn text(&mut self) -> Result<(), XmlError> {
        loop {
            let end = memchr::memchr2(b'<', b'&', self.rest).unwrap_or(self.rest.len());
            let (plain, more) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
            let fault = [tag::control(plain), memmem::find(plain, b"]]>")];
            if let Some(fault) = fault.into_iter().flatten().min() {
                let at = self.at() + fault;
                return Err(XmlError::Character { at });
            }
            self.out.content.extend_from_slice(plain);
            self.rest = more;
            match more {
                [b'&', reference @ ..] => {
                    let at = self.at();
                    self.rest = reference::decode(reference, &mut self.out.content)
                        .ok_or(XmlError::Reference { at })?;
                }
                [] => return Err(XmlError::End),
                _ => return Ok(()),
            }
        }
    }

    /// Reads what begins with `<`.
    fn markup(&mut self) -> Result<(), XmlError> {
        let at = self.at();
        let inside = !self.open.is_empty();
        if let Some(comment) = self.rest.strip_prefix(b"<!--") {
            // Two dashes end a comment or are a fault (XML 1.0 section 2.5).
            let end = memmem::find(comment, b"--").ok_or(XmlError::End)?;
            match comment.get(end + 2..).unwrap_or_default() {
                [b'>', more @ ..] => self.rest = more,
                [] => return Err(XmlError::End),
                _ => return Err(XmlError::Markup { at }),
            }
        } else if let Some(target) = self.rest.strip_prefix(b"<?") {
            let (target, _) = tag::name(target).map_err(|error| self.tag_error(error))?;
            if target.eq_ignore_ascii_case(b"xml") {
                return Err(XmlError::Markup { at });
            }
            self.rest = self.after(b"?>")?;
        } else if let Some(text) = self.rest.strip_prefix(b"<![CDATA[")
            && inside
        {
            let end = memmem::find(text, b"]]>").ok_or(XmlError::End)?;
            let plain = text.get(..end).unwrap_or_default();
            if let Some(fault) = tag::control(plain) {
                let at = self.length - text.len() + fault;
                return Err(XmlError::Character { at });
            }
            self.out.content.extend_from_slice(plain);
            self.rest = text.get(end + 3..).unwrap_or_default();
        } else if let Some(declaration) = self.rest.strip_prefix(b"<!DOCTYPE")
            && !self.seen_root
            && !self.out.doctype
        {
            self.doctype(declaration)?;
        } else if let Some(tag) = self.rest.strip_prefix(b"</")
            && inside
        {
            let (name, more) = tag::end(tag).map_err(|error| self.tag_error(error))?;
            if self.open.last() != Some(&name) {
                return Err(XmlError::Mismatch { at });
            }
            self.end_text()?;
            self.open.pop();
            self.rest = more;
        } else if let Some(tag) = self.rest.strip_prefix(b"<")
            && (inside || !self.seen_root)
        {
            self.start_tag(tag)?;
        } else {
            return Err(XmlError::Markup { at });
        }
        Ok(())
    }

    fn start_tag(&mut self, tag: &'a [u8]) -> Result<(), XmlError> {
        if self.open.len() >= self.limits.depth {
            return Err(XmlError::Depth);
        }
        self.end_text()?;
        let Xml {
            attributes,
            namespaces,
            ..
        } = &mut *self.out;
        let start = tag::start(tag, attributes, namespaces, &mut self.room);
        let start = start.map_err(|error| self.tag_error(error))?;
        self.seen_root = true;
        if !start.empty {
            self.open.push(start.name);
        }
        self.rest = start.rest;
        Ok(())
    }

    /// Reads a document type. Its text is kept unless it is a name alone: what it refers to may be
    /// what the attack is in.
    fn doctype(&mut self, declaration: &'a [u8]) -> Result<(), XmlError> {
        let at = self.at();
        let rest = after_doctype(declaration).ok_or(XmlError::End)?;
        let length = declaration.len() - rest.len();
        let text = declaration.get(..length).unwrap_or_default();
        let text = text.strip_suffix(b">").unwrap_or(text);
        self.out.doctype = true;
        if memmem::find(text, b"<!ENTITY").is_some() {
            return Err(XmlError::EntityDeclaration { at });
        }
        let (_, more) = tag::name(skip_space(text)).map_err(|error| self.tag_error(error))?;
        if !skip_space(more).is_empty() {
            self.out.content.extend_from_slice(text);
            self.end_text()?;
        }
        self.rest = rest;
        Ok(())
    }

    /// Ends the text that stands before a tag.
    fn end_text(&mut self) -> Result<(), XmlError> {
        let texts = self.out.texts.len();
        self.out.end_text(self.text);
        self.text = self.out.content.len();
        if self.out.texts.len() > texts {
            let limit = self.limits.arguments;
            self.room = self
                .room
                .checked_sub(1)
                .ok_or(XmlError::TooMany { limit })?;
        }
        Ok(())
    }

    /// What follows `end`, which has to come.
    fn after(&self, end: &[u8]) -> Result<&'a [u8], XmlError> {
        let at = memmem::find(self.rest, end).ok_or(XmlError::End)?;
        Ok(self.rest.get(at + end.len()..).unwrap_or_default())
    }

    fn tag_error(&self, error: TagError) -> XmlError {
        match error {
            TagError::Markup => XmlError::Markup { at: self.at() },
            TagError::End => XmlError::End,
            TagError::Reference { left } => XmlError::Reference {
                at: self.length - left,
            },
            TagError::Character { left } => XmlError::Character {
                at: self.length - left,
            },
            TagError::TooMany => XmlError::TooMany {
                limit: self.limits.arguments,
            },
        }
    }

    fn at(&self) -> usize {
        self.length - self.rest.len()
    }
}

/// What follows a document type, which begins before `rest`: its end is the first `>` outside of
/// quotes, comments, instructions and the internal subset.
fn after_doctype(mut rest: &[u8]) -> Option<&[u8]> {
    let mut quote = None;
    let mut subset = false;
    while let [byte, more @ ..] = rest {
        rest = more;
        match (quote, byte) {
            (Some(open), byte) if open == *byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, b'[') => subset = true,
            (None, b']') => subset = false,
            (None, b'>') if !subset => return Some(more),
            (None, b'<') => {
                let (open, end): (&[u8], &[u8]) = match more {
                    [b'?', ..] => (b"?", b"?>"),
                    [b'!', b'-', b'-', ..] => (b"!--", b"-->"),
                    _ => continue,
                };
                let more = more.get(open.len()..)?;
                rest = more.get(memmem::find(more, end)? + end.len()..)?;
            }
            _ => {}
        }
    }
    None
}
