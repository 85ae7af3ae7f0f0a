"""How a call in a sandboxed child can end without an answer."""

from __future__ import annotations

from app.kit.outage import Outage


class SandboxError(Exception):
    """The call did not end by itself. `code` is stable, `message` is one sentence."""

    code = "SANDBOX_ERROR"

    @property
    def message(self) -> str:
        return str(self)


class ResourceLimitExceeded(SandboxError):
    """The call wanted more memory, processor time, scratch space or result bytes than it may have."""

    code = "RESOURCE_LIMIT"


class DiskNearlyFull(SandboxError):
    """There is hardly any room left where the call writes its scratch files: another try may find some."""

    code = "DISK_NEARLY_FULL"


class SandboxTimeout(SandboxError):
    """The call took longer than its wall time."""

    code = "TIMEOUT"


class SandboxCrashed(SandboxError):
    """The child died of a signal, left by itself, or raised an exception that cannot be carried across."""

    code = "CHILD_CRASHED"


class ChildLost(Outage, SandboxError):
    """There was no child to be had, or somebody ended it or the fork server: nothing that the call has done."""

    code = "CHILD_LOST"
