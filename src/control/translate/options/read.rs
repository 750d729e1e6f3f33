//! From keys and values to options and problems.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    global::{Draft, GlobalOptions},
    table::TABLE,
};
use crate::{
    config::{ObjectKind, ObjectRef, Problem, Severity},
    control::{
        Places,
        translate::{access_control::Guards, report::Reporter, rows, values},
    },
};

/// Reads the keys and values of `object`: a ConfigMap, whose fields are called `data["key"]`, or a
/// file, whose fields are called by the key alone.
pub fn options_from_config_map(
    object: ObjectRef,
    places: Option<Arc<dyn Places>>,
    data: &BTreeMap<String, String>,
) -> (GlobalOptions, Vec<Problem>) {
    let kind = object.kind;
    let field = |key: &str| match kind {
        ObjectKind::ConfigMap => format!("data[\"{key}\"]"),
        _ => key.to_owned(),
    };
    let mut reporter = Reporter::new(object.clone(), places);
    let mut draft = Draft::default();
    let mut guards = Guards::default();
    for (key, value) in data {
        match rows::find(TABLE, key) {
            Some(row) => {
                let target = (&mut draft, &mut guards);
                rows::apply(row, value, target, (field(key), &mut reporter));
            }
            None => {
                let hint = rows::nearest(TABLE, key)
                    .map_or(String::new(), |known| format!("; did you mean {known}?"));
                reporter.warning(
                    field(key),
                    format!("there is no such option{hint}"),
                    "it has no effect",
                );
            }
        }
    }
    if draft.firewall.mod_security.asks() {
        draft.firewall.object = object;
        draft.firewall.field = field("modsecurity-snippet");
    }
    trust_as_ingress_nginx_does(&mut draft, data, &field, &mut reporter);
    let consequence = "every request is answered 403 unless the operator permits to go without";
    guards.report(consequence, Severity::Error, &mut reporter);
    let access_control = guards.over(&Default::default());
    (draft.finish(access_control), reporter.finish())
}

/// Without `proxy-real-ip-cidr` ingress-nginx takes everybody's word about the client's address.
fn trust_as_ingress_nginx_does(
    draft: &mut Draft,
    data: &BTreeMap<String, String>,
    field: &dyn Fn(&str) -> String,
    reporter: &mut Reporter,
) {
    const TRUSTED: &str = "proxy-real-ip-cidr";
    let client_address = &mut draft.options.client_address;
    let believes = [
        (
            "use-forwarded-headers",
            client_address.use_forwarded_headers,
        ),
        ("use-proxy-protocol", client_address.use_proxy_protocol),
    ];
    let Some((key, _)) = believes.into_iter().find(|(_, believes)| *believes) else {
        return;
    };
    if data.contains_key(TRUSTED) {
        return;
    }
    client_address.trusted = values::ranges("0.0.0.0/0,::/0").unwrap_or_default();
    reporter.warning(
        field(key),
        format!("{TRUSTED} is not set"),
        "every peer is trusted, as in ingress-nginx: whoever connects can claim any client address",
    );
}
