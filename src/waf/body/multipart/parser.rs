//! The parser: boundaries, header sections, data.

use std::ops::Range;

use memchr::memmem::Finder;

use super::super::super::Pairs;
use super::super::Limits;
use super::boundary::{self, is_space};
use super::disposition::{self, Disposition};
use super::headers::Headers;
use super::{Flags, MultipartError, UnmatchedBoundary};

/// What a multipart body holds besides fields.
#[derive(Debug, Default)]
pub struct Multipart {
    /// `FILES`: for each file its field's name and its file name, as the part's header gives them. A
    /// `filename*` makes an entry of its own, after that of `filename`, decoded.
    pub files: Pairs,
    /// The files' contents, in order: `FILES_SIZES` and `FILES_TMP_CONTENT`.
    pub contents: Vec<File>,
    /// `MULTIPART_PART_HEADERS`: each header line, without what ends it, under the name of its part.
    pub part_headers: Pairs,
    /// `MULTIPART_NAME`: the name of the last part.
    pub name: Vec<u8>,
    /// `MULTIPART_FILENAME`: the last file name.
    pub file_name: Vec<u8>,
    /// The other `MULTIPART_` variables.
    pub flags: Flags,
    headers: Headers,
}

/// An uploaded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Which entry of [`Multipart::files`] names it.
    pub entry: usize,
    /// Where its content lies in the body.
    pub content: Range<usize>,
}

impl Multipart {
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.files.clear();
        self.contents.clear();
        self.part_headers.clear();
        self.name.clear();
        self.file_name.clear();
        self.flags = Flags::default();
        self.headers.clear();
    }

    /// Adds the headers of the last part under its name.
    fn record_headers(&mut self, part: &[u8]) {
        let buffer = self.part_headers.buffer();
        let start = buffer.len();
        buffer.extend_from_slice(part);
        let name = start..buffer.len();
        for line in self.headers.lines() {
            let buffer = self.part_headers.buffer();
            let start = buffer.len();
            buffer.extend_from_slice(line);
            let end = buffer.len();
            self.part_headers.commit(name.clone(), start..end);
        }
        self.headers.clear();
    }

    /// `FILES_COMBINED_SIZE`, in bytes.
    pub fn combined_size(&self) -> usize {
        self.contents.iter().map(|file| file.content.len()).sum()
    }
}

/// Reads `body`, whose request has the header `content_type`: fields are appended to `arguments`, the
/// rest to `out`. What stands before the first and after the last boundary becomes an argument
/// without a name.
///
/// # Errors
/// When the body is malformed, or holds more fields than `limits` allow. What came before the fault is
/// kept, and the part at fault follows with all that comes after it as an argument without a name.
pub fn parse(
    content_type: &[u8],
    body: &[u8],
    limits: &Limits,
    arguments: &mut Pairs,
    out: &mut Multipart,
) -> Result<(), MultipartError> {
    out.clear();
    let mut unseen = 0;
    let result = boundary::find(content_type, &mut out.flags).and_then(|boundary| {
        let delimiter = [b"--", boundary].concat();
        let mut parser = Parser {
            body,
            finder: Finder::new(&delimiter),
            at: 0,
            unseen: 0,
            fields: 0,
            limits,
            arguments,
            out,
        };
        let result = parser.body();
        unseen = parser.unseen;
        if parser.has_within_a_line() {
            out.flags.unmatched_boundary = UnmatchedBoundary::Boundary;
        }
        result
    });
    if result.is_err() {
        out.flags.error = true;
        out.record_headers(b"");
        push_nameless(body.get(unseen..).unwrap_or_default(), arguments);
    }
    result
}

fn push_nameless(text: &[u8], arguments: &mut Pairs) {
    if !text.trim_ascii().is_empty() {
        arguments.push(b"", text);
    }
}

/// What a delimiter line begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delimiter {
    Part,
    Final,
}

struct Parser<'a> {
    body: &'a [u8],
    /// Finds the dashes and the boundary.
    finder: Finder<'a>,
    /// Where the line begins that is read next.
    at: usize,
    /// Where that begins which has become neither argument nor file.
    unseen: usize,
    fields: usize,
    limits: &'a Limits,
    arguments: &'a mut Pairs,
    out: &'a mut Multipart,
}

impl<'a> Parser<'a> {
    fn body(&mut self) -> Result<(), MultipartError> {
        if self.body.is_empty() {
            return Ok(());
        }
        let mut delimiter = self.preamble()?;
        while delimiter == Delimiter::Part {
            self.unseen = self.at;
            delimiter = self.part()?;
        }
        let after = self.body.get(self.at..).unwrap_or_default();
        self.out.flags.data_after = !after.is_empty();
        push_nameless(after, self.arguments);
        Ok(())
    }

    fn preamble(&mut self) -> Result<Delimiter, MultipartError> {
        while self.at < self.body.len() {
            let line = self.line(self.at);
            let start = self.at;
            if let Some(delimiter) = self.delimiter(line, start)? {
                push_nameless(self.body.get(..start).unwrap_or_default(), self.arguments);
                self.at += line.len();
                return Ok(delimiter);
            }
            self.out.flags.data_before = true;
            self.at += line.len();
        }
        Err(MultipartError::NoBoundaryLine)
    }

    /// Reads a part and the delimiter after it.
    fn part(&mut self) -> Result<Delimiter, MultipartError> {
        self.out.headers.clear();
        if !self.headers()? {
            return Ok(Delimiter::Final);
        }
        let header = self.out.headers.value(b"Content-Disposition");
        let header = header.ok_or(MultipartError::NoDisposition)?;
        let disposition = disposition::parse(header, &mut self.out.flags)?;
        if disposition.file_name.is_none() {
            if self.fields >= self.limits.arguments {
                return Err(MultipartError::TooManyFields);
            }
            self.fields += 1;
        }
        let start = self.at;
        let end = self.data();
        let content = start..self.without_line_end(start);
        self.finish(&disposition, content);
        self.unseen = self.at;
        let delimiter = end?;
        self.at += self.line(self.at).len();
        Ok(delimiter)
    }

