// The commands on a batch, and why each cannot be given now. The service has the last word.
import { post, remove } from './api.js';
import { plural } from './format.js';
import { confirmAction, toast } from './parts/overlays.js';
import { isOpen } from './parts/states.js';
import { go } from './router.js';

const LIVE = ['pending', 'processing'];
const IMPORTED = 'Imported from an older system: its files are not here';
const isImported = ({ relation }) => relation === 'backfill';
const pathOf = (batch) => `/api/batches/${batch.id}`;

/** Why each command cannot be given now; '' when it can. */
export const disabledReason = {
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
async function attempt(run) {
  try {
    return await run();
  } catch (error) {
    toast(error.message);
    return undefined;
  }
}

const send = (batch, command) => attempt(() => post(`${pathOf(batch)}/${command}`));

/** Pause, resume or start: whichever the one button stands for. */
export const pauseLabel = ({ status }) => ({ paused: 'Resume', draft: 'Start' })[status] ?? 'Pause';
export const togglePause = (batch) => send(batch, pauseLabel(batch).toLowerCase());

export async function cancel(batch) {
  const { pending, running, completed } = batch.counters;
  const consequences = [
    pending && `${plural(pending, 'waiting job')} will not run.`,
    running && `${plural(running, 'running job')} will be stopped within 30 s.`,
    completed
      ? `${plural(completed, 'finished result')} ${completed === 1 ? 'stays' : 'stay'}.`
      : 'There are no results yet.',
  ];
  if (await confirmAction(`Cancel “${batch.name}”?`, consequences.filter(Boolean).join(' '), 'Cancel batch'))
    await send(batch, 'cancel');
}

async function openNewBatch(batch, command) {
  const made = await send(batch, command);
  if (made) go(`#/batches/${made.new_batch_id}`);
}

export const retryFailed = (batch, code) =>
  openNewBatch(batch, `retry-failed${code ? `?code=${encodeURIComponent(code)}` : ''}`);
export const restart = (batch) => openNewBatch(batch, 'restart');

/** `changed` is called with whether the batch is archived now, also after Undo. */
export async function archive(batch, changed) {
  const to = !batch.archived_at;
  const answer = await send(batch, to ? 'archive' : 'unarchive');
  if (!answer) return;
  batch.archived_at = answer.archived_at;
  changed(to);
  toast(to ? `${batch.name} archived` : `${batch.name} is back in the lists`, () => archive(batch, changed));
}

/** Asks, deletes, and calls `gone`. */
export async function removeBatch(batch, gone) {
  const { total, completed } = batch.counters;
  const consequences = `${plural(total, 'job')} and ${plural(completed, 'result')} go with it, files too. There is no way back.`;
  if (!(await confirmAction(`Delete “${batch.name}”?`, consequences, 'Delete batch'))) return;
  const done = await attempt(async () => (await remove(pathOf(batch))) === null);
  if (!done) return;
  toast(`${batch.name} deleted`);
  gone();
}

/** The entries that the menus of the list and of the batch page share. */
export const archiveMenuItems = (batch, changed, gone) => [
  batch.archived_at
    ? { label: 'Bring back from the archive', glyph: 'archive', act: () => archive(batch, changed) }
    : {
        label: 'Archive',
        glyph: 'archive',
        disabledReason: disabledReason.archive(batch),
        act: () => archive(batch, changed),
      },
  {
    label: 'Delete…',
    glyph: 'trash',
    danger: true,
    disabledReason: disabledReason.remove(batch),
    act: () => removeBatch(batch, gone),
  },
];
