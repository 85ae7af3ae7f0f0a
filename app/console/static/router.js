// Addresses after the '#': '#/batches/{id}?job=3'. The query holds every filter of a screen.
import { find } from './dom.js';

const screens = {};
let current = null; // { path, leave, update }
let onShow = () => {};

export function address() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  const [name, id] = path.split('/');
  return { path, name, id: id && decodeURIComponent(id), params: new URLSearchParams(query) };
}

export const hrefOf = (path, params = {}) => {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value)).toString();
  return `#/${path}${query ? `?${query}` : ''}`;
};

/** Changes some members of the query without a new history entry and without drawing the screen again. */
export function setQuery(changes) {
  const { path, params } = address();
  history.replaceState(null, '', hrefOf(path, { ...Object.fromEntries(params), ...changes }));
}

export function go(hash) {
  location.hash = hash;
}

function show() {
  const { path, name, id, params } = address();
  if (!screens[name]) {
    history.replaceState(null, '', '#/batches');
    show();
    return;
  }
  if (current?.path === path && current.update) {
    current.update(params);
    return;
  }
  const first = current === null;
  current?.leave?.();
  onShow(name);
  scrollTo(0, 0);
  current = { path, ...screens[name](params, id) };
  // A reader who followed a link is told where it led; the first load leaves the focus to the browser.
  if (!first) find('main:not([hidden]) h1')?.focus({ preventScroll: true });
}

/** Draws the current address again from the start, as after signing in. */
export function reload() {
  current?.leave?.();
  current = null;
  show();
}

export function start(table, shown) {
  Object.assign(screens, table);
  onShow = shown;
  addEventListener('hashchange', () => {
    // '#main' is the skip link, not an address.
    if (location.hash === '' || location.hash.startsWith('#/')) show();
  });
  show();
}
