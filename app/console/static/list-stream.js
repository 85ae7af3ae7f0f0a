// Changes to all batches, for the list: from the service’s event stream, or by polling while there is none.
import { noteMessage, setConnection } from './connection.js';
import { urlOf } from './root.js';

/** @import { Batch } from '../api.d.ts' */

const POLL = 3000;
const RECONNECT_AFTER = 10_000;
const REFRESH_DELAY = 400; // several batches that the list does not know become one request
// A browser opens six connections to one host: a tab that nobody looks at must not keep one for ever.
const HIDDEN_GRACE = 30_000;

/**
 * `refresh()` loads what the list may lack, and is called whenever an event may have been missed. `onBatch(batch)` gets a
 * batch as it is now and returns whether the list shows it; `onDeleted(id)` is called for deleted ones. Returns a function
 * that stops it.
 * @param {object} options
 * @param {() => Promise<unknown>} options.refresh
 * @param {(batch: Batch) => boolean} options.onBatch
 * @param {(id: string) => void} options.onDeleted
 */
export function followList({ refresh, onBatch, onDeleted }) {
  /** @type {EventSource | null} */
  let source = null;
  let stopped = false;
  /** @type {Record<'poll' | 'stream' | 'refresh' | 'hidden', number | undefined>} */
  const timers = { poll: undefined, stream: undefined, refresh: undefined, hidden: undefined };

  async function refreshNow() {
    clearTimeout(timers.refresh);
    timers.refresh = undefined;
    const loaded = await refresh().then(
      () => true,
      () => false,
    );
    if (stopped) return;
    if (!loaded) setConnection('lost');
    else if (source?.readyState !== EventSource.CONNECTING) setConnection('live');
  }

  function refreshSoon() {
    timers.refresh ??= setTimeout(refreshNow, REFRESH_DELAY);
  }

  /** Without a stream the list asks every few seconds; while nobody looks it does not ask at all. */
  async function poll() {
    clearTimeout(timers.poll);
    if (!document.hidden) await refreshNow();
    if (!stopped && source === null) timers.poll = setTimeout(poll, POLL);
  }

  function disconnect() {
    for (const timer of Object.values(timers)) clearTimeout(timer);
    timers.refresh = undefined;
    source?.close();
    source = null;
  }

  function connect() {
    disconnect();
    source = new EventSource(urlOf('/api/events'));
    source.onopen = () => {
      setConnection('live');
      refreshNow();
    };
    source.onerror = () => {
      setConnection('lost');
      // CONNECTING: the browser is already trying again. CLOSED: it was refused and gave up.
      if (source?.readyState !== EventSource.CLOSED) return;
      disconnect();
      timers.stream = setTimeout(connect, RECONNECT_AFTER);
      poll();
    };
    source.addEventListener('batch.updated', (message) => {
      noteMessage();
      if (!onBatch(JSON.parse(message.data).batch)) refreshSoon();
    });
    source.addEventListener('batch.deleted', (message) => {
      noteMessage();
      onDeleted(JSON.parse(message.data).batch_id);
    });
    source.addEventListener('reset', refreshNow);
    source.addEventListener('bye', () => {
      setConnection('lost');
      disconnect();
      timers.stream = setTimeout(connect, 1000);
    });
  }

  function onVisibility() {
    clearTimeout(timers.hidden);
    if (document.hidden) timers.hidden = setTimeout(disconnect, HIDDEN_GRACE);
    else if (source === null) connect();
  }

  document.addEventListener('visibilitychange', onVisibility);
  connect();
  return () => {
    stopped = true;
    disconnect();
    document.removeEventListener('visibilitychange', onVisibility);
  };
}
