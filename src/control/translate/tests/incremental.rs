//! One translation after another comes to what one alone does, in whatever order objects come.

use std::sync::Arc;

use serde_json::json;

use super::support::{Document, documents, objects, put, remove, render, settings};
use crate::{
    config::Route,
    control::{
        Objects,
        translate::{TranslateSettings, Translation, Translator},
    },
};

/// Brings documents one by one, in several orders, with a translation after each; takes them away
/// again; and compares at every step with a translator that sees nothing but the moment.
pub(super) fn every_order_comes_to_the_same(documents: &[Document], settings: &TranslateSettings) {
    let expected = Translator::new(settings.clone()).translate(&objects(documents));
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..3 {
        let mut shuffled = documents.to_vec();
        random.shuffle(&mut shuffled);
        let mut translator = Translator::new(settings.clone());
        let mut world = Objects::default();
        let mut revision = 0;
        for document in &shuffled {
            revision += 1;
            put(&mut world, document, revision);
            let step = translator.translate(&world);
            let alone = Translator::new(settings.clone()).translate(&world);
            assert_eq!(step.config, alone.config);
            assert_eq!(step.problems, alone.problems);
        }
        let last = translator.translate(&world);
        assert_eq!(last.config, expected.config);
        assert_eq!(last.problems, expected.problems);
        for document in &shuffled {
            remove(&mut world, document);
            let step = translator.translate(&world);
            let alone = Translator::new(settings.clone()).translate(&world);
            assert_eq!(step.config, alone.config);
            assert_eq!(step.problems, alone.problems);
        }
    }
}

const THREE: &str = r#"
{kind: Ingress, metadata: {name: a}, spec: {tls: [{hosts: [a.com], secretName: a}], rules: [{host: a.com, http: {paths: [
  {path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}]}}]}}
---
{kind: Ingress, metadata: {name: b}, spec: {rules: [{host: a.com, http: {paths: [
  {path: /b, pathType: Prefix, backend: {service: {name: b, port: {number: 80}}}}]}}]}}
---
{kind: Ingress, metadata: {name: c}, spec: {rules: [{host: c.com, http: {paths: [
  {path: /, pathType: Prefix, backend: {service: {name: b, port: {number: 80}}}}]}}]}}
---
{kind: Secret, metadata: {name: a}, stringData: {tls.crt: for a.com, tls.key: fits}}
---
{kind: Service, metadata: {name: a}, spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}}
---
{kind: Service, metadata: {name: b}, spec: {clusterIP: None, ports: [{port: 80}]}}
---
{kind: EndpointSlice, metadata: {name: b, labels: {kubernetes.io/service-name: b}}, addressType: IPv4,
  ports: [{port: 80}], endpoints: [{addresses: [10.1.0.1]}]}
"#;

/// Objects, a translator that has seen them, and what they came to.
fn three() -> (Objects, Translator, Translation) {
    let world = objects(&documents(THREE));
    let mut translator = Translator::new(settings(""));
    let translation = translator.translate(&world);
    assert_eq!(translation.problems, []);
    (world, translator, translation)
}

/// The hosts of routes that are not the same object as before.
fn new_routes(before: &Translation, after: &Translation) -> Vec<String> {
    let old = |route: &Arc<Route>| before.config.routes.iter().any(|it| Arc::ptr_eq(it, route));
    let new = after.config.routes.iter().filter(|route| !old(route));
    new.map(|route| route.object.name.to_string()).collect()
}

#[test]
fn endpoints_alone_leave_every_route_as_it_is() {
    let (mut world, mut translator, before) = three();
    let text = THREE.replace("10.1.0.1", "10.1.0.2");
    put(&mut world, documents(&text).last().unwrap(), 100);
    let after = translator.translate(&world);
    assert_eq!(new_routes(&before, &after), [""; 0]);
    let changed = before
        .config
        .clusters
        .values()
        .zip(after.config.clusters.values());
    let changed = changed.filter(|(old, new)| !Arc::ptr_eq(old, new));
    let changed: Vec<&str> = changed.map(|(_, new)| &*new.id.0).collect();
    assert_eq!(changed, ["default/b:80"]);
}

#[test]
fn one_ingress_leaves_the_routes_of_others_as_they_are() {
    let (mut world, mut translator, before) = three();
    let text = THREE.replace("/b,", "/bb,");
    put(&mut world, &documents(&text)[1], 100);
    let after = translator.translate(&world);
    assert_eq!(new_routes(&before, &after), ["b"]);
    assert!(Arc::ptr_eq(
        &before.config.certificates[0],
        &after.config.certificates[0]
    ));
}

#[test]
fn tls_that_goes_from_a_host_concerns_all_who_share_it() {
    let (mut world, mut translator, before) = three();
    let text = THREE.replace("tls: [{hosts: [a.com], secretName: a}], ", "");
    put(&mut world, &documents(&text)[0], 100);
    let after = translator.translate(&world);
    assert_eq!(new_routes(&before, &after), ["b", "a"]);
}

