//! References to characters and to the five entities that need no declaration (XML 1.0 section 4.6).

const ENTITIES: [(&[u8], u8); 5] = [
    (b"lt", b'<'),
    (b"gt", b'>'),
    (b"amp", b'&'),
    (b"quot", b'"'),
    (b"apos", b'\''),
];

/// Most bytes of a reference before its semicolon: leading zeros have to end somewhere.
const LONGEST: usize = 32;

/// Writes what a reference stands for, whose ampersand stands before `rest`, and returns what follows
/// its semicolon.
pub(super) fn decode<'a>(rest: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let end = rest.iter().take(LONGEST).position(|&byte| byte == b';')?;
    let (name, more) = rest.split_at_checked(end)?;
    let more = more.get(1..)?;
    let code = match name {
        [b'#', b'x', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        _ => {
            let (_, byte) = ENTITIES.iter().find(|(entity, _)| *entity == name)?;
            u32::from(*byte)
        }
    };
    let character = char::from_u32(code).filter(|character| is_character(*character))?;
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(more)
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, digit| {
        let digit = char::from(*digit).to_digit(radix)?;
        number.checked_mul(radix)?.checked_add(digit)
    })
}

/// `Char` of XML 1.0 section 2.2.
fn is_character(character: char) -> bool {
    !matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}
