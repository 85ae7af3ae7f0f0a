// A table of items from the API. Each has a row that is made once; when an item changes only its cells are redrawn.
import { h, nodesOf } from '../dom.js';

/** @import { Child } from '../../types.d.ts' */

/**
 * @template Item
 * @typedef {object} Column
 * @property {string} label the heading, and what stands before the value where the table is stacked on a phone
 * @property {string} [kind] classes of its cells
 * @property {(item: Item) => Child} cell what a cell holds
 */

/** @typedef {{ node: HTMLTableRowElement, cells: HTMLElement[], drawn: string }} Row */

/**
 * `keyOf` identifies an item. `node` is the table; `draw(items)` shows these, in this order.
 * @template Item
 * @param {object} options
 * @param {string} options.caption
 * @param {Column<Item>[]} options.columns
 * @param {(item: Item) => string} options.keyOf
 * @param {string} [options.kind]
 */
export function dataTable({ caption, columns, keyOf, kind = '' }) {
  /** @type {Map<string, Row>} */
  const rows = new Map();
  const body = h('tbody');
  const headings = columns.map((column) =>
    h('th', { scope: 'col', class: column.kind }, column.label || h('span.sr', 'Actions')),
  );
  const table = h(
    'table',
    { class: `table natural cards ${kind}` },
    h('caption.sr', caption),
    h('thead', h('tr', headings)),
    body,
  );

  /** @param {Item} item */
  function makeRow(item) {
    const cells = columns.map(() => h('div'));
    const node = h(
      'tr.selectable',
      columns.map((column, at) => h('td', { class: column.kind, 'data-label': column.label }, cells[at])),
    );
    const row = { node, cells, drawn: '' };
    rows.set(keyOf(item), row);
    return row;
  }

  /** @param {Row} row @param {Item} item */
  function fill({ cells, drawn }, item) {
    cells.forEach((cell, at) => {
      // What is being used is left alone.
      if (drawn && cell.contains(document.activeElement)) return;
      cell.replaceChildren(...nodesOf(columns[at].cell(item)));
    });
  }

  return {
    node: h('div.list', table),
    /** @param {string} key */
    rowOf: (key) => rows.get(key)?.node,
    /** @param {Item[]} items */
    draw(items) {
      const shown = new Set(items.map(keyOf));
      for (const [key, { node }] of rows) {
        if (shown.has(key)) continue;
        node.remove();
        rows.delete(key);
      }
      /** @type {HTMLElement | null} */
      let before = null;
      for (const item of items) {
        const row = rows.get(keyOf(item)) ?? makeRow(item);
        const now = JSON.stringify(item);
        if (row.drawn !== now) fill(row, item);
        row.drawn = now;
        /** @type {Node | null} */
        const place = before ? before.nextSibling : body.firstChild;
        if (place !== row.node) body.insertBefore(row.node, place);
        before = row.node;
      }
    },
  };
}

/** @param {{ id: string }} item */
export const byId = ({ id }) => id;
