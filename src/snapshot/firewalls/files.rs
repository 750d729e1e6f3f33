//! The files of rule sources, as the rules in them see these.

use crate::{
    config::RuleSource,
    waf::seclang::{FileError, Memory, RuleFile, RuleFiles},
};

/// The files of one source, or of several of which each sees its own alone.
#[derive(Debug)]
pub struct SourceFiles<'a> {
    sources: Vec<(&'a RuleSource, Memory)>,
}

impl<'a> SourceFiles<'a> {
    /// The files of these.
    pub fn new(sources: impl IntoIterator<Item = &'a RuleSource>) -> Self {
        let sources = sources.into_iter().map(|source| {
            let files = source.files.iter();
            let files = files.map(|(name, text)| (name.trim_start_matches('/'), text.clone()));
            (source, files.collect())
        });
        Self {
            sources: sources.collect(),
        }
    }
}

impl RuleFiles for SourceFiles<'_> {
    /// An absolute path is one from the top of the source: what it names outside of it is not there.
    fn read(&self, from: &str, path: &[u8]) -> Result<Vec<RuleFile>, FileError> {
        let mut sources = self.sources.iter();
        let own = sources.find(|(source, _)| source.files.contains_key(from));
        let (source, files) = own.ok_or(FileError::NoFiles)?;
        let mut found = match path.strip_prefix(b"/") {
            Some(path) => files.read("", path)?,
            None => files.read(from.trim_start_matches('/'), path)?,
        };
        for file in &mut found {
            if !source.files.contains_key(&file.name) {
                file.name.insert(0, '/');
            }
        }
        Ok(found)
    }
}
