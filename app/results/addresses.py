"""Where things are for whoever has a code."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where things are for whoever has the code; `root` stands before each path."""

    code: str
    root: str = ""

    def links(self) -> dict[str, str]:
        page, base = f"{self.root}/r/{self.code}", f"{self.root}/api/results/{self.code}"
        return {"page": page, "json": base, "csv": f"{base}?format=csv", "download": f"{base}/download"}

    def file(self, sequence: int, name: str) -> str:
        return f"{self.root}/api/results/{self.code}/jobs/{sequence}/files/{quote(name, safe='')}"
