//! The certificate that replicas share: made by the leader, kept in a Secret, made known to the API server.
//!
//! Invariant: what the API server is told to trust always covers what any replica shows: a new authority is
//! made known before a certificate of it is kept, and the last ones stay known beside it. Non-goal:
//! webhooks of configurations other than the one that is named.

use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use k8s_openapi::{api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{Api, Error, api::PostParams};
use thiserror::Error as ThisError;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    ShownCertificate,
    made::{Data, Held, Made},
    told::Told,
};
use crate::control::source::kube::Client;

/// Between two looks, once there is a certificate.
const PERIOD: Duration = Duration::from_secs(30);
/// Before that: at first, and twice as long after each look, up to [`PERIOD`]; and where somebody else was
/// faster.
const SOON: Duration = Duration::from_secs(1);
/// How often in a row somebody else may be faster.
const RACES: u32 = 3;
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
    /// Somebody else has written meanwhile, and what they wrote is not known yet.
    Overtaken,
}

/// What is kept from one look to the next.
#[derive(Default)]
struct Known {
    /// Of the certificate that is shown.
    fingerprint: Option<[u8; 32]>,
    /// Made, told, and not written yet: another one each time would push those out that are shown.
    made: Option<Made>,
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
    #[error(
        "somebody else keeps writing the Secret or the ValidatingWebhookConfiguration, or nobody may"
    )]
    Overtaken,
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
        let mut known = Known::default();
        let mut pause = SOON;
        let mut overtaken = 0_u32;
        loop {
            let is_leader = *leads.borrow_and_update();
            let look = timeout(LOOK, self.look(is_leader, &mut known, &shown)).await;
            let looked = match look.unwrap_or(Err(Fault::TooLong)) {
                Ok(Looked::Overtaken) => {
                    overtaken += 1;
                    // This is no race any more.
                    if overtaken > RACES {
                        Err(Fault::Overtaken)
                    } else {
                        Ok(Looked::Overtaken)
                    }
                }
                looked => {
                    overtaken = 0;
                    looked
                }
            };
            pause = match looked {
                Ok(Looked::Settled) => PERIOD,
                Ok(Looked::Overtaken) => SOON,
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
        known: &mut Known,
        shown: &ShownCertificate,
    ) -> Result<Looked, Fault> {
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &self.namespace);
        let secret = secrets.get_opt(&self.secret).await?;
        let data = secret.as_ref().and_then(|it| it.data.as_ref());
        let mut held = data.and_then(Held::read);
        let led = match is_leader {
            true => self.lead(&secrets, secret, &mut held, known).await,
            false => Ok(()),
        };
        // Whatever cannot be written, what is there is shown.
        if let Some(Held { certificate, .. }) = held
            && known.fingerprint != Some(certificate.fingerprint)
        {
            known.fingerprint = Some(certificate.fingerprint);
            tracing::info!("the webhook shows another certificate");
            shown.show(certificate);
        }
        Ok(match (led, known.fingerprint) {
            (Err(Fault::Api(Error::Api(status))), _) if status.code == 409 => Looked::Overtaken,
            (Err(fault), _) => return Err(fault),
            (Ok(()), Some(_)) => Looked::Settled,
            (Ok(()), None) => Looked::NotYet,
        })
    }

    /// Sees to it that there is a good certificate, and that the API server knows its authority.
    async fn lead(
        &self,
        secrets: &Api<Secret>,
        secret: Option<Secret>,
        held: &mut Option<Held>,
        known: &mut Known,
    ) -> Result<(), Fault> {
        let told = Told::read(&self.client, &self.configuration).await?;
        let mut told = told.ok_or_else(|| Fault::NoConfiguration(self.configuration.clone()))?;
        let names = told.service_names();
        if names.is_empty() {
            return Err(Fault::NoService(self.configuration.clone()));
        }
        let now = (self.clock)();
        if held.as_ref().is_none_or(|held| !held.is_good(&names, now)) {
            let made = match known.made.take().filter(|made| made.is_good(&names, now)) {
                Some(made) => made,
                None => Made::new(&names, now)?,
            };
            let made = known.made.insert(made);
            // Without a Secret, what replicas show is still known by what the API server was told.
            let authorities = match held {
                Some(held) => made.authorities(&held.authorities),
                None => made.authorities(&told.authorities()),
            };
            // Known first, kept then: nobody shows it before.
            told.tell(&authorities).await?;
            let written = self.write(secrets, secret, made.data(&authorities)).await?;
            tracing::info!("a certificate for the webhook was made");
            *held = written.data.as_ref().and_then(Held::read);
        }
        known.made = None;
        if let Some(held) = held {
            told.tell(&held.authorities).await?;
        }
        Ok(())
    }

    async fn write(
        &self,
        secrets: &Api<Secret>,
        secret: Option<Secret>,
        data: Data,
    ) -> Result<Secret, Error> {
        let options = PostParams::default();
        match secret {
            Some(mut secret) => {
                secret.data = Some(data);
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
                secrets.create(&options, &secret).await
            }
        }
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
