//! The request's head.

use super::{Transaction, Verdict};
use crate::waf::{Variable, body, seclang::BodyProcessor, values::List};

/// The request line and its parts, as sent.
#[derive(Clone, Copy, Debug)]
pub struct RequestLine<'a> {
    /// The whole line, without what ends it.
    pub line: &'a [u8],
    /// The method.
    pub method: &'a [u8],
    /// The target.
    pub target: &'a [u8],
    /// For example `HTTP/1.1`; empty where none was sent.
    pub protocol: &'a [u8],
}

impl Transaction {
    /// Takes over the request line.
    pub fn request_line(&mut self, line: &RequestLine<'_>) {
        let scalars = &mut self.values.scalars;
        scalars.set(Variable::RequestLine, line.line);
        scalars.set(Variable::RequestMethod, line.method);
        // A line without a version is how HTTP/0.9 asked.
        let protocol = match line.protocol {
            b"" => b"HTTP/0.9",
            sent => sent,
        };
        scalars.set(Variable::RequestProtocol, protocol);
        scalars.set(Variable::RequestUriRaw, line.target);
        let (start, end) = relative(line.target);
        let uri = line.target.get(start..end).unwrap_or_default();
        if uri.is_empty() {
            // A target that names a host and nothing else asks for its root.
            scalars.set(Variable::RequestUri, b"/");
        } else {
            scalars.set_part(Variable::RequestUri, Variable::RequestUriRaw, start, end);
        }
        let uri: &[u8] = if uri.is_empty() { b"/" } else { uri };
        let path = memchr::memchr(b'?', uri).unwrap_or(uri.len());
        let filename = uri.get(..path).unwrap_or_default();
        if memchr::memchr(b'%', filename).is_some() {
            // As Apache hands it to ModSecurity 2: decoded once, after the query was cut off.
            let mut decoded = Vec::with_capacity(filename.len());
            decode_escapes(filename, &mut decoded);
            let base = after_slash(&decoded);
            scalars.set(Variable::RequestFilename, &decoded);
            let whole = decoded.len();
            scalars.set_part(
                Variable::RequestBasename,
                Variable::RequestFilename,
                base,
                whole,
            );
        } else {
            let base = after_slash(filename);
            scalars.set_part(Variable::RequestFilename, Variable::RequestUri, 0, path);
            scalars.set_part(Variable::RequestBasename, Variable::RequestUri, base, path);
        }
        let query = (path + 1).min(uri.len());
        scalars.set_part(
            Variable::QueryString,
            Variable::RequestUri,
            query,
            uri.len(),
        );
        let query = uri.get(query..).unwrap_or_default();
        let settings = &self.policy.settings;
        let parsed = body::urlencoded::parse(
            query,
            settings.argument_separator,
            &settings.limits,
            self.values.list_mut(List::Query),
        );
        if parsed.invalid_escapes {
            self.values.scalars.set(Variable::UrlencodedError, b"1");
        }
        if parsed.over_limit {
            self.body_error("SecArgumentsLimit exceeded");
        }
    }

    /// Takes over a header of the request, in the order in which they came.
    pub fn request_header(&mut self, name: &[u8], value: &[u8]) {
        self.values.list_mut(List::RequestHeaders).push(name, value);
        if name.eq_ignore_ascii_case(b"cookie") {
            let settings = &self.policy.settings;
            let cookies = self.values.list_mut(List::Cookies);
            body::cookies::parse(
                value,
                settings.cookie_format,
                b';',
                &settings.limits,
                cookies,
            );
        } else if name.eq_ignore_ascii_case(b"content-type") && self.content_type.is_empty() {
            self.content_type.extend_from_slice(value);
        } else if name.eq_ignore_ascii_case(b"host")
            && self.values.scalars.value(Variable::ServerName).is_none()
        {
            let host = without_port(value);
            self.values.scalars.set(Variable::ServerName, host);
        }
    }

    /// Runs phase 1.
    pub fn run_request_head(&mut self) -> Verdict {
        if let Some(processor) = self.processor_by_type() {
            let scalars = &mut self.values.scalars;
            scalars.set(Variable::ReqbodyProcessor, processor.name());
        }
        self.combined_size();
        self.run(1)
    }

    /// What reads the body, by its type alone.
    pub(super) fn processor_by_type(&self) -> Option<BodyProcessor> {
        let kind = body::media_type(&self.content_type);
        if kind.is(b"application/x-www-form-urlencoded") {
            Some(BodyProcessor::Urlencoded)
        } else if kind.is(b"multipart/form-data") {
            Some(BodyProcessor::Multipart)
        } else {
            None
        }
    }

    /// `ARGS_COMBINED_SIZE`
    pub(super) fn combined_size(&mut self) {
        if self.uses(Variable::ArgsCombinedSize) {
            let arguments = [List::Query, List::Form].map(|list| self.values.list(list));
            let size: usize = arguments
                .iter()
                .flat_map(|list| list.iter())
                .map(|(name, value)| name.len() + value.len())
                .sum();
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            let scalars = &mut self.values.scalars;
            scalars.set_number(Variable::ArgsCombinedSize, size);
        }
    }
}

impl BodyProcessor {
    /// The name as `REQBODY_PROCESSOR` has it.
    pub(crate) const fn name(self) -> &'static [u8] {
        match self {
            Self::Urlencoded => b"URLENCODED",
            Self::Multipart => b"MULTIPART",
            Self::Xml => b"XML",
            Self::Json => b"JSON",
            Self::Raw => b"RAW",
        }
    }
}

/// Where in a target the path and query lie: all of it, but for the scheme and host of the absolute
/// form (RFC 9112 section 3.2.2) and a fragment, which a client should not have sent.
fn relative(target: &[u8]) -> (usize, usize) {
    let start = match memchr::memmem::find(target, b"://") {
        Some(colon) if colon > 0 && target.first() != Some(&b'/') => {
            let host = colon + 3;
            let rest = target.get(host..).unwrap_or_default();
            memchr::memchr2(b'/', b'?', rest).map_or(target.len(), |at| host + at)
        }
        _ => 0,
    };
    (start, target.len())
}

/// Where a path's last segment begins; Windows has backslashes.
fn after_slash(path: &[u8]) -> usize {
    memchr::memrchr2(b'/', b'\\', path).map_or(0, |slash| slash + 1)
}

/// Appends `text` with its escapes decoded; one that is none stays as it is.
fn decode_escapes(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let [first, more @ ..] = rest {
        rest = more;
        if *first == b'%'
            && let [high, low, more @ ..] = rest
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            out.push(high << 4 | low);
            rest = more;
        } else {
            out.push(*first);
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// A host without its port.
fn without_port(authority: &[u8]) -> &[u8] {
    let digits = authority
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    match authority.len().checked_sub(digits + 1) {
        Some(colon) if authority.get(colon) == Some(&b':') => {
            authority.get(..colon).unwrap_or_default()
        }
        _ => authority,
    }
}
