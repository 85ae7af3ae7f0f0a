// The top of a batch page: state, how much is complete, how long it takes, and why the rest waits.
import { setAttr, setText } from '../dom.js';
import { elapsed, percent, shortDateTime, timeAgo, timeLeft } from '../format.js';
import { segmentOf } from '../model.js';
import { status } from '../shell.js';
import { progressBar } from './progress-bar.js';
import { completeCount, isOpen, jobState, setState } from './states.js';
import { secondsLeft, statusMessage } from './status-message.js';

/** @import { Batch, Job } from '../../api.d.ts' */
/** @import { BatchParts } from '../../types.d.ts' */
/** @import { Reported } from './status-message.js' */

const MAX_SEGMENTS = 120; // past this many jobs the bar is stacked by state

// Amber never shares the bar with vermilion, so a job that waits to be retried is drawn as waiting.
/** @param {Job} job */
function barTone(job) {
  const [tone] = jobState(job);
  return tone === 'retrying' ? 'pending' : tone;
}

/** @param {Batch} batch */
function timeText(batch) {
  if (batch.status === 'paused' && batch.paused_at) return `paused at ${shortDateTime(batch.paused_at)}`;
  if (isOpen(batch)) {
    const left = secondsLeft(batch);
    const running = batch.started_at ? `running for ${elapsed(batch.started_at)}` : 'not started';
    return left === null ? running : `${timeLeft(left * 1000)}, ${running}`;
  }
  if (!batch.completed_at) return '';
  const took = batch.started_at ? `took ${elapsed(batch.started_at, batch.completed_at)}, ` : '';
  return `${took}ended ${timeAgo(batch.completed_at)}`;
}

/**
 * `jobs` gives the jobs that are loaded, in order; `whole` says that they are all there are; `serverReason` is for `statusMessage`.
 * @param {BatchParts} parts
 * @param {Batch} batch
 * @param {() => Job[]} jobs
 * @param {boolean} whole
 * @param {() => Reported} serverReason
 */
export function batchHeader(parts, batch, jobs, whole, serverReason) {
  const { total } = batch.counters;
  const single = whole && total <= MAX_SEGMENTS;
  const bar = progressBar(single ? total : null, 'Jobs complete', true);
  parts.bar.append(bar.node);

  /** What changes with time alone. */
  function tick() {
    setText(parts.time, timeText(batch));
    const { message, tone } = statusMessage(batch, jobs(), status?.slots, serverReason());
    setText(parts.reason, message);
    setAttr(parts.why, 'data-state', tone);
  }

  function render() {
    const { counters } = batch;
    const done = completeCount(counters);
    setText(parts.name, batch.name);
    setAttr(parts.name, 'title', batch.name);
    setState(parts.state, batch.status);
    setText(parts.headline, `${done.toLocaleString('en')} of ${counters.total.toLocaleString('en')} complete`);
    setText(parts.percent, `(${percent(done, counters.total)}%)`);
    if (single) bar.setSegments(jobs().map((job) => segmentOf(job, barTone(job))));
    else bar.setCounts(counters);
    bar.setValue(percent(done, counters.total));
    tick();
  }

  return { render, tick };
}
