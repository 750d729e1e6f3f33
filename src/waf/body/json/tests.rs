use std::path::Path;

use super::super::super::Pairs;
use super::super::Limits;
use super::*;

fn parsed(input: &[u8], limits: &Limits) -> (Vec<String>, Result<Json, JsonError>) {
    let mut out = Pairs::default();
    let result = parse(input, limits, &mut out);
    let shown = out
        .iter()
        .map(|(name, value)| format!("{}={}", name.escape_ascii(), value.escape_ascii()));
    (shown.collect(), result)
}

#[test]
fn values_are_named_by_their_paths() {
    let table: &[(&str, &[&str])] = &[
        ("1", &["json=1"]),
        ("\"a\"", &["json=a"]),
        (" true ", &["json=true"]),
        ("false", &["json=false"]),
        ("null", &["json="]),
        ("{}", &["json="]),
        ("[ ]", &["json="]),
        ("\u{feff}[1]", &["json.0=1"]),
        (
            "{\"a\":{\"b\":1,\"c\":[true,null,\"x\"]},\"d\":-0.5e+10}",
            &[
                "json.a.b=1",
                "json.a.c.0=true",
                "json.a.c.1=",
                "json.a.c.2=x",
                "json.d=-0.5e+10",
            ],
        ),
        ("[[1,[2]],3]", &["json.0.0=1", "json.0.1.0=2", "json.1=3"]),
        ("{\"a\":1,\"a\":2}", &["json.a=1", "json.a=2"]),
        ("{\"\":1,\"a.b\":2}", &["json.=1", "json.a.b=2"]),
        ("{\"<x>\":{},\"y\":[]}", &["json.<x>=", "json.y="]),
        (
            "123456789012345678901234567890",
            &["json=123456789012345678901234567890"],
        ),
        (
            "{ \"\\u0061\\n\" : \"\\\"\\\\\\/\\b\\f\\r\\t\\u00e9\\uD83D\\uDE00\" }",
            &["json.a\\n=\\\"\\\\/\\x08\\x0c\\r\\t\\xc3\\xa9\\xf0\\x9f\\x98\\x80"],
        ),
        ("\"\\u0000\"", &["json=\\x00"]),
    ];
    for &(input, expected) in table {
        let (pairs, result) = parsed(input.as_bytes(), &Limits::default());
        assert_eq!(pairs, expected, "{input}");
        assert_eq!(result, Ok(Json::default()), "{input}");
    }
}

#[test]
fn what_is_no_json_is_told_kept_and_seen() {
    let table: &[(&str, &[&str], JsonError)] = &[
        ("", &["json="], JsonError::End),
        ("{", &["json="], JsonError::End),
        ("{\"a\":1", &["json.a=1", "json.a="], JsonError::End),
        (
            "{\"a\":1,}",
            &["json.a=1", "json=}"],
            JsonError::Unexpected { at: 7 },
        ),
        (
            "{'a':1}",
            &["json=\\'a\\':1}"],
            JsonError::Unexpected { at: 1 },
        ),
        (
            "[1,]",
            &["json.0=1", "json.1=]"],
            JsonError::Unexpected { at: 3 },
        ),
        (
            "[1 2]",
            &["json.0=1", "json.0=2]"],
            JsonError::Unexpected { at: 3 },
        ),
        (
            "{\"a\":\"x\ny\"}",
            &["json.a=\\\"x\\ny\\\"}"],
            JsonError::Control { at: 7 },
        ),
        (
            "{\"a\":\"x\\q\"}",
            &["json.a=\\\"x\\\\q\\\"}"],
            JsonError::Escape { at: 7 },
        ),
        (
            "\"\\u12g4\"",
            &["json=\\\"\\\\u12g4\\\""],
            JsonError::Escape { at: 1 },
        ),
        ("\"abc", &["json=\\\"abc"], JsonError::End),
        ("01", &["json=0", "json=1"], JsonError::Trailing { at: 1 }),
        ("1.", &["json=1."], JsonError::Number { at: 0 }),
        ("[-]", &["json.0=-]"], JsonError::Number { at: 1 }),
        ("1e+", &["json=1e+"], JsonError::Number { at: 0 }),
        (
            "{} <script>",
            &["json=", "json=<script>"],
            JsonError::Trailing { at: 3 },
        ),
        ("nul", &["json=nul"], JsonError::Unexpected { at: 0 }),
        ("[True]", &["json.0=True]"], JsonError::Unexpected { at: 1 }),
        ("{\"a\" 1}", &["json.a=1}"], JsonError::Unexpected { at: 5 }),
    ];
    for &(input, expected, error) in table {
        let (pairs, result) = parsed(input.as_bytes(), &Limits::default());
        assert_eq!(pairs, expected, "{input}");
        assert_eq!(result, Err(error), "{input}");
    }
}

