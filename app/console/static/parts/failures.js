// Failed jobs grouped by what went wrong. The panel stands above the rows, so it appears and grows only when it is
// opened; between that, only its numbers change.
import { get } from '../api.js';
import { disabledReason, retryFailed } from '../commands.js';
import { button, find, h, setText } from '../dom.js';
import { plural, timeOfDay } from '../format.js';
import { jobName } from '../model.js';
import { actionButton, setDisabledReason, setLabel } from './overlays.js';

const RELOAD_EVERY = 2000;

/** The service's groups, put together by code: a retry asks for a code. The largest group of a code speaks for it. */
function byCode(groups) {
  const codes = new Map();
  for (const group of groups) {
    const known = codes.get(group.error_code);
    if (known) known.count += group.count;
    else codes.set(group.error_code, { ...group });
  }
  return codes;
}

/** Of the model's `jobs` only names are taken. `show` is called with an error code, to list the jobs that failed with it; `changed` after numbers came. */
export function failures(box, path, { batch, jobs }, { show, changed }) {
  const shown = new Map(); // code -> what is drawn for it
  let codes = new Map();
  let loadedFor = -1; // how many had failed when the groups were loaded
  let last = 0;

  function draw({ error_code: code, step, message, sample, first_failed_at: first }) {
    const count = h('b.num');
    const again = actionButton('', 'retry', () => retryFailed(batch, code), { class: 'btn small again' });
    const sentence = sample.error_message ?? message;
    const job = jobs.get(sample.job_id) ?? sample;
    const where = [step && `in ${step}`, `first seen ${timeOfDay(first)}`, `for example ${jobName(job)}`];
    const node = h(
      'li',
      count,
      h(
        'div',
        h('p.cut', { title: sentence }, h('code', code), ' ', sentence),
        h('p.dim.cut', where.filter(Boolean).join(', ')),
      ),
      button('Show', null, () => show(code), { class: 'btn small quiet', 'aria-label': `Show jobs with ${code}` }),
      again,
    );
    find('ul', box).append(node);
    return { count, again };
  }

  async function load() {
    last = Date.now();
    loadedFor = batch.counters.failed;
    const answer = await get(`${path}/failures`).catch(() => null);
    if (answer) codes = byCode(answer.groups);
    else loadedFor = -1;
  }

  function patch() {
    for (const [code, { count, again }] of shown) {
      const n = (codes.get(code)?.count ?? 0).toLocaleString('en');
      setText(count, n);
      setLabel(again, 'retry', `Retry ${n}`);
      again.setAttribute('aria-label', `Retry ${n} with ${code}`);
      setDisabledReason(again, disabledReason.retry(batch));
    }
    if (box.hidden) return;
    const reasons = codes.size === 1 ? 'for one reason' : `for ${codes.size} reasons`;
    setText(find('h2', box), `${plural(batch.counters.failed, 'job')} failed, ${reasons}`);
  }

  return {
    patch() {
      patch();
      if (box.hidden || loadedFor === batch.counters.failed || Date.now() - last < RELOAD_EVERY) return;
      load().then(changed);
    },
    /** Whether some job failed for a reason that the panel does not list yet. */
    hasMore: () => batch.counters.failed > 0 && (box.hidden || [...codes.keys()].some((code) => !shown.has(code))),
    async reveal() {
      if (!batch.counters.failed) return;
      if (loadedFor !== batch.counters.failed) await load();
      for (const [code, group] of codes) if (!shown.has(code)) shown.set(code, draw(group));
      box.hidden = !shown.size;
      patch();
      changed();
    },
  };
}
