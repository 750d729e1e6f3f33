//! Manifests alone, without the files that they come from.

#[path = "../../../src/control/source/limits.rs"]
#[allow(dead_code)]
mod limits;
#[path = "../../../src/control/source/manifest/mod.rs"]
#[allow(unused_imports, dead_code)]
mod manifest;

pub(super) use limits::FILE_BYTES;

use std::{path::PathBuf, sync::Arc};

use manifest::{Document, Piece, TreeCache, file_object, split};

/// Reads a file's text: its pieces are in order, every object and Problem stands within it, and
/// so does `field` of every object.
pub fn check(text: &str, field: &str) {
    let file = Arc::new(PathBuf::from("fuzz.yaml"));
    let cache = TreeCache::default();
    let mut end = 0;
    for (range, line) in split(text) {
        assert!(end <= range.start && range.start < range.end);
        end = range.end;
        let lines = text[..range.start].bytes().filter(|b| *b == b'\n').count();
        assert_eq!(lines + 1, line as usize);
        let piece = Piece {
            text: text[range.clone()].into(),
            offset: range.start,
            line,
        };
        let document = Document::parse(&piece.text);
        let mut places = Vec::new();
        for definition in document.definitions(&file, &piece, &cache) {
            let found = definition.places.expect("an object of a file has places");
            places.extend([field, "", "metadata.name"].map(|field| found.locate(field)));
        }
        let problems: Vec<_> = document.problems(&file, &piece).collect();
        // What stands in for a policy that breaks off has no places, and a Problem of its own.
        assert!(places.iter().all(Option::is_some) || !problems.is_empty());
        places.extend(problems.iter().map(|problem| problem.location.clone()));
        for place in places.into_iter().flatten() {
            let (start, end) = place.span;
            assert!(range.start <= start && end <= range.end);
            assert!(text.get(start..end).is_some());
            assert!(place.line >= line && place.column >= 1);
        }
        // Whatever cannot be used is said.
        let is_bad = document.is_opaque() || !document.broken().is_empty();
        assert!(!is_bad || !problems.is_empty());
        let whole = file_object(&file);
        assert!(
            problems
                .iter()
                .all(|it| it.object == whole || !it.object.name.is_empty())
        );
    }
}
