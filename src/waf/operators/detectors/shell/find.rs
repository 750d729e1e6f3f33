//! Where commands begin, and which of them count.

use std::ops::Range;

use super::super::prose::is_prose;
use super::command::{Command, blanks};
use super::commands::Kind;
use crate::waf::ByteSet;

/// Bytes of which a value with a command has one: what begins one, or what an argument has.
pub(in super::super) const SIGNS: ByteSet = ByteSet::of(b";|&`$%\n\r/\\-(<>:{'\"^");

/// Bytes that may begin what a command begins after.
const LEADS: ByteSet = ByteSet::of(b";|&`\n\r$<>");

/// Bytes before a pipe that are looked at.
const NEAR: usize = 64;

/// What a command begins after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    /// The value's beginning.
    Start,
    /// `;`, `|` or `&`.
    One,
    /// `||` or `&&`.
    Two,
    Line,
    Backtick,
    /// `$(`, `<(` and `>(`.
    Substitution,
}

/// How often the bytes of a value are read as arguments, on average: commands within the arguments of
/// commands by the hundred are no value that somebody has written.
const READ: usize = 16;

/// Where there is a command. `likely`: even one that stands in prose, or is a word in a list.
pub(in super::super) fn find(input: &[u8], likely: bool) -> Option<Range<usize>> {
    let mut known = Known::default();
    let mut backticks = 0;
    let mut at = escaped_lines(input);
    let mut lead = Some(if at > 0 { Lead::Line } else { Lead::Start });
    // Where the blanks end behind the line end that was looked at last.
    let mut read = 0;
    // Bytes that may yet be read as arguments.
    let mut left = READ * input.len().max(1 << 10);
    loop {
        let rest = input.get(at..)?;
        // A line end among blanks leads to the command that the first of them led to.
        if lead == Some(Lead::Line) {
            if at < read {
                lead = None;
            } else {
                read = at + blanks(rest);
            }
        }
        if let Some(lead) = lead
            && let Some(command) = Command::read(rest)
        {
            left = left.saturating_sub(command.end);
            // The second backtick of a pair closes it.
            let open = backticks % 2 == 1;
            let mut place = Place {
                input,
                lead,
                at,
                open,
                known: &mut known,
            };
            let counts = likely && place.is_likely(command) || place.is_sure(command);
            if left == 0 || counts && (likely || !place.is_spoken_of()) {
                return Some(at..input.len().min(at + command.end));
            }
        }
        let next = LEADS.find(rest)?;
        at += next;
        let taken;
        (lead, taken) = match input.get(at..)? {
            [b'|', b'|', ..] | [b'&', b'&', ..] => (Some(Lead::Two), 2),
            [b';' | b'|' | b'&', ..] => (Some(Lead::One), 1),
            [b'\n' | b'\r', ..] => (Some(Lead::Line), 1),
            // A fence of Markdown.
            [b'`', b'`', b'`', ..] => (None, 3),
            [b'`', ..] => (Some(Lead::Backtick), 1),
            [b'$' | b'<' | b'>', b'(', ..] => (Some(Lead::Substitution), 2),
            _ => (None, 1),
        };
        backticks += usize::from(lead == Some(Lead::Backtick));
        at += taken;
    }
}

/// What is known of a value once one of its places had to know it, since a value has many.
#[derive(Default)]
struct Known {
    /// Whether it is written for people.
    prose: Option<bool>,
    /// Whether what stands before a command that was looked at is.
    prose_before: bool,
    /// Up to where it is nothing but what closes something else.
    closing: Option<usize>,
    /// From where on.
    closing_from: Option<usize>,
    /// Whether it has one separator.
    one_separator: Option<bool>,
    /// Where the first and the last fence of Markdown stand; the same if there are not two.
    fences: Option<(usize, usize)>,
    /// Whether it has the line of a table of Markdown that parts heads from rows.
    table: Option<bool>,
    /// Whether it has several lines.
    lines: Option<bool>,
    /// Where the lines begin before which there are as many as code has.
    code: Option<usize>,
    /// The line that was looked at last, and whether it is a row of a table.
    row: Option<(Range<usize>, bool)>,
}

/// A place where a command begins.
struct Place<'a> {
    input: &'a [u8],
    lead: Lead,
    at: usize,
    /// Whether it stands in backticks.
    open: bool,
    known: &'a mut Known,
}

