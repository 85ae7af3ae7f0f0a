// What the API answers, as far as the console reads it. The service's own description is /openapi.json.

export interface Counters {
  total: number;
  pending: number;
  running: number;
  completed: number;
  failed: number;
  cancelled: number;
  skipped: number;
  cached: number;
}

export interface Batch {
  id: string;
  name: string;
  description: string | null;
  status: string;
  status_reason: string | null;
  pause_reason: string | null;
  failure_policy: Record<string, unknown> | null;
  first_n: number | null;
  pipeline: PipelineOfBatch;
  pipelines: string[];
  customer_prefix: string | null;
  mixed_customers: boolean;
  base_directory_name: string;
  total_pipelines: number;
  execution_mode: string;
  max_parallel: number;
  total_files: number;
  total_size: number;
  counters: Counters;
  processing_time_ms: number | null;
  sealed: boolean | null;
  summary_data: Record<string, unknown> | null;
  settings: Record<string, unknown>;
  parent_batch_id: string | null;
  relation: string | null;
  notification_email: string | null;
  notification_sent_at: string | null;
  last_event_id: number;
  created_by: { id: string; name: string } | null;
  created_at: string;
  updated_at: string;
  queued_at: string | null;
  started_at: string | null;
  paused_at: string | null;
  cancelled_at: string | null;
  completed_at: string | null;
  archived_at: string | null;
  expires_at: string | null;
}

export interface Job {
  id: string;
  batch_id: string;
  pipeline: string;
  sequence: number;
  source_type: string;
  source_url: string | null;
  file_id: string | null;
  filename: string | null;
  file_size: number | null;
  media_type: string | null;
  checksum: string | null;
  record: Record<string, unknown> | null;
  status: string;
  stage: string;
  progress: number | null;
  progress_message: string | null;
  attempt: number;
  retry_count: number;
  error_code: string | null;
  error_message: string | null;
  cached: boolean;
  result: unknown;
  result_code: string | null;
  retry_of_job_id: string | null;
  run_at: string | null;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
  steps: Step[];
}

export interface Step {
  position: number;
  name: string;
  status: string;
  attempts: number;
  error_code: string | null;
  error_message: string | null;
  started_at: string | null;
  completed_at: string | null;
}

export interface JobAttempt {
  step: string | null;
  outcome: 'retried' | 'lost' | 'failed';
  at: string;
  error_code: string | null;
  message: string | null;
  retry_at: string | null;
}

export interface FailureGroup {
  step: string | null;
  error_code: string;
  message: string;
  count: number;
  first_failed_at: string;
  last_failed_at: string;
  sample: FailureSample;
  job_ids: string[];
}

export interface FailureSample {
  job_id: string;
  sequence: number;
  filename: string | null;
  error_message: string | null;
}

export interface WaitingReason {
  code: string;
  message: string;
}

export interface Waiting {
  status: string;
  waiting: boolean;
  reasons: WaitingReason[];
  paused_since: string | null;
  paused_by: string | null;
  pause_reason: string | null;
  slots: Slots;
  pending_jobs: number;
  delayed_jobs: number;
  next_retry_at: string | null;
  next_jobs: NextJob[];
  workers: Worker[];
  worker_last_seen_at: string | null;
}

export interface Mail {
  recipient: string;
  status: 'pending' | 'sent' | 'failed' | 'skipped';
  attempts: number;
  next_attempt_at: string | null;
  error: string | null;
  completed_at: string | null;
}

export interface BatchNotifications {
  mail: Mail | null;
  deliveries: Delivery[];
}

export interface Delivery {
  id: string;
  webhook_id: string;
  message_id: string;
  event_type: string;
  batch_id: string | null;
  event_id: number | null;
  status: 'pending' | 'delivered' | 'failed';
  attempts: number;
  next_attempt_at: string | null;
  error: string | null;
  created_at: string;
  completed_at: string | null;
  tries: DeliveryAttempt[];
}

export interface DeliveryAttempt {
  at: string;
  status: number | null;
  error: string | null;
  milliseconds: number;
}

