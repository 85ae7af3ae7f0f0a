// One batch in the list, with the jobs it shows when it is unfolded.
import { keepingEntries, retryFailed, whyNot } from '../commands.js';
import { attr, h, icon, text } from '../dom.js';
import { about, between, exact, percent, since, span } from '../words.js';
import { menuButton } from './floats.js';
import { peekInto } from './peek.js';
import { slices } from './slices.js';
import { complete, isOpen, setState, stateLabel } from './states.js';
import { secondsLeft } from './why.js';

export function timeOf(batch) {
  const { status, counters } = batch;
  if (status === 'draft') return 'not started';
  if (status === 'paused') return batch.pause_reason === 'user' ? 'paused' : 'needs a decision';
  if (status === 'pending') return 'waits for a slot';
  if (status === 'processing') {
    const left = secondsLeft(batch);
    if (left !== null) return about(left * 1000);
    return counters.running ? 'running' : 'waits for a slot';
  }
  if (status === 'cancelling') return 'stopping';
  if (batch.started_at && batch.completed_at) return between(batch.started_at, batch.completed_at);
  return batch.processing_time_ms ? span(batch.processing_time_ms) : '';
}

/** Where a name ends in its date, as directory names do, the date is what tells rows apart: it is never cut off. */
function nameLink(name, href) {
  const [, head, date] = /^(.+?)(_\d{4}-\d\d-\d\d(?:_\d+)?)$/.exec(name) ?? [];
  if (!date) return h('a.cut.name', { href, title: name }, name);
  return h('a.name.dated', { href, title: name, 'aria-label': name }, h('span.cut', head), h('span', date));
}

/** `check` is the checkbox. `left` is called with whether the row went: true after archiving or deleting, false after it was taken back. */
export function batchRow(batch, check, left) {
  const detailId = `jobs-of-${batch.id}`;
  const href = `#/batches/${batch.id}`;
  const bar = slices(null, `Progress of ${batch.name}`);
  const twist = h('button.btn.quiet.small.square.twist',
    { 'aria-expanded': 'false', 'aria-controls': detailId, 'aria-label': `Jobs of ${batch.name}` }, icon('chevron'));
  const state = stateLabel(batch.status);
  const jobs = h('span');
  const done = h('span.num');
  const failed = h('span.bad');
  const time = h('span.cut');
  const made = h('time', { datetime: batch.created_at, title: exact(batch.created_at) });
  const more = menuButton('', 'more', () => [
    { label: 'Download ZIP', glyph: 'download', href: `/api/batches/${batch.id}/download`, why: whyNot.export(batch) },
    { label: 'Retry failed', glyph: 'retry', why: whyNot.retry(batch), act: () => retryFailed(batch) },
    ...keepingEntries(batch, left, () => left(true)),
  ], { class: 'btn quiet small square', 'aria-label': `More for ${batch.name}` });
  const cell = (name, ...kids) => h('td', { class: name }, ...kids);
  const row = h('tr.batch',
    cell('k-check', check),
    cell('k-name', h('div.named', twist, nameLink(batch.name, href))),
    cell('k-pipe', h('span.cut.dim', batch.pipeline.title)),
    cell('k-jobs num', jobs, h('span.unit', ' jobs')),
    cell('k-state', state),
    cell('k-bar', h('div.meter', bar.node, done, failed)),
    cell('k-time dim', time),
    cell('k-made dim', made),
    cell('k-more', more));
  const inside = h('td', { colspan: 9 });
  const detail = h('tr.inside', { id: detailId, hidden: true }, inside);
  const body = h('tbody', row, detail);
  let peek = null;

  async function toggle() {
    detail.hidden = !detail.hidden;
    attr(twist, 'aria-expanded', String(!detail.hidden));
    if (detail.hidden) return;
    if (!peek) {
      peek = peekInto(batch, href, left);
      inside.append(...peek.nodes);
    }
    await refreshPeek();
  }

  const refreshPeek = async () => {
    if (!peek || detail.hidden) return;
    peek.paint();
    await peek.refresh().catch(() => {});
  };

  function patch(next = batch) {
    const wasOpen = isOpen(batch);
    Object.assign(batch, next);
    const { counters } = batch;
    const share = percent(complete(counters), counters.total);
    setState(state, batch.status);
    text(jobs, counters.total.toLocaleString('en'));
    bar.stack(counters);
    bar.value(share);
    text(done, `${share}%`);
    text(failed, counters.failed ? `${counters.failed.toLocaleString('en')} failed` : '');
    text(time, timeOf(batch));
    text(made, since(batch.created_at));
    if (wasOpen) refreshPeek();
  }

  twist.addEventListener('click', toggle);
  row.addEventListener('click', (event) => {
    if (!event.target.closest('a, button, label, input')) toggle();
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
      text(time, 'deleted');
    },
  };
}
