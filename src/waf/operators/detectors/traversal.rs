//! `@detectTraversal`: paths that lead out of their folder.
//!
//! The value is read as the dots, separators and names that some decoder may take it for: percent-encoded
//! once or several times, even digit by digit, as `%u002e`, `\x2e`, `\u002e` or `0x2e`, in overlong
//! UTF-8 or full width. Then segments are counted as a file system would take them. A value that is a
//! path is one that is opened; in a text, in quotes or in the parentheses of a link a path is mostly one
//! that somebody writes about, so there it counts if it is disguised, or for where it leads. Invariant:
//! each byte is looked at a bounded number of times. Non-goal: whether the file is there.

use std::ops::Range;

use super::prose::is_prose;

/// One of these is in every value with a segment of dots and separators around it.
pub(super) const WORDS: &[&[u8]] = &[
    b"..", b"/./", b"\\.\\", b"/.\\", b"%2", b"%3", b"%5", b"%6", b"%u", b"%c", b"%e", b"%f",
    b"%%", b"%b", b"\\x2", b"\\x5", b"\\u00", b"\\u2", b"\\uf", b"0x2", b"0x5", b"\xc0", b"\xc1",
    b"\xe0", b"\xe2", b"\xef", b"\xf0", b"\xf8", b"\xfc",
];

/// What paths that are attacks lead to, in lower case and with slashes: what a system or a server keeps
/// for itself. Folders that sources have as well, such as `usr`, are not among them.
const TARGETS: &[&[u8]] = &[
    b".aws/credentials",
    b".bash_history",
    b".git/config",
    b".git/head",
    b".git/index",
    b".htaccess",
    b".htpasswd",
    b".kube/config",
    b".ssh/",
    b"apache/conf",
    b"apache/logs",
    b"apache2/",
    b"boot.ini",
    b"boot/grub",
    b"etc/apache",
    b"etc/cron",
    b"etc/fstab",
    b"etc/group",
    b"etc/host",
    b"etc/httpd",
    b"etc/issue",
    b"etc/kubernetes/",
    b"etc/motd",
    b"etc/my.cnf",
    b"etc/mysql/",
    b"etc/nginx/",
    b"etc/passwd",
    b"etc/php",
    b"etc/profile",
    b"etc/resolv.conf",
    b"etc/shadow",
    b"etc/ssh/",
    b"etc/ssl/private",
    b"etc/sudoers",
    b"inetpub/",
    b"meta-inf/",
    b"opt/lampp",
    b"proc/1/",
    b"proc/cmdline",
    b"proc/cpuinfo",
    b"proc/meminfo",
    b"proc/mounts",
    b"proc/net/",
    b"proc/self/",
    b"proc/version",
    b"program files",
    b"progra~",
    b"root/.",
    b"system32/",
    b"usr/local/apache",
    b"usr/local/apps",
    b"usr/local/etc/",
    b"usr/local/nginx",
    b"usr/local/tomcat",
    b"var/lib/mysql",
    b"var/log/",
    b"var/mail/",
    b"var/run/secrets",
    b"var/spool/",
    b"var/www/",
    b"web-inf/",
    b"web.config",
    b"win.ini",
    b"windows/php.ini",
    b"windows/repair/",
    b"windows/system",
    b"windows/win.ini",
    b"winnt/",
    b"wp-config",
    b"xampp/",
];

/// What stands at a place of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symbol {
    Dot,
    Separator,
    /// A semicolon, behind which servlet containers expect parameters of a segment.
    Parameter,
    /// What some decoders leave out.
    Nothing,
    /// What a path is parted from other things by.
    Break,
    Other,
}

/// A path while it is walked.
#[derive(Default)]
struct Walk {
    /// Separators so far.
    separators: usize,
    /// Whether it begins with a separator.
    rooted: bool,
    /// Dots of the segment, as long as there is nothing else.
    dots: usize,
    /// Other bytes of the segment.
    others: usize,
    /// Whether the segment's dots or the separator before them are encoded.
    encoded: bool,
    /// Whether the separator before the segment is a backslash.
    backslash: bool,
    /// Segments of two dots.
    up: usize,
    /// Those of them that are encoded, at least in part.
    up_encoded: usize,
    /// Those of them with a backslash at either end.
    up_backslash: usize,
    /// Segments of one dot.
    here: usize,
    /// Segments of three dots and more.
    long: usize,
    /// Those of them behind which two separators stand.
    long_doubled: usize,
    /// Whether the segment before this one was one of three dots and more.
    after_long: bool,
    /// Segments with a name before the first of two dots.
    named: usize,
    /// Whether a variable stands in for what these lead to.
    variable: bool,
    /// Where in the value the last segment of two dots ends.
    beyond: usize,
}

