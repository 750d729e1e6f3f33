//! AdmissionReviews as the API server sends them.
//!
//! Invariant: whatever the bytes are, the outcome is a review or a reason; a field that is not needed is
//! passed over. Non-goal: judging.

use std::sync::Arc;

use k8s_openapi::api::networking::v1::{Ingress, IngressSpec};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};
use thiserror::Error;

use super::object;
use crate::{
    config::{ObjectKind, ObjectRef},
    control::{
        Key, Object, WafPolicy,
        source::kube::{POLICY_GROUP, POLICY_VERSION},
    },
};

/// Longest words of a parser that are passed on, in characters.
const WORDS: usize = 200;
/// Longest identifier that is taken, in bytes: the API server's has 36.
const UID: usize = 256;

/// A review that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// What the answer has to repeat.
    pub uid: String,
    /// What there is to judge; `None`: whatever it is, it may happen.
    pub(super) candidate: Option<Candidate>,
}

/// An object that somebody wants to have in the cluster.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) key: Key,
    pub(super) object: Object,
    /// It is there, and this changes nothing of it that means anything here.
    pub(super) is_unchanged: bool,
}

/// Why something is no review that can be answered.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ReviewError {
    /// It is not JSON, or not of the form of an AdmissionReview.
    #[error("this is no AdmissionReview of admission.k8s.io/v1: {0}")]
    Malformed(String),
    /// It is something else, or of another version.
    #[error("this is {0}, and not AdmissionReview of admission.k8s.io/v1")]
    NotAReview(String),
    /// It is about something that is not reviewed here.
    #[error("{0} is not reviewed here: the ValidatingWebhookConfiguration asks for too much")]
    Kind(String),
    /// The object is not there, or cannot be understood.
    #[error("request.{field}: {message}")]
    Object {
        /// `object` or `oldObject`.
        field: &'static str,
        /// What is wrong.
        message: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(borrow, default)]
    request: Option<Request<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    uid: String,
    kind: Kind,
    #[serde(default)]
    sub_resource: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
    operation: String,
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
    #[serde(borrow, default)]
    old_object: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    group: String,
    version: String,
    kind: String,
}

impl Review {
    /// Reads a review.
    ///
    /// # Errors
    /// It is none, or about something that is not reviewed here.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReviewError> {
        let malformed = |error: serde_json::Error| ReviewError::Malformed(bounded(&error));
        let Written {
            api_version,
            kind,
            request,
        } = serde_json::from_slice(bytes).map_err(malformed)?;
        if (api_version.as_str(), kind.as_str()) != ("admission.k8s.io/v1", "AdmissionReview") {
            let what = format!("{kind:?} of {api_version:?}");
            return Err(ReviewError::NotAReview(what.chars().take(WORDS).collect()));
        }
        let request =
            request.ok_or_else(|| ReviewError::Malformed("there is no request".to_owned()))?;
        if request.uid.is_empty() || request.uid.len() > UID {
            let message = format!("request.uid has none or more than {UID} bytes");
            return Err(ReviewError::Malformed(message));
        }
        Ok(Self {
            candidate: request.candidate()?,
            uid: request.uid,
        })
    }

    /// The object that is reviewed.
    pub fn object(&self) -> Option<ObjectRef> {
        self.candidate.as_ref().map(Candidate::object_ref)
    }
}

