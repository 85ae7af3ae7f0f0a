// Invitations into the organisation: a link that makes its holder a user, once; those that wait, and those that are over.
import { errorText, getAll, remove } from '../api.js';
import { button, h } from '../dom.js';
import { date, dateTime, now, timeAgo } from '../format.js';
import { byId, dataTable } from '../parts/data-table.js';
import { invitationForm } from '../parts/invitation-form.js';
import { confirmAction, toast } from '../parts/overlays.js';
import { emptyState, errorNote, loader, page } from '../parts/page.js';
import { peopleTabs } from '../parts/people-tabs.js';
import { roleTitle } from '../parts/roles.js';
import { stateLabel } from '../parts/states.js';

/** @import { Invitation } from '../../api.d.ts' */
/** @import { Column } from '../parts/data-table.js' */

/** @param {Invitation} one */
const isOver = ({ expires_at: at }) => Date.parse(at) <= now();

/** @param {URLSearchParams} params */
export function invitationsScreen(params) {
  const add = button('Invite somebody', 'plus', () => open(), { class: 'btn primary' });
  const { body } = page('Invitations', {
    actions: [add],
    intro: 'Whoever accepts one becomes a user of your organisation and is signed in. Each link works once.',
  });
  const place = h('div', { 'aria-live': 'polite' });
  const trouble = h('div');
  const nothing = emptyState(
    'Nobody is invited',
    'Invite the people who work with you. Each gets a link that works once, for some days.',
  );
  nothing.hidden = true;

  const table = dataTable({
    caption: 'Invitations',
    keyOf: byId,
    /** @type {Column<Invitation>[]} */
    columns: [
      { label: 'Name', cell: ({ name, email }) => [h('span.name', name), email && h('div.dim', email)] },
      { label: 'Role', cell: ({ role }) => roleTitle(role) },
      {
        label: 'State',
        cell: (one) => (isOver(one) ? stateLabel('cancelled', 'Expired') : stateLabel('pending', 'Not accepted yet')),
      },
      {
        label: 'Invited',
        kind: 'dim',
        cell: ({ created_at: at }) => h('time', { datetime: at, title: dateTime(at) }, timeAgo(at)),
      },
      {
        label: 'Until',
        kind: 'dim',
        cell: ({ expires_at: at }) => h('time', { datetime: at, title: dateTime(at) }, date(at)),
      },
      {
        label: '',
        kind: 'k-act',
        cell: (one) =>
          isOver(one)
            ? button('Invite again', null, () => open(one), {
                class: 'btn small',
                'aria-label': `Invite ${one.name} again`,
              })
            : button('Withdraw…', null, () => withdraw(one), {
                class: 'btn small danger',
                'aria-label': `Withdraw the invitation of ${one.name}`,
              }),
      },
    ],
  });
  body.append(peopleTabs('invitations'), place, trouble, table.node, nothing);

  const list = loader({
    /** @returns {Promise<Invitation[]>} */
    load: () => getAll('/api/invitations', 'invitations', { expired: true }),
    draw(found) {
      trouble.replaceChildren();
      table.draw(found);
      table.node.hidden = !found.length;
      nothing.hidden = found.length > 0 || place.childElementCount > 0;
    },
    failed: (error) => trouble.replaceChildren(errorNote(errorText(error))),
  });

  /** @param {Invitation} [before] */
  function open(before) {
    add.hidden = nothing.hidden = true;
    place.replaceChildren(invitationForm('/api/invitations', { made: () => list.again(), closed: close }, before));
    place.querySelector('input')?.focus();
  }

  function close() {
    place.replaceChildren();
    add.hidden = false;
    add.focus();
    list.again();
  }

  /** @param {Invitation} one */
  async function withdraw(one) {
    if (
      !(await confirmAction(`Withdraw the invitation of ${one.name}?`, 'Its link opens nothing any more.', 'Withdraw'))
    )
      return;
    try {
      await remove(`/api/invitations/${one.id}`);
      toast(`${one.name} is no longer invited`);
      list.again();
    } catch (error) {
      toast(errorText(error));
    }
  }

  if (params.has('new')) open();
  return list;
}
