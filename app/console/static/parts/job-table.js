// The jobs of a batch. Rows are built once, keep their order and height, and are patched in place.
import { h, setAttr, setText } from '../dom.js';
import { jobName, segmentOf } from '../model.js';
import { attemptOf, jobLine, jobTime } from './job-text.js';
import { progressBar } from './progress-bar.js';
import { jobState, setState, stateLabel } from './states.js';

function jobRow(job, batch, open) {
  const name = jobName(job);
  const bar = progressBar(job.steps.length, `Steps of ${name}`);
  const state = stateLabel(...jobState(job));
  const step = h('code');
  const message = h('span');
  // In a batch with several pipelines a file has a job for each.
  const which = batch.total_pipelines > 1 && h('span.tag', job.pipeline);
  const doing = h('p.doing.cut', which, step, message);
  const attempt = h('span.dim');
  const time = h('span');
  const link = h('a.cut.name', { href: `#/batches/${batch.id}?job=${job.sequence}`, title: name }, name);
  // Rows are grids, and not every browser then still tells a reader that they belong to a table.
  const cell = (kind, ...children) => h(`td.${kind}`, { role: 'cell' }, ...children);
  const node = h(
    'tr.selectable',
    { role: 'row' },
    cell('k-seq.num.dim', String(job.sequence)),
    cell('k-job', h('div.job-line', state, link), doing),
    cell('k-steps', bar.node),
    cell('k-try.num', attempt),
    cell('k-dur.num', time),
  );

  // The link keeps the filters of the address, which are known only when it is followed.
  node.addEventListener('click', (event) => {
    if (event.metaKey || event.ctrlKey || getSelection().toString()) return;
    event.preventDefault();
    open(job);
  });

  function patch() {
    const [look, word] = jobState(job);
    const line = jobLine(job, batch);
    setState(state, look, word);
    setAttr(doing, 'data-state', job.status === 'failed' ? 'failed' : null);
    setText(step, line.step);
    setText(message, line.message);
    setAttr(doing, 'title', line.message);
    bar.setSegments(job.steps.map((one) => stepSlice(one, job)));
    bar.setValue(Math.round(segmentOf(job).done * 100));
    setText(attempt, attemptOf(job));
    setAttr(attempt, 'class', job.retry_count ? 'warned' : 'dim');
    setText(time, jobTime(job));
  }

  patch();
  return { job, node, link, patch };
}

function stepSlice(step, job) {
  if (step.status !== 'running') return { state: step.status };
  return { state: 'processing', done: job.progress ?? 0.5 };
}

/** What the legend and the `show` filter call the state of a job. */
const groupOf = (job) => (job.status === 'skipped' ? 'cancelled' : job.status);

function matches(job, filter) {
  if (filter.show.size && !filter.show.has(groupOf(job)) && !(filter.show.has('cached') && job.cached)) return false;
  if (!filter.find) return true;
  const words = `${jobName(job)} ${job.source_url ?? ''} ${job.error_code ?? ''} ${job.error_message ?? ''}`;
  return words.toLowerCase().includes(filter.find.toLowerCase());
}

const STALE_PER_UPDATE = 10;
const GROUP_SIZE = 20;

export function jobTable(table, batch, open) {
  const rows = new Map(); // job id -> row
  const order = []; // rows by sequence
  const groups = new Map(); // number -> { body, near, rows }, a tbody of rows that stand together
  const stale = new Set(); // rows out of sight that have changed since they were drawn
  let filter = { show: new Set(), find: '' };

  // With hundreds of rows most are out of sight. Their groups are skipped by the browser, and drawn here a few rows
  // at a time, or at once when they come near.
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const group = groups.get(Number(target.dataset.group));
        group.near = isIntersecting;
        if (isIntersecting) for (const row of group.rows) if (stale.delete(row)) row.patch();
      }
    },
    { rootMargin: '400px' },
  );

  function patchSomeStale() {
    let left = STALE_PER_UPDATE;
    for (const row of stale) {
      if (left === 0) return;
      left -= 1;
      stale.delete(row);
      row.patch();
    }
  }

  function groupOfRow(row) {
    const number = Math.floor((row.job.sequence - 1) / GROUP_SIZE);
    const known = groups.get(number);
    if (known) return known;
    const body = h('tbody', { role: 'rowgroup', 'data-group': number });
    const following = [...groups.keys()].filter((other) => other > number);
    table.insertBefore(body, following.length ? groups.get(Math.min(...following)).body : null);
    const made = { body, near: false, rows: [] };
    groups.set(number, made);
    observer.observe(body);
    return made;
  }

  function place(row) {
    let at = order.length;
    while (at > 0 && order[at - 1].job.sequence > row.job.sequence) at -= 1;
    row.group = groupOfRow(row);
    const after = order[at]?.group === row.group ? order[at].node : null;
    row.group.body.insertBefore(row.node, after);
    row.group.rows.push(row);
    order.splice(at, 0, row);
  }

  /** Tells each group how high it is while it is skipped. */
  function measure() {
    for (const { body, rows: inside } of groups.values()) {
      const shown = inside.filter(({ node }) => !node.hidden).length;
      body.hidden = !shown;
      body.style.setProperty('--rows', shown);
    }
  }

  return {
    add(jobs) {
      for (const job of jobs) {
        const row = jobRow(job, batch, open);
        row.node.hidden = !matches(job, filter);
        rows.set(job.id, row);
        place(row);
      }
      measure();
    },
    patch(jobs) {
      for (const job of jobs) {
        const row = rows.get(job.id);
        if (row?.group.near) row.patch();
        else if (row) stale.add(row);
      }
      patchSomeStale();
    },
    /** Hides what does not match now. A job that changes later stays where it is until the filter is used again. */
    filter(next) {
      filter = next;
      for (const { job, node } of order) node.hidden = !matches(job, filter);
      measure();
    },
    shown: () => order.filter(({ node }) => !node.hidden).map(({ job }) => job),
    linkOf: (job) => rows.get(job.id)?.link,
    leave: () => observer.disconnect(),
  };
}
