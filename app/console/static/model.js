// What the page knows about one batch, and how each event changes it. No drawing here.

/** @import { Batch, BatchEvent, Job, Step } from '../api.d.ts' */

/** @type {Record<string, string>} */
const JOB_STATUS = {
  'job.started': 'running',
  'job.retrying': 'pending',
  'job.requeued': 'pending',
  'job.retried': 'pending',
  'job.completed': 'completed',
  'job.failed': 'failed',
  'job.cancelled': 'cancelled',
  'job.skipped': 'skipped',
};

export class BatchModel {
  /** @param {Batch} batch */
  constructor(batch) {
    this.batch = batch;
    /** @type {Map<string, Job>} by id, in order of sequence */
    this.jobs = new Map();
    /** @type {Map<number, string>} sequence -> job id, also of jobs that are not loaded */
    this.jobIds = new Map();
  }

  /**
   * Takes jobs from the API; returns the new ones. Known ones are changed in place, so that their rows keep pointing at
   * them.
   * @param {Job[]} list
   */
  addJobs(list) {
    const fresh = [];
    for (const job of list) {
      const known = this.jobs.get(job.id);
      if (known) Object.assign(known, job);
      else {
        this.jobs.set(job.id, job);
        this.jobIds.set(job.sequence, job.id);
        fresh.push(job);
      }
    }
    return fresh;
  }

  /**
   * Applies one event; returns the job it changed, or undefined.
   * @param {BatchEvent} event
   */
  apply(event) {
    const { batch } = this;
    batch.last_event_id = event.id;
    if (event.counters) batch.counters = event.counters;
    if (event.job_id === null || event.job_id === undefined) {
      applyToBatch(batch, event);
      return undefined;
    }
    if (event.sequence) this.jobIds.set(event.sequence, event.job_id);
    const job = this.jobs.get(event.job_id);
    if (job) applyToJob(job, event);
    return job;
  }
}

/** @param {Batch} batch @param {BatchEvent} event */
function applyToBatch(batch, event) {
  if (event.status) batch.status = event.status;
  switch (event.type) {
    case 'batch.queued':
      batch.queued_at = event.at;
      break;
    case 'batch.started':
      batch.started_at ??= event.at;
      break;
    case 'batch.paused':
      Object.assign(batch, { pause_reason: event.reason ?? 'user', paused_at: event.at });
      break;
    case 'batch.resumed':
      Object.assign(batch, { pause_reason: null, paused_at: null, first_n: null });
      break;
    case 'batch.cancelling':
      Object.assign(batch, { pause_reason: null, cancelled_at: event.at });
      batch.status_reason = event.reason ?? batch.status_reason;
      break;
    case 'jobs.added':
      batch.sealed = event.sealed ?? null;
      break;
    default: // 'batch.alerted' comes with what it led to
  }
  if (['completed', 'partial', 'failed', 'cancelled'].includes(batch.status)) batch.completed_at ??= event.at;
}

/** @param {Job} job @param {BatchEvent} event */
function applyToJob(job, event) {
  job.status = JOB_STATUS[event.type] ?? event.status ?? job.status;
  job.stage = event.stage ?? job.stage;
  job.attempt = event.attempt ?? job.attempt;
  job.progress = event.progress ?? null;
  job.progress_message = event.message ?? (event.type === 'job.progressed' ? job.progress_message : null);
  if (event.cached !== undefined && event.cached !== null) job.cached = event.cached;

  const step = job.steps.find(({ name }) => name === event.step);
  switch (event.type) {
    case 'job.started':
      job.started_at ??= event.at;
      job.run_at = null;
      job.error_code = job.error_message = null;
      reopenSteps(job, event.stage);
      break;
    case 'step.completed':
    case 'step.skipped':
      endStep(step, event.type.slice(5), event.at);
      break;
    case 'step.failed':
      endStep(step, 'failed', event.at);
      if (step) step.error_code = event.error_code ?? null;
      break;
    case 'job.retrying':
      job.run_at = event.retry_at ?? null;
      job.retry_count += 1;
      job.error_code = event.error_code ?? null;
      if (step) step.status = 'pending';
      break;
    case 'job.retried':
      Object.assign(job, { completed_at: null, run_at: null, error_code: null, error_message: null });
      job.retry_count += 1;
      for (const one of job.steps) if (one.status !== 'completed') one.status = 'pending';
      break;
    case 'job.failed':
      job.run_at = null;
      job.error_code = event.error_code ?? null;
      job.error_message = event.message ?? null;
      break;
    default:
  }

  if (job.status === 'running') beginStep(job, event.at);
  else settleSteps(job, event.at);
}

/** @param {Step | undefined} step @param {string} status @param {string} at */
function endStep(step, status, at) {
  if (!step) return;
  step.status = status;
  step.started_at ??= at;
  step.completed_at = at;
}

/**
 * A job that somebody had tried again from a step runs that one and those behind it, also where they were completed.
 * @param {Job} job
 * @param {string | null | undefined} from
 */
function reopenSteps(job, from) {
  const first = job.steps.findIndex(({ name }) => name === from);
  if (first < 0) return;
  for (const step of job.steps.slice(first)) if (step.status !== 'running') step.status = 'pending';
}

/** @param {Job} job @param {string} at */
function beginStep(job, at) {
  const step = job.steps.find(({ name }) => name === job.stage);
  if (!step || step.status === 'running') return;
  step.status = 'running';
  step.attempts += 1;
  step.started_at = at;
  step.completed_at = null;
}

/** @param {Job} job @param {string} at */
function settleSteps(job, at) {
  if (job.status === 'pending') {
    for (const step of job.steps) if (step.status === 'running') step.status = 'pending';
    return;
  }
  job.completed_at ??= at;
  if (job.status === 'completed') job.stage = 'done';
  for (const step of job.steps) {
    if (step.status === 'running') endStep(step, job.status, at);
    else if (step.status === 'pending' && job.status !== 'completed') {
      step.status = job.status === 'cancelled' ? 'cancelled' : 'skipped';
    }
  }
}

/**
 * The segment of one job, filled as far as the job is.
 * @param {Job} job
 * @param {string} state
 * @returns {{ state: string, done: number }}
 */
export function segmentOf(job, state) {
  const ended = job.steps.filter(({ status }) => status !== 'pending' && status !== 'running').length;
  const running = job.steps.some(({ status }) => status === 'running') ? (job.progress ?? 0.5) : 0;
  return { state, done: job.steps.length ? (ended + running) / job.steps.length : 0 };
}

/** @param {Pick<Job, 'sequence' | 'filename'> & Partial<Job>} job */
export function jobName(job) {
  const fromRecord = job.record && (job.record.name ?? job.record.title);
  const name = job.filename || fromRecord || job.source_url || `Record ${job.sequence}`;
  return String(name);
}
