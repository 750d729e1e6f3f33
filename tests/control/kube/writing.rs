//! What is written to a cluster, and by whom.

use std::{sync::Arc, time::Duration};

use portcullis::{
    config::{ObjectKind, ObjectRef, Problem, Severity},
    control::{
        Key,
        leader::{Election, elect},
        source::kube::Contact,
        status::{Outcome, PublishedAs, StatusWriter, clear},
        translate::ClassSelection,
    },
};
use serde_json::{Value, json};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

use super::support::{Following, ingress, spawn, until};
use crate::api_server::ApiServer;

struct Replica {
    leads: watch::Receiver<bool>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Replica {
    fn start(server: &ApiServer, identity: &str) -> Self {
        let (sender, leads) = watch::channel(false);
        let (stop, stopped) = oneshot::channel();
        let election = Election {
            namespace: "ingress".to_owned(),
            name: "portcullis-leader".to_owned(),
            identity: identity.to_owned(),
        };
        let contact = Arc::new(Contact::default());
        let until = async {
            let _ = stopped.await;
        };
        let task = spawn(elect(server.client(), election, contact, sender, until));
        Self { leads, stop, task }
    }

    fn leads(&self) -> bool {
        *self.leads.borrow()
    }
}

fn lease(server: &ApiServer) -> Value {
    server
        .find(
            ("coordination.k8s.io", "leases"),
            "ingress",
            "portcullis-leader",
        )
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_of_three_leads_and_another_one_when_it_lets_go() {
    let server = ApiServer::new();
    let mut replicas: Vec<Replica> = ["a", "b", "c"].map(|it| Replica::start(&server, it)).into();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(replicas.iter().filter(|it| it.leads()).count(), 1);
    }
    assert_eq!(lease(&server)["spec"]["leaseTransitions"], 0);
    let leader = replicas.iter().position(Replica::leads).unwrap();
    let leader = replicas.remove(leader);
    leader.stop.send(()).unwrap();
    leader.task.await.unwrap();
    let took = until("another one leads", || replicas.iter().any(Replica::leads)).await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert_eq!(lease(&server)["spec"]["leaseTransitions"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_ends_without_a_word_is_followed_after_the_time_of_the_lease() {
    let server = ApiServer::new();
    let first = Replica::start(&server, "a");
    until("it leads", || first.leads()).await;
    let second = Replica::start(&server, "b");
    tokio::time::sleep(Duration::from_secs(5)).await;
    first.task.abort();
    let took = until("the other one leads", || second.leads()).await;
    let seconds = took.as_secs();
    assert!((13..=20).contains(&seconds), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn clocks_that_disagree_do_not_matter() {
    for renewed in ["1999-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"] {
        let server = ApiServer::new();
        let held = |count: i32| {
            json!({
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": {"namespace": "ingress", "name": "portcullis-leader"},
                "spec": {"holderIdentity": "other", "leaseDurationSeconds": 15,
                    "renewTime": renewed, "leaseTransitions": count},
            })
        };
        server.put(held(0));
        let replica = Replica::start(&server, "a");
        // As long as something changes, somebody holds it, whatever time it says.
        for count in 1..20 {
            tokio::time::sleep(Duration::from_secs(5)).await;
            assert!(!replica.leads(), "{renewed}");
            server.put(held(count));
        }
        let took = until("it is over", || replica.leads()).await;
        assert!(took < Duration::from_secs(20), "{renewed}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_without_the_api_server_steps_down_before_another_one_can_begin() {
    let server = ApiServer::new();
    let first = Replica::start(&server, "a");
    until("it leads", || first.leads()).await;
    for fault in [Duration::ZERO, Duration::from_secs(30)] {
        server.fault(|faults| {
            faults.absent = fault.is_zero();
            faults.latency = fault;
        });
        let took = until("it steps down", || !first.leads()).await;
        assert!(took < Duration::from_secs(14), "{fault:?}: {took:?}");
        server.fault(|faults| *faults = Default::default());
        until("it leads again", || first.leads()).await;
    }
}

/// A writer beside a source, and what tells it what to write.
struct Writing {
    following: Following,
    outcomes: watch::Sender<Option<Arc<Outcome>>>,
    leads: watch::Sender<bool>,
    _task: JoinHandle<std::convert::Infallible>,
}

fn controlled() -> ClassSelection {
    ClassSelection::Controller {
        name: "portcullis.dev/ingress-controller".to_owned(),
        only: Default::default(),
    }
}

impl Writing {
    async fn start(server: ApiServer, published_as: PublishedAs) -> Self {
        server.put(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
            "metadata": {"name": "ours"}, "spec": {"controller": "portcullis.dev/ingress-controller"},
        }));
        let following = Following::start(server);
        following.synced().await;
        let (outcomes, seen) = watch::channel(None);
        let (leads, leading) = watch::channel(false);
        let writer = StatusWriter {
            client: following.server.client(),
            statuses: Arc::clone(&following.statuses),
            class: controlled(),
            published_as,
            controller: "portcullis.dev/ingress-controller".to_owned(),
            instance: "pod-0".to_owned(),
        };
        let this = Self {
            _task: spawn(writer.run(seen, leading)),
            following,
            outcomes,
            leads,
        };
        this.settle(&[]);
        this
    }

    fn settle(&self, problems: &[Problem]) {
        self.outcomes.send_replace(Some(Arc::new(Outcome {
            objects: self.following.view().objects,
            problems: problems.into(),
            is_stale: false,
        })));
    }

    fn server(&self) -> &ApiServer {
        &self.following.server
    }

    fn addresses(&self, name: &str) -> Value {
        let object = self
            .server()
            .find(("networking.k8s.io", "ingresses"), "default", name);
        object.unwrap()["status"]["loadBalancer"]["ingress"].clone()
    }
}

fn ours(name: &str) -> Value {
    let mut object = ingress("default", name, "a.com");
    object["spec"]["ingressClassName"] = "ours".into();
    object
}

#[tokio::test(start_paused = true)]
async fn ingresses_of_the_class_get_the_addresses_of_the_service_as_they_change() {
    let server = ApiServer::new();
    let service = |ip: &str| {
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"namespace": "ingress", "name": "front"},
            "spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.1"},
            "status": {"loadBalancer": {"ingress": [{"ip": ip}, {"hostname": "x.example"}]}},
        })
    };
    server.put(service("192.0.2.1"));
    server.put(ours("a"));
    server.put(ingress("default", "foreign", "b.com"));
    let front = PublishedAs::Service(Key::new("ingress", "front"));
    let writing = Writing::start(server, front.clone()).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(
        writing.addresses("a"),
        Value::Null,
        "a follower writes nothing"
    );
    writing.leads.send_replace(true);
    let first = json!([{"ip": "192.0.2.1"}, {"hostname": "x.example"}]);
    until("the address is told", || writing.addresses("a") == first).await;
    let patches = |writing: &Writing| {
        let requests = writing.server().requests();
        requests.iter().filter(|it| it.starts_with("PATCH")).count()
    };
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(patches(&writing), 1, "what is there is not written again");
    writing.server().put(service("192.0.2.2"));
    let second = json!([{"ip": "192.0.2.2"}, {"hostname": "x.example"}]);
    until("the new address is told", || {
        writing.addresses("a") == second
    })
    .await;
    assert_eq!(writing.addresses("foreign"), Value::Null);
    let client = writing.server().client();
    clear(&client, &writing.following.statuses, &front, None).await;
    assert_eq!(writing.addresses("a"), json!([]));
}

#[tokio::test(start_paused = true)]
async fn without_a_service_the_addresses_are_those_of_the_nodes() {
    let server = ApiServer::new();
    for (name, node, phase) in [
        ("p-0", "n0", "Running"),
        ("p-1", "n1", "Running"),
        ("p-2", "n2", "Pending"),
    ] {
        server.put(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "ingress", "name": name, "labels": {"app": "p", "pod-template-hash": name}},
            "spec": {"nodeName": node}, "status": {"phase": phase},
        }));
        server.put(json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": node},
            "status": {"addresses": [{"type": "InternalIP", "address": format!("10.0.0.{}", &node[1..])}]},
        }));
    }
    server.put(ours("a"));
    let nodes = PublishedAs::NodesOf(Key::new("ingress", "p-0"));
    let writing = Writing::start(server, nodes).await;
    writing.leads.send_replace(true);
    let expected = json!([{"ip": "10.0.0.0"}, {"ip": "10.0.0.1"}]);
    until("the nodes are told", || writing.addresses("a") == expected).await;
}

