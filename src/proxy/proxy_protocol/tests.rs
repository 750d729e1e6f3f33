//! Headers as balancers send them, and as they must not.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn addresses(source: &str, destination: &str) -> Option<ProxiedAddresses> {
    Some(ProxiedAddresses {
        source: source.parse().unwrap(),
        destination: destination.parse().unwrap(),
    })
}

/// A header of version 2.
fn v2(version_and_command: u8, kind: u8, block: &[u8]) -> Vec<u8> {
    let length = u16::try_from(block.len()).unwrap().to_be_bytes();
    [V2_SIGNATURE, &[version_and_command, kind], &length, block].concat()
}

const INET: [u8; 12] = [192, 0, 2, 1, 198, 51, 100, 2, 0x30, 0x39, 0x01, 0xbb];

fn inet_with(fields: &[u8]) -> Vec<u8> {
    v2(0x21, 0x11, &[&INET, fields].concat())
}

/// An IPv4 header with a checksum between two other fields.
fn with_checksum(change: u32) -> Vec<u8> {
    let fields = |sum: [u8; 4]| {
        let [a, b, c, d] = sum;
        inet_with(&[4, 0, 1, 9, 3, 0, 4, a, b, c, d, 1, 0, 2, b'h', b'2'])
    };
    let sum = crc32c(fields([0; 4]).into_iter());
    fields((sum ^ change).to_be_bytes())
}

/// Every proper beginning asks for more, and what follows changes nothing.
fn assert_reads(header: &[u8], expected: Option<ProxiedAddresses>) {
    let whole = ProxyHeader {
        consumed: header.len(),
        addresses: expected,
    };
    for cut in 0..header.len() {
        assert_eq!(ProxyHeader::parse(&header[..cut]), Ok(None), "cut at {cut}");
    }
    for rest in ["", "\r\n", "GET / HTTP/1.1\r\n\r\n", "PROXY UNKNOWN\r\n"] {
        let bytes = [header, rest.as_bytes()].concat();
        assert_eq!(ProxyHeader::parse(&bytes), Ok(Some(whole)), "{header:?}");
    }
}

#[test]
fn lines_of_version_1_are_read() {
    let longest = format!("PROXY UNKNOWN {}\r\n", "f".repeat(MAX_V1 - 16));
    let widest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    for (line, expected) in [
        (
            "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n",
            addresses("192.0.2.1:56324", "198.51.100.2:443"),
        ),
        (
            "PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n",
            addresses("255.255.255.255:65535", "0.0.0.0:0"),
        ),
        (
            "PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 1 2\r\n",
            addresses("[2001:db8::1]:1", "[::ffff:192.0.2.1]:2"),
        ),
        (
            &format!("PROXY TCP6 {widest} {widest} 65535 65535\r\n"),
            addresses(&format!("[{widest}]:65535"), &format!("[{widest}]:65535")),
        ),
        ("PROXY UNKNOWN\r\n", None),
        ("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", None),
        (&longest, None),
    ] {
        assert_reads(line.as_bytes(), expected);
    }
    assert_reads(b"PROXY UNKNOWN \xff\0\r\n", None);
}

#[test]
fn lines_of_version_1_that_are_not_as_written_down_are_refused() {
    for line in [
        "PROXY \r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
        "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1\t192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n",
        "PROXY TCP6 [::1] ::1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rGET",
        "PROXY UNKNOWN\n",
        "PROXY UNKNOWN2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 \u{662}\r\n",
    ] {
        let parsed = ProxyHeader::parse(line.as_bytes());
        assert_eq!(parsed, Err(ProxyHeaderError::Line), "{line:?}");
    }
    for line in [
        "f".repeat(MAX_V1 - 15),
        "f".repeat(MAX_V1 - 15) + "\r\n",
        "f".repeat(MAX_V1) + "\r",
    ] {
        let line = format!("PROXY UNKNOWN {line}");
        let parsed = ProxyHeader::parse(line.as_bytes());
        assert_eq!(parsed, Err(ProxyHeaderError::TooLong), "{line:?}");
    }
}

#[test]
fn headers_of_version_2_are_read() {
    let inet6 = {
        let mut block = [0; 36];
        block[..4].copy_from_slice(&[0x20, 1, 0x0d, 0xb8]);
        block[15] = 1;
        block[31] = 2;
        block[32..].copy_from_slice(&[0, 80, 1, 0]);
        block
    };
    let both = addresses("192.0.2.1:12345", "198.51.100.2:443");
    for (name, header, expected) in [
        ("TCP over IPv4", inet_with(&[]), both),
        (
            "TCP over IPv6",
            v2(0x21, 0x21, &inet6),
            addresses("[2001:db8::1]:80", "[::2]:256"),
        ),
        ("an empty field", inet_with(&[0xea, 0, 0]), both),
        ("padding", inet_with(&[4, 0, 3, 0, 0, 0]), both),
        ("a checksum", with_checksum(0), both),
        (
            "the longest",
            inet_with(&[&[4, 0x0f, 0xe1][..], &[0; 4065]].concat()),
            both,
        ),
        ("LOCAL", v2(0x20, 0, &[]), None),
        ("LOCAL with an address", v2(0x20, 0x11, &INET), None),
        ("LOCAL of no known kind", v2(0x20, 0xff, b"any"), None),
        ("UNSPEC", v2(0x21, 0, &[]), None),
        ("UNSPEC with bytes", v2(0x21, 0, &[1, 2, 3]), None),
        ("UDP over IPv4", v2(0x21, 0x12, &INET), None),
        ("IPv4 over nothing", v2(0x21, 0x10, &INET), None),
        ("a Unix socket", v2(0x21, 0x31, &[b'/'; 216]), None),
    ] {
        println!("{name}");
        assert_reads(&header, expected);
    }
}

