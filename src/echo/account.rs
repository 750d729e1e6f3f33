//! What a request was, as JSON.

use std::{fmt::Write, net::SocketAddr};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Buf;
use http::{HeaderMap, request::Parts};
use http_body::Body;
use http_body_util::BodyExt;
use serde_json::{Value, json};

/// How many bytes of a body are told.
const START: usize = 256;

/// Reads the body to its end and tells about everything. Bytes are shown as the characters with the
/// same number, so that none is lost.
pub(super) async fn account<B: Body>(
    name: &str,
    client: SocketAddr,
    parts: &Parts,
    body: B,
) -> Result<Value, B::Error> {
    let Told {
        length,
        digest,
        start,
        trailers,
    } = tell(body).await?;
    Ok(json!({
        "name": name,
        "client": client.to_string(),
        "method": parts.method.as_str(),
        "target": parts.uri.to_string(),
        "version": format!("{:?}", parts.version),
        "headers": pairs(&parts.headers),
        "body": {
            "length": length,
            "sha256": digest,
            "start": latin1(&start),
        },
        "trailers": trailers.as_ref().map(pairs),
    }))
}

/// A body, without most of its bytes.
struct Told {
    length: u64,
    digest: String,
    start: Vec<u8>,
    trailers: Option<HeaderMap>,
}

async fn tell<B: Body>(body: B) -> Result<Told, B::Error> {
    let mut body = std::pin::pin!(body);
    let mut digest = Context::new(&SHA256);
    let (mut length, mut start, mut trailers) = (0, Vec::new(), None);
    while let Some(frame) = body.frame().await {
        match frame?.into_data() {
            Ok(mut data) => {
                while data.has_remaining() {
                    let chunk = data.chunk();
                    digest.update(chunk);
                    start.extend(chunk.iter().take(START - start.len()));
                    let read = chunk.len();
                    length += u64::try_from(read).expect("a chunk is shorter than 2^64 bytes");
                    data.advance(read);
                }
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    let digest = digest
        .finish()
        .as_ref()
        .iter()
        .fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a string takes everything");
            hex
        });
    Ok(Told {
        length,
        digest,
        start,
        trailers,
    })
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), latin1(value.as_bytes())))
        .collect()
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
