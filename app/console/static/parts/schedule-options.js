// What a schedule does besides its times: its end, its limit, what it does behind other runs and after a downtime.
import { h, icon } from '../dom.js';
import { plural } from '../format.js';
import { field, fillSelect } from './plain-form.js';

/** @import { Schedule } from '../../api.d.ts' */
/** @import { Child, Choice } from '../../types.d.ts' */

/** @type {Choice[]} */
export const OVERLAPS = [
  ['skip', 'skip this run'],
  ['queue', 'wait for it to end'],
  ['allow', 'run both'],
];
/** @type {Choice[]} */
const PAUSED_RUNS = [
  ['holds', 'counts as still going'],
  ['passes', 'does not count'],
];
/** @type {Choice[]} */
const CATCH_UPS = [
  ['once', 'one run for all of them'],
  ['skip', 'none'],
  ['all', 'one run for each, up to 100'],
];

/** @param {Choice[]} choices @param {string} value */
const wordOf = (choices, value) => choices.find(([key]) => key === value)?.[1] ?? value;

/**
 * What the schedule does besides its times, in words, where it is not what every schedule does.
 * @param {Schedule} schedule
 * @param {(iso: string) => string} inZone
 * @returns {Child[]}
 */
export function scheduleFacts(schedule, inZone) {
  const { overlap, limit, jitter_seconds: jitter, ends_at: end, params } = schedule;
  /** @param {string} label @param {string} value */
  const fact = (label, value) => h('span', `${label} `, h('b', value));
  return [
    fact('If the previous run is still going:', wordOf(OVERLAPS, overlap)),
    overlap === 'queue' && schedule.max_waiting < 100 ? fact('Waiting runs: at most', `${schedule.max_waiting}`) : '',
    overlap !== 'allow' && schedule.paused_run !== 'holds'
      ? fact('A paused run', wordOf(PAUSED_RUNS, schedule.paused_run))
      : '',
    schedule.catch_up === 'once' ? '' : fact('Runs that were missed:', wordOf(CATCH_UPS, schedule.catch_up)),
    limit === null ? '' : fact('At most', plural(limit, 'item')),
    jitter ? fact('Starts up to', `${plural(jitter, 'second')} later`) : '',
    end ? fact('Ends', inZone(end)) : '',
    ...Object.entries(params).map(([name, value]) => fact(`${name.replaceAll('_', ' ')}:`, String(value))),
  ];
}

/**
 * What went wrong the last time, while nothing has started since.
 * @param {Schedule} schedule
 * @param {(iso: string) => string} inZone
 * @returns {Child}
 */
export function scheduleTrouble({ last_error: error, last_error_at: at, failures }, inZone) {
  if (!failures || !error || !at) return '';
  const times = failures > 1 ? `, ${plural(failures, 'time')} in a row` : '';
  return h(
    'p.note',
    { 'data-state': 'failed', role: 'status' },
    icon('failed'),
    h('span', `It could not run on ${inZone(at)}${times}: ${error}`),
  );
}

/** @param {string} iso a moment, as a field of the browser's time has it */
function localTime(iso) {
  const moment = new Date(iso);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/**
 * The fields of a form, and `read`, which gives what was entered.
 * @param {Schedule} [schedule]
 */
export function scheduleOptions(schedule) {
  /** @param {Choice[]} choices @param {string} [value] */
  const select = (choices, value) => fillSelect(h('select.input'), choices, value ? [value, value] : undefined);
  /** @param {number} min @param {number} max @param {number | null} [value] */
  const number = (min, max, value) => h('input.input', { type: 'number', min, max, value: value ?? '' });
  const overlap = select(OVERLAPS, schedule?.overlap);
  const pausedRun = select(PAUSED_RUNS, schedule?.paused_run);
  const catchUp = select(CATCH_UPS, schedule?.catch_up);
  const waiting = number(1, 100, schedule?.max_waiting ?? 100);
  const limit = number(1, 1_000_000, schedule?.limit);
  const jitter = number(0, 86_400, schedule?.jitter_seconds ?? 0);
  const end = h('input.input', { type: 'datetime-local', value: schedule?.ends_at ? localTime(schedule.ends_at) : '' });
  const given = Object.keys(schedule?.params ?? {}).length ? JSON.stringify(schedule?.params, null, 2) : '';
  const params = h('textarea.input.mono', { rows: 3, spellcheck: 'false' }, given);
  params.value = given;
  const isUsual = !schedule || (!schedule.ends_at && !schedule.limit && !schedule.jitter_seconds && !given);
  const more = h(
    'details.stack',
    { open: !isUsual },
    h('summary', 'More'),
    field('schedule-limit', 'Items of a run, at most', limit, 'Leave empty for all that the template has.'),
    field('schedule-params', 'Parameters', params, 'As JSON, in place of those of the template: {"name": "value"}.'),
    field('schedule-ends_at', 'Ends', end, 'In the time zone of this browser. Leave empty for no end.'),
    field(
      'schedule-jitter_seconds',
      'Start later by up to (seconds)',
      jitter,
      'So that not everything starts at once.',
    ),
    field('schedule-paused_run', 'A previous run that is paused', pausedRun),
    field('schedule-max_waiting', 'Runs that wait, at most', waiting),
    field('schedule-catch_up', 'Runs that were missed while the service was down', catchUp),
  );

  function read() {
    return {
      overlap: overlap.value,
      paused_run: pausedRun.value,
      max_waiting: Number(waiting.value || 100),
      catch_up: catchUp.value,
      limit: limit.value ? Number(limit.value) : null,
      jitter_seconds: Number(jitter.value || 0),
      ends_at: end.value ? new Date(end.value).toISOString() : null,
      params: readParams(params.value),
    };
  }

  return { fields: [field('schedule-overlap', 'If the previous run is still going', overlap), more], end, read };
}

/** @param {string} text */
function readParams(text) {
  if (!text.trim()) return {};
  try {
    return JSON.parse(text);
  } catch {
    return text; // which the service refuses under the field
  }
}
