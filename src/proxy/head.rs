//! The heads that are sent on: what came, less what is meant for us, plus what is ours to say.
//!
//! Lines that stay are copied in runs of the bytes that came.

use std::time::SystemTime;

use super::{
    clock::Clock,
    forwarded::{is_look_alike, is_ours, write_field},
    request_id::RequestId,
};
use crate::{
    http1::{BodyLength, ConnectionOptions, connection_lists},
    message::{FieldId, FieldSpan, RequestHead, ResponseHead, Target},
    policy::{CookieExchange, Hsts, SERVER, is_client_certificate_field},
};

/// Fields of a request that the upstream is not sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LeftOut {
    /// `Expect`: it has been answered.
    pub expect: bool,
    /// `Accept-Encoding`: the answer is looked at on its way.
    pub accept_encoding: bool,
}

/// What the request head to an upstream depends on besides the head that came.
pub(super) struct UpstreamHead<'a> {
    pub head: &'a RequestHead,
    pub target: &'a Target,
    /// Host and port as routing understood them.
    pub host: &'a [u8],
    pub body: BodyLength,
    pub connection: ConnectionOptions,
    /// Whether this is a WebSocket handshake that goes on as one.
    pub websocket: bool,
    pub id: &'a RequestId,
    /// Whether a request id that the client sent stands.
    pub keep_id: bool,
    /// Whether names with underscores pass.
    pub underscores: bool,
    /// Whether we tell of client certificates, and the client must not.
    pub certificate: bool,
    /// Our own fields about the client, one line each.
    pub forwarded: &'a [u8],
    pub left_out: LeftOut,
}

impl UpstreamHead<'_> {
    /// Appends the head, its blank line included.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let Self {
            head,
            target,
            host,
            body,
            connection,
            websocket,
            id,
            keep_id,
            underscores,
            certificate,
            forwarded,
            left_out,
        } = self;
        out.extend_from_slice(head.method_bytes());
        out.push(b' ');
        out.extend_from_slice(target.path_and_query());
        out.extend_from_slice(b" HTTP/1.1\r\nHost: ");
        out.extend_from_slice(host);
        out.extend_from_slice(b"\r\n");
        copy_fields(
            &head.buffer,
            head.head_len,
            &head.fields,
            out,
            |field| match field.id {
                FieldId::Other => {
                    let name = field.name.of(&head.buffer);
                    let odd = name.contains(&b'_') && (!underscores || is_look_alike(name));
                    let forged = *certificate && is_client_certificate_field(name);
                    odd || forged || (connection.others && connection_lists(head.fields(), name))
                }
                FieldId::Host => true,
                FieldId::XRequestId => !keep_id,
                id if is_hop_by_hop(id) || is_ours(id) => true,
                FieldId::Expect => left_out.expect,
                FieldId::AcceptEncoding if left_out.accept_encoding => true,
                FieldId::ContentLength => false,
                _ => {
                    let name = field.name.of(&head.buffer);
                    connection.others && connection_lists(head.fields(), name)
                }
            },
        );
        if matches!(body, BodyLength::Chunked) {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
        if *websocket {
            out.extend_from_slice(b"Connection: Upgrade\r\nUpgrade: websocket\r\n");
        }
        if !keep_id {
            write_field(out, b"X-Request-ID", id.as_bytes());
        }
        out.extend_from_slice(forwarded);
        out.extend_from_slice(b"\r\n");
    }
}

/// How the body of an answer is framed towards the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyMode {
    /// There is none (HEAD, 204, 304).
    None,
    /// As long as `Content-Length` says.
    Sized,
    /// In chunks.
    Chunked,
    /// Until the connection is closed.
    UntilClose,
}

