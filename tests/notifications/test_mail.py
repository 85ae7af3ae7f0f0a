"""The mail at the end of a batch, against a real SMTP server on this machine."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections import deque
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from app.batches.responses import ResultCodes
from app.connections.outbound import OutboundClients
from app.connections.service import Connections
from app.connections.settings import SharingSettings
from app.kit.secrets.sealing import Sealer
from app.notifications.accounts import account_kinds
from app.notifications.invitation_mail import InvitationMail
from app.notifications.mail import MailServer, SmtpUrlNotValid, parse_sender
from app.notifications.mail_channel import MailChannel
from app.notifications.room import make_quota_mails, make_sender
from app.notifications.settings import MailSettings
from app.pipelines.registry import Registry
from tests.batch_helpers import follow, get_batch, run
from tests.conftest import Api, make_settings, serving
from tests.extractions.draw_samples import SAMPLES
from tests.notifications.outbox import execute, make_due
from tests.patience import within

pytestmark = [
    pytest.mark.filterwarnings("ignore:Requiring AUTH"),
    pytest.mark.filterwarnings("ignore:Session.login_data"),
]


class Mailbox:
    """Keeps what it is sent. `replies` are given instead of accepting: to a recipient, or to the message."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refused_recipients: deque[str] = deque()
        self.replies: deque[str] = deque()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refused_recipients:
            return self.refused_recipients.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.replies:
            return self.replies.popleft()
        message: Any = email.message_from_bytes(envelope.content or b"", policy=email.policy.default)  # type: ignore[arg-type]
        self.messages.append(message)
        self.recipients += envelope.rcpt_tos
        return "250 OK"


def check_password(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"us@er", b"pa:ss/word")
    return AuthResult(success=right, handled=False)


@pytest.fixture(scope="module")
async def smtp() -> AsyncIterator[tuple[Mailbox, int]]:
    """A server that wants a password, and its port."""
    mailbox = Mailbox()

    def serve() -> SMTP:
        return SMTP(mailbox, authenticator=check_password, auth_require_tls=False, auth_required=True)

    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", 0)
    yield mailbox, server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
def port(smtp: tuple[Mailbox, int]) -> int:
    return smtp[1]


@pytest.fixture
def mailbox(smtp: tuple[Mailbox, int]) -> Mailbox:
    """The mailbox, empty."""
    smtp[0].__init__()  # type: ignore[misc]
    return smtp[0]


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str, smtp: tuple[Mailbox, int]) -> AsyncIterator[Api]:
    settings = make_settings(
        home,
        database_url,
        smtp_url=SecretStr(f"smtp://us%40er:pa%3Ass%2Fword@127.0.0.1:{smtp[1]}?starttls=off"),
        mail_from="Tranche, the batch service <tranche@example.org>",
        public_url="https://tranche.example/",
    )
    async with serving(settings) as client:
        yield client


async def mail_of(api: Api, batch_id: str, attempts: int = 1) -> dict[str, Any]:
    """The batch's mail, once so many tries are recorded."""
    async with within(30):
        while True:
            mail: dict[str, Any] = (await api.get(f"/api/batches/{batch_id}/notifications")).json()["mail"]
            if mail["attempts"] >= attempts or mail["status"] == "skipped":
                return mail
            await asyncio.sleep(0.02)


def parts(message: EmailMessage) -> tuple[str, str]:
    """The text and the HTML of a mail."""
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text
    assert html
    return str(text.get_content()), str(html.get_content())


