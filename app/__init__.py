"""The service: rooms, one above the other (docs/ARCHITECTURE.md)."""

import sys

# httpx loads its own command line wherever rich is installed: 5 MB of each process, a tenth of its start (measured).
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
