// Restaurants: found by filters that are kept in the address, selected, and registered together.
import { errorText, get, getAll, getOrNull, post, queryString, request } from '../api.js';
import { setConnection } from '../connection.js';
import { announce, button, debounce, find, findAll, h, icon, targetOf } from '../dom.js';
import { formatNumber, plural } from '../format.js';
import { importReport, refusedImport } from '../parts/import-report.js';
import { toast } from '../parts/overlays.js';
import { emptyState, errorNote, page } from '../parts/page.js';
import { restaurantState, STATES } from '../parts/restaurant-state.js';
import { selectionBar } from '../parts/selection-bar.js';
import { go, setQuery } from '../router.js';
import { may } from '../shell.js';

/** @import { BatchCreated, ImportReport, Page, Restaurant } from '../../api.d.ts' */
/** @import { Child, Screen } from '../../types.d.ts' */

const PAGE = 100;
/** @type {Record<string, [label: string, options: [value: string, label?: string][]]>} */
const FILTERS = {
  type: ['Type', [['', 'any'], ['Outbound'], ['Inbound']]],
  stage: ['Stage', [['', 'any'], ['cold'], ['warm'], ['hot']]],
  icp_min: [
    'ICP',
    [
      ['', 'any'],
      ['7', '7 or more'],
      ['9', '9 or more'],
    ],
  ],
  status: [
    'Status',
    [['', 'any'], ...Object.entries(STATES).map(([key, [, word]]) => /** @type {[string, string]} */ ([key, word]))],
  ],
};
const NAMES = [...Object.keys(FILTERS), 'city', 'search'];

/** @param {number} n */
const restaurants = (n) => plural(n, 'restaurant');

/** @param {string} name @param {string} value */
function filterSelect(name, value) {
  const [label, options] = FILTERS[name];
  const select = h(
    'select',
    { name },
    options.map(([key, word = key]) => h('option', { value: key }, word)),
  );
  select.value = value;
  return h('label.filter', label, select);
}

/** @param {Restaurant} one @param {HTMLElement} check */
function rowOf(one, check) {
  /** @param {string} name @param {...Child} children */
  const cell = (name, ...children) => h('td', { class: name }, children);
  const last =
    one.last_batch_id &&
    h('a.cut', { href: `#/batches/${one.last_batch_id}`, title: one.last_batch_name }, one.last_batch_name);
  const row = h(
    'tr.selectable',
    cell('k-check', check),
    cell('k-name', h('a.name.cut', { href: `#/restaurants/${one.id}`, title: one.name }, one.name)),
    cell('k-city dim', one.city ?? ''),
    cell('k-type', one.type ?? ''),
    cell('k-stage', one.stage && h('span.tag', one.stage)),
    cell('k-icp num', one.icp_score == null ? '' : `${one.icp_score}/10`),
    cell('k-state', restaurantState(one)),
    cell('k-last dim', last),
  );
  row.addEventListener('click', (event) => {
    if (!targetOf(event).closest('a, label, input')) find('input', row).click();
  });
  return row;
}

/**
 * What an import found, and what was added.
 * @param {ImportReport} answer
 * @param {Child} [retry]
 */
function reportOf(answer, retry) {
  const { created = 0, error_count: wrong = 0 } = answer;
  return importReport(
    answer,
    (words) => (wrong && !created ? `${words}, nothing was added` : `${restaurants(created)} added`),
    retry,
  );
}

