// One batch, live: a snapshot first, then every event after it.
import { get } from '../api.js';
import { setConnection } from '../connection.js';
import { attr, button, debounce, fromTemplate, h, icon, say, text } from '../dom.js';
import { BatchModel, nameOf, sliceOf } from '../model.js';
import { forget, isHeld, repaint } from '../paint.js';
import { batchFacts } from '../parts/batch-facts.js';
import { eventLog } from '../parts/event-log.js';
import { failures } from '../parts/failures.js';
import { jobTable } from '../parts/job-table.js';
import { legend } from '../parts/legend.js';
import { slices } from '../parts/slices.js';
import { complete, isOpen, lookOf, setState } from '../parts/states.js';
import { secondsLeft, why } from '../parts/why.js';
import { address, hrefOf, setQuery } from '../router.js';
import { crumbs, place, setTitle, status } from '../shell.js';
import { follow } from '../stream.js';
import { about, between, capital, percent, since } from '../words.js';
import { jobDrawer } from './job.js';

const SINGLE_SLICES = 120; // past this many jobs the bar is stacked by state
const PAGE = 500;
const HISTORY = 300;

export function batchScreen(params, id) {
  const path = `/api/batches/${id}`;
  const screen = { left: false, stop: () => {} };
  crumbs(['Batches', '#/batches'], ['…']);
  setTitle('Batch');
  open(path, params, screen);
  return {
    update: (query) => screen.update?.(query),
    leave() {
      screen.left = true;
      screen.stop();
    },
  };
}

async function open(path, params, screen) {
  try {
    const { batch } = await get(path);
    if (!screen.left) draw(path, batch, params, screen);
  } catch (error) {
    if (screen.left) return;
    place(missing(error));
    if (error.status === 404 || error.status === 422) return;
    setConnection('lost');
    const timer = setTimeout(() => open(path, params, screen), 3000);
    screen.stop = () => clearTimeout(timer);
  }
}

function missing(error) {
  const gone = error.status === 404 || error.status === 422;
  crumbs(['Batches', '#/batches'], [gone ? 'Not found' : '…']);
  return h('div.page', h('div.empty',
    h('h2', gone ? 'No such batch' : 'The batch could not be loaded'),
    h('p', gone ? 'It may have been deleted, or the address is not complete.' : error.message),
    h('a.btn', { href: '#/batches' }, 'All batches')));
}

