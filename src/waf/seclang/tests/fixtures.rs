//! `tests/fixtures/waf/seclang/<case>`: `rules.conf`, and in `output.txt` all that is found in it.

use std::{fs, path::Path};

use crate::waf::seclang::{NoFiles, SourceMap, Trust, parse};

#[test]
fn findings_are_shown_as_the_fixtures_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/waf/seclang");
    let mut cases: Vec<_> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    let failures: Vec<String> = cases.iter().filter_map(|case| failure(case)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn failure(case: &Path) -> Option<String> {
    let rules = fs::read(case.join("rules.conf")).unwrap();
    let expected = fs::read_to_string(case.join("output.txt")).unwrap_or_default();
    let mut sources = SourceMap::default();
    let parsed = parse(
        &mut sources,
        &NoFiles,
        Trust::Operator,
        "rules.conf",
        &rules,
    );
    let errors = parsed.errors.iter().map(|finding| ("error", finding));
    let warnings = parsed.warnings.iter().map(|finding| ("warning", finding));
    let found: String = errors
        .chain(warnings)
        .map(|(level, finding)| format!("{level}: {}", finding.render(&sources)))
        .collect();
    (found != expected).then(|| format!("{}: expected\n{expected}found\n{found}", case.display()))
}
