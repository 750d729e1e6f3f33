//! Folding: tokens are dropped, merged and renamed until what is left says what the input does.
//!
//! Six tokens are held at most, of which five make a fingerprint; the sixth tells what the fifth
//! is. Each step drops a token, renames one for good, or goes on by one, so that the work is linear
//! in the number of tokens.

use super::tables::Word;
use super::token::{Kind, Token};
use super::tokenizer::Tokenizer;

/// Most tokens of a fingerprint.
pub(super) const MAX_TOKENS: usize = 5;

/// The sixth token is held as well, and three are looked at from the fifth on.
const PLACES: usize = MAX_TOKENS + 2;

/// Tokens that are folded, or have been.
pub(super) struct Folding<'a> {
    tokens: [Token<'a>; PLACES],
    source: Tokenizer<'a>,
    /// How many tokens are held: where the next one goes.
    held: usize,
    /// How many of them need no more looking at.
    done: usize,
    /// Whether the source may have more.
    more: bool,
    /// The comment that was last read, while no other token has followed.
    comment: Option<Token<'a>>,
}

/// What a step of folding comes to.
enum Step {
    /// Something was folded: look again.
    Again,
    /// Nothing to fold.
    On,
    /// The token after the next is evil: no more of the input is needed.
    Stop,
}

impl<'a> Folding<'a> {
    #[inline]
    pub(super) fn new(source: Tokenizer<'a>) -> Self {
        Self {
            tokens: [Token::NONE; PLACES],
            source,
            held: 0,
            done: 0,
            more: true,
            comment: None,
        }
    }

    /// Reads and folds the tokens of the source, once; those of the fingerprint.
    pub(super) fn run(&mut self) -> &mut [Token<'a>] {
        if self.start() {
            self.fold();
        }
        self.tokens.get_mut(..self.held).unwrap_or_default()
    }

    /// The tokens of the fingerprint.
    pub(super) fn tokens(&self) -> &[Token<'a>] {
        self.tokens.get(..self.held).unwrap_or_default()
    }

    /// How many tokens were read.
    pub(super) fn count(&self) -> usize {
        self.source.count
    }

    /// Whether the other dialect would have read the input differently.
    pub(super) fn is_ambiguous(&self) -> bool {
        self.source.ambiguous
    }

    fn fold(&mut self) {
        loop {
            if self.held >= MAX_TOKENS {
                self.fold_five();
            }
            if !self.more || self.done >= MAX_TOKENS {
                break;
            }
            if !self.fill(2) {
                self.done = self.held;
                continue;
            }
            match self.fold_two() {
                Step::Again => continue,
                Step::Stop => {
                    self.held = self.done + 2;
                    return;
                }
                Step::On => {}
            }
            if !self.fill(3) {
                self.done = self.held;
                continue;
            }
            if let Step::Again = self.fold_three() {
                continue;
            }
            self.done += 1;
        }
        if self.held < MAX_TOKENS
            && let Some(comment) = self.comment
        {
            self.set(self.held, comment);
            self.held += 1;
        }
        self.held = self.held.min(MAX_TOKENS);
    }

    /// Skips what may stand before any injection, and takes the first token behind it.
    fn start(&mut self) -> bool {
        let first = self.source.by_ref().find(|token| {
            !(matches!(token.kind, Kind::Comment | Kind::LeftParen | Kind::SqlType)
                || token.is_unary())
        });
        match first {
            Some(token) => {
                self.set(0, token);
                self.held = 1;
                true
            }
            None => false,
        }
    }

    /// Reads until `wanted` tokens are there that are not done; whether they are.
    fn fill(&mut self, wanted: usize) -> bool {
        while self.more && self.held <= MAX_TOKENS && self.held - self.done < wanted {
            match self.source.next() {
                None => self.more = false,
                Some(token) if token.kind == Kind::Comment => self.comment = Some(token),
                Some(token) => {
                    self.comment = None;
                    self.set(self.held, token);
                    self.held += 1;
                }
            }
        }
        self.held - self.done >= wanted
    }

