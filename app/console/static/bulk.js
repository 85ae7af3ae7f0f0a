// The same command for many batches: a few at a time, and one sentence about all of them at the end.
import { get, post, remove } from './api.js';
import { plural } from './format.js';
import { confirmAction, toast } from './parts/overlays.js';
import { isOpen } from './parts/states.js';

const AT_ONCE = 4;
const PAGE = 200;

const batches = (n) => plural(n, 'batch', 'batches');

/** Runs `act` for each of `items`; returns those that went well, and the first refusal. */
async function runForEach(items, run) {
  const done = [];
  let refusal = null;
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.shift(); item; item = rest.shift()) {
      try {
        await run(item);
        done.push(item);
      } catch (error) {
        refusal ??= error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { done, refusal };
}

function reportResult(verb, items, { done, refusal }, undo) {
  const left = items.length - done.length;
  const rest = left ? ` ${plural(left, 'batch was', 'batches were')} left as they are: ${refusal.message}` : '';
  toast(`${batches(done.length)} ${verb}.${rest}`, done.length ? undo : undefined);
}

/** `changed` is called when the lists have to be read again, also after Undo. */
export async function archiveAll(items, changed) {
  const result = await runForEach(items, ({ id }) => post(`/api/batches/${id}/archive`));
  changed();
  reportResult('archived', items, result, async () => {
    await runForEach(result.done, ({ id }) => post(`/api/batches/${id}/unarchive`));
    changed();
  });
}

export async function deleteAll(items, changed) {
  const sum = (key) => items.reduce((total, { counters }) => total + counters[key], 0);
  const consequences =
    `${plural(sum('total'), 'job')} and ${plural(sum('completed'), 'result')} go with them, files too. ` +
    'There is no way back.';
  if (
    !(await confirmAction(
      `Delete ${batches(items.length)}?`,
      consequences,
      `Delete ${items.length.toLocaleString('en')}`,
    ))
  )
    return;
  const result = await runForEach(items, ({ id }) => remove(`/api/batches/${id}`));
  changed();
  reportResult('deleted', items, result);
}

/** One ZIP for each; a browser asks once whether a page may save several files. */
export function downloadAll(items) {
  for (const { id, base_directory_name: name } of items) {
    const link = document.createElement('a');
    link.href = `/api/batches/${id}/download`;
    link.download = `${name}.zip`;
    link.click();
  }
  toast(`${plural(items.length, 'ZIP file')} on the way`);
}

const MOST_ZIPS = 20;

export const bulkDisabledReason = {
  download: (items) => (items.length > MOST_ZIPS ? `At most ${MOST_ZIPS} ZIP files at a time` : ''),
  remove: (items) => {
    const open = items.filter((batch) => isOpen(batch) && batch.status !== 'draft').length;
    return open ? `${plural(open, 'batch has', 'batches have')} not ended` : '';
  },
  archive: (items) =>
    bulkDisabledReason.remove(items) || (items.some(({ status }) => status === 'draft') ? 'A draft has not ended' : ''),
};

/** All batches under `question`, page by page. */
export async function loadAll(question) {
  const found = [];
  let cursor = null;
  do {
    const page = await get('/api/batches', { ...question, limit: PAGE, cursor });
    found.push(...page.batches);
    cursor = page.next_cursor;
  } while (cursor);
  return found;
}
