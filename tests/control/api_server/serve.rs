//! The server and its clients.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::watch,
};
use tokio_util::task::TaskTracker;

use super::{
    faults::Faults,
    objects::{Change, Objects, Refused, name_of},
    request::Target,
    watch::events,
};

/// A server; clones are the same one.
#[derive(Clone)]
pub(crate) struct ApiServer {
    state: Arc<Mutex<State>>,
    changes: watch::Sender<u64>,
    tasks: TaskTracker,
}

#[derive(Default)]
struct State {
    objects: Objects,
    faults: Faults,
    cuts: u64,
    requests: Vec<String>,
}

type Body = BoxBody<Bytes, io::Error>;

impl ApiServer {
    pub(crate) fn new() -> Self {
        Self {
            state: Arc::default(),
            changes: watch::Sender::new(0),
            tasks: TaskTracker::new(),
        }
    }

    /// Puts an object in as it is.
    pub(crate) fn put(&self, object: Value) {
        self.change(|objects| objects.put(object));
    }

    /// Deletes the object that has the kind and the name of `object`.
    pub(crate) fn delete(&self, object: &Value) {
        let name = name_of(object);
        let deleted = self.change(|objects| objects.delete(&name).is_ok());
        assert!(deleted, "{name:?}");
    }

    /// The object of a kind, plural and with its group, as it is.
    pub(crate) fn find(
        &self,
        (group, plural): (&str, &str),
        namespace: &str,
        name: &str,
    ) -> Option<Value> {
        let resource = (group.to_owned(), plural.to_owned());
        let name = (resource, namespace.to_owned(), name.to_owned());
        self.state.lock().unwrap().objects.all.get(&name).cloned()
    }

    /// All objects of a kind.
    pub(crate) fn all(&self, group: &str, plural: &str) -> Vec<Value> {
        let state = self.state.lock().unwrap();
        let all = state.objects.all.iter();
        let of_kind = all.filter(|(((g, p), ..), _)| g == group && p == plural);
        of_kind.map(|(_, object)| object.clone()).collect()
    }

    /// Changes what goes wrong.
    pub(crate) fn fault(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.state.lock().unwrap().faults);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Ends every watch that is open.
    pub(crate) fn cut_watches(&self) {
        self.state.lock().unwrap().cuts += 1;
        self.changes.send_modify(|count| *count += 1);
    }

    /// Makes all watches from before too old.
    pub(crate) fn compact(&self) {
        self.change(Objects::compact);
    }

    /// Methods, paths and queries of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }

    pub(super) fn faults(&self) -> Faults {
        self.state.lock().unwrap().faults.clone()
    }

    pub(super) fn cuts(&self) -> u64 {
        self.state.lock().unwrap().cuts
    }

