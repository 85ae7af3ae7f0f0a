// One batch, live: a snapshot first, then every event after it.
import { get, getOrNull, isNotFound } from '../api.js';
import { followBatch } from '../batch-stream.js';
import { setConnection } from '../connection.js';
import { announce, button, debounce, fromTemplate, h, setAttr, setText } from '../dom.js';
import { capitalize, plural } from '../format.js';
import { BatchModel } from '../model.js';
import { batchActions } from '../parts/batch-actions.js';
import { batchFacts } from '../parts/batch-facts.js';
import { batchHeader } from '../parts/batch-header.js';
import { batchReports } from '../parts/batch-reports.js';
import { batchSwims } from '../parts/batch-swims.js';
import { eventLog } from '../parts/event-log.js';
import { failures } from '../parts/failures.js';
import { jobDrawer } from '../parts/job-drawer.js';
import { jobTable } from '../parts/job-table.js';
import { legend } from '../parts/legend.js';
import { notFound } from '../parts/not-found.js';
import { notifications } from '../parts/notifications.js';
import { isOpen } from '../parts/states.js';
import { watchWaiting } from '../parts/waiting.js';
import { cancelRender, scheduleRender, updatesPaused } from '../rendering.js';
import { loadResultViews } from '../results/index.js';
import { urlOf } from '../root.js';
import { address, closeOverlay, focusHeading, go, hrefOf, openOverlay, setQuery } from '../router.js';
import { mount, setBreadcrumbs, setTitle } from '../shell.js';

/** @import { BatchEvent, BatchWithJobs, Job, Page } from '../../api.d.ts' */
/** @import { Screen } from '../../types.d.ts' */
/** @import { Filter } from '../parts/job-table.js' */
/** @import { Params } from '../router.js' */

const PAGE = 500;
const HISTORY = 300;

/**
 * @typedef {object} BatchScreen
 * @property {boolean} left
 * @property {() => void} stop
 * @property {(query: URLSearchParams) => void} [update]
 */

/** @param {URLSearchParams} params @param {string} [id] @returns {Screen} */
export function batchScreen(params, id) {
  const path = `/api/batches/${encodeURIComponent(id ?? '')}`;
  /** @type {BatchScreen} */
  const screen = { left: false, stop: () => {} };
  setBreadcrumbs(['Batches', '#/batches'], ['…']);
  setTitle('Batch');
  open(path, params, screen);
  return {
    deferred: true,
    update: (query) => screen.update?.(query),
    leave() {
      screen.left = true;
      screen.stop();
    },
  };
}

/** @param {string} path @param {URLSearchParams} params @param {BatchScreen} screen */
async function open(path, params, screen) {
  try {
    /** @type {{ batch: BatchWithJobs }} */
    const { batch } = await get(path);
    if (!screen.left) await draw(path, batch, params, screen);
  } catch (error) {
    if (screen.left) return;
    mount(notFound(error));
    if (isNotFound(error)) return;
    setConnection('lost');
    const timer = setTimeout(() => open(path, params, screen), 3000);
    screen.stop = () => clearTimeout(timer);
  }
}

