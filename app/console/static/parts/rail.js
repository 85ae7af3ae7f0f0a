// Screens with a list of things at the side and one of them beside it: webhooks, templates, schedules.
import { h, icon } from '../dom.js';
import { arrived, hrefOf } from '../router.js';
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
 * @property {(tools: object) => Node} form what stands beside the list for a new one
 * @property {(item: object, tools: object) => { nodes: Node[], leave?: () => void }} detail what stands beside it for one
 * @property {() => Node} none what is shown while there are none
 */

/** A screen made of these; `tools` are { again, params }, `again` reads the list anew and draws the detail. */
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
    const tools = { again, params };
    leaveDetail();
    leaveDetail = () => {};
    if (id === 'new') {
      pane.replaceChildren(form(tools));
      return;
    }
    if (!current) {
      pane.replaceChildren(none());
      return;
    }
    const made = detail(current, tools);
    leaveDetail = made.leave ?? leaveDetail;
    pane.replaceChildren(...made.nodes);
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
      params = changed;
      if (items) draw();
    },
    leave() {
      leaveDetail();
      list.leave();
    },
  };
};

/** The head of a detail: its name, facts, and what can be done. */
export const detailHead = (name, facts, actions) => h('div.hook-head',
  h('div.stack.tight', h('h2', name), h('div.facts', facts)), h('div.actions', actions));

/** A form that calls `send` and shows under its end what is wrong; `send` throws what the service refuses. */
export function plainForm(fields, submit, send) {
  const fault = h('p.error', { role: 'alert' });
  const node = h('form.stack.narrow', { novalidate: true }, fields, fault,
    h('div.actions', h('button.btn.primary', { type: 'submit' }, submit)));
  node.addEventListener('submit', async () => {
    fault.textContent = '';
    try {
      await send();
    } catch (error) {
      fault.textContent = sentenceOf(error);
    }
  });
  return node;
}

/** A refusal as one sentence, with the first field it is about. */
export function sentenceOf(error) {
  const [first] = error.errors ?? [];
  if (!first) return error.message;
  const where = first.loc.slice(1).filter((part) => typeof part === 'string').join(' ').replaceAll('_', ' ');
  const words = first.msg.replace(/^Value error, /, '');
  return where ? `${where}: ${words}` : words;
}

export const field = (id, label, input, help) => {
  input.id = id;
  if (help) input.setAttribute('aria-describedby', `${id}-help`);
  return h('div.field', h('label', { for: id }, label), input, help && h('small', { id: `${id}-help` }, help));
};
