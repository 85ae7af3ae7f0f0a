// What was found in a file that was sent: errors and repairs, line by line.
import { ApiError } from '../api.js';
import { h } from '../dom.js';
import { plural } from '../format.js';

/** @import { Finding, ImportReport } from '../../api.d.ts' */
/** @import { Child } from '../../types.d.ts' */

/** @param {Finding} one */
const line = (one) =>
  h('li', h('span.dim', one.line ? `line ${one.line}` : 'file'), h('code', one.code), h('span', one.message));
/** @param {Finding[]} list @param {number} n */
const more = (list, n) => (n > list.length ? h('p.dim', `and ${(n - list.length).toLocaleString('en')} more`) : null);

/**
 * `title(errors)` says whether the file was kept; `retry` is a button to keep part of it.
 * @param {ImportReport} report
 * @param {(errors: string) => string} title
 * @param {Child} [retry]
 */
export function importReport(
  { error_count: wrong = 0, errors = [], repair_count: repaired = 0, repairs = [] },
  title,
  retry,
) {
  return h(
    'section.panel.report',
    { role: 'status' },
    h('header', h('h2', title(plural(wrong, 'error'))), retry),
    errors.length ? h('ul.findings', errors.map(line)) : null,
    more(errors, wrong),
    repairs.length
      ? h(
          'details',
          h('summary', `${plural(repaired, 'value was', 'values were')} corrected`),
          h('ul.findings', repairs.map(line)),
          more(repairs, repaired),
        )
      : null,
  );
}

/**
 * The report of an import that kept nothing, from its refusal; null for any other error.
 * @param {unknown} error
 */
export function refusedImport(error) {
  if (!(error instanceof ApiError)) return null;
  const report = /** @type {ImportReport} */ (/** @type {unknown} */ (error.problem));
  return report.errors?.[0]?.code ? report : null;
}
