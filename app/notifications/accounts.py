"""The account of a mail server."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

import aiosmtplib
from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from app.connections.contract import Account, AccountRefused, AnyKind, ConnectionKind, Reach, Secret
from app.kit.schemas import check_text
from app.notifications import smtp
from app.notifications.mail import MailServer, SmtpUrlNotValid, parse_sender
from app.notifications.settings import MailSettings

KIND: Final = "smtp"


def _check_server(url: SecretStr) -> SecretStr:
    try:
        MailServer.parse(url.get_secret_value())
    except SmtpUrlNotValid:
        raise ValueError("must look like smtp://user:password@host:587?starttls=required") from None
    return url


def _check_sender(text: str) -> str:
    try:
        parse_sender(check_text(text))
    except SmtpUrlNotValid:
        raise ValueError("must be an address such as Tranche <tranche@example.org>") from None
    return text


class SmtpAccount(Account):
    """A mail server, and whom mail comes from."""

    url: Annotated[Secret, AfterValidator(_check_server)] = Field(
        title="Server", description="smtp://user:password@host:587?starttls=required, or smtps://."
    )
    mail_from: Annotated[str, StringConstraints(max_length=320), AfterValidator(_check_sender)] = Field(title="From")


async def _try(reach: Reach, account: SmtpAccount) -> str:
    try:
        await smtp.try_server(MailServer.parse(account.url.get_secret_value()), reach.allow)
    except aiosmtplib.SMTPAuthenticationError:
        raise AccountRefused("the mail server does not take the user name and password") from None
    except (TimeoutError, aiosmtplib.SMTPException, OSError) as error:
        raise AccountRefused(f"the mail server was not reached or refused us ({type(error).__name__})") from None
    return "The mail server lets us in."


def account_kinds(settings: MailSettings) -> Iterable[AnyKind]:
    """The mail server, with the account of the installation's settings."""
    shared = None
    if settings.smtp_url is not None:
        shared = SmtpAccount.model_construct(url=settings.smtp_url, mail_from=settings.mail_from)
    return (ConnectionKind(KIND, "Mail", SmtpAccount, _try, shared, "TRANCHE_SMTP_URL"),)
