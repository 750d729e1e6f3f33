//! `tests/fixtures/translate/<case>`: `input.yaml`, what it comes to in `config.yaml`, what is wrong
//! with it in `problems.yaml`, and the operator's `settings.yaml` where they differ from disk's.

use std::{fs, path::Path};

use super::{
    incremental,
    support::{documents, objects, render, render_problems, settings},
};
use crate::{control::translate::Translator, snapshot::Firewalls};

#[test]
fn every_case_comes_to_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/translate");
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
    let read = |name| fs::read_to_string(case.join(name)).unwrap_or_default();
    let documents = documents(&read("input.yaml"));
    let settings = settings(&read("settings.yaml"));
    let mut translation = Translator::new(settings.clone()).translate(&objects(&documents));
    let mut firewalls = Firewalls::default();
    firewalls.follow(&translation.config);
    translation
        .problems
        .extend(firewalls.problems().iter().cloned());
    incremental::every_order_comes_to_the_same(&documents, &settings);
    let found = [
        ("config.yaml", render(&translation.config)),
        ("problems.yaml", render_problems(&translation)),
    ];
    let wrong = found.iter().filter(|(name, found)| read(name) != *found);
    let wrong: Vec<String> = wrong
        .map(|(name, found)| {
            format!(
                "{}: expected\n{}found\n{found}",
                case.join(name).display(),
                read(name)
            )
        })
        .collect();
    (!wrong.is_empty()).then(|| wrong.join("\n"))
}
