//! The table of operators.
//!
//! Invariant: a row says which operator a name is, and [`Operator`] what it does; nothing else knows
//! the names.

use super::{
    Captures, CompileEnv, OperatorError,
    caches::Caches,
    detectors::Detector,
    ip::Addresses,
    number::{Comparison, Order},
    phrases::{trim, unescape},
    pm::Pm,
    rx::Rx,
    text::{Relation, TextTest},
    validate::Validation,
    verify::{Number, Verification},
};
use crate::waf::libinjection::{detect_sqli, detect_xss};

/// An operator, ready to evaluate.
#[derive(Clone, Debug)]
pub enum Operator {
    /// `@rx`
    Rx(Rx),
    /// `@rxGlobal`: `@rx` that captures the groups of all matches.
    RxGlobal(Rx),
    /// `@pm` and `@pmFromFile`
    Pm(Pm),
    /// `@beginsWith`, `@contains`, `@containsWord`, `@endsWith`, `@streq`, `@strmatch` and `@within`
    Text(TextTest),
    /// `@eq`, `@ge`, `@gt`, `@le` and `@lt`
    Number(Comparison),
    /// `@ipMatch` and `@ipMatchFromFile`
    Address(Addresses),
    /// `@validateByteRange`, `@validateUrlEncoding` and `@validateUtf8Encoding`
    Validate(Validation),
    /// `@verifyCC`, `@verifyCPF`, `@verifySSN` and `@verifySVNR`
    Verify(Verification),
    /// `@detectSQLi`: captures the fingerprint.
    DetectSqli,
    /// `@detectXSS`: captures the value.
    DetectXss,
    /// `@detectBase64`, `@detectHTML`, `@detectShell`, `@detectSQL`, `@detectSSRF` and
    /// `@detectTraversal`
    Detect(Detector),
    /// `@unconditionalMatch`
    Always,
    /// `@noMatch`, and `@geoLookup`
    Never,
}

/// What an evaluation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the value is what the operator looks for.
    pub matched: bool,
    /// Whether the search gave up: it took too many steps, or what macros made of the pattern is none.
    /// Then `matched` is true.
    pub exhausted: bool,
}

impl Outcome {
    /// Whether the operator, perhaps negated, matches. One that gave up does either way: nobody shall
    /// pass by making a search long.
    pub fn holds(self, negated: bool) -> bool {
        self.exhausted || self.matched != negated
    }

    pub(super) const EXHAUSTED: Self = Self {
        matched: true,
        exhausted: true,
    };

    pub(super) const fn matched(matched: bool) -> Self {
        Self {
            matched,
            exhausted: false,
        }
    }
}

