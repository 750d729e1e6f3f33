//! Which certificate, version, protocol and session a client gets.

use std::sync::Arc;

use rustls::{
    HandshakeKind, NamedGroup, ProtocolVersion,
    version::{TLS12, TLS13},
};

use super::support::{Authority, certificate, client, handshake, leaf, listener, params, store};
use crate::{
    message::HostMatch,
    tls::{
        CertificateStore, ServerResolver, ServerTlsError, ServerTlsOptions, TlsVersion,
        server_config,
    },
};

fn exact(name: &str) -> HostMatch {
    HostMatch::Exact(name.into())
}

fn wildcard(suffix: &str) -> HostMatch {
    HostMatch::Wildcard(suffix.into())
}

#[tokio::test]
async fn the_server_name_selects_the_certificate() {
    let [one, two, wild, shadowed, default] = [(); 5].map(|()| certificate(&["x.example"]));
    let resolver = ServerResolver::new(store(
        &[
            (&[exact("one.example"), exact("two.example")], &one),
            (&[exact("two.example"), exact("a.wild.example")], &two),
            (&[wildcard("wild.example")], &wild),
            (&[wildcard("wild.example"), exact("one.example")], &shadowed),
        ],
        &default,
    ));
    let server = server_config(Arc::new(resolver), &ServerTlsOptions::default()).unwrap();
    let client = Arc::new(client(&[&TLS13], None));
    for (name, expected) in [
        ("one.example", &one),
        ("two.example", &one),
        ("ONE.Example", &one),
        ("one.example.", &one),
        ("a.wild.example", &two),
        ("b.wild.example", &wild),
        ("wild.example", &default),
        ("c.b.wild.example", &default),
        ("other.example", &default),
        // No server name is sent for an address.
        ("192.0.2.1", &default),
    ] {
        let pair = handshake(&server, &client, name).await.unwrap();
        assert_eq!(leaf(&pair), expected.key.cert[0], "{name}");
    }
}

#[test]
fn a_binding_for_every_host_takes_the_place_of_the_default() {
    let [any, second, default] = [(); 3].map(|()| certificate(&["x.example"]));
    let bindings: [(&[HostMatch], _); 2] =
        [(&[HostMatch::Any], &any), (&[HostMatch::Any], &second)];
    for (bindings, name, expected) in [
        (&bindings[..], Some("a.example"), &any),
        (&bindings[..], None, &any),
        (&bindings[1..], Some(""), &second),
        (&[], Some("."), &default),
    ] {
        let store = CertificateStore::build(bindings.iter().copied(), Arc::clone(&default));
        assert!(Arc::ptr_eq(&store.select(name), &expected.key), "{name:?}");
    }
}

#[test]
fn a_host_without_its_key_is_refused_unless_a_certificate_is_bound_to_it() {
    let own = certificate(&["a.example"]);
    let exact = |name: &str| HostMatch::Exact(name.into());
    let wildcard = |suffix: &str| HostMatch::Wildcard(suffix.into());
    let bound = [exact("a.example"), wildcard("w.example")];
    let store = |refused: &[HostMatch]| {
        let bindings: [(&[HostMatch], _); 1] = [(&bound, &own)];
        CertificateStore::build(bindings, Arc::clone(&own)).refusing(refused)
    };
    let some = [
        exact("a.example"),
        exact("b.example"),
        exact("x.w.example"),
        wildcard("v.example"),
    ];
    for (name, some_refused, all_refused) in [
        (Some("a.example"), false, false),
        (Some("b.example"), true, true),
        (Some("b.example."), true, true),
        (Some("x.w.example"), true, false),
        (Some("y.w.example"), false, false),
        (Some("x.v.example"), true, true),
        (Some("c.example"), false, true),
        (None, false, true),
    ] {
        assert_eq!(store(&some).refuses(name), some_refused, "{name:?}");
        assert_eq!(
            store(&[HostMatch::Any]).refuses(name),
            all_refused,
            "{name:?}"
        );
        assert!(!store(&[]).refuses(name), "{name:?}");
    }
}

#[tokio::test]
async fn a_new_store_is_live_with_the_next_handshake_and_cuts_nothing() {
    let [old, new] = [(); 2].map(|()| certificate(&["a.example"]));
    let resolver = Arc::new(ServerResolver::new(store(&[], &old)));
    let server = server_config(Arc::clone(&resolver), &ServerTlsOptions::default()).unwrap();
    let client = Arc::new(client(&[&TLS13], None));
    let before = handshake(&server, &client, "a.example").await.unwrap();
    resolver.publish(store(&[], &new));
    let fresh = Arc::new(super::support::client(&[&TLS13], None));
    let after = handshake(&server, &fresh, "a.example").await.unwrap();
    assert_eq!(leaf(&before), old.key.cert[0]);
    assert_eq!(leaf(&after), new.key.cert[0]);
    assert!(!before.0.get_ref().1.wants_write());
    let resumed = handshake(&server, &client, "a.example").await.unwrap();
    assert_eq!(
        resumed.0.get_ref().1.handshake_kind(),
        Some(HandshakeKind::Resumed)
    );
}

