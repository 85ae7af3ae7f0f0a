// All swims over all sheets of one batch: best times with how they went on, and one table.
import { errorText, get, isNotFound, queryString } from '../api.js';
import { announce, button, h, icon, setText } from '../dom.js';
import { date, plural } from '../format.js';
import { confidenceLabel } from '../parts/confidence.js';
import { dataTable } from '../parts/data-table.js';
import { notFound } from '../parts/not-found.js';
import { emptyState, errorNote, loader, page } from '../parts/page.js';
import { closePage } from '../parts/page-picture.js';
import { progressionChart } from '../parts/progression-chart.js';
import { isOpen } from '../parts/states.js';
import { COURSES, eventOf, openPagesOf, pageButton, roundOf, timeOf } from '../results/pdf-extraction.js';
import { urlOf } from '../root.js';
import { address, hrefOf, setQuery } from '../router.js';
import { mount, setBreadcrumbs, setTitle } from '../shell.js';

/** @import { BatchWithJobs, EventSwims, ProgressionPoint, SwimOfBatch, SwimTable } from '../../api.d.ts' */
/** @import { Screen } from '../../types.d.ts' */
/** @import { Column } from '../parts/data-table.js' */

/** @typedef {{ batch: BatchWithJobs, table: SwimTable }} Answer */

const EVERY = 5000;
/** @type {Record<string, string>} */
const STROKES = {
  FR: 'Freestyle',
  BK: 'Backstroke',
  BR: 'Breaststroke',
  FL: 'Butterfly',
  IM: 'Individual medley',
  MED: 'Medley',
};

/** @param {string} id @returns {Column<SwimOfBatch>[]} */
const columns = (id) => [
  { label: 'Event', cell: (swim) => [eventOf(swim), h('div.dim', roundOf(swim) ?? '')] },
  { label: 'Place', kind: 'num', cell: ({ place }) => String(place ?? '') },
  {
    label: 'Time',
    kind: 'num',
    cell: (swim) => [timeOf(swim) ?? '', swim.is_best && h('div.best-time', 'best')],
  },
  {
    label: 'Meet',
    cell: ({ meet, dates, course }) => [
      meet ?? '',
      h('div.dim', { title: COURSES[course ?? ''] }, [dates, course].filter(Boolean).join(', ')),
    ],
  },
  {
    label: 'Sheet',
    cell: ({ sequence, filename, confidence }) => [
      h('a.name', { href: hrefOf(`batches/${id}`, { job: sequence }) }, filename ?? `Job ${sequence}`),
      confidenceLabel(confidence),
    ],
  },
  {
    label: 'Page',
    kind: 'num',
    cell: (swim) => {
      const { extraction_id: extraction, swim: index, filename } = swim;
      return pageButton(swim, { extraction, index, filename });
    },
  },
];

/** @param {EventSwims} event */
const eventName = ({ distance, stroke }) => `${distance} ${STROKES[stroke] ?? stroke}`;

/** @param {ProgressionPoint} point */
const placeAndDay = ({ meet, date: day }) => [meet, day && date(day)].filter(Boolean).join(', ');

/** @param {EventSwims} event */
function changeText({ progression, is_dated: dated }) {
  if (progression.length < 2) return 'One swim.';
  const change = progression[progression.length - 1].seconds - progression[0].seconds;
  const amount = `${Math.abs(change).toFixed(2)} s ${change > 0 ? 'slower' : 'faster'}`;
  const told = Math.abs(change) < 0.005 ? 'as fast' : amount;
  return `${plural(progression.length, 'swim')}; the last ${told} than the first${dated ? '' : ', in the order of the sheets'}.`.replace(
    'as fast than',
    'as fast as',
  );
}

/** @param {EventSwims} event @param {string} chosen @param {(key: string) => void} choose */
function eventCard(event, chosen, choose) {
  const { event_key: key, course, best, progression } = event;
  return h(
    'li.event-card',
    h('h3', eventName(event), ' ', h('span.dim', { title: COURSES[course] }, course)),
    h('p', h('b.best', best.time), ' ', h('span.dim', placeAndDay(best))),
    progression.length > 1 ? progressionChart(event) : null,
    h('p.dim', changeText(event)),
    h(
      'button.plain',
      { 'aria-pressed': String(chosen === key), onclick: () => choose(chosen === key ? '' : key) },
      chosen === key ? 'Show all events' : `Show only ${eventName(event)} ${course}`,
    ),
  );
}

