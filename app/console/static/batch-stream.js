// Follows one batch over server-sent events. There is never more than one open stream in a tab.
import { noteMessage, setConnection } from './connection.js';
import { urlOf } from './root.js';

const TYPES = [
  'batch.created',
  'batch.queued',
  'batch.started',
  'batch.alerted',
  'batch.paused',
  'batch.resumed',
  'batch.cancelling',
  'batch.completed',
  'batch.partial',
  'batch.failed',
  'batch.cancelled',
  'job.started',
  'job.progressed',
  'job.retrying',
  'job.requeued',
  'job.retried',
  'job.cancelling',
  'jobs.acted_on',
  'jobs.added',
  'job.completed',
  'job.failed',
  'job.cancelled',
  'job.skipped',
  'step.completed',
  'step.skipped',
  'step.failed',
  'step.blocked',
];
const TERMINAL = new Set(['batch.completed', 'batch.partial', 'batch.failed', 'batch.cancelled']);
// A browser opens six connections to one host: a tab that nobody looks at must not keep one for ever.
const HIDDEN_GRACE = 30_000;

/** @import { BatchEvent } from '../api.d.ts' */

let stopCurrent = () => {};

/**
 * Calls `onEvent` for every event after `after`, in order and once. `onReset` must load the batch anew and follow
 * again. `onBroken` is called when the service refuses the stream; it returns true when trying again makes sense.
 * @param {object} options
 * @param {string} options.batchId
 * @param {number} options.after
 * @param {(event: BatchEvent) => void} options.onEvent
 * @param {() => void} options.onReset
 * @param {() => Promise<boolean>} options.onBroken
 */
export function followBatch({ batchId, after, onEvent, onReset, onBroken }) {
  stopCurrent();
  /** @type {EventSource | null} */
  let source = null;
  let last = after;
  let failures = 0;
  /** @type {number | undefined} */
  let timer;
  let stopped = false;

  function disconnect() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  function stop() {
    stopped = true;
    disconnect();
    document.removeEventListener('visibilitychange', onVisibility);
    removeEventListener('online', connect);
  }

  /** @param {MessageEvent<string>} message */
  function receive(message) {
    const event = JSON.parse(message.data);
    if (event.id <= last) return;
    last = event.id;
    failures = 0;
    noteMessage();
    if (TERMINAL.has(event.type)) {
      stop();
      setConnection('ended');
    }
    onEvent(event);
  }

  function retryLater() {
    disconnect();
    setConnection('lost');
    timer = setTimeout(connect, Math.min(30_000, 1000 * 2 ** failures));
    failures += 1;
  }

  async function onError() {
    // CONNECTING: the browser is already trying again, with Last-Event-ID. CLOSED: it was refused and gave up.
    setConnection('lost');
    if (source?.readyState !== EventSource.CLOSED) return;
    disconnect();
    const shouldRetry = await onBroken().catch(() => true);
    if (!stopped && shouldRetry) retryLater();
  }

  function connect() {
    if (stopped) return;
    disconnect();
    source = new EventSource(urlOf(`/api/batches/${batchId}/events?last_event_id=${last}`));
    source.onopen = () => setConnection('live');
    source.onerror = onError;
    for (const type of TYPES) source.addEventListener(type, receive);
    source.addEventListener('reset', () => {
      stop();
      onReset();
    });
    source.addEventListener('bye', retryLater);
  }

  function onVisibility() {
    if (document.hidden) {
      timer = setTimeout(disconnect, HIDDEN_GRACE);
    } else if (source === null) {
      connect();
    } else {
      clearTimeout(timer);
    }
  }

  document.addEventListener('visibilitychange', onVisibility);
  addEventListener('online', connect);
  setConnection('connecting');
  connect();
  stopCurrent = stop;
  return stop;
}
