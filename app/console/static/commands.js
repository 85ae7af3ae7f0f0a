// What can be asked of a batch, why it cannot be asked now, and the asking. The service has the last word.
import { post, remove } from './api.js';
import { ask, toast } from './parts/floats.js';
import { isOpen } from './parts/states.js';
import { go } from './router.js';
import { many } from './words.js';

const LIVE = ['pending', 'processing'];
const IMPORTED = 'Imported from an older system: its files are not here';
const isImported = ({ relation }) => relation === 'backfill';
const pathOf = (batch) => `/api/batches/${batch.id}`;

/** Why each command cannot be given now; '' when it can. */
export const whyNot = {
  hold({ status, counters }) {
    if (status === 'draft') return counters.total ? '' : 'The batch has no jobs';
    if (status === 'paused' || LIVE.includes(status)) return '';
    return status === 'cancelling' ? 'The batch is being cancelled' : 'The batch has ended';
  },
  cancel({ status }) {
    if (status === 'paused' || LIVE.includes(status)) return '';
    if (status === 'draft') return 'A draft has not started; it can be deleted';
    return status === 'cancelling' ? 'The batch is being cancelled' : 'The batch has ended';
  },
  retry(batch) {
    if (isImported(batch)) return IMPORTED;
    if (!batch.counters.failed) return 'No job has failed';
    return isOpen(batch) && batch.status !== 'paused' ? 'Possible once the batch has ended or is paused' : '';
  },
  restart(batch) {
    if (isImported(batch)) return IMPORTED;
    return isOpen(batch) ? 'Possible once the batch has ended' : '';
  },
  archive: (batch) => (isOpen(batch) ? 'Possible once the batch has ended' : ''),
  remove: (batch) => (isOpen(batch) && batch.status !== 'draft' ? 'Possible once the batch has ended' : ''),
  export: ({ counters }) => (counters.total ? '' : 'The batch has no jobs'),
};

/** Runs `act`; a refusal becomes a sentence, and undefined. */
async function attempt(act) {
  try {
    return await act();
  } catch (error) {
    toast(error.message);
    return undefined;
  }
}

const give = (batch, command) => attempt(() => post(`${pathOf(batch)}/${command}`));

/** Pause, resume or start: whichever the one button stands for. */
export const holdWord = ({ status }) => ({ paused: 'Resume', draft: 'Start' })[status] ?? 'Pause';
export const hold = (batch) => give(batch, holdWord(batch).toLowerCase());

export async function cancel(batch) {
  const { pending, running, completed } = batch.counters;
  const lost = [
    pending && `${many(pending, 'waiting job')} will not run.`,
    running && `${many(running, 'running job')} will be stopped within 30 s.`,
    completed ? `${many(completed, 'finished result')} ${completed === 1 ? 'stays' : 'stay'}.` : 'There are no results yet.',
  ];
  if (await ask(`Cancel “${batch.name}”?`, lost.filter(Boolean).join(' '), 'Cancel batch')) await give(batch, 'cancel');
}

async function follow(batch, command) {
  const made = await give(batch, command);
  if (made) go(`#/batches/${made.new_batch_id}`);
}

export const retryFailed = (batch, code) =>
  follow(batch, `retry-failed${code ? `?code=${encodeURIComponent(code)}` : ''}`);
export const restart = (batch) => follow(batch, 'restart');

/** `changed` is called with whether the batch is archived now, also after Undo. */
export async function archive(batch, changed) {
  const to = !batch.archived_at;
  const answer = await give(batch, to ? 'archive' : 'unarchive');
  if (!answer) return;
  batch.archived_at = answer.archived_at;
  changed(to);
  toast(to ? `${batch.name} archived` : `${batch.name} is back in the lists`, () => archive(batch, changed));
}

/** Asks, deletes, and calls `gone`. */
export async function removeBatch(batch, gone) {
  const { total, completed } = batch.counters;
  const lost = `${many(total, 'job')} and ${many(completed, 'result')} go with it, files too. There is no way back.`;
  if (!(await ask(`Delete “${batch.name}”?`, lost, 'Delete batch'))) return;
  const done = await attempt(async () => (await remove(pathOf(batch))) === null);
  if (!done) return;
  toast(`${batch.name} deleted`);
  gone();
}

/** The entries that the menus of the list and of the batch page share. */
export const keepingEntries = (batch, changed, gone) => [
  batch.archived_at
    ? { label: 'Bring back from the archive', glyph: 'archive', act: () => archive(batch, changed) }
    : { label: 'Archive', glyph: 'archive', why: whyNot.archive(batch), act: () => archive(batch, changed) },
  { label: 'Delete…', glyph: 'trash', danger: true, why: whyNot.remove(batch), act: () => removeBatch(batch, gone) },
];
