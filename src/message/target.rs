//! Request targets: what a request is for, resolved from the request line and `Host`.

use thiserror::Error;

use super::authority::Authority;
use super::{FieldId, HostError, Method, RequestHead, Slashes, Version, path};

/// What a request is for: host, port, canonical path and query. One value serves the requests of a
/// connection in turn.
#[derive(Clone, Debug, Default)]
pub struct Target {
    form: TargetForm,
    /// The authority that `host` and `port` were made of: most connections repeat it.
    authority: Vec<u8>,
    host: Vec<u8>,
    port: Option<u16>,
    /// Canonical path, then `?` and the query if there is one.
    path_and_query: Vec<u8>,
    path_len: usize,
    encoded_slash: bool,
}

/// The form of a request target (RFC 9112 section 3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TargetForm {
    /// A path: `/where?q=now`.
    #[default]
    Origin,
    /// A whole URI: `http://www.example.org/pub`.
    Absolute,
    /// `*`, or a URI that names a server only: `OPTIONS` for the server as a whole.
    Asterisk,
}

/// Why a request target, or the `Host` that completes it, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum TargetError {
    /// The target is neither a path nor an http or https URI, nor `*` with `OPTIONS`.
    #[error("the request target is neither a path nor an http URI")]
    Form,
    /// `CONNECT`, whose target names a server to tunnel to.
    #[error("CONNECT names no resource")]
    Connect,
    /// The path holds a byte that must be escaped and that means different things to different
    /// servers: a backslash, a control byte, a byte over 0x7f.
    #[error("the path holds a byte that must be escaped")]
    PathByte,
    /// `%` without two hexadecimal digits in the path.
    #[error("the path holds a broken escape")]
    Escape,
    /// `%00` in the path.
    #[error("the path holds an escaped NUL")]
    Nul,
    /// The host is refused.
    #[error("the host is refused: {0}")]
    Host(#[from] HostError),
    /// A request of HTTP/1.1 or later without a host, or one of HTTP/1.0 where a host is needed.
    #[error("the request names no host")]
    NoHost,
    /// Two `Host` fields, or in HTTP/2 two that differ.
    #[error("the request names more than one host")]
    RepeatedHost,
}

impl TargetError {
    /// The status that answers a request refused so.
    pub const fn status(self) -> u16 {
        match self {
            Self::Form
            | Self::PathByte
            | Self::Escape
            | Self::Nul
            | Self::Host(_)
            | Self::NoHost
            | Self::RepeatedHost => 400,
            Self::Connect => 405,
        }
    }
}

impl Target {
    /// Resolves the target of `head`. An absolute target decides over `Host`, which must be valid
    /// all the same (RFC 9112 section 3.2.2). An HTTP/2 head has its `:authority` as first `Host`.
    ///
    /// # Errors
    /// When the target or the host is malformed or ambiguous; `self` then holds nothing of use.
    pub fn resolve(&mut self, head: &RequestHead, slashes: Slashes) -> Result<(), TargetError> {
        let target = head.target();
        if head.method == Method::Connect {
            return Err(Self::refuse_connect(target));
        }
        self.encoded_slash = false;
        self.path_and_query.clear();
        match target {
            [b'/', ..] => {
                self.form = TargetForm::Origin;
                self.resolve_host_field(head)?;
                let from_target = head.buffer.get(head.target_span.start as usize..);
                match path::end_of_plain_path(from_target.unwrap_or_default(), target.len()) {
                    Some(end) => {
                        self.path_len = end;
                        self.path_and_query.extend_from_slice(target);
                        Ok(())
                    }
                    None => self.resolve_path(target, slashes),
                }
            }
            b"*" if head.method == Method::Options => {
                self.resolve_host_field(head)?;
                self.set_asterisk();
                Ok(())
            }
            _ => self.resolve_absolute(head, target, slashes),
        }
    }

    /// Why `CONNECT` is refused: for its target if that is no host with a port (RFC 9112 section 3.2.3),
    /// and else as a method.
    pub fn refuse_connect(target: &[u8]) -> TargetError {
        match Authority::parse(target) {
            Ok(Authority { port: Some(_), .. }) => TargetError::Connect,
            Ok(_) | Err(_) => TargetError::Form,
        }
    }

    /// The form that the target had.
    pub fn form(&self) -> TargetForm {
        self.form
    }

