"""Handing a mail to a mail server, over a connection to an address that is checked where an organisation chose it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from email.message import EmailMessage
from typing import Final

import aiosmtplib

from app.kit.outbound.addresses import AddressRules
from app.notifications.mail import MailServer

STEP_SECONDS: Final = 30.0


async def send(server: MailServer, email: EmailMessage, *, sender: str, recipient: str, allow: Reachable) -> None:
    """Raises what aiosmtplib does, OSError, and AddressNotAllowed."""
    async with await _connect(server, allow) as client:
        await client.send_message(email, sender=sender, recipients=[recipient])


async def try_server(server: MailServer, allow: Reachable) -> None:
    """Connect, sign in and say goodbye; raises the same."""
    async with await _connect(server, allow) as client:
        await client.noop()


Reachable = Sequence[str] | None
"""What may be reached besides public addresses; None: anything, as the operator chose the server."""


async def _connect(server: MailServer, allow: Reachable) -> aiosmtplib.SMTP:
    connected = None if allow is None else await _socket(server, allow)
    return aiosmtplib.SMTP(
        hostname=server.host,  # TLS verifies it, whichever address was connected to
        port=None if connected else server.port,
        sock=connected,
        username=server.username,
        password=server.password,
        use_tls=server.use_tls,
        start_tls=server.start_tls,
        timeout=STEP_SECONDS,
    )


async def _socket(server: MailServer, allow: Sequence[str]) -> socket.socket:
    """A connection to one of the server's addresses, each of which may be reached."""
    loop, failure = asyncio.get_running_loop(), OSError(f"{server.host} cannot be reached.")
    async with asyncio.timeout(STEP_SECONDS):
        for address in await AddressRules(allow).addresses(server.host, server.port):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            made = socket.socket(family, socket.SOCK_STREAM)
            made.setblocking(False)
            try:
                await loop.sock_connect(made, (address, server.port))
            except OSError as error:
                made.close()
                failure = error
            except BaseException:
                made.close()
                raise
            else:
                return made
    raise failure
