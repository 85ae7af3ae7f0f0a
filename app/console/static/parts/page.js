// The frame of the smaller screens: a head with actions, an introduction, and what is shown when there is nothing.
import { ApiError, get } from '../api.js';
import { setConnection } from '../connection.js';
import { find, h, icon } from '../dom.js';
import { mount, setBreadcrumbs, setTitle } from '../shell.js';

/** @import { Child, Screen } from '../../types.d.ts' */

const RETRY_AFTER = 3000;

/**
 * Puts a page with a title into the shell; `body` is where the screen draws.
 * @param {string} title
 * @param {{ actions?: Child[], intro?: string }} [options]
 */
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

/** @param {string} title @param {string} text @param {...Child} more */
export const emptyState = (title, text, ...more) => h('div.empty', h('h2', title), h('p', text), more);

/** @param {string} message */
export const errorNote = (message) =>
  h('p.note', { 'data-state': 'failed', role: 'alert' }, icon('failed'), h('span', message));

/**
 * Loads and draws until the screen is left: once, or with `every` again and again, except while the tab is hidden. What
 * cannot be loaded is tried again.
 * @template Answer
 * @param {object} options
 * @param {() => Promise<Answer>} options.load
 * @param {(answer: Answer) => void} options.draw
 * @param {(error: unknown) => void} options.failed
 * @param {number} [options.every] in ms
 */
export function loader({ load, draw, failed, every = 0 }) {
  /** @type {number | undefined} */
  let timer;
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
      if (error instanceof ApiError && error.isOutage) {
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

/**
 * The page of something new: only its form. `from` is the breadcrumb of the list that it will be in.
 * @param {string} title
 * @param {[string, string]} from
 * @param {Node} form
 */
export function formPage(title, from, form) {
  page(title).body.append(form);
  setBreadcrumbs(from, [title]);
  // The form needs nothing of the service, but the badge above it has to say whether the service is there.
  return loader({ load: () => get('/api/session'), draw() {}, failed() {} });
}

/**
 * A page that `edit` in the address turns into its form, and back: `open(edits)` draws either.
 * @param {URLSearchParams} params
 * @param {(edits: boolean) => { leave(): void }} open
 * @returns {Screen}
 */
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
