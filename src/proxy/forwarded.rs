//! Who the client is, and the fields that tell the upstream.
//!
//! What a client sends in these fields is replaced, unless its connection comes from a trusted peer
//! (ingress-nginx's `use-forwarded-headers` and `proxy-real-ip-cidr`).

use std::{
    net::{IpAddr, SocketAddr},
    rc::Rc,
    sync::Arc,
    time::SystemTime,
};

use ipnet::IpNet;

use super::peer_certificate::PeerCertificate;
use crate::{
    config::ClientAddressOptions,
    message::{FieldId, FieldRef, RequestHead},
    policy::{ClientCertificatePolicy, Judgement},
};

/// One downstream connection, as every request on it sees it.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// Who connected, after the PROXY protocol.
    pub client: SocketAddr,
    /// The address that it reached.
    pub server: SocketAddr,
    /// Version of TLS, if it is used.
    pub tls: Option<&'static str>,
    /// Its certificate, or that it has none; `None`: it was not asked.
    pub certificate: Option<Box<PeerCertificate>>,
}

impl Peer {
    /// What the client's certificate comes to under `policy`. Whoever was not asked has none.
    pub(super) fn judge(&self, policy: &Arc<ClientCertificatePolicy>) -> Rc<Judgement> {
        match &self.certificate {
            Some(certificate) => certificate.judge(policy),
            None => Rc::new(policy.judge(&[], SystemTime::UNIX_EPOCH)),
        }
    }
}

/// The client of one request, after trusted hops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client {
    /// Its address.
    pub address: IpAddr,
    /// Whether it speaks HTTPS, to us or to a trusted peer.
    pub https: bool,
    /// Whether the peer is trusted, so that its fields stand.
    pub trusted: bool,
}

/// Fields whose value is the proxy's to say. They are never copied from a request as they are.
pub(super) const fn is_ours(id: FieldId) -> bool {
    matches!(
        id,
        FieldId::Forwarded
            | FieldId::XForwardedFor
            | FieldId::XForwardedHost
            | FieldId::XForwardedPort
            | FieldId::XForwardedProto
            | FieldId::XForwardedScheme
            | FieldId::XOriginalForwardedFor
            | FieldId::XRealIp
            | FieldId::XRequestId
            | FieldId::XScheme
    )
}

/// Whether a name with underscores reads like one of ours to a server that maps `_` and `-` to the
/// same letter, as CGI and WSGI do.
pub(super) fn is_look_alike(name: &[u8]) -> bool {
    const NAMES: &[FieldId] = &[
        FieldId::XForwardedFor,
        FieldId::XForwardedHost,
        FieldId::XForwardedPort,
        FieldId::XForwardedProto,
        FieldId::XForwardedScheme,
        FieldId::XForwardedPrefix,
        FieldId::XOriginalForwardedFor,
        FieldId::XRealIp,
        FieldId::XRequestId,
        FieldId::XScheme,
        FieldId::ContentLength,
        FieldId::TransferEncoding,
        FieldId::ContentType,
    ];
    let letter = |byte: &u8| {
        if *byte == b'_' {
            b'-'
        } else {
            byte.to_ascii_lowercase()
        }
    };
    name.contains(&b'_')
        && NAMES.iter().any(|id| {
            id.name().len() == name.len()
                && id
                    .name()
                    .bytes()
                    .zip(name.iter().map(letter))
                    .all(|(a, b)| a == b)
        })
}

impl Client {
    /// Tells the client of a request.
    pub(super) fn of(head: &RequestHead, peer: &Peer, options: &ClientAddressOptions) -> Self {
        let address = peer.client.ip().to_canonical();
        let plain = Self {
            address,
            https: peer.tls.is_some(),
            trusted: false,
        };
        if !options.use_forwarded_headers || !is_trusted(address, &options.trusted) {
            return plain;
        }
        let proto = head.find(FieldId::XForwardedProto).map(last_element);
        Self {
            address: forwarded_address(head, address, &options.trusted),
            https: proto.map_or(plain.https, |proto| proto.eq_ignore_ascii_case(b"https")),
            trusted: true,
        }
    }

