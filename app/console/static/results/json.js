// Any result: a table of its plain members, and the whole as JSON.
import { h } from '../dom.js';
import { isPlain, labelOf } from '../format.js';

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** @param {unknown} result */
export function summary(result) {
  if (!isObject(result)) return String(result);
  if (typeof result.message === 'string') return result.message;
  const parts = Object.entries(result).filter(([, value]) => isPlain(value));
  return (
    parts
      .slice(0, 3)
      .map(([name, value]) => `${labelOf(name)} ${value}`)
      .join(', ') || null
  );
}

/** @param {unknown} result */
export function view(result) {
  const whole = h('pre.code', { tabindex: 0 }, JSON.stringify(result, null, 2));
  if (!isObject(result)) return whole;
  const plain = Object.entries(result).filter(([, value]) => isPlain(value));
  if (!plain.length) return whole;
  const rows = plain.map(([name, value]) => h('tr', h('th', { scope: 'row' }, labelOf(name)), h('td', String(value))));
  const complete = plain.length === Object.keys(result).length;
  return h(
    'div.stack',
    h('table.table.natural.small', h('caption.sr', 'Result'), h('tbody', rows)),
    complete ? null : h('details', h('summary', 'Show as JSON'), whole),
  );
}
