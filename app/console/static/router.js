// Addresses after the '#': '#/batches/{id}?job=3'. The query holds every filter of a screen.
import { button, findOptional, h } from './dom.js';
import { urlOf } from './root.js';
import { mount } from './shell.js';

/** @import { Screen, ScreenFactory } from '../types.d.ts' */

/** @type {Record<string, ScreenFactory>} */
const screens = {};
/** @type {(Screen & { path: string }) | null} */
let current = null;
/** @type {(name: string) => void} */
let onShow = () => {};
let navigated = false; // a link was followed, and its page has not been announced yet

export function address() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  const [name, id] = path.split('/');
  return { path, name, id: id && decodeURIComponent(id), params: new URLSearchParams(query) };
}

/** @typedef {Record<string, string | number | null | undefined>} Params */

/** @param {string} path @param {Params} [params] */
export const hrefOf = (path, params = {}) => {
  const present = Object.entries(params).flatMap(([name, value]) => (value ? [[name, String(value)]] : []));
  const query = new URLSearchParams(present).toString();
  return `#/${path}${query ? `?${query}` : ''}`;
};

/**
 * Changes some members of the query without a new history entry and without drawing the screen again.
 * @param {Params} changes
 */
export function setQuery(changes) {
  const { path, params } = address();
  history.replaceState(history.state, '', hrefOf(path, { ...Object.fromEntries(params), ...changes }));
}

/**
 * Opens something above the page: Back, or `closeOverlay`, takes it away again. A second one replaces the first.
 * @param {string} hash
 */
export function openOverlay(hash) {
  if (history.state?.overlay) history.replaceState(history.state, '', hash);
  else history.pushState({ overlay: true }, '', hash);
  show();
}

/**
 * Takes `name` out of the query, by going back when `openOverlay` put it there.
 * @param {string} name
 */
export function closeOverlay(name) {
  if (history.state?.overlay) history.back();
  else setQuery({ [name]: '' });
}

/** @param {string} hash */
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
  navigated = current !== null;
  current?.leave?.();
  onShow(name);
  scrollTo(0, 0);
  current = { path, ...screens[name](params, id) };
  if (!current.deferred) focusHeading();
}

/**
 * Tells a reader who followed a link where it led; the first load leaves the focus to the browser.
 * Screens that return `deferred` call this themselves, once they have something to show.
 */
export function focusHeading() {
  if (navigated) findOptional('main:not([hidden]) h1')?.focus({ preventScroll: true });
  navigated = false;
}

const unreachable = () =>
  h(
    'div.page',
    h(
      'div.empty',
      h('h2', 'The page could not be loaded'),
      h('p', 'The service cannot be reached.'),
      button('Try again', null, reload),
    ),
  );

/** @type {Map<string, Promise<unknown>>} name -> settled when its rules hold */
const stylesheets = new Map();

/** @param {string} name */
export function loadStyles(name) {
  const known = stylesheets.get(name);
  if (known) return known;
  const loaded = new Promise((resolve, reject) => {
    const href = urlOf(`/console/styles/${name}.css`);
    document.head.append(h('link', { rel: 'stylesheet', href, onload: resolve, onerror: reject }));
  });
  stylesheets.set(name, loaded);
  // After a failure the next visit tries again.
  loaded.catch(() => stylesheets.delete(name));
  return loaded;
}

/**
 * A screen whose module, fetched with its styles when it is first opened, exports it as `name`.
 * @template {string} Name
 * @param {() => Promise<Record<Name, ScreenFactory>>} load
 * @param {Name} name
 * @param {string} sheets names of stylesheets, with a blank between
 * @returns {ScreenFactory}
 */
export const lazy = (load, name, sheets) => (params, id) => {
  const screen = { left: false, inner: /** @type {Screen | null} */ (null) };
  Promise.all([load(), ...sheets.split(' ').map(loadStyles)]).then(
    ([module]) => {
      if (screen.left) return;
      screen.inner = module[name](params, id);
      if (!screen.inner.deferred) focusHeading();
    },
    () => !screen.left && mount(unreachable()),
  );
  return {
    deferred: true,
    update: (query) => screen.inner?.update?.(query),
    leave() {
      screen.left = true;
      screen.inner?.leave?.();
    },
  };
};

/** Draws the current address again from the start, as after signing in. */
export function reload() {
  current?.leave?.();
  current = null;
  show();
}

/** @param {Record<string, ScreenFactory>} table @param {(name: string) => void} shown */
export function start(table, shown) {
  Object.assign(screens, table);
  onShow = shown;
  // Closing a drawer goes back in history; that must not move the page under it.
  history.scrollRestoration = 'manual';
  addEventListener('hashchange', () => {
    // '#main' is the skip link, not an address.
    if (location.hash === '' || location.hash.startsWith('#/')) show();
  });
  show();
}