impl Request<'_> {
    fn candidate(&self) -> Result<Option<Candidate>, ReviewError> {
        let Kind {
            group,
            version,
            kind: name,
        } = &self.kind;
        let kind = match (group.as_str(), version.as_str(), name.as_str()) {
            ("networking.k8s.io", "v1", "Ingress") => ObjectKind::Ingress,
            (POLICY_GROUP, POLICY_VERSION, "WafPolicy") => ObjectKind::WafPolicy,
            (POLICY_GROUP, POLICY_VERSION, "ClusterWafPolicy") => ObjectKind::ClusterWafPolicy,
            _ => {
                let what = format!("{name:?} of {:?}", format!("{group}/{version}"));
                return Err(ReviewError::Kind(what.chars().take(WORDS).collect()));
            }
        };
        // A status, or the end of an object, is nobody's to refuse.
        if !self.sub_resource.is_empty() {
            return Ok(None);
        }
        let is_update = match self.operation.as_str() {
            "CREATE" => false,
            "UPDATE" => true,
            "DELETE" | "CONNECT" => return Ok(None),
            other => {
                let message = format!("request.operation is {other:?}");
                let message = message.chars().take(WORDS).collect();
                return Err(ReviewError::Malformed(message));
            }
        };
        let (object, is_unchanged) = match kind {
            ObjectKind::Ingress => {
                let (new, is_unchanged) =
                    self.versions::<IngressSpec, Ingress>(is_update, |old, new| {
                        old.spec == new.spec
                            && old.metadata.annotations == new.metadata.annotations
                            && old.metadata.deletion_timestamp == new.metadata.deletion_timestamp
                    })?;
                (Object::Ingress(Arc::new(new)), is_unchanged)
            }
            kind => {
                let (new, is_unchanged) =
                    self.versions::<Value, WafPolicy>(is_update, |old, new| {
                        old.spec == new.spec
                            && old.metadata.deletion_timestamp == new.metadata.deletion_timestamp
                    })?;
                let new = Arc::new(new);
                let object = match kind {
                    ObjectKind::ClusterWafPolicy => Object::ClusterWafPolicy(new),
                    _ => Object::WafPolicy(new),
                };
                (object, is_unchanged)
            }
        };
        Ok(Some(Candidate {
            key: self.key(&object),
            object,
            is_unchanged,
        }))
    }

    /// The object as it should be, and whether it differs in nothing that counts from the one that is
    /// there.
    fn versions<S: DeserializeOwned, T: From<object::Written<S>>>(
        &self,
        is_update: bool,
        is_same: impl FnOnce(&T, &T) -> bool,
    ) -> Result<(T, bool), ReviewError> {
        let new = understood::<S>("object", self.object)?.into();
        let is_unchanged = match is_update {
            true => is_same(&understood("oldObject", self.old_object)?.into(), &new),
            false => false,
        };
        Ok((new, is_unchanged))
    }

    fn key(&self, object: &Object) -> Key {
        let metadata = match object {
            Object::Ingress(ingress) => Some(&ingress.metadata),
            Object::WafPolicy(policy) | Object::ClusterWafPolicy(policy) => Some(&policy.metadata),
            Object::IngressClass(_)
            | Object::Service(_)
            | Object::EndpointSlice(_)
            | Object::Secret(_)
            | Object::ConfigMap(_) => None,
        };
        let name = metadata.and_then(|it| it.name.as_deref());
        let prefix = metadata.and_then(|it| it.generate_name.as_deref());
        let names = [name, Some(self.name.as_str()), prefix];
        let mut names = names.into_iter().flatten().filter(|it| !it.is_empty());
        let namespace = match object {
            Object::ClusterWafPolicy(_) => "",
            _ => self.namespace.as_str(),
        };
        Key::new(namespace, names.next().unwrap_or_default())
    }
}

impl Candidate {
    pub(super) fn object_ref(&self) -> ObjectRef {
        ObjectRef {
            kind: self.object.kind(),
            namespace: Arc::clone(&self.key.namespace),
            name: Arc::clone(&self.key.name),
        }
    }
}

fn understood<S: DeserializeOwned>(
    field: &'static str,
    written: Option<&RawValue>,
) -> Result<object::Written<S>, ReviewError> {
    let fault = |message| ReviewError::Object { field, message };
    let written = written.ok_or_else(|| fault("there is none".to_owned()))?;
    let mut deserializer = serde_json::Deserializer::from_str(written.get());
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| fault(bounded(&error)))
}

fn bounded(error: &impl ToString) -> String {
    error.to_string().chars().take(WORDS).collect()
}
