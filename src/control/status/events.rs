//! Events for Problems, where people look for them: `kubectl describe`.
//!
//! Invariant: a Problem is told once, whoever leads: the name of its Event is made of what it says. At
//! most one Event a second is written, after the first ones. Non-goal: telling what is over.

use std::{collections::BTreeSet, time::Duration};

use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, Error, api::PostParams};
use tokio::time::Instant;

use crate::{
    config::{ObjectKind, ObjectRef, Problem, Severity},
    control::{Key, Objects, source::kube::Client},
};

/// Events that may be written at once.
const BURST: u32 = 25;
/// Before one more may be.
const REFILL: Duration = Duration::from_secs(1);
/// Bytes of a note (events/v1 allows 1 KiB).
const NOTE: usize = 1024;
/// Bytes of an object's name in the name of an Event.
const NAME: usize = 200;
/// Bytes of the reporter's name (events/v1 allows 128).
const REPORTER: usize = 128;

/// Writes Events. Remembers the Problems of the moment and no others.
pub(super) struct Events {
    client: Client,
    controller: String,
    instance: String,
    told: BTreeSet<String>,
    /// Those that the server did not take the last time: others come first.
    refused: BTreeSet<String>,
    tokens: u32,
    refilled: Instant,
}

impl Events {
    pub(super) fn new(client: Client, controller: &str, instance: &str) -> Self {
        Self {
            client,
            controller: bounded(controller, REPORTER).to_owned(),
            instance: bounded(instance, REPORTER).to_owned(),
            told: BTreeSet::new(),
            refused: BTreeSet::new(),
            tokens: BURST,
            refilled: Instant::now(),
        }
    }

    /// Tells the Problems of the moment that were not told yet, as far as the rate allows.
    ///
    /// # Errors
    /// When the API server cannot be asked, or did not take one: the last such error. What it did not take
    /// is told the next time, after the others.
    pub(super) async fn tell(
        &mut self,
        problems: &[Problem],
        objects: &Objects,
    ) -> Result<(), Error> {
        let mut events: Vec<(String, &Problem, Option<String>)> = problems
            .iter()
            .filter(|problem| problem.object.kind != ObjectKind::File)
            .map(|problem| {
                let uid = uid(&problem.object, objects);
                (name(problem, uid.as_deref()), problem, uid)
            })
            .collect();
        let current: BTreeSet<&String> = events.iter().map(|(name, ..)| name).collect();
        self.told.retain(|name| current.contains(name));
        self.refused.retain(|name| current.contains(name));
        events.sort_by_key(|(name, ..)| self.refused.contains(name));
        let mut result = Ok(());
        for (name, problem, uid) in &events {
            if self.told.contains(name) {
                continue;
            }
            if !self.take_token() {
                break;
            }
            match self.write(name, problem, uid.clone()).await {
                Ok(()) => {
                    self.refused.remove(name);
                    self.told.insert(name.clone());
                }
                // What it does not like about one says nothing about the next.
                Err(error @ Error::Api(_)) => {
                    self.refused.insert(name.clone());
                    result = Err(error);
                }
                Err(error) => return Err(error),
            }
        }
        result
    }

    async fn write(&self, name: &str, problem: &Problem, uid: Option<String>) -> Result<(), Error> {
        let ObjectRef {
            kind,
            namespace: of,
            name: object,
        } = &problem.object;
        // Events about what is in no namespace are looked for in this one.
        let namespace = if of.is_empty() { "default" } else { of };
        let note = match problem.field.as_str() {
            "" => format!("{}; {}", problem.message, problem.consequence),
            field => format!("{field}: {}; {}", problem.message, problem.consequence),
        };
        let event = Event {
            action: Some("Translate".to_owned()),
            event_time: Some(MicroTime(Timestamp::now())),
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                namespace: Some(namespace.to_owned()),
                ..ObjectMeta::default()
            },
            note: Some(bounded(&note, NOTE).to_owned()),
            reason: Some(match problem.severity {
                Severity::Error => "NotServedAsWritten".to_owned(),
                Severity::Warning => "PartlyWithoutEffect".to_owned(),
            }),
            regarding: Some(ObjectReference {
                api_version: Some(api_version(*kind).to_owned()),
                kind: Some(kind.as_str().to_owned()),
                namespace: (!of.is_empty()).then(|| of.to_string()),
                name: Some(object.to_string()),
                uid,
                ..ObjectReference::default()
            }),
            reporting_controller: Some(self.controller.clone()),
            reporting_instance: Some(self.instance.clone()),
            type_: Some("Warning".to_owned()),
            ..Event::default()
        };
        let api: Api<Event> = Api::namespaced(self.client.clone(), namespace);
        match api.create(&PostParams::default(), &event).await {
            Ok(_) => Ok(()),
            Err(Error::Api(status)) => match status.code {
                // It was told before, by this replica or by another one.
                409 => Ok(()),
                // The namespace is on its way out, or the text is not liked: no use in trying again.
                403 | 404 | 422 => {
                    tracing::debug!(%status, name, "an Event was refused");
                    Ok(())
                }
                _ => Err(Error::Api(status)),
            },
            Err(error) => Err(error),
        }
    }

    fn take_token(&mut self) -> bool {
        let periods = self.refilled.elapsed().as_millis() / REFILL.as_millis();
        let new = u32::try_from(periods).unwrap_or(BURST).min(BURST);
        if new > 0 {
            self.tokens = self.tokens.saturating_add(new).min(BURST);
            self.refilled = Instant::now();
        }
        let has_one = self.tokens > 0;
        self.tokens = self.tokens.saturating_sub(1);
        has_one
    }
}

/// The same for the same words about the same object.
fn name(problem: &Problem, uid: Option<&str>) -> String {
    let Problem {
        object,
        field,
        message,
        consequence,
        severity: _,
        cause: _,
        location: _,
    } = problem;
    let text = [
        &object.to_string(),
        uid.unwrap_or_default(),
        field,
        message,
        consequence,
    ]
    .join("\0");
    format!("{}.{:x}", bounded(&object.name, NAME), md5::compute(text))
}

fn uid(object: &ObjectRef, objects: &Objects) -> Option<String> {
    let key = Key {
        namespace: object.namespace.clone(),
        name: object.name.clone(),
    };
    macro_rules! of {
        ($map:ident) => {
            objects.$map.get(&key)?.object.metadata.uid.clone()
        };
    }
    match object.kind {
        ObjectKind::Ingress => of!(ingresses),
        ObjectKind::IngressClass => of!(ingress_classes),
        ObjectKind::Service => of!(services),
        ObjectKind::EndpointSlice => of!(endpoint_slices),
        ObjectKind::Secret => of!(secrets),
        ObjectKind::ConfigMap => of!(config_maps),
        ObjectKind::WafPolicy => of!(waf_policies),
        ObjectKind::ClusterWafPolicy => of!(cluster_waf_policies),
        ObjectKind::File => None,
    }
}

const fn api_version(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Ingress | ObjectKind::IngressClass => "networking.k8s.io/v1",
        ObjectKind::EndpointSlice => "discovery.k8s.io/v1",
        ObjectKind::WafPolicy | ObjectKind::ClusterWafPolicy => "portcullis.dev/v1alpha1",
        ObjectKind::Service | ObjectKind::Secret | ObjectKind::ConfigMap | ObjectKind::File => "v1",
    }
}

/// At most so many bytes, whole characters.
fn bounded(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
