//! Bytes that are no handshake, or not quite.

use std::sync::Arc;

use proptest::prelude::*;
use rustls::{
    ClientConnection, ServerConfig, ServerConnection,
    version::{TLS12, TLS13},
};
use rustls_pki_types::ServerName;

use super::support::{certificate, client, listener};
use crate::tls::{Certificate, ServerTlsOptions};

/// A client's first flight.
fn hello() -> Vec<u8> {
    let name = ServerName::try_from("a.example").unwrap();
    let config = Arc::new(client(&[&TLS12, &TLS13], None));
    let mut connection = ClientConnection::new(config, name).unwrap();
    let mut bytes = Vec::new();
    connection.write_tls(&mut bytes).unwrap();
    bytes
}

/// Takes `bytes` as a client's, and answers whether they were refused.
fn refuses(server: &Arc<ServerConfig>, mut bytes: &[u8]) -> bool {
    let mut connection = ServerConnection::new(Arc::clone(server)).unwrap();
    while !bytes.is_empty() {
        if connection.read_tls(&mut bytes).is_err() || connection.process_new_packets().is_err() {
            return true;
        }
    }
    assert!(connection.is_handshaking());
    false
}

#[test]
fn what_is_no_handshake_is_refused_and_half_a_one_is_waited_for() {
    let server = listener(&certificate(&["a.example"]), &ServerTlsOptions::default());
    let hello = hello();
    assert!(!refuses(&server, &hello));
    assert!(!refuses(&server, &hello[..hello.len() / 2]));
    assert!(!refuses(&server, &[]));
    for bytes in [
        b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n".as_slice(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        &[0; 64],
        &[0xff; 64],
        // A record that is longer than any may be.
        &[0x16, 3, 1, 0xff, 0xff, 1, 0, 0, 0, 0, 0],
        // An alert, and application data, before anything else.
        &[0x15, 3, 3, 0, 2, 2, 40],
        &[0x17, 3, 3, 0, 1, 0],
    ] {
        assert!(refuses(&server, bytes), "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_complete_or_panic_a_handshake(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        // Made anew for each case: what a listener keeps between handshakes is not what is tested.
        let server = listener(&certificate(&["a.example"]), &ServerTlsOptions::default());
        refuses(&server, &bytes);
        let mut hello = hello();
        for (at, byte) in changes {
            let at = at.index(hello.len());
            hello[at] = byte;
        }
        hello.truncate(cut.index(hello.len()) + 1);
        hello.extend_from_slice(&bytes);
        refuses(&server, &hello);
    }

    #[test]
    fn no_text_panics_the_reading_of_certificates(
        mut chain in prop::collection::vec(any::<u8>(), 0..400),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let key = include_bytes!("../../../tests/fixtures/tls/ec-pkcs8.key");
        prop_assert!(Certificate::from_pem(&chain, key).is_err());
        chain = include_bytes!("../../../tests/fixtures/tls/ec-v1.crt").to_vec();
        for (at, byte) in changes {
            let at = at.index(chain.len());
            chain[at] = byte;
        }
        // A changed signature is not our business, so that some of these are read.
        if let Ok(certificate) = Certificate::from_pem(&chain, key) {
            prop_assert_eq!(certificate.key.cert.len(), 1);
        }
    }
}
