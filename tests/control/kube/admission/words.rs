//! A review says what `portcullis check` says.

use std::{collections::BTreeSet, fs, path::Path};

use portcullis::{
    config::Severity,
    control::{
        diagnostics::check,
        translate::{Translation, Translator},
    },
    snapshot::Firewalls,
};
use serde_json::{Value, json};

use super::{
    super::{parity::complete, support::settings},
    support::{judge_of, store, updated},
};

#[test]
fn every_object_of_every_case_of_translation_is_judged_in_the_words_of_check() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/translate");
    let cases = fs::read_dir(root).unwrap();
    let cases: BTreeSet<_> = cases.map(|entry| entry.unwrap().path()).collect();
    assert!(cases.len() > 50);
    let (mut refused, mut admitted) = (0, 0);
    for case in cases {
        let text = fs::read_to_string(case.join("input.yaml")).unwrap();
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        let documents: Vec<Value> = documents.into_iter().map(complete).collect();
        let said = said_by_check(&documents);
        let store = store(&documents);
        // What is in force has been read.
        let settings = settings();
        Translator::new(settings.clone()).translate(&store.objects());
        let mut judge = judge_of(&store, settings);
        for document in &documents {
            let kind = document["kind"].as_str().unwrap();
            let name = document["metadata"]["name"].as_str().unwrap();
            let namespace = document["metadata"]["namespace"].as_str();
            let object = match kind {
                "Ingress" | "WafPolicy" => {
                    format!("{kind} {}/{name}: ", namespace.unwrap_or("default"))
                }
                "ClusterWafPolicy" => format!("{kind} {name}: "),
                _ => continue,
            };
            let mut old = document.clone();
            old["metadata"]["annotations"] = json!({"example.com/old": "true"});
            old["spec"] = json!({"tls": [{"hosts": ["old.example"]}]});
            let ruling = updated(&mut judge, document, &old);
            let own = |all: &BTreeSet<String>| -> BTreeSet<String> {
                all.iter()
                    .filter(|it| it.starts_with(&object))
                    .cloned()
                    .collect()
            };
            let refusals: BTreeSet<String> = ruling.refusals.iter().cloned().collect();
            let warnings: BTreeSet<String> = ruling.warnings.iter().cloned().collect();
            let told = refusals.union(&warnings).cloned().collect();
            let (errors, all) = (own(&said.errors), own(&said.all));
            let place = format!("{}: {object}", case.display());
            assert_eq!(own(&told), all, "{place}");
            assert!(refusals.is_subset(&errors), "{place}");
            match ruling.is_allowed() {
                true => admitted += 1,
                false => refused += 1,
            }
        }
    }
    assert!(refused > 20 && admitted > 80, "{refused} {admitted}");
}

struct Said {
    errors: BTreeSet<String>,
    all: BTreeSet<String>,
}

/// What `portcullis check` says of these, with its exit code's errors apart.
fn said_by_check(documents: &[Value]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
    fs::write(folder.path().join("all.yaml"), texts.join("\n---\n")).unwrap();
    let report = check(&[folder.path().to_owned()], |objects| {
        let Translation {
            config,
            mut problems,
        } = Translator::new(settings()).translate(objects);
        let mut firewalls = Firewalls::default();
        firewalls.follow(&config);
        problems.extend(firewalls.problems().iter().cloned());
        problems
    });
    let problems = report.problems().iter();
    let errors = problems.clone().filter(|it| it.severity == Severity::Error);
    Said {
        errors: errors.map(ToString::to_string).collect(),
        all: problems.map(ToString::to_string).collect(),
    }
}
