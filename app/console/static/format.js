// How numbers, sizes, durations and dates are written.
/** @param {number} n */
const pad2 = (n) => String(n).padStart(2, '0');

// The service may run on a machine whose clock differs from this one; ages are counted on its clock.
let clockOffset = 0;
export const now = () => Date.now() + clockOffset;
/** @param {string | null} dateHeader */
export function setServerClock(dateHeader) {
  const at = Date.parse(dateHeader ?? '');
  // The header has whole seconds, so smaller differences are noise.
  if (at) clockOffset = Math.abs(at - Date.now()) > 2000 ? at - Date.now() : 0;
}

/** @param {number} n */
export const formatNumber = (n) => n.toLocaleString('en');

/** @param {number} n @param {string} one @param {string} [more] */
export const plural = (n, one, more = `${one}s`) => `${formatNumber(n)} ${n === 1 ? one : more}`;

/**
 * A share in whole percent: rounded, but 0 only for nothing and 100 only for everything.
 * @param {number} part
 * @param {number} whole
 */
export function percent(part, whole) {
  if (!whole || !part) return 0;
  return part >= whole ? 100 : Math.min(99, Math.max(1, Math.round((part / whole) * 100)));
}

/** @param {string} word */
export const capitalize = (word) => word.charAt(0).toUpperCase() + word.slice(1);

/**
 * The name of a member as words.
 * @param {string} name
 */
export const labelOf = (name) => name.replaceAll('_', ' ');

/** @param {unknown} value @returns {value is string | number | boolean} */
export const isPlain = (value) => ['string', 'number', 'boolean'].includes(typeof value);

/** @param {string | number | boolean} value */
export const plainText = (value) => (typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value));

/** @param {number} ms */
export function duration(ms) {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const s = Math.round(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)}m ${pad2(s % 60)}s`;
  return `${Math.floor(s / 3600)}h ${pad2(Math.floor(s / 60) % 60)}m`;
}

/**
 * The time between two ISO moments; without an end, until now; '' when it has not begun.
 * @param {string | null | undefined} from
 * @param {string | null | undefined} [until]
 */
export function elapsed(from, until) {
  if (!from) return '';
  return duration((until ? Date.parse(until) : now()) - Date.parse(from));
}

/** @param {number} ms */
export function timeLeft(ms) {
  if (ms < 20_000) return 'a few seconds left';
  if (ms < 3_600_000) return `about ${Math.max(1, Math.round(ms / 60_000))} min left`;
  return `about ${(ms / 3_600_000).toFixed(1)} h left`;
}

/** @param {string} iso */
export const timeOfDay = (iso) => new Date(iso).toTimeString().slice(0, 8);
/** @param {string} iso */
export const dateTime = (iso) => new Date(iso).toLocaleString('en-GB');
/** @param {string} iso */
export const date = (iso) =>
  new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** @param {string} iso */
export function timeAgo(iso) {
  const s = (now() - Date.parse(iso)) / 1000;
  if (s < 60) return 'just now';
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`;
  const year = s > 300 * 86_400 ? 'numeric' : undefined;
  return new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year });
}

/**
 * The time of a moment of today, with its day when it is older.
 * @param {string} iso
 */
export function shortDateTime(iso) {
  const at = new Date(iso);
  const time = at.toTimeString().slice(0, 5);
  if (at.toDateString() === new Date().toDateString()) return time;
  return `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${time}`;
}

/** @param {number | null | undefined} bytes */
export function fileSize(bytes) {
  if (bytes == null) return '';
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  if (bytes < 1e12) return `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`;
  return `${(bytes / 1e12).toFixed(1)} TB`;
}
