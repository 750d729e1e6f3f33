//! What is wrong with a rule file, and where.

use std::fmt;

use thiserror::Error;

use super::files::FileError;
use super::text::Text;
use super::{SourceMap, Span, render};

/// Something wrong, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The bytes at fault.
    pub span: Span,
    /// What is wrong with them.
    pub kind: FindingKind,
}

impl Finding {
    /// The message with file, line and column, the line itself, and a caret under the bytes at
    /// fault. What a terminal would obey is made visible.
    pub fn render(&self, sources: &SourceMap) -> String {
        render::render(self, sources)
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FindingKind {
    /// A quote without its partner.
    #[error(
        "this quote is not closed; a directive goes on in the next line only where a backslash is \
         the last byte of its line"
    )]
    UnclosedQuote,
    /// A single quote without its partner, inside of an argument.
    #[error("this single quote is not closed; between single quotes, one is written as `\\'`")]
    UnclosedSingleQuote,
    /// A quoted argument ends, and something follows at once.
    #[error(
        "blanks must follow a closing quote; a quote inside of quotes is written with a backslash"
    )]
    AfterQuote,
    /// A line, with those that continue it, is too long.
    #[error("the directive is longer than {limit} bytes")]
    DirectiveTooLong {
        /// In bytes.
        limit: usize,
    },
    /// A directive on a line that belongs to a comment.
    #[error(
        "this belongs to the comment above, whose last line ends in a backslash: it is not a \
         directive"
    )]
    DirectiveInComment,
    /// A comment among the lines of a directive.
    #[error("a comment cannot stand inside of a directive")]
    CommentInDirective,
    /// A name that nobody knows.
    #[error("there is no {kind} `{}{name}`{}", .kind.prefix(), DidYouMean(*.nearest, .kind.prefix()))]
    Unknown {
        /// What it would name.
        kind: NameKind,
        /// The name, as far as it is printable.
        name: Box<str>,
        /// The name that is most like it.
        nearest: Option<&'static str>,
    },
    /// A name that is known and not supported, as [`LEFT_OUT`](super::LEFT_OUT) says.
    #[error("the {kind} `{}{name}` {}: {reason}", .kind.prefix(), .effect.verb())]
    LeftOut {
        /// What it names.
        kind: NameKind,
        /// The name.
        name: &'static str,
        /// Whether the rule set may be loaded.
        effect: Effect,
        /// Why, or what follows.
        reason: &'static str,
    },
    /// A name that [`CONFINED`](super::CONFINED) keeps from rules of tenants.
    #[error("the {kind} `{}{name}` is the operator's alone: {reason}", .kind.prefix())]
    Confined {
        /// What it names.
        kind: NameKind,
        /// The name.
        name: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// A directive with fewer arguments than it needs.
    #[error("`{directive}` needs {arguments}")]
    MissingArgument {
        /// Its name.
        directive: &'static str,
        /// What it takes.
        arguments: &'static str,
    },
    /// A directive with more arguments than it takes.
    #[error("`{directive}` takes {arguments}; this is too much")]
    ExtraArgument {
        /// Its name.
        directive: &'static str,
        /// What it takes.
        arguments: &'static str,
    },
    /// A value that its directive or action cannot have.
    #[error("`{}{of}` cannot be `{value}`: expected {expected}", .kind.prefix())]
    Value {
        /// A directive, an action or a `ctl`.
        kind: NameKind,
        /// Its name.
        of: &'static str,
        /// The value, as far as it is printable.
        value: Box<str>,
        /// What it can be.
        expected: &'static str,
    },
    /// An action that needs a value and has none.
    #[error("the action `{}{action}` needs a value: {expected}", .kind.prefix())]
    MissingValue {
        /// An action or a `ctl`.
        kind: NameKind,
        /// Its name.
        action: &'static str,
        /// What it can be.
        expected: &'static str,
    },
    /// An action that takes no value and has one.
    #[error("the action `{action}` takes no value")]
    ExtraValue {
        /// Its name.
        action: &'static str,
    },
    /// A list of targets, or a name in it, that is empty.
    #[error("a variable is missing here")]
    NoVariable,
    /// A value without the name of its action.
    #[error("the name of an action is missing here")]
    NoAction,
    /// Something between a value and the separator that must follow.
    #[error("a separator must follow; a value with blanks or separators stands in single quotes")]
    AfterValue,
    /// `VARIABLE:` and no member.
    #[error("the member is missing after the colon")]
    EmptySelector,
    /// A member of a variable that has none.
    #[error("`{variable}` has no members to choose from")]
    NoMembers {
        /// Its name.
        variable: &'static str,
    },
    /// An XPath expression other than the two.
    #[error("of XPath only `/*` and `//@*` are supported")]
    XPath,
    /// `!` where only what is there can be taken away, or `!` and `&` at once.
    #[error("`!` cannot stand here")]
    Exclusion,
    /// `%{...}` that names nothing.
    #[error("the macro `%{{{name}}}` names nothing and stands for the empty text")]
    Macro {
        /// What stands between the braces, as far as it is printable.
        name: Box<str>,
    },
    /// `\\` in a pattern.
    #[error(
        "`\\\\` is one backslash here, as it is to ModSecurity 2, and two to other engines; `\\x5c` \
         in a pattern is a backslash to all"
    )]
    DoubledBackslash,
    /// A file could not be included.
    #[error("`{path}` cannot be included: {error}")]
    Include {
        /// The path, as far as it is printable.
        path: Box<str>,
        /// Why.
        error: FileError,
    },
    /// A file includes itself, perhaps by way of others.
    #[error("`{file}` includes itself")]
    Cycle {
        /// The file.
        file: Box<str>,
    },
    /// Files include files too deep.
    #[error("files include one another more than {limit} deep")]
    TooDeep {
        /// How deep they may.
        limit: usize,
    },
    /// There are too many files, or too much in them.
    #[error("a rule set is at most {files} files and {bytes} bytes; the rest is not read")]
    TooLarge {
        /// How many files.
        files: usize,
        /// How many bytes in all.
        bytes: usize,
    },
    /// There are so many errors that more are not looked for.
    #[error("that is {limit} errors; the rest is not read")]
    TooMany {
        /// How many were kept.
        limit: usize,
    },
}

