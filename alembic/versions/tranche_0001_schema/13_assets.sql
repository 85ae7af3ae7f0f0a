-- What batches are to be handed over to, and what became of it.

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
