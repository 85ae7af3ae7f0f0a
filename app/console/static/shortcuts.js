// Keyboard shortcuts, and the dialog that lists them.
import { find, findAll, h } from './dom.js';
import { go } from './router.js';

const SHORTCUTS = [
  ['/', 'search'],
  ['j  k', 'next, previous row or job'],
  ['Enter', 'open the row'],
  ['e', 'show or hide the jobs of a batch'],
  ['x', 'select the row'],
  ['n', 'new batch'],
  ['Esc', 'close'],
  ['?', 'this list'],
];

function showHelp() {
  const box = find('#help');
  if (!box.firstChild) {
    const list = SHORTCUTS.flatMap(([key, what]) => [h('dt', h('kbd', key)), h('dd', what)]);
    box.append(
      h(
        'form',
        { method: 'dialog' },
        h('h2', { id: 'help-title' }, 'Keyboard'),
        h('dl.keylist', list),
        h('div.actions', h('button.btn', { type: 'submit' }, 'Close')),
      ),
    );
  }
  box.showModal();
}

function moveTo(step) {
  const links = findAll('main:not([hidden]) tr:not([hidden]) a.name');
  const at = links.findIndex((link) => link.closest('tr').contains(document.activeElement));
  links[at < 0 ? 0 : at + step]?.focus();
}

const inRow = (query) => document.activeElement.closest('tr')?.querySelector(query);

function searchBox(event) {
  const box = find('main:not([hidden]) input[type=search]');
  if (!box) return;
  event.preventDefault();
  box.focus();
}

const ACTIONS = {
  '/': searchBox,
  j: () => moveTo(1),
  k: () => moveTo(-1),
  e: () => inRow('.expander')?.click(),
  x: () => inRow('.hit input')?.click(),
  n: () => go('#/new'),
  '?': showHelp,
};

export function setUpShortcuts() {
  find('#keys').addEventListener('click', showHelp);
  addEventListener('keydown', (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || find('#shell').hidden) return;
    if (event.target.closest('input:not([type=checkbox], [type=radio]), select, textarea')) return;
    // The drawer has its own j and k; every other dialog keeps all keys to itself.
    if (event.target.closest('dialog') && !(event.target.closest('#drawer') && event.key === '?')) return;
    ACTIONS[event.key]?.(event);
  });
}
