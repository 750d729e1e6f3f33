//! Heads between the forms of HTTP/1 and HTTP/2.
//!
//! What is sent over HTTP/2 is made from the lines that would be sent over HTTP/1.1, so that the rules
//! for fields stand in one place.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};

use crate::{
    http1::{
        ChunkLimits, HeadError, HeadLimits, RequestHeadBuilder, ResponseHeadBuilder, TrailerFields,
    },
    message::{FieldId, Fields, RequestHead, ResponseHead, Version},
};

/// Writes the head of an HTTP/2 request into the form that all requests have: `:authority` is the
/// first `Host`, and the crumbs of `Cookie` are one field again (RFC 9113 section 8.2.3).
pub(super) fn read_request(
    request: &Request<()>,
    limits: HeadLimits,
    head: &mut RequestHead,
) -> Result<(), HeadError> {
    let uri = request.uri();
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    let method = request.method().as_str().as_bytes();
    // CONNECT has no path; it is refused for what it is, not for its form.
    let target = match *request.method() {
        Method::CONNECT if target.is_empty() => uri.authority().map_or("*", |it| it.as_str()),
        _ => target,
    };
    let mut builder =
        RequestHeadBuilder::new(head, limits, method, target.as_bytes(), Version::Http2)?;
    if let Some(authority) = uri.authority() {
        builder.push_field(b"host", authority.as_str().as_bytes())?;
    }
    let headers = request.headers();
    for (name, value) in headers {
        if *name != http::header::COOKIE {
            builder.push_field(name.as_str().as_bytes(), value.as_bytes())?;
        }
    }
    let mut crumbs = headers.get_all(http::header::COOKIE).iter();
    match (crumbs.next(), crumbs.next()) {
        (None, _) => {}
        (Some(cookie), None) => builder.push_field(b"cookie", cookie.as_bytes())?,
        (Some(first), Some(second)) => {
            let mut cookie = first.as_bytes().to_vec();
            for crumb in std::iter::once(second).chain(crumbs) {
                cookie.extend_from_slice(b"; ");
                cookie.extend_from_slice(crumb.as_bytes());
            }
            builder.push_field(b"cookie", &cookie)?;
        }
    }
    builder.finish()
}

/// Writes the head of an HTTP/2 response into the form that all responses have.
pub(super) fn read_response(
    parts: &http::response::Parts,
    limits: HeadLimits,
    head: &mut ResponseHead,
) -> Result<(), HeadError> {
    let status = parts.status.as_u16();
    let mut builder = ResponseHeadBuilder::new(head, limits, status, Version::Http2)?;
    for (name, value) in &parts.headers {
        builder.push_field(name.as_str().as_bytes(), value.as_bytes())?;
    }
    builder.finish()
}

/// The head of a response from its lines as HTTP/1.1 has them, framing apart.
pub(super) fn response_of(status: u16, lines: &[u8]) -> Result<Response<()>, HeadError> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).map_err(|_| HeadError::Status)?;
    *response.headers_mut() = headers_of(lines, |_| false)?;
    Ok(response)
}

/// The head of a request from its lines as HTTP/1.1 has them; `trailers`: the client takes some.
pub(super) fn request_of(
    method: &[u8],
    uri: Uri,
    lines: &[u8],
    trailers: bool,
) -> Result<Request<()>, HeadError> {
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(method).map_err(|_| HeadError::Method)?;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers_of(lines, |id| {
        // The first is `:authority`; the second is answered here, for HTTP/2 has no use for it.
        matches!(id, FieldId::Host | FieldId::Expect)
    })?;
    if trailers {
        let value = HeaderValue::from_static("trailers");
        request.headers_mut().insert(http::header::TE, value);
    }
    Ok(request)
}

/// Trailers for HTTP/2.
pub(super) fn trailers_of(fields: Fields<'_>) -> Result<HeaderMap, HeadError> {
    let mut headers = HeaderMap::new();
    for field in fields {
        let name = HeaderName::from_bytes(field.name).map_err(|_| HeadError::FieldName)?;
        let value = HeaderValue::from_bytes(field.value).map_err(|_| HeadError::FieldValue)?;
        headers
            .try_append(name, value)
            .map_err(|_| HeadError::TooManyFields)?;
    }
    Ok(headers)
}

/// Trailers in the form that all have.
pub(super) fn read_trailers(
    headers: &HeaderMap,
    mut refused: impl FnMut(crate::http1::BodyError) -> bool,
) -> Result<TrailerFields, crate::http1::BodyError> {
    let limits = ChunkLimits::default();
    let mut trailers = TrailerFields::default();
    for (name, value) in headers {
        if let Err(error) = trailers.push(&limits, name.as_str().as_bytes(), value.as_bytes())
            && refused(error)
        {
            return Err(error);
        }
    }
    Ok(trailers)
}

/// The fields of a head that was written here: a first line, then `Name: value` lines, then a blank
/// one. All values share one copy of the lines.
fn headers_of(lines: &[u8], omit: impl Fn(FieldId) -> bool) -> Result<HeaderMap, HeadError> {
    let shared = Bytes::copy_from_slice(lines);
    let mut headers = HeaderMap::with_capacity(16);
    let mut start = next_line(lines, 0);
    while let Some(line) = line_at(lines, start) {
        let Some(colon) = memchr::memchr(b':', line) else {
            break;
        };
        let name = line.get(..colon).unwrap_or_default();
        if !omit(FieldId::from_name(name)) {
            let name = HeaderName::from_bytes(name).map_err(|_| HeadError::FieldName)?;
            // A blank follows the colon.
            let value =
                shared.slice((start + colon + 2).min(start + line.len())..start + line.len());
            let value = HeaderValue::from_maybe_shared(value).map_err(|_| HeadError::FieldValue)?;
            headers
                .try_append(name, value)
                .map_err(|_| HeadError::TooManyFields)?;
        }
        start = next_line(lines, start);
    }
    Ok(headers)
}

/// The line that begins at `start`, without its end.
fn line_at(lines: &[u8], start: usize) -> Option<&[u8]> {
    let rest = lines.get(start..)?;
    let end = memchr::memchr(b'\n', rest)?;
    rest.get(..end.saturating_sub(1))
}

/// Where the line ends that begins at `start`.
fn next_line(lines: &[u8], start: usize) -> usize {
    let rest = lines.get(start..).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or(lines.len(), |end| start + end + 1)
}
