use proptest::prelude::*;
use proptest::sample::select;

use super::super::vectors::vectors;
use super::detect::{detect_unfiltered, detect_xss, may_be_xss};
use super::html::{Kind, Pieces, Place};
use super::names::{ATTRIBUTES, ELEMENTS, EVENTS, SCHEMES};

#[test]
fn pieces_are_those_of_the_vectors() {
    for vector in vectors("test-html5-") {
        let mut listing = Vec::new();
        for piece in Pieces::new(&vector.input, Place::Text) {
            let kind = match piece.kind {
                Kind::Text => "DATA_TEXT",
                Kind::TagName => "TAG_NAME_OPEN",
                Kind::TagEnd => "TAG_NAME_CLOSE",
                Kind::EmptyTagEnd => "TAG_NAME_SELFCLOSE",
                Kind::ClosingTag => "TAG_CLOSE",
                Kind::AttributeName => "ATTR_NAME",
                Kind::AttributeValue => "ATTR_VALUE",
                Kind::Comment => "TAG_COMMENT",
                Kind::Doctype => "DOCTYPE",
            };
            listing.extend_from_slice(format!("{kind},{},", piece.text.len()).as_bytes());
            listing.extend_from_slice(piece.text);
            listing.push(b'\n');
        }
        assert_eq!(
            String::from_utf8_lossy(listing.trim_ascii_end()),
            String::from_utf8_lossy(&vector.expected),
            "{}",
            vector.name
        );
    }
}

#[test]
fn injections_are_found_in_every_place() {
    for input in [
        "<script>",
        "<sCrI\0pT x",
        "<svg/onload=1>",
        "<!DOCTYPE html>",
        "<!-- ` -->",
        "<!--[if IE]-->",
        "<?import x>",
        "<!ENTITY x>",
        "<% ` %>",
        "<a href=javascript:x>",
        "<a href='  &#x6A;ava\nscript:x'>",
        "<a href=\"\u{a0}data:x\">",
        "<a href=&#330;ava:x>",
        "<a xmlns:x=y>",
        "<set attributename=onload to=x>",
        "onclick=x",
        "x onloadstart=y",
        "style=x",
        "' onerror=x '",
        "\" onerror=x \"",
        "` onerror=x `",
        "a>\u{0}<iframe",
    ] {
        assert!(detect_xss(input.as_bytes()), "{input}");
    }
}

#[test]
fn plain_text_is_no_injection() {
    for input in [
        "",
        "a < b",
        "<3",
        "<b>bold</b>",
        "q=1&page=2",
        "online=yes",
        "onerr=yes",
        "<a href=https://example.org/>",
        "<a href=&#x>",
        "&#x6A;avascript:x",
    ] {
        assert!(!detect_xss(input.as_bytes()), "{input}");
    }
}

#[test]
fn events_are_sorted_and_none_starts_with_another() {
    for pair in EVENTS.windows(2) {
        assert!(
            pair[0] < pair[1] && !pair[1].starts_with(pair[0]),
            "{pair:?}"
        );
    }
    for event in EVENTS {
        assert!(detect_xss(format!("ON{event}=x").as_bytes()), "{event}");
        assert!(
            detect_xss(format!("on{}y=x", event.to_lowercase()).as_bytes()),
            "{event}"
        );
    }
}

#[test]
fn long_input_takes_time_in_proportion() {
    for unit in [
        "<",
        "<!--",
        "<!---\0",
        "</>",
        "=",
        "<a ",
        "/",
        "\"='",
        "<%",
        "<a href=&#0",
        "<![CDATA[]]",
    ] {
        let input = unit.repeat((1 << 18) / unit.len());
        detect_xss(input.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn what_the_filter_lets_go_is_no_injection(pieces in prop::collection::vec(piece(), 1..10)) {
        let input = pieces.concat();
        prop_assert_eq!(detect_unfiltered(&input, &|_| true), detect_xss(&input));
        prop_assert!(may_be_xss(&input) || !detect_unfiltered(&input, &|_| true));
    }
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let mut names: Vec<String> = [ELEMENTS, EVENTS, SCHEMES]
        .concat()
        .into_iter()
        .map(str::to_lowercase)
        .collect();
    names.extend(ATTRIBUTES.iter().map(|(name, _)| name.to_lowercase()));
    prop_oneof![
        select(names).prop_map(String::into_bytes),
        "<|>|/|=|'|\"|`| |on|<!--|-->|<!|<[?]|:|;|&#".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..3),
    ]
}
