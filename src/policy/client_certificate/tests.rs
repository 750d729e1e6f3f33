//! Chains that are good and chains that are not.
#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use rustls_pki_types::CertificateDer;

use super::{
    CertificateDemand, CertificateRefusal, ClientAuthorities, ClientCertificatePolicy, Judgement,
    SubjectPattern, is_client_certificate_field,
};

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Good, Ltd.");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn authority(name: &str) -> Issuer {
    CertifiedIssuer::self_signed(authority_params(name), KeyPair::generate().unwrap()).unwrap()
}

fn below(issuer: &Issuer, name: &str) -> Issuer {
    CertifiedIssuer::signed_by(authority_params(name), KeyPair::generate().unwrap(), issuer)
        .unwrap()
}

fn leaf(params: &CertificateParams, issuer: &Issuer) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    params.signed_by(&key, issuer).unwrap().der().clone()
}

fn policy(authority: &Issuer, demand: CertificateDemand) -> ClientCertificatePolicy {
    ClientCertificatePolicy {
        authorities: Arc::new(ClientAuthorities::from_pem(authority.pem().as_bytes()).unwrap()),
        demand,
        max_intermediates: 1,
        subject: None,
        pass_on: false,
    }
}

fn judge(
    policy: &ClientCertificatePolicy,
    chain: &[CertificateDer<'_>],
) -> (Result<(), CertificateRefusal>, String) {
    let Judgement { outcome, fields } = policy.judge(chain, SystemTime::now());
    (outcome, String::from_utf8(fields).unwrap())
}

#[test]
fn who_is_admitted_depends_on_what_is_asked_and_on_the_chain() {
    use CertificateDemand::{Optional, OptionalUnverified, Required};
    use CertificateRefusal::{Missing, Unverified};
    let (root, foreign) = (authority("root"), authority("foreign"));
    let (middle, other) = (below(&root, "middle"), below(&root, "other"));
    let low = below(&middle, "low");
    let mut expired = params("expired");
    expired.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let mut server = params("server");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let client = params("client");
    let der = |issuer: &Issuer| issuer.der().clone();
    type Case = (
        &'static str,
        Vec<CertificateDer<'static>>,
        [Result<(), CertificateRefusal>; 3],
    );
    let chains: [Case; 8] = [
        ("none", vec![], [Err(Missing), Ok(()), Ok(())]),
        ("direct", vec![leaf(&client, &root)], [Ok(()); 3]),
        (
            "by one",
            vec![leaf(&client, &middle), der(&middle)],
            [Ok(()); 3],
        ),
        (
            "by two",
            vec![leaf(&client, &low), der(&low), der(&middle)],
            [Err(Unverified); 3],
        ),
        (
            "a link is missing",
            vec![leaf(&client, &other)],
            [Err(Unverified), Err(Unverified), Ok(())],
        ),
        (
            "foreign",
            vec![leaf(&client, &foreign), der(&foreign)],
            [Err(Unverified), Err(Unverified), Ok(())],
        ),
        ("expired", vec![leaf(&expired, &root)], [Err(Unverified); 3]),
        (
            "for servers",
            vec![leaf(&server, &root)],
            [Err(Unverified); 3],
        ),
    ];
    for (what, chain, expected) in chains {
        for (demand, expected) in [Required, Optional, OptionalUnverified]
            .into_iter()
            .zip(expected)
        {
            let (outcome, fields) = judge(&policy(&root, demand), &chain);
            assert_eq!(outcome, expected, "{what}, {demand:?}: {fields}");
        }
    }
}

#[test]
fn the_subject_has_to_match_and_no_certificate_matches_nothing() {
    let root = authority("root");
    let chain = [leaf(&params("client.example"), &root)];
    for (pattern, is_admitted) in [
        ("CN=client.example", true),
        ("CN=(client|other)\\.example,O=Good", true),
        ("CN=client.example$", false),
        ("CN=other", false),
    ] {
        let policy = ClientCertificatePolicy {
            subject: Some(SubjectPattern::new(pattern).unwrap()),
            ..policy(&root, CertificateDemand::Optional)
        };
        let expected = if is_admitted {
            Ok(())
        } else {
            Err(CertificateRefusal::Subject)
        };
        assert_eq!(judge(&policy, &chain).0, expected, "{pattern}");
        assert_eq!(judge(&policy, &[]).0, Err(CertificateRefusal::Subject));
    }
    assert!(SubjectPattern::new("client").is_err());
    assert!(SubjectPattern::new("CN=(").is_err());
    assert!(SubjectPattern::new("CN=(a{1000}){1000}").is_err());
}

#[test]
fn the_upstream_is_told_as_ingress_nginx_tells_it() {
    let (root, foreign) = (authority("root"), authority("foreign"));
    let mut evil = params("evil\r\nx: y");
    evil.distinguished_name.push(DnType::CountryName, "Ä#");
    for (params, issuer, pass_on, expected) in [
        (
            &params("client"),
            &root,
            false,
            "ssl-client-verify: SUCCESS\r\nssl-client-subject-dn: CN=client,O=Good\\, Ltd.\r\n\
             ssl-client-issuer-dn: CN=root,O=Good\\, Ltd.\r\n",
        ),
        (
            &evil,
            &foreign,
            true,
            "ssl-client-verify: FAILED:unable to get local issuer certificate\r\n\
             ssl-client-subject-dn: C=\\C3\\84#,CN=evil\\0D\\0Ax: y,O=Good\\, Ltd.\r\n\
             ssl-client-issuer-dn: CN=foreign,O=Good\\, Ltd.\r\n\
             ssl-client-cert: -----BEGIN%20CERTIFICATE-----%0AMII",
        ),
    ] {
        let policy = ClientCertificatePolicy {
            pass_on,
            ..policy(&root, CertificateDemand::OptionalUnverified)
        };
        let chain = [leaf(params, issuer)];
        let (_, fields) = judge(&policy, &chain);
        assert!(fields.starts_with(expected), "{fields}");
        if pass_on {
            let value = fields.split("ssl-client-cert: ").nth(1).unwrap().trim_end();
            let pem = value
                .replace("%0A", "\n")
                .replace("%20", " ")
                .replace("%2B", "+")
                .replace("%2F", "/")
                .replace("%3D", "=");
            let read: CertificateDer<'_> =
                rustls_pki_types::pem::PemObject::from_pem_slice(pem.as_bytes()).unwrap();
            assert_eq!(read, chain[0]);
            assert!(pem.ends_with("-----END CERTIFICATE-----\n"));
        }
    }
    let policy = policy(&root, CertificateDemand::Optional);
    assert_eq!(judge(&policy, &[]).1, "ssl-client-verify: NONE\r\n");
}

#[test]
fn names_of_the_fields_are_known_however_they_are_written() {
    for (name, is_one) in [
        ("ssl-client-verify", true),
        ("SSL_Client-Subject_DN", true),
        ("ssl-client-cert", true),
        ("ssl-client", false),
        ("ssl-client-certs", false),
        ("x-ssl-client-cert", false),
    ] {
        assert_eq!(
            is_client_certificate_field(name.as_bytes()),
            is_one,
            "{name}"
        );
    }
}

#[test]
fn authorities_that_cannot_be_read_are_none() {
    let root = authority("root");
    let broken = root.pem().replace("MII", "AAA");
    for text in ["", "no PEM", &broken, "-----BEGIN CERTIFICATE-----\nA"] {
        assert!(
            ClientAuthorities::from_pem(text.as_bytes()).is_err(),
            "{text}"
        );
    }
    let both = root.pem() + &authority("other").pem();
    let (one, two) = (root.pem(), both);
    let read = |text: &str| ClientAuthorities::from_pem(text.as_bytes()).unwrap();
    assert_eq!(read(&one), read(&one));
    assert_ne!(read(&one), read(&two));
}
