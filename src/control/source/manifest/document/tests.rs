//! What documents say, and what is said about them.
#![allow(clippy::unwrap_used)]

use k8s_openapi::api::networking::v1::Ingress;

use super::*;

/// What a document says, each problem with the text that it points at.
struct Said {
    objects: Vec<(String, Object)>,
    problems: Vec<(String, String, String)>,
    broken: Vec<String>,
    is_opaque: bool,
}

fn said(text: &str) -> Said {
    let document = Document::parse(text);
    let file = Arc::new(PathBuf::from("f.yaml"));
    let piece = Piece {
        text: text.into(),
        offset: 0,
        line: 1,
    };
    let name = |kind: ObjectKind, key: &Key| reference(kind, key).to_string();
    Said {
        objects: document
            .definitions(&file, &piece, &TreeCache::default())
            .map(|found| (name(found.object.kind(), &found.key), found.object))
            .collect(),
        problems: document
            .problems(&file, &piece)
            .map(|problem| {
                let (start, end) = problem.location.as_ref().unwrap().span;
                (problem.field, problem.message, text[start..end].to_owned())
            })
            .collect(),
        broken: document
            .broken()
            .iter()
            .map(|(kind, key)| name(*kind, key))
            .collect(),
        is_opaque: document.is_opaque(),
    }
}

fn ingress(text: &str) -> Ingress {
    let said = said(text);
    assert_eq!(said.problems, [], "{text}");
    match said.objects.as_slice() {
        [(_, Object::Ingress(ingress))] => Ingress::clone(ingress),
        other => panic!("{other:?}"),
    }
}

/// The problems of a document that has one kind of fault.
fn problems(text: &str) -> Vec<(String, String, String)> {
    said(text).problems
}

const V1: &str = r#"
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
spec:
  defaultBackend: {service: {name: fallback, port: {number: 8080}}}
  rules:
  - host: myapp.com
    http:
      paths:
      - path: /blog
        pathType: ImplementationSpecific
        backend: {service: {name: blogservice, port: {number: 80}}}
      - path: /store
        pathType: Prefix
        backend: {service: {name: storeservice, port: {name: http}}}
"#;

const LEGACY: &str = r#"
apiVersion: extensions/v1beta1
kind: Ingress
metadata:
  name: shop
spec:
  backend: {serviceName: fallback, servicePort: "8080"}
  rules:
  - host: myapp.com
    http:
      paths:
      - path: /blog
        backend: {serviceName: blogservice, servicePort: 80}
      - path: /store
        pathType: Prefix
        backend: {serviceName: storeservice, servicePort: http}
"#;

#[test]
fn the_legacy_schema_means_the_same() {
    let current = ingress(V1);
    assert_eq!(current.metadata.namespace.as_deref(), Some("default"));
    assert_eq!(ingress(LEGACY), current);
    let networking = LEGACY.replace("extensions/", "networking.k8s.io/");
    assert_eq!(ingress(&networking), current);
}

#[test]
fn fields_of_the_wrong_schema_are_unknown() {
    let mixed = V1.replace("networking.k8s.io/v1", "extensions/v1beta1");
    let fields: Vec<_> = problems(&mixed)
        .into_iter()
        .map(|it| (it.0, it.2))
        .collect();
    assert_eq!(
        fields,
        [
            ("spec.defaultBackend", "defaultBackend"),
            ("spec.rules[0].http.paths[0].backend.service", "service"),
            ("spec.rules[0].http.paths[1].backend.service", "service"),
        ]
        .map(|(field, place)| (field.to_owned(), place.to_owned()))
    );
    let mixed = LEGACY.replace("extensions/v1beta1", "networking.k8s.io/v1");
    let fields: Vec<_> = problems(&mixed)
        .into_iter()
        .map(|it| (it.0, it.2))
        .collect();
    assert!(fields.contains(&("spec.backend".to_owned(), "backend".to_owned())));
    assert_eq!(fields.len(), 5, "{fields:?}");
}

