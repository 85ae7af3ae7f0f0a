"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import Conflict, NotFound, Unprocessable


class WebhookNotFound(NotFound):
    """There is no such webhook in your organisation."""

    code = "webhook_not_found"


class DeliveryNotFound(NotFound):
    """This webhook has no such delivery. Deliveries are kept for 30 days after their end."""

    code = "delivery_not_found"


class WebhookDisabled(Conflict):
    """The webhook is disabled. Enable it first."""

    code, title = "webhook_disabled", "Webhook disabled"


class UrlRefused(Unprocessable):
    """Webhooks are not sent to this URL: it is not valid, or its address lies inside a private network."""

    code, title = "url_not_allowed", "URL not allowed"


class TemplateNotWanted(Unprocessable):
    """The format `crm` needs a template, and no other format takes one."""

    code, title = "template_not_wanted", "Template and format do not match"
