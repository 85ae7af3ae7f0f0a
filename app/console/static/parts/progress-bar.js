// A segmented progress bar: one segment for each item while they fit, else one for each state. Built once, then patched.
import { h, setAttr } from '../dom.js';

/** @import { Counters } from '../../api.d.ts' */
/** @import { Segment } from '../../types.d.ts' */

const STATES = ['completed', 'failed', 'skipped', 'processing', 'pending'];
/** @param {Counters} counters @param {string} state @returns {number} */
const sizeOf = (counters, state) => {
  if (state === 'skipped') return counters.skipped + counters.cancelled;
  return counters[/** @type {keyof Counters} */ (state === 'processing' ? 'running' : state)];
};

/**
 * With `items` null there is one segment for each state.
 * @param {number | null} items
 * @param {string} label
 */
export function progressBar(items, label, big = false) {
  const names = ['progress-bar', big && 'big', items === null && 'stacked'].filter(Boolean).join(' ');
  const bar = h('div', { class: names, 'aria-hidden': 'true' });
  const meter = h('progress.sr', { max: 100, value: 0, 'aria-label': label });
  const parts = Array.from({ length: items ?? STATES.length }, () => h('i'));
  bar.append(...parts);

  return {
    node: h('div', meter, bar),
    /**
     * `list` has one { state, done } for each segment, `done` from 0 to 1.
     * @param {Segment[]} list
     */
    setSegments(list) {
      list.forEach(({ state, done }, at) => {
        setAttr(parts[at], 'data-state', state);
        if (state === 'processing') parts[at].style.setProperty('--done', String(done ?? 0));
      });
    },
    /** @param {Counters} counters */
    setCounts(counters) {
      STATES.forEach((state, at) => {
        const size = sizeOf(counters, state);
        setAttr(parts[at], 'data-state', state);
        setAttr(parts[at], 'data-size', size);
        parts[at].style.flexGrow = String(size);
      });
    },
    /** @param {number} percent */
    setValue(percent) {
      if (meter.value !== percent) meter.value = percent;
    },
  };
}
