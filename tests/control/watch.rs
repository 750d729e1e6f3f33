//! Changes on disk reach the store, whatever way they are made.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use portcullis::control::{
    Store,
    source::files::{FileSource, FileWatch},
};
use tempfile::TempDir;

use super::files::{config_map, pairs, values};

/// What is promised is a second; the machine may be busy with other things. Beyond this something never
/// comes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Roots that are watched.
struct Watched {
    store: Arc<Store>,
    _watch: FileWatch,
}

impl Watched {
    fn new(roots: &[PathBuf]) -> Self {
        let store = Arc::new(Store::default());
        let watch = FileSource::new(roots.to_vec())
            .watch(Arc::clone(&store))
            .unwrap();
        let this = Self {
            store,
            _watch: watch,
        };
        this.until(|| this.store.view().synced);
        this
    }

    /// Waits until the store holds exactly these.
    fn holds(&self, expected: &[(&str, &str)]) {
        let expected = pairs(expected);
        self.until(|| values(&self.store.objects()) == expected);
    }

    fn until(&self, is_so: impl Fn() -> bool) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut changes = self.store.subscribe();
            let waited = tokio::time::timeout(PATIENCE, async {
                loop {
                    changes.borrow_and_update();
                    if is_so() {
                        break;
                    }
                    changes.changed().await.unwrap();
                }
            });
            let objects = || values(&self.store.objects());
            assert!(waited.await.is_ok(), "the store holds {:?}", objects());
        });
    }
}

/// A way to give a file a new content.
type Way = fn(&Path, &str);

fn rename_over(path: &Path, text: &str) {
    let temporary = path.with_file_name(".temporary");
    fs::write(&temporary, text).unwrap();
    fs::rename(&temporary, path).unwrap();
}

fn delete_and_create(path: &Path, text: &str) {
    fs::remove_file(path).unwrap();
    fs::write(path, text).unwrap();
}

fn write_in_place(path: &Path, text: &str) {
    let mut file = File::options()
        .write(true)
        .truncate(true)
        .open(path)
        .unwrap();
    for byte in text.as_bytes() {
        file.write_all(&[*byte]).unwrap();
    }
}

/// As vim does with `backupcopy=no`: the old file is moved away and a new one made.
fn move_away_and_create(path: &Path, text: &str) {
    let backup = path.with_extension("yaml~");
    fs::rename(path, &backup).unwrap();
    fs::write(path, text).unwrap();
    fs::remove_file(&backup).unwrap();
}

#[test]
fn every_way_to_save_a_file_is_seen() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.yaml");
    let outside = TempDir::new().unwrap();
    let single = outside.path().join("single.conf");
    fs::write(&path, config_map("a", "start")).unwrap();
    fs::write(&single, config_map("b", "start")).unwrap();
    let watched = Watched::new(&[folder.path().to_owned(), single.clone()]);
    watched.holds(&[("a", "start"), ("b", "start")]);
    let ways: [(&str, Way); 4] = [
        ("renamed", rename_over),
        ("created", delete_and_create),
        ("written", write_in_place),
        ("moved", move_away_and_create),
    ];
    for (name, way) in ways {
        way(&path, &config_map("a", name));
        way(&single, &config_map("b", name));
        watched.holds(&[("a", name), ("b", name)]);
    }
}

#[test]
fn files_and_folders_that_come_and_go_are_seen() {
    let folder = TempDir::new().unwrap();
    let watched = Watched::new(&[folder.path().to_owned()]);
    watched.holds(&[]);
    let sub = folder.path().join("new/deeper");
    fs::create_dir_all(&sub).unwrap();
    fs::write(sub.join("a.yaml"), config_map("a", "one")).unwrap();
    watched.holds(&[("a", "one")]);
    fs::write(sub.join("a.yaml"), config_map("a", "two")).unwrap();
    watched.holds(&[("a", "two")]);
    fs::rename(folder.path().join("new"), folder.path().join("renamed")).unwrap();
    fs::write(
        folder.path().join("renamed/deeper/b.yaml"),
        config_map("b", "one"),
    )
    .unwrap();
    watched.holds(&[("a", "two"), ("b", "one")]);
    fs::remove_dir_all(folder.path().join("renamed")).unwrap();
    watched.holds(&[]);
}

#[test]
fn a_config_map_swap_as_the_kubelet_does_it_is_seen() {
    let folder = TempDir::new().unwrap();
    let mount = folder.path().join("mount");
    let version = |number: u32| mount.join(format!("..version_{number}"));
    let fill = |number: u32, value: &str| {
        fs::create_dir_all(version(number)).unwrap();
        fs::write(version(number).join("a.yaml"), config_map("a", value)).unwrap();
        symlink(format!("..version_{number}"), mount.join("..data_tmp")).unwrap();
        fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    };
    fill(1, "one");
    symlink("..data/a.yaml", mount.join("a.yaml")).unwrap();
    // Both as a folder and by the link itself.
    let by_folder = Watched::new(std::slice::from_ref(&mount));
    let by_name = Watched::new(&[mount.join("a.yaml")]);
    for (number, value) in [(2, "two"), (3, "three")] {
        fill(number, value);
        fs::remove_dir_all(version(number - 1)).unwrap();
        by_folder.holds(&[("a", value)]);
        by_name.holds(&[("a", value)]);
    }
}

#[test]
fn a_link_swapped_far_up_is_seen() {
    let folder = TempDir::new().unwrap();
    for version in ["one", "two"] {
        let path = folder.path().join(version).join("conf");
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("a.yaml"), config_map("a", version)).unwrap();
    }
    let current = folder.path().join("current");
    symlink("one", &current).unwrap();
    let watched = Watched::new(&[current.join("conf")]);
    watched.holds(&[("a", "one")]);
    symlink("two", folder.path().join("next")).unwrap();
    fs::rename(folder.path().join("next"), &current).unwrap();
    watched.holds(&[("a", "two")]);
}

#[test]
fn a_root_that_comes_late_is_seen() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("not/yet");
    let watched = Watched::new(std::slice::from_ref(&root));
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join("a.yaml"), config_map("a", "one")).unwrap();
    watched.holds(&[("a", "one")]);
}

#[test]
fn a_broken_version_is_reported_and_the_next_good_one_served() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.yaml");
    fs::write(&path, config_map("a", "one")).unwrap();
    let watched = Watched::new(&[folder.path().to_owned()]);
    fs::write(&path, "a: [").unwrap();
    watched.until(|| !watched.store.view().problems.is_empty());
    watched.holds(&[("a", "one")]);
    fs::write(&path, config_map("a", "two")).unwrap();
    watched.holds(&[("a", "two")]);
    assert!(watched.store.view().problems.is_empty());
}

#[test]
fn a_watch_that_is_dropped_ends() {
    let folder = TempDir::new().unwrap();
    let watched = Watched::new(&[folder.path().to_owned()]);
    let Watched { store, _watch } = watched;
    drop(_watch);
    assert_eq!(Arc::strong_count(&store), 1);
}
