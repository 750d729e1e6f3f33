//! A folder of rule files.
//!
//! Nothing outside of it is read, whatever paths and links say: each path is followed to its end
//! first, and that must lie in the folder. The folder's contents are trusted not to change in
//! between. Non-goal: watching for changes.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::files::{FileError, MAX_FILE, MAX_MATCHES, RuleFile, RuleFiles, resolve};
use super::glob::{is_pattern, matches};

/// The files of a folder and of those in it.
///
/// Names begin with the folder's path as it was given, so that messages name files that people can
/// open. An absolute path must begin with it, too, or lead into it.
#[derive(Clone, Debug)]
pub struct Folder {
    /// As it was given, without slashes at its end.
    label: String,
    /// With all links followed.
    root: PathBuf,
}

impl Folder {
    /// The folder at `path`.
    ///
    /// # Errors
    /// When there is none, or its path is not UTF-8.
    pub fn open(path: &Path) -> io::Result<Self> {
        let root = fs::canonicalize(path)?;
        if !root.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let label = path.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
        Ok(Self {
            label: label.trim_end_matches('/').to_owned(),
            root,
        })
    }

    /// The path from the top of the folder on, of one that begins with the folder's own.
    fn relative<'a>(&self, path: &'a str) -> Option<&'a str> {
        let root = self.root.to_str().map(|root| root.trim_end_matches('/'));
        [Some(self.label.as_str()), root]
            .into_iter()
            .flatten()
            .find_map(|root| path.strip_prefix(root)?.strip_prefix('/'))
    }

    /// The path with all links followed, if it stays in the folder.
    fn confine(&self, path: &Path) -> Result<PathBuf, FileError> {
        let path = fs::canonicalize(path).map_err(system)?;
        if path.starts_with(&self.root) {
            Ok(path)
        } else {
            Err(FileError::Outside)
        }
    }

    /// The paths, from the top of the folder on, that match `parts`.
    fn expand(&self, parts: &[String]) -> Result<Vec<String>, FileError> {
        let mut found = vec![String::new()];
        for (index, part) in parts.iter().enumerate() {
            let last = index + 1 == parts.len();
            let mut deeper = Vec::new();
            for folder in &found {
                if !is_pattern(part) {
                    deeper.push(join(folder, part));
                    continue;
                }
                // Where a pattern stands before it, some folders may not have what follows.
                let names = match self.confine(&self.root.join(folder)) {
                    Ok(path) if path.is_dir() => names(&path)?,
                    Ok(_) | Err(FileError::NotFound) => continue,
                    Err(error) => return Err(error),
                };
                deeper.extend(
                    names
                        .into_iter()
                        .filter(|name| matches(part, name))
                        .map(|name| join(folder, &name))
                        .filter(|path| !last || self.root.join(path).is_file()),
                );
                if deeper.len() > MAX_MATCHES {
                    return Err(FileError::TooManyFiles);
                }
            }
            found = deeper;
        }
        found.sort_unstable();
        Ok(found)
    }

    fn file(&self, relative: &str) -> Result<RuleFile, FileError> {
        let path = self.confine(&self.root.join(relative))?;
        if !path.is_file() {
            return Err(FileError::NotAFile);
        }
        let mut text = Vec::new();
        fs::File::open(&path)
            .and_then(|file| file.take(MAX_FILE as u64 + 1).read_to_end(&mut text))
            .map_err(system)?;
        if text.len() > MAX_FILE {
            return Err(FileError::TooLarge);
        }
        // One name for one file: cycles go through links, too.
        let real = path.strip_prefix(&self.root).ok().and_then(Path::to_str);
        Ok(RuleFile {
            name: format!("{}/{}", self.label, real.unwrap_or(relative)),
            text: text.into(),
        })
    }
}

impl RuleFiles for Folder {
    fn read(&self, from: &str, path: &[u8]) -> Result<Vec<RuleFile>, FileError> {
        let text = std::str::from_utf8(path).map_err(|_| FileError::Path)?;
        let parts = if Path::new(text).has_root() {
            let relative = self.relative(text).ok_or(FileError::Outside)?;
            resolve("", relative.as_bytes())?
        } else {
            resolve(self.relative(from).unwrap_or_default(), path)?
        };
        if !parts.iter().any(|part| is_pattern(part)) {
            return Ok(vec![self.file(&parts.join("/"))?]);
        }
        let mut found = Vec::new();
        for path in self.expand(&parts)? {
            match self.file(&path) {
                Ok(file) => found.push(file),
                Err(FileError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        if found.is_empty() {
            return Err(FileError::NotFound);
        }
        Ok(found)
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// The names in a folder that are UTF-8, as patterns are.
fn names(folder: &Path) -> Result<Vec<String>, FileError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(system)? {
        names.extend(entry.map_err(system)?.file_name().into_string());
    }
    Ok(names)
}

fn system(error: io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FileError::NotFound,
        kind => FileError::System(kind),
    }
}
