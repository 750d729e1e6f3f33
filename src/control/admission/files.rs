//! A certificate that is given in files, as a Secret's volume has them.
//!
//! Invariant: files that cannot be used leave the certificate that they last held. Non-goal: the bundle by
//! which the API server knows it, which whoever gives the certificate sets.

use std::{
    convert::Infallible,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

use thiserror::Error;
use tokio::{
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};

use super::ShownCertificate;
use crate::tls::{Certificate, CertificateError};

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(10);
/// Bytes of each file.
const SIZE: u64 = 1 << 20;

/// The files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileCertificate {
    /// The chain, PEM.
    pub certificate: PathBuf,
    /// The key, PEM.
    pub key: PathBuf,
}

/// Why they cannot be used.
#[derive(Debug, Error)]
pub enum FileCertificateError {
    /// One cannot be read.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// They are no certificate and its key.
    #[error("{}: {error}", .path.display())]
    Certificate {
        /// The chain.
        path: PathBuf,
        /// Why.
        #[source]
        error: CertificateError,
    },
}

impl FileCertificate {
    /// Shows the certificate. Blocks.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn show(&self, shown: &ShownCertificate) -> Result<(), FileCertificateError> {
        let (chain, key) = (text(&self.certificate)?, text(&self.key)?);
        let certificate = Certificate::from_pem(&chain, &key).map_err(|error| {
            FileCertificateError::Certificate {
                path: self.certificate.clone(),
                error,
            }
        })?;
        shown.show(certificate);
        Ok(())
    }

    /// Shows what the files hold, whenever that changes.
    pub async fn follow(self, shown: ShownCertificate) -> Infallible {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut complained = false;
        loop {
            ticks.tick().await;
            let (files, to) = (self.clone(), shown.clone());
            // It does not panic; should it, the next look tells.
            match spawn_blocking(move || files.show(&to)).await {
                Ok(Err(error)) if !complained => {
                    tracing::warn!(%error, "the webhook goes on with the certificate it has");
                    complained = true;
                }
                Ok(Err(_)) | Err(_) => {}
                Ok(Ok(())) => complained = false,
            }
        }
    }
}

fn text(path: &Path) -> Result<Vec<u8>, FileCertificateError> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(SIZE).read_to_end(&mut text));
    read.map(|_| text)
        .map_err(|error| FileCertificateError::Io {
            path: path.to_owned(),
            error,
        })
}
