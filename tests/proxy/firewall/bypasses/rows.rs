//! The requests that either protocol can carry, kind by kind.

use std::io::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};

use super::{ATTACK, Row, Told, coded, query, row};

pub(super) const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const XML: &str = "text/xml";
const PARTS: &str = "multipart/form-data; boundary=b";
pub(super) const ATTACKED: Told = Told::Rule(100);
const UNPARSABLE: Told = Told::Rule(200_002);
const STRICT: Told = Told::Rule(200_003);

pub(super) fn content_types() -> Vec<Row> {
    let form = format!("a={ATTACK}");
    let json = format!(r#"{{"a":"{ATTACK}"}}"#);
    let mut twice = row("a type that is there twice", UNPARSABLE, FORM, &form);
    twice.fields.push(("content-type", JSON.into()));
    let mut none = row("no type at all", ATTACKED, "", &form);
    none.fields.clear();
    vec![
        none,
        twice,
        row("an empty type", ATTACKED, "", &form),
        row("a type that is no type", ATTACKED, ";;//", &form),
        row(
            "a form in capitals",
            ATTACKED,
            "APPLICATION/X-WWW-Form-Urlencoded",
            &form,
        ),
        row(
            "a form with an empty parameter",
            ATTACKED,
            &format!("{FORM}; ;"),
            &form,
        ),
        row("a form and a tab", ATTACKED, &format!("{FORM}\t; a"), &form),
        row(
            "a form that is something else, too",
            ATTACKED,
            &format!("{FORM}, text/plain"),
            &form,
        ),
        row(
            "JSON with a suffix",
            ATTACKED,
            "application/vnd.api+json",
            &json,
        ),
        row("JSON that says it is text", ATTACKED, "text/plain", &json),
        row("JSON that says it is a form", ATTACKED, FORM, &json),
        row("a form that says it is JSON", UNPARSABLE, JSON, &form),
        row("a form that says it is XML", UNPARSABLE, XML, &form),
        row(
            "a type that nobody knows",
            ATTACKED,
            "application/x-unknown",
            &form,
        ),
        row(
            "almost a type that streams",
            ATTACKED,
            "application/grpcx",
            &form,
        ),
        row(
            "a type that streams, mangled",
            ATTACKED,
            "application/grpc; a; b",
            &form,
        ),
    ]
}

/// A part of a multipart body.
fn part(head: &str, content: &str) -> String {
    format!("--b\r\n{head}\r\n\r\n{content}\r\n")
}

pub(super) const FIELD: &str = "Content-Disposition: form-data; name=\"a\"";

pub(super) fn parts() -> Vec<Row> {
    let field = part(FIELD, ATTACK);
    let good = part(FIELD, "good");
    let whole = format!("{field}--b--\r\n");
    let strange = [
        (
            "a name in single quotes",
            "Content-Disposition: form-data; name='a'",
            STRICT,
        ),
        (
            "a name without quotes",
            "Content-Disposition: form-data; name=a",
            ATTACKED,
        ),
        ("no disposition", "X: y", UNPARSABLE),
        ("no name", "Content-Disposition: form-data", UNPARSABLE),
        (
            "two names",
            "Content-Disposition: form-data; name=\"a\"; name=\"b\"",
            UNPARSABLE,
        ),
        (
            "an extended name",
            "Content-Disposition: form-data; name*=utf-8''a",
            UNPARSABLE,
        ),
        (
            "a missing semicolon",
            "Content-Disposition: form-data name=\"a\"",
            UNPARSABLE,
        ),
        (
            "a folded head",
            "Content-Disposition: form-data;\r\n name=\"a\"",
            STRICT,
        ),
        (
            "a head with a NUL",
            "Content-Disposition: form-data; name=\"a\0\"",
            UNPARSABLE,
        ),
        (
            "a part in another charset",
            "Content-Disposition: form-data; name=\"a\"\r\nContent-Type: text/plain; charset=utf-7",
            Told::Rule(922_110),
        ),
        (
            "a part that is encoded",
            "Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64",
            Told::Rule(922_110),
        ),
    ];
    let mut rows: Vec<Row> = strange
        .into_iter()
        .map(|(name, head, told)| {
            let body = format!("{}--b--\r\n", part(head, ATTACK));
            row(name, told, PARTS, body)
        })
        .collect();
    let file = "Content-Disposition: form-data; name=\"f\"; filename=\"union select.txt\"";
    rows.extend([
        row("a part", ATTACKED, PARTS, &whole),
        row(
            "the name of a file",
            ATTACKED,
            PARTS,
            format!("{}--b--\r\n", part(file, "x")),
        ),
        row(
            "parts in capitals",
            UNPARSABLE,
            "MULTIPART/Form-Data; BOUNDARY=b",
            &whole,
        ),
        row(
            "a boundary in quotes",
            STRICT,
            "multipart/form-data; boundary=\"b\"",
            &whole,
        ),
        row(
            "a boundary behind a blank",
            STRICT,
            "multipart/form-data; boundary = b",
            &whole,
        ),
        row(
            "two boundaries",
            UNPARSABLE,
            "multipart/form-data; boundary=c; boundary=b",
            &whole,
        ),
        row("no boundary", UNPARSABLE, "multipart/form-data", &whole),
        row(
            "another boundary",
            UNPARSABLE,
            "multipart/form-data; boundary=c",
            &whole,
        ),
        row(
            "an extended boundary",
            UNPARSABLE,
            "multipart/form-data; boundary*=b",
            &whole,
        ),
        row(
            "lines that end with LF",
            STRICT,
            PARTS,
            whole.replace("\r\n", "\n"),
        ),
        row(
            "text before the first part",
            STRICT,
            PARTS,
            format!("{ATTACK}\r\n{good}--b--\r\n"),
        ),
        row(
            "text behind the last part",
            STRICT,
            PARTS,
            format!("{good}--b--\r\n{ATTACK}"),
        ),
        row(
            "another part behind the last",
            STRICT,
            PARTS,
            format!("{good}--b--\r\n{whole}"),
        ),
        row("no end", UNPARSABLE, PARTS, &field),
        row(
            "an end in the middle of a head",
            UNPARSABLE,
            PARTS,
            &field[..30],
        ),
        row("a part within a part", UNPARSABLE, PARTS, {
            let inner = format!("--bb\r\n{FIELD}\r\n\r\n{ATTACK}\r\n--bb--");
            format!("{}--b--\r\n", part(FIELD, &inner.replace(ATTACK, "x")))
        }),
        row(
            "mixed parts",
            ATTACKED,
            "multipart/mixed; boundary=b",
            &whole,
        ),
    ]);
    rows
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// Letters, blanks and `=` in code page 37.
pub(super) fn ibm037(text: &str) -> Vec<u8> {
    let byte = |letter: u8| match letter {
        b'a'..=b'i' => letter - b'a' + 0x81,
        b'j'..=b'r' => letter - b'j' + 0x91,
        b's'..=b'z' => letter - b's' + 0xa2,
        b'=' => 0x7e,
        _ => 0x40,
    };
    text.bytes().map(byte).collect()
}

pub(super) fn charsets() -> Vec<Row> {
    let form = format!("a={ATTACK}");
    let json = format!(r#"{{"a":"{ATTACK}"}}"#);
    let xml = format!("<a>{ATTACK}</a>");
    let with = |kind: &str, charset: &str| format!("{kind}; charset={charset}");
    let bom = [b"\xfe\xff".as_slice(), &utf16(&json)].concat();
    let declared = "<?xml version=\"1.0\" encoding=\"utf-16\"?>";
    vec![
        row(
            "a form in code page 37",
            ATTACKED,
            &with(FORM, "ibm037"),
            ibm037(&form),
        ),
        row(
            "a form in UTF-16",
            ATTACKED,
            &with(FORM, "utf-16be"),
            utf16(&form),
        ),
        row(
            "a form in UTF-7",
            ATTACKED,
            &with(FORM, "utf-7"),
            "a=+AHU-nion select",
        ),
        row(
            "a charset in quotes",
            ATTACKED,
            &with(FORM, "\"ibm037\""),
            ibm037(&form),
        ),
        row(
            "text in code page 37",
            Told::Rule(101),
            &with("text/plain", "ibm037"),
            ibm037(ATTACK),
        ),
        row(
            "JSON in UTF-16",
            ATTACKED,
            &with(JSON, "utf-16be"),
            utf16(&json),
        ),
        row(
            "JSON in UTF-16 that only its mark tells",
            ATTACKED,
            JSON,
            bom,
        ),
        row(
            "JSON in UTF-7",
            ATTACKED,
            &with(JSON, "utf-7"),
            r#"{"a":"+AHU-nion select"}"#,
        ),
        row(
            "JSON that is not in its charset",
            Told::Rule(920_250),
            JSON,
            b"{\"a\":\"\xff\"}",
        ),
        row("XML in UTF-16", ATTACKED, XML, {
            let text = format!("{declared}{xml}");
            [b"\xfe\xff".as_slice(), &utf16(&text)].concat()
        }),
        row("XML in UTF-7", ATTACKED, XML, {
            let declared = declared.replace("utf-16", "utf-7");
            format!("{declared}<a>+AHU-nion select</a>")
        }),
    ]
}

pub(super) fn documents() -> Vec<Row> {
    let deep = format!("{}\"{ATTACK}\"{}", "[".repeat(40), "]".repeat(40));
    vec![
        row(
            "a key that is there twice",
            ATTACKED,
            JSON,
            r#"{"a":"union select","a":"good"}"#,
        ),
        row(
            "a key that is there twice, otherwise",
            ATTACKED,
            JSON,
            r#"{"a":"good","a":"union select"}"#,
        ),
        row(
            "escapes in a text",
            ATTACKED,
            JSON,
            r#"{"a":"\u0075nion\u0020select"}"#,
        ),
        row("a key", ATTACKED, JSON, r#"{"union select":1}"#),
        row("a text alone", ATTACKED, JSON, r#""union select""#),
        row("a list", ATTACKED, JSON, r#"[1,["union select"]]"#),
        row("a depth that nobody looks at", UNPARSABLE, JSON, deep),
        row(
            "something behind the document",
            UNPARSABLE,
            JSON,
            r#"{"a":1}{"b":"union select"}"#,
        ),
        row("a comment", UNPARSABLE, JSON, r#"{"a":/*union*/"select"}"#),
        row(
            "a comma too many",
            UNPARSABLE,
            JSON,
            r#"{"a":"union select",}"#,
        ),
        row("single quotes", UNPARSABLE, JSON, "{'a':'union select'}"),
        row(
            "a document that ends early",
            UNPARSABLE,
            JSON,
            r#"{"a":"union select"#,
        ),
        row("an attribute", ATTACKED, XML, "<a b='union select'/>"),
        row("CDATA", ATTACKED, XML, "<a><![CDATA[union select]]></a>"),
        row(
            "text around elements",
            ATTACKED,
            XML,
            "<a>union<b/> select</a>",
        ),
        row("references", ATTACKED, XML, "<a>&#117;nion&#x20;select</a>"),
        row(
            "an entity",
            UNPARSABLE,
            XML,
            "<!DOCTYPE a [<!ENTITY e 'union select'>]><a>&e;</a>",
        ),
        row(
            "elements that do not match",
            UNPARSABLE,
            XML,
            "<a>union select</b>",
        ),
    ]
}

pub(super) fn escapes() -> Vec<Row> {
    let many: String = (0..150).map(|number| format!("a{number}=1&")).collect();
    let padded = format!("a={}&b={ATTACK}", "x".repeat(140_000));
    let within = format!("a={}&b={ATTACK}", "x".repeat(120_000));
    vec![
        query("escapes", ATTACKED, "/?a=%75nion%20select"),
        query("escapes of escapes", ATTACKED, "/?a=%2575nion%2520select"),
        query("a plus", ATTACKED, "/?a=union+select"),
        query(
            "escapes of two bytes",
            ATTACKED,
            "/?a=%u0075nion%u0020select",
        ),
        query(
            "escapes that are none",
            ATTACKED,
            "/?a=%zz%75nion%20select%",
        ),
        query(
            "a longer form of a letter",
            Told::Rule(920_250),
            "/?a=%c1%b5nion%20select",
        ),
        query(
            "a much longer form of a letter",
            Told::Rule(920_250),
            "/?a=%e0%81%b5nion%20select",
        ),
        query("an entity of HTML", ATTACKED, "/?a=%26%23117;nion%20select"),
        query("a name", ATTACKED, "/?union%20select=1"),
        query("a path", ATTACKED, "/union%20select"),
        query(
            "a parameter twice",
            Told::Rule(103),
            "/?twice=good&twice=union%20select",
        ),
        query(
            "a parameter twice, otherwise",
            Told::Rule(103),
            "/?twice=union%20select&twice=good",
        ),
        query(
            "a parameter with brackets",
            ATTACKED,
            "/?a[]=good&a[]=union%20select",
        ),
        query("no name", ATTACKED, "/?=union%20select"),
        query("a second question mark", ATTACKED, "/?a=1?b=union%20select"),
        row(
            "a parameter in query and body",
            Told::Rule(103),
            FORM,
            "twice=union select",
        ),
        row(
            "a parameter behind many",
            UNPARSABLE,
            FORM,
            format!("{many}b={ATTACK}"),
        ),
        row("padding up to the limit", ATTACKED, FORM, within),
        row(
            "padding past the limit",
            Told::Uninspected("past_limit"),
            FORM,
            padded,
        ),
        Row {
            fields: vec![("cookie", b"a=union select".to_vec())],
            ..query("a cookie", ATTACKED, "/")
        },
        Row {
            fields: vec![("x", b"union select".to_vec())],
            ..query("a field", ATTACKED, "/")
        },
    ]
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn codings() -> Vec<Row> {
    const UNDECODED: Told = Told::Uninspected("undecoded");
    let form = format!("a={ATTACK}").into_bytes();
    let once = gzip(&form);
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(&form).unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
    raw.write_all(&form).unwrap();
    let cut = once[..once.len() - 6].to_vec();
    let double = [once.clone(), once.clone()].concat();
    let mut two_fields = coded("codings in two fields", ATTACKED, "gzip", gzip(&once));
    two_fields
        .fields
        .push(("content-encoding", b"gzip".to_vec()));
    vec![
        two_fields,
        coded("a coding", ATTACKED, "gzip", once.clone()),
        coded("a coding in capitals", ATTACKED, "GZip", once.clone()),
        coded("an old name of a coding", ATTACKED, "x-gzip", once.clone()),
        coded(
            "a coding and none",
            ATTACKED,
            "identity, gzip",
            once.clone(),
        ),
        coded("a coding in another", ATTACKED, "gzip, gzip", gzip(&once)),
        coded(
            "three codings",
            UNDECODED,
            "gzip, gzip, gzip",
            gzip(&gzip(&once)),
        ),
        coded(
            "deflate with its frame",
            ATTACKED,
            "deflate",
            zlib.finish().unwrap(),
        ),
        coded(
            "deflate without its frame",
            ATTACKED,
            "deflate",
            raw.finish().unwrap(),
        ),
        coded(
            "a coding that it is not in",
            UNDECODED,
            "gzip",
            form.clone(),
        ),
        coded("a coding that ends early", UNDECODED, "gzip", cut),
        coded("a coding with something behind", UNDECODED, "gzip", {
            [once.as_slice(), &form].concat()
        }),
        coded("a coding twice in a row", ATTACKED, "gzip", double),
        coded(
            "a coding that nobody knows",
            UNDECODED,
            "rot13",
            form.clone(),
        ),
        coded(
            "a coding that is no name",
            UNDECODED,
            "gzip;q=1",
            once.clone(),
        ),
        coded(
            "much from little",
            UNDECODED,
            "gzip",
            gzip(&vec![b'a'; 1 << 22]),
        ),
        coded("a coding that is none", ATTACKED, "identity", form),
    ]
}
