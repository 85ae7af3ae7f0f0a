-- Processes that run jobs.

create table workers (
  id uuid not null,
  host text not null,
  pid integer not null,
  slots integer not null,
  running integer default 0 not null,
  started_at timestamptz default now() not null,
  seen_at timestamptz default now() not null,
  constraint pk_workers primary key (id),
  constraint ck_workers_slots check (slots >= 1 and running >= 0)
);