type Compile = fn(&[u8], &mut CompileEnv<'_>) -> Result<Operator, OperatorError>;

const TABLE: &[(&str, Compile)] = &[
    ("beginsWith", |argument, _| {
        text(Relation::BeginsWith, argument)
    }),
    ("contains", |argument, _| text(Relation::Contains, argument)),
    ("containsWord", |argument, _| {
        text(Relation::ContainsWord, argument)
    }),
    ("detectBase64", |_, _| {
        Ok(Operator::Detect(Detector::Base64))
    }),
    ("detectHTML", |_, _| Ok(Operator::Detect(Detector::Html))),
    ("detectShell", |argument, _| {
        Detector::shell(argument).map(Operator::Detect)
    }),
    ("detectSQL", |_, _| Ok(Operator::Detect(Detector::Sql))),
    ("detectSQLi", |_, _| Ok(Operator::DetectSqli)),
    ("detectSSRF", |argument, _| {
        Detector::ssrf(argument).map(Operator::Detect)
    }),
    ("detectTraversal", |_, _| {
        Ok(Operator::Detect(Detector::Traversal))
    }),
    ("detectXSS", |_, _| Ok(Operator::DetectXss)),
    ("endsWith", |argument, _| text(Relation::EndsWith, argument)),
    ("eq", |argument, _| number(Order::Equal, argument)),
    ("ge", |argument, _| number(Order::GreaterOrEqual, argument)),
    // No database of countries is read, of which the parser warns.
    ("geoLookup", |_, _| Ok(Operator::Never)),
    ("gt", |argument, _| number(Order::Greater, argument)),
    ("ipMatch", |argument, env| {
        Addresses::from_argument(argument, env).map(Operator::Address)
    }),
    ("ipMatchFromFile", |argument, env| {
        Addresses::from_files(argument, env).map(Operator::Address)
    }),
    ("le", |argument, _| number(Order::LessOrEqual, argument)),
    ("lt", |argument, _| number(Order::Less, argument)),
    ("noMatch", |_, _| Ok(Operator::Never)),
    ("pm", |argument, env| {
        Pm::from_argument(argument, env).map(Operator::Pm)
    }),
    ("pmFromFile", |argument, env| {
        Pm::from_files(argument, env).map(Operator::Pm)
    }),
    ("rx", |argument, env| {
        Ok(Operator::Rx(Rx::compile(argument, false, env)?))
    }),
    ("rxGlobal", |argument, env| {
        Ok(Operator::RxGlobal(Rx::compile(argument, false, env)?))
    }),
    ("streq", |argument, _| text(Relation::Equals, argument)),
    ("strmatch", |argument, _| strmatch(argument)),
    ("unconditionalMatch", |_, _| Ok(Operator::Always)),
    ("validateByteRange", |argument, _| {
        Validation::byte_range(argument).map(Operator::Validate)
    }),
    ("validateUrlEncoding", |_, _| {
        Ok(Operator::Validate(Validation::UrlEncoding))
    }),
    ("validateUtf8Encoding", |_, _| {
        Ok(Operator::Validate(Validation::Utf8Encoding))
    }),
    ("verifyCC", |argument, env| {
        verify(Number::CreditCard, argument, env)
    }),
    ("verifyCPF", |argument, env| {
        verify(Number::Cpf, argument, env)
    }),
    ("verifySSN", |argument, env| {
        verify(Number::Ssn, argument, env)
    }),
    ("verifySVNR", |argument, env| {
        verify(Number::Svnr, argument, env)
    }),
    ("within", |argument, _| text(Relation::Within, argument)),
];

/// Other names of operators.
const ALIASES: &[(&str, &str)] = &[("ipMatchF", "ipMatchFromFile"), ("pmf", "pmFromFile")];

impl Operator {
    /// Compiles an operator by its name, in any case, and its argument, macros not expanded.
    ///
    /// # Errors
    /// When there is no such operator, or its argument is none or too large.
    pub fn compile(
        name: &str,
        argument: &[u8],
        env: &mut CompileEnv<'_>,
    ) -> Result<Self, OperatorError> {
        let alias = ALIASES.iter().find(|row| row.0.eq_ignore_ascii_case(name));
        let known = alias.map_or(name, |row| row.1);
        let row = TABLE.iter().find(|row| row.0.eq_ignore_ascii_case(known));
        let (_, compile) = row.ok_or_else(|| OperatorError::Unknown(name.to_owned()))?;
        compile(argument, env)
    }

    /// The names of all operators, in the order of the alphabet.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|row| row.0)
    }

    /// Whether the argument has macros, so that [`evaluate`](Self::evaluate) must be given it expanded.
    pub fn expands(&self) -> bool {
        match self {
            Self::Rx(rx) | Self::RxGlobal(rx) => rx.expands(),
            Self::Text(test) => test.expands(),
            Self::Number(comparison) => comparison.expands(),
            Self::Verify(verification) => verification.expands(),
            Self::Pm(_)
            | Self::Address(_)
            | Self::Validate(_)
            | Self::DetectSqli
            | Self::DetectXss
            | Self::Detect(_)
            | Self::Always
            | Self::Never => false,
        }
    }

    /// Whether `input` is what the operator looks for. `argument` is the argument with its macros
    /// expanded; it is looked at only where [`expands`](Self::expands). What a match captures replaces
    /// what is in `captures`, which is empty where there was none.
    pub fn evaluate(
        &self,
        input: &[u8],
        argument: &[u8],
        caches: &mut Caches,
        mut captures: Option<&mut Captures>,
    ) -> Outcome {
        if let Some(captures) = captures.as_deref_mut() {
            captures.clear();
        }
        match self {
            Self::Rx(rx) => match (rx.ready(argument, caches), captures) {
                (None, _) => Outcome::EXHAUSTED,
                (Some((rx, caches)), None) => rx.is_match(input, caches),
                (Some((rx, caches)), Some(captures)) => rx.captures(input, caches, captures),
            },
            Self::RxGlobal(rx) => match (rx.ready(argument, caches), captures) {
                (None, _) => Outcome::EXHAUSTED,
                (Some((rx, caches)), None) => rx.is_match(input, caches),
                (Some((rx, caches)), Some(captures)) => rx.capture_all(input, caches, captures),
            },
            Self::Verify(verification) => verification.evaluate(input, argument, caches, captures),
            Self::Pm(pm) => Outcome::matched(match captures {
                Some(captures) => pm.captures(input, captures),
                None => pm.is_match(input),
            }),
            Self::DetectSqli => {
                let fingerprint = detect_sqli(input);
                if let (Some(fingerprint), Some(captures)) = (fingerprint, captures) {
                    captures.set_text(0..input.len(), fingerprint.as_bytes());
                }
                Outcome::matched(fingerprint.is_some())
            }
            Self::DetectXss => {
                let matched = detect_xss(input);
                if let (true, Some(captures)) = (matched, captures) {
                    captures.set(0, 0..input.len());
                }
                Outcome::matched(matched)
            }
            Self::Detect(detector) => Outcome::matched(detector.finds(input, captures)),
            Self::Text(test) => Outcome::matched(test.holds(input, argument)),
            Self::Number(comparison) => Outcome::matched(comparison.holds(input, argument)),
            Self::Address(addresses) => Outcome::matched(addresses.contains(input)),
            Self::Validate(validation) => Outcome::matched(validation.fails(input)),
            Self::Always => Outcome::matched(true),
            Self::Never => Outcome::matched(false),
        }
    }
}

fn text(relation: Relation, argument: &[u8]) -> Result<Operator, OperatorError> {
    Ok(Operator::Text(TextTest::new(relation, argument)))
}

fn number(order: Order, argument: &[u8]) -> Result<Operator, OperatorError> {
    Ok(Operator::Number(Comparison::new(order, argument)))
}

/// A phrase as in `@pm`, but in this case alone, and blanks are part of it.
fn strmatch(argument: &[u8]) -> Result<Operator, OperatorError> {
    let phrase = trim(argument);
    let quoted = phrase
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    let phrase = unescape(quoted.unwrap_or(phrase)).map_err(OperatorError::Escape)?;
    if phrase.is_empty() {
        return Err(OperatorError::NoArgument("strmatch"));
    }
    Ok(Operator::Text(TextTest::containing(&phrase)))
}

fn verify(
    kind: Number,
    argument: &[u8],
    env: &mut CompileEnv<'_>,
) -> Result<Operator, OperatorError> {
    let pattern = Rx::compile(argument, true, env)?;
    Ok(Operator::Verify(Verification::new(kind, pattern)))
}
