// News of all batches, for the list: from the service's stream, and by asking while there is none.
import { setConnection, noteNews } from './connection.js';

const POLL = 3000;
const STREAM_AGAIN = 10_000;
const ASK_AFTER = 400; // several batches that the list does not know become one question
// A browser opens six connections to one host: a tab that nobody looks at must not keep one for ever.
const HIDDEN_GRACE = 30_000;

/**
 * `ask()` loads what the list may lack, and is called whenever news may have been missed. `take(batch)` gets a batch as
 * it is now and returns whether the list knows it; `gone(id)` is told of deleted ones. Returns how to stop.
 */
export function followList({ ask, take, gone }) {
  let source = null;
  let stopped = false;
  const timers = { poll: null, stream: null, ask: null, hidden: null };

  async function askNow() {
    clearTimeout(timers.ask);
    timers.ask = null;
    const answered = await ask().then(() => true, () => false);
    if (stopped) return;
    if (!answered) setConnection('lost');
    else if (source?.readyState !== EventSource.CONNECTING) setConnection('live');
  }

  function askSoon() {
    timers.ask ??= setTimeout(askNow, ASK_AFTER);
  }

  /** Without a stream the list asks every few seconds; while nobody looks it does not ask at all. */
  async function poll() {
    clearTimeout(timers.poll);
    if (!document.hidden) await askNow();
    if (!stopped && source === null) timers.poll = setTimeout(poll, POLL);
  }

  function disconnect() {
    for (const timer of Object.values(timers)) clearTimeout(timer);
    timers.ask = null;
    source?.close();
    source = null;
  }

  function connect() {
    disconnect();
    source = new EventSource('/api/events');
    source.onopen = () => {
      setConnection('live');
      askNow();
    };
    source.onerror = () => {
      setConnection('lost');
      // CONNECTING: the browser is already trying again. CLOSED: it was refused and gave up.
      if (source?.readyState !== EventSource.CLOSED) return;
      disconnect();
      timers.stream = setTimeout(connect, STREAM_AGAIN);
      poll();
    };
    source.addEventListener('batch.updated', (message) => {
      noteNews();
      if (!take(JSON.parse(message.data).batch)) askSoon();
    });
    source.addEventListener('batch.deleted', (message) => {
      noteNews();
      gone(JSON.parse(message.data).batch_id);
    });
    source.addEventListener('reset', askNow);
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
