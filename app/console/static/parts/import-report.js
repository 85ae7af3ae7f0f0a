// What was found in a file that was sent: errors and repairs, line by line.
import { h } from '../dom.js';
import { plural } from '../format.js';

const line = (one) =>
  h('li', h('span.dim', one.line ? `line ${one.line}` : 'file'), h('code', one.code), h('span', one.message));
const more = (list, n) => (n > list.length ? h('p.dim', `and ${(n - list.length).toLocaleString('en')} more`) : null);

/** `title(errors)` says what became of the file; `retry` is what can be done about it. */
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
          h('summary', `${plural(repaired, 'value was', 'values were')} put right`),
          h('ul.findings', repairs.map(line)),
          more(repairs, repaired),
        )
      : null,
  );
}
