// Screens with a list of things at the side and one of them beside it: webhooks, templates, schedules.
import { get } from '../api.js';
import { find, h, icon } from '../dom.js';
import { focusHeading, go, hrefOf } from '../router.js';
import { setBreadcrumbs, setTitle } from '../shell.js';
import { actionButton, toast } from './overlays.js';
import { emptyState, errorNote, loader, page } from './page.js';
import { stateLabel } from './states.js';

const PAGE = 100;
const LARGEST_PAGE = 1000; // that the API gives

function nullWhenGone(error) {
  if (error.status === 404 || error.status === 422) return null;
  throw error;
}

/**
 * @typedef {object} RailOptions
 * @property {string} title what the things are called, in the plural
 * @property {string} path the address of the screen, of the API, and of the list in its answers, as in `webhooks`
 * @property {string} create what the button says that makes a new one
 * @property {(item: object) => [string, string | null, string]} look what stands in the list: name, state if any, word
 * @property {(tools: object, item?: object) => Node} form what stands beside the list for a new one, or to change `item`
 * @property {(item: object, tools: object) => { nodes: Node[], leave?: () => void }} detail what stands beside it for one
 * @property {() => Node} none what is shown while there are none
 */

/**
 * A screen made of these. `tools` are { params, again, edit, saved, cancel }: `again` reads the list anew and draws the
 * detail, `edit` is the link to the form of what is shown, `saved(item)` is called with what the form made or changed, and
 * `cancel` leads back from it.
 */
export function masterDetailScreen(options) {
  const keep = { most: PAGE }; // whoever had more shown finds them again beside each
  return (query, id) => build(options, keep, query, id);
}

function build({ title, path, create, intro, look, form, detail, none }, keep, query, id) {
  const { root, body } = page(title, {
    intro,
    actions: create ? [h('a.btn', { href: `#/${path}/new` }, icon('plus'), create)] : [],
  });
  const master = h('nav.master-list', { 'aria-label': title });
  const detailPane = h('section.stack');
  let params = query;
  let items = null; // once they are loaded
  let cursor = null;
  let offPage = null; // what the address names, when it stands on a page that is not loaded
  let left = false;
  let leaveDetail = () => {};
  body.append(h('div.master-detail', master, detailPane));

  function drawList(current) {
    const { scrollTop } = master;
    master.hidden = !items.length;
    master.replaceChildren(
      ...items.map((item) => {
        const [name, state, word] = look(item);
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
    const found = [];
    let next = null;
    do {
      const limit = Math.min(keep.most - found.length, LARGEST_PAGE);
      const answer = await get(`/api/${path}`, { limit, cursor: next });
      found.push(...answer[path]);
      next = answer.next_cursor;
    } while (next && found.length < keep.most);
    const far = id && id !== 'new' && !left && !found.some((item) => item.id === id);
    const alone = far ? await get(`/api/${path}/${encodeURIComponent(id)}`).catch(nullWhenGone) : null;
    return { found, next, alone };
  }

  async function more() {
    try {
      const answer = await get(`/api/${path}`, { limit: PAGE, cursor });
      const shown = items.length;
      items = [...items, ...answer[path]];
      cursor = answer.next_cursor;
      keep.most = Math.max(PAGE, items.length);
      drawList(chosen());
      master.children[shown]?.focus();
    } catch (error) {
      toast(error.message);
    }
  }

  function chosen() {
    if (id === 'new') return null;
    return items.find((item) => item.id === id) ?? (id ? offPage : items[0]);
  }

  function drawDetail(current) {
    leaveDetail();
    leaveDetail = () => {};
    if (id === 'new') detailPane.replaceChildren(form({ params, saved }));
    else if (!current) detailPane.replaceChildren(items.length ? notHere() : none());
    else if (params.has('edit')) {
      const [name] = look(current);
      detailPane.replaceChildren(
        h('h2', { tabindex: -1 }, `Edit “${name}”`),
        form({ params, saved, cancel: hrefOf(`${path}/${current.id}`) }, current),
      );
    } else {
      const edit = h('a.btn', { href: hrefOf(`${path}/${current.id}`, { edit: 'yes' }) }, icon('edit'), 'Edit');
      const made = detail(current, { params, again, edit });
      leaveDetail = made.leave ?? leaveDetail;
      detailPane.replaceChildren(...made.nodes);
    }
  }

  const notHere = () => emptyState('Not here any more', 'It was deleted, or the address is not complete.');

  function saved(item) {
    items = items.map((one) => (one.id === item.id ? item : one));
    if (offPage?.id === item.id) offPage = item;
    go(hrefOf(`${path}/${item.id}`));
  }

  function draw() {
    const current = chosen();
    const name = current ? look(current)[0] : id === 'new' ? create : null;
    if (name) setBreadcrumbs([title, `#/${path}`], [name]);
    setTitle(name ? `${name} · ${title}` : title);
    drawList(current);
    drawDetail(current);
  }

  const list = loader({
    load,
    draw(answer) {
      const first = items === null;
      items = answer.found;
      cursor = answer.next;
      offPage = answer.alone;
      draw();
      if (first) {
        const here = find('[aria-current]', master);
        master.scrollTop = here ? here.offsetTop - master.clientHeight / 2 : 0;
        focusHeading();
      }
    },
    failed: (error) => detailPane.replaceChildren(errorNote(error.message)),
  });
  function again() {
    list.again();
  }

  return {
    deferred: true,
    root,
    update(changed) {
      const turned = params.has('edit') !== changed.has('edit');
      params = changed;
      if (items) draw();
      if (turned) find('h2', detailPane)?.focus();
    },
    leave() {
      left = true;
      leaveDetail();
      list.leave();
    },
  };
}

/** The head of a detail: its name, facts, and what can be done. */
export const detailHeader = (name, facts, actions) =>
  h(
    'div.detail-head',
    h('div.stack.tight', h('h2', { tabindex: -1 }, name), h('div.facts', facts)),
    h('div.actions', actions),
  );
