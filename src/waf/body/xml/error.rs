//! What is wrong with a text that should be XML.

/// Why a text is not read as XML. Places are bytes from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// The text ends before its document element does.
    #[error("premature end of document")]
    End,
    /// Text stands outside of the document element.
    #[error("text outside of the document element at {at}")]
    Outside {
        /// Where it begins.
        at: usize,
    },
    /// Markup is malformed, or stands where it may not.
    #[error("malformed markup at {at}")]
    Markup {
        /// Where it begins.
        at: usize,
    },
    /// An end tag does not close the element that is open.
    #[error("mismatched end tag at {at}")]
    Mismatch {
        /// Where the tag begins.
        at: usize,
    },
    /// A reference is malformed, or to an entity that only a declaration could explain.
    #[error("undefined entity or malformed reference at {at}")]
    Reference {
        /// Where the ampersand stands.
        at: usize,
    },
    /// The document declares an entity.
    #[error("entity declared in the document type at {at}")]
    EntityDeclaration {
        /// Where the document type begins.
        at: usize,
    },
    /// There is a character that XML has no place for (XML 1.0 section 2.2).
    #[error("character not allowed at {at}")]
    Character {
        /// Where it stands.
        at: usize,
    },
    /// Nested deeper than [`Limits::depth`](super::super::Limits).
    #[error("XML depth limit exceeded")]
    Depth,
    /// More texts and attributes than [`Limits::arguments`](super::super::Limits).
    #[error("more than {limit} XML values")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}
