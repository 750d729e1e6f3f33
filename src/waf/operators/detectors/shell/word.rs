//! A word as the shell reads it.

/// Longest name that is looked at, in bytes.
const NAME: usize = 48;

/// Bytes of the value that a word takes at most.
const TAKEN: usize = 256;

/// The first word of a command.
#[derive(Debug)]
pub(super) struct Word {
    name: [u8; NAME],
    len: usize,
    /// Whether it is longer than what is kept.
    pub(super) long: bool,
    /// Whether quotes, backslashes or expansions stood within it.
    pub(super) disguised: bool,
    /// Characters that stand for others.
    pub(super) globs: usize,
    /// Letters in upper case, and in lower.
    cases: (usize, usize),
    /// Whether the first letter is in upper case.
    capital: bool,
    /// Whether it names a folder.
    pub(super) path: bool,
    /// Bytes of the value that it takes.
    pub(super) taken: usize,
    /// Whether `$IFS` or `${IFS}` ends it.
    pub(super) field: bool,
}

impl Word {
    /// The word in lower case.
    pub(super) fn name(&self) -> &[u8] {
        self.name.get(..self.len).unwrap_or_default()
    }

    /// The word at the beginning of a text.
    pub(super) fn read(text: &[u8]) -> Self {
        let mut word = Self {
            name: [0; NAME],
            len: 0,
            long: false,
            disguised: false,
            globs: 0,
            cases: (0, 0),
            capital: false,
            path: false,
            taken: 0,
            field: false,
        };
        // Quotes and expansions count once a letter stands on either side.
        let mut hidden = 0;
        // Whether backslashes are escaped within it.
        let mut doubled = false;
        while let Some(rest) = text.get(word.taken..).filter(|rest| !rest.is_empty()) {
            if word.taken > TAKEN {
                word.long = true;
                break;
            }
            let taken = match *rest {
                [b'$', ..] if is_field(rest) => {
                    word.field = true;
                    break;
                }
                [b'$', ..] => match expansion(rest) {
                    Some(taken) => {
                        hidden += 1;
                        taken
                    }
                    None => break,
                },
                [b'`', b'`', ..] => {
                    hidden += 1;
                    2
                }
                // The end of a line that was escaped once too often.
                [b'\\', b'n' | b'r'] => break,
                [b'\'' | b'"' | b'\\' | b'^', next, ..]
                    if word.is_mark(next) || word.len > 0 || is_name(next) =>
                {
                    hidden += usize::from(word.len > 0);
                    doubled |= word.len > 0 && rest.starts_with(b"\\\\");
                    1
                }
                [byte, ..] if is_name(byte) => {
                    word.disguised |= hidden > 0 && word.len > 0;
                    hidden = 0;
                    word.push(byte);
                    1
                }
                _ => break,
            };
            word.taken += taken;
        }
        // Two letters with two backslashes between them end rows of a matrix in TeX.
        word.long |= doubled && word.len < 3;
        word
    }

    /// Whether it has letters in upper case.
    pub(super) fn is_upper(&self) -> bool {
        self.cases.0 > 0
    }

    /// Whether it is written as the first word of a sentence is.
    pub(super) fn is_title(&self) -> bool {
        self.capital && self.cases.0 == 1 && self.cases.1 > 0
    }

    fn is_mark(&self, byte: u8) -> bool {
        matches!(byte, b'\'' | b'"' | b'\\')
    }

    fn push(&mut self, byte: u8) {
        self.globs += usize::from(matches!(byte, b'?' | b'*' | b'['));
        self.path |= byte == b'/';
        self.capital |= byte.is_ascii_uppercase() && self.cases == (0, 0);
        self.cases.0 += usize::from(byte.is_ascii_uppercase());
        self.cases.1 += usize::from(byte.is_ascii_lowercase());
        match self.name.get_mut(self.len) {
            Some(place) => {
                *place = byte.to_ascii_lowercase();
                self.len += 1;
            }
            None => self.long = true,
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'/' | b'.' | b'_' | b'-' | b'?' | b'*' | b'[' | b']' | b':'
        )
}

/// Whether the separator of fields is expanded here.
pub(super) fn is_field(rest: &[u8]) -> bool {
    rest.starts_with(b"$IFS") || rest.starts_with(b"${IFS")
}

/// The bytes of an expansion that gives nothing: `$@`, `$*`, `$1`, `$x`, `${x}`, `$()`.
fn expansion(rest: &[u8]) -> Option<usize> {
    match *rest {
        [b'$', b'@' | b'*' | b'!' | b'#' | b'-' | b'_', ..] => Some(2),
        [b'$', b'(', b')', ..] => Some(3),
        [b'$', b'{', ..] => {
            let inner = rest.iter().take(24);
            let end = inner.into_iter().position(|byte| *byte == b'}')?;
            Some(end + 1)
        }
        [b'$', byte, ..] if byte.is_ascii_digit() || byte.is_ascii_lowercase() => Some(2),
        _ => None,
    }
}
