"""The plain manifests, which are the chart's rendering without what only Helm needs."""

import copy
from dataclasses import dataclass, field

import yaml

import invariants
from invariants import ROOT, load

FOLDER = ROOT / "deploy/kubernetes"
NAMESPACE = "portcullis"
OF_HELM = ("helm.sh/chart", "app.kubernetes.io/managed-by")
OUTER = "portcullis-controller"

# The Service that clients reach, one file of which is applied: from values to its annotations.
SERVICES = {
    "public": ("A public address.", {}),
    "aws-public": ("A public address at AWS, by the AWS Load Balancer Controller.", {"provider": "aws"}),
    "gcp-public": ("A public address at Google Cloud, by backend services.", {"provider": "gcp"}),
    "azure-internal": ("An address of the virtual network at Azure.", {"provider": "azure"}),
    "aws-internal": ("An address of the VPC at AWS, by the AWS Load Balancer Controller.", {"provider": "aws"}),
    "gcp-internal": ("An address of the VPC at Google Cloud.", {"provider": "gcp"}),
    "node-port": ("Ports of every node.", {"type": "NodePort", "nodePorts": {"http": 30080, "https": 30443}}),
}


@dataclass
class Compared:
    names: list = field(default_factory=list)
    faults: list = field(default_factory=list)


def write_or_compare(render, write):
    """Writes the files, or says which are not what the chart makes of them."""
    compared = Compared()
    objects = [without_helm(item) for item in render({}, namespace=NAMESPACE)]
    rest = [item for item in objects if not is_outer(item)]
    files = {FOLDER / "portcullis.yaml": text(PREFACE, [namespace(), *rest])}
    for name, (what, values) in SERVICES.items():
        if name.endswith("-internal"):
            values = {**values, "external": {"enabled": False}, "internal": {"enabled": True}}
        [outer] = [
            without_helm(item)
            for item in render({"controller": {"service": values}}, namespace=NAMESPACE)
            if is_outer(item) or item["metadata"]["name"] == f"{OUTER}-internal"
        ]
        # Whichever is applied takes the place of the others.
        outer["metadata"]["name"] = OUTER
        files[FOLDER / "service" / f"{name}.yaml"] = text(f"# {what} See docs/install.md.\n", [outer])
    webhook = render({"controller": {"admissionWebhooks": {"enabled": True}}}, namespace=NAMESPACE)
    webhook = [item for item in map(without_helm, webhook) if item not in objects]
    files[FOLDER / "admission.yaml"] = text(ADMISSION, webhook)
    for path, contents in files.items():
        compared.names.append(path.name)
        if write:
            path.parent.mkdir(exist_ok=True)
            path.write_text(contents)
        elif not path.exists() or path.read_text() != contents:
            compared.faults.append(
                f"{path.relative_to(ROOT)}: is not the chart's rendering; tests/conformance/deploy/run --write"
            )
        else:
            applied = {invariants.name_of(item): item for item in load(FOLDER / "portcullis.yaml") + load(path)}
            applied = list(applied.values())
            compared.faults += [f"{path.relative_to(ROOT)}: {it}" for it in invariants.all_faults(applied)]
    there = set(FOLDER.rglob("*.yaml"))
    compared.faults += [f"{path.relative_to(ROOT)}: nobody writes it" for path in there - set(files)]
    return compared


PREFACE = """\
# Everything but the definitions in deploy/crds and one of the Services in deploy/kubernetes/service:
# docs/install.md says how to apply them. It is the chart's rendering with its own values.
"""


ADMISSION = """\
# The admission webhook: applied after portcullis.yaml, some of whose objects it changes. See
# docs/kubernetes.md.
"""


def is_outer(item):
    return item["kind"] == "Service" and item["metadata"]["name"] == OUTER


def namespace():
    levels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {"app.kubernetes.io/part-of": "portcullis", **levels}},
    }


def without_helm(item):
    item = copy.deepcopy(item)
    for metadata in (item["metadata"], item.get("spec", {}).get("template", {}).get("metadata", {})):
        for label in OF_HELM:
            metadata.get("labels", {}).pop(label, None)
    return item


def text(preface, objects):
    documents = [yaml.safe_dump(item, sort_keys=False, width=110) for item in objects]
    return preface + "---\n".join(documents)
