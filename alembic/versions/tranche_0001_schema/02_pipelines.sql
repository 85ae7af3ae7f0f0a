-- Pipelines as the processes last saw them.

create table pipelines (
  id serial not null,
  key text not null,
  version integer not null,
  title text not null,
  steps jsonb not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint pk_pipelines primary key (id),
  constraint uq_pipelines_key unique (key)
);
