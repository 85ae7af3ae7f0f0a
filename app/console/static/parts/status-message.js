// Why jobs wait, and how long the rest may take. Waiting always has a reason and, where known, what comes next.

import { now, percent, plural, timeOfDay } from '../format.js';
import { jobName } from '../model.js';
import { completeCount } from './states.js';

/** @import { Amount, Batch, Job } from '../../api.d.ts' */

/** @typedef {{ message?: string, by?: string | null }} Reported why jobs wait, and who paused the batch */

/**
 * Seconds until the batch ends at the pace it had so far; null while that says nothing yet.
 * @param {Batch} batch
 */
export function secondsLeft(batch) {
  const ended = completeCount(batch.counters) + batch.counters.skipped;
  if (batch.status !== 'processing' || !batch.started_at || ended < 2) return null;
  const seconds = (now() - Date.parse(batch.started_at)) / 1000;
  return (seconds / ended) * (batch.counters.pending + batch.counters.running);
}

/** @param {number} n */
const waitingJobs = (n) => plural(n, 'job is waiting', 'jobs are waiting');

/** @param {number | null} n */
const firstJobs = (n) => (n === 1 ? 'the first job' : `the first ${n ? plural(n, 'job') : 'jobs'}`);

/** @param {Batch} batch @param {Job[]} jobs @param {Amount | undefined} slots @param {string} [reported] */
function pendingMessage(batch, jobs, slots, reported) {
  const { pending, running, total } = batch.counters;
  // Known only to the service: no worker, a pipeline that no worker has, slots of other machines, readers that are busy.
  if (reported && (pending || running)) return reported;
  if (!pending) return running ? 'Every job has started.' : 'All jobs have ended.';
  if (batch.first_n && pending <= total - batch.first_n) {
    return `${waitingJobs(pending)}: this is a trial run of ${firstJobs(batch.first_n)}.`;
  }
  const limit = batch.execution_mode === 'sequential' ? 1 : batch.max_parallel;
  /** @param {Job} job */
  const isDelayed = (job) => job.status === 'pending' && Date.parse(job.run_at ?? '') > now();
  const next = jobs.find((job) => job.status === 'pending' && !isDelayed(job));
  const nextName = next ? ` Next: ${jobName(next)}.` : '';
  const delayed = jobs.filter(isDelayed);
  if (!running && delayed.length >= pending) {
    const first = delayed.map((job) => job.run_at ?? '').sort()[0];
    return `${waitingJobs(pending)} to be retried, the first at ${timeOfDay(first)}.`;
  }
  if (limit === 1) return `${waitingJobs(pending)}: this batch runs one job at a time.${nextName}`;
  if (limit && running >= limit) return `${waitingJobs(pending)}: all ${limit} slots of this batch are in use.`;
  if (slots && slots.used >= slots.total) {
    const inUse =
      slots.total === 1 ? 'the only slot of this service is' : `all ${slots.total} slots of this service are`;
    return `${waitingJobs(pending)} for a slot: ${inUse} in use.`;
  }
  if (!running) return `${waitingJobs(pending)} for a slot.${nextName}`;
  return `${waitingJobs(pending)} for ${pending === 1 ? 'its' : 'their'} turn.${nextName}`;
}

/** @param {Batch} batch */
function outcomeMessage(batch) {
  const { total, completed, failed, cancelled, skipped } = batch.counters;
  if (batch.status === 'completed') return 'Every job succeeded.';
  const parts = [
    `${completed.toLocaleString('en')} succeeded (${percent(completed, total)}%)`,
    failed && `${failed.toLocaleString('en')} failed (${percent(failed, total)}%)`,
    cancelled && `${cancelled.toLocaleString('en')} cancelled`,
    skipped && `${skipped.toLocaleString('en')} skipped`,
  ];
  return `${parts.filter(Boolean).join(', ')}.`;
}

/** @param {Batch} batch @param {Reported} reported */
function pausedMessage({ counters, first_n: trial, pause_reason: reason }, { by, message }) {
  const decide = 'Resume it or cancel it.';
  const finishing = counters.running
    ? ` ${plural(counters.running, 'job')} ${counters.running === 1 ? 'is finishing its' : 'are finishing their'} current step.`
    : '';
  if (reason === 'failure_threshold') {
    const share = `${counters.failed.toLocaleString('en')} of ${plural(counters.total, 'job')} failed`;
    return `Paused by the failure policy: ${share}. ${decide}${finishing}`;
  }
  if (reason === 'first_n') {
    return `Paused after the trial run of ${firstJobs(trial)}. ${decide}${finishing}`;
  }
  if (reason === 'PIPELINE_CHANGED') {
    return message ?? 'Paused: a step that its jobs need is gone from the code of its pipeline.';
  }
  return `Paused${by ? ` by ${by}` : ''}. No more jobs start until it is resumed.${finishing}`;
}

/** @param {Batch} batch */
function givenUpMessage({ status_reason: reason }) {
  if (!reason) return '';
  if (reason === 'failure_threshold') return ' Stopped by the failure policy: too many jobs failed.';
  return /^[A-Z0-9_]+$/.test(reason) ? ` Stopped: ${reason}.` : ` ${reason}`;
}

/**
 * { message, tone }: the sentence under the progress bar; a tone when someone has to decide.
 * `reported` is what only the service knows.
 * @param {Batch} batch
 * @param {Job[]} jobs
 * @param {Amount | undefined} slots
 * @param {Reported} [reported]
 * @returns {{ message: string, tone?: string }}
 */
export function statusMessage(batch, jobs, slots, reported = {}) {
  const { counters, status } = batch;
  const reason = givenUpMessage(batch);
  switch (status) {
    case 'draft':
      return { message: 'This batch is a draft: nothing runs until it is started.' };
    case 'paused':
      return { message: pausedMessage(batch, reported), tone: 'paused' };
    case 'cancelling': {
      const rest = counters.running
        ? `${plural(counters.running, 'job')} will stop within 30 seconds.`
        : 'no job is running any more.';
      return { message: `Cancelling: ${rest}${reason}`, tone: 'paused' };
    }
    case 'pending':
    case 'processing':
      return { message: pendingMessage(batch, jobs, slots, reported.message) };
    default:
      return { message: `${outcomeMessage(batch)}${reason}` };
  }
}