export interface Slots {
  used: number;
  limit: number;
}

export interface NextJob {
  sequence: number;
  filename: string | null;
}

export interface Pipeline {
  id: number;
  key: string;
  version: number;
  title: string;
  description: string;
  mode: 'parallel' | 'sequential';
  max_parallel: number;
  accepts: ItemKind[];
  steps: PipelineStep[];
  params_schema: JsonSchema;
  /** The path of an ES module that shows the results of this pipeline. */
  result_view: string | null;
}

export interface PipelineOfBatch {
  id: number;
  key: string;
  title: string;
  /** Of the pipeline and its steps as the batch began. */
  version: number;
  steps: string[];
}

export interface PipelineStep {
  position: number;
  name: string;
}

export interface ItemSource {
  key: string;
  title: string;
  filter_schema: JsonSchema;
}

export interface Template {
  id: string;
  name: string;
  description: string | null;
  options: TemplateOptions;
  source: TemplateSource;
  items_count: number | null;
  created_at: string;
  updated_at: string;
}

export interface Schedule {
  id: string;
  name: string;
  template_id: string;
  template_name: string;
  cron: string;
  words: string;
  notes: string[];
  time_zone: string;
  overlap: string;
  paused_run: string;
  max_waiting: number;
  catch_up: string;
  ends_at: string | null;
  jitter_seconds: number;
  params: Record<string, unknown>;
  limit: number | null;
  paused_at: string | null;
  last_error: string | null;
  last_error_at: string | null;
  failures: number;
  next_runs: string[];
  due_at: string | null;
  last_run: Run | null;
  created_at: string;
  updated_at: string;
}

export interface SchedulePreview {
  cron: string;
  words: string;
  notes: string[];
  time_zone: string;
  next_runs: string[];
}

export interface Run {
  fire_at: string;
  status: string;
  reason: string | null;
  batch_id: string | null;
  created_at: string;
}

export interface Webhook {
  id: string;
  url: string;
  description: string | null;
  events: string[];
  pipeline: string | null;
  format: 'standard' | 'slack' | 'crm';
  template: Record<string, unknown> | null;
  enabled: boolean;
  disabled_reason: string | null;
  failing_since: string | null;
  secret_rotated_at: string;
  old_secret_expires_at: string | null;
  created_at: string;
  updated_at: string;
}

export interface SecretRotated {
  secret: string;
  old_secret_expires_at: string;
}

export interface Key {
  id: string;
  name: string;
  hint: string;
  user_id: string;
  user_name: string;
  parent_id: string | null;
  scopes: Scope[] | null;
  pipelines: string[] | null;
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
}

export type Scope = 'read' | 'submit' | 'manage' | 'admin';

export type Permission = Scope | 'operate';

export interface SignedIn {
  id: string;
  user_id: string;
  user_name: string;
  device: string | null;
  client_address: string | null;
  key_id: string | null;
  key_name: string | null;
  current: boolean;
  created_at: string;
  last_used_at: string;
  expires_at: string;
  idle_ends_at: string;
}

export interface Worker {
  id: string;
  host: string;
  pid: number;
  running: number;
  slots: number;
  started_at: string;
  seen_at: string;
  boot_id: string | null;
  namespaces: string | null;
}

export interface Restaurant {
  id: string;
  name: string;
  type: string | null;
  stage: string | null;
  icp_score: number | null;
  city: string | null;
  contact: Record<string, string>;
  attributes: Record<string, unknown>;
  status: 'ready' | 'registering' | 'live' | 'failed';
  menu_file_id: string | null;
  menu: Record<string, number> | null;
  option_sets_file_id: string | null;
  option_sets: Record<string, number> | null;
  account: Record<string, unknown> | null;
  live_at: string | null;
  last_batch_id: string | null;
  last_batch_name: string | null;
  last_job_id: string | null;
  created_at: string;
  updated_at: string;
}

export interface Finding {
  line: number | null;
  column: string | null;
  code: string;
  message: string;
  value: string | null;
}

