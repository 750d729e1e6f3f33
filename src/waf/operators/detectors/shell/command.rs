//! A command: its name, and what its arguments say of it.

use super::commands::{
    FOLDERS, Kind, PREFIXES, is_asked, is_filter, is_interpreter, is_variable, is_windows, kind,
};
use super::word::{Word, is_field};

/// Prefixes such as `sudo` and assignments that may stand before a name.
const MAX_PREFIXES: usize = 4;

/// Bytes of the arguments that are looked at.
const ARGUMENTS: usize = 512;

/// Bytes that tell whether a quote closes what the value lands in.
const CLOSING: usize = 4;

/// What was read where a command may begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Command {
    pub(super) kind: Kind,
    /// Whether the name is written so that a filter does not know it, or with the folder of programs.
    pub(super) sure: bool,
    /// Whether it is written so that a filter does not know it, and with the folder of programs.
    pub(super) hidden: bool,
    /// Whether the name is in upper case, which Windows alone takes for a command.
    pub(super) upper: bool,
    /// Whether the name is written as the first word of a sentence is.
    pub(super) title: bool,
    /// Whether it is one that another's output is sent through.
    pub(super) filter: bool,
    /// Whether it is one whose output scripts keep.
    pub(super) asked: bool,
    /// Whether nothing follows the name.
    pub(super) bare: bool,
    /// Whether what ends a command follows it.
    pub(super) followed: bool,
    /// Arguments that people do not write: paths, options, expansions.
    pub(super) technical: bool,
    /// Whether an argument is a variable that a script has set.
    pub(super) variable: bool,
    /// Options that only tools have.
    pub(super) option: bool,
    /// Arguments and options as Windows has them.
    windows: bool,
    /// A number or an address.
    pub(super) number: bool,
    /// Whether `=` and a blank follow, as behind the name of a variable in most languages.
    pub(super) assigned: bool,
    /// Where the arguments end.
    pub(super) end: usize,
}

