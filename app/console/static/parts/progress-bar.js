// A segmented progress bar: one segment for each item while they fit, else one for each state. Built once, then patched.
import { h, setAttr } from '../dom.js';

const STATES = ['completed', 'failed', 'skipped', 'processing', 'pending'];
const sizeOf = (counters, state) => {
  if (state === 'skipped') return counters.skipped + counters.cancelled;
  return counters[state === 'processing' ? 'running' : state];
};

/** With `items` null there is one segment for each state. */
export function progressBar(items, label, big = false) {
  const names = ['progress-bar', big && 'big', items === null && 'stacked'].filter(Boolean).join(' ');
  const bar = h('div', { class: names, 'aria-hidden': 'true' });
  const meter = h('progress.sr', { max: 100, value: 0, 'aria-label': label });
  const parts = Array.from({ length: items ?? STATES.length }, () => h('i'));
  bar.append(...parts);

  return {
    node: h('div', meter, bar),
    /** `list` has one { state, done } for each segment, `done` from 0 to 1. */
    setSegments(list) {
      list.forEach(({ state, done }, at) => {
        setAttr(parts[at], 'data-state', state);
        if (state === 'processing') parts[at].style.setProperty('--done', done);
      });
    },
    setCounts(counters) {
      STATES.forEach((state, at) => {
        const size = sizeOf(counters, state);
        setAttr(parts[at], 'data-state', state);
        setAttr(parts[at], 'data-size', size);
        parts[at].style.flexGrow = size;
      });
    },
    setValue(percent) {
      if (meter.value !== percent) meter.value = percent;
    },
  };
}