impl FindingKind {
    /// The finding that this is wrong with `text`.
    pub(super) fn at(self, text: Text<'_>) -> Finding {
        Finding {
            span: text.span(),
            kind: self,
        }
    }
}

/// What a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameKind {
    /// A directive, `SecRule`.
    Directive,
    /// A variable, `ARGS`.
    Variable,
    /// An operator, `@rx`.
    Operator,
    /// An action, `deny`.
    Action,
    /// A setting for one exchange, `ctl:ruleEngine`.
    Ctl,
    /// A transformation, `t:lowercase`.
    Transformation,
}

impl NameKind {
    /// The word for it, and what precedes such a name in rules.
    const fn word(self) -> (&'static str, &'static str) {
        match self {
            Self::Directive => ("directive", ""),
            Self::Variable => ("variable", ""),
            Self::Operator => ("operator", "@"),
            Self::Action => ("action", ""),
            Self::Ctl => ("action", "ctl:"),
            Self::Transformation => ("transformation", "t:"),
        }
    }

    /// What precedes such a name in rules: `@`, `ctl:`, `t:` or nothing.
    pub const fn prefix(self) -> &'static str {
        self.word().1
    }
}

impl fmt::Display for NameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word().0)
    }
}

/// What follows from a name that is not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The rules are not loaded.
    Error,
    /// The rules are loaded, and this does nothing.
    Warning,
    /// The rules are loaded but for the one that has it, with all links of its chain. The compiler
    /// warns of each, since it knows which rule that is.
    Skip,
}

impl Effect {
    const fn verb(self) -> &'static str {
        match self {
            Self::Error => "is not supported",
            Self::Warning => "has no effect",
            Self::Skip => "is not evaluated",
        }
    }
}

/// The end of a message about a name.
struct DidYouMean(Option<&'static str>, &'static str);

impl fmt::Display for DidYouMean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "; did you mean `{}{name}`?", self.1),
            None => Ok(()),
        }
    }
}
