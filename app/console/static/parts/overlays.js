// Overlays: a menu under its button, a confirmation dialog, a toast with Undo.
import { button, find, findAll, h, icon, nodesOf, setAttr } from '../dom.js';

/** @import { Act, Attributes, MenuEntry } from '../../types.d.ts' */

const TOAST_FOR = 8000;
/** @type {Record<string, number>} */
const ARROWS = { ArrowDown: 1, ArrowUp: -1 };

/**
 * A button that opens a menu of `entries()`. An entry with `disabledReason` cannot be chosen and says so.
 * @param {string} label
 * @param {string} glyph
 * @param {() => MenuEntry[]} entries
 * @param {Attributes} [more]
 */
export function menuButton(label, glyph, entries, more = {}) {
  // `popovertarget` and not showPopover(): only so does a second press close what the first one opened.
  const node = button(label, glyph, () => fillMenu(node, entries()), { ...more, popovertarget: 'menu' });
  return node;
}

/** @param {HTMLElement} source @param {MenuEntry[]} entries */
function fillMenu(source, entries) {
  const box = find('#menu');
  if (box.matches(':popover-open')) return;
  setAttr(box, 'aria-label', source.getAttribute('aria-label') ?? source.textContent);
  box.replaceChildren(...entries.map((entry) => menuItem(box, entry)));
}

/** @param {HTMLElement} box @param {MenuEntry} entry */
function menuItem(box, { label, glyph, act, href, danger, disabledReason }) {
  const content = [icon(glyph), h('span', label, disabledReason && h('small', disabledReason))];
  if (href && !disabledReason) return h('a', { href, download: true, onclick: () => box.hidePopover() }, content);
  const onclick = () => {
    if (disabledReason) return;
    box.hidePopover();
    act?.();
  };
  const look = { class: danger && !disabledReason && 'danger', 'aria-disabled': disabledReason ? 'true' : null };
  return h('button', { ...look, onclick }, content);
}

export function setUpMenu() {
  const box = find('#menu');
  const choices = () => findAll('button, a', box);
  box.addEventListener('toggle', (event) => {
    if (event.newState === 'open') choices()[0]?.focus();
  });
  box.addEventListener('keydown', (event) => {
    const all = choices();
    const step = ARROWS[event.key];
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (step) all.at((at + step) % all.length)?.focus();
    else if (event.key === 'Home') all[0]?.focus();
    else if (event.key === 'End') all.at(-1)?.focus();
    else if (event.key === 'Tab') box.hidePopover();
    // The keys of the page, as j and k, are not meant while a menu is open.
    if (event.key !== 'Escape') event.stopPropagation();
    if (step || event.key === 'Home' || event.key === 'End') event.preventDefault();
  });
}

/**
 * Asks before something is lost. Resolves to true only when `yes` was pressed; it starts on "Keep". `more` stands above the
 * buttons, such as a choice of how it is done; with `typed`, `yes` does nothing until that was typed, for what is lost for good.
 * @param {string} title
 * @param {string} body
 * @param {string} yes
 * @param {{ more?: Node, typed?: string }} [options]
 * @returns {Promise<boolean>}
 */
export function confirmAction(title, body, yes, { more, typed } = {}) {
  /** @type {HTMLDialogElement} */
  const box = find('#confirm');
  const input = h('input.input', { id: 'confirm-typed', autocomplete: 'off', spellcheck: 'false' });
  const wrong = h('p.error', { id: 'confirm-error', role: 'alert' });
  setAttr(input, 'aria-describedby', wrong.id);
  box.replaceChildren(
    h(
      'form',
      { method: 'dialog' },
      h('h2', { id: 'confirm-title' }, title),
      h('p', { id: 'confirm-body' }, body),
      more,
      typed && h('div.field', h('label', { for: input.id }, `Type “${typed}” to confirm`), input, wrong),
      h(
        'div.actions',
        h('button.btn', { type: 'submit', value: 'no', autofocus: true }, 'Keep'),
        h('button.btn.danger', { type: 'submit', value: 'yes', onclick: check }, yes),
      ),
    ),
  );
  // Enter in the field presses the first button, which is the one that changes nothing.
  /** @param {Event} event */
  function check(event) {
    if (!typed || input.value.trim() === typed) return;
    event.preventDefault();
    wrong.textContent = 'That is another name.';
    setAttr(input, 'aria-invalid', 'true');
    input.focus();
  }

  box.returnValue = '';
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener('close', () => resolve(box.returnValue === 'yes'), { once: true });
  });
}

/** @type {number | undefined} */
let timer;

/**
 * Says what a press has done; with `undo`, offers to take it back.
 * @param {string} message
 * @param {Act} [undo]
 */
export function toast(message, undo) {
  const box = find('#toast');
  const clear = () => box.replaceChildren();
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(clear, TOAST_FOR);
  };
  const onclick = () => {
    clear();
    undo?.();
  };
  const stay = () => clearTimeout(timer);
  const undoButton = undo && h('button', { onclick, onfocus: stay, onblur: wait }, 'Undo');
  box.replaceChildren(...nodesOf([h('span', message), undoButton]));
  // The toast stays while somebody is about to press Undo.
  box.onpointerenter = stay;
  box.onpointerleave = wait;
  wait();
}

/**
 * Disables a button with a reason, or enables it with ''. It keeps the focus, and says why when it is pressed anyway.
 * @param {HTMLElement} node
 * @param {string} reason
 */
export function setDisabledReason(node, reason) {
  setAttr(node, 'aria-disabled', reason ? 'true' : null);
  setAttr(node, 'title', reason || null);
}

/**
 * A button that runs `act` unless it is disabled or still busy with the press before.
 * @param {string} label
 * @param {string | null} glyph
 * @param {Act} act
 * @param {Attributes} [more]
 */
export function actionButton(label, glyph, act, more = {}) {
  async function press() {
    if (node.getAttribute('aria-disabled')) toast(`${node.title}.`);
    else if (!node.getAttribute('aria-busy')) {
      setAttr(node, 'aria-busy', 'true');
      try {
        await act();
      } finally {
        setAttr(node, 'aria-busy', null);
      }
    }
  }
  const node = button(label, glyph, press, more);
  return node;
}

/**
 * Changes the icon and the label of a button.
 * @param {HTMLElement} node
 * @param {string} glyph
 * @param {string} label
 */
export function setLabel(node, glyph, label) {
  if (node.textContent !== label) node.replaceChildren(icon(glyph), label);
}
