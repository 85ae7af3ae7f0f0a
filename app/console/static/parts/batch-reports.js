// The reports that the files of a batch have: each a page to read and print, loaded when the section is opened.
import { errorText, get } from '../api.js';
import { h, icon } from '../dom.js';
import { fileSize, plural } from '../format.js';
import { actionButton } from './overlays.js';

/** @import { Batch, Page, ReportItem } from '../../api.d.ts' */

const PAGE = 100;
const PIPELINE = 'data-report';

/** @param {ReportItem} report */
const row = ({ id, file_name: name, file_size: bytes, row_count: rows, column_count: columns }) =>
  h(
    'li',
    icon('file'),
    h('a.cut', { href: `/api/reports/${id}?format=html`, target: '_blank', rel: 'noopener', title: name }, name),
    h(
      'span.dim',
      [rows != null && plural(rows, 'row'), columns != null && plural(columns, 'column'), fileSize(bytes)]
        .filter(Boolean)
        .join(', '),
    ),
  );

/** @param {Batch} batch */
export function batchReports(batch) {
  const list = h('ul.filelist');
  const problem = h('p.error', { role: 'alert' });
  const more = actionButton('Show more', null, load, { class: 'btn small', hidden: true });
  const node = h('details.panel', { hidden: true }, h('summary', h('h2', 'Reports')), list, problem, more);
  /** @type {string | null} */
  let cursor = null;

  async function load() {
    problem.textContent = '';
    try {
      /** @type {Page<'reports', ReportItem>} */
      const page = await get('/api/reports', { batch_id: batch.id, limit: PAGE, cursor });
      cursor = page.next_cursor;
      more.hidden = !cursor;
      list.append(...page.reports.map(row));
    } catch (error) {
      problem.textContent = errorText(error);
    }
  }

  node.addEventListener('toggle', () => {
    if (!node.open) return;
    cursor = null;
    list.replaceChildren();
    load();
  });

  return {
    node,
    render() {
      const may = batch.pipeline.key === PIPELINE || batch.total_pipelines > 1;
      if (may && batch.counters.completed) node.hidden = false;
    },
  };
}
