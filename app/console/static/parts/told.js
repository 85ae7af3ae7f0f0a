// What only the service knows about waiting: asked when the batch changes its state, and now and then while jobs wait.
import { get } from '../api.js';
import { isOpen } from './states.js';

const EVERY = 5000;
// The rest the page works out itself, from events and so at once.
const ASKED_FOR = new Set(['no_worker', 'unknown_pipeline', 'workers_full', 'suspects']);

/** `now()` is { message, by } as far as it holds for the batch as it is; `ask()` asks anew and calls `changed`. */
export function tellWaiting(path, batch, changed) {
  let told = {};
  let last = 0;

  async function ask() {
    last = Date.now();
    const answer = await get(`${path}/waiting`).catch(() => null);
    if (!answer) return;
    const reason = answer.reasons.find(({ code }) => ASKED_FOR.has(code));
    told = { status: answer.status, by: answer.paused_by, message: reason?.message };
    changed();
  }

  return {
    now: () => (told.status === batch.status ? told : {}),
    ask,
    beat() {
      const waits = isOpen(batch) && batch.status !== 'draft' && (batch.counters.pending || batch.status === 'paused');
      if (waits && Date.now() - last > EVERY) ask();
    },
  };
}
