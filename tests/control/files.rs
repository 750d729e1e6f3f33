//! What a store holds after reading folders and files, without watching them.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::LazyLock,
    time::{Duration, Instant},
};

use portcullis::{
    config::{Problem, Severity},
    control::{Key, Objects, Store, source::files::FileSource},
};
use tempfile::TempDir;

pub(crate) fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  k: {value}\n")
}

/// Names and values of the config maps that [`config_map`] writes.
pub(crate) fn values(objects: &Objects) -> Vec<(String, String)> {
    objects
        .config_maps
        .iter()
        .map(|(key, stored)| {
            let data = stored.object.data.as_ref().unwrap();
            (key.name.to_string(), data["k"].clone())
        })
        .collect()
}

pub(crate) fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

pub(crate) fn problems(store: &Store) -> Vec<Problem> {
    store.view().problems.values().flatten().cloned().collect()
}

fn messages(store: &Store) -> Vec<String> {
    problems(store).into_iter().map(|it| it.message).collect()
}

/// A folder that is read again on demand.
struct Folder {
    folder: TempDir,
    store: Store,
    source: FileSource,
}

impl Folder {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let source = FileSource::new(vec![folder.path().to_owned()]);
        Self {
            folder,
            store: Store::default(),
            source,
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn values(&mut self) -> Vec<(String, String)> {
        self.source.sync(&self.store);
        assert!(self.store.view().synced);
        values(&self.store.objects())
    }
}

#[test]
fn folders_are_read_recursively_and_other_files_are_not() {
    let mut folder = Folder::new();
    folder.write("a.yaml", &config_map("a", "one"));
    folder.write("b.yml", &config_map("b", "one"));
    folder.write("deep/er/c.json", r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"k": "one"}}"#);
    folder.write(".hidden.yaml", &config_map("hidden", "one"));
    folder.write(".git/x.yaml", &config_map("git", "one"));
    folder.write("README.md", "# not: yaml: at: all\n");
    assert_eq!(
        folder.values(),
        pairs(&[("a", "one"), ("b", "one"), ("c", "one")])
    );
    assert_eq!(problems(&folder.store), []);
}

#[test]
fn a_file_given_by_name_may_be_called_anything() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("manifest.txt");
    fs::write(&path, config_map("a", "one")).unwrap();
    let store = Store::default();
    FileSource::new(vec![path]).sync(&store);
    assert_eq!(values(&store.objects()), pairs(&[("a", "one")]));
}

#[test]
fn a_mounted_config_map_is_read_once() {
    let mut folder = Folder::new();
    folder.write("..2026_01_01/a.yaml", &config_map("a", "one"));
    symlink("..2026_01_01", folder.path().join("..data")).unwrap();
    symlink("..data/a.yaml", folder.path().join("a.yaml")).unwrap();
    assert_eq!(folder.values(), pairs(&[("a", "one")]));
    assert_eq!(problems(&folder.store), []);
}

#[test]
fn links_in_a_circle_end_and_a_file_with_two_names_is_read_once() {
    let mut folder = Folder::new();
    folder.write("sub/a.yaml", &config_map("a", "one"));
    symlink("..", folder.path().join("sub/up")).unwrap();
    symlink("sub", folder.path().join("again")).unwrap();
    symlink("sub/a.yaml", folder.path().join("z.yaml")).unwrap();
    assert_eq!(folder.values(), pairs(&[("a", "one")]));
    assert_eq!(problems(&folder.store), []);
}

