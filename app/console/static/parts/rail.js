// Screens with a list of things at the side and one of them beside it: webhooks, templates, schedules.
import { find, h, icon } from '../dom.js';
import { arrived, go, hrefOf } from '../router.js';
import { crumbs, setTitle } from '../shell.js';
import { loader, page, problem } from './page.js';
import { stateLabel } from './states.js';

/**
 * @typedef {object} RailOptions
 * @property {string} title what the things are called, in the plural
 * @property {string} path the address of the screen, as in `webhooks`
 * @property {string} create what the button says that makes a new one
 * @property {() => Promise<object[]>} load gives all of them
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
export const railScreen = ({ title, path, create, lede, load, look, form, detail, none }) => (query, id) => {
  const { root, body } = page(title, {
    lede,
    actions: create ? [h('a.btn', { href: `#/${path}/new` }, icon('plus'), create)] : [],
  });
  const rail = h('nav.rail', { 'aria-label': title });
  const pane = h('section.stack');
  let params = query;
  let items = null; // once they are loaded
  let leaveDetail = () => {};
  body.append(h('div.with-rail', rail, pane));

  function drawRail(current) {
    rail.hidden = !items.length;
    rail.replaceChildren(...items.map((item) => {
      const [name, state, word] = look(item);
      return h('a', { href: hrefOf(`${path}/${item.id}`), 'aria-current': item.id === current?.id && 'page' },
        h('span.cut', { title: name }, name), state ? stateLabel(state, word) : h('span.dim.cut', word));
    }));
  }

  function drawPane(current) {
    leaveDetail();
    leaveDetail = () => {};
    if (id === 'new') pane.replaceChildren(form({ params, saved }));
    else if (!current) pane.replaceChildren(none());
    else if (params.has('edit')) {
      const [name] = look(current);
      pane.replaceChildren(h('h2', { tabindex: -1 }, `Edit “${name}”`),
        form({ params, saved, cancel: hrefOf(`${path}/${current.id}`) }, current));
    } else {
      const edit = h('a.btn', { href: hrefOf(`${path}/${current.id}`, { edit: 'yes' }) }, icon('edit'), 'Edit');
      const made = detail(current, { params, again, edit });
      leaveDetail = made.leave ?? leaveDetail;
      pane.replaceChildren(...made.nodes);
    }
  }

  function saved(item) {
    items = items.map((one) => (one.id === item.id ? item : one));
    go(hrefOf(`${path}/${item.id}`));
  }

  function draw() {
    const current = id === 'new' ? null : items.find((item) => item.id === id) ?? (id ? null : items[0]);
    const name = current ? look(current)[0] : id === 'new' ? create : null;
    if (name) crumbs([title, `#/${path}`], [name]);
    setTitle(name ? `${name} · ${title}` : title);
    drawRail(current);
    drawPane(current);
  }

  const list = loader({
    load,
    draw(answer) {
      const first = items === null;
      items = answer;
      draw();
      if (first) arrived();
    },
    failed: (error) => pane.replaceChildren(problem(error.message)),
  });
  function again() {
    list.again();
  }

  return {
    later: true,
    root,
    update(changed) {
      const turned = params.has('edit') !== changed.has('edit');
      params = changed;
      if (items) draw();
      if (turned) find('h2', pane)?.focus();
    },
    leave() {
      leaveDetail();
      list.leave();
    },
  };
};

/** The head of a detail: its name, facts, and what can be done. */
export const detailHead = (name, facts, actions) => h('div.hook-head',
  h('div.stack.tight', h('h2', { tabindex: -1 }, name), h('div.facts', facts)), h('div.actions', actions));
