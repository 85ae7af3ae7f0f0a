"""Renders, lints and validates the Helm chart: run by .venv/deploy, with values by case as JSON on standard input.

Prints, by case, the manifests by template and the lint's findings, or why Helm refuses the values.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import kubernetes_validate
import yaml
from helm_python import chart


def check(path: str, values: dict[str, Any], version: str) -> dict[str, Any]:
    try:
        rendered = chart.Chart.load(path).render(values, name="tranche", namespace="ours")
    except Exception as refused:
        return {"refused": str(refused)}
    manifests = []
    for name, text in rendered.items():
        if name.endswith(".yaml"):
            manifests += [one for one in yaml.safe_load_all(text) if one]
    for manifest in manifests:
        if not manifest["apiVersion"].startswith("monitoring.coreos.com/"):  # that is no part of Kubernetes
            kubernetes_validate.validate(manifest, version, strict=True)
    report = chart.lint(path, values, strict=True)
    notes = next(text for name, text in rendered.items() if name.endswith("NOTES.txt"))
    return {"manifests": manifests, "notes": notes, "errors": report["errors"]}


cases = json.load(sys.stdin)
print(json.dumps({name: check(sys.argv[1], values, sys.argv[2]) for name, values in cases.items()}))
