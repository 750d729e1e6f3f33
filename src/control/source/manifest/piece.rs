//! The documents of a file, before they are parsed.
//!
//! Invariant: the pieces' texts are slices of the file, in order; what lies between them is blank,
//! comment or separator. Non-goal: YAML; as with kubectl, a line that begins with `---` separates.

use std::{ops::Range, path::PathBuf, sync::Arc};

use crate::config::Location;

/// One document's text and where it begins in its file.
#[derive(Clone, Debug)]
pub(in crate::control::source) struct Piece {
    /// Its text. Shared by everything that points into it.
    pub text: Arc<str>,
    /// The byte offset of its beginning in the file.
    pub offset: usize,
    /// The line that it begins on, from 1.
    pub line: u32,
}

impl Piece {
    /// The place of a byte range of the piece's text.
    pub(super) fn location(&self, file: &Arc<PathBuf>, span: &Range<usize>) -> Location {
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let lines = before.bytes().filter(|byte| *byte == b'\n').count();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let columns = before.get(line_start..).unwrap_or("").chars().count();
        Location {
            path: Arc::clone(file),
            line: self.line.saturating_add(saturate(lines)),
            column: saturate(columns).saturating_add(1),
            span: (self.offset + span.start, self.offset + span.end),
        }
    }
}

/// Splits a file's text at its `---` lines. Documents with nothing but blanks and comments are left
/// out; directives stay with the document that they are for.
pub(in crate::control::source) fn split(text: &str) -> Vec<(Range<usize>, u32)> {
    let text_start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut pieces = Vec::new();
    let mut current = Pending::at(text_start, 1);
    let mut offset = text_start;
    let mut number = 1_u32;
    for line in text.get(text_start..).unwrap_or("").split_inclusive('\n') {
        if is_separator(line) && !current.only_directives {
            if current.has_content {
                pieces.push((current.start..offset, current.line));
            }
            current = Pending::at(offset, number);
        }
        current.see(line);
        offset += line.len();
        number = number.saturating_add(1);
    }
    // Directives that nothing follows are left to the parser, which says what it thinks of them.
    if current.has_content || current.only_directives {
        pieces.push((current.start..offset, current.line));
    }
    pieces
}

struct Pending {
    start: usize,
    line: u32,
    has_content: bool,
    /// Directives without the `---` that has to follow them.
    only_directives: bool,
}

impl Pending {
    fn at(start: usize, line: u32) -> Self {
        Self {
            start,
            line,
            has_content: false,
            only_directives: false,
        }
    }

    fn see(&mut self, line: &str) {
        if self.has_content {
            return;
        }
        if is_separator(line) {
            self.only_directives = false;
            self.has_content = !is_blank(line.get(3..).unwrap_or(""));
        } else if line.starts_with('%') {
            self.only_directives = true;
        } else if !is_blank(line) {
            self.has_content = true;
            self.only_directives = false;
        }
    }
}

fn is_separator(line: &str) -> bool {
    line.strip_prefix("---")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#') || line == "..."
}

fn saturate(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_split_at_its_separator_lines() {
        for (text, expected) in [
            ("", &[][..]),
            ("# only a comment\n---\n\n---\n", &[]),
            ("a: 1\n", &[("a: 1\n", 1)]),
            ("a: 1\n---\nb: 2\n", &[("a: 1\n", 1), ("---\nb: 2\n", 2)]),
            (
                "---\na: 1\n--- # next\nb: 2",
                &[("---\na: 1\n", 1), ("--- # next\nb: 2", 3)],
            ),
            (
                "--- {a: 1}\r\n---\r\nb: 2\r\n",
                &[("--- {a: 1}\r\n", 1), ("---\r\nb: 2\r\n", 2)],
            ),
            ("%YAML 1.2\n---\na: 1\n", &[("%YAML 1.2\n---\na: 1\n", 1)]),
            ("\u{feff}a: 1\n", &[("a: 1\n", 1)]),
            (
                "a: |\n  ---\n  x\nb: ---x\n",
                &[("a: |\n  ---\n  x\nb: ---x\n", 1)],
            ),
        ] {
            let pieces: Vec<_> = split(text)
                .into_iter()
                .map(|(range, line)| (&text[range], line))
                .collect();
            assert_eq!(pieces, expected, "{text:?}");
        }
    }

    #[test]
    fn a_location_counts_lines_of_the_file_and_characters_of_the_line() {
        let piece = Piece {
            text: "a: é\nbé: x\n".into(),
            offset: 100,
            line: 7,
        };
        let place = piece.location(&Arc::new(PathBuf::from("f")), &(11..12));
        assert_eq!((place.line, place.column, place.span), (8, 5, (111, 112)));
    }
}
