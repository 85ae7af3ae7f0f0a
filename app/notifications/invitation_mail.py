"""The mail of an invitation, sent once: whoever invites has its link as well, should the mail fail."""

from __future__ import annotations

import asyncio
import logging
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, make_msgid
from typing import Final

import aiosmtplib
from pydantic import SecretStr

from app.kit.words import quantity
from app.notifications.mail import MailServer, parse_sender
from app.notifications.phrases import one_line

log = logging.getLogger("tranche.mail")
SECONDS: Final = 30.0
TEXT: Final = """{inviter} invites you to {organisation} on Tranche.

Open this page to accept; it works once, for {days}:

{link}

If you do not know who sent this, delete it: nothing happens.
"""


class InvitationMail:
    """Sends invitations through the installation's mail server, if there is one."""

    def __init__(self, server: SecretStr | None, sender: str) -> None:
        self._server = MailServer.parse(server.get_secret_value()) if server else None
        self._sender = parse_sender(sender)

    @property
    def configured(self) -> bool:
        return self._server is not None

    async def invite(self, recipient: str, *, organisation: str, inviter: str, link: str, days: int) -> None:
        """Send one; the log says why one failed."""
        server = self._server
        if server is None:
            return
        message = EmailMessage(policy=SMTP)
        try:
            message["To"] = Address(addr_spec=recipient)
        except (ValueError, IndexError, MessageError):
            log.warning("an invitation was not mailed: no mail can be sent to its address")
            return
        inviter, organisation = one_line(inviter), one_line(organisation)
        message["Subject"], message["From"] = f"{inviter} invites you to {organisation}", self._sender
        message["Date"], message["Message-ID"] = localtime(), make_msgid(domain=self._sender.domain)
        message["Auto-Submitted"] = "auto-generated"
        values = {"inviter": inviter, "organisation": organisation, "link": link, "days": quantity(days, "day")}
        message.set_content(TEXT.format_map(values))
        try:
            async with asyncio.timeout(SECONDS):
                await aiosmtplib.send(
                    message,
                    sender=self._sender.addr_spec,
                    recipients=[recipient],
                    hostname=server.host,
                    port=server.port,
                    username=server.username,
                    password=server.password,
                    use_tls=server.use_tls,
                    start_tls=server.start_tls,
                    timeout=SECONDS,
                )
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
            log.warning("an invitation was not mailed: %s", type(error).__name__)