    /// Appends the fields that tell the upstream who asks, one line each.
    pub(super) fn write_fields(
        self,
        out: &mut Vec<u8>,
        head: &RequestHead,
        peer: &Peer,
        host: &[u8],
        options: &ClientAddressOptions,
    ) {
        let kept = |id| if self.trusted { head.find(id) } else { None };
        out.extend_from_slice(b"X-Real-IP: ");
        write_address(out, self.address);
        out.extend_from_slice(b"\r\nX-Forwarded-For: ");
        if self.trusted && options.compute_full_forwarded_for {
            for field in fields(head, FieldId::XForwardedFor) {
                out.extend_from_slice(field.value);
                out.extend_from_slice(b", ");
            }
            write_address(out, peer.client.ip().to_canonical());
        } else {
            write_address(out, self.address);
        }
        out.extend_from_slice(b"\r\nX-Forwarded-Host: ");
        out.extend_from_slice(kept(FieldId::XForwardedHost).unwrap_or(host));
        out.extend_from_slice(b"\r\nX-Forwarded-Port: ");
        match kept(FieldId::XForwardedPort) {
            Some(port) => out.extend_from_slice(port),
            None => out.extend_from_slice(if self.https { b"443" } else { b"80" }),
        }
        out.extend_from_slice(b"\r\nX-Forwarded-Proto: ");
        let scheme: &[u8] = if self.https { b"https" } else { b"http" };
        out.extend_from_slice(scheme);
        out.extend_from_slice(b"\r\nX-Forwarded-Scheme: ");
        out.extend_from_slice(scheme);
        out.extend_from_slice(b"\r\n");
        if self.trusted
            && let Some(original) = head.find(FieldId::XForwardedFor)
        {
            write_field(out, b"X-Original-Forwarded-For", original);
        }
        if head.find(FieldId::Forwarded).is_some() {
            self.write_forwarded(out, head, host, scheme);
        }
    }

    /// `Forwarded`, RFC 7239: kept and extended from a trusted peer, otherwise replaced. It is only
    /// sent where the request had one.
    fn write_forwarded(self, out: &mut Vec<u8>, head: &RequestHead, host: &[u8], scheme: &[u8]) {
        out.extend_from_slice(b"Forwarded: ");
        if self.trusted {
            for field in fields(head, FieldId::Forwarded) {
                out.extend_from_slice(field.value);
                out.extend_from_slice(b", ");
            }
        }
        out.extend_from_slice(b"for=");
        match self.address {
            IpAddr::V4(_) => write_address(out, self.address),
            IpAddr::V6(_) => {
                out.extend_from_slice(b"\"[");
                write_address(out, self.address);
                out.extend_from_slice(b"]\"");
            }
        }
        // A host that was accepted holds no quote and no backslash.
        out.extend_from_slice(b";host=\"");
        out.extend_from_slice(host);
        out.extend_from_slice(b"\";proto=");
        out.extend_from_slice(scheme);
        out.extend_from_slice(b"\r\n");
    }
}

fn fields(head: &RequestHead, id: FieldId) -> impl Iterator<Item = FieldRef<'_>> {
    head.fields().filter(move |field| field.id == id)
}

/// Appends `Name: value` and the end of the line.
pub(super) fn write_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Whether an address is one of the trusted peers'.
pub(super) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