async def test_one_mail_at_the_end_says_how_the_batch_went(api: Api, mailbox: Mailbox) -> None:
    address = "maya.o'brien+swim@example.org"
    batch = await run(api, "behaviour", [{"do": "stop"}, {}, {}], name="Lakeside <Öpen>", notification_email=address)
    mail = await mail_of(api, batch["id"])
    assert (mail["status"], mail["recipient"], mail["error"]) == ("sent", address, None)
    read = await get_batch(api, batch["id"])
    assert read["notification_sent_at"]
    assert read["last_event_id"] == batch["last_event_id"], "no event follows the terminal one"
    (message,) = mailbox.messages
    assert mailbox.recipients == [address]
    assert message["To"] == address
    assert message["From"] == '"Tranche, the batch service" <tranche@example.org>'
    assert message["Subject"] == '"Lakeside <Öpen>" is done, with failures (3 jobs: 2 completed, 1 failed)'
    assert message["Message-ID"] == f"<batch.{batch['id']}@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = parts(message)
    link = f"https://tranche.example/#/batches/{batch['id']}"
    for said in (link, f"{link}?show=failed"):
        assert said in text
        assert f'href="{said}"' in html
    assert "Batch: Lakeside <Öpen>" in text
    assert "Lakeside &lt;Öpen&gt;" in html
    assert "<Öpen>" not in html


async def test_no_name_adds_a_header_or_markup(api: Api, mailbox: Mailbox) -> None:
    name = "A\r\nBcc: victim@example.org\r\n\r\n<script>alert(1)</script>\u202e{{ 7 * 7 }}"
    batch = await run(api, "no-op", [{}], name=name, notification_email="one@example.org")
    await mail_of(api, batch["id"])
    (message,) = mailbox.messages
    assert mailbox.recipients == ["one@example.org"]
    assert message["Bcc"] is None
    assert message["Subject"].startswith('"A Bcc: victim@example.org <script>alert(1)</script> {{ 7 * 7 }}" is done')
    assert "<script>" not in parts(message)[1]


async def test_an_address_that_is_none_is_recorded_and_nothing_is_sent(api: Api, mailbox: Mailbox) -> None:
    wrong = ("a,victim@example.org", "a>b@example.org", "<a@example.org", "a;b@example.org")
    batches = await asyncio.gather(*(run(api, "no-op", [{}], notification_email=address) for address in wrong))
    for batch in batches:
        mail = await mail_of(api, batch["id"])
        assert (mail["status"], mail["error"].partition(":")[0]) == ("failed", "ADDRESS_NOT_VALID")
    assert mailbox.messages == []


async def test_a_passing_fault_is_tried_again_and_the_mail_comes_once(api: Api, mailbox: Mailbox) -> None:
    mailbox.refused_recipients.append("451 Greylisted")
    mailbox.replies.append("452 No room")
    batch = await run(api, "no-op", [{}], notification_email="late@example.org")
    for attempt, error in ((1, "SMTP_451"), (2, "SMTP_452")):
        mail = await mail_of(api, batch["id"], attempt)
        assert (mail["status"], mail["error"].partition(":")[0]) == ("pending", error)
        assert (await get_batch(api, batch["id"]))["notification_sent_at"] is None
        await make_due(api)
    assert (await mail_of(api, batch["id"], 3))["status"] == "sent"
    await make_due(api)
    assert len(mailbox.messages) == 1


async def test_the_mail_names_the_swimmer_the_swims_and_the_page_for_all(api: Api, mailbox: Mailbox) -> None:
    files = [("files", (path.name, path.read_bytes(), "application/pdf")) for path in sorted(SAMPLES.glob("*.pdf"))[:4]]
    data = {"pipeline": "pdf-extraction", "swimmer_name": "Maya Lindqvist", "notification_email": "family@example.org"}
    batch_id = (await api.post("/api/jobs/batch", data=data, files=files)).json()["batch_id"]
    await follow(api, batch_id)
    assert (await mail_of(api, batch_id))["status"] == "sent"
    (message,) = mailbox.messages
    text, html = parts(message)
    (link,) = (await api.get(f"/api/batches/{batch_id}/result-codes")).json()["result_codes"]
    assert f"See and share the results: {link['links']['page']}" in text
    assert f'href="{link["links"]["page"]}"' in html
    swims = (await api.get(f"/api/batches/{batch_id}/swims")).json()["swims"]
    assert "Swimmer: Maya Lindqvist" in text
    for swim in swims[:20]:
        assert f"- {swim['event']}, {swim['round'].capitalize()}, {swim['time'] or swim['status']}" in text
        assert f">{swim['event']}</td>" in html
    assert (f"... and {len(swims) - 20} more" in text) == (len(swims) > 20)


