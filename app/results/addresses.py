"""Where things are for whoever has a code."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where things are for whoever has the code."""

    code: str

    def links(self) -> dict[str, str]:
        base = f"/api/results/{self.code}"
        return {"page": f"/r/{self.code}", "json": base, "csv": f"{base}?format=csv", "download": f"{base}/download"}

    def file(self, sequence: int, name: str) -> str:
        return f"/api/results/{self.code}/jobs/{sequence}/files/{quote(name, safe='')}"
