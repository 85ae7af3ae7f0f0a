// The list of batches. It follows the service's stream; news never move, add or remove a row by themselves.
import { get } from '../api.js';
import { archiveAll, deleteAll, downloadAll, loadAll, whyNotAll } from '../bulk.js';
import { setConnection } from '../connection.js';
import { attr, button, debounce, find, fromTemplate, h, icon, say, text } from '../dom.js';
import { followList } from '../list-stream.js';
import { forget, isHeld, repaint } from '../paint.js';
import { batchRow } from '../parts/batch-row.js';
import { countOf, TABS } from '../parts/batch-tabs.js';
import { noBatches } from '../parts/no-batches.js';
import { pickBar } from '../parts/pick-bar.js';
import { isOpen } from '../parts/states.js';
import { hrefOf, setQuery } from '../router.js';
import { crumbs, place, setTitle } from '../shell.js';
import { many, now } from '../words.js';

const PAGE = 50;
const STRAGGLERS = 4;
const COUNT_AT_MOST = 2000;
const FILTERS = ['search', 'pipeline', 'customer', 'age', 'sort'];

export function batchesScreen(params) {
  const { root, parts } = fromTemplate('batches');
  const form = parts.filters;
  const rows = new Map();
  const news = new Set();
  const places = new Map(); // of rows that went: what stood before each
  let filters = {};
  let cursor = null;
  let round = 0; // grows with each load, so that a late answer of an earlier one is dropped
  let counting = null;
  let left = false;
  let counts = null; // { by_status, archived } under the filters

  crumbs(['Batches']);
  setTitle('Batches');
  place(root);

  const question = () => ({
    status: TABS[filters.tab]?.[1],
    archived: filters.tab === 'archived' || null,
    pipeline: filters.pipeline,
    customer: filters.customer,
    search: filters.search,
    sort: filters.sort || '-created_at',
    created_after: filters.age && new Date(now() - filters.age * 3_600_000).toISOString(),
  });
  const narrowed = () => Boolean(filters.search || filters.pipeline || filters.customer || filters.age);

  // ---- filters: the address is the truth, the controls show it

  function readFilters(query) {
    filters = { tab: query.get('tab') ?? '' };
    for (const name of FILTERS) filters[name] = query.get(name) ?? '';
    if (parts.search.value.trim() !== filters.search) parts.search.value = filters.search;
    for (const name of FILTERS.slice(1)) {
      offer(form[name], filters[name]);
      form[name].value = filters[name];
    }
    drawTabs();
  }

  function offer(select, value, label = value) {
    if ([...select.options].some((option) => option.value === value)) return;
    select.append(h('option', { value }, label));
  }

  function drawTabs() {
    parts.tabs.replaceChildren(...Object.entries(TABS).map(([tab, [label]]) =>
      h('a', { href: hrefOf('batches', { ...filters, tab }), 'aria-current': tab === filters.tab && 'page', 'data-tab': tab },
        label, h('span.count'))));
    drawCounts();
  }

  function change(changes) {
    if (left) return;
    setQuery(changes);
    picks.clear();
    filters = { ...filters, ...changes };
    drawTabs();
    load();
  }

  function clear() {
    parts.search.value = '';
    form.reset();
    picks.clear();
    change(Object.fromEntries(FILTERS.map((name) => [name, ''])));
  }

  function drawCounts() {
    for (const link of parts.tabs.children) {
      text(find('.count', link), counts ? countOf(counts, link.dataset.tab).toLocaleString('en') : '');
    }
    picks.draw();
  }

  async function loadCounts() {
    const { status: _, archived: __, sort: ___, ...narrow } = question();
    const answer = await get('/api/batches/counts', narrow).catch(() => null);
    if (!answer || left) return;
    counts = answer;
    drawCounts();
  }

  function countSoon() {
    counting ??= setTimeout(() => {
      counting = null;
      loadCounts();
    }, COUNT_AT_MOST);
  }

  // ---- rows

  const picks = pickBar({
    bar: parts.picks,
    head: parts.all,
    words: (n) => `${n.toLocaleString('en')} selected`,
    matching: () => (counts ? countOf(counts, filters.tab) : 0),
    loadAll: () => loadAll(question()),
    actions: [
      { label: 'Download', glyph: 'download', act: downloadAll, why: whyNotAll.download },
      { label: 'Archive', glyph: 'archive', act: (items) => archiveAll(items, settleAll), why: whyNotAll.archive },
      { label: 'Delete…', glyph: 'trash', kind: 'danger', act: (items) => deleteAll(items, settleAll), why: whyNotAll.end },
    ],
  });

  function settleAll() {
    if (left) return;
    picks.clear();
    load();
  }

  function offerPicks() {
    picks.rows([...rows.values()].map(({ batch, row: node }) => ({ item: batch, node })));
  }

  function row(batch) {
    const made = batchRow(batch, picks.box(batch, `Select ${batch.name}`), () => settle(made));
    return made;
  }

  function add(batch) {
    rows.set(batch.id, row(batch));
    parts.table.append(rows.get(batch.id).body);
    if (batch.customer_prefix) offer(form.customer, batch.customer_prefix);
  }

  // A row goes because its batch was archived or deleted here; with Undo it comes back to its place.
  function settle({ batch, body }) {
    if (left) return;
    const before = places.get(batch.id);
    if (!before) {
      places.set(batch.id, body.previousElementSibling);
      const next = body.nextElementSibling ?? body.previousElementSibling;
      rows.delete(batch.id);
      body.remove();
      drawAfter();
      find('a.name', next)?.focus();
    } else if (before.isConnected) {
      places.delete(batch.id);
      rows.set(batch.id, row(batch));
      before.after(rows.get(batch.id).body);
      drawAfter();
      find('a.name', rows.get(batch.id).body).focus();
    } else {
      load();
    }
  }

  async function load() {
    const mine = (round += 1);
    attr(parts.table, 'aria-busy', 'true');
    parts.clear.hidden = !narrowed();
    loadCounts();
    try {
      const page = await get('/api/batches', { ...question(), limit: PAGE });
      if (mine !== round || left) return;
      for (const { body } of rows.values()) body.remove();
      rows.clear();
      news.clear();
      places.clear();
      page.batches.forEach(add);
      cursor = page.next_cursor;
      drawAfter();
      drawNews();
      setConnection('live');
      say(`${many(rows.size, 'batch', 'batches')}${cursor ? ' or more' : ''}`);
    } catch (error) {
      if (mine !== round || left) return;
      setConnection('lost');
      if (!rows.size) drawProblem(error);
    } finally {
      attr(parts.table, 'aria-busy', null);
    }
  }

  async function showMore(event) {
    const source = event.currentTarget;
    source.disabled = true;
    const mine = round;
    try {
      const page = await get('/api/batches', { ...question(), limit: PAGE, cursor });
      if (mine !== round || left) return;
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
    offerPicks();
    parts.table.hidden = !rows.size;
    form.hidden = !rows.size && !narrowed() && !filters.tab;
    if (rows.size) parts.after.replaceChildren(...(cursor ? [button('Show more', null, showMore)] : []));
    else parts.after.replaceChildren(noBatches(filters, narrowed(), clear));
  }

  function drawProblem(error) {
    parts.table.hidden = true;
    parts.after.replaceChildren(h('p.note', { 'data-state': 'failed', role: 'alert' }, icon('failed'),
      h('span', `${error.message} The page tries again every few seconds.`)));
  }

  function drawNews() {
    text(parts.arrivals, `${many(news.size || 1, 'new batch', 'new batches')}, show`);
    attr(parts.arrivals, 'data-on', news.size > 0);
  }

  // ---- news

  async function ask() {
    if (isHeld()) return;
    if (!rows.size && !find('.empty', parts.after)) {
      await load();
      return;
    }
    const mine = round;
    const page = await get('/api/batches', { ...question(), limit: PAGE });
    const stragglers = await askForStragglers(new Set(page.batches.map(({ id }) => id)));
    if (mine !== round || left) return;
    for (const batch of [...page.batches, ...stragglers]) repaint(paint, batch);
    countSoon();
  }

  function take(batch) {
    const known = rows.has(batch.id) || places.has(batch.id);
    if (known) {
      repaint(paint, batch);
      countSoon();
    }
    return known;
  }

  // Shown rows that the page lacks: they left the tab or stand further down. A few are asked in turn.
  async function askForStragglers(seen) {
    const missing = [...rows.values()].filter(({ batch }) => isOpen(batch) && !seen.has(batch.id));
    missing.sort((a, b) => (a.asked ?? 0) - (b.asked ?? 0));
    const answers = missing.slice(0, STRAGGLERS).map(async (row) => {
      row.asked = Date.now();
      const answer = await get(`/api/batches/${row.batch.id}`).catch(() => null);
      return answer && { ...answer.batch, jobs: undefined };
    });
    return (await Promise.all(answers)).filter(Boolean);
  }

  function paint(batches) {
    for (const batch of batches) {
      const known = rows.get(batch.id);
      if (known) known.patch(batch);
      else if (!places.has(batch.id)) news.add(batch.id);
    }
    if (news.size && !rows.size) load();
    else drawNews();
  }

  // ---- wiring

  form.addEventListener('change', (event) => change({ [event.target.name]: event.target.value }));
  parts.search.addEventListener('input', debounce(() => change({ search: parts.search.value.trim() }), 250));
  parts.clear.addEventListener('click', clear);
  parts.arrivals.addEventListener('click', load);

  get('/api/pipelines').then(({ pipelines }) => {
    for (const { key, title } of pipelines) {
      const known = [...form.pipeline.options].find((option) => option.value === key);
      if (known) text(known, title);
      else offer(form.pipeline, key, title);
    }
  }, () => {});

  readFilters(params);
  load();
  const stopFollowing = followList({ ask, take, gone: (id) => rows.get(id)?.gone() });

  return {
    update(query) {
      readFilters(query);
      picks.clear();
      load();
    },
    leave() {
      left = true;
      clearTimeout(counting);
      stopFollowing();
      forget(paint);
    },
  };
}