#[test]
fn headers_of_version_2_that_are_not_as_written_down_are_refused() {
    for (name, header, expected) in [
        ("version 1", v2(0x11, 0x11, &INET), ProxyHeaderError::Kind),
        ("version 3", v2(0x31, 0x11, &INET), ProxyHeaderError::Kind),
        ("command 2", v2(0x22, 0x11, &INET), ProxyHeaderError::Kind),
        ("family 4", v2(0x21, 0x41, &INET), ProxyHeaderError::Kind),
        ("transport 3", v2(0x21, 0x13, &INET), ProxyHeaderError::Kind),
        (
            "IPv4 cut",
            v2(0x21, 0x11, &INET[..11]),
            ProxyHeaderError::Addresses,
        ),
        (
            "IPv6 cut",
            v2(0x21, 0x21, &[0; 35]),
            ProxyHeaderError::Addresses,
        ),
        (
            "Unix cut",
            v2(0x21, 0x31, &[0; 215]),
            ProxyHeaderError::Addresses,
        ),
        ("half a field", inet_with(&[4]), ProxyHeaderError::Fields),
        ("no length", inet_with(&[4, 0]), ProxyHeaderError::Fields),
        (
            "cut value",
            inet_with(&[4, 0, 2, 0]),
            ProxyHeaderError::Fields,
        ),
        (
            "long value",
            inet_with(&[4, 0xff, 0xff]),
            ProxyHeaderError::Fields,
        ),
        (
            "short checksum",
            inet_with(&[3, 0, 2, 0, 0]),
            ProxyHeaderError::Fields,
        ),
        (
            "wrong checksum",
            with_checksum(1),
            ProxyHeaderError::Checksum,
        ),
        (
            "too long",
            v2(0x21, 0x11, &[0; 4081]),
            ProxyHeaderError::TooLong,
        ),
        (
            "LOCAL too long",
            v2(0x20, 0, &[0; 4081]),
            ProxyHeaderError::TooLong,
        ),
    ] {
        assert_eq!(ProxyHeader::parse(&header), Err(expected), "{name}");
    }
}

#[test]
fn what_begins_like_neither_version_is_refused_at_the_first_byte_that_differs() {
    for (bytes, differs) in [
        (b"GET / HTTP/1.1\r\n".as_slice(), 1),
        (b"PRI * HTTP/2.0\r\n", 3),
        (b"PROXY\tTCP4 ", 6),
        (b"\x16\x03\x01", 1),
        (b"\r\n\r\n\0\r\nQUIT\r", 12),
        (b"\r\nGET", 3),
        (b" PROXY ", 1),
    ] {
        let parse = |length: usize| ProxyHeader::parse(&bytes[..length]);
        assert_eq!(parse(differs - 1), Ok(None), "{bytes:?}");
        assert_eq!(parse(differs), Err(ProxyHeaderError::NotProxy), "{bytes:?}");
    }
}

#[test]
fn the_checksum_is_crc_32c() {
    // The check value of the CRC catalogue, and RFC 3720 appendix B.4.
    assert_eq!(crc32c(b"123456789".iter().copied()), 0xe306_9283);
    assert_eq!(crc32c([0; 32].into_iter()), 0x8a91_36aa);
    assert_eq!(crc32c([0xff; 32].into_iter()), 0x62a8_ab43);
}

proptest! {
    #[test]
    fn every_pair_of_addresses_is_read_back(
        source: SocketAddr,
        destination: SocketAddr,
        fields in prop::collection::vec(
            (4..=255_u8, prop::collection::vec(any::<u8>(), 0..40)),
            0..4,
        ),
    ) {
        let block: Vec<u8> = match (source.ip(), destination.ip()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => [a.octets(), b.octets()].concat(),
            (IpAddr::V6(a), IpAddr::V6(b)) => [a.octets(), b.octets()].concat(),
            _ => return Ok(()),
        };
        let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
        // A zone or flow label has no place in either format.
        let [plain_source, plain_destination] =
            [source, destination].map(|a| SocketAddr::new(a.ip(), a.port()));
        let expected = Some(ProxiedAddresses {
            source: plain_source,
            destination: plain_destination,
        });
        let mut block = block;
        block.extend(source.port().to_be_bytes());
        block.extend(destination.port().to_be_bytes());
        for (kind, value) in fields {
            block.push(kind);
            block.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            block.extend(value);
        }
        assert_reads(&v2(0x21, if source.is_ipv4() { 0x11 } else { 0x21 }, &block), expected);
        let line = format!(
            "PROXY {family} {} {} {} {}\r\n",
            source.ip(), destination.ip(), source.port(), destination.port(),
        );
        assert_reads(line.as_bytes(), expected);
    }

    #[test]
    fn no_bytes_make_it_panic_or_change_its_mind(
        signature in prop::sample::select(vec![&b""[..], V1_SIGNATURE, b"PROXY TCP4 ", V2_SIGNATURE, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0"]),
        tail in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [signature, &tail].concat();
        let decided = (0..=bytes.len())
            .map(|length| ProxyHeader::parse(&bytes[..length]))
            .find(|parsed| *parsed != Ok(None));
        let whole = ProxyHeader::parse(&bytes);
        prop_assert_eq!(decided.unwrap_or(Ok(None)), whole);
        if let Ok(Some(header)) = whole {
            prop_assert!(header.consumed <= bytes.len());
        }
    }
}
