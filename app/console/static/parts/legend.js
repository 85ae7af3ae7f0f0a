// Counts by state under the progress bar; each one shows only the jobs of that state.
import { h, icon, setAttr, setText } from '../dom.js';
import { percent } from '../format.js';

/** @import { Counters } from '../../api.d.ts' */

/** @type {[key: string, tone: string, label: string, countOf: (counters: Counters) => number][]} */
const ENTRIES = [
  ['completed', 'completed', 'Completed', (counters) => counters.completed],
  ['failed', 'failed', 'Failed', (counters) => counters.failed],
  ['cancelled', 'cancelled', 'Cancelled', (counters) => counters.cancelled + counters.skipped],
  ['running', 'processing', 'Running', (counters) => counters.running],
  ['pending', 'pending', 'Pending', (counters) => counters.pending],
  ['cached', 'cached', 'From cache', (counters) => counters.cached],
];

/**
 * `changed` is called with the Set of states to show; an empty one shows all.
 * @param {HTMLElement} box
 * @param {Set<string>} chosen
 * @param {(chosen: Set<string>) => void} changed
 */
export function legend(box, chosen, changed) {
  const entries = ENTRIES.map(([key, tone, label, countOf]) => {
    const count = h('b');
    const share = h('span.dim');
    const node = h('button', { 'data-state': tone }, icon(tone), label, count, share);
    node.addEventListener('click', () => {
      if (!chosen.delete(key)) chosen.add(key);
      draw();
      changed(chosen);
    });
    box.append(node);
    return { key, node, count, share, countOf };
  });

  function draw() {
    for (const { key, node } of entries) setAttr(node, 'aria-pressed', String(chosen.has(key)));
  }

  draw();
  return {
    /** @param {string[]} keys */
    choose(keys) {
      chosen.clear();
      for (const key of keys) chosen.add(key);
      draw();
      changed(chosen);
    },
    /** @param {Counters} counters */
    patch(counters) {
      for (const { node, count, share, countOf } of entries) {
        const n = countOf(counters);
        setText(count, n.toLocaleString('en'));
        setText(share, n ? `${percent(n, counters.total)}%` : '');
        setAttr(node, 'data-none', !n);
      }
    },
  };
}
