//! The trailer section of a chunked body (RFC 9112 section 7.1.2).

use crate::message::{FieldId, FieldSpan, Fields, Progress};

use super::fields::{self, Input};
use super::{BodyError, ChunkLimits, HeadError};

/// A trailer section, as far as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Trailers {
    buffer: Vec<u8>,
    fields: Vec<FieldSpan>,
    progress: Progress,
}

impl Trailers {
    /// Takes what belongs to the section from the front of `input`: how many bytes, and whether
    /// that completes it.
    pub(super) fn take(
        &mut self,
        input: &[u8],
        limits: &ChunkLimits,
    ) -> Result<(usize, bool), BodyError> {
        let before = self.buffer.len();
        let room = limits.max_trailers.saturating_sub(before);
        let fresh = input.get(..room).unwrap_or(input);
        self.buffer.extend_from_slice(fresh);
        let first = self.fields.len();
        let outcome = if self.progress.has_line(&self.buffer) {
            let input = Input {
                bytes: &self.buffer,
                padded: &self.buffer,
            };
            let max_fields = limits.max_trailer_fields;
            fields::section(input, &mut self.progress, &mut self.fields, max_fields)
        } else {
            Ok(None)
        };
        // Before a fault is told, since these stand before it.
        if self.fields.iter().skip(first).any(|f| is_forbidden(f.id)) {
            return Err(BodyError::ForbiddenTrailer);
        }
        let end = outcome.map_err(|error| match error {
            HeadError::TooManyFields => BodyError::TrailersTooLarge,
            error => BodyError::Trailer(error),
        })?;
        match end {
            Some(end) => {
                self.buffer.truncate(end);
                Ok((end - before, true))
            }
            None if fresh.len() < input.len() || self.buffer.len() >= limits.max_trailers => {
                Err(BodyError::TrailersTooLarge)
            }
            None => Ok((fresh.len(), false)),
        }
    }

    pub(super) fn fields(&self) -> Fields<'_> {
        Fields::new(&self.buffer, &self.fields)
    }
}

/// Fields that frame, route, authenticate or describe the message, which a recipient may have
/// acted upon before the trailers came (RFC 9110 section 6.5.1).
pub(super) fn is_forbidden(id: FieldId) -> bool {
    match id {
        FieldId::Authorization
        | FieldId::CacheControl
        | FieldId::Connection
        | FieldId::ContentEncoding
        | FieldId::ContentLength
        | FieldId::ContentType
        | FieldId::Cookie
        | FieldId::Expect
        | FieldId::Forwarded
        | FieldId::Host
        | FieldId::Http2Settings
        | FieldId::KeepAlive
        | FieldId::Location
        | FieldId::Origin
        | FieldId::ProxyAuthenticate
        | FieldId::ProxyAuthorization
        | FieldId::ProxyConnection
        | FieldId::SecWebSocketKey
        | FieldId::SetCookie
        | FieldId::StrictTransportSecurity
        | FieldId::Te
        | FieldId::Trailer
        | FieldId::TransferEncoding
        | FieldId::Upgrade
        | FieldId::Via
        | FieldId::XForwardedFor
        | FieldId::XForwardedHost
        | FieldId::XForwardedPort
        | FieldId::XForwardedPrefix
        | FieldId::XForwardedProto
        | FieldId::XForwardedScheme
        | FieldId::XOriginalForwardedFor
        | FieldId::XRealIp
        | FieldId::XRequestId
        | FieldId::XScheme => true,
        FieldId::Accept
        | FieldId::AcceptEncoding
        | FieldId::Date
        | FieldId::Other
        | FieldId::Referer
        | FieldId::Server
        | FieldId::UserAgent => false,
    }
}
