//! Bytes as people read them: escaped, cut to a window, with a mark under some of them.
//!
//! Invariant: every byte can be told from what is printed; nothing that a terminal would obey is.
//! Non-goal: guessing a charset.

use std::{fmt::Write as _, ops::Range};

/// Columns of a value that are shown.
pub(super) const COLUMNS: usize = 96;

/// What stands for what is left out on either side.
const MORE: &str = "...";

/// A value in one line, and the columns of it that are marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    /// From and to, the end exclusive; at least one column wide.
    pub(super) marked: Option<Range<usize>>,
}

/// Appends a byte: printable ASCII as it is, a backslash as two, every other byte as `\xhh`.
fn push(byte: u8, out: &mut String) {
    match byte {
        b'\\' => out.push_str("\\\\"),
        b' '..=b'~' => out.push(char::from(byte)),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        // Writing to a string does not fail.
        _ => _ = write!(out, "\\x{byte:02x}"),
    }
}

/// All of a value: a backslash is two, what is not printable ASCII is `\n`, `\r`, `\t` or `\xhh`.
pub fn escaped(value: &[u8]) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value {
        push(*byte, &mut out);
    }
    out
}

/// A value in at most about [`COLUMNS`] columns: those around the bytes of `span`, else the first.
pub(super) fn line(value: &[u8], span: Option<Range<usize>>) -> Line {
    let widths: Vec<usize> = value.iter().map(|byte| width(*byte)).collect();
    let (start, end) = window(&widths, span.as_ref());
    let mut text = String::new();
    if start > 0 {
        text.push_str(MORE);
    }
    let mut marked = span.as_ref().map(|_| 0..0);
    for (at, byte) in value.iter().enumerate().take(end).skip(start) {
        let column = text.len();
        push(*byte, &mut text);
        if let (Some(span), Some(marked)) = (&span, &mut marked)
            && span.contains(&at)
        {
            if marked.start == marked.end {
                marked.start = column;
            }
            marked.end = text.len();
        }
    }
    if let (Some(span), Some(marked)) = (&span, &mut marked)
        && span.is_empty()
    {
        // What matched is nothing: the place between two bytes.
        let before = widths.get(start..span.start.max(start)).unwrap_or_default();
        let column = before.iter().sum::<usize>() + if start > 0 { MORE.len() } else { 0 };
        *marked = column..column + 1;
    }
    if end < value.len() {
        text.push_str(MORE);
    }
    Line { text, marked }
}

fn width(byte: u8) -> usize {
    match byte {
        b'\\' | b'\n' | b'\r' | b'\t' => 2,
        b' '..=b'~' => 1,
        _ => 4,
    }
}

/// Which bytes are shown: the first and one past the last.
fn window(widths: &[usize], span: Option<&Range<usize>>) -> (usize, usize) {
    let wide =
        |range: Range<usize>| -> usize { widths.get(range).unwrap_or_default().iter().sum() };
    let mut start = 0;
    if let Some(span) = span {
        let end = span.end.min(widths.len());
        if wide(0..end) > COLUMNS {
            // A third of the line for what is before.
            start = span.start.min(widths.len());
            let mut before = 0;
            while start > 0 && before < COLUMNS / 3 {
                start -= 1;
                before += widths.get(start).copied().unwrap_or_default();
            }
        }
    }
    let mut shown = 0;
    let mut end = start;
    while let Some(width) = widths.get(end) {
        if shown + width > COLUMNS {
            break;
        }
        shown += width;
        end += 1;
    }
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_can_be_told_from_what_is_printed() {
        let all: Vec<u8> = (0..=255).collect();
        let printed = escaped(&all);
        assert!(printed.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        assert_eq!(escaped(b"a\\x00\0\n\xff'\""), "a\\\\x00\\x00\\n\\xff'\"");
        let widths: usize = all.iter().map(|byte| width(*byte)).sum();
        assert_eq!(printed.len(), widths);
    }

    #[test]
    fn marks_stand_under_the_bytes_as_they_are_printed() {
        for (value, span, text, marked) in [
            (&b"abc"[..], Some(1..2), "abc", Some(1..2)),
            (b"a\0bc", Some(2..4), "a\\x00bc", Some(5..7)),
            (b"a\0bc", Some(1..2), "a\\x00bc", Some(1..5)),
            (b"abc", None, "abc", None),
            (b"", Some(0..0), "", Some(0..1)),
            (b"\0a", Some(1..1), "\\x00a", Some(4..5)),
        ] {
            let found = line(value, span);
            assert_eq!(
                (found.text.as_str(), found.marked),
                (text, marked),
                "{value:?}"
            );
        }
    }

    #[test]
    fn long_values_are_shown_around_what_matched() {
        let value = [vec![b'a'; 500], b"match".to_vec(), vec![b'b'; 500]].concat();
        let Line { text, marked } = line(&value, Some(500..505));
        let marked = marked.unwrap_or_default();
        assert_eq!(text.get(marked), Some("match"));
        assert!(text.len() <= COLUMNS + 2 * MORE.len(), "{text}");
        assert!(text.starts_with("...a") && text.ends_with("b..."));
    }
}
