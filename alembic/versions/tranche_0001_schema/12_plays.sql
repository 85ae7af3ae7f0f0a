-- Plays, the kinds of data they can need, and data that was fetched for leads.

create table data_batch_types (
  number integer not null,
  name varchar(50) not null,
  title text not null,
  constraint pk_data_batch_types primary key (number),
  constraint uq_data_batch_types_name unique (name),
  constraint uq_data_batch_types_number_name unique (number, name)
);

create table lead_data (
  organisation_id uuid not null,
  lead text not null,
  number integer not null,
  data jsonb,
  source text,
  fetched_at timestamptz,
  leased_until timestamptz,
  constraint pk_lead_data primary key (organisation_id, lead, number),
  constraint fk_lead_data_number foreign key (number) references data_batch_types (number),
  constraint fk_lead_data_organisation_id foreign key (organisation_id) references organisations (id) on delete
    cascade
);

create table plays (
  id serial not null,
  organisation_id uuid not null,
  owner_id uuid,
  name text not null,
  description text,
  variables jsonb default '{}' not null,
  play_steps jsonb default '[]' not null,
  output_type text default 'final' not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint pk_plays primary key (id),
  constraint fk_plays_organisation_id foreign key (organisation_id) references organisations (id) on delete cascade,
  constraint fk_plays_owner_id foreign key (owner_id) references users (id) on delete set null
);
create index ix_plays_organisation_id on plays (organisation_id, id);
create index ix_plays_owner_id on plays (owner_id);

insert into data_batch_types (number, name, title) values
  (1, 'linkedin_profile', 'LinkedIn Profile'),
  (2, 'company_enrichment', 'Company Enrichment'),
  (3, 'hubspot', 'HubSpot Data'),
  (4, 'linkedin_posts', 'LinkedIn Posts'),
  (5, 'linkedin_jobs', 'LinkedIn Jobs');
