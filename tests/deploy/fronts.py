"""nginx and Caddy as deploy/ sets them up, on ports of their own and with a certificate that was just made."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from tests.listening import find_program, listening, nginx_command
from tests.processes import ROOT, free_port

DEPLOY = ROOT / "deploy"


@dataclass(frozen=True)
class Front:
    """A proxy that runs: its `url` has the path that the service is below, `certificate` is a file."""

    url: str
    certificate: Path
    folder: Path


def _replaced(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, f"{old!r} is not in the file any more"
        text = text.replace(old, new)
    return text


def nginx_settings(folder: Path, port: int, upstream: int, root: str, strips: bool) -> str:
    """deploy/nginx.conf, with what its comments tell to change."""
    changes = {
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
        "server_name tranche.example.org;": "server_name localhost;",
        "/etc/ssl/tranche/fullchain.pem": f"{folder}/certificate.pem",
        "/etc/ssl/tranche/privkey.pem": f"{folder}/key.pem",
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{upstream};",
        "location / {": f"location {unquote(root)}/ {{",
        "proxy_pass http://tranche;": f"proxy_pass http://tranche{'/' if strips else ''};",
    }
    return _replaced((DEPLOY / "nginx.conf").read_text(), changes)


def caddy_settings(folder: Path, port: int, upstream: int, root: str, strips: bool) -> str:
    """deploy/Caddyfile, with what its comments tell to change."""
    proxy, opened, closed = "\treverse_proxy 127.0.0.1:8000 {", f"\treverse_proxy 127.0.0.1:{upstream} {{", "\n}\n"
    if strips:
        opened, closed = f"\thandle_path {root}/* {{\n{opened}", "\n}\n}\n"
    elif root:
        opened = opened.replace("reverse_proxy", f"reverse_proxy {root}*")
    site = f"https://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls {folder}/certificate.pem {folder}/key.pem"
    changes = {
        "\ntranche.example.org {": f"\n{{\n\tadmin off\n\tauto_https off\n}}\n\n{site}",
        proxy: opened,
        "\n}\n": closed,
    }
    return _replaced((DEPLOY / "Caddyfile").read_text(), dict(reversed(changes.items())))


def make_certificate(folder: Path) -> None:
    """A certificate for localhost, which signs itself."""
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "certificate.pem"]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)


def prepared(kind: str, upstream: int, root: str, strips: bool, port: int) -> tuple[list[str], Front]:
    """The command that starts the proxy, and what it will be. The test is skipped where there is no such program."""
    program = find_program(kind)
    folder = Path(tempfile.mkdtemp(prefix=f"tranche-{kind}-"))
    make_certificate(folder)
    if kind == "nginx":
        command = nginx_command(program, folder, nginx_settings(folder, port, upstream, root, strips))
    else:
        (folder / "settings").write_text(caddy_settings(folder, port, upstream, root, strips))
        command = [program, "run", "--config", f"{folder}/settings", "--adapter", "caddyfile"]
    return command, Front(f"https://localhost:{port}{root}", folder / "certificate.pem", folder)


@asynccontextmanager
async def running(
    kind: str, upstream: int, *, root: str = "", strips: bool = False, port: int = 0
) -> AsyncIterator[Front]:
    """The proxy in front of a service on this machine."""
    port = port or free_port()
    command, front = prepared(kind, upstream, root, strips, port)
    environment = os.environ | {"XDG_DATA_HOME": str(front.folder), "XDG_CONFIG_HOME": str(front.folder)}
    try:
        async with listening(command, port, front.folder, env=environment):
            yield front
    finally:
        shutil.rmtree(front.folder, ignore_errors=True)