async def test_a_batch_without_codes_gets_no_page_for_all(api: Api, mailbox: Mailbox) -> None:
    sheet = ("files", ("a.pdf", next(SAMPLES.glob("*Lakeside*.pdf")).read_bytes(), "application/pdf"))
    data = {"pipeline": "pdf-extraction", "swimmer_name": "Maya Lindqvist", "result_codes": "false"}
    data |= {"notification_email": "private@example.org"}
    batch_id = (await api.post("/api/jobs/batch", data=data, files=[sheet])).json()["batch_id"]
    await follow(api, batch_id)
    await mail_of(api, batch_id)
    assert "share the results" not in parts(mailbox.messages[0])[0]
    assert (await api.get(f"/api/batches/{batch_id}/result-codes")).json()["result_codes"] == []


@pytest.mark.parametrize("stage", ["refused_recipients", "replies"])
async def test_a_final_refusal_is_recorded(api: Api, mailbox: Mailbox, stage: str) -> None:
    getattr(mailbox, stage).append("550 No such mailbox")
    batch = await run(api, "no-op", [{}], notification_email="nobody@example.org")
    mail = await mail_of(api, batch["id"])
    assert (mail["status"], mail["error"], mail["next_attempt_at"]) == (
        "failed",
        "SMTP_550: the mail server answered with 550",
        None,
    )
    assert (await get_batch(api, batch["id"]))["notification_sent_at"] is None


async def test_a_batch_without_an_address_sends_nothing(api: Api, mailbox: Mailbox) -> None:
    batch = await run(api, "no-op", [{}])
    reply = await api.get(f"/api/batches/{batch['id']}/notifications")
    assert reply.json() == {"mail": None, "deliveries": []}


async def test_several_senders_send_one_mail(api: Api, mailbox: Mailbox) -> None:
    others = [make_sender(api.installation) for _ in range(3)]
    for sender in others:
        await sender.start()
    batches = [await run(api, "no-op", [{}], notification_email="once@example.org") for _ in range(5)]
    for batch in batches:
        await mail_of(api, batch["id"])
    for sender in others:
        await sender.stop()
    assert len(mailbox.messages) == 5


async def test_without_a_server_or_with_a_wrong_password_the_reason_is_told(
    api: Api, mailbox: Mailbox, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "tranche.mail")
    database = api.installation.database
    batch = await run(api, "no-op", [{}], notification_email="some@example.org")
    await mail_of(api, batch["id"])
    for url, status, error in (
        (None, "skipped", "NOT_CONFIGURED"),
        (f"smtp://us%40er:wrong-word@127.0.0.1:{port}?starttls=off", "pending", "SERVER_REFUSED"),
        (f"smtps://127.0.0.1:{port}", "pending", "NETWORK_ERROR"),
        ("smtp://127.0.0.1:1", "pending", "NETWORK_ERROR"),
    ):
        settings = MailSettings(smtp_url=SecretStr(url) if url else None, mail_from="a@example.org", _env_file=None)
        known = api.installation
        connections = Connections(database, known.get(Sealer), known.get(SharingSettings), account_kinds(settings))
        parts = known.get(Registry), known.get(ResultCodes), connections, known.get(OutboundClients)
        channel = MailChannel(database, *parts, settings, base_url="")
        async with database.transaction() as session:
            await channel.start()
            # Due for this channel, and not yet for the service's own: it sees the row when it is leased already.
            connection = await session.connection()
            statement = """update batch_mails set status = 'pending', completed_at = null, attempts = 0,
              next_attempt_at = now() where batch_id = $1"""
            await connection.exec_driver_sql(statement, (batch["id"],))
            (organisation_id,) = await channel.find_due(session)
            (message,) = await channel.claim(session, {organisation_id: 1})
        again = await channel.send(message)
        assert (again is not None) == (status == "pending")
        rows = await execute(api, "select status, error from batch_mails where batch_id = :id", id=batch["id"])
        assert (rows[0][0], rows[0][1].partition(":")[0]) == (status, error)
    assert "TRANCHE_SMTP_URL is not set" in caplog.text
    assert "wrong-word" not in caplog.text
    assert len(mailbox.messages) == 1


