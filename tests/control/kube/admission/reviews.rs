//! What comes in as a review, and is none.

use portcullis::control::admission::Review;
use serde_json::{Value, json};

use super::support::{ingress, review};

#[test]
fn what_is_no_review_is_refused_with_a_reason() {
    let good = review("CREATE", &ingress("web", "a.example", "/"), &Value::Null);
    let changed = |path: &str, value: Value| {
        let mut review = good.clone();
        let (parent, field) = path.rsplit_once('/').unwrap();
        review.pointer_mut(parent).unwrap()[field] = value;
        review.to_string()
    };
    let policy = json!({
        "apiVersion": "portcullis.dev/v1alpha1", "kind": "WafPolicy",
        "metadata": {"name": "p", "namespace": "default"}, "spec": {"mode": "Block"},
    });
    let policy = review("CREATE", &policy, &Value::Null).to_string();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let rows: Vec<(String, &str)> = vec![
        (String::new(), "EOF while parsing"),
        ("\u{0}\u{1}\u{2}".to_owned(), "expected value"),
        ("<xml/>".to_owned(), "expected value"),
        ("[]".to_owned(), "this is \"\" of \"\""),
        ("{}".to_owned(), "this is \"\" of \"\""),
        ("null".to_owned(), "invalid type"),
        (good.to_string()[..200].to_owned(), "EOF while parsing"),
        (format!("{good}x"), "trailing characters"),
        (deep.clone(), "this is no AdmissionReview"),
        (changed("/kind", "Pod".into()), "this is \"Pod\""),
        (
            changed("/apiVersion", "admission.k8s.io/v1beta1".into()),
            "v1beta1",
        ),
        (changed("/request", Value::Null), "there is no request"),
        (changed("/request", json!({})), "missing field"),
        (changed("/request/uid", "".into()), "request.uid"),
        (
            changed("/request/uid", "u".repeat(10_000).into()),
            "request.uid",
        ),
        (changed("/request/uid", 5.into()), "invalid type"),
        (
            changed("/request/operation", "DESTROY".into()),
            "request.operation",
        ),
        (
            changed("/request/kind/kind", "Pod".into()),
            "\"Pod\" of \"networking.k8s.io/v1\"",
        ),
        (
            changed("/request/kind/version", "v1beta1".into()),
            "is not reviewed here",
        ),
        (
            changed("/request/kind/group", "".into()),
            "is not reviewed here",
        ),
        (
            changed("/request/object", Value::Null),
            "request.object: there is none",
        ),
        (changed("/request/object", json!([1, 2])), "request.object"),
        (changed("/request/object", json!("text")), "request.object"),
        (
            changed("/request/object/spec/rules", json!("x")),
            "request.object: spec.rules",
        ),
        (
            changed(
                "/request/object/metadata/annotations",
                json!({"a": {"b": 1}}),
            ),
            "request.object: metadata.annotations",
        ),
        (
            good.to_string()
                .replace("\"rules\":[", &format!("\"rules\":[{deep},")),
            "request.object: spec.rules[0]",
        ),
        (
            policy.replace("\"Block\"", &deep),
            "request.object: spec.mode[0][0]",
        ),
        (
            changed("/request/operation", "UPDATE".into()),
            "request.oldObject: there is none",
        ),
    ];
    for (text, reason) in rows {
        let error = Review::parse(text.as_bytes()).unwrap_err().to_string();
        let shown: String = text.chars().take(80).collect();
        assert!(error.contains(reason), "{shown}: {error}");
        assert!(error.len() < 1000, "{shown}: {}", error.len());
    }
    // Not even text.
    for bytes in [
        &b"\xff\xfe{"[..],
        b"{\"apiVersion\":\"\xc3\x28\"}",
        &[0x80; 4096],
    ] {
        assert!(Review::parse(bytes).is_err());
    }
}

#[test]
fn every_prefix_of_a_review_is_refused_or_understood_without_a_panic() {
    let text = review("CREATE", &ingress("web", "a.example", "/"), &Value::Null).to_string();
    for end in 0..text.len() {
        assert!(Review::parse(&text.as_bytes()[..end]).is_err(), "{end}");
    }
}

#[test]
fn what_ends_or_is_a_status_is_not_judged() {
    let object = ingress("web", "not a host", "/");
    for operation in ["DELETE", "CONNECT"] {
        let mut asked = review(operation, &object, &object);
        asked["request"]["object"] = Value::Null;
        let review = Review::parse(asked.to_string().as_bytes()).unwrap();
        assert_eq!(review.object(), None, "{operation}");
    }
    let mut status = review("UPDATE", &object, &object);
    status["request"]["subResource"] = "status".into();
    let review = Review::parse(status.to_string().as_bytes()).unwrap();
    assert_eq!(review.object(), None);
}

#[test]
fn an_object_whose_name_is_made_up_is_judged_all_the_same() {
    let mut object = ingress("", "a.example", "/");
    object["metadata"] = json!({"generateName": "web-", "namespace": "default"});
    let mut asked = review("CREATE", &object, &Value::Null);
    asked["request"].as_object_mut().unwrap().remove("name");
    let review = Review::parse(asked.to_string().as_bytes()).unwrap();
    assert_eq!(review.object().unwrap().to_string(), "Ingress default/web-");
}

#[test]
fn what_is_not_judged_is_passed_over_whatever_it_is() {
    let object = ingress("web", "a.example", "/");
    let policy = json!({
        "apiVersion": "portcullis.dev/v1alpha1", "kind": "WafPolicy",
        "metadata": {"name": "p", "namespace": "default"}, "spec": {"mode": "Block"},
    });
    for object in [object, policy] {
        let mut more = object.clone();
        more["status"] = json!([{"loadBalancer": 5}]);
        more["metadata"]["managedFields"] = json!("none");
        more["metadata"]["ownerReferences"] = json!(7);
        more["metadata"]["annotations"] =
            json!({"kubectl.kubernetes.io/last-applied-configuration": "{}"});
        let asked = review("CREATE", &more, &Value::Null).to_string();
        let read = Review::parse(asked.as_bytes()).unwrap();
        let mut bare = object.clone();
        bare["metadata"]["annotations"] = json!({});
        let asked = review("CREATE", &bare, &Value::Null).to_string();
        assert_eq!(read, Review::parse(asked.as_bytes()).unwrap());
    }
}
