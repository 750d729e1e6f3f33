//! When what is written.

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use k8s_openapi::api::networking::v1::{Ingress, IngressLoadBalancerIngress};
use kube::{
    Api, Error,
    api::{ApiResource, DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
};
use serde_json::json;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{PublishedAs, addresses::replicas, conditions::conditions, events::Events};
use crate::{
    config::{ObjectKind, ObjectRef, Problem},
    control::{
        Key, Objects,
        source::kube::{Client, POLICY_GROUP, POLICY_VERSION, Status, Statuses},
        translate::{ClassSelection, served_ingresses},
    },
};

/// Between two looks, if nothing happens.
const PERIOD: Duration = Duration::from_secs(15);
/// Between two looks, however much happens.
const LEAST: Duration = Duration::from_secs(1);
/// Patches under way.
const AT_ONCE: usize = 8;

/// What the objects of the moment have come to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The objects.
    pub objects: Objects,
    /// Everything that is wrong.
    pub problems: Arc<[Problem]>,
    /// They are those of an earlier run.
    pub is_stale: bool,
}

/// Writes what became of objects into the cluster.
pub struct StatusWriter {
    /// The way there.
    pub client: Client,
    /// What objects show now.
    pub statuses: Arc<Statuses>,
    /// The Ingresses that get addresses.
    pub class: ClassSelection,
    /// The addresses.
    pub published_as: PublishedAs,
    /// The name of the program, for Events.
    pub controller: String,
    /// The name of this replica, for Events.
    pub instance: String,
}

impl StatusWriter {
    /// Writes for as long as it is polled, whenever this replica `leads`.
    pub async fn run(
        self,
        mut outcomes: watch::Receiver<Option<Arc<Outcome>>>,
        mut leads: watch::Receiver<bool>,
    ) -> Infallible {
        let mut events = Events::new(self.client.clone(), &self.controller, &self.instance);
        loop {
            let started = Instant::now();
            let outcome = outcomes.borrow_and_update().clone();
            let is_leader = *leads.borrow_and_update();
            if let Some(outcome) = outcome.filter(|outcome| is_leader && !outcome.is_stale) {
                tokio::select! {
                    () = self.write(&outcome, &mut events) => {}
                    // The moment it does not lead any more it stops.
                    _ = leads.wait_for(|leads| !leads) => {}
                }
            }
            sleep_until(started + LEAST).await;
            tokio::select! {
                changed = outcomes.changed() => never_again(changed.is_err()).await,
                changed = leads.changed() => never_again(changed.is_err()).await,
                () = sleep(PERIOD) => {}
            }
        }
    }

    async fn write(&self, outcome: &Outcome, events: &mut Events) {
        let Outcome {
            objects,
            problems,
            is_stale: _,
        } = outcome;
        match self.published_as.find(&self.client).await {
            // An address that is not known yet is no reason to take one back.
            Ok(addresses) if addresses.is_empty() => {}
            Ok(addresses) => {
                let served = served_ingresses(objects, &self.class);
                let other = served.into_iter().filter(|key| {
                    let shown = self.statuses.addresses(key);
                    shown.is_some_and(|shown| shown != addresses)
                });
                set_addresses(&self.client, &self.statuses, other, &addresses).await;
            }
            Err(error) => complain("the addresses of Ingresses cannot be found out", &error),
        }
        let policies = |kind: ObjectKind| {
            let map = match kind {
                ObjectKind::ClusterWafPolicy => &objects.cluster_waf_policies,
                _ => &objects.waf_policies,
            };
            let all = map.iter();
            all.map(move |(key, stored)| (kind, key, stored.object.metadata.generation))
        };
        let all = policies(ObjectKind::WafPolicy).chain(policies(ObjectKind::ClusterWafPolicy));
        stream::iter(all)
            .for_each_concurrent(AT_ONCE, |(kind, key, generation)| async move {
                let generation = generation.unwrap_or_default();
                if let Err(error) = self.set_conditions((kind, key), generation, problems).await {
                    complain("the conditions of a policy cannot be written", &error);
                }
            })
            .await;
        if let Err(error) = events.tell(problems, objects).await {
            complain("an Event cannot be written", &error);
        }
    }

