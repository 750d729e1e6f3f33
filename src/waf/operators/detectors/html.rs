//! `@detectHTML`: what libinjection takes for HTML that runs a script, and editors do not write.
//!
//! To libinjection every `style` is an injection, since some ran scripts in browsers of twenty years
//! ago, and so are document types and comments that such browsers read. Texts that are written with an
//! editor are full of styles, those pasted from an office of comments and namespaces. A style counts here
//! if something in it ever ran a script, or hides what it is; a namespace, if it is not one of documents;
//! an element that loads something, if it has an attribute that says what; `data:`, if it is no image;
//! and SVG, if it has not the frame of a drawing, for what runs in one is found by its own name. Invariant: never
//! more than libinjection finds. Non-goal: HTML that looks like something that it is not, and drawings that load
//! others; links and forms are harmless here.

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

/// What the names of namespaces of documents begin with.
const NAMESPACES: [&[u8]; 5] = [
    b"urn:schemas-microsoft-com:",
    b"http://schemas.microsoft.com/",
    b"http://schemas.openxmlformats.org/",
    b"http://www.w3.org/TR/REC-html40",
    b"http://purl.org/dc/",
];

/// Those in which elements run scripts: harmless unless by a prefix, which hides their elements.
const LANGUAGES: [&[u8]; 3] = [
    b"http://www.w3.org/1999/xhtml",
    b"http://www.w3.org/2000/svg",
    b"http://www.w3.org/1998/Math/MathML",
];

/// Images within a text: in these no script runs.
const IMAGES: [&[u8]; 7] = [
    b"data:image/png;",
    b"data:image/gif;",
    b"data:image/jpeg;",
    b"data:image/jpg;",
    b"data:image/webp;",
    b"data:image/avif;",
    b"data:image/bmp;",
];

/// Elements, and by which attributes they run or load something: by any, if there is none here.
const ELEMENTS: [(&[u8], &[&[u8]]); 8] = [
    (b"applet", &[]),
    (b"base", &[b"href"]),
    (b"embed", &[]),
    (b"frame", &[]),
    (b"iframe", &[]),
    (
        b"link",
        &[b"rel", b"href=\"http", b"href=http", b"href='http"],
    ),
    (b"meta", &[b"http-equiv", b"utf-7", b"utf7", b"url"]),
    (b"object", &[]),
];

/// Bytes of a tag that are looked at.
const TAG: usize = 512;

/// Whether the value is HTML that runs a script.
pub(super) fn runs_script(input: &[u8]) -> bool {
    detect_xss_that(input, |finding| match finding {
        Finding::Doctype => false,
        Finding::Comment(text) => DECLARATIONS.iter().any(|it| starts(text, it)),
        Finding::Style(text) => (0..text.len())
            .filter_map(|at| text.get(at..))
            .any(|rest| STYLES.iter().any(|it| starts(rest, it))),
        Finding::Element(name, behind) => runs_or_loads(name, behind),
        Finding::Namespace(name, value) => {
            let plain = name.len() == b"xmlns".len();
            let is_one = |known: &[&[u8]]| known.iter().any(|it| starts(value, it));
            !(is_one(&NAMESPACES) || plain && is_one(&LANGUAGES))
        }
        Finding::Url(url) => !IMAGES.iter().any(|it| starts(url.trim_ascii_start(), it)),
        Finding::Other => true,
    })
}

/// Whether an element is more than its name, or runs something by that alone.
fn runs_or_loads(name: &[u8], behind: &[u8]) -> bool {
    let mut elements = ELEMENTS.iter();
    let element = elements.find(|(known, _)| name.eq_ignore_ascii_case(known));
    let is_drawing = name.eq_ignore_ascii_case(b"svg");
    if element.is_none() && !is_drawing {
        return true;
    }
    let Some(end) = behind.iter().take(TAG).position(|byte| *byte == b'>') else {
        return true;
    };
    let tag = behind.get(..end).unwrap_or_default();
    // The sign may stand within an attribute's value, and then the tag goes on.
    let is_open = |quote: u8| tag.iter().filter(|byte| **byte == quote).count() % 2 == 1;
    if is_open(b'"') || is_open(b'\'') {
        return true;
    }
    let has =
        |wanted: &[u8]| (0..tag.len()).any(|at| tag.get(at..).is_some_and(|it| starts(it, wanted)));
    match element {
        None => !has(b"viewbox=\""),
        Some((_, [])) => !tag.is_empty(),
        Some((_, attributes)) => attributes.iter().any(|it| has(it)),
    }
}

fn starts(text: &[u8], with: &[u8]) -> bool {
    text.get(..with.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(with))
}
