// One swimmer's swims in all batches, or the newest of everybody.
import { errorText, get, getOrNull } from '../api.js';
import { announce, button, debounce, find, h, icon, nodesOf } from '../dom.js';
import { dateTime, plural, timeAgo } from '../format.js';
import { confidenceLabel } from '../parts/confidence.js';
import { dataTable } from '../parts/data-table.js';
import { emptyState, errorNote, loader, page } from '../parts/page.js';
import { closePage } from '../parts/page-picture.js';
import { COURSES, eventOf, openPagesOf, pageButton, roundOf, timeOf } from '../results/pdf-extraction.js';
import { address, hrefOf, setQuery } from '../router.js';
import { setBreadcrumbs, setTitle } from '../shell.js';

/** @import { Extraction, Page, Swim } from '../../api.d.ts' */
/** @import { Child } from '../../types.d.ts' */
/** @import { Column } from '../parts/data-table.js' */

/** @typedef {Page<'extractions', Extraction> & { names: string[] | null, near_names: string[] }} Extractions */
/** @typedef {Extraction & { swim: Swim, index: number, key: string }} SwimRow */

const PAGE = 50;

/** @param {string} name */
const link = (name) => h('a', { href: hrefOf('swimmers', { swimmer: name }) }, name);

/**
 * One row for each swim; a sheet on which the swimmer was not found has one as well.
 * @param {Extraction[]} found
 * @returns {SwimRow[]}
 */
const rowsOf = (found) =>
  found.flatMap((one) =>
    one.swims.length
      ? one.swims.map((swim, index) => ({ ...one, swim, index, key: `${one.id} ${index}` }))
      : [{ ...one, swim: {}, index: 0, key: one.id }],
  );

/** @param {string | null} confidence */
const notFoundText = (confidence) =>
  h('span.dim', confidence === 'low' ? 'not found; much was not read' : 'not on this sheet');

/** @type {Column<SwimRow>[]} */
const COLUMNS = [
  { label: 'Swimmer', cell: (one) => link(one.swimmer_name) },
  { label: 'Event', cell: ({ swim, swims, confidence }) => (swims.length ? eventOf(swim) : notFoundText(confidence)) },
  { label: 'Round', cell: ({ swim }) => roundOf(swim) ?? '' },
  { label: 'Place', kind: 'num', cell: ({ swim }) => String(swim.place ?? '') },
  { label: 'Time', kind: 'num', cell: ({ swim }) => timeOf(swim) ?? '' },
  {
    label: 'Meet',
    cell: ({ meet, dates, course }) => [
      meet ?? '',
      h('div.dim', { title: COURSES[course ?? ''] }, [dates, course].filter(Boolean).join(', ')),
    ],
  },
  {
    label: 'Sheet',
    cell: ({ batch_id: batch, batch_name: name, filename, confidence }) => [
      h('a.name', { href: hrefOf(`batches/${batch}`, { find: filename }), title: `In ${name}` }, filename ?? name),
      confidenceLabel(confidence),
    ],
  },
  {
    label: 'Page',
    kind: 'num',
    cell: ({ id, swim, index, swims, filename }) =>
      swims.length ? pageButton(swim, { extraction: id, index, filename }) : '',
  },
  {
    label: 'Read',
    kind: 'dim',
    cell: ({ created_at: at }) => h('time', { datetime: at, title: dateTime(at) }, timeAgo(at)),
  },
];

/** @param {Extractions} answer @param {string} wanted @returns {Child[]} */
function spellings({ names, near_names: near }, wanted) {
  const others = (names ?? []).filter((name) => name !== wanted);
  return [
    others.length ? h('p.dim', `Also written as ${others.join('; ')}.`) : '',
    near.length
      ? h(
          'p.near',
          'Similar names: ',
          near.flatMap((name, at) => [at ? '; ' : '', link(name)]),
        )
      : '',
  ];
}

export function swimmersScreen() {
  const search = h('input.input', {
    type: 'search',
    placeholder: 'Name',
    'aria-label': 'Search for a swimmer by name',
    autocomplete: 'off',
  });
  const { root, body } = page('Swimmers', {
    intro: 'What was found on result sheets, in all batches, newest first. A search finds a name in any spelling.',
    actions: [h('form.search', { role: 'search' }, icon('search'), search, h('kbd', { 'aria-hidden': 'true' }, '/'))],
  });
  const named = h('div.stack.tight');
  const table = dataTable({
    caption: 'Swims, newest first',
    kind: 'history',
    columns: COLUMNS,
    keyOf: ({ key }) => key,
  });
  const after = h('div.after');
  let name = '';
  /** @type {Extraction[]} */
  let found = [];
  /** @type {string | null} */
  let cursor = null;
  body.append(named, openPagesOf(table.node), after);

  function draw() {
    table.draw(rowsOf(found));
    table.node.hidden = !found.length;
    after.replaceChildren(...(cursor ? [button('Show more', null, more)] : []), ...(found.length ? [] : [nothing()]));
    announce(plural(found.length, 'sheet'));
  }

  function nothing() {
    if (!name)
      return emptyState('No sheets yet', 'What batches of result sheets find about each swimmer appears here.');
    return emptyState(
      `No swimmer called “${name}”`,
      'The name was not found on any sheet that was searched for it.',
      button('Clear search', null, () => {
        search.value = '';
        onSearch();
        search.focus();
      }),
    );
  }

  /** @param {Event} event */
  async function more(event) {
    /** @type {HTMLButtonElement} */ (event.currentTarget).disabled = true;
    /** @type {Extractions | null} */
    const answer = await getOrNull('/api/extractions', { swimmer: name, limit: PAGE, cursor });
    if (!answer || !root.isConnected) return;
    const first = rowsOf(answer.extractions)[0];
    found = [...found, ...answer.extractions];
    cursor = answer.next_cursor;
    draw();
    const row = first && table.rowOf(first.key);
    if (row) find('a.name', row).focus();
  }

  const list = loader({
    /** @returns {Promise<Extractions>} */
    load: () => {
      name = address().params.get('swimmer') ?? '';
      return get('/api/extractions', { swimmer: name, limit: PAGE });
    },
    draw(answer) {
      found = answer.extractions;
      cursor = answer.next_cursor;
      if (search !== document.activeElement) search.value = name;
      if (name) setBreadcrumbs(['Swimmers', '#/swimmers'], [name]);
      else setBreadcrumbs(['Swimmers']);
      setTitle(name || 'Swimmers');
      named.replaceChildren(...nodesOf(spellings(answer, name)));
      draw();
    },
    failed: (error) => after.replaceChildren(errorNote(errorText(error))),
  });

  function onSearch() {
    setQuery({ swimmer: search.value.trim() });
    list.again();
  }

  search.addEventListener(
    'input',
    debounce(() => root.isConnected && onSearch(), 250),
  );
  return {
    update: list.again,
    leave() {
      closePage();
      list.leave();
    },
  };
}