#[test]
fn an_object_that_changed_in_nothing_that_counts_changes_nothing() {
    let (mut world, mut translator, before) = three();
    for (revision, document) in documents(THREE).iter().enumerate() {
        if document["kind"] != "Secret" {
            put(&mut world, document, 100 + revision as u64);
        }
    }
    let after = translator.translate(&world);
    assert_eq!(new_routes(&before, &after), [""; 0]);
    assert_eq!(before.config, after.config);
}

#[test]
fn any_sequence_of_changes_comes_to_what_the_moment_does() {
    let mut random = fastrand::Rng::with_seed(11);
    let settings = settings("{classes: [x], default-certificate: s0}");
    let mut translator = Translator::new(settings.clone());
    let mut world = Objects::default();
    for revision in 0..1_000 {
        let document = document(&mut random);
        if random.u8(..4) == 0 {
            remove(&mut world, &document);
        } else {
            put(&mut world, &document, revision);
        }
        // Several changes between two translations, sometimes.
        if random.bool() {
            let step = translator.translate(&world);
            let alone = Translator::new(settings.clone()).translate(&world);
            assert_eq!(
                render(&step.config),
                render(&alone.config),
                "revision {revision}"
            );
            assert_eq!(step.config, alone.config, "revision {revision}");
            assert_eq!(step.problems, alone.problems, "revision {revision}");
        }
    }
}

/// An object of a small world, in which everything meets everything.
fn document(random: &mut fastrand::Rng) -> Document {
    match random.u8(..12) {
        0..=5 => ingress(random),
        6 => json!({"kind": "IngressClass", "metadata": {"name": "x", "annotations": {
            "ingressclass.kubernetes.io/is-default-class": pick(random, &["true", "false"])}}}),
        7 | 8 => json!({"kind": "Service", "metadata": {"name": pick(random, SERVICES)}, "spec": {
            "clusterIP": pick(random, &["None", "10.0.0.1"]),
            "ports": [{"name": pick(random, PORTS), "port": 80,
                "appProtocol": pick(random, &["http", "kubernetes.io/h2c"])}]}}),
        9 | 10 => json!({"kind": "EndpointSlice", "metadata": {
                "name": pick(random, &["e0", "e1", "e2"]),
                "labels": {"kubernetes.io/service-name": pick(random, SERVICES)}},
            "addressType": "IPv4", "ports": [{"name": pick(random, PORTS), "port": 8080}],
            "endpoints": [{"addresses": [pick(random, &["10.1.0.1", "10.1.0.2", "no address"])],
                "conditions": {"ready": random.bool(), "terminating": random.bool()}}]}),
        _ => json!({"kind": "Secret", "metadata": {"name": pick(random, SECRETS)},
            "stringData": {"tls.crt": "no certificate", "tls.key": "no key"}}),
    }
}

const HOSTS: &[&str] = &["a.com", "x.a.com", "*.a.com", ""];
const PORTS: &[&str] = &["http", "web"];
const SECRETS: &[&str] = &["s0", "s1"];
const SERVICES: &[&str] = &["v0", "v1", "v2"];

fn ingress(random: &mut fastrand::Rng) -> Document {
    let mut backend = || {
        json!({"service": {
        "name": pick(random, SERVICES),
        "port": if random.bool() { json!({"number": 80}) } else { json!({"name": "http"}) }}})
    };
    let backends = [backend(), backend(), backend()];
    let annotation = pick(
        random,
        &[
            "auth-tls-secret",
            "ssl-redirect",
            "backend-protocol",
            "upstream-hash-by",
            "canary",
        ],
    );
    let value = pick(random, &["true", "false", "AUTO_HTTP", "$host"]);
    let mut path = |backend| {
        json!({"path": pick(random, &["/", "/p", "/p/"]),
        "pathType": pick(random, &["Prefix", "Exact"]), "backend": backend})
    };
    let paths = [path(&backends[0]), path(&backends[1])];
    let mut spec = json!({"ingressClassName": pick(random, &["x", "x", "x", "y", ""])});
    if random.u8(..4) > 0 {
        spec["rules"] = json!([
            {"host": pick(random, HOSTS), "http": {"paths": paths}},
            {"host": pick(random, HOSTS)},
        ]);
    }
    if random.bool() {
        spec["defaultBackend"] = backends[2].clone();
    }
    if random.u8(..3) == 0 {
        spec["tls"] = json!([{"hosts": [pick(random, &["a.com", "*.a.com"])],
            "secretName": pick(random, SECRETS)}]);
    }
    json!({"kind": "Ingress", "spec": spec, "metadata": {
        "name": pick(random, &["i0", "i1", "i2", "i3"]),
        "creationTimestamp": format!("2026-01-0{}T00:00:00Z", random.u8(1..4)),
        "annotations": {(format!("nginx.ingress.kubernetes.io/{annotation}")): value}}})
}

fn pick<'a>(random: &mut fastrand::Rng, all: &[&'a str]) -> &'a str {
    all[random.usize(..all.len())]
}
