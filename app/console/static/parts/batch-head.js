// The top of a batch page: state, how much is complete, how long it takes, and why the rest waits.
import { attr, text } from '../dom.js';
import { sliceOf } from '../model.js';
import { status } from '../shell.js';
import { about, between, moment, percent, since } from '../words.js';
import { slices } from './slices.js';
import { complete, isOpen, lookOf, setState } from './states.js';
import { secondsLeft, why } from './why.js';

const SINGLE_SLICES = 120; // past this many jobs the bar is stacked by state

// Amber never shares the bar with vermilion, so a job that waits for its next try is drawn as waiting.
function barTone(job) {
  const [tone] = lookOf(job);
  return tone === 'retrying' ? 'pending' : tone;
}

function timeWords(batch) {
  if (batch.status === 'paused' && batch.paused_at) return `paused at ${moment(batch.paused_at)}`;
  if (isOpen(batch)) {
    const left = secondsLeft(batch);
    const running = batch.started_at ? `running for ${between(batch.started_at)}` : 'not started';
    return left === null ? running : `${about(left * 1000)}, ${running}`;
  }
  if (!batch.completed_at) return '';
  const took = batch.started_at ? `took ${between(batch.started_at, batch.completed_at)}, ` : '';
  return `${took}ended ${since(batch.completed_at)}`;
}

/** `jobs` gives the jobs that are loaded, in order; `whole` says that they are all there are; `told` see `why`. */
export function batchHead(parts, batch, jobs, whole, told) {
  const { total } = batch.counters;
  const single = whole && total <= SINGLE_SLICES;
  const bar = slices(single ? total : null, 'Jobs complete', true);
  parts.bar.append(bar.node);
  text(parts.name, batch.name);
  attr(parts.name, 'title', batch.name);

  /** What changes with time alone. */
  function tick() {
    text(parts.time, timeWords(batch));
    const { message, tone } = why(batch, jobs(), status?.slots, told());
    text(parts.reason, message);
    attr(parts.why, 'data-state', tone);
  }

  function paint() {
    const { counters } = batch;
    const done = complete(counters);
    setState(parts.state, batch.status);
    text(parts.headline, `${done.toLocaleString('en')} of ${counters.total.toLocaleString('en')} complete`);
    text(parts.percent, `(${percent(done, counters.total)}%)`);
    if (single) bar.each(jobs().map((job) => sliceOf(job, barTone(job))));
    else bar.stack(counters);
    bar.value(percent(done, counters.total));
    tick();
  }

  return { paint, tick };
}
