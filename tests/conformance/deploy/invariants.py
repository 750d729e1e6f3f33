"""What holds for every rendering of the chart and for the plain manifests, whatever the values are.

Each function takes objects and yields sentences about what is wrong with them.
"""

import json
import re
from pathlib import Path

import kubernetes_validate
import yaml

ROOT = Path(__file__).resolve().parents[3]

# Of the operator's own kinds the schemas are not at hand; their shape is in the cases.
FOREIGN = {"monitoring.coreos.com/v1"}
OWN_GROUP = "portcullis.dev"
# The oldest release that the chart allows and that there are schemas of, and the newest.
RELEASES = ("1.27", "1.37")

# All that the controller may ever do. Secrets, above all, are only read.
READ = {"list", "watch"}
MAY = {
    ("", "services"): READ | {"get"},
    ("", "secrets"): READ,
    ("", "configmaps"): READ,
    ("discovery.k8s.io", "endpointslices"): READ,
    ("networking.k8s.io", "ingresses"): READ,
    ("networking.k8s.io", "ingressclasses"): READ,
    ("", "namespaces"): READ,
    ("networking.k8s.io", "ingresses/status"): {"patch"},
    (OWN_GROUP, "wafpolicies"): READ,
    (OWN_GROUP, "clusterwafpolicies"): READ,
    (OWN_GROUP, "wafpolicies/status"): {"patch"},
    (OWN_GROUP, "clusterwafpolicies/status"): {"patch"},
    # Where the addresses of nodes are shown.
    ("", "nodes"): {"get"},
    ("", "pods"): {"get", "list"},
    ("events.k8s.io", "events"): {"create"},
    ("coordination.k8s.io", "leases"): {"create", "get", "update"},
    # Where the authority of the admission webhook is made known.
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): {"get", "update"},
}
# What may be done besides to an object that is named.
MAY_BY_NAME = {
    # The one that holds the webhook's certificate.
    ("", "secrets"): {"get", "update"},
}
# What is granted by name alone, except for creating, which knows no names.
BY_NAME = {
    ("coordination.k8s.io", "leases"),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
}

ADMIN_PORT = 10255


def name_of(item):
    metadata = item["metadata"]
    return "/".join(filter(None, [item["kind"], metadata.get("namespace"), metadata["name"]]))


def all_faults(objects, restricted=True):
    checks = [schemas, names, selectors, services, arguments, shutdown, permissions, webhooks]
    if restricted:
        checks.append(restricted_pods)
    for check in checks:
        yield from check(objects)


def schemas(objects):
    for item in objects:
        if item["apiVersion"] in FOREIGN or item["apiVersion"].startswith(OWN_GROUP):
            continue
        # A validation takes a good part of a second, and most objects are those of other cases.
        text = json.dumps(item, sort_keys=True)
        if text not in VALIDATED:
            VALIDATED[text] = list(faults_by_schema(item))
        yield from VALIDATED[text]


VALIDATED = {}


def faults_by_schema(item):
    for release in RELEASES:
        try:
            kubernetes_validate.validate(item, release, strict=True)
        except kubernetes_validate.ValidationError as error:
            place = ".".join(str(part) for part in error.path)
            yield f"{name_of(item)}: {place}: {error.message} (Kubernetes {release})"


def names(objects):
    seen = set()
    for item in objects:
        key = name_of(item)
        if key in seen:
            yield f"{key} is there twice"
        seen.add(key)


def workloads(objects):
    return [item for item in objects if item["kind"] in ("Deployment", "DaemonSet")]


def selectors(objects):
    """Whatever selects pods selects the controller's, and names ports that they have."""
    for workload in workloads(objects):
        template = workload["spec"]["template"]
        labels = template["metadata"]["labels"].items()
        ports = {port["name"]: port["containerPort"] for port in controller(workload)["ports"]}
        for item in objects:
            spec = item.get("spec", {})
            if item["kind"] == "Service":
                selected, named = spec["selector"], [port["targetPort"] for port in spec["ports"]]
            elif item["kind"] in ("Deployment", "DaemonSet", "PodDisruptionBudget"):
                selected, named = spec["selector"]["matchLabels"], []
            elif item["kind"] == "NetworkPolicy":
                selected, named = spec["podSelector"]["matchLabels"], []
                allowed = {p["port"] for rule in spec["ingress"] for p in rule["ports"]}
                if not allowed <= set(ports.values()):
                    yield f"{name_of(item)} allows {allowed - set(ports.values())}, where nothing listens"
            else:
                continue
            if not selected.items() <= labels:
                yield f"{name_of(item)} does not select the pods of {name_of(workload)}"
            for port in named:
                if port not in ports:
                    yield f"{name_of(item)}: there is no port {port}"


def controller(workload):
    [found] = [
        container
        for container in workload["spec"]["template"]["spec"]["containers"]
        if container["name"] == "controller"
    ]
    return found


def services(objects):
    """The status port is on a Service of its own inside of the cluster, the admin port on none."""
    for item in objects:
        if item["kind"] != "Service":
            continue
        for port in item["spec"]["ports"]:
            if ADMIN_PORT in (port["port"], port["targetPort"]):
                yield f"{name_of(item)} has the admin port"
            if port["targetPort"] == "status" and item["spec"]["type"] != "ClusterIP":
                yield f"{name_of(item)} shows the status port outside of the cluster"
            if port["targetPort"] == "status" and len(item["spec"]["ports"]) > 1:
                yield f"{name_of(item)} has the status port beside others"


