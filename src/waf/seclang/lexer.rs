//! Lines and words, as Apache's configuration reader has them.
//!
//! A line that ends in a backslash goes on in the next, comments too. Words are bare, or stand in
//! double or single quotes; `\\` is a backslash everywhere, and `\"` a quote between such quotes.
//! Invariant: each byte is looked at a constant number of times. Non-goal: knowing directives.

use std::ops::Range;

use super::error::{Finding, FindingKind};
use super::text::{Buffer, Text, is_space};
use super::{FileId, Span, directives};

/// Most bytes of a directive, lines joined: some hundred times the longest of the Core Rule Set.
const MAX_DIRECTIVE: usize = 1 << 20;

/// Reads a file directive by directive.
pub(super) struct Lexer<'a> {
    file: FileId,
    text: &'a [u8],
    at: usize,
    /// The directive's line, what was continued joined.
    line: Buffer,
    words: Words,
}

/// The words of a directive, unquoted.
#[derive(Debug, Default)]
struct Words {
    buffer: Buffer,
    /// Where each lies in the buffer, and the place that follows it.
    ranges: Vec<(Range<usize>, u32)>,
    /// Where `\\` stands with no third backslash beside it.
    doubled: Vec<u32>,
}

/// A directive's words and where they stand.
pub(super) struct Statement<'a> {
    pub(super) words: Vec<Text<'a>>,
    /// From the first word to the end of the last.
    pub(super) span: Span,
    /// Where `\\` stands with no third backslash beside it.
    pub(super) doubled: &'a [u32],
}

/// What the lexer found next.
pub(super) enum Token<'a> {
    Statement(Statement<'a>),
    /// A directive inside of a comment that a backslash continues.
    Hidden(Finding),
    Fault(Finding),
}

impl<'a> Lexer<'a> {
    pub(super) fn new(file: FileId, text: &'a [u8]) -> Self {
        let at = if text.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        Self {
            file,
            text,
            at,
            line: Buffer::default(),
            words: Words::default(),
        }
    }

    /// The next directive or fault; `None` at the end of the file.
    pub(super) fn token(&mut self) -> Option<Token<'_>> {
        loop {
            let (start, complete) = self.read_line()?;
            let end = place(self.at);
            let first = self.line.whole(self.file, end).trim_start().first();
            match first {
                None => {}
                Some(b'#') => {
                    if let Some(hidden) = self.hidden(start) {
                        return Some(Token::Hidden(hidden));
                    }
                }
                Some(_) if !complete => {
                    let kind = FindingKind::DirectiveTooLong {
                        limit: MAX_DIRECTIVE,
                    };
                    return Some(Token::Fault(self.finding(start, start, kind)));
                }
                Some(_) => break,
            }
        }
        let line = self.line.whole(self.file, place(self.at)).trim();
        if let Err(finding) = self.words.split(line) {
            return Some(Token::Fault(finding));
        }
        let words = &self.words;
        Some(Token::Statement(Statement {
            words: words
                .ranges
                .iter()
                .map(|(range, end)| words.buffer.text(self.file, range.clone(), *end))
                .collect(),
            span: line.span(),
            doubled: &words.doubled,
        }))
    }

    /// Reads a line and those that continue it; returns where it starts and whether all of it is
    /// in the buffer.
    fn read_line(&mut self) -> Option<(usize, bool)> {
        self.line.clear();
        let start = self.at;
        let mut complete = true;
        let mut rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        loop {
            let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (line, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            let from = place(self.at);
            self.at += length;
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let (line, continued) = match line.strip_suffix(b"\\") {
                Some(line) => (line, true),
                None => (line, false),
            };
            let room = MAX_DIRECTIVE - self.line.len();
            complete &= line.len() <= room;
            self.line.extend(line.get(..room).unwrap_or(line), from);
            if !continued || after.is_empty() {
                return Some((start, complete));
            }
            rest = after;
        }
    }

    /// A directive that stands on a line of its own within the comment from `start` on, and is no
    /// directive therefore.
    fn hidden(&self, start: usize) -> Option<Finding> {
        let comment = self.text.get(start..self.at)?;
        let mut at = start;
        for line in comment.split_inclusive(|&byte| byte == b'\n') {
            let blanks = line.iter().take_while(|&&byte| is_space(byte)).count();
            let word = line
                .get(blanks..)
                .and_then(|rest| rest.split(|&byte| is_space(byte)).next())
                .unwrap_or_default();
            if directives::is_known(word) {
                let from = at + blanks;
                return Some(self.finding(
                    from,
                    from + word.len(),
                    FindingKind::DirectiveInComment,
                ));
            }
            at += line.len();
        }
        None
    }

    fn finding(&self, start: usize, end: usize, kind: FindingKind) -> Finding {
        let span = Span {
            file: self.file,
            start: place(start),
            end: place(end),
        };
        Finding { span, kind }
    }
}

