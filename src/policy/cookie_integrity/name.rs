//! Names of cookies: patterns, and what servers take for the same name.
//!
//! A name is protected with everything that some server reads as that name: ASP.NET ignores case, PHP
//! turns `.`, blanks and `[` into `_` and cuts `name[key]` at the bracket, some decode `%` escapes and take
//! `+` for a blank, Werkzeug takes quotes and backslashes out, and some take blanks of Unicode off both ends. What looks like a protected name is one, on the way out
//! and on the way in, and only the bytes that were signed verify.

use smallvec::SmallVec;

/// Longest pattern, in bytes.
const LONGEST_PATTERN: usize = 128;
/// Longest name that is compared in full, in bytes. Longer ones are protected by any pattern: blanks and
/// escapes may make any name of them.
const LONGEST_NAME: usize = 256;
/// What the companion of a cookie is called after the cookie's name.
pub(super) const COMPANION: &[u8] = b".integrity";

/// Names of cookies: `*` stands for any bytes, `?` for one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CookiePattern {
    written: Box<str>,
    folded: Box<[u8]>,
}

/// Why a text is no pattern for names of cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CookiePatternError {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It is too long.
    #[error("it is longer than {LONGEST_PATTERN} bytes")]
    Long,
    /// No name of a cookie has such a byte: RFC 6265 section 4.1.1.
    #[error("no name of a cookie can have the character {0:?}")]
    Character(char),
}

/// A name, short enough to be compared in full.
type Folded = SmallVec<[u8; LONGEST_NAME]>;

impl CookiePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// It cannot match the name of a cookie.
    pub fn new(text: &str) -> Result<Self, CookiePatternError> {
        if text.is_empty() {
            return Err(CookiePatternError::Empty);
        }
        if text.len() > LONGEST_PATTERN {
            return Err(CookiePatternError::Long);
        }
        let is_odd = |char: &char| !char.is_ascii_graphic() || "()<>@,;:\\\"/[]={}".contains(*char);
        if let Some(odd) = text.chars().find(is_odd) {
            return Err(CookiePatternError::Character(odd));
        }
        Ok(Self {
            written: text.into(),
            folded: text.bytes().map(fold_byte).collect(),
        })
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

/// The first pattern that a name falls under.
pub(super) fn find<'a>(
    patterns: impl IntoIterator<Item = &'a CookiePattern>,
    name: &[u8],
) -> Option<usize> {
    let name = trim(name);
    if name.is_empty() {
        return None;
    }
    let mut patterns = patterns.into_iter().enumerate();
    if name.len() > LONGEST_NAME {
        return patterns.next().map(|(place, _)| place);
    }
    let is_escaped = name.iter().any(|byte| matches!(byte, b'%' | b'+'));
    let decoded = is_escaped.then(|| decode(name));
    let written = [Some(name), decoded.as_deref().map(trim)];
    let mut readings = SmallVec::<[Folded; 4]>::new();
    for name in written.into_iter().flatten() {
        readings.push(fold(name));
        if name.iter().any(|byte| matches!(byte, b'"' | b'\\')) {
            readings.push(fold(trim(&unquote(name))));
        }
    }
    let mut forms = SmallVec::<[&[u8]; 8]>::new();
    for form in &readings {
        forms.push(form);
        // PHP has `a[b]` as a member of `a`, and C ends at a NUL.
        let cut = form
            .iter()
            .skip(1)
            .position(|byte| matches!(byte, b'[' | 0));
        if let Some(at) = cut {
            forms.extend(form.get(..=at));
        }
    }
    let found =
        patterns.find(|(_, pattern)| forms.iter().any(|form| matches(&pattern.folded, form)));
    found.map(|(place, _)| place)
}

/// The cookie that a name is the companion of, if it is one's.
pub(super) fn companion_of(name: &[u8]) -> Option<&[u8]> {
    let at = name.len().checked_sub(COMPANION.len())?;
    let (owner, end) = name.split_at_checked(at)?;
    (!owner.is_empty() && end.eq_ignore_ascii_case(COMPANION)).then_some(owner)
}

fn fold(name: &[u8]) -> Folded {
    name.iter().copied().map(fold_byte).collect()
}

/// `[` stays, to be cut at, and is compared as `_`.
fn fold_byte(byte: u8) -> u8 {
    match byte {
        b'.' | b' ' | b'+' => b'_',
        byte => byte.to_ascii_lowercase(),
    }
}

/// The name with its escapes decoded once, and `+` as the blank that it is in forms.
fn decode(name: &[u8]) -> Folded {
    let mut out = Folded::new();
    let mut rest = name;
    while let Some((first, tail)) = rest.split_first() {
        let escaped = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                digit(*high)
                    .zip(digit(*low))
                    .and_then(|(high, low)| u8::try_from(high << 4 | low).ok())
                    .map(|byte| (byte, tail))
            }
            _ => None,
        };
        let (byte, tail) = escaped.unwrap_or((if *first == b'+' { b' ' } else { *first }, tail));
        out.push(byte);
        rest = tail;
    }
    out
}

