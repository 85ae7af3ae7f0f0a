// Accounts of outside services: whose is used, setting, trying and removing the organisation's own.
import { errorText, get, post, remove, request } from '../api.js';
import { button, h, icon } from '../dom.js';
import { dateTime, timeAgo } from '../format.js';
import { dataTable } from '../parts/data-table.js';
import { actionButton, confirmAction, toast } from '../parts/overlays.js';
import { emptyState, errorNote, loader, page } from '../parts/page.js';
import { plainForm } from '../parts/plain-form.js';
import { schemaForm } from '../parts/schema-form.js';
import { stateLabel } from '../parts/states.js';
import { go } from '../router.js';
import { may, session, setBreadcrumbs, setTitle } from '../shell.js';

/** @import { Connection } from '../../api.d.ts' */
/** @import { ScreenFactory } from '../../types.d.ts' */
/** @import { Column } from '../parts/data-table.js' */

/** @typedef {{ connections: Connection[], outbound_allow: string[] }} Connections */

/** @type {Record<string, string>} */
const USED_BY = {
  dropbox: 'For the hand-over of pictures',
  monday: 'For the hand-over of pictures',
  hubspot: 'For plays',
  data_provider: 'For plays',
  ai: 'For result sheets that are pictures',
  platform: 'For registrations of restaurants',
  smtp: 'For mail about batches',
};

/** @param {Connection} one */
function stateOf({ source, account }) {
  if (source === 'own')
    return account ? stateLabel('completed', 'Own account') : stateLabel('failed', 'Cannot be read: set it again');
  if (source === 'installation') return stateLabel('cached', 'The installation’s');
  return stateLabel('draft', 'None');
}

/** @param {Connection} one */
function accountOf({ source, hint, set_by: by, set_at: at }) {
  if (source !== 'own' || !at) return '';
  return [
    hint && h('code', `…${hint}`),
    h('div.dim', { title: dateTime(at) }, `set ${timeAgo(at)} by ${by ?? 'the command line'}`),
  ];
}

/** @type {ScreenFactory} */
export const connectionsScreen = (_params, kind) => (kind ? accountPage(kind) : listPage());

function listPage() {
  const { body } = page('Connections', {
    intro:
      'Outside services that batches use, each with an account of your organisation. Accounts are encrypted, and their secrets never shown again.',
  });
  const trouble = h('div');
  const said = h('div', { 'aria-live': 'polite' });
  const reach = h('section.stack.tight');

  const table = dataTable({
    caption: 'Connections',
    keyOf: ({ kind }) => kind,
    /** @type {Column<Connection>[]} */
    columns: [
      {
        label: 'Service',
        cell: ({ kind, title }) => [h('span.name', title), h('div.dim', USED_BY[kind] ?? '')],
      },
      { label: 'Account', cell: stateOf },
      { label: 'Secret', cell: accountOf },
      { label: '', kind: 'k-act', cell: actionsOf },
    ],
  });
  body.append(said, trouble, table.node, reach);

  const list = loader({
    /** @returns {Promise<Connections>} */
    load: () => get('/api/connections'),
    draw({ connections, outbound_allow: allow }) {
      trouble.replaceChildren();
      table.draw(connections.sort((one, other) => one.title.localeCompare(other.title)));
      reach.replaceChildren(...reachOf(allow));
    },
    failed: (error) => trouble.replaceChildren(errorNote(errorText(error))),
  });

  /** @param {Connection} one */
  function actionsOf(one) {
    const { kind, title, source } = one;
    const isOwn = source === 'own';
    return [
      isOwn && actionButton('Test', null, () => test(one), { class: 'btn small', 'aria-label': `Test ${title}` }),
      ' ',
      h(
        'a.btn.small',
        { href: `#/connections/${kind}`, 'aria-label': `${isOwn ? 'Replace' : 'Set'} the account of ${title}` },
        isOwn ? 'Replace' : 'Set account',
      ),
      ' ',
      isOwn &&
        button('Remove…', null, () => drop(one), {
          class: 'btn small danger',
          'aria-label': `Remove the account of ${title}`,
        }),
    ];
  }

  /** @param {Connection} one */
  async function test({ kind, title }) {
    said.replaceChildren();
    try {
      /** @type {{ detail: string }} */
      const { detail } = await post(`/api/connections/${kind}/test`);
      said.replaceChildren(
        h('p.note', { 'data-state': 'completed' }, icon('completed'), h('span', `${title} works. ${detail}`)),
      );
    } catch (error) {
      said.replaceChildren(errorNote(errorText(error)));
    }
    said.scrollIntoView({ block: 'nearest' });
  }

  /** @param {Connection} one */
  async function drop({ kind, title }) {
    const lost = `Batches that need ${title} are refused or fail from then on. The account itself is not touched.`;
    if (!(await confirmAction(`Remove the account of ${title}?`, lost, 'Remove account'))) return;
    try {
      await remove(`/api/connections/${kind}`);
      toast(`The account of ${title} is removed`);
      list.again();
    } catch (error) {
      toast(errorText(error));
    }
  }

  return list;
}

