// Addresses after the '#': '#/batches/{id}?job=3'. The query holds every filter of a screen.
import { button, find, h } from './dom.js';
import { mount } from './shell.js';

const screens = {};
let current = null; // { path, leave, update }
let onShow = () => {};
let navigated = false; // a link was followed, and its page has not been announced yet

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
  history.replaceState(history.state, '', hrefOf(path, { ...Object.fromEntries(params), ...changes }));
}

/** Opens something above the page: Back, or `closeOverlay`, takes it away again. A second one replaces the first. */
export function openOverlay(hash) {
  if (history.state?.overlay) history.replaceState(history.state, '', hash);
  else history.pushState({ overlay: true }, '', hash);
  show();
}

/** Takes `name` out of the query, by going back when `openOverlay` put it there. */
export function closeOverlay(name) {
  if (history.state?.overlay) history.back();
  else setQuery({ [name]: '' });
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
  if (navigated) find('main:not([hidden]) h1')?.focus({ preventScroll: true });
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

const stylesheets = new Map(); // name -> a promise that its rules hold

function loadStyles(name) {
  if (!stylesheets.has(name)) {
    stylesheets.set(
      name,
      new Promise((resolve, reject) => {
        const link = h('link', {
          rel: 'stylesheet',
          href: `/console/styles/${name}.css`,
          onload: resolve,
          onerror: reject,
        });
        document.head.append(link);
      }),
    );
    // After a failure the next visit tries again.
    stylesheets.get(name).catch(() => stylesheets.delete(name));
  }
  return stylesheets.get(name);
}

/** A screen whose module, fetched with the styles `sheet` when it is first asked for, exports it as `name`. */
export const lazy = (load, name, sheet) => (params, id) => {
  const screen = { left: false, inner: null };
  Promise.all([load(), loadStyles(sheet)]).then(
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
