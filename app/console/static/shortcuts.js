// Keyboard shortcuts, and the dialog that lists them.
import { find, findAll, findOptional, h, targetOf } from './dom.js';
import { go } from './router.js';

const SHORTCUTS = [
  ['/', 'search'],
  ['j  k', 'next or previous row or job'],
  ['Enter', 'open the row'],
  ['e', 'show or hide the jobs of a batch'],
  ['x', 'select the row'],
  ['n', 'new batch'],
  ['Esc', 'close'],
  ['?', 'show this list'],
];

function showHelp() {
  /** @type {HTMLDialogElement} */
  const box = find('#help');
  if (!box.firstChild) {
    const list = SHORTCUTS.flatMap(([key, what]) => [h('dt', h('kbd', key)), h('dd', what)]);
    box.append(
      h(
        'form',
        { method: 'dialog' },
        h('h2', { id: 'help-title' }, 'Keyboard shortcuts'),
        h('dl.keylist', list),
        h('div.actions', h('button.btn', { type: 'submit' }, 'Close')),
      ),
    );
  }
  box.showModal();
}

/** @param {number} step */
function moveTo(step) {
  const links = findAll('main:not([hidden]) tr:not([hidden]) a.name');
  const at = links.findIndex((link) => link.closest('tr')?.contains(document.activeElement));
  links[at < 0 ? 0 : at + step]?.focus();
}

/**
 * What matches in the row that has the focus.
 * @param {string} query
 */
function findInRow(query) {
  const row = document.activeElement?.closest('tr');
  return row ? findOptional(query, row) : null;
}

/** @param {KeyboardEvent} event */
function focusSearch(event) {
  const box = findOptional('main:not([hidden]) input[type=search]');
  if (!box) return;
  event.preventDefault();
  box.focus();
}

/** @type {Record<string, (event: KeyboardEvent) => void>} */
const ACTIONS = {
  '/': focusSearch,
  j: () => moveTo(1),
  k: () => moveTo(-1),
  e: () => findInRow('.expander')?.click(),
  x: () => findInRow('.hit input')?.click(),
  n: () => go('#/new'),
  '?': showHelp,
};

export function setUpShortcuts() {
  find('#keys').addEventListener('click', showHelp);
  addEventListener('keydown', (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || find('#shell').hidden) return;
    const target = targetOf(event);
    if (target.closest('input:not([type=checkbox], [type=radio]), select, textarea')) return;
    // The drawer has its own j and k; every other dialog keeps all keys to itself.
    if (target.closest('dialog') && !(target.closest('#drawer') && event.key === '?')) return;
    ACTIONS[event.key]?.(event);
  });
}
