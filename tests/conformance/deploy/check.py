"""Lints and renders the chart over a table of values, and holds the plain manifests to it.

    check.py            everything
    check.py --write    writes the plain manifests anew from the chart
"""

import json
import re
import sys

import helm_python
import yaml
from helm_python import HelmError

import invariants
from invariants import ROOT, load, name_of
from plain import write_or_compare

CHART = ROOT / "deploy/helm/portcullis"
CASES = ROOT / "tests/conformance/deploy/cases.yaml"
NAMESPACE = "portcullis"


class Chart:
    """The chart, as Helm reads it."""

    def __init__(self):
        self.chart = helm_python.Chart.load(CHART)

    def render(self, values, release="portcullis", namespace=NAMESPACE):
        self.chart.validate_schema(values)
        files = self.chart.render(values, name=release, namespace=namespace)
        objects = []
        for path in sorted(files):
            if path.endswith((".yaml", ".yml")):
                objects += [item for item in yaml.safe_load_all(files[path]) if item]
        return objects


def main(arguments):
    chart = Chart()
    if arguments == ["--write"]:
        write_or_compare(chart.render, write=True)
        return 0
    faults, count = [], 0
    for case in yaml.safe_load(CASES.read_text()):
        count += 1
        faults += [f"{case['name']}: {fault}" for fault in judge(chart, case)]
    faults += lint()
    faults += documentation(chart)
    faults += crds(chart)
    faults += metrics()
    plain = write_or_compare(chart.render, write=False)
    faults += plain.faults
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"chart: {count} sets of values, {len(plain.names)} plain manifests: {len(faults)} faults")
    return min(len(faults), 1)


def judge(chart, case):
    """What is wrong with a case's rendering."""
    placed = {key: case[key] for key in ("release", "namespace") if key in case}
    try:
        objects = chart.render(case["values"], **placed)
    except HelmError as error:
        expected = case.get("refused")
        if expected is None or expected not in str(error):
            yield f"is refused: {error}"
        return
    if "refused" in case:
        yield "is rendered"
        return
    yield from invariants.all_faults(objects, case.get("restricted", True))
    for key, fields in case.get("holds", {}).items():
        found = [item for item in objects if called(item, key)]
        if len(found) != 1:
            yield f"there are {len(found)} of {key}"
        else:
            yield from missing(fields, found[0], key)
    for key in case.get("absent", []):
        if any(called(item, key) for item in objects):
            yield f"there is a {key}"
    everywhere = {
        resource
        for item in objects
        if item["kind"] == "ClusterRole"
        for rule in item["rules"]
        for resource in rule["resources"]
    }
    for resource in case.get("not_granted_everywhere", []):
        if resource in everywhere:
            yield f"{resource} are granted everywhere"


def called(item, key):
    """Whether an object goes by KIND, KIND/NAME or KIND/NAMESPACE/NAME."""
    kind, _, rest = key.partition("/")
    metadata = item["metadata"]
    names = {"", metadata["name"], f"{metadata.get('namespace')}/{metadata['name']}"}
    return item["kind"] == kind and rest in names


def missing(expected, actual, place):
    """Where `actual` does not have what is expected of it."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            if value is None and key not in actual:
                continue
            if value is None or key not in actual:
                yield f"{place}.{key} is {json.dumps(actual.get(key))}"
            else:
                yield from missing(value, actual[key], f"{place}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list):
        for wanted in expected:
            if not any(not list(missing(wanted, element, place)) for element in actual):
                yield f"{place} has no {json.dumps(wanted)}: {json.dumps(actual)}"
    elif expected != actual:
        yield f"{place} is {json.dumps(actual)}"


def lint():
    report = helm_python.lint(CHART, strict=True, namespace=NAMESPACE)
    for message in report["messages"]:
        # An icon is for catalogues.
        if message["severity"] > 1:
            yield f"lint: {message['path']}: {message['error']}"


def documentation(chart):
    """Every value that the page of installing names is there."""
    page = (ROOT / "docs/install.md").read_text()
    for path in re.findall(r"`((?:controller|rbac|serviceAccount)\.[A-Za-z.]+)`", page):
        at = chart.chart.values
        for part in path.split("."):
            if not isinstance(at, dict) or part not in at:
                yield f"docs/install.md: there is no value {path}"
                break
            at = at[part]


def metrics():
    """Alerts are about metrics that there are, as the pages list them."""
    pages = "".join(page.read_text() for page in sorted((ROOT / "docs").glob("*.md")))
    known = set(re.findall(r"`((?:portcullis|process)_[a-z0-9_]+)`", pages))
    rules = (ROOT / "deploy/alerts/portcullis.yaml").read_text()
    for name in sorted(set(re.findall(r"\b(?:portcullis|process)_[a-z0-9_]+", rules)) - known):
        yield f"deploy/alerts/portcullis.yaml: no page of docs has the metric {name}"


def crds(chart):
    """The definitions of the chart are those of the folder, all of them, and valid."""
    folder = [item for path in sorted((ROOT / "deploy/crds").glob("*.yaml")) for item in load(path)]
    names = sorted(name_of(item) for item in folder)
    in_chart = sorted(
        name_of(item) for file in chart.chart.crds for item in yaml.safe_load_all(file["data"]) if item
    )
    if names != in_chart:
        yield f"the chart defines {in_chart}, and deploy/crds {names}"
    yield from invariants.schemas(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
