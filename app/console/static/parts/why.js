// Why jobs wait, and how long the rest may take. Waiting always has a reason and, where known, a next thing.
import { nameOf } from '../model.js';
import { clock, many, now, percent } from '../words.js';
import { complete } from './states.js';

/** Seconds until the batch ends at the pace it had so far; null while that says nothing yet. */
export function secondsLeft(batch) {
  const ended = complete(batch.counters) + batch.counters.skipped;
  if (batch.status !== 'processing' || !batch.started_at || ended < 2) return null;
  const seconds = (now() - Date.parse(batch.started_at)) / 1000;
  return (seconds / ended) * (batch.counters.pending + batch.counters.running);
}

const waiting = (n) => `${many(n, 'job')} ${n === 1 ? 'waits' : 'wait'}`;

function whyPending(batch, jobs, slots) {
  const { pending, running } = batch.counters;
  if (!pending) return running ? 'Nothing waits: every job has started.' : 'All jobs have ended.';
  const limit = batch.execution_mode === 'sequential' ? 1 : batch.max_parallel;
  const isDelayed = (job) => job.status === 'pending' && job.run_at && Date.parse(job.run_at) > now();
  const next = jobs.find((job) => job.status === 'pending' && !isDelayed(job));
  const nextName = next ? ` Next: ${nameOf(next)}.` : '';
  const delayed = jobs.filter(isDelayed);
  if (!running && delayed.length >= pending) {
    const first = delayed.map((job) => job.run_at).sort()[0];
    return `${waiting(pending)} for the next try, due at ${clock(first)}.`;
  }
  if (limit === 1) return `${waiting(pending)}: this batch runs one at a time.${nextName}`;
  if (limit && running >= limit) return `${waiting(pending)}: all ${limit} of this batch’s slots are in use.`;
  if (slots && slots.used >= slots.total) {
    return `${waiting(pending)} for a slot: all ${slots.total} of this service are in use.`;
  }
  if (!running) return `${waiting(pending)}: nothing of this batch has a slot yet.${nextName}`;
  return `${waiting(pending)} for their turn.${nextName}`;
}

function outcome(batch) {
  const { total, completed, failed, cancelled, skipped } = batch.counters;
  if (batch.status === 'completed') return 'Every job succeeded.';
  const parts = [
    `${completed.toLocaleString('en')} successful (${percent(completed, total)}%)`,
    failed && `${failed.toLocaleString('en')} failed (${percent(failed, total)}%)`,
    cancelled && `${cancelled.toLocaleString('en')} cancelled`,
    skipped && `${skipped.toLocaleString('en')} skipped`,
  ];
  return `${parts.filter(Boolean).join(', ')}.`;
}

/** { message, tone }: the sentence under the progress bar; a tone when someone has to decide. */
export function why(batch, jobs, slots) {
  const { counters, status } = batch;
  const reason = batch.status_reason ? ` ${batch.status_reason}` : '';
  switch (status) {
    case 'draft':
      return { message: 'This batch is a draft: nothing runs until it is started.' };
    case 'paused': {
      const { failed, total } = counters;
      const threshold = `Paused because ${failed} of ${many(total, 'job')} failed, more than half.`;
      const cause = batch.pause_reason === 'failure_threshold' ? threshold : 'Paused.';
      return { message: `${cause}${reason} Nothing new runs until someone decides.`, tone: 'paused' };
    }
    case 'cancelling':
      return { message: `Being cancelled: ${many(counters.running, 'job')} will stop.${reason}`, tone: 'paused' };
    case 'pending':
    case 'processing':
      return { message: whyPending(batch, jobs, slots) };
    default:
      return { message: `${outcome(batch)}${reason}` };
  }
}
