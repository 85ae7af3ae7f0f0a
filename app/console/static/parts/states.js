// States as people see them: an icon, a word and a colour. Colour alone never says it.
import { h, icon } from '../dom.js';
import { capitalize, now } from '../format.js';

/** @import { Batch, Counters, Job } from '../../api.d.ts' */
/** @import { Label } from '../../types.d.ts' */

export const OPEN = ['draft', 'pending', 'processing', 'paused', 'cancelling'];
/** @param {Pick<Batch, 'status'>} batch */
export const isOpen = (batch) => OPEN.includes(batch.status);

/**
 * Counts complete jobs: completed or failed; cancelled jobs are not complete.
 * @param {Counters} counters
 */
export const completeCount = (counters) => counters.completed + counters.failed;

/**
 * What a job shows as: a cached one and one that waits to be retried have a look of their own.
 * @param {Job} job
 * @returns {Label}
 */
export function jobState(job) {
  if (job.cached && job.status === 'completed') return ['cached', 'Cached'];
  if (job.status === 'pending' && job.run_at && Date.parse(job.run_at) > now()) return ['retrying', 'Retrying'];
  return [toneOf(job.status), capitalize(job.status)];
}

/**
 * Jobs and steps say `running` where batches say `processing`; both look the same.
 * @param {string} status
 */
export const toneOf = (status) => (status === 'running' ? 'processing' : status);

/**
 * The outline of a state. What turns is a box around the drawing: a browser turns boxes without repainting them.
 * @param {string} tone
 */
function stateIcon(tone) {
  if (tone === 'processing') return h('span.turns', icon(tone));
  return icon(tone === 'retrying' ? 'retry' : tone);
}

/** @param {string} status */
export function stateLabel(status, label = capitalize(status)) {
  const tone = toneOf(status);
  return h('span.state', { 'data-state': tone }, stateIcon(tone), h('span', label));
}

/** @param {HTMLElement} node @param {string} status */
export function setState(node, status, label = capitalize(status)) {
  const tone = toneOf(status);
  if (node.dataset.state === tone && node.textContent === label) return;
  const before = node.dataset.state;
  node.dataset.state = tone;
  node.replaceChildren(stateIcon(tone), h('span', label));
  if (before && before !== tone) highlight(node.closest('tr, header, .row-preview li'));
}

/** @type {WeakMap<Element, number>} node -> timer */
const fading = new WeakMap();

/** @param {Element | null} node */
function highlight(node) {
  if (!node) return;
  node.classList.add('changed');
  clearTimeout(fading.get(node));
  fading.set(
    node,
    setTimeout(() => node.classList.remove('changed'), 1000),
  );
}
