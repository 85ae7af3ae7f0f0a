// What a batch of tables came to: how sure its readings are, what contradicts, its page, and each file with its report.
import { errorText, get } from '../api.js';
import { h, icon } from '../dom.js';
import { fileSize, plural } from '../format.js';
import { urlOf } from '../root.js';
import { hrefOf } from '../router.js';
import { actionButton } from './overlays.js';
import { readAgain, tableConfidence, tableNotes } from './table-notes.js';

/** @import { Batch, Page, TableFile } from '../../api.d.ts' */

const PAGE = 100;
const MOST_NAMED = 12;
const PIPELINE = 'data-report';

/**
 * @typedef {object} TableSummary
 * @property {number} [total_rows]
 * @property {{ high: number, check: number, low: number }} [confidence]
 * @property {number[]} [files_to_check]
 * @property {unknown[]} [type_conflicts]
 * @property {unknown[]} [unit_conflicts]
 * @property {{ conflict: boolean }[]} [date_orders]
 * @property {unknown[]} [outliers]
 */

/** @param {TableSummary} summary */
function comparedText({ total_rows: rows, type_conflicts: types = [], unit_conflicts: units = [], ...more }) {
  if (rows === undefined) return 'What was read so far, side by side.';
  const conflicts = types.length + units.length + (more.date_orders ?? []).filter(({ conflict }) => conflict).length;
  const outliers = more.outliers?.length ?? 0;
  return [
    plural(rows, 'row'),
    conflicts ? plural(conflicts, 'conflict') : 'no conflicts',
    outliers > 0 && plural(outliers, 'outlier'),
  ]
    .filter(Boolean)
    .join(', ');
}

/** @param {TableSummary} summary @param {(sequence: number) => string} hrefOfJob */
function checkNote({ files_to_check: files = [], confidence }, hrefOfJob) {
  if (!files.length) return null;
  const links = files
    .slice(0, MOST_NAMED)
    .flatMap((sequence, at) => [at ? ', ' : '', h('a', { href: hrefOfJob(sequence) }, String(sequence))]);
  return h(
    'p.note',
    { 'data-state': confidence?.low ? 'failed' : 'paused' },
    icon('warning'),
    h(
      'span',
      `${plural(files.length, 'file')} to check. ${files.length === 1 ? 'Job' : 'Jobs'} `,
      links,
      files.length > MOST_NAMED ? ` and ${files.length - MOST_NAMED} more.` : '.',
    ),
  );
}

/** @param {TableFile} file */
function row({ id, batch_id: batchId, report_id: report, file_name: name, file_size: bytes, ...file }) {
  const shown = name ?? `File ${file.processing_order}`;
  const ended = ['completed', 'failed', 'cancelled', 'skipped'].includes(file.status);
  return h(
    'li',
    icon('file'),
    h(
      'div.stack.tight',
      report ? h('a.cut', { href: hrefOf(`reports/${report}`), title: shown }, shown) : h('span.cut', shown),
      file.error_code && h('span.dim', h('code', file.error_code), ` ${file.error_message ?? ''}`),
      file.notes?.length ? tableNotes(file.confidence, file.notes) : tableConfidence(file.confidence),
      ended && readAgain({ batchId, jobId: id, notes: file.notes }),
    ),
    h('span.num.dim', fileSize(bytes)),
  );
}

/** @param {Batch} batch @param {(sequence: number) => string} hrefOfJob */
export function batchReports(batch, hrefOfJob) {
  const list = h('ul.filelist.tables');
  const problem = h('p.error', { role: 'alert' });
  const more = actionButton('Show more', null, load, { class: 'btn small', hidden: true });
  const files = h('details', h('summary', 'Files and their reports'), list, problem, more);
  const node = h('section.panel.sheet-swims', { 'aria-labelledby': 'tables-title', hidden: true });
  let drawn = '';
  /** @type {string | null} */
  let cursor = null;

  async function load() {
    problem.textContent = '';
    try {
      /** @type {Page<'files', TableFile>} */
      const page = await get(`/api/batch-reports/${batch.id}/files`, { limit: PAGE, cursor });
      cursor = page.next_cursor;
      more.hidden = !cursor;
      list.append(...page.files.map(row));
    } catch (error) {
      problem.textContent = errorText(error);
    }
  }

  files.addEventListener('toggle', () => {
    if (!files.open) return;
    cursor = null;
    list.replaceChildren();
    load();
  });

  return {
    node,
    render() {
      const { completed, failed } = batch.counters;
      if (!batch.pipelines.includes(PIPELINE) || !(completed + failed)) return;
      const key = JSON.stringify(batch.summary_data);
      if (key === drawn) return;
      drawn = key;
      // A batch of several pipelines sums up by pipeline.
      const all = /** @type {Record<string, unknown>} */ (batch.summary_data ?? {});
      const summary = /** @type {TableSummary} */ (all[PIPELINE] ?? all);
      const page = { href: urlOf(`/api/batch-reports/${batch.id}?format=html`), target: '_blank', rel: 'noopener' };
      node.hidden = false;
      node.replaceChildren(
        h(
          'header',
          h('h2', { id: 'tables-title' }, 'Tables'),
          h('span.count', comparedText(summary)),
          h('a.btn.small', page, icon('file'), 'Side by side, to print'),
        ),
        ...[checkNote(summary, hrefOfJob), files].filter((one) => one !== null),
      );
    },
  };
}
