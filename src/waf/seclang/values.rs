//! Numbers, words and lists: what directives and actions have as values.
//!
//! What a value must be stands in the table row of its directive or action; here a value is there
//! or not.

use std::ops::RangeInclusive;

use super::error::{Finding, FindingKind, NameKind};
use super::text::{Buffer, Text, is_space};
use super::{AuditMode, AuditParts, BodyProcessor, EngineMode, IdRange, LimitAction};

/// Why a directive or an action cannot be read.
pub(super) enum Fault<'a> {
    /// This is not what its row asks for.
    Value(Text<'a>),
    Found(Finding),
}

impl From<Finding> for Fault<'_> {
    fn from(finding: Finding) -> Self {
        Self::Found(finding)
    }
}

impl Fault<'_> {
    /// The finding, for something of this kind and name that takes `expected`.
    pub(super) fn finding(
        self,
        kind: NameKind,
        of: &'static str,
        expected: &'static str,
    ) -> Finding {
        match self {
            Self::Found(finding) => finding,
            Self::Value(text) => {
                let kind = FindingKind::Value {
                    kind,
                    of,
                    value: text.shown(),
                    expected,
                };
                kind.at(text)
            }
        }
    }
}

/// The value that was read from `text`, or that it is none.
pub(super) fn of<T>(text: Text<'_>, value: Option<T>) -> Result<T, Fault<'_>> {
    value.ok_or(Fault::Value(text))
}

/// Takes what stands between single quotes from the front of `text`, where `\'` is a quote and
/// `\\` a backslash. Returns the place of the closing quote and what follows it.
pub(super) fn quoted<'a>(text: Text<'a>, buffer: &mut Buffer) -> Result<(u32, Text<'a>), Finding> {
    let mut bytes = text.iter().enumerate().skip(1).peekable();
    while let Some((index, (byte, place))) = bytes.next() {
        let escaped = |next: &(usize, (u8, u32))| matches!(next.1.0, b'\'' | b'\\');
        match byte {
            b'\'' => return Ok((place, text.split_at(index + 1).1)),
            b'\\' => {
                let (byte, place) = bytes.next_if(escaped).map_or((byte, place), |next| next.1);
                buffer.push(byte, place);
            }
            _ => buffer.push(byte, place),
        }
    }
    Err(FindingKind::UnclosedSingleQuote.at(text.split_at(1).0))
}

/// Digits.
pub(super) fn number(text: Text<'_>) -> Option<u64> {
    let digits = Some(text.bytes()).filter(|bytes| bytes.iter().all(u8::is_ascii_digit))?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A number in a range, both ends included.
pub(super) fn within<T: TryFrom<u64>>(text: Text<'_>, range: RangeInclusive<u64>) -> Option<T> {
    let number = number(text).filter(|number| range.contains(number))?;
    number.try_into().ok()
}

/// The one of some words, in any case.
pub(super) fn choice<T: Copy>(text: Text<'_>, choices: &[(&str, T)]) -> Option<T> {
    let found = choices.iter().find(|choice| text.is(choice.0))?;
    Some(found.1)
}

pub(super) fn on_off(text: Text<'_>) -> Option<bool> {
    choice(text, &[("On", true), ("Off", false)])
}

pub(super) fn engine_mode(text: Text<'_>) -> Option<EngineMode> {
    const MODES: [(&str, EngineMode); 3] = [
        ("On", EngineMode::On),
        ("Off", EngineMode::Off),
        ("DetectionOnly", EngineMode::DetectionOnly),
    ];
    choice(text, &MODES)
}

pub(super) fn audit_mode(text: Text<'_>) -> Option<AuditMode> {
    const MODES: [(&str, AuditMode); 3] = [
        ("On", AuditMode::On),
        ("Off", AuditMode::Off),
        ("RelevantOnly", AuditMode::RelevantOnly),
    ];
    choice(text, &MODES)
}

pub(super) fn limit_action(text: Text<'_>) -> Option<LimitAction> {
    const ACTIONS: [(&str, LimitAction); 2] = [
        ("Reject", LimitAction::Reject),
        ("ProcessPartial", LimitAction::ProcessPartial),
    ];
    choice(text, &ACTIONS)
}

pub(super) fn body_processor(text: Text<'_>) -> Option<BodyProcessor> {
    const PROCESSORS: [(&str, BodyProcessor); 5] = [
        ("URLENCODED", BodyProcessor::Urlencoded),
        ("MULTIPART", BodyProcessor::Multipart),
        ("XML", BodyProcessor::Xml),
        ("JSON", BodyProcessor::Json),
        ("RAW", BodyProcessor::Raw),
    ];
    choice(text, &PROCESSORS)
}

/// Letters `A` to `K`, and `Z`; at least one.
pub(super) fn audit_parts(text: Text<'_>) -> Option<AuditParts> {
    let bit = |byte: u8| match byte.to_ascii_uppercase() {
        letter @ (b'A'..=b'K' | b'Z') => Some(1 << (letter - b'A')),
        _ => None,
    };
    let mut bits = text.bytes().iter().map(|&byte| bit(byte));
    let parts = bits.try_fold(0, |all, bit| bit.map(|bit: u32| all | bit))?;
    (parts != 0).then_some(AuditParts(parts))
}

/// Ids and ranges of ids, with blanks or commas between; at least one.
pub(super) fn ids(text: Text<'_>) -> Option<Vec<IdRange>> {
    let separates = |byte: u8| is_space(byte) || byte == b',';
    let mut ranges = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.split_where(|byte| !separates(byte)).1;
        if rest.is_empty() {
            return Some(ranges).filter(|ranges| !ranges.is_empty());
        }
        let (range, after) = rest.split_where(separates);
        let (first, last) = range.split_once(b'-').unwrap_or((range, range));
        let range = IdRange {
            first: number(first)?,
            last: number(last)?,
        };
        if range.first > range.last {
            return None;
        }
        ranges.push(range);
        rest = after;
    }
}
