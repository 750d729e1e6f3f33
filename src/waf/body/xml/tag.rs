//! Tags and their attributes.

use super::super::super::Pairs;
use super::reference;

/// What is wrong within a tag, and how many bytes of it were left then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TagError {
    Markup,
    End,
    Reference { left: usize },
    Character { left: usize },
    TooMany,
}

/// What follows a start tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Start<'a> {
    pub(super) name: &'a [u8],
    /// It ends in `/>`.
    pub(super) empty: bool,
    pub(super) rest: &'a [u8],
}

/// Reads a start tag, whose `<` stands before `rest`. Attributes are added to `attributes`, or to
/// `namespaces` where they declare one, as long as `room` allows.
pub(super) fn start<'a>(
    rest: &'a [u8],
    attributes: &mut Pairs,
    namespaces: &mut Pairs,
    room: &mut usize,
) -> Result<Start<'a>, TagError> {
    let (name, mut rest) = name(rest)?;
    loop {
        let more = skip_space(rest);
        rest = match more {
            [b'>', rest @ ..] => {
                let empty = false;
                return Ok(Start { name, empty, rest });
            }
            [b'/', b'>', rest @ ..] => {
                let empty = true;
                return Ok(Start { name, empty, rest });
            }
            [] | [b'/'] => return Err(TagError::End),
            // Attributes need space before them.
            _ if more.len() == rest.len() => return Err(TagError::Markup),
            _ => {
                *room = room.checked_sub(1).ok_or(TagError::TooMany)?;
                let is_namespace = more.starts_with(b"xmlns");
                attribute(more, if is_namespace { namespaces } else { attributes })?
            }
        };
    }
}

/// Reads an end tag, whose `</` stands before `rest`: its name, and what follows.
pub(super) fn end(rest: &[u8]) -> Result<(&[u8], &[u8]), TagError> {
    let (name, rest) = name(rest)?;
    match skip_space(rest) {
        [b'>', rest @ ..] => Ok((name, rest)),
        [] => Err(TagError::End),
        _ => Err(TagError::Markup),
    }
}

/// Reads an attribute and adds it to `pairs`.
fn attribute<'a>(rest: &'a [u8], pairs: &mut Pairs) -> Result<&'a [u8], TagError> {
    let (name, rest) = name(rest)?;
    let rest = match skip_space(rest) {
        [b'=', rest @ ..] => skip_space(rest),
        [] => return Err(TagError::End),
        _ => return Err(TagError::Markup),
    };
    let (quote, rest) = match rest {
        [quote @ (b'"' | b'\''), rest @ ..] => (*quote, rest),
        [] => return Err(TagError::End),
        _ => return Err(TagError::Markup),
    };
    let buffer = pairs.buffer();
    let start = buffer.len();
    buffer.extend_from_slice(name);
    let middle = buffer.len();
    match value(rest, quote, buffer) {
        Ok(rest) => {
            let end = buffer.len();
            pairs.commit(start..middle, middle..end);
            Ok(rest)
        }
        Err(error) => {
            buffer.truncate(start);
            Err(error)
        }
    }
}

/// Decodes a value up to its closing quote, and returns what follows that.
fn value<'a>(mut rest: &'a [u8], quote: u8, out: &mut Vec<u8>) -> Result<&'a [u8], TagError> {
    loop {
        let is_special = |byte: &u8| matches!(byte, b'&' | b'<') || *byte == quote;
        let end = rest.iter().position(is_special).ok_or(TagError::End)?;
        let (plain, more) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        if let Some(at) = control(plain) {
            let left = rest.len() - at;
            return Err(TagError::Character { left });
        }
        out.extend_from_slice(plain);
        rest = match more {
            [b'&', reference @ ..] => {
                reference::decode(reference, out).ok_or(TagError::Reference { left: more.len() })?
            }
            [b'<', ..] | [] => return Err(TagError::Markup),
            [_, rest @ ..] => return Ok(rest),
        };
    }
}

/// A name (XML 1.0 section 2.3), and what follows it. Every byte beyond ASCII counts as a letter.
pub(super) fn name(rest: &[u8]) -> Result<(&[u8], &[u8]), TagError> {
    let is_name = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-' | b'.' | 0x80..=0xff)
    };
    let end = rest.iter().position(|byte| !is_name(byte));
    let (name, more) = rest
        .split_at_checked(end.unwrap_or(rest.len()))
        .unwrap_or((rest, &[]));
    match name {
        [] if rest.is_empty() => Err(TagError::End),
        [] | [b'0'..=b'9' | b'-' | b'.', ..] => Err(TagError::Markup),
        _ => Ok((name, more)),
    }
}

/// Where the first control character is that XML has no place for.
pub(super) fn control(text: &[u8]) -> Option<usize> {
    text.iter()
        .position(|byte| matches!(byte, 0..=8 | 0x0b | 0x0c | 0x0e..=0x1f))
}

pub(super) fn skip_space(rest: &[u8]) -> &[u8] {
    let start = rest.iter().position(|byte| !is_space(*byte));
    start
        .and_then(|start| rest.get(start..))
        .unwrap_or_default()
}

/// `S` of XML 1.0 section 2.3.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
