// One report: what was doubtful, each column, and the report beside an earlier one.
import { errorText, get, getOrNull, isNotFound, queryString } from '../api.js';
import { find, h, icon, setText } from '../dom.js';
import { dateTime, fileSize, formatNumber, plural, timeAgo } from '../format.js';
import { menuButton } from '../parts/overlays.js';
import { emptyState, errorNote, loader, page } from '../parts/page.js';
import { fillSelect } from '../parts/plain-form.js';
import { readAgain, tableNotes } from '../parts/table-notes.js';
import { urlOf } from '../root.js';
import { address, go, hrefOf, setQuery } from '../router.js';
import { setBreadcrumbs, setTitle } from '../shell.js';
import { keptText, reportActions } from './reports.js';

/** @import { ColumnChange, CountChange, Page, Report, ReportColumn, ReportComparison, ReportItem } from '../../api.d.ts' */
/** @import { Child, Choice, Screen } from '../../types.d.ts' */

const MOST_SHOWN = 200;
const MOST_OFFERED = 50;
const MEMBERS = ['null_share', 'distinct', 'min', 'max', 'mean'];
const HEADINGS = ['Missing', 'Different', 'Least', 'Greatest', 'Mean'];
/** @type {Record<ReportComparison['found_by'], string>} */
const FOUND_BY = {
  with: 'Compared with',
  columns: 'The newest earlier report of the same columns is',
  file_name: 'No earlier report has the same columns. The newest one of a file of this name is',
};

/** @param {string} member @param {unknown} value */
function valueText(member, value) {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'number') return String(value);
  if (member === 'null_share') return `${(value * 100).toLocaleString('en', { maximumFractionDigits: 1 })}%`;
  return value.toLocaleString('en', { maximumFractionDigits: 4 });
}

/**
 * @param {string} label
 * @param {string[]} headings the first two are text, the others numbers
 * @param {HTMLElement[]} rows
 */
const wideTable = (label, headings, rows) =>
  h(
    'div.scroll-x',
    { tabindex: 0, role: 'region', 'aria-label': label },
    h(
      'table.table.natural.small.figures',
      h('caption.sr', label),
      h(
        'thead',
        h(
          'tr',
          headings.map((one, at) => h('th', { scope: 'col', class: at > 1 && 'num' }, one)),
        ),
      ),
      h('tbody', rows.slice(0, MOST_SHOWN)),
    ),
    rows.length > MOST_SHOWN &&
      h('p.dim', `The page to print has the other ${formatNumber(rows.length - MOST_SHOWN)}.`),
  );

/** @param {ReportColumn} column */
function columnRow(column) {
  const { name, type, notes = [] } = column;
  const facts = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (column));
  return h(
    'tr',
    h('td', name, notes.length ? h('div.dim', [...new Set(notes.map(({ code }) => code))].join(', ')) : null),
    h('td.dim', type),
    MEMBERS.map((member) => h('td.num', valueText(member, facts[member]))),
  );
}

/** @param {ColumnChange} column */
const changeRow = ({ name, before, after, changed, drift, out_of_range: beyond }) =>
  h(
    'tr',
    h('td', name, beyond && h('div.dim', 'out of the range from before')),
    h('td', drift.includes('type') ? h('b', `${before.type} → ${after.type}`) : h('span.dim', String(after.type))),
    MEMBERS.map((member) => {
      const now = valueText(member, after[member]);
      const old = valueText(member, before[member]);
      return h('td.num', changed.includes(member) && old !== now ? h('b', `${old || 'none'} → ${now || 'none'}`) : now);
    }),
  );

/** @param {CountChange} rows */
function rowsText({ before, after, difference, change }) {
  if (!difference) return `${plural(after, 'row')}, as many as before.`;
  const share = change === null ? '' : ` (${(change * 100).toLocaleString('en', { maximumFractionDigits: 1 })}%)`;
  const sign = difference > 0 ? '+' : '−';
  return `${formatNumber(before)} → ${plural(after, 'row')}, ${sign}${formatNumber(Math.abs(difference))}${share}.`;
}

/** @param {ReportComparison} comparison */
function driftList({ schema_drift: { added, removed, type_changed: types, order_changed: moved } }) {
  /** @param {string} word @param {{ name: string }[]} columns */
  const named = (word, columns) =>
    columns.length > 0 && h('li', h('b', word), ` ${columns.map(({ name }) => name).join(', ')}`);
  const told = [
    named('Added:', added),
    named('Removed:', removed),
    ...types.map(({ name, before, after }) => h('li', h('b', name), ` was ${before}, is ${after}`)),
    moved && h('li', 'The columns stand in another order.'),
  ].filter(Boolean);
  return told.length ? h('ul.remarks', told) : h('p.dim', 'The columns are the same, of the same types.');
}

