"""The Helm chart, rendered by Helm's own engine and held against the schemas of Kubernetes."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.tools import tools_python
from tests.patience import patient
from tests.processes import ROOT

CHART = ROOT / "deploy" / "helm" / "tranche"
ALERTS = ROOT / "deploy" / "prometheus" / "tranche-alerts.yml"
VERSION = "1.33.0"
EXTERNAL = {
    "database": {"url": "postgresql://tranche@db:5432/tranche"},
    "secret": {"TRANCHE_SECRET_KEY": "s3cret", "TRANCHE_DATABASE_PASSWORD": "a/b#c@d%e'f\"g$h: i"},
}
CASES: dict[str, dict[str, Any]] = {
    "whole": EXTERNAL
    | {
        "publicUrl": "https://www.example.org:8443/tranche/",
        "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls"},
        "serve": {"replicas": 2},
        "serviceMonitor": {"enabled": True},
        "prometheusRule": {"enabled": True, "rules": ALERTS.read_text()},
        "backup": {"enabled": True, "existingClaim": "backups"},
    },
    "at the root": EXTERNAL | {"publicUrl": "https://www.example.org", "ingress": {"enabled": True}},
    "bucket": EXTERNAL | {"existingSecret": "mine", "storage": {"url": "s3://bucket/files"}},
    "embedded": {"database": {"embedded": True}},
    "no database": {},
    "no secret": {"database": EXTERNAL["database"]},
    "two with one database": {"database": {"embedded": True}, "serve": {"replicas": 2}},
    "backup of the embedded": {"database": {"embedded": True}, "backup": {"enabled": True, "existingClaim": "b"}},
    "ingress to nowhere": EXTERNAL | {"ingress": {"enabled": True}},
    "no alerts": EXTERNAL | {"prometheusRule": {"enabled": True}},
    "mistyped": EXTERNAL | {"replicas": 2},
    "no database's address": {"database": {"url": "mysql://db"}},
}
Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def found() -> Found:
    command = [tools_python(), Path(__file__).with_name("check_chart.py"), CHART, VERSION]
    done = subprocess.run(command, input=json.dumps(CASES), capture_output=True, text=True, timeout=patient(60))
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def by_kind(found: Found, case: str) -> dict[str, Any]:
    return {f"{one['kind']} {one['metadata']['name']}": one for one in found[case]["manifests"]}


def test_lint_finds_nothing(found: Found) -> None:
    assert [found[case]["errors"] for case in CASES if "errors" in found[case]] == [[]] * 4


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("no database", "set database.url"),
        ("no secret", "TRANCHE_SECRET_KEY"),
        ("two with one database", "one replica"),
        ("backup of the embedded", "needs database.url"),
        ("ingress to nowhere", "needs publicUrl"),
        ("no alerts", "--set-file prometheusRule.rules"),
        ("mistyped", "replicas"),
        ("no database's address", "/database/url"),
    ],
)
def test_values_that_cannot_work_are_refused(found: Found, case: str, why: str) -> None:
    assert why in found[case]["refused"]


def test_every_pod_is_shut_in(found: Found) -> None:
    for case in ("whole", "bucket", "embedded"):
        for manifest in found[case]["manifests"]:
            spec = manifest.get("spec", {})
            pod = spec.get("jobTemplate", {}).get("spec", spec).get("template", {}).get("spec")
            if pod is None:
                continue
            assert (pod["enableServiceLinks"], pod["automountServiceAccountToken"]) == (False, False)
            assert pod["securityContext"]["runAsNonRoot"]
            assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            (container,) = pod["containers"]
            inner = container["securityContext"]
            assert (inner["readOnlyRootFilesystem"], inner["allowPrivilegeEscalation"]) == (True, False)
            assert {mount["name"] for mount in container["volumeMounts"]} - {"backups"} == {"data", "tmp"}


def test_the_whole(found: Found) -> None:
    whole = by_kind(found, "whole")
    assert {*whole} == {
        *("Deployment tranche", "Deployment tranche-worker", "Service tranche", "Secret tranche", "Ingress tranche"),
        *("PersistentVolumeClaim tranche", "PodDisruptionBudget tranche", "CronJob tranche-backup"),
        *("PodMonitor tranche", "PrometheusRule tranche"),
    }
    (rule,) = whole["Ingress tranche"]["spec"]["rules"]
    assert (rule["host"], rule["http"]["paths"][0]["path"]) == ("www.example.org", "/tranche")
    assert whole["Secret tranche"]["stringData"] == EXTERNAL["secret"]
    assert whole["PrometheusRule tranche"]["spec"]["groups"]
    (job,) = whole["CronJob tranche-backup"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert job["args"] == ["backup", "--keep", "7", "/backups/tranche"]


def test_other_ways(found: Found) -> None:
    (rule,) = by_kind(found, "at the root")["Ingress tranche"]["spec"]["rules"]
    assert rule["http"]["paths"][0]["path"] == "/"
    bucket = by_kind(found, "bucket")
    assert {*bucket} == {"Deployment tranche", "Deployment tranche-worker", "Service tranche"}
    embedded = by_kind(found, "embedded")
    assert {*embedded} == {"StatefulSet tranche", "Service tranche", "Secret tranche"}
    assert embedded["StatefulSet tranche"]["spec"]["volumeClaimTemplates"]
    assert "statefulset/tranche -- tranche sign-in" in found["embedded"]["notes"]


def test_version_is_the_projects() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert f"appVersion: {version[1]}\n" in (CHART / "Chart.yaml").read_text()
