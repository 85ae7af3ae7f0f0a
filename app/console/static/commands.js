// The commands on a batch, and why each cannot be given now. The service has the last word.
import { errorText, post, queryString, remove } from './api.js';
import { plural } from './format.js';
import { confirmAction, toast } from './parts/overlays.js';
import { isOpen } from './parts/states.js';
import { go } from './router.js';
import { changeReason } from './shell.js';

/** @import { Batch } from '../api.d.ts' */
/** @import { MenuEntry } from '../types.d.ts' */
/** @typedef {Pick<Batch, 'status' | 'counters' | 'relation'>} State */
/** @typedef {Pick<Batch, 'created_by' | 'archived_at'> & State} Owned */

const LIVE = ['pending', 'processing'];
const IMPORTED = 'Imported from an older system, without its files';
const AFTER_END = 'Available once the batch has ended';

/** @param {State} batch */
const isImported = ({ relation }) => relation === 'backfill';
/** @param {Batch} batch */
const pathOf = (batch) => `/api/batches/${batch.id}`;

/**
 * Why each command cannot be given now; '' when it can.
 * @satisfies {Record<string, (batch: Owned) => string>}
 */
export const disabledReason = {
  pause({ status, counters, created_by: maker }) {
    if (changeReason(maker)) return changeReason(maker);
    if (status === 'draft') return counters.total ? '' : 'The batch has no jobs';
    if (status === 'paused' || LIVE.includes(status)) return '';
    return status === 'cancelling' ? 'The batch is being cancelled' : 'The batch has ended';
  },
  cancel({ status, created_by: maker }) {
    if (changeReason(maker)) return changeReason(maker);
    if (status === 'paused' || LIVE.includes(status)) return '';
    if (status === 'draft') return 'A draft has not started; delete it instead';
    return status === 'cancelling' ? 'The batch is being cancelled' : 'The batch has ended';
  },
  retry(batch) {
    if (changeReason(batch.created_by)) return changeReason(batch.created_by);
    if (isImported(batch)) return IMPORTED;
    if (!batch.counters.failed) return 'No job has failed';
    return isOpen(batch) && batch.status !== 'paused' ? 'Available once the batch has ended or is paused' : '';
  },
  restart(batch) {
    if (changeReason(batch.created_by)) return changeReason(batch.created_by);
    if (isImported(batch)) return IMPORTED;
    return isOpen(batch) ? AFTER_END : '';
  },
  change: ({ created_by: maker }) => changeReason(maker),
  archive: (batch) => changeReason(batch.created_by) || (isOpen(batch) && !batch.archived_at ? AFTER_END : ''),
  remove: (batch) => changeReason(batch.created_by) || (isOpen(batch) && batch.status !== 'draft' ? AFTER_END : ''),
  export: ({ counters }) => (counters.total ? '' : 'The batch has no jobs'),
};

/**
 * Runs `act`; a refusal becomes a toast, and undefined.
 * @template [Answer=unknown]
 * @param {() => Promise<Answer>} act
 * @returns {Promise<Answer | undefined>}
 */
async function attempt(act) {
  try {
    return await act();
  } catch (error) {
    toast(errorText(error));
    return undefined;
  }
}

/** @template [Answer=unknown] @param {Batch} batch @param {string} command @returns {Promise<Answer | undefined>} */
const send = (batch, command) => attempt(() => post(`${pathOf(batch)}/${command}`));

/** Pause, resume or start: whichever the one button stands for. @param {State} batch */
export const pauseLabel = ({ status }) => (status === 'paused' ? 'Resume' : status === 'draft' ? 'Start' : 'Pause');
/** @param {Batch} batch */
export const togglePause = (batch) => send(batch, pauseLabel(batch).toLowerCase());

/** @param {Batch} batch */
export async function cancel(batch) {
  const { pending, running, completed } = batch.counters;
  const consequences = [
    pending && `${plural(pending, 'waiting job')} will not run.`,
    running && `${plural(running, 'running job')} will be stopped within 30 seconds.`,
    completed ? `${plural(completed, 'result is', 'results are')} kept.` : 'There are no results yet.',
  ];
  const text = consequences.filter(Boolean).join(' ');
  if (await confirmAction(`Cancel “${batch.name}”?`, text, 'Cancel batch')) await send(batch, 'cancel');
}

/** @param {Batch} batch @param {string} command */
async function openNewBatch(batch, command) {
  /** @type {{ new_batch_id: string } | undefined} */
  const made = await send(batch, command);
  if (made) go(`#/batches/${made.new_batch_id}`);
}

/**
 * Retries the failed jobs, or only those that failed with `code`.
 * @param {Batch} batch
 * @param {string} [code]
 */
export const retryFailed = (batch, code) => openNewBatch(batch, `retry-failed${queryString({ error_code: code })}`);
/** @param {Batch} batch */
export const restart = (batch) => openNewBatch(batch, 'restart');

/**
 * `changed` is called with whether the batch is archived now, also after Undo.
 * @param {Batch} batch
 * @param {(archived: boolean) => void} changed
 */
export async function archive(batch, changed) {
  const archived = !batch.archived_at;
  /** @type {Pick<Batch, 'archived_at'> | undefined} */
  const answer = await send(batch, archived ? 'archive' : 'unarchive');
  if (!answer) return;
  batch.archived_at = answer.archived_at;
  changed(archived);
  toast(`${batch.name} ${archived ? 'archived' : 'unarchived'}`, () => archive(batch, changed));
}

/**
 * Asks first; `gone` is called once the batch is deleted.
 * @param {Batch} batch
 * @param {() => void} gone
 */
export async function removeBatch(batch, gone) {
  const { total, completed } = batch.counters;
  const lost = `This also deletes ${plural(total, 'job')} and ${plural(completed, 'result')}, with all files. It cannot be undone.`;
  if (!(await confirmAction(`Delete “${batch.name}”?`, lost, 'Delete batch'))) return;
  const done = await attempt(async () => (await remove(pathOf(batch))) === null);
  if (!done) return;
  toast(`${batch.name} deleted`);
  gone();
}

/**
 * The entries that the menus of the list and of the batch page share.
 * @param {Batch} batch
 * @param {(archived: boolean) => void} changed
 * @param {() => void} gone
 * @returns {MenuEntry[]}
 */
export const archiveMenuItems = (batch, changed, gone) => [
  {
    label: batch.archived_at ? 'Unarchive' : 'Archive',
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
