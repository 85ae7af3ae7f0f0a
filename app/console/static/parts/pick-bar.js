// Rows that can be ticked, and the bar with what can be done to the ticked ones. It floats, so that nothing moves for it.
import { attr, button, find, h, say, text } from '../dom.js';
import { bar as barButton } from './floats.js';

/**
 * @typedef {object} Pickable what a row stands for; `id` is what it is known by
 * @property {string} id
 */

/**
 * `bar` is an empty element, `head` the checkbox in the table's head. `words(n)` says what is ticked. Each of `actions`
 * is { label, glyph, kind, act(items), why(items) }; with a `why` it is barred. `matching()` is how many there are under
 * the filters, and `loadAll()` gives all of them, also those that the table has not loaded.
 */
export function pickBar({ bar, head, words, actions, matching, loadAll }) {
  const picked = new Map(); // id -> item
  const boxes = new Map(); // id -> { item, input, row }
  const title = h('b');
  const all = button('', null, pickMatching, { class: 'btn quiet small' });
  const none = button('Clear', null, clear, { class: 'btn quiet small' });
  const acts = actions.map(({ label, glyph, kind = '', act, why = () => '' }) => ({
    why,
    node: button(label, glyph, () => why([...picked.values()]) || act([...picked.values()]), { class: `btn small ${kind}` }),
  }));
  bar.append(title, all, none, ...acts.map(({ node }) => node));

  function draw() {
    const { size } = picked;
    const ticked = [...boxes.keys()].filter((id) => picked.has(id)).length;
    head.checked = boxes.size > 0 && ticked === boxes.size;
    head.indeterminate = ticked > 0 && !head.checked;
    const had = bar.contains(document.activeElement);
    bar.hidden = !size;
    if (had && !size) head.focus();
    if (!size) return;
    text(title, words(size));
    const total = matching();
    all.hidden = !head.checked || size >= total;
    text(all, `Select all ${Number.isFinite(total) ? `${total.toLocaleString('en')} ` : ''}matching`);
    for (const { node, why } of acts) barButton(node, why([...picked.values()]));
  }

  function set({ item, input, row }, on) {
    input.checked = on;
    attr(row, 'data-picked', on);
    if (on) picked.set(item.id, item);
    else picked.delete(item.id);
  }

  async function pickMatching() {
    attr(all, 'aria-busy', 'true');
    const items = await loadAll().catch(() => []);
    attr(all, 'aria-busy', null);
    for (const item of items) picked.set(item.id, item);
    for (const box of boxes.values()) set(box, picked.has(box.item.id));
    draw();
    find('button:not([hidden])', bar).focus();
    say(words(picked.size));
  }

  function clear() {
    picked.clear();
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
        set(box, picked.has(item.id));
      }
      draw();
    },
  };
}