#[test]
fn every_value_of_the_wrong_type_is_found_at_its_field() {
    let said = said(
        &LEGACY
            .replace("host: myapp.com", "host: on")
            .replace("servicePort: 80}", "servicePort: [80]}")
            .replace("name: shop", "name: shop\n  annotations: {a/b: true}")
            .replace("serviceName: storeservice", "serviceName: 7"),
    );
    assert!(said.objects.is_empty());
    assert_eq!(said.broken, ["Ingress default/shop"]);
    let found: Vec<_> = said.problems.iter().map(|it| (&*it.0, &*it.2)).collect();
    assert_eq!(
        found,
        [
            (r#"metadata.annotations["a/b"]"#, "true"),
            ("spec.rules[0].host", "on"),
            ("spec.rules[0].http.paths[0].backend.servicePort", "[80]"),
            ("spec.rules[0].http.paths[1].backend.serviceName", "7"),
        ]
    );
}

#[test]
fn what_cannot_be_used_is_named_if_it_can_be() {
    for (text, broken, is_opaque, field, place) in [
        ("a: 1\n", &[][..], true, "", "a: 1"),
        ("just text\n", &[], true, "", "just text"),
        (
            "apiVersion: v1\nkind: Service\n",
            &[],
            true,
            "metadata.name",
            "apiVersion: v1\nkind: Service",
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: a, name: b}\n",
            &["Service default/a"],
            false,
            "metadata.name",
            "name",
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec: [\n",
            &["Service default/a"],
            false,
            "",
            "[",
        ),
        (
            "kind: Service\nmetadata: {name: a}\nspec: [\n",
            &[],
            true,
            "",
            "[",
        ),
        (
            "apiVersion: v1\nkind: List\nitems: 5\n",
            &[],
            true,
            "items",
            "5",
        ),
        ("a: !custom 1\n", &[], true, "", "1"),
    ] {
        let said = said(text);
        assert!(said.objects.is_empty(), "{text}");
        assert_eq!(said.broken, broken, "{text}");
        assert_eq!(said.is_opaque, is_opaque, "{text}");
        let found: Vec<_> = said.problems.iter().map(|it| (&*it.0, &*it.2)).collect();
        assert_eq!(found, [(field, place)], "{text}");
    }
}

#[test]
fn other_kinds_are_named_and_left_out() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: b}\n";
    let said = said(text);
    assert!(said.objects.is_empty() && !said.is_opaque);
    assert_eq!(
        said.problems,
        [(
            "kind".to_owned(),
            "kind `Deployment` of `apps/v1` (b/a) is not read".to_owned(),
            "Deployment".to_owned()
        )]
    );
}

#[test]
fn lists_hold_objects() {
    for text in [
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: a}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n",
        r#"{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"}},{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}]}"#,
    ] {
        let said = said(text);
        assert_eq!(said.problems, []);
        let names: Vec<_> = said.objects.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Service default/a", "ConfigMap default/b"]);
    }
    let typed = "apiVersion: v1\nkind: ServiceList\nitems:\n- metadata: {name: a}\n";
    assert_eq!(said(typed).objects[0].0, "Service default/a");
    let one_bad = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: a}, spec: 1}\n- {apiVersion: v1, kind: Service, metadata: {name: b}}\n";
    let said = said(one_bad);
    assert_eq!(said.objects[0].0, "Service default/b");
    assert_eq!(said.broken, ["Service default/a"]);
}

#[test]
fn kinds_without_a_namespace_have_none() {
    let said = said(
        "apiVersion: networking.k8s.io/v1beta1\nkind: IngressClass\nmetadata: {name: a, namespace: b}\n",
    );
    assert_eq!(said.objects[0].0, "IngressClass a");
}

