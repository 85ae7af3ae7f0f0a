// The reports on tables, which outlive their batches: found by name and by how sure they are, kept longer, deleted.
import { errorText, get, getOrNull, patch, remove } from '../api.js';
import { announce, button, debounce, h, icon } from '../dom.js';
import { date, dateTime, formatNumber, plural, timeAgo } from '../format.js';
import { byId, dataTable } from '../parts/data-table.js';
import { confirmAction, menuButton, toast } from '../parts/overlays.js';
import { emptyState, errorNote, loader, page } from '../parts/page.js';
import { tableConfidence } from '../parts/table-notes.js';
import { address, hrefOf, setQuery } from '../router.js';

/** @import { Page, ReportItem } from '../../api.d.ts' */
/** @import { MenuEntry } from '../../types.d.ts' */
/** @import { Column } from '../parts/data-table.js' */

/** @typedef {Page<'reports', ReportItem>} Reports */

const PAGE = 50;
const LONGER = [30, 90, 365];

/** @param {ReportItem} report */
export const keptText = ({ expires_at: at }) => (at ? `until ${date(at)}` : 'for good');

/**
 * What can be done with a report; `changed` is called with what it is afterwards, or null when it is gone.
 * @param {ReportItem} report
 * @param {(now: ReportItem | null) => void} changed
 * @returns {MenuEntry[]}
 */
export function reportActions(report, changed) {
  const path = `/api/reports/${report.id}`;
  /** @param {() => Promise<ReportItem | null>} act @param {string} said */
  async function run(act, said) {
    try {
      changed(await act());
      toast(said);
    } catch (error) {
      toast(errorText(error));
    }
  }
  async function drop() {
    const text = 'The report is lost. Its batch and its file stay as long as they would have.';
    if (!(await confirmAction(`Delete the report on “${report.file_name}”?`, text, 'Delete report'))) return;
    await run(() => remove(path), `Report on ${report.file_name} deleted`);
  }
  return [
    ...LONGER.map((days) => ({
      label: `Keep ${days} days from now`,
      glyph: 'clock',
      act: () => run(() => patch(path, { keep_days: days }), `Kept for ${days} days`),
    })),
    { label: 'Delete…', glyph: 'trash', danger: true, act: drop },
  ];
}

/** @param {(before: ReportItem, now: ReportItem | null) => void} changed @returns {Column<ReportItem>[]} */
const columns = (changed) => [
  {
    label: 'File',
    cell: ({ id, file_name: name, confidence }) => [
      h('a.name', { href: hrefOf(`reports/${id}`) }, name),
      tableConfidence(confidence),
    ],
  },
  {
    label: 'Batch',
    cell: ({ batch_id: batch, batch_name: name }) =>
      batch ? h('a', { href: hrefOf(`batches/${batch}`) }, name ?? 'batch') : h('span.dim', 'gone'),
  },
  { label: 'Rows', kind: 'num', cell: ({ row_count: rows }) => formatNumber(rows) },
  { label: 'Columns', kind: 'num', cell: ({ column_count: count }) => formatNumber(count) },
  {
    label: 'Made',
    kind: 'dim',
    cell: ({ created_at: at }) => h('time', { datetime: at, title: dateTime(at) }, timeAgo(at)),
  },
  {
    label: 'Kept',
    kind: 'dim',
    cell: (one) => h('span', { title: one.expires_at && dateTime(one.expires_at) }, keptText(one)),
  },
  {
    label: '',
    kind: 'k-act',
    cell: (one) =>
      menuButton('', 'more', () => reportActions(one, (now) => changed(one, now)), {
        class: 'btn quiet square small',
        'aria-label': `Actions on the report on ${one.file_name}`,
      }),
  },
];

export function reportsScreen() {
  const search = h('input.input', {
    type: 'search',
    placeholder: 'File name',
    'aria-label': 'Search reports by file name',
    autocomplete: 'off',
  });
  const sure = h(
    'select',
    { name: 'confidence' },
    h('option', { value: '' }, 'any'),
    h('option', { value: 'check,low' }, 'to check'),
    h('option', { value: 'low' }, 'low'),
    h('option', { value: 'high' }, 'high'),
  );
  const { root, body } = page('Reports', {
    intro: 'What tables hold, file by file. A report stays when its batch is gone, until the day it is kept.',
    actions: [h('form.search', { role: 'search' }, icon('search'), search, h('kbd', { 'aria-hidden': 'true' }, '/'))],
  });
  const after = h('div.after');
  /** @type {ReportItem[]} */
  let found = [];
  /** @type {string | null} */
  let cursor = null;
  const table = dataTable({ caption: 'Reports, newest first', columns: columns(changed), keyOf: byId });
  body.append(h('div.toolbar', h('label.filter', 'Confidence', sure)), table.node, after);

  /** @param {ReportItem} before @param {ReportItem | null} now */
  function changed(before, now) {
    found = found.flatMap((one) =>
      one.id !== before.id ? [one] : now ? [{ ...one, expires_at: now.expires_at }] : [],
    );
    draw();
  }

  const wanted = () => {
    const { params } = address();
    return { search: params.get('search'), confidence: params.get('confidence'), limit: PAGE };
  };

  function draw() {
    table.draw(found);
    table.node.hidden = !found.length;
    after.replaceChildren(...(cursor ? [button('Show more', null, more)] : []), ...(found.length ? [] : [nothing()]));
    announce(plural(found.length, 'report'));
  }

  function nothing() {
    const asked = wanted();
    if (!asked.search && !asked.confidence)
      return emptyState('No reports yet', 'A batch of tables, with the pipeline Data reports, has one for each file.');
    return emptyState(
      asked.search ? `No report on a file called “${asked.search}”` : 'No such report',
      'Reports are also gone when their time is over.',
      button('Clear filters', null, () => {
        search.value = '';
        sure.value = '';
        onSearch();
        search.focus();
      }),
    );
  }

  /** @param {Event} event */
  async function more(event) {
    /** @type {HTMLButtonElement} */ (event.currentTarget).disabled = true;
    /** @type {Reports | null} */
    const answer = await getOrNull('/api/reports', { ...wanted(), cursor });
    if (!answer || !root.isConnected) return;
    const first = answer.reports[0];
    found = [...found, ...answer.reports];
    cursor = answer.next_cursor;
    draw();
    const link = first && table.rowOf(first.id)?.querySelector('a');
    link?.focus();
  }

  const list = loader({
    /** @returns {Promise<Reports>} */
    load: () => get('/api/reports', wanted()),
    draw(answer) {
      found = answer.reports;
      cursor = answer.next_cursor;
      const { params } = address();
      if (search !== document.activeElement) search.value = params.get('search') ?? '';
      if (sure !== document.activeElement) sure.value = params.get('confidence') ?? '';
      draw();
    },
    failed: (error) => after.replaceChildren(errorNote(errorText(error))),
  });

  function onSearch() {
    setQuery({ search: search.value.trim(), confidence: sure.value });
    list.again();
  }

  search.addEventListener(
    'input',
    debounce(() => root.isConnected && onSearch(), 250),
  );
  sure.addEventListener('change', onSearch);
  return { update: list.again, leave: list.leave };
}
