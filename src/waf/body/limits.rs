//! How much a body may hold.

/// Bounds of the parsers. Each has a directive or stands for one that ModSecurity lacks; none bounds
/// the size of the body itself, which is settled before it is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Arguments that one call adds, `SecArgumentsLimit`. The rest of the body makes one more.
    pub arguments: usize,
    /// Levels of nesting in JSON and XML, `SecRequestBodyJsonDepthLimit`.
    pub depth: usize,
    /// Bytes of the names that JSON's keys are flattened to, in all. A long key is repeated in the
    /// name of each value below it: without a bound, output would grow with the square of the input.
    pub names: usize,
    /// Files of a multipart body before it is flagged, `SecUploadFileLimit`.
    pub files: usize,
}

impl Default for Limits {
    /// ModSecurity's defaults: 1000 arguments, 512 levels, 100 files; and 256 KiB of names.
    fn default() -> Self {
        Self {
            arguments: 1000,
            depth: 512,
            names: 256 << 10,
            files: 100,
        }
    }
}
