//! The last good objects on disk, for a start while the API server is away.
//!
//! Two files: the objects, written when they have changed, and the time at which the API server was last
//! heard of. Invariant: only their owner can read them, and what others could have written is not
//! believed; private keys are in them only where that was asked for. Non-goal: a history.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use k8s_openapi::api::core::v1::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::{
    config::ObjectKind,
    control::{Key, Object, Objects, translate::WITHHELD},
};

/// The name tells the form; a program that has another one leaves this file alone.
const OBJECTS: &str = "objects.v1.json";
const CONTACT: &str = "contact.v1";
/// Most bytes of the file of objects, written and read.
const BYTES: u64 = 1 << 30;
/// What of a Secret is no secret.
const PUBLIC: [&str; 3] = ["tls.crt", "ca.crt", "ca.crl"];

/// Objects on disk.
#[derive(Clone, Debug)]
pub struct SavedObjects {
    folder: PathBuf,
    keys: bool,
}

/// Objects, and when they were last known to be true.
pub type Earlier = (Vec<(Key, Object)>, SystemTime);

/// Why there are no objects of an earlier run.
#[derive(Debug, Error)]
pub enum SavedError {
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Somebody else may have written it.
    #[error("others than its owner may read or write it")]
    Exposed,
    /// It does not hold what it should.
    #[error("it cannot be understood: {0}")]
    Form(#[from] serde_json::Error),
}

/// One object with its kind.
#[derive(Deserialize, Serialize)]
struct Saved {
    kind: Box<str>,
    namespace: Box<str>,
    name: Box<str>,
    object: Value,
}

impl SavedObjects {
    /// Objects in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(folder: &Path, keys: bool) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            keys,
        })
    }

    /// What an earlier run saved; `None`: nothing. Blocks.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn load(&self) -> Result<Option<Earlier>, SavedError> {
        let path = self.folder.join(OBJECTS);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let metadata = file.metadata()?;
        if metadata.mode() & 0o077 != 0 {
            return Err(SavedError::Exposed);
        }
        let saved: Vec<Saved> = serde_json::from_reader(BufReader::new(file.take(BYTES)))?;
        let mut objects = Vec::with_capacity(saved.len());
        for saved in saved {
            let key = Key::new(&saved.namespace, &saved.name);
            match understand(&saved.kind, saved.object) {
                Ok(Some(object)) => objects.push((key, object)),
                Ok(None) => {}
                Err(error) => tracing::warn!(
                    kind = &*saved.kind, name = &*saved.name, %error,
                    "an object of an earlier run cannot be understood and is left out"
                ),
            }
        }
        let contact = fs::read_to_string(self.folder.join(CONTACT)).ok();
        let contact = contact.and_then(|text| text.trim().parse().ok());
        let at = match contact {
            Some(seconds) => UNIX_EPOCH + Duration::from_secs(seconds),
            None => metadata.modified()?,
        };
        Ok(Some((objects, at)))
    }

    /// Writes all objects, whole or not at all. Blocks.
    ///
    /// # Errors
    /// When they cannot be written; what was there stays.
    pub fn save(&self, objects: &Objects) -> Result<(), SavedError> {
        self.replace(OBJECTS, |file| {
            let mut out = Bounded {
                inner: BufWriter::new(file),
                left: BYTES,
            };
            out.write_all(b"[")?;
            let mut is_first = true;
            for (kind, key, object) in all(objects, self.keys)? {
                out.write_all(if is_first { b"\n" } else { b",\n" })?;
                is_first = false;
                let saved = Saved {
                    kind: kind.as_str().into(),
                    namespace: (*key.namespace).into(),
                    name: (*key.name).into(),
                    object,
                };
                serde_json::to_writer(&mut out, &saved)?;
            }
            out.write_all(b"\n]\n")?;
            out.inner.flush()?;
            Ok(())
        })
    }

    /// Writes when the API server was last heard of. Blocks.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn touch(&self, at: SystemTime) -> Result<(), SavedError> {
        let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.replace(CONTACT, |file| Ok(writeln!(file, "{seconds}")?))
    }

    fn replace(
        &self,
        name: &str,
        write: impl FnOnce(&mut File) -> Result<(), SavedError>,
    ) -> Result<(), SavedError> {
        let (path, new) = (
            self.folder.join(name),
            self.folder.join(format!("{name}.new")),
        );
        // One that is left over was not finished.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        write(&mut file)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        File::open(&self.folder)?.sync_all()?;
        Ok(())
    }
}

struct Bounded<W> {
    inner: W,
    left: u64,
}

impl<W: Write> Write for Bounded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self
            .left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| io::Error::other("there are more objects than can be kept"))?;
        self.inner.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn all(
    objects: &Objects,
    keys: bool,
) -> Result<impl Iterator<Item = (ObjectKind, Key, Value)>, serde_json::Error> {
    let Objects {
        ingresses,
        ingress_classes,
        services,
        endpoint_slices,
        secrets,
        config_maps,
        waf_policies,
        cluster_waf_policies,
        old_endpoints: _,
    } = objects;
    let mut all = Vec::new();
    macro_rules! add {
        ($kind:ident, $map:expr) => {
            for (key, stored) in $map.iter() {
                let value = serde_json::to_value(&*stored.object)?;
                all.push((ObjectKind::$kind, key.clone(), value));
            }
        };
    }
    add!(Ingress, ingresses);
    add!(IngressClass, ingress_classes);
    add!(Service, services);
    add!(EndpointSlice, endpoint_slices);
    add!(ConfigMap, config_maps);
    add!(WafPolicy, waf_policies);
    add!(ClusterWafPolicy, cluster_waf_policies);
    for (key, stored) in secrets.iter() {
        let value = match keys {
            true => serde_json::to_value(&*stored.object)?,
            false => serde_json::to_value(without_keys(&stored.object))?,
        };
        all.push((ObjectKind::Secret, key.clone(), value));
    }
    Ok(all.into_iter())
}

fn without_keys(secret: &Secret) -> Secret {
    let mut secret = secret.clone();
    secret.string_data = None;
    if let Some(data) = &mut secret.data {
        let before = data.len();
        data.retain(|name, _| PUBLIC.contains(&name.as_str()));
        if data.len() < before {
            let annotations = secret.metadata.annotations.get_or_insert_default();
            annotations.insert(WITHHELD.to_owned(), "true".to_owned());
        }
    }
    secret
}

fn understand(kind: &str, value: Value) -> Result<Option<Object>, serde_json::Error> {
    macro_rules! object {
        ($variant:ident) => {
            Object::$variant(Arc::new(serde_json::from_value(value)?))
        };
    }
    Ok(Some(match kind {
        "Ingress" => object!(Ingress),
        "IngressClass" => object!(IngressClass),
        "Service" => object!(Service),
        "EndpointSlice" => object!(EndpointSlice),
        "Secret" => object!(Secret),
        "ConfigMap" => object!(ConfigMap),
        "WafPolicy" => object!(WafPolicy),
        "ClusterWafPolicy" => object!(ClusterWafPolicy),
        _ => return Ok(None),
    }))
}
