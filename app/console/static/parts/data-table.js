// A table of things from the API. Each has a row that is made once; of a thing that changed only the cells are drawn anew.
import { h } from '../dom.js';

/**
 * @typedef {object} Column
 * @property {string} label what stands in the head, and before the value where the table is folded on a phone
 * @property {string} [kind] classes of its cells
 * @property {(item: object) => any} cell what a cell holds: text, a node, or a list of them
 */

/** `keyOf` tells items apart. `node` is the table; `draw(items)` shows these, in this order. */
export function dataTable({ caption, columns, kind = '', keyOf = ({ id }) => id }) {
  const rows = new Map(); // key -> { node, cells, drawn }
  const body = h('tbody');
  const table = h(
    'table',
    { class: `table natural cards ${kind}` },
    h('caption.sr', caption),
    h(
      'thead',
      h(
        'tr',
        columns.map(({ label, kind: of }) => h('th', { scope: 'col', class: of }, label || h('span.sr', 'Actions'))),
      ),
    ),
    body,
  );

  function rowOf(item) {
    const cells = columns.map(() => h('div'));
    const node = h(
      'tr.selectable',
      columns.map(({ label, kind: of }, at) => h('td', { class: of, 'data-label': label }, cells[at])),
    );
    const made = { node, cells, drawn: '' };
    rows.set(keyOf(item), made);
    return made;
  }

  function fill({ cells, drawn }, item) {
    cells.forEach((cell, at) => {
      // What is being used is left alone.
      if (drawn && cell.contains(document.activeElement)) return;
      cell.replaceChildren(...[columns[at].cell(item)].flat().filter((kid) => kid != null && kid !== false));
    });
  }

  return {
    node: h('div.list', table),
    rowOf: (key) => rows.get(key)?.node,
    draw(items) {
      const shown = new Set(items.map(keyOf));
      for (const [key, { node }] of rows) {
        if (shown.has(key)) continue;
        node.remove();
        rows.delete(key);
      }
      let before = null;
      for (const item of items) {
        const row = rows.get(keyOf(item)) ?? rowOf(item);
        const now = JSON.stringify(item);
        if (row.drawn !== now) fill(row, item);
        row.drawn = now;
        const place = before ? before.nextSibling : body.firstChild;
        if (place !== row.node) body.insertBefore(row.node, place);
        before = row.node;
      }
    },
  };
}