#[tokio::test(start_paused = true)]
async fn addresses_stay_when_another_replica_serves_on() {
    let server = ApiServer::new();
    for name in ["p-0", "p-1"] {
        server.put(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "ingress", "name": name, "labels": {"app": "p"}},
        }));
    }
    server.put(ours("a"));
    let fixed = PublishedAs::Addresses(vec!["192.0.2.1".to_owned()]);
    let writing = Writing::start(server, fixed.clone()).await;
    writing.leads.send_replace(true);
    let told = json!([{"ip": "192.0.2.1"}]);
    until("the address is told", || writing.addresses("a") == told).await;
    writing.leads.send_replace(false);
    let client = writing.server().client();
    let pod = Key::new("ingress", "p-0");
    let statuses = &writing.following.statuses;
    clear(&client, statuses, &fixed, Some(&pod)).await;
    assert_eq!(writing.addresses("a"), told);
    writing.server().delete(&json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "ingress", "name": "p-1"},
    }));
    clear(&client, statuses, &fixed, Some(&pod)).await;
    assert_eq!(writing.addresses("a"), json!([]));
}

fn problem(kind: ObjectKind, name: &str, message: &str) -> Problem {
    Problem {
        object: ObjectRef {
            kind,
            namespace: "default".into(),
            name: name.into(),
        },
        field: "spec".to_owned(),
        message: message.to_owned(),
        consequence: "it is not served".to_owned(),
        severity: Severity::Error,
        cause: Default::default(),
        location: None,
    }
}

