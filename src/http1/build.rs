//! Heads that did not come through the parser, such as those of HTTP/2, under the same rules.

use crate::message::{FieldId, FieldSpan, Fields, Method, RequestHead, ResponseHead, Version};

use super::request::MAX_METHOD;
use super::trailers::is_forbidden;
use super::{BodyError, ChunkLimits, HeadError, HeadLimits, fields, scan};

/// Writes a request head into its buffer, with the checks that the parser makes.
#[derive(Debug)]
pub struct RequestHeadBuilder<'a> {
    head: &'a mut RequestHead,
    limits: HeadLimits,
}

/// Writes a response head into its buffer, with the checks that the parser makes.
#[derive(Debug)]
pub struct ResponseHeadBuilder<'a> {
    head: &'a mut ResponseHead,
    limits: HeadLimits,
}

/// Trailer fields that did not come in chunks, with the checks that [`super::Chunks`] makes.
#[derive(Clone, Debug, Default)]
pub struct TrailerFields {
    buffer: Vec<u8>,
    fields: Vec<FieldSpan>,
}

impl TrailerFields {
    /// Appends a field.
    ///
    /// # Errors
    /// When it would be refused in the trailers of a chunked body.
    pub fn push(
        &mut self,
        limits: &ChunkLimits,
        name: &[u8],
        value: &[u8],
    ) -> Result<(), BodyError> {
        if is_forbidden(FieldId::from_name(name)) {
            return Err(BodyError::ForbiddenTrailer);
        }
        let limits = HeadLimits {
            max_head: limits.max_trailers,
            max_fields: limits.max_trailer_fields,
            max_target: 0,
        };
        let Self { buffer, fields } = self;
        push_field(buffer, fields, &limits, name, value).map_err(|error| match error {
            HeadError::TooManyFields | HeadError::HeadTooLarge => BodyError::TrailersTooLarge,
            error => BodyError::Trailer(error),
        })
    }

    /// The fields in the order given.
    pub fn fields(&self) -> Fields<'_> {
        Fields::new(&self.buffer, &self.fields)
    }
}

impl<'a> RequestHeadBuilder<'a> {
    /// Clears `head` and writes the request line.
    ///
    /// # Errors
    /// When the parser would refuse the request line.
    pub fn new(
        head: &'a mut RequestHead,
        limits: HeadLimits,
        method: &[u8],
        target: &[u8],
        version: Version,
    ) -> Result<Self, HeadError> {
        head.clear();
        if method.len() > MAX_METHOD {
            return Err(HeadError::MethodTooLong);
        }
        if !scan::is_token(method) {
            return Err(HeadError::Method);
        }
        head.method = Method::from_bytes(method);
        head.method_span = append(&mut head.buffer, method);
        if target.len() > limits.max_target {
            return Err(HeadError::TargetTooLong);
        }
        if target.is_empty() || scan::target_end(target, 0) != target.len() {
            return Err(HeadError::Target);
        }
        head.buffer.push(b' ');
        head.target_span = append(&mut head.buffer, target);
        head.buffer.push(b' ');
        head.buffer.extend_from_slice(version.as_str().as_bytes());
        head.buffer.extend_from_slice(b"\r\n");
        head.version = version;
        Ok(Self { head, limits })
    }

    /// Appends a field. Blanks around the value are left out.
    ///
    /// # Errors
    /// When the parser would refuse the field.
    pub fn push_field(&mut self, name: &[u8], value: &[u8]) -> Result<(), HeadError> {
        let RequestHead { buffer, fields, .. } = &mut *self.head;
        push_field(buffer, fields, &self.limits, name, value)
    }

    /// Completes the head.
    ///
    /// # Errors
    /// When the head is too large.
    pub fn finish(self) -> Result<(), HeadError> {
        let RequestHead {
            buffer, head_len, ..
        } = self.head;
        *head_len = finish(buffer, &self.limits)?;
        Ok(())
    }
}

impl<'a> ResponseHeadBuilder<'a> {
    /// Clears `head` and writes the status line, without a reason phrase.
    ///
    /// # Errors
    /// When the status is not between 100 and 999.
    pub fn new(
        head: &'a mut ResponseHead,
        limits: HeadLimits,
        status: u16,
        version: Version,
    ) -> Result<Self, HeadError> {
        head.clear();
        if !(100..=999).contains(&status) {
            return Err(HeadError::Status);
        }
        head.status = status;
        head.version = version;
        head.buffer.extend_from_slice(version.as_str().as_bytes());
        head.buffer.push(b' ');
        head.buffer
            .extend_from_slice(itoa::Buffer::new().format(status).as_bytes());
        head.buffer.push(b' ');
        head.reason_span = append(&mut head.buffer, b"");
        head.buffer.extend_from_slice(b"\r\n");
        Ok(Self { head, limits })
    }

    /// Appends a field. Blanks around the value are left out.
    ///
    /// # Errors
    /// When the parser would refuse the field.
    pub fn push_field(&mut self, name: &[u8], value: &[u8]) -> Result<(), HeadError> {
        let ResponseHead { buffer, fields, .. } = &mut *self.head;
        push_field(buffer, fields, &self.limits, name, value)
    }

    /// Completes the head.
    ///
    /// # Errors
    /// When the head is too large.
    pub fn finish(self) -> Result<(), HeadError> {
        let ResponseHead {
            buffer, head_len, ..
        } = self.head;
        *head_len = finish(buffer, &self.limits)?;
        Ok(())
    }
}

fn push_field(
    buffer: &mut Vec<u8>,
    fields: &mut Vec<FieldSpan>,
    limits: &HeadLimits,
    name: &[u8],
    value: &[u8],
) -> Result<(), HeadError> {
    if !scan::is_token(name) {
        return Err(HeadError::FieldName);
    }
    if scan::value_end(value, 0) != value.len() {
        return Err(HeadError::FieldValue);
    }
    if fields.len() >= limits.max_fields {
        return Err(HeadError::TooManyFields);
    }
    let value = scan::trim_blanks(value);
    if buffer.len() + name.len() + value.len() + 6 > limits.max_head {
        return Err(HeadError::HeadTooLarge);
    }
    let name_span = append(buffer, name);
    buffer.extend_from_slice(b": ");
    let value_span = append(buffer, value);
    buffer.extend_from_slice(b"\r\n");
    fields.push(FieldSpan {
        id: FieldId::from_name(name),
        name: name_span,
        value: value_span,
    });
    Ok(())
}

fn finish(buffer: &mut Vec<u8>, limits: &HeadLimits) -> Result<usize, HeadError> {
    buffer.extend_from_slice(b"\r\n");
    if buffer.len() > limits.max_head {
        return Err(HeadError::HeadTooLarge);
    }
    Ok(buffer.len())
}

fn append(buffer: &mut Vec<u8>, bytes: &[u8]) -> crate::message::Span {
    let start = buffer.len();
    buffer.extend_from_slice(bytes);
    fields::span(start, buffer.len())
}
