// Why jobs wait, as far as only the service knows: loaded when the batch changes its state, and every few seconds while jobs wait.
import { getOrNull } from '../api.js';
import { isOpen } from './states.js';

/** @import { Batch, Waiting } from '../../api.d.ts' */
/** @import { Reported } from './status-message.js' */

const EVERY = 5000;
// The rest the page works out itself, from events and so at once.
const SERVER_ONLY = new Set([
  'no_worker',
  'unknown_pipeline',
  'pipeline_changed',
  'workers_full',
  'suspects',
  'readers_busy',
  'waits_for_others',
  'waits_for_database',
  'waits_for_storage',
]);

/**
 * `current()` is { message, by } while the batch has the status it was reported for; `refresh()` loads it and calls `changed`.
 * @param {string} path
 * @param {Batch} batch
 * @param {() => void} changed
 */
export function watchWaiting(path, batch, changed) {
  /** @type {Reported & { status?: string }} */
  let reported = {};
  let last = 0;

  async function refresh() {
    last = Date.now();
    /** @type {Waiting | null} */
    const answer = await getOrNull(`${path}/waiting`);
    if (!answer) return;
    const reason = answer.reasons.find(({ code }) => SERVER_ONLY.has(code));
    reported = { status: answer.status, by: answer.paused_by, message: reason?.message };
    changed();
  }

  return {
    current: () => (reported.status === batch.status ? reported : {}),
    refresh,
    tick() {
      const { pending, running } = batch.counters;
      const waits = isOpen(batch) && batch.status !== 'draft' && (pending || running || batch.status === 'paused');
      if (waits && Date.now() - last > EVERY) refresh();
    },
  };
}
