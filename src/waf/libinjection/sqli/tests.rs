use proptest::prelude::*;
use proptest::sample::select;

use super::super::vectors::vectors;
use super::detect::{detect_sqli, detect_unfiltered};
use super::filter::may_be_sqli;
use super::fold::Folding;
use super::layout::kind_of;
use super::tables::{Word, is_blacklisted};
use super::token::{Kind, Token};
use super::tokenizer::{Context, Dialect, Tokenizer};
use libinjectionrs::sqli::sqli_data::SQL_KEYWORDS;

fn tokenizer(input: &[u8]) -> Tokenizer<'_> {
    Tokenizer::new(input, Context::Bare, Dialect::Ansi)
}

/// As the vectors have it, but for the `@` before variables and the case of words.
fn listing(tokens: &[Token<'_>]) -> String {
    let mut lines = Vec::new();
    for token in tokens {
        let mut line = vec![token.kind.letter(), b' '];
        let is_quoted = matches!(token.kind, Kind::String | Kind::Variable);
        line.extend((is_quoted && token.open != 0).then_some(token.open));
        line.extend_from_slice(token.text);
        line.extend((is_quoted && token.close != 0).then_some(token.close));
        let line = String::from_utf8_lossy(line.trim_ascii_end());
        lines.push(line.to_ascii_uppercase());
    }
    lines.join("\n")
}

fn expected(text: &[u8]) -> String {
    String::from_utf8_lossy(text)
        .lines()
        .map(|line| match line.strip_prefix("v ") {
            Some(name) => format!("V {}", name.trim_start_matches('@').to_ascii_uppercase())
                .trim_end()
                .to_owned(),
            None => line.trim_end().to_ascii_uppercase(),
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn tokens_are_those_of_the_vectors() {
    for vector in vectors("test-tokens-") {
        let tokens: Vec<_> = tokenizer(&vector.input).collect();
        assert_eq!(
            listing(&tokens),
            expected(&vector.expected),
            "{}",
            vector.name
        );
    }
}

#[test]
fn folded_tokens_are_those_of_the_vectors() {
    for vector in vectors("test-folding-") {
        let mut folding = Folding::new(tokenizer(&vector.input));
        assert_eq!(
            listing(folding.run()),
            expected(&vector.expected),
            "{}",
            vector.name
        );
    }
}

#[test]
fn fingerprints_are_those_of_the_vectors() {
    for vector in vectors("test-sqli-") {
        let found = detect_sqli(&vector.input).map(|fingerprint| fingerprint.to_string());
        assert_eq!(
            found.unwrap_or_default().as_bytes(),
            vector.expected,
            "{}",
            vector.name
        );
    }
}

#[test]
fn every_word_and_fingerprint_is_found_and_no_other() {
    let (mut words, mut fingerprints) = (0, 0);
    for entry in SQL_KEYWORDS {
        let text = entry.word.as_bytes();
        if let [b'0', letters @ ..] = text
            && entry.token_type == b'F'
        {
            fingerprints += 1;
            let kinds = letters.iter().map(|&letter| kind_of_letter(letter));
            assert!(is_blacklisted(kinds.clone()), "{}", entry.word);
            assert!(!is_blacklisted(kinds.chain([Kind::Unknown])));
        } else {
            words += 1;
            let lower = text.to_ascii_lowercase();
            for written in [text, &lower] {
                let found = Word::find(written).map(|word| word.kind.letter());
                assert_eq!(found, Some(entry.token_type), "{}", entry.word);
            }
            if let Some(blank) = memchr::memchr(b' ', text) {
                for end in (blank..text.len()).filter(|&at| text[at] == b' ') {
                    let start = Word::find(&text[..end]);
                    assert!(
                        start.is_none_or(|word| word.starts_phrase),
                        "{}",
                        entry.word
                    );
                    assert!(start.is_some() || end > blank, "{}", entry.word);
                }
            }
            let longer = [text, b"~"].concat();
            assert!(Word::find(&longer).is_none(), "{}", entry.word);
        }
    }
    assert_eq!((words, fingerprints), (985, 8367));
    for unknown in ["", "A", "SELEC", "SELECTS", "'", "\u{17f}ELECT", "0UE1"] {
        assert!(Word::find(unknown.as_bytes()).is_none(), "{unknown}");
    }
    assert!(!is_blacklisted([].into_iter()));
}

fn kind_of_letter(letter: u8) -> Kind {
    match letter {
        b'C' => Kind::Comment,
        b'S' => Kind::String,
        b'(' => Kind::LeftParen,
        b')' => Kind::RightParen,
        b',' => Kind::Comma,
        b':' => Kind::Colon,
        b';' => Kind::Semicolon,
        b'X' => Kind::Evil,
        _ => kind_of(letter)
            .or(kind_of(letter.to_ascii_lowercase()))
            .unwrap(),
    }
}

/// Why [`may_be_sqli`] is right: without words that SQL knows, quotes, parentheses and comments, there
/// are names, numbers, and either variables or signs that have no kind of their own, and folding makes
/// nothing else of them.
#[test]
fn no_fingerprint_is_names_and_numbers_with_signs_or_variables() {
    for letters in ["N1O,:;.?", "N1V,.?"] {
        let of_these: Vec<_> = SQL_KEYWORDS
            .iter()
            .filter_map(|entry| entry.word.strip_prefix('0'))
            .filter(|word| word.chars().all(|letter| letters.contains(letter)))
            .collect();
        assert!(of_these.is_empty(), "{of_these:?}");
    }
    for input in [
        "1union", "select.1", "a`", "a'", "(a", "a--", "a/*", "a&&b", "a||b", "#", "$a",
        "<@select", "1/@a",
    ] {
        assert!(may_be_sqli(input.as_bytes()), "{input}");
    }
    for input in [
        "",
        "hello",
        "12.5e7",
        "550e8400-e29b-41d4-a716-446655440000",
        "anna.novak@example.com",
        "https://shop.example.com/blue-chair?page=2&colour=dark",
        "Thanks, you were quick!",
    ] {
        assert!(!may_be_sqli(input.as_bytes()), "{input}");
    }
}

#[test]
fn injections_are_found_in_every_context_and_dialect() {
    for (input, fingerprint) in [
        ("1 UNION SELECT 2", "1UE1"),
        ("1' or '1'='1", "s&sos"),
        ("\" or 1=1 -- ", "s&1c"),
        ("1 OR 1=1#", "1&1c"),
        ("foo' + 'bar", "sos"),
        ("x' into outfile 'y", "sks"),
        ("/*!SELECT*/ 1", "X"),
        ("a /* /* */", "X"),
        ("select {``.``.id}", "X"),
        ("1 and 2<3", "1&1"),
        ("select.1 from t", "E1kn"),
    ] {
        let found = detect_sqli(input.as_bytes()).map(|fingerprint| fingerprint.to_string());
        assert_eq!(found.as_deref(), Some(fingerprint), "{input}");
    }
}

#[test]
fn plain_text_is_no_injection() {
    for input in [
        "",
        "hello",
        "O'Neill",
        "sexy and 17",
        "1 union",
        "select a chair from the left",
        "foo -- bar",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "550e8400-e29b-41d4-a716-446655440000",
    ] {
        assert_eq!(detect_sqli(input.as_bytes()), None, "{input}");
    }
}

#[test]
fn long_input_takes_time_in_proportion() {
    for unit in [
        "'", "\\'", "/*", "$a$b", "((", "1+", "q'[", "b'0", "1,-", "\\", "`", "@", "in ", "--\n",
    ] {
        let input = unit.repeat((1 << 18) / unit.len());
        detect_sqli(input.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn what_the_filter_lets_go_is_no_injection(pieces in prop::collection::vec(piece(), 1..8)) {
        let input = pieces.concat();
        prop_assert!(may_be_sqli(&input) || detect_unfiltered(&input).is_none());
        prop_assert_eq!(detect_sqli(&input), detect_unfiltered(&input));
    }
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&str> = SQL_KEYWORDS
        .iter()
        .filter(|entry| entry.token_type != b'F')
        .map(|entry| entry.word)
        .collect();
    prop_oneof![
        select(words).prop_map(|word| word.as_bytes().to_vec()),
        "[ -~]{0,4}".prop_map(std::string::String::into_bytes),
        "0[xb]|[0-9]{1,3}|[0-9]e|[a-z]{1,3}|[ ._-]".prop_map(std::string::String::into_bytes),
        "[-!%&*+,./:;<=>?@^|~\\]]{1,2}|1[.]?e[-+]?".prop_map(std::string::String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..3),
    ]
}