#[test]
fn strings_that_are_no_text_are_passed_on_and_flagged() {
    let invalid_utf8 = Json {
        invalid_utf8: true,
        ..Json::default()
    };
    let lone_surrogate = Json {
        lone_surrogate: true,
        ..Json::default()
    };
    let table: &[(&[u8], &str, Json)] = &[
        (b"\"\xff\xc0\xaf\"", "json=\\xff\\xc0\\xaf", invalid_utf8),
        (b"{\"\xe9\":1}", "json.\\xe9=1", invalid_utf8),
        (b"\"\\ud800x\"", "json=\\xef\\xbf\\xbdx", lone_surrogate),
        (b"\"\\udc00\"", "json=\\xef\\xbf\\xbd", lone_surrogate),
        (
            b"\"\\ud800\\ud83d\\ude00\"",
            "json=\\xef\\xbf\\xbd\\xf0\\x9f\\x98\\x80",
            lone_surrogate,
        ),
    ];
    for &(input, expected, odd) in table {
        let (pairs, result) = parsed(input, &Limits::default());
        assert_eq!(pairs, [expected]);
        assert_eq!(result, Ok(odd), "{expected}");
    }
}

#[test]
fn limits_end_the_parse_and_the_rest_is_one_value() {
    let limits = Limits {
        arguments: 3,
        depth: 2,
        names: 40,
        ..Limits::default()
    };
    let table: &[(&str, &[&str], JsonError)] = &[
        ("[[[1]]]", &["json.0.0=[1]]]"], JsonError::Depth),
        (
            "[1,2,3,4,5]",
            &["json.0=1", "json.1=2", "json.2=3", "json.3=4,5]"],
            JsonError::TooMany { limit: 3 },
        ),
        (
            "{\"aaaaaaaaaaaaaaaaaaaa\":[1,2]}",
            &[
                "json.aaaaaaaaaaaaaaaaaaaa.0=1",
                "json.aaaaaaaaaaaaaaaaaaaa.1=2]}",
            ],
            JsonError::Names,
        ),
    ];
    for &(input, expected, error) in table {
        let (pairs, result) = parsed(input.as_bytes(), &limits);
        assert_eq!(pairs, expected, "{input}");
        assert_eq!(result, Err(error), "{input}");
    }
    let (_, result) = parsed(b"[[1,2],3]", &limits);
    assert_eq!(result, Ok(Json::default()));
}

#[test]
fn output_does_not_grow_with_the_square_of_the_input() {
    let key = "k".repeat(100_000);
    let values = vec!["1"; 100_000].join(",");
    let input = format!("{{\"{key}\":[{values}]}}");
    let mut out = Pairs::default();
    let result = parse(input.as_bytes(), &Limits::default(), &mut out);
    assert_eq!(result, Err(JsonError::Names));
    assert!(out.buffer().len() < 2 << 20);
}

#[test]
fn the_suite_of_nst_is_read_as_it_asks() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/jsontestsuite/test_parsing");
    let Ok(entries) = folder.read_dir() else {
        println!("skipped: {} is absent", folder.display());
        return;
    };
    let mut seen = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read(&path).unwrap();
        let (pairs, result) = parsed(&text, &Limits::default());
        match name.as_bytes()[0] {
            b'y' => assert!(result.is_ok(), "{name}: {result:?}"),
            b'n' => assert!(result.is_err(), "{name}: {result:?}"),
            _ => {}
        }
        assert!(!pairs.is_empty(), "{name} is unseen");
        seen += 1;
    }
    assert_eq!(seen, 318);
}
