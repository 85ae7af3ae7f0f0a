// Progress as slices: one for each item while they fit, else one for each state. Built once, then patched.
import { attr, h } from '../dom.js';

const STACK = ['completed', 'failed', 'skipped', 'processing', 'pending'];
const sizeOf = (counters, state) => {
  if (state === 'skipped') return counters.skipped + counters.cancelled;
  return counters[state === 'processing' ? 'running' : state];
};

/** `items` slices, or with null one for each state. */
export function slices(items, label, big = false) {
  const names = ['slices', big && 'big', items === null && 'stacked'].filter(Boolean).join(' ');
  const bar = h('div', { class: names, 'aria-hidden': 'true' });
  const meter = h('progress.sr', { max: 100, value: 0, 'aria-label': label });
  const parts = Array.from({ length: items ?? STACK.length }, () => h('i'));
  bar.append(...parts);

  return {
    node: h('div', meter, bar),
    /** `list` has one { state, done } for each slice, `done` from 0 to 1. */
    each(list) {
      list.forEach(({ state, done }, at) => {
        attr(parts[at], 'data-state', state);
        if (state === 'processing') parts[at].style.setProperty('--done', done);
      });
    },
    stack(counters) {
      STACK.forEach((state, at) => {
        const size = sizeOf(counters, state);
        attr(parts[at], 'data-state', state);
        attr(parts[at], 'data-size', size);
        parts[at].style.flexGrow = size;
      });
    },
    value(percent) {
      if (meter.value !== percent) meter.value = percent;
    },
  };
}
