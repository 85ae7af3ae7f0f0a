// The same command for many batches: a few at a time, and one sentence about all of them at the end.
import { errorText, getAll, post, remove } from './api.js';
import { formatNumber, plural } from './format.js';
import { confirmAction, toast } from './parts/overlays.js';
import { isOpen } from './parts/states.js';
import { urlOf } from './root.js';
import { changeReason } from './shell.js';

/** @import { Batch, Counters } from '../api.d.ts' */
/** @import { Query } from './api.js' */
/** @typedef {{ done: Batch[], refusal: unknown }} Result */

const AT_ONCE = 4;
const PAGE = 200;
const MAX_DOWNLOADS = 20;

/** @param {number} n */
const batches = (n) => plural(n, 'batch', 'batches');

/**
 * Runs `act` for each of `items`; returns those that went well, and the first refusal.
 * @param {Batch[]} items
 * @param {(item: Batch) => Promise<unknown>} act
 */
async function runForEach(items, act) {
  /** @type {Result} */
  const result = { done: [], refusal: null };
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.shift(); item; item = rest.shift()) {
      try {
        await act(item);
        result.done.push(item);
      } catch (error) {
        result.refusal ??= error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return result;
}

/** @param {string} verb @param {Batch[]} items @param {Result} result @param {() => void} [undo] */
function reportResult(verb, items, { done, refusal }, undo) {
  const left = items.length - done.length;
  const rest = left ? ` ${plural(left, 'batch was', 'batches were')} not ${verb}: ${errorText(refusal)}` : '';
  toast(`${batches(done.length)} ${verb}.${rest}`, done.length ? undo : undefined);
}

/**
 * `changed` is called when the lists have to be read again, also after Undo.
 * @param {Batch[]} items
 * @param {() => void} changed
 */
export async function archiveAll(items, changed) {
  const result = await runForEach(items, ({ id }) => post(`/api/batches/${id}/archive`));
  changed();
  reportResult('archived', items, result, async () => {
    await runForEach(result.done, ({ id }) => post(`/api/batches/${id}/unarchive`));
    changed();
  });
}

/** @param {Batch[]} items @param {() => void} changed */
export async function deleteAll(items, changed) {
  /** @param {keyof Counters} key */
  const sum = (key) => items.reduce((total, { counters }) => total + counters[key], 0);
  const lost = `This also deletes ${plural(sum('total'), 'job')} and ${plural(sum('completed'), 'result')}, with all files. It cannot be undone.`;
  if (!(await confirmAction(`Delete ${batches(items.length)}?`, lost, `Delete ${formatNumber(items.length)}`))) return;
  const result = await runForEach(items, ({ id }) => remove(`/api/batches/${id}`));
  changed();
  reportResult('deleted', items, result);
}

/**
 * One ZIP for each; a browser asks once whether a page may save several files.
 * @param {Batch[]} items
 */
export function downloadAll(items) {
  for (const { id, base_directory_name: name } of items) {
    const link = document.createElement('a');
    link.href = urlOf(`/api/batches/${id}/download`);
    link.download = `${name}.zip`;
    link.click();
  }
  toast(`Downloading ${plural(items.length, 'ZIP file')}`);
}

/** @type {Record<'download' | 'remove' | 'archive', (items: Batch[]) => string>} */
export const bulkDisabledReason = {
  download: (items) => (items.length > MAX_DOWNLOADS ? `At most ${MAX_DOWNLOADS} ZIP files at a time` : ''),
  remove: (items) => {
    const kept = items.map(({ created_by: maker }) => changeReason(maker)).find(Boolean);
    if (kept) return kept;
    const open = items.filter((batch) => isOpen(batch) && batch.status !== 'draft').length;
    return open ? `${plural(open, 'batch has', 'batches have')} not ended` : '';
  },
  archive: (items) => {
    const hasDraft = items.some(({ status }) => status === 'draft');
    return bulkDisabledReason.remove(items) || (hasDraft ? 'Drafts cannot be archived' : '');
  },
};

/**
 * All batches under `query`, page by page.
 * @param {Query} query
 * @returns {Promise<Batch[]>}
 */
export const loadAll = (query) => getAll('/api/batches', 'batches', { ...query, limit: PAGE });
