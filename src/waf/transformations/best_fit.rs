//! The ASCII character that stands for another: the best fit of code page 20127.
//!
//! Servers that decode `%uHHHH` into a byte take the character that looks most alike, so that U+2032
//! is an apostrophe to a database. The facts are those of Microsoft's table for US-ASCII, together
//! with the dots of RFC 3490 section 3.1. Invariant: a code point under 0x80 is its own best fit.
//! Non-goal: other code pages.

use super::scan;

/// Runs of code points: the first, and what each of them becomes, `@` where the table has none. The
/// full-width forms are not here, see [`scan::narrow`].
const RUNS: [(u16, &[u8]); 15] = [
    (0x00a0, b" !c@$Y|@@Ca<@-R@@@23@@@.,1o>@@@@AAAAAAACEEEEIIIIDNOOOOO@OUUUUY@@aaaaaaaceeeeiiii@nooooo@ouuuuy@y"),
    (0x0100, b"AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi@@JjKk@LlLlLl"),
    (0x0140, b"@LlNnNnNn@@@OoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZ@ZzZz"),
    (0x0180, b"b@@@@@@@@D@@@@@@@Ff@@@@I@@l@@@@OOo@@@@@@@@@t@@TUu@@@@@z"),
    (0x01c0, b"@@@@@@@@@@@@@AaIiOoUuUuUuUuUu@Aa@@@@GgGgKkOoOo@@j"),
    (0x0261, b"g"),
    (0x02b9, b"'\"@'@@@@@@@^@^@'@@`@_@@@@@@@@@@@@@@~"),
    (0x0300, b"`@^~"),
    (0x030e, b"\""),
    (0x0331, b"__"),
    (0x2000, b"       @@@@@@@@@--@--@@@'',@\"\"\"@@@.@@@."),
    (0x2032, b"'@@`@@@<>"),
    (0x2122, b"T"),
    (0x3002, b"."),
    (0xff61, b"."),
];

/// The byte that a code point becomes: its best fit, or else its lower byte.
pub(super) fn ascii(code: u16) -> u8 {
    let run = RUNS.iter().rfind(|(first, _)| *first <= code);
    let fit = run.and_then(|(first, fits)| fits.get(usize::from(code - first)));
    match fit {
        Some(b'@') | None => scan::narrow(code),
        Some(fit) => *fit,
    }
}
