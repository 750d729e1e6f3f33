//! Where a message's body ends and what becomes of its connection (RFC 9112 sections 6 and 9).

use crate::message::{FieldId, FieldSpan, Fields, Method, RequestHead, ResponseHead, Version};

use super::{HeadError, scan};

/// How many options the `Connection` fields of a head may list: each forwarded field is looked for
/// among them.
pub const MAX_CONNECTION_OPTIONS: usize = 32;

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// There is none.
    Empty,
    /// This many bytes; may be 0.
    Sized(u64),
    /// Chunks tell.
    Chunked,
    /// All that comes until the connection closes; responses only.
    UntilClose,
}

/// The framing of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestFraming {
    /// How long the body is.
    pub body: BodyLength,
    /// Whether the client means to send another request on this connection.
    pub keep_alive: bool,
    /// Whether the client waits for `100 (Continue)` before it sends the body.
    pub expect_continue: bool,
    /// Whether the client offers to upgrade: an `Upgrade` field that `Connection` names.
    pub upgrade: bool,
    /// What the `Connection` fields list.
    pub connection: ConnectionOptions,
}

/// The framing of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseFraming {
    /// How long the body is.
    pub body: BodyLength,
    /// Whether the connection can carry another request after this response.
    pub keep_alive: bool,
    /// Whether the server names a protocol that it changes to: an `Upgrade` field that
    /// `Connection` names.
    pub upgrade: bool,
    /// What the `Connection` fields list.
    pub connection: ConnectionOptions,
}

/// Which options the `Connection` fields of a head list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionOptions {
    /// `close`
    pub close: bool,
    /// `keep-alive`
    pub keep_alive: bool,
    /// `upgrade`
    pub upgrade: bool,
    /// Any other: fields that must not be forwarded, to be asked of [`connection_lists`]. The
    /// names of fields that never are forwarded (`TE`, `HTTP2-Settings`, `Keep-Alive`) count too.
    pub others: bool,
}

/// Determines the framing of a request.
///
/// # Errors
/// When the fields leave more than one reading, or the request lacks its one `Host`. In HTTP/2 `:authority`
/// counts as one and may be followed by another.
pub fn request_framing(head: &RequestHead) -> Result<RequestFraming, HeadError> {
    let survey = Survey::of(&head.buffer, &head.fields, REQUEST_FIELDS)?;
    match survey.hosts {
        0 if head.version == Version::Http11 => return Err(HeadError::NoHost),
        0 | 1 => {}
        // `:authority` and `Host`: the target is resolved only if they agree.
        2 if head.version == Version::Http2 => {}
        _ => return Err(HeadError::RepeatedHost),
    }
    let body = match survey.length(head.version)? {
        Some(length) => length,
        None => BodyLength::Empty,
    };
    let http11 = head.version != Version::Http10;
    Ok(RequestFraming {
        body,
        keep_alive: survey.connection.keeps_alive(head.version),
        expect_continue: http11 && survey.expect_continue,
        upgrade: http11 && survey.upgrade && survey.connection.upgrade,
        connection: survey.connection,
    })
}

/// Determines the framing of a response to a request with this method.
///
/// # Errors
/// When the fields leave more than one reading, or announce a body where none can be.
pub fn response_framing(
    head: &ResponseHead,
    request_method: Method,
) -> Result<ResponseFraming, HeadError> {
    let survey = Survey::of(&head.buffer, &head.fields, RESPONSE_FIELDS)?;
    let announced = survey.length(head.version)?;
    let keep_alive = survey.connection.keeps_alive(head.version);
    let (body, keep_alive) = match (head.status, announced) {
        (100..=199 | 204, None | Some(BodyLength::Sized(0))) => (BodyLength::Empty, keep_alive),
        (100..=199 | 204, Some(_)) => return Err(HeadError::UnexpectedBody),
        (304, _) => (BodyLength::Empty, keep_alive),
        _ if request_method == Method::Head => (BodyLength::Empty, keep_alive),
        (_, Some(length)) => (length, keep_alive),
        (_, None) => (BodyLength::UntilClose, false),
    };
    Ok(ResponseFraming {
        body,
        keep_alive,
        upgrade: survey.upgrade && survey.connection.upgrade,
        connection: survey.connection,
    })
}