#[tokio::test]
async fn versions_are_those_of_the_options() {
    let certificate = certificate(&["a.example"]);
    let (v12, v13) = (TlsVersion::Tls12, TlsVersion::Tls13);
    for (min_version, max_version, offered, expected) in [
        (
            v12,
            v13,
            &[&TLS12, &TLS13][..],
            Some(ProtocolVersion::TLSv1_3),
        ),
        (v12, v13, &[&TLS12], Some(ProtocolVersion::TLSv1_2)),
        (v12, v13, &[&TLS13], Some(ProtocolVersion::TLSv1_3)),
        (v12, v12, &[&TLS12, &TLS13], Some(ProtocolVersion::TLSv1_2)),
        (v12, v12, &[&TLS13], None),
        (v13, v13, &[&TLS12], None),
    ] {
        let options = ServerTlsOptions {
            min_version,
            max_version,
            ..ServerTlsOptions::default()
        };
        let server = listener(&certificate, &options);
        let client = Arc::new(client(offered, None));
        let agreed = handshake(&server, &client, "a.example")
            .await
            .ok()
            .and_then(|pair| pair.0.get_ref().1.protocol_version());
        assert_eq!(agreed, expected, "{min_version:?} {max_version:?}");
    }
}

#[tokio::test]
async fn key_exchange_is_hybrid_where_the_client_can() {
    let server = listener(&certificate(&["a.example"]), &ServerTlsOptions::default());
    let group = async |client| {
        let pair = handshake(&server, &Arc::new(client), "a.example")
            .await
            .unwrap();
        let (_, session) = pair.0.get_ref();
        session.negotiated_key_exchange_group().unwrap().name()
    };
    assert_eq!(
        group(client(&[&TLS13], None)).await,
        NamedGroup::X25519MLKEM768
    );
    assert_eq!(group(client(&[&TLS12], None)).await, NamedGroup::X25519);
}

#[tokio::test]
async fn alpn_prefers_http2_where_it_is_offered() {
    let certificate = certificate(&["a.example"]);
    for (http2, offered, expected) in [
        (true, &["h2", "http/1.1"][..], Ok(Some("h2"))),
        (true, &["http/1.1", "h2"], Ok(Some("h2"))),
        (true, &["http/1.1"], Ok(Some("http/1.1"))),
        (true, &[], Ok(None)),
        (false, &["h2", "http/1.1"], Ok(Some("http/1.1"))),
        (false, &["h2"], Err(())),
    ] {
        let options = ServerTlsOptions {
            http2,
            ..ServerTlsOptions::default()
        };
        let server = listener(&certificate, &options);
        let mut client = client(&[&TLS12, &TLS13], None);
        client.alpn_protocols = offered
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        let agreed = handshake(&server, &Arc::new(client), "a.example").await;
        let agreed = agreed
            .map(|pair| pair.0.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
            .map_err(|_| ());
        let expected = expected.map(|name| name.map(|name: &str| name.as_bytes().to_vec()));
        assert_eq!(agreed, expected, "{http2} {offered:?}");
    }
}

#[tokio::test]
async fn sessions_are_resumed_by_the_listener_that_began_them_and_no_other() {
    let certificate = certificate(&["a.example"]);
    for version in [&TLS12, &TLS13] {
        let server = listener(&certificate, &ServerTlsOptions::default());
        let other = listener(&certificate, &ServerTlsOptions::default());
        let client = Arc::new(client(&[version], None));
        for (listener, expected) in [
            (&server, HandshakeKind::Full),
            (&server, HandshakeKind::Resumed),
            (&other, HandshakeKind::Full),
        ] {
            let pair = handshake(listener, &client, "a.example").await.unwrap();
            let kind = pair.0.get_ref().1.handshake_kind();
            assert_eq!(kind, Some(expected), "{version:?}");
        }
    }
}

#[tokio::test]
async fn a_client_that_is_asked_may_send_any_certificate_whose_key_it_holds_or_none() {
    let identity = Authority::new().sign(&params(&["client.example"]));
    let certificate = certificate(&["a.example"]);
    for (ask_certificate, identity, shown) in [
        (false, None, 0),
        (false, Some(&identity), 0),
        (true, None, 0),
        (true, Some(&identity), 2),
    ] {
        let options = ServerTlsOptions {
            ask_certificate,
            ..ServerTlsOptions::default()
        };
        let server = listener(&certificate, &options);
        for version in [&TLS12, &TLS13] {
            let client = Arc::new(client(&[version], identity));
            // Full, then resumed: the session remembers who the client is.
            for _ in 0..2 {
                let pair = handshake(&server, &client, "a.example").await.unwrap();
                let chain = pair.0.get_ref().1.peer_certificates();
                assert_eq!(chain.map_or(0, <[_]>::len), shown, "{version:?}");
            }
        }
    }
}

#[test]
fn names_ask_for_certificates_as_hosts_match() {
    let default = certificate(&["x.example"]);
    let none = CertificateStore::build([], Arc::clone(&default));
    assert!(!none.asks_anybody() && !none.asks(Some("a.example")));
    let some = none.asking(&[exact("a.example"), wildcard("b.example")]);
    assert!(some.asks_anybody());
    for (name, asks) in [
        (Some("a.example"), true),
        (Some("a.example."), true),
        (Some("x.a.example"), false),
        (Some("x.b.example"), true),
        (Some("b.example"), false),
        (Some("y.x.b.example"), false),
        (None, false),
    ] {
        assert_eq!(some.asks(name), asks, "{name:?}");
    }
    let every = CertificateStore::build([], default).asking(&[HostMatch::Any]);
    assert!(every.asks(None) && every.asks(Some("a.example")));
}

#[test]
fn options_that_contradict_themselves_are_refused() {
    let resolver = ServerResolver::new(store(&[], &certificate(&["x.example"])));
    let backwards = ServerTlsOptions {
        min_version: TlsVersion::Tls13,
        max_version: TlsVersion::Tls12,
        ..ServerTlsOptions::default()
    };
    let built = server_config(Arc::new(resolver), &backwards);
    assert_eq!(built.unwrap_err(), ServerTlsError::NoVersion);
}