/** @param {string} path @param {BatchWithJobs} snapshot @param {URLSearchParams} params @param {BatchScreen} screen */
async function draw(path, snapshot, params, screen) {
  const { jobs: firstJobs, jobs_next_cursor: firstCursor, ...batch } = snapshot;
  const { root, parts } = fromTemplate('batch');
  const model = new BatchModel(batch);
  const table = jobTable(parts.rows, batch, openJob);
  const rerender = () => {
    if (!screen.left) scheduleRender(render);
  };
  const waiting = watchWaiting(path, batch, rerender);
  const notices = notifications(path);
  const reports = batchReports(batch, (sequence) => keepFilters({ job: sequence }));
  const head = batchHeader(parts, batch, () => [...model.jobs.values()], !firstCursor, waiting.current);
  const actions = batchActions(parts, batch, {
    changed: () => batchFacts(parts.facts, batch),
    renamed(next) {
      const { name, description, customer_prefix, mixed_customers, base_directory_name } = next;
      Object.assign(batch, { name, description, customer_prefix, mixed_customers, base_directory_name });
      showName();
      rerender();
      batchFacts(parts.facts, batch);
    },
    gone: () => go('#/batches'),
  });
  /** @type {Filter} */
  const filter = { show: new Set(), find: '' };
  let cursor = firstCursor;
  /** @type {BatchEvent[]} events that the log has not shown yet */
  let newEvents = [];
  let stopFollowing = () => {};
  /** @type {number | undefined} */
  let growing;

  /** @param {Params} more */
  const keepFilters = (more) => hrefOf(`batches/${batch.id}`, { ...Object.fromEntries(address().params), ...more });
  const swims = batchSwims(batch, (sequence) => keepFilters({ job: sequence }));
  const log = eventLog(parts, (sequence) => keepFilters({ job: sequence }));
  const drawer = jobDrawer({ model, table, loadJob, close: () => closeOverlay('job'), open: openJob });
  const failureList = failures(parts.failures, path, model, {
    changed: rerender,
    show(code) {
      parts.find.value = code;
      filter.find = code;
      legendBox.choose(['failed']);
    },
  });
  readFilters(params);
  const legendBox = legend(parts.legend, filter.show, onFilter);

  // ---- jobs and filters

  /** @param {URLSearchParams} query */
  function readFilters(query) {
    filter.find = query.get('find') ?? '';
    filter.show.clear();
    for (const state of (query.get('show') ?? '').split(',')) if (state) filter.show.add(state);
    if (parts.find.value.trim() !== filter.find) parts.find.value = filter.find;
  }

  /** @param {Job[]} list */
  function takeJobs(list) {
    table.add(model.addJobs(list));
  }

  async function onFilter() {
    if (screen.left) return;
    setQuery({ show: [...filter.show].join(','), find: filter.find });
    table.filter(filter);
    if (cursor && filter.show.size) await loadFiltered();
    if (filter.show.has('failed')) failureList.reveal();
    drawShown();
  }

  // With more jobs than are loaded, those in the chosen states are loaded from wherever they stand.
  async function loadFiltered() {
    const states = [...filter.show].filter((state) => state !== 'cached');
    if (states.includes('cancelled')) states.push('skipped');
    if (!states.length) return;
    /** @type {Page<'jobs', Job> | null} */
    const page = await getOrNull(`${path}/jobs`, { status: states.join(','), limit: PAGE });
    takeJobs(page?.jobs ?? []);
  }

  /** @param {Event} event */
  async function loadMore(event) {
    /** @type {HTMLButtonElement} */ (event.currentTarget).disabled = true;
    /** @type {Page<'jobs', Job> | null} */
    const page = await getOrNull(`${path}/jobs`, { limit: PAGE, cursor });
    if (screen.left) return;
    if (page) {
      takeJobs(page.jobs);
      cursor = page.next_cursor;
    }
    drawShown();
  }

  function drawShown() {
    const shown = table.shown().length;
    const { total } = batch.counters;
    setText(
      parts.shown,
      shown === total ? shown.toLocaleString('en') : `${shown.toLocaleString('en')} of ${total.toLocaleString('en')}`,
    );
    announce(`${plural(shown, 'job')} shown`);
    const loaded = model.jobs.size;
    const rest = [];
    if (!shown) {
      rest.push(
        h(
          'div.empty',
          h('p', loaded ? 'None of the loaded jobs match.' : 'This batch has no jobs.'),
          loaded ? button('Show all jobs', null, showAll) : null,
        ),
      );
    }
    if (cursor) rest.push(button(`Show ${Math.min(PAGE, total - loaded).toLocaleString('en')} more`, null, loadMore));
    parts.after.replaceChildren(...rest);
  }

  function showAll() {
    parts.find.value = '';
    filter.find = '';
    legendBox.choose([]);
  }

  // ---- one job

  /** @param {Job} job */
  function openJob(job) {
    openOverlay(keepFilters({ job: job.sequence }));
  }

  /** @param {number} sequence */
  async function loadJob(sequence) {
    const known = model.jobIds.get(sequence);
    if (known) return known;
    let next = cursor;
    while (next && !model.jobIds.has(sequence)) {
      /** @type {Page<'jobs', Job>} */
      const page = await get(`${path}/jobs`, { limit: PAGE, cursor: next });
      for (const job of page.jobs) model.jobIds.set(job.sequence, job.id);
      next = page.next_cursor;
    }
    return model.jobIds.get(sequence);
  }

  // ---- rendering

  /** @param {Set<Job>} jobs */
  function render(jobs) {
    table.patch(jobs);
    drawer.patch(jobs);
    const { counters } = batch;
    head.render();
    actions.render();
    legendBox.patch(counters);
    failureList.patch();
    parts.reveal.hidden = !failureList.hasMore();
    reports.render();
    swims.render();
    if (newEvents.length) log.append(newEvents, batch.last_event_id);
    newEvents = [];
  }

  let ticks = 0;
  const ticker = setInterval(() => {
    ticks += 1;
    if (document.hidden || updatesPaused()) return;
    notices.tick();
    // An ended batch only grows older.
    if (!isOpen(batch) && ticks % 30) return;
    head.tick();
    waiting.tick();
    table.patch([...model.jobs.values()].filter((job) => job.status === 'running' || job.run_at));
  }, 1000);

  // ---- following

  /** @param {BatchEvent} event */
  function receive(event) {
    const job = model.apply(event);
    newEvents.push(event);
    scheduleRender(render, job);
    if (event.type.startsWith('batch.')) {
      batchFacts(parts.facts, batch);
      waiting.refresh();
      notices.refresh();
    }
    // Pages of a large file come faster than anybody reads them.
    if (event.type === 'jobs.added' && event.added) growing ??= setTimeout(grow, 1000);
    if (!isOpen(batch)) {
      announce(`${batch.name}: ${capitalize(batch.status)}`);
      refresh().catch(() => {});
    }
  }

  async function grow() {
    growing = undefined;
    await refresh().catch(() => {});
    if (!screen.left) drawShown();
  }

  async function refresh() {
    /** @type {{ batch: BatchWithJobs }} */
    const { batch: next } = await get(path);
    if (!screen.left) absorb(next);
  }

  /** @param {BatchWithJobs} next */
  function absorb({ jobs, jobs_next_cursor: next, ...rest }) {
    Object.assign(batch, rest);
    cursor ??= next;
    takeJobs(jobs);
    batchFacts(parts.facts, batch);
    for (const job of model.jobs.values()) scheduleRender(render, job);
    drawer.refresh();
  }

  /** @param {number} after */
  async function loadHistory(after) {
    /** @type {{ events: BatchEvent[] } | null} */
    const page = await getOrNull(`${path}/events`, { last_event_id: after, limit: HISTORY });
    if (page)
      log.append(
        page.events.filter((event) => event.id <= batch.last_event_id),
        batch.last_event_id,
      );
  }

  async function startFollowing() {
    await loadHistory(Math.max(0, batch.last_event_id - HISTORY));
    if (screen.left) return;
    if (!isOpen(batch)) {
      setConnection('ended');
      return;
    }
    stopFollowing = followBatch({
      batchId: batch.id,
      after: batch.last_event_id,
      onEvent: receive,
      async onReset() {
        log.clear();
        newEvents = [];
        await refresh().catch(() => {});
        if (!screen.left) startFollowing();
      },
      async onBroken() {
        /** @type {{ batch: BatchWithJobs }} */
        const { batch: next } = await get(path);
        if (isOpen(next)) return true;
        // The batch ended while the connection was down.
        const seen = batch.last_event_id;
        absorb(next);
        await loadHistory(seen);
        setConnection('ended');
        return false;
      },
    });
  }

  function showName() {
    setTitle(batch.name);
    setBreadcrumbs(['Batches', '#/batches'], [batch.name]);
  }

  // ---- wiring

  parts.reveal.addEventListener('click', () => failureList.reveal());
  showName();
  batchFacts(parts.facts, batch);
  setAttr(parts.json, 'href', urlOf(`${path}/events`));
  parts.log.open = matchMedia('(width >= 64rem)').matches;
  parts.find.addEventListener(
    'input',
    debounce(() => {
      filter.find = parts.find.value.trim();
      onFilter();
    }, 150),
  );
  takeJobs(firstJobs);
  loadResultViews(batch.pipelines).then(() => {
    for (const job of model.jobs.values()) if (job.result && !screen.left) scheduleRender(render, job);
  });
  screen.stop = () => {
    clearInterval(ticker);
    clearTimeout(growing);
    stopFollowing();
    cancelRender(render);
    drawer.leave();
    table.leave();
  };
  parts.failures.after(swims.node, reports.node, notices.node);
  // These stand above the jobs: they have to be there before those are shown.
  await Promise.all([failureList.reveal(), notices.refresh()]);
  if (screen.left) return;
  mount(root);
  focusHeading();
  waiting.refresh();
  render(new Set());
  table.filter(filter);
  drawShown();
  startFollowing();

  screen.update = (query) => drawer.show(Number(query.get('job')) || null);
  screen.update(params);
}
