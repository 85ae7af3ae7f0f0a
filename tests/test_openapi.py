"""openapi.json is valid, and says what the service does: who may call, what may go wrong, and with which headers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.auth.permissions import Permission
from app.kit.errors import Problem, all_problems
from tests.conftest import Api

ROOT = Path(__file__).resolve().parent.parent
SECURITY = [{"key": []}, {"session": []}]
PUBLIC = {
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("post", "/api/session"),
    ("post", "/api/invitations/accept"),
    ("get", "/api/sign-in-methods"),
    ("get", "/api/results/{code}"),
    ("get", "/api/results/{code}/download"),
    ("get", "/api/results/{code}/jobs/{sequence}/files/{name}"),
}
"""What needs no credential, or carries it in itself."""


KINDS = sorted(set(all_problems()), key=lambda kind: kind.__name__)


@pytest.fixture(scope="module")
async def document(api: Api) -> dict[str, Any]:
    return dict((await api.get("/openapi.json")).json())


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_document_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")
    assert "itemSchema" not in str(document)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    dangling = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str):
                found: Any = document
                for name in reference.removeprefix("#/").split("/"):
                    found = found.get(name) if isinstance(found, dict) else None
                if found is None:
                    dangling.append(reference)
            for member in value.values():
                walk(member)
        elif isinstance(value, list):
            for member in value:
                walk(member)

    walk(document)
    assert dangling == []
    assert not [name for name in document["components"]["schemas"] if "__" in name or "Validation" in name]


def test_every_operation_asks_for_exactly_one_permission(document: dict[str, Any]) -> None:
    asked: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for method, path, operation in operations(document):
        asked[operation["x-tranche-permission"]].add((method, path))
    assert set(asked) == {"public", "any", *Permission}
    assert asked["public"] == PUBLIC
    assert asked["any"] == {
        *((method, path) for path in ("/api/session", "/api/sessions") for method in ("get", "delete")),
        ("delete", "/api/sessions/{session_id}"),
        *((method, "/api/keys") for method in ("get", "post")),  # one's own
        *(("delete", "/api/keys/{key_id}"), ("post", "/api/keys/{key_id}/rotate")),
    }


def test_every_operation_says_who_may_call(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert (schemes["key"]["type"], schemes["key"]["scheme"]) == ("http", "bearer")
    assert (schemes["session"]["type"], schemes["session"]["in"]) == ("apiKey", "cookie")
    for method, path, operation in operations(document):
        if (method, path) in PUBLIC:
            assert "security" not in operation, path
        else:
            assert operation["security"][:2] == SECURITY, path
            assert {"401", "503"} <= operation["responses"].keys(), path


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    problem = document["components"]["schemas"]["Problem"]
    assert set(problem["required"]) == {"type", "title", "status", "detail", "instance", "code"}
    for _, path, operation in operations(document):
        assert "500" in operation["responses"], path
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"], (path, status)
                content = answer["content"]["application/problem+json"]
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
                for code in content["examples"]:
                    value = document["components"]["examples"][code]["value"]
                    assert (value["code"], str(value["status"])) == (code, status)


def test_operations_are_told_in_words(document: dict[str, Any]) -> None:
    told = {tag["name"]: tag["description"] for tag in document["tags"]}
    for _, path, operation in operations(document):
        assert set(operation["tags"]) <= told.keys(), path
        assert operation["description"], path
        assert re.fullmatch(r"[A-Z][a-z]+( [a-z]+)+", operation["summary"]), operation["summary"]
    assert all(words.endswith(".") for words in told.values())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_problem_says_what_it_means(kind: type[Problem]) -> None:
    assert vars(kind).get("__doc__"), "a docstring of its own"
    assert re.fullmatch(r"[A-Z`].*[.]", kind.meaning())
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.code)


def test_a_code_has_one_class() -> None:
    by_code = defaultdict(set)
    for kind in all_problems():
        by_code[kind.code].add(kind)
    assert {code: kinds for code, kinds in by_code.items() if len(kinds) > 1} == {}


BEFORE_ROUTING = {"MethodNotAllowed", "TooManyConnections", "HeaderFieldsTooLarge", "ShuttingDown", "Unavailable"}
"""Answered outside of any operation, or only what others are made from."""


def test_every_problem_is_named_by_an_operation(document: dict[str, Any]) -> None:
    named = {
        code
        for _, _, operation in operations(document)
        for answer in operation["responses"].values()
        for code in answer.get("content", {}).get("application/problem+json", {}).get("examples", {})
    }
    missing = {kind.__name__ for kind in KINDS if kind.code not in named}
    assert missing <= BEFORE_ROUTING


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/api/batches/counts"), ("GET", "/api/jobs/batch")])
@pytest.mark.parametrize("query", ["", "?customer=x"])
async def test_a_fixed_path_is_no_id(api: Api, method: str, path: str, query: str) -> None:
    answer = await api.request(method, path + query)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST" if method == "GET" else "GET")
