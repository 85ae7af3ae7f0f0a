// Screens with a list of items at the side and one of them beside it: webhooks, templates, schedules.
import { errorText, get, isNotFound } from '../api.js';
import { findAll, findOptional, h, icon, nodesOf } from '../dom.js';
import { focusHeading, go, hrefOf } from '../router.js';
import { may, setBreadcrumbs, setTitle } from '../shell.js';
import { actionButton, toast } from './overlays.js';
import { emptyState, errorNote, loader, page } from './page.js';
import { stateLabel } from './states.js';

const PAGE = 100;
const LARGEST_PAGE = 1000; // of the API

/** @import { Page, Permission } from '../../api.d.ts' */
/** @import { Child, Screen, ScreenFactory } from '../../types.d.ts' */

/**
 * What a form beside the list gets.
 * @template Item
 * @typedef {object} FormTools
 * @property {URLSearchParams} params
 * @property {(item: Item) => void} saved takes what the form created or changed
 * @property {string} [cancel] the address that leads back from the form
 */

/**
 * What a detail beside the list gets.
 * @typedef {object} DetailTools
 * @property {URLSearchParams} params
 * @property {() => void} again loads the list again and redraws the detail
 * @property {Node} edit the link to the form of what is shown
 */

/**
 * @template {{ id: string }} Item
 * @typedef {object} MasterDetailOptions
 * @property {string} title what the items are called, in the plural
 * @property {string} path the address of the screen, of the API, and of the list in its answers, as in `webhooks`
 * @property {string} create the label of the button for a new one
 * @property {Permission} [needs] the permission that it takes to make and change them
 * @property {() => Child[]} [actions] what else stands in the head of the screen
 * @property {() => Node} [above] what stands above the list, such as tabs
 * @property {(item: Item) => [name: string, state: string | null, word: string]} listItem what stands in the list
 * @property {(tools: FormTools<Item>, item?: Item) => Node} form for a new one, or to change `item`
 * @property {(item: Item, tools: DetailTools) => { nodes: Child[], leave?: () => void }} detail what is shown of one
 * @property {() => Node} none what is shown while there are none
 */

/**
 * A screen with a list of items at the side and one of them beside it.
 * @template {{ id: string }} Item
 * @param {MasterDetailOptions<Item>} options
 * @returns {ScreenFactory}
 */
export function masterDetailScreen(options) {
  const keep = { most: PAGE }; // as many as were shown are loaded again with every other detail
  return (query, id) => build(options, keep, query, id);
}

/**
 * @template {{ id: string }} Item
 * @param {MasterDetailOptions<Item>} options
 * @param {{ most: number }} keep
 * @param {URLSearchParams} query
 * @param {string | undefined} id
 * @returns {Screen}
 */
