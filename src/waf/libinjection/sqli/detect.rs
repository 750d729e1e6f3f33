//! Whether input is an injection, in any of the places where it might land.

use memchr::{memchr, memmem};

use super::super::Fingerprint;
use super::fold::{Folded, fold};
use super::tables;
use super::token::{Kind, Token};
use super::tokenizer::{Context, Dialect, Tokenizer};

/// Finds an SQL injection, as libinjection's `libinjection_sqli` does.
///
/// The input is tried as it stands, and behind each quote that it has, in ANSI SQL and as MySQL
/// reads it. Linear in the length of the input; nothing is allocated.
pub fn detect_sqli(input: &[u8]) -> Option<Fingerprint> {
    if may_be_sqli(input) {
        detect_unfiltered(input)
    } else {
        None
    }
}

/// Whether [`detect_sqli`] can find anything: `false` is certain, and cheap.
pub fn may_be_sqli(input: &[u8]) -> bool {
    !input
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

pub(super) fn detect_unfiltered(input: &[u8]) -> Option<Fingerprint> {
    let bare = fold_in(input, Context::Bare, Dialect::Ansi);
    if let Some(fingerprint) = judge(input, &bare) {
        return Some(fingerprint);
    }
    if bare.ambiguous
        && let Some(fingerprint) = judge(input, &fold_in(input, Context::Bare, Dialect::MySql))
    {
        return Some(fingerprint);
    }
    if memchr(b'\'', input).is_some() {
        let single = fold_in(input, Context::Single, Dialect::Ansi);
        if let Some(fingerprint) = judge(input, &single) {
            return Some(fingerprint);
        }
        if single.ambiguous
            && let Some(fingerprint) =
                judge(input, &fold_in(input, Context::Single, Dialect::MySql))
        {
            return Some(fingerprint);
        }
    }
    memchr(b'"', input)?;
    judge(input, &fold_in(input, Context::Double, Dialect::MySql))
}

fn fold_in(input: &[u8], context: Context, dialect: Dialect) -> Folded<'_> {
    let mut folded = fold(Tokenizer::new(input, context, dialect));
    if folded.tokens().len() > 2
        && let Some(last) = folded.tokens_mut().last_mut()
        && is_php_comment(last)
    {
        last.kind = Kind::Comment;
    }
    folded
}

/// Whether a name is nothing but a backquote at the end, which comments out what follows.
fn is_php_comment(token: &Token<'_>) -> bool {
    token.kind == Kind::Bareword && token.open == b'`' && token.close == 0 && token.text.is_empty()
}

/// The fingerprint, if it is that of an injection.
fn judge(input: &[u8], folded: &Folded<'_>) -> Option<Fingerprint> {
    let kinds = folded.tokens().iter().map(|token| token.kind);
    if kinds.clone().any(|kind| kind == Kind::Evil) {
        return Some(Fingerprint::new([Kind::Evil.letter()]));
    }
    let found = tables::is_blacklisted(kinds.clone()) && !is_innocent(input, folded);
    found.then(|| Fingerprint::new(kinds.map(Kind::letter)))
}

/// Whether what has the fingerprint of an injection is plain text all the same.
fn is_innocent(input: &[u8], folded: &Folded<'_>) -> bool {
    match folded.tokens() {
        // SQL Server does not log what has this word in it.
        [_, .., last] if last.kind == Kind::Comment && names_sp_password(input) => false,
        [a, b] => is_innocent_pair(input, folded.count, a, b),
        [a, b, c] => is_innocent_triple(folded.count, a, b, c),
        _ => false,
    }
}

fn names_sp_password(input: &[u8]) -> bool {
    memmem::find(input, b"sp_password").is_some()
}

/// Pairs are hard to tell from plain text. `count` tokens were read.
fn is_innocent_pair(input: &[u8], count: usize, a: &Token<'_>, b: &Token<'_>) -> bool {
    use Kind::*;
    let sign = b.text.first();
    match (a.kind, b.kind) {
        // "1 union" may be anything, unless something was folded away.
        (_, Union) => count == 2,
        _ if sign == Some(&b'#') => true,
        (Bareword, Comment) if sign != Some(&b'/') => true,
        (Number, Comment) if sign == Some(&b'/') || count > 2 => false,
        // "1234-ABCDEF--" is no number with a comment behind it.
        (Number, Comment) => match input.get(a.text.len()..).unwrap_or_default() {
            // Bytes from 128 on are blanks here: they are negative to C.
            [] | [0..=b' ' | 0x80.., ..] | [b'/', b'*', ..] | [b'-', b'-', ..] => false,
            _ => true,
        },
        // Of text behind dashes there is much; that input ends with them is telling.
        _ => sign == Some(&b'-') && b.text.len() > 2,
    }
}

fn is_innocent_triple(count: usize, a: &Token<'_>, b: &Token<'_>, c: &Token<'_>) -> bool {
    use Kind::*;
    match (a.kind, b.kind, c.kind) {
        // All is innocent but what leaves a string and enters another: foo' + 'bar.
        (String, Operator | Logic, String) => a.open != 0 || c.close != 0 || a.close != c.open,
        // "sexy and 17" is plain text, "sexy and 17<18" is not.
        (String, Logic, Bareword)
        | (Bareword, Logic, Number)
        | (Number, Logic, Number | Variable | String) => count == 3,
        // Of keywords only INTO OUTFILE and INTO DUMPFILE are telling.
        (_, Keyword, _) => {
            let start = b.text.get(..4).unwrap_or_default();
            b.text.len() < 5 || !start.eq_ignore_ascii_case(b"INTO")
        }
        _ => false,
    }
}
