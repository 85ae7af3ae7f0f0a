-- A database as the last pre-release left it, at migration 0013: pg_dump --schema-only of it, and its rows that all have.
CREATE FUNCTION public.fill_outbox() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
  found_rows int;
  told boolean := false;
begin
  -- The lock waits for whoever deletes an endpoint just now, instead of failing on the foreign key afterwards.
  insert into webhook_deliveries (id, endpoint_id, event_type, batch_id, event_id)
  select gen_random_uuid(), w.id, new.type, new.batch_id, new.id
  from (
    select w.id from batches b join webhook_endpoints w on w.organisation_id = b.organisation_id
    where b.id = new.batch_id and w.enabled and w.events && array[new.type, 'batch.*']
      and (w.pipeline_id is null or w.pipeline_id = b.pipeline_id
        or b.total_pipelines > 1 and b.settings ? (select p.key from pipelines p where p.id = w.pipeline_id))
    for key share of w
  ) w
  on conflict do nothing;
  get diagnostics found_rows = row_count;
  told := found_rows > 0;
  if new.type in ('batch.completed', 'batch.partial', 'batch.failed', 'batch.cancelled') then
    insert into batch_mails (batch_id, recipient)
    select b.id, b.notification_email from batches b where b.id = new.batch_id and b.notification_email is not null
    on conflict do nothing;
    get diagnostics found_rows = row_count;
    told := told or found_rows > 0;
  end if;
  if told then
    perform pg_notify('tranche_outbox', '');
  end if;
  return null;
