// The text of a job row: every state has a second line, so that rows never change their height.

import { elapsed, now, timeOfDay } from '../format.js';
import { summaryOf } from '../results/index.js';

/** @import { Batch, Job } from '../../api.d.ts' */

/** @param {Job} job */
export function jobTime(job) {
  if (!job.started_at || job.status === 'pending') return '';
  return elapsed(job.started_at, job.status === 'running' ? null : job.completed_at);
}

/** @param {Job} job */
function failureOf(job) {
  const step = job.steps.findLast(({ status }) => status === 'failed');
  const code = job.error_code ?? step?.error_code ?? 'FAILED';
  const message = job.error_message ?? step?.error_message;
  return { step: step?.name ?? '', message: message ? `${code}: ${message}` : code };
}

/** @param {Job} job @param {Batch} batch */
function waitReason(job, batch) {
  if (job.run_at && Date.parse(job.run_at) > now()) {
    const why = job.error_code ? `${job.error_code}, ` : '';
    return `${why}next attempt at ${timeOfDay(job.run_at)}`;
  }
  if (batch.status === 'draft') return 'waiting for the batch to start';
  if (batch.status === 'paused') return 'waiting for the batch to resume';
  if (batch.status === 'cancelling') return 'will not run';
  if (batch.first_n && job.sequence > batch.first_n) return 'waiting for the trial run to end';
  return 'waiting for its turn';
}

/**
 * { step, message }: where the job is or was, and what it says there.
 * @param {Job} job
 * @param {Batch} batch
 * @returns {{ step: string, message: string }}
 */
export function jobLine(job, batch) {
  switch (job.status) {
    case 'failed':
      return failureOf(job);
    case 'running':
      return { step: job.stage, message: job.progress_message ?? '' };
    case 'pending':
      return { step: '', message: waitReason(job, batch) };
    case 'cancelled':
      return { step: '', message: job.started_at ? 'stopped partway' : 'cancelled before it started' };
    case 'skipped':
      return { step: '', message: job.error_message ?? 'skipped' };
    default: {
      const result = summaryOf(job.pipeline, job.result) ?? job.progress_message;
      if (job.cached) return { step: '', message: [result, 'from cache'].filter(Boolean).join(', ') };
      return { step: '', message: result ?? 'done' };
    }
  }
}

/**
 * How often the job was tried, for one that runs or was retried: 1, and one more with each retry of any of its steps.
 * @param {Job} job
 */
export function attemptOf(job) {
  const attempt = job.retry_count + 1;
  if (attempt === 1 && job.status !== 'running') return '';
  return String(attempt);
}
