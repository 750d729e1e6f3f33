//! The definitions in `deploy/crds` and what is read of their objects are the same.

use std::{collections::BTreeSet, fs, path::Path};

use portcullis::{
    control::{
        Objects, Store,
        source::files::FileSource,
        translate::{ClassSelection, GlobalOptions, TranslateSettings, Translator},
    },
    upstream::NameTrust,
};
use serde_json::Value;
use tempfile::TempDir;

const KINDS: [&str; 2] = ["wafpolicies", "clusterwafpolicies"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The schema of the objects of a definition.
fn schema(plural: &str) -> Value {
    let path = root().join(format!("deploy/crds/{plural}.yaml"));
    let definition: Value = serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(
        definition["metadata"]["name"],
        format!("{plural}.portcullis.dev")
    );
    assert_eq!(definition["spec"]["names"]["plural"], plural);
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// What is wrong with a value by a schema, as far as our schemas go.
fn faults(schema: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
    let known = [
        "type",
        "description",
        "properties",
        "required",
        "items",
        "enum",
        "pattern",
        "minimum",
        "maximum",
        "minLength",
        "maxItems",
        "minProperties",
        "maxProperties",
        "x-kubernetes-int-or-string",
    ];
    for key in schema.as_object().unwrap().keys() {
        assert!(known.contains(&key.as_str()), "{at}: {key}");
    }
    let has_type = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        Some(other) => panic!("{at}: {other}"),
        None => {
            assert_eq!(schema["x-kubernetes-int-or-string"], true, "{at}");
            value.is_i64() || value.is_string()
        }
    };
    if !has_type {
        out.push(format!("{at}: type"));
        return;
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        out.push(format!("{at}: enum"));
    }
    if let Some(number) = value.as_i64() {
        let below = schema["minimum"].as_i64().is_some_and(|it| number < it);
        let above = schema["maximum"].as_i64().is_some_and(|it| number > it);
        if below || above {
            out.push(format!("{at}: range"));
        }
    }
    for item in value.as_array().into_iter().flatten() {
        faults(&schema["items"], item, &format!("{at}[]"), out);
    }
    if schema["properties"].is_object() {
        for name in schema["required"].as_array().into_iter().flatten() {
            if value.get(name.as_str().unwrap()).is_none() {
                out.push(format!("{at}: {name} is missing"));
            }
        }
        for (name, inner) in value.as_object().unwrap() {
            match schema["properties"].get(name) {
                Some(schema) => faults(schema, inner, &format!("{at}.{name}"), out),
                None => out.push(format!("{at}.{name}: unknown")),
            }
        }
        let count = value.as_object().unwrap().len() as u64;
        let least = schema["minProperties"].as_u64().unwrap_or(0);
        let most = schema["maxProperties"].as_u64().unwrap_or(u64::MAX);
        if !(least..=most).contains(&count) {
            out.push(format!("{at}: number of fields"));
        }
    }
}

/// An object with every field that a schema has.
fn full(schema: &Value, at: &str) -> Value {
    if let Some(first) = schema["enum"]
        .as_array()
        .map(|all| all[all.len() - 1].clone())
    {
        return first;
    }
    match schema["type"].as_str() {
        Some("object") if schema["maxProperties"] == 1 => {
            let inline = &schema["properties"]["inline"];
            serde_json::json!({ "inline": full(inline, "inline") })
        }
        Some("object") => {
            let fields = schema["properties"].as_object().unwrap();
            let fields = fields.iter();
            fields
                .map(|(name, schema)| (name.clone(), full(schema, name)))
                .collect()
        }
        Some("array") => vec![full(&schema["items"], at)].into(),
        Some("integer") => schema["minimum"].clone(),
        Some("boolean") => true.into(),
        Some(_) | None => match at {
            "ids" | "protectedIds" => "1-9".into(),
            "limit" => 1000.into(),
            "value" => "/path".into(),
            "hosts" => "*.example.com".into(),
            "page" => "<p>".into(),
            "inline" | "before" | "after" => "# rules".into(),
            _ => "name".into(),
        },
    }
}

/// What is said of manifests.
fn problems(text: &str) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.yaml"), text).unwrap();
    let store = Store::default();
    FileSource::new(vec![folder.path().to_owned()]).sync(&store);
    let view = store.view();
    let mut all: Vec<String> = view
        .problems
        .values()
        .flatten()
        .map(ToString::to_string)
        .collect();
    all.extend(translate(&view.objects));
    all
}

fn translate(objects: &Objects) -> Vec<String> {
    let settings = TranslateSettings {
        https_port: None,
        class: ClassSelection::Every,
        default_certificate: None,
        trust: NameTrust::Trusted,
        permit_unsupported_access_control: false,
        options: GlobalOptions::default(),
        stand_ins: Default::default(),
        firewall: None,
        rule_folders: Default::default(),
        strict_hosts: false,
        by_cluster_ip: false,
        zone: None,
    };
    let problems = Translator::new(settings).translate(objects).problems;
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn every_field_of_a_definition_is_read() {
    for plural in KINDS {
        let schema = schema(plural);
        let spec = full(&schema["properties"]["spec"], "spec");
        let kind = if plural == "wafpolicies" {
            "WafPolicy"
        } else {
            "ClusterWafPolicy"
        };
        let object = serde_json::json!({
            "apiVersion": "portcullis.dev/v1alpha1",
            "kind": kind,
            "metadata": {"name": "full"},
            "spec": spec,
        });
        let mut found = Vec::new();
        faults(&schema, &object, "", &mut found);
        assert_eq!(found, [""; 0], "{object:#}");
        let problems = problems(&object.to_string());
        let read = |it: &&String| !it.contains("there is no ") && !it.contains("group");
        let unread: Vec<_> = problems.iter().filter(read).collect();
        assert!(unread.is_empty(), "{unread:?} {object:#}");
    }
}

#[test]
fn the_examples_of_the_pages_are_valid_and_read_without_a_word() {
    let pages = ["docs/waf/policy.md", "docs/cookie-integrity.md"];
    let page = pages.map(|page| fs::read_to_string(root().join(page)).unwrap());
    let page = page.concat();
    let mut kinds = BTreeSet::new();
    for example in page.split("```yaml\n").skip(1) {
        let text = example.split("```").next().unwrap();
        let object: Value = serde_saphyr::from_str(text).unwrap();
        let kind = object["kind"].as_str().unwrap().to_owned();
        let plural = if kind == "WafPolicy" {
            KINDS[0]
        } else {
            KINDS[1]
        };
        let mut found = Vec::new();
        faults(&schema(plural), &object, "", &mut found);
        assert_eq!(found, [""; 0], "{text}");
        // What they name is not there.
        let is_elsewhere = |it: &String| {
            it.contains("there is no Ingress")
                || it.contains("there is no Secret")
                || it.contains("cannot be read")
                || it.contains("does not exist")
                || it.contains("there are no rules")
        };
        let problems: Vec<_> = problems(text)
            .into_iter()
            .filter(|it| !is_elsewhere(it))
            .collect();
        assert_eq!(problems, [""; 0], "{text}");
        kinds.insert(kind);
    }
    assert_eq!(kinds.len(), 2);
}

#[test]
fn the_page_names_every_field_of_a_definition() {
    let page = fs::read_to_string(root().join("docs/waf/policy.md")).unwrap();
    for plural in KINDS {
        let spec = schema(plural)["properties"]["spec"]["properties"].clone();
        for name in spec.as_object().unwrap().keys() {
            assert!(page.contains(&format!("`{name}")), "{name}");
        }
    }
}
