//! `normalizePath`, `normalizePathWin`.
//!
//! Invariant: the output is not longer than the input and has no run of slashes. Non-goal: paths as
//! the proxy sees them; this is the function that rules expect, with what ModSecurity makes of odd
//! segments: one that ends in two dots is a way back too, and takes itself along if it is longer.

use memchr::{memchr, memchr2_iter};

/// Merges slashes and resolves the segments `.` and `..`.
pub(super) fn normalize(input: &[u8], output: &mut Vec<u8>) {
    resolve(input, |byte| byte == b'/', output);
}

/// The same, after making slashes of backslashes. ModSecurity forgets to in runs of three or more,
/// which is not copied.
pub(super) fn normalize_windows(input: &[u8], output: &mut Vec<u8>) {
    resolve(input, |byte| matches!(byte, b'/' | b'\\'), output);
}

/// Whether there may be something to do: an empty segment, or one that begins with a dot or ends with
/// two.
pub(super) fn is_odd(input: &[u8]) -> bool {
    let begins = |rest: &[u8]| matches!(rest, [b'/', b'/' | b'.', ..] | [b'.', b'.', ..]);
    let mut places = memchr2_iter(b'/', b'.', input);
    input.first() == Some(&b'.') || places.any(|at| input.get(at..).is_some_and(begins))
}

/// The same where backslashes are slashes, of which there is none in the end.
pub(super) fn is_odd_windows(input: &[u8]) -> bool {
    memchr(b'\\', input).is_some() || is_odd(input)
}

fn resolve(input: &[u8], is_slash: impl Fn(u8) -> bool + Copy, output: &mut Vec<u8>) {
    let (Some(&first), Some(&last)) = (input.first(), input.last()) else {
        return;
    };
    let mut path = Path {
        output,
        relative: !is_slash(first),
        at_root: false,
    };
    let mut segments = input.split(|&byte| is_slash(byte)).peekable();
    while let Some(segment) = segments.next() {
        let more = segments.peek().is_some();
        path.push(segment, more);
        if more {
            path.push_slash();
        }
    }
    if !is_slash(last) {
        output.pop_if(|byte| *byte == b'/');
    }
}

struct Path<'a> {
    output: &'a mut Vec<u8>,
    relative: bool,
    /// Whether there is no way back from here: a relative path keeps its segments `..` then.
    at_root: bool,
}

impl Path<'_> {
    fn push(&mut self, segment: &[u8], more: bool) {
        match segment {
            [] | [b'.'] => {}
            [.., b'.', b'.'] => self.back(segment, more),
            [.., end] => {
                if *end != b'.' && self.output.len() + segment.len() > 1 {
                    self.at_root = false;
                }
                self.output.extend_from_slice(segment);
            }
        }
    }

    fn push_slash(&mut self) {
        let double = self.output.last() == Some(&b'/');
        let leading = self.relative && self.output.is_empty();
        if !double && !leading {
            self.output.push(b'/');
        }
    }

    /// Goes back for a segment that ends in two dots.
    fn back(&mut self, segment: &[u8], more: bool) {
        if self.relative && (self.at_root || self.output.len() + segment.len() <= 3) {
            self.at_root = true;
            self.output.extend_from_slice(segment);
            return;
        }
        // The slash before this segment, or that before the last one.
        let own = usize::from(segment.len() == 2);
        let before = self.output.len().saturating_sub(own);
        let above = self.output.get(..before).unwrap_or_default();
        let slash = above.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
        self.output.truncate(slash);
        if slash == 0 {
            self.at_root = true;
            if !self.relative && !more {
                self.output.push(b'/');
            }
        }
    }
}