    /// Shapes of five tokens that say no more than their first: `1+(2)`, `foo),(1`.
    fn fold_five(&mut self) {
        use Kind::*;
        let [a, b, c, d, e, sixth, ..] = &self.tokens;
        let folds = matches!(
            (a.kind, b.kind, c.kind, d.kind, e.kind),
            (Number, Operator | Comma, LeftParen, Number, RightParen)
                | (Bareword, Operator, LeftParen, Bareword | Number, RightParen)
                | (Number, RightParen, Comma, LeftParen, Number)
                | (Bareword, RightParen, Operator, LeftParen, Bareword)
        );
        if !folds {
            return;
        }
        if self.held > MAX_TOKENS {
            let sixth = *sixth;
            self.set(1, sixth);
            self.held = 2;
        } else {
            self.held = 1;
        }
        self.done = 0;
    }

    fn fold_two(&mut self) -> Step {
        use Kind::*;
        let (a, b) = self.pair();
        match (a.kind, b.kind) {
            (String, String) | (Semicolon, Semicolon) => return self.drop_last(1),
            (Operator | Logic, _) if b.is_unary() || b.kind == SqlType => {
                return self.drop_last_and_restart(1);
            }
            (LeftParen, _) if b.is_unary() => {
                self.done = self.done.saturating_sub(1);
                return self.drop_last(1);
            }
            _ => {}
        }
        if let Some(phrase) = phrase(a, b) {
            let token = Token {
                starts_phrase: phrase.starts_phrase,
                ..Token::new(phrase.kind, phrase.text)
            };
            self.replace(0, token);
            self.done = self.done.saturating_sub(1);
            return self.drop_last(1);
        }
        match (a.kind, b.kind) {
            (Semicolon, Function) if matches!(b.text, [b'i' | b'I', b'f' | b'F', ..]) => {
                // A statement of Transact-SQL, where it does not stand in an expression.
                self.rename(1, TransactSql)
            }
            (Bareword | Variable, LeftParen) if CALLABLE.iter().any(|word| a.is(word)) => {
                self.rename(0, Function)
            }
            (Keyword, _) if a.is("IN") || a.is("NOT IN") => {
                let is_operator = b.kind == LeftParen;
                self.rename(0, if is_operator { Operator } else { Bareword })
            }
            (Operator, LeftParen) if a.is("LIKE") || a.is("NOT LIKE") => {
                self.rename(0, Function);
                Step::On
            }
            (Operator, _) if a.is("LIKE") || a.is("NOT LIKE") => Step::On,
            (SqlType, Bareword | Number | SqlType | LeftParen | Function | Variable | String) => {
                let b = *b;
                self.replace(0, b);
                self.drop_last_and_restart(1)
            }
            (Collate, Bareword) => {
                // Collations are too many to know them all, but their names have underscores.
                let known = b.text.iter().take_while(|&&byte| byte != 0);
                if known.into_iter().any(|&byte| byte == b'_') {
                    self.rename(1, SqlType);
                    self.done = 0;
                }
                Step::On
            }
            (Backslash, _) if b.is_arithmetic() => {
                // Transact-SQL takes a backslash before an operator for a zero.
                self.rename(0, Number);
                self.done = 0;
                Step::Again
            }
            (Backslash, _) => {
                let b = *b;
                self.replace(0, b);
                self.drop_last_and_restart(1)
            }
            (LeftParen, LeftParen) | (RightParen, RightParen) => self.drop_last_and_restart(1),
            (LeftBrace, Bareword) if b.text.is_empty() => {
                // MySQL reads {``.``.id}, and nothing else that is benign starts so.
                self.rename(1, Evil);
                Step::Stop
            }
            (LeftBrace, Bareword) => self.drop_last_and_restart(2),
            (_, RightBrace) => self.drop_last_and_restart(1),
            _ => Step::On,
        }
    }

