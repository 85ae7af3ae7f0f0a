// A registered restaurant: its account, and what the platform was found to have.
import { h } from '../dom.js';

const labelOf = (name) => name.replaceAll('_', ' ');
const isPlain = (value) => ['string', 'number', 'boolean'].includes(typeof value);
const formatValue = (value) => ({ true: 'yes', false: 'no' })[value] ?? String(value);

/** Members of members as one list of [name, value], so that what a step verified reads as a line. */
function flatten(result, before = '') {
  return Object.entries(result).flatMap(([name, value]) => {
    const label = before ? `${before}, ${labelOf(name)}` : labelOf(name);
    if (isPlain(value)) return [[label, formatValue(value)]];
    return value && typeof value === 'object' && !Array.isArray(value) ? flatten(value, label) : [];
  });
}

export function summary(result) {
  return (
    flatten(result)
      .slice(0, 2)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ') || null
  );
}

export function view(result) {
  return h(
    'table.table.natural.small',
    h('caption.sr', 'Registration'),
    h(
      'tbody',
      flatten(result).map(([name, value]) => h('tr', h('th', { scope: 'row' }, name), h('td', value))),
    ),
  );
}