/// What is around a path.
#[derive(Clone, Copy)]
struct Place<'a> {
    input: &'a [u8],
    /// Whether the value holds no blanks and quotes.
    dense: bool,
    /// Where the value's first byte is that is no blank and no quote.
    content: usize,
    /// Where the path begins.
    start: usize,
    /// Where it ends.
    end: usize,
}

/// Where a path leads out of its folder.
pub(super) fn find(input: &[u8]) -> Option<Range<usize>> {
    // Among other things there are paths that people write about.
    let dense = !input
        .iter()
        .any(|byte| byte.is_ascii_whitespace() || b"'\"<>`".contains(byte));
    let is_quote = |byte: &u8| byte.is_ascii_whitespace() || b"'\"`".contains(byte);
    let content = input.iter().take_while(|byte| is_quote(byte)).count();
    let mut walk = Walk::default();
    let (mut start, mut at) = (0, 0);
    while let Some(rest) = input.get(at..).filter(|rest| !rest.is_empty()) {
        let (symbol, len, plain) = symbol(rest);
        if walk.is_at_segment()
            && let Some(len) = wildcards(rest)
        {
            walk.dots = 2;
            walk.encoded = true;
            at += len;
            continue;
        }
        match symbol {
            // Between two dots nobody has seen it.
            Symbol::Nothing if walk.dots == 1 => walk.others += 1,
            Symbol::Nothing => walk.encoded = true,
            Symbol::Break => {
                let place = Place {
                    input,
                    dense,
                    content,
                    start,
                    end: at,
                };
                if walk.ends(place) {
                    return Some(start..at);
                }
                walk = Walk::default();
                start = at + len;
            }
            Symbol::Separator => {
                walk.separator(plain, rest.first() == Some(&b'\\'), at + len);
            }
            Symbol::Dot => {
                walk.dots += 1;
                walk.encoded |= !plain;
            }
            Symbol::Parameter if walk.dots == 2 && walk.others == 0 => walk.parameter(),
            Symbol::Parameter | Symbol::Other => {
                walk.others += 1;
                let stands_in = rest.first().is_some_and(|byte| b"${}%~@".contains(byte));
                walk.variable |= stands_in && walk.up == 0;
            }
        }
        at += len;
    }
    let place = Place {
        input,
        dense,
        content,
        start,
        end: input.len(),
    };
    walk.ends(place).then_some(start..input.len())
}

impl Walk {
    fn is_at_segment(&self) -> bool {
        self.dots == 0 && self.others == 0
    }

    fn separator(&mut self, plain: bool, backslash: bool, end: usize) {
        if self.separators == 0 && self.dots == 0 && self.others == 0 {
            self.rooted = true;
        }
        self.close(Some((plain, backslash)), end);
        self.separators += 1;
        self.encoded = !plain;
        self.backslash = plain && backslash;
    }

    /// `..;`, which some servers read as `..`, and what stands before them does not.
    fn parameter(&mut self) {
        if self.separators > 0 {
            self.up += 1;
            self.up_encoded += 1;
        }
        self.others += 1;
    }

    /// Ends a segment, at a separator that is plain, or a backslash, or at the end of the path. `end`:
    /// where the separator ends in the value.
    fn close(&mut self, separator: Option<(bool, bool)>, end: usize) {
        let (plain, backslash) = separator.unwrap_or((true, false));
        let bounded = separator.is_some() || self.separators > 0;
        let is_empty = self.dots == 0 && self.others == 0;
        if is_empty && self.after_long {
            self.long_doubled += 1;
        }
        self.after_long = false;
        self.named += usize::from(self.others > 0 && self.up == 0);
        if self.others == 0 && bounded {
            match self.dots {
                0 => {}
                1 => self.here += 1,
                2 => {
                    self.up += 1;
                    self.beyond = end;
                    self.up_encoded += usize::from(self.encoded || !plain);
                    self.up_backslash += usize::from(self.backslash || plain && backslash);
                }
                _ => {
                    self.long += 1;
                    self.after_long = true;
                }
            }
        }
        self.dots = 0;
        self.others = 0;
    }

