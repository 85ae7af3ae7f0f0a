-- Result codes: links with the hash of their code, and wrong guesses.

create table result_guesses (
  client text not null,
  minute timestamptz not null,
  wrong integer not null,
  constraint pk_result_guesses primary key (client, minute),
  constraint ck_result_guesses_wrong check (wrong > 0)
);

create table result_links (
  id uuid not null,
  organisation_id uuid not null,
  batch_id uuid not null,
  job_id uuid,
  code_hash bytea not null,
  created_by uuid,
  created_at timestamptz default now() not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  constraint pk_result_links primary key (id),
  constraint uq_result_links_code_hash unique (code_hash),
  constraint fk_result_links_batch_id foreign key (batch_id) references batches (id) on delete cascade,
  constraint fk_result_links_created_by foreign key (created_by) references users (id) on delete set null,
  constraint fk_result_links_job_id foreign key (job_id) references jobs (id) on delete cascade,
  constraint fk_result_links_organisation_id foreign key (organisation_id) references organisations (id) on delete
    cascade
);
create index ix_result_links_batch_id_job_id on result_links (batch_id, job_id);
create index ix_result_links_created_by on result_links (created_by);
create index ix_result_links_job_id on result_links (job_id);
create index ix_result_links_organisation_id on result_links (organisation_id);
