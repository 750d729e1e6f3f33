//! What `portcullis check` prints.

use std::{fs, path::PathBuf};

use portcullis::{
    config::{ObjectKind, ObjectRef, Problem, Severity},
    control::diagnostics::{CheckReport, check},
};
use tempfile::TempDir;

fn text(report: &CheckReport, colour: bool) -> String {
    let mut out = Vec::new();
    report.write_text(&mut out, colour).unwrap();
    String::from_utf8(out).unwrap()
}

/// Runs a check on the fixture folder of a name, with relative paths in what it says.
fn fixture(name: &str) -> (CheckReport, String) {
    let root = PathBuf::from("tests/fixtures/check").join(name);
    let report = check(&[root.join("input.yaml")], |_| Vec::new());
    let printed = text(&report, false);
    (report, printed)
}

#[test]
fn problems_are_printed_as_the_fixtures_say() {
    for name in ["fields", "syntax", "secret", "legacy", "hidden_secret"] {
        let (report, printed) = fixture(name);
        let expected = PathBuf::from("tests/fixtures/check")
            .join(name)
            .join("output.txt");
        assert_eq!(printed, fs::read_to_string(&expected).unwrap(), "{name}");
        assert!(!report.problems().is_empty());
        assert!(!printed.contains("hunter"), "{name}");
    }
}

#[test]
fn json_holds_every_field() {
    let (report, _) = fixture("fields");
    let mut out = Vec::new();
    report.write_json(&mut out).unwrap();
    let parsed: Vec<serde_json::Value> = serde_json::from_slice(&out).unwrap();
    assert_eq!(parsed.len(), report.problems().len());
    let text = fs::read_to_string("tests/fixtures/check/fields/input.yaml").unwrap();
    for (json, problem) in parsed.iter().zip(report.problems()) {
        let Problem {
            object,
            field,
            message,
            consequence,
            severity: _,
            cause: _,
            location,
        } = problem;
        let place = location.as_ref().unwrap();
        assert_eq!(json["object"]["kind"], object.kind.as_str());
        assert_eq!(json["object"]["namespace"], *object.namespace);
        assert_eq!(json["object"]["name"], *object.name);
        assert_eq!(json["field"], **field);
        assert_eq!(json["message"], **message);
        assert_eq!(json["consequence"], **consequence);
        assert!(["error", "warning"].contains(&json["severity"].as_str().unwrap()));
        assert_eq!(json["location"]["line"], place.line);
        assert_eq!(json["location"]["column"], place.column);
        let (start, end) = place.span;
        assert_eq!(json["location"]["start"], start);
        assert_eq!(json["location"]["end"], end);
        assert!(text.get(start..end).is_some());
    }
}

#[test]
fn nothing_wrong_is_an_empty_array_and_no_text() {
    let folder = TempDir::new().unwrap();
    let report = check(&[folder.path().to_owned()], |_| Vec::new());
    assert!(report.is_valid());
    assert_eq!(text(&report, false), "");
    let mut out = Vec::new();
    report.write_json(&mut out).unwrap();
    assert_eq!(out, b"[\n]\n");
}

#[test]
fn warnings_do_not_make_manifests_invalid() {
    let (report, _) = fixture("legacy");
    assert_eq!(report.count(Severity::Error), 0);
    assert!(report.count(Severity::Warning) > 0);
    assert!(report.is_valid());
    assert!(!fixture("fields").0.is_valid());
}

#[test]
fn translation_problems_stand_among_the_others_by_line() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.yaml");
    fs::write(
        &path,
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {typo: 1, type: Odd, more: 2}\n",
    )
    .unwrap();
    let report = check(&[path], |objects| {
        let (key, stored) = objects.services.iter().next().unwrap();
        vec![Problem {
            object: ObjectRef {
                kind: ObjectKind::Service,
                namespace: key.namespace.clone(),
                name: key.name.clone(),
            },
            field: "spec.type".to_owned(),
            message: "is odd".to_owned(),
            consequence: "nothing".to_owned(),
            severity: Severity::Error,
            cause: Default::default(),
            location: stored.places.as_ref().unwrap().locate("spec.type"),
        }]
    });
    let fields: Vec<_> = report
        .problems()
        .iter()
        .map(|it| it.field.as_str())
        .collect();
    assert_eq!(fields, ["spec.typo", "spec.type", "spec.more"]);
}

#[test]
fn colours_come_only_when_asked_for() {
    let (report, plain) = fixture("fields");
    assert!(!plain.contains('\u{1b}'));
    assert!(text(&report, true).contains('\u{1b}'));
}

#[test]
fn a_line_without_end_is_printed_in_part() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.json");
    let padding = "x".repeat(1 << 20);
    let json = format!(
        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"a"}},"data":{{"k":"{padding}"}},"typo":1,"binaryData":{{"k":"{padding}"}}}}"#,
    );
    fs::write(
        &path,
        json.replace(r#","binaryData"#, r#","immutable":false,"binaryData2"#),
    )
    .unwrap();
    let printed = text(&check(&[path], |_| Vec::new()), false);
    assert!(printed.contains("typo"));
    assert!(printed.len() < 10_000, "{}", printed.len());
}
