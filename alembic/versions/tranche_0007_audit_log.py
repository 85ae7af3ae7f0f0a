"""Who did what: the audit log, to which rows are only added."""

from alembic import op

revision = "tranche_0007"
down_revision = "tranche_0006"


def upgrade() -> None:
    op.execute("""
        create table audit_log (
          id uuid not null constraint pk_audit_log primary key,
          organisation_id uuid,
          at timestamptz not null default clock_timestamp(),
          actor_kind text not null
            constraint ck_audit_log_actor_kind check (actor_kind in ('user', 'command', 'service', 'anonymous')),
          actor_id uuid,
          actor_name text,
          credential_id uuid,
          client_address text,
          user_agent text,
          request_id text,
          action text not null,
          target_kind text,
          target_id text,
          target_name text,
          outcome text not null constraint ck_audit_log_outcome check (outcome in ('success', 'failure')),
          details jsonb not null default '{}'
        )""")
    op.execute("create index ix_audit_log_at on audit_log (at, id)")
    op.execute("create index ix_audit_log_organisation_id on audit_log (organisation_id, at, id)")
    op.execute("""
        create function refuse_change_of_audit_log() returns trigger language plpgsql as $$
        begin
          if tg_op = 'DELETE' and current_setting('tranche.removes_audit_log', true) = 'yes' then
            return null;
          end if;
          raise exception 'rows of the audit log are only added' using errcode = 'restrict_violation';
        end
        $$""")
    op.execute("""
        create trigger audit_log_is_only_added_to before update or delete or truncate on audit_log
        for each statement execute function refuse_change_of_audit_log()""")
    op.execute("""
        create function remove_audit_log(before timestamptz, most int) returns bigint language plpgsql as $$
        declare
          gone bigint;
        begin
          perform set_config('tranche.removes_audit_log', 'yes', true);
          delete from audit_log where id in (
            select id from audit_log where at < before order by at, id limit most
          );
          get diagnostics gone = row_count;
          perform set_config('tranche.removes_audit_log', '', true);
          return gone;
        end
        $$""")
    op.execute("""
        create function erase_audit_log(organisation uuid) returns bigint language plpgsql as $$
        declare
          gone bigint;
        begin
          perform set_config('tranche.removes_audit_log', 'yes', true);
          delete from audit_log where organisation_id = organisation;
          get diagnostics gone = row_count;
          perform set_config('tranche.removes_audit_log', '', true);
          return gone;
        end
        $$""")


def downgrade() -> None:
    op.execute("drop table audit_log")
    op.execute("drop function erase_audit_log(uuid)")
    op.execute("drop function remove_audit_log(timestamptz, int)")
    op.execute("drop function refuse_change_of_audit_log()")
