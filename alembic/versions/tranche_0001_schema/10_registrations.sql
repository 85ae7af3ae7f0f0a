-- Restaurants, the index that finds a restaurant's registrations, and the log of operations.

create table restaurants (
  id uuid not null,
  organisation_id uuid not null,
  name text not null,
  type text,
  stage text,
  icp_score integer,
  city text,
  contact jsonb default '{}' not null,
  attributes jsonb default '{}' not null,
  menu_file_id uuid,
  menu jsonb,
  option_sets_file_id uuid,
  option_sets jsonb,
  account jsonb,
  live_at timestamptz,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint pk_restaurants primary key (id),
  constraint fk_restaurants_menu_file_id foreign key (menu_file_id) references files (id) on delete set null,
  constraint fk_restaurants_option_sets_file_id foreign key (option_sets_file_id) references files (id) on delete
    set null,
  constraint fk_restaurants_organisation_id foreign key (organisation_id) references organisations (id) on delete
    cascade,
  constraint ck_restaurants_icp_score check (icp_score between 0 and 10)
);
create index ix_restaurants_menu_file_id on restaurants (menu_file_id);
create index ix_restaurants_option_sets_file_id on restaurants (option_sets_file_id);
create index ix_restaurants_organisation_id_created_at on restaurants (organisation_id, created_at, id);
create index ix_restaurants_organisation_id_name on restaurants (organisation_id, name, id);

create index ix_jobs_restaurant_id on jobs ((record ->> 'restaurant_id'), id desc) where (record ->>
  'restaurant_id') is not null;

create view batch_operation_logs as
select md5(e.batch_id::text || ':' || e.id)::uuid as id, e.batch_id as batch_job_id, e.job_id as registration_job_id,
  case e.type when 'step.failed' then 'error_occurred' when 'job.failed' then 'error_occurred'
    when 'batch.alerted' then 'error_occurred' when 'job.retrying' then 'retry_attempted'
    else replace(e.type, '.', '_') end as operation,
  e.data || jsonb_strip_nulls(jsonb_build_object('step', e.step, 'actor', e.actor, 'event', e.type, 'event_id', e.id))
    as details,
  e.created_at, b.organisation_id, e.id as event_id, 0 as place
from events e join batches b on b.id = e.batch_id join pipelines p on p.id = b.pipeline_id
where p.key = 'restaurant-registration'
union all
select md5(j.id::text || ' created')::uuid, j.batch_id, j.id, 'job_created',
  jsonb_strip_nulls(jsonb_build_object('sequence', j.sequence, 'name', j.filename,
    'restaurant_id', j.record ->> 'restaurant_id', 'retry_of_job_id', j.retry_of_job_id)),
  j.created_at, b.organisation_id, 1, j.sequence
from jobs j join batches b on b.id = j.batch_id join pipelines p on p.id = b.pipeline_id
where p.key = 'restaurant-registration';
