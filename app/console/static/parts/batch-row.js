// One batch in the list, with the jobs it shows when it is expanded.
import { archiveMenuItems, disabledReason, retryFailed } from '../commands.js';
import { h, icon, setAttr, setText, targetOf } from '../dom.js';
import { dateTime, duration, elapsed, percent, timeAgo, timeLeft } from '../format.js';
import { urlOf } from '../root.js';
import { menuButton } from './overlays.js';
import { progressBar } from './progress-bar.js';
import { rowPreview } from './row-preview.js';
import { completeCount, isOpen, setState, stateLabel } from './states.js';
import { secondsLeft } from './status-message.js';

/** @import { Batch } from '../../api.d.ts' */
/** @import { Child } from '../../types.d.ts' */

/** @param {Batch} batch */
export function timeOf(batch) {
  const { status, counters } = batch;
  if (status === 'draft') return 'not started';
  if (status === 'paused') return batch.pause_reason === 'user' ? 'paused' : 'needs a decision';
  if (status === 'pending') return 'waiting for a slot';
  if (status === 'processing') {
    const seconds = secondsLeft(batch);
    if (seconds !== null) return timeLeft(seconds * 1000);
    return counters.running ? 'running' : 'waiting for a slot';
  }
  if (status === 'cancelling') return 'stopping';
  if (batch.started_at && batch.completed_at) return elapsed(batch.started_at, batch.completed_at);
  return batch.processing_time_ms ? duration(batch.processing_time_ms) : '';
}

/**
 * Where a name ends in its date, as directory names do, the date distinguishes rows, so it is never cut off.
 * @param {string} name
 * @param {string} href
 */
function nameLink(name, href) {
  const [, head, date] = /^(.+?)(_\d{4}-\d\d-\d\d(?:_\d+)?)$/.exec(name) ?? [];
  if (!date) return h('a.cut.name', { href, title: name }, name);
  return h('a.name.dated', { href, title: name, 'aria-label': name }, h('span.cut', head), h('span', date));
}

/**
 * `check` is the checkbox. `onRemoved` is called with true after archiving or deleting, with false after Undo.
 * @param {Batch} batch
 * @param {HTMLElement} check
 * @param {(removed: boolean) => void} onRemoved
 */
export function batchRow(batch, check, onRemoved) {
  const detailId = `jobs-of-${batch.id}`;
  const href = `#/batches/${batch.id}`;
  const bar = progressBar(null, `Progress of ${batch.name}`);
  const expander = h(
    'button.btn.quiet.small.square.expander',
    { 'aria-expanded': 'false', 'aria-controls': detailId, 'aria-label': `Jobs of ${batch.name}` },
    icon('chevron'),
  );
  const state = stateLabel(batch.status);
  const jobs = h('span');
  const unit = h('span.unit');
  const done = h('span.num');
  const failed = h('span.bad');
  const time = h('span.cut');
  const made = h('time', { datetime: batch.created_at, title: dateTime(batch.created_at) });
  const more = menuButton(
    '',
    'more',
    () => [
      {
        label: 'Download ZIP',
        glyph: 'download',
        href: urlOf(`/api/batches/${batch.id}/download`),
        disabledReason: disabledReason.export(batch),
      },
      {
        label: 'Retry failed',
        glyph: 'retry',
        disabledReason: disabledReason.retry(batch),
        act: () => retryFailed(batch),
      },
      ...archiveMenuItems(batch, onRemoved, () => onRemoved(true)),
    ],
    { class: 'btn quiet small square', 'aria-label': `More for ${batch.name}` },
  );
  /** @param {string} name @param {...Child} children */
  const cell = (name, ...children) => h('td', { class: name }, children);
  const row = h(
    'tr.batch',
    cell('k-check', check),
    cell('k-name', h('div.named', expander, nameLink(batch.name, href))),
    cell('k-pipe', h('span.cut.dim', batch.pipeline.title)),
    cell('k-jobs num', jobs, unit),
    cell('k-state', state),
    cell('k-bar', h('div.meter', bar.node, done, failed)),
    cell('k-time dim', time),
    cell('k-made dim', made),
    cell('k-more', more),
  );
  const inside = h('td', { colspan: 9 });
  const detail = h('tr.inside', { id: detailId, hidden: true }, inside);
  const body = h('tbody', row, detail);
  /** @type {ReturnType<typeof rowPreview> | null} */
  let preview = null;

  async function toggle() {
    detail.hidden = !detail.hidden;
    setAttr(expander, 'aria-expanded', String(!detail.hidden));
    if (detail.hidden) return;
    if (!preview) {
      preview = rowPreview(batch, href, onRemoved);
      inside.append(...preview.nodes);
    }
    await refreshPreview();
  }

  const refreshPreview = async () => {
    if (!preview || detail.hidden) return;
    preview.render();
    await preview.refresh().catch(() => {});
  };

  /** @param {Partial<Batch>} next */
  function patch(next = batch) {
    const wasOpen = isOpen(batch);
    Object.assign(batch, next);
    const { counters } = batch;
    const share = percent(completeCount(counters), counters.total);
    setState(state, batch.status);
    setText(jobs, counters.total.toLocaleString('en'));
    setText(unit, counters.total === 1 ? ' job' : ' jobs');
    bar.setCounts(counters);
    bar.setValue(share);
    setText(done, `${share}%`);
    setText(failed, counters.failed ? `${counters.failed.toLocaleString('en')} failed` : '');
    setText(time, timeOf(batch));
    setText(made, timeAgo(batch.created_at));
    if (wasOpen) refreshPreview();
  }

  expander.addEventListener('click', toggle);
  row.addEventListener('click', (event) => {
    if (!targetOf(event).closest('a, button, label, input')) toggle();
  });
  patch();
  return {
    batch,
    row,
    body,
    patch,
    /** Somebody deleted it: the row stays where it is and says so. */
    gone() {
      setState(state, 'cancelled', 'Deleted');
      setText(time, 'deleted');
    },
  };
}
