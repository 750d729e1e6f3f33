//! `@detectSQL`: what libinjection takes for an injection, and people do not write.
//!
//! libinjection sees the first tokens of a text, and some fingerprints are those of sentences: a sign
//! in quotes, a call. Where the fingerprint is one of these, there must be hardly a word that is not
//! SQL's, or a sign of SQL. Invariant: never more than libinjection finds.

use super::prose::words;
use crate::waf::libinjection::{Fingerprint, detect_sqli};

/// Fingerprints of sentences: values and quotes with an operator between them.
const SPOKEN: &[&[u8]] = &[
    b"1&1", b"1&n", b"1&s", b"1&v", b"1os", b"n&1", b"nTnTn", b"nTsnn", b"nc", b"nks&s", b"nks;",
    b"nosc", b"nosos", b"s&1", b"s&n", b"s&s", b"s&sos", b"sTnno", b"sTsos", b"sknc", b"skson",
    b"snos", b"sok", b"sonos", b"sos", b"sosc", b"sosos", b"svson",
];

/// Fingerprints of code: names, calls and what stands between them.
const CODE: &[&[u8]] = &[
    b"1&f(", b"T(nn)", b"Tn(1)", b"Tn(n)", b"f(1)o", b"f(f(", b"f(f(n", b"f(nof", b"f(nos",
    b"f(n)f", b"f(n)k", b"f(n)n", b"f(n)o", b"f(s)k", b"f(s)o", b"k(s)o", b"kson(", b"n;Tks",
    b"n;Tnn", b"nTnkn", b"nTnno", b"no(1,", b"no(f(", b"no(n)", b"no(no", b"no(s)", b"nkf()",
    b"nof(n", b"nok(n", b"nok(s", b"sf()s", b"sk(n)", b"so(n)",
];

/// Words that are not SQL's which a value with a fingerprint of sentences, or of code, may have.
const MOST: (usize, usize) = (1, 3);

/// Words of SQL that stand where others do.
const SQL: &[&str] = &[
    "and", "between", "div", "in", "is", "like", "mod", "not", "null", "or", "regexp", "rlike",
    "sounds", "xor", "select", "union", "from", "where", "having", "order", "group", "by", "limit",
    "all", "true", "false",
];

/// Words and signs of which code that is SQL has one.
const SIGNS: &[&str] = &[
    "select", "union", "from", "where", "having", "or", "and", "xor", "like",
];

/// The fingerprint of an injection.
pub(super) fn fingerprint(input: &[u8]) -> Option<Fingerprint> {
    let fingerprint = detect_sqli(input)?;
    let is_one =
        |word: &[u8], of: &[&str]| of.iter().any(|it| word.eq_ignore_ascii_case(it.as_bytes()));
    let others = || words(input).filter(|word| !is_one(word, SQL)).count();
    // `(030)-1234567` is a number of a telephone.
    if fingerprint.as_bytes() == b"1)o1"
        && input
            .iter()
            .all(|it| it.is_ascii_digit() || b" ()-+/.".contains(it))
    {
        return None;
    }
    let found = if SPOKEN.contains(&fingerprint.as_bytes()) {
        others() <= MOST.0
    } else if CODE.contains(&fingerprint.as_bytes()) {
        let comments: [&[u8]; 3] = [b"--", b"/*", b"#"];
        let mut comments = comments
            .iter()
            .map(|sign| memchr::memmem::find(input, sign));
        let is_sql = comments.any(|at| at.is_some()) || words(input).any(|it| is_one(it, SIGNS));
        is_sql && others() <= MOST.1
    } else {
        true
    };
    found.then_some(fingerprint)
}
