-- Files: rows of contents that are stored by their SHA-256.

create table files (
  id uuid not null,
  organisation_id uuid not null,
  name text not null,
  sha256 text not null,
  crc32 bigint not null,
  size bigint not null,
  media_type text not null,
  storage_key text not null,
  created_at timestamptz default now() not null,
  tags text[] default '{}' not null,
  constraint pk_files primary key (id),
  constraint fk_files_organisation_id foreign key (organisation_id) references organisations (id) on delete cascade,
  constraint ck_files_crc32 check (crc32 between 0 and 4294967295),
  constraint ck_files_sha256 check (sha256 ~ '^[0-9a-f]{64}$'),
  constraint ck_files_size check (size >= 0)
);
create index ix_files_organisation_id_sha256 on files (organisation_id, sha256);
create index ix_files_storage_key on files (storage_key);
create index ix_files_tags on files using gin (tags) where tags <> '{}';
