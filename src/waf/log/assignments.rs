//! Secrets inside of text: `password=...`, `"token": "..."`, `<secret>...</secret>`.
//!
//! A value or a target may carry an address, a document or a query of its own. What is assigned to a
//! masked name in it is replaced, and the rest stays readable. Escapes (`%3d`, `%253d`, `\u0070`) are
//! looked through, to any depth. Invariant: one pass, linear. Non-goal: understanding the text; where
//! a field as a whole is masked, callers do not come here.

use super::{
    masks::{MASK, Masks},
    scan::{NAME, Scan, token},
};

/// Appends a request target with what it assigns to masked names replaced, and what it has before an
/// `@` in its authority (RFC 3986 section 3.2.1). Returns whether anything was.
pub(super) fn target(masks: &Masks, target: &[u8], separator: u8, out: &mut Vec<u8>) -> bool {
    let mark = memchr::memchr(b'?', target).unwrap_or(target.len());
    let (before, rest) = target.split_at_checked(mark).unwrap_or((target, b""));
    let mut hid = path(masks, before, out);
    if let [mark, rest @ ..] = rest {
        out.push(*mark);
        hid |= query(masks, rest, separator, out);
    }
    hid
}

/// Appends the part of a target before its query.
pub(super) fn path(masks: &Masks, before: &[u8], out: &mut Vec<u8>) -> bool {
    match userinfo(before) {
        Some((scheme, _, rest)) if !masks.is_empty() => {
            out.extend_from_slice(scheme);
            out.extend_from_slice(MASK);
            text(masks, rest, out);
            true
        }
        _ => text(masks, before, out),
    }
}

/// What stands before an `@` in the authority of an address, with what is before and behind it.
fn userinfo(address: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let authority = match memchr::memmem::find(address, b"://") {
        Some(colon) if address.first() != Some(&b'/') => colon + 3,
        _ => 0,
    };
    let (scheme, rest) = address.split_at_checked(authority)?;
    let slash = memchr::memchr2(b'/', b'?', rest).unwrap_or(rest.len());
    let at = memchr::memrchr(b'@', rest.get(..slash)?)?;
    let (user, rest) = rest.split_at_checked(at)?;
    Some((scheme, user, rest))
}

/// Appends `name=value` pairs with the values of masked names replaced: whole, whatever they hold.
pub(super) fn query(masks: &Masks, query: &[u8], separator: u8, out: &mut Vec<u8>) -> bool {
    let mut hid = false;
    for (index, pair) in query.split(|byte| *byte == separator).enumerate() {
        if index > 0 {
            out.push(separator);
        }
        let equals = memchr::memchr(b'=', pair).unwrap_or(pair.len());
        let (name, value) = pair.split_at_checked(equals).unwrap_or((pair, b""));
        let decoded = decoded(name);
        if !masks.name(&decoded) {
            hid |= text(masks, pair, out);
        } else if !is_plain(&decoded) {
            hid = true;
            out.extend_from_slice(MASK);
        } else {
            out.extend_from_slice(name);
            if !value.is_empty() {
                hid = true;
                out.push(b'=');
                out.extend_from_slice(MASK);
            }
        }
    }
    hid
}

/// Whether a name is one and nothing else: what is sent as a name may be a document.
pub(super) fn is_plain(name: &[u8]) -> bool {
    let listed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:$@[]".contains(byte);
    name.len() <= NAME && name.iter().all(listed)
}

/// Appends any text with what it assigns to masked names replaced.
pub(super) fn text(masks: &Masks, text: &[u8], out: &mut Vec<u8>) -> bool {
    if !may_assign(masks, text) {
        out.extend_from_slice(text);
        return false;
    }
    !Scan::run(masks, text, out).is_empty()
}

/// Whether a text assigns anything to a masked name.
pub(super) fn hides(masks: &Masks, text: &[u8]) -> bool {
    may_assign(masks, text) && !Scan::run(masks, text, &mut Vec::new()).is_empty()
}

/// What a text assigns to masked names, and what it has before an `@` if it is an address, escapes
/// decoded.
pub(super) fn assigned(masks: &Masks, text: &[u8]) -> Vec<Vec<u8>> {
    if masks.is_empty() {
        return Vec::new();
    }
    let users = userinfo(text).map(|(_, user, _)| user.split(|byte| *byte == b':'));
    let hidden = match may_assign(masks, text) {
        true => Scan::run(masks, text, &mut Vec::new()),
        false => Vec::new(),
    };
    let all = hidden.into_iter().chain(users.into_iter().flatten());
    all.map(decoded).collect()
}

/// Whether a text has what assigns, and mentions a masked name at all: most texts do not, and need no
/// scan.
fn may_assign(masks: &Masks, text: &[u8]) -> bool {
    if masks.is_empty() {
        return false;
    }
    let escapes = memchr::memchr2(b'%', b'\\', text).is_some();
    let assigns = escapes || memchr::memchr3(b'=', b':', b'>', text).is_some();
    assigns
        && match escapes {
            true => masks.name(&decoded(text)),
            false => masks.name(text),
        }
}

/// A name, its escapes decoded.
fn decoded(name: &[u8]) -> Vec<u8> {
    let mut rest = name;
    std::iter::from_fn(|| {
        let (byte, more) = token(rest)?;
        rest = more;
        Some(byte)
    })
    .collect()
}

#[cfg(test)]
mod tests;
