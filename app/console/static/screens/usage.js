// What the organisation uses of everything that is limited.
import { errorText, get } from '../api.js';
import { h } from '../dom.js';
import { fileSize, formatNumber, percent } from '../format.js';
import { dataTable } from '../parts/data-table.js';
import { errorNote, loader, page } from '../parts/page.js';
import { stateLabel } from '../parts/states.js';

/** @import { QuotaUse, Usage } from '../../api.d.ts' */
/** @import { Column } from '../parts/data-table.js' */

const EVERY = 15_000;
/** @type {Record<QuotaUse['name'], string>} */
const LABELS = {
  stored_bytes: 'Stored files',
  batches_per_day: 'Batches today',
  jobs_in_flight: 'Jobs waiting or running',
  open_streams: 'Open live connections',
  webhooks: 'Webhooks',
  keys: 'Keys',
  users: 'Users',
};

/** @param {QuotaUse} quota @param {number} value */
const amount = ({ name }, value) => (name === 'stored_bytes' ? fileSize(value) : formatNumber(value));

/** @param {QuotaUse} quota */
function useOf(quota) {
  const { name, used, limit } = quota;
  if (used === null) return h('span.dim', 'not counted');
  if (limit === null) return h('span.num', amount(quota, used));
  return [
    h('span.num', `${amount(quota, used)} of ${amount(quota, limit)}`),
    h('progress', {
      max: Math.max(1, limit),
      value: Math.min(used, limit),
      'aria-label': `${LABELS[name]}, ${percent(used, Math.max(1, limit))}% of the limit`,
    }),
  ];
}

/** @param {QuotaUse} quota */
function stateOf({ limit, state }) {
  if (limit === null) return h('span.dim', 'No limit');
  if (state === 'reached') return stateLabel('failed', 'Limit reached');
  return state === 'near' ? stateLabel('partial', 'Near the limit') : stateLabel('completed', 'Within the limit');
}

/** @type {Column<QuotaUse>[]} */
const COLUMNS = [
  { label: 'What', cell: ({ name }) => h('span.name', LABELS[name]) },
  { label: 'Used', kind: 'metered', cell: useOf },
  { label: 'State', cell: stateOf },
];

export function usageScreen() {
  const { body } = page('Usage', {
    intro: 'What your organisation uses, and how much it may. An operator of this installation can raise a limit.',
  });
  const table = dataTable({ caption: 'Usage and limits', keyOf: ({ name }) => name, columns: COLUMNS });
  const notes = h('div.stack', { 'aria-live': 'polite' });
  body.append(notes, table.node);

  return loader({
    every: EVERY,
    /** @returns {Promise<Usage>} */
    load: () => get('/api/organisation/usage'),
    draw({ quotas, warnings }) {
      notes.replaceChildren(...warnings.map((text) => h('p.note', { 'data-state': 'partial' }, h('span', text))));
      table.draw(quotas);
    },
    failed: (error) => notes.replaceChildren(errorNote(errorText(error))),
  });
}