/// The right-most address that is not a trusted peer's; the left-most where all are.
fn forwarded_address(head: &RequestHead, peer: IpAddr, trusted: &[IpNet]) -> IpAddr {
    let mut found = peer;
    let spans: smallvec::SmallVec<[FieldRef<'_>; 4]> =
        fields(head, FieldId::XForwardedFor).collect();
    for field in spans.iter().rev() {
        for element in field.value.rsplit(|byte| *byte == b',') {
            let Some(address) = parse_address(element.trim_ascii()) else {
                return found;
            };
            found = address;
            if !is_trusted(address, trusted) {
                return found;
            }
        }
    }
    found
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn parse_address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let address = text.parse::<IpAddr>().ok().or_else(|| {
        let bare = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        bare.and_then(|bare| bare.parse().ok())
            .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
    })?;
    Some(address.to_canonical())
}

fn last_element(value: &[u8]) -> &[u8] {
    value
        .rsplit(|byte| *byte == b',')
        .next()
        .unwrap_or_default()
        .trim_ascii()
}

/// Appends an address in its usual form.
pub(super) fn write_address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            for (place, octet) in address.octets().into_iter().enumerate() {
                if place > 0 {
                    out.push(b'.');
                }
                out.extend_from_slice(itoa::Buffer::new().format(octet).as_bytes());
            }
        }
        IpAddr::V6(address) => {
            use std::io::Write as _;
            // Writing to a vector does not fail.
            let _ = write!(out, "{address}");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::http1::{HeadLimits, Parsed, parse_request};

    fn head(fields: &str) -> RequestHead {
        let text = format!("GET / HTTP/1.1\r\nHost: a.example\r\n{fields}\r\n");
        let mut head = RequestHead {
            buffer: text.into_bytes(),
            ..RequestHead::default()
        };
        assert_eq!(
            parse_request(&mut head, &HeadLimits::default()),
            Ok(Parsed::Complete)
        );
        head
    }

    fn peer(address: &str, tls: bool) -> Peer {
        Peer {
            certificate: None,
            client: SocketAddr::new(address.parse().unwrap(), 4711),
            server: SocketAddr::new(address.parse().unwrap(), 80),
            tls: tls.then_some("TLSv1.3"),
        }
    }

    fn trusting(full: bool) -> ClientAddressOptions {
        ClientAddressOptions {
            use_forwarded_headers: true,
            compute_full_forwarded_for: full,
            use_proxy_protocol: false,
            trusted: vec!["10.0.0.0/8".parse().unwrap()],
        }
    }

    fn written(head: &RequestHead, peer: &Peer, options: &ClientAddressOptions) -> String {
        let client = Client::of(head, peer, options);
        let mut out = Vec::new();
        client.write_fields(&mut out, head, peer, b"a.example", options);
        String::from_utf8(out).unwrap()
    }

    const FORGED: &str = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n\
                          X-Forwarded-Host: evil.example\r\nForwarded: for=6.6.6.6\r\n";

    #[test]
    fn what_an_untrusted_client_says_of_itself_is_replaced() {
        for options in [ClientAddressOptions::default(), trusting(true)] {
            let text = written(&head(FORGED), &peer("198.51.100.7", false), &options);
            assert_eq!(
                text,
                "X-Real-IP: 198.51.100.7\r\nX-Forwarded-For: 198.51.100.7\r\n\
                 X-Forwarded-Host: a.example\r\nX-Forwarded-Port: 80\r\nX-Forwarded-Proto: http\r\n\
                 X-Forwarded-Scheme: http\r\n\
                 Forwarded: for=198.51.100.7;host=\"a.example\";proto=http\r\n"
            );
        }
    }

    #[test]
    fn the_word_of_a_trusted_peer_is_taken_and_kept() {
        let text = written(&head(FORGED), &peer("10.1.2.3", false), &trusting(true));
        assert_eq!(
            text,
            "X-Real-IP: 6.6.6.6\r\nX-Forwarded-For: 6.6.6.6, 10.1.2.3\r\n\
             X-Forwarded-Host: evil.example\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Proto: https\r\n\
             X-Forwarded-Scheme: https\r\nX-Original-Forwarded-For: 6.6.6.6\r\n\
             Forwarded: for=6.6.6.6, for=6.6.6.6;host=\"a.example\";proto=https\r\n"
        );
    }

    #[test]
    fn the_client_is_the_right_most_address_that_is_not_trusted() {
        for (list, expected) in [
            ("X-Forwarded-For: 1.1.1.1, 2.2.2.2, 10.0.0.9\r\n", "2.2.2.2"),
            (
                "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n",
                "2.2.2.2",
            ),
            ("X-Forwarded-For: 10.0.0.8, 10.0.0.9\r\n", "10.0.0.8"),
            (
                "X-Forwarded-For: 1.1.1.1, unknown, 10.0.0.9\r\n",
                "10.0.0.9",
            ),
            ("X-Forwarded-For: [2001:db8::1]:99\r\n", "2001:db8::1"),
            ("X-Forwarded-For: ::ffff:3.3.3.3\r\n", "3.3.3.3"),
            ("X-Forwarded-For: 4.4.4.4:1234\r\n", "4.4.4.4"),
            ("", "10.1.1.1"),
        ] {
            let client = Client::of(&head(list), &peer("10.1.1.1", true), &trusting(false));
            assert_eq!(client.address.to_string(), expected, "{list}");
            assert!(
                client.https,
                "TLS to us is HTTPS where no field says otherwise"
            );
        }
    }

    #[test]
    fn names_that_a_server_could_take_for_ours_are_look_alikes() {
        for (name, expected) in [
            ("x_forwarded_for", true),
            ("X-Forwarded_For", true),
            ("X_REAL_IP", true),
            ("Content_Length", true),
            ("X-Forwarded-For", false),
            ("my_header", false),
        ] {
            assert_eq!(is_look_alike(name.as_bytes()), expected, "{name}");
        }
    }
}
