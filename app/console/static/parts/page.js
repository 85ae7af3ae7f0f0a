// The frame of the smaller screens: a head with actions, what the page is about, and what stands there when there is nothing.
import { get } from '../api.js';
import { setConnection } from '../connection.js';
import { find, h, icon } from '../dom.js';
import { mount, setBreadcrumbs, setTitle } from '../shell.js';

/** Puts a page with a title into the shell; `body` is where the screen draws. */
export function page(title, { actions = [], intro = '' } = {}) {
  const body = h('div.stack.loose');
  const root = h(
    'div.page',
    h('div.page-head', h('h1', { tabindex: -1 }, title), actions),
    intro && h('p.intro', intro),
    body,
  );
  setBreadcrumbs([title]);
  setTitle(title);
  mount(root);
  return { root, body };
}

export const emptyState = (title, text, ...more) => h('div.empty', h('h2', title), h('p', text), ...more);

export const errorNote = (message) =>
  h('p.note', { 'data-state': 'failed', role: 'alert' }, icon('failed'), h('span', message));

const RETRY_AFTER = 3000;

/**
 * Loads and draws until the screen is left: once, and with `every` again and again, except while nobody looks. What
 * cannot be loaded is tried again. Returns { again, leave }.
 */
export function loader({ load, draw, failed, every = 0 }) {
  let timer = null;
  let left = false;
  let round = 0;

  async function run() {
    clearTimeout(timer);
    round += 1;
    const mine = round;
    let wait = every;
    try {
      const answer = document.hidden && every ? null : await load();
      if (left || mine !== round) return;
      if (answer) {
        draw(answer);
        setConnection('live');
      }
    } catch (error) {
      if (left || mine !== round) return;
      failed(error);
      if (error.status === 0 || error.status >= 500) {
        setConnection('lost');
        wait = RETRY_AFTER;
      }
    }
    if (wait) timer = setTimeout(run, wait);
  }

  run();
  return {
    again: run,
    leave() {
      left = true;
      clearTimeout(timer);
    },
  };
}

/** The page of something new: only its form. `from` is the crumb of the list that it will be in. */
export function formPage(title, from, form) {
  page(title).body.append(form);
  setBreadcrumbs(from, [title]);
  // The form needs nothing of the service, but the badge above it has to say whether the service is there.
  return loader({ load: () => get('/api/session'), draw() {}, failed() {} });
}

/** A page that `edit` in the address turns into its form, and back: `open(edits)` draws either and gives { leave }. */
export function viewOrEdit(params, open) {
  let edits = params.has('edit');
  let shown = open(edits);
  return {
    update(query) {
      if (query.has('edit') === edits) return;
      edits = query.has('edit');
      shown.leave();
      shown = open(edits);
      find('main:not([hidden]) h1').focus({ preventScroll: true });
    },
    leave: () => shown.leave(),
  };
}
