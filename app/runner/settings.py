"""Settings of running jobs and of sandboxed children."""

from __future__ import annotations

import os

from pydantic import Field, SecretStr

from app.settings import GIB, MIB, Section


class RunnerSettings(Section):
    """Settings of running jobs and of sandboxed children."""

    worker_slots: int = Field(256, ge=1, le=4096, description="Jobs one process runs at a time.")
    child_processes: int = Field(
        default_factory=lambda: os.cpu_count() or 2,
        ge=1,
        le=256,
        description="Sandboxed children at a time; half as many more where an organisation has less than its part.",
    )
    child_processes_per_organisation: int | None = Field(
        None, ge=1, le=256, description="Of these, the most that one organisation may have; unset is all of them."
    )
    child_memory_bytes: int = Field(512 * MIB, ge=64 * MIB, description="Address space of one child, in bytes.")
    child_cpu_seconds: int = Field(120, ge=1, description="Processor time of one child, in seconds.")
    child_scratch_bytes: int = Field(
        12 * GIB,
        ge=64 * MIB,
        description="Scratch files of one child at a time, in bytes: a table takes about three times its size.",
    )
    metrics_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="What may read /metrics, as a bearer token; unset: programs on this machine. Operators may always.",
    )
    worker_host: str = Field("127.0.0.1", description="Where `tranche worker` answers /healthz, /readyz and /metrics.")
    worker_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="The port of it; unset takes the first free one of 8101 to 8116, 0 answers nowhere.",
    )
    metrics_organisations: int = Field(
        10,
        ge=0,
        le=1000,
        description="Organisations with most open jobs that /metrics tells apart, by name; the rest is `other`.",
    )
    shutdown_seconds: float = Field(3.0, gt=0, description="How long running steps may finish after SIGTERM.")
