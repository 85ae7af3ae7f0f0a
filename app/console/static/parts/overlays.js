// Overlays: a menu under its button, a confirmation dialog, a toast with Undo.
import { button, find, findAll, h, icon, setAttr } from '../dom.js';

const TOAST_FOR = 8000;

/**
 * A button that opens a menu of `entries()`: each { label, glyph, act } or, for a download, { label, glyph, href }.
 * An entry with `disabledReason` cannot be chosen and says so.
 */
export function menuButton(label, glyph, entries, more = {}) {
  // `popovertarget` and not showPopover(): only so does a second press close what the first one opened.
  const node = button(label, glyph, () => fillMenu(node, entries()), { ...more, popovertarget: 'menu' });
  return node;
}

function fillMenu(source, entries) {
  const box = find('#menu');
  if (box.matches(':popover-open')) return;
  setAttr(box, 'aria-label', source.getAttribute('aria-label') ?? source.textContent);
  box.replaceChildren(...entries.filter(Boolean).map((entry) => menuItem(box, entry)));
}

function menuItem(box, { label, glyph, act, href, danger, disabledReason }) {
  const kids = [icon(glyph), h('span', label, disabledReason && h('small', disabledReason))];
  if (href && !disabledReason) return h('a', { href, download: true, onclick: () => box.hidePopover() }, ...kids);
  return h(
    'button',
    {
      class: danger && !disabledReason && 'danger',
      'aria-disabled': disabledReason ? 'true' : null,
      onclick() {
        if (disabledReason) return;
        box.hidePopover();
        act();
      },
    },
    ...kids,
  );
}

export function setUpMenu() {
  const box = find('#menu');
  const choices = () => findAll('button, a', box);
  box.addEventListener('toggle', ({ newState }) => newState === 'open' && choices()[0]?.focus());
  box.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = choices().indexOf(document.activeElement);
    if (step)
      choices()
        .at((at + step) % choices().length)
        .focus();
    else if (event.key === 'Home' || event.key === 'End')
      choices()
        .at(event.key === 'Home' ? 0 : -1)
        .focus();
    else if (event.key === 'Tab') box.hidePopover();
    // The keys of the page, as j and k, are not meant while a menu is open.
    if (event.key !== 'Escape') event.stopPropagation();
    if (step || event.key === 'Home' || event.key === 'End') event.preventDefault();
  });
}

/** Asks before something is lost. Resolves to true only when `yes` was pressed; it starts on "Keep". */
export function confirmAction(title, body, yes) {
  const box = find('#confirm');
  box.replaceChildren(
    h(
      'form',
      { method: 'dialog' },
      h('h2', { id: 'confirm-title' }, title),
      h('p', { id: 'confirm-body' }, body),
      h(
        'div.actions',
        h('button.btn', { type: 'submit', value: 'no', autofocus: true }, 'Keep'),
        h('button.btn.danger', { type: 'submit', value: 'yes' }, yes),
      ),
    ),
  );
  box.returnValue = '';
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener('close', () => resolve(box.returnValue === 'yes'), { once: true });
  });
}

let timer;

/** Says what became of a press; with `undo`, offers to take it back. */
export function toast(message, undo) {
  const box = find('#toast');
  const clear = () => box.replaceChildren();
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(clear, TOAST_FOR);
  };
  const back =
    undo &&
    h(
      'button',
      {
        onclick() {
          clear();
          undo();
        },
      },
      'Undo',
    );
  box.replaceChildren(h('span', message), ...(back ? [back] : []));
  // The toast stays while somebody is about to press Undo.
  box.onpointerenter = box.onfocusin = () => clearTimeout(timer);
  box.onpointerleave = box.onfocusout = wait;
  wait();
}

/** Marks a button as one that cannot be pressed now. It keeps the focus, and says disabledReason when it is pressed anyway. */
export function setDisabledReason(node, disabledReason) {
  setAttr(node, 'aria-disabled', disabledReason ? 'true' : null);
  setAttr(node, 'title', disabledReason || null);
}

/** A button that runs `act` unless it is disabled or still busy with the press before. */
export function actionButton(label, glyph, act, more = {}) {
  const node = button(
    label,
    glyph,
    async () => {
      if (node.getAttribute('aria-disabled')) toast(`${node.title}.`);
      else if (!node.getAttribute('aria-busy')) {
        setAttr(node, 'aria-busy', 'true');
        await act();
        setAttr(node, 'aria-busy', null);
      }
    },
    more,
  );
  return node;
}

/** Changes the words of a button with an icon. */
export function setLabel(node, glyph, label) {
  if (node.textContent !== label) node.replaceChildren(icon(glyph), label);
  return node;
}
