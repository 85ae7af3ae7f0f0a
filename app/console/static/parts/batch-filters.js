// The filters of the list of batches. The address is the truth; the controls show it.
import { getPipelines } from '../api.js';
import { debounce, find, findAll, h, setText } from '../dom.js';
import { formatNumber, now } from '../format.js';
import { hrefOf, setQuery } from '../router.js';
import { countOf, TABS } from './batch-tabs.js';

/** @import { BatchCounts } from '../../api.d.ts' */
/** @import { TemplateParts } from '../../types.d.ts' */
/** @import { Query } from '../api.js' */

const SELECTS = ['pipeline', 'customer', 'age', 'sort'];
const NAMES = ['search', ...SELECTS];

/**
 * `changed` is called when somebody has changed a filter, not when the address is read.
 * @param {TemplateParts['batches']} parts
 * @param {() => void} changed
 */
export function batchFilters(parts, changed) {
  const form = parts.filters;
  /** @type {Record<string, string>} */
  let values = {};
  /** @type {BatchCounts | null} */
  let counts = null;

  /** @param {string} name @returns {HTMLSelectElement} */
  const selectOf = (name) => find(`[name=${name}]`, form);

  /** @param {HTMLSelectElement} select @param {string} value */
  function addOption(select, value, label = value) {
    const known = [...select.options].find((option) => option.value === value);
    if (!known) select.append(h('option', { value }, label));
    else if (label !== value) setText(known, label);
  }

  function drawTabs() {
    const tabs = Object.entries(TABS).map(([tab, [label]]) => {
      const href = hrefOf('batches', { ...values, tab });
      const current = tab === values.tab && 'page';
      return h('a', { href, 'aria-current': current, 'data-tab': tab }, label, h('span.count'));
    });
    parts.tabs.replaceChildren(...tabs);
    drawCounts();
  }

  function drawCounts() {
    for (const link of findAll('a', parts.tabs)) {
      const tab = link.dataset.tab ?? '';
      setText(find('.count', link), counts ? formatNumber(countOf(counts, tab)) : '');
    }
  }

  /** @param {Record<string, string>} changes */
  function change(changes) {
    setQuery(changes);
    values = { ...values, ...changes };
    drawTabs();
    changed();
  }

  async function loadPipelines() {
    for (const { key, title } of await getPipelines()) addOption(selectOf('pipeline'), key, title);
  }

  form.addEventListener('change', (event) => {
    const select = /** @type {HTMLSelectElement} */ (event.target);
    change({ [select.name]: select.value });
  });
  const search = debounce(() => {
    if (parts.search.isConnected) change({ search: parts.search.value.trim() });
  }, 250);
  parts.search.addEventListener('input', search);
  loadPipelines().catch(() => {});

  return {
    get values() {
      return values;
    },
    get isActive() {
      return Boolean(values.search || values.pipeline || values.customer || values.age);
    },
    /** How many batches there are under the filters and the tab; 0 while that is not known. */
    get matching() {
      return counts ? countOf(counts, values.tab) : 0;
    },
    /** @param {URLSearchParams} query */
    read(query) {
      values = { tab: query.get('tab') ?? '' };
      for (const name of NAMES) values[name] = query.get(name) ?? '';
      if (parts.search.value.trim() !== values.search) parts.search.value = values.search;
      for (const name of SELECTS) {
        addOption(selectOf(name), values[name]);
        selectOf(name).value = values[name];
      }
      drawTabs();
    },
    clear() {
      parts.search.value = '';
      form.reset();
      change(Object.fromEntries(NAMES.map((name) => [name, ''])));
    },
    /** @param {string | null} customer */
    offerCustomer(customer) {
      if (customer) addOption(selectOf('customer'), customer);
    },
    /** @param {BatchCounts} next */
    showCounts(next) {
      counts = next;
      drawCounts();
    },
    /** The filters without the tab, as the API takes them. @returns {Query} */
    query: () => ({
      pipeline: values.pipeline,
      customer: values.customer,
      search: values.search,
      created_after: values.age && new Date(now() - Number(values.age) * 3_600_000).toISOString(),
    }),
    /** What the list asks the API for. @returns {Query} */
    listQuery() {
      const tab = { status: TABS[values.tab]?.[1], archived: values.tab === 'archived' || null };
      return { ...this.query(), ...tab, sort: values.sort || '-created_at' };
    },
  };
}