/** @param {URLSearchParams} params @returns {Screen} */
export function restaurantsScreen(params) {
  /** @type {Record<string, string>} */
  const filters = Object.fromEntries([...params].filter(([name, value]) => value && NAMES.includes(name)));
  const search = h('input.input', {
    type: 'search',
    placeholder: 'Name or city',
    'aria-label': 'Search restaurants by name or city',
    autocomplete: 'off',
    value: filters.search,
  });
  const file = h('input', { type: 'file', accept: '.csv,.json,text/csv,application/json', hidden: true });
  const { root, body } = page('Restaurants', {
    actions: [
      h('form.search', { role: 'search' }, icon('search'), search, h('kbd', { 'aria-hidden': 'true' }, '/')),
      file,
      button('Import', 'upload', () => file.click(), { 'data-needs': 'manage' }),
      h('a.btn', { href: '#/restaurants/new', 'data-needs': 'manage' }, icon('plus'), 'Add restaurant'),
    ],
  });
  const city = h('input', {
    name: 'city',
    'aria-label': 'City',
    placeholder: 'any',
    autocomplete: 'off',
    value: filters.city,
  });
  const toolbar = h(
    'form.toolbar.scrolling',
    { 'aria-label': 'Filters' },
    Object.keys(FILTERS).map((name) => filterSelect(name, filters[name] ?? '')),
    h('label.filter', 'City', city),
  );
  const headCheckbox = h('input', { type: 'checkbox', 'aria-label': 'Select all shown' });
  const rows = h('tbody');
  const labels = ['Name', 'City', 'Type', 'Stage', 'ICP', 'Status', 'Last batch'];
  const table = h(
    'table.table.folds.places',
    h('caption.sr', 'Restaurants. Select the ones to register.'),
    h(
      'colgroup',
      ['check', '', 'city', 'type', 'stage', 'icp', 'state', 'last'].map((name) =>
        h('col', { class: name && `c-${name}` }),
      ),
    ),
    h(
      'thead',
      h(
        'tr',
        h('th.k-check', h('label.hit', headCheckbox)),
        labels.map((label) => h('th', { class: label === 'ICP' && 'num' }, label)),
      ),
    ),
    rows,
  );
  const report = h('div');
  const after = h('div.after');
  const bar = h('div.selection-bar', { role: 'region', 'aria-label': 'Selection' });
  /** @type {Map<string, { item: Restaurant, node: HTMLElement }>} by id */
  const shown = new Map();
  /** @type {string | null} */
  let cursor = null;
  let generation = 0;
  let left = false;
  let total = 0;
  body.append(toolbar, report, h('div.list', table), after);
  root.append(bar);

  const selection = selectionBar({
    bar,
    head: headCheckbox,
    words: (n) => `Selected: ${formatNumber(n)}`,
    matching: () => total,
    loadAll,
    actions: [
      {
        label: 'Start batch registration',
        glyph: 'play',
        kind: 'primary',
        act: register,
        disabledReason: (items) => {
          if (!may('submit')) return 'Your role starts nothing';
          return items.some(({ status }) => status === 'registering') ? 'Some are already being registered' : '';
        },
      },
    ],
  });

  async function loadAll() {
    /** @type {Restaurant[]} */
    const rest = cursor ? await getAll('/api/restaurants', 'restaurants', { ...filters, cursor }) : [];
    const found = [...[...shown.values()].map(({ item }) => item), ...rest];
    total = found.length;
    return found;
  }

  /** @param {Restaurant[]} items */
  async function register(items) {
    try {
      /** @type {BatchCreated} */
      const made = await post('/api/registration-batches', { restaurant_ids: items.map(({ id }) => id), start: true });
      go(`#/batches/${made.batch_id}`);
    } catch (error) {
      toast(errorText(error));
    }
  }

  /** @param {Restaurant[]} list */
  function add(list) {
    for (const item of list) {
      const node = rowOf(item, selection.box(item, `Select ${item.name}`));
      shown.set(item.id, { item, node });
      rows.append(node);
    }
    // With another page there are more than are shown; how many is known once all are loaded.
    total = cursor ? Infinity : shown.size;
    selection.rows([...shown.values()]);
  }

  async function load() {
    generation += 1;
    const current = generation;
    try {
      /** @type {Page<'restaurants', Restaurant>} */
      const answer = await get('/api/restaurants', { ...filters, limit: PAGE });
      if (left || current !== generation) return;
      shown.clear();
      rows.replaceChildren();
      cursor = answer.next_cursor;
      add(answer.restaurants);
      setConnection('live');
      drawAfter();
      announce(`${restaurants(shown.size)}${cursor ? ' or more' : ''}`);
    } catch (error) {
      if (left || current !== generation) return;
      setConnection('lost');
      after.replaceChildren(errorNote(errorText(error)));
    }
  }

  /** @param {Event} event */
  async function more(event) {
    /** @type {HTMLButtonElement} */ (event.currentTarget).disabled = true;
    /** @type {Page<'restaurants', Restaurant> | null} */
    const answer = await getOrNull('/api/restaurants', { ...filters, limit: PAGE, cursor });
    if (left || !answer) return;
    cursor = answer.next_cursor;
    add(answer.restaurants);
    drawAfter();
    const first = shown.get(answer.restaurants[0]?.id);
    if (first) find('a.name', first.node).focus();
  }

  function drawAfter() {
    table.hidden = !shown.size;
    const isFiltered = Object.keys(filters).length > 0;
    const nothing = isFiltered
      ? emptyState(
          'No restaurants match',
          'Change a filter, or import more restaurants.',
          button('Clear filters', null, clear),
        )
      : emptyState(
          'No restaurants yet',
          'Import a CSV or JSON file with a name, type, stage, ICP score and city for each, or add them one by one.',
          button('Import', 'upload', () => file.click(), { 'data-needs': 'manage' }),
        );
    after.replaceChildren(...(shown.size ? (cursor ? [button('Show more', null, more)] : []) : [nothing]));
  }

  /** @param {Record<string, string>} changes */
  function change(changes) {
    Object.assign(filters, changes);
    for (const [name, value] of Object.entries(filters)) if (!value) delete filters[name];
    setQuery({ ...Object.fromEntries(NAMES.map((name) => [name, ''])), ...filters });
    selection.clear();
    load();
  }

  function clear() {
    toolbar.reset();
    for (const select of findAll('select', toolbar)) /** @type {HTMLSelectElement} */ (select).value = '';
    city.value = '';
    search.value = '';
    change(Object.fromEntries(Object.keys(filters).map((name) => [name, ''])));
    search.focus();
  }

  /** @param {File} chosen @param {boolean} keepGoodRows */
  async function importFile(chosen, keepGoodRows) {
    const query = queryString({ keep_good_rows: keepGoodRows || null });
    try {
      /** @type {ImportReport} */
      const answer = await request('POST', `/api/restaurants/import${query}`, chosen);
      report.replaceChildren(reportOf(answer));
      load();
    } catch (error) {
      const refused = refusedImport(error);
      const good = refused?.good_rows ?? 0;
      const retry =
        good > 0 &&
        button(`Add the ${plural(good, 'good row')}`, null, () => importFile(chosen, true), { class: 'btn small' });
      report.replaceChildren(refused ? reportOf(refused, retry) : errorNote(errorText(error)));
    }
  }

  toolbar.addEventListener('change', (event) => {
    const input = /** @type {HTMLInputElement | HTMLSelectElement} */ (event.target);
    change({ [input.name]: input.value.trim() });
  });
  search.addEventListener(
    'input',
    debounce(() => !left && change({ search: search.value.trim() }), 250),
  );
  file.addEventListener('change', () => {
    const [chosen] = file.files ?? [];
    if (chosen) importFile(chosen, false);
    file.value = '';
  });
  load();
  return {
    leave() {
      left = true;
    },
  };
}