export interface Play {
  id: number;
  name: string;
  description: string | null;
  variables: Record<string, unknown>;
  play_steps: PlayStep[];
  output_type: string;
  required_batches: number[];
  owner_id: string | null;
  created_at: string;
  updated_at: string;
}

export interface Change {
  id: string;
  play_id: number;
  actor: string;
  before: number[];
  after: number[];
  created_at: string;
}

export interface DataBatchType {
  number: number;
  name: string;
  title: string;
  fresh_for_seconds: number;
}

export interface Readiness {
  play_id: number;
  lead: string;
  ready: boolean;
  required: Requirement[];
}

export interface Requirement {
  number: number;
  name: string;
  present: boolean;
  fresh: boolean;
  fetched_at: string | null;
  fresh_until: string | null;
}

export interface Extraction {
  id: string;
  job_id: string;
  batch_id: string;
  batch_name: string;
  filename: string | null;
  swimmer_name: string;
  source: string;
  confidence: string | null;
  cached: boolean;
  meet: string | null;
  dates: string | null;
  course: string | null;
  swims: Swim[];
  created_at: string;
}

/** How sure a reading of a sheet is, and what was not read. */
export interface Reading {
  confidence: 'high' | 'check' | 'low';
  rows: number;
  unread: number;
  pages_high: number;
  pages_to_check: { page: number; rows: number; unread: number; confidence: string }[];
  warnings: { code: string; page: number | null; count: number; message: string }[];
  unread_lines: { page: number; text: string }[];
}

/** A swim with the sheet of the batch that it stands on. */
export interface SwimOfBatch extends Swim {
  extraction_id: string;
  swim: number;
  job_id: string;
  sequence: number;
  filename: string | null;
  meet: string | null;
  dates: string | null;
  date: string | null;
  course: string | null;
  event_key: string | null;
  confidence: string | null;
  is_best: boolean;
  page: number;
}

export interface ProgressionPoint {
  date: string | null;
  sequence: number;
  job_id: string;
  page: number;
  meet: string | null;
  round: string;
  time: string;
  seconds: number;
}

export interface EventSwims {
  event_key: string;
  distance: number;
  stroke: string;
  course: string;
  best: ProgressionPoint;
  is_dated: boolean;
  progression: ProgressionPoint[];
}

export interface SwimTable {
  swims: SwimOfBatch[];
  events: EventSwims[];
  total: number;
  complete: boolean;
  repeated_sheets: number;
}

export interface ResultCode {
  id: string;
  batch_id: string;
  job_id: string | null;
  code: string | null;
  links: { page: string; json: string; csv: string } | null;
  created_at: string;
  expires_at: string | null;
}

export type Confidence = 'high' | 'check' | 'low';

/** What was guessed, left out or found odd in a table, one for each code. */
export interface TableNote {
  code: string;
  confidence: Confidence;
  message: string;
  count: number;
  columns?: number | null;
  in_columns?: string[] | null;
  lines?: number[] | null;
  examples?: string[] | null;
  parameter?: string | null;
  choices?: string[] | null;
}

/** A file of a batch of tables; `id` is that of its job. */
export interface TableFile {
  id: string;
  batch_id: string;
  report_id: string | null;
  file_name: string | null;
  file_size: number | null;
  status: string;
  processing_order: number;
  error_code: string | null;
  error_message: string | null;
  confidence: Confidence | null;
  notes: TableNote[] | null;
}

export interface ReportItem {
  id: string;
  batch_id: string | null;
  batch_name: string | null;
  job_id: string | null;
  file_name: string;
  file_size: number;
  file_type: string;
  sha256: string | null;
  row_count: number;
  column_count: number;
  processing_time_ms: number;
  created_at: string;
  expires_at: string | null;
  confidence: Confidence | null;
  notes: TableNote[] | null;
}

/** A column as a report describes it; which members it has depends on its type. */
export interface ReportColumn {
  name: string;
  type: string;
  format?: string | null;
  null_share: number;
  distinct: number;
  distinct_is_estimate?: boolean;
  min?: unknown;
  max?: unknown;
  mean?: unknown;
  notes?: TableNote[];
}

