//! Reading certificates.

use std::{sync::Arc, time::SystemTime};

use rcgen::date_time_ymd;
use rustls::version::{TLS12, TLS13};

use super::support::{Authority, client, handshake, leaf, listener, params};
use crate::tls::{Certificate, CertificateError, ServerTlsOptions};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/fixtures/tls/", $name)).as_slice()
    };
}

#[tokio::test]
async fn keys_of_every_kind_and_form_are_served() {
    for (name, chain, key, names) in [
        (
            "RSA in PKCS #8",
            fixture!("rsa.crt"),
            fixture!("rsa-pkcs8.key"),
            vec!["rsa.example", "*.rsa.example"],
        ),
        (
            "RSA in PKCS #1",
            fixture!("rsa.crt"),
            fixture!("rsa-pkcs1.key"),
            vec!["rsa.example", "*.rsa.example"],
        ),
        (
            "P-256 in PKCS #8, certificate of version 1",
            fixture!("ec-v1.crt"),
            fixture!("ec-pkcs8.key"),
            vec!["ec.example"],
        ),
        (
            "P-256 in SEC 1 after its parameters",
            fixture!("ec-v1.crt"),
            fixture!("ec-sec1.key"),
            vec!["ec.example"],
        ),
        (
            "P-384",
            fixture!("p384.crt"),
            fixture!("p384.key"),
            vec!["p384.example"],
        ),
        (
            "Ed25519, common name that is no host",
            fixture!("ed25519.crt"),
            fixture!("ed25519.key"),
            vec![],
        ),
    ] {
        let certificate = Arc::new(Certificate::from_pem(chain, key).expect(name));
        let found: Vec<_> = certificate.names.iter().map(|name| &**name).collect();
        assert_eq!(found, names, "{name}");
        let server = listener(&certificate, &ServerTlsOptions::default());
        for version in [&TLS12, &TLS13] {
            let client = Arc::new(client(&[version], None));
            let pair = handshake(&server, &client, "a.example").await.expect(name);
            assert_eq!(leaf(&pair), certificate.key.cert[0], "{name}");
        }
    }
}

#[test]
fn what_cannot_be_served_is_told_apart() {
    let authority = Authority::new();
    let (chain, key) = authority.sign(&params(&["a.example"]));
    let (_, other) = authority.sign(&params(&["a.example"]));
    let reversed = {
        let second = chain.rfind("-----BEGIN").unwrap();
        format!("{}{}", &chain[second..], &chain[..second])
    };
    let cut = &chain[..chain.len() / 4];
    let not_x509 = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let not_a_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let encrypted = std::str::from_utf8(fixture!("encrypted.key")).unwrap();
    for (name, chain, key, expected) in [
        ("empty chain", "", &*key, CertificateError::NoCertificate),
        ("text", "hello", &key, CertificateError::NoCertificate),
        ("a key only", &key, &key, CertificateError::NoCertificate),
        ("cut chain", cut, &key, CertificateError::NotPem),
        ("empty key", &chain, "", CertificateError::NoKey),
        ("certificate only", &chain, &chain, CertificateError::NoKey),
        ("encrypted key", &chain, encrypted, CertificateError::NoKey),
        ("cut key", &chain, &key[..60], CertificateError::NotPem),
        (
            "not X.509",
            not_x509,
            &key,
            CertificateError::BadCertificate,
        ),
        (
            "no key",
            &chain,
            not_a_key,
            CertificateError::UnsupportedKey,
        ),
        ("foreign key", &chain, &other, CertificateError::Mismatch),
        ("leaf last", &reversed, &key, CertificateError::LeafNotFirst),
    ] {
        let read = Certificate::from_pem(chain.as_bytes(), key.as_bytes());
        assert_eq!(read.unwrap_err(), expected, "{name}");
    }
}

#[tokio::test]
async fn the_chain_is_sent_as_it_stands_whatever_else_the_text_holds() {
    let authority = Authority::new();
    let (chain, key) = authority.sign(&params(&["A.example"]));
    let text = format!(
        "subject=a.example\r\n{key}\n{}",
        chain.replace('\n', "\r\n")
    );
    let certificate = Certificate::from_pem(text.as_bytes(), text.as_bytes()).unwrap();
    assert_eq!(certificate.names, ["a.example".into()]);
    let server = listener(&Arc::new(certificate), &ServerTlsOptions::default());
    let client = Arc::new(client(&[&TLS13], None));
    let pair = handshake(&server, &client, "a.example").await.unwrap();
    let received = pair.1.get_ref().1.peer_certificates().unwrap();
    assert_eq!(received.len(), 2);
    assert_eq!(*received[1], *authority.der());
}

#[tokio::test]
async fn an_expired_certificate_is_served_all_the_same() {
    let mut params = params(&["a.example"]);
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(2002, 1, 1);
    let (chain, key) = Authority::new().sign(&params);
    let certificate = Arc::new(Certificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap());
    let ended = certificate
        .not_after
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    assert_eq!(ended.as_secs(), 1_009_843_200);
    let server = listener(&certificate, &ServerTlsOptions::default());
    let client = Arc::new(client(&[&TLS13], None));
    let pair = handshake(&server, &client, "a.example").await.unwrap();
    assert_eq!(leaf(&pair), certificate.key.cert[0]);
}

#[test]
fn a_certificate_is_equal_to_itself_read_again_and_to_no_other() {
    let authority = Authority::new();
    let (chain, key) = authority.sign(&params(&["a.example"]));
    let (renewed, new_key) = authority.sign(&params(&["a.example"]));
    let read =
        |chain: &str, key: &str| Certificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
    let leaf_only = &chain[..chain.rfind("-----BEGIN").unwrap()];
    assert_eq!(read(&chain, &key), read(&chain, &key));
    assert_ne!(read(&chain, &key), read(&renewed, &new_key));
    assert_ne!(read(&chain, &key), read(leaf_only, &key));
}

#[test]
fn the_self_made_certificate_is_new_each_time_and_is_for_no_host() {
    let certificate = Certificate::self_signed();
    assert_ne!(certificate, Certificate::self_signed());
    assert!(certificate.names.is_empty());
    let shown = format!("{certificate:?}");
    assert!(!shown.contains("key"), "{shown}");
    let (_, parsed) = x509_parser::parse_x509_certificate(&certificate.key.cert[0]).unwrap();
    assert_eq!(
        parsed.subject().to_string(),
        "CN=Portcullis default certificate"
    );
    assert!(parsed.validity().is_valid());
    let names = parsed.subject_alternative_name().unwrap().unwrap();
    let names: Vec<String> = names
        .value
        .general_names
        .iter()
        .map(|it| it.to_string())
        .collect();
    assert_eq!(names, ["DNSName(portcullis.invalid)"]);
}
