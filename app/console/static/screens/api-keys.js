// The organisation's API keys: who made each, when it was used last, and taking it back.
import { get, post, remove } from '../api.js';
import { button, h, icon, setAttr, setText } from '../dom.js';
import { dateTime, now, timeAgo } from '../format.js';
import { dataTable } from '../parts/data-table.js';
import { confirmAction, toast } from '../parts/overlays.js';
import { emptyState, errorNote, loader, page } from '../parts/page.js';
import { secretNote } from '../parts/secret-note.js';
import { stateLabel } from '../parts/states.js';

const LIFETIMES = [
  ['', 'never'],
  ['30', 'in 30 days'],
  ['90', 'in 90 days'],
  ['365', 'in a year'],
];
const day = (iso) => new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const moment = (iso, none) => (iso ? h('time', { datetime: iso, title: dateTime(iso) }, timeAgo(iso)) : none);

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
    h('button.btn', { type: 'submit' }, icon('plus'), 'Make key'),
    fault,
  );
  const { body } = page('Keys', {
    intro: 'Programs send a key as “Authorization: Bearer …”. A key has the rights of the person who made it.',
  });
  const nothing = emptyState('No keys', 'Make one for each program, so that each can be taken back alone.');
  const trouble = h('div');

  const table = dataTable({
    caption: 'API keys',
    columns: [
      { label: 'Name', cell: (key) => h('span.name', key.name) },
      { label: 'Key', kind: 'mono', cell: ({ hint }) => `…${hint}` },
      { label: 'State', cell: stateOf },
      { label: 'Made', kind: 'dim', cell: (key) => [moment(key.created_at), ` by ${key.user_name}`] },
      { label: 'Last used', kind: 'dim', cell: ({ last_used_at: at }) => moment(at, 'never') },
      { label: 'Expires', kind: 'dim', cell: ({ expires_at: at }) => (at ? day(at) : 'never') },
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
    load: () => get('/api/keys'),
    draw({ keys }) {
      trouble.replaceChildren();
      table.draw(keys);
      table.node.hidden = !keys.length;
      nothing.hidden = keys.length > 0;
    },
    failed: (error) => trouble.replaceChildren(errorNote(error.message)),
  });

  async function revoke(key) {
    const consequences = 'Programs that use it are refused at once. There is no way back.';
    if (!(await confirmAction(`Revoke “${key.name}”?`, consequences, 'Revoke key'))) return;
    try {
      await remove(`/api/keys/${key.id}`);
      toast(`${key.name} revoked`);
      list.again();
    } catch (error) {
      toast(error.message);
    }
  }

  form.addEventListener('submit', async () => {
    const wanted = name.value.trim();
    setAttr(name, 'aria-invalid', wanted ? null : 'true');
    setText(fault, wanted ? '' : 'Say what the key is for.');
    if (!wanted) {
      name.focus();
      return;
    }
    const until = life.value && new Date(now() + Number(life.value) * 86_400_000).toISOString();
    try {
      const key = await post('/api/keys', { name: wanted, expires_at: until || null });
      newKey.replaceChildren(secretNote(key.name, key.key));
      name.value = '';
      list.again();
    } catch (error) {
      setText(fault, error.message);
    }
  });

  return list;
}
