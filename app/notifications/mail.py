"""The mail at the end of a batch, and the server it goes through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.batches.models import Batch
from app.batches.responses import pipelines_of
from app.batches.states import COUNTERS
from app.kit.service import CannotStart
from app.notifications.phrases import counted, duration, one_line, sentence
from app.pipelines.contract import Overview
from app.pipelines.models import PipelineRow

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_COLOURS: Final = {"completed": "#1a7f37", "partial": "#9a6700", "failed": "#cf222e", "cancelled": "#57606a"}


class SmtpUrlNotValid(CannotStart):
    """TRANCHE_SMTP_URL or TRANCHE_MAIL_FROM cannot be read. The message never repeats the URL, which has a password."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """`start_tls`: None takes it when the server offers it. `use_tls`: TLS from the first byte."""

    host: str
    port: int
    username: str | None
    password: str | None = field(repr=False)
    use_tls: bool
    start_tls: bool | None

    @staticmethod
    def parse(url: str) -> MailServer:
        """From `smtp://user:password@host:port?starttls=required|off` or `smtps://...`; raises SmtpUrlNotValid."""
        try:
            parts = urlsplit(url)
            port, query = parts.port, parse_qs(parts.query, strict_parsing=bool(parts.query))
        except ValueError:
            raise SmtpUrlNotValid("TRANCHE_SMTP_URL is not a URL") from None
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or query.keys() - {"starttls"}:
            raise SmtpUrlNotValid("TRANCHE_SMTP_URL must look like smtp://user:password@host:587?starttls=required")
        secure = parts.scheme == "smtps"
        choice = query.get("starttls", ["auto"])[0]
        if choice not in ("auto", "required", "off"):
            raise SmtpUrlNotValid("starttls in TRANCHE_SMTP_URL is one of auto, required and off")
        return MailServer(
            host=parts.hostname,
            port=port or (465 if secure else 587 if choice == "required" else 25),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=secure,
            start_tls=False if secure or choice == "off" else True if choice == "required" else None,
        )


def parse_sender(text: str) -> Address:
    """The address mail comes from, with or without a name; raises SmtpUrlNotValid."""
    name, _, address = text.rpartition("<")  # not parseaddr, which wants quotes around a name with a comma
    try:
        return Address(one_line(name).strip('"'), addr_spec=address.removesuffix(">").strip())
    except (ValueError, IndexError, MessageError):
        raise SmtpUrlNotValid("TRANCHE_MAIL_FROM is not an address such as Tranche <tranche@example.org>") from None


MOST_ROWS: Final = 20
_MOST_TABLES: Final = 4
_LONGEST_CELL: Final = 80


@dataclass(frozen=True, slots=True)
class Results:
    """What the mail says of the results: what the pipelines say, and the path of the page that shows it to anybody."""

    overviews: Sequence[Overview] = ()
    page: str | None = None


def compose(
    batch: Batch,
    pipeline: PipelineRow,
    recipient: str,
    sender: Address,
    base_url: str,
    results: Results = Results(),
) -> EmailMessage:
    """The mail of an ended batch, in text and HTML. ValueError: `recipient` is no address.

    Its Message-ID is the batch's, so that a mail that had to be sent twice is told apart from two mails.
    """
    try:
        to = Address(addr_spec=recipient)
    except (IndexError, MessageError):
        raise ValueError("not an address") from None
    counters = {name: getattr(batch, f"{name}_jobs") for name in COUNTERS}
    said = sentence(f"batch.{batch.status}", batch.name)
    values: dict[str, Any] = {
        "said": said,
        "counted": counted(counters),
        "facts": [*_told(results), *_facts(batch, pipeline)],
        "tables": _tables(results),
        "shared": f"{base_url}{results.page}" if base_url and results.page else None,
        "colour": _COLOURS[batch.status],
        "console": f"{base_url}/#/batches/{batch.id}" if base_url else None,
        "failures": f"{base_url}/#/batches/{batch.id}?show=failed" if base_url and batch.failed_jobs else None,
    }
    message = EmailMessage(policy=SMTP)
    message["Subject"] = f"{said} ({counted(counters)})"
    message["From"], message["To"] = sender, to
    message["Date"] = localtime(batch.completed_at)
    message["Message-ID"] = f"<batch.{batch.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_TEMPLATES.get_template("batch_ended.txt").render(values))
    message.add_alternative(_TEMPLATES.get_template("batch_ended.html").render(values), subtype="html")
    return message


def _facts(batch: Batch, pipeline: PipelineRow) -> list[tuple[str, str]]:
    """What the table in the mail says."""
    several = pipelines_of(batch, pipeline)
    workload = pipeline.title if len(several) == 1 else ", ".join(several)
    facts = [("Batch", one_line(batch.name)), ("Workload", workload)]
    if batch.customer_prefix:
        facts.append(("Customer", one_line(batch.customer_prefix)))
    for name in ("completed", "failed", "cancelled", "skipped"):
        if number := getattr(batch, f"{name}_jobs"):
            facts.append((name.capitalize(), f"{number:,}"))
    facts.append(("Took", duration(batch.processing_time_ms)))
    if batch.expires_at:
        facts.append(("Kept until", f"{batch.expires_at:%Y-%m-%d}"))
    return facts


def _told(results: Results) -> list[tuple[str, str]]:
    return [(one_line(name), one_line(value)) for overview in results.overviews for name, value in overview.facts]


def _tables(results: Results) -> list[dict[str, Any]]:
    """The tables that belong into a mail, each with its first rows and how many more there are."""
    tables = [table for overview in results.overviews for table in overview.tables if table.in_mail and table.rows]
    return [
        {
            "title": one_line(table.title),
            "columns": [one_line(column) for column in table.columns],
            "rows": [[one_line(cell, _LONGEST_CELL) for cell in row] for row in table.rows[:MOST_ROWS]],
            "more": max(0, len(table.rows) - MOST_ROWS),
        }
        for table in tables[:_MOST_TABLES]
    ]
