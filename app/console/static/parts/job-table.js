// The jobs of a batch. Rows are built once, keep their order and height, and are patched in place.
import { h, icon, setAttr, setText } from '../dom.js';
import { jobName, segmentOf } from '../model.js';
import { markOf } from '../results/index.js';
import { attemptOf, jobLine, jobTime } from './job-text.js';
import { progressBar } from './progress-bar.js';
import { jobState, setState, stateLabel } from './states.js';

/** @import { Batch, Job, Step } from '../../api.d.ts' */
/** @import { Child, Segment } from '../../types.d.ts' */

/** @param {Job} job @param {Batch} batch @param {(job: Job) => void} open */
function jobRow(job, batch, open) {
  const name = jobName(job);
  const bar = progressBar(job.steps.length, `Steps of ${name}`);
  const state = stateLabel(...jobState(job));
  const step = h('code');
  const message = h('span');
  const mark = h('span.state.mark', { hidden: true });
  // In a batch with several pipelines a file has a job for each.
  const which = batch.total_pipelines > 1 && h('span.tag', job.pipeline);
  const doing = h('p.doing.cut', which, mark, step, message);
  const attempt = h('span.dim');
  const time = h('span');
  const link = h('a.cut.name', { href: `#/batches/${batch.id}?job=${job.sequence}`, title: name }, name);
  // Rows are grids, and not every browser then still exposes them as parts of a table.
  /** @param {string} kind @param {...Child} children */
  const cell = (kind, ...children) => h(`td.${kind}`, { role: 'cell' }, children);
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
    if (event.metaKey || event.ctrlKey || getSelection()?.toString()) return;
    event.preventDefault();
    open(job);
  });

  function patch() {
    const [look, word] = jobState(job);
    const line = jobLine(job, batch);
    setState(state, look, word);
    setAttr(doing, 'data-state', job.status === 'failed' ? 'failed' : null);
    const [tone, label] = markOf(job.pipeline, job.result) ?? ['', ''];
    mark.hidden = !label;
    if (mark.textContent !== label) mark.replaceChildren(icon('warning'), label);
    setAttr(mark, 'data-state', tone);
    setText(step, line.step);
    setText(message, line.message);
    setAttr(doing, 'title', line.message);
    bar.setSegments(job.steps.map((one) => stepSegment(one, job)));
    bar.setValue(Math.round(segmentOf(job, '').done * 100));
    setText(attempt, attemptOf(job));
    setAttr(attempt, 'class', job.retry_count ? 'warned' : 'dim');
    setText(time, jobTime(job));
  }

  patch();
  return { job, node, link, patch };
}

/** @typedef {{ show: Set<string>, find: string }} Filter the states to show, none for all, and a text to find */

/** @param {Step} step @param {Job} job @returns {Segment} */
function stepSegment(step, job) {
  if (step.status !== 'running') return { state: step.status };
  return { state: 'processing', done: job.progress ?? 0.5 };
}

/**
 * What the legend and the `show` filter call the state of a job.
 * @param {Job} job
 */
const groupOf = (job) => (job.status === 'skipped' ? 'cancelled' : job.status);

/** @param {Job} job @param {Filter} filter */
function matches(job, filter) {
  if (filter.show.size && !filter.show.has(groupOf(job)) && !(filter.show.has('cached') && job.cached)) return false;
  if (!filter.find) return true;
  const mark = markOf(job.pipeline, job.result)?.[1] ?? '';
  const words = `${jobName(job)} ${job.source_url ?? ''} ${job.error_code ?? ''} ${job.error_message ?? ''} ${mark}`;
  return words.toLowerCase().includes(filter.find.toLowerCase());
}

const STALE_PER_UPDATE = 10;
const GROUP_SIZE = 20;

/** @param {HTMLTableElement} table @param {Batch} batch @param {(job: Job) => void} open */
export function jobTable(table, batch, open) {
  /** @typedef {ReturnType<typeof jobRow> & { group: Group }} Row */
  /** @typedef {{ body: HTMLElement, near: boolean, rows: Row[] }} Group a tbody of rows that are skipped together */

  /** @type {Map<string, Row>} by job id */
  const rows = new Map();
  /** @type {Row[]} by sequence */
  const order = [];
  /** @type {Map<number, Group>} by number */
  const groups = new Map();
  /** @type {Set<Row>} rows out of sight that have changed since they were drawn */
  const stale = new Set();
  /** @type {Filter} */
  let filter = { show: new Set(), find: '' };

  // With hundreds of rows most are out of sight. Their groups are skipped by the browser, and drawn here a few rows
  // at a time, or at once when they come near.
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const group = groups.get(Number(target.getAttribute('data-group')));
        if (!group) continue;
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

  /** @param {number} sequence */
  function groupAt(sequence) {
    const number = Math.floor((sequence - 1) / GROUP_SIZE);
    const known = groups.get(number);
    if (known) return known;
    const body = h('tbody', { role: 'rowgroup', 'data-group': number });
    const following = Math.min(...[...groups.keys()].filter((other) => other > number));
    table.insertBefore(body, groups.get(following)?.body ?? null);
    /** @type {Group} */
    const made = { body, near: false, rows: [] };
    groups.set(number, made);
    observer.observe(body);
    return made;
  }

  /** @param {Job} job */
  function addRow(job) {
    const group = groupAt(job.sequence);
    const row = { ...jobRow(job, batch, open), group };
    let at = order.length;
    while (at > 0 && order[at - 1].job.sequence > job.sequence) at -= 1;
    row.node.hidden = !matches(job, filter);
    const after = order[at]?.group === group ? order[at].node : null;
    group.body.insertBefore(row.node, after);
    group.rows.push(row);
    order.splice(at, 0, row);
    rows.set(job.id, row);
  }

  /** Gives each group its height for the time it is skipped. */
  function measure() {
    for (const { body, rows: inside } of groups.values()) {
      const shown = inside.filter(({ node }) => !node.hidden).length;
      body.hidden = !shown;
      body.style.setProperty('--rows', String(shown));
    }
  }

  return {
    /** @param {Job[]} jobs */
    add(jobs) {
      for (const job of jobs) addRow(job);
      measure();
    },
    /** @param {Iterable<Job>} jobs */
    patch(jobs) {
      for (const job of jobs) {
        const row = rows.get(job.id);
        if (row?.group.near) row.patch();
        else if (row) stale.add(row);
      }
      patchSomeStale();
    },
    /**
     * Hides what does not match now. A job that changes later stays where it is until the filter is used again.
     * @param {Filter} next
     */
    filter(next) {
      filter = next;
      for (const { job, node } of order) node.hidden = !matches(job, filter);
      measure();
    },
    shown: () => order.filter(({ node }) => !node.hidden).map(({ job }) => job),
    /** @param {Job} job */
    linkOf: (job) => rows.get(job.id)?.link,
    leave: () => observer.disconnect(),
  };
}
