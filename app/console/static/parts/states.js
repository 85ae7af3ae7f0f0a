// States as people see them: an outline, a word and a colour. Colour alone never says it.
import { h, icon } from '../dom.js';
import { capitalize, now } from '../format.js';

export const OPEN = ['draft', 'pending', 'processing', 'paused', 'cancelling'];
export const isOpen = (batch) => OPEN.includes(batch.status);

/** Counts complete jobs: completed or failed; cancelled jobs are not complete. */
export const completeCount = (counters) => counters.completed + counters.failed;

/** What a job shows as: a cached one and one that waits for its next try have a look of their own. */
export function jobState(job) {
  if (job.cached && job.status === 'completed') return ['cached', 'Cached'];
  if (job.status === 'pending' && job.run_at && Date.parse(job.run_at) > now()) return ['retrying', 'Retrying'];
  return [toneOf(job.status), capitalize(job.status)];
}

/** Jobs and steps say `running` where batches say `processing`; both look the same. */
export const toneOf = (status) => (status === 'running' ? 'processing' : status);

/** The outline of a state. What turns is a box around the drawing: a browser turns boxes without repainting them. */
function stateIcon(tone) {
  if (tone === 'processing') return h('span.turns', icon(tone));
  return icon(tone === 'retrying' ? 'retry' : tone);
}

export function stateLabel(status, label = capitalize(status)) {
  const tone = toneOf(status);
  return h('span.state', { 'data-state': tone }, stateIcon(tone), h('span', label));
}

export function setState(node, status, label = capitalize(status)) {
  const tone = toneOf(status);
  if (node.dataset.state === tone && node.textContent === label) return;
  const before = node.dataset.state;
  node.dataset.state = tone;
  node.replaceChildren(stateIcon(tone), h('span', label));
  if (before && before !== tone) highlight(node.closest('tr, header, .row-preview li'));
}

const fading = new WeakMap(); // node -> timer

function highlight(node) {
  if (!node) return;
  node.classList.add('changed');
  clearTimeout(fading.get(node));
  fading.set(
    node,
    setTimeout(() => node.classList.remove('changed'), 1000),
  );
}
