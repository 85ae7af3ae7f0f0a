// What unfolds under a batch in the list: its first jobs, and what can be done with it.
import { get } from '../api.js';
import { archive, disabledReason, removeBatch, retryFailed } from '../commands.js';
import { h, icon, setText } from '../dom.js';
import { jobName } from '../model.js';
import { jobLine, jobTime } from './job-text.js';
import { actionButton, setDisabledReason, setLabel } from './overlays.js';
import { jobState, setState, stateLabel } from './states.js';

const JOBS = 100;

/** `left` is called with whether the batch went: true after archiving or deleting, false after it was taken back. */
export function rowPreview(batch, href, onRemoved) {
  const lines = new Map(); // job id -> what is drawn for it
  const list = h('ul.row-preview', { tabindex: 0, 'aria-label': `Jobs of ${batch.name}` });
  const details = h('a.btn.small', { href }, 'Details');
  const zip = h('a.btn.small', { href: `/api/batches/${batch.id}/download`, download: true }, icon('download'), 'ZIP');
  const retryButton = actionButton('', 'retry', () => retryFailed(batch), { class: 'btn small' });
  const archiveButton = actionButton('Archive', 'archive', () => archive(batch, onRemoved), { class: 'btn small' });
  const deleteButton = actionButton('Delete…', 'trash', () => removeBatch(batch, () => onRemoved(true)), {
    class: 'btn small danger',
  });

  function draw(jobs) {
    for (const job of jobs) {
      let line = lines.get(job.id);
      if (!line) {
        line = { state: stateLabel(...jobState(job)), message: h('span.cut.dim'), time: h('span.num.dim') };
        const name = h('span.cut', { title: jobName(job) }, jobName(job));
        list.append(h('li', line.state, name, line.message, line.time));
        lines.set(job.id, line);
      }
      setState(line.state, ...jobState(job));
      setText(line.message, jobLine(job, batch).message);
      setText(line.time, jobTime(job));
    }
  }

  return {
    nodes: [list, h('div.actions', details, zip, retryButton, archiveButton, deleteButton)],
    render() {
      const { total, failed } = batch.counters;
      setText(details, total > JOBS ? `Details, all ${total.toLocaleString('en')} jobs` : 'Details');
      setLabel(retryButton, 'retry', `Retry failed (${failed.toLocaleString('en')})`);
      setLabel(archiveButton, 'archive', batch.archived_at ? 'Bring back' : 'Archive');
      setDisabledReason(retryButton, disabledReason.retry(batch));
      setDisabledReason(archiveButton, batch.archived_at ? '' : disabledReason.archive(batch));
      setDisabledReason(deleteButton, disabledReason.remove(batch));
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
