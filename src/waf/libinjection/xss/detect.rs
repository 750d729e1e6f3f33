//! Whether input is an injection, in any of the places where it might land.

use memchr::{memchr, memchr_iter};

use super::html::{Kind, Piece, Pieces, Place};
use super::names::{ATTRIBUTES, Attribute, ELEMENT_PREFIXES, ELEMENTS, EVENTS, SCHEMES};

/// What libinjection takes for an injection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding<'a> {
    /// A document type.
    Doctype,
    /// What is within a comment.
    Comment(&'a [u8]),
    /// The value of a `style` attribute.
    Style(&'a [u8]),
    /// An element by name, and what follows the name.
    Element(&'a [u8], &'a [u8]),
    /// The name and the value of an attribute that declares a namespace, or links from one.
    Namespace(&'a [u8], &'a [u8]),
    /// A URL that may run a script.
    Url(&'a [u8]),
    /// An event.
    Other,
}

/// Finds an injection of HTML or script, as libinjection's `libinjection_xss` does.
///
/// The input is tried as text, within a tag and within each kind of quotes. Linear in the length of
/// the input; nothing is allocated.
pub fn detect_xss(input: &[u8]) -> bool {
    detect_xss_that(input, |_| true)
}

/// Finds an injection that counts for the caller, of those that [`detect_xss`] finds.
pub fn detect_xss_that(input: &[u8], counts: impl Fn(Finding<'_>) -> bool) -> bool {
    may_be_xss(input) && detect_unfiltered(input, &counts)
}

/// Whether [`detect_xss`] can find anything: `false` is certain, and cheap.
///
/// An attribute has a value only behind a `=`, and everything else stands in a tag.
pub fn may_be_xss(input: &[u8]) -> bool {
    memchr(b'=', input).is_some()
        || memchr_iter(b'<', input).any(|at| {
            matches!(
                input.get(at + 1),
                Some(b'a'..=b'z' | b'A'..=b'Z' | 0 | b'!' | b'/' | b'?' | b'%')
            )
        })
}

pub(super) fn detect_unfiltered(input: &[u8], counts: &impl Fn(Finding<'_>) -> bool) -> bool {
    let injects = |place| injects(input, place, counts);
    let quoted = |quote| memchr(quote, input).is_some() && injects(Place::Quoted(quote));
    injects(Place::Text) || injects(Place::Tag) || quoted(b'\'') || quoted(b'"') || quoted(b'`')
}

fn injects(input: &[u8], place: Place, counts: &impl Fn(Finding<'_>) -> bool) -> bool {
    let mut attribute = Attribute::Harmless;
    let mut name: &[u8] = &[];
    let mut pieces = Pieces::new(input, place);
    while let Some(Piece { kind, text }) = pieces.next() {
        let before = std::mem::replace(&mut attribute, Attribute::Harmless);
        let other = |found: bool| found.then_some(Finding::Other);
        let finding = match kind {
            Kind::Doctype => Some(Finding::Doctype),
            Kind::TagName => {
                is_dangerous_element(text).then(|| Finding::Element(text, pieces.rest()))
            }
            Kind::Comment => is_dangerous_comment(text).then_some(Finding::Comment(text)),
            Kind::AttributeName => {
                attribute = attribute_named(text);
                name = text;
                None
            }
            Kind::AttributeValue => match before {
                Attribute::Harmless => None,
                Attribute::Dangerous => Some(Finding::Other),
                Attribute::Style => Some(Finding::Style(text)),
                Attribute::Namespace => Some(Finding::Namespace(name, text)),
                Attribute::Url => is_dangerous_url(text).then_some(Finding::Url(text)),
                Attribute::Indirect => other(attribute_named(text) != Attribute::Harmless),
            },
            Kind::Text | Kind::TagEnd | Kind::EmptyTagEnd | Kind::ClosingTag => None,
        };
        if finding.is_some_and(counts) {
            return true;
        }
    }
    false
}

fn is_dangerous_element(name: &[u8]) -> bool {
    name.len() >= 3
        && (ELEMENTS.iter().any(|element| is_name(name, element))
            || ELEMENT_PREFIXES.iter().any(|prefix| starts(name, prefix)))
}

fn attribute_named(name: &[u8]) -> Attribute {
    if name.len() >= 5 && is_event(name) {
        return Attribute::Dangerous;
    }
    if starts(name, "XMLNS") || starts(name, "XLINK") {
        return Attribute::Namespace;
    }
    if name.len() < 2 {
        return Attribute::Harmless;
    }
    ATTRIBUTES
        .iter()
        .find(|(known, _)| is_name(name, known))
        .map_or(Attribute::Harmless, |&(_, attribute)| attribute)
}

/// Whether an attribute's name starts with that of an event.
fn is_event(name: &[u8]) -> bool {
    let [b'o' | b'O', b'n' | b'N', event @ ..] = name else {
        return false;
    };
    let upper = || event.iter().map(u8::to_ascii_uppercase);
    // No event starts with another, so that only the last one that is not behind the name can be
    // what it starts with.
    let behind = EVENTS.partition_point(|known| known.bytes().le(upper()));
    behind
        .checked_sub(1)
        .and_then(|at| EVENTS.get(at))
        .is_some_and(|known| starts(event, known))
}

/// Old versions of Internet Explorer run code in some comments, and end them with a backquote.
fn is_dangerous_comment(comment: &[u8]) -> bool {
    memchr(b'`', comment).is_some()
        || (comment.len() > 3 && (starts(comment, "[IF") || starts(comment, "XML")))
        || starts(comment, "IMPORT")
        || starts(comment, "ENTITY")
}

fn is_dangerous_url(url: &[u8]) -> bool {
    // Some browsers take blanks beyond ASCII for blanks as well.
    let blanks = url
        .iter()
        .take_while(|&&byte| byte <= b' ' || byte >= 0x7F)
        .count();
    let url = url.get(blanks..).unwrap_or_default();
    SCHEMES.iter().any(|scheme| starts_decoded(url, scheme))
}

/// Whether `bytes` is `name`, whatever its case. Zero bytes do not count.
fn is_name(bytes: &[u8], name: &str) -> bool {
    bytes
        .iter()
        .filter(|&&byte| byte != 0)
        .map(u8::to_ascii_uppercase)
        .eq(name.bytes())
}

fn starts(bytes: &[u8], prefix: &str) -> bool {
    bytes
        .get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// Whether `html` starts with `prefix` once its character references are decoded. Zero bytes and
/// line ends do not count, nor do blanks in front.
fn starts_decoded(mut html: &[u8], prefix: &str) -> bool {
    let mut wanted = prefix.bytes().peekable();
    let mut leading = true;
    while wanted.peek().is_some() {
        let Some((code, behind)) = decode(html) else {
            return false;
        };
        html = behind;
        if leading && code <= u32::from(b' ') {
            continue;
        }
        leading = false;
        if matches!(code, 0 | 10) {
            continue;
        }
        let upper = match u8::try_from(code) {
            Ok(byte) => byte.to_ascii_uppercase(),
            // C keeps the low byte, without regard to its case.
            Err(_) => code.to_le_bytes()[0],
        };
        if wanted.next() != Some(upper) {
            return false;
        }
    }
    true
}

/// The first character of `html`, and what follows it. References by name are not decoded.
fn decode(html: &[u8]) -> Option<(u32, &[u8])> {
    let (&first, behind) = html.split_first()?;
    let reference = match html {
        [b'&', b'#', b'x' | b'X', digits @ ..] => number(digits, 16),
        [b'&', b'#', digits @ ..] => number(digits, 10),
        _ => None,
    };
    Some(reference.unwrap_or((u32::from(first), behind)))
}

/// The largest number of a character reference.
const MAX_REFERENCE: u32 = 0x10_00FF;

/// The number that `text` starts with, unless it has none or one too large, and what follows it and
/// its semicolon.
fn number(text: &[u8], radix: u32) -> Option<(u32, &[u8])> {
    let digit = |byte: &u8| char::from(*byte).to_digit(radix);
    let mut value = digit(text.first()?)?;
    let mut rest = text.get(1..)?;
    while let [byte, behind @ ..] = rest {
        let Some(digit) = digit(byte) else {
            break;
        };
        value = value * radix + digit;
        if value > MAX_REFERENCE {
            return None;
        }
        rest = behind;
    }
    Some((value, rest.strip_prefix(b";").unwrap_or(rest)))
}
