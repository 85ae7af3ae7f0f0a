"""The room of webhooks and mail."""

from __future__ import annotations

from app.accounts.invitations import InvitationMailer
from app.auth.weights import Weights
from app.batches.responses import ResultCodes
from app.connections.outbound import OutboundClients
from app.connections.service import Connections
from app.kit.container import Container
from app.kit.db import Database
from app.kit.room import Room
from app.kit.signing import SigningKey
from app.limits.quotas import Quota
from app.notifications import models, repository
from app.notifications.accounts import account_kinds
from app.notifications.invitation_mail import InvitationMail
from app.notifications.mail_channel import MailChannel
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
    return Sender(database, [webhooks, mail], container.get(Weights).of)


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
    job_services=lambda container: (container.get(Sender),),
    resealing=(repository.reseal_secrets,),
)
