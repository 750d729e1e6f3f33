//! The program as a newcomer meets it: commands, files, signals, exit codes.
#![allow(clippy::unwrap_used, missing_docs)]

mod seeing;
mod support;
mod tools;

use std::{fs, time::Duration};

use support::{Program, check, get, https_get};

const QUICKSTART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/standalone/quickstart");
const LEGACY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/standalone/legacy");

#[test]
fn the_quickstart_serves_both_paths_over_http_and_https() {
    let program = Program::run(&["-f", QUICKSTART, "--demo"]);
    for (path, service) in [("/blog", "blogservice"), ("/store/a", "storeservice")] {
        for answer in [
            get(program.http(), "myapp.com", path),
            https_get(program.https(), "myapp.com", path),
        ] {
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            assert!(
                answer.contains(&format!("\"name\":\"{service}\"")),
                "{answer}"
            );
        }
    }
    assert!(get(program.http(), "myapp.com", "/other").starts_with("HTTP/1.1 404 "));
    assert!(get(program.http(), "other.com", "/blog").starts_with("HTTP/1.1 404 "));
}

#[test]
fn the_legacy_schemas_serve_alike() {
    let secret = format!("{QUICKSTART}/secret.yaml");
    for file in ["extensions-v1beta1.yaml", "networking-v1beta1.yaml"] {
        let manifest = format!("{LEGACY}/{file}");
        let program = Program::run(&["-f", &manifest, "-f", &secret, "--demo"]);
        for (path, service) in [("/blog", "blogservice"), ("/store", "storeservice")] {
            let answer = get(program.http(), "myapp.com", path);
            assert!(
                answer.contains(&format!("\"name\":\"{service}\"")),
                "{file}: {answer}"
            );
        }
    }
}

fn ingress(path: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a, namespace: default}}\n\
         spec:\n  rules:\n  - host: a.example\n    http:\n      paths:\n      - path: {path}\n        \
         pathType: Prefix\n        backend: {{service: {{name: blogservice, port: {{number: 80}}}}}}\n"
    )
}

#[test]
fn a_change_on_disk_is_live_and_a_broken_file_keeps_what_it_last_held() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    fs::write(&file, ingress("/one")).unwrap();
    let program = Program::run(&["-f", folder.path().to_str().unwrap(), "--demo"]);
    let is_served =
        |path: &str| get(program.http(), "a.example", path).starts_with("HTTP/1.1 200 ");
    assert!(is_served("/one"));

    fs::write(&file, ingress("/two")).unwrap();
    program.wait_until("the change is live", || {
        is_served("/two") && !is_served("/one")
    });

    fs::write(&file, "spec: [").unwrap();
    program.wait_until("the problem is known", || {
        program.problems().contains("a.yaml")
    });
    assert!(is_served("/two"));

    let new = folder.path().join("new");
    fs::write(&new, ingress("/three")).unwrap();
    fs::rename(&new, &file).unwrap();
    program.wait_until("the mended file is live", || is_served("/three"));
    program.wait_until("no problem is left", || program.problems().trim() == "[]");
}

#[test]
fn a_signal_ends_it_in_order() {
    let mut program = Program::run(&["-f", QUICKSTART, "--demo"]);
    assert!(get(program.status(), "127.0.0.1", "/readyz").starts_with("HTTP/1.1 200 "));
    program.signal("TERM");
    assert_eq!(program.exit_code(), Some(0));
}

#[test]
fn a_second_signal_does_not_wait_for_the_delay() {
    let mut program = Program::run(&["-f", QUICKSTART, "--demo", "--shutdown-delay", "1h"]);
    program.signal("TERM");
    program.wait_until("it is not ready any more", || {
        get(program.status(), "127.0.0.1", "/readyz").starts_with("HTTP/1.1 503 ")
    });
    assert!(get(program.http(), "myapp.com", "/blog").starts_with("HTTP/1.1 200 "));
    program.signal("TERM");
    assert_eq!(program.exit_code(), Some(0));
}

#[test]
fn check_says_what_is_wrong_and_by_its_exit_code_whether() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.yaml");
    fs::write(&file, ingress("/x").replace("number: 80", "number: eighty")).unwrap();
    let path = file.to_str().unwrap();

    let (code, out, _) = check(&["-f", path]);
    assert_eq!(code, 1, "{out}");
    assert!(
        out.contains("bad.yaml:") && out.contains("eighty") && out.contains('^'),
        "{out}"
    );
    let (code, out, _) = check(&["-f", path, "-o", "json"]);
    assert_eq!(code, 1);
    let problems: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(!problems.as_array().unwrap().is_empty());
    let (code, _, err) = check(&["-f", "/nonexistent"]);
    assert!(code == 1 && err.contains("/nonexistent"), "{code} {err}");
    assert_eq!(check(&["--wrong"]).0, 2);
    let (code, out, _) = check(&["-f", &format!("{QUICKSTART}/secret.yaml")]);
    assert_eq!((code, out.as_str()), (0, ""));
}

#[test]
fn an_option_that_cannot_be_honoured_stops_the_start_or_is_a_problem() {
    let options = tempfile::NamedTempFile::new().unwrap();
    fs::write(options.path(), "proxy-body-size: 3\nno-such-option: 1\n").unwrap();
    let path = options.path().to_str().unwrap();
    let program = Program::run(&["-f", QUICKSTART, "--demo", "--config", path]);
    assert!(program.problems().contains("no-such-option"));
    let long = support::ask(
        program.http(),
        "POST /blog HTTP/1.1\r\nHost: myapp.com\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd",
    );
    assert!(long.starts_with("HTTP/1.1 413 "), "{long}");
}

#[test]
fn options_follow_their_file_and_a_broken_one_keeps_what_it_last_held() {
    let options = tempfile::NamedTempFile::new().unwrap();
    let write = |text| fs::write(options.path(), text).unwrap();
    write("proxy-body-size: 3\n");
    let path = options.path().to_str().unwrap();
    let program = Program::run(&["-f", QUICKSTART, "--demo", "--config", path]);
    let status = || {
        let answer = support::ask(
            program.http(),
            "POST /blog HTTP/1.1\r\nHost: myapp.com\r\nContent-Length: 4\r\n\
             Connection: close\r\n\r\nabcd",
        );
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(status(), "413");
    write("proxy-body-size: 4\n");
    program.wait_until("the change is live", || status() == "200");
    write("proxy-body-size: [\n");
    program.wait_until("the problem is known", || program.problems().contains(path));
    assert_eq!(status(), "200");
    write("proxy-body-size: 3\n");
    program.wait_until("the mended file is live", || status() == "413");
    program.wait_until("no problem is left", || program.problems().trim() == "[]");
}

/// Patience of the tests: nothing here should take a second, but the machine may be busy with other
/// things.
const PATIENCE: Duration = Duration::from_secs(240);
