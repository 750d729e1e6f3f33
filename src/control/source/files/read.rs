//! The text of a file, within bounds.
//!
//! Invariant: a write during the read counts as a later one. Non-goal: what the text says.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    time::SystemTime,
};

use super::{super::limits, fingerprint::Fingerprint};

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("is longer than {} bytes", limits::FILE_BYTES)]
    TooLong,
    #[error("is not UTF-8 from byte {0} on")]
    NotText(usize),
    #[error("goes beyond {} bytes for all files together", limits::TOTAL_BYTES)]
    TooMuch,
}

/// What a file held.
#[derive(Debug)]
pub(super) struct FileText {
    pub text: String,
    pub fingerprint: Fingerprint,
    /// Whether a later write is sure to change the fingerprint.
    pub is_settled: bool,
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<FileText, ReadError> {
    // Before the read: a write during it counts as a later one.
    let now = SystemTime::now();
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let fingerprint = Fingerprint::of(&metadata);
    let mut bytes = Vec::new();
    file.take(limits::FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limits::FILE_BYTES {
        return Err(ReadError::TooLong);
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| ReadError::NotText(error.utf8_error().valid_up_to()))?;
    Ok(FileText {
        text,
        fingerprint,
        is_settled: fingerprint.is_settled(now),
    })
}
