//! The parser: one pass, with a stack of its own.

use super::super::super::Pairs;
use super::super::Limits;
use super::JsonError;
use super::text::{self, Oddities};

/// What was odd about a text that is JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json {
    /// A string is not UTF-8; its bytes were passed on as they are.
    pub invalid_utf8: bool,
    /// An escape names half of a surrogate pair; `U+FFFD` was written for it.
    pub lone_surrogate: bool,
}

/// The name of the value at the top.
const ROOT: &[u8] = b"json";

/// Appends the values in `input` to `out`, under their flattened names.
///
/// # Errors
/// When `input` is not JSON, or holds more than `limits` allow. Values before the fault are kept, and
/// the rest of the text follows as a value that is named by the place that was reached.
pub fn parse(input: &[u8], limits: &Limits, out: &mut Pairs) -> Result<Json, JsonError> {
    let text = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let mut parser = Parser {
        length: input.len(),
        rest: text,
        path: ROOT.to_vec(),
        stack: Vec::new(),
        arguments: 0,
        names: 0,
        odd: Oddities::default(),
        limits,
        out,
    };
    if let Err(error) = parser.document() {
        let Parser {
            path, rest, out, ..
        } = parser;
        let path = path.get(..limits.names).unwrap_or(&path);
        out.push(path, rest);
        return Err(error);
    }
    Ok(Json {
        invalid_utf8: std::str::from_utf8(text).is_err(),
        lone_surrogate: parser.odd.lone_surrogate,
    })
}

/// An array or an object that is open. Both remember how much of the path is their own name.
enum Open {
    Array { name: usize, index: usize },
    Object { name: usize },
}

