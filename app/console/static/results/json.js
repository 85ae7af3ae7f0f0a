// Any result: a table of its plain members, and the whole as JSON.
import { h } from '../dom.js';

const isPlain = (value) => ['string', 'number', 'boolean'].includes(typeof value);
const labelOf = (name) => name.replaceAll('_', ' ');

export function summary(result) {
  if (typeof result.message === 'string') return result.message;
  if (typeof result !== 'object') return String(result);
  const parts = Object.entries(result)
    .filter(([, value]) => isPlain(value))
    .slice(0, 3);
  return parts.map(([name, value]) => `${labelOf(name)} ${value}`).join(', ') || null;
}

export function view(result) {
  const whole = h('pre.code', { tabindex: 0 }, JSON.stringify(result, null, 2));
  if (result === null || typeof result !== 'object' || Array.isArray(result)) return whole;
  const plain = Object.entries(result).filter(([, value]) => isPlain(value));
  if (!plain.length) return whole;
  const rows = plain.map(([name, value]) => h('tr', h('th', { scope: 'row' }, labelOf(name)), h('td', String(value))));
  const complete = plain.length === Object.keys(result).length;
  return h(
    'div.stack',
    h('table.table.natural.small', h('caption.sr', 'Result'), h('tbody', rows)),
    complete ? null : h('details', h('summary', 'All of it as JSON'), whole),
  );
}
