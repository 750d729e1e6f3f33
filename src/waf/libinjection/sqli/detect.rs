//! Whether input is an injection, in any of the places where it might land.

use memchr::{memchr, memmem};

use super::super::Fingerprint;
use super::filter::may_be_sqli;
use super::fold::Folding;
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

pub(super) fn detect_unfiltered(input: &[u8]) -> Option<Fingerprint> {
    let has = |quote| memchr(quote, input).is_some();
    in_both_dialects(input, Context::Bare)
        .or_else(|| {
            has(b'\'')
                .then(|| in_both_dialects(input, Context::Single))
                .flatten()
        })
        .or_else(|| {
            has(b'"')
                .then(|| read(input, Context::Double, Dialect::MySql).found)
                .flatten()
        })
}

fn in_both_dialects(input: &[u8], context: Context) -> Option<Fingerprint> {
    let ansi = read(input, context, Dialect::Ansi);
    if ansi.found.is_none() && ansi.is_ambiguous {
        return read(input, context, Dialect::MySql).found;
    }
    ansi.found
}

/// What comes of reading input in one way.
struct Reading {
    /// The fingerprint, if it is that of an injection.
    found: Option<Fingerprint>,
    /// Whether the other dialect would have read it differently.
    is_ambiguous: bool,
}

fn read(input: &[u8], context: Context, dialect: Dialect) -> Reading {
    let mut folding = Folding::new(Tokenizer::new(input, context, dialect));
    let tokens = folding.run();
    if let [_, _, .., last] = tokens
        && is_php_comment(last)
    {
        last.kind = Kind::Comment;
    }
    let kinds = folding.tokens().iter().map(|token| token.kind);
    let found = if kinds.clone().any(|kind| kind == Kind::Evil) {
        Some(Fingerprint::new([Kind::Evil.letter()]))
    } else if tables::is_blacklisted(kinds.clone()) && !is_innocent(input, &folding) {
        Some(Fingerprint::new(kinds.map(Kind::letter)))
    } else {
        None
    };
    Reading {
        found,
        is_ambiguous: folding.is_ambiguous(),
    }
}

/// Whether a name is nothing but a backquote at the end, which comments out what follows.
fn is_php_comment(token: &Token<'_>) -> bool {
    token.kind == Kind::Bareword && token.open == b'`' && token.close == 0 && token.text.is_empty()
}

/// Whether what has the fingerprint of an injection is plain text all the same.
fn is_innocent(input: &[u8], folding: &Folding<'_>) -> bool {
    match folding.tokens() {
        // SQL Server does not log what has this word in it.
        [_, .., last] if last.kind == Kind::Comment && names_sp_password(input) => false,
        [a, b] => is_innocent_pair(input, folding.count(), a, b),
        [a, b, c] => is_innocent_triple(folding.count(), a, b, c),
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
