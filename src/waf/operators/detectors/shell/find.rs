//! Where commands begin, and which of them count.

use std::ops::Range;

use super::super::prose::is_prose;
use super::command::Command;
use super::commands::Kind;
use crate::waf::ByteSet;

/// Bytes of which a value with a command has one: what begins one, or what an argument has.
pub(in super::super) const SIGNS: ByteSet = ByteSet::of(b";|&`$\n\r/\\-(<>:{");

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

/// Where there is a command. `likely`: even one that stands in prose, or is a word in a list.
pub(in super::super) fn find(input: &[u8], likely: bool) -> Option<Range<usize>> {
    let mut prose = None;
    let mut backticks = 0;
    let mut at = 0;
    let mut lead = Some(Lead::Start);
    loop {
        if let Some(lead) = lead
            && let Some(command) = input.get(at..).and_then(Command::read)
        {
            // The second backtick of a pair closes it.
            let open = backticks % 2 == 1;
            let place = Place {
                input,
                lead,
                at,
                open,
            };
            let counts = likely && place.is_likely(command) || place.is_sure(command);
            if counts && (likely || !*prose.get_or_insert_with(|| is_prose(input))) {
                return Some(at..input.len().min(at + command.end));
            }
        }
        let rest = input.get(at..)?;
        let next = rest.iter().position(|byte| b";|&`\n\r$<>".contains(byte))?;
        at += next;
        let taken;
        (lead, taken) = match input.get(at..)? {
            [b'|', b'|', ..] | [b'&', b'&', ..] => (Some(Lead::Two), 2),
            [b';' | b'|' | b'&', ..] => (Some(Lead::One), 1),
            [b'\n' | b'\r', ..] => (Some(Lead::Line), 1),
            [b'`', ..] => (Some(Lead::Backtick), 1),
            [b'$' | b'<' | b'>', b'(', ..] => (Some(Lead::Substitution), 2),
            _ => (None, 1),
        };
        backticks += usize::from(lead == Some(Lead::Backtick));
        at += taken;
    }
}

/// A place where a command begins.
struct Place<'a> {
    input: &'a [u8],
    lead: Lead,
    at: usize,
    /// Whether it stands in backticks.
    open: bool,
}

impl Place<'_> {
    fn before(&self) -> &[u8] {
        let len = match self.lead {
            Lead::Start => 0,
            Lead::One | Lead::Line | Lead::Backtick => 1,
            Lead::Two | Lead::Substitution => 2,
        };
        self.input.get(..self.at - len).unwrap_or_default()
    }

    /// Whether nothing stands before the command but what closes something else.
    fn opens(&self) -> bool {
        let closes = |byte: &u8| byte.is_ascii_whitespace() || b"'\")]};|&$\\%".contains(byte);
        self.before().iter().all(closes)
    }

    /// Whether what stands before ends in a digit or in what closes something.
    fn follows_value(&self) -> bool {
        let last = self.before().trim_ascii_end().last();
        last.is_some_and(|byte| byte.is_ascii_digit() || b"'\")]}".contains(byte))
    }

    fn is_sure(&self, command: Command) -> bool {
        let Command {
            kind,
            sure,
            bare,
            followed,
            technical,
            option,
            number,
            end: _,
        } = command;
        let spoken = technical || option;
        let meant = match kind {
            Kind::Tool => spoken || number,
            Kind::Word => spoken,
            Kind::Count => spoken || number,
        };
        let named = bare && kind != Kind::Count;
        match self.lead {
            Lead::Start => match kind {
                _ if sure => bare || spoken || number,
                Kind::Tool => spoken,
                Kind::Word => technical,
                Kind::Count => option || technical,
            },
            Lead::One => {
                sure && (bare || meant)
                    || meant
                    || named
                        && (kind == Kind::Tool || self.opens() || followed || self.follows_value())
            }
            Lead::Two => meant || named || sure && bare,
            Lead::Line => {
                sure && (bare || meant)
                    || technical
                    || kind == Kind::Tool && (spoken || named)
                    || named && self.opens()
            }
            Lead::Substitution => meant || bare,
            Lead::Backtick => (meant || bare) && self.is_substitution(),
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
    fn is_substitution(&self) -> bool {
        let before = self.before();
        let alone = self.opens();
        let glued = before
            .last()
            .is_some_and(|byte| !byte.is_ascii_whitespace() && !b"(`*_".contains(byte));
        self.open && (alone || glued)
    }
}
