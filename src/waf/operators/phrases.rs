//! The phrases of `@pm`, `@pmFromFile` and `@strmatch`, and the files of words and addresses.
//!
//! A phrase may have bytes in hexadecimal, `|0d 0a|`, and a backslash before `:`, `;`, `"` and `\`.
//! Invariant: bars with anything else between them stand for themselves, and so do all backslashes of a
//! phrase in which one stands before another byte. ModSecurity means the second and mangles the
//! first. It also splits `@pm a|20|b` in two at the blank, which here is part of the phrase.

use super::compile::{CompileEnv, OperatorError, shown};
use super::number::is_blank;
use crate::waf::seclang::RuleFile;

/// The files that an argument names, several being separated by blanks.
pub(super) fn files(
    name: &'static str,
    argument: &[u8],
    env: &CompileEnv<'_>,
) -> Result<Vec<RuleFile>, OperatorError> {
    let mut files = Vec::new();
    for path in words(argument) {
        let found = env.files.read(env.from, path);
        files.extend(found.map_err(|error| OperatorError::File {
            path: shown(path),
            error,
        })?);
    }
    if files.is_empty() {
        return Err(OperatorError::NoArgument(name));
    }
    Ok(files)
}

/// The lines of a file and their numbers, without blanks around them; comments and empty lines are
/// left out.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = (1..).zip(text.split(|byte| *byte == b'\n'));
    lines
        .map(|(number, line)| (number, trim(line)))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with(b"#"))
}

/// The words between blanks. Bars and what they enclose do not end a word.
pub(super) fn phrases(argument: &[u8]) -> Vec<&[u8]> {
    let mut phrases = Vec::new();
    let mut rest = trim(argument);
    while !rest.is_empty() {
        let end = phrase_end(rest);
        let (phrase, after) = rest.split_at_checked(end).unwrap_or((rest, b""));
        phrases.push(phrase);
        rest = trim(after);
    }
    phrases
}

fn phrase_end(text: &[u8]) -> usize {
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        if is_blank(*byte) {
            break;
        }
        rest = match hex_bytes(rest) {
            Some((_, after)) => after,
            None => after,
        };
    }
    text.len() - rest.len()
}

/// What a phrase stands for.
///
/// # Errors
/// At which byte a backslash stands that escapes nothing.
pub(super) fn unescape(phrase: &[u8]) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(phrase.len());
    let mut rest = phrase;
    loop {
        rest = match rest {
            [] => return Ok(out),
            [b'\\', byte @ (b':' | b';' | b'"' | b'\\'), after @ ..] => {
                out.push(*byte);
                after
            }
            [b'\\', ..] => return Err(phrase.len() - rest.len()),
            [byte, after @ ..] => match hex_bytes(rest) {
                Some((bytes, after)) => {
                    out.extend(bytes);
                    after
                }
                None => {
                    out.push(*byte);
                    after
                }
            },
        };
    }
}

/// Bytes in hexadecimal between bars, and what follows them.
fn hex_bytes(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"|")?;
    let mut bytes = Vec::new();
    loop {
        rest = match rest {
            [b'|', after @ ..] if !bytes.is_empty() => return Some((bytes, after)),
            [b' ', after @ ..] => after,
            [high, low, after @ ..] => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                let byte = digit(high)? << 4 | digit(low)?;
                bytes.push(u8::try_from(byte).ok()?);
                after
            }
            _ => return None,
        };
    }
}

/// What stands between blanks.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| is_blank(*byte))
        .filter(|word| !word.is_empty())
}

/// Bytes without the blanks around them.
pub(super) fn trim(mut text: &[u8]) -> &[u8] {
    while let [byte, rest @ ..] = text
        && is_blank(*byte)
    {
        text = rest;
    }
    while let [rest @ .., byte] = text
        && is_blank(*byte)
    {
        text = rest;
    }
    text
}
