//! The boundary that a `Content-Type` names.

use super::{Flags, MultipartError};

const MEDIA_TYPE: &[u8] = b"multipart/form-data";
const NAME: &[u8] = b"boundary";

/// Longest `Content-Type` that is looked at, in bytes.
const LONGEST: usize = 1024;

/// The boundary, without dashes and quotes.
pub(super) fn find<'a>(
    content_type: &'a [u8],
    flags: &mut Flags,
) -> Result<&'a [u8], MultipartError> {
    if content_type.len() > LONGEST {
        return Err(MultipartError::BoundaryLength);
    }
    let parameters = match content_type.split_at_checked(MEDIA_TYPE.len()) {
        Some((start, parameters)) if start.eq_ignore_ascii_case(MEDIA_TYPE) => parameters,
        _ => return Err(MultipartError::MimeType),
    };
    if named(content_type) > 1 {
        return Err(MultipartError::MultipleBoundaries);
    }
    let mut found = None;
    for (index, piece) in Pieces(Some(parameters)).enumerate() {
        let start = piece.iter().position(|byte| !is_space(*byte));
        let parameter = piece.get(start.unwrap_or(piece.len())..).unwrap_or(piece);
        match parameter.split_at_checked(NAME.len()) {
            Some((NAME, value)) => {
                flags.missing_semicolon |= index == 0;
                found = Some(boundary(value, flags)?);
            }
            Some((name, _)) if name.eq_ignore_ascii_case(NAME) => {
                return Err(MultipartError::BoundaryCase);
            }
            // What stands between the media type and the first semicolon.
            _ if index == 0 && parameter.is_empty() => {}
            _ if index > 0 && is_parameter(parameter) => {}
            _ => return Err(MultipartError::BoundaryMalformed),
        }
    }
    found.ok_or(MultipartError::NoBoundary)
}

/// What stands between semicolons outside of quotes.
struct Pieces<'a>(Option<&'a [u8]>);

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.0?;
        let mut quoted = false;
        let end = rest.iter().position(|&byte| {
            quoted ^= byte == b'"';
            byte == b';' && !quoted
        });
        match end.and_then(|end| Some((rest.get(..end)?, rest.get(end + 1..)?))) {
            Some((piece, more)) => {
                self.0 = Some(more);
                Some(piece)
            }
            None => self.0.take(),
        }
    }
}

/// How often a boundary is named, in any case; a name counts where an equals sign comes later.
fn named(content_type: &[u8]) -> usize {
    let last_equals = content_type.iter().rposition(|&byte| byte == b'=');
    let named = content_type
        .get(..last_equals.unwrap_or(0))
        .unwrap_or_default();
    named
        .windows(NAME.len())
        .filter(|window| window.eq_ignore_ascii_case(NAME))
        .count()
}

/// Reads what follows the parameter's name.
fn boundary<'a>(rest: &'a [u8], flags: &mut Flags) -> Result<&'a [u8], MultipartError> {
    let equals = rest.iter().position(|&byte| byte == b'=');
    let (before, after) = equals
        .and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?)))
        .ok_or(MultipartError::BoundaryMalformed)?;
    if !before.iter().all(|byte| is_space(*byte)) {
        return Err(MultipartError::BoundaryParameterName);
    }
    let value = after.trim_ascii();
    flags.boundary_whitespace |= !before.is_empty() || value.len() < after.len();
    let boundary = match value {
        [b'"', boundary @ .., b'"'] => {
            flags.boundary_quoted = true;
            boundary
        }
        [b'"', ..] | [.., b'"'] => return Err(MultipartError::BoundaryQuote),
        _ => value,
    };
    match boundary {
        [] => Err(MultipartError::BoundaryEmpty),
        [.., b' '] => Err(MultipartError::BoundaryCharacters),
        _ if boundary.iter().all(|byte| is_boundary_byte(*byte)) => Ok(boundary),
        _ => Err(MultipartError::BoundaryCharacters),
    }
}

/// `bchars` of RFC 2046 section 5.1.1.
fn is_boundary_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte)
}

/// `name=value` of RFC 9110 section 5.6.6, with blanks after it.
fn is_parameter(parameter: &[u8]) -> bool {
    let mut halves = parameter.trim_ascii_end().splitn(2, |&byte| byte == b'=');
    let is_token = |text: &[u8]| !text.is_empty() && text.iter().all(|byte| is_token_byte(*byte));
    let is_text = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    match (halves.next(), halves.next()) {
        (Some(name), Some([b'"', text @ .., b'"'])) => is_token(name) && text.iter().all(is_text),
        (Some(name), Some(value)) => is_token(name) && is_token(value),
        _ => false,
    }
}

/// `tchar` of RFC 9110 section 5.6.2.
pub(in super::super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// `isspace` of C.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}