impl Command {
    /// The command at the beginning of a text, if its name is known.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let mut at = blanks(text);
        let mut braced = false;
        for _ in 0..MAX_PREFIXES {
            let rest = text.get(at..)?;
            if let [b'{' | b'(' | b'!' | b'@', ..] = rest {
                braced |= rest.first() == Some(&b'{');
                at += 1;
                at += blanks(text.get(at..)?);
                continue;
            }
            let word = Word::read(rest);
            let after = at + word.taken;
            let behind = text.get(after..).unwrap_or_default();
            if behind.first() == Some(&b'=') && word.taken > 0 && !word.path {
                // An assignment, and the command after it.
                let mut value = behind.iter().take(ARGUMENTS);
                let value = value.position(|byte| byte.is_ascii_whitespace() || *byte == b';')?;
                if behind.get(value) == Some(&b';') {
                    return None;
                }
                at = after + value;
                at += blanks(text.get(at..)?);
                continue;
            }
            let name = base(word.name());
            let is_prefix = PREFIXES.iter().any(|known| known.as_bytes() == name);
            if is_prefix && (blanks(behind) > 0 || word.field) {
                let next = after + blanks(behind);
                // `time`, `env` and others are commands themselves.
                if let Some(command) = Self::after_prefix(text, next) {
                    return Some(command);
                }
            }
            return Self::named(&word, text, after, braced);
        }
        None
    }

    /// What a prefix runs.
    fn after_prefix(text: &[u8], at: usize) -> Option<Self> {
        let word = Word::read(text.get(at..)?);
        Self::named(&word, text, at + word.taken, false)
    }

    fn named(word: &Word, text: &[u8], after: usize, braced: bool) -> Option<Self> {
        if word.long || word.len_is_zero() {
            return None;
        }
        let name = base(word.name());
        let in_folder = word.path
            && FOLDERS
                .iter()
                .any(|it| word.name().starts_with(it.as_bytes()));
        // A comment of C begins with nothing but these.
        let is_comment = || word.name().iter().all(|byte| matches!(byte, b'/' | b'*'));
        let glob = word.path
            && !is_comment()
            && (word.globs > 1 || in_folder && word.globs > 0)
            && word.name().first() == Some(&b'/');
        let behind = text.get(after..).unwrap_or_default();
        let kind = match kind(name) {
            Some(kind) => kind,
            None if is_sourced(word, behind) => Kind::Word,
            None if glob => Kind::Tool,
            None => return None,
        };
        if word.is_upper() && !is_windows(name) {
            return None;
        }
        if matches!(
            behind,
            [b'=' | b'(' | b'#' | b'!' | b'@' | b'~' | b'+' | b'%', ..]
        ) {
            return None;
        }
        // A name that goes on is another name, but for `{cat,/etc/passwd}` and `cat</etc/passwd`.
        if behind.first() == Some(&b',') && !braced || matches!(behind, [b'$', ..] if !word.field) {
            return None;
        }
        let mut command = Self {
            kind,
            sure: in_folder || glob || word.disguised,
            hidden: in_folder && word.disguised,
            upper: word.is_upper(),
            title: word.is_title(),
            filter: is_filter(name),
            asked: is_asked(name),
            bare: true,
            followed: false,
            technical: false,
            variable: false,
            option: false,
            windows: false,
            number: false,
            assigned: is_assigned(behind),
            end: after,
        };
        command.arguments(behind, braced);
        command.technical |= is_interpreter(name)
            && matches!(behind.trim_ascii_start(), [b'-', b'c' | b'e' | b'E' | b'r', byte, ..] if byte.is_ascii_whitespace());
        if command.upper && !command.windows {
            command.technical = false;
            command.option = false;
        }
        // The members of a property in C#: `{ get; set; }`.
        command.bare &= !(name == b"set" && behind.starts_with(b";"));
        Some(command)
    }

    fn arguments(&mut self, behind: &[u8], braced: bool) {
        let (mut fresh, mut tag) = (false, false);
        for (offset, window) in
            (0..ARGUMENTS).map_while(|at| Some((at, behind.get(at..).filter(|it| !it.is_empty())?)))
        {
            self.end += 1;
            match *window {
                // The end of a line that was escaped once too often.
                [b'\\', b'n' | b'r'] => {
                    self.followed = true;
                    return;
                }
                [b';' | b'|' | b'\n' | b'\r' | b'`' | b')', ..] => {
                    self.followed = true;
                    return;
                }
                [b'&', ..] => {
                    self.followed = true;
                    return;
                }
                [b',', ..] if braced => fresh = true,
                [byte, ..] if byte.is_ascii_whitespace() => fresh = true,
                [b'<' | b'>', next, ..] if offset == 0 || is_redirected(next, window) => {
                    self.bare = false;
                    // A closing tag is no redirection, nor is an arrow.
                    let before = offset.checked_sub(1).and_then(|at| behind.get(at));
                    self.technical |= !tag && !matches!(before, Some(b'-' | b'='));
                    tag |= window.first() == Some(&b'<');
                    fresh = false;
                }
                [b'<', ..] => {
                    self.bare = false;
                    tag = true;
                    fresh = false;
                }
                [b'$', ..] if is_field(window) => {
                    self.bare = false;
                    self.technical = true;
                }
                // Closing what the value lands in.
                [b'\'' | b'"' | b'}' | b'#', ..]
                    if self.bare
                        && window
                            .iter()
                            .skip(1)
                            .take(CLOSING)
                            .all(|byte| b"'\" #;)}".contains(byte)) => {}
                _ if fresh || offset == 0 => {
                    self.bare = false;
                    self.argument(window);
                    fresh = false;
                }
                _ => self.bare = false,
            }
        }
    }

    /// Looks at the beginning of an argument.
    fn argument(&mut self, text: &[u8]) {
        let text = match text {
            [b'\'' | b'"', rest @ ..] => rest,
            text => text,
        };
        let ends = |byte: Option<&u8>| {
            byte.is_none_or(|byte| byte.is_ascii_whitespace() || b";|&`)'\"".contains(byte))
        };
        match *text {
            [b'-', letter, ..] if letter.is_ascii_alphabetic() => {
                let len = text
                    .iter()
                    .skip(1)
                    .take_while(|byte| byte.is_ascii_alphanumeric())
                    .count();
                self.option |= len <= 3 && ends(text.get(1 + len));
            }
            [b'-', b'-', letter, ..] if letter.is_ascii_alphabetic() => self.option = true,
            [b'/', letter, ..] if letter.is_ascii_alphabetic() && ends(text.get(2)) => {
                self.option = true;
                self.windows = true;
            }
            [b'/', letter, ..]
                if letter.is_ascii_alphanumeric() || matches!(letter, b'?' | b'*') =>
            {
                self.technical = true
            }
            [b'/', ..] if ends(text.get(1)) => self.technical = true,
            [b'~' | b'.', b'/', ..] | [b'.', b'.', b'/', ..] => self.technical = true,
            [b'\\', b'\\', ..] => {
                self.technical = true;
                self.windows = true;
            }
            [drive, b':', ..] if drive.is_ascii_alphabetic() => {
                // With a blank behind it is a name and a colon, unless nothing comes then.
                let behind = text.get(2..).unwrap_or_default();
                let mut near = behind.iter().take(CLOSING);
                let drive = behind
                    .first()
                    .is_none_or(|byte| !byte.is_ascii_whitespace())
                    || near.all(|byte| byte.is_ascii_whitespace() || b";|&`)'\"".contains(byte));
                let drive =
                    matches!(behind.first(), Some(b'\\' | b'/')) || drive && ends(behind.first());
                self.technical |= drive;
                self.windows |= drive;
            }
            [b'$', b'(', ..] => self.technical = true,
            // Those that a script has set itself say nothing.
            [b'$', ref name @ ..] => {
                let name = name.strip_prefix(b"{").unwrap_or(name);
                let is_letter = |byte: &&u8| byte.is_ascii_alphabetic() || **byte == b'_';
                let len = name.iter().take(16).take_while(is_letter).count();
                let known = is_variable(name.get(..len).unwrap_or_default());
                self.technical |= known;
                self.variable |= !known && len > 0;
            }
            [b'%', letter, ..] if letter.is_ascii_alphabetic() => {
                let name = text.iter().skip(1).take(24);
                let len = name.take_while(|byte| byte.is_ascii_alphanumeric()).count();
                let variable = len > 1 && text.get(1 + len) == Some(&b'%');
                self.technical |= variable;
                self.windows |= variable;
            }
            [digit, ..] if digit.is_ascii_digit() => self.number = true,
            _ => {
                let word = text.iter().take(64).take_while(|byte| !ends(Some(byte)));
                let word = word.count();
                let word = text.get(..word).unwrap_or_default();
                let address = word.windows(3).any(|three| three == b"://");
                self.technical |= address;
                self.windows |= address;
                let dots = word.iter().filter(|byte| **byte == b'.').count();
                self.number |= dots > usize::from(word.last() == Some(&b'.'));
            }
        }
    }
}

