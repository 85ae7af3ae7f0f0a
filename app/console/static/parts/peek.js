// What unfolds under a batch in the list: its first jobs, and what can be done with it.
import { get } from '../api.js';
import { archive, removeBatch, retryFailed, whyNot } from '../commands.js';
import { h, icon, text } from '../dom.js';
import { nameOf } from '../model.js';
import { actButton, bar, relabel } from './floats.js';
import { jobLine, jobTime } from './job-words.js';
import { lookOf, setState, stateLabel } from './states.js';

const JOBS = 100;

/** `left` is called with whether the batch went: true after archiving or deleting, false after it was taken back. */
export function peekInto(batch, href, left) {
  const lines = new Map(); // job id -> what is drawn for it
  const list = h('ul.peek', { tabindex: 0, 'aria-label': `Jobs of ${batch.name}` });
  const details = h('a.btn.small', { href }, 'Details');
  const zip = h('a.btn.small', { href: `/api/batches/${batch.id}/download`, download: true }, icon('download'), 'ZIP');
  const retry = actButton('', 'retry', () => retryFailed(batch), { class: 'btn small' });
  const away = actButton('Archive', 'archive', () => archive(batch, left), { class: 'btn small' });
  const gone = actButton('Delete…', 'trash', () => removeBatch(batch, () => left(true)), { class: 'btn small danger' });

  function draw(jobs) {
    for (const job of jobs) {
      let line = lines.get(job.id);
      if (!line) {
        line = { state: stateLabel(...lookOf(job)), message: h('span.cut.dim'), time: h('span.num.dim') };
        const name = h('span.cut', { title: nameOf(job) }, nameOf(job));
        list.append(h('li', line.state, name, line.message, line.time));
        lines.set(job.id, line);
      }
      setState(line.state, ...lookOf(job));
      text(line.message, jobLine(job, batch).message);
      text(line.time, jobTime(job));
    }
  }

  return {
    nodes: [list, h('div.actions', details, zip, retry, away, gone)],
    paint() {
      const { total, failed } = batch.counters;
      text(details, total > JOBS ? `Details, all ${total.toLocaleString('en')} jobs` : 'Details');
      relabel(retry, 'retry', `Retry failed (${failed.toLocaleString('en')})`);
      relabel(away, 'archive', batch.archived_at ? 'Bring back' : 'Archive');
      bar(retry, whyNot.retry(batch));
      bar(away, batch.archived_at ? '' : whyNot.archive(batch));
      bar(gone, whyNot.remove(batch));
    },
    async refresh() {
      const { jobs } = await get(`/api/batches/${batch.id}/jobs`, { limit: JOBS });
      const first = !lines.size;
      draw(jobs);
      const running = first && list.querySelector('[data-state=processing]')?.parentNode;
      if (running) list.scrollTop = running.offsetTop - running.offsetHeight * 2;
    },
  };
}