/// The name without quotes, and without backslashes before a character or three octal digits.
fn unquote(name: &[u8]) -> Folded {
    let mut out = Folded::new();
    let mut rest = name;
    while let Some((first, tail)) = rest.split_first() {
        let (byte, tail) = match (first, tail) {
            (b'"', tail) => (None, tail),
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..]) => {
                (Some((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0')), tail)
            }
            (b'\\', [escaped, tail @ ..]) => (Some(*escaped), tail),
            (byte, tail) => (Some(*byte), tail),
        };
        out.extend(byte);
        rest = tail;
    }
    out
}

/// Without what some server takes for blanks at the ends: everything but printable ASCII.
fn trim(name: &[u8]) -> &[u8] {
    let is_ink = |byte: &u8| byte.is_ascii_graphic();
    let start = name.iter().position(is_ink).unwrap_or(name.len());
    let end = name.iter().rposition(is_ink).map_or(start, |at| at + 1);
    name.get(start..end).unwrap_or_default()
}

/// Whether a folded name falls under a folded pattern. The last `*` alone is tried again, so that it
/// takes no more than the product of both lengths.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        let byte = name
            .get(n)
            .map(|byte| if *byte == b'[' { b'_' } else { *byte });
        match (pattern.get(p), byte) {
            (Some(b'*'), _) => {
                star = Some((p + 1, n));
                p += 1;
            }
            (None, None) => return true,
            (Some(expected), Some(byte)) if *expected == b'?' || *expected == byte => {
                p += 1;
                n += 1;
            }
            _ => match &mut star {
                Some((after, from)) if *from < name.len() => {
                    *from += 1;
                    (p, n) = (*after, *from);
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_fall_under_patterns_with_all_that_servers_take_for_them() {
        for (pattern, name, expected) in [
            ("sid", "sid", true),
            ("sid", "SID", true),
            ("sid", "sid2", false),
            ("sid", "xsid", false),
            ("sid", "", false),
            ("*", "", false),
            ("*", "a", true),
            ("sess*", "sess", true),
            ("sess*", "session-1", true),
            ("*id", "sidid", true),
            ("a*b*c", "aXbXbc", true),
            ("a*b*c", "aXbXbd", false),
            ("s?d", "sxd", true),
            ("s?d", "sd", false),
            ("__Host-*", "__host-a", true),
            ("session.id", "session_id", true),
            ("session_id", "session.id", true),
            ("session_id", "session id", true),
            ("session_id", "session[id", true),
            ("sid", "sid[0]", true),
            ("sid", "sid[", true),
            ("sid", "[sid]", false),
            ("sid", "s%69d", true),
            ("sid", "s%69d%5b0%5D", true),
            ("sid", "%20sid", true),
            ("sid", "sid%00x", true),
            ("sid", "s%2569d", false),
            ("sid", "s%zzd", false),
            ("sid", "+sid", true),
            ("sid", "+%20sid", true),
            ("sid", "s+id", false),
            ("sid", "\"sid\"", true),
            ("sid", "\"s\\151d\"", true),
            ("sid", "\"s\\id\"", true),
            ("sid", "%22sid%22", true),
            ("sid", "\"sidx\"", false),
            ("sid", "\u{2000}sid\u{a0}", true),
            ("sid", "\u{e9}", false),
        ] {
            let pattern = CookiePattern::new(pattern).unwrap();
            let found = find([&pattern], name.as_bytes()).is_some();
            assert_eq!(found, expected, "{pattern:?} {name}");
        }
    }

    #[test]
    fn a_name_that_is_too_long_to_be_compared_is_protected() {
        let pattern = CookiePattern::new("sid").unwrap();
        let blanks = "%20".repeat(LONGEST_NAME / 3 + 1) + "sid";
        let member = format!("sid[{}]", "a".repeat(LONGEST_NAME));
        for name in [blanks, member, "a".repeat(LONGEST_NAME + 1)] {
            assert!(find([&pattern], name.as_bytes()).is_some(), "{name}");
        }
        assert_eq!(find([], &[b'a'; LONGEST_NAME + 1]), None);
    }

    #[test]
    fn what_cannot_be_a_name_is_no_pattern() {
        let long = "a".repeat(LONGEST_PATTERN + 1);
        for (text, expected) in [
            ("", CookiePatternError::Empty),
            (&long, CookiePatternError::Long),
            ("a b", CookiePatternError::Character(' ')),
            ("a=b", CookiePatternError::Character('=')),
            ("a;b", CookiePatternError::Character(';')),
            ("\u{e9}", CookiePatternError::Character('\u{e9}')),
        ] {
            assert_eq!(CookiePattern::new(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn companions_are_told_by_the_end_of_their_names() {
        for (name, expected) in [
            ("sid.integrity", Some("sid")),
            ("sid.INTEGRITY", Some("sid")),
            (".integrity", None),
            ("sid", None),
            ("integrity", None),
        ] {
            let owner = companion_of(name.as_bytes());
            assert_eq!(owner, expected.map(str::as_bytes), "{name}");
        }
    }
}
