//! What `REQBODY_ERROR_MSG` says of a body that could not be read.

use super::coding::CodingError;
use super::json::JsonError;
use super::multipart::MultipartError;
use super::xml::XmlError;

/// Why a body could not be read to its end. Messages begin as ModSecurity's do: tests and log
/// searches know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// There are more arguments than [`Limits::arguments`](super::Limits).
    #[error("SecArgumentsLimit exceeded")]
    TooManyArguments,
    /// Its content coding is not to be undone.
    #[error("Content-Encoding error: {0}")]
    Coding(#[from] CodingError),
    /// It is not JSON.
    #[error("JSON parsing error: {0}")]
    Json(#[from] JsonError),
    /// It is not `multipart/form-data`, or not of a kind that every parser reads alike.
    #[error("Multipart parsing error: {0}")]
    Multipart(#[from] MultipartError),
    /// It is not XML that is well-formed by itself.
    #[error("XML parsing error: {0}")]
    Xml(#[from] XmlError),
}
