"""What one process is made of: one object of each kind, made when it is first asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from fastapi import Request

T = TypeVar("T")
Factory = Callable[["Container"], Any]


class Container:
    """One object of each kind. A kind is a class, or a protocol that the object fulfils.

    `factories` says how each kind is made; a factory asks the container for what it needs itself.
    """

    def __init__(self, factories: Mapping[Any, Factory]) -> None:
        self._factories, self._made = dict(factories), dict[Any, Any]()

    def add(self, kind: type[T], made: T) -> None:
        """Hand in an object that was made elsewhere."""
        self._made[kind] = made

    def get(self, kind: type[T]) -> T:
        """The object of this kind; raises LookupError when nobody provides it."""
        if kind not in self._made:
            if kind not in self._factories:
                raise LookupError(f"nothing provides {kind.__module__}.{kind.__qualname__}")
            self._made[kind] = self._factories[kind](self)
        found: T = self._made[kind]
        return found

    def find(self, kind: type[T]) -> T | None:
        """The object of this kind if it was made already."""
        found: T | None = self._made.get(kind)
        return found


def container_of(request: Request) -> Container:
    """The container of the process that serves this request. The only reader of `app.state` in a request."""
    container: Container = request.app.state.container
    return container


def provided(kind: type[T]) -> Callable[[Request], Awaitable[T]]:
    """A dependency for routes: `Annotated[Storage, Depends(provided(Storage))]`."""

    async def get(request: Request) -> T:
        return container_of(request).get(kind)

    return get
