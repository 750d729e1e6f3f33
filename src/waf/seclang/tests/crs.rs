//! The Core Rule Set, where it is.

use std::{fs, path::Path};

use crate::waf::seclang::{DirectiveKind, FindingKind, Folder, NameKind, SourceMap, Trust, parse};

/// Its rules as the conformance tests leave them.
const RULES: &str = "target/conformance/crs/rules";

#[test]
fn every_file_of_the_core_rule_set_is_read_without_an_error() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(RULES);
    let Ok(folder) = Folder::open(&root) else {
        return;
    };
    let entries = fs::read_dir(&root).unwrap();
    let paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    let rules = |path: &&std::path::PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        path.is_file() && name.contains(".conf")
    };
    let mut count = 0;
    for path in paths.iter().filter(rules) {
        let mut sources = SourceMap::default();
        let text = fs::read(path).unwrap();
        let name = path.to_str().unwrap();
        let parsed = parse(&mut sources, &folder, Trust::Operator, name, &text);
        let findings = parsed
            .errors
            .iter()
            .chain(parsed.warnings.iter().filter(|finding| {
                // All that it has of what is left out, besides persistent collections.
                !matches!(
                    finding.kind,
                    FindingKind::LeftOut {
                        kind: NameKind::Action | NameKind::Variable,
                        name: "initcol" | "GLOBAL" | "IP",
                        ..
                    } | FindingKind::LeftOut {
                        name: "SecDataDir" | "SecRxPreFilter",
                        ..
                    }
                )
            }));
        let shown: String = findings.map(|finding| finding.render(&sources)).collect();
        assert_eq!(shown, "", "{name}");
        let is_rule = |kind: &DirectiveKind| matches!(kind, DirectiveKind::Rule(_));
        let rules = parsed
            .directives
            .iter()
            .filter(|found| is_rule(&found.kind));
        count += rules.count();
    }
    assert!(count > 600, "{count} rules");
}
