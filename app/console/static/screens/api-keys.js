// The organisation's API keys: who created each, when it was last used, and revoking it.
import { errorText, get, post, remove } from '../api.js';
import { button, h, icon, setAttr, setText } from '../dom.js';
import { date, dateTime, now, timeAgo } from '../format.js';
import { byId, dataTable } from '../parts/data-table.js';
import { confirmAction, toast } from '../parts/overlays.js';
import { emptyState, errorNote, loader, page } from '../parts/page.js';
import { secretNote } from '../parts/secret-note.js';
import { stateLabel } from '../parts/states.js';

/** @import { Key } from '../../api.d.ts' */
/** @import { Column } from '../parts/data-table.js' */

const LIFETIMES = [
  ['', 'never'],
  ['30', 'in 30 days'],
  ['90', 'in 90 days'],
  ['365', 'in a year'],
];
/** @param {string | null} iso @param {string} none */
const moment = (iso, none = '') => (iso ? h('time', { datetime: iso, title: dateTime(iso) }, timeAgo(iso)) : none);

/** @param {Key} key */
function stateOf({ expires_at: until }) {
  if (until && Date.parse(until) < now()) return stateLabel('cancelled', 'Expired');
  return stateLabel('completed', 'Valid');
}

export function apiKeysScreen() {
  const name = h('input.input', { id: 'key-name', maxlength: 200, autocomplete: 'off', placeholder: 'what it is for' });
  const life = h(
    'select.input',
    { id: 'key-life' },
    LIFETIMES.map(([value, label]) => h('option', { value }, label)),
  );
  const fault = h('p.error', { role: 'alert' });
  const newKey = h('div', { 'aria-live': 'polite' });
  const form = h(
    'form.inline',
    { novalidate: true },
    h('div.field', h('label', { for: 'key-name' }, 'New key'), name),
    h('div.field', h('label', { for: 'key-life' }, 'Expires'), life),
    h('button.btn', { type: 'submit' }, icon('plus'), 'Create key'),
    fault,
  );
  const { body } = page('Keys', {
    intro: 'Programs send a key as “Authorization: Bearer …”. A key has the rights of the person who created it.',
  });
  const nothing = emptyState('No keys yet', 'Create one for each program, so that each can be revoked on its own.');
  const trouble = h('div');

  const table = dataTable({
    caption: 'API keys',
    keyOf: byId,
    /** @type {Column<Key>[]} */
    columns: [
      { label: 'Name', cell: (key) => h('span.name', key.name) },
      { label: 'Key', kind: 'mono', cell: ({ hint }) => `…${hint}` },
      { label: 'State', cell: stateOf },
      { label: 'Created', kind: 'dim', cell: (key) => [moment(key.created_at), ` by ${key.user_name}`] },
      { label: 'Last used', kind: 'dim', cell: ({ last_used_at: at }) => moment(at, 'never') },
      { label: 'Expires', kind: 'dim', cell: ({ expires_at: at }) => (at ? date(at) : 'never') },
      {
        label: '',
        kind: 'k-act',
        cell: (key) =>
          button('Revoke…', null, () => revoke(key), { class: 'btn small danger', 'aria-label': `Revoke ${key.name}` }),
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
      table.draw(keys);
      table.node.hidden = !keys.length;
      nothing.hidden = keys.length > 0;
    },
    failed: (error) => trouble.replaceChildren(errorNote(errorText(error))),
  });

  /** @param {Key} key */
  async function revoke(key) {
    const consequences = 'Programs that use it are refused at once. This cannot be undone.';
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
      const key = await post('/api/keys', { name: wanted, expires_at: until || null });
      newKey.replaceChildren(secretNote(key.name, key.key));
      name.value = '';
      list.again();
    } catch (error) {
      setText(fault, errorText(error));
    }
  });

  return list;
}
