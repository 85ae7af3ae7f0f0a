-- Organisations, their people, keys and sessions; secrets that the installation signs with.

create table organisations (
  id uuid not null,
  name text not null,
  created_at timestamptz default now() not null,
  batch_life interval,
  constraint pk_organisations primary key (id),
  constraint uq_organisations_name unique (name)
);

create table signing_keys (
  purpose text not null,
  secret bytea not null,
  created_at timestamptz default now() not null,
  constraint pk_signing_keys primary key (purpose)
);

create table users (
  id uuid not null,
  organisation_id uuid not null,
  name text not null,
  email text,
  role text not null,
  created_at timestamptz default now() not null,
  constraint pk_users primary key (id),
  constraint fk_users_organisation_id foreign key (organisation_id) references organisations (id) on delete cascade,
  constraint ck_users_role check (role in ('admin', 'member'))
);
create index ix_users_organisation_id on users (organisation_id);

create table api_keys (
  id uuid not null,
  user_id uuid not null,
  name text not null,
  key_hash bytea not null,
  hint text not null,
  created_at timestamptz default now() not null,
  last_used_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz,
  constraint pk_api_keys primary key (id),
  constraint uq_api_keys_key_hash unique (key_hash),
  constraint fk_api_keys_user_id foreign key (user_id) references users (id) on delete cascade
);
create index ix_api_keys_user_id on api_keys (user_id);

create table sessions (
  id uuid not null,
  user_id uuid not null,
  kind text not null,
  token_hash bytea not null,
  created_at timestamptz default now() not null,
  expires_at timestamptz not null,
  constraint pk_sessions primary key (id),
  constraint uq_sessions_token_hash unique (token_hash),
  constraint fk_sessions_user_id foreign key (user_id) references users (id) on delete cascade,
  constraint ck_sessions_kind check (kind in ('browser', 'link'))
);
create index ix_sessions_expires_at on sessions (expires_at);
create index ix_sessions_user_id on sessions (user_id);
