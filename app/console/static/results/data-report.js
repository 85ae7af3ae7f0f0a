// What is in one table: how sure that is, its size, its columns, its problems, and a link to the full report.
import { h, icon } from '../dom.js';
import { fileSize, formatNumber, labelOf, plural } from '../format.js';
import { confidenceMark } from '../parts/confidence.js';
import { readAgain, tableNotes } from '../parts/table-notes.js';
import { urlOf } from '../root.js';
import { hrefOf } from '../router.js';

/** @import { JobDetail, TableNote } from '../../api.d.ts' */

/**
 * @typedef {object} TableReport
 * @property {string} report_id
 * @property {string} [format]
 * @property {string} [encoding]
 * @property {string} [delimiter]
 * @property {string} [confidence]
 * @property {TableNote[]} [notes]
 * @property {number} [file_size]
 * @property {number} rows
 * @property {number} [column_count]
 * @property {{ name: string, type: string }[]} columns
 * @property {Record<string, number>} [problems]
 */

/** @param {TableReport} result */
const problemsOf = (result) => Object.entries(result.problems ?? {}).filter(([, n]) => n > 0);

/** @param {TableReport} result */
export function summary(result) {
  const wrong = problemsOf(result).map(([name, n]) => `${formatNumber(n)} ${labelOf(name)}`);
  return [
    `${plural(result.rows, 'row')}, ${plural(result.column_count ?? result.columns.length, 'column')}`,
    ...wrong,
  ].join(', ');
}

/** @param {TableReport} result */
export const mark = (result) => confidenceMark(result.confidence);

/** @param {TableReport} result @param {JobDetail} job */
export function view(result, job) {
  const facts = [
    result.format,
    result.encoding,
    result.delimiter && `delimiter ${JSON.stringify(result.delimiter)}`,
    fileSize(result.file_size),
  ];
  const wrong = problemsOf(result);
  const page = urlOf(`/api/reports/${encodeURIComponent(result.report_id)}`);
  return h(
    'div.stack',
    h('p', h('b', summary({ ...result, problems: {} }))),
    h(
      'p.facts',
      facts.filter(Boolean).map((fact) => h('span', String(fact))),
    ),
    tableNotes(result.confidence, result.notes),
    wrong.length
      ? h(
          'ul',
          wrong.map(([name, n]) => h('li', h('b.num', formatNumber(n)), ` ${labelOf(name)}`)),
        )
      : null,
    h(
      'div.actions',
      h('a.btn.small', { href: hrefOf(`reports/${result.report_id}`) }, icon('grid'), 'Columns and changes'),
      h('a.btn.small', { href: `${page}?format=html`, target: '_blank', rel: 'noopener' }, icon('file'), 'Full report'),
      h('a.btn.small', { href: `${page}?format=json`, target: '_blank', rel: 'noopener' }, 'JSON'),
    ),
    readAgain({ batchId: job.batch_id, jobId: job.id, notes: result.notes }),
    h(
      'div.scroll-x',
      { tabindex: 0, role: 'region', 'aria-label': 'Columns' },
      h(
        'table.table.natural.small',
        h('caption.sr', 'Columns'),
        h('thead', h('tr', h('th', { scope: 'col' }, 'Column'), h('th', { scope: 'col' }, 'Type'))),
        h(
          'tbody',
          result.columns.map(({ name, type }) => h('tr', h('td', name), h('td.dim', type))),
        ),
      ),
    ),
  );
}
