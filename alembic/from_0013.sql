-- What the squashed schema has, and the last pre-release, at migration 0013, had not; the views follow from their own
-- file. Run once, when such a database is started.

drop view batch_operation_logs, batch_report_files, batch_reports;

create table hand_overs (
  batch_id uuid not null,
  auto_upload_enabled boolean not null,
  monday_sync_enabled boolean not null,
  dropbox_directory_id varchar(255),
  monday_item_id varchar(255),
  started_at timestamptz,
  constraint pk_hand_overs primary key (batch_id),
  constraint fk_hand_overs_batch_id foreign key (batch_id) references batches (id) on delete cascade
);
create index ix_hand_overs_waiting on hand_overs (batch_id) where started_at is null;

insert into hand_overs
select id, auto_upload_enabled, monday_sync_enabled, dropbox_directory_id, monday_item_id, handed_over_at
from batches where auto_upload_enabled or monday_sync_enabled;

alter table batches drop column auto_upload_enabled, drop column monday_sync_enabled, drop column dropbox_directory_id,
  drop column monday_item_id, drop column handed_over_at;

create index ix_job_steps_inherited_from on job_steps (inherited_from) where inherited_from is not null;
