// Failed jobs grouped by what went wrong. The panel stands above the rows, so it appears and grows only when it is
// asked for; between that, only its numbers change.
import { button, find, h, text } from '../dom.js';
import { nameOf } from '../model.js';
import { clock, many } from '../words.js';

/** `show` is called with an error code, to list the jobs that failed with it. */
export function failures(box, show) {
  const groups = new Map();

  function group(code, job, step) {
    const count = h('b.num');
    const when = job.completed_at ? `first seen ${clock(job.completed_at)}, ` : '';
    const where = step ? `in ${step.name}, ` : '';
    const node = h('li', count,
      h('div', h('p.cut', { title: job.error_message ?? '' }, h('code', code), ' ', job.error_message ?? ''),
        h('p.dim.cut', `${where}${when}for example ${nameOf(job)}`)),
      button('Show', null, () => show(code), { class: 'btn small quiet', 'aria-label': `Show jobs with ${code}` }));
    find('ul', box).append(node);
    return { count };
  }

  function sort(jobs) {
    const byCode = new Map();
    for (const job of jobs) {
      if (job.status !== 'failed') continue;
      const code = job.error_code ?? 'FAILED';
      if (!byCode.has(code)) byCode.set(code, []);
      byCode.get(code).push(job);
    }
    return byCode;
  }

  function patch(jobs, failed) {
    if (box.hidden) return;
    const byCode = sort(jobs);
    const reasons = byCode.size === 1 ? 'for one reason' : `for ${byCode.size} reasons`;
    text(find('h2', box), `${many(failed, 'job')} failed, ${reasons}`);
    for (const [code, list] of byCode) {
      if (groups.has(code)) text(groups.get(code).count, list.length.toLocaleString('en'));
    }
  }

  return {
    patch,
    /** Whether some job failed for a reason that the panel does not list yet. */
    hasMore: (jobs) => [...sort(jobs).keys()].some((code) => !groups.has(code)),
    reveal(jobs, failed) {
      const all = [...jobs];
      for (const [code, list] of sort(all)) {
        const step = list[0].steps.find(({ status }) => status === 'failed');
        if (!groups.has(code)) groups.set(code, group(code, list[0], step));
      }
      box.hidden = !groups.size;
      patch(all, failed);
    },
  };
}
