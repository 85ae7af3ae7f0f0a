// Failed jobs grouped by step and cause. The panel stands above the rows, so it appears and grows only when it is
// opened; between that, only its numbers change.
import { getOrNull } from '../api.js';
import { disabledReason, retryFailed } from '../commands.js';
import { button, find, h, setText } from '../dom.js';
import { formatNumber, plural, timeOfDay } from '../format.js';
import { jobName } from '../model.js';
import { actionButton, setDisabledReason, setLabel } from './overlays.js';

/** @import { FailureGroup } from '../../api.d.ts' */
/** @import { BatchModel } from '../model.js' */
/** @typedef {{ count: HTMLElement, retry: HTMLButtonElement | null, code: string }} Shown */

const RELOAD_EVERY = 2000;

/** @param {FailureGroup} group */
const keyOf = ({ step, error_code: code, message }) => JSON.stringify([step, code, message]);

/**
 * Of the model's jobs only names are taken. `show` lists the jobs that failed with a code; `changed` is called after
 * numbers came.
 * @param {HTMLElement} box
 * @param {string} path
 * @param {BatchModel} model
 * @param {{ show: (code: string) => void, changed: () => void }} options
 */
export function failures(box, path, { batch, jobs }, { show, changed }) {
  /** @type {Map<string, Shown>} by group */
  const shown = new Map();
  /** @type {Map<string, FailureGroup>} by key */
  let groups = new Map();
  let loadedFor = -1; // how many had failed when the groups were loaded
  let last = 0;

  /** @param {string} code */
  function countOf(code) {
    const sizes = [...groups.values()].map((group) => (group.error_code === code ? group.count : 0));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  // A retry takes all jobs with a code, in whichever step they failed: the first group of a code has its button.
  /** @param {string} code */
  function retryButton(code) {
    if ([...shown.values()].some((other) => other.code === code)) return null;
    return actionButton('', 'retry', () => retryFailed(batch, code), { class: 'btn small again' });
  }

  /** @param {FailureGroup} group */
  function draw({ error_code: code, step, message, sample, first_failed_at: first }) {
    const count = h('b.num');
    const retry = retryButton(code);
    const sentence = sample.error_message ?? message;
    const job = jobs.get(sample.job_id) ?? sample;
    const where = [step && `in ${step}`, `first seen ${timeOfDay(first)}`, `for example ${jobName(job)}`];
    const label = { class: 'btn small quiet', 'aria-label': `Show jobs with ${code}` };
    const text = h(
      'div',
      h('p.cut', { title: sentence }, h('code', code), ' ', sentence),
      h('p.dim.cut', where.filter(Boolean).join(', ')),
    );
    find('ul', box).append(
      h(
        'li',
        count,
        text,
        button('Show', null, () => show(code), label),
        retry ?? h('span'),
      ),
    );
    return { count, retry, code };
  }

  async function load() {
    last = Date.now();
    loadedFor = batch.counters.failed;
    /** @type {{ groups: FailureGroup[] } | null} */
    const answer = await getOrNull(`${path}/failures`);
    if (answer) groups = new Map(answer.groups.map((group) => [keyOf(group), group]));
    else loadedFor = -1;
  }

  function patch() {
    for (const [key, { count, retry, code }] of shown) {
      setText(count, formatNumber(groups.get(key)?.count ?? 0));
      if (!retry) continue;
      const n = formatNumber(countOf(code));
      setLabel(retry, 'retry', `Retry ${n}`);
      retry.setAttribute('aria-label', `Retry ${n} with ${code}`);
      setDisabledReason(retry, disabledReason.retry(batch));
    }
    if (box.hidden) return;
    const reasons = groups.size === 1 ? 'one reason' : `${formatNumber(groups.size)} reasons`;
    setText(find('h2', box), `${plural(batch.counters.failed, 'job')} failed, for ${reasons}`);
  }

  return {
    patch() {
      patch();
      if (box.hidden || loadedFor === batch.counters.failed || Date.now() - last < RELOAD_EVERY) return;
      load().then(changed);
    },
    /** Whether some job failed for a reason that the panel does not list yet. */
    hasMore: () => batch.counters.failed > 0 && (box.hidden || [...groups.keys()].some((key) => !shown.has(key))),
    async reveal() {
      if (!batch.counters.failed) return;
      if (loadedFor !== batch.counters.failed) await load();
      for (const [key, group] of groups) if (!shown.has(key)) shown.set(key, draw(group));
      box.hidden = !shown.size;
      patch();
      changed();
    },
  };
}
