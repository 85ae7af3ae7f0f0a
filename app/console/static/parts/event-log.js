// The event log: new lines only ever appear at its end, and it follows only while it is scrolled there.
import { h, setText } from '../dom.js';
import { timeOfDay } from '../format.js';

/** @import { BatchEvent } from '../../api.d.ts' */
/** @import { BatchParts } from '../../types.d.ts' */

const KEPT = 1000;
const SHOWN = 300;
const NEAR_END = 24; // pixels
// Progress reports are many and say what the job's row says; the JSON log has them all.
const UNLISTED = new Set(['job.progressed']);
/** @type {Record<string, string>} */
const TONES = { completed: 'completed', partial: 'partial', failed: 'failed', cancelled: 'cancelled' };

/** @type {Record<string, string>} */
const REASONS = {
  user: 'on request',
  failure_threshold: 'too many jobs failed',
  first_n: 'the trial run has ended',
  PIPELINE_CHANGED: 'a step is gone from the code of its pipeline',
};

/** @param {BatchEvent} event */
const isFailure = ({ type }) => type.endsWith('.failed') || type === 'job.retrying';

/** @param {BatchEvent} event */
function toneOf({ type }) {
  if (type === 'job.retrying' || type === 'job.retried' || type === 'step.blocked') return 'retrying';
  if (type.startsWith('step.')) return type === 'step.failed' ? 'failed' : null;
  return TONES[type.split('.')[1]] ?? null;
}

/** @param {BatchEvent} event */
function describe(event) {
  const { type, step, stage, message } = event;
  if (event.error_code) return [event.error_code, message].filter(Boolean).join(': ');
  if (type.startsWith('step.')) return stage && stage !== 'done' ? `${step}, then ${stage}` : (step ?? '');
  if (message) return message;
  if (type.startsWith('batch.') && event.reason) return REASONS[event.reason] ?? event.reason;
  if (type.startsWith('batch.') && event.actor) return `by ${event.actor}`;
  if (type === 'job.started') return stage ?? '';
  if (type === 'jobs.added') return event.sealed ? `${event.added} added, sealed` : `${event.added} added`;
  if (type === 'jobs.acted_on') return `${event.action}: ${event.done} of ${event.matched}`;
  return event.cached ? 'from cache' : '';
}

/** @param {BatchEvent} event @param {(sequence: number) => string} linkTo */
function lineOf(event, linkTo) {
  return h(
    'li',
    { 'data-state': toneOf(event) },
    h('time', { datetime: event.at, title: event.at }, timeOfDay(event.at)),
    h('span.what', event.type),
    event.sequence ? h('a', { href: linkTo(event.sequence) }, `#${event.sequence}`) : h('span'),
    h('span', describe(event)),
  );
}

/** @param {BatchParts} parts @param {(sequence: number) => string} linkTo */
export function eventLog(parts, linkTo) {
  const { lines, follow, only } = parts;
  /** @type {BatchEvent[]} */
  let events = [];

  /** @param {BatchEvent} event */
  const listed = (event) => !UNLISTED.has(event.type) && (!only.checked || isFailure(event));

  // Scrolling needs the layout of all that was written before, so it waits for the frame that makes one anyway.
  function scroll() {
    if (!follow.checked) return;
    requestAnimationFrame(() => {
      lines.scrollTop = lines.scrollHeight;
    });
  }

  function trim() {
    // While someone reads further up, taking lines away above would move the text under their eyes.
    const most = follow.checked ? SHOWN : 5 * SHOWN;
    while (lines.children.length > most) lines.firstElementChild?.remove();
  }

  only.addEventListener('change', () => {
    lines.replaceChildren(
      ...events
        .filter(listed)
        .slice(-SHOWN)
        .map((event) => lineOf(event, linkTo)),
    );
    scroll();
  });
  follow.addEventListener('change', scroll);
  lines.addEventListener('scroll', () => {
    follow.checked = lines.scrollHeight - lines.scrollTop - lines.clientHeight < NEAR_END;
  });

  return {
    /** @param {BatchEvent[]} fresh @param {number} lastId */
    append(fresh, lastId) {
      events = [...events, ...fresh].slice(-KEPT);
      lines.append(
        ...fresh
          .filter(listed)
          .slice(-SHOWN)
          .map((event) => lineOf(event, linkTo)),
      );
      trim();
      scroll();
      setText(parts.events, lastId.toLocaleString('en'));
    },
    clear() {
      events = [];
      lines.replaceChildren();
    },
  };
}
