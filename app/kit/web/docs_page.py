"""The page /docs: Swagger UI from our own files, under a policy that lets nothing else run."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from functools import lru_cache
from typing import Final

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from app.kit.web.public_address import public_path

FILES: Final = "/static-offline-docs"
"""Where the files of Swagger UI are, which fastapi-offline brings."""
_SCRIPT: Final = re.compile(rb"<script>([^<]*)</script>")


@lru_cache(maxsize=8)
def _page(root: str, title: str, icon: str) -> HTMLResponse:
    page = get_swagger_ui_html(
        openapi_url=f"{root}/openapi.json",
        title=f"{title} - API",
        swagger_js_url=f"{root}{FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{root}{FILES}/swagger-ui.css",
        swagger_favicon_url=f"{root}{icon}",
    )
    scripts = [b64encode(hashlib.sha256(script).digest()).decode() for script in _SCRIPT.findall(bytes(page.body))]
    allowed = " ".join(f"'sha256-{script}'" for script in scripts)
    # Swagger UI sets styles on its elements, and shows pictures that are in its script.
    page.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self' {allowed}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page


def add_docs_page(app: FastAPI, *, icon: str) -> None:
    """Serve /docs, with the icon at a path of our own."""
    app.mount(FILES, StaticFiles(packages=[("fastapi_offline", "static")]))

    @app.get("/docs", include_in_schema=False)
    async def show_docs() -> HTMLResponse:
        return _page(public_path(""), app.title, icon)
