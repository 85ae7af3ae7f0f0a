"""What a route depends on, worked out once: which calls are made, in which order, and what each is given.

FastAPI goes through the tree of a route's dependencies at each request, into what is known already as well, and asks
each time how it is to be called: half of what a page of events took in Python (measured). A plan has each dependency
once, in the order in which FastAPI comes to it first. Everything else of a request stays FastAPI's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

import fastapi.routing
from fastapi import Request, Response
from fastapi._compat import ModelField, field_annotation_is_sequence
from fastapi.dependencies.models import (
    Dependant,
    _get_cache_key,
    _is_async_gen_callable,
    _is_coroutine_callable,
    _is_gen_callable,
)
from fastapi.dependencies.utils import (
    SolvedDependency,
    _get_param_aliases,
    _get_param_model,
    _is_json_field,
    _solve_generator,
    request_body_to_args,
    request_params_to_args,
    solve_dependencies,
)

MOST: Final = 2000
"""Plans that are kept: an application has one for each of its 200 routes."""
_PARAMS: Final = (
    ("path_params", "path_params"),
    ("query_params", "query_params"),
    ("header_params", "headers"),
    ("cookie_params", "cookies"),
)
"""Where the fields of a dependency are, and where a request has what they are read from."""


_plans: dict[int, tuple[Dependant, list[_Step] | None]] = {}
"""By the identity of what they are plans of, which is kept with each, so that nothing else can have its identity."""


class _Params:
    """The parameters that a dependency takes from one place, `there`.

    FastAPI asks at each request of what kind each is: 0.02 ms (measured). Here a simple one that was not sent is its
    default, and one that was sent is checked as it came. All else, and whatever is wrong, is left to FastAPI.
    """

    __slots__ = ("_fields", "_simple", "there")

    def __init__(self, there: str, fields: Sequence[ModelField]) -> None:
        self.there, self._fields = there, fields
        self._simple: list[tuple[ModelField, str, bool, Any]] | None = None
        if all(map(_is_simple, fields)):
            self._simple = [(one, one.name, one.field_info.is_required(), one.default) for one in fields]

    def read(self, request: Request) -> tuple[dict[str, Any], list[Any]]:
        """Their values by name, and what is wrong with them."""
        given: Mapping[str, Any] = getattr(request, self.there)
        values: dict[str, Any] = {}
        for field, name, required, default in self._simple or ():
            value, wrong = given.get(field.alias), None
            if value is not None:
                value, wrong = field.validate(value)
            elif not required:
                value = default
            if wrong or (value is None and required):
                return request_params_to_args(self._fields, given)
            values[name] = value
        return request_params_to_args(self._fields, given) if self._simple is None else (values, [])


def _is_simple(field: ModelField) -> bool:
    """Whether a parameter has one name and one value, and a default that nobody can change, if it has one."""
    info = field.field_info
    return (
        _get_param_model(field) is None
        and _get_param_aliases(field) == [(field.alias, field.alias)]
        and not _is_json_field(field)
        and not field_annotation_is_sequence(info.annotation)
        and not info.validate_default
        and (info.is_required() or isinstance(info.default, str | int | float | None))
    )


class _Step:
    """One dependency: `needs` are the names of its parameters, each with the place of the step that gives it."""

    __slots__ = ("call", "dependant", "needs", "params", "request_name", "response_name", "yields")

    def __init__(self, dependant: Dependant, needs: list[tuple[str | None, int]]) -> None:
        self.dependant, self.call, self.needs = dependant, dependant.call, needs
        self.yields = _is_async_gen_callable(dependant.call)
        self.params = [_Params(there, getattr(dependant, own)) for own, there in _PARAMS if getattr(dependant, own)]
        self.request_name = [
            name for name in (dependant.request_param_name, dependant.http_connection_param_name) if name
        ]
        self.response_name = dependant.response_param_name


def _is_plain(dependant: Dependant, *, root: bool) -> bool:
    """Whether it asks for nothing that a plan does not know."""
    return not (
        dependant.websocket_param_name
        or dependant.background_tasks_param_name
        or dependant.security_scopes_param_name
        or dependant.concurrency
        or (dependant.body_params and not root)
        or not (root or dependant.use_cache)
    )


def _is_async(call: Callable[..., Any] | None) -> bool:
    return not _is_gen_callable(call) and (_is_coroutine_callable(call) or _is_async_gen_callable(call))


def make_plan(root: Dependant) -> list[_Step] | None:
    """The steps of a route, its own last; None when FastAPI has to go through them itself."""
    steps: list[_Step] = []
    places: dict[Any, int] = {}

    def visit(dependant: Dependant) -> int | None:
        if not _is_plain(dependant, root=dependant is root):
            return None
        needs: list[tuple[str | None, int]] = []
        for below in dependant.dependencies:
            place = places.get(key := _get_cache_key(dependant=below))
            if place is None:
                if not _is_async(below.call) or (place := visit(below)) is None:
                    return None
                places[key] = place
            needs.append((below.name, place))
        steps.append(_Step(dependant, needs))
        return len(steps) - 1

    return None if visit(root) is None else steps


async def solve_by_plan(
    *, request: Any, dependant: Dependant, body: Any = None, embed_body_fields: bool, **others: Any
) -> SolvedDependency:
    """What `solve_dependencies` of FastAPI gives for the dependencies of a route."""
    known = _plans.get(id(dependant))
    if known is None:
        if len(_plans) >= MOST:
            _plans.clear()
        known = _plans[id(dependant)] = dependant, make_plan(dependant)
    plan = known[1]
    provider = others.get("dependency_overrides_provider")
    if not plan or not isinstance(request, Request) or (provider and provider.dependency_overrides):
        return await solve_dependencies(
            request=request, dependant=dependant, body=body, embed_body_fields=embed_body_fields, **others
        )
    response = Response()
    del response.headers["content-length"]
    response.status_code = None  # type: ignore[assignment]
    results: list[Any] = [None] * len(plan)
    failed: set[int] = set()
    errors: list[Any] = []
    values: dict[str, Any] = {}
    for place, step in enumerate(plan):
        values, wrong = {}, False
        for name, given in step.needs:
            if given in failed:
                wrong = True
            elif name is not None:
                values[name] = results[given]
        for params in step.params:
            found, mistakes = params.read(request)
            values.update(found)
            if mistakes:
                errors += mistakes
                wrong = True
        for name in step.request_name:
            values[name] = request
        if step.response_name:
            values[step.response_name] = response
        if step.dependant is dependant:
            break
        if wrong:
            failed.add(place)
        elif step.yields:
            stack: AsyncExitStack = request.scope[
                "fastapi_function_astack" if step.dependant.scope == "function" else "fastapi_inner_astack"
            ]
            results[place] = await _solve_generator(
                request=request, dependant=step.dependant, stack=stack, sub_values=values
            )
        else:
            results[place] = await step.call(**values)  # type: ignore[misc]
    if dependant.body_params:
        found, mistakes = await request_body_to_args(
            body_fields=dependant.body_params, received_body=body, embed_body_fields=embed_body_fields
        )
        values.update(found)
        errors += mistakes
    return SolvedDependency(values, errors, None, response, {})


def use_plans() -> None:
    """Have every FastAPI application of this process find what its routes depend on by their plans."""
    setattr(fastapi.routing, "solve_dependencies", solve_by_plan)  # noqa: B010
