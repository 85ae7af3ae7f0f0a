// The list of batches. It follows the service's event stream; no event moves, adds or removes a row by itself.
import { get, getOrNull, messageOf } from '../api.js';
import { archiveAll, bulkDisabledReason, deleteAll, downloadAll, loadAll } from '../bulk.js';
import { setConnection } from '../connection.js';
import { announce, button, find, findOptional, fromTemplate, h, icon, setAttr, setText } from '../dom.js';
import { formatNumber, plural } from '../format.js';
import { followList } from '../list-stream.js';
import { batchFilters } from '../parts/batch-filters.js';
import { batchRow } from '../parts/batch-row.js';
import { emptyBatches } from '../parts/empty-batches.js';
import { selectionBar } from '../parts/selection-bar.js';
import { isOpen } from '../parts/states.js';
import { cancelRender, scheduleRender, updatesPaused } from '../rendering.js';
import { mount, setBreadcrumbs, setTitle } from '../shell.js';

/** @import { Batch, BatchCounts, BatchWithJobs, Page } from '../../api.d.ts' */
/** @import { Screen } from '../../types.d.ts' */

const PAGE = 50;
const OFF_PAGE_AT_ONCE = 4;
const COUNT_EVERY = 2000;

/** @param {URLSearchParams} params @returns {Screen} */
export function batchesScreen(params) {
  const { root, parts } = fromTemplate('batches');
  /** @typedef {ReturnType<typeof batchRow> & { loadedAt?: number }} Row */

  /** @type {Map<string, Row>} by the id of the batch */
  const rows = new Map();
  /** @type {Set<string>} ids of batches that are not shown yet */
  const newBatches = new Set();
  /** @type {Map<string, Element | null>} of rows that went: what stood before each */
  const removedAfter = new Map();
  /** @type {string | null} */
  let cursor = null;
  let generation = 0; // grows with each load, so that a late answer of an earlier one is dropped
  /** @type {number | undefined} */
  let countTimer;
  let left = false;

  setBreadcrumbs(['Batches']);
  setTitle('Batches');
  mount(root);

  const filters = batchFilters(parts, () => {
    if (left) return;
    selection.clear();
    load();
  });

  async function loadCounts() {
    /** @type {BatchCounts | null} */
    const answer = await getOrNull('/api/batches/counts', filters.query());
    if (!answer || left) return;
    filters.showCounts(answer);
    selection.draw();
  }

  function countSoon() {
    countTimer ??= setTimeout(() => {
      countTimer = undefined;
      loadCounts();
    }, COUNT_EVERY);
  }

  // ---- rows

  const selection = selectionBar({
    bar: parts.selection,
    head: parts.all,
    words: (n) => `${formatNumber(n)} selected`,
    matching: () => filters.matching,
    loadAll: () => loadAll(filters.listQuery()),
    actions: [
      { label: 'Download', glyph: 'download', act: downloadAll, disabledReason: bulkDisabledReason.download },
      {
        label: 'Archive',
        glyph: 'archive',
        act: (items) => archiveAll(items, afterBulk),
        disabledReason: bulkDisabledReason.archive,
      },
      {
        label: 'Delete…',
        glyph: 'trash',
        kind: 'danger',
        act: (items) => deleteAll(items, afterBulk),
        disabledReason: bulkDisabledReason.remove,
      },
    ],
  });

  function afterBulk() {
    if (left) return;
    selection.clear();
    load();
  }

  function updateSelection() {
    selection.rows([...rows.values()].map(({ batch, row: node }) => ({ item: batch, node })));
  }

  /** @param {Batch} batch */
  function row(batch) {
    /** @type {Row} */
    const made = batchRow(batch, selection.box(batch, `Select ${batch.name}`), () => onRowRemoved(made));
    return made;
  }

  /** @param {Batch} batch */
  function add(batch) {
    const made = row(batch);
    rows.set(batch.id, made);
    parts.table.append(made.body);
    filters.offerCustomer(batch.customer_prefix);
  }

  // A row goes because its batch was archived or deleted here; with Undo it comes back to its place.
  /** @param {Row} row */
  function onRowRemoved({ batch, body }) {
    if (left) return;
    const before = removedAfter.get(batch.id);
    if (before === undefined) {
      removedAfter.set(batch.id, body.previousElementSibling);
      const next = body.nextElementSibling ?? body.previousElementSibling;
      rows.delete(batch.id);
      body.remove();
      drawAfter();
      if (next) findOptional('a.name', next)?.focus();
    } else if (before?.isConnected) {
      const again = row(batch);
      removedAfter.delete(batch.id);
      rows.set(batch.id, again);
      before.after(again.body);
      drawAfter();
      find('a.name', again.body).focus();
    } else {
      load();
    }
  }

  async function load() {
    generation += 1;
    const current = generation;
    setAttr(parts.table, 'aria-busy', 'true');
    parts.clear.hidden = !filters.isActive;
    loadCounts();
    try {
      /** @type {Page<'batches', Batch>} */
      const page = await get('/api/batches', { ...filters.listQuery(), limit: PAGE });
      if (current !== generation || left) return;
      for (const { body } of rows.values()) body.remove();
      rows.clear();
      newBatches.clear();
      removedAfter.clear();
      page.batches.forEach(add);
      cursor = page.next_cursor;
      drawAfter();
      drawArrivals();
      setConnection('live');
      announce(`${plural(rows.size, 'batch', 'batches')}${cursor ? ' or more' : ''}`);
    } catch (error) {
      if (current !== generation || left) return;
      setConnection('lost');
      if (!rows.size) drawError(error);
    } finally {
      setAttr(parts.table, 'aria-busy', null);
    }
  }

  /** @param {Event} event */
  async function showMore(event) {
    const source = /** @type {HTMLButtonElement} */ (event.currentTarget);
    source.disabled = true;
    const current = generation;
    try {
      /** @type {Page<'batches', Batch>} */
      const page = await get('/api/batches', { ...filters.listQuery(), limit: PAGE, cursor });
      if (current !== generation || left) return;
      const first = page.batches.find(({ id }) => !rows.has(id));
      page.batches.filter(({ id }) => !rows.has(id)).forEach(add);
      cursor = page.next_cursor;
      drawAfter();
      const added = first && rows.get(first.id);
      if (added) find('a.name', added.body).focus();
    } catch {
      source.disabled = false;
      setConnection('lost');
    }
  }

  function drawAfter() {
    updateSelection();
    parts.table.hidden = !rows.size;
    parts.filters.hidden = !rows.size && !filters.isActive && !filters.values.tab;
    if (rows.size) parts.after.replaceChildren(...(cursor ? [button('Show more', null, showMore)] : []));
    else parts.after.replaceChildren(emptyBatches(filters.values, filters.isActive, filters.clear));
  }

  /** @param {unknown} error */
  function drawError(error) {
    parts.table.hidden = true;
    parts.after.replaceChildren(
      h(
        'p.note',
        { 'data-state': 'failed', role: 'alert' },
        icon('failed'),
        h('span', `${messageOf(error)} The page tries again every few seconds.`),
      ),
    );
  }

  function drawArrivals() {
    setText(parts.arrivals, `Show ${plural(newBatches.size || 1, 'new batch', 'new batches')}`);
    setAttr(parts.arrivals, 'data-on', newBatches.size > 0);
  }

  // ---- live updates

  async function refresh() {
    if (updatesPaused()) return;
    if (!rows.size && !findOptional('.empty', parts.after)) {
      await load();
      return;
    }
    const current = generation;
    /** @type {Page<'batches', Batch>} */
    const page = await get('/api/batches', { ...filters.listQuery(), limit: PAGE });
    const stragglers = await loadOffPage(new Set(page.batches.map(({ id }) => id)));
    if (current !== generation || left) return;
    for (const batch of [...page.batches, ...stragglers]) scheduleRender(render, batch);
    countSoon();
  }

  /** @param {Batch} batch */
  function onBatch(batch) {
    const known = rows.has(batch.id) || removedAfter.has(batch.id);
    if (known) {
      scheduleRender(render, batch);
      countSoon();
    }
    return known;
  }

  // Shown rows that are not on the first page: they left the tab or are further down. A few are loaded in turn.
  /** @param {Set<string>} seen */
  async function loadOffPage(seen) {
    const missing = [...rows.values()].filter(({ batch }) => isOpen(batch) && !seen.has(batch.id));
    missing.sort((a, b) => (a.loadedAt ?? 0) - (b.loadedAt ?? 0));
    const answers = missing.slice(0, OFF_PAGE_AT_ONCE).map(async (shown) => {
      shown.loadedAt = Date.now();
      /** @type {{ batch: BatchWithJobs } | null} */
      const answer = await getOrNull(`/api/batches/${shown.batch.id}`);
      if (!answer) return [];
      const { jobs: _, jobs_next_cursor: __, ...batch } = answer.batch;
      return [batch];
    });
    return (await Promise.all(answers)).flat();
  }

  /** @param {Set<Batch>} batches */
  function render(batches) {
    for (const batch of batches) {
      const known = rows.get(batch.id);
      if (known) known.patch(batch);
      else if (!removedAfter.has(batch.id)) newBatches.add(batch.id);
    }
    if (newBatches.size && !rows.size) load();
    else drawArrivals();
  }

  // ---- wiring

  parts.clear.addEventListener('click', filters.clear);
  parts.arrivals.addEventListener('click', load);

  filters.read(params);
  load();
  const stopFollowing = followList({ refresh, onBatch, onDeleted: (id) => rows.get(id)?.gone() });

  return {
    update(query) {
      filters.read(query);
      selection.clear();
      load();
    },
    leave() {
      left = true;
      clearTimeout(countTimer);
      stopFollowing();
      cancelRender(render);
    },
  };
}