    /// The host: lower-case, without port and trailing dot, an IPv6 address in brackets. Empty if
    /// an HTTP/1.0 request names none.
    pub fn host(&self) -> &[u8] {
        &self.host
    }

    /// The port, if one was named.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The canonical path; `*` in asterisk form.
    pub fn path(&self) -> &[u8] {
        self.path_and_query.get(..self.path_len).unwrap_or_default()
    }

    /// The query as sent, without its `?`.
    pub fn query(&self) -> Option<&[u8]> {
        self.path_and_query.get(self.path_len + 1..)
    }

    /// What is forwarded: the canonical path, then `?` and the query if there is one.
    pub fn path_and_query(&self) -> &[u8] {
        &self.path_and_query
    }

    /// Whether the path holds an escaped slash or backslash.
    pub fn has_encoded_slash(&self) -> bool {
        self.encoded_slash
    }

    fn resolve_absolute(
        &mut self,
        head: &RequestHead,
        target: &[u8],
        slashes: Slashes,
    ) -> Result<(), TargetError> {
        let after_scheme = strip_scheme(target).ok_or(TargetError::Form)?;
        let end = after_scheme
            .iter()
            .position(|b| matches!(b, b'/' | b'?'))
            .unwrap_or(after_scheme.len());
        let (authority, path) = after_scheme.split_at(end);
        if let Some(host) = host_field(head)? {
            Authority::parse(host)?;
        }
        self.resolve_authority(authority)?;
        self.form = TargetForm::Absolute;
        match path {
            [b'/', ..] => self.resolve_path(path, slashes),
            [] if head.method == Method::Options => {
                self.set_asterisk();
                Ok(())
            }
            query => {
                self.path_and_query.push(b'/');
                self.path_len = 1;
                self.path_and_query.extend_from_slice(query);
                Ok(())
            }
        }
    }

    fn resolve_path(&mut self, target: &[u8], slashes: Slashes) -> Result<(), TargetError> {
        let end = memchr::memchr(b'?', target).unwrap_or(target.len());
        let (path, query) = target.split_at(end);
        self.encoded_slash = path::canonicalize(path, slashes, &mut self.path_and_query)?;
        self.path_len = self.path_and_query.len();
        self.path_and_query.extend_from_slice(query);
        Ok(())
    }

    fn resolve_host_field(&mut self, head: &RequestHead) -> Result<(), TargetError> {
        match host_field(head)? {
            Some(authority) => self.resolve_authority(authority),
            None => {
                self.authority.clear();
                self.host.clear();
                self.port = None;
                Ok(())
            }
        }
    }

    fn resolve_authority(&mut self, bytes: &[u8]) -> Result<(), TargetError> {
        if self.authority == bytes && !bytes.is_empty() {
            return Ok(());
        }
        self.authority.clear();
        self.host.clear();
        let authority = Authority::parse(bytes)?;
        authority.write_host(&mut self.host);
        self.port = authority.port;
        self.authority.extend_from_slice(bytes);
        Ok(())
    }

    fn set_asterisk(&mut self) {
        self.form = TargetForm::Asterisk;
        self.path_and_query.push(b'*');
        self.path_len = 1;
    }
}

/// The one `Host` of a head; `None` where HTTP/1.0 may go without.
fn host_field(head: &RequestHead) -> Result<Option<&[u8]>, TargetError> {
    let mut hosts = head
        .fields
        .iter()
        .filter(|field| field.id == FieldId::Host)
        .map(|field| field.value.of(&head.buffer));
    let old = head.version == Version::Http10;
    let Some(first) = hosts.next() else {
        return if old {
            Ok(None)
        } else {
            Err(TargetError::NoHost)
        };
    };
    let mut parsed = None;
    for other in hosts {
        if head.version != Version::Http2 {
            return Err(TargetError::RepeatedHost);
        }
        let first = *parsed.get_or_insert(Authority::parse(first)?);
        if !first.is_same(Authority::parse(other)?) {
            return Err(TargetError::RepeatedHost);
        }
    }
    let is_absent = old && first.is_empty();
    Ok(Some(first).filter(|_| !is_absent))
}

/// What follows `http://` or `https://`.
fn strip_scheme(target: &[u8]) -> Option<&[u8]> {
    let colon = target.iter().take(6).position(|&b| b == b':')?;
    let (scheme, rest) = target.split_at_checked(colon)?;
    let known = scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https");
    rest.strip_prefix(b"://").filter(|_| known)
}
