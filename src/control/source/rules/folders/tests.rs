#![allow(clippy::unwrap_used)]

use std::{fs, os::unix::fs::symlink};

use tempfile::TempDir;

use super::*;

/// A folder with these files, below `at`.
fn folder(at: &str, files: &[&str]) -> (TempDir, PathBuf) {
    let top = TempDir::new().unwrap();
    for file in files {
        let path = top.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("# {file}\n")).unwrap();
    }
    let root = top.path().join(at);
    (top, root)
}

/// The files that are loaded, from the top on.
fn loaded(top: &TempDir, rules: &FolderRules) -> Vec<String> {
    let part = rules.part.as_ref().unwrap();
    for file in &part.loaded {
        assert!(part.files.contains_key(file), "{file}");
    }
    let top = top.path().to_str().unwrap();
    let relative = |name: &String| name.strip_prefix(top).unwrap()[1..].to_owned();
    part.loaded.iter().map(relative).collect()
}

#[test]
fn every_layout_is_loaded_in_its_order() {
    const DEBIAN: &str = "usr/share/modsecurity-crs";
    for (at, files, expected) in [
        (
            "r",
            &["r/b.conf", "r/a.conf", "r/c.txt", "r/d.conf.example"][..],
            &["r/a.conf", "r/b.conf"][..],
        ),
        (
            "r",
            &["r/z.conf", "r/modsecurity.conf", "r/a.conf"],
            &["r/modsecurity.conf", "r/a.conf", "r/z.conf"],
        ),
        (
            "r",
            &[
                "r/crs-setup.conf.example",
                "r/rules/REQUEST-942.conf",
                "r/rules/REQUEST-901.conf",
                "r/rules/REQUEST-900.conf.example",
                "r/rules/words.data",
                "r/tests/t.conf",
                "r/plugins/p-config.conf",
                "r/plugins/p-before.conf",
                "r/plugins/p-after.conf",
            ],
            &[
                "r/crs-setup.conf.example",
                "r/plugins/p-config.conf",
                "r/plugins/p-before.conf",
                "r/rules/REQUEST-901.conf",
                "r/rules/REQUEST-942.conf",
                "r/plugins/p-after.conf",
            ],
        ),
        (
            "r",
            &[
                "r/crs-setup.conf.example",
                "r/crs-setup.conf",
                "r/coraza.conf",
                "r/rules/1.conf",
            ],
            &["r/coraza.conf", "r/crs-setup.conf", "r/rules/1.conf"],
        ),
        (
            DEBIAN,
            &[
                "usr/share/modsecurity-crs/owasp-crs.load",
                "usr/share/modsecurity-crs/rules/REQUEST-901.conf",
                "etc/modsecurity/crs/crs-setup.conf",
                "etc/modsecurity/crs/REQUEST-900-BEFORE.conf",
                "etc/modsecurity/crs/RESPONSE-999-AFTER.conf",
            ],
            &[
                "etc/modsecurity/crs/crs-setup.conf",
                "etc/modsecurity/crs/REQUEST-900-BEFORE.conf",
                "usr/share/modsecurity-crs/rules/REQUEST-901.conf",
                "etc/modsecurity/crs/RESPONSE-999-AFTER.conf",
            ],
        ),
    ] {
        let (top, root) = folder(at, files);
        let rules = RuleFolders::default().rules(&root);
        assert_eq!(rules.fault, None);
        assert_eq!(loaded(&top, &rules), expected);
        let sets_up = expected
            .iter()
            .any(|name| name.ends_with("modsecurity.conf") || name.ends_with("coraza.conf"));
        assert_eq!(rules.part.as_ref().unwrap().sets_up, sets_up);
    }
}

#[test]
fn the_settings_of_the_engine_precede_rules_that_bring_none() {
    for (files, is_there) in [
        (&["a.conf"][..], true),
        (&["a.conf", "modsecurity.conf"], false),
    ] {
        let (_top, root) = folder("", files);
        let rules = RuleFolders::default().rules(&root);
        let source = super::super::rule_set("r", &[rules.part.as_ref().unwrap()]);
        assert_eq!(
            source.files.contains_key("portcullis/engine.conf"),
            is_there
        );
        let entry = String::from_utf8(source.files[&source.entry].to_vec()).unwrap();
        assert_eq!(entry.starts_with("Include \"/portcullis/"), is_there);
    }
}

#[test]
fn a_folder_that_gives_no_rules_says_why() {
    let (top, root) = folder("r", &["r/a.txt", "secret.conf"]);
    let fault = |root: &Path| RuleFolders::default().rules(root).fault.clone().unwrap();
    assert!(fault(&root).contains("there are no rules"));
    assert!(fault(&root.join("missing")).contains("cannot be read"));
    symlink(top.path().join("secret.conf"), root.join("a.conf")).unwrap();
    assert!(fault(&root).contains("leads out of the folder"));
}

#[test]
fn paths_that_lead_up_are_made_plain() {
    let (_top, root) = folder("r", &["r/a.conf", "other/b.conf"]);
    let rules = RuleFolders::default().rules(&root.join("../other"));
    let loaded = &rules.part.as_ref().unwrap().loaded;
    assert!(!loaded[0].contains(".."), "{loaded:?}");
}

#[test]
fn a_change_is_seen_and_a_fault_keeps_what_was_read_last() {
    let (_top, root) = folder("r", &["r/a.conf"]);
    let folders = RuleFolders::default();
    let first = folders.rules(&root);
    assert!(!folders.look_again());
    assert!(Arc::ptr_eq(&first, &folders.rules(&root)));
    fs::write(root.join("a.conf"), "# other\n").unwrap();
    assert!(folders.look_again());
    let second = folders.rules(&root);
    assert_ne!(first.part, second.part);
    fs::remove_file(root.join("a.conf")).unwrap();
    assert!(folders.look_again());
    let third = folders.rules(&root);
    assert_eq!(third.part, second.part);
    assert!(third.fault.is_some());
    assert!(!folders.look_again());
    folders.keep_only(&BTreeSet::new());
    assert_eq!(folders.rules(&root).part, None);
}
