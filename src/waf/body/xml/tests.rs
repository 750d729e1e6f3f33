use super::super::super::Pairs;
use super::super::Limits;
use super::*;

fn shown(pairs: &Pairs) -> Vec<String> {
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", name.escape_ascii(), value.escape_ascii()))
        .collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn parsed_within(input: &str, limits: &Limits) -> (Xml, Result<(), XmlError>) {
    let mut out = Xml::default();
    let result = parse(input.as_bytes(), limits, &mut out);
    (out, result)
}

fn parsed(input: &str) -> (Xml, Result<(), XmlError>) {
    parsed_within(input, &Limits::default())
}

#[test]
fn texts_and_attributes_are_read() {
    type Row<'a> = (&'a str, &'a str, &'a [&'a str], &'a [&'a str]);
    let table: &[Row] = &[
        ("<a/>", "", &[], &[]),
        ("<a></a >", "", &[], &[]),
        ("<a>x</a>", "x", &["x"], &[]),
        (
            "\u{feff}<?xml version=\"1.0\"?>\n<!-- c --><?p i?>\n<a>x</a>\n<!-- > -->",
            "x",
            &["x"],
            &[],
        ),
        ("<a>x<b>y</b>\n<b/>z</a>", "xy\nz", &["x", "y", "z"], &[]),
        ("<a>x<!--y-->z<?p y?>w</a>", "xzw", &["xzw"], &[]),
        (
            "<a>1<![CDATA[<b>&amp;]]>2</a>",
            "1<b>&amp;2",
            &["1<b>&amp;2"],
            &[],
        ),
        (
            "<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x4a;&#x1F600;</a>",
            "<>&\"'AJ\u{1f600}",
            &["<>&\"'AJ\u{1f600}"],
            &[],
        ),
        (
            "<a b='1' c = \"&lt;2'>\" ><d e='x\n'/></a>",
            "",
            &[],
            &["b=1", "c=<2\\'>", "e=x\\n"],
        ),
        (
            "<x:a x:b='1' b='2' b='3'></x:a>",
            "",
            &[],
            &["x:b=1", "b=2", "b=3"],
        ),
        ("<\u{e9}>\u{e9}</\u{e9}>", "\u{e9}", &["\u{e9}"], &[]),
        ("<!DOCTYPE a><a>x</a>", "x", &["x"], &[]),
    ];
    for &(input, content, texts, attributes) in table {
        let (out, result) = parsed(input);
        assert_eq!(result, Ok(()), "{input}");
        assert_eq!(text(&out.content), content, "{input}");
        assert_eq!(out.texts().map(text).collect::<Vec<_>>(), texts, "{input}");
        assert_eq!(shown(&out.attributes), attributes, "{input}");
        assert_eq!(out.doctype, input.contains("DOCTYPE"), "{input}");
    }
}

#[test]
fn declarations_of_namespaces_are_no_attributes() {
    let (out, result) = parsed("<a xmlns='urn:1' xmlns:b='urn:2' b:c='3'/>");
    assert_eq!(result, Ok(()));
    assert_eq!(shown(&out.attributes), ["b:c=3"]);
    assert_eq!(shown(&out.namespaces), ["xmlns=urn:1", "xmlns:b=urn:2"]);
}

#[test]
fn what_is_not_well_formed_is_told_kept_and_seen() {
    use XmlError::*;
    let table: &[(&str, &[&str], XmlError)] = &[
        ("", &[], End),
        ("x", &["x"], Outside { at: 0 }),
        ("<a>x", &["x"], End),
        ("<a>x</a>y", &["x", "y"], Outside { at: 8 }),
        ("<a>x</a><b/>", &["x", "<b/>"], Markup { at: 8 }),
        ("<a>x</b>", &["x", "</b>"], Mismatch { at: 4 }),
        ("<a>x</a", &["x", "</a"], End),
        ("<a>x</a y>", &["x", "</a y>"], Markup { at: 4 }),
        ("</a>", &["</a>"], Markup { at: 0 }),
        ("<a>x<1/></a>", &["x", "<1/></a>"], Markup { at: 4 }),
        ("<a>x< b/></a>", &["x", "< b/></a>"], Markup { at: 4 }),
        ("<a b/>", &["<a b/>"], Markup { at: 0 }),
        ("<a b=c/>", &["<a b=c/>"], Markup { at: 0 }),
        ("<a b='1'c='2'/>", &["<a b='1'c='2'/>"], Markup { at: 0 }),
        ("<a b='<'/>", &["<a b='<'/>"], Markup { at: 0 }),
        ("<a b='x", &["<a b='x"], End),
        ("<a b='\u{1}'/>", &["<a b='\u{1}'/>"], Character { at: 6 }),
        ("<a b='x&y;'/>", &["<a b='x&y;'/>"], Reference { at: 7 }),
        ("<a>x&y;z</a>", &["x", "&y;z</a>"], Reference { at: 4 }),
        ("<a>x&yz</a>", &["x", "&yz</a>"], Reference { at: 4 }),
        ("<a>&#0;</a>", &["&#0;</a>"], Reference { at: 3 }),
        ("<a>&#xd800;</a>", &["&#xd800;</a>"], Reference { at: 3 }),
        ("<a>&#;</a>", &["&#;</a>"], Reference { at: 3 }),
        (
            "<a>&#99999999999;</a>",
            &["&#99999999999;</a>"],
            Reference { at: 3 },
        ),
        ("<a>x]]>y</a>", &["x]]>y</a>"], Character { at: 4 }),
        ("<a>x\u{8}</a>", &["x\u{8}</a>"], Character { at: 4 }),
        (
            "<a><![CDATA[\u{1}]]></a>",
            &["<![CDATA[\u{1}]]></a>"],
            Character { at: 12 },
        ),
        ("<a><![CDATA[x</a>", &["<![CDATA[x</a>"], End),
        ("<a>x<!--y</a>", &["x", "<!--y</a>"], End),
        (
            "<a>x<!--y--z--></a>",
            &["x", "<!--y--z--></a>"],
            Markup { at: 4 },
        ),
        ("<a>x<?y</a>", &["x", "<?y</a>"], End),
        (
            "<a><?xml version='1.0'?></a>",
            &["<?xml version='1.0'?></a>"],
            Markup { at: 3 },
        ),
        ("<![CDATA[x]]>", &["<![CDATA[x]]>"], Markup { at: 0 }),
        (
            "<a><!DOCTYPE a></a>",
            &["<!DOCTYPE a></a>"],
            Markup { at: 3 },
        ),
        (
            "<!DOCTYPE a><!DOCTYPE a><a/>",
            &["<!DOCTYPE a><a/>"],
            Markup { at: 12 },
        ),
        ("<!doctype a><a/>", &["<!doctype a><a/>"], Markup { at: 0 }),
    ];
    for &(input, texts, error) in table {
        let (out, result) = parsed(input);
        assert_eq!(result, Err(error), "{input}");
        assert_eq!(out.texts().map(text).collect::<Vec<_>>(), texts, "{input}");
        assert_eq!(text(&out.content), texts.concat(), "{input}");
    }
}

#[test]
fn nothing_is_declared_loaded_or_expanded() {
    let table = [
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
        "<!DOCTYPE a [ <!ENTITY % x SYSTEM 'http://x/'> %x; ]><a/>",
        "<!DOCTYPE a [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><a>&b;</a>",
    ];
    for input in table {
        let (out, result) = parsed(input);
        assert_eq!(
            result,
            Err(XmlError::EntityDeclaration { at: 0 }),
            "{input}"
        );
        assert_eq!(text(&out.content), input);
        assert!(out.doctype, "{input}");
    }
    let external = [
        (" a SYSTEM \"file:///etc/passwd\"", Ok(())),
        (" a PUBLIC \"-//x//\" 'http://x/?>'", Ok(())),
        (" a [<!ELEMENT a ANY><!-- ]> --><?p ]>?>]", Ok(())),
        (" a [<!ATTLIST a b CDATA \"]>\">] ", Ok(())),
    ];
    for (declaration, expected) in external {
        let (out, result) = parsed(&format!("<!DOCTYPE{declaration}><a>x</a>"));
        assert_eq!(result, expected, "{declaration}");
        let texts: Vec<_> = out.texts().map(text).collect();
        assert_eq!(texts, [declaration, "x"]);
    }
    let open = "<!DOCTYPE a [<a>x</a>";
    assert_eq!(parsed(open).1, Err(XmlError::End));
}

#[test]
fn limits_end_the_parse_and_the_rest_is_one_text() {
    let limits = Limits {
        arguments: 2,
        depth: 2,
        ..Limits::default()
    };
    let table: &[(&str, &[&str], XmlError)] = &[
        (
            "<a><b><c>x</c></b></a>",
            &["<c>x</c></b></a>"],
            XmlError::Depth,
        ),
        (
            "<a>1<b/>2<b/>3<b/></a>",
            &["1", "2", "3", "<b/></a>"],
            XmlError::TooMany { limit: 2 },
        ),
        (
            "<a b='1' c='2' d='3'/>",
            &["<a b='1' c='2' d='3'/>"],
            XmlError::TooMany { limit: 2 },
        ),
    ];
    for &(input, texts, error) in table {
        let (out, result) = parsed_within(input, &limits);
        assert_eq!(result, Err(error), "{input}");
        assert_eq!(out.texts().map(text).collect::<Vec<_>>(), texts, "{input}");
    }
    assert_eq!(parsed_within("<a>1<b>2</b></a>", &limits).1, Ok(()));
}

#[test]
fn documents_name_their_encoding() {
    let table: &[(&[u8], Option<&[u8]>)] = &[
        (b"<a/>", None),
        (b"<?xml version='1.0'?><a/>", None),
        (
            b"<?xml version='1.0' encoding = \"UTF-7\"?>",
            Some(b"UTF-7"),
        ),
        (
            b"\xef\xbb\xbf<?xml version='1.0' encoding='x'?>",
            Some(b"x"),
        ),
        (b"<?xml version='1.0' encoding=x?>", None),
        (b"<?xml version='1.0' ?><a encoding='x'/>", None),
        (b"<\0?\0", Some(b"utf-16le")),
        (b"\xfe\xff\0<", Some(b"utf-16be")),
        (b"\x4c\x6f\xa7\x94\x93", Some(b"ibm037")),
    ];
    for &(document, expected) in table {
        assert_eq!(encoding(document), expected, "{}", document.escape_ascii());
    }
}
