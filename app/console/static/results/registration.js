// A registered restaurant: its account, and what the platform was found to have.
import { h } from '../dom.js';
import { isPlain, labelOf, plainText } from '../format.js';

/**
 * Members of members as one list of [name, value], so that what a step verified reads as a line.
 * @param {object} result
 * @returns {[string, string][]}
 */
function flatten(result, before = '') {
  return Object.entries(result).flatMap(([name, value]) => {
    const label = before ? `${before}, ${labelOf(name)}` : labelOf(name);
    if (isPlain(value)) return [[label, plainText(value)]];
    return value && typeof value === 'object' && !Array.isArray(value) ? flatten(value, label) : [];
  });
}

/** @param {object} result */
export function summary(result) {
  return (
    flatten(result)
      .slice(0, 2)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ') || null
  );
}

/** @param {object} result */
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