impl Place<'_> {
    /// Whether it stands in a text for people. What separates commands is seldom in one, so it is
    /// the text before that counts, lest an attacker append one.
    fn is_spoken_of(&mut self) -> bool {
        if self.lead == Lead::One && self.is_in_table() {
            return true;
        }
        let (first, last) = *self.known.fences.get_or_insert_with(|| fences(self.input));
        if first < self.at && self.at < last {
            return true;
        }
        let begins = matches!(self.lead, Lead::One | Lead::Two) && self.begins_line();
        if !begins && *self.known.code.get_or_insert_with(|| code(self.input)) <= self.at {
            return true;
        }
        let whole = || is_prose(self.input) || has_fence(self.input);
        if !*self.known.prose.get_or_insert_with(whole) {
            return false;
        }
        if matches!(self.lead, Lead::One | Lead::Two) {
            // What was prose before one command is so before the next; what was not ends the search.
            self.known.prose_before = self.known.prose_before || is_prose(self.before());
            return self.known.prose_before;
        }
        true
    }

    /// Whether it stands in a row of a table of Markdown: no shell runs what begins and ends with `|` and
    /// has such a line behind it.
    fn is_in_table(&mut self) -> bool {
        if !*self
            .known
            .table
            .get_or_insert_with(|| has_table(self.input))
        {
            return false;
        }
        if let Some((line, is_row)) = &self.known.row
            && line.contains(&self.at)
        {
            return *is_row;
        }
        let (before, behind) = self.input.split_at_checked(self.at).unwrap_or_default();
        let is_end = |byte: &u8| *byte == b'\n';
        let start = before.iter().rposition(is_end).map_or(0, |at| at + 1);
        let len = behind.iter().position(is_end).unwrap_or(behind.len());
        let line = start..self.at + len;
        let text = self
            .input
            .get(line.clone())
            .unwrap_or_default()
            .trim_ascii();
        let next = behind.get(len..).unwrap_or_default().trim_ascii_start();
        let is_row = text.starts_with(b"|") && text.ends_with(b"|") && next.starts_with(b"|");
        self.known.row = Some((line, is_row));
        is_row
    }

    fn before(&self) -> &[u8] {
        self.input.get(..self.lead_at()).unwrap_or_default()
    }

    /// Where what the command begins after stands.
    fn lead_at(&self) -> usize {
        self.at
            - match self.lead {
                Lead::Start => 0,
                Lead::One | Lead::Line | Lead::Backtick => 1,
                Lead::Two | Lead::Substitution => 2,
            }
    }

    /// Whether nothing stands before the command but what closes something else.
    fn opens(&mut self) -> bool {
        let closing = || {
            let closes = |byte: &u8| byte.is_ascii_whitespace() || b"'\")]};|&$\\%".contains(byte);
            let lines = escaped_lines(self.input);
            let mut rest = self.input.iter().skip(lines);
            let other = rest.position(|byte| !closes(byte));
            other.map_or(self.input.len(), |other| lines + other)
        };
        let closing = *self.known.closing.get_or_insert_with(closing);
        self.lead_at() <= closing
    }

    /// Whether what stands before ends in a digit, or at once in what closes something.
    fn follows_value(&self) -> bool {
        let before = self.before();
        let is_digit = before
            .trim_ascii_end()
            .last()
            .is_some_and(u8::is_ascii_digit);
        is_digit || before.last().is_some_and(|byte| b"'\")]}".contains(byte))
    }

    /// Whether the separator before the command is the only one, so that there is no list.
    fn is_only(&mut self) -> bool {
        let separates = |byte: &&u8| matches!(byte, b';' | b'|' | b'&' | b',');
        let count = || self.input.iter().filter(separates).take(2).count();
        *self.known.one_separator.get_or_insert_with(|| count() == 1)
    }

    /// Whether nothing but blanks stands before on the line: code has no such separators.
    fn begins_line(&self) -> bool {
        let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
        let mut before = self.before().iter().rev().skip_while(is_blank);
        before.next().is_none_or(|byte| *byte == b'\n')
    }

    /// Whether the command goes on from another that writes to it.
    fn is_piped(&self) -> bool {
        self.lead == Lead::One && self.input.get(self.lead_at()) == Some(&b'|')
    }

    /// Whether a command with arguments stands before the pipe that leads here, or one that is known: who
    /// appends a command to an address or a name has neither.
    fn follows_command(&mut self) -> bool {
        if self.opens() {
            return false;
        }
        let before = self.before();
        let near = before.get(before.len().saturating_sub(NEAR)..);
        let line = near
            .unwrap_or_default()
            .rsplit(|byte| *byte == b'\n')
            .next();
        let line = line.unwrap_or_default().trim_ascii();
        line.iter().any(u8::is_ascii_whitespace) || Command::read(line).is_some()
    }

    /// Whether a script keeps what the command prints in a variable: one of several lines, or a line that
    /// calls what only scripts do.
    fn is_kept(&mut self, by_scripts: bool) -> bool {
        let lines = || self.input.contains(&b'\n');
        if !by_scripts && !*self.known.lines.get_or_insert_with(lines) {
            return false;
        }
        let before = self.before();
        let before = before.strip_suffix(b"\"").unwrap_or(before);
        let Some(before) = before.strip_suffix(b"=") else {
            return false;
        };
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        let name = before.iter().rev().take(64).take_while(is_name).count();
        let before = before.get(..before.len() - name).unwrap_or_default();
        let begins = before.last().is_none_or(u8::is_ascii_whitespace);
        name > 0 && begins
    }

    fn is_sure(&mut self, command: Command) -> bool {
        let Command {
            kind,
            sure,
            hidden,
            upper,
            title,
            filter,
            asked,
            variable,
            bare,
            followed,
            technical,
            option,
            number,
            assigned,
            end,
            ..
        } = command;
        if title && !(technical && matches!(self.lead, Lead::One | Lead::Two)) {
            return false;
        }
        if hidden {
            return true;
        }
        if variable && !technical && !sure && matches!(self.lead, Lead::Start | Lead::Line) {
            return false;
        }
        if filter && !technical && self.is_piped() && self.follows_command() {
            return false;
        }
        let separated = matches!(self.lead, Lead::One | Lead::Two);
        let spoken = technical || option || variable && separated;
        let meant = match kind {
            Kind::Tool => spoken || number,
            Kind::Word | Kind::Probe | Kind::Build => spoken,
            Kind::Count => spoken || number,
        };
        let named = bare && kind != Kind::Count && !(upper && kind == Kind::Word);
        let followed = followed && self.closes_at(end);
        match self.lead {
            Lead::Start => match kind {
                _ if sure => bare || spoken || number,
                Kind::Build => false,
                Kind::Tool => spoken,
                Kind::Word | Kind::Probe => technical && !assigned,
                Kind::Count => option || technical,
            },
            Lead::One => {
                let tried = kind == Kind::Probe && (self.is_only() || self.follows_value());
                // Nothing else begins with a separator and a command.
                sure && bare
                    || meant
                    || self.opens()
                    || named && (kind == Kind::Tool || followed || tried)
            }
            Lead::Two => meant || named || sure && bare || self.opens(),
            Lead::Line if kind == Kind::Build => sure,
            Lead::Line => {
                let tried = kind == Kind::Probe && self.follows_value() && self.closes_at(end);
                sure && (bare || meant)
                    || technical
                    || kind == Kind::Tool && (spoken || named)
                    || (named || meant) && self.opens()
                    || named && tried
            }
            Lead::Substitution if kind == Kind::Build => technical,
            Lead::Substitution => {
                let kept = (asked || kind != Kind::Tool) && self.is_kept(asked || filter);
                technical || bare && !(kept && asked) || meant && !kept
            }
            Lead::Backtick => (meant || bare) && self.is_substitution(end),
        }
    }

    fn is_likely(&self, command: Command) -> bool {
        let spoken = command.technical || command.option;
        match self.lead {
            Lead::Start => command.sure || spoken,
            _ => command.bare || spoken || command.number,
        }
    }

    /// Whether a backtick begins a substitution and not a piece of code within a text.
    fn is_substitution(&mut self, end: usize) -> bool {
        let alone = self.opens() && self.closes_at(end);
        let last = self.before().last();
        let glued =
            last.is_some_and(|byte| !byte.is_ascii_whitespace() && !b"(`*_[|'\"".contains(byte));
        self.open && (alone || glued)
    }

    /// Whether nothing stands behind the command, whose arguments end there, but what closes.
    fn closes_at(&mut self, end: usize) -> bool {
        let closing = || {
            let closes = |byte: &u8| byte.is_ascii_whitespace() || b"'\")]};|&`#-".contains(byte);
            let other = self.input.iter().rposition(|byte| !closes(byte));
            other.map_or(0, |at| at + 1)
        };
        let closing = *self.known.closing_from.get_or_insert_with(closing);
        self.at + end >= closing
    }
}