/** @param {string[]} allow */
function reachOf(allow) {
  const where = `#/organisations/${session?.organisation.id}`;
  return [
    h('h2', 'What may be reached'),
    h(
      'p.intro',
      allow.length
        ? 'Public addresses, and these hosts and networks:'
        : 'Public addresses only. For a service in an intranet an operator of the installation adds its host.',
    ),
    allow.length
      ? h(
          'ul.plain-list',
          allow.map((entry) => h('li', h('code', entry))),
        )
      : '',
    may('operate') ? h('div.actions', h('a.btn.small', { href: where }, icon('edit'), 'Change list')) : '',
  ];
}

/** The page on which the account of one service is set or replaced. @param {string} kind */
function accountPage(kind) {
  const { root, body } = page('Account');
  /** @type {string} */
  let shown = '';
  return loader({
    /** @returns {Promise<Connections>} */
    load: () => get('/api/connections'),
    draw({ connections }) {
      const one = connections.find((connection) => connection.kind === kind);
      if (!one) return body.replaceChildren(emptyState('Not found', 'There is no such service.'));
      if (shown) return; // what is being typed stays
      shown = one.title;
      const title = one.source === 'own' ? `Replace the account of ${one.title}` : `Set the account of ${one.title}`;
      const heading = root.querySelector('h1');
      if (heading) heading.textContent = title;
      setBreadcrumbs(['Connections', '#/connections'], [one.title]);
      setTitle(`${one.title} · Connections`);
      body.replaceChildren(accountForm(one));
    },
    failed: (error) => body.replaceChildren(errorNote(errorText(error))),
  });
}

/** @param {Connection} one */
function accountForm({ kind, title, source, account, account_schema: schema }) {
  const box = h('div.params');
  const fields = schemaForm(box, schema, 'account');
  const secrets = new Set(
    Object.entries(schema.properties ?? {}).flatMap(([name, spec]) => (isSecret(spec) ? [name] : [])),
  );
  const known = Object.entries(account ?? {}).filter(([name, value]) => !secrets.has(name) && value !== null);
  if (known.length) fields.fill(Object.fromEntries(known));

  return plainForm(
    [
      source === 'own' && h('p.intro', 'What is secret is to be given again: it is not shown.'),
      source === 'installation' &&
        h('p.intro', 'The installation’s account is used until you set one. Yours is used alone from then on.'),
      box,
    ],
    'Save account',
    async () => {
      const values = fields.read();
      if (!values) return;
      await request('PUT', `/api/connections/${kind}`, { account: values });
      toast(`The account of ${title} is saved`);
      go('#/connections');
    },
    { cancel: '#/connections', place: fields.showErrors },
  );
}

/** @param {import('../../api.d.ts').JsonSchema} spec @returns {boolean} */
const isSecret = ({ format, anyOf = [] }) => format === 'password' || anyOf.some(isSecret);