impl Words {
    fn split(&mut self, line: Text<'_>) -> Result<(), Finding> {
        self.buffer.clear();
        self.ranges.clear();
        self.doubled.clear();
        // A section of Apache's has quotes and brackets of its own.
        let quotes = line.first() != Some(b'<');
        let mut rest = line;
        while let Some(first) = rest.first() {
            let from = self.buffer.len();
            let quote = Some(first).filter(|byte| quotes && matches!(byte, b'"' | b'\''));
            let (length, end) = self.word(rest, quote)?;
            self.ranges.push((from..self.buffer.len(), end));
            let after = rest.split_at(length).1;
            let next = after.first();
            if quote.is_some() && !next.is_none_or(|b| is_space(b) || matches!(b, b'"' | b'\'')) {
                return Err(FindingKind::AfterQuote.at(after.split_at(1).0));
            }
            rest = after.trim_start();
        }
        Ok(())
    }

    /// Takes a word from the front of `text`. Returns how many bytes it took and the place that
    /// follows the word, quotes left out.
    fn word(&mut self, text: Text<'_>, quote: Option<u8>) -> Result<(usize, u32), Finding> {
        let mut bytes = text.iter().enumerate().peekable();
        if quote.is_some() {
            bytes.next();
        }
        let mut backslashes = Run::default();
        while let Some((index, (byte, at))) = bytes.next() {
            match byte {
                b'\\' => {
                    let escaped = |byte: u8| byte == b'\\' || Some(byte) == quote;
                    let next = bytes.next_if(|(_, (next, _))| escaped(*next));
                    let (byte, place) = next.map_or((byte, at), |(_, next)| next);
                    self.buffer.push(byte, place);
                    backslashes.count(at, 1 + usize::from(next.is_some() && byte == b'\\'));
                    if byte == b'\\' {
                        continue;
                    }
                }
                _ if Some(byte) == quote => {
                    self.doubled.extend(backslashes.end());
                    return Ok((index + 1, at));
                }
                _ if quote.is_none() && is_space(byte) => {
                    return Ok((index, at));
                }
                _ => self.buffer.push(byte, at),
            }
            self.doubled.extend(backslashes.end());
        }
        match quote {
            Some(_) => Err(FindingKind::UnclosedQuote.at(text.split_at(1).0)),
            None => Ok((text.len(), text.end())),
        }
    }
}

/// A run of backslashes.
#[derive(Default)]
struct Run {
    start: u32,
    length: usize,
}

impl Run {
    fn count(&mut self, at: u32, more: usize) {
        if self.length == 0 {
            self.start = at;
        }
        self.length += more;
    }

    /// Ends the run. Returns where it stands if it was two.
    fn end(&mut self) -> Option<u32> {
        let length = std::mem::take(&mut self.length);
        (length == 2).then_some(self.start)
    }
}

/// A place in a file, which [`SourceMap::add`](super::SourceMap::add) keeps under 4 GiB.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
