//! SecLang: every place lies in its file, a line feed at the end changes nothing, and what tenants
//! may write operators may.
#![no_main]

use portcullis::waf::seclang::{Memory, Parsed, SourceMap, Span, Template, Trust, parse};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let operator = check(input, Trust::Operator);
    let tenant = check(input, Trust::Tenant);
    if tenant.errors.is_empty() {
        assert_eq!(operator.directives, tenant.directives);
        assert!(operator.errors.is_empty());
    }
    if !input.ends_with(b"\\") {
        let longer = check(&[input, b"\n"].concat(), Trust::Operator);
        assert_eq!(operator.directives, longer.directives);
        assert_eq!(operator.errors, longer.errors);
    }
    Template::new(input);
});

/// Reads rules that may include a file, which includes them: a cycle.
fn check(input: &[u8], trust: Trust) -> Parsed {
    let other: &[u8] = b"SecMarker c\nInclude ../a";
    let files: Memory = [("a", input), ("b/c", other)].into_iter().collect();
    let mut sources = SourceMap::default();
    let parsed = parse(&mut sources, &files, trust, "a", input);
    let inside = |span: Span| {
        let length = sources.text(span.file).map_or(0, |text| text.len());
        span.start <= span.end && span.end as usize <= length
    };
    for finding in parsed.errors.iter().chain(&parsed.warnings) {
        assert!(inside(finding.span), "{finding:?}");
        let shown = finding.render(&sources);
        assert!(
            shown.lines().count() == 4 && !shown.contains('\u{1b}'),
            "{shown}"
        );
    }
    for directive in &parsed.directives {
        assert!(inside(directive.span), "{directive:?}");
        assert!(!sources.slice(directive.span).is_empty(), "{directive:?}");
    }
    parsed
}
