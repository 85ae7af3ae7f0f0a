// The organisation's API keys: what each may, when it was last used, rotating and revoking it.
import { errorText, get, getAll, post, remove } from '../api.js';
import { button, h, icon, setAttr, setText } from '../dom.js';
import { date, dateTime, now, plural, timeAgo } from '../format.js';
import { byId, dataTable } from '../parts/data-table.js';
import { confirmAction, toast } from '../parts/overlays.js';
import { emptyState, errorNote, loader, page } from '../parts/page.js';
import { field, fillSelect } from '../parts/plain-form.js';
import { secretNote } from '../parts/secret-note.js';
import { stateLabel } from '../parts/states.js';
import { may, session } from '../shell.js';

/** @import { Key, Pipeline, Scope, UserDetail } from '../../api.d.ts' */
/** @import { Choice } from '../../types.d.ts' */
/** @import { Column } from '../parts/data-table.js' */

/** @type {Choice[]} */
const OVERLAPS = [
  ['0', 'not at all: it ends at once'],
  ['1', 'for an hour'],
  ['24', 'for a day'],
  ['168', 'for a week'],
  ['720', 'for 30 days'],
];
const LIFETIMES = [
  ['', 'never'],
  ['30', 'in 30 days'],
  ['90', 'in 90 days'],
  ['365', 'in a year'],
];
/** @type {[Scope, string][]} */
const SCOPES = [
  ['read', 'Read'],
  ['submit', 'Submit'],
  ['manage', 'Manage'],
  ['admin', 'Admin'],
];
const SCOPES_HELP =
  'Read sees batches, results and events. Submit uploads files and starts batches. Manage changes, cancels, deletes ' +
  'and shares. Admin has keys, users, webhooks and settings. Nothing ticked: all that you may.';
/** @param {string | null} iso @param {string} none */
const moment = (iso, none = '') => (iso ? h('time', { datetime: iso, title: dateTime(iso) }, timeAgo(iso)) : none);

/** @param {Key} key */
function rightsOf({ scopes, pipelines }) {
  const what = scopes ? scopes.join(', ') : 'all that its user may';
  return pipelines ? [what, h('br'), h('span.dim', `only ${pipelines.join(', ')}`)] : what;
}

/** Boxes of which none or all ticked is no limit. @param {string} legend @param {string} help */
function limits(legend, help) {
  const ticks = h('div.ticks');
  const node = h('fieldset.field', h('legend', legend), ticks, h('small', help));
  /** @type {HTMLInputElement[]} */
  let boxes = [];
  return {
    node,
    /** @param {[value: string, label: string][]} choices */
    offer(choices) {
      boxes = choices.map(([value]) => h('input', { type: 'checkbox', value }));
      ticks.replaceChildren(...choices.map(([, label], at) => h('label.tick', boxes[at], label)));
      node.hidden = !boxes.length;
    },
    get chosen() {
      const ticked = boxes.filter((box) => box.checked).map((box) => box.value);
      return ticked.length ? ticked : null;
    },
    clear() {
      for (const box of boxes) box.checked = false;
    },
  };
}

/** @param {Key} key */
function stateOf({ expires_at: until }) {
  if (until && Date.parse(until) < now()) return stateLabel('cancelled', 'Expired');
  return stateLabel('completed', 'Valid');
}

