//! What holds whatever the bytes are.

use std::{
    fs,
    sync::LazyLock,
    time::{Duration, Instant},
};

use proptest::prelude::*;

use crate::waf::seclang::{Memory, Parsed, SourceMap, Span, Trust, parse};

/// Reads bytes as rules that may include themselves, and checks what must hold.
fn check(bytes: &[u8]) -> Parsed {
    let files: Memory = [("a.conf", bytes), ("b/c.conf", bytes)]
        .into_iter()
        .collect();
    let mut sources = SourceMap::default();
    let parsed = parse(&mut sources, &files, Trust::Operator, "a.conf", bytes);
    let inside = |span: Span| {
        let length = sources.text(span.file).unwrap().len();
        span.start <= span.end && span.end as usize <= length
    };
    for finding in parsed.errors.iter().chain(&parsed.warnings) {
        assert!(inside(finding.span), "{finding:?}");
        let shown = finding.render(&sources);
        assert!(!shown.contains('\u{1b}') && shown.len() < 2000, "{shown}");
    }
    for directive in &parsed.directives {
        assert!(inside(directive.span) && !sources.slice(directive.span).is_empty());
    }
    parsed
}

/// Pieces of which rules are made.
const PIECES: &[&[u8]] = &[
    b"SecRule",
    b"SecAction",
    b"SecMarker",
    b"Include",
    b"SecRuleUpdateTargetById",
    b" ",
    b" ",
    b"\"",
    b"\"",
    b"'",
    b"\\",
    b"\\\n",
    b"\r\n",
    b"\n",
    b"#",
    b"|",
    b",",
    b":",
    b"!",
    b"&",
    b"/",
    b"=",
    b"-",
    b";",
    b"@",
    b"@rx ",
    b"ARGS",
    b"XML:/*",
    b"TX:/a/",
    b"IP",
    b"id:1",
    b"phase:2",
    b"msg:'",
    b"setvar:tx.",
    b"ctl:ruleRemoveTargetById=",
    b"%{",
    b"}",
    b"tx.a",
    b"b/c.conf",
    b"*",
    b"[",
    b"\xef\xbb\xbf",
    b"\0",
    b"\xff",
    b"\x1b",
    b"1",
];

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        check(&bytes);
    }

    #[test]
    fn anything_like_rules_is_read(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..80),
    ) {
        check(&pieces.concat());
    }
}

#[test]
fn the_work_is_linear_in_the_bytes() {
    const LENGTH: usize = 256 << 10;
    let before = time_at_work();
    for (begin, piece, end) in [
        ("", "\\\n", ""),
        ("# a", "\\\nSecRule", ""),
        ("", "\"\" ", ""),
        ("SecRule \"", "ARGS:/a|", "\" x"),
        ("SecRule \"ARGS:/", "a/", "\" x"),
        ("SecRule \"", "ARGS:'a|", "\" x"),
        ("SecRule ARGS \"", "\\\\", "\""),
        ("SecRule ARGS \"", "\\\\a", "\""),
        ("SecAction \"msg:'", "%{", "'\""),
        ("SecAction \"msg:'", "%{x}", "'\""),
        ("SecAction \"", "msg:'", "\""),
        ("SecAction \"", "id:1,", "\""),
        ("SecAction \"ctl:ruleRemoveById=", "1 ", "\""),
        (
            "SecAction \"ctl:'ruleRemoveTargetById=1;",
            "ARGS:/a|",
            "'\"",
        ),
        ("SecRuleRemoveById ", "1-2 ", ""),
        ("Include ", "../", ""),
        ("Include ", "*", ""),
        ("", "Include */*\n", ""),
    ] {
        let middle = piece.repeat(LENGTH / piece.len());
        check(format!("{begin}{middle}{end}").as_bytes());
    }
    // Seconds where it is not.
    let took = time_at_work() - before;
    assert!(took < Duration::from_secs(60), "{took:?}");
}

/// How long this thread has been at work: time in which the machine was busy with others is none of it,
/// unless the kernel keeps no account.
fn time_at_work() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let worked = stat.split(' ').next().and_then(|first| first.parse().ok());
    worked.map_or_else(|| START.elapsed(), Duration::from_nanos)
}