    /// Reads a header section. Returns `false` where the body ends with the final delimiter instead.
    fn headers(&mut self) -> Result<bool, MultipartError> {
        loop {
            let line = self.line(self.at);
            if line.starts_with(self.finder.needle()) {
                self.out.flags.invalid_part = true;
                if self.is_last_line(line) {
                    self.at = self.body.len();
                    return Ok(false);
                }
            } else {
                self.delimiter(line, self.at)?;
            }
            if !line.ends_with(b"\n") {
                return Err(MultipartError::FinalBoundaryMissing);
            }
            let out = &mut *self.out;
            let done = out.headers.take(line, &mut out.flags)?;
            self.at += line.len();
            if done {
                return Ok(true);
            }
        }
    }

    /// Goes to the delimiter that ends a part's data, or to the line or the end at fault.
    fn data(&mut self) -> Result<Delimiter, MultipartError> {
        let dashes = Finder::new(b"\n--");
        let start = self.at;
        loop {
            let line = self.line(self.at);
            // A delimiter needs a line end before it that belongs to it: here it would belong to
            // the header section.
            if self.at == start && line.starts_with(self.finder.needle()) {
                self.out.flags.invalid_part = true;
                if self.is_last_line(line) {
                    return Ok(Delimiter::Final);
                }
            } else if let Some(delimiter) = self.delimiter(line, self.at)? {
                return Ok(delimiter);
            }
            let rest = self.body.get(self.at..).unwrap_or_default();
            match dashes.find(rest) {
                Some(line_end) => self.at += line_end + 1,
                None => {
                    self.at = self.body.len();
                    return Err(MultipartError::FinalBoundaryMissing);
                }
            }
        }
    }

    /// Keeps a part whose data lie at `content`.
    fn finish(&mut self, disposition: &Disposition, content: Range<usize>) {
        let Disposition {
            name,
            file_name,
            extended_file_name,
        } = disposition;
        let out = &mut *self.out;
        match file_name {
            Some(file_name) => {
                let entry = out.files.len();
                out.files.push(name, file_name);
                if let Some(extended) = extended_file_name {
                    out.files.push(name, extended);
                }
                out.contents.push(File { entry, content });
                out.flags.file_limit_exceeded = out.contents.len() > self.limits.files;
                out.file_name.clone_from(file_name);
            }
            None => {
                let value = self.body.get(content).unwrap_or_default();
                self.arguments.push(name, value);
            }
        }
        out.record_headers(name);
        out.name.clone_from(name);
    }

    /// What a line that begins at `start` delimits.
    fn delimiter(
        &mut self,
        line: &[u8],
        start: usize,
    ) -> Result<Option<Delimiter>, MultipartError> {
        let flags = &mut self.out.flags;
        let delimiter = self.finder.needle();
        if let Some(rest) = line.strip_prefix(delimiter) {
            let (delimiter, end) = match rest {
                [b'-', b'-', end @ ..] => (Delimiter::Final, end),
                end => (Delimiter::Part, end),
            };
            match (end, delimiter) {
                (b"\r\n", _) => flags.crlf_line = true,
                (b"\n", _) => flags.lf_line = true,
                (b"", Delimiter::Final) => {}
                (b"", Delimiter::Part) => return Err(MultipartError::FinalBoundaryMissing),
                _ => return Err(MultipartError::InvalidBoundary),
            }
            let before = self.body.get(..start).unwrap_or_default();
            flags.lf_line |= before.ends_with(b"\n") && !before.ends_with(b"\r\n");
            return Ok(Some(delimiter));
        }
        if let Some(rest) = line.strip_prefix(b"--") {
            let boundary = delimiter.get(2..).unwrap_or_default();
            let is_quoted = |rest: &[u8]| rest.starts_with(boundary);
            if flags.boundary_quoted && rest.strip_prefix(b"\"").is_some_and(is_quoted) {
                return Err(MultipartError::QuotedBoundaryLine);
            }
            let blanks = rest.iter().take_while(|byte| is_space(**byte)).count();
            if blanks > 0 && rest.get(blanks..).is_some_and(is_quoted) {
                return Err(MultipartError::SpacedBoundaryLine);
            }
            flags.see_dashes();
        }
        Ok(None)
    }

    /// Whether a line is the final delimiter and ends the body without a line end.
    fn is_last_line(&self, line: &[u8]) -> bool {
        line.strip_prefix(self.finder.needle()) == Some(b"--")
    }

    /// The line at a place, with what ends it.
    fn line(&self, start: usize) -> &'a [u8] {
        let rest = self.body.get(start..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        rest.get(..end).unwrap_or(rest)
    }

    /// Where data end that begin at `start` and stand before the line that is read next: the line end
    /// belongs to the delimiter.
    fn without_line_end(&self, start: usize) -> usize {
        let data = self.body.get(start..self.at).unwrap_or_default();
        let data = match data {
            _ if self.at == self.body.len() => data,
            [data @ .., b'\r', b'\n'] | [data @ .., b'\n'] => data,
            _ => data,
        };
        start + data.len()
    }

    /// Whether dashes and boundary stand elsewhere than at the start of a line, as far as was read.
    fn has_within_a_line(&self) -> bool {
        let read = self.body.get(..self.at).unwrap_or_default();
        let is_within = |at: usize| at > 0 && read.get(at - 1) != Some(&b'\n');
        self.finder.find_iter(read).any(is_within)
    }
}
