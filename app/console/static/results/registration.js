// A registered restaurant: its account, and what the platform was found to have.
import { h } from '../dom.js';

const wordsOf = (name) => name.replaceAll('_', ' ');
const isPlain = (value) => ['string', 'number', 'boolean'].includes(typeof value);
const words = (value) => ({ true: 'yes', false: 'no' })[value] ?? String(value);

/** Members of members as one list of [name, value], so that what a step verified reads as a line. */
function flat(result, before = '') {
  return Object.entries(result).flatMap(([name, value]) => {
    const label = before ? `${before}, ${wordsOf(name)}` : wordsOf(name);
    if (isPlain(value)) return [[label, words(value)]];
    return value && typeof value === 'object' && !Array.isArray(value) ? flat(value, label) : [];
  });
}

export function summary(result) {
  return flat(result).slice(0, 2).map(([name, value]) => `${name} ${value}`).join(', ') || null;
}

export function view(result) {
  return h('table.table.natural.small', h('caption.sr', 'Registration'), h('tbody', flat(result).map(([name, value]) =>
    h('tr', h('th', { scope: 'row' }, name), h('td', value)))));
}
