//! Whether a text is written for people.
//!
//! A question in a forum quotes commands and paths; what is injected stands nearly alone. Invariant:
//! linear, no memory. Non-goal: telling one language from another; code with few words is no prose.

/// Words that there are at least.
const WORDS: usize = 8;

/// Bytes beyond ASCII that there are at least where words are not parted by blanks.
const LETTERS: usize = 30;

/// Whether most of the text is words, and there are some.
pub(super) fn is_prose(text: &[u8]) -> bool {
    let (mut words, mut others) = (0_usize, 0_usize);
    for piece in text.split(u8::is_ascii_whitespace) {
        if piece.is_empty() {
            continue;
        }
        if word(piece).is_some() {
            words += 1;
        } else {
            others += 1;
        }
    }
    if words >= WORDS && words > others {
        return true;
    }
    let beyond = text.iter().filter(|byte| !byte.is_ascii()).count();
    beyond >= LETTERS && beyond > text.len() / 2
}

/// The words of a text, without the marks around them.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace).filter_map(word)
}

/// Two letters and more, perhaps with an apostrophe or a hyphen, and with marks around them.
fn word(piece: &[u8]) -> Option<&[u8]> {
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
    let from = piece.iter().position(is_letter)?;
    let to = piece.iter().rposition(is_letter)?;
    let is_mark = |byte: &u8| b"\"'()[].,;:!?*_".contains(byte);
    let around = piece.iter().take(from).chain(piece.iter().skip(to + 1));
    let inside = piece.get(from..=to)?;
    let is_word = to > from
        && around.into_iter().all(is_mark)
        && inside
            .iter()
            .all(|byte| is_letter(byte) || matches!(byte, b'\'' | b'-'));
    is_word.then_some(inside)
}
