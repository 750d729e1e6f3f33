//! The header section of a part.

use std::ops::Range;

use super::boundary::is_space;
use super::{Flags, MultipartError};

/// Longest header line, in bytes, with what is folded into it: ModSecurity's buffer.
const LONGEST_LINE: usize = 4096;

/// Most headers of a part. Each is compared with those before it.
const MOST_HEADERS: usize = 64;

/// The headers of the part that is being read, unfolded.
#[derive(Debug, Default)]
pub(super) struct Headers {
    text: Vec<u8>,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    text: Range<usize>,
    /// Bytes of the name, before the colon.
    name: usize,
}

impl Headers {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.lines.clear();
    }

    /// The header lines, without what ends them.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().map(|line| self.line(line))
    }

    /// The value of a header.
    pub(super) fn value(&self, name: &[u8]) -> Option<&[u8]> {
        let line = self.lines.iter().find(|line| self.is_named(line, name))?;
        let value = self.line(line).get(line.name + 1..)?;
        let start = value.iter().position(|byte| !matches!(byte, b'\t' | b' '));
        value.get(start.unwrap_or(value.len())..)
    }

    /// Takes a line as it stands in the body. Returns whether it is the empty one that ends the
    /// section. A line that is refused for what it holds is among [`lines`](Self::lines) nevertheless.
    pub(super) fn take(&mut self, line: &[u8], flags: &mut Flags) -> Result<bool, MultipartError> {
        let text = match line {
            [text @ .., b'\r', b'\n'] => {
                flags.crlf_line = true;
                text
            }
            [text @ .., b'\n'] | text => {
                flags.lf_line = true;
                text
            }
        };
        let result = match text {
            [] => return Ok(true),
            [first, ..] if is_space(*first) => self.fold(text, flags),
            _ => self.add(text),
        };
        if memchr::memchr(0, text).is_some() {
            return Err(MultipartError::Nul);
        }
        result?;
        if memchr::memchr(b'\r', text).is_some() {
            return Err(MultipartError::HeaderCharacter);
        }
        Ok(false)
    }

    fn add(&mut self, text: &[u8]) -> Result<(), MultipartError> {
        if text.len() > LONGEST_LINE {
            return Err(MultipartError::HeaderTooLong);
        }
        if self.lines.len() >= MOST_HEADERS {
            return Err(MultipartError::TooManyHeaders);
        }
        let colon = text.iter().position(|&byte| byte == b':');
        let name = text.get(..colon.unwrap_or(0)).unwrap_or_default();
        let repeated = self.lines.iter().any(|line| self.is_named(line, name));
        let start = self.text.len();
        self.text.extend_from_slice(text);
        self.lines.push(Line {
            text: start..self.text.len(),
            name: name.len(),
        });
        match (colon, name) {
            (None, _) => Err(MultipartError::ColonMissing),
            (_, []) => Err(MultipartError::HeaderNameMissing),
            _ if !name.iter().all(u8::is_ascii_graphic) => Err(MultipartError::HeaderCharacter),
            _ if repeated => Err(MultipartError::DuplicateHeader),
            _ => Ok(()),
        }
    }

    /// Appends a line that begins with blanks to the header before it.
    fn fold(&mut self, text: &[u8], flags: &mut Flags) -> Result<(), MultipartError> {
        let end = text.iter().position(|byte| !is_space(*byte));
        let (blanks, text) = text
            .split_at_checked(end.unwrap_or(text.len()))
            .unwrap_or((text, &[]));
        flags.header_folding = true;
        flags.invalid_header_folding |= !blanks.iter().all(|byte| matches!(byte, b'\t' | b' '));
        let last = self.lines.last_mut().ok_or(MultipartError::Folding)?;
        if last.text.len() + 1 + text.len() > LONGEST_LINE {
            return Err(MultipartError::HeaderTooLong);
        }
        self.text.push(b' ');
        self.text.extend_from_slice(text);
        last.text.end = self.text.len();
        Ok(())
    }

    fn line(&self, line: &Line) -> &[u8] {
        self.text.get(line.text.clone()).unwrap_or_default()
    }

    fn is_named(&self, line: &Line, name: &[u8]) -> bool {
        let own = self.line(line).get(..line.name).unwrap_or_default();
        own.eq_ignore_ascii_case(name)
    }
}
