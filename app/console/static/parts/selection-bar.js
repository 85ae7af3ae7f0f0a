// Rows that can be selected, and the bar of actions on the selected ones. It is an overlay, so nothing moves for it.
import { announce, button, find, h, setAttr, setText } from '../dom.js';
import { setDisabledReason } from './overlays.js';

/**
 * @typedef {object} Selectable what a row stands for; `id` is what it is known by
 * @property {string} id
 */

/**
 * `bar` is an empty element, `head` the checkbox in the table's head. `words(n)` is its label. Each of `actions`
 * is { label, glyph, kind, act(items), disabledReason(items) }; with a `disabledReason` it is disabled. `matching()` is how many there are under
 * the filters, and `loadAll()` gives all of them, also those that the table has not loaded.
 */
export function selectionBar({ bar, head, words, actions, matching, loadAll }) {
  const selected = new Map(); // id -> item
  const boxes = new Map(); // id -> { item, input, row }
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

  function set({ item, input, row }, on) {
    input.checked = on;
    setAttr(row, 'data-selected', on);
    if (on) selected.set(item.id, item);
    else selected.delete(item.id);
  }

  async function selectMatching() {
    setAttr(all, 'aria-busy', 'true');
    const items = await loadAll().catch(() => []);
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
    /** The checkbox of a row; a row that is drawn again finds its tick again. */
    box(item, label) {
      const input = h('input', { type: 'checkbox', 'aria-label': label });
      input.addEventListener('change', () => {
        set(boxes.get(item.id), input.checked);
        draw();
      });
      return h('label.hit', input);
    },
    /** Rows that are in the table now: { item, node }, the node holding its `box`. */
    rows(list) {
      boxes.clear();
      for (const { item, node } of list) {
        const box = { item, input: find('.hit input', node), row: node };
        boxes.set(item.id, box);
        set(box, selected.has(item.id));
      }
      draw();
    },
  };
}
