// What a row of the list expands to: the first jobs of the batch, and its actions.
import { get } from '../api.js';
import { archive, disabledReason, removeBatch, retryFailed } from '../commands.js';
import { findOptional, h, icon, setText } from '../dom.js';
import { jobName } from '../model.js';
import { loadResultViews } from '../results/index.js';
import { urlOf } from '../root.js';
import { jobLine, jobTime } from './job-text.js';
import { actionButton, setDisabledReason, setLabel } from './overlays.js';
import { jobState, setState, stateLabel } from './states.js';

/** @import { Batch, Job, Page } from '../../api.d.ts' */

const JOBS = 100;

/**
 * `onRemoved` is called with true after archiving or deleting, with false after Undo.
 * @param {Batch} batch
 * @param {string} href
 * @param {(removed: boolean) => void} onRemoved
 */
export function rowPreview(batch, href, onRemoved) {
  /** @type {Map<string, Record<'state' | 'message' | 'time', HTMLElement>>} by job id */
  const lines = new Map();
  const list = h('ul.row-preview', { tabindex: 0, 'aria-label': `Jobs of ${batch.name}` });
  const details = h('a.btn.small', { href }, 'Details');
  const zip = h(
    'a.btn.small',
    { href: urlOf(`/api/batches/${batch.id}/download`), download: true },
    icon('download'),
    'ZIP',
  );
  const retryButton = actionButton('', 'retry', () => retryFailed(batch), { class: 'btn small' });
  const archiveButton = actionButton('Archive', 'archive', () => archive(batch, onRemoved), { class: 'btn small' });
  const deleteButton = actionButton('Delete…', 'trash', () => removeBatch(batch, () => onRemoved(true)), {
    class: 'btn small danger',
  });

  /** @param {Job[]} jobs */
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
      setLabel(archiveButton, 'archive', batch.archived_at ? 'Unarchive' : 'Archive');
      setDisabledReason(retryButton, disabledReason.retry(batch));
      setDisabledReason(archiveButton, disabledReason.archive(batch));
      setDisabledReason(deleteButton, disabledReason.remove(batch));
    },
    async refresh() {
      const [{ jobs }] = await Promise.all([
        /** @type {Promise<Page<'jobs', Job>>} */ (get(`/api/batches/${batch.id}/jobs`, { limit: JOBS })),
        loadResultViews(batch.pipelines),
      ]);
      const first = !lines.size;
      draw(jobs);
      const running = first && findOptional('[data-state=processing]', list)?.parentElement;
      if (running) list.scrollTop = running.offsetTop - running.offsetHeight * 2;
    },
  };
}