export interface Report extends ReportItem {
  earlier_report_id: string | null;
  data: {
    encoding?: string | null;
    delimiter_name?: string | null;
    sheet?: string | null;
    columns: ReportColumn[];
    problems: Record<string, unknown>;
  };
}

export interface CountChange {
  before: number;
  after: number;
  difference: number;
  change: number | null;
}

export interface ColumnChange {
  name: string;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
  changed: string[];
  drift: string[];
  out_of_range: boolean;
}

export interface ReportComparison {
  found_by: 'with' | 'columns' | 'file_name';
  before: { id: string; file_name: string; created_at: string };
  after: { id: string; file_name: string; created_at: string };
  rows: CountChange;
  schema_drift: {
    added: { name: string; type: string }[];
    removed: { name: string; type: string }[];
    type_changed: { name: string; before: string; after: string }[];
    order_changed: boolean;
  };
  columns: ColumnChange[];
}

export interface Status {
  version: string;
  workers: number;
  slots: Amount;
  disk: Disk;
  wrong: Wrong[];
}

export interface Wrong {
  name: string;
  severity: 'not_ready' | 'degraded';
  sentence: string;
  since: string;
  detail: string | null;
}

export interface Amount {
  used: number;
  total: number;
}

export interface Disk {
  state: 'ok' | 'low' | 'full';
  free: number | null;
  total: number | null;
}

export interface QuotaUse {
  name: 'stored_bytes' | 'batches_per_day' | 'jobs_in_flight' | 'open_streams' | 'webhooks' | 'keys' | 'users';
  used: number | null;
  limit: number | null;
  state: 'ok' | 'near' | 'reached';
}

export interface Usage {
  quotas: QuotaUse[];
  warnings: string[];
}

export interface Session {
  user: User;
  organisation: Organisation;
  permissions: Permission[];
  pipelines: string[] | null;
  /** Where to go once signed out, to sign out of the OpenID provider as well. */
  sign_out_path: string | null;
  version: string;
}

export interface SignInMethods {
  openid: { label: string; path: string } | null;
}

export type Role = 'viewer' | 'member' | 'admin';

export interface User {
  id: string;
  name: string;
  email: string | null;
  role: Role;
  operator: boolean;
}

/** A user as administrators and operators see them. */
export interface UserDetail extends User {
  active: boolean;
  created_at: string;
  deactivated_at: string | null;
  last_used_at?: string | null;
}

export interface Invitation {
  id: string;
  name: string;
  email: string | null;
  role: Role;
  created_at: string;
  expires_at: string;
}

/** The answer that has the code and the link of an invitation, this once. */
export interface InvitationCreated extends Invitation {
  code: string;
  link: string;
  mailed_to: string | null;
}

export interface OrganisationFigures {
  id: string;
  name: string;
  created_at: string;
  disabled_at: string | null;
  figures: Record<'users' | 'administrators' | 'batches' | 'open' | 'files' | 'bytes', number>;
}

export interface Limits extends Usage {
  organisation_id: string;
  organisation: string;
  weight: number;
  own: Record<string, number | null>;
}

export interface Allowance {
  allow: string[];
  installation: string[];
  set_at: string | null;
}

/** An outside service, and whose account for it is used. */
export interface Connection {
  kind: string;
  title: string;
  source: 'own' | 'installation' | 'none';
  account: Record<string, unknown> | null;
  hint: string | null;
  set_by: string | null;
  set_at: string | null;
  account_schema: JsonSchema;
}

export interface Organisation {
  id: string;
  name: string;
  batch_life_days: number | null;
  time_zone: string;
  naming: Naming;
  members_manage_all: boolean;
}

export interface Naming {
  views: Record<string, string[]>;
  not_views: string[];
  customers: string[];
  not_customers: string[];
}

export interface DryRun {
  dry_run: true;
  jobs_count: number;
  items_count: number;
  items: ItemPreview[];
  options: Record<string, unknown>;
}

export interface ItemPreview {
  source_type: string;
  name: string | null;
  pipeline: string | null;
}

