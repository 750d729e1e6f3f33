//! `removeComments`, `removeCommentsChar`, `replaceComments`.
//!
//! Invariant: the output is not longer than the input. Non-goal: knowing strings; a comment within
//! one is a comment.

use memchr::{memchr_iter, memchr3_iter};

use super::byte_set::ByteSet;
use super::scan;

/// Takes out `/* */` and `<!-- -->`, either of which may end the other, and all from `--` or `#` on.
/// A comment without an end becomes a space.
///
/// As in ModSecurity, the byte after a comment is copied whatever it is; where nothing follows, that
/// is the zero byte with which its strings end.
pub(super) fn remove(input: &[u8], output: &mut Vec<u8>) {
    let mut rest = input;
    let mut inside = false;
    while !rest.is_empty() {
        rest = match (inside, rest) {
            (false, [b'/', b'*', rest @ ..] | [b'<', b'!', b'-', b'-', rest @ ..]) => {
                inside = true;
                rest
            }
            (false, [b'-', b'-', ..] | [b'#', ..]) => return,
            (true, [b'*', b'/', rest @ ..] | [b'-', b'-', b'>', rest @ ..]) => {
                inside = false;
                let (next, rest) = rest.split_first().unwrap_or((&0, rest));
                output.push(*next);
                rest
            }
            (true, [_, rest @ ..]) => rest,
            (false, [byte, rest @ ..]) => {
                output.push(*byte);
                rest
            }
            (_, []) => rest,
        };
    }
    if inside {
        output.push(b' ');
    }
}

/// Puts a space in the place of each `/* */`, and of one without an end.
pub(super) fn replace(input: &[u8], output: &mut Vec<u8>) {
    scan::rewrite(input, output, find_start, |from, output| {
        output.push(b' ');
        let inside = from.get(2..).unwrap_or_default();
        let end = memchr_iter(b'*', inside)
            .map(|at| at + 1)
            .find(|&slash| inside.get(slash) == Some(&b'/'));
        end.and_then(|slash| inside.get(slash + 1..))
            .unwrap_or_default()
    });
}

/// Whether there is anything that may begin or end a comment.
pub(super) fn has_marks(input: &[u8]) -> bool {
    let mut places = memchr3_iter(b'*', b'-', b'#', input);
    places.any(|at| match input.get(at..) {
        Some([b'#', ..] | [b'-', b'-', ..] | [b'*', b'/', ..]) => true,
        Some([b'*', ..]) => at.checked_sub(1).and_then(|at| input.get(at)) == Some(&b'/'),
        _ => false,
    })
}

/// Whether `/*` occurs.
pub(super) fn has_start(input: &[u8]) -> bool {
    find_start(input).is_some()
}

/// Where `/*` begins.
fn find_start(bytes: &[u8]) -> Option<usize> {
    memchr_iter(b'*', bytes)
        .filter_map(|at| at.checked_sub(1))
        .find(|&slash| bytes.get(slash) == Some(&b'/'))
}

/// Bytes with which what begins or ends a comment may begin.
const MARKS: ByteSet = ByteSet::of(b"/*<-#");

/// Takes out what begins or ends a comment: `/*`, `*/`, `<!--`, `-->`, `--` and `#`.
pub(super) fn remove_marks(input: &[u8], output: &mut Vec<u8>) {
    let find = |bytes: &[u8]| MARKS.find(bytes);
    scan::rewrite(input, output, find, |from, output| match from {
        [b'<', b'!', b'-', b'-', rest @ ..]
        | [b'-', b'-', b'>', rest @ ..]
        | [b'/', b'*', rest @ ..]
        | [b'*', b'/', rest @ ..]
        | [b'-', b'-', rest @ ..]
        | [b'#', rest @ ..] => rest,
        [byte, rest @ ..] => {
            output.push(*byte);
            rest
        }
        [] => from,
    });
}
