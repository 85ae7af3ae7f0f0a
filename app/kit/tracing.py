"""Traces and metrics by OpenTelemetry, where `tranche[otel]` is installed and OTEL_EXPORTER_OTLP_ENDPOINT is set.

Everywhere else `span` gives one and the same empty context manager, and nothing of OpenTelemetry is imported. Spans are
made by hand: instrumentations of libraries would record URLs with their queries, which hold tickets and share codes.
A batch keeps the W3C trace context of the request that made it (`traceparent`), so that a worker goes on in its trace.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, Final, Literal

log = logging.getLogger("tranche.tracing")
Kind = Literal["internal", "server", "producer", "consumer"]
_NO_SPAN: Final[AbstractContextManager[Any]] = nullcontext()
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
SHUTDOWN_SECONDS: Final = 1.0
"""Of the five in which the process ends."""


class _Off:
    """What is done while there is no telemetry: nothing."""

    def span(self, name: str, parent: str | None, kind: Kind, attributes: Mapping[str, Any]) -> Any:
        return _NO_SPAN

    def traceparent(self) -> str | None:
        return None

    def record(self, name: str, parent: str | None, began: int, ended: int, attributes: Mapping[str, Any]) -> None: ...

    def request_ended(self, seconds: float, attributes: Mapping[str, Any]) -> None: ...


class _On:
    """The same with the SDK, whose other OTEL_* variables hold as its documentation says."""

    def __init__(self, endpoint: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import SpanKind, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        own = {"service.name": "tranche", "service.version": version("tranche")}
        resource = Resource.create(own).merge(OTELResourceDetector().detect())
        base = endpoint.rstrip("/")
        # Not at the process's exit either: what could not be sent by then would hold it up.
        self._tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{base}/v1/traces")))
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{base}/v1/metrics"))
        self._meters = MeterProvider(resource=resource, metric_readers=[reader], shutdown_on_exit=False)
        self._tracer = self._tracers.get_tracer("tranche")
        self._propagator = TraceContextTextMapPropagator()
        self._error = StatusCode.ERROR
        self._kinds = {kind.name.lower(): kind for kind in SpanKind}
        # Name and unit are those of the semantic conventions for HTTP.
        self._requests = self._meters.get_meter("tranche").create_histogram("http.server.request.duration", unit="s")

    def _context(self, parent: str | None) -> Any:
        return self._propagator.extract({"traceparent": parent}) if parent else None

    @contextmanager
    def span(self, name: str, parent: str | None, kind: Kind, attributes: Mapping[str, Any]) -> Iterator[Any]:
        """Of an exception the class alone is told: its text and its traceback may have an address with a secret."""
        with self._tracer.start_as_current_span(
            name,
            context=self._context(parent),
            kind=self._kinds[kind],
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as traced:
            try:
                yield traced
            except Exception as error:
                traced.set_attribute("error.type", type(error).__qualname__)
                traced.set_status(self._error)
                raise

    def traceparent(self) -> str | None:
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get("traceparent")

    def record(self, name: str, parent: str | None, began: int, ended: int, attributes: Mapping[str, Any]) -> None:
        span = self._tracer.start_span(name, context=self._context(parent), start_time=began, attributes=attributes)
        span.end(ended)

    def request_ended(self, seconds: float, attributes: Mapping[str, Any]) -> None:
        self._requests.record(seconds, attributes)

    def shut_down(self) -> None:
        """Send what is still here. Blocks."""
        self._tracers.shutdown()
        self._meters.shutdown()


_telemetry: _Off | _On = _Off()


def span(
    name: str, attributes: Mapping[str, Any] = NOTHING, *, parent: str | None = None, kind: Kind = "internal"
) -> Any:
    """A context manager for a piece of work; its value is OpenTelemetry's span, or None.

    `parent` is a traceparent; without it the span belongs to the one that is current. Attributes never hold a secret,
    nor what somebody typed.
    """
    return _telemetry.span(name, parent, kind, attributes)


def is_on() -> bool:
    """Whether spans are sent anywhere."""
    return isinstance(_telemetry, _On)


def traceparent() -> str | None:
    """The trace context of what is done now, as W3C's header has it."""
    return _telemetry.traceparent()


def record_span(name: str, attributes: Mapping[str, Any] = NOTHING, *, parent: str | None, began: int) -> None:
    """A piece of work that is over; `began` is `time.time_ns()` then. Without a parent it is nobody's."""
    if parent:
        _telemetry.record(name, parent, began, time.time_ns(), attributes)


def measure_request(seconds: float, attributes: Mapping[str, Any]) -> None:
    """Count a request that is over."""
    _telemetry.request_ended(seconds, attributes)


class Telemetry:
    """A service: sends traces and metrics to an OTLP endpoint while it runs; None sends none."""

    def __init__(self, endpoint: str | None) -> None:
        self._endpoint = endpoint

    async def start(self) -> None:
        global _telemetry
        if self._endpoint is None:
            return
        try:
            _telemetry = await asyncio.to_thread(_On, self._endpoint)
        except ImportError:
            log.warning("OTEL_EXPORTER_OTLP_ENDPOINT is set, but tranche[otel] is not installed: nothing is sent")

    async def stop(self) -> None:
        global _telemetry
        telemetry, _telemetry = _telemetry, _Off()
        if isinstance(telemetry, _On) and not await _ends_in_time(telemetry.shut_down):
            log.warning("the last traces could not be sent")


async def _ends_in_time(work: Callable[[], None]) -> bool:
    """Whether it ended within `SHUTDOWN_SECONDS`. In a thread that nobody waits for, as the end of a loop does for its
    executor's: a collector that does not answer may take minutes."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def run() -> None:
        try:
            work()
        finally:
            with suppress(RuntimeError):  # the loop is closed by now
                loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=run, name="telemetry", daemon=True).start()
    with suppress(TimeoutError):
        await asyncio.wait_for(ended.wait(), SHUTDOWN_SECONDS)
    return ended.is_set()
