//! Tokens of SQL.
//!
//! A token's text is a part of the input or an entry of the keyword table, never a copy, so that a
//! token is small enough to be moved about while folding.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// `FROM`, `INTO OUTFILE` and the like.
    Keyword,
    /// `UNION`, `INTERSECT` and their forms.
    Union,
    /// `GROUP BY`, `LIMIT`.
    Group,
    /// What a statement starts with: `SELECT`, `INSERT`.
    Expression,
    /// The name of a type, or of a character set.
    SqlType,
    /// A known function.
    Function,
    /// Any other word.
    Bareword,
    /// A number, or what passes for one, such as `NULL`.
    Number,
    /// `@name`, `CURRENT_USER`.
    Variable,
    /// A string in whatever quotes.
    String,
    /// An operator that is not a logic one.
    Operator,
    /// `AND`, `OR` and their signs.
    Logic,
    /// A comment that runs to its end.
    Comment,
    /// `COLLATE`.
    Collate,
    /// `(`.
    LeftParen,
    /// `)`.
    RightParen,
    /// `{`.
    LeftBrace,
    /// `}`.
    RightBrace,
    /// A `.` without digits.
    Dot,
    /// `,`.
    Comma,
    /// A `:` that is no operator.
    Colon,
    /// `;`.
    Semicolon,
    /// What starts a statement of Transact-SQL.
    TransactSql,
    /// A byte that means nothing.
    Unknown,
    /// What engines are known to read differently: an injection by itself.
    Evil,
    /// A `\` outside of strings.
    Backslash,
}

/// The letters that fingerprints have for the kinds, in their order.
const LETTERS: &[u8; 26] = b"kUBEtfn1vso&cA(){}.,:;T?X\\";

impl Kind {
    /// The letter in fingerprints.
    pub(super) const fn letter(self) -> u8 {
        match LETTERS.split_at_checked(self as usize) {
            Some((_, [letter, ..])) => *letter,
            _ => b'?',
        }
    }

    /// Whether it may begin a phrase of several words.
    pub(super) fn begins_phrase(self) -> bool {
        use Kind::*;
        matches!(
            self,
            Keyword | Bareword | Operator | Union | Function | Expression | TransactSql | SqlType
        )
    }

    /// Whether it may go on with a phrase of several words.
    pub(super) fn continues_phrase(self) -> bool {
        self.begins_phrase() || self == Self::Logic
    }
}

/// A token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// The quote before a string, a letter for one of the special quotes, or 0: none stands there.
    pub open: u8,
    /// The quote after a string, likewise.
    pub close: u8,
    /// Whether a phrase may start with it.
    pub starts_phrase: bool,
    /// Its text, without the quotes of strings and the `@` of variables; at most [`Token::MAX_TEXT`] bytes of it.
    pub text: &'a [u8],
}

impl<'a> Token<'a> {
    /// How much of its text a token knows, in bytes.
    pub(super) const MAX_TEXT: usize = 31;

    /// What stands where no token is yet.
    pub(super) const NONE: Self = Self {
        kind: Kind::Unknown,
        open: 0,
        close: 0,
        starts_phrase: false,
        text: &[],
    };

    /// Neither quoted nor known.
    pub(super) fn new(kind: Kind, text: &'a [u8]) -> Self {
        Self {
            kind,
            text: text.get(..Self::MAX_TEXT).unwrap_or(text),
            ..Self::NONE
        }
    }

    /// Whether the text is `word`, whatever its case.
    pub(super) fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word.as_bytes())
    }

    /// Whether it is an operator that may stand before its only operand.
    pub(super) fn is_unary(&self) -> bool {
        self.kind == Kind::Operator
            && (matches!(self.text, [b'+' | b'-' | b'!' | b'~'] | b"!!") || self.is("NOT"))
    }

    /// Whether it is one of `+ - * / %`.
    pub(super) fn is_arithmetic(&self) -> bool {
        self.kind == Kind::Operator && matches!(self.text, [b'*' | b'/' | b'-' | b'+' | b'%'])
    }
}
