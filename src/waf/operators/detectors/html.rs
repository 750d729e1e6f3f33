//! `@detectHTML`: what libinjection takes for HTML that runs a script, and editors do not write.
//!
//! To libinjection every `style` is an injection, since some ran scripts in browsers of twenty years
//! ago, and so are document types and comments that such browsers read. Texts that are written with an
//! editor are full of styles, those pasted from an office of comments. A style counts here if something
//! in it ever ran a script, or hides what it is. Invariant: never more than libinjection finds.
//! Non-goal: HTML that looks like something that it is not; links and forms are harmless here.

use crate::waf::libinjection::{Finding, detect_xss_that};

/// What ran scripts within a style, and by what words are hidden there: comments, escapes, references.
const STYLES: [&[u8]; 8] = [
    b"expression",
    b"script",
    b"behavio",
    b"binding",
    b"import",
    b"/*",
    b"\\",
    b"&#",
];

/// What a comment begins with that is none: a declaration or an instruction.
const DECLARATIONS: [&[u8]; 3] = [b"xml", b"import", b"entity"];

/// Whether the value is HTML that runs a script.
pub(super) fn runs_script(input: &[u8]) -> bool {
    detect_xss_that(input, |finding| match finding {
        Finding::Doctype => false,
        Finding::Comment(text) => DECLARATIONS.iter().any(|it| starts(text, it)),
        Finding::Style(text) => (0..text.len())
            .filter_map(|at| text.get(at..))
            .any(|rest| STYLES.iter().any(|it| starts(rest, it))),
        Finding::Other => true,
    })
}

fn starts(text: &[u8], with: &[u8]) -> bool {
    text.get(..with.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(with))
}
