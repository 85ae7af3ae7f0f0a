// The words of a job row: every state has a second line, so that rows never change their height.

import { elapsed, now, timeOfDay } from '../format.js';
import { summaryOf } from '../results/index.js';

export function jobTime(job) {
  if (!job.started_at || job.status === 'pending') return '';
  return elapsed(job.started_at, job.status === 'running' ? null : job.completed_at);
}

function failureOf(job) {
  const step = job.steps.findLast(({ status }) => status === 'failed');
  const code = job.error_code ?? step?.error_code ?? 'FAILED';
  const message = job.error_message ?? step?.error_message;
  return { step: step?.name ?? '', message: message ? `${code}: ${message}` : code };
}

function waitReason(job, batch) {
  if (job.run_at && Date.parse(job.run_at) > now()) {
    const why = job.error_code ? `${job.error_code}, ` : '';
    return `${why}next try at ${timeOfDay(job.run_at)}`;
  }
  if (batch.status === 'draft') return 'waits until the batch is started';
  if (batch.status === 'paused') return 'waits until the batch resumes';
  if (batch.status === 'cancelling') return 'will not run';
  if (batch.first_n && job.sequence > batch.first_n) return 'waits until the trial run has ended';
  return 'waits for its turn';
}

/** { step, message }: where the job is or was, and what it says there. */
export function jobLine(job, batch) {
  switch (job.status) {
    case 'failed':
      return failureOf(job);
    case 'running':
      return { step: job.stage, message: job.progress_message ?? '' };
    case 'pending':
      return { step: '', message: waitReason(job, batch) };
    case 'cancelled':
      return { step: '', message: job.started_at ? 'stopped half-way' : 'cancelled before it began' };
    case 'skipped':
      return { step: '', message: job.error_message ?? 'skipped' };
    default: {
      const result = summaryOf(job.pipeline ?? batch.pipeline.key, job.result) ?? job.progress_message;
      if (job.cached) return { step: '', message: [result, 'known from before'].filter(Boolean).join(', ') };
      return { step: '', message: result ?? 'done' };
    }
  }
}

/** Which try of its step this is, as the person counts them: the first one and its retries. */
export function attemptOf(job) {
  const attempt = job.retry_count + 1;
  if (attempt === 1 && job.status !== 'running') return '';
  return job.max_retries === undefined ? String(attempt) : `${attempt} of ${job.max_retries + 1}`;
}
