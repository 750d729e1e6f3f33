//! Both sources come to the same configuration for the same objects.

use std::{collections::BTreeSet, fs, path::Path};

use portcullis::{
    config::Problem,
    control::{
        Store,
        source::files::FileSource,
        translate::{Translation, Translator},
    },
};
use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;

use super::support::{Following, settings};
use crate::api_server::ApiServer;

#[tokio::test(start_paused = true)]
async fn every_case_of_translation_comes_to_the_same_from_disk_and_from_a_cluster() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/translate");
    let cases = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let cases: BTreeSet<_> = cases.collect();
    assert!(cases.len() > 50);
    for case in cases {
        let text = fs::read_to_string(case.join("input.yaml")).unwrap();
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        let documents: Vec<Value> = documents.into_iter().map(complete).collect();
        let disk = from_disk(&documents);
        let cluster = from_cluster(&documents).await;
        let case = case.display();
        assert_eq!(disk.config, cluster.config, "{case}");
        assert_eq!(
            placeless(disk.problems),
            placeless(cluster.problems),
            "{case}"
        );
    }
}

fn from_disk(documents: &[Value]) -> Translation {
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
    fs::write(folder.path().join("all.yaml"), texts.join("\n---\n")).unwrap();
    let store = Store::default();
    FileSource::new(vec![folder.path().to_owned()]).sync(&store);
    Translator::new(settings()).translate(&store.objects())
}

async fn from_cluster(documents: &[Value]) -> Translation {
    let server = ApiServer::new();
    for document in documents {
        server.put(document.clone());
    }
    let following = Following::start(server);
    following.synced().await;
    Translator::new(settings()).translate(&following.view().objects)
}

/// The cases leave out the versions of their objects, and name hosts instead of certificates.
pub(super) fn complete(mut document: Value) -> Value {
    let version = match document["kind"].as_str().unwrap() {
        "Ingress" | "IngressClass" => "networking.k8s.io/v1",
        "EndpointSlice" => "discovery.k8s.io/v1",
        "WafPolicy" | "ClusterWafPolicy" => "portcullis.dev/v1alpha1",
        _ => "v1",
    };
    document["apiVersion"] = version.into();
    let texts = &mut document["stringData"];
    let hosts = texts["tls.crt"]
        .as_str()
        .and_then(|text| text.strip_prefix("for"));
    if let Some(hosts) = hosts {
        let hosts: Vec<String> = hosts.split_whitespace().map(str::to_owned).collect();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(hosts)
            .unwrap()
            .self_signed(&key)
            .unwrap();
        texts["tls.crt"] = certificate.pem().into();
        if texts["tls.key"] == "fits" {
            texts["tls.key"] = key.serialize_pem().into();
        }
    } else if document["stringData"].is_null() {
        document.as_object_mut().unwrap().remove("stringData");
    }
    document
}

fn placeless(problems: Vec<Problem>) -> Vec<Problem> {
    let placeless = problems.into_iter().map(|problem| Problem {
        location: None,
        ..problem
    });
    let mut problems: Vec<Problem> = placeless.collect();
    problems.sort();
    problems
}