/** @param {URLSearchParams} _ @param {string} [id] @returns {Screen} */
export function batchSwimsScreen(_, id = '') {
  const path = `/api/batches/${encodeURIComponent(id)}`;
  const files = h('span.actions');
  const { root, body } = page('Swims', { actions: [files] });
  const intro = h('p.intro');
  const cards = h('ul.event-cards');
  const best = h(
    'section.stack',
    { 'aria-labelledby': 'best-times' },
    h('h2', { id: 'best-times' }, 'Best times'),
    cards,
  );
  const pick = h('select', { name: 'event' });
  const table = dataTable({
    caption: 'Swims, in the order of the sheets',
    kind: 'history',
    columns: columns(id),
    keyOf: ({ extraction_id: extraction, swim }) => `${extraction} ${swim}`,
  });
  const shown = h('span.count');
  const all = h(
    'section.stack',
    { 'aria-labelledby': 'all-swims' },
    h('div.toolbar', h('h2', { id: 'all-swims' }, 'All swims'), shown, h('label.filter.push', 'Event', pick)),
    openPagesOf(table.node),
  );
  const after = h('div.after');
  body.append(intro, best, all, after);
  setBreadcrumbs(['Batches', '#/batches'], ['…', `#/batches/${id}`], ['Swims']);
  /** @type {Answer | null} */
  let now = null;
  /** @type {number | undefined} */
  let timer;

  /** @param {string} event */
  function choose(event) {
    setQuery({ event });
    if (now) draw(now);
    all.scrollIntoView({ block: 'start' });
    pick.focus({ preventScroll: true });
  }

  /** @param {Answer} answer */
  function draw(answer) {
    now = answer;
    const { batch, table: found } = answer;
    const { swims, events, total, complete, repeated_sheets: repeated } = found;
    const chosen = address().params.get('event') ?? '';
    const rows = chosen ? swims.filter(({ event_key: key }) => key === chosen) : swims;
    setTitle(`Swims of ${batch.name}`);
    setBreadcrumbs(['Batches', '#/batches'], [batch.name, `#/batches/${id}`], ['Swims']);
    const told = [
      `${plural(total, 'swim')} in ${batch.name}.`,
      repeated && `${plural(repeated, 'sheet')} came more than once and ${repeated === 1 ? 'counts' : 'count'} once.`,
      !complete && `The first ${swims.length.toLocaleString('en')} are shown; the files have them all.`,
      isOpen(batch) && 'The batch is not over yet.',
    ];
    setText(intro, told.filter(Boolean).join(' '));
    /** @param {string} format */
    const link = (format) =>
      h(
        'a.btn',
        { href: urlOf(`${path}/swims${queryString({ format, event: chosen })}`), download: true },
        icon('download'),
        format.toUpperCase(),
      );
    files.replaceChildren(...(total ? [link('csv'), link('xlsx')] : []));
    cards.replaceChildren(...events.map((event) => eventCard(event, chosen, choose)));
    best.hidden = !events.length;
    if (document.activeElement !== pick) {
      const options = events.map((event) =>
        h('option', { value: event.event_key }, `${eventName(event)} ${event.course}`),
      );
      pick.replaceChildren(h('option', { value: '' }, 'all'), ...options);
    }
    pick.value = chosen;
    table.draw(rows);
    all.hidden = !swims.length;
    setText(shown, rows.length === swims.length ? String(rows.length) : `${rows.length} of ${swims.length}`);
    after.replaceChildren(...(rows.length ? [] : [nothing(batch, chosen)]));
    announce(`${plural(rows.length, 'swim')} shown`);
  }

  /** @param {BatchWithJobs} batch @param {string} chosen */
  function nothing(batch, chosen) {
    if (chosen)
      return emptyState(
        'No swims in this event',
        'Other events have some.',
        button('Show all', null, () => choose('')),
      );
    const why = isOpen(batch) ? 'What its sheets show appears here.' : 'On none of its sheets was the swimmer found.';
    return emptyState('No swims in this batch', why);
  }

  const list = loader({
    /** @returns {Promise<Answer>} */
    async load() {
      /** @type {Promise<{ batch: BatchWithJobs }>} */
      const whole = get(path);
      /** @type {Promise<SwimTable>} */
      const swims = get(`${path}/swims`);
      const [{ batch }, found] = await Promise.all([whole, swims]);
      return { batch, table: found };
    },
    draw(answer) {
      draw(answer);
      clearTimeout(timer);
      if (isOpen(answer.batch)) timer = setTimeout(list.again, EVERY);
    },
    failed(error) {
      if (isNotFound(error)) mount(notFound(error));
      else after.replaceChildren(errorNote(errorText(error)));
    },
  });
  pick.addEventListener('change', () => choose(pick.value));
  return {
    update: () => root.isConnected && now && draw(now),
    leave() {
      clearTimeout(timer);
      closePage();
      list.leave();
    },
  };
}
