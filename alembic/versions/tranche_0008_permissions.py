"""Viewers, operators, users who were deactivated, and keys that are narrowed to scopes and pipelines.

The oldest administrator becomes the operator: until now every administrator saw what is the operator's from here on.
"""

from alembic import op

revision = "tranche_0008"
down_revision = "tranche_0007"


def upgrade() -> None:
    op.execute("alter table organisations add column members_manage_all boolean not null default false")
    # Users and keys are few: their checks are done at once. A version before has no viewer to write.
    op.execute("""
        alter table users
        add column operator boolean not null default false,
        add column deactivated_at timestamptz,
        -- squawk-ignore ban-drop-constraint
        drop constraint ck_users_role,
        -- squawk-ignore constraint-missing-not-valid
        add constraint ck_users_role check (role in ('viewer', 'member', 'admin'))""")
    op.execute("""
        update users set operator = true
        where id = (select id from users where role = 'admin' order by created_at, id limit 1)""")
    op.execute("""
        alter table api_keys
        add column scopes text[],
        add column pipelines text[],
        -- squawk-ignore constraint-missing-not-valid
        add constraint ck_api_keys_scopes check (scopes <@ array['read', 'submit', 'manage', 'admin'])""")


def downgrade() -> None:
    op.execute("alter table api_keys drop column scopes, drop column pipelines")
    op.execute("update users set role = 'member' where role = 'viewer'")
    op.execute("""
        alter table users
        drop column operator,
        drop column deactivated_at,
        drop constraint ck_users_role,
        add constraint ck_users_role check (role in ('admin', 'member'))""")
    op.execute("alter table organisations drop column members_manage_all")
