"""The API's own description, without a service: `script/openapi` prints it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings


def openapi_document() -> dict[str, Any]:
    """openapi.json; nothing is opened, so neither the database nor the folder need to be there."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder), database_url=SecretStr("postgresql://nowhere/tranche"), _env_file=None)
        return create_app(settings).openapi()


if __name__ == "__main__":
    print(json.dumps(openapi_document(), indent=1, sort_keys=True))
