-- Restaurants, and the index that finds a restaurant's registrations.

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
