//! The certificate that replicas share: made by the leader, kept in a Secret, made known to the API server.
//!
//! Invariant: what the API server is told to trust always covers what any replica shows: a new authority is
//! made known before a certificate of it is kept, and the last one stays known beside it. Non-goal:
//! webhooks of configurations other than the one that is named.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use k8s_openapi::{
    ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api, Error,
    api::{ApiResource, DynamicObject, PostParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};
use thiserror::Error as ThisError;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    ShownCertificate,
    made::{Held, make},
};
use crate::control::source::kube::Client;

/// Between two looks, once there is a certificate.
const PERIOD: Duration = Duration::from_secs(30);
/// Before that: at first, and twice as long after each look, up to [`PERIOD`].
const SOON: Duration = Duration::from_secs(1);
/// For one look, with all its requests.
const LOOK: Duration = Duration::from_secs(20);

/// What time it is.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Keeps the certificate of the webhook.
pub struct Issuer {
    /// The way to the API server.
    pub client: Client,
    /// Where the Secret is.
    pub namespace: String,
    /// Its name.
    pub secret: String,
    /// The name of the ValidatingWebhookConfiguration.
    pub configuration: String,
    /// What time it is.
    pub clock: Clock,
}

/// How things stand after a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looked {
    /// There is a certificate.
    Settled,
    /// There is none yet.
    NotYet,
}

#[derive(Debug, ThisError)]
enum Fault {
    #[error("{0}")]
    Api(#[from] Error),
    #[error("the certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
    #[error("the ValidatingWebhookConfiguration {0} does not exist")]
    NoConfiguration(String),
    #[error("no webhook of the ValidatingWebhookConfiguration {0} names a Service")]
    NoService(String),
    #[error("the API server took too long")]
    TooLong,
}

impl Issuer {
    /// Shows the certificate of the Secret for as long as it is polled; while this replica `leads`, makes it
    /// and makes it known.
    pub async fn run(
        self,
        mut leads: watch::Receiver<bool>,
        shown: ShownCertificate,
    ) -> Infallible {
        let mut last: Option<String> = None;
        let mut fingerprint = None;
        let mut pause = SOON;
        loop {
            let is_leader = *leads.borrow_and_update();
            let look = timeout(LOOK, self.look(is_leader, &mut fingerprint, &shown)).await;
            let looked = look.unwrap_or(Err(Fault::TooLong));
            pause = match looked {
                Ok(Looked::Settled) => PERIOD,
                Ok(Looked::NotYet) | Err(_) => PERIOD.min(pause * 2),
            };
            let fault = looked.err().map(|fault| fault.to_string());
            if let Some(fault) = fault.as_ref().filter(|it| last.as_ref() != Some(it)) {
                tracing::warn!(fault, "the certificate of the webhook cannot be kept");
            }
            last = fault;
            tokio::select! {
                () = sleep(pause) => {}
                changed = leads.changed() => match changed {
                    Ok(()) => pause = SOON,
                    // Whoever tells of the election has gone: so has what could change.
                    Err(_) => sleep(pause).await,
                },
            }
        }
    }

    async fn look(
        &self,
        is_leader: bool,
        fingerprint: &mut Option<[u8; 32]>,
        shown: &ShownCertificate,
    ) -> Result<Looked, Fault> {
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &self.namespace);
        let secret = secrets.get_opt(&self.secret).await?;
        let data = secret.as_ref().and_then(|it| it.data.as_ref());
        let mut held = data.and_then(Held::read);
        let leading = match is_leader {
            true => self.lead(&secrets, secret, &mut held).await,
            false => Ok(()),
        };
        // Whatever cannot be written, what is there is shown.
        if let Some(Held { certificate, .. }) = held
            && *fingerprint != Some(certificate.fingerprint)
        {
            *fingerprint = Some(certificate.fingerprint);
            tracing::info!("the webhook shows another certificate");
            shown.show(certificate);
        }
        leading?;
        Ok(match fingerprint {
            Some(_) => Looked::Settled,
            None => Looked::NotYet,
        })
    }

