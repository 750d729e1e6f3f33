//! What edits change, whom they wake, and what views hold.
#![allow(clippy::unwrap_used)]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::*;
use crate::config::{ObjectRef, Severity};

fn config_map(name: &str, value: &str) -> (Key, Object) {
    let object = ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        data: Some([("k".to_owned(), value.to_owned())].into()),
        ..ConfigMap::default()
    };
    (
        Key::new("default", name),
        Object::ConfigMap(Arc::new(object)),
    )
}

fn put_one(store: &Store, name: &str, value: &str) {
    let (key, object) = config_map(name, value);
    store.edit(|edit| edit.upsert(key, object, None));
}

fn revision(store: &Store, name: &str) -> u64 {
    store.objects().config_maps[&Key::new("default", name)].revision
}

fn problem(message: &str) -> Problem {
    Problem {
        object: ObjectRef {
            kind: ObjectKind::File,
            namespace: "".into(),
            name: "f".into(),
        },
        field: String::new(),
        message: message.to_owned(),
        consequence: String::new(),
        severity: Severity::Error,
        cause: Default::default(),
        location: None,
    }
}

#[test]
fn an_equal_object_keeps_its_revision_and_wakes_nobody() {
    let store = Store::default();
    put_one(&store, "a", "1");
    let first = revision(&store, "a");
    let mut changes = store.subscribe();
    changes.borrow_and_update();

    put_one(&store, "a", "1");
    assert_eq!(revision(&store, "a"), first);
    assert!(!changes.has_changed().unwrap());

    put_one(&store, "a", "2");
    assert_ne!(revision(&store, "a"), first);
    assert!(changes.has_changed().unwrap());
}

#[test]
fn a_revision_is_never_used_twice() {
    let store = Store::default();
    let mut seen = BTreeSet::new();
    for value in ["1", "2", "1"] {
        put_one(&store, "a", value);
        assert!(seen.insert(revision(&store, "a")));
        store.edit(|edit| edit.remove(ObjectKind::ConfigMap, &Key::new("default", "a")));
    }
    put_one(&store, "b", "1");
    assert!(seen.insert(revision(&store, "b")));
}

#[test]
fn a_view_stays_as_it_was() {
    let store = Store::default();
    put_one(&store, "a", "1");
    let before = store.view();
    put_one(&store, "b", "1");
    store.edit(|edit| edit.remove(ObjectKind::ConfigMap, &Key::new("default", "a")));
    assert_eq!(before.objects.config_maps.len(), 1);
    assert!(
        before
            .objects
            .config_maps
            .contains_key(&Key::new("default", "a"))
    );
    assert!(
        !store
            .objects()
            .config_maps
            .contains_key(&Key::new("default", "a"))
    );
}

#[test]
fn an_edit_wakes_once_and_only_if_something_changed() {
    let store = Store::default();
    let changes = store.subscribe();
    let before = *changes.borrow();
    store.edit(|edit| {
        for name in ["a", "b", "c"] {
            let (key, object) = config_map(name, "1");
            edit.upsert(key, object, None);
        }
    });
    assert_eq!(*changes.borrow(), before + 1);
    store.edit(|edit| {
        edit.remove(ObjectKind::ConfigMap, &Key::new("default", "absent"));
        edit.remove(ObjectKind::File, &Key::new("default", "a"));
        edit.report(&Arc::new(PathBuf::from("f")), Vec::new());
    });
    assert_eq!(*changes.borrow(), before + 1);
}

#[test]
fn a_list_replaces_all_of_its_kind_and_syncs_it() {
    let store = Store::default();
    put_one(&store, "a", "1");
    put_one(&store, "b", "1");
    let kept = revision(&store, "b");
    let list = ["b", "c"].map(|name| config_map(name, "1"));
    store.edit(|edit| edit.replace_all(ObjectKind::ConfigMap, list.into()));
    let names: Vec<_> = store
        .objects()
        .config_maps
        .keys()
        .map(|key| key.name.to_string())
        .collect();
    assert_eq!(names, ["b", "c"]);
    assert_eq!(revision(&store, "b"), kept);
}

#[test]
fn a_store_is_synced_when_every_kind_is() {
    let store = Store::default();
    for kind in KINDS {
        assert!(!store.view().synced);
        store.edit(|edit| edit.mark_synced(kind));
    }
    assert!(store.view().synced);
}

#[test]
fn problems_of_a_file_are_replaced_together() {
    let store = Store::default();
    let file = Arc::new(PathBuf::from("f"));
    store.edit(|edit| edit.report(&file, vec![problem("x"), problem("y")]));
    assert_eq!(store.view().problems[&file].len(), 2);
    store.edit(|edit| edit.report(&file, vec![problem("y")]));
    assert_eq!(store.view().problems[&file], [problem("y")]);
    store.edit(|edit| edit.report(&file, Vec::new()));
    assert!(store.view().problems.is_empty());
}

#[test]
fn what_an_earlier_run_knew_is_seen_until_every_kind_has_been_read() {
    let store = Store::default();
    let at = SystemTime::UNIX_EPOCH;
    assert!(!store.view().synced);
    store.edit(|edit| edit.fall_back(vec![config_map("old", "x")], at));
    let (view, live) = (store.view(), store.objects());
    assert_eq!((view.synced, view.stale), (true, Some(at)));
    assert_eq!(
        (view.objects.config_maps.len(), live.config_maps.len()),
        (1, 0)
    );
    let before = view.objects.config_maps[&Key::new("default", "old")].revision;
    store.edit(|edit| edit.give_up_earlier_endpoints());
    assert!(store.view().objects.old_endpoints);
    put_one(&store, "old", "x");
    assert_eq!(store.view().stale, Some(at));
    store.edit(|edit| edit.mark_all_synced());
    let view = store.view();
    assert_eq!((view.synced, view.stale), (true, None));
    assert!(!view.objects.old_endpoints);
    assert_ne!(
        view.objects.config_maps[&Key::new("default", "old")].revision,
        before
    );
    store.edit(|edit| edit.fall_back(Vec::new(), at));
    assert_eq!(
        store.view().stale,
        None,
        "nothing earlier is better than what there is"
    );
}
