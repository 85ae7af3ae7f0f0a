"""Everything that the audit log has a word for: the one list of actions, from which docs/audit.md is made."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What was done, as `noun.past_participle`, each with a sentence that says when it is recorded."""

    meaning: str

    def __new__(cls, name: str, meaning: str) -> Action:
        action = str.__new__(cls, name)
        action._value_, action.meaning = name, meaning
        return action

    # Signing in
    SESSION_CREATED = (
        "session.created",
        "Somebody signed in: with a key, by a link, by an invitation, or with the OpenID provider.",
    )
    SESSION_REFUSED = "session.refused", "Somebody tried to sign in and was refused. Counted: `details.count`."
    SESSION_ENDED = "session.ended", "Somebody signed out, or ended a session."
    LINK_CREATED = "sign_in_link.created", "The service or an operator made a link that signs a person in."
    CREDENTIAL_REFUSED = (
        "credential.refused",
        "Requests came with a key or session that is unknown, expired or revoked. Counted: `details.count`.",
    )
    PERMISSION_REFUSED = (
        "permission.refused",
        "Somebody asked for what they may not do: the request was answered 403. Counted: `details.count`.",
    )
    # Keys and secrets
    KEY_CREATED = "key.created", "A key was made."
    KEY_ROTATED = "key.rotated", "A key was replaced by a new one."
    KEY_REVOKED = "key.revoked", "A key was revoked: it stopped working."
    SECRET_ROTATED = "installation_secret.rotated", "The installation's secret was replaced."
    # People
    USER_CREATED = "user.created", "A user was made."
    USER_UPDATED = "user.updated", "A user's role, name, address or other rights were changed."
    IDENTITY_LINKED = (
        "identity.linked",
        "A user who was there already and a person of the OpenID provider became one, by their address.",
    )
    USER_DELETED = "user.deleted", "A user was removed."
    INVITATION_CREATED = "invitation.created", "Somebody was invited into the organisation."
    INVITATION_ACCEPTED = "invitation.accepted", "Somebody took an invitation."
    INVITATION_REVOKED = "invitation.revoked", "An invitation was taken back."
    # Organisations
    ORGANISATION_CREATED = "organisation.created", "An organisation was made."
    ORGANISATION_UPDATED = "organisation.updated", "Settings of the organisation were changed."
    ORGANISATION_DISABLED = "organisation.disabled", "An operator disabled an organisation: nobody of it gets in."
    ORGANISATION_ENABLED = "organisation.enabled", "An operator enabled an organisation that was disabled."
    ORGANISATION_EXPORTED = "organisation.exported", "Everything of an organisation was exported."
    ORGANISATION_ERASED = "organisation.erased", "An organisation was removed with everything in it."
    SERVICE_CREDENTIAL_SET = "service_credential.set", "Credentials for an outside service were set."
    SERVICE_CREDENTIAL_DELETED = "service_credential.deleted", "Credentials for an outside service were removed."
    LIMITS_UPDATED = "limits.updated", "Limits of an organisation were changed."
    QUOTA_NEARED = "quota.neared", "The organisation came to 80 % of a limit; at most once a day for each."
    # Webhooks
    WEBHOOK_CREATED = "webhook.created", "A webhook was made."
    WEBHOOK_UPDATED = "webhook.updated", "A webhook was changed."
    WEBHOOK_DELETED = "webhook.deleted", "A webhook was removed."
    WEBHOOK_SECRET_ROTATED = "webhook_secret.rotated", "A webhook got a new signing secret."
    WEBHOOK_TESTED = "webhook.tested", "A test message was sent to a webhook."
    WEBHOOK_REDELIVERED = "webhook.redelivered", "A message was sent to a webhook once more."
    # Automation
    TEMPLATE_CREATED = "template.created", "A template was made."
    TEMPLATE_UPDATED = "template.updated", "A template was changed."
    TEMPLATE_DELETED = "template.deleted", "A template was removed."
    SCHEDULE_CREATED = "schedule.created", "A schedule was made."
    SCHEDULE_UPDATED = "schedule.updated", "A schedule was changed, paused or resumed."
    SCHEDULE_DELETED = "schedule.deleted", "A schedule was removed."
    # Sharing
    RESULT_CODE_CREATED = "result_code.created", "A code that opens a result without a key was made."
    RESULT_CODE_REVOKED = "result_code.revoked", "A code that opened a result was revoked."
    RESULT_CODE_OPENED = "result_code.opened", "A result was opened by its code. Counted: `details.count`."
    RESULT_CODE_REFUSED = "result_code.refused", "Codes were tried that open nothing. Counted: `details.count`."
    # Batches, reports and files
    JOBS_ACTED_ON = "jobs.acted_on", "Jobs of a batch were cancelled, tried again or skipped; `details` says how many."
    BATCH_DELETED = "batch.deleted", "A batch was deleted with its jobs and results."
    BATCH_EXPORTED = "batch.exported", "The results or the jobs of a whole batch were downloaded."
    REPORT_DELETED = "report.deleted", "A report was deleted."
    RESTAURANT_DELETED = "restaurant.deleted", "A restaurant was deleted."
    PLAY_DELETED = "play.deleted", "A play was deleted."
    # The installation
    SERVICE_STARTED = "service.started", "A process of the service started; `details` has its settings, no secrets."
    BACKUP_CREATED = "backup.created", "A backup was written."
    BACKUP_RESTORED = "backup.restored", "The installation was filled from a backup."
    SCHEMA_MIGRATED = "schema.migrated", "An operator brought the schema to another revision."
    AUDIT_EXPORTED = "audit.exported", "The audit log was exported."
    AUDIT_REMOVED = "audit.removed", "Entries of the audit log were removed, as they were older than they are kept."
