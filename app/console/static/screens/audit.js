// Who did what: the audit log, by action, actor, target, address and day, and as a file.
import { errorText, get, getOrNull, queryString } from '../api.js';
import { announce, button, debounce, h, icon } from '../dom.js';
import { dateTime, plural, timeAgo } from '../format.js';
import { byId, dataTable } from '../parts/data-table.js';
import { emptyState, errorNote, loader, page } from '../parts/page.js';
import { stateLabel } from '../parts/states.js';
import { urlOf } from '../root.js';
import { address, setQuery } from '../router.js';

/** @import { AuditEntry, Page } from '../../api.d.ts' */
/** @import { Column } from '../parts/data-table.js' */

/** @typedef {Page<'entries', AuditEntry>} Entries */

const PAGE = 50;
const FILTERS = ['action', 'actor', 'target', 'address', 'since', 'until'];

/** @param {AuditEntry} entry */
const times = ({ details }) => (Number(details.count) > 1 ? h('span.dim', ` ${details.count} times`) : '');

/** @param {AuditEntry} entry */
const actorOf = ({ actor_name: name, actor_kind: kind }) =>
  kind === 'user' ? (name ?? 'a user') : [kind, name].filter(Boolean).join(' ');

/** @param {AuditEntry} entry */
const moreOf = ({ details }) => {
  const told = Object.entries(details).filter(([name]) => name !== 'count');
  if (!told.length) return h('span.dim', 'nothing more');
  return h('details', h('summary', 'Details'), h('pre.code', JSON.stringify(Object.fromEntries(told), null, 2)));
};

/** @type {Column<AuditEntry>[]} */
const COLUMNS = [
  { label: 'When', kind: 'dim', cell: ({ at }) => h('time', { datetime: at, title: dateTime(at) }, timeAgo(at)) },
  {
    label: 'What',
    cell: (one) => [
      h('span.name', one.action),
      times(one),
      one.outcome === 'failure' ? h('div', stateLabel('failed', 'Refused')) : '',
    ],
  },
  {
    label: 'Of',
    cell: ({ target_kind: kind, target_name: name, target_id: id }) =>
      kind ? h('span', { title: id }, `${kind} ${name ?? id ?? ''}`) : '',
  },
  { label: 'Who', cell: (one) => h('span', { title: one.user_agent }, actorOf(one)) },
  { label: 'From', kind: 'dim', cell: ({ client_address: from }) => from ?? '' },
  { label: 'More', cell: moreOf },
];

/** @param {string} name @param {string} label @param {string} type */
const field = (name, label, type = 'text') =>
  h('label.filter', label, h('input.input', { name, type, autocomplete: 'off', maxlength: '200' }));

export function auditScreen() {
  const action = h('select', { name: 'action' }, h('option', { value: '' }, 'any'));
  const filters = h(
    'form.toolbar',
    { 'aria-label': 'Filters' },
    h('label.filter', 'Action', action),
    field('actor', 'Actor'),
    field('target', 'Target'),
    field('address', 'Address'),
    field('since', 'From', 'date'),
    field('until', 'Before', 'date'),
  );
  const files = ['csv', 'ndjson'].map((format) => ({
    format,
    link: h('a.btn', icon('download'), format.toUpperCase()),
  }));
  const { root, body } = page('Audit log', {
    intro: 'Sign-ins, keys, changes of settings, shares, deletes and exports: who did what, newest first.',
    actions: files.map(({ link }) => link),
  });
  const table = dataTable({ caption: 'Audit log, newest first', columns: COLUMNS, keyOf: byId });
  const after = h('div.after');
  body.append(filters, table.node, after);
  /** @type {AuditEntry[]} */
  let found = [];
  /** @type {string | null} */
  let cursor = null;

  /** @returns {(HTMLInputElement | HTMLSelectElement)[]} */
  const inputs = () => FILTERS.map((name) => /** @type {HTMLInputElement} */ (filters.elements.namedItem(name)));
  const wanted = () => Object.fromEntries(FILTERS.map((name) => [name, address().params.get(name)]));

  function draw() {
    table.draw(found);
    table.node.hidden = !found.length;
    const none = emptyState('No such entries', 'Nothing was recorded that fits, or it is older than entries are kept.');
    after.replaceChildren(...(cursor ? [button('Show more', null, more)] : []), ...(found.length ? [] : [none]));
    for (const { format, link } of files) {
      link.href = urlOf(`/api/audit/export${queryString({ ...wanted(), format })}`);
      link.download = `audit.${format}`;
    }
    announce(plural(found.length, 'entry', 'entries'));
  }

  /** @param {Event} event */
  async function more(event) {
    /** @type {HTMLButtonElement} */ (event.currentTarget).disabled = true;
    /** @type {Entries | null} */
    const answer = await getOrNull('/api/audit', { ...wanted(), limit: PAGE, cursor });
    if (!answer || !root.isConnected) return;
    found = [...found, ...answer.entries];
    cursor = answer.next_cursor;
    draw();
  }

  const list = loader({
    load: async () => {
      if (action.options.length === 1) {
        /** @type {{ actions: { action: string, meaning: string }[] }} */
        const { actions } = await get('/api/audit/actions');
        action.append(...actions.map(({ action: value, meaning }) => h('option', { value, title: meaning }, value)));
      }
      return /** @type {Promise<Entries>} */ (get('/api/audit', { ...wanted(), limit: PAGE }));
    },
    draw(answer) {
      found = answer.entries;
      cursor = answer.next_cursor;
      for (const input of inputs())
        if (input !== document.activeElement) input.value = address().params.get(input.name) ?? '';
      draw();
    },
    failed: (error) => after.replaceChildren(errorNote(errorText(error))),
  });

  function onFilter() {
    setQuery(Object.fromEntries(inputs().map(({ name, value }) => [name, value.trim()])));
    list.again();
  }

  filters.addEventListener('submit', (event) => event.preventDefault());
  filters.addEventListener(
    'input',
    debounce(() => root.isConnected && onFilter(), 300),
  );
  return { update: list.again, leave: list.leave };
}