#[test]
fn a_document_that_does_not_parse_leaves_its_neighbours_alone() {
    let mut folder = Folder::new();
    let of = |b: &str| {
        format!(
            "{}---\n{b}---\n{}",
            config_map("a", "one"),
            config_map("c", "one")
        )
    };
    folder.write("all.yaml", &of(&config_map("b", "one")));
    assert_eq!(
        folder.values(),
        pairs(&[("a", "one"), ("b", "one"), ("c", "one")])
    );

    let broken = of(&format!("{}  bad: [\n", config_map("b", "two")));
    folder.write("all.yaml", &broken.replace("k: one", "k: three"));
    assert_eq!(
        folder.values(),
        pairs(&[("a", "three"), ("b", "one"), ("c", "three")])
    );
    let [problem] = problems(&folder.store).try_into().unwrap();
    assert_eq!(problem.object.to_string(), "ConfigMap default/b");
    assert_eq!(problem.severity, Severity::Error);

    folder.write(
        "all.yaml",
        &of(&config_map("b", "four")).replace("k: one", "k: four"),
    );
    assert_eq!(
        folder.values(),
        pairs(&[("a", "four"), ("b", "four"), ("c", "four")])
    );
    assert_eq!(problems(&folder.store), []);
}

#[test]
fn an_unreadable_version_keeps_all_that_may_be_in_it() {
    let mut folder = Folder::new();
    folder.write("x.yaml", &config_map("x", "one"));
    folder.write("w.yaml", &config_map("w", "one"));
    folder.values();
    for bad in ["\t: {", "kind: ConfigMap\ndata: [", "%"] {
        folder.write("x.yaml", bad);
        assert_eq!(
            folder.values(),
            pairs(&[("w", "one"), ("x", "one")]),
            "{bad:?}"
        );
        assert_eq!(problems(&folder.store).len(), 1, "{bad:?}");
    }
    fs::write(folder.path().join("x.yaml"), b"a: \xff\xfe").unwrap();
    assert_eq!(folder.values(), pairs(&[("w", "one"), ("x", "one")]));
    assert_eq!(messages(&folder.store), ["is not UTF-8 from byte 3 on"]);
    folder.write("x.yaml", "");
    assert_eq!(folder.values(), pairs(&[("w", "one")]));
    assert_eq!(problems(&folder.store), []);
}

#[test]
fn an_object_of_the_wrong_type_keeps_its_last_good_version_and_no_other() {
    let mut folder = Folder::new();
    folder.write(
        "a.yaml",
        &format!("{}---\n{}", config_map("a", "one"), config_map("b", "one")),
    );
    folder.values();
    folder.write("a.yaml", &config_map("a", "[two]"));
    assert_eq!(folder.values(), pairs(&[("a", "one")]));
    let [problem] = problems(&folder.store).try_into().unwrap();
    assert_eq!(problem.field, "data.k");
    assert_eq!(problem.location.unwrap().line, 6);
}

#[test]
fn of_two_definitions_the_first_by_path_counts_and_the_other_is_reported() {
    let mut folder = Folder::new();
    folder.write("b.yaml", &config_map("x", "b"));
    assert_eq!(folder.values(), pairs(&[("x", "b")]));
    folder.write("a.yaml", &config_map("x", "a"));
    folder.write("c.yaml", &config_map("x", "c"));
    assert_eq!(folder.values(), pairs(&[("x", "a")]));
    let found = problems(&folder.store);
    let places: Vec<_> = found
        .iter()
        .map(|problem| {
            let place = problem.location.as_ref().unwrap();
            (
                place.path.file_name().unwrap().to_str().unwrap().to_owned(),
                place.line,
            )
        })
        .collect();
    assert_eq!(places, [("b.yaml".to_owned(), 4), ("c.yaml".to_owned(), 4)]);
    assert!(found[0].message.ends_with("a.yaml"), "{}", found[0].message);

    fs::remove_file(folder.path().join("a.yaml")).unwrap();
    assert_eq!(folder.values(), pairs(&[("x", "b")]));
    assert_eq!(problems(&folder.store).len(), 1);
    fs::remove_file(folder.path().join("b.yaml")).unwrap();
    assert_eq!(folder.values(), pairs(&[("x", "c")]));
    assert_eq!(problems(&folder.store), []);
    folder.write(
        "c.yaml",
        &format!("{}---\n{}", config_map("x", "c"), config_map("x", "d")),
    );
    assert_eq!(folder.values(), pairs(&[("x", "c")]));
    assert_eq!(problems(&folder.store).len(), 1);
}

