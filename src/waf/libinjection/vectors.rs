//! The C library's own test files, where they lie beside the project.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

/// What a file holds.
pub(super) struct Vector {
    pub name: String,
    pub input: Vec<u8>,
    pub expected: Vec<u8>,
}

/// The vectors whose names start with `prefix`; none where the files are absent.
pub(super) fn vectors(prefix: &str) -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/libinjection/tests");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("skipped: {} is absent", folder.display());
        return Vec::new();
    };
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                path,
            )
        })
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, path)| {
            let text = fs::read(path).unwrap();
            let section = |from: &[u8], to: &[u8]| {
                let start = memchr::memmem::find(&text, from).unwrap() + from.len();
                let end = memchr::memmem::find(&text, to).unwrap_or(text.len());
                text[start..end].trim_ascii_end().to_vec()
            };
            Vector {
                name,
                input: section(b"--INPUT--\n", b"--EXPECTED--\n"),
                expected: section(b"--EXPECTED--\n", b"--END--"),
            }
        })
        .collect()
}