/// Whether one of the `Connection` fields lists `name`: such a field is not forwarded (RFC 9110
/// section 7.6.1). `Host`, `Content-Length` and `Transfer-Encoding` are for every recipient and
/// never listed, whatever is sent: a message must not lose its framing on its way. Neither are
/// `Content-Type` and `Content-Encoding`: a body is read by them, and must not be read otherwise
/// behind a firewall than in it.
pub fn connection_lists(fields: Fields<'_>, name: &[u8]) -> bool {
    let lists = |option| scan::trim_blanks(option).eq_ignore_ascii_case(name);
    fields
        .filter(|field| field.id == FieldId::Connection)
        .any(|field| field.value.split(|&b| b == b',').any(lists))
        && !matches!(
            FieldId::from_name(name),
            FieldId::Host
                | FieldId::ContentLength
                | FieldId::TransferEncoding
                | FieldId::ContentType
                | FieldId::ContentEncoding
        )
}

impl ConnectionOptions {
    /// Takes the members of one field, and tells how many there are.
    fn take(&mut self, value: &[u8]) -> usize {
        match value {
            b"keep-alive" => self.keep_alive = true,
            b"close" => self.close = true,
            _ => {
                let options = value.split(|&b| b == b',');
                return options.map(|option| self.take_option(option)).count();
            }
        }
        1
    }

    fn take_option(&mut self, option: &[u8]) {
        let option = scan::trim_blanks(option);
        if option.eq_ignore_ascii_case(b"keep-alive") {
            self.keep_alive = true;
        } else if option.eq_ignore_ascii_case(b"close") {
            self.close = true;
        } else if option.eq_ignore_ascii_case(b"upgrade") {
            self.upgrade = true;
        } else if !option.is_empty() {
            self.others = true;
        }
    }

    /// RFC 9112 section 9.3.
    fn keeps_alive(self, version: Version) -> bool {
        !self.close && (version != Version::Http10 || self.keep_alive)
    }
}

/// What the fields say that bear on framing.
#[derive(Default)]
struct Survey {
    hosts: u8,
    length: Option<u64>,
    chunked: bool,
    expect_continue: bool,
    upgrade: bool,
    connection: ConnectionOptions,
    /// List members of the `Connection` fields, empty ones included.
    options: usize,
}

/// The fields that bear on the framing of a response, one bit an id.
const RESPONSE_FIELDS: u64 = bits(&[
    FieldId::ContentLength,
    FieldId::TransferEncoding,
    FieldId::Connection,
    FieldId::Upgrade,
]);
/// The fields that bear on the framing of a request.
const REQUEST_FIELDS: u64 = RESPONSE_FIELDS | bits(&[FieldId::Host, FieldId::Expect]);

const fn bits(ids: &[FieldId]) -> u64 {
    let mut bits = 0;
    let mut i = 0;
    while i < ids.len() {
        bits |= 1 << ids[i] as u8;
        i += 1;
    }
    bits
}

impl Survey {
    fn of(buffer: &[u8], fields: &[FieldSpan], ids: u64) -> Result<Self, HeadError> {
        let mut survey = Self::default();
        for field in fields {
            if ids >> field.id as u8 & 1 != 0 {
                survey.take(field.id, field.value.of(buffer))?;
            }
        }
        Ok(survey)
    }

    fn take(&mut self, id: FieldId, value: &[u8]) -> Result<(), HeadError> {
        match id {
            FieldId::Host => self.hosts = self.hosts.saturating_add(1),
            FieldId::ContentLength => {
                if self.length.is_some() {
                    return Err(HeadError::RepeatedContentLength);
                }
                self.length = Some(decimal(value).ok_or(HeadError::ContentLength)?);
            }
            FieldId::TransferEncoding => {
                if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(HeadError::TransferEncoding);
                }
                self.chunked = true;
            }
            FieldId::Connection => {
                let options = self.connection.take(value);
                self.options += options;
                if self.options > MAX_CONNECTION_OPTIONS {
                    return Err(HeadError::TooManyConnectionOptions);
                }
            }
            FieldId::Upgrade => self.upgrade = true,
            FieldId::Expect => {
                self.expect_continue |= value.eq_ignore_ascii_case(b"100-continue");
            }
            _ => {}
        }
        Ok(())
    }

    fn length(&self, version: Version) -> Result<Option<BodyLength>, HeadError> {
        match (self.length, self.chunked) {
            (None, false) => Ok(None),
            (Some(length), false) => Ok(Some(BodyLength::Sized(length))),
            (Some(_), true) => Err(HeadError::LengthAndCoding),
            (None, true) if version == Version::Http10 => Err(HeadError::CodingInHttp10),
            (None, true) => Ok(Some(BodyLength::Chunked)),
        }
    }
}

/// A decimal number without sign, blanks or list (RFC 9110 section 8.6).
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
