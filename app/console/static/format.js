// How numbers, sizes, spans and moments are put into words.
const pad2 = (n) => String(n).padStart(2, '0');

// The service may run on a machine whose clock differs from this one; ages are counted on its clock.
let clockOffset = 0;
export const now = () => Date.now() + clockOffset;
export function setServerClock(dateHeader) {
  const at = Date.parse(dateHeader ?? '');
  // The header has whole seconds, so smaller differences are noise.
  if (at) clockOffset = Math.abs(at - Date.now()) > 2000 ? at - Date.now() : 0;
}

export const plural = (n, one, more = `${one}s`) => `${n.toLocaleString('en')} ${n === 1 ? one : more}`;
export const percent = (part, whole) => (whole ? Math.floor((part / whole) * 100) : 0);
export const capitalize = (word) => word.charAt(0).toUpperCase() + word.slice(1);

export function duration(ms) {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const s = Math.round(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)}m ${pad2(s % 60)}s`;
  return `${Math.floor(s / 3600)}h ${pad2(Math.floor(s / 60) % 60)}m`;
}

/** The time between two ISO moments; without an end, until now; '' when it has not begun. */
export function elapsed(from, until) {
  if (!from) return '';
  return duration((until ? Date.parse(until) : now()) - Date.parse(from));
}

export function timeLeft(ms) {
  if (ms < 20_000) return 'a few seconds left';
  if (ms < 3_600_000) return `about ${Math.max(1, Math.round(ms / 60_000))} min left`;
  return `about ${(ms / 3_600_000).toFixed(1)} h left`;
}

export const timeOfDay = (iso) => new Date(iso).toTimeString().slice(0, 8);
export const dateTime = (iso) => new Date(iso).toLocaleString('en-GB');

export function timeAgo(iso) {
  const s = (now() - Date.parse(iso)) / 1000;
  if (s < 60) return 'just now';
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`;
  const day = { day: 'numeric', month: 'short' };
  if (s > 300 * 86_400) day.year = 'numeric';
  return new Date(iso).toLocaleDateString('en-GB', day);
}

/** The time of a moment of today, with its day when it is older. */
export function shortDateTime(iso) {
  const at = new Date(iso);
  const time = at.toTimeString().slice(0, 5);
  if (at.toDateString() === new Date().toDateString()) return time;
  return `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${time}`;
}

export function fileSize(bytes) {
  if (bytes == null) return '';
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  if (bytes < 1e12) return `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`;
  return `${(bytes / 1e12).toFixed(1)} TB`;
}
