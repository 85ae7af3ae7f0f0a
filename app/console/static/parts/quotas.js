// What is limited, in words, and the columns of a table of what is used of it.
import { h } from '../dom.js';
import { fileSize, formatNumber, percent } from '../format.js';
import { stateLabel } from './states.js';

/** @import { QuotaUse } from '../../api.d.ts' */
/** @import { Column } from './data-table.js' */

/** @type {Record<QuotaUse['name'], string>} */
export const QUOTA_LABELS = {
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
      'aria-label': `${QUOTA_LABELS[name]}, ${percent(used, Math.max(1, limit))}% of the limit`,
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
export const QUOTA_COLUMNS = [
  { label: 'What', cell: ({ name }) => h('span.name', QUOTA_LABELS[name]) },
  { label: 'Used', kind: 'metered', cell: useOf },
  { label: 'State', cell: stateOf },
];
