//! Findings as people read them.

use std::fmt::Write as _;

use super::error::Finding;
use super::{SourceMap, Span};

/// How much of a line is shown before the bytes at fault, and how much in all, in bytes.
const BEFORE: usize = 60;
const WINDOW: usize = 110;

/// The message with its place, the line, and a caret under the bytes at fault.
pub(super) fn render(finding: &Finding, sources: &SourceMap) -> String {
    let place = sources.locate(finding.span);
    let (line, carets) = excerpt(finding.span, sources);
    let number = place.line.to_string();
    let margin = " ".repeat(number.len());
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "{}:{}:{}: {}\n{margin} |\n{number} | {line}\n{margin} | {carets}\n",
        place.file, place.line, place.column, finding.kind,
    );
    out
}

/// The part of the line around a span, and carets for the line under it.
fn excerpt(span: Span, sources: &SourceMap) -> (String, String) {
    let text = sources.text(span.file).map(|text| &**text);
    let text = text.unwrap_or_default();
    let (before, after) = text
        .split_at_checked(span.start as usize)
        .unwrap_or((text, &[]));
    let begin = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let before = before.get(begin..).unwrap_or_default();
    let cut = before.len().saturating_sub(BEFORE);
    let before = before.get(cut..).unwrap_or_default();
    let end = memchr::memchr(b'\n', after).unwrap_or(after.len());
    let after = after.get(..end).unwrap_or_default();
    let after = after.strip_suffix(b"\r").unwrap_or(after);
    let (shown, rest) = after
        .split_at_checked(WINDOW - before.len().min(WINDOW))
        .unwrap_or((after, &[]));
    let length = (span.end - span.start) as usize;
    let (fault, tail) = shown.split_at_checked(length).unwrap_or((shown, &[]));

    let mut line = String::from(if cut > 0 { "..." } else { "" });
    push_visible(&mut line, before);
    let column = line.chars().count();
    push_visible(&mut line, fault);
    let width = line.chars().count() - column;
    push_visible(&mut line, tail);
    if !rest.is_empty() {
        line.push_str("...");
    }
    let carets = " ".repeat(column) + &"^".repeat(width.max(1));
    (line, carets)
}

/// Appends text in which nothing moves the cursor: a character for each of its own.
fn push_visible(line: &mut String, text: &[u8]) {
    for chunk in text.utf8_chunks() {
        line.extend(chunk.valid().chars().map(|letter| match letter {
            '\t' => ' ',
            letter if letter.is_control() => char::REPLACEMENT_CHARACTER,
            letter => letter,
        }));
        line.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
}