/// What the response head to a client depends on besides the head that came.
pub(super) struct ClientHead<'a> {
    pub head: &'a ResponseHead,
    pub mode: BodyMode,
    pub close: bool,
    /// Whether the client speaks HTTP/1.0 and has to be told that the connection stays open.
    pub tell_keep_alive: bool,
    /// The names that the upstream's `Connection` lists.
    pub connection: ConnectionOptions,
    /// Gives the `Date` where the upstream sent none.
    pub clock: &'a Clock,
    /// Sent where the upstream sent no `Strict-Transport-Security` of its own.
    pub hsts: Option<&'a Hsts>,
    /// Gives the `Server` where the upstream sent none.
    pub names_server: bool,
    /// Signs cookies.
    pub cookies: Option<&'a CookieExchange>,
}

impl ClientHead<'_> {
    /// Appends the head, its blank line included.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let Self {
            head,
            mode,
            close,
            tell_keep_alive,
            connection,
            clock,
            hsts,
            names_server,
            cookies,
        } = self;
        write_status(head, out);
        let (mut has_date, mut has_hsts, mut has_server) = (false, false, false);
        copy_fields(&head.buffer, head.head_len, &head.fields, out, |field| {
            has_date |= field.id == FieldId::Date;
            has_hsts |= field.id == FieldId::StrictTransportSecurity;
            has_server |= field.id == FieldId::Server;
            is_hop_by_hop(field.id)
                || is_signed(*cookies, head, field)
                || (connection.others
                    && connection_lists(head.fields(), field.name.of(&head.buffer)))
        });
        if let Some(cookies) = cookies
            && !(connection.others && connection_lists(head.fields(), SET_COOKIE))
        {
            write_signed(cookies, head, out);
        }
        if !has_date {
            clock.write_date_field(out);
        }
        if *names_server && !has_server {
            write_field(out, b"Server", SERVER.as_bytes());
        }
        if let Some(hsts) = hsts
            && !has_hsts
        {
            out.extend_from_slice(b"Strict-Transport-Security: ");
            hsts.write_value(out);
            out.extend_from_slice(b"\r\n");
        }
        if *mode == BodyMode::Chunked {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
        if *close {
            out.extend_from_slice(b"Connection: close\r\n");
        } else if *tell_keep_alive {
            out.extend_from_slice(b"Connection: keep-alive\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// Appends an interim answer (1xx) as it came, less what is meant for us, its cookies signed; `upgrade`
/// keeps the fields of a WebSocket handshake.
pub(super) fn write_interim(
    head: &ResponseHead,
    upgrade: bool,
    cookies: Option<&CookieExchange>,
    out: &mut Vec<u8>,
) {
    write_status(head, out);
    copy_fields(&head.buffer, head.head_len, &head.fields, out, |field| {
        is_hop_by_hop(field.id)
            || is_signed(cookies, head, field)
            || connection_lists(head.fields(), field.name.of(&head.buffer))
    });
    if let Some(cookies) = cookies
        && !connection_lists(head.fields(), SET_COOKIE)
    {
        write_signed(cookies, head, out);
    }
    if upgrade {
        out.extend_from_slice(b"Connection: Upgrade\r\nUpgrade: websocket\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

const SET_COOKIE: &[u8] = FieldId::SetCookie.name().as_bytes();

/// Whether other lines take the place of this one, which sets a protected cookie.
fn is_signed(cookies: Option<&CookieExchange>, head: &ResponseHead, field: &FieldSpan) -> bool {
    field.id == FieldId::SetCookie
        && cookies.is_some_and(|cookies| cookies.takes(field.value.of(&head.buffer)))
}

/// Appends the lines that take the place of those.
fn write_signed(cookies: &CookieExchange, head: &ResponseHead, out: &mut Vec<u8>) {
    let lines = head.fields().filter(|it| it.id == FieldId::SetCookie);
    for line in lines.filter(|line| cookies.takes(line.value)) {
        cookies.write(line.value, SystemTime::now(), out);
    }
}

fn write_status(head: &ResponseHead, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(itoa::Buffer::new().format(head.status).as_bytes());
    out.push(b' ');
    out.extend_from_slice(head.reason());
    out.extend_from_slice(b"\r\n");
}

/// Fields that are between two neighbours only, RFC 9110 section 7.6.1, framing included.
const fn is_hop_by_hop(id: FieldId) -> bool {
    matches!(
        id,
        FieldId::Connection
            | FieldId::Http2Settings
            | FieldId::KeepAlive
            | FieldId::ProxyAuthenticate
            | FieldId::ProxyAuthorization
            | FieldId::ProxyConnection
            | FieldId::Te
            | FieldId::TransferEncoding
            | FieldId::Upgrade
    )
}

/// Copies the lines of the fields that `drop` does not take, in as few pieces as may be. A line
/// reaches from its name to the next line's name, or to the blank line.
fn copy_fields(
    buffer: &[u8],
    head_len: usize,
    fields: &[FieldSpan],
    out: &mut Vec<u8>,
    mut drop: impl FnMut(&FieldSpan) -> bool,
) {
    let mut run = None;
    for field in fields {
        let start = field.name.start as usize;
        if drop(field) {
            if let Some(from) = run.take() {
                out.extend_from_slice(buffer.get(from..start).unwrap_or_default());
            }
        } else if run.is_none() {
            run = Some(start);
        }
    }
    if let Some(from) = run {
        let blank_line = head_len.saturating_sub(2);
        out.extend_from_slice(buffer.get(from..blank_line).unwrap_or_default());
    }
}

/// Appends host and port as routing understood them.
pub(super) fn write_authority(target: &Target, out: &mut Vec<u8>) {
    out.extend_from_slice(target.host());
    if let Some(port) = target.port() {
        out.push(b':');
        out.extend_from_slice(itoa::Buffer::new().format(port).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{
        http1::{
            HeadLimits, Parsed, parse_request, parse_response, request_framing, response_framing,
        },
        message::{Method, Slashes},
        proxy::request_id::RequestIds,
    };

    fn upstream_head(request: &str, websocket: bool, underscores: bool) -> String {
        let mut head = RequestHead {
            buffer: request.as_bytes().to_vec(),
            ..RequestHead::default()
        };
        assert_eq!(
            parse_request(&mut head, &HeadLimits::default()),
            Ok(Parsed::Complete)
        );
        let framing = request_framing(&head).unwrap();
        let mut target = Target::default();
        target.resolve(&head, Slashes::Merge).unwrap();
        let mut host = Vec::new();
        write_authority(&target, &mut host);
        let id = RequestIds::new().next();
        let mut out = Vec::new();
        UpstreamHead {
            head: &head,
            target: &target,
            host: &host,
            body: framing.body,
            connection: framing.connection,
            websocket,
            id: &id,
            keep_id: false,
            underscores,
            certificate: true,
            forwarded: b"X-Real-IP: 192.0.2.9\r\n",
            left_out: LeftOut::default(),
        }
        .write(&mut out);
        let text = String::from_utf8(out).unwrap();
        text.replace(std::str::from_utf8(id.as_bytes()).unwrap(), "ID")
    }

    #[test]
    fn hop_by_hop_fields_stay_behind_and_ours_are_added() {
        let sent = upstream_head(
            "POST http://A.Example:81/a/./b?q HTTP/1.1\r\nHost: other\r\nAccept: */*\r\n\
             Connection: close, x-secret\r\nX-Secret: 1\r\nX-Kept: 1\r\nKeep-Alive: 5\r\n\
             TE: trailers\r\nTransfer-Encoding: chunked\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\
             X-Forwarded-For: 6.6.6.6\r\nX-Request-ID: forged\r\nX_Real_IP: 6.6.6.6\r\n\
             under_score: 1\r\nSSL-Client-Verify: SUCCESS\r\nCookie: a=b\r\n\r\n",
            false,
            false,
        );
        assert_eq!(
            sent,
            "POST /a/b?q HTTP/1.1\r\nHost: a.example:81\r\nAccept: */*\r\nX-Kept: 1\r\n\
             Cookie: a=b\r\nTransfer-Encoding: chunked\r\nX-Request-ID: ID\r\n\
             X-Real-IP: 192.0.2.9\r\n\r\n"
        );
    }

    #[test]
    fn underscores_pass_where_they_may_but_never_in_look_alikes() {
        let sent = upstream_head(
            "GET / HTTP/1.1\r\nHost: a\r\nunder_score: 1\r\nX_Real_IP: 6.6.6.6\r\n\r\n",
            false,
            true,
        );
        assert!(
            sent.contains("under_score: 1\r\n") && !sent.contains("X_Real_IP"),
            "{sent}"
        );
    }

    #[test]
    fn a_websocket_handshake_keeps_its_upgrade() {
        let sent = upstream_head(
            "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Key: k\r\n\r\n",
            true,
            false,
        );
        assert!(
            sent.contains("Connection: Upgrade\r\nUpgrade: websocket\r\n"),
            "{sent}"
        );
        assert!(sent.contains("Sec-WebSocket-Key: k\r\n"), "{sent}");
    }

    #[test]
    fn connection_cannot_be_used_to_strip_what_the_proxy_says() {
        let sent = upstream_head(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Real-IP, X-Request-ID, Host\r\n\r\n",
            false,
            false,
        );
        assert_eq!(
            sent,
            "GET / HTTP/1.1\r\nHost: a\r\nX-Request-ID: ID\r\nX-Real-IP: 192.0.2.9\r\n\r\n"
        );
    }

    #[test]
    fn a_response_keeps_its_fields_and_gets_a_date_and_framing() {
        let clock = Clock::new(std::time::SystemTime::UNIX_EPOCH);
        for (mode, close, expected) in [
            (
                BodyMode::Chunked,
                false,
                "HTTP/1.1 200 Fine\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\
                 Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
                 Transfer-Encoding: chunked\r\n\r\n",
            ),
            (
                BodyMode::UntilClose,
                true,
                "HTTP/1.1 200 Fine\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\
                 Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
                 Connection: close\r\n\r\n",
            ),
        ] {
            let mut head = ResponseHead::default();
            head.buffer.extend_from_slice(
                b"HTTP/1.1 200 Fine\r\nSet-Cookie: a\r\nConnection: x-hop, close\r\n\
                            Set-Cookie: b\r\nTransfer-Encoding: chunked\r\nX-Hop: 1\r\n\r\n",
            );
            let parsed = parse_response(&mut head, &HeadLimits::default());
            assert_eq!(parsed, Ok(Parsed::Complete));
            let framing = response_framing(&head, Method::Get).unwrap();
            let mut out = Vec::new();
            ClientHead {
                head: &head,
                mode,
                close,
                tell_keep_alive: false,
                connection: framing.connection,
                clock: &clock,
                hsts: None,
                names_server: false,
                cookies: None,
            }
            .write(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn a_server_is_named_where_that_is_asked_for_and_the_upstream_names_none() {
        let clock = Clock::new(std::time::SystemTime::UNIX_EPOCH);
        for (sent, names_server, expected) in [
            ("", false, ""),
            ("", true, "Server: Portcullis\r\n"),
            ("Server: other\r\n", true, "Server: other\r\n"),
            ("Server: other\r\n", false, "Server: other\r\n"),
        ] {
            let mut head = ResponseHead::default();
            let came =
                format!("HTTP/1.1 200 Fine\r\nDate: then\r\n{sent}Content-Length: 0\r\n\r\n");
            head.buffer.extend_from_slice(came.as_bytes());
            let parsed = parse_response(&mut head, &HeadLimits::default());
            assert_eq!(parsed, Ok(Parsed::Complete));
            let framing = response_framing(&head, Method::Get).unwrap();
            let mut out = Vec::new();
            ClientHead {
                head: &head,
                mode: BodyMode::Sized,
                close: false,
                tell_keep_alive: false,
                connection: framing.connection,
                clock: &clock,
                hsts: None,
                names_server,
                cookies: None,
            }
            .write(&mut out);
            let out = String::from_utf8(out).unwrap();
            let server: String = out
                .split_inclusive("\r\n")
                .filter(|line| line.starts_with("Server"))
                .collect();
            assert_eq!(server, expected, "{sent:?}");
        }
    }
}