/** @param {URLSearchParams} params */
export function apiKeysScreen(params) {
  const name = h('input.input', { id: 'key-name', maxlength: 200, autocomplete: 'off', placeholder: 'what it is for' });
  const life = h(
    'select.input',
    { id: 'key-life' },
    LIFETIMES.map(([value, label]) => h('option', { value }, label)),
  );
  const me = session?.user;
  /** @type {Choice} */
  const own = [me?.id ?? '', 'you'];
  const user = fillSelect(h('select.input', { id: 'key-user' }), [own]);
  const fault = h('p.error', { role: 'alert' });
  const newKey = h('div', { 'aria-live': 'polite' });
  const scopes = limits('It may only', SCOPES_HELP);
  scopes.offer(SCOPES.filter(([scope]) => may(scope)));
  const pipelines = limits('It opens only batches of', 'Nothing ticked: batches of all pipelines.');
  pipelines.offer([]);
  const form = h(
    'form.stack',
    { novalidate: true },
    h(
      'div.inline',
      h('div.field', h('label', { for: 'key-name' }, 'New key'), name),
      may('admin') && h('div.field', h('label', { for: 'key-user' }, 'Whose'), user),
      h('div.field', h('label', { for: 'key-life' }, 'Expires'), life),
      h('button.btn', { type: 'submit' }, icon('plus'), 'Create key'),
      fault,
    ),
    h('details', h('summary', 'Narrow it down'), h('div.stack', scopes.node, pipelines.node)),
  );
  const { body } = page('Keys', {
    intro:
      'Programs send a key as “Authorization: Bearer …”. A key never has more rights than what it was made with, and ends with it.',
  });
  const nothing = emptyState('No keys yet', 'Create one for each program, so that each can be revoked on its own.');
  const trouble = h('div');

  const table = dataTable({
    caption: 'API keys',
    keyOf: byId,
    /** @type {Column<Key>[]} */
    columns: [
      { label: 'Name', cell: (key) => h('span.name', key.name) },
      { label: 'Whose', cell: (key) => key.user_name },
      { label: 'Key', kind: 'mono', cell: ({ hint }) => `…${hint}` },
      { label: 'State', cell: stateOf },
      { label: 'May', cell: rightsOf },
      { label: 'Created', kind: 'dim', cell: (key) => moment(key.created_at) },
      { label: 'Last used', kind: 'dim', cell: ({ last_used_at: at }) => moment(at, 'never') },
      { label: 'Expires', kind: 'dim', cell: ({ expires_at: at }) => (at ? date(at) : 'never') },
      {
        label: '',
        kind: 'k-act',
        cell: (key) => [
          button('Rotate…', null, () => rotate(key), { class: 'btn small', 'aria-label': `Rotate ${key.name}` }),
          ' ',
          button('Revoke…', null, () => revoke(key), { class: 'btn small danger', 'aria-label': `Revoke ${key.name}` }),
        ],
      },
    ],
  });
  body.append(form, newKey, trouble, table.node, nothing);
  nothing.hidden = true;

  const list = loader({
    /** @returns {Promise<{ keys: Key[] }>} */
    load: () => get('/api/keys'),
    draw({ keys }) {
      trouble.replaceChildren();
      shown = keys;
      table.draw(keys);
      table.node.hidden = !keys.length;
      nothing.hidden = keys.length > 0;
    },
    failed: (error) => trouble.replaceChildren(errorNote(errorText(error))),
  });

  /** @type {Key[]} */
  let shown = [];

  /** @param {Key} key */
  async function rotate(key) {
    const overlap = fillSelect(h('select.input'), OVERLAPS, OVERLAPS[2]);
    const more = field('rotate-overlap', 'The old key goes on working', overlap);
    const consequences = 'A new key with the same rights is shown once. Put it in the place of the old one.';
    if (!(await confirmAction(`Rotate “${key.name}”?`, consequences, 'Rotate key', { more }))) return;
    try {
      /** @type {Key & { key: string }} */
      const made = await post(`/api/keys/${key.id}/rotate`, { overlap_hours: Number(overlap.value) });
      newKey.replaceChildren(secretNote(made.name, made.key));
      list.again();
    } catch (error) {
      toast(errorText(error));
    }
  }

  /** @param {Key} key */
  async function revoke(key) {
    const children = shown.filter((one) => one.parent_id === key.id).length;
    const more = children
      ? ` So are the ${plural(children, 'key')} that ${children === 1 ? 'was' : 'were'} made with it.`
      : '';
    const consequences = `Programs and browsers that use it are refused at once.${more} This cannot be undone.`;
    if (!(await confirmAction(`Revoke “${key.name}”?`, consequences, 'Revoke key'))) return;
    try {
      await remove(`/api/keys/${key.id}`);
      toast(`${key.name} revoked`);
      list.again();
    } catch (error) {
      toast(errorText(error));
    }
  }

  form.addEventListener('submit', async () => {
    const wanted = name.value.trim();
    setAttr(name, 'aria-invalid', wanted ? null : 'true');
    setText(fault, wanted ? '' : 'Enter what the key is for.');
    if (!wanted) {
      name.focus();
      return;
    }
    const until = life.value && new Date(now() + Number(life.value) * 86_400_000).toISOString();
    try {
      /** @type {Key & { key: string }} */
      const key = await post('/api/keys', {
        name: wanted,
        user_id: user.value === own[0] ? null : user.value,
        expires_at: until || null,
        scopes: scopes.chosen,
        pipelines: pipelines.chosen,
      });
      newKey.replaceChildren(secretNote(key.name, key.key));
      name.value = '';
      scopes.clear();
      pipelines.clear();
      list.again();
    } catch (error) {
      setText(fault, errorText(error));
    }
  });

  async function offerPipelines() {
    /** @type {{ pipelines: Pipeline[] }} */
    const answer = await get('/api/pipelines');
    pipelines.offer(answer.pipelines.map(({ key, title }) => [key, title]));
  }
  offerPipelines().catch(() => {}); // without them a key is for all

  async function offerUsers() {
    /** @type {UserDetail[]} */
    const users = await getAll('/api/users', 'users');
    const others = users.filter(({ id, active }) => active && id !== own[0]);
    fillSelect(user, [
      own,
      ...others.map(({ id, name: called, role }) => /** @type {Choice} */ ([id, `${called}, ${role}`])),
    ]);
    const asked = params.get('user');
    if (others.some(({ id }) => id === asked)) user.value = asked ?? '';
  }
  if (may('admin')) offerUsers().catch(() => {}); // without them a key is one's own

  return list;
}