    async fn set_conditions(
        &self,
        (kind, key): (ObjectKind, &Key),
        generation: i64,
        problems: &[Problem],
    ) -> Result<(), Error> {
        let Some((before, _)) = self.statuses.conditions(kind, key) else {
            return Ok(());
        };
        let object = ObjectRef {
            kind,
            namespace: Arc::clone(&key.namespace),
            name: Arc::clone(&key.name),
        };
        let new = conditions(&before, &object, generation, problems);
        if new == before {
            return Ok(());
        }
        let kind_name = GroupVersionKind::gvk(POLICY_GROUP, POLICY_VERSION, kind.as_str());
        let plural = match kind {
            ObjectKind::ClusterWafPolicy => "clusterwafpolicies",
            _ => "wafpolicies",
        };
        let resource = ApiResource::from_gvk_with_plural(&kind_name, plural);
        let client = self.client.clone();
        let api: Api<DynamicObject> = match kind {
            ObjectKind::ClusterWafPolicy => Api::all_with(client, &resource),
            _ => Api::namespaced_with(client, &key.namespace, &resource),
        };
        let patch = Patch::Merge(json!({"status": {"conditions": new}}));
        api.patch_status(&key.name, &PatchParams::default(), &patch)
            .await?;
        self.statuses
            .see(kind, key, Status::Conditions(new, generation));
        Ok(())
    }
}

/// Takes the addresses back from every Ingress that shows exactly those of `published_as`, unless another
/// replica of `pod` serves on. For the end of a replica that leads.
pub async fn clear(
    client: &Client,
    statuses: &Statuses,
    published_as: &PublishedAs,
    pod: Option<&Key>,
) {
    if let Some(pod) = pod {
        match replicas(client, pod).await {
            Ok(pods)
                if pods
                    .iter()
                    .any(|it| it.metadata.name.as_deref() != Some(&*pod.name)) =>
            {
                return;
            }
            Ok(_) => {}
            Err(error) => {
                complain(
                    "whether others serve on cannot be found out; Ingresses keep their addresses",
                    &error,
                );
                return;
            }
        }
    }
    let Ok(addresses) = published_as.find(client).await else {
        return;
    };
    let shown = statuses.with_addresses().into_iter();
    let ours = shown.filter(|key| statuses.addresses(key).as_ref() == Some(&addresses));
    let ours: Vec<Key> = ours.collect();
    set_addresses(client, statuses, ours.into_iter(), &[]).await;
}

async fn set_addresses(
    client: &Client,
    statuses: &Statuses,
    ingresses: impl Iterator<Item = Key>,
    addresses: &[IngressLoadBalancerIngress],
) {
    let status = json!({"status": {"loadBalancer": {"ingress": addresses}}});
    let patch = &Patch::Merge(status);
    stream::iter(ingresses)
        .for_each_concurrent(AT_ONCE, |key| async move {
            let api: Api<Ingress> = Api::namespaced(client.clone(), &key.namespace);
            match api
                .patch_status(&key.name, &PatchParams::default(), patch)
                .await
            {
                Ok(_) => {
                    let status = Status::Addresses(addresses.to_vec());
                    statuses.see(ObjectKind::Ingress, &key, status);
                }
                // It went in the meantime.
                Err(Error::Api(status)) if status.code == 404 => {}
                Err(error) => complain("the addresses of an Ingress cannot be written", &error),
            }
        })
        .await;
}

fn complain(what: &'static str, error: &Error) {
    tracing::warn!(%error, what, "the cluster could not be told; it is tried again");
}

/// Whoever tells of changes has gone: so has what could change.
async fn never_again(is_over: bool) {
    if is_over {
        std::future::pending::<()>().await;
    }
}
