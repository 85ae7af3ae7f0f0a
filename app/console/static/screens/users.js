// The organisation's users: what each may, their keys, and how they are let in no more.
import { errorText, get, patch, remove } from '../api.js';
import { h, icon } from '../dom.js';
import { date, dateTime, plural, timeAgo } from '../format.js';
import { detailHeader, masterDetailScreen } from '../parts/master-detail.js';
import { actionButton, confirmAction, setDisabledReason, toast } from '../parts/overlays.js';
import { emptyState, loader } from '../parts/page.js';
import { peopleTabs } from '../parts/people-tabs.js';
import { ROLE_SENTENCES, roleTitle } from '../parts/roles.js';
import { userForm } from '../parts/user-form.js';
import { go } from '../router.js';
import { may, session } from '../shell.js';

/** @import { Key, UserDetail } from '../../api.d.ts' */
/** @import { ScreenFactory } from '../../types.d.ts' */
/** @import { DetailTools } from '../parts/master-detail.js' */

const BY_OPERATORS = 'Only operators of the installation change an operator';
const invite = (look = 'btn') => h(`a.${look}`, { href: '#/invitations?new=yes' }, icon('mail'), 'Invite somebody');

/** Where the API changes a user: whoever operates the installation is changed by operators. @param {UserDetail} user */
const pathOf = (user) =>
  user.operator || may('operate') ? `/api/organisations/${session?.organisation.id}/users` : '/api/users';

/** @param {string} userId */
function keysOf(userId) {
  const list = h('ul.lines');
  const node = h(
    'section.stack.tight',
    h(
      'div.toolbar',
      h('h3', 'Keys'),
      h('a.btn.small.push', { href: `#/keys?user=${userId}` }, icon('key'), 'Create a key'),
    ),
    list,
  );
  const { leave } = loader({
    /** @returns {Promise<{ keys: Key[] }>} */
    load: () => get('/api/keys'),
    draw({ keys }) {
      const own = keys.filter((key) => key.user_id === userId);
      const none = h('li.dim', 'None. A browser that is signed in needs no key; a program does.');
      list.replaceChildren(...(own.length ? own.map(keyLine) : [none]));
    },
    failed: (error) => list.replaceChildren(h('li.error', errorText(error))),
  });
  return { node, leave };
}

/** @param {Key} key */
const keyLine = ({ name, hint, last_used_at: used }) =>
  h(
    'li',
    h('span.name', name),
    ' ',
    h('code', `…${hint}`),
    h('span.dim', used ? ` used ${timeAgo(used)}` : ' never used'),
  );

/** @param {UserDetail} user @param {DetailTools} tools */
function detail(user, { again, edit }) {
  const path = `/api/users/${user.id}`;
  const keys = keysOf(user.id);
  const isMe = user.id === session?.user.id;
  const forOperators = user.operator && !may('operate') ? BY_OPERATORS : '';

  /** @param {() => Promise<unknown>} act @param {string} done */
  async function attempt(act, done) {
    try {
      await act();
      toast(done);
      again();
    } catch (error) {
      toast(errorText(error));
    }
  }

  const turn = user.active
    ? actionButton('Disable…', 'stop', async () => {
        const lost = `${isMe ? 'You are' : 'They are'} signed out, and the keys stop working at once. What was made stays.`;
        if (!(await confirmAction(`Disable ${user.name}?`, lost, 'Disable user'))) return;
        await attempt(() => patch(`${pathOf(user)}/${user.id}`, { active: false }), `${user.name} is disabled`);
      })
    : actionButton('Enable', 'play', () =>
        attempt(() => patch(`${pathOf(user)}/${user.id}`, { active: true }), `${user.name} is enabled`),
      );
  const signOut = actionButton('Sign out everywhere…', 'close', async () => {
    const lost = `All browsers of ${isMe ? 'yours' : 'theirs'} are signed out at once. Keys go on working.`;
    if (!(await confirmAction(`Sign ${user.name} out everywhere?`, lost, 'Sign out'))) return;
    try {
      /** @type {{ ended: number }} */
      const { ended } = /** @type {any} */ (await remove(`/api/sessions?user_id=${user.id}`));
      toast(`${plural(ended, 'browser')} signed out`);
    } catch (error) {
      toast(errorText(error));
    }
  });
  const drop = actionButton(
    'Remove…',
    'trash',
    async () => {
      const lost =
        'Their keys, sessions and schedules are removed. Batches and results stay, and are the administrators’. It cannot be undone: to let somebody in no more for a while, disable them.';
      if (!(await confirmAction(`Remove ${user.name}?`, lost, 'Remove user'))) return;
      try {
        await remove(path);
        toast(`${user.name} removed`);
        go('#/users');
        again();
      } catch (error) {
        toast(errorText(error));
      }
    },
    { class: 'btn danger' },
  );
  for (const one of [turn, drop]) setDisabledReason(one, forOperators);
  const facts = [
    h('span', h('b', roleTitle(user.role)), user.operator && ', operator of the installation'),
    user.email && h('span', user.email),
    h('span', 'Added ', h('b', date(user.created_at))),
    user.deactivated_at && h('span', 'Disabled since ', h('b', dateTime(user.deactivated_at))),
  ];
  return {
    nodes: [
      detailHeader([user.name, isMe && ' (you)'], facts, [forOperators ? '' : edit, turn, signOut, drop]),
      h('p.intro', h('b', `${roleTitle(user.role)}. `), ROLE_SENTENCES[user.role]),
      forOperators && h('p.note', icon('info'), h('span', `${BY_OPERATORS}.`)),
      keys.node,
    ],
    leave: keys.leave,
  };
}

/** @param {UserDetail} user @returns {[string, string | null, string]} */
function listItem(user) {
  if (!user.active) return [user.name, 'cancelled', 'Disabled'];
  return [user.name, null, user.operator ? `${roleTitle(user.role)}, operator` : roleTitle(user.role)];
}

/** @type {ScreenFactory} */
export const usersScreen = masterDetailScreen({
  title: 'Users',
  path: 'users',
  create: 'Add a program',
  needs: 'admin',
  actions: () => [invite('btn.primary')],
  above: () => peopleTabs('users'),
  listItem,
  form: (tools, user) =>
    user
      ? userForm(pathOf(user), tools, user)
      : h(
          'div.stack',
          h('p.intro', 'A program has a user of its own and signs in with keys. People are invited: they need no key.'),
          userForm('/api/users', tools),
        ),
  detail,
  none: () => emptyState('No users', 'Invite the people who work with you.', invite()),
});
