//! `Content-Disposition` of a part (RFC 7578 section 4.2).

use super::super::urlencoded::hex;
use super::boundary::is_token_byte;
use super::{DispositionError, Flags};

/// What a part is called.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) name: Vec<u8>,
    pub(super) file_name: Option<Vec<u8>>,
    /// `filename*`, decoded to bytes of the charset that it names.
    pub(super) extended_file_name: Option<Vec<u8>>,
}

/// Reads the value of the header.
pub(super) fn parse(header: &[u8], flags: &mut Flags) -> Result<Disposition, DispositionError> {
    let mut rest = header
        .strip_prefix(b"form-data")
        .map(skip_blanks)
        .ok_or(DispositionError::Type)?;
    let (mut name, mut file_name, mut extended_file_name) = (None, None, None);
    while let [first, more @ ..] = rest {
        if *first != b';' {
            return Err(DispositionError::Semicolon);
        }
        let (parameter, more) = parameter_name(skip_blanks(more))?;
        let (value, more) = match parameter {
            b"filename*" => extended(more)?,
            _ => value(more, flags)?,
        };
        let slot = match parameter {
            b"name" => &mut name,
            b"filename" => &mut file_name,
            b"filename*" => &mut extended_file_name,
            _ => return Err(DispositionError::Parameter),
        };
        if slot.replace(value).is_some() {
            return Err(DispositionError::Duplicate);
        }
        rest = more;
    }
    if extended_file_name.is_some() && file_name.is_none() {
        return Err(DispositionError::ExtendedAlone);
    }
    // Some parsers just search for the text.
    if file_name.is_some() && !header.windows(9).any(|window| window == b"filename=") {
        return Err(DispositionError::HiddenFileName);
    }
    Ok(Disposition {
        name: name.ok_or(DispositionError::NoName)?,
        file_name,
        extended_file_name,
    })
}

/// Reads a parameter's name, the equals sign and blanks about it; something must follow.
fn parameter_name(rest: &[u8]) -> Result<(&[u8], &[u8]), DispositionError> {
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'=' | b'\t' | b' '));
    let (name, more) = end
        .and_then(|end| rest.split_at_checked(end))
        .ok_or(DispositionError::Incomplete)?;
    match skip_blanks(more) {
        [b'=', more @ ..] => match skip_blanks(more) {
            [] => Err(DispositionError::Incomplete),
            more => Ok((name, more)),
        },
        [] => Err(DispositionError::Incomplete),
        _ => Err(DispositionError::Equals),
    }
}

/// Reads a value and blanks after it. Single quotes are taken for quotes, as some upload parsers do,
/// and flagged.
fn value<'a>(rest: &'a [u8], flags: &mut Flags) -> Result<(Vec<u8>, &'a [u8]), DispositionError> {
    let (value, more, quote) = match rest {
        [quote @ (b'"' | b'\''), more @ ..] => {
            let (value, more) = quoted(more, *quote)?;
            (value, more, Some(*quote))
        }
        _ => {
            let end = rest.iter().position(|byte| !is_token_byte(*byte));
            let (value, more) = rest
                .split_at_checked(end.unwrap_or(rest.len()))
                .unwrap_or((rest, &[]));
            (value.to_vec(), more, None)
        }
    };
    flags.invalid_quoting |= match quote {
        Some(b'"') => false,
        Some(_) => true,
        None => value.contains(&b'\''),
    };
    flags.invalid_quoting |= match more {
        [b'"' | b'\'', ..] => true,
        [b';' | b' ' | b'\t', ..] | [] => false,
        _ => quote.is_some(),
    };
    Ok((value, skip_blanks(more)))
}

/// Reads what follows an opening quote. A backslash stands for itself unless a quote or a backslash
/// follows: Internet Explorer sent paths.
fn quoted(mut rest: &[u8], quote: u8) -> Result<(Vec<u8>, &[u8]), DispositionError> {
    let mut value = Vec::new();
    loop {
        let (byte, more) = match rest {
            [b'\\', byte, more @ ..] if *byte == quote || *byte == b'\\' => (byte, more),
            [byte, more @ ..] if *byte == quote => return Ok((value, more)),
            [byte, more @ ..] => (byte, more),
            [] => return Err(DispositionError::Quote),
        };
        value.push(*byte);
        rest = more;
    }
}

/// Reads `charset'language'text` and blanks after it (RFC 8187 section 3.2).
fn extended(rest: &[u8]) -> Result<(Vec<u8>, &[u8]), DispositionError> {
    const ERROR: DispositionError = DispositionError::ExtendedValue;
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b';' | b'\t' | b' '));
    let (value, more) = rest
        .split_at_checked(end.unwrap_or(rest.len()))
        .unwrap_or((rest, &[]));
    let mut pieces = value.splitn(3, |&byte| byte == b'\'');
    let (Some(charset), Some(_language), Some(mut text)) =
        (pieces.next(), pieces.next(), pieces.next())
    else {
        return Err(ERROR);
    };
    if charset.is_empty() || !charset.iter().all(|byte| is_token_byte(*byte)) {
        return Err(ERROR);
    }
    let mut decoded = Vec::with_capacity(text.len());
    while let [byte, tail @ ..] = text {
        text = match (byte, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let (Some(high), Some(low)) = (hex(*high), hex(*low)) else {
                    return Err(ERROR);
                };
                decoded.push(high << 4 | low);
                tail
            }
            (b'%' | b'\'' | b'*', _) => return Err(ERROR),
            _ if is_token_byte(*byte) => {
                decoded.push(*byte);
                tail
            }
            _ => return Err(ERROR),
        };
    }
    Ok((decoded, skip_blanks(more)))
}

fn skip_blanks(rest: &[u8]) -> &[u8] {
    let end = rest.iter().position(|byte| !matches!(byte, b'\t' | b' '));
    end.and_then(|end| rest.get(end..)).unwrap_or_default()
}
