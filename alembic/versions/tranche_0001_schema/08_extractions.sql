-- Result sheets, who reads one just now, and the swims that were found.

create table sheets (
  id uuid not null,
  organisation_id uuid not null,
  sha256 text not null,
  extractor text not null,
  version integer not null,
  data jsonb not null,
  created_at timestamptz default now() not null,
  subject text default '' not null,
  read_ms integer default 0 not null,
  used_at timestamptz default now() not null,
  constraint pk_sheets primary key (id),
  constraint uq_sheets_organisation_id_sha256_extractor_version_subject unique (organisation_id, sha256, extractor,
    version, subject),
  constraint fk_sheets_organisation_id foreign key (organisation_id) references organisations (id) on delete cascade
);
create index ix_sheets_organisation_id_used_at on sheets (organisation_id, used_at);

create table extractions (
  id uuid not null,
  organisation_id uuid not null,
  job_id uuid not null,
  sheet_id uuid,
  swimmer_name text not null,
  meet text,
  dates text,
  course text,
  swims jsonb not null,
  created_at timestamptz default now() not null,
  swimmer_core text default '' not null,
  swimmer_short text default '' not null,
  source text default 'text' not null,
  constraint pk_extractions primary key (id),
  constraint uq_extractions_job_id unique (job_id),
  constraint fk_extractions_job_id foreign key (job_id) references jobs (id) on delete cascade,
  constraint fk_extractions_organisation_id foreign key (organisation_id) references organisations (id) on delete
    cascade,
  constraint fk_extractions_sheet_id foreign key (sheet_id) references sheets (id) on delete set null,
  constraint ck_extractions_source check (source in ('text', 'ai'))
);
create index ix_extractions_organisation_id_id on extractions (organisation_id, id desc);
create index ix_extractions_organisation_id_swimmer_core on extractions (organisation_id, swimmer_core, swimmer_name);
create index ix_extractions_organisation_id_swimmer_name on extractions (organisation_id, swimmer_name, id desc);
create index ix_extractions_organisation_id_swimmer_short on extractions (organisation_id, swimmer_short,
  swimmer_name);
create index ix_extractions_sheet_id on extractions (sheet_id);

create table sheet_claims (
  organisation_id uuid not null,
  sha256 text not null,
  extractor text not null,
  version integer not null,
  subject text not null,
  job_id uuid not null,
  attempt integer not null,
  constraint pk_sheet_claims primary key (organisation_id, sha256, extractor, version, subject),
  constraint fk_sheet_claims_job_id foreign key (job_id) references jobs (id) on delete cascade,
  constraint fk_sheet_claims_organisation_id foreign key (organisation_id) references organisations (id) on delete
    cascade
);
create index ix_sheet_claims_job_id on sheet_claims (job_id);
