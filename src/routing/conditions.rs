//! What a rule asks besides its path, compiled.

use super::{FieldMatch, Match, PathMatch, PatternError, TextMatch, pattern::Pattern};
use crate::message::{FieldId, RequestHead};

/// The conditions of a rule that its path and kind do not say; most rules have none.
#[derive(Debug)]
pub(super) struct Conditions {
    /// The path's pattern, for rules whose path is a regular expression.
    pub(super) pattern: Option<Pattern>,
    method: Option<Box<str>>,
    headers: Box<[HeaderCondition]>,
    query: Box<[QueryCondition]>,
}

#[derive(Debug)]
struct HeaderCondition {
    id: FieldId,
    /// Lower-case.
    name: Box<str>,
    value: Text,
}

#[derive(Debug)]
struct QueryCondition {
    name: Box<str>,
    value: Text,
}

#[derive(Debug)]
enum Text {
    Exact(Box<str>),
    Pattern(Pattern),
}

impl Conditions {
    /// Compiles what `rule` asks; `None` if its path says it all.
    pub(super) fn compile(rule: &Match) -> Result<Option<Box<Self>>, PatternError> {
        let Match {
            path,
            method,
            headers,
            query,
        } = rule;
        let pattern = match path {
            PathMatch::Exact(_) | PathMatch::Prefix(_) => None,
            PathMatch::Regex {
                pattern,
                case_insensitive,
            } => Some(Pattern::for_start(pattern, *case_insensitive)?),
        };
        if pattern.is_none() && method.is_none() && headers.is_empty() && query.is_empty() {
            return Ok(None);
        }
        Ok(Some(Box::new(Self {
            pattern,
            method: method.clone(),
            headers: headers
                .iter()
                .map(HeaderCondition::compile)
                .collect::<Result<_, _>>()?,
            query: query
                .iter()
                .map(QueryCondition::compile)
                .collect::<Result<_, _>>()?,
        })))
    }

    /// Whether method, fields and query are as asked. The path is not looked at.
    pub(super) fn hold(&self, query: Option<&[u8]>, head: &RequestHead) -> bool {
        self.method
            .as_ref()
            .is_none_or(|m| m.as_bytes() == head.method_bytes())
            && self.headers.iter().all(|h| h.holds(head))
            && self
                .query
                .iter()
                .all(|q| q.holds(query.unwrap_or_default()))
    }
}

impl HeaderCondition {
    fn compile(field: &FieldMatch) -> Result<Self, PatternError> {
        let FieldMatch { name, value } = field;
        let name = name.to_ascii_lowercase();
        let id = FieldId::KNOWN
            .iter()
            .find(|(_, known)| *known == name)
            .map_or(FieldId::Other, |(id, _)| *id);
        Ok(Self {
            id,
            name: name.into(),
            value: Text::compile(value)?,
        })
    }

    fn holds(&self, head: &RequestHead) -> bool {
        head.fields().any(|field| {
            field.id == self.id
                && (self.id != FieldId::Other
                    || field.name.eq_ignore_ascii_case(self.name.as_bytes()))
                && self.value.matches(field.value.iter().copied())
        })
    }
}

impl QueryCondition {
    fn compile(field: &FieldMatch) -> Result<Self, PatternError> {
        let FieldMatch { name, value } = field;
        Ok(Self {
            name: name.clone(),
            value: Text::compile(value)?,
        })
    }

    fn holds(&self, query: &[u8]) -> bool {
        query.split(|b| *b == b'&').any(|pair| {
            let mut parts = pair.splitn(2, |b| *b == b'=');
            let name = parts.next().unwrap_or_default();
            let value = parts.next().unwrap_or_default();
            form_decoded(name).eq(self.name.bytes()) && self.value.matches(form_decoded(value))
        })
    }
}

impl Text {
    fn compile(text: &TextMatch) -> Result<Self, PatternError> {
        Ok(match text {
            TextMatch::Exact(text) => Self::Exact(text.clone()),
            TextMatch::Regex(pattern) => Self::Pattern(Pattern::for_whole(pattern)?),
        })
    }

    fn matches(&self, bytes: impl Iterator<Item = u8>) -> bool {
        match self {
            Self::Exact(text) => bytes.eq(text.bytes()),
            Self::Pattern(pattern) => pattern.matches_whole(bytes),
        }
    }
}

/// The bytes that a form-encoded text means (WHATWG URL, `application/x-www-form-urlencoded`):
/// `+` is a space, broken escapes stand for themselves.
fn form_decoded(text: &[u8]) -> impl Iterator<Item = u8> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (&first, after) = rest.split_first()?;
        if let (b'%', [high, low, after @ ..]) = (first, after)
            && let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low))
        {
            rest = after;
            return Some(high << 4 | low);
        }
        rest = after;
        Some(if first == b'+' { b' ' } else { first })
    })
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
