// The users of an organisation, as its operators see and change them.
import { errorText, getAll, patch } from '../api.js';
import { button, findOptional, h } from '../dom.js';
import { dateTime, timeAgo } from '../format.js';
import { byId, dataTable } from './data-table.js';
import { confirmAction, toast } from './overlays.js';
import { errorNote, loader } from './page.js';
import { roleTitle } from './roles.js';
import { stateLabel } from './states.js';
import { userForm } from './user-form.js';

/** @import { UserDetail } from '../../api.d.ts' */
/** @import { Column } from './data-table.js' */

/** @param {string} organisation its path in the API */
export function usersSection(organisation) {
  const path = `${organisation}/users`;
  const place = h('div');
  const trouble = h('div');
  const nobody = h('p.dim', 'Nobody yet.');

  const table = dataTable({
    caption: 'Users of the organisation',
    keyOf: byId,
    /** @type {Column<UserDetail>[]} */
    columns: [
      { label: 'Name', cell: ({ name, email }) => [h('span.name', name), email && h('div.dim', email)] },
      { label: 'Role', cell: ({ role, operator }) => [roleTitle(role), operator && h('div.dim', 'operator')] },
      {
        label: 'State',
        cell: ({ active }) => (active ? stateLabel('completed', 'Enabled') : stateLabel('cancelled', 'Disabled')),
      },
      {
        label: 'Key used',
        kind: 'dim',
        cell: ({ last_used_at: at }) => (at ? h('time', { datetime: at, title: dateTime(at) }, timeAgo(at)) : 'never'),
      },
      {
        label: '',
        kind: 'k-act',
        cell: (user) => [
          button('Edit', null, () => edit(user), { class: 'btn small', 'aria-label': `Edit ${user.name}` }),
          ' ',
          button(user.active ? 'Disable…' : 'Enable', null, () => turn(user), {
            class: 'btn small',
            'aria-label': `${user.active ? 'Disable' : 'Enable'} ${user.name}`,
          }),
        ],
      },
    ],
  });

  const list = loader({
    /** @returns {Promise<UserDetail[]>} */
    load: () => getAll(path, 'users'),
    draw(found) {
      trouble.replaceChildren();
      table.draw(found);
      table.node.hidden = !found.length;
      nobody.hidden = found.length > 0;
    },
    failed: (error) => trouble.replaceChildren(errorNote(errorText(error))),
  });

  /** @param {UserDetail} user */
  function edit(user) {
    const saved = () => {
      close();
      toast(`${user.name} is saved`);
      list.again();
    };
    const form = userForm(path, { saved }, user);
    findOptional('.actions', form)?.append(button('Cancel', null, close));
    place.replaceChildren(form);
    findOptional('input', place)?.focus();
  }

  function close() {
    place.replaceChildren();
  }

  /** @param {UserDetail} user */
  async function turn({ id, name, active }) {
    const lost = 'They are signed out, and the keys stop working at once. What was made stays.';
    if (active && !(await confirmAction(`Disable ${name}?`, lost, 'Disable user'))) return;
    try {
      await patch(`${path}/${id}`, { active: !active });
      list.again();
    } catch (error) {
      toast(errorText(error));
    }
  }

  return {
    node: h('section.stack.tight', h('h3', 'Users'), place, trouble, table.node, nobody),
    leave: list.leave,
  };
}
