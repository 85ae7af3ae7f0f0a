"""Mails to an organisation's administrators when it comes near a limit."""

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

from app.connections.outbound import OutboundClients
from app.connections.service import Connections, Found
from app.kit.db import Database
from app.kit.isolation import each
from app.kit.outbound.addresses import UrlNotAllowed
from app.kit.secrets.sealing import CannotUnseal
from app.kit.service import Periodic
from app.limits import warning_repository
from app.limits.quotas import WORDS, Quota
from app.limits.warning_repository import OwedWarning
from app.notifications import smtp
from app.notifications.accounts import SmtpAccount
from app.notifications.mail import MailServer, parse_sender
from app.notifications.phrases import one_line

AT_A_TIME: Final = 20
MOST_TRIES: Final = 5
SECONDS: Final = 30.0
TEXT: Final = """{organisation} has {used:,} of at most {most:,} {words} on Tranche.

What would pass the limit is refused. An operator of the installation can raise it.
{link}"""


class QuotaMails(Periodic):
    """Sends what is owed, through the organisation's mail server or the installation's; a failure is tried again with
    the next turns, five times in all. Where there is no mail server or no address, the warning is in the audit log.
    """

    interval = first_wait = 15.0
    log = logging.getLogger("tranche.mail")

    def __init__(
        self, database: Database, connections: Connections, clients: OutboundClients, *, base_url: str | None
    ) -> None:
        super().__init__()
        self._database, self._connections, self._clients = database, connections, clients
        self._base_url = base_url

    async def turn(self) -> None:
        async with self._database.statements() as session:
            owed = await warning_repository.claim_owed(session, AT_A_TIME)
        await each(
            owed, self._send_or_put_back, self.log, lambda one: f"a warning of organisation {one.organisation_id}"
        )

    async def _send_or_put_back(self, warning: OwedWarning) -> None:
        is_sent = False
        try:
            is_sent = await self._send(warning)
        finally:
            if not is_sent and warning.tries < MOST_TRIES:
                async with self._database.transaction() as session:
                    await warning_repository.put_back(session, warning)

    async def _send(self, warning: OwedWarning) -> bool:
        """Whether anybody was reached, or there is nobody to reach."""
        try:
            found = await self._connections.find(warning.organisation_id, SmtpAccount)
        except CannotUnseal:
            return False
        if found is None or not warning.recipients:
            return True
        allow = await self._clients.allowed(warning.organisation_id) if found.own else None
        sent = [await self._deliver(found, warning, recipient, allow) for recipient in warning.recipients]
        return any(sent)

    async def _deliver(
        self, found: Found[SmtpAccount], warning: OwedWarning, recipient: str, allow: smtp.Reachable
    ) -> bool:
        sender = parse_sender(found.account.mail_from)
        try:
            mail = self._compose(warning, recipient, sender)
            async with asyncio.timeout(SECONDS):
                server = MailServer.parse(found.account.url.get_secret_value())
                await smtp.send(server, mail, sender=sender.addr_spec, recipient=recipient, allow=allow)
        except (ValueError, IndexError, MessageError):
            self.log.warning("a warning was not mailed: no mail can be sent to an administrator's address")
            return False
        except (aiosmtplib.SMTPException, UrlNotAllowed, TimeoutError, OSError) as error:
            self.log.warning("a warning was not mailed: %s", type(error).__name__)
            return False
        return True

    def _compose(self, warning: OwedWarning, recipient: str, sender: Address) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        organisation, words = one_line(warning.organisation), WORDS[Quota(warning.quota)]
        mail["To"], mail["From"] = Address(addr_spec=recipient), sender
        mail["Subject"] = f"{organisation} comes near its limit of {words}"
        mail["Date"], mail["Message-ID"] = localtime(), make_msgid(domain=sender.domain)
        mail["Auto-Submitted"] = "auto-generated"
        link = f"\n{self._base_url}/#/usage\n" if self._base_url else ""
        values = {"organisation": organisation, "used": warning.used, "most": warning.most}
        mail.set_content(TEXT.format(**values, words=words, link=link))
        return mail
