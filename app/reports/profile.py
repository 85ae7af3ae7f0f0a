"""What the service asks of a child: to read one file. Only the child loads DuckDB, which is 27 MB (measured)."""

from __future__ import annotations

from typing import Any, Final

from app.reports.dialect import HeaderChoice

VERSION: Final = 1
MEMORY_BYTES: Final = 1536 * 1024 * 1024
"""Address space for DuckDB: it reserves four times what it keeps resident (1.1 GB for 0.27 GB; measured)."""


def profile_file(
    path_name: str, name: str, folder_name: str, sheet: str | None = None, header: HeaderChoice = "auto"
) -> dict[str, Any]:
    """Read and describe one file. `name` is the name it was sent under; `folder_name` an empty folder for scratch.

    Raises TableError, and MemoryError when the limits of the child are too tight for the file.
    """
    from app.reports.profiling import profile

    return profile(path_name, name, folder_name, sheet, header)
