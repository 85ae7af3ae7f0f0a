// The list of batches. It follows the service's event stream; no event moves, adds or removes a row by itself.
import { get } from '../api.js';
import { archiveAll, bulkDisabledReason, deleteAll, downloadAll, loadAll } from '../bulk.js';
import { setConnection } from '../connection.js';
import { announce, button, debounce, find, fromTemplate, h, icon, setAttr, setText } from '../dom.js';
import { now, plural } from '../format.js';
import { followList } from '../list-stream.js';
import { batchRow } from '../parts/batch-row.js';
import { countOf, TABS } from '../parts/batch-tabs.js';
import { emptyBatches } from '../parts/empty-batches.js';
import { selectionBar } from '../parts/selection-bar.js';
import { isOpen } from '../parts/states.js';
import { cancelRender, scheduleRender, updatesPaused } from '../rendering.js';
import { hrefOf, setQuery } from '../router.js';
import { mount, setBreadcrumbs, setTitle } from '../shell.js';

const PAGE = 50;
const OFF_PAGE_AT_ONCE = 4;
const COUNT_EVERY = 2000;
const FILTERS = ['search', 'pipeline', 'customer', 'age', 'sort'];

export function batchesScreen(params) {
  const { root, parts } = fromTemplate('batches');
  const form = parts.filters;
  const rows = new Map();
  const newBatches = new Set();
  const removedAfter = new Map(); // of rows that went: what stood before each
  let filters = {};
  let cursor = null;
  let generation = 0; // grows with each load, so that a late answer of an earlier one is dropped
  let countTimer = null;
  let left = false;
  let counts = null; // { by_status, archived } under the filters

  setBreadcrumbs(['Batches']);
  setTitle('Batches');
  mount(root);

  const currentQuery = () => ({
    status: TABS[filters.tab]?.[1],
    archived: filters.tab === 'archived' || null,
    pipeline: filters.pipeline,
    customer: filters.customer,
    search: filters.search,
    sort: filters.sort || '-created_at',
    created_after: filters.age && new Date(now() - filters.age * 3_600_000).toISOString(),
  });
  const isFiltered = () => Boolean(filters.search || filters.pipeline || filters.customer || filters.age);

  // ---- filters: the address is the truth, the controls show it

  function readFilters(query) {
    filters = { tab: query.get('tab') ?? '' };
    for (const name of FILTERS) filters[name] = query.get(name) ?? '';
    if (parts.search.value.trim() !== filters.search) parts.search.value = filters.search;
    for (const name of FILTERS.slice(1)) {
      addOption(form[name], filters[name]);
      form[name].value = filters[name];
    }
    drawTabs();
  }

  function addOption(select, value, label = value) {
    if ([...select.options].some((option) => option.value === value)) return;
    select.append(h('option', { value }, label));
  }

  function drawTabs() {
    parts.tabs.replaceChildren(
      ...Object.entries(TABS).map(([tab, [label]]) =>
        h(
          'a',
          {
            href: hrefOf('batches', { ...filters, tab }),
            'aria-current': tab === filters.tab && 'page',
            'data-tab': tab,
          },
          label,
          h('span.count'),
        ),
      ),
    );
    drawCounts();
  }

  function change(changes) {
    if (left) return;
    setQuery(changes);
    selection.clear();
    filters = { ...filters, ...changes };
    drawTabs();
    load();
  }

  function clear() {
    parts.search.value = '';
    form.reset();
    selection.clear();
    change(Object.fromEntries(FILTERS.map((name) => [name, ''])));
  }

  function drawCounts() {
    for (const link of parts.tabs.children) {
      setText(find('.count', link), counts ? countOf(counts, link.dataset.tab).toLocaleString('en') : '');
    }
    selection.draw();
  }

  async function loadCounts() {
    const { status: _, archived: __, sort: ___, ...narrow } = currentQuery();
    const answer = await get('/api/batches/counts', narrow).catch(() => null);
    if (!answer || left) return;
    counts = answer;
    drawCounts();
  }

  function countSoon() {
    countTimer ??= setTimeout(() => {
      countTimer = null;
      loadCounts();
    }, COUNT_EVERY);
  }

  // ---- rows

  const selection = selectionBar({
    bar: parts.selection,
    head: parts.all,
    words: (n) => `${n.toLocaleString('en')} selected`,
    matching: () => (counts ? countOf(counts, filters.tab) : 0),
    loadAll: () => loadAll(currentQuery()),
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

  function row(batch) {
    const made = batchRow(batch, selection.box(batch, `Select ${batch.name}`), () => onRowRemoved(made));
    return made;
  }

  function add(batch) {
    rows.set(batch.id, row(batch));
    parts.table.append(rows.get(batch.id).body);
    if (batch.customer_prefix) addOption(form.customer, batch.customer_prefix);
  }

  // A row goes because its batch was archived or deleted here; with Undo it comes back to its place.
  function onRowRemoved({ batch, body }) {
    if (left) return;
    const before = removedAfter.get(batch.id);
    if (!before) {
      removedAfter.set(batch.id, body.previousElementSibling);
      const next = body.nextElementSibling ?? body.previousElementSibling;
      rows.delete(batch.id);
      body.remove();
      drawAfter();
      find('a.name', next)?.focus();
    } else if (before.isConnected) {
      removedAfter.delete(batch.id);
      rows.set(batch.id, row(batch));
      before.after(rows.get(batch.id).body);
      drawAfter();
      find('a.name', rows.get(batch.id).body).focus();
    } else {
      load();
    }
  }

  async function load() {
    generation += 1;
    const current = generation;
    setAttr(parts.table, 'aria-busy', 'true');
    parts.clear.hidden = !isFiltered();
    loadCounts();
    try {
      const page = await get('/api/batches', { ...currentQuery(), limit: PAGE });
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

  async function showMore(event) {
    const source = event.currentTarget;
    source.disabled = true;
    const current = generation;
    try {
      const page = await get('/api/batches', { ...currentQuery(), limit: PAGE, cursor });
      if (current !== generation || left) return;
      const first = page.batches.find(({ id }) => !rows.has(id));
      page.batches.filter(({ id }) => !rows.has(id)).forEach(add);
      cursor = page.next_cursor;
      drawAfter();
      if (first) find('a.name', rows.get(first.id).body).focus();
    } catch {
      source.disabled = false;
      setConnection('lost');
    }
  }

  function drawAfter() {
    updateSelection();
    parts.table.hidden = !rows.size;
    form.hidden = !rows.size && !isFiltered() && !filters.tab;
    if (rows.size) parts.after.replaceChildren(...(cursor ? [button('Show more', null, showMore)] : []));
    else parts.after.replaceChildren(emptyBatches(filters, isFiltered(), clear));
  }

  function drawError(error) {
    parts.table.hidden = true;
    parts.after.replaceChildren(
      h(
        'p.note',
        { 'data-state': 'failed', role: 'alert' },
        icon('failed'),
        h('span', `${error.message} The page tries again every few seconds.`),
      ),
    );
  }

  function drawArrivals() {
    setText(parts.arrivals, `${plural(newBatches.size || 1, 'new batch', 'new batches')}, show`);
    setAttr(parts.arrivals, 'data-on', newBatches.size > 0);
  }

  // ---- live updates

  async function refresh() {
    if (updatesPaused()) return;
    if (!rows.size && !find('.empty', parts.after)) {
      await load();
      return;
    }
    const current = generation;
    const page = await get('/api/batches', { ...currentQuery(), limit: PAGE });
    const stragglers = await loadOffPage(new Set(page.batches.map(({ id }) => id)));
    if (current !== generation || left) return;
    for (const batch of [...page.batches, ...stragglers]) scheduleRender(render, batch);
    countSoon();
  }

  function onBatch(batch) {
    const known = rows.has(batch.id) || removedAfter.has(batch.id);
    if (known) {
      scheduleRender(render, batch);
      countSoon();
    }
    return known;
  }

  // Shown rows that are not on the first page: they left the tab or are further down. A few are loaded in turn.
  async function loadOffPage(seen) {
    const missing = [...rows.values()].filter(({ batch }) => isOpen(batch) && !seen.has(batch.id));
    missing.sort((a, b) => (a.loadedAt ?? 0) - (b.loadedAt ?? 0));
    const answers = missing.slice(0, OFF_PAGE_AT_ONCE).map(async (shown) => {
      shown.loadedAt = Date.now();
      const answer = await get(`/api/batches/${shown.batch.id}`).catch(() => null);
      return answer && { ...answer.batch, jobs: undefined };
    });
    return (await Promise.all(answers)).filter(Boolean);
  }

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

  form.addEventListener('change', (event) => change({ [event.target.name]: event.target.value }));
  parts.search.addEventListener(
    'input',
    debounce(() => change({ search: parts.search.value.trim() }), 250),
  );
  parts.clear.addEventListener('click', clear);
  parts.arrivals.addEventListener('click', load);

  get('/api/pipelines').then(
    ({ pipelines }) => {
      for (const { key, title } of pipelines) {
        const known = [...form.pipeline.options].find((option) => option.value === key);
        if (known) setText(known, title);
        else addOption(form.pipeline, key, title);
      }
    },
    () => {},
  );

  readFilters(params);
  load();
  const stopFollowing = followList({ refresh, onBatch, onDeleted: (id) => rows.get(id)?.gone() });

  return {
    update(query) {
      readFilters(query);
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
