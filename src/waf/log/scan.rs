//! The scan of a text for what it assigns to masked names.
//!
//! Invariant: one pass; every byte is copied or replaced, and none is looked at twice but for escapes
//! of one byte. Non-goal: knowing which language the text is in.

use super::masks::{MASK, Masks};

/// Bytes of a name that are looked at.
pub(super) const NAME: usize = 128;

/// Where in an XML tag the scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Outside,
    /// In the name of an element.
    Name,
    /// Behind the name of an element that is masked.
    Masked,
}

/// A text that is being copied.
pub(super) struct Scan<'a, 'o> {
    masks: &'a Masks,
    rest: &'a [u8],
    out: &'o mut Vec<u8>,
    /// The name that was read last.
    name: Vec<u8>,
    /// Whether something stood behind it that may stand before `=`.
    ended: bool,
    /// Whether the text is the query of an address, in which a value ends with `&`.
    in_query: bool,
    tag: Tag,
    /// What was replaced.
    hidden: Vec<&'a [u8]>,
}

impl<'a, 'o> Scan<'a, 'o> {
    /// Copies `text` to `out` but for what it assigns to masked names, and returns that.
    pub(super) fn run(masks: &'a Masks, text: &'a [u8], out: &'o mut Vec<u8>) -> Vec<&'a [u8]> {
        let mut scan = Self {
            masks,
            rest: text,
            out,
            name: Vec::new(),
            ended: false,
            in_query: false,
            tag: Tag::Outside,
            hidden: Vec::new(),
        };
        while scan.step() {}
        scan.hidden
    }

    fn step(&mut self) -> bool {
        let Some((byte, rest)) = token(self.rest) else {
            return false;
        };
        self.copy(rest);
        if is_name(byte) {
            if self.ended || self.name.len() >= NAME {
                self.name.clear();
                self.ended = false;
            }
            self.name.push(byte);
            return true;
        }
        // Before a colon stands a prefix; the name of an end tag is empty, a slash being first.
        if self.tag == Tag::Name && byte != b':' {
            let masked = self.masks.name(&self.name);
            self.tag = if masked { Tag::Masked } else { Tag::Outside };
        }
        match byte {
            b'=' | b':' if !self.name.is_empty() => {
                let masked = match self.tag {
                    Tag::Outside => self.masks.name(&self.name),
                    Tag::Name => false,
                    Tag::Masked => true,
                };
                self.name.clear();
                if masked {
                    self.assigned(byte);
                }
            }
            b'>' if self.tag == Tag::Masked => {
                self.tag = Tag::Outside;
                self.skip(|byte| byte == b'<');
            }
            b' ' | b'\t' | b'"' | b'\'' | b'\\' | b'+' => self.ended = !self.name.is_empty(),
            _ => self.name.clear(),
        }
        match byte {
            b'<' => self.tag = Tag::Name,
            b'?' => self.in_query = true,
            _ if ends_address(byte) => self.in_query = false,
            _ => {}
        }
        true
    }

    /// Writes what lies before `rest`.
    fn copy(&mut self, rest: &'a [u8]) {
        let length = self.rest.len() - rest.len();
        self.out
            .extend_from_slice(self.rest.get(..length).unwrap_or_default());
        self.rest = rest;
    }

    /// Replaces what is assigned by `operator`.
    fn assigned(&mut self, operator: u8) {
        while let Some((b' ' | b'\t' | b'=' | b'>' | b'+', rest)) = token(self.rest) {
            self.copy(rest);
        }
        let start = self.rest;
        let mut slashes = false;
        while let Some((b'\\', rest)) = token(self.rest) {
            slashes = true;
            self.rest = rest;
        }
        match token(self.rest) {
            Some((quote @ (b'"' | b'\''), rest)) => {
                self.rest = start;
                self.copy(rest);
                let mut escaped = false;
                self.skip(|byte| {
                    let ends = byte == quote && !escaped;
                    // In a text that is quoted itself, every quote has a backslash.
                    escaped = byte == b'\\' && !escaped && !slashes;
                    ends
                });
            }
            Some((b'{' | b'[', _)) if operator == b':' => {
                let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
                self.skip(|byte| {
                    match byte {
                        b'"' if !escaped => quoted = !quoted,
                        b'{' | b'[' if !quoted => depth += 1,
                        b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    escaped = byte == b'\\' && !escaped;
                    depth == 0
                });
            }
            _ if self.in_query => {
                self.rest = start;
                self.skip(|byte| byte == b'&' || ends_address(byte));
            }
            _ if operator == b':' => {
                self.rest = start;
                self.skip(|byte| b"\r\n,&})\"'<".contains(&byte));
            }
            _ => {
                self.rest = start;
                self.skip(|byte| ends_address(byte) || b"&;,){}|]".contains(&byte));
            }
        }
    }

    /// Replaces what lies before the first byte that `ends` says ends it.
    fn skip(&mut self, mut ends: impl FnMut(u8) -> bool) {
        let start = self.rest;
        while let Some((byte, rest)) = token(self.rest) {
            if ends(byte) {
                break;
            }
            self.rest = rest;
        }
        let hidden = start.get(..start.len() - self.rest.len());
        if let Some(hidden @ [_, ..]) = hidden {
            self.hidden.push(hidden);
            self.out.extend_from_slice(MASK);
        }
    }
}

/// The byte that the text begins with, through escapes.
pub(super) fn token(text: &[u8]) -> Option<(u8, &[u8])> {
    let (first, rest) = text.split_first()?;
    let escaped = match (first, rest) {
        (b'%', _) => {
            let mut digits = rest;
            while let [b'2', b'5', more @ ..] = digits {
                digits = more;
            }
            pair(digits)
        }
        (b'\\', [b'u' | b'U', b'0', b'0', digits @ ..]) => pair(digits),
        _ => None,
    };
    Some(escaped.unwrap_or((*first, rest)))
}

fn pair(digits: &[u8]) -> Option<(u8, &[u8])> {
    let [high, low, rest @ ..] = digits else {
        return None;
    };
    let value = |digit: &u8| char::from(*digit).to_digit(16);
    let byte = value(high)? << 4 | value(low)?;
    Some((u8::try_from(byte).ok()?, rest))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b"_-.[]$@".contains(&byte)
}

fn ends_address(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\"'<>".contains(&byte)
}
