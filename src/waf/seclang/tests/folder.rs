//! Rule files on disk.

use std::{fs, os::unix::fs::symlink, path::Path};

use crate::waf::seclang::{FileError, Folder, MAX_FILE, RuleFiles};

/// The names of the files of a path, without the folder's own.
fn names(folder: &Folder, root: &Path, from: &str, path: &str) -> Result<Vec<String>, FileError> {
    let root = root.to_str().unwrap();
    let from = if from.is_empty() {
        String::new()
    } else {
        format!("{root}/{from}")
    };
    let files = folder.read(&from, path.as_bytes())?;
    let short = |name: &str| name.strip_prefix(root).unwrap()[1..].to_owned();
    Ok(files.iter().map(|file| short(&file.name)).collect())
}

#[test]
fn nothing_outside_of_the_folder_is_read() {
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().join("rules");
    fs::create_dir_all(root.join("sub/deep")).unwrap();
    fs::create_dir(root.join("sub.conf")).unwrap();
    for name in [
        "a.conf",
        "b.conf",
        "words.data",
        "sub/c.conf",
        "sub/deep/d.conf",
    ] {
        fs::write(root.join(name), name).unwrap();
    }
    fs::write(parent.path().join("secret.conf"), "secret").unwrap();
    symlink("../secret.conf", root.join("out.txt")).unwrap();
    symlink("..", root.join("up")).unwrap();
    symlink("sub/c.conf", root.join("link.conf")).unwrap();
    symlink("nothing", root.join("broken.conf")).unwrap();

    let folder = Folder::open(&root).unwrap();
    let absolute = |name: &str| format!("{}/{name}", root.to_str().unwrap());
    for (from, path, expected) in [
        ("", "a.conf", Ok(vec!["a.conf"])),
        ("", "./sub//c.conf", Ok(vec!["sub/c.conf"])),
        ("sub/c.conf", "deep/d.conf", Ok(vec!["sub/deep/d.conf"])),
        ("sub/c.conf", "../a.conf", Ok(vec!["a.conf"])),
        ("", "*.conf", Ok(vec!["a.conf", "b.conf", "sub/c.conf"])),
        ("", "*/c.conf", Ok(vec!["sub/c.conf"])),
        ("", "*/secret.conf", Err(FileError::Outside)),
        ("", "s*/c.conf", Ok(vec!["sub/c.conf"])),
        ("sub/c.conf", "*/*.conf", Ok(vec!["sub/deep/d.conf"])),
        ("", "link.conf", Ok(vec!["sub/c.conf"])),
        ("", &absolute("b.conf"), Ok(vec!["b.conf"])),
        ("sub/c.conf", &absolute("*.data"), Ok(vec!["words.data"])),
        ("", "nothing.conf", Err(FileError::NotFound)),
        ("", "a.conf/x", Err(FileError::NotFound)),
        ("", "*.nothing", Err(FileError::NotFound)),
        ("", "nothing/*", Err(FileError::NotFound)),
        ("", "broken.conf", Err(FileError::NotFound)),
        ("", "sub", Err(FileError::NotAFile)),
        ("", "", Err(FileError::Path)),
        ("", "../secret.conf", Err(FileError::Outside)),
        ("sub/c.conf", "../../secret.conf", Err(FileError::Outside)),
        ("", "up/secret.conf", Err(FileError::Outside)),
        ("", "up/*.conf", Err(FileError::Outside)),
        ("", "out.txt", Err(FileError::Outside)),
        ("", "*.txt", Err(FileError::Outside)),
        ("", "/etc/passwd", Err(FileError::Outside)),
        ("", &absolute("../secret.conf"), Err(FileError::Outside)),
    ] {
        let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect());
        assert_eq!(
            names(&folder, &root, from, path),
            expected,
            "{path} in {from:?}"
        );
    }

    let top = Folder::open(Path::new("/")).unwrap();
    let found = top.read("", absolute("a.conf").as_bytes()).unwrap();
    assert!(found[0].name.ends_with("/rules/a.conf") && found[0].name.starts_with('/'));
    assert_eq!(&*found[0].text, b"a.conf");
    assert!(Folder::open(&root.join("a.conf")).is_err());
    assert!(Folder::open(&root.join("none")).is_err());
}

#[test]
fn files_have_a_largest_size() {
    let root = tempfile::tempdir().unwrap();
    let file = fs::File::create(root.path().join("large")).unwrap();
    file.set_len(MAX_FILE as u64 + 1).unwrap();
    let folder = Folder::open(root.path()).unwrap();
    assert_eq!(folder.read("", b"large"), Err(FileError::TooLarge));
}