def test_the_server_s_address_is_read_from_its_url() -> None:
    assert MailServer.parse("smtp://mail.example") == MailServer("mail.example", 25, None, None, False, None)
    assert MailServer.parse("smtps://u:p@h") == MailServer("h", 465, "u", "p", True, False)
    assert MailServer.parse("smtp://h?starttls=required") == MailServer("h", 587, None, None, False, True)
    assert "secret" not in repr(MailServer.parse("smtp://u:secret@h"))
    for url in (
        "mail.example:25",
        "http://h",
        "smtp://",
        "smtp://u:secret@h:port",
        "smtp://h?tls=1",
        "smtp://h?starttls=x",
    ):
        with pytest.raises(SmtpUrlNotValid) as refused:
            MailServer.parse(url)
        assert "secret" not in str(refused.value)
    with pytest.raises(SmtpUrlNotValid):
        parse_sender("nobody")


async def test_an_invitation_is_mailed_with_its_link(api: Api, mailbox: Mailbox) -> None:
    sent = {"name": "Vera", "email": "vera@example.org", "days": 3}
    made = (await api.post("/api/invitations", json=sent)).json()
    assert made["mailed_to"] == "vera@example.org"
    async with within(20):
        while not mailbox.messages:
            await asyncio.sleep(0.01)
    (message,) = mailbox.messages
    assert mailbox.recipients == ["vera@example.org"]
    assert "admin invites you to" in message["Subject"]
    assert f"{api.settings.base_url}/invitation?code={made['code']}" in message.get_content()
    assert "3 days" in message.get_content()


async def test_an_invitation_that_cannot_be_mailed_is_logged_without_its_link(
    caplog: pytest.LogCaptureFixture,
) -> None:
    mail = InvitationMail(SecretStr("smtp://127.0.0.1:1"), "Tranche <tranche@localhost>")
    link = "/invitation?code=not-for-the-log"
    for recipient in ("a@example.org", "no address"):
        names = {"organisation": "Acme", "inviter": "Ada\r\nBcc: all@example.org"}
        await mail.invite(recipient, **names, link=link, days=1)
    assert len(caplog.messages) == 2
    assert "not-for-the-log" not in caplog.text


async def test_administrators_are_mailed_once_when_a_limit_comes_near(api: Api, mailbox: Mailbox) -> None:
    me = (await api.get("/api/session")).json()
    path = f"/api/organisations/{me['organisation']['id']}/limits"
    assert (await api.patch(f"/api/users/{me['user']['id']}", json={"email": "grace@example.org"})).status_code == 200
    assert (await api.patch(path, json={"webhooks": 5})).status_code == 200
    mails = make_quota_mails(api.installation)
    mailbox.replies.append("451 later")
    for number in range(5):
        hook = {"url": "http://93.184.216.34/", "enabled": False}
        assert (await api.post("/api/webhooks", json=hook)).headers.get("Quota-Warning") == (
            '"webhooks";used=4;limit=5' if number == 3 else None
        )
    await mails.turn()  # the server asks to wait
    async with within(30):
        while not mailbox.messages:
            await mails.turn()
    await mails.turn()
    (message,) = mailbox.messages
    assert (message["To"], mailbox.recipients) == ("grace@example.org", ["grace@example.org"])
    assert "limit of webhooks" in message["Subject"]
    assert "has 4 of at most 5 webhooks" in message.get_content()
    assert "https://tranche.example/#/usage" in message.get_content()
    assert (await api.patch(path, json={"webhooks": "default"})).status_code == 200