function build(
  { title, path, create, needs = 'manage', actions, above, listItem, form, detail, none },
  keep,
  query,
  id,
) {
  const isChanger = may(needs);
  const { body } = page(title, {
    actions: [actions?.(), isChanger && h('a.btn', { href: `#/${path}/new` }, icon('plus'), create)],
  });
  const master = h('nav.master-list', { 'aria-label': title });
  const detailPane = h('section.stack');
  let params = query;
  /** @type {Item[]} */
  let items = [];
  let loaded = false;
  /** @type {string | null} */
  let cursor = null;
  /** @type {Item | null} what the address names, when it is on a page that is not loaded */
  let offPage = null;
  let left = false;
  let leaveDetail = () => {};
  body.append(...nodesOf([above?.(), h('div.master-detail', master, detailPane)]));

  /** @param {Item | null} current */
  function drawList(current) {
    const { scrollTop } = master;
    master.hidden = !items.length;
    master.replaceChildren(
      ...items.map((item) => {
        const [name, state, word] = listItem(item);
        return h(
          'a',
          { href: hrefOf(`${path}/${item.id}`), 'aria-current': item.id === current?.id && 'page' },
          h('span.cut', { title: name }, name),
          state ? stateLabel(state, word) : h('span.dim.cut', word),
        );
      }),
      ...(cursor ? [actionButton('Show more', null, more)] : []),
    );
    master.scrollTop = scrollTop;
  }

  /** As many as have been shown, at first one page. */
  async function load() {
    /** @type {Item[]} */
    const found = [];
    /** @type {string | null} */
    let next = null;
    do {
      const limit = Math.min(keep.most - found.length, LARGEST_PAGE);
      /** @type {Page<string, Item>} */
      const answer = await get(`/api/${path}`, { limit, cursor: next });
      found.push(...answer[path]);
      next = answer.next_cursor;
    } while (next && found.length < keep.most);
    const far = id && id !== 'new' && !left && !found.some((item) => item.id === id);
    return { found, next, alone: far ? await loadOne(id) : null };
  }

  /** @param {string} one @returns {Promise<Item | null>} */
  async function loadOne(one) {
    try {
      return await get(`/api/${path}/${encodeURIComponent(one)}`);
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  }

  async function more() {
    try {
      /** @type {Page<string, Item>} */
      const answer = await get(`/api/${path}`, { limit: PAGE, cursor });
      const shown = items.length;
      items = [...items, ...answer[path]];
      cursor = answer.next_cursor;
      keep.most = Math.max(PAGE, items.length);
      drawList(chosen());
      findAll('a', master)[shown]?.focus();
    } catch (error) {
      toast(errorText(error));
    }
  }

  function chosen() {
    if (id === 'new') return null;
    return items.find((item) => item.id === id) ?? (id ? offPage : (items[0] ?? null));
  }

  /** @param {Item | null} current */
  function drawDetail(current) {
    leaveDetail();
    leaveDetail = () => {};
    if (id === 'new' && isChanger) detailPane.replaceChildren(form({ params, saved }));
    else if (!current) detailPane.replaceChildren(items.length ? notHere() : none());
    else if (params.has('edit') && isChanger) {
      const [name] = listItem(current);
      detailPane.replaceChildren(
        h('h2', { tabindex: -1 }, `Edit “${name}”`),
        form({ params, saved, cancel: hrefOf(`${path}/${current.id}`) }, current),
      );
    } else {
      const edit = h(
        'a.btn',
        { href: hrefOf(`${path}/${current.id}`, { edit: 'yes' }), hidden: !isChanger },
        ...[icon('edit'), 'Edit'],
      );
      const made = detail(current, { params, again, edit });
      leaveDetail = made.leave ?? leaveDetail;
      detailPane.replaceChildren(...nodesOf(made.nodes));
    }
  }

  const notHere = () => emptyState('Not found', 'It may have been deleted, or the address is incomplete.');

  /** @param {Item} item */
  function saved(item) {
    items = items.map((one) => (one.id === item.id ? item : one));
    if (offPage?.id === item.id) offPage = item;
    go(hrefOf(`${path}/${item.id}`));
  }

  function draw() {
    const current = chosen();
    const name = current ? listItem(current)[0] : id === 'new' ? create : null;
    if (name) setBreadcrumbs([title, `#/${path}`], [name]);
    setTitle(name ? `${name} · ${title}` : title);
    drawList(current);
    drawDetail(current);
  }

  const list = loader({
    load,
    draw(answer) {
      const first = !loaded;
      loaded = true;
      items = answer.found;
      cursor = answer.next;
      offPage = answer.alone;
      draw();
      if (first) {
        const here = findOptional('[aria-current]', master);
        master.scrollTop = here ? here.offsetTop - master.clientHeight / 2 : 0;
        focusHeading();
      }
    },
    failed: (error) => detailPane.replaceChildren(errorNote(errorText(error))),
  });
  function again() {
    list.again();
  }

  return {
    deferred: true,
    update(changed) {
      const turned = params.has('edit') !== changed.has('edit');
      params = changed;
      if (loaded) draw();
      if (turned) findOptional('h2', detailPane)?.focus();
    },
    leave() {
      left = true;
      leaveDetail();
      list.leave();
    },
  };
}

/**
 * The head of a detail: its name, facts and actions.
 * @param {Child} name
 * @param {Child} facts
 * @param {Child} actions
 */
export const detailHeader = (name, facts, actions) =>
  h(
    'div.detail-head',
    h('div.stack.tight', h('h2', { tabindex: -1 }, name), h('div.facts', facts)),
    h('div.actions', actions),
  );