    /// Ends the path: whether it leads out.
    fn ends(&mut self, place: Place<'_>) -> bool {
        self.close(None, place.end);
        if self.up_encoded > 0 {
            return true;
        }
        if !place.dense || place.is_link() {
            return self.up > 2
                && (self.leads_to_target(place)
                    || !self.variable && self.up > self.named + 1 && self.named > 0
                    || self.up + usize::from(self.rooted) > self.named && place.is_value());
        }
        self.up > 1
            || self.up_backslash > 0
            || self.long > 1
            || self.here > 3
            || self.long_doubled > 0
            || place.start == 0 && self.rooted && (self.up > 0 || self.long > 0)
    }

    /// Whether what follows the last step up is something that paths of attacks lead to.
    fn leads_to_target(&self, place: Place<'_>) -> bool {
        let target = place.input.get(self.beyond..place.end).unwrap_or_default();
        let is_same = |byte: &u8, wanted: &u8| match byte {
            b'\\' => *wanted == b'/',
            byte => byte.eq_ignore_ascii_case(wanted),
        };
        TARGETS.iter().any(|wanted| {
            let start = target.get(..wanted.len());
            start.is_some_and(|start| start.iter().zip(*wanted).all(|(a, b)| is_same(a, b)))
        })
    }
}

impl Place<'_> {
    /// Whether the path stands in parentheses, as those of links in Markdown and of styles do.
    fn is_link(self) -> bool {
        let before = self.start.checked_sub(1);
        before.and_then(|at| self.input.get(at)) == Some(&b'(')
    }

    /// Whether the value begins with the path, and what follows is no text about it.
    fn is_value(self) -> bool {
        self.start <= self.content && !is_prose(self.input)
    }
}

/// The symbol that a text begins with, how many bytes it takes, and whether it stands for itself.
fn symbol(rest: &[u8]) -> (Symbol, usize, bool) {
    let plain = |symbol| (symbol, 1, true);
    match rest {
        [b'.', ..] => plain(Symbol::Dot),
        [b'/', ..] => plain(Symbol::Separator),
        [b'\\', b'x' | b'X', more @ ..] => escaped(more, 2, 2).unwrap_or(plain(Symbol::Separator)),
        [b'\\', b'u' | b'U', more @ ..] => escaped(more, 4, 2).unwrap_or(plain(Symbol::Separator)),
        [b'\\', ..] => plain(Symbol::Separator),
        [b'0', b'x' | b'X', more @ ..] => escaped(more, 2, 2).unwrap_or(plain(Symbol::Other)),
        [b'%', ..] => percent(rest).unwrap_or_else(|| match rest {
            [b'%', b'%', ..] => (Symbol::Nothing, 1, false),
            _ => plain(Symbol::Other),
        }),
        [b';', ..] => plain(Symbol::Parameter),
        [0xc0 | 0xc1 | 0xe0 | 0xe2 | 0xef | 0xf0 | 0xf8 | 0xfc, ..] => {
            overlong(rest).map_or(plain(Symbol::Other), |(symbol, len)| (symbol, len, false))
        }
        [byte, ..] if byte.is_ascii_whitespace() => plain(Symbol::Break),
        [
            b'\'' | b'"' | b'`' | b'<' | b'>' | b'|' | b',' | b'(' | b')' | b'=' | b'&' | b'?',
            ..,
        ] => plain(Symbol::Break),
        _ => plain(Symbol::Other),
    }
}

/// `digits` hexadecimal digits that stand for a dot or a separator, after `before` bytes.
fn escaped(more: &[u8], digits: usize, before: usize) -> Option<(Symbol, usize, bool)> {
    let digits = more.get(..digits)?;
    let code = digits.iter().try_fold(0_u32, |code, digit| {
        Some(code << 4 | char::from(*digit).to_digit(16)?)
    })?;
    Some((of_code(code)?, before + digits.len(), false))
}

/// The codes of dots and separators, those included that are mapped to them.
fn of_code(code: u32) -> Option<Symbol> {
    Some(match code {
        0x2e | 0xff0e | 0x2024 => Symbol::Dot,
        // The last two are taken for separators by what maps characters to similar ones.
        0x2f | 0x5c | 0xf025 | 0xefc8 | 0x2215 | 0x2216 | 0x2044 | 0xff0f | 0xff3c => {
            Symbol::Separator
        }
        _ => return None,
    })
}

