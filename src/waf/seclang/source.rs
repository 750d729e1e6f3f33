//! Rule files and places in them.

use std::sync::Arc;

/// One of the files of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(u32);

/// Where something stands: bytes `start..end` of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A place as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file's name, as it was given.
    pub file: Arc<str>,
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1, in bytes.
    pub column: u32,
}

/// The files that a rule set was read from.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

#[derive(Clone, Debug)]
struct SourceFile {
    name: Arc<str>,
    text: Arc<[u8]>,
    /// Where each line begins.
    lines: Vec<u32>,
}

impl SourceMap {
    /// Adds a file. `None` where it is too large for its places to be counted (4 GiB), or there are
    /// too many files.
    pub fn add(&mut self, name: &str, text: &[u8]) -> Option<FileId> {
        u32::try_from(text.len()).ok()?;
        let id = FileId(u32::try_from(self.files.len()).ok()?);
        let mut lines = vec![0];
        lines.extend(memchr::memchr_iter(b'\n', text).filter_map(|at| u32::try_from(at + 1).ok()));
        self.files.push(SourceFile {
            name: name.into(),
            text: text.into(),
            lines,
        });
        Some(id)
    }

    /// A file's name.
    pub fn name(&self, file: FileId) -> &str {
        self.files
            .get(file.0 as usize)
            .map_or("", |file| &file.name)
    }

    /// A file's bytes.
    pub fn text(&self, file: FileId) -> Option<&Arc<[u8]>> {
        self.files.get(file.0 as usize).map(|file| &file.text)
    }

    /// The bytes of a span.
    pub fn slice(&self, span: Span) -> &[u8] {
        self.files
            .get(span.file.0 as usize)
            .and_then(|file| file.text.get(span.start as usize..span.end as usize))
            .unwrap_or_default()
    }

    /// File, line and column of a span's beginning.
    pub fn locate(&self, span: Span) -> Location {
        let Some(file) = self.files.get(span.file.0 as usize) else {
            return Location {
                file: "".into(),
                line: 1,
                column: 1,
            };
        };
        let line = file.lines.partition_point(|begin| *begin <= span.start);
        let begin = line.checked_sub(1).and_then(|at| file.lines.get(at));
        Location {
            file: Arc::clone(&file.name),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: span.start - begin.copied().unwrap_or(0) + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn places_are_lines_and_columns_from_one() {
        let mut sources = SourceMap::default();
        let file = sources.add("a.conf", b"one\ntwo three\n").unwrap();
        for (start, line, column) in [(0, 1, 1), (3, 1, 4), (4, 2, 1), (8, 2, 5), (14, 3, 1)] {
            let span = Span {
                file,
                start,
                end: start,
            };
            let found = sources.locate(span);
            assert_eq!((found.line, found.column), (line, column), "{start}");
        }
        let span = Span {
            file,
            start: 8,
            end: 13,
        };
        assert_eq!(sources.slice(span), b"three");
    }
}
