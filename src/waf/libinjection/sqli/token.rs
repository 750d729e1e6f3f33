//! Tokens of SQL.
//!
//! A token's text is a part of the input or an entry of the keyword table, never a copy, so that a
//! token is small enough to be moved about while folding.

/// What a token is; the letter is the one that fingerprints have for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// `FROM`, `INTO OUTFILE` and the like.
    Keyword = b'k',
    /// `UNION`, `INTERSECT` and their forms.
    Union = b'U',
    /// `GROUP BY`, `LIMIT`.
    Group = b'B',
    /// What a statement starts with: `SELECT`, `INSERT`.
    Expression = b'E',
    /// The name of a type, or of a character set.
    SqlType = b't',
    /// A known function.
    Function = b'f',
    /// Any other word.
    Bareword = b'n',
    /// A number, or what passes for one, such as `NULL`.
    Number = b'1',
    /// `@name`, `CURRENT_USER`.
    Variable = b'v',
    /// A string in whatever quotes.
    String = b's',
    /// An operator that is not a logic one.
    Operator = b'o',
    /// `AND`, `OR` and their signs.
    Logic = b'&',
    /// A comment that runs to its end.
    Comment = b'c',
    /// `COLLATE`.
    Collate = b'A',
    /// `(`.
    LeftParen = b'(',
    /// `)`.
    RightParen = b')',
    /// `{`.
    LeftBrace = b'{',
    /// `}`.
    RightBrace = b'}',
    /// A `.` without digits.
    Dot = b'.',
    /// `,`.
    Comma = b',',
    /// A `:` that is no operator.
    Colon = b':',
    /// `;`.
    Semicolon = b';',
    /// What starts a statement of Transact-SQL.
    TransactSql = b'T',
    /// A byte that means nothing.
    Unknown = b'?',
    /// What engines are known to read differently: an injection by itself.
    Evil = b'X',
    /// A `\` outside of strings.
    Backslash = b'\\',
}

impl Kind {
    /// The kind with a letter of the keyword table.
    pub(super) const fn of_keyword(letter: u8) -> Option<Self> {
        Some(match letter {
            b'k' => Self::Keyword,
            b'U' => Self::Union,
            b'B' => Self::Group,
            b'E' => Self::Expression,
            b't' => Self::SqlType,
            b'f' => Self::Function,
            b'n' => Self::Bareword,
            b'1' => Self::Number,
            b'v' => Self::Variable,
            b'o' => Self::Operator,
            b'&' => Self::Logic,
            b'A' => Self::Collate,
            b'T' => Self::TransactSql,
            _ => return None,
        })
    }

    /// The letter in fingerprints.
    pub(super) const fn letter(self) -> u8 {
        self as u8
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
        text: &[],
    };

    /// Without quotes.
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