#[tokio::test(start_paused = true)]
async fn policies_say_whether_they_are_in_force_and_of_which_generation() {
    let server = ApiServer::new();
    let policy = |mode: &str| {
        json!({
            "apiVersion": "portcullis.dev/v1alpha1", "kind": "WafPolicy",
            "metadata": {"namespace": "default", "name": "p"}, "spec": {"mode": mode},
        })
    };
    server.put(policy("Block"));
    let writing = Writing::start(server, PublishedAs::Nothing).await;
    writing.leads.send_replace(true);
    let shown = || -> Vec<String> {
        let object = writing
            .server()
            .find(("portcullis.dev", "wafpolicies"), "default", "p");
        let conditions = object.unwrap()["status"]["conditions"].clone();
        let all = conditions.as_array().cloned().unwrap_or_default();
        let text = |it: &Value| {
            format!(
                "{} {} {}",
                it["type"], it["status"], it["observedGeneration"]
            )
        };
        all.iter().map(text).collect()
    };
    let good = [r#""Accepted" "True" 1"#, r#""Programmed" "True" 1"#];
    until("it is accepted", || shown() == good).await;
    writing.server().put(policy("Blok"));
    writing
        .following
        .until("the change is seen", |view| {
            let policies = view.objects.waf_policies.values();
            policies
                .into_iter()
                .all(|it| it.object.metadata.generation == Some(2))
        })
        .await;
    writing.settle(&[problem(ObjectKind::WafPolicy, "p", "Blok is no mode")]);
    let bad = [r#""Accepted" "False" 2"#, r#""Programmed" "False" 2"#];
    until("it is refused", || shown() == bad).await;
}

#[tokio::test(start_paused = true)]
async fn each_problem_is_one_event_and_many_problems_are_no_flood() {
    let server = ApiServer::new();
    server.put(ours("a"));
    let writing = Writing::start(server, PublishedAs::Nothing).await;
    writing.leads.send_replace(true);
    let events = || writing.server().all("events.k8s.io", "events");
    writing.settle(&[problem(ObjectKind::Ingress, "a", "it is odd")]);
    until("the event is written", || events().len() == 1).await;
    let event = &events()[0];
    assert_eq!(event["regarding"]["name"], "a");
    assert!(event["regarding"]["uid"].is_string());
    assert_eq!(event["note"], "spec: it is odd; it is not served");
    // Neither the same again nor another leader makes another one.
    writing.settle(&[]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    writing.settle(&[problem(ObjectKind::Ingress, "a", "it is odd")]);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(events().len(), 1);
    let many: Vec<Problem> = (0..1_000)
        .map(|number| problem(ObjectKind::Ingress, "a", &format!("odd {number}")))
        .collect();
    writing.settle(&many);
    tokio::time::sleep(Duration::from_secs(100)).await;
    let count = events().len();
    assert!((26..=130).contains(&count), "{count}");
}

#[tokio::test(start_paused = true)]
async fn events_that_the_server_keeps_refusing_stop_no_others() {
    for code in [400, 422, 429, 500] {
        let server = ApiServer::new();
        server.put(ours("a"));
        let writing = Writing::start(server, PublishedAs::Nothing).await;
        let refusing = ("/namespaces/refusing/events", code);
        writing
            .server()
            .fault(|faults| faults.status_of = Some(refusing));
        writing.leads.send_replace(true);
        // More than may be written at once.
        let mut problems: Vec<Problem> = (0..100)
            .map(|number| {
                let mut problem = problem(ObjectKind::Ingress, "a", &format!("odd {number}"));
                problem.object.namespace = "refusing".into();
                problem
            })
            .collect();
        problems.push(problem(ObjectKind::Ingress, "a", "it is odd"));
        writing.settle(&problems);
        let events = || writing.server().all("events.k8s.io", "events").len();
        let took = until("the other is told", || events() == 1).await;
        assert!(took < Duration::from_secs(200), "{code}: {took:?}");
        writing.server().fault(|faults| faults.status_of = None);
        if code == 500 {
            until("the rest is told", || events() == 101).await;
        }
    }
}