def arguments(objects):
    """Every argument is one that the program has, as its page says."""
    page = (ROOT / "docs/cli.md").read_text()
    known = set(re.findall(r"`(?:-\w`, `)?--([a-z][a-z0-9-]*)", page))
    for workload in workloads(objects):
        run, *rest = controller(workload)["args"]
        if run != "run":
            yield f"{name_of(workload)}: the command is {run}"
        for argument in rest:
            match = re.fullmatch(r"--([a-z][a-z0-9-]*)(=.+)?", argument)
            if not match or match[1] not in known:
                yield f"{name_of(workload)}: docs/cli.md has no argument {argument}"


def shutdown(objects):
    """The kubelet waits for longer than the program takes."""
    for workload in workloads(objects):
        given = dict(
            argument[2:].split("=", 1) for argument in controller(workload)["args"] if "=" in argument
        )
        takes = sum(int(given[name].removesuffix("s")) for name in ("shutdown-delay", "shutdown-grace"))
        waits = workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        if waits <= takes:
            yield f"{name_of(workload)}: is killed after {waits} s, and takes {takes} s"


def permissions(objects):
    """Nothing is granted beyond the table, and to nobody but the account of the pods."""
    accounts = {
        (workload["metadata"]["namespace"], workload["spec"]["template"]["spec"]["serviceAccountName"])
        for workload in workloads(objects)
    }
    roles = {name_of(item) for item in objects if item["kind"] in ("Role", "ClusterRole")}
    for item in objects:
        if item["kind"] in ("Role", "ClusterRole"):
            for rule in item["rules"]:
                for group in rule["apiGroups"]:
                    for resource in rule["resources"]:
                        verbs, key = set(rule["verbs"]), (group, resource)
                        may = MAY.get(key, set())
                        if rule.get("resourceNames"):
                            may = may | MAY_BY_NAME.get(key, set())
                        if not verbs <= may:
                            yield f"{name_of(item)}: {sorted(verbs)} on {resource} is too much"
                        if key in BY_NAME and verbs != {"create"} and not rule.get("resourceNames"):
                            yield f"{name_of(item)}: {resource} without a name"
        elif item["kind"] in ("RoleBinding", "ClusterRoleBinding"):
            namespace = item["metadata"].get("namespace")
            role = "/".join(filter(None, [item["roleRef"]["kind"], namespace, item["roleRef"]["name"]]))
            if role not in roles:
                yield f"{name_of(item)}: there is no {role}"
            for subject in item["subjects"]:
                if (subject["namespace"], subject["name"]) not in accounts:
                    yield f"{name_of(item)}: {subject['name']} is not the account of the pods"


def webhooks(objects):
    """The API server asks a Service that is there, about what is read, and changes nothing by asking."""
    ports = {
        (item["metadata"]["name"], item["metadata"]["namespace"], port["port"])
        for item in objects
        if item["kind"] == "Service"
        for port in item["spec"]["ports"]
    }
    for item in objects:
        if item["kind"] != "ValidatingWebhookConfiguration":
            continue
        for webhook in item["webhooks"]:
            service = webhook["clientConfig"]["service"]
            if (service["name"], service["namespace"], service["port"]) not in ports:
                yield f"{name_of(item)}: there is no such Service: {service}"
            if webhook["sideEffects"] != "None":
                yield f"{name_of(item)}: side effects"
            for rule in webhook["rules"]:
                for group in rule["apiGroups"]:
                    for resource in rule["resources"]:
                        if (group, resource) not in MAY:
                            yield f"{name_of(item)}: reviews {resource}"
                if "DELETE" in rule["operations"]:
                    yield f"{name_of(item)}: stands in the way of an end"


def restricted_pods(objects):
    """The pod security standard «restricted», and a root that is only read."""
    for workload in workloads(objects):
        pod = workload["spec"]["template"]["spec"]
        for field in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.get(field):
                yield f"{name_of(workload)}: {field}"
        of_pod = pod["securityContext"]
        if of_pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{name_of(workload)}: no seccomp profile"
        if not of_pod.get("runAsNonRoot") or not of_pod.get("runAsUser"):
            yield f"{name_of(workload)}: may run as root"
        for volume in pod.get("volumes", []):
            if not set(volume) - {"name"} <= {"emptyDir", "configMap", "secret", "projected"}:
                yield f"{name_of(workload)}: volume {volume['name']}"
        for container in pod["containers"]:
            own = container["securityContext"]
            if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
                yield f"{name_of(workload)}: privileges"
            if own.get("capabilities") != {"drop": ["ALL"]}:
                yield f"{name_of(workload)}: capabilities"
            if own.get("readOnlyRootFilesystem") is not True:
                yield f"{name_of(workload)}: its root can be written"
            for port in container["ports"]:
                if "hostPort" in port:
                    yield f"{name_of(workload)}: hostPort"
                if port["containerPort"] < 1024:
                    yield f"{name_of(workload)}: port {port['containerPort']} needs a capability"


def load(path):
    return [item for item in yaml.safe_load_all(Path(path).read_text()) if item]
