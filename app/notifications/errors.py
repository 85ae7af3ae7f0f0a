"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import Conflict, NotFound, Unprocessable


class WebhookNotFound(NotFound):
    code = "webhook_not_found"


class DeliveryNotFound(NotFound):
    code = "delivery_not_found"


class TooManyWebhooks(Conflict):
    code, title = "too_many_webhooks", "Too many webhooks"


class WebhookDisabled(Conflict):
    code, title = "webhook_disabled", "Webhook disabled"


class UrlRefused(Unprocessable):
    code, title = "url_not_allowed", "URL not allowed"


class TemplateNotWanted(Unprocessable):
    code, title = "template_not_wanted", "Template and format do not match"