/// Lines that code has before a command within it.
const LINES: usize = 3;

/// Where a command stands among lines of code, if there are as many before: what is injected stands
/// near the beginning.
fn code(text: &[u8]) -> usize {
    let mut at = 0;
    let mut lines = 0;
    for line in text.split(|byte| *byte == b'\n') {
        if lines >= LINES {
            return at;
        }
        at += line.len() + 1;
        lines += usize::from(!line.trim_ascii().is_empty() && !is_fence(line));
    }
    usize::MAX
}

/// The ends of lines that were escaped once too often, at the beginning of a text.
fn escaped_lines(text: &[u8]) -> usize {
    let mut pairs = text.chunks_exact(2);
    2 * pairs
        .by_ref()
        .take_while(|it| matches!(it, [b'\\', b'n' | b'r']))
        .count()
}

/// Whether lines of a text are fenced as Markdown does.
fn has_fence(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n');
    lines.any(is_fence)
}

fn is_fence(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b"```")
}

/// Where the first and the last fence begin.
fn fences(text: &[u8]) -> (usize, usize) {
    let mut at = 0;
    let mut fences = text.split(|byte| *byte == b'\n').filter_map(|line| {
        let start = at;
        at += line.len() + 1;
        is_fence(line).then_some(start)
    });
    let first = fences.next();
    let last = fences.last().or(first);
    (first.unwrap_or(text.len()), last.unwrap_or_default())
}

/// Whether a line of a text is the one between the heads and the rows of a table of Markdown.
fn has_table(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').skip(1);
    lines.any(|line| {
        let line = line.trim_ascii();
        let is_rule = |byte: &u8| matches!(byte, b'|' | b'-' | b':' | b' ');
        line.starts_with(b"|") && line.windows(3).any(|it| it == b"---") && line.iter().all(is_rule)
    })
}