end
$$;
CREATE FUNCTION public.search_grams(organisation_id uuid, name text, base_directory_name text, customer_prefix text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select organisation_id::text || coalesce(array_agg(distinct substr(lower(value), place, size)), '{}')
  from unnest(array[name, base_directory_name, customer_prefix]) as value,
    generate_series(1, 3) as size, generate_series(1, length(value) - size + 1) as place
$$;
CREATE FUNCTION public.update_updated_at_column() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
        begin
          new.updated_at = now();
          return new;
        end
        $$;
CREATE TABLE public.alembic_version ( version_num character varying(32) NOT NULL );
CREATE TABLE public.api_keys ( id uuid NOT NULL, user_id uuid NOT NULL, name text NOT NULL, key_hash bytea NOT NULL, hint text NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL, last_used_at timestamp with time zone, expires_at timestamp with time zone, revoked_at timestamp with time zone );
CREATE TABLE public.batch_mails ( batch_id uuid NOT NULL, recipient text NOT NULL, status text DEFAULT 'pending'::text NOT NULL, attempts integer DEFAULT 0 NOT NULL, next_attempt_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL, claim_token uuid, error text, created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL, completed_at timestamp with time zone, CONSTRAINT ck_batch_mails_ended_has_time CHECK (((status = 'pending'::text) = (completed_at IS NULL))), CONSTRAINT ck_batch_mails_status CHECK ((status = ANY (ARRAY['pending'::text, 'sent'::text, 'failed'::text, 'skipped'::text]))) );
CREATE TABLE public.batches ( id uuid NOT NULL, organisation_id uuid NOT NULL, created_by uuid, client_ip text, pipeline_id integer NOT NULL, name text NOT NULL, description text, customer_prefix text, base_directory_name text NOT NULL, total_pipelines integer DEFAULT 1 NOT NULL, execution_mode text NOT NULL, max_parallel integer NOT NULL, status text NOT NULL, status_reason text, pause_reason text, failure_policy jsonb, total_jobs integer NOT NULL, pending_jobs integer NOT NULL, running_jobs integer DEFAULT 0 NOT NULL, completed_jobs integer DEFAULT 0 NOT NULL, failed_jobs integer DEFAULT 0 NOT NULL, cancelled_jobs integer DEFAULT 0 NOT NULL, skipped_jobs integer DEFAULT 0 NOT NULL, cached_jobs integer DEFAULT 0 NOT NULL, total_size bigint DEFAULT '0'::bigint NOT NULL, processing_time_ms bigint, needs_summary boolean DEFAULT false NOT NULL, summary_data jsonb, settings jsonb NOT NULL, metadata jsonb NOT NULL, parent_batch_id uuid, relation text, notification_email text, notification_sent_at timestamp with time zone, last_event_id bigint DEFAULT '0'::bigint NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL, updated_at timestamp with time zone DEFAULT now() NOT NULL, started_at timestamp with time zone, paused_at timestamp with time zone, cancelled_at timestamp with time zone, completed_at timestamp with time zone, archived_at timestamp with time zone, expires_at timestamp with time zone, failures_at_base integer DEFAULT 0 NOT NULL, jobs_at_base integer DEFAULT 0 NOT NULL, first_n integer, queued_at timestamp with time zone, total_files integer DEFAULT 0 NOT NULL, mixed_customers boolean DEFAULT false NOT NULL, auto_upload_enabled boolean DEFAULT false NOT NULL, monday_sync_enabled boolean DEFAULT false NOT NULL, dropbox_directory_id character varying(255), monday_item_id character varying(255), handed_over_at timestamp with time zone, result_codes boolean DEFAULT false NOT NULL, CONSTRAINT ck_batches_completed_has_no_failure CHECK (((status <> 'completed'::text) OR (failed_jobs = 0))), CONSTRAINT ck_batches_counters_add_up CHECK (((((((pending_jobs + running_jobs) + completed_jobs) + failed_jobs) + cancelled_jobs) + skipped_jobs) = total_jobs)), CONSTRAINT ck_batches_counters_not_negative CHECK (((pending_jobs >= 0) AND (running_jobs >= 0) AND (completed_jobs >= 0) AND (failed_jobs >= 0) AND (cancelled_jobs >= 0) AND (skipped_jobs >= 0) AND ((cached_jobs >= 0) AND (cached_jobs <= completed_jobs)))), CONSTRAINT ck_batches_execution_mode CHECK ((execution_mode = ANY (ARRAY['sequential'::text, 'parallel'::text]))), CONSTRAINT ck_batches_first_n CHECK ((first_n >= 1)), CONSTRAINT ck_batches_last_event_id CHECK ((last_event_id >= 0)), CONSTRAINT ck_batches_max_parallel CHECK (((max_parallel >= 1) AND (max_parallel <= 4096))), CONSTRAINT ck_batches_paused_has_reason CHECK (((status = 'paused'::text) = (pause_reason IS NOT NULL))), CONSTRAINT ck_batches_relation CHECK ((((parent_batch_id IS NULL) OR (relation IS NOT NULL)) AND (relation = ANY (ARRAY['retry_failed'::text, 'restart'::text, 'schedule'::text, 'backfill'::text, 'hand_over'::text])))), CONSTRAINT ck_batches_running_after_start CHECK (((status <> ALL (ARRAY['draft'::text, 'pending'::text])) OR (running_jobs = 0))), CONSTRAINT ck_batches_status CHECK ((status = ANY (ARRAY['draft'::text, 'pending'::text, 'processing'::text, 'paused'::text, 'cancelling'::text, 'completed'::text, 'partial'::text, 'failed'::text, 'cancelled'::text]))), CONSTRAINT ck_batches_terminal_has_time CHECK (((status = ANY (ARRAY['completed'::text, 'partial'::text, 'failed'::text, 'cancelled'::text])) = (completed_at IS NOT NULL))), CONSTRAINT ck_batches_terminal_is_quiet CHECK (((status <> ALL (ARRAY['completed'::text, 'partial'::text, 'failed'::text, 'cancelled'::text])) OR ((pending_jobs + running_jobs) = 0))), CONSTRAINT ck_batches_totals CHECK (((total_pipelines >= 1) AND ((total_files >= 0) AND (total_files <= total_jobs)))) ) WITH (fillfactor='50');
CREATE TABLE public.events ( batch_id uuid NOT NULL, id bigint NOT NULL, type text NOT NULL, job_id uuid, step text, data jsonb NOT NULL, counters integer[] NOT NULL, actor text, created_at timestamp with time zone DEFAULT now() NOT NULL );
CREATE TABLE public.jobs ( id uuid NOT NULL, batch_id uuid NOT NULL, pipeline_id integer NOT NULL, sequence integer NOT NULL, source_type text NOT NULL, source_url text, file_id uuid, filename text, file_size bigint, media_type text, checksum text, record jsonb, status text DEFAULT 'pending'::text NOT NULL, stage text DEFAULT 'queued'::text NOT NULL, progress double precision, progress_message text, step_position integer DEFAULT 0 NOT NULL, attempt integer DEFAULT 0 NOT NULL, claimed_by bigint, retry_count integer DEFAULT 0 NOT NULL, crash_count integer DEFAULT 0 NOT NULL, run_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL, error_code text, error_message text, cached boolean DEFAULT false NOT NULL, result jsonb, retry_of_job_id uuid, created_at timestamp with time zone DEFAULT now() NOT NULL, updated_at timestamp with time zone DEFAULT now() NOT NULL, started_at timestamp with time zone, completed_at timestamp with time zone, item integer DEFAULT 0 NOT NULL, CONSTRAINT ck_jobs_budgets_not_negative CHECK (((retry_count >= 0) AND (crash_count >= 0))), CONSTRAINT ck_jobs_failed_has_code CHECK (((status <> 'failed'::text) OR (error_code IS NOT NULL))), CONSTRAINT ck_jobs_not_negative CHECK (((sequence >= 1) AND (step_position >= 0) AND (attempt >= 0))), CONSTRAINT ck_jobs_progress CHECK (((progress >= (0)::double precision) AND (progress <= (1)::double precision))), CONSTRAINT ck_jobs_record_has_content CHECK (((source_type <> 'record'::text) OR (record IS NOT NULL))), CONSTRAINT ck_jobs_running_is_claimed CHECK (((status = 'running'::text) = (claimed_by IS NOT NULL))), CONSTRAINT ck_jobs_source_type CHECK ((source_type = ANY (ARRAY['file'::text, 'url'::text, 'record'::text]))), CONSTRAINT ck_jobs_status CHECK ((status = ANY (ARRAY['pending'::text, 'running'::text, 'completed'::text, 'failed'::text, 'cancelled'::text, 'skipped'::text]))), CONSTRAINT ck_jobs_terminal_has_time CHECK (((status = ANY (ARRAY['completed'::text, 'failed'::text, 'cancelled'::text, 'skipped'::text])) = (completed_at IS NOT NULL))), CONSTRAINT ck_jobs_url_has_address CHECK (((source_type <> 'url'::text) OR (source_url IS NOT NULL))) ) WITH (fillfactor='50');
CREATE TABLE public.pipelines ( id integer NOT NULL, key text NOT NULL, version integer NOT NULL, title text NOT NULL, steps jsonb NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL, updated_at timestamp with time zone DEFAULT now() NOT NULL );
CREATE VIEW public.batch_operation_logs AS SELECT (md5((((e.batch_id)::text || ':'::text) || e.id)))::uuid AS id, e.batch_id AS batch_job_id, e.job_id AS registration_job_id, CASE e.type WHEN 'step.failed'::text THEN 'error_occurred'::text WHEN 'job.failed'::text THEN 'error_occurred'::text WHEN 'batch.alerted'::text THEN 'error_occurred'::text WHEN 'job.retrying'::text THEN 'retry_attempted'::text ELSE replace(e.type, '.'::text, '_'::text) END AS operation, (e.data || jsonb_strip_nulls(jsonb_build_object('step', e.step, 'actor', e.actor, 'event', e.type, 'event_id', e.id))) AS details, e.created_at, b.organisation_id, e.id AS event_id, 0 AS place FROM ((public.events e JOIN public.batches b ON ((b.id = e.batch_id))) JOIN public.pipelines p ON ((p.id = b.pipeline_id))) WHERE (p.key = 'restaurant-registration'::text) UNION ALL SELECT (md5(((j.id)::text || ' created'::text)))::uuid AS id, j.batch_id AS batch_job_id, j.id AS registration_job_id, 'job_created'::text AS operation, jsonb_strip_nulls(jsonb_build_object('sequence', j.sequence, 'name', j.filename, 'restaurant_id', (j.record ->> 'restaurant_id'::text), 'retry_of_job_id', j.retry_of_job_id)) AS details, j.created_at, b.organisation_id, 1 AS event_id, j.sequence AS place FROM ((public.jobs j JOIN public.batches b ON ((b.id = j.batch_id))) JOIN public.pipelines p ON ((p.id = b.pipeline_id))) WHERE (p.key = 'restaurant-registration'::text);
CREATE TABLE public.reports ( id uuid NOT NULL, organisation_id uuid NOT NULL, batch_id uuid, job_id uuid, file_name text NOT NULL, file_size bigint NOT NULL, file_type text NOT NULL, sha256 text, row_count bigint NOT NULL, column_count integer NOT NULL, processing_time_ms bigint NOT NULL, data jsonb NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL, expires_at timestamp with time zone, CONSTRAINT ck_reports_not_negative CHECK (((row_count >= 0) AND (column_count >= 0) AND (file_size >= 0))) );
CREATE VIEW public.batch_report_files AS SELECT j.id, j.batch_id, r.id AS report_id, COALESCE(j.filename, j.source_url) AS file_name, j.file_size, COALESCE(r.file_type, lower("substring"(j.filename, '[.]([^.]+)$'::text))) AS file_type, CASE j.status WHEN 'pending'::text THEN 'pending'::text WHEN 'running'::text THEN 'processing'::text WHEN 'completed'::text THEN 'success'::text ELSE 'failed'::text END AS processing_status, j.status, j.stage, j.sequence AS processing_order, j.error_code, COALESCE(j.error_message, CASE j.status WHEN 'cancelled'::text THEN 'The file was cancelled.'::text WHEN 'skipped'::text THEN 'The file was skipped.'::text ELSE NULL::text END) AS error_message, j.created_at, j.started_at, j.completed_at FROM ((public.jobs j JOIN public.pipelines p ON ((p.id = j.pipeline_id))) LEFT JOIN public.reports r ON ((r.job_id = j.id))) WHERE (p.key = 'data-report'::text);
CREATE VIEW public.batch_reports AS SELECT b.id, b.organisation_id, b.name, b.status, b.total_jobs AS total_files, b.completed_jobs AS successful_files, ((b.failed_jobs + b.cancelled_jobs) + b.skipped_jobs) AS failed_files, b.processing_time_ms, b.summary_data, b.total_size, b.created_at, b.completed_at, b.archived_at, b.expires_at FROM (public.batches b JOIN public.pipelines p ON ((p.id = b.pipeline_id))) WHERE (p.key = 'data-report'::text);
CREATE TABLE public.data_batch_types ( number integer NOT NULL, name character varying(50) NOT NULL, title text NOT NULL );
CREATE TABLE public.directory_names ( organisation_id uuid NOT NULL, name text NOT NULL, used integer NOT NULL );
CREATE TABLE public.extractions ( id uuid NOT NULL, organisation_id uuid NOT NULL, job_id uuid NOT NULL, sheet_id uuid, swimmer_name text NOT NULL, meet text, dates text, course text, swims jsonb NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL, swimmer_core text DEFAULT ''::text NOT NULL, swimmer_short text DEFAULT ''::text NOT NULL, source text DEFAULT 'text'::text NOT NULL, CONSTRAINT ck_extractions_source CHECK ((source = ANY (ARRAY['text'::text, 'ai'::text]))) );
CREATE TABLE public.files ( id uuid NOT NULL, organisation_id uuid NOT NULL, name text NOT NULL, sha256 text NOT NULL, crc32 bigint NOT NULL, size bigint NOT NULL, media_type text NOT NULL, storage_key text NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL, tags text[] DEFAULT '{}'::text[] NOT NULL, CONSTRAINT ck_files_crc32 CHECK (((crc32 >= 0) AND (crc32 <= '4294967295'::bigint))), CONSTRAINT ck_files_sha256 CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)), CONSTRAINT ck_files_size CHECK ((size >= 0)) );
CREATE TABLE public.idempotency_keys ( organisation_id uuid NOT NULL, key text NOT NULL, request_hash bytea NOT NULL, response jsonb NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL );
CREATE TABLE public.job_outputs ( job_id uuid NOT NULL, name text NOT NULL, file_id uuid NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL );
CREATE TABLE public.job_steps ( job_id uuid NOT NULL, "position" integer NOT NULL, name text NOT NULL, status text DEFAULT 'pending'::text NOT NULL, attempts integer DEFAULT 0 NOT NULL, depends_on text[] DEFAULT '{}'::text[] NOT NULL, skip_if_failed boolean DEFAULT true NOT NULL, inherited_from uuid, output jsonb, error_code text, error_message text, started_at timestamp with time zone, completed_at timestamp with time zone, CONSTRAINT ck_job_steps_failed_has_code CHECK (((status <> 'failed'::text) OR (error_code IS NOT NULL))), CONSTRAINT ck_job_steps_not_negative CHECK ((("position" >= 0) AND (attempts >= 0))), CONSTRAINT ck_job_steps_status CHECK ((status = ANY (ARRAY['pending'::text, 'running'::text, 'completed'::text, 'failed'::text, 'skipped'::text, 'cancelled'::text]))), CONSTRAINT ck_job_steps_terminal_has_time CHECK (((status = ANY (ARRAY['completed'::text, 'failed'::text, 'skipped'::text, 'cancelled'::text])) = (completed_at IS NOT NULL))) ) WITH (fillfactor='50');
CREATE TABLE public.lead_data ( organisation_id uuid NOT NULL, lead text NOT NULL, number integer NOT NULL, data jsonb, source text, fetched_at timestamp with time zone, leased_until timestamp with time zone );
CREATE TABLE public.organisations ( id uuid NOT NULL, name text NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL, batch_life interval );
CREATE SEQUENCE public.pipelines_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE public.pipelines_id_seq OWNED BY public.pipelines.id;
CREATE TABLE public.play_batch_requirements ( id integer NOT NULL, play_id integer NOT NULL, batch_number integer NOT NULL, batch_name character varying(50) NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL, updated_at timestamp with time zone DEFAULT now() NOT NULL, CONSTRAINT check_batch_name_values CHECK (((batch_name)::text = ANY ((ARRAY['linkedin_profile'::character varying, 'company_enrichment'::character varying, 'hubspot'::character varying, 'linkedin_posts'::character varying, 'linkedin_jobs'::character varying])::text[]))), CONSTRAINT check_batch_number_range CHECK (((batch_number >= 1) AND (batch_number <= 5))) );
CREATE SEQUENCE public.play_batch_requirements_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE public.play_batch_requirements_id_seq OWNED BY public.play_batch_requirements.id;
CREATE TABLE public.play_changes ( id uuid NOT NULL, organisation_id uuid NOT NULL, play_id integer NOT NULL, actor text NOT NULL, before jsonb NOT NULL, after jsonb NOT NULL, created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL );
CREATE TABLE public.plays ( id integer NOT NULL, organisation_id uuid NOT NULL, owner_id uuid, name text NOT NULL, description text, variables jsonb DEFAULT '{}'::jsonb NOT NULL, play_steps jsonb DEFAULT '[]'::jsonb NOT NULL, output_type text DEFAULT 'final'::text NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL, updated_at timestamp with time zone DEFAULT now() NOT NULL );
CREATE SEQUENCE public.plays_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE public.plays_id_seq OWNED BY public.plays.id;
CREATE TABLE public.restaurants ( id uuid NOT NULL, organisation_id uuid NOT NULL, name text NOT NULL, type text, stage text, icp_score integer, city text, contact jsonb DEFAULT '{}'::jsonb NOT NULL, attributes jsonb DEFAULT '{}'::jsonb NOT NULL, menu_file_id uuid, menu jsonb, option_sets_file_id uuid, option_sets jsonb, account jsonb, live_at timestamp with time zone, created_at timestamp with time zone DEFAULT now() NOT NULL, updated_at timestamp with time zone DEFAULT now() NOT NULL, CONSTRAINT ck_restaurants_icp_score CHECK (((icp_score >= 0) AND (icp_score <= 10))) );
CREATE TABLE public.result_guesses ( client text NOT NULL, minute timestamp with time zone NOT NULL, wrong integer NOT NULL, CONSTRAINT ck_result_guesses_wrong CHECK ((wrong > 0)) );
CREATE TABLE public.result_links ( id uuid NOT NULL, organisation_id uuid NOT NULL, batch_id uuid NOT NULL, job_id uuid, code_hash bytea NOT NULL, created_by uuid, created_at timestamp with time zone DEFAULT now() NOT NULL, expires_at timestamp with time zone, revoked_at timestamp with time zone );
CREATE TABLE public.schedule_runs ( schedule_id uuid NOT NULL, fire_at timestamp with time zone NOT NULL, status text NOT NULL, reason text, batch_id uuid, created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL, CONSTRAINT ck_schedule_runs_status CHECK ((status = ANY (ARRAY['waiting'::text, 'started'::text, 'skipped'::text, 'failed'::text]))) );
CREATE TABLE public.schedules ( id uuid NOT NULL, organisation_id uuid NOT NULL, created_by uuid NOT NULL, template_id uuid NOT NULL, name text NOT NULL, cron text NOT NULL, time_zone text NOT NULL, overlap text DEFAULT 'skip'::text NOT NULL, paused_at timestamp with time zone, next_run_at timestamp with time zone NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL, updated_at timestamp with time zone DEFAULT now() NOT NULL, CONSTRAINT ck_schedules_overlap CHECK ((overlap = ANY (ARRAY['skip'::text, 'queue'::text, 'allow'::text]))) );
CREATE TABLE public.sessions ( id uuid NOT NULL, user_id uuid NOT NULL, kind text NOT NULL, token_hash bytea NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL, expires_at timestamp with time zone NOT NULL, CONSTRAINT ck_sessions_kind CHECK ((kind = ANY (ARRAY['browser'::text, 'link'::text]))) );
CREATE TABLE public.sheet_claims ( organisation_id uuid NOT NULL, sha256 text NOT NULL, extractor text NOT NULL, version integer NOT NULL, subject text NOT NULL, job_id uuid NOT NULL, attempt integer NOT NULL );
CREATE TABLE public.sheets ( id uuid NOT NULL, organisation_id uuid NOT NULL, sha256 text NOT NULL, extractor text NOT NULL, version integer NOT NULL, data jsonb NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL, subject text DEFAULT ''::text NOT NULL, read_ms integer DEFAULT 0 NOT NULL, used_at timestamp with time zone DEFAULT now() NOT NULL );
CREATE TABLE public.signing_keys ( purpose text NOT NULL, secret bytea NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL );
CREATE TABLE public.templates ( id uuid NOT NULL, organisation_id uuid NOT NULL, created_by uuid, name text NOT NULL, description text, options jsonb NOT NULL, source jsonb NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL, updated_at timestamp with time zone DEFAULT now() NOT NULL );
CREATE TABLE public.users ( id uuid NOT NULL, organisation_id uuid NOT NULL, name text NOT NULL, email text, role text NOT NULL, created_at timestamp with time zone DEFAULT now() NOT NULL, CONSTRAINT ck_users_role CHECK ((role = ANY (ARRAY['admin'::text, 'member'::text]))) );
CREATE TABLE public.webhook_deliveries ( id uuid NOT NULL, endpoint_id uuid NOT NULL, event_type text NOT NULL, batch_id uuid, event_id bigint, body text, response_excerpt text, tries jsonb DEFAULT '[]'::jsonb NOT NULL, status text DEFAULT 'pending'::text NOT NULL, attempts integer DEFAULT 0 NOT NULL, next_attempt_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL, claim_token uuid, error text, created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL, completed_at timestamp with time zone, CONSTRAINT ck_webhook_deliveries_ended_has_time CHECK (((status = 'pending'::text) = (completed_at IS NULL))), CONSTRAINT ck_webhook_deliveries_event_of_batch CHECK (((batch_id IS NULL) = (event_id IS NULL))), CONSTRAINT ck_webhook_deliveries_status CHECK ((status = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text]))) );
CREATE TABLE public.webhook_endpoints ( id uuid NOT NULL, organisation_id uuid NOT NULL, description text, url text NOT NULL, events text[] NOT NULL, pipeline_id integer, format text NOT NULL, template jsonb, enabled boolean NOT NULL, disabled_reason text, failing_since timestamp with time zone, created_at timestamp with time zone DEFAULT now() NOT NULL, updated_at timestamp with time zone DEFAULT now() NOT NULL, CONSTRAINT ck_webhook_endpoints_crm_has_template CHECK (((format = 'crm'::text) = (template IS NOT NULL))), CONSTRAINT ck_webhook_endpoints_disabled_has_reason CHECK (((NOT enabled) OR (disabled_reason IS NULL))), CONSTRAINT ck_webhook_endpoints_format CHECK ((format = ANY (ARRAY['standard'::text, 'slack'::text, 'crm'::text]))) );
CREATE TABLE public.webhook_secrets ( id uuid NOT NULL, endpoint_id uuid NOT NULL, salt bytea NOT NULL, key_id text NOT NULL, created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL, expires_at timestamp with time zone );
CREATE TABLE public.workers ( id uuid NOT NULL, host text NOT NULL, pid integer NOT NULL, slots integer NOT NULL, running integer DEFAULT 0 NOT NULL, started_at timestamp with time zone DEFAULT now() NOT NULL, seen_at timestamp with time zone DEFAULT now() NOT NULL, CONSTRAINT ck_workers_slots CHECK (((slots >= 1) AND (running >= 0))) );
ALTER TABLE ONLY public.pipelines ALTER COLUMN id SET DEFAULT nextval('public.pipelines_id_seq'::regclass);
ALTER TABLE ONLY public.play_batch_requirements ALTER COLUMN id SET DEFAULT nextval('public.play_batch_requirements_id_seq'::regclass);
ALTER TABLE ONLY public.plays ALTER COLUMN id SET DEFAULT nextval('public.plays_id_seq'::regclass);
ALTER TABLE ONLY public.alembic_version ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.api_keys ADD CONSTRAINT pk_api_keys PRIMARY KEY (id);
ALTER TABLE ONLY public.batch_mails ADD CONSTRAINT pk_batch_mails PRIMARY KEY (batch_id);
ALTER TABLE ONLY public.batches ADD CONSTRAINT pk_batches PRIMARY KEY (id);
ALTER TABLE ONLY public.data_batch_types ADD CONSTRAINT pk_data_batch_types PRIMARY KEY (number);
ALTER TABLE ONLY public.directory_names ADD CONSTRAINT pk_directory_names PRIMARY KEY (organisation_id, name);
ALTER TABLE ONLY public.events ADD CONSTRAINT pk_events PRIMARY KEY (batch_id, id);
ALTER TABLE ONLY public.extractions ADD CONSTRAINT pk_extractions PRIMARY KEY (id);
ALTER TABLE ONLY public.files ADD CONSTRAINT pk_files PRIMARY KEY (id);
ALTER TABLE ONLY public.idempotency_keys ADD CONSTRAINT pk_idempotency_keys PRIMARY KEY (organisation_id, key);
ALTER TABLE ONLY public.job_outputs ADD CONSTRAINT pk_job_outputs PRIMARY KEY (job_id, name);
ALTER TABLE ONLY public.job_steps ADD CONSTRAINT pk_job_steps PRIMARY KEY (job_id, "position");
ALTER TABLE ONLY public.jobs ADD CONSTRAINT pk_jobs PRIMARY KEY (id);
ALTER TABLE ONLY public.lead_data ADD CONSTRAINT pk_lead_data PRIMARY KEY (organisation_id, lead, number);
ALTER TABLE ONLY public.organisations ADD CONSTRAINT pk_organisations PRIMARY KEY (id);
ALTER TABLE ONLY public.pipelines ADD CONSTRAINT pk_pipelines PRIMARY KEY (id);
ALTER TABLE ONLY public.play_changes ADD CONSTRAINT pk_play_changes PRIMARY KEY (id);
ALTER TABLE ONLY public.plays ADD CONSTRAINT pk_plays PRIMARY KEY (id);
ALTER TABLE ONLY public.reports ADD CONSTRAINT pk_reports PRIMARY KEY (id);
ALTER TABLE ONLY public.restaurants ADD CONSTRAINT pk_restaurants PRIMARY KEY (id);
ALTER TABLE ONLY public.result_guesses ADD CONSTRAINT pk_result_guesses PRIMARY KEY (client, minute);
ALTER TABLE ONLY public.result_links ADD CONSTRAINT pk_result_links PRIMARY KEY (id);
ALTER TABLE ONLY public.schedule_runs ADD CONSTRAINT pk_schedule_runs PRIMARY KEY (schedule_id, fire_at);
ALTER TABLE ONLY public.schedules ADD CONSTRAINT pk_schedules PRIMARY KEY (id);
ALTER TABLE ONLY public.sessions ADD CONSTRAINT pk_sessions PRIMARY KEY (id);
ALTER TABLE ONLY public.sheet_claims ADD CONSTRAINT pk_sheet_claims PRIMARY KEY (organisation_id, sha256, extractor, version, subject);
ALTER TABLE ONLY public.sheets ADD CONSTRAINT pk_sheets PRIMARY KEY (id);
ALTER TABLE ONLY public.signing_keys ADD CONSTRAINT pk_signing_keys PRIMARY KEY (purpose);
ALTER TABLE ONLY public.templates ADD CONSTRAINT pk_templates PRIMARY KEY (id);
ALTER TABLE ONLY public.users ADD CONSTRAINT pk_users PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook_deliveries ADD CONSTRAINT pk_webhook_deliveries PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook_endpoints ADD CONSTRAINT pk_webhook_endpoints PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook_secrets ADD CONSTRAINT pk_webhook_secrets PRIMARY KEY (id);
ALTER TABLE ONLY public.workers ADD CONSTRAINT pk_workers PRIMARY KEY (id);
ALTER TABLE ONLY public.play_batch_requirements ADD CONSTRAINT play_batch_requirements_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.play_batch_requirements ADD CONSTRAINT unique_play_batch_combination UNIQUE (play_id, batch_number);
ALTER TABLE ONLY public.api_keys ADD CONSTRAINT uq_api_keys_key_hash UNIQUE (key_hash);
ALTER TABLE ONLY public.data_batch_types ADD CONSTRAINT uq_data_batch_types_name UNIQUE (name);
ALTER TABLE ONLY public.data_batch_types ADD CONSTRAINT uq_data_batch_types_number_name UNIQUE (number, name);
ALTER TABLE ONLY public.extractions ADD CONSTRAINT uq_extractions_job_id UNIQUE (job_id);
ALTER TABLE ONLY public.jobs ADD CONSTRAINT uq_jobs_batch_id_sequence UNIQUE (batch_id, sequence);
ALTER TABLE ONLY public.organisations ADD CONSTRAINT uq_organisations_name UNIQUE (name);
ALTER TABLE ONLY public.pipelines ADD CONSTRAINT uq_pipelines_key UNIQUE (key);
ALTER TABLE ONLY public.reports ADD CONSTRAINT uq_reports_job_id UNIQUE (job_id);
ALTER TABLE ONLY public.result_links ADD CONSTRAINT uq_result_links_code_hash UNIQUE (code_hash);
ALTER TABLE ONLY public.sessions ADD CONSTRAINT uq_sessions_token_hash UNIQUE (token_hash);
ALTER TABLE ONLY public.sheets ADD CONSTRAINT uq_sheets_organisation_id_sha256_extractor_version_subject UNIQUE (organisation_id, sha256, extractor, version, subject);
ALTER TABLE ONLY public.templates ADD CONSTRAINT uq_templates_organisation_id_name UNIQUE (organisation_id, name);
ALTER TABLE ONLY public.webhook_deliveries ADD CONSTRAINT uq_webhook_deliveries_event UNIQUE (batch_id, event_id, endpoint_id);
CREATE INDEX idx_play_batch_requirements_batch_number ON public.play_batch_requirements USING btree (batch_number);
CREATE INDEX idx_play_batch_requirements_play_id ON public.play_batch_requirements USING btree (play_id);
CREATE INDEX ix_api_keys_user_id ON public.api_keys USING btree (user_id);
CREATE INDEX ix_batch_mails_due ON public.batch_mails USING btree (next_attempt_at) WHERE (status = 'pending'::text);
CREATE INDEX ix_batches_archived ON public.batches USING btree (organisation_id, created_at, id) WHERE (archived_at IS NOT NULL);
CREATE INDEX ix_batches_created_by ON public.batches USING btree (created_by);
CREATE INDEX ix_batches_customer_prefix ON public.batches USING btree (organisation_id, customer_prefix text_pattern_ops, created_at) WHERE (customer_prefix IS NOT NULL);
CREATE INDEX ix_batches_expires_at ON public.batches USING btree (expires_at) WHERE (expires_at IS NOT NULL);
CREATE INDEX ix_batches_hand_over ON public.batches USING btree (completed_at) WHERE ((auto_upload_enabled OR monday_sync_enabled) AND (handed_over_at IS NULL));
CREATE INDEX ix_batches_live ON public.batches USING btree (organisation_id, created_at, id) WHERE (archived_at IS NULL);
CREATE INDEX ix_batches_name ON public.batches USING btree (organisation_id, name, id) WHERE (archived_at IS NULL);
CREATE INDEX ix_batches_open ON public.batches USING btree (status) WHERE (status = ANY (ARRAY['draft'::text, 'pending'::text, 'processing'::text, 'paused'::text, 'cancelling'::text]));
CREATE INDEX ix_batches_parent_batch_id ON public.batches USING btree (parent_batch_id) WHERE (parent_batch_id IS NOT NULL);
CREATE INDEX ix_batches_pipeline ON public.batches USING btree (organisation_id, pipeline_id, created_at, id) WHERE (archived_at IS NULL);
CREATE INDEX ix_batches_status ON public.batches USING btree (organisation_id, status, created_at, id) WHERE (archived_at IS NULL);
CREATE INDEX ix_batches_summary_data ON public.batches USING gin (summary_data jsonb_path_ops);
CREATE INDEX ix_batches_total_files ON public.batches USING btree (organisation_id, total_files, id);
CREATE INDEX ix_batches_words ON public.batches USING gin (public.search_grams(organisation_id, name, base_directory_name, customer_prefix)) WITH (gin_pending_list_limit='256');
CREATE INDEX ix_extractions_organisation_id_id ON public.extractions USING btree (organisation_id, id DESC);
CREATE INDEX ix_extractions_organisation_id_swimmer_core ON public.extractions USING btree (organisation_id, swimmer_core, swimmer_name);
CREATE INDEX ix_extractions_organisation_id_swimmer_name ON public.extractions USING btree (organisation_id, swimmer_name, id DESC);
CREATE INDEX ix_extractions_organisation_id_swimmer_short ON public.extractions USING btree (organisation_id, swimmer_short, swimmer_name);
CREATE INDEX ix_extractions_sheet_id ON public.extractions USING btree (sheet_id);
CREATE INDEX ix_files_organisation_id_sha256 ON public.files USING btree (organisation_id, sha256);
CREATE INDEX ix_files_storage_key ON public.files USING btree (storage_key);
CREATE INDEX ix_files_tags ON public.files USING gin (tags) WHERE (tags <> '{}'::text[]);
CREATE INDEX ix_idempotency_keys_created_at ON public.idempotency_keys USING btree (created_at);
CREATE INDEX ix_job_outputs_file_id ON public.job_outputs USING btree (file_id);
CREATE INDEX ix_jobs_checksum ON public.jobs USING btree (checksum) WHERE (checksum IS NOT NULL);
CREATE INDEX ix_jobs_claimed_by ON public.jobs USING btree (claimed_by) WHERE (status = 'running'::text);
CREATE INDEX ix_jobs_delayed ON public.jobs USING btree (batch_id, run_at) WHERE ((status = 'pending'::text) AND (run_at > '-infinity'::timestamp with time zone));
CREATE INDEX ix_jobs_file_id ON public.jobs USING btree (file_id) WHERE (file_id IS NOT NULL);
CREATE INDEX ix_jobs_pending ON public.jobs USING btree (batch_id, sequence) WHERE (status = 'pending'::text);
CREATE INDEX ix_jobs_restaurant_id ON public.jobs USING btree (((record ->> 'restaurant_id'::text)), id DESC) WHERE ((record ->> 'restaurant_id'::text) IS NOT NULL);
CREATE INDEX ix_jobs_suspects ON public.jobs USING btree (batch_id, sequence) WHERE ((crash_count > 0) AND (status = ANY (ARRAY['pending'::text, 'running'::text])));
CREATE INDEX ix_play_changes_organisation_id_play_id ON public.play_changes USING btree (organisation_id, play_id, id);
CREATE INDEX ix_plays_organisation_id ON public.plays USING btree (organisation_id, id);
CREATE INDEX ix_plays_owner_id ON public.plays USING btree (owner_id);
CREATE INDEX ix_reports_batch_id ON public.reports USING btree (batch_id);
CREATE INDEX ix_reports_expires_at ON public.reports USING btree (expires_at) WHERE (expires_at IS NOT NULL);
CREATE INDEX ix_reports_organisation_id_created_at ON public.reports USING btree (organisation_id, created_at DESC, id DESC);
CREATE INDEX ix_restaurants_menu_file_id ON public.restaurants USING btree (menu_file_id);
CREATE INDEX ix_restaurants_option_sets_file_id ON public.restaurants USING btree (option_sets_file_id);
CREATE INDEX ix_restaurants_organisation_id_created_at ON public.restaurants USING btree (organisation_id, created_at, id);
CREATE INDEX ix_restaurants_organisation_id_name ON public.restaurants USING btree (organisation_id, name, id);
CREATE INDEX ix_result_links_batch_id_job_id ON public.result_links USING btree (batch_id, job_id);
CREATE INDEX ix_result_links_created_by ON public.result_links USING btree (created_by);
CREATE INDEX ix_result_links_job_id ON public.result_links USING btree (job_id);
CREATE INDEX ix_result_links_organisation_id ON public.result_links USING btree (organisation_id);
CREATE INDEX ix_schedule_runs_batch_id ON public.schedule_runs USING btree (batch_id) WHERE (batch_id IS NOT NULL);
CREATE INDEX ix_schedule_runs_waiting ON public.schedule_runs USING btree (schedule_id) WHERE (status = 'waiting'::text);
CREATE INDEX ix_schedules_created_by ON public.schedules USING btree (created_by);
CREATE INDEX ix_schedules_due ON public.schedules USING btree (next_run_at) WHERE (paused_at IS NULL);
CREATE INDEX ix_schedules_organisation_id ON public.schedules USING btree (organisation_id, id);
CREATE INDEX ix_schedules_template_id ON public.schedules USING btree (template_id);
CREATE INDEX ix_sessions_expires_at ON public.sessions USING btree (expires_at);
CREATE INDEX ix_sessions_user_id ON public.sessions USING btree (user_id);
CREATE INDEX ix_sheet_claims_job_id ON public.sheet_claims USING btree (job_id);
CREATE INDEX ix_sheets_organisation_id_used_at ON public.sheets USING btree (organisation_id, used_at);
CREATE INDEX ix_templates_created_by ON public.templates USING btree (created_by);
CREATE INDEX ix_users_organisation_id ON public.users USING btree (organisation_id);
CREATE INDEX ix_webhook_deliveries_completed_at ON public.webhook_deliveries USING btree (completed_at) WHERE (completed_at IS NOT NULL);
CREATE INDEX ix_webhook_deliveries_due ON public.webhook_deliveries USING btree (endpoint_id, next_attempt_at) WHERE (status = 'pending'::text);
CREATE INDEX ix_webhook_deliveries_endpoint_id ON public.webhook_deliveries USING btree (endpoint_id, created_at DESC, id DESC);
CREATE INDEX ix_webhook_endpoints_organisation_id_created_at ON public.webhook_endpoints USING btree (organisation_id, created_at DESC, id);
CREATE INDEX ix_webhook_secrets_endpoint_id ON public.webhook_secrets USING btree (endpoint_id);
CREATE UNIQUE INDEX uq_jobs_retry_of_job_id ON public.jobs USING btree (retry_of_job_id) WHERE (retry_of_job_id IS NOT NULL);
CREATE UNIQUE INDEX uq_webhook_secrets_current ON public.webhook_secrets USING btree (endpoint_id) WHERE (expires_at IS NULL);
CREATE TRIGGER outbox AFTER INSERT ON public.events FOR EACH ROW WHEN ((new.job_id IS NULL)) EXECUTE FUNCTION public.fill_outbox();
CREATE TRIGGER update_play_batch_requirements_updated_at BEFORE UPDATE ON public.play_batch_requirements FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();
ALTER TABLE ONLY public.api_keys ADD CONSTRAINT fk_api_keys_user_id FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.batch_mails ADD CONSTRAINT fk_batch_mails_batch_id FOREIGN KEY (batch_id) REFERENCES public.batches(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.batches ADD CONSTRAINT fk_batches_created_by FOREIGN KEY (created_by) REFERENCES public.users(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.batches ADD CONSTRAINT fk_batches_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.batches ADD CONSTRAINT fk_batches_parent_batch_id FOREIGN KEY (parent_batch_id) REFERENCES public.batches(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.batches ADD CONSTRAINT fk_batches_pipeline_id FOREIGN KEY (pipeline_id) REFERENCES public.pipelines(id);
ALTER TABLE ONLY public.directory_names ADD CONSTRAINT fk_directory_names_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.extractions ADD CONSTRAINT fk_extractions_job_id FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.extractions ADD CONSTRAINT fk_extractions_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.extractions ADD CONSTRAINT fk_extractions_sheet_id FOREIGN KEY (sheet_id) REFERENCES public.sheets(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.files ADD CONSTRAINT fk_files_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.idempotency_keys ADD CONSTRAINT fk_idempotency_keys_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.job_outputs ADD CONSTRAINT fk_job_outputs_file_id FOREIGN KEY (file_id) REFERENCES public.files(id);
ALTER TABLE ONLY public.job_outputs ADD CONSTRAINT fk_job_outputs_job_id FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.job_steps ADD CONSTRAINT fk_job_steps_inherited_from FOREIGN KEY (inherited_from) REFERENCES public.jobs(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.job_steps ADD CONSTRAINT fk_job_steps_job_id FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.jobs ADD CONSTRAINT fk_jobs_batch_id FOREIGN KEY (batch_id) REFERENCES public.batches(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.jobs ADD CONSTRAINT fk_jobs_file_id FOREIGN KEY (file_id) REFERENCES public.files(id);
ALTER TABLE ONLY public.jobs ADD CONSTRAINT fk_jobs_pipeline_id FOREIGN KEY (pipeline_id) REFERENCES public.pipelines(id);
ALTER TABLE ONLY public.jobs ADD CONSTRAINT fk_jobs_retry_of_job_id FOREIGN KEY (retry_of_job_id) REFERENCES public.jobs(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.lead_data ADD CONSTRAINT fk_lead_data_number FOREIGN KEY (number) REFERENCES public.data_batch_types(number);
ALTER TABLE ONLY public.lead_data ADD CONSTRAINT fk_lead_data_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.play_batch_requirements ADD CONSTRAINT fk_play_batch_requirements_batch FOREIGN KEY (batch_number, batch_name) REFERENCES public.data_batch_types(number, name);
ALTER TABLE ONLY public.play_batch_requirements ADD CONSTRAINT fk_play_batch_requirements_play_id FOREIGN KEY (play_id) REFERENCES public.plays(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.play_changes ADD CONSTRAINT fk_play_changes_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.plays ADD CONSTRAINT fk_plays_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.plays ADD CONSTRAINT fk_plays_owner_id FOREIGN KEY (owner_id) REFERENCES public.users(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.reports ADD CONSTRAINT fk_reports_batch_id FOREIGN KEY (batch_id) REFERENCES public.batches(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.reports ADD CONSTRAINT fk_reports_job_id FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.reports ADD CONSTRAINT fk_reports_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.restaurants ADD CONSTRAINT fk_restaurants_menu_file_id FOREIGN KEY (menu_file_id) REFERENCES public.files(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.restaurants ADD CONSTRAINT fk_restaurants_option_sets_file_id FOREIGN KEY (option_sets_file_id) REFERENCES public.files(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.restaurants ADD CONSTRAINT fk_restaurants_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.result_links ADD CONSTRAINT fk_result_links_batch_id FOREIGN KEY (batch_id) REFERENCES public.batches(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.result_links ADD CONSTRAINT fk_result_links_created_by FOREIGN KEY (created_by) REFERENCES public.users(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.result_links ADD CONSTRAINT fk_result_links_job_id FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.result_links ADD CONSTRAINT fk_result_links_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.schedule_runs ADD CONSTRAINT fk_schedule_runs_batch_id FOREIGN KEY (batch_id) REFERENCES public.batches(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.schedule_runs ADD CONSTRAINT fk_schedule_runs_schedule_id FOREIGN KEY (schedule_id) REFERENCES public.schedules(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.schedules ADD CONSTRAINT fk_schedules_created_by FOREIGN KEY (created_by) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.schedules ADD CONSTRAINT fk_schedules_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.schedules ADD CONSTRAINT fk_schedules_template_id FOREIGN KEY (template_id) REFERENCES public.templates(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sessions ADD CONSTRAINT fk_sessions_user_id FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sheet_claims ADD CONSTRAINT fk_sheet_claims_job_id FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sheet_claims ADD CONSTRAINT fk_sheet_claims_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sheets ADD CONSTRAINT fk_sheets_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.templates ADD CONSTRAINT fk_templates_created_by FOREIGN KEY (created_by) REFERENCES public.users(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.templates ADD CONSTRAINT fk_templates_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.users ADD CONSTRAINT fk_users_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhook_deliveries ADD CONSTRAINT fk_webhook_deliveries_batch_id FOREIGN KEY (batch_id) REFERENCES public.batches(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhook_deliveries ADD CONSTRAINT fk_webhook_deliveries_endpoint_id FOREIGN KEY (endpoint_id) REFERENCES public.webhook_endpoints(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhook_endpoints ADD CONSTRAINT fk_webhook_endpoints_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhook_endpoints ADD CONSTRAINT fk_webhook_endpoints_pipeline_id FOREIGN KEY (pipeline_id) REFERENCES public.pipelines(id);
ALTER TABLE ONLY public.webhook_secrets ADD CONSTRAINT fk_webhook_secrets_endpoint_id FOREIGN KEY (endpoint_id) REFERENCES public.webhook_endpoints(id) ON DELETE CASCADE;
INSERT INTO alembic_version VALUES ('0013');
INSERT INTO data_batch_types (number, name, title) VALUES (1, 'linkedin_profile', 'LinkedIn Profile'), (2, 'company_enrichment', 'Company Enrichment'), (3, 'hubspot', 'HubSpot Data'), (4, 'linkedin_posts', 'LinkedIn Posts'), (5, 'linkedin_jobs', 'LinkedIn Jobs');