struct Parser<'a> {
    /// Bytes of the whole input, to tell places by.
    length: usize,
    /// What has not been read. After an error it begins where the token at fault does.
    rest: &'a [u8],
    path: Vec<u8>,
    stack: Vec<Open>,
    arguments: usize,
    names: usize,
    odd: Oddities,
    limits: &'a Limits,
    out: &'a mut Pairs,
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Result<(), JsonError> {
        loop {
            if self.value()? {
                continue;
            }
            while self.after_value()? {
                if self.stack.is_empty() {
                    self.skip_blanks();
                    return match self.rest {
                        [] => Ok(()),
                        _ => Err(JsonError::Trailing { at: self.at() }),
                    };
                }
            }
        }
    }

    /// Reads a scalar, or the beginning of an array or object: then returns `true`, and a value
    /// follows.
    fn value(&mut self) -> Result<bool, JsonError> {
        self.skip_blanks();
        let at = self.at();
        match self.rest {
            [b'"', text @ ..] => self.argument(|odd, out| text::decode(text, at + 1, odd, out))?,
            [b'{', more @ ..] => return self.open(more, b'}'),
            [b'[', more @ ..] => return self.open(more, b']'),
            [b'-' | b'0'..=b'9', ..] => {
                let (number, more) = number(self.rest).ok_or(JsonError::Number { at })?;
                self.argument(|_, out| {
                    out.extend_from_slice(number);
                    Ok(more)
                })?;
            }
            [] => return Err(JsonError::End),
            rest => {
                let (value, more) = literal(rest).ok_or(JsonError::Unexpected { at })?;
                self.argument(|_, out| {
                    out.extend_from_slice(value);
                    Ok(more)
                })?;
            }
        }
        Ok(false)
    }

    /// Enters an array or object, after whose bracket comes `more`. Returns whether a value follows:
    /// none does in an empty one.
    fn open(&mut self, more: &'a [u8], close: u8) -> Result<bool, JsonError> {
        if self.stack.len() >= self.limits.depth {
            return Err(JsonError::Depth);
        }
        let blanks = blanks(more);
        if let Some((first, after)) = blanks.split_first()
            && *first == close
        {
            self.argument(|_, _| Ok(after))?;
            return Ok(false);
        }
        let name = self.path.len();
        self.rest = blanks;
        if close == b']' {
            self.stack.push(Open::Array { name, index: 0 });
            self.element(0);
        } else {
            self.stack.push(Open::Object { name });
            self.key()?;
        }
        Ok(true)
    }

    /// Reads what follows a value: returns `true` where that ends the array or object that it is in,
    /// or the text, and `false` before the next value.
    fn after_value(&mut self) -> Result<bool, JsonError> {
        let Some(open) = self.stack.last_mut() else {
            return Ok(true);
        };
        self.rest = blanks(self.rest);
        match (open, self.rest) {
            (Open::Array { name, .. }, [b']', more @ ..])
            | (Open::Object { name }, [b'}', more @ ..]) => {
                self.path.truncate(*name);
                self.stack.pop();
                self.rest = more;
                Ok(true)
            }
            (Open::Array { name, index }, [b',', more @ ..]) => {
                *index += 1;
                let index = *index;
                self.path.truncate(*name);
                self.element(index);
                self.rest = more;
                Ok(false)
            }
            (Open::Object { name }, [b',', more @ ..]) => {
                self.path.truncate(*name);
                self.rest = blanks(more);
                self.key()?;
                Ok(false)
            }
            (_, []) => Err(JsonError::End),
            _ => Err(JsonError::Unexpected { at: self.at() }),
        }
    }

    /// Names the value that follows by its index.
    fn element(&mut self, index: usize) {
        self.path.push(b'.');
        let mut digits = itoa::Buffer::new();
        self.path.extend_from_slice(digits.format(index).as_bytes());
    }

    /// Reads a key and the colon, and names the value that follows by it.
    fn key(&mut self) -> Result<(), JsonError> {
        let at = self.at();
        let [b'"', text @ ..] = self.rest else {
            return Err(match self.rest {
                [] => JsonError::End,
                _ => JsonError::Unexpected { at },
            });
        };
        self.path.push(b'.');
        let more = text::decode(text, at + 1, &mut self.odd, &mut self.path)?;
        self.rest = blanks(more);
        match self.rest {
            [b':', more @ ..] => {
                self.rest = more;
                Ok(())
            }
            [] => Err(JsonError::End),
            _ => Err(JsonError::Unexpected { at: self.at() }),
        }
    }

    /// Adds an argument whose value `write` appends, and goes on where that says.
    fn argument(
        &mut self,
        write: impl FnOnce(&mut Oddities, &mut Vec<u8>) -> Result<&'a [u8], JsonError>,
    ) -> Result<(), JsonError> {
        let limit = self.limits.arguments;
        if self.arguments >= limit {
            return Err(JsonError::TooMany { limit });
        }
        self.names = self.names.saturating_add(self.path.len());
        if self.names > self.limits.names {
            return Err(JsonError::Names);
        }
        let buffer = self.out.buffer();
        let start = buffer.len();
        buffer.extend_from_slice(&self.path);
        let middle = buffer.len();
        match write(&mut self.odd, buffer) {
            Ok(more) => {
                self.rest = more;
                self.arguments += 1;
                let end = buffer.len();
                self.out.commit(start..middle, middle..end);
                Ok(())
            }
            Err(error) => {
                buffer.truncate(start);
                Err(error)
            }
        }
    }

    fn skip_blanks(&mut self) {
        self.rest = blanks(self.rest);
    }

    fn at(&self) -> usize {
        self.length - self.rest.len()
    }
}

/// What comes after blanks (RFC 8259 section 2).
fn blanks(rest: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    match rest {
        [first, ..] if is_blank(first) => {
            let count = rest.iter().take_while(|byte| is_blank(byte)).count();
            rest.get(count..).unwrap_or_default()
        }
        _ => rest,
    }
}

/// A number as written, and what follows it (RFC 8259 section 6).
fn number(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut length = usize::from(text.first() == Some(&b'-'));
    let integer = text.get(length..)?;
    length += match digits(integer) {
        0 => return None,
        // A zero ends the integer: `01` is no number.
        _ if integer.first() == Some(&b'0') => 1,
        count => count,
    };
    if let Some([b'.', fraction @ ..]) = text.get(length..) {
        let count = digits(fraction);
        if count == 0 {
            return None;
        }
        length += 1 + count;
    }
    if let Some([b'e' | b'E', exponent @ ..]) = text.get(length..) {
        let sign = usize::from(matches!(exponent, [b'+' | b'-', ..]));
        let count = digits(exponent.get(sign..)?);
        if count == 0 {
            return None;
        }
        length += 1 + sign + count;
    }
    text.split_at_checked(length)
}

/// The argument that a literal name makes, and what follows it.
fn literal(text: &[u8]) -> Option<(&'static [u8], &[u8])> {
    const LITERALS: [(&[u8], &[u8]); 3] =
        [(b"true", b"true"), (b"false", b"false"), (b"null", b"")];
    LITERALS
        .iter()
        .find_map(|(name, value)| Some((*value, text.strip_prefix(*name)?)))
}