#[test]
fn the_root_that_was_given_first_comes_first() {
    let folder = TempDir::new().unwrap();
    for name in ["a.yaml", "b.yaml"] {
        fs::write(folder.path().join(name), config_map("x", name)).unwrap();
    }
    let store = Store::default();
    let roots = ["b.yaml", "a.yaml"].map(|name| folder.path().join(name));
    FileSource::new(roots.into()).sync(&store);
    assert_eq!(values(&store.objects()), pairs(&[("x", "b.yaml")]));
}

#[test]
fn a_root_that_is_gone_keeps_what_it_held() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("root");
    let store = Store::default();
    let mut source = FileSource::new(vec![root.clone()]);
    source.sync(&store);
    assert!(store.view().synced);
    assert!(
        messages(&store)[0].starts_with("cannot be read"),
        "{:?}",
        messages(&store)
    );

    fs::create_dir(&root).unwrap();
    fs::write(root.join("a.yaml"), config_map("a", "one")).unwrap();
    source.sync(&store);
    assert_eq!(values(&store.objects()), pairs(&[("a", "one")]));
    assert_eq!(problems(&store), []);

    fs::rename(&root, folder.path().join("away")).unwrap();
    source.sync(&store);
    assert_eq!(values(&store.objects()), pairs(&[("a", "one")]));
    assert_eq!(problems(&store).len(), 1);
}

#[test]
fn unchanged_objects_keep_their_revisions_wherever_they_move() {
    let mut folder = Folder::new();
    folder.write(
        "a.yaml",
        &format!("{}---\n{}", config_map("a", "one"), config_map("b", "one")),
    );
    folder.values();
    let before = folder.store.objects();
    let key = Key::new("default", "b");
    folder.write(
        "a.yaml",
        &format!(
            "# longer\n{}---\n{}",
            config_map("a", "two"),
            config_map("b", "one")
        ),
    );
    folder.values();
    let after = folder.store.objects();
    assert_eq!(
        after.config_maps[&key].revision,
        before.config_maps[&key].revision
    );
    let line = |objects: &Objects| {
        let places = objects.config_maps[&key].places.clone().unwrap();
        places.locate("data.k").unwrap().line
    };
    assert_eq!((line(&before), line(&after)), (13, 14));
    let key = Key::new("default", "a");
    assert_ne!(
        after.config_maps[&key].revision,
        before.config_maps[&key].revision
    );
}

#[test]
fn what_is_no_file_is_reported() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("s.yaml");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    symlink("nowhere.yaml", folder.path().join("dangling.yaml")).unwrap();
    let store = Store::default();
    FileSource::new(vec![folder.path().to_owned()]).sync(&store);
    let messages = messages(&store);
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0].starts_with("cannot be read"), "{messages:?}");
    assert_eq!(messages[1], "is neither a file nor a folder");
}

#[test]
fn a_file_beyond_the_limit_is_refused() {
    let mut folder = Folder::new();
    folder.write("a.yaml", &config_map("a", "one"));
    folder.values();
    let long = format!("{}#{}", config_map("a", "two"), "x".repeat(16 << 20));
    folder.write("a.yaml", &long);
    assert_eq!(folder.values(), pairs(&[("a", "one")]));
    assert_eq!(messages(&folder.store), ["is longer than 16777216 bytes"]);
}

#[test]
fn ten_thousand_documents_are_read_in_reasonable_time() {
    let mut folder = Folder::new();
    let all: Vec<_> = (0..10_000)
        .map(|n| config_map(&format!("n{n}"), "one"))
        .collect();
    folder.write("all.yaml", &all.join("---\n"));
    let before = time_at_work();
    assert_eq!(folder.values().len(), 10_000);
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
