//! The protocol spoken to backends.

use super::settings::{AnnotationSettings, BackendProtocol};
use crate::control::translate::rows::{Fault, Meaning, Row};

pub(super) const ROWS: &[Row<AnnotationSettings>] = &[Row {
    name: "backend-protocol",
    meaning: Meaning::Setting(|value, settings| {
        settings.backend_protocol = Some(protocol(value)?);
        Ok(())
    }),
}];

fn protocol(value: &str) -> Result<BackendProtocol, Fault> {
    match value.to_ascii_uppercase().as_str() {
        "HTTP" => Ok(BackendProtocol::Http),
        "HTTPS" => Ok(BackendProtocol::Https),
        "GRPC" => Ok(BackendProtocol::Grpc),
        "GRPCS" => Ok(BackendProtocol::Grpcs),
        "AUTO_HTTP" => Ok(BackendProtocol::AutoHttp),
        "FCGI" => Err(Fault::error(
            "FastCGI is not supported",
            "HTTP is spoken to the backends",
        )),
        _ => Err(Fault::warning(
            format!("{value:?} is not one of HTTP, HTTPS, GRPC, GRPCS and AUTO_HTTP"),
            "HTTP is spoken to the backends",
        )),
    }
}
