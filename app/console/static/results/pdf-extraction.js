// The swims of one swimmer on one result sheet.
import { h } from '../dom.js';
import { plural } from '../format.js';
import { confidenceMark, readingNote } from '../parts/confidence.js';
import { hasPages, showing } from '../parts/page-picture.js';
import { hrefOf } from '../router.js';

/** @import { JobDetail, Reading, Swim } from '../../api.d.ts' */
/** @import { Child } from '../../types.d.ts' */

/** @typedef {{ name: string, team: string | null, age: string | null, events: string[] }} NearName */

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
 * @property {string} [match]
 * @property {string[]} [near_names]
 * @property {NearName[]} [near]
 * @property {string} [extraction_id]
 * @property {Reading} [reading]
 * @property {string} [confidence]
 * @property {{ message: string }} [fallback]
 */

/** @type {[label: string, kind: string, read: (swim: Swim) => Child][]} */
const COLUMNS = [
  ['Event', '', eventOf],
  ['Round', '', roundOf],
  ['Place', 'num', (swim) => swim.place],
  ['Time', 'num', timeOf],
];

/** @type {Record<string, string>} */
export const COURSES = { SCY: 'short course yards', SCM: 'short course metres', LCM: 'long course metres' };
/** @type {Record<string, string>} */
const ROUNDS = {
  prelim: 'Prelim',
  semifinal: 'Semifinal',
  final: 'Final',
  swim_off: 'Swim-off',
  time_trial: 'Time trial',
  skins_1: 'Skins, round 1',
  skins_2: 'Skins, round 2',
  skins_3: 'Skins, final',
};

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

/**
 * A swim in a few words, for those who do not see the picture of its page.
 * @param {Swim} swim
 * @param {string} [swimmer]
 */
export const swimText = (swim, swimmer) =>
  [swim.name ?? swimmer, swim.event, roundOf(swim), timeOf(swim)].filter(Boolean).join(', ');

/**
 * A button that shows the page of a swim with its row marked; a click anywhere in the row does the same.
 * @param {Swim} swim
 * @param {{ extraction: string, index: number, filename?: string | null, pages?: number }} sheet
 */
export function pageButton(swim, { extraction, index, filename, pages }) {
  if (!hasPages(filename)) return '';
  const about = swimText(swim);
  const page = swim.page ?? 1;
  const onclick = showing({ extraction, filename, pages, page, swim: index, about });
  return h('button.plain.show-page', { 'aria-label': `Show page ${page} with ${about}`, onclick }, page);
}

/**
 * Lets a click on a row, but not on what is in it, press its button.
 * @param {HTMLElement} table
 */
export function openPagesOf(table) {
  table.addEventListener('click', ({ target }) => {
    if (!(target instanceof Element) || target.closest('a, button') || getSelection()?.toString()) return;
    /** @type {HTMLButtonElement | null | undefined} */
    const shown = target.closest('tr')?.querySelector('.show-page');
    shown?.click();
  });
  return table;
}

/** @param {SheetResult} result */
export const mark = (result) => confidenceMark(result.confidence);

/** @param {SheetResult} result */
export function summary(result) {
  const swims = result.swims?.length ?? 0;
  if (swims) return `${plural(swims, 'swim')}${result.meet ? `, ${result.meet}` : ''}`;
  if (result.reason) return result.reason;
  return result.confidence === 'low' ? 'not found, but much was not read' : 'swimmer not on this sheet';
}

/** @param {string | undefined} wanted @param {Swim[]} swims */
const foundAs = (wanted, swims) =>
  `${wanted} stands on this sheet as ${[...new Set(swims.map(({ name }) => name))].join(' and ')}.`;

/**
 * Who may be meant; results of versions before have the names alone.
 * @param {SheetResult} result
 */
function names({ match, near, near_names: plain }) {
  /** @type {NearName[]} */
  const people = near ?? (plain ?? []).map((name) => ({ name, team: null, age: null, events: [] }));
  if (!people.length) return null;
  const rows = people.map(({ name, team, age, events }) => {
    const more = [team, age && `age or year ${age}`, events.join(', ')].filter(Boolean).join(' · ');
    return h('li', name, more ? h('span.dim', ` ${more}`) : null);
  });
  return h(
    'div.stack.tight',
    h('p', match === 'ambiguous' ? 'Who may be meant:' : 'Similar names on this sheet:'),
    h('ul', rows),
  );
}

/**
 * @param {SheetResult} result
 * @param {JobDetail} job
 */
export function view(result, job) {
  const swims = result.swims ?? [];
  const { extraction_id: extraction, pages, reading, fallback } = result;
  const { filename } = job;
  const course = COURSES[result.course ?? ''] ?? result.course;
  const facts = [result.dates, course, pages && plural(pages, 'page')].filter(Boolean);
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
    reading ? readingNote({ reading, extraction, filename, pages }) : null,
    fallback ? h('p.dim', fallback.message) : null,
    swims.length && result.match === 'sure' ? h('p.dim', foundAs(result.swimmer_name, swims)) : null,
  );
  if (!swims.length) {
    const among = result.swims_on_sheet ? ` among its ${plural(result.swims_on_sheet, 'swim')}` : '';
    const missing =
      result.confidence === 'low'
        ? `${result.swimmer_name} was not found, but much of this sheet was not read.`
        : `${result.swimmer_name} is not on this sheet${among}.`;
    return h('div.stack', head, h('p', result.reason ?? missing), names(result));
  }
  const heads = [...COLUMNS, /** @type {const} */ (['Page', 'num'])].map(([label, kind]) =>
    h('th', { scope: 'col', class: kind || null }, label),
  );
  const rows = swims.map((swim, index) =>
    h(
      'tr',
      { class: extraction && hasPages(filename) ? 'selectable' : null },
      COLUMNS.map(([, kind, read]) => h('td', { class: kind || null }, read(swim) ?? '')),
      h('td.num', extraction ? pageButton(swim, { extraction, index, filename, pages }) : swim.page),
    ),
  );
  return h(
    'div.stack',
    head,
    h(
      'div.scroll-x',
      { tabindex: 0, role: 'region', 'aria-label': 'Swims' },
      openPagesOf(
        h(
          'table.table.natural.small.swims',
          h('caption.sr', `Swims of ${result.swimmer_name ?? 'the swimmer'}`),
          h('thead', h('tr', heads)),
          h('tbody', rows),
        ),
      ),
    ),
  );
}
