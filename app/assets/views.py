"""Several pictures of one asset: how a batch of them is summed up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

LISTED: Final = 500
"""A summary names so many assets; it is read whole with every list of batches."""


def count_assets(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many assets the completed jobs show, and how many files of each there are, by name."""
    results = [job["result"] for job in jobs if job["status"] == "completed" and job["result"]]
    files = Counter(str(result["asset"]) for result in results)
    return {"assets": len(files), "files": len(results), "files_by_asset": dict(sorted(files.items())[:LISTED])}
