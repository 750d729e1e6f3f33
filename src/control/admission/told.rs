//! What the API server is told of the webhook: a ValidatingWebhookConfiguration.
//!
//! Invariant: an authority that is told is added before those that were told earlier, of which the oldest
//! go when there are too many: whoever still shows a certificate of one is believed. Non-goal: webhooks
//! of addresses that are no Services; whoever wrote these names their authority.

use std::collections::BTreeSet;

use k8s_openapi::ByteString;
use kube::{
    Api, Error,
    api::{ApiResource, DynamicObject, PostParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};

use super::authorities::Authorities;
use crate::control::source::kube::Client;

/// Authorities that are told: each certificate has one of its own, and two leaders may both have made one.
const TOLD: usize = 4;

/// The configuration as it was read or written last.
pub(super) struct Told {
    api: Api<DynamicObject>,
    name: String,
    configuration: DynamicObject,
}

impl Told {
    /// Reads it; `None`: there is none.
    pub(super) async fn read(client: &Client, name: &str) -> Result<Option<Self>, Error> {
        let group = "admissionregistration.k8s.io";
        let kind = GroupVersionKind::gvk(group, "v1", "ValidatingWebhookConfiguration");
        let plural = "validatingwebhookconfigurations";
        let resource = ApiResource::from_gvk_with_plural(&kind, plural);
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        let configuration = api.get_opt(name).await?;
        Ok(configuration.map(|configuration| Self {
            api,
            name: name.to_owned(),
            configuration,
        }))
    }

    /// The names under which the API server calls the webhooks.
    pub(super) fn service_names(&self) -> Vec<String> {
        let names: BTreeSet<String> = self
            .of_services()
            .filter_map(|client| {
                let service = client.get("service")?;
                let part = |name: &str| service.get(name)?.as_str();
                Some(format!("{}.{}.svc", part("name")?, part("namespace")?))
            })
            .collect();
        names.into_iter().collect()
    }

    /// The authorities that the API server believes.
    pub(super) fn authorities(&self) -> Authorities {
        let bundles = self.of_services().filter_map(|client| {
            let bundle = client.get("caBundle")?;
            let ByteString(bundle) = serde_json::from_value(bundle.clone()).ok()?;
            Some(Authorities::read(&bundle))
        });
        bundles.fold(Authorities::default(), |all, more| {
            all.after(&more, usize::MAX)
        })
    }

    /// Makes these known, if they are not.
    ///
    /// # Errors
    /// The API server has refused it, with 409 where somebody else has changed the configuration.
    pub(super) async fn tell(&mut self, authorities: &Authorities) -> Result<(), Error> {
        let all = authorities.clone().after(&self.authorities(), TOLD);
        let bundle = json!(ByteString(all.to_pem().into_bytes()));
        let mut is_known = true;
        for client in of_services_mut(&mut self.configuration) {
            if client.get("caBundle") != Some(&bundle) {
                client["caBundle"] = bundle.clone();
                is_known = false;
            }
        }
        if !is_known {
            let options = PostParams::default();
            let replaced = self.api.replace(&self.name, &options, &self.configuration);
            self.configuration = replaced.await?;
        }
        Ok(())
    }

    /// How each webhook that is a Service is called.
    fn of_services(&self) -> impl Iterator<Item = &Value> {
        let webhooks = self.configuration.data.get("webhooks");
        let webhooks = webhooks.and_then(Value::as_array).into_iter().flatten();
        let clients = webhooks.filter_map(|webhook| webhook.get("clientConfig"));
        clients.filter(|client| client.get("service").is_some())
    }
}

fn of_services_mut(configuration: &mut DynamicObject) -> impl Iterator<Item = &mut Value> {
    let webhooks = configuration.data.get_mut("webhooks");
    let webhooks = webhooks.and_then(Value::as_array_mut).into_iter().flatten();
    let clients = webhooks.filter_map(|webhook| webhook.get_mut("clientConfig"));
    clients.filter(|client| client.get("service").is_some())
}
