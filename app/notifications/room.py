"""The room of webhooks and mail."""

from __future__ import annotations

from app.accounts.invitations import InvitationMailer
from app.auth.weights import Weights
from app.batches.responses import ResultCodes
from app.connections.outbound import OutboundClients
from app.connections.service import Connections
from app.kit.container import Container
from app.kit.db import Database
from app.kit.ending import Ending
from app.kit.lookout import Lookout
from app.kit.metrics import InstallationFigures
from app.kit.room import Room
from app.kit.secrets.sealed_columns import SealedColumn
from app.kit.secrets.signing import SigningKey
from app.limits.quotas import Quota
from app.notifications import models, repository
from app.notifications.accounts import account_kinds
from app.notifications.claim_repository import ANY_MAIL
from app.notifications.figure_repository import read_outbox
from app.notifications.invitation_mail import InvitationMail
from app.notifications.mail_channel import MailChannel
from app.notifications.quota_mail import QuotaMails
from app.notifications.router import router
from app.notifications.sender import Sender
from app.notifications.settings import MailSettings
from app.notifications.webhook_channel import WebhookChannel
from app.pipelines.registry import Registry
from app.settings import Settings


def make_sender(container: Container) -> Sender:
    settings, database = container.get(Settings), container.get(Database)
    clients = container.get(OutboundClients)
    webhooks = WebhookChannel(database, container.get(SigningKey), clients, base_url=settings.base_url)
    mail = MailChannel(
        database,
        container.get(Registry),
        container.get(ResultCodes),
        container.get(Connections),
        clients,
        container.get(MailSettings),
        base_url=settings.base_url,
    )
    sender = Sender(database, [webhooks, mail], container.get(Ending), container.get(Weights).of)
    for question in (webhooks.any_due(), ANY_MAIL):
        container.get(Lookout).watch(question, sender.wake)
    return sender


def make_quota_mails(container: Container) -> QuotaMails:
    connections, clients = container.get(Connections), container.get(OutboundClients)
    return QuotaMails(container.get(Database), connections, clients, base_url=container.get(Settings).base_url)


def make_invitation_mail(container: Container) -> InvitationMail:
    settings = container.get(MailSettings)
    return InvitationMail(settings.smtp_url, settings.mail_from)


room = Room(
    name="notifications",
    routers=(router,),
    models=models,
    quota_counts={Quota.WEBHOOKS: repository.count_endpoints},
    settings=MailSettings,
    connections=lambda container: account_kinds(container.get(MailSettings)),
    provides={Sender: make_sender, InvitationMailer: make_invitation_mail},
    job_services=lambda container: (container.get(Sender), make_quota_mails(container)),
    figures=lambda container: (InstallationFigures(read_outbox),),
    resealing=(repository.reseal_secrets, repository.reseal_bodies),
    sealed=tuple(
        SealedColumn(column, models.WebhookEndpoint.id, models.WebhookEndpoint.organisation_id)
        for column in (models.WebhookEndpoint.url, models.WebhookEndpoint.template)
    ),
)
