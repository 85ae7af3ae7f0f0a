// Rows that can be selected, and the bar of actions on the selected ones. It is an overlay, so nothing moves for it.
import { announce, button, find, h, setAttr, setText } from '../dom.js';
import { setDisabledReason } from './overlays.js';

/** @import { BulkAction } from '../../types.d.ts' */

/**
 * `bar` is an empty element, `head` the checkbox in the head of the table. `words(n)` says how many are selected.
 * `matching()` is how many there are under the filters, and `loadAll()` gives all of them, also those that the table has
 * not loaded.
 * @template {{ id: string }} Item
 * @param {object} options
 * @param {HTMLElement} options.bar
 * @param {HTMLInputElement} options.head
 * @param {(n: number) => string} options.words
 * @param {BulkAction<Item>[]} options.actions
 * @param {() => number} options.matching
 * @param {() => Promise<Item[]>} options.loadAll
 */
export function selectionBar({ bar, head, words, actions, matching, loadAll }) {
  /** @typedef {{ item: Item, input: HTMLInputElement, row: HTMLElement }} Box */

  /** @type {Map<string, Item>} by id */
  const selected = new Map();
  /** @type {Map<string, Box>} by id */
  const boxes = new Map();
  const title = h('b');
  const all = button('', null, selectMatching, { class: 'btn quiet small' });
  const none = button('Clear', null, clear, { class: 'btn quiet small' });
  const acts = actions.map(({ label, glyph, kind = '', act, disabledReason = () => '' }) => ({
    disabledReason,
    node: button(label, glyph, () => disabledReason([...selected.values()]) || act([...selected.values()]), {
      class: `btn small ${kind}`,
    }),
  }));
  bar.append(title, all, none, ...acts.map(({ node }) => node));

  function draw() {
    const { size } = selected;
    const checked = [...boxes.keys()].filter((id) => selected.has(id)).length;
    head.checked = boxes.size > 0 && checked === boxes.size;
    head.indeterminate = checked > 0 && !head.checked;
    const had = bar.contains(document.activeElement);
    bar.hidden = !size;
    if (had && !size) head.focus();
    if (!size) return;
    setText(title, words(size));
    const total = matching();
    all.hidden = !head.checked || size >= total;
    setText(all, `Select all ${Number.isFinite(total) ? `${total.toLocaleString('en')} ` : ''}matching`);
    for (const { node, disabledReason } of acts) setDisabledReason(node, disabledReason([...selected.values()]));
  }

  /** @param {Box} box @param {boolean} on */
  function set({ item, input, row }, on) {
    input.checked = on;
    setAttr(row, 'data-selected', on);
    if (on) selected.set(item.id, item);
    else selected.delete(item.id);
  }

  async function selectMatching() {
    setAttr(all, 'aria-busy', 'true');
    const items = await loadAll().catch(() => /** @type {Item[]} */ ([]));
    setAttr(all, 'aria-busy', null);
    for (const item of items) selected.set(item.id, item);
    for (const box of boxes.values()) set(box, selected.has(box.item.id));
    draw();
    find('button:not([hidden])', bar).focus();
    announce(words(selected.size));
  }

  function clear() {
    selected.clear();
    for (const box of boxes.values()) set(box, false);
    draw();
  }

  head.addEventListener('change', () => {
    const on = head.checked;
    for (const box of boxes.values()) set(box, on);
    draw();
  });
  bar.hidden = true;

  return {
    clear,
    draw,
    /**
     * The checkbox of a row; a row that is drawn again stays selected.
     * @param {Item} item
     * @param {string} label
     */
    box(item, label) {
      const input = h('input', { type: 'checkbox', 'aria-label': label });
      input.addEventListener('change', () => {
        const box = boxes.get(item.id);
        if (box) set(box, input.checked);
        draw();
      });
      return h('label.hit', input);
    },
    /**
     * The rows that are in the table now, each with its `box`.
     * @param {{ item: Item, node: HTMLElement }[]} list
     */
    rows(list) {
      boxes.clear();
      for (const { item, node } of list) {
        /** @type {Box} */
        const box = { item, input: find('.hit input', node), row: node };
        boxes.set(item.id, box);
        set(box, selected.has(item.id));
      }
      draw();
    },
  };
}
