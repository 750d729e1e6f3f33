//! Names of objects, and which objects count.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::{
    config::{ObjectKind, ObjectRef},
    control::{Key, Stored},
};

/// The object's name for problems and routes.
pub(super) fn object_ref(kind: ObjectKind, key: &Key) -> ObjectRef {
    ObjectRef {
        kind,
        namespace: key.namespace.clone(),
        name: key.name.clone(),
    }
}

/// `namespace/name`
pub(super) fn spelled(key: &Key) -> String {
    format!("{}/{}", key.namespace, key.name)
}

/// The object, unless it is being deleted: what waits for its finalizers no longer counts.
pub(super) fn live<T>(
    stored: Option<&Stored<T>>,
    metadata: impl Fn(&T) -> &ObjectMeta,
) -> Option<&T> {
    let object = stored?.object.as_ref();
    metadata(object)
        .deletion_timestamp
        .is_none()
        .then_some(object)
}