/** @param {Report} report */
function compareSection(report) {
  const room = h('div.stack');
  const pick = h('select.input', { id: 'compare-with' });
  const path = `/api/reports/${report.id}/comparison`;

  /** @param {ReportComparison} found @param {string} other */
  function draw(found, other) {
    const { before, columns, found_by: by } = found;
    const sheet = {
      href: urlOf(path + queryString({ with: other, format: 'html' })),
      target: '_blank',
      rel: 'noopener',
    };
    const link = h('a', { href: hrefOf(`reports/${before.id}`) }, before.file_name);
    const differing = columns.filter(({ changed }) => changed.length);
    room.replaceChildren(
      h('p.near', `${FOUND_BY[by]} `, link, `, read ${dateTime(before.created_at)}. `, rowsText(found.rows)),
      driftList(found),
      differing.length
        ? wideTable('Columns that differ', ['Column', 'Type', ...HEADINGS], differing.map(changeRow))
        : h('p.dim', 'No column holds anything else than before.'),
      h('div.actions', h('a.btn.small', sheet, icon('file'), 'Comparison to print')),
    );
  }

  async function load() {
    const other = address().params.get('with') ?? '';
    pick.value = other;
    if (!other && !report.earlier_report_id) {
      room.replaceChildren(h('p.dim', 'There is no earlier report of the same columns, nor of a file of this name.'));
      return;
    }
    try {
      draw(await get(path, { with: other }), other);
    } catch (error) {
      room.replaceChildren(errorNote(errorText(error)));
    }
  }

  async function offer() {
    /** @type {Page<'reports', ReportItem> | null} */
    const newest = await getOrNull('/api/reports', { limit: MOST_OFFERED });
    const others = (newest?.reports ?? []).filter(({ id }) => id !== report.id);
    const chosen = address().params.get('with');
    /** @type {Choice[]} */
    const choices = others.map((one) => [one.id, `${one.file_name}, ${dateTime(one.created_at)}`]);
    fillSelect(pick, [['', 'the earlier one'], ...choices], chosen ? [chosen, 'another report'] : null);
    pick.value = chosen ?? '';
  }

  pick.addEventListener('change', () => {
    setQuery({ with: pick.value });
    load();
  });
  offer().then(load);
  return h(
    'section.stack',
    { 'aria-labelledby': 'compare-title' },
    h('h2', { id: 'compare-title' }, 'Beside an earlier report'),
    h('div.field.narrow', h('label', { for: 'compare-with' }, 'Compare with'), pick),
    room,
  );
}

/** @param {URLSearchParams} _ @param {string} [id] @returns {Screen} */
export function reportScreen(_, id = '') {
  const path = `/api/reports/${encodeURIComponent(id)}`;
  const actions = h('div.actions');
  const { root, body } = page('Report');
  const facts = h('div.facts');
  const rest = h('div.stack.loose');
  setBreadcrumbs(['Reports', '#/reports'], ['…']);
  find('.page-head', root).append(actions);
  body.append(facts, rest);

  /** @param {Report} report */
  function drawFacts(report) {
    const { data, batch_id: batch, created_at: at } = report;
    /** @type {Child[]} */
    const said = [
      plural(report.row_count, 'row'),
      plural(report.column_count, 'column'),
      report.file_type,
      data.encoding,
      data.delimiter_name && `delimiter ${data.delimiter_name}`,
      data.sheet && `sheet ${data.sheet}`,
      fileSize(report.file_size),
    ];
    facts.replaceChildren(
      ...said.filter(Boolean).map((one) => h('span', one)),
      batch ? h('span', 'of ', h('a', { href: hrefOf(`batches/${batch}`) }, report.batch_name ?? 'its batch')) : '',
      h('span', { title: dateTime(at) }, `made ${timeAgo(at)}`),
      h('span', 'kept ', h('b', keptText(report))),
    );
  }

  /** @param {Report} report */
  function draw(report) {
    const { data, file_name: name, batch_id: batchId, job_id: jobId } = report;
    setText(find('h1', root), name);
    setTitle(name);
    setBreadcrumbs(['Reports', '#/reports'], [name]);
    actions.replaceChildren(
      h(
        'a.btn',
        { href: urlOf(`${path}?format=html`), target: '_blank', rel: 'noopener' },
        icon('file'),
        'Page to print',
      ),
      menuButton('Keep or delete', 'clock', () =>
        reportActions(report, (now) =>
          now ? drawFacts(Object.assign(report, { expires_at: now.expires_at })) : go('#/reports'),
        ),
      ),
    );
    drawFacts(report);
    rest.replaceChildren(
      ...[
        tableNotes(report.confidence, report.notes),
        batchId && jobId ? readAgain({ batchId, jobId, notes: report.notes }) : null,
        compareSection(report),
        h(
          'section.stack',
          { 'aria-labelledby': 'columns-title' },
          h('h2', { id: 'columns-title' }, 'Columns'),
          wideTable('All columns', ['Column', 'Type', ...HEADINGS], data.columns.map(columnRow)),
        ),
      ].filter((one) => one !== null),
    );
  }

  const list = loader({
    /** @returns {Promise<Report>} */
    load: () => get(path),
    draw,
    failed(error) {
      const gone = isNotFound(error);
      rest.replaceChildren(
        gone ? emptyState('No such report', 'It was deleted, or its time is over.') : errorNote(errorText(error)),
      );
    },
  });
  return { update() {}, leave: list.leave };
}