    /// Sees to it that there is a good certificate, and that the API server knows its authority.
    async fn lead(
        &self,
        secrets: &Api<Secret>,
        secret: Option<Secret>,
        held: &mut Option<Held>,
    ) -> Result<(), Fault> {
        let resource = configurations();
        let configurations: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
        let Some(mut configuration) = configurations.get_opt(&self.configuration).await? else {
            return Err(Fault::NoConfiguration(self.configuration.clone()));
        };
        let names = service_names(&configuration);
        if names.is_empty() {
            return Err(Fault::NoService(self.configuration.clone()));
        }
        let now = (self.clock)();
        if held.as_ref().is_none_or(|held| !held.is_good(&names, now)) {
            let data = make(&names, now, held.as_ref())?;
            // Known first, kept then: nobody shows it before.
            if let (Some(_), Some(new)) = (&held, Held::read(&data)) {
                configuration = self
                    .tell(&configurations, configuration, &new.bundle)
                    .await?;
            }
            let written = match secret {
                Some(mut secret) => {
                    secret.data = Some(data);
                    let options = PostParams::default();
                    secrets.replace(&self.secret, &options, &secret).await
                }
                None => {
                    let secret = Secret {
                        metadata: ObjectMeta {
                            name: Some(self.secret.clone()),
                            ..ObjectMeta::default()
                        },
                        data: Some(data),
                        ..Secret::default()
                    };
                    secrets.create(&PostParams::default(), &secret).await
                }
            };
            let written = match written {
                // Somebody was faster, and is seen the next time.
                Err(Error::Api(status)) if status.code == 409 => return Ok(()),
                written => written?,
            };
            tracing::info!("a certificate for the webhook was made");
            *held = written.data.as_ref().and_then(Held::read);
        }
        if let Some(held) = held {
            self.tell(&configurations, configuration, &held.bundle)
                .await?;
        }
        Ok(())
    }

    /// Makes the authorities known that the API server may trust, if it is told others.
    async fn tell(
        &self,
        configurations: &Api<DynamicObject>,
        mut configuration: DynamicObject,
        bundle: &[u8],
    ) -> Result<DynamicObject, Fault> {
        let bundle = json!(ByteString(bundle.to_owned()));
        let mut is_known = true;
        for webhook in webhooks_mut(&mut configuration) {
            let Some(client) = webhook.get_mut("clientConfig") else {
                continue;
            };
            if client.get("service").is_some() && client["caBundle"] != bundle {
                client["caBundle"] = bundle.clone();
                is_known = false;
            }
        }
        if is_known {
            return Ok(configuration);
        }
        let options = PostParams::default();
        let replaced = configurations.replace(&self.configuration, &options, &configuration);
        Ok(replaced.await?)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("secret", &self.secret)
            .field("configuration", &self.configuration)
            .finish_non_exhaustive()
    }
}

fn configurations() -> ApiResource {
    let group = "admissionregistration.k8s.io";
    let kind = GroupVersionKind::gvk(group, "v1", "ValidatingWebhookConfiguration");
    ApiResource::from_gvk_with_plural(&kind, "validatingwebhookconfigurations")
}

fn webhooks_mut(configuration: &mut DynamicObject) -> impl Iterator<Item = &mut Value> {
    let webhooks = configuration.data.get_mut("webhooks");
    webhooks.and_then(Value::as_array_mut).into_iter().flatten()
}

/// The names under which the API server calls the webhooks.
fn service_names(configuration: &DynamicObject) -> Vec<String> {
    let webhooks = configuration.data.get("webhooks").and_then(Value::as_array);
    let names: BTreeSet<String> = webhooks
        .into_iter()
        .flatten()
        .filter_map(|webhook| {
            let service = webhook.pointer("/clientConfig/service")?;
            let part = |name: &str| service.get(name)?.as_str();
            Some(format!("{}.{}.svc", part("name")?, part("namespace")?))
        })
        .collect();
    names.into_iter().collect()
}