/// Kinds of files that are written to be fetched or run.
const WRITTEN: [&[u8]; 16] = [
    b"asp", b"aspx", b"bat", b"cgi", b"exe", b"htm", b"html", b"js", b"jsp", b"jspx", b"php",
    b"pl", b"ps1", b"py", b"sh", b"txt",
];

/// Whether what follows `>` is a file of such a kind.
fn is_written(window: &[u8]) -> bool {
    let name = window.strip_prefix(b">").unwrap_or_default();
    let name = name.strip_prefix(b">").unwrap_or(name);
    let name = name.strip_prefix(b" ").unwrap_or(name);
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let len = name.iter().take(48).take_while(is_name).count();
    let name = name.get(..len).unwrap_or_default();
    let mut parts = name.rsplit(|byte| *byte == b'.');
    let kind = parts.next().unwrap_or_default();
    parts.next().is_some_and(|stem| !stem.is_empty()) && WRITTEN.contains(&kind)
}

/// Whether `<` or `>` and what follows is a redirection: to a path, to a file that is open, or to one
/// that is fetched later.
fn is_redirected(next: u8, window: &[u8]) -> bool {
    match next {
        _ if is_written(window) => true,
        // Whatever writes there.
        b'/' if window
            .get(1..)
            .is_some_and(|it| it.starts_with(b"/dev/null")) =>
        {
            false
        }
        b'/' | b'~' | b'.' => true,
        b'&' => window
            .get(2)
            .is_some_and(|it| it.is_ascii_digit() || b"-/ ".contains(it)),
        _ => false,
    }
}

impl Word {
    fn len_is_zero(&self) -> bool {
        self.name().is_empty()
    }
}

/// Whether a file is read as commands: a dot, blanks and a path.
fn is_sourced(word: &Word, behind: &[u8]) -> bool {
    let path = behind.get(blanks(behind)..).unwrap_or_default();
    word.name() == b"." && path.len() < behind.len() && matches!(path, [b'/' | b'~', ..])
}

/// Whether what follows a name is `=` or `:=` between blanks.
fn is_assigned(behind: &[u8]) -> bool {
    let near = behind.get(..behind.len().min(16)).unwrap_or_default();
    let sign = near.trim_ascii_start();
    let sign = sign.strip_prefix(b":").unwrap_or(sign);
    sign.len() < near.len() && matches!(sign, [b'=', b' ' | b'\t' | b'=', ..])
}

/// The blanks at the beginning of a text, and what stands for them.
pub(super) fn blanks(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        at += match *rest {
            [byte, ..] if byte.is_ascii_whitespace() && byte != b'\n' => 1,
            [b'$', b'I', b'F', b'S', b'$', digit, ..] if digit.is_ascii_digit() => 6,
            [b'$', b'I', b'F', b'S', ..] => 4,
            [b'$', b'{', b'I', b'F', b'S', b'}', ..] => 6,
            _ => break,
        };
    }
    at
}

/// The name without its folder and without `.exe`.
fn base(name: &[u8]) -> &[u8] {
    let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
    name.strip_suffix(b".exe").unwrap_or(name)
}