export interface BatchCreated {
  /** A sentence for each limit that the organisation came near with it. */
  warnings?: string[];
  batch_id: string;
  jobs_count: number;
  customer_prefix: string | null;
  base_directory_name: string;
  status: string;
}

export interface BatchWithJobs extends Batch {
  jobs: Job[];
  jobs_next_cursor: string | null;
}

export interface BatchCounts {
  by_status: Record<string, number>;
  archived: number;
}

export interface StepDetail extends Step {
  output: unknown;
}

export interface Output {
  name: string;
  size: number;
  media_type: string;
  url: string;
}

export interface JobDetail extends Job {
  batch: Batch;
  steps: StepDetail[];
  tries: JobAttempt[];
  outputs: Output[];
}

/** An event of a batch. Which members beside the first it has depends on its type. */
export interface BatchEvent {
  id: number;
  type: string;
  at: string;
  job_id?: string | null;
  step?: string | null;
  sequence?: number | null;
  stage?: string | null;
  status?: string | null;
  message?: string | null;
  progress?: number | null;
  error_code?: string | null;
  attempt?: number | null;
  actor?: string | null;
  counters?: Counters;
  reason?: string | null;
  retry_at?: string | null;
  cached?: boolean | null;
  action?: string;
  matched?: number;
  done?: number;
  added?: number;
  sealed?: boolean | null;
}

/** One page of a list: what it is called in the answer, and where the next page begins. */
export type Page<Name extends string, Item> = Record<Name, Item[]> & { next_cursor: string | null };

/** A complaint about one member of a request, as in `errors` of a problem document. */
export interface FieldError {
  loc: (string | number)[];
  msg: string;
}

/** A problem document (RFC 9457). */
export interface Problem {
  title?: string;
  detail?: string;
  code?: string;
  errors?: FieldError[];
  wrong?: Wrong[];
}

/** What an import found; as a problem document when nothing was kept. */
export interface ImportReport {
  created?: number;
  good_rows?: number;
  items?: number;
  filename?: string;
  errors?: Finding[];
  error_count?: number;
  repairs?: Finding[];
  repair_count?: number;
}

export type ItemKind = 'file' | 'url' | 'record';

/** A JSON schema (draft 2020-12) as far as a form is made from it. */
export interface JsonSchema {
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  anyOf?: JsonSchema[];
  allOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  type?: string;
  format?: string;
  title?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  examples?: unknown[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
}

export interface FailurePolicy {
  action: string;
  threshold?: number | null;
}

export interface TemplateOptions {
  pipeline?: string | null;
  pipelines?: string[] | null;
  params?: Record<string, unknown>;
  name?: string | null;
  execution_mode?: string | null;
  max_parallel?: number | null;
  first_n?: number | null;
  customer_prefix?: string | null;
  notification_email?: string | null;
  failure_policy?: FailurePolicy | null;
}

export interface TemplateSource {
  type: string;
  items?: unknown[];
  tag?: string;
  source?: string;
  filter?: Record<string, unknown>;
}

export type PlayStep = string | { title?: string; name?: string };

export interface Swim {
  name?: string;
  event?: string;
  event_number?: string | number;
  leg?: string | number;
  note?: string;
  section?: string;
  round?: string;
  place?: string | number;
  time?: string;
  status?: string;
  exhibition?: boolean;
  page?: number;
}

export interface WorkerState extends Worker {
  silent: boolean;
}

export interface AuditEntry {
  id: string;
  at: string;
  organisation_id: string | null;
  actor_kind: 'user' | 'command' | 'service' | 'anonymous';
  actor_id: string | null;
  actor_name: string | null;
  credential_id: string | null;
  client_address: string | null;
  user_agent: string | null;
  request_id: string | null;
  action: string;
  target_kind: string | null;
  target_id: string | null;
  target_name: string | null;
  outcome: 'success' | 'failure';
  details: Record<string, unknown>;
}

export interface Storage {
  files: number;
  size: number;
  contents: number;
  contents_size: number;
  disk_free: number;
  disk_total: number;
  local: boolean;
}