function draw(path, snapshot, params, screen) {
  const { jobs: firstJobs, jobs_next_cursor: firstCursor, ...batch } = snapshot;
  const { root, parts } = fromTemplate('batch');
  const model = new BatchModel(batch);
  const table = jobTable(parts.rows, batch, openJob);
  const bySequence = batch.counters.total <= SINGLE_SLICES && !firstCursor;
  const bar = slices(bySequence ? batch.counters.total : null, 'Jobs complete', true);
  const filter = { show: new Set(), find: '' };
  let cursor = firstCursor;
  let fresh = []; // events that the log has not shown yet
  let stopFollowing = () => {};

  const keepFilters = (more) => hrefOf(`batches/${batch.id}`, { ...Object.fromEntries(address().params), ...more });
  const log = eventLog(parts, (sequence) => keepFilters({ job: sequence }));
  const drawer = jobDrawer({ model, table, loadJob, close: () => setQuery({ job: '' }), open: openJob });
  const failureList = failures(parts.failures, (code) => {
    parts.find.value = code;
    filter.find = code;
    legendBox.choose(['failed']);
  });
  readFilters(params);
  const legendBox = legend(parts.legend, filter.show, onFilter);

  // ---- jobs and filters

  function readFilters(query) {
    filter.find = query.get('find') ?? '';
    filter.show.clear();
    for (const state of (query.get('show') ?? '').split(',')) if (state) filter.show.add(state);
    if (parts.find.value.trim() !== filter.find) parts.find.value = filter.find;
  }

  function takeJobs(list) {
    table.add(model.take(list));
  }

  async function onFilter() {
    if (screen.left) return;
    setQuery({ show: [...filter.show].join(','), find: filter.find });
    table.filter(filter);
    if (cursor && filter.show.size) await loadFiltered();
    if (filter.show.has('failed')) failureList.reveal(model.jobs.values(), batch.counters.failed);
    drawShown();
  }

  // With more jobs than are loaded, the ones asked for are fetched from wherever they stand.
  async function loadFiltered() {
    const states = [...filter.show].filter((state) => state !== 'cached');
    if (states.includes('cancelled')) states.push('skipped');
    if (!states.length) return;
    const answer = await get(`${path}/jobs`, { status: states.join(','), limit: PAGE }).catch(() => ({ jobs: [] }));
    takeJobs(answer.jobs);
  }

  async function loadMore(event) {
    const source = event.currentTarget;
    source.disabled = true;
    const page = await get(`${path}/jobs`, { limit: PAGE, cursor }).catch(() => null);
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
    text(parts.shown, shown === total ? shown.toLocaleString('en')
      : `${shown.toLocaleString('en')} of ${total.toLocaleString('en')}`);
    say(`${shown} jobs shown`);
    const loaded = model.jobs.size;
    const rest = [];
    if (!shown) {
      rest.push(h('div.empty', h('p', loaded ? 'No loaded job matches.' : 'This batch has no jobs.'),
        loaded ? button('Show all jobs', null, showAll) : null));
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

  function openJob(job) {
    location.hash = keepFilters({ job: job.sequence });
  }

  async function loadJob(sequence) {
    const known = model.names.get(sequence);
    if (known) return known;
    let next = cursor;
    while (next && !model.names.has(sequence)) {
      const page = await get(`${path}/jobs`, { limit: PAGE, cursor: next });
      for (const job of page.jobs) model.names.set(job.sequence, job.id);
      next = page.next_cursor;
    }
    return model.names.get(sequence);
  }

  // ---- painting

  function paint(jobs = []) {
    table.patch(jobs);
    drawer.patch(jobs);
    setState(parts.state, batch.status);
    const { counters } = batch;
    const done = complete(counters);
    text(parts.headline, `${done.toLocaleString('en')} of ${counters.total.toLocaleString('en')} complete`);
    text(parts.percent, `(${percent(done, counters.total)}%)`);
    paintTime();
    if (bySequence) bar.each([...model.jobs.values()].map((job) => sliceOf(job, barTone(job))));
    else bar.stack(counters);
    bar.value(percent(done, counters.total));
    legendBox.patch(counters);
    failureList.patch(model.jobs.values(), counters.failed);
    paintWhy();
    if (fresh.length) log.append(fresh, batch.last_event_id);
    fresh = [];
  }

  // Amber never shares the bar with vermilion, so a job that waits for its next try is drawn as waiting.
  function barTone(job) {
    const [tone] = lookOf(job);
    return tone === 'retrying' ? 'pending' : tone;
  }

  function paintTime() {
    const left = secondsLeft(batch);
    if (!isOpen(batch)) {
      const took = batch.started_at ? `took ${between(batch.started_at, batch.completed_at)}, ` : '';
      text(parts.time, batch.completed_at ? `${took}ended ${since(batch.completed_at)}` : '');
    } else {
      const running = batch.started_at ? `running for ${between(batch.started_at)}` : 'not started';
      text(parts.time, [left === null ? '' : about(left * 1000), running].filter(Boolean).join(', '));
    }
  }

  function paintWhy() {
    const { message, tone } = why(batch, [...model.jobs.values()], status?.slots);
    text(parts.reason, message);
    attr(parts.why, 'data-state', tone);
    parts.reveal.hidden = !batch.counters.failed || !failureList.hasMore(model.jobs.values());
  }

  const beat = setInterval(() => {
    if (document.hidden || isHeld() || !isOpen(batch)) return;
    paintTime();
    paintWhy();
    table.patch([...model.jobs.values()].filter((job) => job.status === 'running' || job.run_at));
  }, 1000);

  // ---- following

  function receive(event) {
    const job = model.apply(event);
    fresh.push(event);
    repaint(paint, job);
    if (event.type === 'batch.started') batchFacts(parts.facts, batch);
    if (!isOpen(batch)) {
      say(`${batch.name}: ${capital(batch.status)}`);
      refresh().catch(() => {});
    }
  }

  async function refresh() {
    const { batch: next } = await get(path);
    if (!screen.left) absorb(next);
  }

  function absorb({ jobs, jobs_next_cursor: _, ...rest }) {
    Object.assign(batch, rest);
    takeJobs(jobs);
    batchFacts(parts.facts, batch);
    for (const job of model.jobs.values()) repaint(paint, job);
    drawer.refresh();
  }

  async function loadHistory(after) {
    const page = await get(`${path}/events`, { last_event_id: after, limit: HISTORY }).catch(() => null);
    if (page) log.append(page.events.filter((event) => event.id <= batch.last_event_id), batch.last_event_id);
  }

  async function begin() {
    await loadHistory(Math.max(0, batch.last_event_id - HISTORY));
    if (screen.left) return;
    if (!isOpen(batch)) {
      setConnection('ended');
      return;
    }
    stopFollowing = follow({
      batchId: batch.id,
      after: batch.last_event_id,
      onEvent: receive,
      async onReset() {
        log.clear();
        fresh = [];
        await refresh().catch(() => {});
        if (!screen.left) begin();
      },
      async onBroken() {
        const { batch: next } = await get(path);
        if (isOpen(next)) return true;
        // The end came while the line was down.
        const seen = batch.last_event_id;
        absorb(next);
        await loadHistory(seen);
        setConnection('ended');
        return false;
      },
    });
  }

  // ---- wiring

  parts.reveal.addEventListener('click', () => {
    failureList.reveal(model.jobs.values(), batch.counters.failed);
    parts.reveal.hidden = true;
  });
  text(parts.name, batch.name);
  attr(parts.name, 'title', batch.name);
  setTitle(batch.name);
  crumbs(['Batches', '#/batches'], [batch.name]);
  batchFacts(parts.facts, batch);
  attr(parts.zip, 'href', `${path}/download`);
  attr(parts.json, 'href', `${path}/events`);
  parts.bar.append(bar.node);
  parts.log.open = matchMedia('(width >= 64rem)').matches;
  parts.find.addEventListener('input', debounce(() => {
    filter.find = parts.find.value.trim();
    onFilter();
  }, 150));
  takeJobs(firstJobs);
  place(root);
  failureList.reveal(model.jobs.values(), batch.counters.failed);
  paint();
  table.filter(filter);
  drawShown();
  begin();

  screen.update = (query) => drawer.show(Number(query.get('job')) || null);
  screen.stop = () => {
    clearInterval(beat);
    stopFollowing();
    forget(paint);
    drawer.leave();
  };
  screen.update(params);
}