    fn fold_three(&mut self) -> Step {
        use Kind::*;
        let (a, b, c) = self.triple();
        match (a.kind, b.kind, c.kind) {
            (Number, Operator, Number) => self.drop_last_and_restart(2),
            (Operator, middle, Operator) if middle != LeftParen => self.drop_last_and_restart(2),
            (Logic, _, Logic)
            | (Variable, Operator, Variable | Number | Bareword)
            | (Bareword | Number, Operator, Number | Bareword) => self.drop_last_and_restart(2),
            (Bareword | Number | Variable | String, Operator, SqlType) if b.text == b"::" => {
                self.drop_last_and_restart(2)
            }
            (
                Bareword | Number | String | Variable,
                Comma,
                Number | Bareword | String | Variable,
            ) => self.drop_last_and_restart(2),
            (Expression | Group | Comma, _, LeftParen) if b.is_unary() => {
                let c = *c;
                self.replace(1, c);
                self.drop_last_and_restart(1)
            }
            (Keyword | Expression | Group, _, Number | Bareword | Variable | String | Function)
                if b.is_unary() =>
            {
                let c = *c;
                self.replace(1, c);
                self.drop_last_and_restart(1)
            }
            (Comma, _, Number | Bareword | Variable | String) if b.is_unary() => {
                // All of `,-1` goes, so that what stands before may fold with what follows.
                let c = *c;
                self.replace(1, c);
                self.drop_last_and_restart(3)
            }
            (Comma, _, Function) if b.is_unary() => {
                let c = *c;
                self.replace(1, c);
                self.drop_last_and_restart(1)
            }
            (Bareword, Dot, Bareword) => self.drop_last_and_restart(2),
            (Expression, Dot, Bareword) => {
                let c = *c;
                self.replace(1, c);
                self.drop_last_and_restart(1)
            }
            (Function, LeftParen, kind) if kind != RightParen && a.is("USER") => {
                // USER() takes nothing: with something in it, it is not that function.
                self.rename(0, Bareword);
                Step::On
            }
            _ => Step::On,
        }
    }

    /// The first two tokens that are not done.
    fn pair(&self) -> (&Token<'a>, &Token<'a>) {
        let (a, b, _) = self.triple();
        (a, b)
    }

    /// The first three tokens that are not done.
    fn triple(&self) -> (&Token<'a>, &Token<'a>, &Token<'a>) {
        match self.tokens.get(self.done..) {
            Some([a, b, c, ..]) => (a, b, c),
            _ => (&Token::NONE, &Token::NONE, &Token::NONE),
        }
    }

    fn replace(&mut self, offset: usize, token: Token<'a>) {
        self.set(self.done + offset, token);
    }

    fn rename(&mut self, offset: usize, kind: Kind) -> Step {
        if let Some(token) = self.tokens.get_mut(self.done + offset) {
            token.kind = kind;
        }
        Step::Again
    }

    fn set(&mut self, at: usize, token: Token<'a>) {
        if let Some(slot) = self.tokens.get_mut(at) {
            *slot = token;
        }
    }

    fn drop_last(&mut self, count: usize) -> Step {
        self.held = self.held.saturating_sub(count);
        Step::Again
    }

    fn drop_last_and_restart(&mut self, count: usize) -> Step {
        self.done = 0;
        self.drop_last(count)
    }
}

/// Words that are functions where an argument list follows and names elsewhere.
const CALLABLE: &[&str] = &[
    "USER_ID",
    "USER_NAME",
    "DATABASE",
    "PASSWORD",
    "USER",
    "CURRENT_USER",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "LOCALTIME",
    "LOCALTIMESTAMP",
];

/// The phrase that two tokens make.
fn phrase(a: &Token<'_>, b: &Token<'_>) -> Option<&'static Word> {
    if !a.starts_phrase || !a.kind.begins_phrase() || !b.kind.continues_phrase() {
        return None;
    }
    let mut both = [b' '; Token::MAX_TEXT];
    let length = a.text.len() + 1 + b.text.len();
    both.get_mut(..a.text.len())?.copy_from_slice(a.text);
    both.get_mut(a.text.len() + 1..length)?
        .copy_from_slice(b.text);
    Word::find(both.get(..length)?)
}