    pub(super) fn oldest(&self) -> u64 {
        self.state.lock().unwrap().objects.oldest
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(super) fn changes_since(&self, version: u64) -> (Vec<Change>, u64) {
        let state = self.state.lock().unwrap();
        let history = state.objects.history.iter();
        let new = history.filter(|change| change.version > version).cloned();
        (new.collect(), state.objects.version)
    }

    /// A client that makes a connection for each request.
    pub(crate) fn client(&self) -> kube::Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let server = server.clone();
            async move {
                if server.faults().absent {
                    return Err(Box::from(io::Error::from(io::ErrorKind::ConnectionRefused)));
                }
                let (near, far) = tokio::io::duplex(64 << 10);
                server.tasks.spawn(server.clone().serve(far));
                let near = TokioIo::new(near);
                let (mut sender, connection) = hyper::client::conn::http1::handshake(near).await?;
                server.tasks.spawn(connection);
                let response = sender.send_request(request).await?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(response)
            }
        });
        kube::Client::new(service, "default")
    }

    /// Serves at an address of the machine, where time goes by.
    pub(crate) async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = self.clone();
        self.tasks.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                server.tasks.spawn(server.clone().serve(stream));
            }
        });
        address
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let answer = service_fn(move |request| {
            let server = self.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        // A client that goes away is none of the server's faults.
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), answer)
            .await;
    }

    async fn answer(self, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.to_string();
        let line = format!("{} {path}", parts.method);
        self.state.lock().unwrap().requests.push(line);
        let faults = self.faults();
        tokio::time::sleep(faults.latency).await;
        let of_path = faults.status_of.filter(|(part, _)| path.contains(part));
        let of_writes = faults
            .status_of_writes
            .filter(|(part, _)| parts.method != Method::GET && path.contains(part));
        let of_path = of_path.or(of_writes).map(|(_, code)| code);
        if let Some(code) = faults.status.or(of_path) {
            return json_answer(code, &status(code, "Fault"));
        }
        let Some(target) = Target::parse(&parts.uri) else {
            return json_answer(404, &status(404, "NotFound"));
        };
        if !target.is_well_formed() {
            return json_answer(400, &status(400, "BadRequest"));
        }
        if parts.method == Method::GET && target.name.is_none() {
            return match target.is_watch() {
                true => {
                    let body = StreamBody::new(events(self, target));
                    Response::builder()
                        .header("content-type", "application/json")
                        .body(BodyExt::boxed(SyncBody(Mutex::new(Box::pin(body)))))
                        .unwrap()
                }
                false => self.list(&target),
            };
        }
        #[allow(clippy::disallowed_methods, reason = "requests of a test are small")]
        let body = body.collect().await.unwrap().to_bytes();
        self.single(&parts.method, &target, &body)
    }

    fn list(&self, target: &Target) -> Response<Body> {
        let state = self.state.lock().unwrap();
        let Objects {
            version,
            all,
            oldest,
            ..
        } = &state.objects;
        // Version and position, as `12.500`.
        let (from, start) = match target.query.get("continue") {
            Some(token) => {
                let (from, start) = token.split_once('.').unwrap();
                (from.parse().unwrap(), start.parse().unwrap())
            }
            None => (*version, 0),
        };
        if from < *oldest {
            return json_answer(410, &status(410, "Expired"));
        }
        let selected: Vec<&Value> = all
            .iter()
            .filter(|(name, object)| target.selects(name, object))
            .map(|(_, object)| object)
            .collect();
        let limit = target
            .number("limit")
            .map_or(usize::MAX, |it| it.try_into().unwrap());
        let page: Vec<&Value> = selected.iter().skip(start).take(limit).copied().collect();
        let next = start + page.len();
        let token = (next < selected.len()).then(|| format!("{from}.{next}"));
        json_answer(
            200,
            &json!({
                "apiVersion": target.api_version,
                "kind": "List",
                "metadata": {"resourceVersion": from.to_string(), "continue": token},
                "items": page,
            }),
        )
    }

    fn single(&self, method: &Method, target: &Target, body: &[u8]) -> Response<Body> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let result = self.change(|objects| match (method, target.object()) {
            (&Method::GET, Some(name)) => objects.all.get(&name).cloned().ok_or(Refused::NotFound),
            (&Method::POST, None) => {
                let name = body["metadata"]["name"].as_str().unwrap().to_owned();
                let namespace = target.namespace.clone().unwrap_or_default();
                objects.create(&(target.resource.clone(), namespace, name), body.clone())
            }
            (&Method::PUT, Some(name)) => objects.replace(&name, &body, target.is_status),
            (&Method::PATCH, Some(name)) => objects.patch(&name, &body, target.is_status),
            (&Method::DELETE, Some(name)) => objects.delete(&name),
            _ => Err(Refused::NotFound),
        });
        match result {
            Ok(object) if *method == Method::POST => json_answer(201, &object),
            Ok(object) => json_answer(200, &object),
            Err(Refused::NotFound) => json_answer(404, &status(404, "NotFound")),
            Err(Refused::Exists) => json_answer(409, &status(409, "AlreadyExists")),
            Err(Refused::Conflict) => json_answer(409, &status(409, "Conflict")),
        }
    }

    fn change<R>(&self, change: impl FnOnce(&mut Objects) -> R) -> R {
        let mut state = self.state.lock().unwrap();
        let before = (state.objects.version, state.objects.oldest);
        let result = change(&mut state.objects);
        let after = (state.objects.version, state.objects.oldest);
        drop(state);
        if before != after {
            self.changes.send_modify(|count| *count += 1);
        }
        result
    }
}

pub(super) fn status(code: u16, reason: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
        "code": code, "reason": reason, "message": reason,
    })
}

fn json_answer(code: u16, value: &Value) -> Response<Body> {
    let body = Full::new(Bytes::from(value.to_string()));
    Response::builder()
        .status(StatusCode::from_u16(code).unwrap())
        .header("content-type", "application/json")
        .body(BodyExt::boxed(body.map_err(|never| match never {})))
        .unwrap()
}

/// A body that may be shared between threads, as boxed bodies have to be.
struct SyncBody<B>(Mutex<std::pin::Pin<Box<B>>>);

impl<B: http_body::Body> http_body::Body for SyncBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<B::Data>, B::Error>>> {
        self.get_mut()
            .0
            .get_mut()
            .unwrap()
            .as_mut()
            .poll_frame(context)
    }
}
