// The swims of one swimmer on one result sheet.
import { h } from '../dom.js';
import { plural } from '../format.js';
import { hrefOf } from '../router.js';

/** @import { Swim } from '../../api.d.ts' */
/** @import { Child } from '../../types.d.ts' */

/**
 * @typedef {object} SheetResult
 * @property {Swim[]} [swims]
 * @property {string} [meet]
 * @property {string} [reason]
 * @property {string} [dates]
 * @property {string} [course]
 * @property {number} [pages]
 * @property {string} [swimmer_name]
 * @property {number} [swims_on_sheet]
 * @property {(string | { name: string })[]} [near_names]
 */

/** @type {[label: string, kind: string, read: (swim: Swim) => Child][]} */
const COLUMNS = [
  ['Event', '', eventOf],
  ['Round', '', roundOf],
  ['Place', 'num', (swim) => swim.place],
  ['Time', 'num', timeOf],
  ['Page', 'num', (swim) => swim.page],
];

/** @type {Record<string, string>} */
export const COURSES = { SCY: 'short course yards', SCM: 'short course metres', LCM: 'long course metres' };
/** @type {Record<string, string>} */
const ROUNDS = { prelim: 'Prelim', semifinal: 'Semifinal', final: 'Final', swim_off: 'Swim-off' };

/** @param {Swim} swim */
export function eventOf(swim) {
  const number = swim.event_number ? `${swim.event_number} ` : '';
  const leg = swim.leg ? `, leg ${swim.leg}` : '';
  const line = `${number}${swim.event ?? ''}${leg}`;
  return swim.note ? [line, h('div.dim', swim.note)] : line;
}

/** @param {Swim} swim */
export function roundOf(swim) {
  return swim.section ?? ROUNDS[swim.round ?? ''] ?? swim.round;
}

/** @param {Swim} swim */
export function timeOf(swim) {
  // A disqualified or absent swimmer has a status where others have a time.
  return swim.time ? `${swim.exhibition ? 'X' : ''}${swim.time}` : swim.status;
}

/** @param {SheetResult} result */
export function summary(result) {
  const swims = result.swims?.length ?? 0;
  if (swims) return `${plural(swims, 'swim')}${result.meet ? `, ${result.meet}` : ''}`;
  return result.reason ?? 'swimmer not on this sheet';
}

/** @param {SheetResult} result */
function names(result) {
  const near = (result.near_names ?? []).map((one) => (typeof one === 'string' ? one : one.name)).filter(Boolean);
  if (!near.length) return null;
  return h(
    'div.stack.tight',
    h('p', 'Similar names on this sheet:'),
    h(
      'ul',
      near.map((name) => h('li', name)),
    ),
  );
}

/** @param {SheetResult} result */
export function view(result) {
  const swims = result.swims ?? [];
  const course = COURSES[result.course ?? ''] ?? result.course;
  const facts = [result.dates, course, result.pages && plural(result.pages, 'page')].filter(Boolean);
  const head = h(
    'div.stack.tight',
    result.meet ? h('p', h('b', result.meet)) : null,
    result.swimmer_name
      ? h('p', h('a', { href: hrefOf('swimmers', { swimmer: result.swimmer_name }) }, result.swimmer_name))
      : null,
    h(
      'p.facts',
      facts.map((fact) => h('span', String(fact))),
    ),
  );
  if (!swims.length) {
    const among = result.swims_on_sheet ? ` among its ${plural(result.swims_on_sheet, 'swim')}` : '';
    const missing = `${result.swimmer_name} is not on this sheet${among}.`;
    return h('div.stack', head, h('p', result.reason ?? missing), names(result));
  }
  const heads = COLUMNS.map(([label, kind]) => h('th', { scope: 'col', class: kind || null }, label));
  const rows = swims.map((swim) =>
    h(
      'tr',
      COLUMNS.map(([, kind, read]) => h('td', { class: kind || null }, read(swim) ?? '')),
    ),
  );
  return h(
    'div.stack',
    head,
    h(
      'div.scroll-x',
      { tabindex: 0, role: 'region', 'aria-label': 'Swims' },
      h(
        'table.table.natural.small.swims',
        h('caption.sr', `Swims of ${result.swimmer_name ?? 'the swimmer'}`),
        h('thead', h('tr', heads)),
        h('tbody', rows),
      ),
    ),
  );
}