#[test]
fn a_secret_has_its_string_data_among_its_data() {
    let said = said(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {x: aGk=, z: aGk=}\nstringData: {z: text}\n",
    );
    let [(_, Object::Secret(secret))] = said.objects.as_slice() else {
        panic!("{:?}", said.objects);
    };
    let data = secret.data.as_ref().unwrap();
    assert_eq!((&*data["x"].0, &*data["z"].0), (&b"hi"[..], &b"text"[..]));
    assert_eq!(secret.string_data, None);
}

#[test]
fn words_about_a_secret_hold_no_value_of_it() {
    let said = said(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: [hunter1]\ndata: {x: 'hunter2!'}\nstringData: {k: 12345, z: {hunter3: 1}}\n",
    );
    assert_eq!(said.broken, ["Secret default/a"]);
    assert_eq!(said.problems.len(), 4);
    for (field, message, _) in said.problems {
        assert!(
            !message.contains("hunter") && !message.contains("12345"),
            "{field}: {message}"
        );
    }
}

#[test]
fn fields_are_found_in_whatever_form_the_object_is_written() {
    let list = "kind: List\napiVersion: v1\nitems:\n- # the first\n  apiVersion: v1\n  kind: Secret\n  metadata: {name: s}\n  stringData:\n    tls.crt: |\n      PEM\n    é: ü\n";
    let paths = "spec.rules[0].http.paths";
    for (text, field, place) in [
        (V1, format!("{paths}[1].backend.service.port.name"), "http"),
        (
            LEGACY,
            format!("{paths}[1].backend.service.port.name"),
            "http",
        ),
        (
            LEGACY,
            format!("{paths}[0].backend.service.name"),
            "blogservice",
        ),
        (
            LEGACY,
            format!("{paths}[0].backend.serviceName"),
            "blogservice",
        ),
        (
            LEGACY,
            format!("{paths}[0].pathType"),
            "path: /blog\n        backend: {serviceName: blogservice, servicePort: 80}",
        ),
        (
            LEGACY,
            "spec.defaultBackend.service.port.number".to_owned(),
            "\"8080\"",
        ),
        (
            V1,
            "spec.defaultBackend.resource.kind".to_owned(),
            "{service: {name: fallback, port: {number: 8080}}}",
        ),
        (V1, String::new(), "shop"),
        (V1, "status".to_owned(), "shop"),
        (list, r#"data["tls.crt"]"#.to_owned(), "PEM"),
        (list, r#"data["é"]"#.to_owned(), "ü"),
        (list, "metadata".to_owned(), "{name: s}"),
    ] {
        let document = Document::parse(text);
        let file = Arc::new(PathBuf::from("f"));
        let piece = Piece {
            text: text.into(),
            offset: 0,
            line: 1,
        };
        let found = document
            .definitions(&file, &piece, &TreeCache::default())
            .next()
            .unwrap();
        let place_found = found.places.unwrap().locate(&field).unwrap();
        let (start, end) = place_found.span;
        assert_eq!(&text[start..end], place, "{field}");
        let line = text[..start].matches('\n').count() + 1;
        assert_eq!(place_found.line as usize, line, "{field}");
    }
}

#[test]
fn fields_are_found_behind_anchors_aliases_and_merge_keys() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: &m\n  name: a\n  labels: &l {x: one}\n  annotations:\n    <<: *l\n    z: two\ndata: *l\nbinaryData:\n";
    let places = [
        ("metadata.annotations.x", "one"),
        ("metadata.annotations.z", "two"),
        ("data.x", "one"),
        ("binaryData", "binaryData"),
    ];
    let document = Document::parse(text);
    let (file, piece) = (
        Arc::new(PathBuf::from("f")),
        Piece {
            text: text.into(),
            offset: 0,
            line: 1,
        },
    );
    let cache = TreeCache::default();
    let found = document.definitions(&file, &piece, &cache).next().unwrap();
    for (field, place) in places {
        let (start, end) = found.places.as_ref().unwrap().locate(field).unwrap().span;
        assert_eq!(&text[start..end], place, "{field}");
    }
}
