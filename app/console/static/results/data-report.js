// What is in one table: how large it is, its columns, what is wrong with it, and the whole report as a page.
import { h, icon } from '../dom.js';
import { fileSize, plural } from '../format.js';

const labelOf = (name) => name.replaceAll('_', ' ');
const problemsOf = (result) => Object.entries(result.problems ?? {}).filter(([, n]) => n > 0);

export function summary(result) {
  const wrong = problemsOf(result).map(([name, n]) => `${n.toLocaleString('en')} ${labelOf(name)}`);
  return [
    `${plural(result.rows, 'row')}, ${plural(result.column_count ?? result.columns.length, 'column')}`,
    ...wrong,
  ].join(', ');
}

export function view(result) {
  const facts = [
    result.format,
    result.encoding,
    result.delimiter && `delimiter ${JSON.stringify(result.delimiter)}`,
    fileSize(result.file_size),
  ];
  const wrong = problemsOf(result);
  const page = `/api/reports/${encodeURIComponent(result.report_id)}`;
  return h(
    'div.stack',
    h('p', h('b', summary({ ...result, problems: {} }))),
    h(
      'p.facts',
      facts.filter(Boolean).map((fact) => h('span', String(fact))),
    ),
    wrong.length
      ? h(
          'ul',
          wrong.map(([name, n]) => h('li', h('b.num', n.toLocaleString('en')), ` ${labelOf(name)}`)),
        )
      : null,
    h(
      'div.actions',
      h(
        'a.btn.small',
        { href: `${page}?format=html`, target: '_blank', rel: 'noopener' },
        icon('file'),
        'Whole report',
      ),
      h('a.btn.small', { href: `${page}?format=json`, target: '_blank', rel: 'noopener' }, 'JSON'),
    ),
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