/// Bytes of UTF-8, shortest form or not, that stand for a dot or a separator.
fn overlong(bytes: &[u8]) -> Option<(Symbol, usize)> {
    let tail = |byte: u8| u32::from(byte & 0x3f);
    // Some decoders do not look at the upper bits of what follows.
    let (code, len) = match *bytes {
        // Some look at the last byte alone, some at other bits than there are.
        [0xc0 | 0xc1, last @ (b'.' | b'/' | b'\\'), ..] => (last.into(), 2),
        [0xc0, 0x5e | 0xfe, ..] => (u32::from(b'.'), 2),
        [0xc1, 0xaf, ..] => (u32::from(b'/'), 2),
        [first @ (0xc0 | 0xc1), second, ..] => (u32::from(first & 1) << 6 | tail(second), 2),
        [first @ (0xe0 | 0xe2 | 0xef), second, third, ..] => (
            u32::from(first & 0xf) << 12 | tail(second) << 6 | tail(third),
            3,
        ),
        [0xf0, second, third, fourth, ..] => {
            (tail(second) << 12 | tail(third) << 6 | tail(fourth), 4)
        }
        // Five bytes and six, of which UTF-8 had some once.
        [0xf8, 0x80, 0x80, third, fourth, ..] => (tail(third) << 6 | tail(fourth), 5),
        [0xfc, 0x80, 0x80, 0x80, fourth, fifth, ..] => (tail(fourth) << 6 | tail(fifth), 6),
        _ => return None,
    };
    Some((of_code(code)?, len))
}

/// A percent sign and what it escapes, perhaps escaped itself.
fn percent(rest: &[u8]) -> Option<(Symbol, usize, bool)> {
    let (first, mut at) = byte(rest)?;
    let symbol = match first {
        Escaped::Code(code) => of_code(code)?,
        Escaped::Byte(0..=8 | 0x0e..=0x1f) => Symbol::Nothing,
        Escaped::Byte(byte) if byte.is_ascii() => of_code(byte.into())?,
        Escaped::Byte(first) => {
            let count = match first {
                0xc0 | 0xc1 => 2,
                0xe0 | 0xe2 | 0xef => 3,
                0xf0 => 4,
                0xf8 => 5,
                0xfc => 6,
                _ => return None,
            };
            let mut bytes = [first, 0, 0, 0, 0, 0];
            for place in bytes.iter_mut().take(count).skip(1) {
                let behind = rest.get(at..)?;
                let (next, len) = match behind.first()? {
                    b'%' => byte(behind)?,
                    // Written as it is.
                    plain => (Escaped::Byte(*plain), 1),
                };
                let Escaped::Byte(next) = next else {
                    return None;
                };
                *place = next;
                at += len;
            }
            overlong(bytes.get(..count)?)?.0
        }
    };
    Some((symbol, at, false))
}

enum Escaped {
    Byte(u8),
    Code(u32),
}

/// What an escape stands for, and its length.
fn byte(rest: &[u8]) -> Option<(Escaped, usize)> {
    let mut at = 1;
    rest.strip_prefix(b"%")?;
    while rest.get(at..at + 2) == Some(b"25") {
        at += 2;
    }
    if let Some(b'u' | b'U') = rest.get(at) {
        let digits = rest.get(at + 1..at + 5)?;
        let code = digits.iter().try_fold(0_u32, |code, digit| {
            Some(code << 4 | char::from(*digit).to_digit(16)?)
        })?;
        return Some((Escaped::Code(code), at + 5));
    }
    let (high, after) = digit(rest.get(at..)?)?;
    let (low, behind) = digit(rest.get(at + after..)?)?;
    let byte = (high << 4).wrapping_add(low);
    // Letters beyond `f` are digits to some, and give what begins or ends a sequence alone.
    let strict = high < 16 && low < 16;
    (strict || byte >= 0x80).then_some((Escaped::Byte(byte), at + after + behind))
}

/// Two question marks, or one and a dot, before a separator that is encoded: Windows takes them for
/// any character.
fn wildcards(rest: &[u8]) -> Option<usize> {
    let ([b'?', b'.' | b'?', behind @ ..] | [b'.', b'?', behind @ ..]) = rest else {
        return None;
    };
    let (next, _, plain) = symbol(behind);
    (next == Symbol::Separator && !plain).then_some(2)
}

/// A hexadecimal digit, or one that is itself escaped: `%32` is `2`.
fn digit(rest: &[u8]) -> Option<(u8, usize)> {
    let value = |byte: u8| char::from(byte).to_digit(36).map(|value| value as u8);
    match *rest {
        [b'%', b'%', high, low, ..] => {
            let code = value(high)? << 4 | value(low)?;
            Some((value(code)?, 4))
        }
        [b'%', high, low, ..] => {
            let code = value(high)? << 4 | value(low)?;
            Some((value(code)?, 3))
        }
        [digit, ..] => Some((value(digit)?, 1)),
        [] => None,
    }
}
